"""Whether a learner's answers can leave anything behind when they are called: read, not run.

Where they plainly cannot, several tests may ask one clone. The reader knows a small part of Python
and says "perhaps" to all the rest.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

# Modules whose functions keep nothing that a later call could tell.
_STATELESS = frozenset(
    """struct hashlib hmac itertools math ipaddress dataclasses enum collections operator string
    binascii base64 zlib json re typing abc functools __future__ wirelab.protocols.segment
    wirelab.protocols.seq wirelab.protocols.codec time urllib.parse email.utils textwrap
    html""".split()  # noqa: SIM905
)
_FORBIDDEN = frozenset(
    """globals locals vars exec eval compile setattr delattr open input __import__ breakpoint
    get_ipython exit quit""".split()  # noqa: SIM905
)
_READING = frozenset("get items keys values index count copy".split())  # noqa: SIM905
_PLAIN_DECORATORS = frozenset({"dataclass", "staticmethod", "property", "total_ordering"})
_BUILTINS = frozenset(dir(builtins)) - _FORBIDDEN


class Perhaps(Exception):
    """It may leave something behind, or the reader does not understand it."""


def leaves_nothing(cells: Iterable[str], asked: Iterable[str]) -> bool:
    """Whether calling what `cells` bind to the names `asked` leaves no state behind."""
    try:
        return _Reader(cells).fine(asked)
    except (Perhaps, SyntaxError, ValueError, RecursionError):
        return False


@lru_cache(maxsize=512)
def parsed(source: str) -> list[tuple[ast.stmt, set[str]]]:
    """The statements of a cell and the names each binds; raises `Perhaps` or SyntaxError."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Global) or (isinstance(node, ast.Name) and node.id in _FORBIDDEN):
            raise Perhaps("names that are bound elsewhere")
        if isinstance(node, ast.Attribute) and node.attr in ("__dict__", "__class__", "modules"):
            raise Perhaps(node.attr)
    for node in _walk(tree.body):
        changed = isinstance(node, (ast.Attribute, ast.Subscript))
        if changed and not isinstance(node.ctx, ast.Load):
            raise Perhaps("a change of something that was made elsewhere")
    return [(node, _binds(node)) for node in tree.body]


class _Reader:
    def __init__(self, cells: Iterable[str]):
        self.bound: dict[str, list[ast.stmt]] = {}
        for source in cells:
            for node, names in parsed(source):
                for name in names:
                    self.bound.setdefault(name, []).append(node)
        self.done: set[str] = set()

    def fine(self, names: Iterable[str]) -> bool:
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in self.done:
                continue
            self.done.add(name)
            if name in self.bound:
                for node in self.bound[name]:
                    waiting += self._definition(node)
            elif name not in _BUILTINS:
                raise Perhaps(name)
        return True

    def _definition(self, node: ast.stmt) -> set[str]:
        """The global names that using what this statement binds uses; raises `Perhaps`."""
        if isinstance(node, ast.Import):
            _stateless(alias.name for alias in node.names)
            return set()
        if isinstance(node, ast.ImportFrom):
            _stateless([node.module or ""])
            return set()
        if isinstance(node, ast.FunctionDef):
            return self._function(node, frozenset())
        if isinstance(node, ast.ClassDef):
            return self._class(node)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            if isinstance(node.value, ast.Lambda):
                return self._body(node.value, frozenset())
            _constant(node.value)
            return set()
        raise Perhaps(ast.dump(node)[:40])

    def _class(self, node: ast.ClassDef) -> set[str]:
        used = _decorators(node)
        for base in node.bases:
            used |= _names(base)
        if node.keywords:
            raise Perhaps("a metaclass")
        for each in node.body:
            if isinstance(each, ast.FunctionDef):
                used |= self._function(each, frozenset())
            elif isinstance(each, (ast.Assign, ast.AnnAssign)):
                if each.value is not None:
                    _constant(each.value, tables=False)
            elif not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)) and (
                not isinstance(each, ast.Pass)
            ):
                raise Perhaps("in a class")
        return used

    def _function(self, node: ast.FunctionDef, outer: frozenset[str]) -> set[str]:
        used = _decorators(node)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                _constant(default, tables=False)
        return used | self._body(node, outer)

    def _body(self, node: ast.FunctionDef | ast.Lambda, outer: frozenset[str]) -> set[str]:
        local = outer | _locals(node)
        used: set[str] = set()
        body = node.body if isinstance(node.body, list) else [node.body]
        for each in _walk(body):
            if isinstance(each, (ast.FunctionDef, ast.Lambda)):
                if isinstance(each, ast.FunctionDef):
                    used |= self._function(each, local)
                else:
                    used |= self._body(each, local)
            elif isinstance(each, ast.Name):
                if isinstance(each.ctx, ast.Load) and each.id not in local:
                    self._global_use(each.id)
                    used.add(each.id)
            elif isinstance(each, (ast.Attribute, ast.Subscript)):
                self._access(each, local)
            elif isinstance(each, (ast.Import, ast.ImportFrom)):
                self._definition(each)
            elif isinstance(each, _UNKNOWN):
                raise Perhaps(type(each).__name__)
        self._tables(body, local)
        return used - local

    def _access(self, node: ast.Attribute | ast.Subscript, local: frozenset[str]) -> None:
        dunder = isinstance(node, ast.Attribute) and node.attr.startswith("__")
        if dunder and node.attr != "__init__":
            raise Perhaps(node.attr)
        if isinstance(node.ctx, ast.Load):
            return
        root: ast.expr = node
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if not isinstance(root, ast.Name) or root.id not in local or root.id == "cls":
            raise Perhaps("a change of something that stays")

    def _global_use(self, name: str) -> None:
        if name in _FORBIDDEN:
            raise Perhaps(name)

    def _tables(self, body: Sequence[ast.AST], local: frozenset[str]) -> None:
        """A global list, dictionary or set may be read, and nothing else done with it."""
        allowed: set[int] = set()
        for each in _walk(body):
            if isinstance(each, ast.Subscript):
                allowed.add(id(each.value))
            elif isinstance(each, ast.Compare):
                allowed |= {id(other) for other in each.comparators}
            elif isinstance(each, (ast.For, ast.comprehension)):
                allowed.add(id(each.iter))
            elif isinstance(each, ast.Call):
                called = each.func
                if isinstance(called, ast.Attribute) and called.attr in _READING:
                    allowed.add(id(called.value))
                if isinstance(called, ast.Name) and called.id in _BUILTINS:
                    allowed |= {id(argument) for argument in each.args}
        for each in _walk(body):
            if isinstance(each, ast.Name) and each.id not in local and id(each) not in allowed:
                for node in self.bound.get(each.id, ()):
                    if _is_table(node):
                        raise Perhaps(each.id)


