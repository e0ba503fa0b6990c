"""Draws a jar as a table: a row for each request, a column for each cookie, letters for reasons.

It knows the pen, and no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wirelab.views.drawing import Pen, canvas, sans_width, written

ROW, COLUMN = 34, 76
TOP, MARGIN = 96, 24
SIZE = 13


@dataclass(frozen=True)
class Shown:
    """A request: how it comes about, and for each cookie its place (from 1) or why it stays."""

    label: str
    fates: Sequence[tuple[int, str]]


def draw_jar(
    cookies: Sequence[tuple[str, str]],
    requests: Sequence[Shown],
    *,
    title: str,
    description: str,
    live: bool,
) -> str:
    """Return the table as SVG text."""
    reasons = list(dict.fromkeys(why for each in requests for _, why in each.fates if why))
    left = MARGIN + max(sans_width(each.label, SIZE) for each in requests) + 12
    width = left + COLUMN * len(cookies) + MARGIN
    below = TOP + ROW * len(requests) + 24
    height = below + 24 * ((len(reasons) + 1) // 2 + 1)
    pen = canvas(width, height, title=title, description=description, live=live)
    pen.text(MARGIN, 32, title, "wl-t wl-strong")
    pen.text(MARGIN, 54, "the number is the place in the Cookie field", "wl-t wl-small wl-muted")
    for column, (name, _) in enumerate(cookies):
        x = left + COLUMN * (column + 0.5)
        pen.box(x - COLUMN / 2 + 4, TOP - 32, COLUMN - 8, 26, "wl-cell wl-layer-a")
        pen.text(x, TOP - 14.5, name, "wl-t wl-mono wl-mid wl-state-name")
    for row, each in enumerate(requests):
        y = TOP + ROW * (row + 0.5)
        pen.line(MARGIN, y + ROW / 2, width - MARGIN, y + ROW / 2, "wl-rule")
        pen.text(MARGIN, y + 4.5, each.label, "wl-t wl-state-name")
        for column, (place, why) in enumerate(each.fates):
            _fate(pen, left + COLUMN * (column + 0.5), y, place, why, reasons)
    for number, why in enumerate(reasons):
        x = MARGIN + (width / 2 - MARGIN) * (number % 2)
        y = below + 24 * (number // 2 + 0.5)
        pen.text(x + 8, y, _letter(number), "wl-t wl-mono wl-mid wl-muted")
        pen.text(x + 24, y, why, "wl-t wl-small")
    return written(pen)


def _fate(pen: Pen, x: float, y: float, place: int, why: str, reasons: list[str]) -> None:
    if place:
        pen.box(x - 15, y - 12, 30, 24, "wl-name-left")
        pen.text(x, y + 4.5, str(place), "wl-t wl-mono wl-mid wl-strong wl-state-name")
    else:
        pen.text(x, y + 4.5, _letter(reasons.index(why)), "wl-t wl-mono wl-mid wl-muted")


def _letter(number: int) -> str:
    return chr(ord("a") + number)
