"""TCP's transitions as data: the machine in `tcp_connection` runs them, diagrams draw them.

It knows no segments and no timers. `rfc` names the section of RFC 9293 unless it says
otherwise; a row where Linux does something else follows Linux, and its comment says so.
"""

from __future__ import annotations

from wirelab.protocols.table import Transition

CLOSED, LISTEN = "CLOSED", "LISTEN"
SYN_SENT, SYN_RECEIVED, ESTABLISHED = "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"
FIN_WAIT_1, FIN_WAIT_2, CLOSING, TIME_WAIT = "FIN-WAIT-1", "FIN-WAIT-2", "CLOSING", "TIME-WAIT"
CLOSE_WAIT, LAST_ACK = "CLOSE-WAIT", "LAST-ACK"

#: States in which both initial sequence numbers are known and acknowledged (section 3.3.2).
SYNCHRONIZED = (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK)
#: States in which the remote end may still send text.
RECEIVING = (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2)
#: States in which the remote end's FIN has been received.
FINISHED = (CLOSE_WAIT, CLOSING, LAST_ACK)
#: States in which something of ours may be unacknowledged.
SENDING = (ESTABLISHED, CLOSE_WAIT, FIN_WAIT_1, CLOSING, LAST_ACK)

PASSIVE_OPEN, ACTIVE_OPEN, CLOSE, ABORT = "passive OPEN", "active OPEN", "CLOSE", "ABORT"
CLOSE_UNREAD = "CLOSE, data unread"
RECEIVE_SYN, RECEIVE_SYN_ACK = "receive SYN", "receive SYN, ACK of SYN"
RECEIVE_ACK_OF_SYN = "receive ACK of SYN"
ACK_OF_SYN_QUEUE_FULL = "receive ACK of SYN, accept queue full"
SYN_QUEUE_FULL, SYN_COOKIE = "receive SYN, queue full", "receive SYN, answer by cookie"
ACK_OF_COOKIE = "receive ACK of cookie"
SYN_REPEATED = "receive SYN again"
SYN_PASSIVE, SYN_IN_WINDOW = "receive SYN in window, passive open", "receive SYN in window"
SYN_ANEW = "receive SYN of a new connection"
RECEIVE_ACK, UNACCEPTABLE_ACK = "receive ACK", "receive unacceptable ACK"
NO_ACK, NO_SYN = "receive no ACK", "receive no SYN"
RECEIVE_RST, RST_OF_SYN = "receive RST", "receive RST, ACK of SYN"
RST_PASSIVE, RST_ACTIVE = "receive RST, passive open", "receive RST, active open"
RST_IN_WINDOW, RST_OUTSIDE = "receive RST not at RCV.NXT", "receive RST outside window"
OUTSIDE_WINDOW = "receive segment outside window"
RECEIVE_TEXT, TEXT_UNWANTED = "receive text", "receive text nobody will read"
TEXT_AFTER_FIN = "receive text after FIN"
RECEIVE_FIN, ACK_OF_FIN = "receive FIN", "receive ACK of FIN"
FIN_AND_ACK_OF_FIN = "receive FIN, ACK of FIN"
RETRANSMIT, PROBE = "retransmission timeout", "zero-window probe timeout"
GIVE_UP, GIVE_UP_PASSIVE = "give up", "give up, passive open"
TWO_MSL, ORPHAN_TIMEOUT = "2 MSL timeout", "FIN-WAIT-2 timeout"

_CLOSED_IN, _LISTEN_IN = "RFC 9293 section 3.10.7.1", "RFC 9293 section 3.10.7.2"
_SYN_SENT_IN, _OTHERS_IN = "RFC 9293 section 3.10.7.3", "RFC 9293 section 3.10.7.4"
_FIRST, _SECOND = f"{_OTHERS_IN}, first", f"{_OTHERS_IN}, second"
_FOURTH, _FIFTH = f"{_OTHERS_IN}, fourth", f"{_OTHERS_IN}, fifth"
_SEVENTH, _EIGHTH = f"{_OTHERS_IN}, seventh", f"{_OTHERS_IN}, eighth"
_OPEN, _CLOSE, _ABORT = (f"RFC 9293 section 3.10.{call}" for call in (1, 4, 5))
_TIMEOUTS, _HALF_CLOSED = "RFC 9293 section 3.10.8", "RFC 9293 section 3.6.1"
_GIVE_UP = "RFC 9293 section 3.8.3"

