"""Draws a state machine: boxes, arrows labelled with event and answer, where it stands now.

It knows the layout and the pen, and no widget.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from wirelab.protocols.table import Transition
from wirelab.views.drawing import Pen, canvas, number, sans_width, wrapped, written
from wirelab.views.state_layout import (
    BOX,
    Layout,
    Pair,
    Point,
    layout_of,
    line_of,
    longest_part,
)

MARGIN = 34
LABEL_SIZE = 12
LEADING = 15
LABEL_ROWS = 2
"""How many rows an arrow's label shows; one more where only one would be left out."""
CORNER = 14


def draw_machine(
    transitions: Sequence[Transition],
    *,
    current: str,
    trail: Sequence[str],
    title: str,
    description: str,
    live: bool,
) -> str:
    """Return the machine as SVG text; live, each state is a button with `data-state`."""
    layout = layout_of(transitions)
    lines = {pair: line_of(layout, pair) for pair in layout.routes}
    labels = {pair: _Label(transitions, layout, pair, lines[pair]) for pair in lines}
    boxes = [_box(place) for place in layout.places.values()]
    boxes += [label.box for label in labels.values()]
    boxes += [(x, y, x, y) for points in lines.values() for x, y in points]
    left, top = min(b[0] for b in boxes) - MARGIN, min(b[1] for b in boxes) - MARGIN
    width = max(b[2] for b in boxes) + MARGIN - left
    floor = max(b[3] for b in boxes) + MARGIN - top
    rest = _rest(transitions, layout, width - 2 * MARGIN)
    height = floor + (len(rest) * 18 + 22 if rest else 0)
    pen = canvas(width, height, title=title, description=description, live=live)
    body = pen.group("", transform=f"translate({number(-left)} {number(-top)})")
    steps = set(pairwise(trail))
    for pair, points in lines.items():
        _arrow(body.group("wl-edge-visited" if pair in steps else "wl-edge"), points)
    for label in labels.values():
        label.draw(body)
    for state, place in layout.places.items():
        _state(body, state, place, current, trail, live)
    if rest:
        pen.line(MARGIN, floor - 8, width - MARGIN, floor - 8, "wl-rule")
        for position, words in enumerate(rest):
            pen.text(MARGIN, floor + 14 + 18 * position, words, "wl-t wl-small wl-muted")
    if live:
        pen.element.set("role", "group")
    return written(pen)


def _box(place: Point) -> tuple[float, float, float, float]:
    x, y = place
    return x - BOX[0] / 2, y - BOX[1] / 2, x + BOX[0] / 2, y + BOX[1] / 2


def _state(
    body: Pen, state: str, place: Point, current: str, trail: Sequence[str], live: bool
) -> None:
    here = state == current
    css = "wl-state-box" + (" wl-here" if here else " wl-been" if state in trail else "")
    said = f"{state}, current state" if here else state
    button = {"tabindex": 0, "role": "button", "aria-label": said} if live else {}
    group = body.group(css, data_state=state, **button)
    left, top, _, _ = _box(place)
    group.box(left, top, *BOX, "wl-state-shape", radius=9)
    if here:
        group.box(left + 4, top + 4, BOX[0] - 8, BOX[1] - 8, "wl-state-ring", radius=6)
        group.path(f"M{number(left + 11)} {number(place[1] - 5)}l8 5l-8 5z", "wl-mark")
    shift = 5 if here else 0
    group.text(place[0] + shift, place[1] + 4.5, state, "wl-t wl-mono wl-mid wl-state-name")
    if state in trail and len(trail) > 1:
        order = len(trail) - list(reversed(trail)).index(state)
        group.add("circle", "wl-badge", cx=left + 4, cy=top, r=9)
        group.text(left + 4, top + 4, str(order), "wl-count")


def _arrow(pen: Pen, points: Sequence[Point]) -> None:
    (x1, y1), (x2, y2) = points[-2:]
    angle = math.atan2(y2 - y1, x2 - x1)
    stop = (x2 - 8 * math.cos(angle), y2 - 8 * math.sin(angle))
    d = f"M{number(points[0][0])} {number(points[0][1])}"
    for before, corner, after in zip(points, points[1:-1], points[2:], strict=False):
        near, far = _towards(corner, before), _towards(corner, after)
        d += f"L{_at(near)}Q{_at(corner)} {_at(far)}"
    pen.path(d + f"L{_at(stop)}", "wl-edge-line")
    pen.head(x2, y2, angle, "wl-edge-head", size=10)


