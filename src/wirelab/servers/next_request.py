"""Requests off a connection as values, read by h11: for servers whose subject is what comes after.

It knows no answers and no gateway; whoever asks for a request answers it.
"""

from __future__ import annotations

import socket

import h11

from wirelab.protocols.http import Refused, Request

MOST_BYTES = 10_000_000


def next_request(connection: socket.socket) -> Request | None:
    """Read one request whole, with content as it is when no transfer coding is left on it.

    `None` if the client closes before it has begun one. A request that waits for `100 Continue` is
    told to go on. Raises `Refused` with a status for octets that are no request, and OSError.
    """
    reader = h11.Connection(h11.SERVER)
    head, content = None, b""
    while True:
        try:
            event = reader.next_event()
        except h11.RemoteProtocolError as error:
            raise Refused(error.error_status_hint, str(error)) from None
        if event is h11.NEED_DATA:
            if reader.they_are_waiting_for_100_continue:
                connection.sendall(
                    reader.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
                )
            reader.receive_data(connection.recv(65_536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            content += bytes(event.data)
            if len(content) > MOST_BYTES:
                raise Refused(413, "too much content")
        elif isinstance(event, h11.EndOfMessage) and head:
            return Request(
                method=head.method.decode("ascii"),
                target=head.target.decode("latin-1"),
                version="HTTP/" + head.http_version.decode("ascii"),
                fields=tuple(
                    (name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers
                ),
                content=content,
            )
        else:
            return None
