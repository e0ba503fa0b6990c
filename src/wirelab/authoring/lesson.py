"""A lesson as text: `lessons/<topic>/lesson.py` taken apart into cells that know their line.

jupytext reads the cells; this module adds roles, ids and where each cell stands. It judges
nothing (`rules` does) and makes no notebook (`editions` does).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from wirelab.grading.errors import CourseError
from wirelab.grading.quick import skip_uri_grammar

ROLES = ("given", "answer", "test", "essay", "task", "hint")
POINTED = ("test", "essay", "task")  # the roles that carry points

FORMAT = {"extension": ".py", "format_name": "percent"}
_LAYOUT = ("lines_to_next_cell", "lines_to_end_of_cell_marker", "cell_marker")
_EXERCISE = re.compile(
    r"(?P<exercise>[a-z0-9]+(?:-[a-z0-9]+)*?)-(?P<part>brief|answer|test|hint|essay|task)"
    r"(?:-(?P<rest>[a-z0-9-]+))?"
)


@dataclass(frozen=True)
class Problem:
    """Something to mend in a file: `line` counts from 1, 0 is the file as a whole."""

    path: Path
    line: int
    message: str

    def at(self, root: Path) -> str:
        """`lessons/12_handshake/lesson.py:12: message`, the path relative to `root`."""
        path = self.path.relative_to(root) if self.path.is_relative_to(root) else self.path
        return f"{path.as_posix()}:{self.line or ''}{': ' if self.line else ' '}{self.message}"


class LessonProblems(CourseError):
    """One or more `Problem`s, all of a topic together."""

    def __init__(self, problems: list[Problem], root: Path) -> None:
        self.problems = sorted(problems, key=lambda each: (str(each.path), each.line))
        super().__init__("\n".join(each.at(root) for each in self.problems))


@dataclass(frozen=True)
class Cell:
    """One cell: `line` is that of its `# %%` marker, `text` its lines as they stand there."""

    kind: str  # code, markdown or raw
    source: str
    line: int
    text: str
    role: str = ""
    given_id: str = ""
    points: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    layout: dict[str, Any] = field(default_factory=dict)
    native: bool = False  # its role was written as nbgrader's own metadata
    id: str = ""  # the given one, or <topic>-NN

    @cached_property
    def _parts(self) -> re.Match[str] | None:
        return _EXERCISE.fullmatch(self.given_id)

    @property
    def exercise(self) -> str:
        """The exercise it is part of, "" if of none."""
        return self._parts["exercise"] if self._parts else ""

    @property
    def part(self) -> str:
        """Its part in the exercise: brief, answer, test, hint, essay or task; "" if none."""
        return self._parts["part"] if self._parts else ""


@dataclass(frozen=True)
class Lesson:
    """A whole lesson; `preamble` is the text before its first cell."""

    topic: str
    path: Path
    front: dict[str, Any]
    preamble: str
    cells: tuple[Cell, ...]

    def exercises(self) -> dict[str, list[Cell]]:
        """The cells of each exercise, in order."""
        found: dict[str, list[Cell]] = {}
        for cell in self.cells:
            if cell.exercise and (cell.role or cell.part == "brief"):
                found.setdefault(cell.exercise, []).append(cell)
        return found


def read_lesson(topic: str, path: Path) -> Lesson:
    """The lesson in the file `path`; raises `LessonProblems` where it cannot be taken apart."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        problem = Problem(path, 0, f"save it as UTF-8 ({error.reason})")
        raise LessonProblems([problem], path.parents[2]) from None
    return parse_lesson(topic, path, text.replace("\r\n", "\n"))


def parse_lesson(topic: str, path: Path, text: str) -> Lesson:
    """The lesson in `text`, which stands, or will stand, in the file `path`."""
    lines = text.splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith("# %%")), len(lines))
    front = _front_matter(lines[:first], path)
    cells = _number(topic, _cells(lines, first))
    preamble = "".join(line + "\n" for line in lines[:first])
    return Lesson(topic, path, front, preamble, tuple(cells))


def _front_matter(lines: list[str], path: Path) -> dict[str, Any]:
    """What the `# ---` header holds under `wirelab:`; comments around it are left alone."""
    bars = [n for n, line in enumerate(lines) if line.rstrip() == "# ---"]
    for n, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            message = 'code before the first cell: put "# %%" on a line of its own above it'
            raise LessonProblems([Problem(path, n + 1, message)], path.parents[2])
    if not bars:
        return {}
    if len(bars) != 2:
        message = 'the header needs two "# ---" lines, one above and one below'
        raise LessonProblems([Problem(path, bars[0] + 1, message)], path.parents[2])
    block = "\n".join(line[1:].removeprefix(" ") for line in lines[bars[0] + 1 : bars[1]])
    try:
        front = (yaml.safe_load(block) or {}).get("wirelab")
    except (yaml.YAMLError, AttributeError):
        front = None
    if not isinstance(front, dict):
        message = 'the header is not YAML with "wirelab:" and, indented, title, minutes, builds_on'
        raise LessonProblems([Problem(path, bars[0] + 1, message)], path.parents[2])
    return front


def _cells(lines: list[str], first: int) -> list[Cell]:
    """The cells from line index `first` on, each with the lines it stands on."""
    if first == len(lines):
        return []
    skip_uri_grammar()
    import jupytext  # slow to import, and an unchanged topic needs none of it
    from jupytext.formats import get_format_implementation

    reader_class = get_format_implementation(".py", "percent").cell_reader_class
    notebook = jupytext.reads("\n".join(lines[first:]) + "\n", fmt="py:percent")
    cells, at = [], first
    for node in notebook.cells:
        _, length = reader_class(FORMAT).read(lines[at:])
        metadata = dict(node.metadata)
        layout = {key: metadata.pop(key) for key in _LAYOUT if key in metadata}
        native = metadata.pop("nbgrader", None) or {}
        cells.append(
            Cell(
                kind=node.cell_type,
                source=node.source,
                line=at + 1,
                text="".join(line + "\n" for line in lines[at : at + length]),
                role=str(metadata.pop("role", nbgrader_role(native))),
                given_id=str(metadata.pop("id", native.get("grade_id", ""))),
                points=metadata.pop("points", native.get("points")),
                metadata=metadata,
                layout=layout,
                native=bool(native),
            )
        )
        at += length
    if at != len(lines):
        raise CourseError(f"jupytext left lines {at + 1} to {len(lines)} of the lesson unread")
    return cells


def _number(topic: str, cells: list[Cell]) -> list[Cell]:
    """The cells with an id each: the given one, or `<topic>-NN`, counting those without."""
    numbered, count = [], 0
    for cell in cells:
        count += not cell.given_id
        numbered.append(replace(cell, id=cell.given_id or f"{topic}-{count:02}"))
    return numbered


def nbgrader_role(metadata: dict[str, Any]) -> str:
    """The role that nbgrader's own cell metadata amounts to."""
    if metadata.get("task"):
        return "task"
    if metadata.get("grade"):
        return "essay" if metadata.get("solution") else "test"
    if metadata.get("solution"):
        return "answer"
    return "given" if metadata.get("locked") else ""