_OPENING = (
    Transition(CLOSED, PASSIVE_OPEN, "", LISTEN, _OPEN),
    Transition(CLOSED, ACTIVE_OPEN, "SYN", SYN_SENT, _OPEN),
    Transition(CLOSED, RECEIVE_RST, "", CLOSED, _CLOSED_IN),
    Transition(CLOSED, RECEIVE_ACK, "RST", CLOSED, _CLOSED_IN),
    Transition(CLOSED, NO_ACK, "RST, ACK", CLOSED, _CLOSED_IN),
    Transition(LISTEN, CLOSE, "", CLOSED, _CLOSE),
    Transition(LISTEN, RECEIVE_RST, "", LISTEN, f"{_LISTEN_IN}, first"),
    Transition(LISTEN, RECEIVE_ACK, "RST", LISTEN, f"{_LISTEN_IN}, second"),
    Transition(LISTEN, RECEIVE_SYN, "SYN, ACK", SYN_RECEIVED, f"{_LISTEN_IN}, third"),
    Transition(LISTEN, SYN_QUEUE_FULL, "", LISTEN, "RFC 4987 section 3.2"),
    Transition(LISTEN, SYN_COOKIE, "SYN, ACK", LISTEN, "RFC 4987 section 3.6"),
    Transition(LISTEN, ACK_OF_COOKIE, "", ESTABLISHED, "RFC 4987 section 3.6"),
    # Linux drops a SYN that also carries FIN here; the RFC would keep the FIN for later.
    Transition(LISTEN, NO_SYN, "", LISTEN, f"{_LISTEN_IN}, fourth"),
    Transition(SYN_SENT, CLOSE, "", CLOSED, _CLOSE),
    Transition(SYN_SENT, ABORT, "", CLOSED, _ABORT),
    Transition(SYN_SENT, UNACCEPTABLE_ACK, "RST", SYN_SENT, f"{_SYN_SENT_IN}, first"),
    Transition(SYN_SENT, RST_OF_SYN, "", CLOSED, f"{_SYN_SENT_IN}, second"),
    Transition(SYN_SENT, RST_OUTSIDE, "", SYN_SENT, f"{_SYN_SENT_IN}, first and second"),
    Transition(SYN_SENT, RECEIVE_SYN_ACK, "ACK", ESTABLISHED, f"{_SYN_SENT_IN}, fourth"),
    Transition(SYN_SENT, RECEIVE_SYN, "SYN, ACK", SYN_RECEIVED, f"{_SYN_SENT_IN}, fourth"),
    Transition(SYN_SENT, NO_SYN, "", SYN_SENT, f"{_SYN_SENT_IN}, fifth"),
    Transition(SYN_SENT, RETRANSMIT, "SYN", SYN_SENT, _TIMEOUTS),
    Transition(SYN_SENT, GIVE_UP, "", CLOSED, _GIVE_UP),
)

