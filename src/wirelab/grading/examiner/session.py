"""The examiner's end: proxies for the learner's names, and rules for what the learner may ask.

A breach of the rules, a hang or an end of the learner's process is final: every later call fails,
and so does the test, whatever it does with the exception.
"""

from __future__ import annotations

import asyncio
import collections
import inspect
import keyword
import sys
import threading
from collections.abc import Iterable
from typing import Any

from wirelab.grading import compare
from wirelab.grading.examiner import faults, rules, shapes
from wirelab.grading.examiner.channel import Peer, Poisoned
from wirelab.grading.examiner.decode import Breach, Decoder
from wirelab.grading.examiner.line import Line
from wirelab.grading.examiner.proxies import (
    ClassInfo,
    Remote,
    RemoteAsyncIterator,
    RemoteClass,
    RemoteIterator,
    awaitable,
    function,
    remote_of,
)
from wirelab.grading.examiner.telling import MAX_PRINTED, exported
from wirelab.grading.examiner.wire import Ended

MAX_CALLBACKS = 2_000_000
_FLAVOURS = {
    "iterator": RemoteIterator,
    "aiterator": RemoteAsyncIterator,
    "class": RemoteClass,
    "object": Remote,
}


class Session(Peer):
    """One test, or several, with one clone of the learner's process.

    `types` are the dataclasses that pass by value, `lock` says where objects may come from.
    `dead` is why there can be no answer any more: "late", "ended" or "breach: ..."; "" while
    there can.
    """

    def __init__(self, line: Line, types: dict[str, type], lock: shapes.Lock):
        super().__init__(line.main, line.control)
        self.line = line
        line.session = self
        self.types = {**types, **faults.KNOWN}
        self.type_names = {kind: name for name, kind in self.types.items()}
        self.shapes = lock
        self.dead = ""
        self.closed = False
        self.ahead: Any = None
        self.asked = ""
        self.calls = 0
        self.remotes: dict[int, Any] = {}
        self.classes: dict[type, int] = {}
        self.infos: dict[int, ClassInfo] = {}
        self.exception_numbers: dict[type, int] = {}
        self.tuples: dict[tuple, type] = {}
        self.passed: dict[int, BaseException] = {}
        self.loop: asyncio.AbstractEventLoop | None = None
        self.room = MAX_PRINTED

    def names(self, wanted: Iterable[str]) -> dict[str, Any]:
        """Those of the learner's names that there are, as plain values or proxies."""
        # what an earlier test on this clone was given is forgotten on both sides
        found = self.call("names", sorted(wanted))
        if type(found) is not dict or not set(found) <= set(wanted):
            self.failed(Breach("names that nobody asked for"))
        for name, value in found.items():
            remote = remote_of(value)
            if remote is None:
                continue
            if not self.shapes.allows(name):
                self.failed(Breach(f"{name} must be a plain value, not an object"))
            object.__setattr__(remote, "_path", name)
        return found

    # --- calling

    def call(self, op: str, target: Any, *args: Any, **kwargs: Any) -> Any:
        if self.dead or self.closed:
            raise Poisoned(self.dead or "over")
        self.calls += 1
        if (ahead := self.ahead) and getattr(self.own, "channel", None) is ahead.channel:
            if op == "call" and target is ahead.remote and ahead.left:
                return ahead.next()
            ahead.drain()
        self.asked = self.path_of(op, target, args) or self.asked
        return super().call(op, target, *args, **kwargs)

    def path_of(self, op: str, target: Any, args: tuple) -> str:
        return shapes.path_of(op, target, args)

    def result(self, op: str, status: str, value: Any, frame: Decoder) -> Any:
        if frame.handles and not self.shapes.allows(frame.path):
            only = frame.handles[0]
            if frame.handles != [value] or not isinstance(only, RemoteIterator):
                name = getattr(only, "__qualname__", None) or type(only).__name__
                if isinstance(only, Remote):
                    name = only._class.name
                self.failed(
                    Breach(f"{frame.path} must give plain values, not an object of class {name}")
                )
            value = _items(only)
        if status == "ok":
            return value
        if type(value) is tuple and value[:1] == ("stop",) and op in ("next", "call", "method"):
            raise StopIteration(value[1])
        if type(value) is tuple and value == ("astop",) and op in ("await", "acall"):
            raise _AsyncEnd
        if not isinstance(value, BaseException):
            self.failed(Breach("an error that is none"))
        raise value

    def failed(self, error: Exception) -> None:
        if not self.dead:
            self.dead = "ended" if isinstance(error, Ended) else f"breach: {error}"
        raise Poisoned(self.dead) from None

    def interrupted(self) -> None:
        self.dead = self.dead or "late"

    def serve(self, connected: Any = None) -> None:
        try:
            super().serve(connected)
        except Poisoned:
            return

    # --- answering

    def perform(self, op: str, target: Any, args: tuple, kwargs: dict, frame: Decoder) -> Any:
        if self.dead:
            raise Poisoned(self.dead)
        if frame.handles and not self.shapes.allows(frame.path):
            raise Breach("an object was given to a callback where a plain value belongs")
        self.calls += 1
        if self.calls > MAX_CALLBACKS:
            raise Breach("too many calls")
        if rules.number(self, target) is None:
            raise PermissionError("a test has not passed this")
        if op == "await" and inspect.isawaitable(target):
            return asyncio.run_coroutine_threadsafe(_wait(target), self.loop).result()
        try:
            return rules.do(self, op, target, args, kwargs)
        except StopIteration as stop:
            raise _Stop(stop.value) from None

    def caught(self, op: str, error: BaseException) -> Any:
        if isinstance(error, _Stop):
            return ("stop", error.args[0])
        if not isinstance(error, Exception) or isinstance(error, Breach):
            raise error
        return error

    # --- passing

    def export(self, value: Any) -> tuple:
        rules.check_passable(value)
        self.line.accept()
        told = exported(self, value)
        if told[6] is not None:
            told = (*told[:6], sorted(rules.public_methods(type(value))))
        return told

    def plain_base(self, value: Any) -> None:
        """A test's own subclass of a plain type is passed as an object."""

    def imported(self, told: Any, frame: Decoder) -> Any:
        number, flavour, name, qualname, doc, class_number, more = _checked(told)
        known = self.remotes.get(number)
        if known is None:
            known = self.remotes[number] = self._proxy(
                number, flavour, name, qualname, doc, class_number, more, frame.path
            )
        if flavour == "awaitable":
            return awaitable(self, known)
        if flavour != "exception":
            frame.handles.append(known)
        return known

    def _proxy(
        self,
        number: int,
        flavour: str,
        name: str,
        qualname: str,
        doc: Any,
        class_number: int,
        more: Any,
        path: str,
    ) -> Any:
        if flavour == "exception":
            kind = faults.stand_in([f"__main__.{name}", *more[1:]])
            self.exception_numbers[kind] = number
            return kind
        if more is not None and flavour not in ("class", "function"):
            self.infos[class_number] = ClassInfo(name, frozenset(more))
        about = self.infos.get(class_number) or ClassInfo(name, frozenset())
        remote = _FLAVOURS.get(flavour, Remote)(self, number, about, path)
        if flavour in ("function", "async", "asyncgen"):
            return function(remote, name, qualname, doc, "" if flavour == "function" else flavour)
        return remote

    def number_of(self, value: Any) -> int | None:
        if isinstance(value, type):
            return self.exception_numbers.get(value)
        return super().number_of(value)

    def bound(self, target: Any, name: str) -> Any:
        return rules.do(self, "get", target, (name,), {})

    def named_tuple(self, name: str, fields: Any) -> type:
        if type(fields) is not tuple or len(fields) > 64 or len(self.tuples) > 64:
            raise Breach("no named tuple")
        for each in (name, *fields):
            if type(each) is not str or not each.isidentifier() or keyword.iskeyword(each):
                raise Breach("no name of a field")
        if (name, fields) not in self.tuples:
            self.tuples[name, fields] = collections.namedtuple(name, fields)
        return self.tuples[name, fields]

    def describe(self, error: BaseException) -> tuple:
        number = len(self.passed) + 1
        self.passed[number] = error
        own = type(error) if type(error) in self.exception_numbers else None
        where = error.__dict__.get(faults.WHERE, ("", 0, ""))
        return (number, own, faults.describe(error, where))

    def rebuild(self, told: Any) -> BaseException:
        origin, own, described = told
        if origin is not None:
            return self.passed[origin]
        kind = own if isinstance(own, type) and own in self.exception_numbers else None
        return faults.rebuild(described, kind)

    def heard(self, said: Any) -> None:
        if type(said) is not str:
            raise Breach("no text")
        if said:
            sys.stdout.write(said[: max(self.room, 0)])
            self.room -= len(said)

    def over(self) -> None:
        """No call after this one: a thread of the test that goes on asks in vain."""
        self.closed = True


