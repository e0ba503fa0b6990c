"""The learner's end: does what a test asks of the learner's objects, in the learner's process.

It has no rules: whatever it sends is judged at the other end. It knows neither tests nor marks.
"""

from __future__ import annotations

import asyncio
import gc
import operator
import selectors
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from wirelab.grading.examiner import faults, kinds
from wirelab.grading.examiner.channel import Peer
from wirelab.grading.examiner.decode import Decoder
from wirelab.grading.examiner.proxies import BINARY
from wirelab.grading.examiner.telling import MAX_PRINTED, Printed, exported, looked_into, proxy
from wirelab.grading.examiner.wire import Ended

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
            if op not in ("next", "call", "method"):
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
        # an exception of the learner's own that a test passes back is made anew
        error = own(*described[2]) if isinstance(own, type) else faults.rebuild(described)
        error.__dict__["_wirelab_origin"] = origin
        return error

    def printed(self) -> str:
        return self.output.take() if self.output.parts else ""


class _Stopped(Exception):
    """An iterator's end on its way."""


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