_TABLES = (ast.List, ast.Dict, ast.Set)
_UNKNOWN = (ast.Global, ast.Nonlocal, ast.ClassDef, ast.AsyncFunctionDef, ast.Await, ast.AsyncWith)


def _walk(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All nodes, nested functions themselves but not what is in them."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
            waiting += [
                child
                for child in ast.iter_child_nodes(node)
                if not isinstance(child, (ast.expr_context,))
            ]


def _locals(node: ast.FunctionDef | ast.Lambda) -> frozenset[str]:
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named += [each for each in (arguments.vararg, arguments.kwarg) if each]
    found = {each.arg for each in named}
    body = node.body if isinstance(node.body, list) else [node.body]
    for each in _walk(body):
        if isinstance(each, ast.Name) and isinstance(each.ctx, (ast.Store, ast.Del)):
            found.add(each.id)
        elif isinstance(each, ast.FunctionDef):
            found.add(each.name)
        elif isinstance(each, ast.ExceptHandler):
            found |= {each.name} - {None}
        elif isinstance(each, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in each.names}
        elif isinstance(each, (ast.MatchAs, ast.MatchStar)) and each.name:
            found.add(each.name)
    return frozenset(found)


def _binds(node: ast.stmt) -> set[str]:
    """The names that a top-level statement may bind, in whatever depth."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.add(each.id)
        elif isinstance(each, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            found.add(each.name)
    return found


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _decorators(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    for each in node.decorator_list:
        target = each.func if isinstance(each, ast.Call) else each
        name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
        if name not in _PLAIN_DECORATORS:
            raise Perhaps(name)
    return set()


def _stateless(modules: Iterable[str]) -> None:
    for name in modules:
        if name not in _STATELESS:
            raise Perhaps(name)


def _constant(node: ast.expr, tables: bool = True) -> None:
    """Raise `Perhaps` unless it is made of constants, or is a table of them."""
    allowed = (ast.Constant, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.operator, ast.unaryop)
    for each in ast.walk(node):
        if isinstance(each, _TABLES) and not (tables and each is node):
            raise Perhaps("a table in a table, or one that every call shares")
        if isinstance(each, ast.Name):
            if not each.id.isupper():
                raise Perhaps(each.id)
        elif not isinstance(each, (*allowed, *_TABLES, ast.expr_context)):
            raise Perhaps(type(each).__name__)


def _is_table(node: ast.stmt) -> bool:
    value = getattr(node, "value", None)
    return isinstance(value, _TABLES)
