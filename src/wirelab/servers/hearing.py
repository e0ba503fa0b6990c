"""What a client hears: a line, an end, a reset, or nothing; always in bounded time.

It knows sockets, and no server. Patience is counted in wakings: where the machine is busy, whoever
waits is woken late, so that patience lasts as much longer as the server may need.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Literal, TypeVar

Heard = bytes | Literal["end", "reset", "silence"]
WAKINGS = 20
BEAT_S = 0.01
ATTEMPTS = 4
Told = TypeVar("Told")


def hears(client: socket.socket, within_s: float = 5.0, *, exact: bool = False) -> Heard:
    """The next line that comes, without its end; or "end", "reset", "silence".

    It takes not one octet more than the line. Octets without a line's end count as the line if
    "end", "reset" or "silence" follows. On a busy machine it waits longer than `within_s`,
    unless that is to be `exact`.
    """
    line = bytearray()
    until = time.monotonic() + within_s
    try:
        while not line.endswith(b"\n"):
            if line and time.monotonic() > until:
                return bytes(line)
            seen = _peek(client, until - time.monotonic(), 1 if exact else WAKINGS)
            if not seen:
                return bytes(line) or "end"
            wanted = seen.find(b"\n") + 1 or len(seen)
            line += client.recv(wanted)
    except TimeoutError:
        return bytes(line) or "silence"
    except ConnectionError:
        return bytes(line) or "reset"
    return bytes(line[:-1])


def hears_octets(client: socket.socket, within_s: float = 5.0) -> tuple[bytes, str]:
    """All octets that come, as they are, and what comes behind them: "end", "reset", "silence"."""
    octets = b""
    try:
        while _peek(client, within_s):
            octets += client.recv(65536)
    except TimeoutError:
        return octets, "silence"
    except ConnectionError:
        return octets, "reset"
    return octets, "end"


def hears_all(client: socket.socket, within_s: float = 5.0) -> list[Heard]:
    """All lines until something else than a line comes, and that last."""
    heard: list[Heard] = []
    until = time.monotonic() + within_s
    while not heard or isinstance(heard[-1], bytes):
        heard.append(hears(client, max(0.001, until - time.monotonic())))
    return heard


def unhurried(attempt: Callable[[float], Told], margin_s: float) -> Told:
    """What `attempt(1)` gives; on a machine too busy for its clocks, `attempt(2)`, `attempt(4)`.

    An attempt multiplies its times by its argument. The machine is too busy if a metronome beside
    it is late by more than `margin_s`, multiplied in the same way.
    """
    for pace in (2.0**n for n in range(ATTEMPTS)):
        with _metronome() as late:
            told = attempt(pace)
        if max(late) <= margin_s * pace:
            break
    return told


@contextlib.contextmanager
def _metronome() -> Iterator[list[float]]:
    """How late each beat came, in seconds."""
    late, over = [0.0], threading.Event()

    def beat() -> None:
        due = time.monotonic() + BEAT_S
        while not over.wait(max(0.0, due - time.monotonic())):
            late.append(time.monotonic() - due)
            due = time.monotonic() + BEAT_S

    thread = threading.Thread(target=beat, name="metronome", daemon=True)
    thread.start()
    try:
        yield late
    finally:
        over.set()
        thread.join()


def _peek(client: socket.socket, within_s: float, wakings: int = WAKINGS) -> bytes:
    """What is there to be read, left where it is; b"" at the end. Raises `TimeoutError`."""
    before = client.gettimeout()
    client.settimeout(max(0.001, within_s / wakings))
    try:
        for _ in range(wakings - 1):
            with contextlib.suppress(TimeoutError):
                return client.recv(65536, socket.MSG_PEEK)
        return client.recv(65536, socket.MSG_PEEK)
    finally:
        client.settimeout(before)
