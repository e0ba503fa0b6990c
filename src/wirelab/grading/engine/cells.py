"""Test cells, compiled once and run in any fork: what IPython would do with them, without its work.

It knows no lesson.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from types import CodeType
from typing import Any


@dataclass(frozen=True)
class Prepared:
    """A cell: `body` and its last expression compiled, or neither where IPython has to run it."""

    source: str
    body: CodeType | None = None
    last: CodeType | None = None


def prepare(shell: Any, source: str) -> Prepared:
    """Compile a cell that is plain Python without a top-level `await`."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return Prepared(source)
    if source.rstrip().endswith(";"):
        return Prepared(source)
    name = shell.compile.cache(source, 0, raw_code=source)
    last = None
    try:
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            expression = ast.Expression(tree.body.pop().value)
            last = compile(expression, name, "eval", dont_inherit=True)
        return Prepared(source, compile(tree, name, "exec", dont_inherit=True), last)
    except SyntaxError:  # a top-level `await`, and other things that IPython allows
        return Prepared(source)


def run(shell: Any, prepared: Prepared) -> list[dict[str, Any]]:
    """Run a prepared cell in the shell's names; its outputs as a notebook has them."""
    if prepared.body is None:
        return shell.run(prepared.source)
    return shell.watched(lambda: _run(shell, prepared))


def _run(shell: Any, prepared: Prepared) -> None:
    names = shell.user_ns
    try:
        exec(prepared.body, names)
        if prepared.last is not None:
            value = eval(prepared.last, names)
            if value is not None:
                shell.displayhook(value)
    except BaseException:
        shell.showtraceback(sys.exc_info(), running_compiled_code=True)
