"""One topic goes through nbgrader, from `generate_assignment` to `export`, by its own commands.

Two students, one of them late; the exchange and the course are in a temporary folder, and each
person has a home of their own. Nothing of the grading is imported here, only what is handed in.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from support import ROOT, require

from wirelab.authoring.made_up import Learner, answer, each, exercises, first
from wirelab.grading.misconceptions import sources

TOPIC = "12_handshake"
BUILT = ROOT / "source" / TOPIC / f"{TOPIC}.ipynb"
ANN = Learner("ann", "Ann", "Ames", "everything right", each("right"))
BOB = Learner("bob", "Bob", "Boye", "the first half, late", first(0.5))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@dataclass
class Person:
    """Somebody with a home, a folder to work in and nbgrader's commands."""

    folder: Path
    home: Path

    @classmethod
    def new(cls, base: Path, name: str, *settings: str, folder: Path | None = None) -> Person:
        """`settings` are lines of this person's own nbgrader_config.py."""
        home = base / "homes" / name
        config = home / ".jupyter"
        config.mkdir(parents=True)
        lines = ["c = get_config()", *settings]
        (config / "nbgrader_config.py").write_text("\n".join(lines) + "\n", "utf-8")
        folder = folder or home / "work"
        folder.mkdir(exist_ok=True)
        return cls(folder, home)

    def nbgrader(self, *words: str, fails: bool = False) -> str:
        """Run a command as this person and return all that it says."""
        bin_ = Path(sys.executable).parent
        run = subprocess.run(
            [bin_ / "nbgrader", *words],
            cwd=self.folder,
            env={
                **os.environ,
                "HOME": str(self.home),
                "JUPYTER_CONFIG_DIR": str(self.home / ".jupyter"),
                "JUPYTER_DATA_DIR": str(self.home / "data"),
                "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
                "IPYTHONDIR": str(self.home / "ipython"),
                "PATH": os.pathsep.join([str(bin_), os.environ["PATH"]]),
            },
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        said = run.stdout + run.stderr
        assert (run.returncode != 0) == fails, f"nbgrader {' '.join(words)}\n{said[-3000:]}"
        return said


@dataclass
class Class:
    """What is left after the whole pipeline, for the tests to look at."""

    instructor: Person
    ann: Person
    bob: Person
    committed: bytes
    validated: str
    autograded: str

    def marks(self) -> dict[str, dict[str, str]]:
        """nbgrader's export, by student."""
        with (self.instructor.folder / "grades.csv").open(newline="", encoding="utf-8") as file:
            return {row["student_id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Class:
    """Take the topic from the built instructor edition to exported marks, once."""
    require(sys.platform != "win32", "nbgrader's exchange needs Linux or macOS")
    base = tmp_path_factory.mktemp("pipeline")
    exchange = base / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    course = base / "course"
    shutil.copytree(ROOT / "source" / TOPIC, course / "source" / TOPIC)
    shutil.copytree(ROOT / "release" / TOPIC, course / "release" / TOPIC)
    shutil.copy(ROOT / "nbgrader_config.py", course)

    where = f"c.Exchange.root = {str(exchange)!r}"
    late = "c.LateSubmissionPlugin.penalty_method = 'zero'"
    owner = "c.ExchangeCollect.check_owner = False"  # one account hands in for both
    instructor = Person.new(base, "instructor", where, owner, folder=course)
    # The course's own file would come second and say what lateness costs: this test says it.
    config = course / "nbgrader_config.py"
    config.write_text(f"{config.read_text('utf-8')}\n{late}\n", "utf-8")
    students = {
        learner.id: Person.new(base, learner.id, where, "c.CourseDirectory.course_id = 'wirelab'")
        for learner in (ANN, BOB)
    }

    release = course / "release" / TOPIC / f"{TOPIC}.ipynb"
    committed = release.read_bytes()
    instructor.nbgrader("generate_assignment", TOPIC)
    instructor.nbgrader("release_assignment", TOPIC)

    ann, bob = students["ann"], students["bob"]
    hand_in(ann, ANN)
    validated = ann.nbgrader("validate", f"{TOPIC}/{TOPIC}.ipynb")
    deadline = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    instructor.nbgrader("db", "assignment", "add", TOPIC, f"--duedate={deadline}")
    hand_in(bob, BOB)

    instructor.nbgrader("collect", TOPIC)
    autograded = instructor.nbgrader("autograde", TOPIC)
    instructor.nbgrader("generate_feedback", TOPIC)
    instructor.nbgrader("release_feedback", TOPIC)
    for name, student in students.items():
        student.nbgrader("fetch_feedback", TOPIC, f"--student={name}")
    instructor.nbgrader("export")
    return Class(instructor, ann, bob, committed, validated, autograded)


def hand_in(student: Person, learner: Learner) -> None:
    """Fetch the topic, write the learner's answers, made from the instructor edition's; submit."""
    student.nbgrader("fetch_assignment", TOPIC)
    path = student.folder / TOPIC / f"{TOPIC}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    planted = sources(ROOT / "lessons" / TOPIC / "misconceptions.py")
    answer(learner, notebook, nbformat.read(BUILT, as_version=4), planted)
    nbformat.write(notebook, path)
    student.nbgrader("submit", TOPIC, f"--student={learner.id}")


def points(half: bool = False) -> float:
    """The points of the topic, or of the first half of its exercises."""
    notebook = nbformat.read(BUILT, as_version=4)
    names = list(dict.fromkeys(exercises(notebook).values()))
    if half:
        names = names[: (len(names) + 1) // 2]
    marked = (cell.metadata.get("nbgrader", {}) for cell in notebook.cells)
    return sum(
        about["points"]
        for about in marked
        if about.get("grade") and about["grade_id"].partition("-test")[0] in names
    )


def test_generating_changes_nothing_that_is_committed(taught: Class) -> None:
    made = taught.instructor.folder / "release" / TOPIC / f"{TOPIC}.ipynb"
    assert made.read_bytes() == taught.committed


def test_students_get_the_notebook_and_its_pictures_and_no_lesson(taught: Class) -> None:
    fetched = {p.relative_to(taught.ann.folder / TOPIC) for p in taught.ann.folder.rglob("*.*")}
    pictures = {Path("figures") / p.name for p in (BUILT.parent / "figures").glob("*.svg")}
    assert pictures <= fetched
    assert not [path for path in fetched if path.suffix == ".py"]


def test_validate_passes_a_right_notebook(taught: Class) -> None:
    assert "Success! Your notebook passes all the tests." in taught.validated


def test_right_answers_get_full_marks(taught: Class) -> None:
    row = taught.marks()["ann"]
    assert float(row["raw_score"]) == float(row["max_score"]) == points()


def test_half_the_exercises_get_their_points_and_no_more(taught: Class) -> None:
    assert float(taught.marks()["bob"]["raw_score"]) == points(half=True)


def test_late_is_told_and_costs_what_the_course_says(taught: Class) -> None:
    assert re.search(r"bob\S*.* is [\d.]+ seconds late", taught.autograded)
    ann, bob = taught.marks()["ann"], taught.marks()["bob"]
    assert ann["timestamp"] < ann["duedate"] < bob["timestamp"]
    assert float(ann["late_submission_penalty"]) == 0
    assert bob["late_submission_penalty"] == bob["raw_score"]
    assert float(bob["score"]) == 0


def test_each_student_fetches_their_own_feedback(taught: Class) -> None:
    for student, score in ((taught.ann, points()), (taught.bob, 0.0)):  # 0: too late
        (page,) = (student.folder / TOPIC / "feedback").glob(f"*/{TOPIC}.html")
        assert f"(Score: {score:.1f} / {points():.1f})" in page.read_text("utf-8")
