"""Bring an edit of `source/<topic>/<topic>.ipynb` home into `lessons/<topic>/lesson.py`.

A merge of three: the notebook keeps a fingerprint of every cell as it was built, so what the
instructor changed and what the lesson's author changed since are known apart. Cells that
nobody edited in the notebook, and all hints, stay byte for byte as they stand in the lesson.
"""

from __future__ import annotations

import difflib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wirelab.authoring import editions
from wirelab.authoring.build import Edited, instructor_octets, write
from wirelab.authoring.figures import edited_figures, folders
from wirelab.authoring.lesson import (
    POINTED,
    Cell,
    Lesson,
    nbgrader_role,
    parse_lesson,
    read_lesson,
)
from wirelab.grading.course import Course
from wirelab.grading.errors import CourseError

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Adoption:
    """What an adoption would write: the lesson's new text, and figures by name."""

    topic: str
    text: str
    figures: tuple[str, ...]
    diff: str


def propose(course: Course, topic_id: str) -> Adoption:
    """What it takes to bring the topic's edited notebook home; `diff` is "" if nothing.

    Raises `CourseError` where there is no notebook or lesson to read, and `Edited` where both
    changed the same cell.
    """
    source = course.source(topic_id)
    for path in (source, course.lesson(topic_id)):
        if not path.is_file():
            name = path.relative_to(course.root).as_posix()
            raise CourseError(f"there is no {name}, so there is nothing to adopt")
    lesson = read_lesson(topic_id, course.lesson(topic_id))
    try:
        notebook = editions.loads(source.read_bytes())
    except ValueError as error:
        name = source.relative_to(course.root).as_posix()
        raise CourseError(
            f"{name} cannot be read ({error}). Mend it, or give it up with "
            f"`wirelab build {topic_id} --discard-edits`."
        ) from None
    merged = _Merge(lesson, notebook).text()
    _refuse_loss(lesson, notebook, merged)
    old = course.lesson(topic_id).read_text(encoding="utf-8")
    name = course.lesson(topic_id).relative_to(course.root).as_posix()
    diff = "".join(
        difflib.unified_diff(
            old.splitlines(keepends=True),
            merged.splitlines(keepends=True),
            name,
            f"{name} (adopted)",
        )
    )
    figures = tuple(edited_figures(course, topic_id))
    diff += "".join(f"figures/{each} is taken over from source/\n" for each in figures)
    return Adoption(topic_id, merged, figures, diff)


def accept(course: Course, adoption: Adoption) -> list[str]:
    """Write the proposal into the lesson, and the notebook anew from it; the files written.

    The notebook is made even where the lesson breaks a rule now: the edit is home, and mended
    there. `build` then says what is to be mended, and makes the other editions.
    """
    topic_id, path = adoption.topic, course.lesson(adoption.topic)
    written = [path] if write(path, adoption.text.encode()) else []
    for name in adoption.figures:
        home = path.parent / "figures" / name
        home.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folders(course, topic_id)[0] / name, home)
        written.append(home)
    source = course.source(topic_id)
    if write(source, instructor_octets(read_lesson(topic_id, path))):
        written.append(source)
    return [each.relative_to(course.root).as_posix() for each in written]


def _refuse_loss(lesson: Lesson, notebook: NotebookNode, text: str) -> None:
    """Raise `CourseError` if a cell of the notebook would not come back from the new text."""
    new = editions.instructor_edition(parse_lesson(lesson.topic, lesson.path, text))
    there = {editions.fingerprint(cell) for cell in new.cells}
    merge = _Merge(lesson, notebook)
    for cell_id, cell in merge.theirs.items():
        if merge.edited_there(cell_id) and editions.fingerprint(cell) not in there:
            raise CourseError(
                f'{lesson.topic}: the cell "{cell_id}" cannot be written as lesson text (does a '
                'line of it begin with "# %%"?). Bring this one home by hand.'
            )


