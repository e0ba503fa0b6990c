"""What the learner's code may do with what a test passes to it: call it, and use its public names.

Only what was passed, only instances of the tests' own classes and of the lab's; never a function's
insides. It knows no frames.
"""

from __future__ import annotations

import asyncio
import builtins
import functools
import io
import types
from typing import Any

from wirelab.grading.examiner.decode import Breach

SAFE_BUILTINS = frozenset(
    {len, ord, chr, sorted, abs, min, max, sum, repr, print, any, all, hash, id, pow, round}
)
_OWN_MODULES = ("__main__", "wirelab.lab", "wirelab.protocols", "wirelab.servers")
_STREAMS: dict[type, frozenset[str]] = {
    io.BytesIO: frozenset(
        ["read", "readline", "readlines", "write", "close", "getvalue", "seek", "tell"]
    ),
    io.StringIO: frozenset(
        ["read", "readline", "readlines", "write", "close", "flush", "getvalue"]
    ),
    asyncio.StreamReader: frozenset(["read", "readexactly", "readline", "readuntil", "at_eof"]),
    asyncio.StreamWriter: frozenset(
        [
            "write",
            "writelines",
            "drain",
            "close",
            "wait_closed",
            "is_closing",
            "get_extra_info",
            "write_eof",
        ]
    ),
    asyncio.Event: frozenset(["set", "clear", "is_set", "wait"]),
}
FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, functools.partial)


def number(session: Any, target: Any) -> int | None:
    """The number under which an object was passed, or `None`."""
    found = session.numbers.get(id(target))
    return found if found is not None and session.mine.get(found) is target else None


def check_passable(value: Any) -> None:
    """Raise `TypeError` for what no test may hand to a learner's code."""
    if isinstance(value, types.BuiltinFunctionType):
        owner = value.__self__
        bare = owner is None or isinstance(owner, types.ModuleType)
        if bare and value not in SAFE_BUILTINS and owner is builtins:
            raise TypeError(f"{value.__name__} may not be passed to the learner's code")
    if isinstance(value, (type, types.ModuleType, types.FrameType, types.CodeType)):
        raise TypeError(f"{value!r} may not be passed to the learner's code")


def do(session: Any, op: str, target: Any, args: tuple, kwargs: dict) -> Any:
    """Do what the learner's code asks of an object that a test passed; raises if it may not."""
    if op == "call" and callable(target):
        return target(*args, **kwargs)
    if op == "method":
        return _public(target, args[0])(*args[1:], **kwargs)
    if op == "get":
        return _public(target, args[0])
    if op == "set" and not isinstance(target, FUNCTIONS) and _is_own(type(target)):
        _public_name(args[0])
        return setattr(target, args[0], args[1])
    if op in _PLAIN_OPS and not isinstance(target, FUNCTIONS):
        return _PLAIN_OPS[op](target, *args)
    if op in ("repr", "str"):
        return f"<{type(target).__name__} of the test>"
    raise PermissionError(f"a test's {type(target).__name__} cannot do this: {op}")


def _exit(target: Any, error: BaseException | None) -> bool:
    kind = type(error) if error is not None else None
    trace = error.__traceback__ if error is not None else None
    return bool(type(target).__exit__(target, kind, error, trace))


_PLAIN_OPS = {
    "iter": iter,
    "next": next,
    "len": len,
    "bool": bool,
    "contains": lambda target, item: item in target,
    "getitem": lambda target, key: target[key],
    "enter": lambda target: type(target).__enter__(target),
    "exit": _exit,
    "aiter": aiter,
    "anext": lambda target: type(target).__anext__(target),
    "aenter": lambda target: type(target).__aenter__(target),
    "eq": lambda target, other: target is other,
}


def _public(target: Any, name: Any) -> Any:
    _public_name(name)
    if isinstance(target, FUNCTIONS):
        raise AttributeError(name)
    kind = type(target)
    for stream, allowed in _STREAMS.items():
        if isinstance(target, stream):
            if name not in allowed:
                raise AttributeError(name)
            return getattr(target, name)
    if kind.__module__ == "unittest.mock":
        if name.startswith(("assert", "mock", "call", "side_effect", "return_value", "configure")):
            raise AttributeError(name)
        return getattr(target, name)
    if not _is_own(kind):
        raise AttributeError(name)
    value = getattr(target, name)
    if isinstance(value, types.ModuleType):
        raise AttributeError(name)
    return value


def _public_name(name: Any) -> None:
    if type(name) is not str:
        raise Breach("a name that is no text")
    if name.startswith("_"):
        raise AttributeError(name)


def _is_own(kind: type) -> bool:
    return kind.__module__.startswith(_OWN_MODULES)


def public_methods(kind: type) -> set[str]:
    """The methods that the other side need not ask for before it calls them."""
    if not _is_own(kind):
        return set()
    return {
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if not name.startswith("_") and isinstance(value, types.FunctionType)
    }
