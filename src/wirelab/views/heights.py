"""One exchange at three heights: the calls of two programs, the octets, the segments.

It must not know where calls and frames come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import traitlets

from wirelab.lab.trace import Record
from wirelab.views.heights_drawing import draw_heights
from wirelab.views.heights_events import HeightsCall, boxes_of
from wirelab.views.view import View, front_end

__all__ = ["Heights", "HeightsCall"]


class Heights(View):
    """`Heights(calls, net.trace, left="client", right="server")`: step by step through an exchange.

    `calls` are `HeightsCall`s in the order in which they were made, `records` the frames that
    crossed. `left` names the side that opens the connection; `step` is how many steps are shown at
    first (all, if None).
    """

    _esm = front_end("heights")

    step = traitlets.Int(0).tag(sync=True)
    """How many steps are shown; the last of them is the current one."""
    sayings = traitlets.List(traitlets.Dict()).tag(sync=True)
    """For the beginning and for each step: `said`, one sentence, and `note`."""

    def __init__(
        self,
        calls: Iterable[HeightsCall],
        records: Sequence[Record],
        *,
        left: str = "client",
        right: str = "server",
        title: str = "",
        step: int | None = None,
    ) -> None:
        self._names = {"left": left, "right": right}
        self._boxes, self._streams = boxes_of(calls, list(records), self._names)
        self._title = title or f"One exchange at three heights: {left} and {right}"
        count = len(self._boxes)
        first = {"said": "Before the first step.", "note": ""}
        super().__init__(
            step=count if step is None else min(max(step, 0), count),
            sayings=[first, *({"said": box.said, "note": box.note} for box in self._boxes)],
            drawing=self._drawn(live=True),
            alternative=self.text(),
        )

    def svg(self) -> str:
        """Return the whole exchange as an SVG file that needs nothing else."""
        return self._drawn(live=False)

    def text(self) -> str:
        """Return the streams and then the steps as numbered lines."""
        lines = [f"{self._title}."]
        for stream in self._streams:
            lines.append(f"{self._names[stream.side]} writes {stream.octets!r}.")
        for box in self._boxes:
            lines.append(" ".join(filter(None, (f"{box.number}. {box.said}", box.note))))
        return "\n".join(lines)

    def _drawn(self, *, live: bool) -> str:
        return draw_heights(
            self._boxes,
            self._streams,
            self._names,
            title=self._title,
            description=self.text(),
            live=live,
        )
