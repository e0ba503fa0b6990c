"""The learner's end: does what a test asks of the learner's objects, in the learner's process.

It has no rules: whatever it sends is judged at the other end. It knows neither tests nor marks.
"""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import gc
import inspect
import operator
import selectors
import socket
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from wirelab.grading.examiner import faults, kinds
from wirelab.grading.examiner.channel import Ended, Peer
from wirelab.grading.examiner.codec import Decoder
from wirelab.grading.examiner.proxies import (
    BINARY,
    ClassInfo,
    Remote,
    RemoteAsyncIterator,
    RemoteIterator,
    function,
)

MAX_PRINTED = 1 << 20

OPS: dict[str, Callable] = {
    "get": getattr,
    "set": setattr,
    "del": delattr,
    "call": lambda target, *args, **kwargs: target(*args, **kwargs),
    "method": lambda target, name, *args, **kwargs: getattr(target, name)(*args, **kwargs),
    "repr": repr,
    "str": str,
    "eq": operator.eq,
    "len": len,
    "bool": bool,
    "int": int,
    "float": float,
    "bytes": bytes,
    "index": operator.index,
    "iter": iter,
    "next": next,
    "reversed": reversed,
    "contains": operator.contains,
    "isinstance": lambda kind, value: isinstance(value, kind),
    "enter": lambda target: type(target).__enter__(target),
    "exit": lambda target, error: bool(type(target).__exit__(target, *_raised(error))),
    "aiter": aiter,
    "anext": lambda target: type(target).__anext__(target),
    "aenter": lambda target: type(target).__aenter__(target),
    "aexit": lambda target, error: type(target).__aexit__(target, *_raised(error)),
    **{
        name: getattr(operator, name)
        for name in ["getitem", "setitem", "delitem", "neg", "pos", "invert"]
    },
    **{name: getattr(operator, name if hasattr(operator, name) else f"{name}_") for name in BINARY},
}


def _raised(error: BaseException | None) -> tuple:
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)


class LearnerPeer(Peer):
    """Serves the names of `namespace`; `types` are the dataclasses that pass by value."""

    def __init__(
        self,
        main: socket.socket,
        control: socket.socket,
        namespace: dict[str, Any],
        types: dict[str, type],
    ):
        super().__init__(main, control)
        self.namespace = namespace
        self.types = {**types, **faults.KNOWN}
        self.type_names = {kind: name for name, kind in self.types.items()}
        self.remotes: dict[int, Any] = {}
        self.classes: dict[type, int] = {}
        self.futures: dict[int, Any] = {}
        self.loop: asyncio.AbstractEventLoop | None = None
        self.output = Printed()

    # --- answering

    def perform(self, op: str, target: Any, args: tuple, kwargs: dict, frame: Decoder) -> Any:
        if op == "names":
            self._forget()
            return {name: self.namespace[name] for name in target if name in self.namespace}
        if op == "plain":
            return looked_into(target)
        if op == "acall":
            return self._wait(lambda: target(*args, **kwargs), target)
        if op == "await":
            return self._wait(lambda: target, target)
        if op == "cancel":
            future = self.futures.get(id(target))
            return future.cancel() if future else False
        try:
            return OPS[op](target, *args, **kwargs)
        except StopIteration as stop:
            if op != "next":
                raise
            raise _Stopped(stop.value) from None

    def caught(self, op: str, error: BaseException) -> Any:
        if isinstance(error, _Stopped):
            return ("stop", error.args[0])
        if isinstance(error, StopAsyncIteration) and op in ("await", "acall"):
            return ("astop",)
        return error

    def _forget(self) -> None:
        """A test begins: nothing is left of the one before."""
        for each in (self.mine, self.numbers, self.remotes, self.classes, self.futures):
            each.clear()
        self.output.room = MAX_PRINTED

    def _wait(self, make: Callable[[], Any], key: Any) -> Any:
        async def run() -> Any:
            return await make()

        future = asyncio.run_coroutine_threadsafe(run(), self._running_loop())
        self.futures[id(key)] = future
        return future.result()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self.lock:
            if self.loop is None:
                selector = getattr(selectors, "PollSelector", selectors.DefaultSelector)()
                self.loop = asyncio.SelectorEventLoop(selector)
            if not self.loop.is_running():
                started = threading.Event()
                self.loop.call_soon(started.set)
                threading.Thread(target=self.loop.run_forever, daemon=True).start()
                started.wait()
            return self.loop

    # --- calling back

    def result(self, op: str, status: str, value: Any, frame: Decoder) -> Any:
        if status == "ok":
            return value
        if type(value) is tuple and value[:1] == ("stop",):
            raise StopIteration(value[1])
        raise value if isinstance(value, BaseException) else RuntimeError("no answer")

    def failed(self, error: Exception) -> None:
        if isinstance(error, Ended):
            raise SystemExit(0)  # the test is over

    # --- passing

    def export(self, value: Any) -> tuple:
        return exported(self, value)

    def plain_base(self, value: Any) -> Any:
        """The plain value of an instance of a subclass of a plain type; `None` for others."""
        base = next((each for each in kinds.PLAIN if isinstance(value, each)), None)
        if base is None:
            return None
        if base is dict:
            return dict(dict.items(value))
        if base in (list, set, frozenset):
            return base(base.__iter__(value))
        if base is int:
            return int.__index__(value)
        if base is float:
            return float.__add__(value, 0.0)
        return base.__getitem__(value, slice(None))

    def imported(self, told: tuple, frame: Decoder) -> Any:
        number = told[0]
        if number not in self.remotes:
            self.remotes[number] = proxy(self, told, "")
        return self.remotes[number]

    def bound(self, target: Any, name: str) -> Any:
        return getattr(target, name)

    def named_tuple(self, name: str, fields: tuple) -> type:
        import collections

        return collections.namedtuple(name, fields)

    def describe(self, error: BaseException) -> tuple:
        from wirelab.grading.outcomes import raised

        passed_on = vars(error).get("_wirelab_origin")
        try:
            found = raised(error)
            where = (found.function, found.line, found.source)
        except BaseException:
            where = ("", 0, "")
        own = type(error) if faults.name_of(type(error)) not in faults.KNOWN else None
        return (passed_on, own, faults.describe(error, where))

    def rebuild(self, told: tuple) -> BaseException:
        origin, own, described = told
        if isinstance(own, type):  # an exception of the learner's own that a test passes back
            error = own(*described[2])
        else:
            error = faults.rebuild(described)
        error.__dict__["_wirelab_origin"] = origin
        return error

    def printed(self) -> str:
        return self.output.take() if self.output.parts else ""


class _Stopped(Exception):
    """An iterator's end on its way."""


class Printed:
    """Stands for sys.stdout and sys.stderr while tests ask; what is printed goes with the answer."""

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


def exported(peer: Peer, value: Any) -> tuple:
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


def serve(
    main: socket.socket,
    control: socket.socket,
    namespace: dict[str, Any],
    types: dict[str, type],
    loop: asyncio.AbstractEventLoop | None = None,
) -> None:
    """Answer tests' questions until they are over; `loop` is where the cells' own tasks are."""
    gc.freeze()  # what was there before the test is not worth looking at again
    peer = LearnerPeer(main, control, namespace, types)
    peer.loop = loop
    sys.stdout = sys.stderr = peer.output
    peer.accept_channels()
    peer.serve()
