"""Conversations with a server that answers lines, each told as what its client heard.

It judges nothing: a test compares. A server here answers a line with the same line in capitals, and
its `handle` raises at `boom`.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterable
from typing import Any

from wirelab.servers.hearing import Heard, hears, hears_all
from wirelab.servers.recorder import Recording
from wirelab.servers.running import running

LISTENS = 0.3  # on a busy machine longer: see `hearing`
SETTLES = 30  # lines of one client
ROUNDS = 10  # of a loop that has nothing to do: more is no sleep
SHARE = 0.2  # of a processor, likewise


def shout(line: bytes) -> bytes:
    """The line in capitals; ArithmeticError at `boom`, which nobody thinks of beforehand."""
    if line == b"boom":
        raise ArithmeticError("a handler may fail")
    return line.upper()


def conversations(serve: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """What clients of `serve(listener, shout, ...)` hear who speak one after another."""
    with running(serve, shout, *args, **kwargs) as server:
        heard: dict[str, Any] = {}
        one = server.connect()
        one.sendall(b"hello\n")
        heard["one line"] = hears(one, LISTENS)
        if heard["one line"] == "silence":
            return heard
        one.sendall(b"a\nb\nc\n")
        heard["three lines at once"] = [hears(one, LISTENS) for _ in range(3)]
        if "silence" in heard["three lines at once"]:
            return heard
        one.sendall(b"wor")
        heard["half a line"] = hears(one, 0.05)
        one.sendall(b"ld\nand mo")
        heard["its other half"] = hears(one, LISTENS)
        one.sendall(b"re\n\n")
        heard["the next, and an empty line"] = [hears(one, LISTENS) for _ in range(2)]
        one.sendall(b"x\ny\nunfinished")
        one.shutdown(socket.SHUT_WR)
        heard["lines, then its end"] = ended(one)
        heard["1,024 octets"] = _ask(server, b"k" * 1024, len)
        return heard


def misfortunes(serve: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """What clients of `serve(listener, shout, ...)` hear when others come to grief."""
    with running(serve, shout, *args, **kwargs) as server:
        heard: dict[str, Any] = {}
        witness = server.connect()
        witness.sendall(b"before\n")
        hears(witness, LISTENS)

        def others() -> list[Heard]:
            witness.sendall(b"still here\n")
            return [hears(witness, LISTENS), _ask(server, b"anybody")]

        def failing() -> list[Heard]:
            client = server.connect()
            client.sendall(b"fine\nboom\n")
            return ended(client)

        def long(octets: bytes) -> list[Heard]:
            client = server.connect()
            with contextlib.suppress(OSError):
                client.sendall(octets)
            return ended(client)

        def after_a_reset() -> list[Heard]:
            client = server.connect()
            client.sendall(b"half")
            reset(client)
            return others()

        for what, happens in {
            "the handler fails": failing,
            "the others then": others,
            "a line without an end": lambda: long(b"x" * 4000),
            "a line of 1,025 octets": lambda: long(b"x" * 1025 + b"\n"),
            "the others after a reset": after_a_reset,
        }.items():
            heard[what] = happens()
            if "silence" in heard[what]:  # whoever waits here would wait again
                return heard
        heard["the server's own error"] = repr(server.error) if server.error else None
        return heard


def ended(client: socket.socket) -> list[Heard]:
    """All that a client hears; a reset counts as an end."""
    heard = hears_all(client, LISTENS)
    return ["end" if each == "reset" else each for each in heard]


def reset(client: socket.socket) -> None:
    """Leave with RST instead of FIN."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def rests(client: socket.socket, watched: Recording, for_s: float = 0.1) -> str:
    """What a server in this process does while `client` says nothing: "sleeps", or "spins".

    It spins if a loop that is `watched` goes round and round, or if processor time is used up:
    on a busy machine less of it, so that nobody who sleeps is taken for one who spins. Before,
    `client` asks a few times, so that whatever can be done is done; where it is not answered,
    "answers no more".
    """
    heard: list[Heard] = []
    with contextlib.suppress(OSError):
        heard = use_in_reverse([client] * SETTLES)
    if not all(isinstance(each, bytes) for each in heard or ["end"]):
        return "answers no more"
    rounds, before = len(watched.rounds), time.process_time()
    hears(client, for_s)
    turns = len(watched.rounds) - rounds
    spins = turns > ROUNDS or time.process_time() - before > SHARE * for_s
    return "spins" if spins else "sleeps"


def come_while_busy(busy: Callable[[], Any], address: tuple[str, int], count: int = 120) -> int:
    """How many clients, one after another, get a connection while the server accepts nobody.

    `busy` makes it so, and returns what ends that.
    """
    free = busy()
    came = 0
    with contextlib.ExitStack() as clients:
        for _ in range(count):
            try:
                clients.enter_context(socket.create_connection(address, 0.5))
            except OSError:
                break
            came += 1
        free()
    return came


def use_in_reverse(clients: Iterable[socket.socket], within_s: float = LISTENS) -> list[Heard]:
    """Ask on each connection, the last opened first; what was heard, in that order."""
    heard = []
    for n, client in reversed(list(enumerate(clients))):
        client.sendall(b"number %d\n" % n)
        heard.append(hears(client, within_s))
        if heard[-1] == "silence":
            break
    return heard


def _ask(server: running, line: bytes, told: Callable[[Any], Any] = lambda heard: heard) -> Any:
    with server.connect() as client:
        client.sendall(line + b"\n")
        return told(hears(client, LISTENS))
