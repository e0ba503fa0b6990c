"""A socket on which things go wrong as planned: short reads, short writes, errors, by list or seed.

It stands before a real socket, or anything with `send` and `recv`, and knows no protocol.
"""

from __future__ import annotations

import errno
import os
import random
import socket
from collections.abc import Iterable, Iterator
from typing import Any

Step = int | None | BaseException | type[BaseException]
"""What one call does: at most so many octets, all it can (None), or raise."""

_SENDERS = ("sendall", "sendfile", "sendmsg", "sendto")
_RECEIVERS = ("recvfrom", "recvfrom_into", "recv_into", "recvmsg", "recvmsg_into")
_ROUND_THE_FAULTS = frozenset([*_SENDERS, *_RECEIVERS, "makefile", "dup", "detach"])
_TROUBLES = (InterruptedError, TimeoutError)


class FaultySocket:
    """Delegates to `sock`, but `recv` and `send` follow a plan.

    `recv` and `send` are plans: an int is the most octets that any call moves; a list has one
    `Step` for each call, and after its last one nothing goes wrong any more. `recv_fails=(100,
    ConnectionResetError)` raises once, when a call comes after 100 octets have been delivered;
    `send_fails` likewise. A ConnectionError ends the connection as it does on a real socket: then
    `recv` gives b"" and `send` raises BrokenPipeError. A planned TimeoutError does not wait.

    `calls` lists what happened: ("recv", octets asked for, result) or ("send", octets offered,
    result), the result being the octets, their number, or the name of the exception. What would go
    round the faults (`sendall`, `makefile`, ...) raises AttributeError.
    """

    def __init__(
        self,
        sock: Any,
        *,
        recv: int | Iterable[Step] = (),
        send: int | Iterable[Step] = (),
        recv_fails: tuple[int, Any] | None = None,
        send_fails: tuple[int, Any] | None = None,
    ) -> None:
        self._socket = sock
        self._in, self._out = _Plan(recv, recv_fails), _Plan(send, send_fails)
        self._dead = False
        self.calls: list[tuple[str, int, Any]] = []

    @classmethod
    def seeded(
        cls, sock: Any, seed: int, *, most: int = 8, short: float = 0.5, trouble: float = 0.2
    ) -> FaultySocket:
        """Return one with faults by chance, the same for the same seed, each direction apart.

        A call is interrupted or times out with probability `trouble`; else it moves 1 to `most`
        octets with probability `short`. Raises ValueError for what is no probability.
        """
        for name, value in (("short", short), ("trouble", trouble)):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} is a probability, from 0 to 1, not {value}")

        def steps(way: str) -> Iterator[Step]:
            dice = random.Random(f"{seed}/{way}")
            while True:
                troubled, cut = dice.random() < trouble, dice.random() < short
                which, size = dice.choice(_TROUBLES), dice.randint(1, most)
                yield which if troubled else size if cut else None

        return cls(sock, recv=steps("recv"), send=steps("send"))

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive at most `size` octets, or fewer, or raise, as planned."""
        if self._dead:
            return self._noted("recv", size, b"")
        room = self._room("recv", self._in, size)
        more = (flags,) if flags else ()  # what is no real socket may know no flags
        octets = self._socket.recv(room, *more)
        if not flags & getattr(socket, "MSG_PEEK", 0):
            self._in.moved += len(octets)
        return self._noted("recv", size, octets)

    def send(self, data: Any, flags: int = 0) -> int:
        """Send some of `data` and return how many octets were taken, or raise, as planned."""
        octets = memoryview(data).cast("B")
        if self._dead:
            self._raise("send", len(octets), BrokenPipeError)
        room = self._room("send", self._out, len(octets))
        more = (flags,) if flags else ()  # what is no real socket may know no flags
        taken = self._socket.send(octets[:room], *more)
        self._out.moved += taken
        return self._noted("send", len(octets), taken)

    def __getattr__(self, name: str) -> Any:
        if name in _ROUND_THE_FAULTS:
            raise AttributeError(f"FaultySocket has no {name}: use send and recv")
        if name.startswith("_"):  # not yet set, as while it is being copied
            raise AttributeError(name)
        return getattr(self._socket, name)

    def __enter__(self) -> FaultySocket:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _room(self, call: str, plan: _Plan, wanted: int) -> int:
        step = plan.next(wanted)
        if isinstance(step, int):
            return min(step, wanted)
        if step is None:
            return wanted
        return self._raise(call, wanted, step)

    def _raise(self, call: str, wanted: int, step: Any) -> Any:
        error = _made(step) if isinstance(step, type) else step
        self._dead = self._dead or isinstance(error, ConnectionError)
        self._noted(call, wanted, type(error).__name__)
        raise error

    def _noted(self, call: str, wanted: int, result: Any) -> Any:
        self.calls.append((call, wanted, result))
        return result


class _Plan:
    """What the calls of one direction do, in order."""

    def __init__(self, steps: int | Iterable[Step], fails: tuple[int, Any] | None) -> None:
        self._always = _checked(steps) if isinstance(steps, int) else None
        self._steps = iter(()) if isinstance(steps, int) else iter(steps)
        self._fails = fails
        self.moved = 0

    def next(self, wanted: int) -> Step:
        step = _checked(next(self._steps, self._always))
        if self._fails is None or wanted == 0:
            return step
        left = self._fails[0] - self.moved
        if left <= 0:
            error, self._fails = self._fails[1], None
            return error
        if step is None or isinstance(step, int):
            return left if step is None else min(step, left)
        return step


def _checked(step: Any) -> Step:
    is_error = isinstance(step, BaseException) or (
        isinstance(step, type) and issubclass(step, BaseException)
    )
    if step is None or is_error or (isinstance(step, int) and step >= 1):
        return step
    raise ValueError(f"a step is a number of octets from 1, None or an exception, not {step!r}")


def _made(kind: type[BaseException]) -> BaseException:
    """An exception as the system would make it, with its number and text."""
    number = _NUMBERS.get(kind)
    return kind(number, os.strerror(number)) if number else kind()


_NUMBERS = {
    ConnectionResetError: errno.ECONNRESET,
    ConnectionAbortedError: errno.ECONNABORTED,
    ConnectionRefusedError: errno.ECONNREFUSED,
    BrokenPipeError: errno.EPIPE,
    InterruptedError: errno.EINTR,
    TimeoutError: errno.ETIMEDOUT,
    BlockingIOError: errno.EAGAIN,
}
