"""What a lesson must be before anything is built from it: each rule one small function.

A rule reads a `Lesson` and yields `Problem`s; all rules always run, so that an author sees
everything at once. What misconceptions must be is in `planted`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wirelab.authoring import markers
from wirelab.authoring.code import CellSyntaxError, Code, parse, unjudged
from wirelab.authoring.lesson import POINTED, ROLES, Cell, Lesson, Problem
from wirelab.grading.course import is_topic, topic

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FIGURE = re.compile(r"""(?:\]\(|src=["'])(figures/[^)"'\s]+)""")
_ID_LIMIT = 64  # nbformat's own

HINTS = 3
REGION_OF = {  # where each kind of region may stand
    markers.SOLUTION: ("answer", "essay"),
    markers.HIDDEN: ("test",),
    markers.SCHEME: ("task", "essay"),
}


def problems(lesson: Lesson, codes: dict[str, Code], draft: bool = False) -> Iterator[Problem]:
    """Everything wrong with the lesson; `draft` leaves out what is only not there yet.

    `codes` receives each code cell that parses, by its id.
    """
    yield from front_matter(lesson)
    yield from ids(lesson)
    yield from roles(lesson)
    yield from regions(lesson)
    yield from code_cells(lesson, codes)
    yield from test_endings(lesson)
    yield from test_names(lesson, codes)
    if not draft:
        yield from figures(lesson)
        yield from exercises(lesson)


def _at(lesson: Lesson, cell: Cell, message: str, line: int = 0) -> Problem:
    """A problem of a cell; `line` counts from its first line of source, 0 is its marker."""
    return Problem(lesson.path, cell.line + line, message)


def front_matter(lesson: Lesson) -> Iterator[Problem]:
    """The header says the minutes needed and which topics this one builds on."""
    if not isinstance(lesson.front.get("minutes"), int):
        yield Problem(
            lesson.path,
            1,
            'the header lacks "minutes: 90" (a whole number): begin the file with "# ---", '
            '"# wirelab:", "#   minutes: 90", "#   builds_on: []", "# ---"',
        )
    for name in lesson.front.get("builds_on") or []:
        if not is_topic(str(name)) or name == lesson.topic:
            yield Problem(lesson.path, 1, f"builds_on names {name!r}, which is not another topic")


def ids(lesson: Lesson) -> Iterator[Problem]:
    """Ids are there where a role needs one, well formed, and each stands once."""
    first: dict[str, Cell] = {}
    for cell in lesson.cells:
        if cell.role and not cell.given_id:
            yield _at(lesson, cell, f'the {cell.role} cell has no id: add id="..."')
        if cell.given_id and not cell.native and not _ID.fullmatch(cell.given_id):
            yield _at(
                lesson,
                cell,
                f'malformed id "{cell.given_id}": lower case letters, digits and single hyphens '
                'only, as in "checksum-test-odd-length"',
            )
        if len(cell.id) > _ID_LIMIT:
            yield _at(lesson, cell, f'the id "{cell.id}" is longer than {_ID_LIMIT} characters')
        if cell.id in first:
            line = first[cell.id].line
            yield _at(lesson, cell, f'duplicate id "{cell.id}", first used in line {line}')
        first.setdefault(cell.id, cell)


def roles(lesson: Lesson) -> Iterator[Problem]:
    """A role is one of six, agrees with the id, stands on the right kind of cell, has points."""
    for cell in lesson.cells:
        if cell.role and cell.role not in ROLES:
            yield _at(lesson, cell, f'unknown role "{cell.role}": one of {", ".join(ROLES)}')
            continue
        yield from _points(lesson, cell)
        if cell.native:
            continue
        if cell.role in ("answer", "test", "hint", "essay", "task") and cell.part != cell.role:
            wanted = f"<exercise>-{cell.role}" + {"hint": "-1", "test": "-<behaviour>"}.get(
                cell.role, ""
            )
            yield _at(lesson, cell, f'id "{cell.given_id}" of a {cell.role} cell: name it {wanted}')
        if cell.role == "hint" and cell.kind != "markdown":
            yield _at(lesson, cell, 'a hint is text: write "# %% [markdown] role="hint" ..."')
        if cell.role == "task" and cell.kind != "markdown":
            yield _at(lesson, cell, 'a task is text: write "# %% [markdown] role="task" ..."')
        if cell.role in ("answer", "test") and cell.kind != "code":
            yield _at(lesson, cell, f'a {cell.role} cell is code: leave out "[markdown]"')


def _points(lesson: Lesson, cell: Cell) -> Iterator[Problem]:
    if cell.role in POINTED:
        number = isinstance(cell.points, (int, float)) and not isinstance(cell.points, bool)
        if cell.points is None:
            yield _at(lesson, cell, f'the {cell.role} cell has no points: add "points=1"')
        elif not number or cell.points < 0:
            yield _at(lesson, cell, f"points={cell.points!r} is not a number of 0 or more")
    elif cell.points is not None:
        yield _at(lesson, cell, f"points on a cell that is not one of {', '.join(POINTED)}")


def regions(lesson: Lesson) -> Iterator[Problem]:
    """BEGIN and END markers pair up and stand in the right cells; an answer has a solution."""
    for cell in lesson.cells:
        found, slips = markers.read(cell.source)
        for slip in slips:
            yield _at(lesson, cell, slip.message, slip.line)
        for kind in found:
            if cell.role not in REGION_OF[kind]:
                allowed = " or ".join(REGION_OF[kind])
                yield _at(lesson, cell, f'BEGIN {kind} belongs in a cell with role="{allowed}"')
        if cell.role == "answer" and markers.SOLUTION not in found and not slips:
            yield _at(
                lesson,
                cell,
                f'the answer "{cell.id}" has no solution: put it between "### BEGIN SOLUTION" and '
                '"### END SOLUTION"; what is outside stays in the learner\'s cell',
            )


def code_cells(lesson: Lesson, codes: dict[str, Code]) -> Iterator[Problem]:
    """Every code cell is Python, also with its solution or its hidden tests taken out."""
    for cell in lesson.cells:
        if cell.kind != "code":
            continue
        if cell.source.startswith("%%"):  # another language
            continue
        try:
            codes[cell.id] = parse(cell.source)
        except CellSyntaxError as error:
            yield _at(lesson, cell, f"syntax error: {error.message}", error.line)
            continue
        try:
            parse(as_released(cell))
        except CellSyntaxError as error:
            yield _at(
                lesson, cell, f"what learners get of this cell is not Python: {error.message}"
            )


def as_released(cell: Cell) -> str:
    """About what learners get of a code cell; nbgrader's own converter has the last word."""
    if cell.role == "test":
        return markers.without(cell.source, markers.HIDDEN)
    kept, inside = [], False
    for line in cell.source.splitlines():
        if "BEGIN SOLUTION" in line:
            inside = True
            kept.append(line[: len(line) - len(line.lstrip())] + "raise NotImplementedError()")
        elif "END SOLUTION" in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def test_endings(lesson: Lesson) -> Iterator[Problem]:
    """A test cell decides by `assert` or a call of `check`, with and without its hidden part."""
    for cell in lesson.cells:
        if cell.role != "test" or cell.kind != "code":
            continue
        for source, which in ((cell.source, ""), (as_released(cell), " as learners get it")):
            try:
                statement = unjudged(parse(source).tree)
            except CellSyntaxError:
                break  # told already
            if statement:
                line = statement.lineno if not which else 0
                yield _at(
                    lesson,
                    cell,
                    f'the test "{cell.id}"{which} has an expression that decides nothing or, as '
                    "the last, would be taken for partial credit: end in assert or check(...)",
                    line,
                )
                break


def test_names(lesson: Lesson, codes: dict[str, Code]) -> Iterator[Problem]:
    """A test cell keeps its names to itself: outside it would shadow names of the learner's."""
    for cell in lesson.cells:
        if cell.role != "test" or cell.id not in codes:
            continue
        if names := sorted(name for name in codes[cell.id].defines if not name.startswith("_")):
            yield _at(
                lesson,
                cell,
                f'the test "{cell.id}" defines {", ".join(names)}, which a learner may use for '
                "something else: put its body into `@check.test` and `def _():`",
            )


def figures(lesson: Lesson) -> Iterator[Problem]:
    """A figure that is shown is there."""
    folder = lesson.path.parent
    for cell in lesson.cells:
        if cell.kind != "markdown":
            continue
        for n, line in enumerate(cell.source.splitlines(), start=1):
            for link in _FIGURE.findall(line):
                if not (folder / link).is_file():
                    yield _at(lesson, cell, f"there is no {link} beside lesson.py", n)


def exercises(lesson: Lesson) -> Iterator[Problem]:
    """An exercise has a brief, an answer and a test (or is an essay or task), and three hints."""
    graded = topic(lesson.topic).graded
    for name, cells in lesson.exercises().items():
        parts = {cell.part for cell in cells}
        by_hand = parts & {"essay", "task"}
        missing = [part for part in ("brief", "answer", "test") if part not in parts]
        if by_hand:
            missing = [part for part in missing if part == "brief"]
        hints = [cell for cell in cells if cell.role == "hint"]
        if not parts & {"brief", "answer", "test", "essay", "task"}:
            for cell in hints:
                yield _at(lesson, cell, f'a hint for "{name}", but there is no such exercise')
        elif missing:
            named = ", ".join(f'"{name}-{part}"' for part in missing)
            yield _at(lesson, cells[0], f'the exercise "{name}" has no {named}')
        elif graded and not by_hand and len(hints) < HINTS:
            yield _at(
                lesson,
                cells[0],
                f'the exercise "{name}" has {len(hints)} of {HINTS} hints: add '
                f'[markdown] cells with role="hint" id="{name}-hint-{len(hints) + 1}"',
            )
