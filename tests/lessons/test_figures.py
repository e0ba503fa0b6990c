"""The figures in lessons/ are what the views draw from the lesson's own data today."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from wirelab.authoring.draw import drawn

LESSONS = Path(__file__).parents[2] / "lessons"
DRAWN = sorted(path.parents[1].name for path in LESSONS.glob("*/figures/draw.py"))


@pytest.mark.parametrize("topic", DRAWN)
def test_figures_are_as_drawn_now(topic):
    """Otherwise: `wirelab draw TOPIC`."""
    figures = drawn(LESSONS / topic)
    assert figures
    assert {path.name: path.read_text() for path in figures} == {
        path.name: svg for path, svg in figures.items()
    }


@pytest.mark.parametrize("topic", DRAWN)
def test_every_figure_has_a_text_alternative_and_is_used(topic):
    lesson = (LESSONS / topic / "lesson.py").read_text()
    for path, svg in drawn(LESSONS / topic).items():
        root = ET.fromstring(svg)
        assert root.find("{http://www.w3.org/2000/svg}title").text
        assert root.find("{http://www.w3.org/2000/svg}desc").text
        assert f"(figures/{path.name})" in lesson, f"{path.name} is shown nowhere"
