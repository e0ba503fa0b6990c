"""What a client hears: a line, an end, a reset, or nothing; always in bounded time.

It knows sockets, and no server. Patience is counted in wakings: where the machine is busy, whoever
waits is woken late, so that patience lasts as much longer as the server may need.
"""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Literal

Heard = bytes | Literal["end", "reset", "silence"]
WAKINGS = 20


def hears(client: socket.socket, within_s: float = 5.0) -> Heard:
    """The next line that comes, without its end; or "end", "reset", "silence".

    It takes not one octet more than the line. Octets without a line's end count as the line if
    "end", "reset" or "silence" follows. On a busy machine it waits longer than `within_s`.
    """
    line = bytearray()
    until = time.monotonic() + within_s
    try:
        while not line.endswith(b"\n"):
            if line and time.monotonic() > until:
                return bytes(line)
            seen = _peek(client, until - time.monotonic())
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


def _peek(client: socket.socket, within_s: float) -> bytes:
    """What is there to be read, left where it is; b"" at the end. Raises `TimeoutError`."""
    before = client.gettimeout()
    client.settimeout(max(0.001, within_s / WAKINGS))
    try:
        for _ in range(WAKINGS - 1):
            with contextlib.suppress(TimeoutError):
                return client.recv(65536, socket.MSG_PEEK)
        return client.recv(65536, socket.MSG_PEEK)
    finally:
        client.settimeout(before)
