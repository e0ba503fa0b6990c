"""What stands in one process for an object of the other: calls and attributes go across.

Functions become functions (async ones async), so that a test sees what it would see in the
notebook. Comparing a proxy with a plain value asks nobody. It knows no frames.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import types
from collections.abc import Callable
from typing import Any

_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
MARK = "__wirelab_remote__"
READABLE = frozenset({"__name__", "__doc__", "__qualname__", "__module__", "__annotations__"})
_threads = concurrent.futures.ThreadPoolExecutor(64, thread_name_prefix="await")


class Remote:
    """An object of the other process."""

    __slots__ = ("__weakref__", "_class", "_number", "_path", "_peer")

    def __init__(self, peer: Any, number: int, about: ClassInfo, path: str):
        for name, value in (
            ("_peer", peer),
            ("_number", number),
            ("_class", about),
            ("_path", path),
        ):
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name in self._class.methods:
            return _method(self, name)
        if name.startswith("__") and name not in READABLE:
            raise AttributeError(name)
        return self._peer.call("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._peer.call("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._peer.call("del", self, name)

    def __repr__(self) -> str:
        return _text(self._peer.call("repr", self))

    def __str__(self) -> str:
        return _text(self._peer.call("str", self))

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: Any) -> bool:
        if self is other or not isinstance(other, Remote):
            return self is other
        return self._peer.call("eq", self, other) is True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._peer.call("call", self, *args, **kwargs)

    def __iter__(self) -> Any:
        return self._peer.call("iter", self)

    def __contains__(self, item: Any) -> bool:
        return self._peer.call("contains", self, item) is True

    def __enter__(self) -> Any:
        return self._peer.call("enter", self)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return self._peer.call("exit", self, error) is True

    def __aiter__(self) -> Any:
        return self._peer.call("aiter", self)

    async def __aenter__(self) -> Any:
        return await self._peer.call("aenter", self)

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return await self._peer.call("aexit", self, error) is True


class RemoteIterator(Remote):
    """An iterator or generator of the other process."""

    __slots__ = ()

    def __iter__(self) -> RemoteIterator:
        return self

    def __next__(self) -> Any:
        return self._peer.call("next", self)


class RemoteClass(Remote):
    """A class of the other process."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in ("__name__", "__qualname__"):
            return self._class.name
        return super().__getattr__(name)

    def __instancecheck__(self, other: Any) -> bool:
        return isinstance(other, Remote) and self._peer.call("isinstance", self, other) is True

    def __mro_entries__(self, bases: Any) -> Any:
        raise TypeError("a test that makes a subclass of a learner's class must run beside it")


class RemoteAsyncIterator(Remote):
    """An asynchronous iterator of the other process."""

    __slots__ = ()

    def __aiter__(self) -> RemoteAsyncIterator:
        return self

    async def __anext__(self) -> Any:
        return await self._peer.call("anext", self)


class ClassInfo:
    """What is known of the class of a remote object: its name and its plain methods."""

    __slots__ = ("methods", "name")

    def __init__(self, name: str, methods: frozenset[str]):
        self.name, self.methods = name, methods


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("no text where Python needs text")
    return value


def _asked(op: str, want: type | None = None) -> Callable:
    def ask(self: Remote, *args: Any) -> Any:
        value = self._peer.call(op, self, *args)
        if want is not None and type(value) is not want:
            raise TypeError(f"{op} gave no {want.__name__}")
        return value

    return ask


for _name, _want in {
    "len": int,
    "bool": bool,
    "int": int,
    "float": float,
    "bytes": bytes,
    "index": int,
    "getitem": None,
    "setitem": None,
    "delitem": None,
    "neg": None,
    "pos": None,
    "invert": None,
    "reversed": None,
}.items():
    setattr(Remote, f"__{_name}__", _asked(_name, _want))

BINARY = [
    "lt",
    "le",
    "gt",
    "ge",
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
]
for _name in BINARY:
    setattr(Remote, f"__{_name}__", _asked(_name))


def _method(remote: Remote, name: str) -> Callable:
    path = f"{remote._path}.{name}"

    def method(*args: Any, **kwargs: Any) -> Any:
        return remote._peer.call("method", remote, name, *args, **kwargs)

    method.__name__, method.__qualname__ = name, f"{remote._class.name}.{name}"
    method.__dict__[MARK] = (remote, path, name)
    return method


def function(remote: Remote, name: str, qualname: str, doc: str | None, flavour: str) -> Callable:
    """A function whose calls run in the other process; `flavour`: "", "async" or "asyncgen"."""
    peer = remote._peer
    if flavour == "async":

        async def stand_in(*args: Any, **kwargs: Any) -> Any:
            return await awaited(peer, "acall", remote, args, kwargs)

    elif flavour == "asyncgen":

        async def stand_in(*args: Any, **kwargs: Any) -> Any:
            async for item in peer.call("call", remote, *args, **kwargs):
                yield item

    else:

        def stand_in(*args: Any, **kwargs: Any) -> Any:
            return peer.call("call", remote, *args, **kwargs)

    stand_in.__name__, stand_in.__qualname__, stand_in.__doc__ = name, qualname, doc
    stand_in.__module__ = "__main__"
    stand_in.__dict__[MARK] = (remote, remote._path, "")
    return stand_in


async def awaited(peer: Any, op: str, remote: Remote, args: tuple, kwargs: dict) -> Any:
    """Wait for something asynchronous of the other process, without blocking this loop."""
    loop = peer.loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(_threads, lambda: peer.call(op, remote, *args, **kwargs))
    except asyncio.CancelledError:
        loop.run_in_executor(_threads, lambda: peer.call("cancel", remote))
        raise


async def awaitable(peer: Any, remote: Remote) -> Any:
    """A coroutine or future of the other process, as one of this."""
    return await awaited(peer, "await", remote, (), {})


def remote_of(value: Any) -> Any:
    """The `Remote` that a proxy is or stands for; `None` if it is no proxy, or one of a method."""
    if isinstance(value, Remote):
        return value
    if type(value) is types.FunctionType:
        mark = value.__dict__.get(MARK)
        return mark[0] if mark and not mark[2] else None
    return None


def called_by(value: Any) -> Remote | None:
    """The `Remote` of a proxy that is a plain function, which a call of it asks; else `None`."""
    remote = remote_of(value) if type(value) is types.FunctionType else None
    return remote if remote is not None and not value.__code__.co_flags & _ASYNC else None


def method_of(value: Any) -> tuple[Remote, str] | None:
    """The object and the name that the proxy of a method stands for; `None` if it is none."""
    if type(value) is types.FunctionType:
        mark = value.__dict__.get(MARK)
        return (mark[0], mark[2]) if mark and mark[2] else None
    return None