class _Merge:
    """One lesson and one edited notebook, on their way to one text."""

    def __init__(self, lesson: Lesson, notebook: NotebookNode) -> None:
        self.lesson = lesson
        now = editions.instructor_edition(lesson)
        self.ours = {cell.id: cell for cell in lesson.cells}
        self.our_prints = dict(line.split() for line in editions.fingerprints(now))
        self.theirs = {cell.get("id", ""): cell for cell in notebook.cells}
        if len(self.theirs) != len(notebook.cells):
            raise CourseError(
                f"{lesson.topic}: the notebook has lost its cell ids (an old program saved it?) or "
                "has one twice. Copy what you changed into lesson.py by hand, then "
                f"`wirelab build {lesson.topic} --discard-edits`."
            )
        built = notebook.metadata.get("wirelab", {}).get("built")
        # A notebook that no build made: every difference from the lesson is the instructor's.
        self.base = dict(line.split() for line in built or editions.fingerprints(now))

    def text(self) -> str:
        """The lesson with the notebook's edits in it."""
        self._refuse_conflicts()
        order = self._order()
        blocks = [self._block(cell_id) for cell_id in order]
        last = self.lesson.cells[-1].id if self.lesson.cells else ""
        for n, cell_id in enumerate(order[:-1]):
            if cell_id == last:  # it ended the file: no blank line is below it yet
                blocks[n] += "\n"
        text = self.lesson.preamble + "".join(blocks)
        return text if order[-1:] == [last] else text.rstrip("\n") + "\n"

    def edited_there(self, cell_id: str) -> bool:
        """Whether the notebook's cell is new or not as it was built."""
        return editions.fingerprint(self.theirs[cell_id]) != self.base.get(cell_id)

    def _refuse_conflicts(self) -> None:
        both = []
        for cell_id in [*self.base, *(self.theirs.keys() - self.base.keys())]:
            base, here = self.base.get(cell_id), self.our_prints.get(cell_id)
            there = self.theirs.get(cell_id)
            now = None if there is None else editions.fingerprint(there)
            if here != base and now not in (base, here):
                both.append(f'"{cell_id}"')
        if both:
            raise Edited(
                f"{self.lesson.topic}: both lesson.py and the notebook changed {', '.join(both)} "
                "since the last build. Write into lesson.py what shall stand there in the end, put "
                "the very same text into the notebook's cell, then adopt again."
            )

    def _order(self) -> list[str]:
        """The ids of the merged cells: in the notebook's order if it moved any, else in ours."""
        kept = [
            cell_id
            for cell_id, cell in self.ours.items()
            if cell.role == "hint" or cell_id in self.theirs or cell_id not in self.base
        ]
        common = {cell_id for cell_id in kept if cell_id in self.theirs and cell_id in self.base}
        new = self.theirs.keys() - self.base.keys() - self.ours.keys()
        theirs = [cell_id for cell_id in self.theirs if cell_id in common]
        if theirs == [cell_id for cell_id in self.base if cell_id in common]:
            return self._in_our_order(kept, new)
        return self._in_their_order(kept, common, new)

    def _in_our_order(self, kept: list[str], new: set[str]) -> list[str]:
        """Our order; a cell that is new in the notebook follows the one it follows there."""
        order, index = list(kept), 0
        for cell_id in self.theirs:
            if cell_id in new:
                order.insert(index, cell_id)
            if cell_id in order:
                index = order.index(cell_id) + 1
                while index < len(order) and self._is_hint(order[index]):
                    index += 1
        return order

    def _in_their_order(self, kept: list[str], common: set[str], new: set[str]) -> list[str]:
        """The notebook's order; what only the lesson has follows the cell it followed here."""
        followers: dict[str, list[str]] = {}
        anchor = ""
        for cell_id in kept:
            if cell_id in common:
                anchor = cell_id
            else:
                followers.setdefault(anchor, []).append(cell_id)
        order = followers.get("", [])
        for cell_id in self.theirs:
            if cell_id in common or cell_id in new:
                order += [cell_id, *followers.get(cell_id, ())]
        return order

    def _is_hint(self, cell_id: str) -> bool:
        return cell_id in self.ours and self.ours[cell_id].role == "hint"

    def _block(self, cell_id: str) -> str:
        """A cell as lesson text: as it stands in ours or, if edited in theirs, rendered anew."""
        ours, there = self.ours.get(cell_id), self.theirs.get(cell_id)
        if there is None:
            return ours.text
        unedited = not self.edited_there(cell_id)
        if ours and (unedited or editions.fingerprint(there) == self.our_prints.get(cell_id)):
            return ours.text
        return _render(there, ours)


def _render(cell: NotebookNode, ours: Cell | None) -> str:
    """The lesson text of an edited cell; its marker line stays if nothing in it changed."""
    import jupytext
    from nbformat.v4 import new_notebook

    metadata = _metadata(cell, ours)
    if ours and "cell_marker" in ours.layout:
        metadata["cell_marker"] = ours.layout["cell_marker"]
    node = editions.MAKERS[cell.cell_type](cell.source.strip("\n"), metadata=metadata)
    notebook = new_notebook(cells=[node], metadata={"jupytext": {"cell_metadata_filter": "all"}})
    text = jupytext.writes(notebook, fmt="py:percent")
    lines = text[text.index("# %%") :].rstrip("\n").split("\n")
    if ours and editions.head(editions.cell_of(ours)) == editions.head(cell):
        lines[0] = ours.text.split("\n", 1)[0]
    blank = len(ours.text) - len(ours.text.rstrip("\n")) if ours else 2
    return "\n".join(lines) + "\n" * blank


def _metadata(cell: NotebookNode, ours: Cell | None) -> dict[str, Any]:
    """What the marker line of an edited cell says: role, id, points, tags, and what ours had."""
    nbgrader = dict(cell.metadata.get("nbgrader", {}))
    role = nbgrader_role(nbgrader)
    metadata: dict[str, Any] = {}
    if role:
        metadata |= {"role": role, "id": nbgrader.get("grade_id", "")}
    elif ours and ours.given_id:
        metadata["id"] = ours.given_id
    if role in POINTED:
        points = nbgrader.get("points", 0)
        metadata["points"] = int(points) if points == int(points) else points
    if tags := editions.own_tags(cell):
        metadata["tags"] = tags
    kept = ours.metadata if ours else {}
    return metadata | {key: value for key, value in kept.items() if key != "tags"}
