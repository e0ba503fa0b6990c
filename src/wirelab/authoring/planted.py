"""Misconceptions as far as a build can see them: `misconceptions.py` is read, never run.

That each one fails with its own sentence is for the proof to show.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wirelab.authoring.code import Code
from wirelab.authoring.lesson import Lesson, Problem
from wirelab.grading.course import topic

PER_EXERCISE = 3


@dataclass(frozen=True)
class Planted:
    """One decorated wrong answer: `of` is the name that it stands in for, "" if none is said."""

    name: str
    of: str
    says: bool
    line: int


def problems(lesson: Lesson, codes: dict[str, Code], draft: bool = False) -> Iterator[Problem]:
    """What is wrong with a lesson's misconceptions; `draft` leaves out that there are too few."""
    path = lesson.path.with_name("misconceptions.py")
    planted: list[Planted] = []
    if path.is_file():
        try:
            planted = list(read(path.read_text(encoding="utf-8")))
        except SyntaxError as error:
            yield Problem(path, error.lineno or 0, f"syntax error: {error.msg}")
            return
    owners = {
        name: cell.exercise
        for cell in lesson.cells
        if cell.role == "answer" and cell.id in codes
        for name in codes[cell.id].defines
    }
    yield from _each(path, planted, owners)
    if path.is_file():
        yield from _equivalents(path, lesson)
    if not draft and topic(lesson.topic).graded:
        yield from _too_few(path, lesson, planted, owners)


def _each(path: Path, planted: list[Planted], owners: dict[str, str]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for each in planted:
        if not each.of:
            yield Problem(path, each.line, f'"{each.name}": say @misconception(of="NAME", ...)')
        elif each.of not in owners:
            yield Problem(
                path,
                each.line,
                f'"{each.name}" is a misconception of "{each.of}", which no answer cell defines',
            )
        if not each.says:
            yield Problem(path, each.line, f'"{each.name}" has no sentence: add says="..."')
        if each.name in seen:
            yield Problem(
                path, each.line, f'"{each.name}" stands in line {seen[each.name]} already: rename'
            )
        seen.setdefault(each.name, each.line)


def _equivalents(path: Path, lesson: Lesson) -> Iterator[Problem]:
    """Declarations of mutants as equivalent that cannot be read, or name no answer cell."""
    answers = {cell.id for cell in lesson.cells if cell.role == "answer"}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        call = node.value if isinstance(node, ast.Expr) else None
        if not (isinstance(call, ast.Call) and _name(call.func) == "equivalent"):
            continue
        words = [word.value for word in call.keywords if word.arg == "because"]
        said = [getattr(value, "value", None) for value in (*call.args, *words)]
        if not words or len(call.args) < 2 or not all(isinstance(v, str) and v for v in said):
            say = 'equivalent("ANSWER-CELL", "the changed line", because="..."), in plain strings'
            yield Problem(path, node.lineno, f"say {say}")
        elif said[0] not in answers:
            yield Problem(path, node.lineno, f'equivalent: no answer cell is called "{said[0]}"')


def _too_few(
    path: Path, lesson: Lesson, planted: list[Planted], owners: dict[str, str]
) -> Iterator[Problem]:
    for exercise, cells in lesson.exercises().items():
        if not any(cell.role == "answer" for cell in cells):
            continue
        count = sum(owners.get(each.of) == exercise for each in planted)
        if count < PER_EXERCISE:
            yield Problem(
                path,
                0,
                f'the exercise "{exercise}" has {count} of {PER_EXERCISE} misconceptions: add '
                f'functions or classes with @misconception(of="...", says="...")',
            )


def read(text: str) -> Iterator[Planted]:
    """The decorated functions and classes of a `misconceptions.py`."""
    for node in ast.parse(text).body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        for decorator in node.decorator_list:
            if not isinstance(decorator, ast.Call) or _name(decorator.func) != "misconception":
                continue
            words = {word.arg: word.value for word in decorator.keywords}
            of = words.get("of")
            named = isinstance(of, ast.Constant) and isinstance(of.value, str)
            yield Planted(node.name, of.value if named else "", "says" in words, node.lineno)


def _name(node: ast.expr) -> str:
    return getattr(node, "id", getattr(node, "attr", ""))
