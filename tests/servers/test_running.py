"""A server runs beside its clients and leaves nothing behind."""

import asyncio
import selectors
import socket
import threading

import pytest

from wirelab.servers import running


def shouts(listener, suffix=b""):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.sendall(connection.recv(100).upper() + suffix)


def shouts_when_ready(listener):
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for _ in selector.select():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(connection.recv(100).upper())


async def shouts_in_a_loop(listener):
    async def answer(reader, writer):
        writer.write((await reader.read(100)).upper())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, sock=listener) as server:
        await server.serve_forever()


@pytest.mark.parametrize("serve", [shouts, shouts_when_ready, shouts_in_a_loop])
def test_serves_and_ends(serve):
    before = threading.active_count()
    with running(serve) as server:
        for _ in range(3):
            client = server.connect()
            client.sendall(b"hello")
            assert client.recv(100) == b"HELLO"
    assert server.stopped(0)
    assert server.error is None
    assert threading.active_count() == before
    with pytest.raises(OSError):
        socket.create_connection(server.address, 1)


def test_arguments_are_passed_on():
    with running(shouts, suffix=b"?") as server:
        client = server.connect()
        client.sendall(b"what")
        assert client.recv(100) == b"WHAT?"


def test_shutting_down_ends_the_server_while_a_client_is_connected():
    with running(shouts) as server:
        server.connect()
        other = server.connect()
        server.shut_down()
        other.close()
    assert server.stopped(0)


def test_an_error_of_the_server_is_kept():
    def breaks(listener):
        listener.accept()
        raise RuntimeError("no")

    with running(breaks) as server:
        server.connect()
        assert server.stopped()
    assert str(server.error) == "no"


def test_a_server_that_is_not_written_says_so_at_once():
    def unwritten(listener):
        raise NotImplementedError

    async def unwritten_too(listener):
        raise NotImplementedError

    for serve in (unwritten, unwritten_too):
        with pytest.raises(NotImplementedError), running(serve) as server:
            assert server.stopped()


def test_what_a_server_raised_explains_a_broken_connection():
    def crashes(listener):
        listener.accept()
        raise KeyError("the reason")

    def visit_twice():
        with running(crashes) as server:
            server.connect()
            assert server.stopped()
            server.connect()

    with pytest.raises(KeyError, match="the reason"):
        visit_twice()


def test_what_a_server_raised_is_kept_where_nothing_broke_off():
    def crashes(listener):
        raise KeyError("the reason")

    with running(crashes) as server:
        assert server.stopped()
    assert isinstance(server.error, KeyError)
