"""Draws a frame: its octets in rows of sixteen, each field in a frame of its own, and a list.

It knows fields and the pen, and neither scapy nor any widget.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wirelab.views.drawing import Pen, canvas, written

if TYPE_CHECKING:
    from wirelab.views.dissection import Field

MARGIN = 28
COLUMNS = 16
CELL = (31, 30)
OFFSET = 44
ROW = 23
LIST_COLUMNS = (0, 66, 276)
"""Where octet numbers, names and values begin in the list."""
TINTS = ("wl-layer-a", "wl-layer-b", "wl-layer-c")


def draw_frame(octets: bytes, fields: Sequence[Field], *, title: str, description: str) -> str:
    """Return the frame as SVG text: octets above, fields below; parts of fields are left out."""
    shown = [field for field in fields if field.bits > 1 or field.depth == 1]
    layers = list(dict.fromkeys(field.layer for field in shown))
    grid_rows = -(-len(octets) // COLUMNS)
    width = 2 * MARGIN + OFFSET + COLUMNS * CELL[0]
    list_top = MARGIN + 22 + grid_rows * CELL[1] + 22
    height = list_top + sum(
        40 + ROW * sum(field.layer == layer for field in shown) for layer in layers
    )
    pen = canvas(width, height + MARGIN * 0.4, title=title, description=description, live=False)
    _octets(pen, octets, fields, layers)
    _list(pen, shown, layers, list_top, width)
    return written(pen)


def _tint(layers: Sequence[str], layer: str) -> str:
    if layer in ("Data", "Padding"):
        return "wl-layer-data"
    return TINTS[layers.index(layer) % len(TINTS)]


def _octets(pen: Pen, octets: bytes, fields: Sequence[Field], layers: Sequence[str]) -> None:
    left, top = MARGIN + OFFSET, MARGIN + 22
    for column in range(COLUMNS):
        x = left + (column + 0.5) * CELL[0]
        pen.text(x, top - 9, str(column), "wl-t wl-small wl-mono wl-muted wl-mid")
    for first, end, layer in _runs(fields):
        _outline(pen, first, end, left, top, _tint(layers, layer))
    for start in range(0, len(octets), COLUMNS):
        y = top + start // COLUMNS * CELL[1] + CELL[1] / 2 + 4.5
        pen.text(left - 14, y, str(start), "wl-t wl-small wl-mono wl-muted wl-end")
        for column, octet in enumerate(octets[start : start + COLUMNS]):
            x = left + (column + 0.5) * CELL[0]
            pen.text(x, y, f"{octet:02x}", "wl-t wl-mono wl-mid")


def _runs(fields: Sequence[Field]) -> Iterator[tuple[int, int, str]]:
    """Yield (first octet, octet after the last, layer); fields that share an octet are one run."""
    first = 0
    for field in (field for field in fields if field.depth == 1):
        end = field.first_bit + field.bits
        if end % 8 == 0:
            yield first, end // 8, field.layer
            first = end // 8


def _outline(pen: Pen, first: int, end: int, left: float, top: float, css: str) -> None:
    """Frame a run of octets; one that goes over the end of a row gets a frame in each row."""
    while first < end:
        row = first // COLUMNS
        stop = min(end, (row + 1) * COLUMNS)
        x = left + first % COLUMNS * CELL[0]
        wide = (stop - first) * CELL[0]
        pen.box(x + 1, top + row * CELL[1] + 2, wide - 2, CELL[1] - 4, f"wl-cell {css}", radius=4)
        first = stop


def _list(
    pen: Pen, fields: Sequence[Field], layers: Sequence[str], top: float, width: float
) -> None:
    y = top
    for layer in layers:
        pen.box(MARGIN, y + 6, width - 2 * MARGIN, 24, f"wl-cell {_tint(layers, layer)}", radius=5)
        pen.text(MARGIN + 10, y + 22.5, layer, "wl-t wl-strong")
        y += 40
        for field in (field for field in fields if field.layer == layer):
            x = [MARGIN + 10 + column for column in LIST_COLUMNS]
            indent = 14 * (field.depth - 1)
            pen.text(x[0], y + 8, field.octets, "wl-t wl-small wl-mono wl-muted")
            pen.text(x[1] + indent, y + 8, field.name, "wl-t")
            pen.text(x[2], y + 8, field.value, "wl-t wl-mono wl-value")
            y += ROW
