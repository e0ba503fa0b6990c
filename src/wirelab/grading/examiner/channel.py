"""Calls between two processes, strictly nested: a frame out, questions back, its answer in.

Both ends speak the same frames. It knows how a call travels, not what may be called.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
import threading
from collections.abc import Callable
from typing import Any

from wirelab.grading.examiner.decode import Breach, Decoder
from wirelab.grading.examiner.encode import Encoder
from wirelab.grading.examiner.proxies import method_of, remote_of
from wirelab.grading.examiner.wire import (
    ANSWER,
    CLOEXEC,
    QUESTION,
    ROOM,
    Channel,
    Ended,
    close_all,
    descriptors_in,
)

MAX_CHANNELS = 64
ACCEPTING = "accepts channels"
HOSTILE = (
    Breach,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    RecursionError,
    struct.error,
    MemoryError,
    OverflowError,
    ArithmeticError,
)


class Poisoned(BaseException):
    """There is no answer any more, whatever the test does with this: it has failed."""


class Peer:
    """One end: makes calls on the calling thread's channel and answers those that come in on it.

    `main` is the channel of the first thread; a thread that comes later passes one end of a new
    channel through `control`, and the other end serves it in a thread. Subclasses say what is done
    (`perform`), how objects are passed (`export`, `imported`, ...) and what a breach means
    (`failed`).
    """

    def __init__(self, main: socket.socket, control: socket.socket):
        self.main, self.control = Channel(main), control
        self.own = threading.local()
        self.own.channel = self.main
        self.mine: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}
        self.lock = threading.Lock()
        self.types: dict[str, type] = {}
        self.type_names: dict[type, str] = {}

    # --- calling

    def call(self, op: str, target: Any, *args: Any, **kwargs: Any) -> Any:
        """Ask the other end and wait for its answer; raises what is raised there."""
        channel = getattr(self.own, "channel", None) or self._new_channel()
        number = next(channel.numbers)
        path = self.path_of(op, target, args)
        question = Encoder(self)
        question.put((op, target, args, kwargs, self.printed()))
        try:
            channel.send(QUESTION, number, question)
            status, value, changes, frame = self.awaited(channel, number, question.kept, path)
            self._restore(question.kept, changes)
        except (Ended, *HOSTILE) as error:
            self.failed(error)
            raise
        except BaseException:
            self.interrupted()
            raise
        return self.result(op, status, value, frame)

    def awaited(self, channel: Channel, number: int, kept: list[Any], path: str) -> tuple:
        """Wait for an answer, answering what is asked meanwhile; status, value, changes, frame."""
        while True:
            kind, echoed, octets, descriptors = channel.receive()
            frame = Decoder(self, octets, descriptors, kept if kind == ANSWER else ())
            frame.path = path if kind == ANSWER else f"{path}^"
            body = frame.whole()
            if kind == ANSWER:
                break
            self._answer(channel, echoed, frame, body)
        if echoed != number & 0xFFFFFFFF:
            raise Breach("an answer to another question")
        status, value, changes, said = body
        if status not in ("ok", "error") or type(changes) is not list:
            raise Breach("no answer")
        self.heard(said)
        return status, value, changes, frame

    def _restore(self, kept: list[Any], changes: list[Any]) -> None:
        for at, changed in changes:
            value = kept[at]
            if type(value) is not type(changed):
                raise Breach("an argument that has changed its type")
            if value is changed:
                continue
            if isinstance(value, (dict, set)):
                value.clear()
                value.update(changed)
            else:
                value[:] = changed

    # --- answering

    def serve(self, connected: socket.socket | None = None) -> None:
        """Answer questions on this thread's channel until the other end is gone."""
        channel = self.main if connected is None else Channel(connected)
        self.own.channel = channel
        while True:
            try:
                kind, number, octets, descriptors = channel.receive()
                if kind != QUESTION:
                    raise Breach("an answer that nobody waits for")
                frame = Decoder(self, octets, descriptors)
                frame.path = "^"
                self._answer(channel, number, frame, frame.whole())
            except Ended:
                return
            except HOSTILE as error:
                self.failed(error)
                return

    def _answer(self, channel: Channel, number: int, frame: Decoder, body: Any) -> None:
        op, target, args, kwargs, said = body
        if op == "calls":
            self._answer_each(channel, number, frame, body)
            return
        if type(op) is not str or type(args) is not tuple or type(kwargs) is not dict:
            raise Breach("no question")
        self.heard(said)
        before = [_shallow(value) for value in frame.kept]
        status = "ok"
        try:
            value = self.perform(op, target, args, kwargs, frame)
        except BaseException as error:
            status, value = "error", self.caught(op, error)
        kept = frame.kept
        answer = Encoder(self, kept)
        changes = [
            (i, _shallow(now))
            for i, (now, then) in enumerate(zip(kept, before, strict=True))
            if _changed(now, then)
        ]
        try:
            answer.put((status, value, changes, self.printed()))
            channel.send(ANSWER, number, answer)
        except ValueError as error:
            answer = Encoder(self, kept)
            answer.put(("error", TypeError(str(error)), [], ""))
            channel.send(ANSWER, number, answer)

    def _answer_each(self, channel: Channel, number: int, frame: Decoder, body: Any) -> None:
        """Answer several calls of one function, each as if it had been asked alone."""
        _, target, asked, _, _ = body
        for octets in asked:
            one = Decoder(self, octets, [])
            one.path = frame.path
            args, kwargs = one.whole()
            self._answer(channel, number, one, ("call", target, args, kwargs, ""))

    # --- channels of further threads

    def _new_channel(self) -> Channel:
        ours, theirs = socket.socketpair()
        with self.lock, theirs:
            try:
                socket.send_fds(self.control, [b"c"], [theirs.fileno()])
            except OSError as error:
                self.failed(Ended())
                raise Ended from error
        self.own.channel = Channel(ours)
        return self.own.channel

    def accept_channels(self) -> None:
        """Serve the channels of the other end's threads; starts a thread that ends by itself."""
        accept_channels(self.control, lambda: self)

    # --- what the two ends do differently

    def path_of(self, op: str, target: Any, args: tuple) -> str:
        """Where what a call gives comes from, in words such as `Cache().get()`."""
        return ""

    def perform(self, op: str, target: Any, args: tuple, kwargs: dict, frame: Decoder) -> Any:
        """Do what the other end asks."""
        raise NotImplementedError

    def result(self, op: str, status: str, value: Any, frame: Decoder) -> Any:
        """What a call gives its caller."""
        raise NotImplementedError

    def caught(self, op: str, error: BaseException) -> Any:
        """What stands for an exception in an answer; raises it again if it may not cross."""
        return error

    def failed(self, error: Exception) -> None:
        """The channel cannot be used any more; may raise what the caller should see."""

    def interrupted(self) -> None:
        """A call was broken off; the channel cannot be used any more."""

    def printed(self) -> str:
        """What was printed since the last frame and is to appear on the other side."""
        return ""

    def heard(self, said: Any) -> None:
        """What the other side printed."""

    def number_of(self, value: Any) -> int | None:
        """The other side's number of one of its objects, or `None`."""
        remote = remote_of(value)
        return remote._number if remote is not None and remote._peer is self else None

    def method_of(self, value: Any) -> tuple[Any, str] | None:
        """The object and name of a method of the other side's, if `value` stands for one."""
        found = method_of(value)
        return found if found and found[0]._peer is self else None

    def bound(self, target: Any, name: str) -> Any:
        """The method of that name of an object of this side."""
        raise NotImplementedError

    def enter(self, value: Any) -> int:
        """Give an object of this side a number, the same each time."""
        number = self.numbers.get(id(value))
        if number is None:
            with self.lock:
                number = self.numbers[id(value)] = len(self.numbers) + 1
                self.mine[number] = value
        return number


