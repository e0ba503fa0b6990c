"""What the learner's process tells of its objects: their kind, their names, what they consist of.

It knows no frames.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
from typing import Any

from wirelab.grading.examiner import faults
from wirelab.grading.examiner.proxies import (
    ClassInfo,
    Remote,
    RemoteAsyncIterator,
    RemoteIterator,
    function,
)

MAX_PRINTED = 1 << 20


class Printed:
    """Stands for sys.stdout and sys.stderr while tests ask: what is printed goes with an answer."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.room = MAX_PRINTED

    def write(self, text: str) -> int:
        if self.room > 0:
            self.parts.append(str(text)[: self.room])
        self.room -= len(text)
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def take(self) -> str:
        text, self.parts = "".join(self.parts), []
        return text


def exported(peer: Any, value: Any) -> tuple:
    """What is told of an object: number, flavour, names, and the methods of its class, once."""
    number = peer.enter(value)
    kind = type(value)
    if isinstance(value, (types.FunctionType, types.MethodType, types.BuiltinFunctionType)):
        return (number, _flavour(value), value.__name__, value.__qualname__, value.__doc__, 0, None)
    if isinstance(value, type):
        flavour = "exception" if issubclass(value, BaseException) else "class"
        bases = [faults.name_of(base) for base in value.__mro__][: faults.MAX_BASES]
        return (number, flavour, value.__name__, value.__qualname__, None, 0, bases)
    flavour = "object"
    if inspect.isawaitable(value):
        flavour = "awaitable"
    elif hasattr(kind, "__anext__"):
        flavour = "aiterator"
    elif hasattr(kind, "__next__"):
        flavour = "iterator"
    methods = None
    if kind not in peer.classes:
        peer.classes[kind] = len(peer.classes) + 1
        methods = sorted(public_methods(kind))
    return (number, flavour, kind.__name__, kind.__qualname__, None, peer.classes[kind], methods)


def public_methods(kind: type) -> set[str]:
    """The names that are plain functions in a class and its bases."""
    found: set[str] = set()
    if hasattr(kind, "__getattribute__") and kind.__getattribute__ is not object.__getattribute__:
        return found
    for base in kind.__mro__:
        for name, value in vars(base).items():
            if not name.startswith("__") and isinstance(value, types.FunctionType):
                found.add(name)
    return found


def _flavour(value: Any) -> str:
    if inspect.iscoroutinefunction(value):
        return "async"
    return "asyncgen" if inspect.isasyncgenfunction(value) else "function"


def proxy(peer: Any, told: tuple, path: str) -> Any:
    """The proxy for what `exported` told, in the learner's process."""
    number, flavour, name, qualname, doc, _, methods = told
    about = ClassInfo(name, frozenset(methods or ()))
    kind = {"iterator": RemoteIterator, "aiterator": RemoteAsyncIterator}.get(flavour, Remote)
    remote = kind(peer, number, about, path)
    if flavour in ("function", "async", "asyncgen"):
        return function(remote, name, qualname, doc, "" if flavour == "function" else flavour)
    return remote


def looked_into(value: Any) -> tuple:
    """A learner's dataclass, enumeration or other object as its type's name and its fields."""
    kind = type(value)
    if isinstance(value, enum.Enum):
        return ("record", kind.__name__, [("value", value._value_)])
    if dataclasses.is_dataclass(kind):
        fields = [
            (each.name, getattr(value, each.name, None))
            for each in dataclasses.fields(kind)
            if each.compare
        ]
        return ("record", kind.__name__, fields)
    if kind.__module__.partition(".")[0] == "numpy" and hasattr(kind, "__index__"):
        return ("value", kind.__name__, int(value))
    return ("opaque", kind.__name__, None)
