"""A class for the tests of grading: a small built course, submissions, workers that do as told.

A worker here runs nothing: an answer that says "right" passes the tests of its exercise.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirelab.authoring.build import build
from wirelab.grading.autograde import Row, Run, Settings
from wirelab.grading.course import Course
from wirelab.grading.engine.pool import LocalPool
from wirelab.grading.engine.task import FAILED, PASSED, Executed, Policy, TestResult
from wirelab.grading.engine.worker import WorkerDied

TOPIC = "12_handshake"
SAMPLE = Path(__file__).parent / "grading" / "sample"
MAX = 6.0
RIGHT = {
    "encode-answer": "right = 1",
    "door-answer": "right = 1",
}


def make_course(root: Path, config: Path) -> Course:
    """The small course of sample/, built, in a new folder."""
    course = Course(root)
    shutil.copytree(SAMPLE, root)
    shutil.copy(config, root)
    build(course, TOPIC, draft=True)
    return course


def hand_in(course: Course, student: str, answers: Mapping[str, str] | None = None) -> Path:
    """Put a submission in its place; the release notebook with these cells answered."""
    folder = course.root / "submitted" / student / TOPIC
    folder.mkdir(parents=True, exist_ok=True)
    notebook = json.loads(course.release(TOPIC).read_text("utf-8"))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in (answers or {}):
            cell["source"] = answers[name]
    path = folder / f"{TOPIC}.ipynb"
    path.write_text(json.dumps(notebook), "utf-8")
    return path


class ToldWorker:
    """Gives marks by what the answers say: right, RAISE, DIE (once), KILL (the whole grader)."""

    made = 0
    graded: list[str] = []  # noqa: RUF012 (emptied by each test)

    def __init__(self, source: Any, lessons: Any = None, policy: Any = None, core: Any = None):
        type(self).made += 1

    def grade(self, submission: Any, files: Mapping[str, bytes] | None = None) -> Executed:
        text = " ".join(cell.source for cell in submission.cells)
        type(self).graded.append(text)
        if "DIE" in text and self.graded.count(text) == 1:
            raise WorkerDied("killed")
        if "KILL" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "RAISE" in text:
            raise ValueError("out of order")
        results, passed = [], False
        for cell in submission.cells:
            about = cell.metadata.get("nbgrader", {})
            if about.get("solution"):
                passed = "right" in cell.source
            elif about.get("grade"):
                points = float(about["points"])
                said = () if passed else ("Wrong: expected 1, got 2",)
                status = PASSED if passed else FAILED
                results.append(TestResult(about["grade_id"], points * passed, points, status, said))
                cell.outputs = [] if passed else [_error(said[0])]
        return Executed(submission, tuple(results))

    def close(self) -> None:
        pass


def _error(said: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": "E", "evalue": said, "traceback": [said]}


@dataclass
class Classroom:
    """A course with submissions that can be graded by `ToldWorker`s."""

    course: Course
    workers: int = 2
    options: dict[str, Any] = field(default_factory=dict)

    def pool(self, source: Path, lessons: Any, policy: Policy, workers: int | None) -> LocalPool:
        return LocalPool(source, lessons, policy, workers or self.workers, make=ToldWorker)

    def grade(self, **settings: Any) -> dict[str, Row]:
        """Grade, and give the rows by student."""
        ToldWorker.graded.clear()
        run = Run(self.course, TOPIC, Settings(sandbox="never", **settings), self.pool)
        return {row.student: row for row in run}