def _towards(corner: Point, other: Point) -> Point:
    length = math.dist(corner, other)
    share = min(CORNER, length / 2) / length
    return corner[0] + (other[0] - corner[0]) * share, corner[1] + (other[1] - corner[1]) * share


def _at(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


class _Label:
    """The events of one arrow beside it: event in ink, what is sent in the muted colour."""

    def __init__(
        self, transitions: Sequence[Transition], layout: Layout, pair: Pair, points: list[Point]
    ) -> None:
        rows = _special_first(transitions, pair)
        shown = rows if len(rows) <= LABEL_ROWS + 1 else rows[:LABEL_ROWS]
        self.lines = []
        for row in shown:
            self.lines.append((row.event, "wl-t wl-small"))
            if row.sends:
                self.lines.append((f"send {row.sends}", "wl-t wl-small wl-muted"))
        if len(rows) > len(shown):
            self.lines.append((f"and {len(rows) - len(shown)} more", "wl-t wl-small wl-muted"))
        part = layout.labelled.get(pair, longest_part(points))
        (x1, y1), (x2, y2) = points[part : part + 2]
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        away = layout.sides.get(pair) or _outward(x1, y1, x2, y2, layout, pair)
        width = max(sans_width(words, LABEL_SIZE) for words, _ in self.lines)
        tall = LEADING * len(self.lines)
        if abs(x2 - x1) > 4 * abs(y2 - y1):
            self.anchor, self.x = "wl-mid", x
            self.y = y - 6 - tall if away[1] <= 0 else y + 6
            near = x - width / 2
        else:
            slope = abs(x2 - x1) / math.dist((x1, y1), (x2, y2))
            self.anchor = "wl-end" if away[0] < 0 else ""
            self.x = x + math.copysign(9, away[0])
            self.y = y - tall / 2 + math.copysign(slope * tall * 0.55, away[1] or -1)
            near = self.x - width if away[0] < 0 else self.x
        self.box = (near, self.y, near + width, self.y + tall)

    def draw(self, pen: Pen) -> None:
        for position, (words, css) in enumerate(self.lines):
            y = self.y + LEADING * position + 11
            pen.text(self.x, y, words, f"{css} wl-halo {self.anchor}".strip())


def _outward(x1: float, y1: float, x2: float, y2: float, layout: Layout, pair: Pair) -> Point:
    """Return the side of a line for its label: away from its opposite, else from the middle."""
    length = math.dist((x1, y1), (x2, y2))
    normal = (-(y2 - y1) / length, (x2 - x1) / length)
    if pair[::-1] in layout.routes:
        return normal
    places = layout.places.values()
    middle = (
        (min(x for x, _ in places) + max(x for x, _ in places)) / 2,
        (min(y for _, y in places) + max(y for _, y in places)) / 2,
    )
    outward = normal[0] * ((x1 + x2) / 2 - middle[0]) + normal[1] * ((y1 + y2) / 2 - middle[1])
    if abs(y2 - y1) * 4 < abs(x2 - x1):
        return (0.0, -1.0)
    return normal if outward >= 0 else (-normal[0], -normal[1])


def _special_first(transitions: Sequence[Transition], pair: Pair) -> list[Transition]:
    """Return the rows of one arrow, those first whose event leads there from the fewest states."""
    rows = [row for row in transitions if (row.state, row.next_state) == pair]
    ways = Counter((row.event, row.next_state) for row in transitions)
    return sorted(rows, key=lambda row: ways[row.event, row.next_state])


def _rest(transitions: Sequence[Transition], layout: Layout, width: float) -> list[str]:
    """Say in words which rows are not drawn: those to one state together, then those that stay."""
    lines = []
    moves = [row for row in transitions if row.state != row.next_state]
    hidden = [row for row in moves if (row.state, row.next_state) not in layout.routes]
    for goal in dict.fromkeys(row.next_state for row in hidden):
        there = [row for row in hidden if row.next_state == goal]
        states = ", ".join(dict.fromkeys(row.state for row in there))
        events = "; ".join(dict.fromkeys(row.event for row in there))
        lines.append(f"Not drawn, to {goal} from {states}: {events}.")
    staying = len(transitions) - len(moves)
    if staying:
        rows = "1 row that stays" if staying == 1 else f"{staying} rows that stay"
        lines.append(f"Not drawn: {rows} in the same state.")
    return [line for words in lines for line in wrapped(words, width, LABEL_SIZE)]
