"""Conversations with a peer, as scripts that run on any network, and the ladder each leaves.

`talk` runs one; what it leaves is a list of `Step`s that two networks can be compared by. It
knows the lab's interface and neither kind of network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wirelab.lab.network import Connection, Network
from wirelab.protocols.segment import ACK, FIN, PSH, RST, SYN, Flag, Segment

#: The learner's initial sequence number: its SYN is the last number before the circle closes.
ISS = 2**32 - 1
#: How long a peer that owes nothing more is listened to.
QUIET_S = 0.02
#: How long a real peer is waited for when it owes something.
PATIENCE_S = 4.0


@dataclass(frozen=True)
class Step:
    """What was done, what the peer said to it (numbers relative), and its state then."""

    did: str
    heard: tuple[str, ...]
    state: str


class Talk:
    """The learner's side of one conversation. `guide` is the ladder expected, if there is one.

    With a guide, answers are awaited by number and states by name, so that a slow machine
    changes nothing; what comes beyond them still shows.
    """

    def __init__(self, network: Network, my_port: int, guide: list[Step] | None = None) -> None:
        self.network, self.my_port = network, my_port
        self.wire = network.wire()
        self.steps: list[Step] = []
        self.peer_port = 0
        self.connection: Connection | None = None
        self._guide = guide
        self._peer_iss: int | None = None

    # What a conversation can do.

    def listens(self, **options: object) -> None:
        """Let the peer listen on a port of its own choice."""
        self.peer_port = self.network.peer.listen(**options)

    def connects(self) -> None:
        """Let the peer open actively."""

        def open_() -> None:
            self.connection = self.network.peer.connect(self.my_port)
            self.peer_port = self.connection.local_port

        self._do("peer connects", open_)

    def accepts(self) -> None:
        """Take the connection that the peer has established."""
        self.connection = self.network.peer.accept(self.peer_port, PATIENCE_S)
        assert self.connection, "the peer has established nothing"

    def opened(self) -> None:
        """Go through the handshake and accept: how most conversations begin."""
        self.listens()
        self.says(SYN, 0)
        self.says(ACK, 1, 1)
        self.accepts()

    def says(
        self, flags: Flag, seq: int, ack: int = 0, data: bytes = b"", window: int = 65535
    ) -> None:
        """Send a segment; `seq` counts from our ISS, `ack` from the peer's."""
        segment = Segment(
            source_port=self.my_port,
            destination_port=self.peer_port,
            seq=(ISS + seq) % 2**32,
            ack=((self._peer_iss or 0) + ack) % 2**32 if flags & ACK else 0,
            flags=flags,
            window=window,
            data=data,
        )
        named = f"{Flag(flags).names()} seq={seq} ack={ack} len={len(data)}"
        self._do(f"says {named}", lambda: self.wire.send(segment))

    def writes(self, data: bytes) -> None:
        self._do(f"peer writes {len(data)}", lambda: self.connection.send(data))

    def reads(self) -> None:
        """Let the peer read; what it gets is part of the ladder."""
        got: list[object] = []

        def read() -> None:
            try:
                got.append(self.connection.receive(PATIENCE_S))
            except OSError as error:
                got.append(type(error).__name__)

        self._do("peer reads", read, got)

    def shuts(self) -> None:
        self._do("peer shuts its writing side", lambda: self.connection.shutdown_write())

    def closes(self) -> None:
        self._do("peer closes", lambda: self.connection.close())

    def aborts(self) -> None:
        self._do("peer aborts", lambda: self.connection.abort())

    def waits(self, seconds: float) -> None:
        self._do("waits", lambda: self.network.clock.wait(seconds))

    def begins_anew(self, my_port: int | None = None) -> None:
        """Count the peer's numbers from its next SYN, and speak from another port if given."""
        self._peer_iss = None
        self.my_port = my_port or self.my_port

    # How it is written down.

    def _do(self, did: str, action: Callable[[], None], result: list | None = None) -> None:
        expected = self._guide[len(self.steps)] if self._guide else None
        action()
        heard = tuple(self._hear(len(expected.heard) if expected else 0))
        if result:
            did = f"{did}: {result[0]!r}"
        self.steps.append(Step(did, heard, self._state(expected)))

    def _hear(self, count: int) -> list[str]:
        """Return what the peer says: `count` segments at least, then all until it is quiet."""
        heard: list[str] = []
        deadline = self.network.clock.now() + (PATIENCE_S if count else QUIET_S)
        while (left := deadline - self.network.clock.now()) >= 0:
            segment = self.wire.receive(left)
            if segment is None:
                break
            if (segment.source_port, segment.destination_port) != (self.peer_port, self.my_port):
                continue
            heard.append(self._say(segment))
            if len(heard) >= count:
                deadline = self.network.clock.now() + QUIET_S
        return heard

    def _say(self, segment: Segment) -> str:
        flags = segment.flags & ~(Flag.ECE | Flag.CWR)
        if flags & SYN and self._peer_iss is None:
            self._peer_iss = segment.seq
        base = self._peer_iss or 0
        # The RST of a host that knows of nothing has the number 0 itself.
        bare = flags & RST and segment.seq == 0
        said = [f"{flags.names()} seq={'zero' if bare else _signed(segment.seq - base)}"]
        if flags & ACK:
            said.append(f"ack={_signed(segment.ack - ISS)}")
        said.append(f"len={len(segment.data)}")
        return " ".join(said)

    def _state(self, expected: Step | None) -> str:
        deadline = self.network.clock.now() + PATIENCE_S
        while True:
            state = self.network.peer.state_of(self.peer_port, self.my_port)
            if not expected or state == expected.state or self.network.clock.now() > deadline:
                return state
            self.network.clock.wait(0.002)


