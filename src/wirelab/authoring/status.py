"""Where each topic stands: written, built, edited by hand.

It reads files and builds nothing.
"""

from __future__ import annotations

from typing import Any

from wirelab.authoring import cache
from wirelab.authoring.build import edited_cells
from wirelab.authoring.figures import edited_figures
from wirelab.grading.course import PARTS, TOPICS, Course


def states(course: Course) -> list[dict[str, Any]]:
    """One row per topic of the course: topic, title, part, written, built, edited.

    `built` is true if the editions are what the lesson gives; `edited` names the editions that
    somebody changed since.
    """
    rows = []
    for each in TOPICS:
        written = course.lesson(each.id).is_file()
        built = written and any(
            cache.is_fresh(course, each.id, cache.inputs(course, each.id, draft))
            for draft in (False, True)
        )
        edited = []
        if edited_cells(course.source(each.id), None) or edited_figures(course, each.id):
            edited.append("source")
        if edited_cells(course.notebook(each.id), None):
            edited.append("notebook")
        rows.append(
            {
                "topic": each.id,
                "title": each.title,
                "part": PARTS[each.part],
                "written": written,
                "built": built,
                "edited": edited,
            }
        )
    return rows
