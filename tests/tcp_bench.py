"""A TCP endpoint on a bench: a test speaks to it by hand, in numbers relative to both ISNs.

It knows the sans-IO endpoint only: no network, no clock but its own.
"""

from __future__ import annotations

import dataclasses

from wirelab.protocols.segment import ACK, SYN, Flag, Segment
from wirelab.protocols.table import Transition
from wirelab.protocols.tcp import Settings, TcpConnection, TcpEndpoint

REMOTE = "192.0.2.7"
PORT, MY_PORT = 80, 4000
#: Our initial sequence number: the circle closes right behind it.
ISS = 2**32 - 1


class Bench:
    """The endpoint at `now_s`, what it has said, and the rows of its table it has taken."""

    def __init__(self, **settings: object) -> None:
        self.rows: list[Transition] = []
        self.endpoint = TcpEndpoint(
            "192.0.2.1",
            seed=1,
            settings=dataclasses.replace(Settings(), **settings),
            watch=self.rows.append,
        )
        self.now_s = 0.0
        self.my_port, self.its_port = MY_PORT, PORT
        self.its_iss = 0
        self.connection: TcpConnection | None = None
        self.said: list[Segment] = []
        """What the endpoint said to the last thing done."""

    # Things to do. Each returns what the endpoint says to it.

    def say(
        self,
        flags: Flag,
        seq: int = 0,
        ack: int = 0,
        data: bytes = b"",
        window: int = 65535,
        options: tuple[tuple[int, bytes], ...] = (),
    ) -> list[Segment]:
        segment = Segment(
            source_port=self.my_port,
            destination_port=self.its_port,
            seq=(ISS + seq) % 2**32,
            ack=(self.its_iss + ack) % 2**32 if flags & ACK else 0,
            flags=flags,
            window=window,
            options=options,
            data=data,
        )
        self.endpoint.arrives(segment, REMOTE, self.now_s)
        return self.take()

    def listen(self, **options: object) -> None:
        self.endpoint.listen(PORT, **options)

    def connect(self) -> list[Segment]:
        self.connection = self.endpoint.connect(REMOTE, MY_PORT, self.now_s)
        self.its_port = self.connection.local_port
        return self.take()

    def accept(self) -> TcpConnection:
        self.connection = self.endpoint.accept(PORT)
        return self.connection

    def write(self, data: bytes) -> list[Segment]:
        self.connection.send(data, self.now_s)
        return self.take()

    def shut(self) -> list[Segment]:
        self.connection.shutdown_write(self.now_s)
        return self.take()

    def close(self) -> list[Segment]:
        self.connection.close(self.now_s)
        return self.take()

    def abort(self) -> list[Segment]:
        self.connection.abort(self.now_s)
        return self.take()

    def wait(self, seconds: float) -> list[tuple[float, str]]:
        """Let time pass; return what the endpoint says by itself, each with its time."""
        until_s, heard = self.now_s + seconds, []
        while (due_s := self.endpoint.deadline()) is not None and due_s <= until_s:
            self.now_s = due_s
            self.endpoint.timeout(due_s)
            heard += [(due_s, each.flags.names()) for each in self.take()]
        self.now_s = until_s
        return heard

    def due(self) -> list[Segment]:
        """Go to the next timer and let it run out."""
        self.now_s = self.endpoint.deadline()
        self.endpoint.timeout(self.now_s)
        return self.take()

    def opened(self, window: int = 65535, **options: object) -> Bench:
        """Go through the handshake, passively, and accept."""
        self.listen(**options)
        self.say(SYN, window=window)
        self.say(ACK, 1, 1, window=window)
        self.accept()
        return self

    # What has become of it.

    @property
    def state(self) -> str:
        return self.endpoint.state_of(self.its_port, REMOTE, self.my_port)

    def take(self) -> list[Segment]:
        self.said = [segment for _, segment in self.endpoint.take_outbox()]
        for segment in self.said:
            if segment.flags & SYN:
                self.its_iss = segment.seq
        return self.said

    def flags(self) -> list[str]:
        """Name the flags of what was said last."""
        return [segment.flags.names() for segment in self.said]
