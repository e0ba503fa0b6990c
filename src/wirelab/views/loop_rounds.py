"""An event loop, round by round: what it waits for, what is ready, what it does about it.

It must not know where the rounds come from: any object with `waits` and `ready` will do, both
mapping a socket's name ("door" for the listener) to "read", "write" or "read, write".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import traitlets

from wirelab.views.loop_rounds_drawing import draw_rounds
from wirelab.views.view import View, front_end

MOST = 40


class LoopRounds(View):
    """The rounds of an event loop: `LoopRounds(recording.rounds)`.

    Shows at most 40; raises ValueError where there is none.
    """

    _esm = front_end("loop_rounds")

    position = traitlets.Int(0).tag(sync=True)
    """The round that is looked at, from 0."""
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """For each round, in words, what `select` returned and what the loop does."""

    def __init__(self, rounds: Iterable[Any], *, title: str = "An event loop") -> None:
        kept = [(dict(each.waits), dict(each.ready)) for each in rounds][:MOST]
        if not kept:
            raise ValueError("there are no rounds to show: the loop never came to select()")
        self._rounds = kept
        self._title = title
        super().__init__(notes=_notes(kept))
        self.drawing = self._drawn(live=True)
        self.alternative = self.text()

    @traitlets.validate("position")
    def _within(self, proposal: dict) -> int:
        return max(0, min(proposal["value"], len(self._rounds) - 1))

    def svg(self) -> str:
        """Return all rounds as an SVG file that needs nothing else."""
        return self._drawn(live=False)

    def text(self) -> str:
        """Return the rounds in words."""
        lines = [f"{self._title}: {len(self._rounds)} rounds of one thread."]
        return "\n".join([*lines, *self.notes])

    def _drawn(self, *, live: bool) -> str:
        return draw_rounds(self._rounds, title=self._title, description=self.text(), live=live)


def _notes(rounds: list[tuple[Mapping[str, str], Mapping[str, str]]]) -> list[str]:
    notes = []
    for number, ((waits, ready), (later, _)) in enumerate(pairwise([*rounds, ({}, {})]), start=1):
        last = number == len(rounds)
        verb = "are" if len(ready) > 1 else "is"
        said = [
            f"Round {number}: waits for {len(waits)}; {_listed(ready) or 'nobody'} {verb} ready."
        ]
        for name, what in ready.items():
            said.append(_deed(name, what, gone=not last and name not in later))
        come = [name for name in later if name not in waits and not last]
        if come:
            said.append(f"From now on {_listed(come)} is waited for too.")
        changed = [
            f"{name} ({later[name]})"
            for name in waits
            if later.get(name, waits[name]) != waits[name]
        ]
        if changed:
            said.append(f"It now waits for {_listed(changed)}.")
        notes.append(" ".join(said))
    return notes


def _deed(name: str, what: str, gone: bool) -> str:
    if name == "door":
        return "The loop accepts at the door."
    if gone:
        return f"{name} has ended, and the loop closes it."
    deeds = {"read": "reads what has come from", "write": "sends on to"}
    words = " and ".join(deeds[word] for word in what.split(", "))
    return f"It {words} {name}."


def _listed(names: Iterable[str]) -> str:
    return " and ".join(names)