def _signed(number: int) -> int:
    return (number + 2**31) % 2**32 - 2**31


#: Every conversation, by name.
CONVERSATIONS: dict[str, Callable[[Talk], None]] = {}
#: Those that begin to differ with an older kernel, and the first one that agrees.
SINCE_KERNEL: dict[str, tuple[int, int]] = {}


def conversation(script: Callable[[Talk], None]) -> Callable[[Talk], None]:
    CONVERSATIONS[script.__name__] = script
    return script


def since(kernel: tuple[int, int]) -> Callable:
    def mark(script: Callable[[Talk], None]) -> Callable[[Talk], None]:
        SINCE_KERNEL[script.__name__] = kernel
        return script

    return mark


# Nobody listens.


@conversation
def closed_port_rst_to_every_kind(talk: Talk) -> None:
    talk.peer_port = 9
    for flags in (SYN, ACK, SYN | ACK, FIN, FIN | ACK, RST, RST | ACK, Flag(0)):
        talk.says(flags, 5, 7)
    talk.says(SYN, 5, data=b"abc")
    talk.says(PSH | ACK, 5, 7, b"abc")


# Opening.


@conversation
def learner_opens(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0)
    talk.says(ACK, 1, 1)


@conversation
def peer_opens(talk: Talk) -> None:
    talk.connects()
    talk.says(SYN | ACK, 0, 1)
    talk.says(SYN | ACK, 0, 1)  # repeated: it is outside the window now
    talk.says(ACK, 1, 1)


@conversation
def both_open(talk: Talk) -> None:
    talk.connects()
    talk.says(SYN, 0)
    talk.says(SYN, 0)  # repeated
    talk.says(SYN, 500)  # another one, in the window
    talk.says(ACK, 1, 9)
    talk.says(ACK, 1, 1)


@since((6, 12))
@conversation
def both_open_and_the_learner_says_syn_ack(talk: Talk) -> None:
    talk.connects()
    talk.says(SYN, 0)
    talk.says(SYN | ACK, 0, 1)


@conversation
def both_open_and_the_learner_resets(talk: Talk) -> None:
    talk.connects()
    talk.says(SYN, 0)
    talk.says(RST, 0)  # behind the window
    talk.says(RST | ACK, 1, 1)
    talk.reads()


@conversation
def listener_what_is_not_a_syn(talk: Talk) -> None:
    talk.listens()
    for flags in (ACK, SYN | ACK, FIN, FIN | ACK, RST, RST | ACK, SYN | RST, SYN | FIN, Flag(0)):
        talk.says(flags, 5, 7)


@conversation
def syn_with_data(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0, data=b"early")
    talk.says(ACK, 1, 1)


@conversation
def syn_received_syn_again(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0)
    talk.says(SYN, 0)
    talk.says(SYN, 0)
    talk.says(ACK, 1, 1)


@conversation
def syn_received_another_syn(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0)
    talk.says(SYN, 2000)


@conversation
def syn_received_syn_ack(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0)
    talk.says(SYN | ACK, 0, 1)
    talk.says(SYN | ACK, 1, 1)


@conversation
def syn_received_bad_ack(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0)
    talk.says(ACK, 1, 5)
    talk.says(ACK, 1, 0)
    talk.says(ACK, 1, 1)


@conversation
def syn_received_outside_window(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0)
    talk.says(ACK, 900_001, 1)
    talk.says(RST, 900_001)
    talk.says(RST, 2)
    talk.says(FIN, 1)
    talk.says(Flag(0), 1)
    talk.says(ACK, 1, 1)


@conversation
def syn_received_rst(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0)
    talk.says(RST, 1)
    talk.says(ACK, 1, 1)


@conversation
def syn_received_rst_with_bad_ack(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0)
    talk.says(RST | ACK, 1, 9)


