"""The notebooks of a lesson: the instructor edition, and the self-study edition from a release.

It makes notebooks in memory. nbgrader makes the course edition in between (`release`), and
`build` decides what is written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from wirelab.authoring import markers
from wirelab.authoring.lesson import POINTED, Cell, Lesson, nbgrader_role
from wirelab.grading.course import topic
from wirelab.grading.quick import skip_uri_grammar

skip_uri_grammar()

import nbformat  # noqa: E402  (after the line that halves its import time)
from nbformat import NotebookNode  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell  # noqa: E402

MAKERS = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
HINT_TITLES = {"1": "Nudge", "2": "Way", "3": "Almost"}

# JupyterLab's Run All stops at a cell that fails, unless it says that it may: tests do.
MAY_FAIL = "raises-exception"

_FIGURE = re.compile(r"""(\]\(|src=["'])figures/""")
_NEIGHBOUR = re.compile(r"""(\]\(|href=["'])\.\./([a-z0-9_]+)/\2\.ipynb""")


def instructor_edition(lesson: Lesson) -> NotebookNode:
    """The notebook with solutions and hidden tests; hints are not in it."""
    notebook = new_notebook(metadata=_metadata(lesson))
    notebook.cells = [cell_of(cell) for cell in lesson.cells if cell.role != "hint"]
    notebook.metadata["wirelab"]["built"] = fingerprints(notebook)
    return notebook


def _metadata(lesson: Lesson) -> dict[str, Any]:
    known = topic(lesson.topic)
    return {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
        "title": lesson.front.get("title", known.title),
        "wirelab": {
            "topic": lesson.topic,
            "minutes": lesson.front.get("minutes"),
            "builds_on": list(lesson.front.get("builds_on") or []),
        },
    }


def cell_of(cell: Cell) -> NotebookNode:
    """A lesson's cell as a notebook's, its role said in nbgrader's terms."""
    metadata = {key: value for key, value in cell.metadata.items() if key != "title"}
    if cell.role:
        metadata["nbgrader"] = {
            "grade": cell.role in ("test", "essay"),
            "grade_id": cell.id,
            "locked": cell.role in ("given", "test", "task"),
            "schema_version": 3,
            "solution": cell.role in ("answer", "essay"),
            "task": cell.role == "task",
        }
        if cell.role in POINTED:
            metadata["nbgrader"]["points"] = cell.points
    if cell.role == "test":
        metadata["tags"] = [*metadata.get("tags", []), MAY_FAIL]
    return MAKERS[cell.kind](cell.source, id=cell.id, metadata=metadata)


# --- what a notebook holds, whoever saved it -------------------------------------------------


def head(cell: NotebookNode) -> list[Any]:
    """What a lesson's marker line says of a cell: kind, role, id, points, tags."""
    nbgrader = dict(cell.metadata.get("nbgrader", {}))
    role = nbgrader_role(nbgrader)
    points = nbgrader.get("points") if role in POINTED else None
    return [
        cell.cell_type,
        role,
        nbgrader.get("grade_id", "") if role else "",
        None if points is None else float(points),
        own_tags(cell),
    ]


def own_tags(cell: NotebookNode) -> list[str]:
    """The tags that an author gave a cell."""
    return sorted(tag for tag in cell.metadata.get("tags", []) if tag != MAY_FAIL)


def fingerprint(cell: NotebookNode) -> str:
    """A digest of what an author writes in a cell; outputs and layout do not count."""
    what = json.dumps([*head(cell), cell.source.strip("\n")])
    return hashlib.sha256(what.encode()).hexdigest()[:12]


def fingerprints(notebook: NotebookNode) -> list[str]:
    """One line per cell, `id fingerprint`: kept in the notebook, it tells an edit from a build."""
    return [f"{cell.get('id', '')} {fingerprint(cell)}" for cell in notebook.cells]


def dumps(notebook: NotebookNode) -> bytes:
    """The notebook as a file: UTF-8, LF, a final newline, the same octets every time."""
    return (nbformat.writes(notebook, version=4).rstrip("\n") + "\n").encode()


def loads(octets: bytes) -> NotebookNode:
    """The notebook in a file; raises `ValueError` if that is none."""
    try:
        return nbformat.reads(octets.decode(), as_version=4)
    except Exception as error:  # nbformat raises what it likes on what is not a notebook
        raise ValueError(f"not a notebook: {error}") from None


# --- the self-study edition --------------------------------------------------------------


def self_study_edition(lesson: Lesson, release: NotebookNode) -> NotebookNode:
    """The release, and for each exercise its hints and solution, folded; at the end the check.

    What a lesson says right after an answer, its hints, stands there; the solution follows.
    """
    from nbgrader.utils import compute_checksum  # slow to import, loaded for the release already

    notebook = nbformat.from_dict(json.loads(json.dumps(release)))
    by_id = {cell.id: cell for cell in notebook.cells}
    cells: list[NotebookNode] = []
    helps = _helps(lesson)
    for cell in lesson.cells:
        if cell.role != "hint":
            cells.append(by_id[cell.id])
        if cell.id in helps:
            exercise, source = helps[cell.id]
            cells.append(new_markdown_cell(source, id=f"{exercise}-help"))
    if any(cell.role == "test" for cell in lesson.cells):
        cells += _check_cells(lesson.topic)
    for cell in cells:
        if cell.cell_type == "markdown":
            before = cell.source
            cell.source = _FIGURE.sub(rf"\1figures/{lesson.topic}/", cell.source)
            cell.source = _NEIGHBOUR.sub(r"\1\2.ipynb", cell.source)
            if cell.source != before and "checksum" in cell.metadata.get("nbgrader", {}):
                # otherwise Validate says that the learner has changed it
                cell.metadata["nbgrader"]["checksum"] = compute_checksum(cell)
    notebook.cells = cells
    notebook.metadata["wirelab"]["built"] = fingerprints(notebook)
    return notebook


def _helps(lesson: Lesson) -> dict[str, tuple[str, str]]:
    """For the last answer or hint cell of an exercise: its name and the folded text below it."""
    helps = {}
    for exercise, cells in lesson.exercises().items():
        answers = [cell for cell in cells if cell.role in ("answer", "essay")]
        hints = [cell for cell in cells if cell.role == "hint"]
        if not answers and not hints:
            continue
        folds = [_hint(n, cell) for n, cell in enumerate(hints, start=1)]
        folds += [_fold("Solution", "\n\n".join(map(_solution, answers)))] if answers else []
        last = max((*answers, *hints), key=lambda cell: cell.line)
        helps[last.id] = (exercise, "\n\n".join(folds))
    return helps


def _hint(number: int, cell: Cell) -> str:
    """A folded hint; a first line of a word or two, without a full stop, is its title."""
    first, _, rest = cell.source.partition("\n")
    title = first.strip("#*_: ")
    if rest.strip() and len(title.split()) <= 4 and not re.search(r"[.?!`]", title):
        return _fold(f"Hint {number}: {title}", rest.strip())
    return _fold(f"Hint {number}: {HINT_TITLES.get(str(number), 'More')}", cell.source.strip())


def _solution(cell: Cell) -> str:
    text = markers.unmarked(cell.source).strip()
    if cell.kind != "code":
        return text
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}python\n{text}\n{fence}"


def _fold(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def _check_cells(topic_id: str) -> Iterable[NotebookNode]:
    yield new_markdown_cell(
        "## Check your answers\n\n"
        "Save the notebook (Ctrl+S, on a Mac ⌘S), run the next cell and press the button: your "
        "answers are marked as they would be in a course, hidden tests included.",
        id=f"{topic_id}-check-text",
    )
    yield new_code_cell(
        f'from wirelab.grading.selfcheck import check_button\n\ncheck_button("{topic_id}")',
        id=f"{topic_id}-check",
    )
