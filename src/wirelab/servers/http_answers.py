"""What a server's octets say, read by h11, and what a server does with octets that it is sent.

It knows no server of ours: h11 is the judge of every answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import h11

CLOSE = "close"
HANG = "waits"


def answers_of(octets: bytes, methods: Sequence[str] = (), ended: bool = True) -> list[Any]:
    """Read the responses in `octets` with h11: (status, fields, content) for each.

    `methods` are those of the requests, in order (GET for any further). `ended` says that the
    server has closed. Raises h11.RemoteProtocolError where the octets are no HTTP.
    """
    left, found, rest = list(methods), [], octets
    while rest:
        method = left.pop(0) if left else "GET"
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
        client.send(h11.EndOfMessage())
        client.receive_data(rest)
        if ended:
            client.receive_data(b"")
        response, content = None, b""
        while True:
            event = client.next_event()
            if isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                content += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
            elif not isinstance(event, h11.InformationalResponse):
                return found  # an answer that has not come whole
        fields = tuple((name.decode(), value.decode("latin-1")) for name, value in response.headers)
        found.append((response.status_code, fields, content))
        rest = client.trailing_data[0]
        if client.their_state is h11.MUST_CLOSE or client.their_state is h11.CLOSED:
            break
    return found


def outcome_of(make: Callable[[], Any], octets: bytes, piece_bytes: int = 0) -> list[str]:
    """Feed octets to a machine and say what it did: the codes it answered, then how it stands.

    The last entry is "close", or "waits" where it still expects octets after the client has said
    that it sends no more. `piece_bytes` cuts the octets, as a network may. A crash is an entry too.
    """
    machine, answered = make(), b""
    size = piece_bytes or max(len(octets), 1)
    try:
        for start in range(0, len(octets), size):
            answered += machine.receive(octets[start : start + size])
            if machine.closed:
                break
        if not machine.closed:
            answered += machine.receive(b"")
        state = CLOSE if machine.closed else HANG
    except Exception as error:
        return [f"crash: {type(error).__name__}"]
    try:
        codes = [str(status) for status, _, _ in answers_of(answered, ["POST"] * 20)]
    except h11.RemoteProtocolError:
        return ["no HTTP"]
    return [*codes, state]
