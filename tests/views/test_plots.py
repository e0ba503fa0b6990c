"""Plots: the same each time, legible in both themes, told without colour, with units and words."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from wirelab.views.plots import DASHES, MARKS, Panel, Plot
from wirelab.views.style import DARK, LIGHT

SERIES = {"threads": [(10, 280), (1000, 29_500)], "loop": [(10, 8), (1000, 224), (10_000, 2080)]}


@pytest.fixture
def plot():
    memory = Panel("Memory", "connections", "KiB", SERIES, log_x=True, log_y=True)
    return Plot("Cost", memory, Panel("Waiting", "connections", "ms", {"loop": [(1, 2), (3, 4)]}))


def test_picture_is_the_same_each_time_and_needs_nothing_else(plot):
    picture = plot.svg()
    assert picture == plot.svg()
    root = ET.fromstring(picture)
    assert [child.tag.rpartition("}")[2] for child in root][:3] == ["title", "desc", "style"]
    assert root.get("aria-label") == "Cost"
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", picture))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_every_ink_that_is_used_has_its_dark_one(plot):
    picture = plot.svg()
    dark = picture[picture.index("prefers-color-scheme: dark") : picture.index("</style>")]
    drawn = picture[picture.index("</style>") :]
    for what, ink in set(re.findall(r"(fill|stroke): (#[0-9a-f]{6})", drawn)):
        names = [name for name, value in LIGHT.items() if value == ink]
        assert names, f"{ink} is not of the palette"
        assert any(f"{what}: {DARK[name]} !important" in dark for name in names)


def test_lines_differ_in_more_than_colour():
    assert len(set(MARKS)) == len(MARKS)
    assert len(set(DASHES)) == len(DASHES)


def test_axes_name_their_units_and_words_hold_the_numbers(plot):
    words = "\n".join("".join(text.itertext()) for text in ET.fromstring(plot.svg()).iter())
    for wanted in ("KiB", "ms", "connections", "threads", "loop", "1,000"):
        assert wanted in words
    assert "threads: 10: 280, 1000: 29500" in plot.text()


def test_shows_picture_and_words(plot):
    shown = plot._repr_mimebundle_()
    assert shown["text/plain"] == plot.text()
    assert "data:image/svg+xml;base64," in shown["text/html"]


def test_nothing_to_plot_is_said():
    with pytest.raises(ValueError, match="nothing to plot"):
        Plot("Empty", Panel("Memory", "connections", "KiB", {}))


def test_writes_nothing_on_stderr():
    program = (
        "from wirelab.views.plots import Panel, Plot\n"
        "Plot('t', Panel('p', 'x', 'y', {'a': [(1, 2)]}, log_x=True)).svg()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
