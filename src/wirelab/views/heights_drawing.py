"""Draws one exchange at three heights: for each stream a ruler of octets, boxes above and below.

It knows boxes and the pen, and no widget. Every mark of step k carries `data-step="k"`, which is
all that the live view needs to show the exchange step by step.
"""

from __future__ import annotations

from collections.abc import Sequence

from wirelab.views.drawing import Pen, canvas, mono_width, sans_width, visible, written
from wirelab.views.heights_events import LANES, Box, Stream

MARGIN = 24
CELL = 42
MARK_CELL = 112
"""Width of the places of SYN and FIN, which hold words."""
LANE = 46
BOX_HEIGHT = 28
RULER = 34
STREAM_GAP = 34
TITLE = 30
LABEL_SIZE = 13
TICK = 9


def draw_heights(
    boxes: Sequence[Box],
    streams: Sequence[Stream],
    names: dict[str, str],
    *,
    title: str,
    description: str,
    live: bool = False,
) -> str:
    """Return the exchange as SVG text; a static one also carries its style."""
    parts = [
        _Part(stream, [b for b in boxes if b.stream == stream.side], names) for stream in streams
    ]
    gutter = max(part.gutter for part in parts)
    width = 2 * MARGIN + gutter + max(part.length for part in parts)
    height = MARGIN + sum(part.height + STREAM_GAP for part in parts) - STREAM_GAP + MARGIN
    pen = canvas(width, height, title=title, description=description, live=live)
    y = MARGIN
    for part in parts:
        part.draw(pen, MARGIN + gutter, y)
        y += part.height + STREAM_GAP
    return written(pen)


class _Part:
    """One stream with its three lanes."""

    def __init__(self, stream: Stream, boxes: list[Box], names: dict[str, str]) -> None:
        self.stream, self.boxes = stream, boxes
        writer, reader = names[stream.side], names["right" if stream.side == "left" else "left"]
        self.title = f"The stream from {writer} to {reader}"
        self.lanes = {
            "writes": f"calls of {writer}",
            "ruler": "octets",
            "segments": "segments",
            "reads": f"calls of {reader}",
        }
        self.gutter = max(sans_width(text, 13) for text in self.lanes.values()) + 18
        self.acks = [box for box in boxes if box.last < box.first]
        self.cells = ["SYN", *(_shown(octet) for octet in stream.octets)]
        self.cells += ["FIN"] * stream.fin
        self.length = self.x(len(self.cells))
        self.height = TITLE + RULER + len(LANES) * LANE

    def x(self, place: int) -> float:
        """The left edge of a place, counted from the ruler's."""
        if place <= 0:
            return 0
        octets = len(self.stream.octets)
        return MARK_CELL + min(place - 1, octets) * CELL + (MARK_CELL if place > octets + 1 else 0)

    def draw(self, pen: Pen, left: float, top: float) -> None:
        side = self.stream.side
        pen.text(MARGIN, top + 13, self.title, "wl-t wl-strong")
        y = top + TITLE
        rows = {"writes": y, "ruler": y + LANE, "segments": y + LANE + RULER + 8}
        rows["reads"] = rows["segments"] + LANE
        for lane, text in self.lanes.items():
            pen.text(left - 14, rows[lane] + 19, text, "wl-t wl-small wl-muted wl-end")
        self._ruler(pen, left, rows["ruler"])
        for lane in LANES:
            base = rows[lane] + BOX_HEIGHT / 2
            pen.line(left, base, left + self.length, base, "wl-rule")
        for box in self.boxes:
            group = pen.group("", data_step=box.number)
            if box.last < box.first:
                before = [a for a in self.acks if a.first == box.first and a.number < box.number]
                self._ack(group, left, rows["segments"], box, len(before))
            else:
                self._box(group, left, rows[box.lane], box, side)

    def _ruler(self, pen: Pen, left: float, y: float) -> None:
        # An octet is there from the call that writes it on.
        born = {}
        for box in self.boxes:
            if box.lane in ("writes", "segments"):
                for place in range(box.first, box.last + 1):
                    born.setdefault(place, box.number)
        for place, text in enumerate(self.cells):
            x, width = left + self.x(place), self.x(place + 1) - self.x(place)
            group = pen.group("", data_step=born.get(place, 0), data_place=place)
            is_mark = place == 0 or place > len(self.stream.octets)
            group.box(x + 1, y, width - 2, RULER - 6, "wl-cell wl-layer-a", radius=3)
            css = "wl-t wl-small wl-mid wl-muted" if is_mark else "wl-label wl-mid"
            group.text(x + width / 2, y + 19, text, css)

    def _box(self, pen: Pen, left: float, y: float, box: Box, side: str) -> None:
        x, width = left + self.x(box.first), self.x(box.last + 1) - self.x(box.first)
        is_segment = box.lane == "segments"
        css = ("wl-layer-b" if side == "left" else "wl-layer-c") if is_segment else "wl-layer-a"
        pen.box(x + 2, y, width - 4, BOX_HEIGHT, f"wl-cell {css}", radius=5)
        _words(pen, x + width / 2, y + 18, box, width - 8)

    def _ack(self, pen: Pen, left: float, y: float, box: Box, position: int) -> None:
        """A bare acknowledgment: a tick where its sequence number points, with its number."""
        x, y = left + min(self.x(box.first), self.length), y + BOX_HEIGHT + TICK
        pen.line(x, y - BOX_HEIGHT - TICK - 3, x, y, "wl-life")
        x += position * (2 * TICK + 2)
        pen.add("circle", f"wl-node wl-node-{self.stream.side}", cx=x, cy=y, r=TICK)
        pen.text(x, y + 4, str(box.number), "wl-count")


def _words(pen: Pen, x: float, y: float, box: Box, room: float) -> None:
    element = pen.text(x, y, "", "wl-label wl-mid")
    number = Pen(element).add("tspan", "wl-strong")
    number.text, number.tail = str(box.number), ""
    label = f" {box.label}"
    if mono_width(f"{box.number}{label}", LABEL_SIZE) <= room:
        rest = Pen(element).add("tspan")
        rest.text, rest.tail = visible(label), ""


def _shown(octet: int) -> str:
    named = {9: "\\t", 10: "\\n", 13: "\\r", 32: "\N{OPEN BOX}"}
    return named.get(octet) or (chr(octet) if 33 <= octet < 127 else f"{octet:02x}")
