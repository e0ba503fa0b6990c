"""Whether a cell can do nothing to the process it runs in but define plain functions and classes.

A test beside such cells needs no twin: nothing in them could have touched the test, the checks or a
frame. The reader allows a small part of Python; what it does not know is not innocent.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Collection
from functools import lru_cache
from types import ModuleType

_MODULES = frozenset(
    """struct hashlib hmac itertools math ipaddress dataclasses base64 binascii zlib time random
    secrets __future__ wirelab.protocols.segment""".split()  # noqa: SIM905
)
_FORBIDDEN = frozenset(
    """globals locals vars dir exec eval compile getattr setattr delattr hasattr open input
    __import__ breakpoint memoryview object type help exit quit copyright credits license
    get_ipython display In Out __builtins__ __loader__ __spec__""".split()  # noqa: SIM905
)
_INSIDES = ("gi_", "f_", "tb_", "cr_", "ag_", "co_", "func_", "_")
_PLAIN_METHODS = frozenset({"__init__", "__len__", "__iter__", "__str__", "__repr__"})
_BUILTINS = frozenset(dir(builtins)) - _FORBIDDEN
_ALLOWED = (
    ast.Module, ast.FunctionDef, ast.ClassDef, ast.Return, ast.Assign, ast.AugAssign,
    ast.AnnAssign, ast.For, ast.While, ast.If, ast.Raise, ast.Try, ast.Assert, ast.Expr, ast.Pass,
    ast.Break, ast.Continue, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.expr,
    ast.Delete, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.arguments,
    ast.arg, ast.keyword, ast.alias, ast.comprehension, ast.ExceptHandler, ast.Match, ast.pattern,
    ast.match_case, ast.withitem,
)  # fmt: skip


@lru_cache(maxsize=256)
def innocent(source: str, kept: Collection[str] = frozenset()) -> bool:
    """Whether a cell is plainly harmless; it may not bind one of the names `kept`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.asname or alias.name: alias.name for alias in node.names}
    return all(_fine(node, imported, kept) for node in ast.walk(tree)) and all(
        isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))
        or (isinstance(node, (ast.Assign, ast.AnnAssign)) and _quiet(node))
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in tree.body
    )


def _quiet(node: ast.AST) -> bool:
    """Whether a statement calls nothing: top-level code runs at once."""
    return not any(isinstance(each, ast.Call) for each in ast.walk(node))


def _fine(node: ast.AST, imported: dict[str, str], kept: Collection[str]) -> bool:
    if not isinstance(node, _ALLOWED) or isinstance(node, ast.Await):
        return False
    if isinstance(node, ast.Name):
        bound = not isinstance(node.ctx, ast.Load)
        return node.id not in _FORBIDDEN and not (bound and _taken(node.id, kept))
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        plain = all(_plain_decorator(each) for each in node.decorator_list)
        named = node.name in _PLAIN_METHODS or not node.name.startswith("__")
        return plain and named and not _taken(node.name, kept)
    if isinstance(node, ast.Attribute):
        return _fine_attribute(node, imported)
    if isinstance(node, ast.Import):
        return all(each.name in _MODULES for each in node.names) and not any(
            _taken(each.asname or each.name, kept) and each.asname for each in node.names
        )
    if isinstance(node, ast.ImportFrom):
        return (node.module or "") in _MODULES and all(
            each.name != "*" and _no_module(node.module, each.name) for each in node.names
        )
    return True


def _fine_attribute(node: ast.Attribute, imported: dict[str, str]) -> bool:
    if node.attr.startswith(_INSIDES) and node.attr != "__init__":
        own = isinstance(node.value, ast.Name) and node.value.id == "self"
        return own and not node.attr.startswith("__")
    if isinstance(node.ctx, ast.Load):
        if isinstance(node.value, ast.Name) and node.value.id in sys.modules:
            return _no_module(node.value.id, node.attr)
        return True
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _no_module(module: str | None, name: str) -> bool:
    """Whether a name of a module is there, and not another module that it happens to hold."""
    found = getattr(sys.modules.get(module or ""), name, None)
    return found is not None and not isinstance(found, ModuleType)


def _taken(name: str, kept: Collection[str]) -> bool:
    return name in kept or name in _BUILTINS


def _plain_decorator(node: ast.expr) -> bool:
    target = node.func if isinstance(node, ast.Call) else node
    return isinstance(target, ast.Name) and target.id in ("dataclass", "staticmethod", "property")
