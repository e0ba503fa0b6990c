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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from jupyter_core.paths import jupyter_config_dir
from nbconvert.exporters.exporter import ResourcesDict
from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata
from nbgrader.utils import find_all_files, rmtree
from traitlets.config import Config, PyFileConfigLoader

from wirelab.grading.engine.edition import Edition, Recorded
from wirelab.grading.engine.task import Executed, Policy
from wirelab.grading.errors import CourseError
from wirelab.grading.plugins.execute import ExecuteInWorker
from wirelab.grading.plugins.exporter import SubmissionExporter, recorded
from wirelab.grading.plugins.save import SaveScores, save


@dataclass(frozen=True)
class Saved:
    """What the gradebook has of a submission; `score` is without the penalty."""

    score: float
    max_score: float
    late_s: float = 0.0
    penalty: float = 0.0


@dataclass(frozen=True)
class Known:
    """What the gradebook has of a submission before it is graded again."""

    score: float
    max_score: float
    extension: str = ""


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

    def known(self) -> dict[str, Known]:
        """What the gradebook has of each submission, by student, in one question."""
        wanted = SubmittedAssignment
        with self._gradebook() as gradebook:
            found = gradebook.db.query(
                wanted.student_id, wanted.score, wanted.max_score, wanted.extension
            ).filter(wanted.assignment_id == gradebook.find_assignment(self.topic).id)
            return {
                student: Known(float(score or 0), float(most or 0), str(extension or ""))
                for student, score, most, extension in found
            }

    def deadline(self) -> str:
        """When the topic is due, as the gradebook has it."""
        with self._gradebook() as gradebook:
            return str(gradebook.find_assignment(self.topic).duedate or "")

    def _saved(self, submission: Any) -> Saved:
        return Saved(
            float(submission.score or 0),
            float(submission.max_score or 0),
            float(submission.total_seconds_late or 0),
            float(submission.late_submission_penalty or 0),
        )

    # --- writing ------------------------------------------------------------------------------

    def write(
        self, student: str, notebook: Any, executed: Executed, files: Mapping[str, bytes]
    ) -> Saved:
        """Save a submission that was run: gradebook first, then autograded/.

        `notebook` is as it was taken in, `files` what was handed in beside it. Raises whatever
        nbgrader does.
        """
        resources = self._resources(student, executed)
        for step in self._steps:
            notebook, resources = step(notebook, resources)
        saved = self._save(student, notebook)
        final = Path(self._format_dest(self.topic, student))
        new = final.with_name(f".{final.name}.new")
        for folder in (new, final):
            if os.path.lexists(folder):
                rmtree(str(folder))
        new.mkdir(parents=True)
        for name, content in {**files, **self._beside}.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        text = nbformat.v4.writes(notebook)
        (new / f"{self.topic}.ipynb").write_text(f"{text}\n", encoding="utf-8")
        new.rename(final)
        self.set_permissions(self.topic, student)
        return saved

    def _resources(self, student: str, executed: Executed) -> Any:
        about = {"student": student, "assignment": self.topic, "notebook": self.topic}
        about["db_url"] = self.coursedir.db_url
        folder = self._format_dest(self.topic, student)
        metadata = {"name": self.topic, "path": folder}
        return ResourcesDict(nbgrader=about, metadata=metadata, wirelab_executed=executed)

    def _save(self, student: str, notebook: Any) -> Saved:
        """All of a submission's marks, comments and penalty: one transaction, or nothing.

        nbgrader commits after each step; its session has joined ours, where that is no end.
        """
        book, connection = self._open
        with connection.begin():
            try:
                book.update_or_create_student(student)
                when = self.coursedir.get_existing_timestamp(
                    self._format_source(self.topic, student)
                )
                known = {"timestamp": when} if when else {}
                submission = book.update_or_create_submission(self.topic, student, **known)
                submitted = book.find_submission_notebook(self.topic, self.topic, student)
                save(submitted, notebook)
                if self._late:
                    self._penalty(student, submission, submitted)
                book.db.flush()
                saved = self._saved(submission)
                book.db.commit()
            except BaseException:
                book.db.rollback()
                raise
        return saved

    def _penalty(self, student: str, submission: Any, submitted: Any) -> None:
        submitted.late_submission_penalty = None
        if submission.total_seconds_late > 0:
            self._open[0].db.flush()
            points = self._late.plugin_inst.late_submission_penalty(
                student, submitted.score, submission.total_seconds_late
            )
            if points is not None:
                points = self._late._check_late_penalty(submitted, points)
                submitted.late_submission_penalty = points

    def _init_preprocessors(self) -> None:
        """nbgrader's steps as configured; what opens the gradebook anew each time is done here.

        What `CheckCellMetadata` checks is the source's own metadata: intake has put it there.
        """
        self._sanitizing = False
        super()._init_preprocessors()
        self._sanitizing = True  # where the submissions lie is then found under "submitted"
        steps = self.exporter._preprocessors
        here = (SaveScores, AssignLatePenalties, CheckCellMetadata)
        self._steps = [step for step in steps if type(step) not in here]
        late = [step for step in steps if type(step) is AssignLatePenalties and step.enabled]
        self._late = late[0] if late else None
        if self._late:
            self._late.init_plugin()

    @cached_property
    def _open(self) -> tuple[Gradebook, Any]:
        """The gradebook, open as long as this one writer, and the connection that it writes to."""
        book = self._gradebook()
        connection = book.engine.connect()
        book.db.remove()
        book.db.configure(bind=connection, join_transaction_mode="rollback_only")
        return book, connection

    @cached_property
    def _beside(self) -> dict[str, bytes]:
        """The source's own files, which win over what was handed in."""
        folder = self.source.parent
        kept = {str(folder / name) for name in self.exclude_overwriting.get(self.topic, ())}
        found = find_all_files(str(folder), [*self.coursedir.ignore, "*.ipynb"])
        paths = (Path(path) for path in found if path not in kept)
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    def close(self) -> None:
        """Close the gradebook."""
        if "_open" in self.__dict__:
            book, connection = self._open
            connection.close()
            book.close()


@contextmanager
def tools_on_path() -> Iterator[None]:
    """nbgrader makes a new gradebook by calling `alembic`, which lies beside Python."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before
