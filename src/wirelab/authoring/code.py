"""What a code cell defines, uses and ends in, without running it.

It knows Python and IPython's magics; it knows no roles and no lessons.
"""

from __future__ import annotations

import ast
import builtins
import symtable
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

_MAGIC = ("%", "!", "?")
_ALWAYS_THERE = {*dir(builtins), "__name__", "__file__", "__doc__", "display", "get_ipython"}


@dataclass(frozen=True)
class CellSyntaxError(Exception):
    """The cell is not Python: `line` counts from the cell's first line, from 1."""

    line: int
    message: str


@dataclass(frozen=True)
class Code:
    """A code cell, parsed: `defines` are names it binds at its top level, `uses` those it reads."""

    tree: ast.Module
    defines: frozenset[str]
    uses: frozenset[str]


def parse(source: str) -> Code:
    """A cell's code; magics, `!commands` and a top-level `await` are understood.

    Raises `CellSyntaxError`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape is ruff's to report
        try:
            return _parse(source)
        except SyntaxError as error:
            if not any(line.lstrip().startswith(_MAGIC) for line in source.splitlines()):
                raise CellSyntaxError(error.lineno or 1, error.msg) from None
        from IPython.core.inputtransformer2 import TransformerManager  # slow to import

        try:
            return _parse(TransformerManager().transform_cell(source))
        except SyntaxError as error:
            raise CellSyntaxError(error.lineno or 1, error.msg) from None


def _parse(source: str) -> Code:
    tree = ast.parse(source)
    compile(tree, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    top = symtable.symtable(source, "cell", "exec")
    defines = {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    uses = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    for scope in _scopes(top):
        for symbol in scope.get_symbols():
            if symbol.is_global() and symbol.is_assigned():
                defines.add(symbol.get_name())
            if symbol.is_global() and symbol.is_referenced():
                uses.add(symbol.get_name())
    return Code(tree, frozenset(defines), frozenset(uses - _ALWAYS_THERE))


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _scopes(child)


def unjudged(tree: ast.Module) -> ast.stmt | None:
    """The first top-level statement that looks like a test and decides nothing, or None.

    A cell's last expression would be shown, and nbgrader takes a shown number for partial
    credit: only a call of `check` or of its methods may stand there. Anywhere else, a bare
    comparison, name or literal was meant to be an assertion.
    """
    for n, statement in enumerate(tree.body):
        if not isinstance(statement, ast.Expr) or _is_check_call(statement.value):
            continue
        docstring = isinstance(statement.value, ast.Constant) and isinstance(
            statement.value.value, str
        )
        last = n == len(tree.body) - 1
        if last or not (docstring or isinstance(statement.value, (ast.Call, ast.Await))):
            return statement
    return None


def _is_check_call(node: ast.expr) -> bool:
    """`check(...)`, `check.each(...)`, `await check...`: they raise or return None."""
    if isinstance(node, ast.Await):
        node = node.value
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    while isinstance(called, ast.Attribute):
        called = called.value
    return isinstance(called, ast.Name) and called.id == "check"
