"""On a machine that cannot sandbox, strangers' code is not run; one line says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from classroom import RIGHT, TOPIC, Classroom, hand_in, make_course
from support import ROOT
from typer.testing import CliRunner

from wirelab.grading.course import Course
from wirelab.grading.engine import policies
from wirelab.grading.engine.task import Policy
from wirelab.grading.errors import CourseError

WHY = "submissions cannot be sandboxed: this is a toaster"

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    course = make_course(tmp_path / "course", ROOT / "nbgrader_config.py")
    hand_in(course, "ann", RIGHT)
    monkeypatch.setattr(policies, "probe", lambda: WHY)
    monkeypatch.chdir(course.root)
    return course


def test_a_class_is_refused_in_one_line(course: Course) -> None:
    from wirelab.cli import app

    result = CliRunner().invoke(app, ["autograde", TOPIC])
    assert result.exit_code != 0
    assert isinstance(result.exception, CourseError)
    said = str(result.exception)
    assert WHY.capitalize()[:20] in said
    assert "--unsandboxed" in said
    assert "\n" not in said
    assert not (course.root / "autograded").exists()


def test_unsandboxed_grades_all_the_same(course: Course) -> None:
    assert Classroom(course).grade()["ann"].state == "graded"  # it says sandbox="never"


def test_nbgrader_says_the_same_line(course: Course) -> None:
    from nbgrader.apps import NbGraderAPI

    from wirelab.grading.plugins.book import Book, configuration

    Book(course.root, TOPIC).edition()
    api = NbGraderAPI(config=configuration(course.root))
    outcome = api.autograde(TOPIC, "ann")
    assert not outcome["success"]
    assert "this is a toaster" in outcome["log"]
    assert "--unsandboxed" in outcome["log"]


def test_what_was_asked_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "probe", lambda: "")
    assert policies.settle("required", Policy()).sandbox
    assert not policies.settle("never", Policy()).sandbox
    monkeypatch.setattr(policies, "probe", lambda: WHY)
    assert not policies.settle("if-possible", Policy()).sandbox
    assert policies.settle("required", Policy(), here=False).sandbox
    with pytest.raises(CourseError, match="sandboxed"):
        policies.settle("required", Policy())
    with pytest.raises(CourseError, match="WIRELAB_SANDBOX"):
        policies.named({"WIRELAB_SANDBOX": "maybe"})
