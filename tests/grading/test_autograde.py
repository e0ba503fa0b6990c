"""A whole class: marks, what is skipped, who is told, and what a killed run leaves behind."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from classroom import MAX, RIGHT, TOPIC, Classroom, ToldWorker, hand_in, make_course
from nbgrader.api import Gradebook
from support import ROOT

from wirelab.grading import records
from wirelab.grading.autograde import _alone
from wirelab.grading.course import Course
from wirelab.grading.errors import CourseError

pytestmark = pytest.mark.filterwarnings("ignore")  # SQLAlchemy's, about nbgrader's use of it


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_course(
        tmp_path_factory.mktemp("built") / "course", ROOT / "nbgrader_config.py"
    ).root


@pytest.fixture
def room(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    shutil.copytree(built, tmp_path / "course")
    monkeypatch.chdir(tmp_path)
    # whoever edits the package while the tests run would have everything graded again
    monkeypatch.setattr(records, "grader_digest", lambda: "the same")
    return Classroom(Course(tmp_path / "course"))


def scores(room: Classroom) -> dict[str, float]:
    """What the gradebook has, each student once."""
    with Gradebook(f"sqlite:///{room.course.root / 'gradebook.db'}") as gradebook:
        found = [(s.student_id, s.score) for s in gradebook.assignment_submissions(TOPIC)]
    assert len(found) == len(dict(found))
    return dict(found)


def test_a_class_is_graded_and_saved_where_nbgrader_looks(room: Classroom) -> None:
    hand_in(room.course, "ann", RIGHT)
    hand_in(room.course, "bob", {"encode-answer": "right"})
    hand_in(room.course, "cem")
    rows = room.grade()
    assert {name: row.score for name, row in rows.items()} == {"ann": MAX, "bob": 3.0, "cem": 0.0}
    assert {row.state for row in rows.values()} == {"graded"}
    assert scores(room) == {"ann": MAX, "bob": 3.0, "cem": 0.0}
    path = room.course.root / "autograded" / "bob" / TOPIC / f"{TOPIC}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not path.stat().st_mode & 0o222
    assert [cell.source for cell in notebook.cells if cell.id == "encode-answer"] == ["right"]


def test_a_second_run_does_what_has_changed_and_no_more(room: Classroom) -> None:
    for name in ("ann", "bob", "cem"):
        hand_in(room.course, name, RIGHT)
    room.grade()
    assert {row.state for row in room.grade().values()} == {"unchanged"}
    assert ToldWorker.graded == []

    hand_in(room.course, "bob")
    rows = room.grade()
    assert {name: row.state for name, row in rows.items()} == {
        "ann": "unchanged", "bob": "graded", "cem": "unchanged",
    }  # fmt: skip
    assert scores(room)["bob"] == 0

    assert {row.state for row in room.grade(force=True).values()} == {"graded"}
    shutil.rmtree(room.course.root / "autograded" / "ann")
    assert room.grade()["ann"].state == "graded"
    (room.course.root / "gradebook.db").unlink()
    assert {row.state for row in room.grade().values()} == {"graded"}
    assert scores(room) == {"ann": MAX, "bob": 0.0, "cem": MAX}


def test_a_change_of_the_tests_or_the_deadline_grades_again(room: Classroom) -> None:
    hand_in(room.course, "ann", RIGHT)
    room.grade()
    with Gradebook(f"sqlite:///{room.course.root / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_assignment(TOPIC, duedate="2030-01-01 12:00:00 UTC")
    assert room.grade()["ann"].state == "graded"
    assert room.grade()["ann"].state == "unchanged"

    source = room.course.source(TOPIC)
    notebook = json.loads(source.read_text("utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "encode-test-many":
            cell["metadata"]["nbgrader"]["points"] = 5
    source.write_text(json.dumps(notebook), "utf-8")
    row = room.grade()["ann"]
    assert (row.state, row.score, row.max_score) == ("graded", MAX + 3, MAX + 3)


def test_only_the_students_asked_for(room: Classroom) -> None:
    for name in ("ann", "bob"):
        hand_in(room.course, name, RIGHT)
    assert list(room.grade(students={"bob"})) == ["bob"]
    assert list(scores(room)) == ["bob"]
    with pytest.raises(CourseError, match="nothing was handed in by eve"):
        room.grade(students={"eve"})


def test_marks_and_comments_of_a_person_stay(room: Classroom) -> None:
    hand_in(room.course, "ann")
    room.grade()
    url = f"sqlite:///{room.course.root / 'gradebook.db'}"
    with Gradebook(url) as gradebook:
        grade = gradebook.find_grade("encode-test-many", TOPIC, TOPIC, "ann")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        gradebook.find_comment("encode-answer", TOPIC, TOPIC, "ann").manual_comment = "Nearly."
        gradebook.db.commit()
    assert room.grade()["ann"].score == 1.5
    hand_in(room.course, "ann", RIGHT)
    row = room.grade()["ann"]
    with Gradebook(url) as gradebook:
        grade = gradebook.find_grade("encode-test-many", TOPIC, TOPIC, "ann")
        assert (grade.manual_score, grade.auto_score, grade.needs_manual_grade) == (1.5, 2.0, True)
        assert gradebook.find_comment("encode-answer", TOPIC, TOPIC, "ann").comment == "Nearly."
    assert row.score == MAX - 0.5


def test_one_bad_submission_costs_nobody_else_a_mark(room: Classroom) -> None:
    hand_in(room.course, "ann", RIGHT)
    hand_in(room.course, "bad", {"encode-answer": "RAISE"})
    hand_in(room.course, "die", {**RIGHT, "encode-answer": "right, but DIE"})
    hand_in(room.course, "json").write_text("{", "utf-8")
    hand_in(room.course, "none").unlink()
    rows = room.grade()
    assert {name: row.state for name, row in rows.items()} == {
        "ann": "graded", "bad": "failed", "die": "graded", "json": "unreadable",
        "none": "unreadable",
    }  # fmt: skip
    assert rows["die"].score == rows["ann"].score == MAX
    assert "out of order" in rows["bad"].error
    assert "not valid JSON" in rows["json"].findings[0].evidence
    assert scores(room) == {"ann": MAX, "die": MAX, "json": 0.0, "none": 0.0}
    assert room.grade()["bad"].state == "failed"  # tried again: nothing is known of it


def test_lateness_costs_what_the_course_says(room: Classroom) -> None:
    config = room.course.root / "nbgrader_config.py"
    late = 'c.LateSubmissionPlugin.penalty_method = "zero"'
    config.write_text(f"{config.read_text('utf-8')}\n{late}\n", "utf-8")
    hand_in(room.course, "ann", RIGHT)
    (hand_in(room.course, "bob", RIGHT).parent / "timestamp.txt").write_text(
        "2030-01-02 12:00:00 UTC", "utf-8"
    )
    room.grade()
    with Gradebook(f"sqlite:///{room.course.root / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_assignment(TOPIC, duedate="2030-01-01 12:00:00 UTC")
    rows = room.grade()
    assert (rows["bob"].late_s, rows["bob"].penalty) == (86400, MAX)
    assert (rows["ann"].late_s, rows["ann"].penalty) == (0, 0)


def test_a_second_run_at_the_same_time_is_refused(room: Classroom) -> None:
    hand_in(room.course, "ann", RIGHT)
    with (
        _alone(room.course.state),
        pytest.raises(CourseError, match="another `wirelab autograde`"),
    ):
        room.grade()


KILLED = """
import sys
from pathlib import Path
from wirelab.grading.quick import skip_uri_grammar
skip_uri_grammar()
sys.path.insert(0, sys.argv[2])
from classroom import TOPIC, Classroom
from wirelab.grading import records
records.grader_digest = lambda: "the same"
from wirelab.grading.autograde import Run, Settings
from wirelab.grading.course import Course
room = Classroom(Course(Path(sys.argv[1])))
for row in Run(room.course, TOPIC, Settings(sandbox="never"), room.pool):
    print(row.student, row.state, flush=True)
"""


def test_killed_again_and_again_it_ends_with_every_grade_once(room: Classroom) -> None:
    students = [f"s{number:02}" for number in range(12)]
    for number, name in enumerate(students):
        hand_in(room.course, name, RIGHT if number % 2 else None)
    seen = 0
    for rows in (1, 3, 6, 9):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(room.course.root), str(ROOT / "tests")],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if len(lines) == rows:
                    process.kill()  # in the middle of the next one
        unchanged = sum("unchanged" in line for line in lines)
        assert unchanged >= min(seen, rows)
        seen = rows
    rows = room.grade()
    assert sum(row.state == "unchanged" for row in rows.values()) >= seen
    expected = {name: MAX * (number % 2) for number, name in enumerate(students)}
    assert scores(room) == expected
    assert {name: row.score for name, row in rows.items()} == expected
    for name in students:
        path = room.course.root / "autograded" / name / TOPIC / f"{TOPIC}.ipynb"
        nbformat.read(path, as_version=4)
