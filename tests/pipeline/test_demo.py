"""`make demo` with a class of three: the marks in its tables are those of the gradebook.

The class of twelve takes a minute and more; these three cover what differs in kind.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import pytest
from rich.console import Console
from support import ROOT, require

from wirelab.authoring.demo import Outcome, demo
from wirelab.authoring.demo_table import by_exercise, follow, show
from wirelab.authoring.made_up import CLASS
from wirelab.grading.course import Course

TOPIC = "12_handshake"
RIGHT, BROKEN, LATE = (one for one in CLASS if one.id in ("ada", "gus", "kim"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    # nbgrader 0.9.6 misspells an argument of its own
    pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    require(sys.platform != "win32", "nbgrader's exchange needs Linux or macOS")
    root = tmp_path_factory.mktemp("course")
    for folder in ("lessons", "source"):
        shutil.copytree(ROOT / folder, root / folder)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    steps = demo(Course(root), TOPIC, jobs=1, learners=(RIGHT, BROKEN, LATE))
    return follow(steps, Console(file=io.StringIO()))


def test_who_is_right_gets_all_points_and_who_is_not_gets_less(outcome: Outcome) -> None:
    right, broken, mixed = (marks.graded for marks in outcome.marks)
    assert right.score == right.points
    assert 0 < mixed.score < mixed.points
    assert 0 < broken.score < broken.points


def test_lateness_is_known(outcome: Outcome) -> None:
    assert [marks.late_s for marks in outcome.marks] == [0, 0, LATE.late_hours * 3600]


def test_the_feedback_lies_where_the_table_says(outcome: Outcome) -> None:
    said = io.StringIO()
    show(outcome, Console(file=said, width=120))
    for marks in outcome.marks:
        assert marks.feedback.is_file()
    assert str(outcome.marks[0].feedback) in said.getvalue()
    assert outcome.grades.read_text("utf-8").count(f"\n{TOPIC},") == 3


def test_the_table_has_a_row_for_each_exercise(outcome: Outcome) -> None:
    said = io.StringIO()
    Console(file=said, width=120).print(by_exercise(outcome.marks))
    for exercise in outcome.marks[0].graded.by_exercise():
        assert f" {exercise} " in said.getvalue()


def test_nothing_is_left_in_the_course_itself(outcome: Outcome) -> None:
    root = Path(outcome.folder).parents[1]
    kept = {path.name for path in root.iterdir()}
    assert kept == {"lessons", "source", "nbgrader_config.py", ".wirelab"}
