"""Outputs that the engine adds to a cell: why it was stopped, and what a limit's error means.

It knows the words, not the limits' keeping.
"""

from __future__ import annotations

from typing import Any

from wirelab.grading.sandbox import messages

_SIGNS = (
    (("[Errno 28]", "Disk quota"), "disk"),
    (("MemoryError",), "memory"),
    (("can't start new thread", "[Errno 11] Resource temporarily"), "processes"),
    (("[Errno 24]",), "files"),
    (("[Errno 27]",), "disk"),
)


def stopped(said: str) -> dict[str, Any]:
    """An error output that says why a cell has no result."""
    return {"output_type": "error", "ename": "Stopped", "evalue": said, "traceback": [said]}


def explained(shown: list[dict[str, Any]], policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The outputs, and a sentence where an error comes from a limit of the sandbox."""
    kinds = []
    for output in shown:
        if output["output_type"] == "error":
            said = f"{output['ename']}: {output['evalue']}"
            kinds += [kind for signs, kind in _SIGNS if any(sign in said for sign in signs)]
    if not kinds or not policy["sandbox"]:
        return shown
    text = messages.of_error(kinds[0], policy)
    return [*shown, {"output_type": "stream", "name": "stdout", "text": text + "\n"}]