_SYN_RECEIVED_ROWS = (
    # Section 3.10.7.4, first, answers a repeated SYN by a bare ACK; Linux repeats its SYN-ACK.
    Transition(SYN_RECEIVED, SYN_REPEATED, "SYN, ACK", SYN_RECEIVED, _FIRST),
    Transition(SYN_RECEIVED, OUTSIDE_WINDOW, "ACK", SYN_RECEIVED, _FIRST),
    Transition(SYN_RECEIVED, RST_OUTSIDE, "", SYN_RECEIVED, _SECOND),
    Transition(SYN_RECEIVED, RST_IN_WINDOW, "ACK", SYN_RECEIVED, _SECOND),
    Transition(SYN_RECEIVED, RST_PASSIVE, "", LISTEN, _SECOND),
    Transition(SYN_RECEIVED, RST_ACTIVE, "", CLOSED, _SECOND),
    # The RFC returns to LISTEN without a word; Linux says RST (as RFC 793 did) and returns.
    Transition(SYN_RECEIVED, SYN_PASSIVE, "RST, ACK", LISTEN, _FOURTH),
    Transition(SYN_RECEIVED, SYN_IN_WINDOW, "ACK", SYN_RECEIVED, _FOURTH),
    Transition(SYN_RECEIVED, NO_ACK, "", SYN_RECEIVED, _FIFTH),
    Transition(SYN_RECEIVED, UNACCEPTABLE_ACK, "RST", SYN_RECEIVED, _FIFTH),
    Transition(SYN_RECEIVED, RECEIVE_ACK_OF_SYN, "", ESTABLISHED, _FIFTH),
    Transition(SYN_RECEIVED, ACK_OF_SYN_QUEUE_FULL, "", SYN_RECEIVED, "RFC 4987 section 3.2"),
    # Figure 7, line 6. Linux has done so since 6.12; before, it answered ACK and stayed.
    Transition(SYN_RECEIVED, RECEIVE_SYN_ACK, "ACK", ESTABLISHED, "RFC 9293 section 3.5"),
    Transition(SYN_RECEIVED, CLOSE, "FIN, ACK", FIN_WAIT_1, _CLOSE),
    Transition(SYN_RECEIVED, ABORT, "RST, ACK", CLOSED, _ABORT),
    Transition(SYN_RECEIVED, RETRANSMIT, "SYN, ACK", SYN_RECEIVED, _TIMEOUTS),
    Transition(SYN_RECEIVED, GIVE_UP, "", CLOSED, _GIVE_UP),
    Transition(SYN_RECEIVED, GIVE_UP_PASSIVE, "", LISTEN, _GIVE_UP),
)

_SHARED = (
    *(Transition(state, OUTSIDE_WINDOW, "ACK", state, _FIRST) for state in SYNCHRONIZED),
    *(Transition(state, RST_OUTSIDE, "", state, _SECOND) for state in SYNCHRONIZED),
    *(Transition(state, RST_IN_WINDOW, "ACK", state, _SECOND) for state in SYNCHRONIZED),
    *(Transition(state, RECEIVE_RST, "", CLOSED, _SECOND) for state in SYNCHRONIZED),
    *(Transition(state, SYN_IN_WINDOW, "ACK", state, _FOURTH) for state in SYNCHRONIZED),
    *(Transition(state, NO_ACK, "", state, _FIFTH) for state in SYNCHRONIZED),
    *(Transition(state, UNACCEPTABLE_ACK, "ACK", state, _FIFTH) for state in SYNCHRONIZED),
    *(Transition(state, RECEIVE_ACK, "", state, _FIFTH) for state in SYNCHRONIZED),
    *(Transition(state, RECEIVE_TEXT, "ACK", state, _SEVENTH) for state in RECEIVING),
    *(Transition(state, TEXT_AFTER_FIN, "", state, _SEVENTH) for state in FINISHED),
    *(Transition(state, GIVE_UP, "", CLOSED, _GIVE_UP) for state in SENDING),
    # Section 3.10.5 sends no RST once the remote end has closed too; nor does Linux.
    *(
        Transition(state, ABORT, "RST, ACK", CLOSED, _ABORT)
        for state in (ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT)
    ),
    *(Transition(state, ABORT, "", CLOSED, _ABORT) for state in (CLOSING, LAST_ACK, TIME_WAIT)),
    *(Transition(state, CLOSE_UNREAD, "RST, ACK", CLOSED, _HALF_CLOSED) for state in SYNCHRONIZED),
    *(
        Transition(state, CLOSE, "", state, _CLOSE)
        for state in (FIN_WAIT_1, FIN_WAIT_2, CLOSING, LAST_ACK, TIME_WAIT)
    ),
    *(
        Transition(state, PROBE, "probe", state, "RFC 9293 section 3.8.6.1")
        for state in (ESTABLISHED, CLOSE_WAIT, FIN_WAIT_1, CLOSING, LAST_ACK)
    ),
)

