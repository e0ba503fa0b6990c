"""Fixtures for the tests of grading: the small course of `sample/` in a folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from wirelab.grading.checks import Checks
from wirelab.grading.course import Course

TOPIC = "12_handshake"
SAMPLE = Path(__file__).parent / "sample"


@pytest.fixture
def sample(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course folder with one topic of two exercises; misconceptions are looked up in it."""
    course = Course(tmp_path / "course")
    shutil.copytree(SAMPLE, course.root)
    shutil.copy(repo / "nbgrader_config.py", course.root)
    monkeypatch.setenv("WIRELAB_LESSONS", str(course.lessons))
    monkeypatch.setenv("WIRELAB_DIAGNOSE", "strict")
    return course


@pytest.fixture
def check(sample: Course) -> Checks:
    """The checks of the small course's topic."""
    return Checks(TOPIC)
