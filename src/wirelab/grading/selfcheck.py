"""Mark one's own notebook as a course would: the real nbgrader, hidden tests included.

For `wirelab check` and the button at the end of a notebook. The notebook itself stays as it is; the
points earned are kept for `00_start`.
"""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wirelab.grading import progress, stock
from wirelab.grading.course import Course, course_root, is_topic
from wirelab.grading.errors import CourseError
from wirelab.grading.report import Report

if TYPE_CHECKING:
    from wirelab.views.check_button import CheckButton

TIMEOUT_S = 240.0


def check(topic: str, notebook_path: Path | str, timeout_s: float = TIMEOUT_S) -> Report:
    """Grade the saved notebook with `nbgrader autograde` in a temporary course.

    Raises `CourseError` with one line that says what is missing, or when `timeout_s` is over.
    """
    path = Path(notebook_path)
    course = _course_with(topic, path)
    if not path.is_file():
        raise CourseError(f"There is no {path}: save your notebook there first.")
    saved = datetime.fromtimestamp(path.stat().st_mtime)
    with tempfile.TemporaryDirectory(prefix="wirelab-check-") as folder:
        root = Path(folder).resolve()
        stock.prepare(root, course.root, topic)
        graded = stock.grade(root, topic, {"me": path}, timeout_s, _lessons(course))["me"]
    report = Report.of(topic, path, saved, graded)
    if (
        course.root.resolve() in path.resolve().parents
    ):  # a notebook from elsewhere is somebody else's
        progress.record(course.root, report)
    return report


def _course_with(topic: str, notebook: Path) -> Course:
    if not is_topic(topic):
        raise CourseError(f"{topic!r} is not a topic of this course.")
    near = notebook.resolve().parent if notebook.exists() else None
    root = course_root(near)
    course = Course(root) if root else None
    if course is None or not course.source(topic).is_file():
        where = f"source/{topic}/{topic}.ipynb"
        how = (
            f"run `wirelab build {topic}` first"
            if course and course.lesson(topic).is_file()
            else "only a clone of the whole course has it; use Validate here"
        )
        raise CourseError(f"The hidden tests are in {where}, which is not here: {how}.")
    return course


def _lessons(course: Course) -> Path | None:
    return course.lessons if course.lessons.is_dir() else None


def check_button(topic: str) -> CheckButton:
    """A button that saves this notebook, marks it and shows the report below itself."""
    from wirelab.views.check_button import CheckButton

    path = this_notebook(topic)

    def saved() -> str:
        if not path.is_file():
            return f"There is no {path.name} yet: save the notebook."
        when = datetime.fromtimestamp(path.stat().st_mtime)
        return f"{path.name}, saved at {when:%H:%M:%S}"

    def press() -> str:
        return check(topic, path).html()

    return CheckButton(
        label="Check my answers",
        busy_label="Checking: your notebook runs once from top to bottom",
        press=press,
        describe=saved,
        expected_errors=(CourseError,),
    )


def this_notebook(topic: str) -> Path:
    """The file of the notebook whose kernel this is, as far as one can tell."""
    named = os.environ.get("JPY_SESSION_NAME", "")
    candidates = [Path(named)] if named.endswith(".ipynb") else []
    candidates.append(Path.cwd() / f"{topic}.ipynb")
    if root := course_root():
        candidates.append(Course(root).notebook(topic))
    return next((path for path in candidates if path.is_file()), candidates[0])
