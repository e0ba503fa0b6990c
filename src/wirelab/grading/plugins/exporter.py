"""Reads what was handed in for `nbgrader autograde`: safely, and repaired from the source.

nbgrader would open whatever lies there, follow links, and give up on broken JSON. What is found
travels in the notebook's metadata to the steps after it.
"""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook
from nbgrader.converters import NbGraderException
from nbgrader.utils import parse_utc

from wirelab.grading.engine import extras
from wirelab.grading.engine.edition import Edition, Recorded
from wirelab.grading.engine.intake import Intake, take_in
from wirelab.grading.engine.reading import Unreadable, octets
from wirelab.grading.errors import CourseError
from wirelab.grading.plugins import mark
from wirelab.grading.plugins.execute import ExecuteInWorker


class SubmissionExporter(NotebookExporter):
    """Stands for `NotebookExporter` in `c.Autograde.exporter_class`."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.optimistic_validation = True  # once is enough for what we have made ourselves
        converter = self.parent
        if converter is not None and hasattr(converter, "assignments"):
            _refuse_without_sandbox(converter, ExecuteInWorker(parent=self))
            _leave_out(converter)
            _read_timestamps_safely(converter)

    def from_filename(self, filename: str, resources: Any = None, **options: Any) -> Any:
        """Take in a submission; a notebook that nbgrader itself has written is read as ever."""
        converter = self.parent
        if not getattr(converter, "_sanitizing", False) or "nbgrader" not in (resources or {}):
            return super().from_filename(filename, resources, **options)
        about = resources["nbgrader"]
        course = converter.coursedir
        edition = edition_of(course, about["assignment"], about["notebook"])
        path = Path(filename)
        intake = take_in(path, edition, below=path.parents[2] if len(path.parents) > 2 else None)
        for found in intake.findings:
            self.log.warning("%s: %s %s: %s", about["student"], *_words(found))
        notebook = marked(intake, edition)
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        return self.from_notebook_node(notebook, resources, **options)


def marked(intake: Intake, edition: Edition) -> Any:
    """The notebook with what was found written into its metadata."""
    mark.write(
        intake.notebook,
        findings=intake.findings,
        unreadable=intake.unreadable,
        edition=edition.digest,
    )
    return intake.notebook


def edition_of(course: Any, assignment: str, notebook: str) -> Edition:
    """The source edition, as the gradebook recorded it."""
    path = Path(course.format_path(course.source_directory, ".", assignment), f"{notebook}.ipynb")
    with Gradebook(course.db_url, course.course_id) as gradebook:
        return Edition.read(path, recorded(gradebook, assignment, notebook))


def recorded(gradebook: Gradebook, assignment: str, notebook: str) -> dict[str, Recorded]:
    """What the gradebook holds of each cell of a notebook; raises nbgrader's `MissingEntry`."""
    found = gradebook.find_notebook(notebook, assignment)
    points = {cell.name: cell.max_score for cell in (*found.grade_cells, *found.task_cells)}
    return {
        cell.name: Recorded(cell.cell_type, cell.source or "", cell.checksum, points.get(cell.name))
        for cell in found.source_cells
    }


def _refuse_without_sandbox(converter: Any, step: ExecuteInWorker) -> None:
    """Say it once, before the first submission; nbgrader ends at its own exception."""
    if converter.assignments and step.enabled:
        try:
            step.policy()
        except CourseError as refusal:
            converter.log.error("%s", refusal)
            raise NbGraderException(str(refusal)) from None


def _leave_out(converter: Any) -> None:
    """Tell nbgrader to copy no link, device, pipe or monster from the submissions it will grade."""
    course = converter.coursedir
    for folder in converter.assignments:
        for path, why in extras.forbidden(Path(folder)).items():
            converter.log.warning("%s is left out: %s", os.path.relpath(path, course.root), why)
            course.ignore = [*course.ignore, glob.escape(str(path))]


def _read_timestamps_safely(converter: Any) -> None:
    """A student's timestamp.txt may be anything; nbgrader would follow it, or stop at its text."""
    course = converter.coursedir

    def timestamp(folder: str) -> Any:
        path = Path(folder, "timestamp.txt")
        if not os.path.lexists(path):
            return None
        try:
            return parse_utc(octets(path, path.parent, 1000).decode().strip() or None)
        except (Unreadable, ValueError, OverflowError) as problem:
            converter.log.warning("%s counts for nothing: %s", path, problem)
            return None

    course.get_existing_timestamp = timestamp


def _words(found: Any) -> tuple[str, str, str]:
    return found.kind, found.cell, found.evidence