class _Stop(Exception):
    """The end of an iterator of the test's, on its way."""


class _AsyncEnd(StopAsyncIteration):
    """The end of an asynchronous iterator of the learner's."""


async def _wait(target: Any) -> Any:
    return await target


def _items(remote: RemoteIterator) -> Any:
    """An iterator where a value was expected: its items, nothing else of it."""
    yield from remote


def _checked(told: Any) -> tuple:
    if type(told) is not tuple or len(told) != 7:
        raise Breach("an object that is not in order")
    number, flavour, name, qualname, doc, class_number, more = told
    if (type(number), type(flavour), type(name), type(qualname), type(class_number)) != (
        int,
        str,
        str,
        str,
        int,
    ):
        raise Breach("an object that is not in order")
    if doc is not None and type(doc) is not str:
        raise Breach("an object that is not in order")
    if more is not None and (type(more) is not list or not all(type(each) is str for each in more)):
        raise Breach("an object that is not in order")
    return number, flavour, name[:200], qualname[:200], doc, class_number, more


def quiet_threads() -> None:
    """Let threads of a test that end with `Poisoned` end in silence."""
    before = threading.excepthook

    def hook(told: Any) -> None:
        if not issubclass(told.exc_type, Poisoned):
            before(told)

    threading.excepthook = hook


def _look_into(remote: Remote) -> tuple:
    told = remote._peer.call("plain", remote)
    sound = type(told) is tuple and len(told) == 3 and type(told[1]) is str
    if sound and told[0] == "record" and type(told[2]) is list:
        return ("record", told[1], [(str(name), value) for name, value in told[2]])
    if sound and told[0] == "value" and type(told[2]) is int:
        return told
    return ("opaque", told[1] if sound else "object", None)


compare.elsewhere.update({Remote: _look_into, RemoteClass: _look_into})
