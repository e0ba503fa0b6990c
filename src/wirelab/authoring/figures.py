"""The figures of a lesson, copied beside each edition.

It copies files and never draws one. The instructor edition's metadata keeps a digest of each,
so that a figure edited there is not overwritten.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from wirelab.authoring.lesson import Lesson
from wirelab.grading.course import Course


def figures_of(folder: Path) -> dict[str, Path]:
    """The files of a figures folder by their path in it; scripts and hidden files left out."""
    if not folder.is_dir():
        return {}
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.suffix not in (".py", ".pyc")
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def digest(path: Path) -> str:
    """A short digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def figure_digests(lesson: Lesson) -> dict[str, str]:
    """Name and digest of each figure of a lesson."""
    return {name: digest(path) for name, path in figures_of(lesson.path.parent / "figures").items()}


def folders(course: Course, topic_id: str) -> tuple[Path, Path, Path]:
    """Where the figures of the instructor, course and self-study editions lie."""
    return (
        course.source(topic_id).parent / "figures",
        course.release(topic_id).parent / "figures",
        course.notebook(topic_id).parent / "figures" / topic_id,
    )


def edited_figures(course: Course, topic_id: str) -> list[str]:
    """Names of figures in `source/` that are neither as built nor as in the lesson."""
    built, home = _built(course, topic_id), course.lesson(topic_id).parent / "figures"
    there = figures_of(folders(course, topic_id)[0])
    known = {name: {built.get(name, "")} for name in there}
    for name in there:
        if (home / name).is_file():
            known[name].add(digest(home / name))
    return [name for name, path in there.items() if digest(path) not in known[name]]


def _built(course: Course, topic_id: str) -> dict[str, str]:
    try:
        notebook = json.loads(course.source(topic_id).read_text(encoding="utf-8"))
        return dict(notebook["metadata"]["wirelab"]["figures"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def plan_figures(course: Course, lesson: Lesson) -> dict[Path, bytes | None]:
    """What must be in each edition's figures folder; None for a file that must go."""
    home = figures_of(lesson.path.parent / "figures")
    wanted: dict[Path, bytes | None] = {}
    for folder in folders(course, lesson.topic):
        wanted |= {path: None for name, path in figures_of(folder).items() if name not in home}
        wanted |= {folder / name: path.read_bytes() for name, path in home.items()}
    return wanted
