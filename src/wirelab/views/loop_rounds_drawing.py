"""Draws the rounds of an event loop: a row for each socket, a column for each return of select.

It knows the pen, and no widget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wirelab.views.drawing import Pen, canvas, mono_width, written

ROW, COLUMN = 40, 58
TOP, MARGIN = 92, 24
SIZE = 13

Rounds = Sequence[tuple[Mapping[str, str], Mapping[str, str]]]


def draw_rounds(rounds: Rounds, *, title: str, description: str, live: bool) -> str:
    """Return the rounds as SVG text; each is a group with `data-round`."""
    names = list(dict.fromkeys(name for waits, _ in rounds for name in waits))
    left = MARGIN + max(mono_width(name, SIZE) for name in names) + 20
    width = max(left + COLUMN * len(rounds) + MARGIN, 650)
    height = TOP + ROW * len(names) + 16
    pen = canvas(width, height, title=title, description=description, live=live)
    pen.text(MARGIN, 30, title, "wl-t wl-strong")
    _legend(pen, MARGIN, 52)
    for row, name in enumerate(names):
        y = TOP + ROW * row + ROW / 2
        pen.text(MARGIN, y + 4.5, name, "wl-t wl-mono wl-state-name")
        pen.line(left, y, left + COLUMN * len(rounds), y, "wl-rule")
    for number, (waits, ready) in enumerate(rounds):
        group = pen.group("wl-round", data_round=number)
        x = left + COLUMN * number
        group.box(x + 3, TOP - 22, COLUMN - 6, ROW * len(names) + 26, "wl-round-ground", radius=8)
        group.text(x + COLUMN / 2, TOP - 6, str(number + 1), "wl-count")
        for row, name in enumerate(names):
            if name in waits:
                y = TOP + ROW * row + ROW / 2
                _cell(group, x + COLUMN / 2, y, waits[name], ready.get(name, ""))
    return written(pen)


def _cell(pen: Pen, x: float, y: float, waits: str, ready: str) -> None:
    if not ready:
        pen.add("circle", "wl-waits", cx=x, cy=y, r=5)
        if "write" in waits:
            pen.add("circle", "wl-waits", cx=x, cy=y, r=9)
        return
    word = {"read": "R", "write": "W"}.get(ready, "RW")
    side = "right" if word == "W" else "left"
    pen.box(x - 16, y - 12, 32, 24, f"wl-name-{side}", radius=6)
    pen.text(x, y + 4.5, word, "wl-t wl-mono wl-mid wl-strong wl-state-name")


def _legend(pen: Pen, x: float, y: float) -> None:
    pen.add("circle", "wl-waits", cx=x + 9, cy=y - 4, r=5)
    pen.add("circle", "wl-waits", cx=x + 9, cy=y - 4, r=9)
    pen.text(x + 24, y, "waited for (outer ring: to write)", "wl-t wl-small wl-muted")
    pen.box(x + 222, y - 14, 24, 18, "wl-name-left", radius=5)
    pen.text(x + 234, y, "R", "wl-t wl-small wl-mid wl-strong")
    pen.text(x + 252, y, "ready to read", "wl-t wl-small wl-muted")
    pen.box(x + 348, y - 14, 24, 18, "wl-name-right", radius=5)
    pen.text(x + 360, y, "W", "wl-t wl-small wl-mid wl-strong")
    pen.text(x + 378, y, "ready to write", "wl-t wl-small wl-muted")
    pen.text(x + 480, y, "a column: one select()", "wl-t wl-small wl-muted")
