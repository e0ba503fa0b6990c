"""Draws an HTTP exchange: its segments as a ladder, its octets in rows, and its parts as a list.

It knows parts and the pen, and no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wirelab.views.drawing import Pen, canvas, mono_width, sans_width, written

if TYPE_CHECKING:
    from wirelab.views.message import Segmented
    from wirelab.views.message_parts import Part

MARGIN = 28
COLUMNS = 16
CELL = (23, 24)
OFFSET = 40
TEXT_CELL = 9.5
ROW = 23
STEP = 40
LADDER = (150, 610)
TINT = {"left": "wl-layer-b", "right": "wl-layer-c"}
GRID_WIDTH = OFFSET + COLUMNS * CELL[0] + 22 + COLUMNS * TEXT_CELL
LIST_X = MARGIN + GRID_WIDTH + 34
WIDTH = LIST_X + 400 + MARGIN
VALUE_CHARS = 34


def draw_message(
    segments: Sequence[Segmented],
    streams: dict[str, bytes],
    parts: Sequence[Part],
    names: dict[str, str],
    *,
    title: str,
    description: str,
) -> str:
    """Return the exchange as SVG text: the ladder above, octets and parts side by side below."""
    top = MARGIN + 34 + 26 + STEP * len(segments) + 24
    blocks = [_block_height(streams[side], parts, side) for side in ("left", "right")]
    height = top + sum(blocks) + MARGIN * 0.5
    pen = canvas(WIDTH, height, title=title, description=description, live=False)
    _ladder(pen, segments, names)
    y = float(top)
    for side, block in zip(("left", "right"), blocks, strict=True):
        own = [part for part in parts if part.side == side]
        if own:
            _heading(pen, y, side, names)
            _octets(pen, y + 34, streams[side], own)
            _list(pen, y + 34, own, segments)
        y += block
    return written(pen)


def _block_height(octets: bytes, parts: Sequence[Part], side: str) -> float:
    count = sum(part.side == side for part in parts)
    if not count:
        return 0
    return 34 + max(-(-len(octets) // COLUMNS) * CELL[1], count * ROW) + 22


def _ladder(pen: Pen, segments: Sequence[Segmented], names: dict[str, str]) -> None:
    bottom = MARGIN + 34 + 26 + STEP * len(segments) + 4
    for side, x in zip(("left", "right"), LADDER, strict=True):
        pen.line(x, MARGIN + 34, x, bottom, "wl-life")
        width = max(90, sans_width(names[side], 15) + 28)
        pen.box(x - width / 2, MARGIN, width, 34, f"wl-name-{side}", radius=8)
        pen.text(x, MARGIN + 22.5, names[side], "wl-t wl-strong wl-mid")
    for number, segment in enumerate(segments, 1):
        y = MARGIN + 34 + 26 + STEP * (number - 1)
        start, end = LADDER if segment.side == "left" else LADDER[::-1]
        ahead = 1 if end > start else -1
        pen.line(start, y, end - ahead * 9, y + 12, f"wl-shaft wl-shaft-{segment.side}")
        pen.head(end - ahead * 2, y + 12, 0 if ahead > 0 else 3.14159, f"wl-head-{segment.side}")
        pen.text(sum(LADDER) / 2, y - 1, segment.label, "wl-label wl-halo wl-mid")
        pen.add("circle", f"wl-node wl-node-{segment.side}", cx=start, cy=y, r=10)
        pen.text(start, y + 4, str(number), "wl-count")


def _heading(pen: Pen, y: float, side: str, names: dict[str, str]) -> None:
    said = "Requests" if side == "left" else "Responses"
    pen.box(MARGIN, y, WIDTH - 2 * MARGIN, 24, f"wl-cell {TINT[side]}", radius=5)
    pen.text(MARGIN + 10, y + 16.5, f"{said}: what {names[side]} sent", "wl-t wl-strong")
    pen.text(WIDTH - MARGIN - 10, y + 16.5, "segment", "wl-t wl-small wl-muted wl-end")


def _octets(pen: Pen, top: float, octets: bytes, parts: Sequence[Part]) -> None:
    left = MARGIN + OFFSET
    for number, part in enumerate(parts):
        first = part.first
        while first < part.end:
            stop = min(part.end, (first // COLUMNS + 1) * COLUMNS)
            x = left + first % COLUMNS * CELL[0]
            y = top + first // COLUMNS * CELL[1]
            tint = TINT[part.side] if number % 2 == 0 else "wl-layer-a"
            wide = (stop - first) * CELL[0]
            pen.box(x + 1, y + 2, wide - 2, CELL[1] - 4, f"wl-cell {tint}", radius=4)
            first = stop
    for start in range(0, len(octets), COLUMNS):
        y = top + start // COLUMNS * CELL[1] + CELL[1] / 2 + 4.5
        pen.text(left - 10, y, str(start), "wl-t wl-small wl-mono wl-muted wl-end")
        row = octets[start : start + COLUMNS]
        for column, octet in enumerate(row):
            x = left + (column + 0.5) * CELL[0]
            pen.text(x, y, f"{octet:02x}", "wl-t wl-small wl-mono wl-mid")
            x = left + COLUMNS * CELL[0] + 22 + (column + 0.5) * TEXT_CELL
            pen.text(x, y, glyph(octet), "wl-t wl-small wl-mono wl-mid")


def _list(pen: Pen, top: float, parts: Sequence[Part], segments: Sequence[Segmented]) -> None:
    for number, part in enumerate(parts):
        y = top + number * ROW + 16
        pen.text(LIST_X, y, part.octets, "wl-t wl-small wl-mono wl-muted")
        pen.text(LIST_X + 68, y, part.name[:20], "wl-t")
        room = int((WIDTH - MARGIN - 40 - LIST_X - 68 - 140) / mono_width("x", 12))
        value = part.value if len(part.value) <= room else part.value[: room - 1] + "\u2026"
        pen.text(LIST_X + 68 + 140, y, value, "wl-t wl-small wl-mono")
        tags = ",".join(str(n + 1) for n, s in enumerate(segments) if s.touches(part))
        pen.text(WIDTH - MARGIN - 10, y, tags, "wl-t wl-small wl-mono wl-end")


def glyph(octet: int) -> str:
    """One character for an octet: itself, an arrow for CR, a broken arrow for LF, else a dot."""
    if octet == 13:
        return "\N{LEFTWARDS ARROW}"
    if octet == 10:
        return "\N{DOWNWARDS ARROW}"
    return chr(octet) if 32 < octet < 127 else "\N{MIDDLE DOT}" if octet != 32 else " "
