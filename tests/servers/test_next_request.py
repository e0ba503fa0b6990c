"""A request off a connection: whole, in pieces, refused, or none."""

import socket

import pytest

from wirelab.protocols.http import Refused
from wirelab.servers.next_request import next_request


def read(*pieces: bytes):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for piece in pieces:
            ours.sendall(piece)
        ours.shutdown(socket.SHUT_WR)
        return next_request(theirs)


def test_a_request_comes_whole():
    request = read(b"POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nX: \xe9\r\n", b"\r\nabc")
    assert (request.method, request.target, request.version) == ("POST", "/a?b", "HTTP/1.1")
    assert request.fields == (("host", "x"), ("content-length", "3"), ("x", "\xe9"))
    assert request.content == b"abc"


def test_chunks_become_content():
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert read(head, b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n").content == b"abc"


def test_silence_is_no_request():
    assert read() is None


@pytest.mark.parametrize("octets", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HT"])
def test_what_is_no_request_is_refused(octets):
    with pytest.raises(Refused) as caught:
        read(octets)
    assert caught.value.status == 400
