"""The course edition, by nbgrader's own converter and this course's own configuration.

It works in a temporary folder and without a database, so a build leaves no gradebook behind.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from wirelab.grading.errors import CourseError
from wirelab.grading.quick import skip_uri_grammar

if TYPE_CHECKING:
    from traitlets.config import Config


class _Complaints(logging.Handler):
    """Collects what nbgrader logs as an error: its exceptions only say that something was."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().strip().splitlines()[-1])


def release(root: Path, topic_id: str, instructor_edition: bytes) -> bytes:
    """What `nbgrader generate_assignment` makes of an instructor edition.

    Raises `CourseError` with nbgrader's own words where it refuses.
    """
    skip_uri_grammar()
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    complaints = _Complaints()
    log = logging.Logger("wirelab.release")  # not nbgrader's own: nothing is printed
    log.addHandler(complaints)
    with tempfile.TemporaryDirectory(prefix="wirelab-build-") as folder:
        source = Path(folder, "source", topic_id, f"{topic_id}.ipynb")
        source.parent.mkdir(parents=True)
        source.write_bytes(instructor_edition)
        config = _config(root, Path(folder))
        course = CourseDirectory(config=config, log=log, assignment_id=topic_id)
        converter = GenerateAssignment(coursedir=course, config=config, log=log)
        try:
            converter.start()
        except (NbGraderException, SystemExit):
            reason = "; ".join(dict.fromkeys(complaints.lines)) or "it does not say why"
            raise CourseError(f"nbgrader cannot release {topic_id}: {reason}") from None
        made = Path(folder, "release", topic_id, f"{topic_id}.ipynb")
        return made.read_bytes().replace(b"\r\n", b"\n")


def _config(root: Path, folder: Path) -> Config:
    """The course's configuration, but in another folder and without the gradebook."""
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.source_directory = "source"
    config.CourseDirectory.release_directory = "release"
    config.SaveCells.enabled = False
    config.GenerateAssignment.no_database = True
    return config
