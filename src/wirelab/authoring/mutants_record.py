"""Which topics' mutants have been judged as they stand now: a tracked file for each in .ci/proved.

A record holds a digest of what the verdict depends on, so that a clean checkout knows, without
asking git, which topics have changed since. It judges nothing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from wirelab.grading.course import Course

# Beside the lesson: what makes mutants, and what tells a right result from a wrong one.
_PACKAGE = Path(__file__).parents[1]
_TOOLS = ("authoring/mutants.py", *(f"grading/{n}.py" for n in ("cases", "checks", "compare")))


def is_recorded(course: Course, topic_id: str) -> bool:
    """Whether the mutants of this very lesson were found killed, by these very checks."""
    try:
        record = json.loads(_path(course, topic_id).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("digest") == digest(course, topic_id)


def record(course: Course, topic_id: str, figures: dict[str, Any], judged: str) -> Path:
    """Remember that the mutants of the lesson with this digest were killed; the file it is in."""
    counted = {name: figures[name] for name in ("killed", "total", "equivalent")}
    path = _path(course, topic_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**counted, "digest": judged}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def _path(course: Course, topic_id: str) -> Path:
    return course.root / ".ci" / "proved" / f"{topic_id}.json"


def digest(course: Course, topic_id: str) -> str:
    """A digest of the lesson and of what makes and judges its mutants."""
    folder = course.lesson(topic_id).parent
    files = [folder / "lesson.py", folder / "misconceptions.py", *(_PACKAGE / t for t in _TOOLS)]
    what = hashlib.sha256()
    for path in files:
        octets = path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b""
        what.update(f"{path.name} {len(octets)}\n".encode() + octets)
    return what.hexdigest()
