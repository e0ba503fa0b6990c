"""The gradebook and autograded/ are what stock nbgrader leaves, whichever way a class is graded.

Stock nbgrader, `nbgrader autograde` with the course's configuration, `wirelab autograde`: the same
honest submissions.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from classroom import MAX, TOPIC, hand_in, make_course
from nbgrader.api import Gradebook
from support import ROOT, require

from wirelab.grading.course import Course
from wirelab.grading.engine.policies import missing_here

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]

STOCK = """
c.Autograde.exporter_class = "nbconvert.exporters.NotebookExporter"
c.Autograde.autograde_preprocessors = [
    step.replace("wirelab.grading.plugins.ExecuteInWorker", "nbgrader.preprocessors.Execute")
    .replace("wirelab.grading.plugins.SaveScores", "nbgrader.preprocessors.SaveAutoGrades")
    for step in c.Autograde.autograde_preprocessors
]
"""
LATE = 'c.LateSubmissionPlugin.penalty_method = "zero"\n'
BROKEN = "def encode_name(name)\n    return 1"
WARNS = "\nimport sys\nprint('careful', file=sys.stderr)\n"


@dataclass(frozen=True)
class Left:
    """What a way of grading left behind."""

    root: Path
    gradebook: dict[str, Any]
    notebooks: dict[str, Any]


def gradebook(root: Path) -> dict[str, Any]:
    """Everything that the gradebook has of each submission."""
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        found = {}
        for submission in book.assignment_submissions(TOPIC):
            notebook = submission.notebooks[0]
            found[submission.student_id] = {
                "when": str(submission.timestamp),
                "late": submission.total_seconds_late,
                "penalty": notebook.late_submission_penalty,
                "grades": {
                    g.name: (g.auto_score, g.manual_score, g.needs_manual_grade, g.max_score)
                    for g in notebook.grades
                },
                "comments": {c.name: (c.auto_comment, c.manual_comment) for c in notebook.comments},
            }
        return found


def notebooks(root: Path) -> dict[str, Any]:
    """What stands in autograded/, but for outputs and their numbers."""
    found = {}
    for path in sorted((root / "autograded").glob(f"*/{TOPIC}/{TOPIC}.ipynb")):
        value = json.loads(path.read_text("utf-8"))
        for cell in value["cells"]:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
            # a kernel notes when it ran a cell, and what asked it to
            cell["metadata"].pop("execution", None)
        beside = sorted(p.name for p in path.parent.iterdir())
        mode = oct(path.stat().st_mode)
        found[path.parts[-3]] = {"cells": value["cells"], "beside": beside, "mode": mode}
    return found


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    require(not (missing := missing_here()), f"the sandbox cannot run here: {missing}")
    course = make_course(tmp_path_factory.mktemp("same") / "course", ROOT / "nbgrader_config.py")
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8") + LATE, "utf-8")
    cells = json.loads(course.source(TOPIC).read_text("utf-8"))["cells"]
    right = {c["id"]: "".join(c["source"]) for c in cells if c["id"].endswith("-answer")}
    hand_in(course, "right", right)
    hand_in(course, "blank")
    hand_in(course, "half", {"encode-answer": right["encode-answer"]})
    hand_in(course, "broken", {**right, "encode-answer": BROKEN})
    hand_in(course, "warns", {**right, "door-answer": right["door-answer"] + WARNS})
    late = hand_in(course, "late", right).parent
    (late / "timestamp.txt").write_text("2030-01-02 12:00:00 UTC", "utf-8")
    (late / "notes.txt").write_text("mine", "utf-8")
    return course


@pytest.fixture(scope="module")
def graded(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Left]:
    """Grade a copy of the course in one of the three ways, once."""
    known: dict[str, Left] = {}

    def grade(way: str) -> Left:
        if way not in known:
            root = tmp_path_factory.mktemp(way) / "course"
            shutil.copytree(course.root, root)
            config = root / "nbgrader_config.py"
            if way == "stock":
                config.write_text(config.read_text("utf-8") + STOCK, "utf-8")
            run(root, "nbgrader", "generate_assignment", TOPIC)
            run(root, "nbgrader", "db", "assignment", "add", TOPIC, "--duedate=2030-01-01")
            run(root, "wirelab" if way == "wirelab" else "nbgrader", "autograde", TOPIC)
            known[way] = Left(root, gradebook(root), notebooks(root))
        return known[way]

    return grade


def run(root: Path, *command: str) -> str:
    bin_ = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}
    environment["WIRELAB_LESSONS"] = str(root / "lessons")
    done = subprocess.run(
        [bin_ / command[0], *command[1:]],
        cwd=root, env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("way", ["nbgrader", "wirelab"])
def test_the_gradebook_is_the_same(graded: Callable[[str], Left], way: str) -> None:
    assert graded(way).gradebook == graded("stock").gradebook
    scores = {
        name: sum(auto for auto, *_ in one["grades"].values())
        for name, one in graded(way).gradebook.items()
    }
    assert scores == {
        "right": MAX, "blank": 0, "half": 3, "broken": 3, "warns": MAX, "late": MAX,
    }  # fmt: skip


@pytest.mark.parametrize("way", ["nbgrader", "wirelab"])
def test_the_graded_notebooks_are_the_same_but_for_what_they_put_out(
    graded: Callable[[str], Left], way: str
) -> None:
    assert graded(way).notebooks == graded("stock").notebooks


def test_feedback_and_export_work_after_it(graded: Callable[[str], Left]) -> None:
    root = graded("wirelab").root
    run(root, "nbgrader", "generate_feedback", TOPIC)
    run(root, "nbgrader", "export")
    assert f"{TOPIC}," in (root / "grades.csv").read_text("utf-8")
    page = (root / "feedback" / "half" / TOPIC / f"{TOPIC}.html").read_text("utf-8")
    assert "3 of 6 points" in page
    assert "Not written yet: Door.knock" in page
    assert "Hidden tests were run here" in page
    assert "xn.org" not in page  # only a hidden test asks for that name
    late = (root / "feedback" / "late" / TOPIC / f"{TOPIC}.html").read_text("utf-8")
    assert "Handed in late: 6 points less" in late


def test_a_setting_shows_the_hidden_tests(graded: Callable[[str], Left]) -> None:
    root = graded("wirelab").root
    option = "--FeedbackPage.show_hidden_tests=True"
    run(root, "nbgrader", "generate_feedback", TOPIC, "--force", "--student=half", option)
    page = (root / "feedback" / "half" / TOPIC / f"{TOPIC}.html").read_text("utf-8")
    assert "xn.org" in page
