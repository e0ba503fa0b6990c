"""Exceptions on their way between the two processes: by type, message and place, never as objects.

Built-in types become themselves; an exception class of the learner's becomes a class of the same
name with the same built-in base. It knows no channels.
"""

from __future__ import annotations

import asyncio
import builtins
import socket
import struct
from typing import Any

from wirelab.grading.outcomes import ELSEWHERE

MAX_MESSAGE, MAX_TRACE, MAX_BASES = 4000, 8000, 20

_NEVER = (StopIteration, StopAsyncIteration)
KNOWN: dict[str, type[Exception]] = {
    f"builtins.{name}": kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, _NEVER)
}
for _kind in (
    struct.error,
    socket.gaierror,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
):
    KNOWN[f"{_kind.__module__}.{_kind.__qualname__}"] = _kind

WHERE = ELSEWHERE
"""The attribute that says where in the learner's code an exception was raised: function, line,
source."""


class LearnersExit(BaseException):
    """What the learner's code raised and is no `Exception`: `SystemExit` and the like."""


def name_of(kind: type) -> str:
    """The full name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def describe(error: BaseException, where: tuple[str, int, str]) -> tuple:
    """An exception of the learner's as plain values; asks it as little as can be."""
    try:
        message = str(error)[:MAX_MESSAGE]
    except BaseException:
        message = ""
    args = error.args if type(error.args) is tuple else ()
    if not all(type(each) in (int, str, bytes, float, bool, type(None)) for each in args):
        args = (message,)
    attributes = {
        key: value
        for key, value in vars(error).items()
        if type(value) in (int, str, bytes, float, bool) and not key.startswith("_")
    }
    bases = [name_of(kind) for kind in type(error).__mro__][:MAX_BASES]
    return bases, message, args, attributes, where


def rebuild(described: Any, own_class: type[BaseException] | None = None) -> BaseException:
    """An exception like the one described; `own_class` stands for the learner's class, if known.

    Raises `ValueError` if it is not in order.
    """
    bases, message, args, attributes, where = described
    if type(bases) is not list or not all(type(each) is str for each in bases) or not bases:
        raise ValueError("an exception without a type")
    if type(message) is not str or type(args) is not tuple or type(attributes) is not dict:
        raise ValueError("an exception that is not in order")
    function, line, source = where
    if (type(function), type(line), type(source)) != (str, int, str):
        raise ValueError("an exception without a place")
    error = _made(own_class, bases, message, args)
    for key, value in attributes.items():
        if type(key) is str and key[:1] != "_":
            error.__dict__[key] = value
    error.__dict__[WHERE] = (function[:200], line, source[:400])
    return error


def _made(
    own_class: type[BaseException] | None, bases: list[str], message: str, args: tuple
) -> BaseException:
    kind = KNOWN.get(bases[0])
    if kind is not None and own_class is None:
        try:
            error = kind(*args)
        except Exception:
            error = stand_in(bases)(*args)
            error.__dict__["_said"] = message
        return error
    error = (own_class or stand_in(bases))(*args)
    error.__dict__["_said"] = message
    return error


def stand_in(bases: list[str]) -> type[BaseException]:
    """A class for an exception class that is not here: of the same name, with built-in bases."""
    known = [KNOWN[name] for name in bases if name in KNOWN]
    if not known:
        known = [Exception if "builtins.Exception" in bases else LearnersExit]
    chosen: list[type] = []
    for kind in known:
        if not any(issubclass(other, kind) for other in chosen):
            chosen.append(kind)
    module, _, name = bases[0].rpartition(".")
    body = {"__module__": module[:200], "__init__": _init, "__str__": _said}
    try:
        return type(name[:200] or "Exception", tuple(chosen), body)
    except TypeError:  # bases whose layouts do not go together
        return type(name[:200] or "Exception", (chosen[0],), body)


def _init(self: BaseException, *args: Any) -> None:
    self.args = args


def _said(self: BaseException) -> str:
    return self.__dict__.get("_said", "")
