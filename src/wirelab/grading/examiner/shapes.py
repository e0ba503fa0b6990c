"""The shape lock: objects may come from where the reference answers give objects, and nowhere else.

A path such as `Cache().get()` names a place; the lock is recorded on the reference, test by test.
"""

from __future__ import annotations

from typing import Any

_SUFFIX = {
    "call": "()",
    "acall": "()",
    "next": "[]",
    "anext": "[]",
    "getitem": "[]",
    "await": "",
    "iter": "",
    "aiter": "",
    "enter": " with",
    "aenter": " with",
    "plain": " fields",
}


class Lock:
    """Paths at which objects may come; with `recording`, it learns them instead."""

    def __init__(self, paths: frozenset[str] | None = None, recording: bool = False):
        self.paths = set(paths or ())
        self.open = paths is None
        self.recording = recording

    def allows(self, path: str) -> bool:
        """Whether an object may come at this path."""
        if self.recording:
            self.paths.add(path)
        if path == "name":  # each name is looked at by itself
            return True
        return self.open or self.recording or path in self.paths


def path_of(op: str, target: Any, args: tuple) -> str:
    """Where the answer to a question comes from."""
    if op == "names":
        return "name"
    base = target._path
    if op == "get":
        return f"{base}.{args[0]}"
    if op == "method":
        return f"{base}.{args[0]}()"
    return base + _SUFFIX.get(op, f" {op}")