_CLOSING_DOWN = (
    Transition(ESTABLISHED, CLOSE, "FIN, ACK", FIN_WAIT_1, _CLOSE),
    Transition(ESTABLISHED, RECEIVE_FIN, "ACK", CLOSE_WAIT, _EIGHTH),
    Transition(ESTABLISHED, RETRANSMIT, "data", ESTABLISHED, _TIMEOUTS),
    Transition(FIN_WAIT_1, ACK_OF_FIN, "", FIN_WAIT_2, _FIFTH),
    Transition(FIN_WAIT_1, RECEIVE_FIN, "ACK", CLOSING, _EIGHTH),
    Transition(FIN_WAIT_1, FIN_AND_ACK_OF_FIN, "ACK", TIME_WAIT, _EIGHTH),
    Transition(FIN_WAIT_1, TEXT_UNWANTED, "RST", CLOSED, _HALF_CLOSED),
    Transition(FIN_WAIT_1, RETRANSMIT, "FIN, ACK", FIN_WAIT_1, _TIMEOUTS),
    Transition(FIN_WAIT_2, RECEIVE_FIN, "ACK", TIME_WAIT, _EIGHTH),
    Transition(FIN_WAIT_2, TEXT_UNWANTED, "RST", CLOSED, _HALF_CLOSED),
    Transition(FIN_WAIT_2, ORPHAN_TIMEOUT, "", CLOSED, "Linux: tcp_fin_timeout"),
    Transition(CLOSING, ACK_OF_FIN, "", TIME_WAIT, _FIFTH),
    Transition(CLOSING, RETRANSMIT, "FIN, ACK", CLOSING, _TIMEOUTS),
    Transition(TIME_WAIT, RECEIVE_FIN, "ACK", TIME_WAIT, _EIGHTH),
    Transition(TIME_WAIT, OUTSIDE_WINDOW, "ACK", TIME_WAIT, _FIRST),
    Transition(TIME_WAIT, RECEIVE_ACK, "", TIME_WAIT, _FIFTH),
    Transition(TIME_WAIT, RST_OUTSIDE, "", TIME_WAIT, _SECOND),
    Transition(TIME_WAIT, RECEIVE_RST, "", CLOSED, _SECOND),
    Transition(TIME_WAIT, SYN_ANEW, "", CLOSED, _HALF_CLOSED),
    Transition(TIME_WAIT, TWO_MSL, "", CLOSED, _TIMEOUTS),
    Transition(CLOSE_WAIT, CLOSE, "FIN, ACK", LAST_ACK, _CLOSE),
    Transition(CLOSE_WAIT, RETRANSMIT, "data", CLOSE_WAIT, _TIMEOUTS),
    Transition(LAST_ACK, ACK_OF_FIN, "", CLOSED, _FIFTH),
    Transition(LAST_ACK, RETRANSMIT, "FIN, ACK", LAST_ACK, _TIMEOUTS),
)

#: Every row the machine can take.
TRANSITIONS: tuple[Transition, ...] = _OPENING + _SYN_RECEIVED_ROWS + _SHARED + _CLOSING_DOWN
#: The rows that lead somewhere else: enough for a diagram like the RFC's figure 5.
MOVES: tuple[Transition, ...] = tuple(row for row in TRANSITIONS if row.state != row.next_state)

_ROWS = {(row.state, row.event): row for row in TRANSITIONS}
if len(_ROWS) != len(TRANSITIONS):
    raise RuntimeError("TRANSITIONS holds two rows for one state and event")


def row_for(state: str, event: str) -> Transition:
    """Return the row of `state` and `event`; LookupError if there is none, which is a bug."""
    try:
        return _ROWS[state, event]
    except KeyError:
        raise LookupError(f"TRANSITIONS has no row for {event!r} in {state}") from None
