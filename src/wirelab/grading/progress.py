"""Points earned, topic by topic: kept in `.wirelab/progress.json` of the course, shown in 00_start.

A convenience of the learner's own, not a gradebook: a damaged file counts as none.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirelab.grading.course import PARTS, TOPICS, Course, course_root

if TYPE_CHECKING:
    from wirelab.grading.report import Report
    from wirelab.views.course_map import CourseMap


def record(root: Path, report: Report) -> None:
    """Keep the best result of a topic; a folder that cannot be written to is no error."""
    kept = load(root)
    entry = {
        "points": report.points,
        "max_points": report.max_points,
        "exercises": {each.id: [each.points, each.max_points] for each in report.exercises},
        "saved": report.saved.isoformat(timespec="seconds"),
    }
    before = kept.get(report.topic, {})
    if before.get("max_points") == entry["max_points"] and before["points"] > entry["points"]:
        return
    kept[report.topic] = entry
    path = _file(root)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(exist_ok=True)
        beside.write_text(json.dumps({"topics": kept}, indent=1, sort_keys=True), encoding="utf-8")
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)


def load(root: Path) -> dict[str, dict[str, Any]]:
    """For each topic that was ever checked: `points`, `max_points`, `exercises`, `saved`."""
    try:
        kept = json.loads(_file(root).read_text(encoding="utf-8"))["topics"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {topic: entry for topic, entry in kept.items() if _is_entry(entry)}


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(name), (int, float)) for name in ("points", "max_points")
    )


def _file(root: Path) -> Path:
    return Course(root).state / "progress.json"


def show() -> CourseMap:
    """The course as a map: its topics by part, the points earned, what is written already."""
    from wirelab.views.course_map import CourseMap, Stop

    root = course_root()
    kept = load(root) if root else {}
    stops = []
    for topic in TOPICS:
        path = Course(root).notebook(topic.id) if root else None
        there = path is not None and path.is_file()
        entry = kept.get(topic.id, {})
        stops.append(
            Stop(
                part=PARTS[topic.part],
                id=topic.id,
                title=topic.title,
                points=float(entry.get("points", 0)),
                max_points=_points_of(path) if there and topic.graded else 0.0,
                link=os.path.relpath(path).replace(os.sep, "/") if there else "",
            )
        )
    return CourseMap(stops)


def _points_of(notebook: Path) -> float:
    """The points of a notebook's test cells, read from their metadata."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        about = (cell["metadata"].get("nbgrader", {}) for cell in cells)
        return float(sum(each.get("points", 0) for each in about if each.get("grade")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0.0
