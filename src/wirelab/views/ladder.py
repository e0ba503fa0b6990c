"""The ladder: a conversation of two ends as a sequence diagram, step by step or live.

It must not know where arrows come from, but for `Ladder.of`, which takes a network's trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import traitlets

from wirelab.lab.trace import Record
from wirelab.views.arrows import Arrow, arrows_of, only_changes, sentence, text_of
from wirelab.views.ladder_drawing import draw_ladder
from wirelab.views.view import View, front_end


class Ladder(View):
    """A sequence diagram: `Ladder([Arrow("left", "SYN seq=100")], left="client", right="server")`.

    `left_state` and `right_state` are the states before the first arrow; `step` is how many arrows
    are shown at first (all, if None); `title` names the picture for those who cannot see it.
    """

    _esm = front_end("ladder")

    step = traitlets.Int(0).tag(sync=True)
    """How many arrows are shown; the last of them is the current one."""
    sayings = traitlets.List(traitlets.Dict()).tag(sync=True)
    """For the beginning and for each step: `said`, one sentence, and `note`."""

    def __init__(
        self,
        arrows: Iterable[Arrow] = (),
        *,
        left: str = "client",
        right: str = "server",
        left_state: str = "",
        right_state: str = "",
        title: str = "",
        step: int | None = None,
    ) -> None:
        self._arrows = tuple(arrows)
        self._names = {"left": left, "right": right}
        self._begin = {"left_state": left_state, "right_state": right_state}
        self._title = title or f"Ladder diagram: {left} and {right}"
        count = len(self._arrows)
        shown = count if step is None else min(max(step, 0), count)
        super().__init__(step=shown, **self._front())

    @classmethod
    def of(
        cls,
        records: Iterable[Record],
        *,
        left: str = "you",
        right: str = "peer",
        notes: Sequence[str] = (),
        **options: object,
    ) -> Ladder:
        """Return the ladder of a trace, the learner on the left, times from the first frame.

        `notes` go to the arrows in order; `options` are those of `Ladder` itself.
        """
        arrows = arrows_of(records, left=left, right=right, notes=notes)
        return cls(arrows, left=left, right=right, **options)

    @property
    def arrows(self) -> tuple[Arrow, ...]:
        """The arrows so far, in order."""
        return self._arrows

    def append(self, arrow: Arrow) -> None:
        """Add an arrow; a ladder that shows its last step goes on to show the new one."""
        following = self.step == len(self._arrows)
        self._arrows = (*self._arrows, arrow)
        with self.hold_sync():
            for name, value in self._front().items():
                setattr(self, name, value)
            if following:
                self.step = len(self._arrows)

    def svg(self) -> str:
        """Return the whole ladder, notes below it, as an SVG file that needs nothing else."""
        return self._drawn(live=False)

    def text(self) -> str:
        """Return the whole ladder as numbered lines."""
        return text_of(self._arrows, **self._names, **self._begin)

    def _drawn(self, *, live: bool) -> str:
        return draw_ladder(
            self._arrows,
            **self._names,
            **self._begin,
            title=self._title,
            description=self.text(),
            live=live,
        )

    def _front(self) -> dict[str, object]:
        first = {"said": "Before the first step.", "note": ""}
        changes = only_changes(self._arrows, **self._begin)
        steps = [{"said": sentence(a, **self._names), "note": a.note} for a in changes]
        return {
            "drawing": self._drawn(live=True),
            "alternative": self.text(),
            "sayings": [first, *steps],
        }