def accept_channels(control: socket.socket, current: Callable[[], Peer]) -> None:
    """Serve every new channel that comes through `control`, as the peer that is current then."""

    def accept() -> None:
        count = 0
        while True:
            try:
                octets, ancillary, _, _ = control.recvmsg(1, ROOM, CLOEXEC)
            except OSError:
                return
            if not octets:
                return
            descriptors = descriptors_in(ancillary)
            count += 1
            fine = len(descriptors) == 1 and stat.S_ISSOCK(os.fstat(descriptors[0]).st_mode)
            if not fine or count > MAX_CHANNELS:
                close_all(descriptors)
                with contextlib.suppress(Poisoned):
                    current().failed(Breach("too many threads, or no channel"))
                return
            connected = socket.socket(fileno=descriptors[0])
            threading.Thread(target=current().serve, args=(connected,), daemon=True).start()

    threading.Thread(target=accept, name=ACCEPTING, daemon=True).start()


def _shallow(value: Any) -> Any:
    return value.copy()


def _changed(now: Any, then: Any) -> bool:
    if len(now) != len(then):
        return True
    if type(now) is list:
        return any(a is not b for a, b in zip(now, then, strict=True))
    if type(now) is dict:
        return any(then.get(key, Peer) is not value for key, value in now.items())
    return now != then
