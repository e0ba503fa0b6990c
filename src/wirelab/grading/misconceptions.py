"""Misconceptions: wrong implementations, each with the sentence that cures it, and their loader.

Written once in `lessons/<topic>/misconceptions.py`; the checks diagnose with them and the proof
grades them. It knows nothing of how either is done.
"""

from __future__ import annotations

import ast
import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MARK = "__misconception__"


@dataclass(frozen=True)
class Misconception:
    """A planted wrong answer to the exercise that defines `of`, and the sentence that cures it."""

    of: str
    says: str
    rfc: str
    name: str
    implementation: Any

    @property
    def renamed(self) -> dict[str, str]:
        """How its own type is called when its results are compared."""
        return {self.name: self.of}


def misconception(*, of: str, says: str, rfc: str = "") -> Callable[[Any], Any]:
    """Mark a function or class as a wrong answer in place of `of`; it is returned unchanged."""
    if not of.isidentifier():
        raise ValueError(
            f"of={of!r}: write the name of a function or class that an answer cell defines"
        )
    if not says.strip():
        raise ValueError(
            f"misconception of {of}: `says` is empty; write the sentence that cures it"
        )

    def mark(implementation: Any) -> Any:
        name = implementation.__name__
        setattr(implementation, _MARK, Misconception(of, says.strip(), rfc, name, implementation))
        return implementation

    return mark


def equivalent(cell: str, *lines: str, because: str) -> None:
    """Declare that mutants of an answer cell are no wrong answers: no test can tell them.

    `lines` are the changed lines as `wirelab prove --mutants` shows them. A declaration is an error
    as soon as no such mutant survives.
    """
    if not (cell.strip() and all(line.strip() for line in lines) and lines and because.strip()):
        raise ValueError("equivalent: give the answer cell's id, the changed line, and a reason")


def load(path: Path, reference: types.ModuleType) -> list[Misconception]:
    """Execute a misconceptions.py, `import reference` giving `reference`; list what it marks."""
    module = types.ModuleType(f"wirelab_misconceptions_{path.parent.name}")
    module.__file__ = str(path)
    code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    with importable(reference, "reference"), importable(module, module.__name__):
        exec(code, vars(module))
    # vars, not getattr: a planted class may inherit from another one
    marks = (
        vars(value).get(_MARK) for value in vars(module).values() if hasattr(value, "__dict__")
    )
    return [mark for mark in marks if isinstance(mark, Misconception)]


@contextlib.contextmanager
def importable(module: types.ModuleType, name: str) -> Iterator[None]:
    """Let `import name` find `module` for a while."""
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        yield
    finally:
        if before is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = before


@dataclass(frozen=True)
class Planted:
    """A misconception as source: `code` puts it in the place of the answer `of`."""

    name: str
    of: str
    says: str
    rfc: str
    code: str


def sources(path: Path) -> list[Planted]:
    """Read each misconception of a file as code to append to the right answer.

    The code expects a name `reference` that holds the right answers; it carries the file's imports
    and helpers along, and gives the wrong implementation its target's name.
    """
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, filename=str(path))
    shared: list[str] = []
    planted: list[tuple[str, dict[str, str], str]] = []
    for node in tree.body:
        fields = _decorated(node)
        if fields is not None:
            planted.append((node.name, fields, _without_mark(text, node)))
        elif not (_is_own_import(node) or _is_docstring(node) or _is_equivalent(node)):
            shared.append(ast.get_source_segment(text, node) or "")
    return [
        Planted(
            name=name,
            of=fields["of"],
            says=fields["says"].strip(),
            rfc=fields.get("rfc", ""),
            code="\n".join([*shared, body, _rename(name, fields["of"])]),
        )
        for name, fields, body in planted
    ]


def _rename(name: str, of: str) -> str:
    if name == of:
        return ""
    return f"{name}.__name__ = {name}.__qualname__ = {of!r}\n{of} = {name}\n"


def _decorated(node: ast.stmt) -> dict[str, str] | None:
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
        return None
    for decorator in node.decorator_list:
        if _is_mark(decorator):
            return {
                word.arg: ast.literal_eval(word.value) for word in decorator.keywords if word.arg
            }
    return None


def _is_mark(decorator: ast.expr) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and ast.unparse(decorator.func).rpartition(".")[2] == "misconception"
    )


def _without_mark(text: str, node: Any) -> str:
    body = ast.get_source_segment(text, node) or ""
    kept = [f"@{ast.unparse(d)}" for d in node.decorator_list if not _is_mark(d)]
    return "\n".join([*kept, body])


def _is_own_import(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name == "reference" for alias in node.names)
    return isinstance(node, ast.ImportFrom) and (
        node.module in ("wirelab.grading.misconceptions", "__future__")
    )


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


# --- mutants that are declared right -------------------------------------------------------------


@dataclass(frozen=True)
class Equivalent:
    """A mutant that is no wrong answer; `at` is the declaration's line in the file."""

    cell: str
    line: str
    because: str
    at: int


def equivalents(path: Path) -> list[Equivalent]:
    """Read the `equivalent(...)` declarations of a misconceptions.py without running it."""
    found = []
    for node in ast.parse(path.read_text(encoding="utf-8"), filename=str(path)).body:
        if _is_equivalent(node):
            cell, *lines = map(ast.literal_eval, node.value.args)
            because = {word.arg: ast.literal_eval(word.value) for word in node.value.keywords}
            found += [
                Equivalent(cell, " ".join(line.split()), because["because"], node.lineno)
                for line in lines
            ]
    return found


def _is_equivalent(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func).rpartition(".")[2] == "equivalent"
    )
