"""Mutants of a lesson's solutions: mutmut's operators, applied to one place of an answer cell each.

It makes source text and says where it differs. It runs nothing, and knows no tests.
"""

from __future__ import annotations

import ast
import builtins
import codecs
import contextlib
import difflib
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from wirelab.authoring.lesson import Cell, Lesson
from wirelab.grading.errors import CourseError


@dataclass(frozen=True)
class Mutant:
    """An answer cell with one change: `line` is that of the lesson file, `source` the whole cell.

    `before` and `after` are the lines that differ; a line that was taken out is shown as a comment.
    """

    cell: str
    exercise: str
    line: int
    operator: str
    before: str
    after: str
    source: str


def mutants(lesson: Lesson, exercises: Collection[str] = ()) -> list[Mutant]:
    """All mutants of a lesson's solutions, or of those of some `exercises`; none stands twice.

    Left out is what no test can or should see: docstrings, annotations, decorators, the texts
    that exceptions are raised with, `if __name__ == "__main__"`, None for False, the name of a
    codec or hash in other letters, and whatever compiles to the same program.
    Raises `CourseError` where mutmut is not installed.
    """
    cells = [cell for cell in lesson.cells if cell.role == "answer" and cell.kind == "code"]
    return [m for c in cells if not exercises or c.exercise in exercises for m in _of_cell(c)]


def _of_cell(cell: Cell) -> Iterator[Mutant]:
    offset = cell.line + _lead(cell)
    seen = {_program(cell.source)}
    for operator, source in _changed(cell, _solution(cell.source)):
        program = _program(source)
        if program is None or program in seen:
            continue
        seen.add(program)
        line, before, after = _difference(cell.source, source)
        yield Mutant(cell.id, cell.exercise, offset + line, operator, before, after, source)


def _solution(source: str) -> set[int]:
    """The lines, from 1, that a learner has to write."""
    found, inside = set(), False
    for number, line in enumerate(source.splitlines(), start=1):
        if line.strip() == "### END SOLUTION":
            inside = False
        if inside:
            found.add(number)
        inside = inside or line.strip() == "### BEGIN SOLUTION"
    return found


def _lead(cell: Cell) -> int:
    """The empty lines between the cell's marker and the first line of its source."""
    lines = cell.text.splitlines()[1:]
    return next((n for n, line in enumerate(lines) if line.strip()), 0)


def _program(source: str) -> str | None:
    """What the source says to the compiler, or None if it cannot be compiled."""
    try:
        tree = ast.parse(source)
        compile(tree, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError):
        return None
    return ast.dump(tree)


def _difference(old: str, new: str) -> tuple[int, str, str]:
    """The line from 1 where two sources begin to differ, and the lines that do, in one each."""
    a, b = old.splitlines(), new.splitlines()
    blocks = difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    changes = [block for block in blocks if block[0] != "equal"]
    before = [line for _, i, j, _, _ in changes for line in a[i:j]]
    after = [line for _, _, _, i, j in changes for line in b[i:j]]
    shown = [" ".join(" ".join(lines).split()) for lines in (before, after)]
    return changes[0][1] + 1, shown[0], shown[1] or f"# {shown[0]}"


# --- where mutmut's operators are applied ---------------------------------------------------------


def _changed(cell: Cell, solution: set[int]) -> Iterator[tuple[str, str]]:
    """Each operator's name and the cell's source with one node of the solution changed by it."""
    try:
        import libcst as cst
        from libcst.metadata import MetadataWrapper, PositionProvider
        from mutmut.mutation.mutators import mutation_operators
    except ImportError:
        raise CourseError(
            "mutants need mutmut: run `make setup` with the tools of a developer "
            "(`make test` installs them)"
        ) from None
    try:
        wrapper = MetadataWrapper(cst.parse_module(cell.source))
    except cst.ParserSyntaxError as error:
        raise CourseError(f"{cell.id} cannot be mutated: {error.message}") from None
    lines = wrapper.resolve(PositionProvider)
    texts = _texts_raised(wrapper.module, cst)

    def walk(node: Any, line: int) -> Iterator[tuple[str, str]]:
        line = lines[node].start.line if node in lines else line
        if node in texts or _cannot_matter(node, cst):
            return
        if line in solution:
            for kind, operator in mutation_operators:
                for other in operator(node) if isinstance(node, kind) else ():
                    if (
                        _same_name(node, other, cst)
                        or _as_false(node, other, cst)
                        or _of_text_only(node, other, texts, cst)
                    ):
                        continue
                    name = operator.__name__.removeprefix("operator_")
                    yield name, wrapper.module.deep_replace(node, other).code
        for child in node.children:
            yield from walk(child, line)

    yield from walk(wrapper.module, 0)


def _cannot_matter(node: Any, cst: Any) -> bool:
    """Whether nothing in the node is worth a mutant."""
    if isinstance(node, (cst.Annotation, cst.Decorator)):
        return True
    if isinstance(node, cst.Expr):
        return isinstance(node.value, cst.BaseString)
    if isinstance(node, cst.If):
        return isinstance(node.test, cst.Comparison) and _named(node.test.left, cst) == "__name__"
    return False


def _texts_raised(tree: Any, cst: Any) -> set[Any]:
    """What exceptions are told to say: strings, and anything that a built-in one is given."""
    import libcst.matchers as m

    calls = [each.exc for each in m.findall(tree, m.Raise(exc=m.Call()))]
    return {
        arg.value
        for call in calls
        for arg in call.args
        if isinstance(arg.value, cst.BaseString) or _is_built_in(_named(call.func, cst))
    }


def _is_built_in(name: str) -> bool:
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and issubclass(kind, BaseException)


def _of_text_only(node: Any, other: Any, texts: set[Any], cst: Any) -> bool:
    """Whether a changed call differs first in a text that is raised."""
    if not (isinstance(node, cst.Call) and isinstance(other, cst.Call)):
        return False
    pairs = zip_longest(node.args, other.args)
    first = next((a for a, b in pairs if a is not b), None)
    return first is not None and first.value in texts


def _as_false(node: Any, other: Any, cst: Any) -> bool:
    """Whether only None was put in the place of False."""
    kinds = (cst.Assign, cst.AnnAssign)
    return (
        isinstance(node, kinds)
        and isinstance(other, kinds)
        and (_named(node.value, cst), _named(other.value, cst)) == ("False", "None")
    )


def _named(node: Any, cst: Any) -> str:
    return node.value if isinstance(node, cst.Name) else ""


def _same_name(node: Any, other: Any, cst: Any) -> bool:
    """Whether a string names the same codec or hash: "utf-8" and "UTF-8", "sha256" and "SHA256"."""
    if not (isinstance(node, cst.SimpleString) and isinstance(other, cst.SimpleString)):
        return False
    texts = node.evaluated_value, other.evaluated_value
    for look_up in (codecs.lookup, hashlib.new):
        with contextlib.suppress(LookupError, TypeError, ValueError):
            return len({look_up(text).name for text in texts}) == 1
    return False