@conversation
def syn_received_data_with_the_ack(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0)
    talk.says(PSH | ACK, 1, 1, b"hello")
    talk.accepts()
    talk.reads()


@conversation
def syn_received_fin_with_the_ack(talk: Talk) -> None:
    talk.listens()
    talk.says(SYN, 0)
    talk.says(FIN | ACK, 1, 1)
    talk.accepts()
    talk.reads()


@conversation
def syn_sent_bad_syn_ack(talk: Talk) -> None:
    talk.connects()
    talk.says(SYN | ACK, 0, 5)
    talk.says(SYN | ACK, 0, 1)


@conversation
def syn_sent_ack_of_nothing(talk: Talk) -> None:
    talk.connects()
    talk.says(ACK, 0, 0)
    talk.says(ACK, 0, 1)


@conversation
def syn_sent_refused(talk: Talk) -> None:
    talk.connects()
    talk.says(RST, 0)
    talk.says(RST | ACK, 0, 9)
    talk.says(FIN, 0)
    talk.says(FIN | ACK, 0, 1)
    talk.says(RST | ACK, 0, 1)
    talk.reads()


@conversation
def syn_sent_closed(talk: Talk) -> None:
    talk.connects()
    talk.closes()
    talk.says(SYN | ACK, 0, 1)


@conversation
def old_duplicate_syn(talk: Talk) -> None:
    """RFC 9293 figure 8, the peer being host B."""
    talk.listens()
    talk.says(SYN, -400)
    talk.says(RST, -399)
    talk.begins_anew()
    talk.says(SYN, 0)
    talk.says(ACK, 1, 1)


@conversation
def queue_full(talk: Talk) -> None:
    talk.listens(backlog=1)
    first = talk.my_port
    for port in range(first, first + 4):
        talk.begins_anew(port)
        talk.says(SYN, 0)


@conversation
def accept_queue_full(talk: Talk) -> None:
    talk.listens(backlog=1)
    first = talk.my_port
    for port in range(first, first + 3):
        talk.begins_anew(port)
        talk.says(SYN, 0)
        if port < first + 2:
            talk.says(ACK, 1, 1)


@conversation
def cookies(talk: Talk) -> None:
    talk.listens(syn_cookies=True)
    talk.says(SYN, 0)
    talk.says(ACK, 1, 7)
    talk.says(ACK, 1, 1)
    talk.accepts()
    talk.writes(b"hello")
    talk.says(ACK, 1, 6)


# Data.


@conversation
def data_both_ways(talk: Talk) -> None:
    talk.opened()
    talk.says(PSH | ACK, 1, 1, b"question")
    talk.reads()
    talk.writes(b"answer")
    talk.says(ACK, 9, 7)
    talk.says(PSH | ACK, 1, 7, b"question")  # repeated
    talk.says(ACK, 9, 3)  # old
    talk.says(ACK, 9, 99)  # of what was never sent
    talk.says(ACK, 9, -900_000)  # far too old
    talk.says(PSH, 9, data=b"no ACK bit")


@conversation
def data_with_a_gap(talk: Talk) -> None:
    talk.opened()
    talk.says(PSH | ACK, 4, 1, b"def")
    talk.says(PSH | ACK, 1, 1, b"abc")
    talk.reads()
    talk.says(FIN | ACK, 10, 1)
    talk.says(PSH | ACK, 7, 1, b"ghi")
    talk.reads()
    talk.reads()


@conversation
def data_overlapping(talk: Talk) -> None:
    talk.opened()
    talk.says(PSH | ACK, 1, 1, b"abc")
    talk.says(PSH | ACK, 2, 1, b"bcde")
    talk.reads()


@conversation
def nagle_holds_the_second_write(talk: Talk) -> None:
    talk.opened()
    talk.writes(b"abc")
    talk.writes(b"def")
    talk.says(ACK, 1, 4)
    talk.says(ACK, 1, 7)


@conversation
def wrong_segments_on_an_open_connection(talk: Talk) -> None:
    talk.opened()
    talk.says(SYN, 0)
    talk.says(SYN, 5000)
    talk.says(SYN | ACK, 0, 1)
    talk.says(ACK, 900_001, 1)
    talk.says(RST, 900_001)
    talk.says(RST, 2)
    talk.says(FIN, 1)
    talk.says(RST, 1)
    talk.reads()


@conversation
def reset_with_ack(talk: Talk) -> None:
    talk.opened()
    talk.says(RST | ACK, 1, 99)
    talk.reads()
    talk.says(ACK, 1, 1)


# Closing.


@conversation
def peer_closes_first(talk: Talk) -> None:
    talk.opened()
    talk.closes()
    talk.says(ACK, 1, 2)
    talk.says(FIN | ACK, 1, 2)
    talk.says(FIN | ACK, 1, 2)  # our ACK was lost, as it were
    talk.says(FIN | ACK, 1, 2)
    talk.says(ACK, 2, 2)
    talk.says(PSH | ACK, 2, 2, b"x")


