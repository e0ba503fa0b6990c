"""An instructor edition as the examiner needs it: which names are the learner's, which tests ask.

It reads code and runs none.
"""

from __future__ import annotations

import ast
import random
import symtable
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BESIDE = "beside"
"""The tag of a test cell that must run in the learner's own process."""


@dataclass(frozen=True)
class Cell:
    """A code cell of the source that counts: `kind` is "given", "answer" or "test"."""

    kind: str
    id: str
    source: str
    points: float = 0.0
    beside: bool = False


@dataclass(frozen=True)
class Names:
    """What a cell binds at its top level, what it imports there, and what it reads."""

    defines: frozenset[str]
    imports: frozenset[str]
    reads: frozenset[str]
    reads_at_once: frozenset[str]


def cells_of(notebook: Mapping[str, Any]) -> list[Cell]:
    """The set-up, answer and test cells, in order."""
    found = []
    for cell in notebook["cells"]:
        about = cell["metadata"].get("nbgrader") or {}
        if cell["cell_type"] != "code" or not about:
            continue
        if about.get("solution"):
            kind = "" if about.get("grade") else "answer"
        else:
            kind = "test" if about.get("grade") else "given"
        if kind:
            beside = BESIDE in cell["metadata"].get("tags", [])
            points = float(about.get("points") or 0)
            found.append(Cell(kind, about["grade_id"], cell["source"], points, beside))
    return found


def transformed(source: str) -> str:
    """The cell as Python: magics become calls."""
    try:
        compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        return TransformerManager().transform_cell(source)
    return source


def names_of(source: str) -> Names:
    """The names of a cell; none if it is not Python."""
    try:
        top = symtable.symtable(transformed(source), "cell", "exec")
    except SyntaxError:
        return Names(frozenset(), frozenset(), frozenset(), frozenset())
    defines, imports, at_once = set(), set(), set()
    for symbol in top.get_symbols():
        if symbol.is_imported():
            imports.add(symbol.get_name())
        elif symbol.is_assigned() or symbol.is_namespace():
            defines.add(symbol.get_name())
        if symbol.is_referenced():
            at_once.add(symbol.get_name())
    reads = set(at_once)
    for scope in _scopes(top):
        for symbol in scope.get_symbols():
            if symbol.is_global() and symbol.is_assigned():
                defines.add(symbol.get_name())
            if symbol.is_global() and symbol.is_referenced():
                reads.add(symbol.get_name())
                if scope.get_type() == "class" and scope.get_name() in defines:
                    at_once.add(symbol.get_name())
    return Names(frozenset(defines), frozenset(imports), frozenset(reads), frozenset(at_once))


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _scopes(child)


def imports_of(source: str) -> str:
    """The import statements at the top level of a cell."""
    try:
        tree = ast.parse(transformed(source))
    except SyntaxError:
        return ""
    kept = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return "\n".join(map(ast.unparse, kept))


def modules_in(source: str) -> set[str]:
    """The modules that a cell imports anywhere, by name."""
    try:
        tree = ast.parse(transformed(source))
    except SyntaxError:
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def twin_of(source: str, dice: random.Random) -> str:
    """The test with one value that it expects changed, so that it must fail; "" if there is none.

    Only literals in `expected=` and in a step's `state=` are changed: then nothing but the value
    tells a twin from its test. If there are any among the hidden tests, one of those: the others
    every learner has read.
    """
    spots = list(_literals(source))
    if not spots:
        return ""
    hidden = list(_hidden_lines(source))
    spots = [node for node in spots if node.lineno in hidden] or spots
    node = dice.choice(spots)
    lines = source.splitlines(keepends=True)
    start = sum(len(line.encode()) for line in lines[: node.lineno - 1]) + node.col_offset
    end = sum(len(line.encode()) for line in lines[: node.end_lineno - 1]) + node.end_col_offset
    octets = source.encode()
    return (octets[:start] + _other(node.value).encode() + octets[end:]).decode()


def _hidden_lines(source: str) -> Iterator[int]:
    inside = False
    for number, line in enumerate(source.splitlines(), start=1):
        inside = (inside or "### BEGIN HIDDEN TESTS" in line) and "### END" not in line
        if inside:
            yield number


def _literals(source: str) -> Iterator[ast.Constant]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            for word in node.keywords:
                if word.arg in ("expected", "state"):
                    yield from _constants(word.value)


def _constants(node: ast.expr) -> Iterator[ast.Constant]:
    if isinstance(node, ast.Constant) and type(node.value) in (bool, int, str, bytes, float):
        yield node
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        for each in node.elts:
            yield from _constants(each)
    elif isinstance(node, ast.Dict):
        for each in node.values:
            yield from _constants(each)


def _other(value: Any) -> str:
    if type(value) is bool:
        return repr(not value)
    if type(value) in (int, float):
        return repr(value + 1)
    return repr(value + (b"x" if type(value) is bytes else "x"))
