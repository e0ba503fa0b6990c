"""The state machine: drawn from the very table that the code runs.

It must not know which protocol the table is of, but for the places of TCP's states in the layout.
"""

from __future__ import annotations

from collections.abc import Iterable

import traitlets

from wirelab.protocols.table import Transition
from wirelab.views.state_drawing import draw_machine
from wirelab.views.state_layout import states_of
from wirelab.views.view import View, front_end


class StateMachine(View):
    """A state diagram: `StateMachine(TRANSITIONS, current="SYN-SENT")`.

    `states` keeps only the rows between these; `trail` is the states visited so far, in order, and
    setting `current` adds to it. Raises ValueError for an empty table and for an unknown state.
    """

    _esm = front_end("state_machine")

    current = traitlets.Unicode().tag(sync=True)
    """The state the machine is in, "" if none is to be shown."""
    selected = traitlets.Unicode().tag(sync=True)
    """The state whose rows are listed under the drawing."""
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    """The table: `state`, `event`, `sends`, `next_state`, `rfc`."""

    def __init__(
        self,
        transitions: Iterable[Transition],
        *,
        current: str = "",
        trail: Iterable[str] = (),
        states: Iterable[str] = (),
        title: str = "State machine",
    ) -> None:
        kept = tuple(transitions)
        self._check(states, kept)
        only = tuple(states)
        if only:
            kept = tuple(row for row in kept if row.state in only and row.next_state in only)
        if not kept:
            raise ValueError("the table of transitions is empty: there is nothing to draw")
        self._transitions = kept
        self._title = title
        self._check([current] if current else [], kept)
        self._trail = list(trail)
        self._check(self._trail, kept)
        if self._trail and current and self._trail[-1] != current:
            self._trail.append(current)
        rows = [{field: getattr(row, field) for field in row.__match_args__} for row in kept]
        super().__init__(current=current, rows=rows)
        self._refresh()

    @staticmethod
    def _check(states: Iterable[str], transitions: tuple[Transition, ...]) -> None:
        known = states_of(transitions)
        for state in states:
            if state not in known:
                raise ValueError(f"no state is called {state!r}; there are: {', '.join(known)}")

    @property
    def trail(self) -> tuple[str, ...]:
        """The states visited, in order, the current one last."""
        return tuple(self._trail)

    @traitlets.validate("current")
    def _known(self, proposal: dict) -> str:
        self._check([proposal["value"]] if proposal["value"] else [], self._transitions)
        return proposal["value"]

    @traitlets.observe("current")
    def _moved(self, change: dict) -> None:
        if not self.rows:
            return
        if not self._trail and change["old"]:
            self._trail.append(change["old"])
        if change["new"] and self._trail[-1:] != [change["new"]]:
            self._trail.append(change["new"])
        self._refresh()

    def svg(self) -> str:
        """Return the diagram, current state marked, as an SVG file that needs nothing else."""
        return self._drawn(live=False)

    def text(self) -> str:
        """Return the current state, the trail, and the table, state by state."""
        states = states_of(self._transitions)
        lines = [f"{self._title}: {len(states)} states."]
        if self.current:
            lines.append(f"Current state: {self.current}.")
        if len(self._trail) > 1:
            lines.append(f"Visited: {', '.join(self._trail)}.")
        for state in states:
            rows = [row for row in self._transitions if row.state == state]
            lines.append(f"{state}:" if rows else f"{state}: the end.")
            lines += [f"  {_sentence(row)}" for row in rows]
        return "\n".join(lines)

    def _refresh(self) -> None:
        self.drawing = self._drawn(live=True)
        self.alternative = self.text()

    def _drawn(self, *, live: bool) -> str:
        return draw_machine(
            self._transitions,
            current=self.current,
            trail=self._trail,
            title=self._title,
            description=self.text(),
            live=live,
        )


def _sentence(row: Transition) -> str:
    answer = f"send {row.sends}, " if row.sends else ""
    way = "stay" if row.state == row.next_state else f"go to {row.next_state}"
    source = f" ({row.rfc})" if row.rfc else ""
    return f"{row.event}: {answer}{way}{source}"
