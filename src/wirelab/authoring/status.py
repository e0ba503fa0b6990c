"""Where each topic stands: written, built, edited by hand, and the points earned in it.

It reads files and builds nothing.
"""

from __future__ import annotations

from typing import Any

from wirelab.authoring import cache
from wirelab.authoring.build import edited_cells
from wirelab.authoring.figures import edited_figures, figure_digests
from wirelab.authoring.lesson import read_lesson
from wirelab.grading import progress
from wirelab.grading.course import TOPICS, Course
from wirelab.grading.errors import CourseError


def states(course: Course) -> list[dict[str, Any]]:
    """One row per topic of the course: topic, title, written, built, edited, points, max_points.

    `built` is true if the editions are made from the lesson as it is; `edited` names the editions
    that somebody changed since; the points are the best that a check gave, or None.
    """
    rows, earned = [], progress.load(course.root)
    for each in TOPICS:
        written = course.lesson(each.id).is_file()
        edited = []
        if edited_cells(course.source(each.id), None) or edited_figures(course, each.id):
            edited.append("source")
        if edited_cells(course.notebook(each.id), None):
            edited.append("notebook")
        rows.append(
            {
                "topic": each.id,
                "title": each.title,
                "written": written,
                "built": written and _is_built(course, each.id),
                "edited": edited,
                "points": earned.get(each.id, {}).get("points"),
                "max_points": earned.get(each.id, {}).get("max_points"),
            }
        )
    return rows


def _is_built(course: Course, topic_id: str) -> bool:
    for path in (course.source(topic_id), course.release(topic_id), course.notebook(topic_id)):
        if not path.is_file():
            return False
    if any(
        cache.is_fresh(course, topic_id, cache.inputs(course, topic_id, draft))
        for draft in (False, True)
    ):
        return True
    from wirelab.authoring import editions  # slow to import

    try:
        lesson = read_lesson(topic_id, course.lesson(topic_id))
        notebook = editions.loads(course.source(topic_id).read_bytes())
    except (CourseError, ValueError):
        return False
    built = notebook.metadata.get("wirelab", {})
    now = editions.fingerprints(editions.instructor_edition(lesson))
    return built.get("built") == now and built.get("figures") == figure_digests(lesson)
