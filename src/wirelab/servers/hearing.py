"""What a client hears: a line, an end, a reset, or nothing; always in bounded time.

It knows sockets, and no server.
"""

from __future__ import annotations

import socket
import time
from typing import Literal

Heard = bytes | Literal["end", "reset", "silence"]


def hears(client: socket.socket, within_s: float = 5.0) -> Heard:
    """The next line that comes, without its end; or "end", "reset", "silence".

    It takes not one octet more than the line. Octets without a line's end count as the line if
    "end", "reset" or "silence" follows.
    """
    line = bytearray()
    until = time.monotonic() + within_s
    try:
        while not line.endswith(b"\n"):
            if line and time.monotonic() > until:
                return bytes(line)
            client.settimeout(max(0.001, until - time.monotonic()))
            seen = client.recv(65536, socket.MSG_PEEK)
            if not seen:
                return bytes(line) or "end"
            wanted = seen.find(b"\n") + 1 or len(seen)
            line += client.recv(wanted)
    except TimeoutError:
        return bytes(line) or "silence"
    except ConnectionError:
        return bytes(line) or "reset"
    return bytes(line[:-1])


def hears_all(client: socket.socket, within_s: float = 5.0) -> list[Heard]:
    """All lines until something else than a line comes, and that last."""
    heard: list[Heard] = []
    until = time.monotonic() + within_s
    while not heard or isinstance(heard[-1], bytes):
        heard.append(hears(client, max(0.001, until - time.monotonic())))
    return heard