@conversation
def learner_closes_first(talk: Talk) -> None:
    talk.opened()
    talk.says(FIN | ACK, 1, 1)
    talk.reads()
    talk.says(PSH | ACK, 2, 1, b"after FIN")
    talk.says(FIN | ACK, 1, 1)
    talk.closes()
    talk.says(ACK, 2, 1)
    talk.says(ACK, 2, 3)
    talk.says(ACK, 2, 2)


@conversation
def both_close(talk: Talk) -> None:
    talk.opened()
    talk.closes()
    talk.says(FIN | ACK, 1, 1)
    talk.says(FIN | ACK, 1, 1)
    talk.says(ACK, 2, 2)


@conversation
def both_close_and_the_fin_comes_with_the_ack_again(talk: Talk) -> None:
    talk.opened()
    talk.closes()
    talk.says(FIN | ACK, 1, 1)
    talk.says(FIN | ACK, 1, 2)


@conversation
def three_segments(talk: Talk) -> None:
    talk.opened()
    talk.closes()
    talk.says(FIN | ACK, 1, 2)


@conversation
def half_close_by_the_learner(talk: Talk) -> None:
    talk.opened()
    talk.says(FIN | ACK, 1, 1)
    talk.writes(b"late")
    talk.says(ACK, 2, 5)
    talk.shuts()
    talk.says(ACK, 2, 6)


@conversation
def half_close_by_the_peer(talk: Talk) -> None:
    talk.opened()
    talk.shuts()
    talk.says(ACK, 1, 1)  # repeats what was acknowledged
    talk.says(ACK, 1, 2)
    talk.says(PSH | ACK, 1, 2, b"hello")
    talk.reads()
    talk.says(FIN | ACK, 6, 2, b"!")
    talk.reads()
    talk.reads()


@conversation
def data_and_fin_in_one_segment(talk: Talk) -> None:
    talk.opened()
    talk.says(FIN | PSH | ACK, 1, 1, b"all")
    talk.reads()
    talk.reads()
    talk.closes()
    talk.says(ACK, 5, 2)


@conversation
def data_then_close(talk: Talk) -> None:
    talk.opened()
    talk.writes(b"abc")
    talk.closes()
    talk.says(ACK, 1, 4)
    talk.says(FIN | ACK, 1, 5)


@conversation
def held_data_then_close(talk: Talk) -> None:
    talk.opened()
    talk.writes(b"abc")
    talk.writes(b"def")
    talk.closes()
    talk.says(ACK, 1, 8)


@conversation
def close_with_unread_data(talk: Talk) -> None:
    talk.opened()
    talk.says(PSH | ACK, 1, 1, b"abc")
    talk.closes()
    talk.says(ACK, 4, 1)


@conversation
def close_with_unread_data_after_fin(talk: Talk) -> None:
    talk.opened()
    talk.says(FIN | PSH | ACK, 1, 1, b"abc")
    talk.closes()


@conversation
def data_after_close(talk: Talk) -> None:
    talk.opened()
    talk.closes()
    talk.says(ACK, 1, 2)
    talk.says(PSH | ACK, 1, 2, b"hi")


@conversation
def data_after_close_before_the_ack(talk: Talk) -> None:
    talk.opened()
    talk.closes()
    talk.says(PSH | ACK, 1, 1, b"hi")


@conversation
def data_and_fin_after_close(talk: Talk) -> None:
    talk.opened()
    talk.closes()
    talk.says(FIN | PSH | ACK, 1, 2, b"hi")


@conversation
def peer_aborts(talk: Talk) -> None:
    talk.opened()
    talk.aborts()
    talk.says(ACK, 1, 1)


@conversation
def peer_aborts_after_fin(talk: Talk) -> None:
    talk.opened()
    talk.says(FIN | ACK, 1, 1)
    talk.aborts()


@conversation
def reset_while_the_peer_closes(talk: Talk) -> None:
    talk.opened()
    talk.closes()
    talk.says(RST, 1)


@conversation
def reset_of_a_sender_that_forgets_its_fin(talk: Talk) -> None:
    talk.opened()
    talk.says(FIN | ACK, 1, 1)
    talk.says(RST, 1)


@conversation
def time_wait_rst(talk: Talk) -> None:
    talk.opened()
    talk.closes()
    talk.says(FIN | ACK, 1, 2)
    talk.says(RST, 1)
    talk.says(RST, 2)


@conversation
def time_wait_new_syn(talk: Talk) -> None:
    talk.opened()
    talk.closes()
    talk.says(FIN | ACK, 1, 2)
    talk.says(SYN, -500)
    talk.says(SYN, 500)
    talk.says(ACK, 501, 65540)
