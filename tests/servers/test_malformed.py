"""The corpus of malformed requests, with h11 as a server that nobody here wrote."""

from __future__ import annotations

import re

import h11
import pytest

from wirelab.servers.http_answers import answers_of, outcome_of
from wirelab.servers.malformed import CORPUS, TAKEN, Malformed

# h11 reads octets; what they mean it leaves to the server that is built on it.
LEFT_BY_H11 = {
    "which methods there are": {
        "a method nobody has",
        "a method in small letters",
        "a method of 9,000 letters",
    },
    "the form of the target": {
        "a target without a slash",
        "a star for a GET",
        "CONNECT without a port",
    },
    "the version, if it has the form of one": {
        "version 0.9",
        "version 2.0",
        "version 9.9",
        "the first line of HTTP/2",
    },
    "the size of a head that comes at once": {
        "a target of 70,000 octets",
        "a field of 70,000 octets",
    },
    "the value of Host": {"a Host with a space", "a Host with a path", "a Host with a user"},
    "to close after both fields": {"both fields", "both fields, the other way round"},
}
LEFT = frozenset().union(*LEFT_BY_H11.values())


class H11Server:
    """A server of h11 that answers 200 to whatever h11 takes."""

    def __init__(self) -> None:
        self.connection = h11.Connection(h11.SERVER, max_incomplete_event_size=16_384)
        self.closed = False

    def receive(self, octets: bytes) -> bytes:
        answer = b""
        try:
            self.connection.receive_data(octets)
            while True:
                event = self.connection.next_event()
                if isinstance(event, h11.EndOfMessage):
                    answer += self.answer(200)
                    if self.connection.our_state is not h11.DONE:
                        self.closed = True
                        return answer
                    self.connection.start_next_cycle()
                elif event is h11.NEED_DATA:
                    if self.connection.they_are_waiting_for_100_continue:
                        go_on = h11.InformationalResponse(status_code=100, headers=[])
                        answer += self.connection.send(go_on) or b""
                    return answer
                elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                    self.closed = True
                    return answer
        except h11.RemoteProtocolError as error:
            self.closed = True
            return answer + self.answer(error.error_status_hint)

    def answer(self, status: int) -> bytes:
        if self.connection.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return b""
        fields = [("Content-Length", "0")]
        response = h11.Response(status_code=status, headers=fields)
        return self.connection.send(response) + (self.connection.send(h11.EndOfMessage()) or b"")


def test_corpus_is_large_and_every_row_is_whole():
    assert len(CORPUS) >= 100
    assert (
        len({each.name for each in CORPUS}) == len({each.octets for each in CORPUS}) == len(CORPUS)
    )
    for each in CORPUS:
        assert each.allowed <= {"400", "408", "413", "414", "417", "431", "501", "505", "404",
                                "405", "2xx", "close"}, each.name  # fmt: skip
        assert re.fullmatch(r"RFC \d+ section [\d.]+", each.rfc), each.name


@pytest.mark.parametrize("each", CORPUS, ids=lambda each: each.name)
def test_h11_answers_as_the_standard_allows(each: Malformed):
    outcome = outcome_of(H11Server, each.octets)
    assert each.permits(outcome) is (each.name not in LEFT), outcome


@pytest.mark.parametrize(
    ("outcome", "permitted"),
    [
        (["400", "close"], True),
        (["close"], True),
        (["200", "close"], False),
        (["400", "200", "close"], False),
        (["400", "waits"], False),
        (["500", "close"], False),
        (["crash: ValueError"], False),
        ([], False),
    ],
)
def test_verdict_on_what_a_server_did(outcome, permitted):
    strict = Malformed("example", b"", frozenset({"400", "close"}), "RFC 9112 section 3")
    assert strict.permits(outcome) is permitted
    lenient = Malformed("example", b"", frozenset({"2xx"}), "RFC 9112 section 3")
    assert all(lenient.permits([code, "close"]) for code in TAKEN)
    assert not lenient.permits(["400", "close"])


def test_answers_are_read_by_h11():
    octets = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        b"HTTP/1.1 204 No Content\r\n\r\n"
    )
    assert [(status, content) for status, _, content in answers_of(octets)] == [
        (200, b"hi"),
        (204, b""),
    ]
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    assert [status for status, _, _ in answers_of(head * 2, ["HEAD", "HEAD"])] == [200, 200]
    with pytest.raises(h11.RemoteProtocolError):
        answers_of(b"HELLO\r\n\r\n")
