"""A TCP endpoint, sans IO: listeners and connections of one host.

Segments, calls and the time go in; segments for named hosts wait in an outbox. It knows no
sockets, no packets and no clock. One connection's behaviour is in `tcp_connection`, its
transitions are data in `tcp_table`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from wirelab.protocols import tcp_table as t
from wirelab.protocols.segment import ACK, FIN, RST, SYN, Segment
from wirelab.protocols.seq import plus
from wirelab.protocols.table import Transition
from wirelab.protocols.tcp_block import reset_for
from wirelab.protocols.tcp_connection import TcpConnection
from wirelab.protocols.tcp_numbers import Numbers
from wirelab.protocols.tcp_options import Agreement
from wirelab.protocols.tcp_settings import Settings
from wirelab.protocols.tcp_table import MOVES, TRANSITIONS

__all__ = ["MOVES", "TRANSITIONS", "Listener", "Settings", "TcpConnection", "TcpEndpoint"]


@dataclass
class Listener:
    """A listening port: connections half open, and those that wait to be accepted.

    Like Linux it lets each of the two queues grow to `backlog` + 1.
    """

    port: int
    backlog: int
    syn_cookies: bool
    state: str
    half_open: set[tuple[str, int]] = field(default_factory=set)
    ready: deque[TcpConnection] = field(default_factory=deque)

    @property
    def syn_queue_full(self) -> bool:
        return len(self.half_open) > self.backlog

    @property
    def accept_queue_full(self) -> bool:
        return len(self.ready) > self.backlog


class TcpEndpoint:
    """TCP of one host. `seed` decides its sequence numbers, ports and cookies; `watch` is told
    of every row of `TRANSITIONS` that is taken.

    Every method that may send takes `now_s`, in seconds; afterwards `take_outbox` has the
    segments. `deadline` says when `timeout` wants to be called.
    """

    def __init__(
        self,
        address: str,
        *,
        seed: int = 0,
        settings: Settings | None = None,
        watch: Callable[[Transition], None] = lambda row: None,
    ) -> None:
        self.address = address
        self._watch = watch
        self.settings = settings or Settings()
        self._numbers = Numbers(seed)
        self._listeners: dict[int, Listener] = {}
        self._connections: dict[tuple[int, str, int], TcpConnection] = {}
        self._outbox: list[tuple[str, Segment]] = []

    def listen(self, port: int = 0, *, backlog: int = 128, syn_cookies: bool = False) -> int:
        """Listen on `port` (0: any free one) and return it; ValueError if it is taken."""
        if port in self._listeners:
            raise ValueError(f"port {port} is taken: a listener has it")
        port = port or self._free_port()
        row = self._row(t.CLOSED, t.PASSIVE_OPEN)
        self._listeners[port] = Listener(port, backlog, syn_cookies, row.next_state)
        return port

    def unlisten(self, port: int, now_s: float) -> None:
        """Stop listening; connections nobody has accepted are reset, as Linux does."""
        listener = self._listeners.pop(port)
        listener.state = self._row(t.LISTEN, t.CLOSE).next_state
        for connection in listener.ready:
            connection.abort(now_s)
        for remote in listener.half_open:
            del self._connections[port, *remote]
        self._sweep()

    def accept(self, port: int) -> TcpConnection | None:
        """Return the next established connection of a listening port, or None.

        Raises ValueError if nothing listens there.
        """
        if port not in self._listeners:
            raise ValueError(f"nothing listens on port {port}")
        ready = self._listeners[port].ready
        return ready.popleft() if ready else None

    def connect(self, remote: str, port: int, now_s: float, local_port: int = 0) -> TcpConnection:
        """Open actively towards `port` of host `remote`; ValueError if the four-tuple is taken."""
        local_port = local_port or self._free_port()
        if self._living((local_port, remote, port)):
            raise ValueError(f"port {local_port} has a connection to port {port} already")
        connection = self._make(local_port, remote, port, now_s)
        self._connections[local_port, remote, port] = connection
        connection.open(now_s)
        return connection

    def arrives(self, segment: Segment, remote: str, now_s: float) -> None:
        """Take one segment that host `remote` sent to this one (RFC 9293 section 3.10.7)."""
        key = (segment.destination_port, remote, segment.source_port)
        listener = self._listeners.get(segment.destination_port)
        connection = self._living(key)
        iss = None
        if connection and listener and connection.is_new_syn(segment):
            iss = connection.give_way()
            del self._connections[key]
            connection = None
        if connection:
            connection.arrives(segment, now_s)
            self._follow(connection, remote)
        elif listener:
            self._at_listener(listener, segment, remote, now_s, iss)
        else:
            self._at_closed(segment, remote)

    def deadline(self) -> float | None:
        """Return when `timeout` wants to be called next, or None."""
        times = (connection.deadline() for connection in self._connections.values())
        return min((time for time in times if time is not None), default=None)

    def timeout(self, now_s: float) -> None:
        """Let every timer that is due at `now_s` run out."""
        for connection in list(self._connections.values()):
            connection.timeout(now_s)
        self._sweep()

    def take_outbox(self) -> list[tuple[str, Segment]]:
        """Return the segments to send, each with the host it goes to, and forget them."""
        taken, self._outbox = self._outbox, []
        return taken

    def listeners(self) -> list[Listener]:
        """Return the listeners, by age."""
        return list(self._listeners.values())

    def connections(self) -> list[tuple[str, TcpConnection]]:
        """Return every connection that is not CLOSED, by age, with the host at its other end."""
        self._sweep()
        return [(remote, each) for (_, remote, _), each in self._connections.items()]

    def state_of(self, port: int, remote: str, remote_port: int) -> str:
        """Return a connection's state, `LISTEN` if there is only a listener, or `CLOSED`."""
        connection = self._living((port, remote, remote_port))
        if connection:
            return connection.state
        return t.LISTEN if port in self._listeners else t.CLOSED

    def _at_closed(self, segment: Segment, remote: str) -> None:
        """Answer a segment for a port that nothing has (section 3.10.7.1)."""
        if segment.flags & RST:
            row = self._row(t.CLOSED, t.RECEIVE_RST)
        else:
            row = self._row(t.CLOSED, t.RECEIVE_ACK if segment.flags & ACK else t.NO_ACK)
        self._refuse(row.sends, segment, remote)

    def _at_listener(
        self, listener: Listener, segment: Segment, remote: str, now_s: float, iss: int | None
    ) -> None:
        """Take a segment of no known connection at a listening port (section 3.10.7.2)."""
        flags = segment.flags
        # "An incoming RST should be ignored. ... Any acknowledgment is bad if it arrives on a
        # connection still in the LISTEN state."
        if flags & RST:
            row = self._row(t.LISTEN, t.RECEIVE_RST)
        elif flags & ACK:
            if self._opened_by_cookie(listener, segment, remote, now_s):
                return
            row = self._row(t.LISTEN, t.RECEIVE_ACK)
        elif not flags & SYN or flags & FIN:
            row = self._row(t.LISTEN, t.NO_SYN)
        elif listener.syn_cookies and not listener.accept_queue_full:
            self._answer_by_cookie(segment, remote, now_s)
            return
        elif listener.syn_queue_full or listener.accept_queue_full:
            row = self._row(t.LISTEN, t.SYN_QUEUE_FULL)
        else:
            self._open_passively(listener, segment, remote, now_s, iss)
            return
        self._refuse(row.sends, segment, remote)

    def _row(self, state: str, event: str) -> Transition:
        row = t.row_for(state, event)
        self._watch(row)
        return row

    def _refuse(self, sends: str, segment: Segment, remote: str) -> None:
        if sends:
            self._outbox.append((remote, reset_for(segment)))

    def _open_passively(
        self, listener: Listener, syn: Segment, remote: str, now_s: float, iss: int | None
    ) -> None:
        connection = self._make(listener.port, remote, syn.source_port, now_s, iss, listener)
        self._connections[listener.port, remote, syn.source_port] = connection
        listener.half_open.add((remote, syn.source_port))
        connection.open_by(syn, now_s)

    def _answer_by_cookie(self, syn: Segment, remote: str, now_s: float) -> None:
        """Answer a SYN and keep nothing: the sequence number remembers it."""
        conversation = (self.address, syn.destination_port, remote, syn.source_port)
        cookie = self._numbers.seal(conversation, syn.seq, Agreement.offered(syn).mss, now_s)
        connection = self._make(
            syn.destination_port, remote, syn.source_port, now_s, cookie, by_cookie=True
        )
        connection.open_by(syn, now_s, t.SYN_COOKIE)

    def _opened_by_cookie(
        self, listener: Listener, ack: Segment, remote: str, now_s: float
    ) -> bool:
        """Open a connection if the acknowledgment is a cookie of ours; say whether it was."""
        if not listener.syn_cookies or ack.flags & (SYN | RST) or listener.accept_queue_full:
            return False
        conversation = (self.address, ack.destination_port, remote, ack.source_port)
        cookie = plus(ack.ack, -1)
        mss = self._numbers.unseal(conversation, plus(ack.seq, -1), cookie, now_s)
        if mss is None:
            return False
        connection = self._make(ack.destination_port, remote, ack.source_port, now_s, cookie)
        self._connections[ack.destination_port, remote, ack.source_port] = connection
        listener.ready.append(connection)
        connection.open_by_cookie(ack, mss, now_s)
        return True

    def _make(
        self,
        local_port: int,
        remote: str,
        remote_port: int,
        now_s: float,
        iss: int | None = None,
        listener: Listener | None = None,
        by_cookie: bool = False,
    ) -> TcpConnection:
        conversation = (self.address, local_port, remote, remote_port)
        if iss is None:
            iss = self._numbers.initial_sequence(conversation, now_s)
        return TcpConnection(
            local_port=local_port,
            remote_port=remote_port,
            iss=iss,
            settings=self.settings,
            emit=lambda segment: self._outbox.append((remote, segment)),
            may_establish=lambda: not (listener and listener.accept_queue_full),
            timestamp_base=self._numbers.timestamp_base(conversation),
            only_mss=by_cookie,
            watch=self._watch,
        )

    def _follow(self, connection: TcpConnection, remote: str) -> None:
        """Move a connection between the queues of its listener as its state says."""
        here = (remote, connection.remote_port)
        listener = self._listeners.get(connection.local_port)
        if listener and here in listener.half_open and connection.state != t.SYN_RECEIVED:
            listener.half_open.discard(here)
            if connection.state not in (t.LISTEN, t.CLOSED):
                listener.ready.append(connection)
        if connection.state in (t.LISTEN, t.CLOSED):
            self._connections.pop((connection.local_port, *here), None)

    def _living(self, key: tuple[int, str, int]) -> TcpConnection | None:
        """Return a connection unless a call of its user has ended it meanwhile."""
        connection = self._connections.get(key)
        return connection if connection and connection.state not in (t.CLOSED, t.LISTEN) else None

    def _sweep(self) -> None:
        for (_, remote, _), connection in list(self._connections.items()):
            if connection.state in (t.LISTEN, t.CLOSED):
                self._follow(connection, remote)

    def _free_port(self) -> int:
        taken = {port for port, _, _ in self._connections} | set(self._listeners)
        for port in self._numbers.ports():
            if port not in taken:
                return port
        raise ValueError("all ephemeral ports are taken")
