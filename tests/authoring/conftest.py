"""A small course in a temporary folder: one lesson of two exercises and an essay."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT

from wirelab.grading.course import Course

TOPIC = "11_arp"
DATA = Path(__file__).parent / "data"


def course_in(folder: Path) -> Course:
    """The sample course in `folder`, with the real course's configuration of nbgrader."""
    shutil.copytree(DATA / "lessons", folder / "lessons")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    return Course(folder)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course that nothing was built in yet."""
    return course_in(tmp_path / "course")


@pytest.fixture
def other_course(tmp_path: Path) -> Course:
    """The same course in another folder."""
    return course_in(tmp_path / "some where else")


@pytest.fixture
def replace(course: Course) -> Callable[[str, str], None]:
    """`replace(old, new)`: change one place of the lesson."""

    def change(old: str, new: str, name: str = "lesson.py") -> None:
        path = course.lesson(TOPIC).with_name(name)
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        path.write_text(text.replace(old, new), "utf-8")

    return change
