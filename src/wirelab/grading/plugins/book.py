"""The one writer of a class: gradebook and autograded/ as `nbgrader autograde` leaves them.

It is nbgrader's own converter, told what to write by whoever ran the submission. Killed at any
moment, it leaves what the next run mends.
"""

from __future__ import annotations

import glob
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_config_dir
from nbconvert.writers import FilesWriter
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.utils import rmtree
from traitlets.config import Config, PyFileConfigLoader

from wirelab.grading.engine import extras
from wirelab.grading.engine.edition import Edition, Recorded
from wirelab.grading.engine.task import Executed, Policy
from wirelab.grading.errors import CourseError
from wirelab.grading.plugins.execute import ExecuteInWorker
from wirelab.grading.plugins.exporter import SubmissionExporter, recorded


@dataclass(frozen=True)
class Saved:
    """What the gradebook has of a submission; `score` is without the penalty."""

    score: float
    max_score: float
    late_s: float = 0.0
    penalty: float = 0.0


def configuration(root: Path) -> Config:
    """The user's nbgrader_config.py and, over it, the course's, as nbgrader has them."""
    config = Config()
    for folder in (Path(jupyter_config_dir()), root):
        if (folder / "nbgrader_config.py").is_file():
            config.merge(PyFileConfigLoader("nbgrader_config.py", str(folder)).load_config())
    config.CourseDirectory.root = str(root)
    return config


class Book(Autograde):
    """Writes the results of one topic, one submission at a time, in the course folder `root`."""

    def __init__(self, root: Path, topic: str):
        quiet = logging.Logger("wirelab.autograde", logging.CRITICAL)
        self.api = NbGraderAPI(config=configuration(root))
        self.api.log.setLevel(logging.CRITICAL)
        super().__init__(coursedir=self.api.coursedir, parent=self.api)
        self.log = quiet
        self.topic = topic
        self.coursedir.log = quiet
        self.coursedir.assignment_id = topic
        self._ignore = list(self.coursedir.ignore)
        self.writer = FilesWriter(parent=self, config=self.config)
        self.exporter = SubmissionExporter(parent=self, config=self.config)
        self._init_preprocessors()

    # --- what there is to grade ---------------------------------------------------------------

    @property
    def source(self) -> Path:
        """The instructor edition."""
        course = self.coursedir
        folder = course.format_path(course.source_directory, ".", self.topic)
        return Path(folder, f"{self.topic}.ipynb")

    def policy(self, sandbox: str | None = None, here: bool = True) -> Policy:
        """How the course's configuration wants submissions to be run."""
        step = ExecuteInWorker(parent=self.exporter)
        if sandbox:
            step.sandbox = sandbox
        return step.policy(here)

    def edition(self) -> Edition:
        """The source edition; the gradebook is told of it first where it knows another."""
        if not self.source.is_file():
            raise CourseError(f"there is no source/{self.topic}/{self.topic}.ipynb: build it first")
        cells = self._recorded()
        if not Edition.read(self.source).in_step(cells):
            outcome = self.api.generate_assignment(self.topic)
            if not outcome["success"]:
                said = (outcome.get("log") or outcome.get("error") or "").strip()
                raise CourseError("nbgrader refuses: " + "\n".join(said.splitlines()[-6:]))
            cells = self._recorded()
        return Edition.read(self.source, cells)

    def _recorded(self) -> dict[str, Recorded]:
        with tools_on_path(), self._gradebook() as gradebook:
            try:
                return recorded(gradebook, self.topic, self.topic)
            except MissingEntry:
                return {}

    def _gradebook(self) -> Gradebook:
        return Gradebook(self.coursedir.db_url, self.coursedir.course_id)

    def submissions(self) -> dict[str, Path]:
        """The folder of each student who handed in the topic, by student, in order."""
        course = self.coursedir
        pattern = course.format_path(course.submitted_directory, "*", self.topic)
        name = re.compile(
            course.format_path(course.submitted_directory, "(?P<id>.*)", self.topic, escape=True),
            re.DOTALL,
        )
        found = ((name.fullmatch(path), path) for path in glob.glob(pattern))
        return dict(sorted((match["id"], Path(path)) for match, path in found if match))

    def destination(self, student: str) -> Path:
        """Where a graded notebook is written."""
        return Path(self._format_dest(self.topic, student), f"{self.topic}.ipynb")

    def circumstances(self) -> dict[str, str]:
        """What else a mark depends on, by student: the deadline, with an extension."""
        with self._gradebook() as gradebook:
            return {
                each.student_id: str(each.duedate)
                for each in gradebook.assignment_submissions(self.topic)
            } | {"": str(gradebook.find_assignment(self.topic).duedate)}

    def saved(self) -> dict[str, Saved]:
        """What the gradebook has of each submission, by student."""
        with self._gradebook() as gradebook:
            return {
                each.student_id: self._saved(each)
                for each in gradebook.assignment_submissions(self.topic)
            }

    def _saved(self, submission: Any) -> Saved:
        return Saved(
            float(submission.score or 0),
            float(submission.max_score or 0),
            float(submission.total_seconds_late or 0),
            float(submission.late_submission_penalty or 0),
        )

    # --- writing ------------------------------------------------------------------------------

    def write(self, student: str, notebook: Any, executed: Executed) -> Saved:
        """Save a submission that was run: gradebook first, then autograded/.

        `notebook` is as it was taken in. Raises whatever nbgrader does.
        """
        folder = Path(self._format_source(self.topic, student))
        refused = (glob.escape(str(path)) for path in extras.forbidden(folder))
        self.coursedir.ignore = [*self._ignore, *refused]
        destination = self._format_dest(self.topic, student)
        if os.path.lexists(destination):
            rmtree(destination)
        self.notebooks = [str(folder / f"{self.topic}.ipynb")]
        self.init_assignment(self.topic, student)
        resources = self.init_single_notebook_resources(self.notebooks[0])
        resources["metadata"] = {"name": self.topic, "path": destination}
        resources["wirelab_executed"] = executed
        output, resources = self.exporter.from_notebook_node(notebook, resources)
        self.write_single_notebook(output, resources)
        self.set_permissions(self.topic, student)
        with self._gradebook() as gradebook:
            return self._saved(gradebook.find_submission(self.topic, student))

    def _init_preprocessors(self) -> None:
        self._sanitizing = False  # what comes in has been taken in already
        super()._init_preprocessors()
        self._sanitizing = True  # where the submissions lie is then found under "submitted"


@contextmanager
def tools_on_path() -> Iterator[None]:
    """nbgrader makes a new gradebook by calling `alembic`, which lies beside Python."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before
