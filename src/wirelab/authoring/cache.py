"""What the last build of a topic read and wrote, by digest: an unchanged topic needs no build.

The state is a convenience: without it, or with a damaged one, everything is built again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wirelab.grading.course import Course

_MAKERS = ("jupytext", "nbformat", "nbconvert", "nbgrader")


def inputs(course: Course, topic_id: str, draft: bool) -> str:
    """A digest of all that a build of the topic depends on, the builder itself included."""
    here = Path(__file__).parent
    files = [*_files(course.lesson(topic_id).parent), course.root / "nbgrader_config.py"]
    for package in ("authoring", "grading", "lab", "protocols"):  # the last three: diagnoses
        files += sorted((here.parent / package).glob("*.py"))
    what = hashlib.sha256(repr((draft, [version(name) for name in _MAKERS])).encode())
    for path in files:
        what.update(f"\0{path.name}\0{_digest(path)}".encode())
    return what.hexdigest()


def is_fresh(course: Course, topic_id: str, digest: str) -> bool:
    """Whether the last build read just this, and all that it wrote is still as it was."""
    last = _load(course).get(topic_id)
    if not isinstance(last, dict) or last.get("inputs") != digest:
        return False
    written = last.get("outputs")
    return bool(written) and written == _outputs(course, (course.root / name for name in written))


def remember(course: Course, topic_id: str, digest: str, written: Iterable[Path]) -> None:
    """Keep what a build read and wrote."""
    state = _load(course)
    state[topic_id] = {"inputs": digest, "outputs": _outputs(course, written)}
    path = _path(course)
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(beside, path)


def _outputs(course: Course, paths: Iterable[Path]) -> dict[str, str]:
    return {path.relative_to(course.root).as_posix(): _digest(path) for path in paths}


def _files(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _path(course: Course) -> Path:
    return course.state / "build.json"


def _load(course: Course) -> dict[str, Any]:
    try:
        state = json.loads(_path(course).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
