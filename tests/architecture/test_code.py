"""The house rules that a machine can hold: layers, module length, no answers in the package.

Which layer may import which is written once, in pyproject.toml, and held by import-linter.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

PACKAGE = ROOT / "src" / "wirelab"
MODULES = sorted(PACKAGE.rglob("*.py"))

LONGEST = 330  # "about 300 lines"
#: Modules that may be longer, and why.
LONGER: dict[str, tuple[int, str]] = {}


def name(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def test_arrows_go_down_only() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_modules_are_short(module: Path) -> None:
    bound, _why = LONGER.get(name(module), (LONGEST, ""))
    lines = len(module.read_text("utf-8").splitlines())
    assert lines <= bound, f"{name(module)} has {lines} lines; split it by what it does"


def test_exceptions_are_still_needed() -> None:
    for module, (bound, why) in LONGER.items():
        lines = len((PACKAGE / module).read_text("utf-8").splitlines())
        assert why
        assert LONGEST < lines <= bound, f"{module} needs no exception: {lines} lines"


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_files_say_what_they_are(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text("utf-8"))), f"{name(module)}: no docstring"


def defined(source: str) -> set[str]:
    """Functions, by name and parameters, and classes that `source` defines at its top level."""
    body = ast.parse(source).body
    functions = [n for n in body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    return {f"{node.name}({', '.join(parameters(node))})" for node in functions} | {
        node.name for node in classes
    }


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The names of a function's parameters, in order."""
    given = function.args
    return [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def answers(lesson: str) -> set[str]:
    """Functions and classes that the answer cells of a lesson's text define."""
    cells = re.split(r"^# %%", lesson, flags=re.MULTILINE)
    found = set()
    for cell in cells:
        head, _, body = cell.partition("\n")
        if 'role="answer"' in head and "[markdown]" not in head:
            found |= defined(body)
    return found


LESSONS = sorted((ROOT / "lessons").glob("*/lesson.py"))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.parent.name)
def test_no_answer_lives_in_the_package(lesson: Path) -> None:
    wanted = answers(lesson.read_text("utf-8"))
    given = {
        f"{name(module)}: {found}"
        for module in MODULES
        for found in wanted & defined(module.read_text("utf-8"))
    }
    assert not given, "a learner could import the answer instead of writing it"


def test_answers_are_found_where_they_are() -> None:
    lesson = (
        '# %% role="answer" id="a-answer"\ndef one():\n    pass\n# %% id="b"\ndef two(): pass\n'
    )
    assert answers(lesson) == {"one()"}


def test_an_answer_is_told_by_its_parameters_too() -> None:
    assert defined("def load(a, *, b): pass") == {"load(a, b)"}
    assert defined("class Machine: pass") == {"Machine"}
