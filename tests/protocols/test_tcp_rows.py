"""Every row of TCP's table: reached, provoked, and what it says is what happens."""

from __future__ import annotations

import pytest
from tcp_bench import Bench

from wirelab.protocols import tcp_table as t
from wirelab.protocols.segment import ACK, FIN, PSH, RST, SYN
from wirelab.protocols.tcp import MOVES, TRANSITIONS

FAR = 900_000


def passive(bench: Bench) -> None:
    bench.listen()
    bench.say(SYN)


def active(bench: Bench) -> None:
    bench.connect()
    bench.say(SYN)


REACH = {
    t.CLOSED: lambda bench: None,
    t.LISTEN: lambda bench: bench.listen(),
    t.SYN_SENT: lambda bench: bench.connect(),
    t.SYN_RECEIVED: passive,
    t.ESTABLISHED: lambda bench: bench.opened(),
    t.FIN_WAIT_1: lambda bench: bench.opened().shut(),
    t.FIN_WAIT_2: lambda bench: (bench.opened().shut(), bench.say(ACK, 1, 2)),
    t.CLOSE_WAIT: lambda bench: bench.opened().say(FIN | ACK, 1, 1),
    t.CLOSING: lambda bench: (bench.opened().shut(), bench.say(FIN | ACK, 1, 1)),
    t.LAST_ACK: lambda bench: (bench.opened().say(FIN | ACK, 1, 1), bench.shut()),
    t.TIME_WAIT: lambda bench: (bench.opened().shut(), bench.say(FIN | ACK, 1, 2)),
}
#: RCV.NXT after reaching a state, relative to our ISS; 1 in the others.
NEXT = {t.CLOSE_WAIT: 2, t.CLOSING: 2, t.LAST_ACK: 2, t.TIME_WAIT: 2}
#: An acknowledgment that is neither new nor wrong, relative to its ISS; 1 in the others.
KNOWN = {t.FIN_WAIT_2: 2, t.TIME_WAIT: 2}


def give_up(bench: Bench) -> None:
    if bench.state in (t.ESTABLISHED, t.CLOSE_WAIT):
        bench.write(b"x")
    while t.GIVE_UP not in bench.rows[-1].event:
        bench.due()


def retransmit(bench: Bench) -> None:
    if bench.state in (t.ESTABLISHED, t.CLOSE_WAIT):
        bench.write(b"x")
    bench.due()


def probe(bench: Bench) -> None:
    """Shut the window, write, and where the row is about a closed side, close with data left."""
    state = bench.state
    bench.__init__()
    bench.opened(window=0)
    bench.write(b"x")
    if state in (t.CLOSE_WAIT, t.LAST_ACK):
        bench.say(FIN | ACK, 1, 1, window=0)
    if state in (t.FIN_WAIT_1, t.CLOSING, t.LAST_ACK):
        bench.shut()
    if state == t.CLOSING:
        bench.say(FIN | ACK, 1, 1, window=0)
    assert bench.state == state
    bench.due()


def unread(bench: Bench) -> None:
    """Let data wait unread in this state, then close."""
    state = bench.state
    bench.__init__()
    bench.opened()
    bench.say(PSH | ACK, 1, 1, b"abc")
    if state in (t.FIN_WAIT_1, t.FIN_WAIT_2, t.CLOSING):
        bench.shut()
    if state == t.FIN_WAIT_2:
        bench.say(ACK, 4, 2)
    if state in (t.CLOSE_WAIT, t.CLOSING, t.LAST_ACK):
        bench.say(FIN | ACK, 4, 1)
    if state == t.LAST_ACK:
        bench.shut()
    assert bench.state == state
    bench.close()


def nobody_reads(bench: Bench) -> None:
    bench.close()
    bench.say(PSH | ACK, 1, 1, b"late")


def close(bench: Bench) -> None:
    if bench.state == t.LISTEN:
        bench.endpoint.unlisten(bench.its_port, bench.now_s)
        bench.take()
    else:
        bench.close()


def actively(provoke):
    """Provoke in a connection that the endpoint opened, both sides at once."""

    def with_active_open(bench: Bench) -> None:
        bench.__init__()
        active(bench)
        assert bench.state == t.SYN_RECEIVED
        provoke(bench)

    return with_active_open


def in_full_queue(bench: Bench) -> None:
    """Fill the accept queue, which holds two, behind the back of a half-open connection."""
    bench.__init__()
    bench.listen(backlog=1)
    bench.say(SYN)
    half_open, iss = bench.my_port, bench.its_iss
    for _ in range(2):
        bench.my_port += 1
        bench.say(SYN)
        bench.say(ACK, 1, 1)
    bench.my_port, bench.its_iss = half_open, iss
    bench.say(ACK, 1, 1)


def with_full_queue(bench: Bench) -> None:
    bench.__init__()
    bench.listen(backlog=0)
    bench.say(SYN)
    bench.my_port += 1
    bench.say(SYN)


def with_cookie(bench: Bench) -> None:
    bench.__init__()
    bench.listen(syn_cookies=True)
    bench.say(SYN)


def cookie_comes_back(bench: Bench) -> None:
    with_cookie(bench)
    bench.say(ACK, 1, 1)


def orphan_timeout(bench: Bench) -> None:
    bench.close()
    bench.due()


