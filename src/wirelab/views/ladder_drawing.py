"""Draws a ladder: two lifelines, sloped arrows, states at the sides, time down the page.

It knows arrows and the pen, and no widget. Every mark of arrow number k carries `data-step="k"`,
which is all that the live view needs to show the ladder step by step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from wirelab.views.arrows import Arrow, only_changes, time_words
from wirelab.views.drawing import Pen, canvas, mono_width, sans_width, visible, wrapped, written

MARGIN = 28
HEAD_HEIGHT = 34
PITCH = 66
FALL = 26
"""How far an arrow sinks on its way; a late one sinks further."""
CROSSING_FALL = 40
LATE_FALL = {"delayed": 58, "reordered": 108}
NODE = 10
LABEL_SIZE = 13
TAG_SIZE = 11.5
TAG_HEIGHT = 21
SIDE_GAP = 17
NOTE_LEADING = 19
LOST_AT = 0.8
"""Where on its way a lost segment ends."""
SPAN = (330, 440)
"""Least distance of the lifelines, and the one beyond which a label breaks into lines."""


@dataclass
class _Row:
    arrow: Arrow
    number: int
    time: str
    y: float = 0.0
    fall: float = FALL
    lines: list[str] = field(default_factory=list)
    after_late: bool = False
    crossed: bool = False

    @property
    def aside(self) -> str:
        """What became of it, after the label; a lost one says so where it ends."""
        return "" if self.arrow.fate in ("delivered", "lost") else f"  {self.arrow.fate}"


def draw_ladder(
    arrows: Sequence[Arrow],
    *,
    left: str,
    right: str,
    left_state: str = "",
    right_state: str = "",
    title: str = "",
    description: str = "",
    live: bool = False,
) -> str:
    """Return the ladder as SVG text; a static one also carries its style and the notes."""
    drawing = _Ladder(arrows, left, right, left_state, right_state)
    return drawing.draw(title or f"Ladder diagram: {left} and {right}", description, live)


class _Ladder:
    def __init__(
        self,
        arrows: Sequence[Arrow],
        left: str,
        right: str,
        left_state: str,
        right_state: str,
    ) -> None:
        self.names = (left, right)
        self.begin = (left_state, right_state)
        times = time_words([arrow.time_s for arrow in arrows])
        changed = only_changes(arrows, left_state, right_state)
        pairs = zip(changed, times, strict=True)
        self.rows = [_Row(arrow, n, time) for n, (arrow, time) in enumerate(pairs, 1)]
        self._measure_across(arrows)
        self._measure_down()

    def _measure_across(self, arrows: Sequence[Arrow]) -> None:
        room = 0.0
        for row in self.rows:
            row.lines = _broken(row.arrow.label, SPAN[1] - 60)
            longest = max(mono_width(line, LABEL_SIZE) for line in row.lines)
            longest = max(longest, mono_width(row.lines[-1] + row.aside, LABEL_SIZE))
            if row.arrow.fate == "lost":
                longest /= LOST_AT
            if row.arrow.crossing:
                before = self.rows[max(0, row.number - 2)]
                longest += 40 + mono_width(before.lines[-1] + before.aside, LABEL_SIZE)
            room = max(room, longest)
        self.span = max(SPAN[0], room + 60)
        gutters = []
        for side in (0, 1):
            states = [self.begin[side]]
            states += [(a.left_state, a.right_state)[side] for a in arrows]
            tag = max((_tag_width(state) for state in states if state), default=0)
            head = sans_width(self.names[side], 15) / 2 + 16
            gutters.append(max(head, SIDE_GAP + tag if tag else 0))
        clock = max((mono_width(row.time, 12) for row in self.rows), default=0)
        clock = clock + 16 if clock else 0
        self.clock_x = MARGIN
        self.x = (MARGIN + clock + gutters[0], MARGIN + clock + gutters[0] + self.span)
        self.width = self.x[1] + gutters[1] + MARGIN

    def _measure_down(self) -> None:
        self.top = MARGIN + HEAD_HEIGHT
        y = self.top + (58 if any(self.begin) else 40)
        late_until = y
        for position, row in enumerate(self.rows):
            crossing = row.arrow.crossing and position > 0
            if crossing:
                before = self.rows[position - 1]
                row.y, row.fall, before.fall = before.y, CROSSING_FALL, CROSSING_FALL
                row.crossed = before.crossed = True
                y += 22
                continue
            extra = 17 * (len(row.lines) - 1)
            row.y = y
            row.after_late = position > 0 and self.rows[position - 1].arrow.fate == "reordered"
            row.fall = LATE_FALL.get(row.arrow.fate, FALL)
            if row.arrow.fate == "reordered":
                late_until = row.y + row.fall
            y += PITCH + extra + (34 if row.arrow.fate == "delayed" else 0)
            if row.arrow.fate != "reordered" and y < late_until + 30 and row.y < late_until - 30:
                y = late_until + 30
        last = max((row.y + row.fall for row in self.rows), default=self.top + 20)
        self.bottom = last + 40

    def draw(self, title: str, description: str, live: bool) -> str:
        notes = [] if live else [row for row in self.rows if row.arrow.note]
        room = self.width - 2 * MARGIN - 30
        texts = [wrapped(row.arrow.note, room, 14) for row in notes]
        below = sum(len(lines) * NOTE_LEADING + 9 for lines in texts) + 20 if notes else 0
        height = self.bottom + MARGIN * 0.6 + below
        pen = canvas(self.width, height, title=title, description=description, live=live)
        self._heads(pen)
        for row in self.rows:
            self._arrow(
                pen.group("wl-arrow", data_step=row.number, data_sender=row.arrow.sender), row
            )
        for row in self.rows:
            self._ends(pen.group("wl-ends", data_step=row.number), row)
        y = self.bottom + 16
        if notes:
            pen.line(MARGIN, y, self.width - MARGIN, y, "wl-rule")
        y += 12
        for row, lines in zip(notes, texts, strict=True):
            _node(pen, MARGIN + NODE, y + 10, row)
            for line in lines:
                pen.text(MARGIN + 30, y + 15, line, "wl-t")
                y += NOTE_LEADING
            y += 9
        return written(pen)

    def _heads(self, pen: Pen) -> None:
        for side, name in enumerate(("left", "right")):
            x = self.x[side]
            pen.line(x, self.top, x, self.bottom, "wl-life")
            width = max(84, sans_width(self.names[side], 15) + 28)
            pen.box(x - width / 2, MARGIN, width, HEAD_HEIGHT, f"wl-name-{name}", radius=8)
            pen.text(x, MARGIN + 22.5, self.names[side], "wl-t wl-strong wl-mid")
            if self.begin[side]:
                tag = pen.group("wl-state", data_step=0, data_side=name)
                _tag(tag, x, self.top + 24, side, self.begin[side])

    def _arrow(self, pen: Pen, row: _Row) -> None:
        side = row.arrow.sender
        from_x, to_x = self.x if side == "left" else self.x[::-1]
        across = to_x - from_x
        ahead = math.copysign(1, across)
        angle = math.atan2(row.fall, across)
        lost = row.arrow.fate == "lost"

        def at(share: float) -> tuple[float, float]:
            return from_x + across * share, row.y + row.fall * share

        start = at(NODE / self.span)
        end = at(LOST_AT) if lost else at(1 - 3 / self.span)
        dashes = " wl-dashed" if lost else ""
        stop = end if lost else at(1 - 11 / self.span)
        d = f"M{start[0]:.1f} {start[1]:.1f}L{stop[0]:.1f} {stop[1]:.1f}"
        pen.path(d, f"wl-shaft wl-shaft-{side}{dashes}")
        if not lost:
            pen.head(*end, angle, f"wl-head-{side}")
        if lost:
            x, y = end[0] + ahead * 9, end[1] + 0.6
            for slope in (-1, 1):
                pen.line(x - 7, y - 7 * slope, x + 7, y + 7 * slope, "wl-cross")
            pen.text(x, y + 23, "lost", "wl-fate wl-halo wl-mid")
        self._label(pen, row, at, LOST_AT if lost else 1.0, angle)

    def _label(self, pen: Pen, row: _Row, at, reach: float, angle: float) -> None:
        """Set the label along the shaft: the first line above it, the others below."""
        middle = 0.5 * reach + 0.02
        half = max(mono_width(line, LABEL_SIZE) for line in (*row.lines, row.lines[-1] + row.aside))
        if row.crossed or row.after_late or row.arrow.fate == "reordered":
            middle = min(middle, (NODE + 14 + half / 2) / self.span)
        x, y = at(middle)
        degrees = math.degrees(angle)
        if abs(degrees) > 90:
            degrees -= math.copysign(180, degrees)
        turned = pen.group("", transform=f"translate({x:.1f} {y:.1f}) rotate({degrees:.2f})")
        for position, line in enumerate(row.lines):
            below = 19 + 17 * (position - 1) if position else -9
            element = turned.text(0, below, "", "wl-label wl-halo wl-mid")
            head, tail = _head_and_tail(line) if position == 0 else ("", line)
            aside = row.aside if position == len(row.lines) - 1 else ""
            spans = [(head, "wl-strong"), (tail, ""), (aside, "wl-fate")]
            for content, css in spans:
                if content:
                    span = Pen(element).add("tspan", css)
                    span.text, span.tail = visible(content), ""

    def _ends(self, pen: Pen, row: _Row) -> None:
        sender = 0 if row.arrow.sender == "left" else 1
        heights = (row.y, row.y + row.fall) if sender == 0 else (row.y + row.fall, row.y)
        # Arrows that cross: the first says what holds when both have left, the second when both
        # have arrived, so that each side's states go down its lifeline in order.
        crossed = row.y + (row.fall if row.arrow.crossing else 0)
        tags = (crossed, crossed) if row.crossed else heights
        if row.time:
            pen.text(self.clock_x, heights[0] + 4, row.time, "wl-t wl-small wl-mono wl-muted")
        for side, state in enumerate((row.arrow.left_state, row.arrow.right_state)):
            if state:
                name = ("left", "right")[side]
                tag = pen.group("wl-state", data_step=row.number, data_side=name)
                _tag(tag, self.x[side], tags[side], side, state)
        _node(pen, self.x[sender], row.y, row)


def _node(pen: Pen, x: float, y: float, row: _Row) -> None:
    pen.add("circle", f"wl-node wl-node-{row.arrow.sender}", cx=x, cy=y, r=NODE)
    pen.text(x, y + 4, str(row.number), "wl-count")


def _tag_width(state: str) -> float:
    return mono_width(state, TAG_SIZE) + 18


def _tag(pen: Pen, x: float, y: float, side: int, state: str) -> None:
    outward = 1 if side else -1
    width = _tag_width(state)
    near = x + outward * SIDE_GAP
    pen.line(x, y, near, y, "wl-tie")
    pen.box(min(near, near + outward * width), y - TAG_HEIGHT / 2, width, TAG_HEIGHT, "wl-tag", 5)
    pen.text(near + outward * width / 2, y + 4, state, "wl-tag-text")


def _broken(label: str, width: float) -> list[str]:
    """Return the label in lines that fit, broken at spaces."""
    lines = [""]
    for word in label.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and mono_width(longer, LABEL_SIZE) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _head_and_tail(label: str) -> tuple[str, str]:
    """Split off the words in capitals at the front, which are the flags: `SYN, ACK`."""
    words = label.split(" ")
    count = 0
    while count < len(words) and words[count].strip(",+").isupper() and "=" not in words[count]:
        count += 1
    head = " ".join(words[:count])
    return head, label[len(head) :]
