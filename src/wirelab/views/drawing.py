"""Small SVG pen for the static drawings: elements, text that fits, arrowheads.

It knows no protocol and no widget. Everything it draws is the same octets each time: no ids, no
hash order, no measured fonts.
"""

from __future__ import annotations

import math
import textwrap
from xml.etree import ElementTree as ET

from wirelab.views.style import static_style

SVG = "http://www.w3.org/2000/svg"
MONO_EM = 0.61
"""Advance of a character of the usual monospace faces, in em, the widest of them."""
SANS_EM = 0.54
"""Average advance of the usual sans faces, in em, on the generous side."""


def number(value: float) -> str:
    """Return a coordinate with at most two decimals and no trailing zeros."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


class Pen:
    """Draws into one SVG element; `group` returns a pen for a new group inside it."""

    def __init__(self, element: ET.Element) -> None:
        self.element = element

    def add(self, tag: str, css: str = "", /, **attributes: object) -> ET.Element:
        """Append one element; numbers are rounded, `data_x` becomes `data-x`."""
        given = {"class": css} if css else {}
        for name, value in attributes.items():
            is_number = isinstance(value, (int, float))
            given[name.replace("_", "-")] = number(value) if is_number else str(value)
        element = ET.SubElement(self.element, tag, given)
        element.tail = "\n"
        return element

    def group(self, css: str = "", /, **attributes: object) -> Pen:
        element = self.add("g", css, **attributes)
        element.text = "\n"
        return Pen(element)

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        self.add("line", css, x1=x1, y1=y1, x2=x2, y2=y2)

    def box(
        self, x: float, y: float, width: float, height: float, css: str, radius: float = 6
    ) -> None:
        self.add("rect", css, x=x, y=y, width=width, height=height, rx=radius)

    def path(self, d: str, css: str) -> None:
        self.add("path", css, d=d)

    def text(self, x: float, y: float, content: str, css: str, **attributes: object) -> ET.Element:
        element = self.add("text", css, x=x, y=y, **attributes)
        element.text = visible(content)
        return element

    def head(self, x: float, y: float, angle: float, css: str, size: float = 11) -> None:
        """Draw an arrowhead whose tip is at (x, y); `angle` in radians is where it points."""
        spread = 0.42
        points = [(x, y)]
        for side in (-spread, spread):
            points.append((x - size * math.cos(angle + side), y - size * math.sin(angle + side)))
        self.add("polygon", css, points=" ".join(f"{number(a)},{number(b)}" for a, b in points))


def canvas(width: float, height: float, *, title: str, description: str, live: bool) -> Pen:
    """Return a pen on a new drawing of that size with its own background panel."""
    attributes = {
        "xmlns": SVG,
        "class": "wl-figure",
        "viewBox": f"0 0 {number(width)} {number(height)}",
        "width": number(width),
        "height": number(height),
        "role": "img",
        "aria-label": visible(title),
    }
    root = ET.Element("svg", attributes)
    root.text = "\n"
    pen = Pen(root)
    if not live:
        pen.add("title").text = visible(title)
        pen.add("desc").text = "\n".join(map(visible, description.splitlines()))
        pen.add("style").text = "\n" + static_style() + "\n"
        pen.box(0.5, 0.5, width - 1, height - 1, "wl-panel", radius=10)
    return pen


def written(pen: Pen) -> str:
    """Return the drawing as SVG text."""
    return ET.tostring(pen.element, encoding="unicode").rstrip("\n") + "\n"


def visible(text: str) -> str:
    """Return `text` with the characters that XML forbids replaced by U+FFFD."""
    return "".join(c if c >= " " and c not in "\ufffe\uffff" else "\ufffd" for c in text)


def mono_width(text: str, size: float) -> float:
    """Return the width of `text` in the monospace face, in the drawing's units."""
    return len(text) * size * MONO_EM


def sans_width(text: str, size: float) -> float:
    """Return roughly the width of `text` in the sans face, in the drawing's units."""
    return len(text) * size * SANS_EM


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Return `text` in lines of the sans face that fit `width`."""
    return textwrap.wrap(text, max(12, int(width / (size * SANS_EM)))) or [""]