def says(flags, seq=0, ack=0, data=b""):
    """Say a segment; `seq` counts from RCV.NXT and `ack` from what is known."""

    def provoke(bench: Bench) -> None:
        state = bench.state
        bench.say(flags, NEXT.get(state, 1) + seq, KNOWN.get(state, 1) + ack, data)

    return provoke


PROVOKE = {
    t.PASSIVE_OPEN: lambda bench: bench.listen(),
    t.ACTIVE_OPEN: lambda bench: bench.connect(),
    t.CLOSE: close,
    t.ABORT: lambda bench: bench.abort(),
    t.CLOSE_UNREAD: unread,
    t.RECEIVE_SYN: lambda bench: bench.say(SYN),
    t.RECEIVE_SYN_ACK: lambda bench: bench.say(SYN | ACK, 0, 1),
    t.RECEIVE_ACK_OF_SYN: lambda bench: bench.say(ACK, 1, 1),
    t.ACK_OF_SYN_QUEUE_FULL: in_full_queue,
    t.SYN_QUEUE_FULL: with_full_queue,
    t.SYN_COOKIE: with_cookie,
    t.ACK_OF_COOKIE: cookie_comes_back,
    t.SYN_REPEATED: lambda bench: bench.say(SYN),
    t.SYN_PASSIVE: lambda bench: bench.say(SYN, 100),
    t.SYN_IN_WINDOW: says(SYN, 100),
    t.SYN_ANEW: says(SYN, 100),
    t.RECEIVE_ACK: says(ACK),
    t.UNACCEPTABLE_ACK: says(ACK, ack=7),
    t.NO_ACK: says(PSH, data=b"x"),
    t.NO_SYN: lambda bench: bench.say(FIN, 1, 1),
    t.RECEIVE_RST: says(RST),
    t.RST_OF_SYN: lambda bench: bench.say(RST | ACK, 0, 1),
    t.RST_PASSIVE: says(RST),
    t.RST_ACTIVE: actively(says(RST)),
    t.RST_IN_WINDOW: says(RST, 5),
    t.RST_OUTSIDE: says(RST, FAR),
    t.OUTSIDE_WINDOW: says(ACK, FAR),
    t.RECEIVE_TEXT: lambda bench: bench.say(PSH | ACK, 1, 1, b"text"),
    t.TEXT_UNWANTED: nobody_reads,
    t.TEXT_AFTER_FIN: says(PSH | ACK, data=b"text"),
    t.RECEIVE_FIN: lambda bench: bench.say(FIN | ACK, 1, 1),
    t.ACK_OF_FIN: lambda bench: bench.say(ACK, NEXT.get(bench.state, 1), 2),
    t.FIN_AND_ACK_OF_FIN: lambda bench: bench.say(FIN | ACK, 1, 2),
    t.RETRANSMIT: retransmit,
    t.PROBE: probe,
    t.GIVE_UP: give_up,
    t.GIVE_UP_PASSIVE: give_up,
    t.TWO_MSL: lambda bench: bench.due(),
    t.ORPHAN_TIMEOUT: orphan_timeout,
}
#: Rows that the same event reaches in another way.
SPECIAL = {
    (t.CLOSED, t.NO_ACK): lambda bench: bench.say(SYN),
    (t.SYN_SENT, t.RST_OUTSIDE): lambda bench: bench.say(RST),
    (t.SYN_RECEIVED, t.SYN_IN_WINDOW): actively(says(SYN, 100)),
    (t.SYN_RECEIVED, t.RECEIVE_SYN_ACK): actively(lambda bench: bench.say(SYN | ACK, 0, 1)),
    (t.SYN_RECEIVED, t.CLOSE): actively(lambda bench: bench.close()),
    (t.SYN_RECEIVED, t.ABORT): actively(lambda bench: bench.abort()),
    (t.SYN_RECEIVED, t.GIVE_UP): actively(give_up),
}
SAID = {"": [], "data": ["PSH, ACK"], "probe": ["ACK"]}
#: One that the listener takes further at once.
THEN = {t.SYN_ANEW: (["SYN, ACK"], t.SYN_RECEIVED)}


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.state}, {row.event}")
def test_row_happens_as_it_says(row):
    bench = Bench()
    REACH[row.state](bench)
    assert bench.state == row.state

    SPECIAL.get((row.state, row.event), PROVOKE[row.event])(bench)

    assert row in bench.rows, f"taken instead: {[taken.event for taken in bench.rows][-3:]}"
    said, state = THEN.get(row.event, (SAID.get(row.sends, [row.sends]), row.next_state))
    assert bench.flags() == said
    # A connection that has left for LISTEN or CLOSED is gone; a listener may stand behind it.
    gone = state in (t.CLOSED, t.LISTEN)
    assert bench.state in ((t.CLOSED, t.LISTEN) if gone else (state,))


def test_no_row_is_missing_for_a_bug_to_hide_in():
    with pytest.raises(LookupError, match="no row for 'receive FIN' in LISTEN"):
        t.row_for(t.LISTEN, t.RECEIVE_FIN)


def test_every_state_can_be_entered_and_left():
    states = {row.state for row in TRANSITIONS}
    assert len(states) == 11
    assert {row.next_state for row in MOVES} == states
    assert {row.state for row in MOVES} == states


def test_every_row_says_where_it_is_written():
    assert all(
        row.rfc.startswith(("RFC 9293 section 3.", "RFC 4987", "Linux")) for row in TRANSITIONS
    )
