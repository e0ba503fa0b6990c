"""What was graded already, and from what: so that a second run does only what has changed.

A record is written after the marks and the notebook, all of it or nothing; what lacks one is graded
again. It knows no gradebook.
"""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from wirelab.grading.course import Course
from wirelab.grading.engine import extras
from wirelab.grading.engine.edition import digest

PARTS = ("grading", "lab", "protocols", "servers", "views")


def submission_digest(folder: Path) -> str:
    """A digest of all files that were handed in; those that may not be read count by their kind."""
    refused = extras.forbidden(folder)
    parts: list[str | bytes] = []
    for path, about in extras.walk(folder):
        parts += [path.relative_to(folder).as_posix()]
        try:
            large = about.st_size > extras.ALL_BYTES
            unread = path in refused or large
            parts += [refused.get(path, str(about.st_size)) if unread else path.read_bytes()]
        except OSError as error:
            parts += [str(error.errno)]
    return digest(*parts)


@cache
def grader_digest() -> str:
    """A digest of the code that grades, and of what notebooks and tests call."""
    root = Path(__file__).resolve().parents[1]
    paths = (path for part in PARTS for path in sorted((root / part).rglob("*.py")))
    return digest(sys.version, *(path.read_bytes() for path in paths))


def lesson_digest(course: Course, topic: str) -> str:
    """A digest of what messages are made from."""
    folder = course.lessons / topic
    return digest(*(path.read_bytes() for path in sorted(folder.glob("*.py"))))


def file_name(student: str) -> str:
    """The name of a student's record: an id may hold what a file name cannot."""
    return digest(student)[:32] + ".json"


def read_record(path: Path) -> dict[str, Any]:
    """A record; empty where there is none that is whole."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return record if isinstance(record.get("row"), dict) else {}
    except (OSError, ValueError, AttributeError):
        return {}


def write_record(path: Path, record: dict[str, Any]) -> None:
    """All of it or nothing, whenever we are killed."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(record), encoding="utf-8")
    os.replace(new, path)
