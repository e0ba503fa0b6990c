"""The proof of the small course: what it reports, and each way in which it must fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from wirelab.authoring import editions, planting
from wirelab.authoring.build import build, check_lesson
from wirelab.authoring.prove import prove
from wirelab.grading.course import Course
from wirelab.grading.misconceptions import sources

TOPIC = "12_handshake"
FORGETS = "return reference.encode_name(name)[:-1]"
NO_STRAYS = "return super().knock(segment) if segment.flags & SYN else []"


@pytest.fixture
def course(tmp_path: Path, repo: Path) -> Course:
    course = Course(tmp_path / "course")
    shutil.copytree(repo / "tests" / "grading" / "sample", course.root)
    shutil.copy(repo / "nbgrader_config.py", course.root)
    return course


def lesson_of(course: Course) -> list[planting.Step]:
    return planting.steps(editions.instructor_edition(check_lesson(course, TOPIC, draft=True)))


def edit(course: Course, name: str, old: str, new: str) -> None:
    path = course.lessons / TOPIC / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def verdicts(course: Course, folder: Path) -> dict[str, planting.Verdict]:
    planted = sources(course.lessons / TOPIC / "misconceptions.py")
    found = planting.try_planted(folder, TOPIC, lesson_of(course), planted, course.lessons)
    return {each.name: each for each in found}


def test_a_sound_topic_is_proven(course: Course):
    before = sorted(course.root.rglob("*"))
    report = prove(TOPIC, course)
    assert report.pop("run_all_s") < 20
    assert report == {
        "topic": TOPIC,
        "exercises": 2,
        "tests": 4,
        "points": 6,
        "solution_score": 6,
        "blank_score": 0,
        "misconceptions": {"declared": 6, "caught": 6, "named": 6},
    }
    assert sorted(course.root.rglob("*")) == before


def test_what_fails_is_told(course: Course):
    """Six things wrong at once, so that the real nbgrader need run only once."""
    edit(
        course,
        "lesson.py",
        "assert callable(Door)",
        "__import__('warnings').warn('loud'); assert True",
    )
    edit(course, "lesson.py", "    expected=b", "    expected=b'?' + b")
    edit(
        course,
        "lesson.py",
        '# %% [markdown] role="given" id="door-brief"',
        '# %% role="test" id="encode-test-given-away" points=1\nassert True\n\n'
        "# %%\nencode_name('a')\nDoor = encode_name\n\n"
        '# %% [markdown] role="given" id="door-brief"',
    )
    edit(course, "misconceptions.py", FORGETS, FORGETS[:-5])
    report = prove(TOPIC, course)
    failures = "\n".join(report["failures"])
    assert (report["solution_score"], report["blank_score"]) == (5, 1)
    assert "the solution loses points in encode-test-example" in failures
    assert "the solution writes on stderr" in failures
    assert "encode-test-given-away passes in a notebook that answers nothing" in failures
    assert "forgets_the_root (a wrong encode_name) is not caught" in failures
    # the loud test counts no more, and it alone told a stray segment ignored
    assert report["misconceptions"] == {"declared": 6, "caught": 4, "named": 4}
    assert "12_handshake-01 fails though nothing is answered yet" in failures
    assert "12_handshake-01 is a demonstration and defines Door, which door-answer" in failures


def test_every_planted_answer_is_caught_and_named(course: Course, tmp_path: Path):
    found = verdicts(course, tmp_path)
    assert len(found) == 6
    assert all(each.caught and each.named for each in found.values()), found


def test_a_planted_answer_that_is_right_is_not_caught(course: Course, tmp_path: Path):
    edit(course, "misconceptions.py", FORGETS, FORGETS[:-5])
    verdict = verdicts(course, tmp_path)["forgets_the_root"]
    assert not verdict.caught
    assert not verdict.named


def test_a_planted_answer_that_ends_the_program_is_caught(course: Course, tmp_path: Path):
    edit(course, "misconceptions.py", NO_STRAYS, "import os; os._exit(3)")
    edit(course, "misconceptions.py", FORGETS, "raise SystemExit(3)")
    found = verdicts(course, tmp_path)
    assert found["ignores_strays"].caught
    assert found["forgets_the_root"].caught


def test_a_planted_answer_that_hangs_is_stopped(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WIRELAB_PLANTED_DEADLINE_S", "3")
    edit(course, "misconceptions.py", FORGETS, "while True: pass")
    verdict = verdicts(course, tmp_path)["forgets_the_root"]
    assert verdict.caught
    assert not verdict.named
    assert "did not end" in verdict.said


def test_the_solution_runs_on_both_networks(course: Course, tmp_path: Path):
    runs = planting.run_solution(
        tmp_path, TOPIC, lesson_of(course), ["", "embedded"], course.lessons
    )
    assert [graded.score for graded in runs] == [6, 6]
    assert not any(graded.errors or graded.stderr for graded in runs)


def test_a_broken_right_answer_is_an_error_with_its_cell(course: Course, tmp_path: Path):
    edit(course, "lesson.py", 'check = Checks("12_handshake")', "check = Chequers()")
    build(course, TOPIC, draft=True)
    with pytest.raises(Exception, match="names-setup"):
        verdicts(course, tmp_path)
