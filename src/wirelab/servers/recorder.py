"""Looks over an event loop's shoulder: what it waited for, and what was ready, round by round.

It knows the standard library's selectors, and no server.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Round:
    """One return of `select`: for each socket what was waited for, and what of it was ready.

    Both map a name ("door" for the listener, then A, B, C) to "read", "write" or "read, write".
    """

    waits: dict[str, str]
    ready: dict[str, str]


@dataclass
class Recording:
    """The rounds of a loop, in order."""

    rounds: list[Round] = field(default_factory=list)
    names: dict[Any, str] = field(default_factory=dict)

    def _name(self, key: selectors.SelectorKey) -> str:
        if key.fileobj not in self.names:
            self.names[key.fileobj] = "door" if _is_listener(key.fileobj) else self._letter()
        return self.names[key.fileobj]

    def _letter(self) -> str:
        used = sum(name != "door" for name in self.names.values())
        return string.ascii_uppercase[used] if used < 26 else f"client {used + 1}"

    def _note(self, before: list[selectors.SelectorKey], ready: list[tuple[Any, int]]) -> None:
        waits = {self._name(key): _said(key.events) for key in before}
        self.rounds.append(Round(waits, {self._name(key): _said(mask) for key, mask in ready}))


@contextlib.contextmanager
def recording(most: int = 200) -> Iterator[Recording]:
    """Record every `selectors.DefaultSelector()` that is made in the block, `most` rounds of it."""
    usual, record = selectors.DefaultSelector, Recording()

    class Recorded(usual):  # type: ignore[misc, valid-type]
        def select(self, timeout: float | None = None) -> list[tuple[Any, int]]:
            before = [key for key in self.get_map().values() if key.fileobj is not None]
            ready = super().select(timeout)
            sockets = [key for key in before if isinstance(key.fileobj, socket.socket)]
            if len(record.rounds) < most and sockets:
                record._note(sockets, [pair for pair in ready if pair[0] in sockets])
            return ready

    selectors.DefaultSelector = Recorded
    try:
        yield record
    finally:
        selectors.DefaultSelector = usual


def _is_listener(sock: socket.socket) -> bool:
    with contextlib.suppress(OSError, AttributeError):
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    return False


def _said(mask: int) -> str:
    names = {selectors.EVENT_READ: "read", selectors.EVENT_WRITE: "write"}
    return ", ".join(word for bit, word in names.items() if mask & bit)
