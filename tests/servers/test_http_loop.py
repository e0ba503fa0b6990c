"""The loop that carries octets to a machine: answers arrive, ends are orderly, crashes are told."""

from __future__ import annotations

import pytest

from wirelab.protocols.http import Request, Response
from wirelab.servers import running
from wirelab.servers.http_loop import serve_connections
from wirelab.servers.stock_site import serve_stock


class Echo:
    """Says back in capitals what it hears, and ends at a full stop."""

    def __init__(self) -> None:
        self.closed = False

    def receive(self, octets: bytes) -> bytes:
        if b"!" in octets:
            raise ZeroDivisionError("asked for")
        self.closed = not octets or b"." in octets
        return octets.upper() or b"bye"

    def late(self) -> bytes:
        return b"late"


def all_of(client) -> bytes:
    return b"".join(iter(lambda: client.recv(4096), b""))


def test_two_clients_talk_at_once_and_the_server_may_end_the_talk():
    with running(serve_connections, Echo) as server:
        one, two = server.connect(), server.connect()
        two.sendall(b"two")
        assert two.recv(9) == b"TWO"
        one.sendall(b"one.")
        assert all_of(one) == b"ONE."
        two.shutdown(1)
        assert all_of(two) == b"bye"
    assert server.error is None


def test_answer_survives_octets_that_nobody_read():
    with running(serve_connections, Echo) as server:
        client = server.connect()
        client.sendall(b"." + b"x" * 300_000)
        client.shutdown(1)
        assert all_of(client)[:1] == b"."


def test_silence_is_told_to_the_machine():
    with running(serve_connections, Echo, idle_s=0.05) as server:
        assert all_of(server.connect()) == b"late"


def test_crash_closes_one_connection_and_is_told_at_the_end():
    with running(serve_connections, Echo) as server:
        crashed, other = server.connect(), server.connect()
        crashed.sendall(b"!")
        assert all_of(crashed) == b""
        other.sendall(b"still here")
        assert other.recv(99) == b"STILL HERE"
    with pytest.raises(ZeroDivisionError):
        raise server.error


def test_stock_server_answers_with_a_function():
    def handler(request: Request) -> Response:
        return Response(200, (("X-Method", request.method),), request.content[::-1])

    with running(serve_stock, handler) as server:
        client = server.connect()
        client.sendall(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab"
        )
        answer = all_of(client)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"X-Method: PUT\r\n" in answer
    assert answer.endswith(b"\r\n\r\nba")


def test_client_that_reads_nothing_keeps_nobody_waiting():
    class Talker(Echo):
        def receive(self, octets: bytes) -> bytes:
            self.closed = not octets
            return b"x" * 3_000_000 if octets == b"all" else octets

    with running(serve_connections, Talker) as server:
        deaf, other = server.connect(), server.connect()
        deaf.sendall(b"all")
        other.sendall(b"me")
        assert other.recv(9) == b"me"
        deaf.shutdown(1)
        assert len(all_of(deaf)) == 3_000_000
    assert server.stopped()
    assert server.error is None


def test_open_connections_do_not_hold_the_end_up():
    with running(serve_connections, Echo, idle_s=60.0) as server:
        server.connect().sendall(b"and then")
    assert server.stopped(1)
