"""Mutants: which are made, how they are judged, what is reported, what is remembered."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from support import require
from typer.testing import CliRunner

from wirelab.authoring import mutants_judged, mutants_record, planting, prove
from wirelab.authoring.build import LessonProblems, check_lesson
from wirelab.authoring.lesson import parse_lesson
from wirelab.authoring.mutants import mutants
from wirelab.cli import app
from wirelab.grading.course import Course
from wirelab.grading.errors import CourseError

require(sys.platform != "win32", "mutants are judged in forks: use Linux")

TOPIC = "12_handshake"
LESSON = '''\
# ---
# wirelab: {title: Small, minutes: 5, builds_on: []}
# ---

# %% role="given" id="setup"
import os
import threading

from wirelab.grading.checks import Checks

check = Checks("12_handshake")

# %% role="answer" id="count-answer"
def count(start, size):
    """Say how many steps lead down to zero."""
    ### BEGIN SOLUTION
    steps = 0
    while start > 0:
        start -= size
        steps += 1
    return steps
    ### END SOLUTION

# %% role="test" id="count-test-steps" points=1
check.each(count, [(9, 3), (1, 1), (0, 1), (10, 3)], expected=[3, 1, 0, 4])

# %% role="answer" id="end-answer"
def end(ready):
    ### BEGIN SOLUTION
    status = 0
    if status:
        os._exit(3)
    if not ready:
        threading.Event().wait()
    return ready
    ### END SOLUTION

# %% role="test" id="end-test-ready" points=1
check(end, True, expected=True)

# %% role="answer" id="double-answer"
def double(number):
    ### BEGIN SOLUTION
    return number + number
    ### END SOLUTION

# %% role="test" id="double-test-zero" points=1
check(double, 0, expected=0)

# %% role="answer" id="later-answer"
def later(number):
    ### BEGIN SOLUTION
    return double(number)
    ### END SOLUTION

# %% role="test" id="later-test-two" points=1
check(later, 2, expected=4)
'''
EXIT = LESSON.index("os._exit")
FORGIVEN = 'equivalent("end-answer", "status = None", because="None is as false as 0.")\n'


@pytest.fixture
def small(tmp_path: Path, repo: Path) -> Course:
    """A course of one topic with four exercises, the third of which is tested by the fourth."""
    folder = tmp_path / "course"
    (folder / "lessons" / TOPIC).mkdir(parents=True)
    shutil.copy(repo / "nbgrader_config.py", folder)
    course = Course(folder)
    course.lesson(TOPIC).write_text(LESSON, "utf-8")
    forgive(course, FORGIVEN)
    return course


def forgive(course: Course, text: str) -> None:
    head = "from wirelab.grading.misconceptions import equivalent\n\n"
    course.lesson(TOPIC).with_name("misconceptions.py").write_text(head + text, "utf-8")


def change(course: Course, old: str, new: str) -> None:
    text = course.lesson(TOPIC).read_text("utf-8")
    assert old in text
    course.lesson(TOPIC).write_text(text.replace(old, new), "utf-8")


def of(solution: str, head: str = "def f(x: int = 3):") -> list[str]:
    """The mutants of a solution of a few lines, each as its line of the file and what it says."""
    text = f'# %% role="answer" id="f-answer"\n{head}\n    ### BEGIN SOLUTION\n'
    lines = "".join(f"    {line}\n" for line in solution.splitlines())
    lesson = parse_lesson(
        TOPIC, Path("course/lessons/x/lesson.py"), text + lines + "    ### END SOLUTION\n"
    )
    return [f"{each.line} {each.after}" for each in mutants(lesson)]


# --- which are made ------------------------------------------------------------------------------


def test_each_place_of_a_solution_is_changed_with_its_line_in_the_file():
    assert of('if x < 4:\n    return [x, "a"]') == [
        "4 if x <= 4:",
        "4 if x < 5:",
        '5 return [x, "XXaXX"]',
        '5 return [x, "A"]',
    ]


def test_a_line_that_is_taken_out_is_shown_as_a_comment():
    assert "5 # x," in of("return max(\n    x,\n    2,\n)")


@pytest.mark.parametrize(
    "solution",
    [
        '"""A docstring."""',
        "here: int | None",
        'raise ValueError("too " + str(x))',
        'raise ValueError(f"{x:>4} is too small")',
        'if __name__ == "__main__":\n    f(9)',
        "done = False",
        "x.encode",
        "@cache(9)\ndef inner(): pass",
    ],
    ids=["docstring", "annotation", "built-in", "f-string", "main", "false", "name", "decorator"],
)
def test_what_no_test_can_see_is_left_alone(solution: str):
    assert [each for each in of(solution) if "True" not in each] == []


def test_names_of_codecs_and_hashes_keep_their_case_only():
    assert of('return x.encode("utf-8")') == [
        "4 return x.encode(None)",
        '4 return x.encode("XXutf-8XX")',
    ]
    assert '4 return new("SHA256")' not in of('return new("sha256")')


def test_of_an_exception_of_ones_own_what_is_no_text_counts():
    found = of('raise Refused(400, "too long")')
    assert '4 raise Refused(401, "too long")' in found
    assert "4 raise Refused(400, None)" not in found
    assert '4 raise Refused(400, "XXtoo longXX")' not in found


def test_what_the_stub_gives_is_left_alone():
    assert of("return x", head="def f(x=3, y=True):") == []


# --- how they are judged -------------------------------------------------------------------------


def test_hangs_and_exits_are_killed_and_survivors_have_their_place(
    small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    report = prove.prove_mutants(TOPIC, small)  # four would never end by themselves
    figures = report["mutants"]
    assert figures["exercises"] == {
        "count": [9, 9],  # three hang
        "end": [2, 4],  # one waits for ever, one ends the process
        "double": [1, 1],  # by the test of a later exercise
        "later": [1, 1],
    }
    assert (figures["killed"], figures["total"], figures["equivalent"]) == (13, 15, 1)
    place = {"file": f"lessons/{TOPIC}/lesson.py", "line": LESSON.count("\n", 0, EXIT) + 1}
    same = {**place, "cell": "end-answer", "before": "os._exit(3)"}
    assert figures["survivors"] == [
        {**same, "operator": "arg_removal", "after": "os._exit(None)"},
        {**same, "operator": "number", "after": "os._exit(4)"},
    ]
    assert report["failures"] == ["the tests kill 13 of 15 mutants; 95% are wanted"]
    assert processes_in(tmp_path) == []


def processes_in(folder: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            found += [str(path)] if path.readlink().is_relative_to(folder) else []
    return found


def test_no_test_is_run_that_cannot_see_the_change(small: Course):
    lesson = parse_lesson(TOPIC, small.lesson(TOPIC), LESSON)
    cells = [
        planting.Step("test" if cell.role == "test" else "answer", cell.id, cell.source)
        for cell in lesson.cells
        if cell.role in ("answer", "test")
    ]
    assert mutants_judged.seers(cells, "count-answer") == {"count-test-steps"}
    assert mutants_judged.seers(cells, "double-answer") == {"double-test-zero", "later-test-two"}


def test_a_mutant_is_judged_without_looking_for_its_misconception(
    repo: Path, monkeypatch: pytest.MonkeyPatch
):
    lessons = repo / "tests" / "grading" / "sample" / "lessons"
    monkeypatch.setenv("WIRELAB_LESSONS", str(lessons))

    def said() -> str:
        from wirelab.grading.checks import CheckFailed, Checks

        with pytest.raises(CheckFailed) as failed:
            Checks(TOPIC)(encode_name, "wire", expected=b"\4wire\0")
        return " ".join(str(failed.value).split())

    def encode_name(name):
        return b"\4wire"

    assert "The name has no end." in said()
    monkeypatch.setenv("WIRELAB_DIAGNOSE", "off")
    assert "The name has no end." not in said()


def test_a_right_answer_that_fails_is_told_without_a_traceback(small: Course):
    change(small, "def double(number):\n", "def double(number=nowhere):\n")
    with pytest.raises(CourseError, match="double-answer fails in the instructor edition") as told:
        prove.prove_mutants(TOPIC, small, ["double"])
    assert "Traceback" not in str(told.value).partition("edition")[0]


# --- declared equivalent -------------------------------------------------------------------------


def test_a_declaration_that_holds_no_more_is_told_with_its_line(small: Course):
    forgive(
        small,
        'equivalent("double-answer", "return number - number", because="0 - 0 is 0.")\n'
        'equivalent("double-answer", "return number * number", because="0 * 0 is 0.")\n'
        'equivalent("count-answer", "steps = 1", because="It is of another exercise.")\n',
    )
    failures = prove.prove_mutants(TOPIC, small, ["double"])["failures"]
    path = f"lessons/{TOPIC}/misconceptions.py"
    assert failures == [
        f"{path}:3: it is not equivalent: later-test-two fails; "
        "take the declaration out: return number - number",
        f'{path}:4: no mutant of "double-answer" reads like this any more; '
        "take the declaration out: return number * number",
    ]


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ('equivalent("end-answer", "status = None")', 'say equivalent\\("ANSWER-CELL"'),
        ('equivalent("end-answer", because="It is.")', 'say equivalent\\("ANSWER-CELL"'),
        ('equivalent("no-answer", "x = 1", because="It is.")', 'no answer cell is called "no-'),
    ],
)
def test_a_declaration_that_cannot_be_right_stops_the_build(
    small: Course, declared: str, said: str
):
    forgive(small, declared)
    with pytest.raises(LessonProblems, match=f"misconceptions.py:3: .*{said}"):
        check_lesson(small, TOPIC, draft=True)


# --- what an author sees -------------------------------------------------------------------------


def prove_by_command(course: Course, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(course.root)
    return CliRunner().invoke(app, ["prove", TOPIC, *arguments]).stdout


def test_one_exercise_may_be_looked_at(small: Course, monkeypatch: pytest.MonkeyPatch):
    change(small, "check(later, 2, expected=4)", "check(later, 0, expected=0)")
    said = prove_by_command(small, "--exercise", "double", monkeypatch=monkeypatch)
    line = LESSON.count("\n", 0, LESSON.index("return number + number")) + 1
    assert said.startswith(
        f"lessons/{TOPIC}/lesson.py:{line}: swap_op in double-answer survives\n"
        "    - return number + number\n    + return number - number\n"
        f"{TOPIC}: the tests kill 0 of 1 mutants ("
    )
    said = prove_by_command(small, "--exercise", "double", "--json", monkeypatch=monkeypatch)
    report = json.loads(said)
    assert set(report) == {"topic", "mutants", "failures"}
    assert {"killed", "total", "survivors"} <= set(report["mutants"])
    with pytest.raises(CourseError, match="has no exercise 'triple'; it has count, end, double"):
        prove.prove_mutants(TOPIC, small, ["triple"])


def test_what_was_proven_is_remembered_until_it_changes(
    small: Course, monkeypatch: pytest.MonkeyPatch
):
    change(small, "os._exit(3)", "os._exit()")  # no survivor is left
    exercises = ["--exercise", "double", "--record"]
    prove_by_command(small, *exercises, monkeypatch=monkeypatch)
    assert not mutants_record.is_recorded(small, TOPIC)
    said = prove_by_command(small, "--only-mutants", "--changed", monkeypatch=monkeypatch)
    assert said.startswith(f"{TOPIC}: the tests kill 13 of 13 mutants (")  # never noted is changed
    prove_by_command(small, "--only-mutants", "--record", monkeypatch=monkeypatch)
    record = json.loads((small.root / ".ci" / "proved" / f"{TOPIC}.json").read_text("utf-8"))
    assert (record["killed"], record["total"], record["equivalent"]) == (13, 13, 1)
    assert mutants_record.is_recorded(small, TOPIC)
    arguments = ["--only-mutants", "--changed", "--json"]
    assert prove_by_command(small, *arguments, monkeypatch=monkeypatch) == ""
    change(small, "expected=4", "expected=2 + 2")
    assert not mutants_record.is_recorded(small, TOPIC)
