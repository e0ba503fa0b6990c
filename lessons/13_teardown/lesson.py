# ---
# wirelab:
#   title: The four-way teardown
#   minutes: 200
#   builds_on: [12_handshake]
# ---

# %% [markdown] role="given" id="opening"
# # The four-way teardown
#
# Run the next two cells. You are a host on a tiny network of your own, with one other computer, the
# **peer**. You open a connection to it. A program over there takes the call and hangs up at once:
# it calls `close()`, and that was its last line. You do not answer.

# %% role="given" id="setup"
import contextlib
import errno
import hashlib
import os
import random
import socket
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from wirelab.grading.checks import Checks, step
from wirelab.lab import Network, first
from wirelab.lab.embedded import EmbeddedNetwork
from wirelab.protocols.segment import ACK, FIN, PSH, RST, SYN, Flag, Segment
from wirelab.protocols.tcp import MOVES
from wirelab.servers import running
from wirelab.views import Arrow, Ladder, StateMachine

check = Checks("13_teardown")


class Caller:
    """You, at one end of a connection that is open; `program` is the program at the other end."""

    def __init__(self, net: Network, port: int = 40000):
        self.net, self.port, self.wire = net, port, net.wire()
        self.peer_port = net.peer.listen()
        self.seq, self.ack = 100, 0
        self.say(SYN)
        self.hear()
        self.say(ACK)
        self.program = net.peer.accept(self.peer_port, timeout_s=5.0)

    def say(self, flags: Flag, data: bytes = b"", ack: int | None = None) -> None:
        """Send a segment with your next number; it acknowledges all you heard, or just `ack`."""
        flags = Flag(flags)
        acknowledges = self.ack if ack is None else ack
        self.wire.send(
            Segment(
                source_port=self.port,
                destination_port=self.peer_port,
                seq=self.seq,
                ack=acknowledges if flags & ACK else 0,
                flags=flags,
                data=data,
            )
        )
        self.seq = (self.seq + len(data) + bool(flags & (SYN | FIN))) % 2**32

    def hear(self, timeout_s: float = 2.0) -> Segment | None:
        """Return the peer's next segment, or None."""
        heard = self.wire.receive(timeout_s)
        if heard is not None:
            taken = len(heard.data) + bool(heard.flags & (SYN | FIN))
            self.ack = (heard.seq + taken) % 2**32
        return heard

    def look(self, after: str) -> None:
        """Print the state that the peer's own table shows now."""
        self.net.clock.wait(0.01)  # what you said has arrived by then, on a busy machine, too
        state = self.net.peer.state_of(self.peer_port, self.port)
        print(f"{after:48} {'CLOSED' if state == 'LISTEN' else state}")  # its listener lives on


# %%
with Network.best() as net:
    you = Caller(net)
    begin = net.clock.now()
    you.program.close()
    while (heard := you.hear(timeout_s=1.0)) and net.clock.now() - begin < 2.5:
        print(f"{net.clock.now() - begin:4.1f} s   {heard}")
    you.look("The program is long gone. The connection is in")
print(net.why)

# %% [markdown] role="given" id="promise"
# The program is over. Its socket is gone; no line of its code can run any more. And still somebody
# calls, again and again, each pause about twice as long as the last.
#
# Opening took three segments and was done. Closing is not something that a program does: it asks
# for it, and then the *kernel* has work left, sometimes for minutes, in states whose names fill the
# tables that administrators stare at. Why so much ceremony for a goodbye? Why four, where the
# greeting took three? And what becomes of it all when the other side just stays silent, as you did?
#
# In three to four hours (stop anywhere) you will be able to
#
# 1. name the state of both ends at any moment of a teardown, and see the kernel agree;
# 2. write an end that closes first, one that closes second, and one that does both at once;
# 3. say what TIME-WAIT waits for, who pays for it, and why nobody may skip it;
# 4. close one half and go on listening, and predict when a close turns into a reset;
# 5. find a program that forgets to close, in nothing but the kernel's own table.
#
# You need Python (`bytes`, classes, `&` and `|`), and the opening of a connection:
# [the three-way handshake](12_handshake.ipynb). This much of it is needed here, in case it was long
# ago: every octet has a **sequence number**, `seq` is the number of a segment's first octet, and
# `ack` names the next number expected from the other side. Numbers have 32 bits and come round
# again: after 4,294,967,295 comes 0.
#
# Below each answer are cells that test it. A test that fails says what is wrong and why; **one
# that passes says nothing**. More cases are tried when you press the button at the end.

# %% [markdown] role="given" id="states-text"
# ## 1. Two directions, two goodbyes
#
# A TCP connection is two streams, one each way, and each is closed by the side that writes it. The
# word for it is a control bit, **FIN**: "there will be no more octets from me". Like SYN it takes
# up one sequence number although it carries nothing, so that it can be acknowledged, and repeated
# until it is. (RFC 9293 sections 3.4 and 3.6)
#
# Two goodbyes, two acknowledgments. Step through them with the buttons or the arrow keys, and watch
# the states at the sides. Six of the eleven states of TCP exist for nothing but this.

# %% role="given" id="states-given-picture" jupyter={"source_hidden": true}
four_way = [
    Arrow(
        sender="left",
        label="FIN, ACK seq=100 ack=300",
        note="You have nothing more to say. FIN takes number 100. From here on your state says: "
        "is my FIN acknowledged, and has the other FIN come?",
        left_state="FIN-WAIT-1",
        right_state="CLOSE-WAIT",
    ),
    Arrow(
        sender="right",
        label="ACK seq=300 ack=101",
        note="The peer's kernel has your FIN. Its program has not said anything yet, and may go on "
        "sending for hours: CLOSE-WAIT waits for the program over there.",
        left_state="FIN-WAIT-2",
    ),
    Arrow(
        sender="right",
        label="FIN, ACK seq=300 ack=101",
        note="Now the program over there has closed, too. LAST-ACK waits for one thing only.",
        left_state="TIME-WAIT",
        right_state="LAST-ACK",
    ),
    Arrow(
        sender="left",
        label="ACK seq=101 ack=301",
        note="The peer is done at once. You, who began, stay in TIME-WAIT: section 5 says why.",
        right_state="CLOSED",
    ),
]
Ladder(
    four_way, left="you", right="peer", left_state="ESTABLISHED", right_state="ESTABLISHED", step=0
)

# %% [markdown] role="given" id="states-static"
# <details><summary>The same as a picture</summary>
#
# ![Four segments between you and the peer, with the states of both](figures/four_way.svg)
#
# </details>
#
# Two words for the roles: who sends the first FIN is the **active closer**, the other the **passive
# closer**. That has nothing to do with client and server: in the cell at the top it was the server.
#
# > **Is it so?** "Either side may begin, the client or the server." *True*, and more: both may begin
# > at once, which is section 4. (RFC 9293 section 3.6)
#
# Here is the closing half of TCP's machine, drawn from the very table that the embedded peer runs
# on. On each arrow stands what happens, and below it what is sent. Choose a state to read its rows.
# Follow the left side down: that is who closes first. Then the right side: who closes second.

# %%
CLOSING_STATES = {
    "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSING", "TIME-WAIT", "CLOSE-WAIT", "LAST-ACK",
    "CLOSED",
}  # fmt: skip
GOODBYES = {
    "CLOSE", "receive FIN", "receive ACK of FIN", "receive FIN, ACK of FIN", "2 MSL timeout"
}  # fmt: skip
closing_rows = tuple(row for row in MOVES if row.state in CLOSING_STATES and row.event in GOODBYES)
StateMachine(closing_rows, current="ESTABLISHED", title="How a connection ends")

# %% [markdown] role="given" id="states-machine-text"
# The same rows as a table. A state that is not named stays what it is.
#
# | end is in | and | becomes |
# |---|---|---|
# | ESTABLISHED | sends FIN | FIN-WAIT-1 |
# | ESTABLISHED | receives FIN | CLOSE-WAIT |
# | FIN-WAIT-1 | receives the ACK of its own FIN | FIN-WAIT-2 |
# | FIN-WAIT-1 | receives FIN | CLOSING |
# | FIN-WAIT-2 | receives FIN | TIME-WAIT |
# | CLOSING | receives the ACK of its own FIN | TIME-WAIT |
# | CLOSE-WAIT | sends FIN | LAST-ACK |
# | LAST-ACK | receives the ACK of its own FIN | CLOSED |
# | any | sends or receives RST | CLOSED |
#
# A segment may bring the ACK of a FIN *and* a FIN. Then two rows apply to it, the ACK's first.

# %% [markdown] role="given" id="states-brief"
# ### Exercise 1: where are they now?
#
# Write `states_after(events: list[Event]) -> list[tuple[str, str]]`: the states of end A and of end
# B after each event, in that order. Both begin in ESTABLISHED.
#
# An `Event` has `end`, `"A"` or `"B"`; `does`, `"sends"` or `"receives"`; and `segment`, a `Segment`
# with `seq`, `ack`, `flags` and `data`. A segment that arrives is two events, one at each end. A
# segment that is lost is only sent. Two that cross are both sent before either is received.
#
# - The rows are those of the table above; states are the strings in capitals.
# - A segment acknowledges an end's FIN if its ACK bit is set and its `ack` is the number *after*
#   that FIN. A FIN that travels with data has the number after the data. An ACK of something else
#   changes no state.
# - Whatever arrives has the numbers that its receiver expects, or repeats what came before. A FIN
#   that is sent again, or comes again, changes no state.
# - Other control bits (PSH, URG, ECE, CWR) may be set and change nothing. Numbers wrap at 2^32.
#
# Example: one segment, FIN and ACK with `seq=100`, sent by A and received by B, gives
# `[("FIN-WAIT-1", "ESTABLISHED"), ("FIN-WAIT-1", "CLOSE-WAIT")]`.
#
# The next cell defines `Event`, and the six conversations to begin with.


# %% role="given" id="states-given-conversations"
@dataclass(frozen=True)
class Event:
    """Something that happens at one end of a connection."""

    end: str
    does: str
    segment: Segment


def said(by: str, flags: Flag, seq: int, ack: int, data: bytes = b"") -> Segment:
    """A segment of end A (port 1) or of end B (port 2)."""
    ports = {"A": (1, 2), "B": (2, 1)}[by]
    return Segment(
        source_port=ports[0], destination_port=ports[1], seq=seq, ack=ack, flags=flags, data=data
    )


def events_of(*lines: str | tuple) -> list[Event]:
    """Turn `("A", FIN | ACK, 100, 300)` into events; "lost" and "crosses" go in front of a line."""
    events, late, fate = [], [], ""
    for line in lines:
        if isinstance(line, str):
            fate = line
            continue
        by, segment = line[0], said(*line)
        arrival = Event("B" if by == "A" else "A", "receives", segment)
        events.append(Event(by, "sends", segment))
        if fate == "crosses":
            late.append(arrival)
        elif fate != "lost":
            events += [*late, arrival]
            late = []
        fate = ""
    return events


CONVERSATIONS = {
    "four segments": events_of(
        ("A", FIN | ACK, 100, 300),
        ("B", ACK, 300, 101),
        ("B", FIN | ACK, 300, 101),
        ("A", ACK, 101, 301),
    ),
    "three segments": events_of(
        ("B", FIN | ACK, 300, 100),
        ("A", FIN | ACK, 100, 301),
        ("B", ACK, 301, 101),
    ),
    "both at once": events_of(
        "crosses",
        ("A", FIN | ACK, 100, 300),
        ("B", FIN | ACK, 300, 100),
        "crosses",
        ("A", ACK, 101, 301),
        ("B", ACK, 301, 101),
    ),
    "one side goes on talking": events_of(
        ("A", FIN | ACK, 100, 300, b"that is all"),
        ("B", ACK, 300, 112),
        ("B", ACK | PSH, 300, 112, b"my answer"),
        ("A", ACK, 112, 309),
        ("B", FIN | ACK, 309, 112),
        ("A", ACK, 112, 310),
    ),
    "the last ACK is lost": events_of(
        ("A", FIN | ACK, 100, 300),
        ("B", ACK, 300, 101),
        ("B", FIN | ACK, 300, 101),
        "lost",
        ("A", ACK, 101, 301),
        ("B", FIN | ACK, 300, 101),
        ("A", ACK, 101, 301),
    ),
    "somebody loses patience": events_of(
        ("B", FIN | ACK, 300, 100),
        ("A", ACK, 100, 301),
        ("A", ACK | PSH, 100, 301, b"wait, I have more"),
        ("B", RST, 301, 0),
    ),
}


# %% role="answer" id="states-answer"
def states_after(events: list[Event]) -> list[tuple[str, str]]:
    """Return the states of A and B after each event."""
    ### BEGIN SOLUTION
    sends_fin = {"ESTABLISHED": "FIN-WAIT-1", "CLOSE-WAIT": "LAST-ACK"}
    gets_ack = {"FIN-WAIT-1": "FIN-WAIT-2", "CLOSING": "TIME-WAIT", "LAST-ACK": "CLOSED"}
    gets_fin = {
        "ESTABLISHED": "CLOSE-WAIT",
        "FIN-WAIT-1": "CLOSING",
        "FIN-WAIT-2": "TIME-WAIT",
    }
    state = {"A": "ESTABLISHED", "B": "ESTABLISHED"}
    after_fin: dict[str, int] = {}
    seen = []
    for event in events:
        end, segment = event.end, event.segment
        now = state[end]
        if segment.flags & RST:
            now = "CLOSED"
        elif event.does == "sends":
            if segment.flags & FIN:
                now = sends_fin.get(now, now)
                after_fin[end] = (segment.seq + len(segment.data) + 1) % 2**32
        else:
            if segment.flags & ACK and segment.ack == after_fin.get(end):
                now = gets_ack.get(now, now)
            if segment.flags & FIN:
                now = gets_fin.get(now, now)
        state[end] = now
        seen.append((state["A"], state["B"]))
    return seen
    ### END SOLUTION


# %% [markdown] role="hint" id="states-hint-1"
# Nudge
# Take the first conversation and a pencil. What must you remember of a FIN that was sent, to know
# its acknowledgment when it comes?

# %% [markdown] role="hint" id="states-hint-2"
# Way
# Three dictionaries from state to state: for a FIN sent, for the ACK of it received, for a FIN
# received. `table.get(state, state)` leaves a state alone that has no row. One event only ever
# changes the state of its own end.

# %% [markdown] role="hint" id="states-hint-3"
# Almost
# When an end sends FIN, note `(segment.seq + len(segment.data) + 1) % 2**32` for it. When it
# receives: RST first; then, if ACK is set and `segment.ack` is that note, the ACK's row; then, if FIN
# is set, the FIN's row. `if` and `if`, not `elif`.


# %% role="test" id="states-test-ordinary" points=2
@check.test
def _():
    # Four segments, and the first ACK that is not the ACK of a FIN.
    check.each(
        states_after,
        [(CONVERSATIONS["four segments"],), (CONVERSATIONS["somebody loses patience"],)],
        expected=[
            [
                ("FIN-WAIT-1", "ESTABLISHED"),
                ("FIN-WAIT-1", "CLOSE-WAIT"),
                ("FIN-WAIT-1", "CLOSE-WAIT"),
                ("FIN-WAIT-2", "CLOSE-WAIT"),
                ("FIN-WAIT-2", "LAST-ACK"),
                ("TIME-WAIT", "LAST-ACK"),
                ("TIME-WAIT", "LAST-ACK"),
                ("TIME-WAIT", "CLOSED"),
            ],
            [
                ("ESTABLISHED", "FIN-WAIT-1"),
                ("CLOSE-WAIT", "FIN-WAIT-1"),
                ("CLOSE-WAIT", "FIN-WAIT-1"),
                ("CLOSE-WAIT", "FIN-WAIT-2"),
                ("CLOSE-WAIT", "FIN-WAIT-2"),
                ("CLOSE-WAIT", "FIN-WAIT-2"),
                ("CLOSE-WAIT", "CLOSED"),
                ("CLOSED", "CLOSED"),
            ],
        ],
        rule="A state changes when its own end sends FIN, receives FIN, or receives the ACK of its FIN.",
        rfc="RFC 9293 section 3.3.2",
    )
    ### BEGIN HIDDEN TESTS
    plain = dict(rfc="RFC 9293 section 3.3.2", rule="No event, no state; one event, one end.")
    check(states_after, [], expected=[], **plain)
    only_sent = events_of("lost", ("B", FIN | ACK, 300, 100), "lost", ("B", RST, 301, 0))
    check(
        states_after,
        only_sent,
        expected=[("ESTABLISHED", "FIN-WAIT-1"), ("ESTABLISHED", "CLOSED")],
        **plain,
    )
    ### END HIDDEN TESTS


# %% role="test" id="states-test-merged" points=2
@check.test
def _():
    # One segment that acknowledges a FIN and brings one.
    merged = dict(
        rule="The ACK of the FIN counts first, the FIN second: FIN-WAIT-1 to TIME-WAIT in one step.",
        rfc="RFC 9293 section 3.3.2, note 2",
    )
    three = [
        ("ESTABLISHED", "FIN-WAIT-1"),
        ("CLOSE-WAIT", "FIN-WAIT-1"),
        ("LAST-ACK", "FIN-WAIT-1"),
        ("LAST-ACK", "TIME-WAIT"),
        ("LAST-ACK", "TIME-WAIT"),
        ("CLOSED", "TIME-WAIT"),
    ]
    check(states_after, CONVERSATIONS["three segments"], expected=three, **merged)
    ### BEGIN HIDDEN TESTS
    top = 2**32 - 1
    wrapped = events_of(
        ("B", FIN | ACK | PSH, top - 2, top, b"abc"),
        ("A", FIN | ACK | Flag.URG, top, 1),
        ("B", ACK | Flag.ECE, 1, 0),
    )
    check(states_after, wrapped, expected=three, **merged)
    ### END HIDDEN TESTS


# %% role="test" id="states-test-crossing" points=2
@check.test
def _():
    # Both at once, and a FIN or an ACK that is lost.
    lost = dict(
        rule="Only what arrives changes its receiver, and only the ACK of its own FIN counts.",
        rfc="RFC 9293 section 3.6, figure 13",
    )
    crossing = [
        ("FIN-WAIT-1", "ESTABLISHED"),
        ("FIN-WAIT-1", "FIN-WAIT-1"),
        ("FIN-WAIT-1", "CLOSING"),
        ("CLOSING", "CLOSING"),
        ("CLOSING", "CLOSING"),
        ("CLOSING", "CLOSING"),
        ("CLOSING", "TIME-WAIT"),
        ("TIME-WAIT", "TIME-WAIT"),
    ]
    check(states_after, CONVERSATIONS["both at once"], expected=crossing, **lost)
    ### BEGIN HIDDEN TESTS
    from wirelab.protocols.tcp_table import row_for

    def by_the_table(events):
        """The states by the rows that the embedded peer runs on."""
        state, fins, seen = {"A": "ESTABLISHED", "B": "ESTABLISHED"}, {}, []
        for event in events:
            end, segment, happened = event.end, event.segment, []
            if segment.flags & RST:
                state[end] = "CLOSED"
            elif event.does == "sends":
                if segment.flags & FIN:
                    happened = ["CLOSE"]
                    fins[end] = (segment.seq + len(segment.data) + 1) % 2**32
            else:
                if segment.flags & ACK and segment.ack == fins.get(end):
                    happened.append("receive ACK of FIN")
                if segment.flags & FIN:
                    happened.append("receive FIN")
            for what in happened:
                with contextlib.suppress(LookupError):
                    state[end] = row_for(state[end], what).next_state
            seen.append((state["A"], state["B"]))
        return seen

    def random_conversation(dice):
        """Two ends that talk, close, repeat and lose segments as the dice say."""
        begin = {
            end: dice.choice([100, 2**32 - 1, 2**32 - 4, dice.getrandbits(32)]) for end in "AB"
        }
        nxt, expects = dict(begin), {"A": begin["B"], "B": begin["A"]}
        fins, under_way, events = {}, [], []
        for _ in range(dice.randrange(1, 16)):
            end = dice.choice("AB")
            other = "B" if end == "A" else "A"
            if under_way and dice.random() < 0.6:
                to, segment = under_way.pop(0)
                if dice.random() < 0.2:
                    continue  # lost
                end_of = segment.seq + len(segment.data) + bool(segment.flags & FIN)
                new = (segment.seq - expects[to]) % 2**32 == 0
                old = (end_of - expects[to]) % 2**32 in (0, *range(2**32 - 9, 2**32))
                if new or old:
                    events.append(Event(to, "receives", segment))
                    expects[to] = end_of % 2**32 if new else expects[to]
                continue
            bits = ACK | dice.choice([Flag(0), PSH, Flag.ECE, Flag.URG])
            what = dice.choice(["ack", "data", "fin", "fin", "data and fin"])
            if end in fins and what != "ack":
                seq, bits, data = *fins[end][:1], bits | FIN, fins[end][1]
            else:
                data = dice.randbytes(dice.randrange(1, 4)) if "data" in what else b""
                seq = nxt[end]
                if "fin" in what:
                    bits |= FIN
                    fins[end] = (seq, data)
                nxt[end] = (seq + len(data) + bool(bits & FIN)) % 2**32
            segment = said(end, bits, seq, expects[end], data)
            events.append(Event(end, "sends", segment))
            under_way.append((other, segment))
        return events

    dice = random.Random(13)
    cases = [(random_conversation(dice),) for _ in range(250)]
    check.each(states_after, cases, expected=by_the_table, **lost)
    ### END HIDDEN TESTS


# %% role="test" id="states-test-numbers" points=1
@check.test
def _():
    # Data before a FIN moves its number; an ACK of the data alone is not an ACK of the FIN.
    numbers = dict(
        rule="The FIN's number comes after the data; only ack = that number + 1 acknowledges it.",
        rfc="RFC 9293 section 3.4",
    )
    data_only = events_of(
        ("A", ACK | PSH, 100, 300, b"data"),
        "lost",
        ("A", FIN | ACK, 104, 300),
        ("B", ACK, 300, 104),
        ("A", FIN | ACK, 104, 300),
        ("B", ACK, 300, 105),
    )
    states = [("ESTABLISHED", "ESTABLISHED")] * 2 + [("FIN-WAIT-1", "ESTABLISHED")] * 4
    states += [("FIN-WAIT-1", "CLOSE-WAIT")] * 2 + [("FIN-WAIT-2", "CLOSE-WAIT")]
    check(states_after, data_only, expected=states, **numbers)
    ### BEGIN HIDDEN TESTS
    no_ack_bit = events_of(
        "lost", ("A", FIN | ACK, 100, 300), ("B", FIN, 300, 101), ("A", RST | ACK, 101, 301)
    )
    check(
        states_after,
        no_ack_bit,
        expected=[
            ("FIN-WAIT-1", "ESTABLISHED"),
            ("FIN-WAIT-1", "FIN-WAIT-1"),
            ("CLOSING", "FIN-WAIT-1"),
            ("CLOSED", "FIN-WAIT-1"),
            ("CLOSED", "CLOSED"),
        ],
        **numbers,
    )
    zero = events_of("lost", ("B", ACK, 7, 0), ("B", ACK, 7, 1), ("A", ACK | PSH, 0, 7, b"x"))
    check(states_after, zero, expected=[("ESTABLISHED", "ESTABLISHED")] * len(zero), **numbers)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="states-show"
# Your function on one of the six, in words. Change the name and run it again.

# %%
chosen = "the last ACK is lost"
try:
    for event, (a, b) in zip(
        CONVERSATIONS[chosen], states_after(CONVERSATIONS[chosen]), strict=True
    ):
        what = f"{event.end} {event.does:8} {event.segment}"
        print(f"{what:42} A: {a:12} B: {b}")
except NotImplementedError:
    print("Exercise 1 comes first; then run this cell again.")

# %% [markdown] role="given" id="active-text"
# ## 2. The side that closes first
#
# You keep silent once more, but now in small portions. The peer's program closes; you hold back the
# ACK, then you give it and hold back your FIN, then you give that, too. After each step we look into
# the peer's table of sockets, the one that `ss -tan` prints.

# %%
with Network.best() as net:
    you = Caller(net)
    you.look("open")
    you.program.close()
    you.hear()
    you.look("its program closed; your ACK is held back")
    you.say(ACK)
    you.look("your ACK is there; your FIN is held back")
    you.say(FIN | ACK)
    you.hear()
    you.look("your FIN is there, and was acknowledged")
    left = [record.states["peer"] for record in net.trace if "peer" in record.states]
trail = ["ESTABLISHED", *dict.fromkeys(s for s in left if s in CLOSING_STATES - {"ESTABLISHED"})]
StateMachine(closing_rows, trail=trail, current=trail[-1], title="The peer closed first")

# %% [markdown] role="given" id="active-claims"
# > **Is it so?** "The client sends a FIN and is in FIN-WAIT: it still receives, and no longer
# > sends." *Half true.* There is no FIN-WAIT; there are two states, and the cell above holds the
# > peer in each. In FIN-WAIT-1 the FIN is not acknowledged, so a timer runs and the FIN is sent
# > again: that was the caller at the top. In FIN-WAIT-2 it is acknowledged, nothing is owed, and the
# > end merely waits. "Still receives" is right, and it still sends acknowledgments; and nothing says
# > that it is the client. (RFC 9293 section 3.3.2)
#
# How long does FIN-WAIT-2 wait? The standard sets no end, since the other side may have hours of
# data left. Linux does if no program holds the socket any more: after 60 seconds
# (`tcp_fin_timeout`) the connection is forgotten. That is Linux, not TCP.

# %% [markdown] role="given" id="active-end"
# From here on you write such ends yourself, as machines that do no input or output: events go in
# (*the program closes*, *this segment came*, *the timer rang*), segments come out. That style is
# called **sans-IO**. They begin in ESTABLISHED, with given numbers.
#
# What all of them share is given below: the numbers, the segments, and the doorkeeper
# `objection(segment)`, which says what becomes of a segment that must go no further. It returns the
# list of segments to answer with, or `None` if the segment may come in. Read it once; every machine
# calls it first. It is stricter than TCP: RFC 9293 section 3.10.7.4 keeps what comes early within
# the window, and answers a RST that is merely near the right number with an ACK.


# %% role="given" id="ends-given"
class End:
    """One end of an open connection: its numbers, its segments, and what it will not listen to."""

    def __init__(self, local_port: int, remote_port: int, snd_nxt: int, rcv_nxt: int):
        self.local_port = local_port
        self.remote_port = remote_port
        self.snd_nxt = snd_nxt  # the next number that this end will send
        self.rcv_nxt = rcv_nxt  # the next number that it expects
        self.received = b""  # what has come for the program
        self.state = "ESTABLISHED"
        self.timer_s: float | None = None  # when to call timeout(), None if no timer runs

    def segment(self, flags: Flag, seq: int | None = None, data: bytes = b"") -> Segment:
        """Build a segment; it begins at `snd_nxt` unless `seq` is given, and says `rcv_nxt`."""
        return Segment(
            source_port=self.local_port,
            destination_port=self.remote_port,
            seq=self.snd_nxt if seq is None else seq,
            ack=self.rcv_nxt,
            flags=flags,
            data=data,
        )

    def ack(self) -> Segment:
        """Build a bare acknowledgment."""
        return self.segment(ACK)

    def objection(self, segment: Segment) -> list[Segment] | None:
        """Return the answer to a segment that goes no further, None if it may come in."""
        if self.state == "CLOSED":
            return []
        if segment.flags & RST:
            if segment.seq == self.rcv_nxt:  # else anybody could have made it up
                self.state, self.timer_s = "CLOSED", None
            return []
        if segment.flags & SYN or segment.seq != self.rcv_nxt:
            takes_numbers = segment.data or segment.flags & (SYN | FIN)
            return [self.ack()] if takes_numbers else []
        if not segment.flags & ACK:
            return []
        if 0 < (segment.ack - self.snd_nxt) % 2**32 < 2**31:  # of what was never sent
            return [self.ack()]
        return None


# %% [markdown] role="given" id="active-brief"
# ### Exercise 2: the active closer
#
# Write the class `ActiveCloser(End)`. Its arguments are those of `End`.
#
# | method | in state | does |
# |---|---|---|
# | `close()` | ESTABLISHED | sends FIN and ACK with the next number; FIN-WAIT-1, `timer_s` 1.0 |
# | `timeout()` | FIN-WAIT-1 | sends FIN and ACK again, the same `seq`, the `ack` as it is now, and doubles `timer_s`; when this happens for the seventh time it sends nothing and gives up: CLOSED, `timer_s` None |
# | `receive(segment)` | any | see below |
#
# In all other states `close()` and `timeout()` return an empty list and change nothing. `receive`
# asks `objection` first; if there is an answer, that is all. Otherwise, in this order:
#
# 1. In TIME-WAIT nothing more happens.
# 2. In FIN-WAIT-1, if `ack` is the number after your FIN, it is acknowledged: FIN-WAIT-2, `timer_s`
#    None.
# 3. Data is appended to `received`, and `rcv_nxt` moves on by its length.
# 4. If FIN is set, `rcv_nxt` moves on by one; in FIN-WAIT-2 the state is now TIME-WAIT, `timer_s`
#    None.
# 5. If there was data or FIN, one ACK is returned, else nothing.
#
# So a segment that acknowledges your FIN and brings the other one leads from FIN-WAIT-1 to
# TIME-WAIT at once. A FIN in ESTABLISHED, and a FIN in FIN-WAIT-1 that does not acknowledge yours,
# are not asked here: exercises 3 and 4. What ends TIME-WAIT is exercise 5.
#
# FIN takes up a number. Other control bits (PSH, URG, ECE, CWR) may be set and change nothing. What
# you send has the flags said above and no others. Numbers wrap at 2^32.
#
# Example: `ActiveCloser(40000, 80, snd_nxt=100, rcv_nxt=300).close()` is `[Segment(
# source_port=40000, destination_port=80, seq=100, ack=300, flags=FIN | ACK)]`, and `snd_nxt` is 101.


# %% role="answer" id="active-answer"
class ActiveCloser(End):
    """The side that closes first: sans-IO, one method for each kind of event."""

    def close(self) -> list[Segment]:
        """The program has nothing more to say."""
        ### BEGIN SOLUTION
        if self.state != "ESTABLISHED":
            return []
        fin = self.segment(FIN | ACK)
        self.snd_nxt = (self.snd_nxt + 1) % 2**32
        self.state, self.timer_s, self.resent = "FIN-WAIT-1", 1.0, 0
        return [fin]
        ### END SOLUTION

    def timeout(self) -> list[Segment]:
        """The timer rang: nothing came for `timer_s` seconds."""
        ### BEGIN SOLUTION
        if self.state != "FIN-WAIT-1":
            return []
        return self._fin_again()

    def _fin_again(self) -> list[Segment]:
        if self.resent == 6:
            self.state, self.timer_s = "CLOSED", None
            return []
        self.resent += 1
        self.timer_s *= 2
        return [self.segment(FIN | ACK, (self.snd_nxt - 1) % 2**32)]
        ### END SOLUTION

    def receive(self, segment: Segment) -> list[Segment]:
        """A segment came from the peer."""
        ### BEGIN SOLUTION
        objection = self.objection(segment)
        if objection is not None:
            return objection
        if self.state == "TIME-WAIT":
            return []
        if self.state == "FIN-WAIT-1" and segment.ack == self.snd_nxt:
            self.state, self.timer_s = "FIN-WAIT-2", None
        self.received += segment.data
        self.rcv_nxt = (self.rcv_nxt + len(segment.data)) % 2**32
        if segment.flags & FIN:
            self.rcv_nxt = (self.rcv_nxt + 1) % 2**32
            if self.state == "FIN-WAIT-2":
                self.state, self.timer_s = "TIME-WAIT", None
        return [self.ack()] if segment.data or segment.flags & FIN else []
        ### END SOLUTION


# %% [markdown] role="hint" id="active-hint-1"
# Nudge
# After `close()`, what is `snd_nxt`? Then what is the number that an ACK of your FIN carries, and
# what is the `seq` of your FIN when you send it again?

# %% [markdown] role="hint" id="active-hint-2"
# Way
# `self.segment(FIN | ACK)` *before* you move `snd_nxt` on. From then on `segment.ack ==
# self.snd_nxt` means that your FIN is acknowledged, and `self.segment(FIN | ACK, seq=...)` with the
# number before `snd_nxt` is your FIN once more, with today's `ack`. Count how often you sent it again.

# %% [markdown] role="hint" id="active-hint-3"
# Almost
# ```python
# objection = self.objection(segment)
# if objection is not None:
#     return objection
# if self.state == "TIME-WAIT":
#     return []
# if self.state == "FIN-WAIT-1" and segment.ack == self.snd_nxt:
#     <FIN-WAIT-2, no timer>
# <data: received and rcv_nxt>
# if segment.flags & FIN:
#     <rcv_nxt one more; FIN-WAIT-2 becomes TIME-WAIT>
# return [self.ack()] if segment.data or segment.flags & FIN else []
# ```


# %% role="given" id="active-given-shorthand"
class Line:
    """Segments between your port 40000 and the peer's 80, numbered from where the two begin."""

    def __init__(self, snd_nxt: int = 100, rcv_nxt: int = 300):
        self.snd, self.rcv = snd_nxt, rcv_nxt
        self.start = dict(local_port=40000, remote_port=80, snd_nxt=snd_nxt, rcv_nxt=rcv_nxt)

    def mine(self, flags: Flag, seq: int, ack: int, data: bytes = b"") -> Segment:
        """A segment of yours: `seq` counts from your first number, `ack` from the peer's."""
        return Segment(
            source_port=40000,
            destination_port=80,
            seq=(self.snd + seq) % 2**32,
            ack=(self.rcv + ack) % 2**32,
            flags=flags,
            data=data,
        )

    def theirs(self, flags: Flag, seq: int, ack: int, data: bytes = b"") -> Segment:
        """A segment of the peer's: `seq` counts from its first number, `ack` from yours."""
        return Segment(
            source_port=80,
            destination_port=40000,
            seq=(self.rcv + seq) % 2**32,
            ack=(self.snd + ack) % 2**32,
            flags=flags,
            data=data,
        )

    def does(self, method: str, *sends: tuple, state: str, timer_s: float | None = None, **more):
        """A step: the method is called, these segments of yours are sent, and so it is then."""
        sent = [self.mine(*each) for each in sends]
        return step(method, sends=sent, state=state, timer_s=timer_s, **more)

    def gets(self, flags: Flag, seq: int, ack: int, data: bytes = b"", *, sends=(), **after):
        """A step: this segment of the peer's comes, these of yours are sent, and so it is then."""
        after.setdefault("timer_s", None)
        sent = [self.mine(*each) for each in sends]
        return step("receive", self.theirs(flags, seq, ack, data), sends=sent, **after)


line = Line()
# Other numbers for the same conversations: near the top, in the middle, and across zero.
LINES = [
    Line(2**32 - 1, 2**32 - 1),
    Line(2**32 - 2, 2**32 - 2),
    Line(2**31 - 1, 2**31),
    Line(3_000_000_000, 2**32 - 5),
]


# %% role="test" id="active-test-goodbye" points=2
@check.test
def _():
    # Four segments: FIN, its ACK, the other FIN, its ACK.
    goodbye = dict(
        rule="Your FIN takes a number, its ACK leads to FIN-WAIT-2, the other FIN to TIME-WAIT.",
        rfc="RFC 9293 section 3.6, figure 12",
    )

    def four(line):
        return [
            line.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0),
            line.gets(ACK, 0, 1, state="FIN-WAIT-2"),
            line.gets(FIN | ACK, 0, 1, sends=[(ACK, 1, 1)], state="TIME-WAIT"),
        ]

    check.script(ActiveCloser, start=line.start, steps=four(line), **goodbye)
    ### BEGIN HIDDEN TESTS
    for other in LINES:
        check.script(ActiveCloser, start=other.start, steps=four(other), **goodbye)
    for bits in (PSH, Flag.URG, Flag.ECE | Flag.CWR):
        coloured = [
            four(line)[0],
            line.gets(ACK | bits, 0, 1, state="FIN-WAIT-2"),
            line.gets(FIN | ACK | bits, 0, 1, sends=[(ACK, 1, 1)], state="TIME-WAIT"),
        ]
        check.script(ActiveCloser, start=line.start, steps=coloured, **goodbye)
    for other in (line, *LINES):
        three = [
            four(other)[0],
            other.gets(FIN | ACK, 0, 1, sends=[(ACK, 1, 1)], state="TIME-WAIT"),
        ]
        check.script(
            ActiveCloser,
            start=other.start,
            steps=three,
            rule="ACK of your FIN and the other FIN in one segment: from FIN-WAIT-1 to TIME-WAIT.",
            rfc="RFC 9293 section 3.3.2, note 2",
        )
    untouched = [
        line.does("timeout", state="ESTABLISHED"),
        line.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0, snd_nxt=101),
        line.does("close", state="FIN-WAIT-1", timer_s=1.0, snd_nxt=101),
        line.gets(ACK, 0, 1, state="FIN-WAIT-2"),
        line.does("close", state="FIN-WAIT-2"),
        line.does("timeout", state="FIN-WAIT-2"),
        line.gets(FIN | ACK, 0, 1, sends=[(ACK, 1, 1)], state="TIME-WAIT"),
        line.does("close", state="TIME-WAIT"),
        line.does("timeout", state="TIME-WAIT", snd_nxt=101, rcv_nxt=301),
    ]
    check.script(
        ActiveCloser,
        start=line.start,
        steps=untouched,
        rule="close() counts in ESTABLISHED only, timeout() in FIN-WAIT-1 only.",
        rfc="RFC 9293 section 3.10.4",
    )

    def side_by_side(ActiveCloser):
        """Two closers: their states, timers and what they received."""
        a, b = ActiveCloser(40000, 80, 100, 300), ActiveCloser(40001, 80, 7000, 9000)
        a.close()
        a.timeout()
        a.receive(line.theirs(ACK, 0, 0, b"for a"))
        seen = [(a.state, a.timer_s, bytes(a.received)), (b.state, b.timer_s, bytes(b.received))]
        b.close()
        return [*seen, (b.state, b.timer_s, b.timeout()[0].seq)]

    check.probe(
        ActiveCloser,
        side_by_side,
        expected=[
            ("FIN-WAIT-1", 2.0, b"for a"),
            ("ESTABLISHED", None, b""),
            ("FIN-WAIT-1", 1.0, 7000),
        ],
        rule="Every end has a state of its own: set attributes on self, not on the class.",
        rfc="RFC 9293 section 3.3.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="active-test-data" points=2
@check.test
def _():
    # It still receives: data before and after the ACK of its FIN, and together with the other FIN.
    still = dict(
        rule="A FIN closes one direction. What comes in the other is taken and acknowledged.",
        rfc="RFC 9293 section 3.6",
    )

    def listens(line):
        return [
            line.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0),
            line.gets(
                ACK, 0, 0, b"abc", sends=[(ACK, 1, 3)],
                state="FIN-WAIT-1", timer_s=1.0, received=b"abc",
            ),
            line.gets(ACK, 3, 1, b"de", sends=[(ACK, 1, 5)], state="FIN-WAIT-2", received=b"abcde"),
            line.gets(
                FIN | ACK, 5, 1, b"f", sends=[(ACK, 1, 7)], state="TIME-WAIT", received=b"abcdef"
            ),
        ]  # fmt: skip

    check.script(ActiveCloser, start=line.start, steps=listens(line), **still)
    ### BEGIN HIDDEN TESTS
    for other in LINES:
        check.script(ActiveCloser, start=other.start, steps=listens(other), **still)
    for other in (line, *LINES):
        resent = [
            other.gets(ACK | PSH, 0, 0, b"hello", sends=[(ACK, 0, 5)], state="ESTABLISHED"),
            other.does("close", (FIN | ACK, 0, 5), state="FIN-WAIT-1", timer_s=1.0),
            other.does("timeout", (FIN | ACK, 0, 5), state="FIN-WAIT-1", timer_s=2.0),
            other.gets(
                ACK, 5, 0, b"world", sends=[(ACK, 1, 10)], state="FIN-WAIT-1", timer_s=2.0,
                received=b"helloworld",
            ),
            other.does("timeout", (FIN | ACK, 0, 10), state="FIN-WAIT-1", timer_s=4.0),
            other.gets(
                FIN | ACK, 10, 1, b"!", sends=[(ACK, 1, 12)], state="TIME-WAIT",
                received=b"helloworld!",
            ),
        ]  # fmt: skip
        check.script(
            ActiveCloser,
            start=other.start,
            steps=resent,
            rule="The FIN that is sent again has its old seq, and acknowledges all that came since.",
            rfc="RFC 9293 section 3.10.8",
        )
    ### END HIDDEN TESTS


# %% role="test" id="active-test-strays" points=2
@check.test
def _():
    # What is old, early, reset or not an ACK of the FIN.
    strays = dict(
        rule="Ask objection() first. After it, only the ACK of your FIN and the other FIN move you.",
        rfc="RFC 9293 section 3.10.7.4, simplified",
    )
    old = [
        line.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0),
        line.gets(ACK, 0, 0, state="FIN-WAIT-1", timer_s=1.0),
        line.gets(ACK, 0, 2, sends=[(ACK, 1, 0)], state="FIN-WAIT-1", timer_s=1.0),
        line.gets(FIN | ACK, 5, 1, sends=[(ACK, 1, 0)], state="FIN-WAIT-1", timer_s=1.0),
    ]
    check.script(ActiveCloser, start=line.start, steps=old, **strays)
    ### BEGIN HIDDEN TESTS
    for other in (line, *LINES):

        def all_wrong(state, timer_s, seq, mine, other=other):
            """Nothing of this may move it: `seq` is what it expects, `mine` what it sends next."""
            same = dict(state=state, timer_s=timer_s)
            again = dict(sends=[(ACK, mine, seq)], **same)
            return [
                other.gets(ACK, seq, mine - 1, **same),
                other.gets(ACK, seq, mine - 7, **same),
                other.gets(ACK, seq, mine + 1, **again),
                other.gets(FIN | ACK, seq, mine + 1, **again),
                other.gets(ACK, seq + 1, mine, **same),
                other.gets(ACK, seq - 1, mine, **same),
                other.gets(FIN | ACK, seq + 1, mine, **again),
                other.gets(FIN | ACK, seq - 1, mine, **again),
                other.gets(ACK, seq - 1, mine, b"x", **again),
                other.gets(ACK, seq + 1, mine, b"x", **again),
                other.gets(FIN, seq, mine, **same),
                other.gets(PSH, seq, mine, b"x", **same),
                other.gets(Flag(0), seq, mine, **same),
                other.gets(SYN, seq, mine, **again),
                other.gets(SYN | ACK, seq, mine, **again),
                other.gets(RST, seq + 1, mine, **same),
                other.gets(RST | ACK, seq - 1, mine, **same),
                other.gets(RST | FIN, seq + 9, mine, **same),
            ]

        closed = other.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0)
        again = other.does("timeout", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=2.0)
        acknowledged = other.gets(ACK, 0, 1, state="FIN-WAIT-2", received=b"")
        finished = other.gets(FIN | ACK, 0, 1, sends=[(ACK, 1, 1)], state="TIME-WAIT")
        gauntlet = [
            closed,
            again,
            *all_wrong("FIN-WAIT-1", 2.0, 0, 1),
            acknowledged,
            *all_wrong("FIN-WAIT-2", None, 0, 1),
            finished,
            *all_wrong("TIME-WAIT", None, 1, 1),
            other.gets(ACK, 1, 1, b"after its FIN", state="TIME-WAIT", received=b""),
            other.gets(FIN | ACK, 1, 1, state="TIME-WAIT", rcv_nxt=(other.rcv + 1) % 2**32),
        ]
        check.script(ActiveCloser, start=other.start, steps=gauntlet, **strays)

        deaf = [
            other.gets(ACK, 0, 1, b"abc", state="CLOSED"),
            other.gets(FIN | ACK, 0, 1, state="CLOSED"),
            other.does("timeout", state="CLOSED"),
            other.does("close", state="CLOSED"),
        ]
        for before in ([], [closed], [closed, again], [closed, acknowledged]):
            reset = [*before, other.gets(RST, 0, 0, state="CLOSED"), *deaf]
            check.script(
                ActiveCloser,
                start=other.start,
                steps=reset,
                rule="A RST at the expected number ends it in any state, and CLOSED does nothing.",
                rfc="RFC 9293 section 3.10.7.4",
            )
        waits = [closed, other.gets(FIN | ACK, 0, 1, sends=[(ACK, 1, 1)], state="TIME-WAIT")]
        waits += [other.gets(RST | ACK, 1, 1, state="CLOSED"), *deaf]
        check.script(ActiveCloser, start=other.start, steps=waits, **strays)
    ### END HIDDEN TESTS


# %% role="test" id="active-test-silence" points=2
@check.test
def _():
    # Nobody acknowledges the FIN.
    silence = dict(
        rule="The same FIN, after 1, 2, 4 seconds and so on; the seventh time it gives up.",
        rfc="RFC 6298 section 5.5",
    )
    twice = [
        line.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0),
        line.does("timeout", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=2.0),
        line.does("timeout", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=4.0),
    ]
    check.script(ActiveCloser, start=line.start, steps=twice, **silence)
    ### BEGIN HIDDEN TESTS
    for other in (line, *LINES):
        patience = [other.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0)]
        for resent in range(1, 7):
            pause = 2.0**resent
            patience += [
                other.gets(ACK, 0, 0, state="FIN-WAIT-1", timer_s=pause / 2),
                other.does("close", state="FIN-WAIT-1", timer_s=pause / 2),
                other.does("timeout", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=pause),
            ]
        over = [
            other.does("timeout", state="CLOSED"),
            other.does("timeout", state="CLOSED"),
            other.gets(ACK, 0, 1, state="CLOSED"),
        ]
        late = [
            other.gets(ACK, 0, 1, state="FIN-WAIT-2"),
            other.does("timeout", state="FIN-WAIT-2"),
            other.gets(FIN | ACK, 0, 1, sends=[(ACK, 1, 1)], state="TIME-WAIT"),
        ]
        for end in (over, late):
            check.script(ActiveCloser, start=other.start, steps=[*patience, *end], **silence)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="passive-text"
# ## 3. The side that closes second
#
# Now you begin, and the peer's program is in no hurry. Then you keep back the last ACK.

# %%
with Network.best() as net:
    you = Caller(net)
    you.say(FIN | ACK)
    you.hear()
    you.look("you sent FIN; its program has not closed")
    print("what its program reads:", you.program.receive(1.0), "(the end of the stream)")
    you.program.close()
    you.hear()
    you.look("its program closed; the last ACK is held back")
    print("and the FIN comes again:", you.hear())
    you.look("still")
    you.say(ACK)
    you.look("you acknowledged it")
Ladder.of(net.trace, left="you", right=net.kind)

# %% [markdown] role="given" id="passive-claims"
# > **Is it so?** "When all data is sent, the server sends its FIN and enters CLOSE-WAIT, waiting for
# > the client's ACK." *False.* It enters CLOSE-WAIT when it **receives** FIN (RFC 9293 section
# > 3.10.7.4, eighth), and leaves it by sending its own: what then waits for the ACK is LAST-ACK
# > (section 3.10.4). The cell above shows both, in that order. It matters because of *whom* each waits
# > for. CLOSE-WAIT waits for the program on this machine; LAST-ACK for the network. A pile of
# > CLOSE-WAIT is a bug of yours (exercise 9), never of the other side.
#
# > **Is it so?** "In the third wave the passive side has sent all its data, and enters a timed wait."
# > *False.* LAST-ACK waits for an acknowledgment, not for a time, and it is not idle: it sends the
# > FIN again, as you saw. The only state that waits for a time is TIME-WAIT, and that is on the other
# > side. (RFC 9293 section 3.3.2)
#
# > **Is it so?** "In the fourth wave the active side gets its confirmation, and the passive side
# > releases the connection and is free." *Half true.* The passive side is CLOSED, as the last line
# > says. The active side is not: it is the one that has just sent the ACK, and it stays in TIME-WAIT
# > (RFC 9293 section 3.6, figure 12). Both ends at once, the peer being the active one:

# %%
with Network.best() as net:
    you = Caller(net)
    you.program.close()
    you.hear()
    you.say(FIN | ACK)
    you.hear()
    print("you : CLOSED, all is acknowledged")
    you.look("peer, after the last ACK:")

# %% [markdown] role="given" id="passive-brief"
# ### Exercise 3: the passive closer
#
# Write the class `PassiveCloser(End)`, with the same three methods. Each `receive` begins with
# `objection`, as in exercise 2.
#
# | method | in state | does |
# |---|---|---|
# | `receive(segment)` | ESTABLISHED | data is appended to `received`, `rcv_nxt` moves on by its length; FIN moves it on by one and leads to CLOSE-WAIT; for data or FIN, or both, one ACK is returned |
# | `receive(segment)` | CLOSE-WAIT | nothing: after a FIN there is no data |
# | `close()` | CLOSE-WAIT | sends FIN and ACK with the next number; LAST-ACK, `timer_s` 1.0 |
# | `timeout()` | LAST-ACK | as the active closer in FIN-WAIT-1: the FIN again, pause doubled, the seventh time CLOSED without a word |
# | `receive(segment)` | LAST-ACK | if `ack` is the number after your FIN: CLOSED, `timer_s` None. Nothing is sent here but what `objection` says |
#
# In all other states `timeout()` returns an empty list and changes nothing; so does `close()` in
# LAST-ACK and CLOSED. `close()` in ESTABLISHED is not asked.
#
# Example: `PassiveCloser(40000, 80, 100, 300)` that receives FIN and ACK with `seq=300` returns an
# ACK with `seq=100, ack=301`; its `close()` then returns FIN and ACK with the same two numbers.


# %% role="answer" id="passive-answer"
class PassiveCloser(End):
    """The side that closes second."""

    def close(self) -> list[Segment]:
        """The program has nothing more to say."""
        ### BEGIN SOLUTION
        if self.state != "CLOSE-WAIT":
            return []
        fin = self.segment(FIN | ACK)
        self.snd_nxt = (self.snd_nxt + 1) % 2**32
        self.state, self.timer_s, self.resent = "LAST-ACK", 1.0, 0
        return [fin]
        ### END SOLUTION

    def timeout(self) -> list[Segment]:
        """The timer rang."""
        ### BEGIN SOLUTION
        if self.state != "LAST-ACK":
            return []
        if self.resent == 6:
            self.state, self.timer_s = "CLOSED", None
            return []
        self.resent += 1
        self.timer_s *= 2
        return [self.segment(FIN | ACK, (self.snd_nxt - 1) % 2**32)]
        ### END SOLUTION

    def receive(self, segment: Segment) -> list[Segment]:
        """A segment came from the peer."""
        ### BEGIN SOLUTION
        objection = self.objection(segment)
        if objection is not None:
            return objection
        if self.state == "LAST-ACK" and segment.ack == self.snd_nxt:
            self.state, self.timer_s = "CLOSED", None
        if self.state != "ESTABLISHED":
            return []
        self.received += segment.data
        self.rcv_nxt = (self.rcv_nxt + len(segment.data)) % 2**32
        if segment.flags & FIN:
            self.rcv_nxt = (self.rcv_nxt + 1) % 2**32
            self.state = "CLOSE-WAIT"
        return [self.ack()] if segment.data or segment.flags & FIN else []
        ### END SOLUTION


# %% [markdown] role="hint" id="passive-hint-1"
# Nudge
# Three states, three kinds of ear. Which of them acknowledges, which only waits for one number, and
# which hears nothing at all?

# %% [markdown] role="hint" id="passive-hint-2"
# Way
# `timeout` is that of `ActiveCloser` with another state. In `receive`, after `objection`, deal with
# LAST-ACK and CLOSE-WAIT first and return; what is left is ESTABLISHED.

# %% [markdown] role="hint" id="passive-hint-3"
# Almost
# ```python
# if self.state == "LAST-ACK" and segment.ack == self.snd_nxt:
#     self.state, self.timer_s = "CLOSED", None
# if self.state != "ESTABLISHED":
#     return []
# ```
# and then as in exercise 2: data, FIN (here it leads to CLOSE-WAIT), one ACK for both.


# %% role="test" id="passive-test-goodbye" points=2
@check.test
def _():
    # FIN comes, the program closes later, the ACK comes.
    goodbye = dict(
        rule="CLOSE-WAIT when the FIN comes, LAST-ACK when yours goes, CLOSED when it is acknowledged.",
        rfc="RFC 9293 section 3.6, figure 12",
    )

    def second(line):
        return [
            line.gets(FIN | ACK, 0, 0, sends=[(ACK, 0, 1)], state="CLOSE-WAIT"),
            line.does("close", (FIN | ACK, 0, 1), state="LAST-ACK", timer_s=1.0),
            line.gets(ACK, 1, 1, state="CLOSED"),
        ]

    check.script(PassiveCloser, start=line.start, steps=second(line), **goodbye)
    ### BEGIN HIDDEN TESTS
    for other in LINES:
        check.script(PassiveCloser, start=other.start, steps=second(other), **goodbye)
    for other in (line, *LINES):
        with_data = [
            other.gets(ACK | PSH, 0, 0, b"ab", sends=[(ACK, 0, 2)], state="ESTABLISHED"),
            other.gets(ACK, 2, 0, state="ESTABLISHED"),
            other.does("timeout", state="ESTABLISHED"),
            other.gets(
                FIN | ACK | PSH, 2, 0, b"cd", sends=[(ACK, 0, 5)], state="CLOSE-WAIT",
                received=b"abcd",
            ),
            other.does("timeout", state="CLOSE-WAIT"),
            other.gets(ACK, 5, 0, b"too late", state="CLOSE-WAIT", received=b"abcd"),
            other.gets(FIN | ACK, 5, 0, state="CLOSE-WAIT", rcv_nxt=(other.rcv + 5) % 2**32),
            other.gets(ACK, 5, 0, state="CLOSE-WAIT"),
            other.does("close", (FIN | ACK, 0, 5), state="LAST-ACK", timer_s=1.0),
            other.does("close", state="LAST-ACK", timer_s=1.0, snd_nxt=(other.snd + 1) % 2**32),
            other.gets(ACK, 5, 1, b"too late", state="CLOSED", received=b"abcd"),
            other.does("close", state="CLOSED"),
            other.does("timeout", state="CLOSED"),
        ]  # fmt: skip
        check.script(
            PassiveCloser,
            start=other.start,
            steps=with_data,
            rule="Data and FIN get one ACK; after the FIN no data counts; close() closes once.",
            rfc="RFC 9293 section 3.10.7.4",
        )

    def side_by_side(PassiveCloser):
        """Two closers: their states, timers and what they received."""
        a, b = PassiveCloser(40000, 80, 100, 300), PassiveCloser(40001, 80, 7000, 9000)
        a.receive(line.theirs(FIN | ACK, 0, 0, b"for a"))
        a.close()
        return [(a.state, a.timer_s, bytes(a.received)), (b.state, b.timer_s, bytes(b.received))]

    check.probe(
        PassiveCloser,
        side_by_side,
        expected=[("LAST-ACK", 1.0, b"for a"), ("ESTABLISHED", None, b"")],
        rule="Every end has a state of its own: set attributes on self, not on the class.",
        rfc="RFC 9293 section 3.3.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="passive-test-lost" points=2
@check.test
def _():
    # The FIN is not acknowledged, or the ACK of the other FIN was lost.
    lost = dict(
        rule="LAST-ACK sends its FIN again until the ACK of it comes, the seventh time it gives up.",
        rfc="RFC 9293 section 3.3.2",
    )

    def begin(line):
        return [
            line.gets(FIN | ACK, 0, 0, sends=[(ACK, 0, 1)], state="CLOSE-WAIT"),
            line.gets(FIN | ACK, 0, 0, sends=[(ACK, 0, 1)], state="CLOSE-WAIT"),
            line.does("close", (FIN | ACK, 0, 1), state="LAST-ACK", timer_s=1.0),
            line.gets(FIN | ACK, 0, 0, sends=[(ACK, 1, 1)], state="LAST-ACK", timer_s=1.0),
            line.does("timeout", (FIN | ACK, 0, 1), state="LAST-ACK", timer_s=2.0),
        ]

    check.script(PassiveCloser, start=line.start, steps=begin(line), **lost)
    ### BEGIN HIDDEN TESTS
    for other in (line, *LINES):
        patience = begin(other)
        for resent in range(2, 7):
            pause = 2.0**resent
            patience += [
                other.gets(ACK, 1, 0, state="LAST-ACK", timer_s=pause / 2),
                other.does("timeout", (FIN | ACK, 0, 1), state="LAST-ACK", timer_s=pause),
            ]
        over = [other.does("timeout", state="CLOSED"), other.does("timeout", state="CLOSED")]
        for end in (over, [other.gets(ACK, 1, 1, state="CLOSED"), over[1]]):
            check.script(PassiveCloser, start=other.start, steps=[*patience, *end], **lost)
    ### END HIDDEN TESTS


# %% role="test" id="passive-test-strays" points=2
@check.test
def _():
    # An ACK of something else, RST, what is old or early.
    strays = dict(
        rule="Only ack = the number after your FIN ends LAST-ACK; objection() deals with the rest.",
        rfc="RFC 9293 section 3.10.7.4, simplified",
    )
    waiting = [
        line.gets(FIN | ACK, 0, 0, sends=[(ACK, 0, 1)], state="CLOSE-WAIT"),
        line.does("close", (FIN | ACK, 0, 1), state="LAST-ACK", timer_s=1.0),
        line.gets(ACK, 1, 0, state="LAST-ACK", timer_s=1.0),
        line.gets(ACK, 1, 2, sends=[(ACK, 1, 1)], state="LAST-ACK", timer_s=1.0),
        line.gets(ACK, 0, 1, state="LAST-ACK", timer_s=1.0),
    ]
    check.script(PassiveCloser, start=line.start, steps=waiting, **strays)
    ### BEGIN HIDDEN TESTS
    for other in (line, *LINES):

        def all_wrong(state, timer_s, seq, mine, other=other):
            """Nothing of this may move it: `seq` is what it expects, `mine` what it sends next."""
            same = dict(state=state, timer_s=timer_s)
            again = dict(sends=[(ACK, mine, seq)], **same)
            return [
                other.gets(ACK, seq, mine - 1, **same),
                other.gets(ACK, seq, mine + 1, **again),
                other.gets(ACK, seq, mine + 2**31 - 1, **again),
                other.gets(ACK, seq - 1, mine, **same),
                other.gets(ACK, seq + 1, mine, **same),
                other.gets(FIN | ACK, seq + 1, mine, **again),
                other.gets(FIN | ACK, seq - 1, mine, **again),
                other.gets(FIN, seq, mine, **same),
                other.gets(PSH, seq, mine, b"x", **same),
                other.gets(SYN | ACK, seq, mine, **again),
                other.gets(SYN, seq - 1, mine, **again),
                other.gets(RST, seq - 1, mine, **same),
                other.gets(RST | ACK, seq + 1, mine, **same),
            ]

        fin = other.gets(FIN | ACK, 0, 0, sends=[(ACK, 0, 1)], state="CLOSE-WAIT")
        closes = other.does("close", (FIN | ACK, 0, 1), state="LAST-ACK", timer_s=1.0)
        again = other.does("timeout", (FIN | ACK, 0, 1), state="LAST-ACK", timer_s=2.0)
        gauntlet = [
            *all_wrong("ESTABLISHED", None, 0, 0),
            fin,
            *all_wrong("CLOSE-WAIT", None, 1, 0),
            closes,
            again,
            *all_wrong("LAST-ACK", 2.0, 1, 1),
            other.gets(ACK | PSH | Flag.ECE, 1, 1, state="CLOSED", received=b""),
        ]
        check.script(PassiveCloser, start=other.start, steps=gauntlet, **strays)
        deaf = [
            other.gets(ACK, 1, 1, b"abc", state="CLOSED"),
            other.gets(FIN | ACK, 1, 1, state="CLOSED", received=b""),
            other.does("timeout", state="CLOSED"),
            other.does("close", state="CLOSED"),
        ]
        for before, seq in (([], 0), ([fin], 1), ([fin, closes], 1), ([fin, closes, again], 1)):
            reset = [*before, other.gets(RST | ACK, seq, 0, state="CLOSED"), *deaf]
            check.script(
                PassiveCloser,
                start=other.start,
                steps=reset,
                rule="A RST at the expected number ends it in any state, and CLOSED does nothing.",
                rfc="RFC 9293 section 3.10.7.4",
            )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="simultaneous-text"
# ## 4. Both at once
#
# Nobody has to be second. If both programs close at the same moment, the two FINs cross, and each
# end finds a FIN where it had hoped for an ACK. There is a state for that, the rarest of all.

# %% role="given" id="simultaneous-given-picture" jupyter={"source_hidden": true}
crossing = [
    Arrow(
        sender="left",
        label="FIN, ACK seq=100 ack=300",
        note="You close.",
        left_state="FIN-WAIT-1",
        right_state="FIN-WAIT-1",
    ),
    Arrow(
        sender="right",
        label="FIN, ACK seq=300 ack=100",
        note="And the peer closes: ack=100 says that it has not seen your FIN when it sends its own.",
        left_state="CLOSING",
        right_state="CLOSING",
        crossing=True,
    ),
    Arrow(
        sender="left",
        label="ACK seq=101 ack=301",
        note="You have its FIN. In CLOSING you still wait for the ACK of yours, and may have to send "
        "it again.",
    ),
    Arrow(
        sender="right",
        label="ACK seq=301 ack=101",
        note="Two active closers, no passive one: both wait in TIME-WAIT.",
        left_state="TIME-WAIT",
        right_state="TIME-WAIT",
        crossing=True,
    ),
]
Ladder(
    crossing, left="you", right="peer", left_state="ESTABLISHED", right_state="ESTABLISHED", step=0
)

# %% [markdown] role="given" id="simultaneous-static"
# <details><summary>The same as a picture</summary>
#
# ![Two FINs cross, and both ends pass through CLOSING](figures/simultaneous.svg)
#
# </details>
#
# You can bring the kernel into that state if you are quick, or if you cheat: let its FIN lie unread,
# and send yours with an `ack` that does not know of it. Then hold back the ACK for as long as you
# like to look at it. Change the cell: what if your FIN does acknowledge the peer's?

# %%
with Network.best() as net:
    you = Caller(net)
    before = you.ack
    you.program.close()
    you.hear()
    you.look("its program closed, its FIN is on the way")
    you.say(FIN | ACK, ack=before)
    you.look("your FIN crossed it; your ACK is held back")
    you.say(ACK)
    you.look("your ACK is there")
Ladder.of(net.trace, left="you", right=net.kind)

# %% [markdown] role="given" id="simultaneous-brief"
# ### Exercise 4: the simultaneous closer
#
# Write the class `SimultaneousCloser(ActiveCloser)`. It stands on your answer to exercise 2, and differs
# from it in this:
#
# - in FIN-WAIT-1, a segment with FIN that `objection` lets in, and that does not acknowledge your
#   FIN, is answered by an ACK as before and leads to CLOSING; `timer_s` stays as it is, since your
#   FIN is still on its own;
# - `timeout()` in CLOSING does what it does in FIN-WAIT-1, and goes on with the same count;
# - in CLOSING, a segment that `objection` lets in and whose `ack` is the number after your FIN leads
#   to TIME-WAIT, `timer_s` None. Nothing is sent in CLOSING but what `objection` says, and no data
#   is taken.
#
# The rest is as it was.
#
# Example: after `close()` (FIN with `seq=100`), a FIN with `seq=300, ack=100` is answered by an ACK
# with `seq=101, ack=301`, and the state is CLOSING.


# %% role="answer" id="simultaneous-answer"
class SimultaneousCloser(ActiveCloser):
    """An active closer that also copes with a FIN which crosses its own."""

    def timeout(self) -> list[Segment]:
        """The timer rang."""
        ### BEGIN SOLUTION
        return self._fin_again() if self.state == "CLOSING" else super().timeout()
        ### END SOLUTION

    def receive(self, segment: Segment) -> list[Segment]:
        """A segment came from the peer."""
        ### BEGIN SOLUTION
        if self.state == "CLOSING":
            objection = self.objection(segment)
            if objection is not None:
                return objection
            if segment.ack == self.snd_nxt:
                self.state, self.timer_s = "TIME-WAIT", None
            return []
        expected = self.rcv_nxt
        answer = super().receive(segment)
        if self.state == "FIN-WAIT-1" and segment.flags & FIN and self.rcv_nxt != expected:
            self.state = "CLOSING"
        return answer
        ### END SOLUTION


# %% [markdown] role="hint" id="simultaneous-hint-1"
# Nudge
# What does your `ActiveCloser` do today with a FIN in FIN-WAIT-1 that does not acknowledge yours? How
# much of that is right already?

# %% [markdown] role="hint" id="simultaneous-hint-2"
# Way
# Two cases in `receive`: in CLOSING you deal with the segment here, in all other states you leave it to
# `super().receive(segment)`, and look afterwards whether a FIN was taken in while the state is still
# FIN-WAIT-1. A FIN that was refused does not move `rcv_nxt`.

# %% [markdown] role="hint" id="simultaneous-hint-3"
# Almost
# ```python
# expected = self.rcv_nxt
# answer = super().receive(segment)
# if self.state == "FIN-WAIT-1" and segment.flags & FIN and self.rcv_nxt != expected:
#     self.state = "CLOSING"
# return answer
# ```
# For `timeout`, put what FIN-WAIT-1 does into a method of its own and call it in both states.


# %% role="test" id="simultaneous-test-crossing" points=2
@check.test
def _():
    # Two FINs cross.
    both = dict(
        rule="A FIN that does not acknowledge yours: ACK it, CLOSING. The ACK of yours: TIME-WAIT.",
        rfc="RFC 9293 section 3.6, figure 13",
    )

    def crossed(line):
        return [
            line.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0),
            line.gets(FIN | ACK, 0, 0, sends=[(ACK, 1, 1)], state="CLOSING", timer_s=1.0),
            line.gets(ACK, 1, 1, state="TIME-WAIT"),
        ]

    check.script(SimultaneousCloser, start=line.start, steps=crossed(line), **both)
    ### BEGIN HIDDEN TESTS
    for other in (line, *LINES):
        check.script(SimultaneousCloser, start=other.start, steps=crossed(other), **both)
        with_data = [
            other.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0),
            other.gets(
                FIN | ACK | PSH, 0, 0, b"bye", sends=[(ACK, 1, 4)], state="CLOSING", timer_s=1.0,
                received=b"bye",
            ),
            other.gets(ACK | Flag.URG, 4, 1, b"no", state="TIME-WAIT", received=b"bye"),
        ]  # fmt: skip
        check.script(SimultaneousCloser, start=other.start, steps=with_data, **both)
    ### END HIDDEN TESTS


# %% role="test" id="simultaneous-test-lost" points=2
@check.test
def _():
    # In CLOSING: the FIN must be sent again, and only its ACK counts.
    lost = dict(
        rule="In CLOSING your FIN is still unacknowledged: the timer runs on, and the count with it.",
        rfc="RFC 9293 section 3.10.8",
    )

    def begin(line):
        return [
            line.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0),
            line.does("timeout", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=2.0),
            line.gets(FIN | ACK, 0, 0, sends=[(ACK, 1, 1)], state="CLOSING", timer_s=2.0),
            line.does("timeout", (FIN | ACK, 0, 1), state="CLOSING", timer_s=4.0),
        ]

    check.script(SimultaneousCloser, start=line.start, steps=begin(line), **lost)
    ### BEGIN HIDDEN TESTS
    for other in (line, *LINES):
        same = dict(state="CLOSING", timer_s=4.0)
        again = dict(sends=[(ACK, 1, 1)], **same)
        strays = [
            other.gets(FIN | ACK, 0, 0, **again),
            other.gets(FIN | ACK, 0, 1, **again),
            other.gets(ACK, 0, 1, **same),
            other.gets(ACK, 1, 0, **same),
            other.gets(ACK, 1, 2, **again),
            other.gets(FIN | ACK, 1, 0, **same),
            other.gets(ACK, 1, 0, b"late", **same),
            other.gets(PSH, 1, 1, b"late", **same),
            other.gets(RST, 0, 1, **same),
            other.gets(SYN | ACK, 1, 1, **again),
            other.does("close", **same),
        ]
        patience = [*begin(other), *strays]
        for resent in range(3, 7):
            patience.append(
                other.does("timeout", (FIN | ACK, 0, 1), state="CLOSING", timer_s=2.0**resent)
            )
        over = other.does("timeout", state="CLOSED")
        done = [
            other.gets(ACK, 1, 1, state="TIME-WAIT", received=b""),
            other.does("timeout", state="TIME-WAIT"),
            other.gets(FIN | ACK, 0, 1, sends=[(ACK, 1, 1)], state="TIME-WAIT"),
        ]
        reset = [other.gets(RST, 1, 1, state="CLOSED"), other.does("timeout", state="CLOSED")]
        for end in ([over, over], done, reset):
            check.script(SimultaneousCloser, start=other.start, steps=[*patience, *end], **lost)
    ### END HIDDEN TESTS


# %% role="test" id="simultaneous-test-ordinary" points=1
@check.test
def _():
    # When nothing crosses it is an ordinary active closer.
    ordinary = dict(
        rule="When nothing crosses it is an ordinary active closer.",
        rfc="RFC 9293 section 3.6, figure 12",
    )
    closes = line.does("close", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=1.0)
    three = [closes, line.gets(FIN | ACK, 0, 1, sends=[(ACK, 1, 1)], state="TIME-WAIT")]
    check.script(SimultaneousCloser, start=line.start, steps=three, **ordinary)
    ### BEGIN HIDDEN TESTS
    early = [
        closes,
        line.gets(FIN | ACK, 1, 0, sends=[(ACK, 1, 0)], state="FIN-WAIT-1", timer_s=1.0),
        line.gets(FIN, 0, 0, state="FIN-WAIT-1", timer_s=1.0),
        line.gets(ACK, 0, 0, b"x", sends=[(ACK, 1, 1)], state="FIN-WAIT-1", timer_s=1.0),
        line.gets(FIN | ACK, 0, 0, b"x", sends=[(ACK, 1, 1)], state="FIN-WAIT-1", timer_s=1.0),
        line.gets(ACK, 1, 1, b"y", sends=[(ACK, 1, 2)], state="FIN-WAIT-2", received=b"xy"),
        line.gets(FIN | ACK, 2, 1, sends=[(ACK, 1, 3)], state="TIME-WAIT"),
        line.gets(FIN | ACK, 2, 1, sends=[(ACK, 1, 3)], state="TIME-WAIT"),
    ]
    check.script(SimultaneousCloser, start=line.start, steps=early, **ordinary)
    patience = [closes]
    for resent in range(1, 7):
        patience.append(
            line.does("timeout", (FIN | ACK, 0, 0), state="FIN-WAIT-1", timer_s=2.0**resent)
        )
    patience += [
        line.does("timeout", state="CLOSED"),
        line.gets(FIN | ACK, 0, 0, state="CLOSED", timer_s=None),
    ]
    check.script(SimultaneousCloser, start=line.start, steps=patience, **ordinary)
    reset = [closes, line.gets(RST | FIN, 0, 0, state="CLOSED")]
    check.script(SimultaneousCloser, start=line.start, steps=reset, **ordinary)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="timewait-text"
# ## 5. TIME-WAIT
#
# Everything is said, everything is acknowledged, and the active closer still does not let go. For
# how long? The standard says twice the **MSL**, the longest time that a segment may live in the
# network, which it takes to be two minutes (RFC 9293 section 3.4.2). Linux has one number for all:
# 60 seconds, fixed when the kernel was built. The embedded peer does as Linux, and its clock can
# be turned forward.

# %%
with EmbeddedNetwork(seed=1) as net:
    you = Caller(net)
    you.program.close()
    you.hear()
    you.say(FIN | ACK)
    you.hear()
    for pause in (0, 59, 2):
        net.clock.wait(pause)
        you.look(f"{net.clock.now():5.1f} s")

# %% [markdown] role="given" id="timewait-why"
# It waits for two things (RFC 9293 section 3.3.2).
#
# **That its last ACK was not lost.** An ACK is not acknowledged, so nobody tells. If it was lost, the
# other side repeats its FIN, and somebody must be there to say ACK again; a host that has forgotten
# the connection would answer RST, and turn a clean end into an error.
#
# **That old segments die.** A new connection between the same two ports could mistake a late segment
# of the old one for its own. After 2 MSL there is none left.
#
# Lose the last ACK and see how the wait begins anew. The FIN comes again after 50 seconds:

# %%
with EmbeddedNetwork(seed=1) as net:
    you = Caller(net)
    you.program.close()
    you.hear()
    you.say(FIN | ACK)
    print("lost on the way to you:", you.hear())
    for pause, again in ((50, True), (59, False), (2, False)):
        net.clock.wait(pause)
        you.look(f"{net.clock.now():5.1f} s")
        if again:
            you.seq -= 1  # the number of your FIN: it is sent once more
            you.say(FIN | ACK)
            print("         FIN again; the peer:", you.hear())

# %% [markdown] role="given" id="timewait-claims"
# > **Is it so?** "After the fourth wave the client waits for 2 MSL; if nothing comes, the server has
# > closed, and the client closes." *Half true.* It does close. But silence proves nothing: the ACK and
# > every repetition of the FIN may have been lost. Cut the cable after the peer's FIN and both wait out
# > their time, each alone. The wait makes a misunderstanding unlikely; no protocol can make it
# > impossible. (RFC 9293 section 3.3.2)
#
# In the next cell the last ACK is lost, and so is all that comes after it. Look at both ends after
# two minutes.

# %%
with EmbeddedNetwork(seed=1) as net:
    you = Caller(net)
    you.say(FIN | ACK)
    you.hear()
    you.program.close()
    you.hear()
    net.faults(loss=1.0)
    you.say(ACK)
    net.clock.wait(65)
    print("you waited 60 s in TIME-WAIT, heard nothing, and think: it has closed")
    you.look("the peer, after 65 s:")

# %% [markdown] role="given" id="timewait-pile"
# > **Is it so?** "TIME-WAIT is the client's." *Half true.* It belongs to whoever closed first
# > (RFC 9293 section 3.6.1), often the client; and to both, if they closed at once. Here a server
# > closes first, as a web server does that ends each connection after one answer. See what is
# > left of fifty customers.

# %%
with Network.best() as net:
    for port in range(41000, 41050):
        you = Caller(net, port)
        you.program.close()
        you.hear()
        you.say(FIN | ACK)
        you.hear()
    print(Counter(row.state for row in net.peer.sockets()))
    print("one host, to one server port, at most", 28_232 // 60, "new connections a second")

# %% [markdown] role="given" id="timewait-pile-text"
# For the server that is memory, a few hundred octets each. For a *client* that closes first it is
# worse: each connection in TIME-WAIT keeps a port of its own busy. Linux hands out 28,232 of them
# by itself, so that to one address and port a client that always closes first can open some 470
# connections a second, and no more. (Linux takes a port again after one second, where timestamps
# tell old segments from new ones: `tcp_tw_reuse`, which by default it does on loopback only.) And
# this is why a server cannot be started again at once:

# %%
with socket.create_server(("127.0.0.1", 0)) as listener:
    address = listener.getsockname()
    with socket.create_connection(address, timeout=5) as client:
        served, _ = listener.accept()
        served.close()  # the server closes first
        client.recv(1)
for reuse in (False, True):
    with socket.socket() as restarted:
        restarted.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        try:
            restarted.bind(address)
            print(f"SO_REUSEADDR {reuse}: bound")
        except OSError as error:
            print(f"SO_REUSEADDR {reuse}: {errno.errorcode[error.errno]}")

# %% [markdown] role="given" id="timewait-rst"
# One thing can end TIME-WAIT early, and the standards do not agree about it. RFC 9293 section
# 3.10.7.4 says that a RST does. RFC 1337 section 3 calls that assassination: an old segment draws an
# ACK from the one who waits, the other side, which knows of nothing any more, answers it with RST,
# and the wait is over before its time. Its simplest cure: ignore RST in TIME-WAIT. Linux does as
# RFC 9293 unless you set `tcp_rfc1337`. And a SYN may end it, if its number is ahead of all old ones:
# then no old segment can be mistaken for a new one (RFC 9293 section 3.6.1).

# %% [markdown] role="given" id="timewait-brief"
# ### Exercise 5: wait, on a clock
#
# Write the class `TimeWait(local_port, remote_port, snd_nxt, rcv_nxt, now_s, msl_s=30.0,
# rfc1337=False)`, an end that has come to TIME-WAIT at the time `now_s`. Times are seconds on a clock
# that is not yours: every method is told the time, and no method waits.
#
# - `state` is TIME-WAIT, then CLOSED. `expires_s` is the time at which the wait is over, 2 MSL after
#   it began, or `None` in CLOSED.
# - `tick(now_s)` returns an empty list; from `expires_s` on, that moment included, it makes the state
#   CLOSED.
# - `receive(segment, now_s)` first does what `tick` does. In CLOSED it returns an empty list: the
#   connection is gone, and it is for the host to answer. In TIME-WAIT the first row that fits decides:
#
# | a segment with | does |
# |---|---|
# | RST, and `seq` is `rcv_nxt` | CLOSED; but if `rfc1337` is true, nothing |
# | RST, any other `seq` | nothing |
# | SYN without ACK, and `seq` is ahead of `rcv_nxt` | CLOSED, and nothing is sent: a listener may have it |
# | any other SYN | sends an ACK |
# | FIN whose own number is the one before `rcv_nxt` | sends an ACK, and the 2 MSL begin anew |
# | data or FIN | sends an ACK |
# | none of these | nothing |
#
# "Ahead" means 1 to 2^31 - 1 steps forward, and no more. A FIN that comes with data has the number after the
# data. An ACK has `seq=snd_nxt` and `ack=rcv_nxt`; `self.ack()` of `End` builds it. `End`'s
# `objection` and `timer_s` are not used here. Other control bits change nothing. Numbers wrap.
#
# Example: `TimeWait(40000, 80, 101, 301, now_s=7.0)` has `expires_s` 67.0. A FIN with `seq=300` at
# 50.0 is answered by an ACK, and `expires_s` is 110.0.


# %% role="answer" id="timewait-answer"
class TimeWait(End):
    """An end in TIME-WAIT, on a clock that others read."""

    def __init__(
        self,
        local_port: int,
        remote_port: int,
        snd_nxt: int,
        rcv_nxt: int,
        now_s: float,
        msl_s: float = 30.0,
        rfc1337: bool = False,
    ):
        super().__init__(local_port, remote_port, snd_nxt, rcv_nxt)
        self.state = "TIME-WAIT"
        ### BEGIN SOLUTION
        self.msl_s, self.rfc1337 = msl_s, rfc1337
        self.expires_s = now_s + 2 * msl_s
        ### END SOLUTION

    def tick(self, now_s: float) -> list[Segment]:
        """Time has passed: it is `now_s`."""
        ### BEGIN SOLUTION
        if self.expires_s is not None and now_s >= self.expires_s:
            self._end()
        return []

    def _end(self) -> None:
        self.state, self.expires_s = "CLOSED", None
        ### END SOLUTION

    def receive(self, segment: Segment, now_s: float) -> list[Segment]:
        """A segment came at `now_s`."""
        ### BEGIN SOLUTION
        self.tick(now_s)
        has = segment.flags
        if self.state == "CLOSED":
            return []
        if has & RST:
            if segment.seq == self.rcv_nxt and not self.rfc1337:
                self._end()
            return []
        if has & SYN:
            ahead = 0 < (segment.seq - self.rcv_nxt) % 2**32 < 2**31
            if ahead and not has & ACK:
                self._end()
                return []
            return [self.ack()]
        if has & FIN and (segment.seq + len(segment.data) + 1) % 2**32 == self.rcv_nxt:
            self.expires_s = now_s + 2 * self.msl_s
        return [self.ack()] if has & FIN or segment.data else []
        ### END SOLUTION


# %% [markdown] role="hint" id="timewait-hint-1"
# Nudge
# Three things may happen to `expires_s`: it stays, it is set anew from `now_s`, it becomes `None`. Go
# through the rows and say which.

# %% [markdown] role="hint" id="timewait-hint-2"
# Way
# `receive` calls `self.tick(now_s)` first and returns if the state is CLOSED. Then RST, with an early
# return; then SYN; what is left has neither. "Its own number is the one before `rcv_nxt`" is
# `(segment.seq + len(segment.data) + 1) % 2**32 == self.rcv_nxt`.

# %% [markdown] role="hint" id="timewait-hint-3"
# Almost
# ```python
# if has & RST:
#     if segment.seq == self.rcv_nxt and not self.rfc1337:
#         <CLOSED, expires_s None>
#     return []
# if has & SYN:
#     if not has & ACK and 0 < (segment.seq - self.rcv_nxt) % 2**32 < 2**31:
#         <CLOSED, expires_s None>
#         return []
#     return [self.ack()]
# if has & FIN and <its number + 1 is rcv_nxt>:
#     self.expires_s = now_s + 2 * self.msl_s
# return [self.ack()] if has & FIN or segment.data else []
# ```


# %% role="given" id="timewait-given-shorthand"
class Waiting(Line):
    """A `Line` whose end waits: your next number is 1, the peer's is 1; it is 7 seconds past."""

    def __init__(self, snd: int = 100, rcv: int = 300, **options):
        super().__init__(snd, rcv)
        numbers = dict(snd_nxt=(snd + 1) % 2**32, rcv_nxt=(rcv + 1) % 2**32)
        self.start = {**self.start, **numbers, "now_s": 7.0, **options}
        self.again = [(ACK, 1, 1)]

    def at(self, now_s, flags, seq, ack=1, data=b"", *, sends=(), expires_s=67.0):
        """A step: the segment comes at that time; the state follows from `expires_s`."""
        return step(
            "receive",
            self.theirs(flags, seq, ack, data),
            now_s,
            sends=[self.mine(*each) for each in sends],
            state="CLOSED" if expires_s is None else "TIME-WAIT",
            expires_s=expires_s,
        )

    def ticks(self, now_s, expires_s=67.0):
        """A step: time passes."""
        state = "CLOSED" if expires_s is None else "TIME-WAIT"
        return step("tick", now_s, sends=[], state=state, expires_s=expires_s)


# %% role="test" id="timewait-test-clock" points=2
@check.test
def _():
    # Two MSL, to the moment; a repeated FIN begins them anew.
    clock = dict(
        rule="A repeated FIN is acknowledged, and 2 MSL are counted from it, not from the beginning.",
        rfc="RFC 9293 section 3.10.7.4, eighth",
    )
    wait = Waiting()
    anew = [
        wait.ticks(66.9),
        wait.at(50.0, FIN | ACK, 0, sends=wait.again, expires_s=110.0),
        wait.ticks(109.0, 110.0),
        wait.ticks(110.0, None),
    ]
    check.script(TimeWait, start=wait.start, steps=anew, **clock)
    ### BEGIN HIDDEN TESTS
    for begin in ((100, 300), (2**32 - 1, 2**32 - 1), (2**32 - 2, 5), (2**31, 2**31 - 1)):
        wait = Waiting(*begin, msl_s=120.0)
        long = [
            wait.ticks(7.0, 247.0),
            wait.at(100.0, FIN | ACK | PSH, 0, sends=wait.again, expires_s=340.0),
            wait.at(101.0, FIN | ACK, -3, data=b"end", sends=wait.again, expires_s=341.0),
            wait.at(340.5, FIN, 0, 9, sends=wait.again, expires_s=580.5),
            wait.ticks(580.4, 580.5),
            wait.ticks(900.0, None),
            wait.ticks(901.0, None),
            wait.at(902.0, FIN | ACK, 0, expires_s=None),
            wait.at(903.0, SYN, 5, expires_s=None),
        ]
        check.script(TimeWait, start=wait.start, steps=long, **clock)
        for late in (247.1, 247.0):
            check.script(
                TimeWait,
                start=wait.start,
                steps=[wait.at(late, FIN | ACK, 0, expires_s=None), wait.ticks(8.0, None)],
                rule="receive() looks at the clock first: from expires_s on nobody answers.",
                rfc="RFC 9293 section 3.10.8",
            )

    def side_by_side(TimeWait):
        """Two that wait: the times at which they are done."""
        a, b = TimeWait(1, 2, 3, 4, 10.0), TimeWait(1, 2, 3, 4, 20.0, msl_s=1.0)
        b.tick(30.0)
        return [(a.state, a.expires_s), (b.state, b.expires_s)]

    check.probe(
        TimeWait, side_by_side, expected=[("TIME-WAIT", 70.0), ("CLOSED", None)], rule="2 MSL each."
    )
    ### END HIDDEN TESTS


# %% role="test" id="timewait-test-strays" points=2
@check.test
def _():
    # What draws an ACK and what does not; only the old FIN begins the wait anew.
    strays = dict(
        rule="Old data draws an ACK, a bare ACK draws nothing, and neither changes the time.",
        rfc="RFC 9293 section 3.10.7.4",
    )
    wait = Waiting()
    old = [
        wait.at(50.0, ACK, 1),
        wait.at(51.0, ACK, -4, data=b"old", sends=wait.again),
        wait.at(52.0, FIN | ACK, 7, sends=wait.again),
        wait.ticks(67.0, None),
    ]
    check.script(TimeWait, start=wait.start, steps=old, **strays)
    ### BEGIN HIDDEN TESTS
    for begin in ((100, 300), (2**32 - 1, 2**32 - 1), (5, 2**32 - 3), (2**31, 2**31 - 1)):
        wait = Waiting(*begin)
        more = [
            wait.at(8.0, ACK, 0),
            wait.at(9.0, ACK | PSH | Flag.URG, -70_000),
            wait.at(10.0, Flag(0), 1),
            wait.at(11.0, PSH, 1, data=b"x", sends=wait.again),
            wait.at(12.0, ACK, 1, data=b"x", sends=wait.again),
            wait.at(13.0, FIN | ACK, 1, sends=wait.again),
            wait.at(14.0, FIN | ACK, -1, sends=wait.again),
            wait.at(15.0, FIN | ACK, 0, data=b"x", sends=wait.again),
            wait.at(16.0, FIN | ACK, -1, data=b"xy", sends=wait.again),
            wait.at(17.0, FIN | ACK, -1, data=b"x", sends=wait.again, expires_s=77.0),
        ]
        check.script(TimeWait, start=wait.start, steps=more, **strays)
    ### END HIDDEN TESTS


# %% role="test" id="timewait-test-rst-syn" points=2
@check.test
def _():
    # RST with and without RFC 1337; a SYN of a new connection, and an old one.
    early = dict(
        rule="A RST at rcv_nxt ends the wait, unless rfc1337; a SYN ahead of rcv_nxt makes way.",
        rfc="RFC 9293 section 3.6.1, RFC 1337 section 3",
    )
    wait, stubborn = Waiting(), Waiting(rfc1337=True)
    check.script(TimeWait, start=wait.start, steps=[wait.at(8.0, RST, 1, expires_s=None)], **early)
    check.script(TimeWait, start=stubborn.start, steps=[stubborn.at(8.0, RST, 1)], **early)
    check.script(
        TimeWait, start=wait.start, steps=[wait.at(8.0, SYN, 500, expires_s=None)], **early
    )
    ### BEGIN HIDDEN TESTS
    for begin in ((100, 300), (2**32 - 1, 2**32 - 1), (5, 2**32 - 3), (2**31, 2**31 - 1)):
        wait, stubborn = Waiting(*begin), Waiting(*begin, rfc1337=True)
        for each in (wait, stubborn):
            kept = [
                each.at(8.0, RST, 0),
                each.at(9.0, RST | ACK, 2),
                each.at(10.0, RST | SYN, 500),
                each.at(11.0, RST | FIN, 0),
                each.at(12.0, SYN, 1, sends=each.again),
                each.at(13.0, SYN, 0, sends=each.again),
                each.at(14.0, SYN, -500, sends=each.again),
                each.at(14.5, SYN, 2 + 2**31, sends=each.again),
                each.at(14.6, SYN, 1 + 2**31, sends=each.again),
                each.at(15.0, SYN | ACK, 500, sends=each.again),
                each.at(16.0, SYN | FIN, 0, sends=each.again),
            ]
            ends = [
                each.at(17.0, SYN | PSH | Flag.ECE | Flag.CWR, 2, expires_s=None),
                each.at(17.0, SYN, 2**31, expires_s=None),
                each.at(17.0, RST | ACK | PSH, 1, expires_s=None if each is wait else 67.0),
                each.at(17.0, RST | SYN, 1, expires_s=None if each is wait else 67.0),
            ]
            for end in ends:
                check.script(TimeWait, start=each.start, steps=[*kept, end], **early)
            deaf = [ends[0], each.at(18.0, FIN | ACK, 0, expires_s=None), each.ticks(19.0, None)]
            check.script(TimeWait, start=each.start, steps=deaf, **early)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="halfclose-text"
# ## 6. Half closed
#
# A FIN ends one direction. The other may stay open as long as it likes: the connection is then
# **half-closed**, and that is no accident of the protocol but a tool. In the socket API it is
# called `shutdown(SHUT_WR)`. Here the peer's program shuts its writing side, and goes on reading.

# %%
with Network.best() as net:
    you = Caller(net)
    you.program.shutdown_write()
    print("you hear:", you.hear())
    you.say(ACK)
    you.look("half closed")
    you.say(PSH | ACK, b"still here")
    print("its program reads:", you.program.receive(1.0))
    print("you hear:", you.hear())
    you.say(FIN | ACK)
    you.hear()
    you.look("now your FIN, too")

# %% [markdown] role="given" id="halfclose-claims"
# > **Is it so?** "The first wave only means that the active side sends no more data; it can still
# > receive." *True* of FIN (RFC 9293 section 3.6.1), and you have just seen it. It is not true of
# > `close()`, which gives up both directions: the kernel sends the same FIN, but there is no program
# > left that could receive. What happens then to data is section 7.
#
# > **Is it so?** "The second wave: the passive side may still have data to send." *True*, and that
# > is why its FIN does not simply come with the ACK: only its program knows whether there is more.
#
# What is it good for? Suppose that you want to send a stream whose length you do not know beforehand
# and get an answer to *all* of it. Without half-close you would have to invent an end mark, and a way
# to write the mark when it occurs in the data. With it, the end of the stream is the mark. Watch what
# happens to a client that forgets it:

# %%
with EmbeddedNetwork(seed=2) as net:
    you = Caller(net)
    you.say(PSH | ACK, b"my whole question")
    print("server reads:", you.program.receive(1.0))
    print("server reads:", you.program.receive(60.0), "(it has waited a minute for more)")
    you.look("and you wait for the answer. Both are")

# %% [markdown] role="given" id="halfclose-brief"
# ### Exercise 6: ask until you are done
#
# Write both sides of a small protocol, on real sockets. The request is any octets, their end is the
# end of the stream. The response is one line of ASCII: the number of octets, a space, their SHA-256 in
# lower case hexadecimal, and `\n`. Then the server closes.
#
# **`serve_digest(listener: socket.socket) -> None`** serves one client after another until
# `listener.accept()` raises `OSError`, and then returns. A client that breaks off (its connection is
# reset while you read or write) must not end the server: the next one is served as if nothing had
# been. A client that says nothing for ever may hold it up. Every connection is closed in the end.
#
# **`ask_digest(address: tuple[str, int], chunks: Iterable[bytes], timeout_s: float = 5.0) -> str`**
# connects to `address`, sends all chunks in order, ends the request, and returns the response line
# without its `\n`. No single wait for the server is longer than `timeout_s`: then `TimeoutError` is
# raised (sockets do that by themselves once they have been told the time). If the stream ends before
# the `\n`, it raises `ConnectionError`. Its socket is closed in the end, also when it raises.
#
# Example: for `[b"ab", b"c"]` the response is
# `3 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad`.
#
# A stream keeps no boundaries: one `recv` may bring a part of what was sent, or several parts at once.


# %% role="answer" id="halfclose-answer"
def serve_digest(listener: socket.socket) -> None:
    """Answer each client with count and SHA-256 of all it sends, until the listener is shut down."""
    ### BEGIN SOLUTION
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, contextlib.suppress(OSError):
            digest, count = hashlib.sha256(), 0
            while data := client.recv(1 << 16):
                digest.update(data)
                count += len(data)
            client.sendall(f"{count} {digest.hexdigest()}\n".encode())
    ### END SOLUTION


def ask_digest(address: tuple[str, int], chunks: Iterable[bytes], timeout_s: float = 5.0) -> str:
    """Send all chunks, end the request, and return the server's line."""
    ### BEGIN SOLUTION
    with socket.create_connection(address, timeout_s) as server:
        for chunk in chunks:
            server.sendall(chunk)
        server.shutdown(socket.SHUT_WR)
        response = b""
        while not response.endswith(b"\n"):
            data = server.recv(1 << 16)
            if not data:
                raise ConnectionError("the server closed before its line was complete")
            response += data
        return response[:-1].decode()
    ### END SOLUTION


# %% [markdown] role="hint" id="halfclose-hint-1"
# Nudge
# What must the client do so that the server's `recv` returns `b""`, while the client's own `recv` still
# works?

# %% [markdown] role="hint" id="halfclose-hint-2"
# Way
# `sock.shutdown(socket.SHUT_WR)` sends FIN and leaves reading open. Both sides read in a loop: the
# server until `b""`, the client until the line is whole. `hashlib.sha256()` has `update`.

# %% [markdown] role="hint" id="halfclose-hint-3"
# Almost
# Server: `while data := client.recv(65536):` update, count; then `sendall` the line. Put
# `with client, contextlib.suppress(OSError):` around that, inside the `accept` loop. Client:
# `socket.create_connection(address, timeout_s)`, `sendall` each chunk, `shutdown(SHUT_WR)`, then read
# until the line ends, and raise `ConnectionError` at `b""`.


# %% role="given" id="halfclose-given-shorthand"
def line_for(body: bytes) -> bytes:
    """The response that this request must get."""
    return f"{len(body)} {hashlib.sha256(body).hexdigest()}\n".encode()


def hear_all(client: socket.socket, server: running) -> bytes:
    """All that comes until the server closes; what ended the server is raised."""
    heard = b""
    client.settimeout(0.05)
    for _ in range(60):
        try:
            data = client.recv(1 << 16)
        except TimeoutError:
            if server.error:
                raise server.error from None
            if server.stopped(0.0):
                return heard + b" (and the server has ended)"
            continue
        if not data:
            return heard
        heard += data
    return heard + b" (and it is not closed)"


def ask_raw(server: running, *parts: bytes) -> bytes:
    """Send parts to a server, half-close, and return all that comes until it closes."""
    client = server.connect(timeout_s=3.0)
    for part in parts:
        client.sendall(part)
    client.shutdown(socket.SHUT_WR)
    answer = hear_all(client, server)
    client.close()
    return answer


# %% role="test" id="halfclose-test-serve" points=2
@check.test
def _():
    # The server reads to the end, answers after it, closes, and takes the next client.
    def in_parts(serve_digest):
        """A client that sends a part, waits whether something comes back, then sends the rest."""
        with running(serve_digest) as server:
            client = server.connect(timeout_s=0.1)
            for part in (b"first\n", b"second\x00\n"):
                client.sendall(part)
                try:
                    return "too early", client.recv(100)
                except TimeoutError:
                    if server.error:
                        raise server.error from None
            client.shutdown(socket.SHUT_WR)
            return "after the end", hear_all(client, server)

    check.probe(
        serve_digest,
        in_parts,
        expected=("after the end", line_for(b"first\nsecond\x00\n")),
        rule="Read until the stream ends. No octet in it ends the request, and no pause.",
        rfc="RFC 9293 section 3.6.1",
    )

    ### BEGIN HIDDEN TESTS
    def three_clients(serve_digest):
        """What three clients get, one after the other, and whether the server ends as it should."""
        got = []
        with running(serve_digest) as server:
            for body in (b"abc", b"", b"x" * 300_000):
                got.append(ask_raw(server, body))
                if got[-1] != line_for(body):
                    return got
            server.shut_down()
            return {"answers": got, "returned": server.stopped(3.0), "error": str(server.error)}

    bodies = [b"abc", b"", b"x" * 300_000]
    check.probe(
        serve_digest,
        three_clients,
        expected={"answers": [line_for(b) for b in bodies], "returned": True, "error": "None"},
        rule="Answer all of it, close, accept the next client, and return when accept() fails.",
        rfc="RFC 9293 section 3.6.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="halfclose-test-survives" points=1
@check.test
def _():
    # A client that breaks off does not end the server.
    def after_a_reset(serve_digest):
        """What the next client gets after one whose connection is reset in mid-request."""
        with running(serve_digest) as server:
            for _ in range(3):
                rude = server.connect()
                rude.sendall(b"half a ques")
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                rude.close()
            return ask_raw(server, b"polite")

    check.probe(
        serve_digest,
        after_a_reset,
        expected=line_for(b"polite"),
        rule="recv and sendall raise ConnectionResetError after a RST: catch it for each client.",
        rfc="RFC 9293 section 3.10.7.4",
    )
    ### BEGIN HIDDEN TESTS

    def after_one_who_left(serve_digest):
        """Clients that ask and are gone before the answer comes; then one that stays."""
        with running(serve_digest) as server:
            for _ in range(20):
                gone = server.connect()
                gone.sendall(b"who cares")
                gone.close()
            answer = ask_raw(server, b"polite")
            server.shut_down()
            return answer, server.stopped(3.0), str(server.error)

    check.probe(
        serve_digest,
        after_one_who_left,
        expected=(line_for(b"polite"), True, "None"),
        rule="A client that closes before it has the answer is no reason to end.",
        rfc="RFC 9293 section 3.6.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="halfclose-test-ask" points=2
@check.test
def _():
    # The client ends its request and still hears the answer, however it is cut.
    def scribe(listener, cut=1 << 16, answer=None):
        """A server for the tests: it answers in pieces of `cut` octets, or says `answer`."""
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                body = bytearray()
                while data := client.recv(1 << 16):
                    body += data
                said = line_for(body) if answer is None else answer
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for at in range(0, len(said), cut):
                    client.sendall(said[at : at + cut])

    def asked(ask_digest):
        """What the client returns for three requests."""
        bodies = [[b"ab", b"c"], [], (b"x" * 1000 for _ in range(300))]
        with running(scribe) as server:
            return [ask_digest(server.address, body, 2.0) for body in bodies]

    check.probe(
        ask_digest,
        asked,
        expected=[line_for(b)[:-1].decode() for b in (b"abc", b"", b"x" * 300_000)],
        rule="shutdown(SHUT_WR) ends your half; then read until the line is whole.",
        rfc="RFC 9293 section 3.6.1",
    )
    ### BEGIN HIDDEN TESTS

    def long_line(ask_digest):
        """How much of a long line comes back: all of it, or how it begins."""
        line = b"y" * 200_000
        with running(scribe, 999, line + b"\n") as server:
            got = ask_digest(server.address, [b"abc"], 2.0)
        return "all of it" if got == line.decode() else f"only a part, of {got[:3]}..."

    def cut_up(ask_digest):
        """The answer when it comes octet by octet."""
        with running(scribe, 1) as server:
            return ask_digest(server.address, [b"abc"], 2.0)

    stream = dict(
        rule="A stream keeps no boundaries: read until the line is whole.",
        rfc="RFC 9293 section 3.6",
    )
    check.probe(ask_digest, long_line, expected="all of it", **stream)
    check.probe(ask_digest, cut_up, expected=line_for(b"abc")[:-1].decode(), **stream)

    def blanks(ask_digest):
        """The answer to octets that look like ends of lines, with an empty chunk among them."""
        with running(scribe) as server:
            return ask_digest(server.address, [b"\r\n a", b"", b"\n", b"b\x00 \n"], 2.0)

    def much_at_once(ask_digest):
        """Whether all octets arrive of one chunk that no buffer holds."""
        with running(scribe) as server:
            got = ask_digest(server.address, [b"z" * 8_000_000], 3.0).split(" ")[0]
        part = got.isdigit() and 65_536 <= int(got) < 8_000_000  # how much is for the system to say
        return "all of it" if got == "8000000" else "some of it" if part else got

    check.probe(
        ask_digest,
        blanks,
        expected=line_for(b"\r\n a\nb\x00 \n")[:-1].decode(),
        rule="The request is any octets: send them as they are.",
        rfc="RFC 9293 section 3.6.1",
    )
    check.probe(
        ask_digest,
        much_at_once,
        expected="all of it",
        rule="A chunk may be larger than the socket's buffer: all of it must go.",
        rfc="RFC 9293 section 3.6.1",
    )

    def failures(ask_digest):
        """How it fails: at half a line, at no line, and where nobody answers in time."""
        seen = []
        with running(scribe, 5, b"3 ba78") as half, running(scribe, 5, b"") as none:
            for server in (half, none):
                try:
                    seen.append(ask_digest(server.address, [b"abc"], 2.0))
                except ConnectionError:
                    seen.append("ConnectionError")
        with socket.create_server(("127.0.0.1", 0)) as silent:  # connects, and nobody accepts
            try:
                seen.append(ask_digest(silent.getsockname(), [b"abc"], 0.2))
            except TimeoutError:
                seen.append("TimeoutError")
            accepted, _ = silent.accept()
            with accepted:
                accepted.settimeout(3.0)
                seen += [accepted.recv(100), accepted.recv(100)]
                accepted.settimeout(1.0)
                try:  # data for a closed socket draws a RST; an open one takes what fits, no more
                    accepted.sendall(bytes(1 << 25))
                    seen.append("took all of it")
                except TimeoutError:
                    seen.append("its socket is open")
                except OSError:
                    seen.append("its socket is closed")
        return seen

    check.probe(
        ask_digest,
        failures,
        expected=[
            "ConnectionError",
            "ConnectionError",
            "TimeoutError",
            b"abc",
            b"",
            "its socket is closed",
        ],
        rule="Half a line: ConnectionError. No answer within timeout_s: TimeoutError. Close always.",
        rfc="RFC 9293 section 3.6",
        within_s=4.0,
    )

    def rebuff(listener):
        """Close with the request unread, which resets the client."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.recv(1)
                client.close()

    def reset(ask_digest):
        """How it fails when the server resets the connection."""
        with running(rebuff) as server:
            try:
                return ask_digest(server.address, [b"x" * 100_000] * 20, 2.0)
            except ConnectionError:
                return "ConnectionError"

    check.probe(
        ask_digest,
        reset,
        expected="ConnectionError",
        rule="BrokenPipeError and ConnectionResetError are ConnectionErrors: let them through.",
        rfc="RFC 9293 section 3.6.1",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="halfclose-show"
# And both of yours together, over your machine's loopback:

# %%
try:
    with running(serve_digest) as server:
        print(ask_digest(server.address, [b"ab", b"c"]))
except NotImplementedError:
    print("Exercise 6 comes first; then run this cell again.")

# %% [markdown] role="given" id="finrst-text"
# ## 7. FIN or RST?
#
# A program says `close()`, and the kernel has to decide how to put it. FIN means: *you have had all
# of it, in order*. RST means: *something went wrong, forget the rest*. There are three ways to a RST
# that most programmers meet by accident. Watch the first: the program closes, with four octets in
# its receive buffer that it has not read.

# %%
with Network.best() as net:
    you = Caller(net)
    you.say(PSH | ACK, b"data")
    print("you hear:", you.hear())
    you.program.close()
    print("you hear:", you.hear())
    you.look("the peer is")

# %% [markdown] role="given" id="finrst-rules"
# Why so harsh? A FIN would be a lie: it would let you believe that the program has had your data.
# The rules that the kernel goes by:
#
# - **Unread data.** `close()` with data that came and was not read sends RST (RFC 9293 section
#   3.6.1, a SHOULD).
# - **Told to.** With the option `SO_LINGER` on and its time 0, `close()` sends RST: the *abort* of
#   RFC 9293 section 3.10.5.
# - **Data after close.** When a program has closed and FIN is sent, data that comes from the other
#   side finds nobody: it is answered by RST (a SHOULD of section 3.6.1). `shutdown(SHUT_WR)` is not
#   `close()`: there data is welcome.
# - **Nothing there.** Once a connection was reset, it is gone, and any segment for it draws RST
#   (section 3.10.7.1).
# - **Nothing left to reset.** When FINs have gone both ways and are acknowledged, closing the socket
#   sends nothing more, whatever is unread and whatever the option says.
# - In all other cases a FIN is sent, once, by `shutdown` or by `close()`, whichever comes first.
#
# The standard adds that who sends RST should itself wait in TIME-WAIT (section 3.3.2, note 3);
# Linux does not, as the last line above shows.

# %% [markdown] role="given" id="finrst-brief"
# ### Exercise 7: predict, and let the kernel judge
#
# Write `fin_or_rst(events: list[str]) -> list[str]`. The events happen, one after the other, to a
# connection that is ESTABLISHED at first. For each, say what the kernel on the program's side sends
# because of it: `"FIN"`, `"RST"`, or `""` for neither (an ACK does not count).
#
# | event | means |
# |---|---|
# | `"data"` | some octets come from the other side |
# | `"fin"` | a FIN comes from the other side, at most once, and no data after it |
# | `"read"` | the program reads all that has come |
# | `"linger"` | the program sets `SO_LINGER` on, with time 0 |
# | `"shutdown"` | the program calls `shutdown(SHUT_WR)`, at most once |
# | `"close"` | the program closes the socket, at most once; after it only `"data"` and `"fin"` happen |
#
# The other side acknowledges every FIN at once, and goes on whatever it hears, RST included.
#
# Example: `fin_or_rst(["data", "close", "data"])` is `["", "RST", "RST"]`.


# %% role="answer" id="finrst-answer"
def fin_or_rst(events: list[str]) -> list[str]:
    """Return for each event what it makes the kernel send: "FIN", "RST" or ""."""
    ### BEGIN SOLUTION
    unread = linger = fin_sent = fin_came = closed = gone = False
    said = []
    for event in events:
        says = ""
        if event == "data":
            if closed or gone:
                says, gone = "RST", True
            unread = True
        elif event == "fin":
            fin_came = True
            says = "RST" if gone else ""
        elif event == "read":
            unread = False
        elif event == "linger":
            linger = True
        elif event == "shutdown":
            says, fin_sent = "FIN", True
        elif event == "close":
            closed = True
            if fin_sent and fin_came:
                pass
            elif unread or linger:
                says, gone = "RST", True
            elif not fin_sent:
                says = "FIN"
        said.append(says)
    return said
    ### END SOLUTION


# %% [markdown] role="hint" id="finrst-hint-1"
# Nudge
# Which facts does the kernel have to remember from one event to the next? Each rule in the list above
# uses one or two of them; there are six in all, and each is true or false.

# %% [markdown] role="hint" id="finrst-hint-2"
# Way
# Unread? Linger? Our FIN sent? Their FIN here? Closed? Gone? For `"close"`, ask in the order of the
# rules, but "nothing left to reset" first. A RST makes the connection gone; then `"data"` and `"fin"`
# draw RST.

# %% [markdown] role="hint" id="finrst-hint-3"
# Almost
# ```python
# elif event == "close":
#     closed = True
#     if fin_sent and fin_came:
#         pass
#     elif unread or linger:
#         says, gone = "RST", True
#     elif not fin_sent:
#         says = "FIN"
# ```
# and for data: `if closed or gone: says, gone = "RST", True`, else it is unread.


# %% role="given" id="finrst-given-judge"
def kernel_says(
    net: Network, events: list[str], awaited: list[str], port: int, quiet_s: float = 0.01
) -> list[str]:
    """Do it all with the peer, and return what it sent; where something is awaited, wait longer."""
    you, linger, said = Caller(net, port), False, []
    for event, patience in zip(events, awaited, strict=True):
        if event == "data":
            you.say(PSH | ACK, b"data")
        elif event == "fin":
            you.say(FIN | ACK)
        elif event == "read":
            you.program.receive(0.2)
        elif event == "linger":
            linger = True
        elif event == "shutdown":
            you.program.shutdown_write()
        elif event == "close":
            you.program.abort() if linger else you.program.close()
        says = ""
        end = net.clock.now() + (2.0 if patience else quiet_s)
        while not says and (heard := you.hear(max(0.0, end - net.clock.now()))):
            says = "RST" if heard.flags & RST else "FIN" if heard.flags & FIN else ""
        if says == "FIN":
            you.say(ACK)
        said.append(says)
    return said


STORIES = [
    ["data", "read", "close"],
    ["data", "close", "data"],
    ["linger", "close", "fin"],
    ["close", "data", "data"],
    ["shutdown", "data", "read", "fin", "close"],
]


# %% role="test" id="finrst-test-close" points=2
@check.test
def _():
    # close() with and without unread data, after shutdown, with linger.
    closes = dict(
        rule="RST for unread data or linger, else FIN, unless it is sent already.",
        rfc="RFC 9293 section 3.6.1",
    )
    plain = [["close"], ["data", "read", "close"], ["data", "close"], ["linger", "close"]]
    answers = [["FIN"], ["", "", "FIN"], ["", "RST"], ["", "RST"]]
    check.each(fin_or_rst, [(events,) for events in plain], expected=answers, **closes)
    ### BEGIN HIDDEN TESTS
    told = {
        (): [],
        ("fin", "close"): ["", "FIN"],
        ("shutdown", "close"): ["FIN", ""],
        ("shutdown", "fin", "close"): ["FIN", "", ""],
        ("fin", "shutdown", "close"): ["", "FIN", ""],
        ("data", "data", "read", "close"): ["", "", "", "FIN"],
        ("data", "read", "data", "close"): ["", "", "", "RST"],
        ("data", "fin", "close"): ["", "", "RST"],
        ("data", "fin", "read", "close"): ["", "", "", "FIN"],
        ("data", "shutdown", "close"): ["", "FIN", "RST"],
        ("shutdown", "data", "close"): ["FIN", "", "RST"],
        ("shutdown", "linger", "close"): ["FIN", "", "RST"],
        ("fin", "linger", "close"): ["", "", "RST"],
        ("linger", "shutdown"): ["", "FIN"],
        ("data", "shutdown", "fin", "close"): ["", "FIN", "", ""],
        ("linger", "fin", "shutdown", "close"): ["", "", "FIN", ""],
        ("data", "linger", "fin", "read"): ["", "", "", ""],
        ("read", "close"): ["", "FIN"],
    }
    check.each(fin_or_rst, [(list(e),) for e in told], expected=list(told.values()), **closes)
    ### END HIDDEN TESTS


# %% role="test" id="finrst-test-after" points=2
@check.test
def _():
    # What comes when the program has closed, or the connection is gone.
    after = dict(
        rule="After close(), data draws RST and the connection is gone; then a FIN draws RST, too.",
        rfc="RFC 9293 sections 3.6.1 and 3.10.7.1",
    )
    late = [["close", "data"], ["close", "fin"], ["shutdown", "data"], ["linger", "close", "fin"]]
    answers = [["FIN", "RST"], ["FIN", ""], ["FIN", ""], ["", "RST", "RST"]]
    check.each(fin_or_rst, [(events,) for events in late], expected=answers, **after)
    ### BEGIN HIDDEN TESTS
    told = {
        ("close", "data", "data", "fin"): ["FIN", "RST", "RST", "RST"],
        ("data", "close", "data", "fin"): ["", "RST", "RST", "RST"],
        ("data", "close", "fin"): ["", "RST", "RST"],
        ("shutdown", "close", "data", "fin"): ["FIN", "", "RST", "RST"],
        ("shutdown", "close", "fin"): ["FIN", "", ""],
        ("shutdown", "data", "read", "data", "close", "fin"): ["FIN", "", "", "", "RST", "RST"],
        ("data", "read", "close", "data"): ["", "", "FIN", "RST"],
        ("shutdown", "linger", "close", "data"): ["FIN", "", "RST", "RST"],
    }
    check.each(fin_or_rst, [(list(e),) for e in told], expected=list(told.values()), **after)
    ### END HIDDEN TESTS


# %% role="test" id="finrst-test-kernel" points=2
@check.test
def _():
    # The peer judges: it does what is said, and its own segments are the answer.
    said = [["", "", "FIN"], ["", "RST", "RST"], ["", "RST", "RST"], ["FIN", "RST", "RST"],
            ["FIN", "", "", "", ""]]  # fmt: skip
    with Network.best() as net:
        seen = [
            kernel_says(net, *each, 41000 + n)
            for n, each in enumerate(zip(STORIES, said, strict=True))
        ]
    check.each(
        fin_or_rst,
        [(list(story),) for story in STORIES],
        expected=seen,
        rule="This is what the peer itself has just sent.",
        rfc="RFC 9293 section 3.6.1",
    )
    ### BEGIN HIDDEN TESTS
    more = {
        ("shutdown", "close", "data", "fin"): ["FIN", "", "RST", "RST"],
        ("data", "shutdown", "fin", "close"): ["", "FIN", "", ""],
        ("fin", "linger", "close"): ["", "", "RST"],
        ("data", "linger", "read", "fin", "shutdown", "close"): ["", "", "", "", "FIN", ""],
        ("shutdown", "data", "close", "fin"): ["FIN", "", "RST", "RST"],
    }
    with Network.best() as net:
        seen = [kernel_says(net, *each, 42000 + n) for n, each in enumerate(more.items())]
    check.each(
        fin_or_rst,
        [(list(story),) for story in more],
        expected=seen,
        rule="This is what the peer itself has just sent.",
        rfc="RFC 9293 section 3.6.1",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="finrst-show"
# Your prediction beside the peer's deed. Add a story of your own.

# %%
with Network.best() as net:
    print("the judge:", net.why)
    for port, story in enumerate(STORIES, 43000):
        try:
            predicted = fin_or_rst(story)
        except NotImplementedError:
            print("Exercise 7 comes first; then run this cell again.")
            break
        seen = kernel_says(net, story, predicted, port, quiet_s=0.03)
        print("agreed  " if seen == predicted else "DIFFERENT", story, predicted, seen)

# %% [markdown] role="given" id="three-text"
# ## 8. Why four, and when three
#
# In the handshake the ACK and the SYN of the second side share one segment. Here the ACK and the FIN
# of the second side usually do not. The reason is *who decides*. A SYN is answered by the kernel,
# which knows all that the answer needs. A FIN must be acknowledged by the kernel, at once or nearly,
# but the second FIN is for the program to give, and it may want to talk for another hour. Two
# decisions, made by two parties at two moments: two segments.
#
# If the program closes at once, nothing speaks against one segment. You close second and are quick:

# %%
with Network.best() as net:
    you = Caller(net)
    you.program.close()
    you.hear()
    you.say(FIN | ACK)
    you.hear()
    you.look("the peer")
    closing = [record for record in net.trace if record.segment][3:]
Ladder.of(closing, left="you", right=net.kind, title="Three segments")

# %% [markdown] role="given" id="three-claims"
# > **Is it so?** "Closing takes four waves." *False as a rule.* Four things must be said: two FINs, two
# > ACKs. They take four segments if the second side still has something to say, three if not (RFC
# > 9293 section 3.3.2, note 2), and none need be bare: a FIN may ride on the last data.
#
# How does a kernel know whether the program will close soon? It does not. It *waits a little* with the
# ACK, in the hope that something else is to be sent that could carry it: a **delayed ACK**, less
# than half a second (RFC 9293 section 3.8.6.3). Linux waits about 40 ms, if the conversation so far
# makes it think that answers come quickly. Which way a real close goes is thus a race between the
# program and that timer.

# %% [markdown] role="given" id="three-brief"
# ### Exercise 8: three segments, if you may
#
# Write `DelayingCloser(PassiveCloser)`, on top of your answer to exercise 3: a passive closer that delays
# the ACK of a FIN, and has data of
# its own. It takes one more argument: `DelayingCloser(local_port, remote_port, snd_nxt, rcv_nxt,
# window=65535)`, where `window` says how many octets of data may be on their way unacknowledged; it
# never changes. It starts with none on their way.
#
# **`send(data: bytes)`**, in ESTABLISHED and CLOSE-WAIT before `close()`: the data is queued behind
# what waits already. Then *what may go goes*:
#
# 1. If there is queued data, and fewer than `window` octets are unacknowledged: one segment with ACK
#    set and as many of the queued octets as may go. `snd_nxt` moves on.
# 2. If `close()` was called and the queue is empty: FIN and ACK with the next number; LAST-ACK,
#    `timer_s` 1.0. (FIN takes a number but needs no room in the window here.)
#
# Everything that is sent carries an acknowledgment. So after anything is sent in CLOSE-WAIT, an
# answer of `objection` included, no ACK is owed: `timer_s` is None.
#
# | method | in state | does |
# |---|---|---|
# | `receive(segment)` | ESTABLISHED | after `objection`: `ack` counts (what it acknowledges is off the way, and an older `ack` that comes late puts nothing back); data is taken and acknowledged at once, as before. With FIN nothing is acknowledged yet, data or not: CLOSE-WAIT, `timer_s` 0.04. At the end, what may go goes |
# | `receive(segment)` | CLOSE-WAIT | after `objection`: `ack` counts; then what may go goes |
# | `timeout()` | CLOSE-WAIT | if an ACK is owed: an ACK; `timer_s` None |
# | `close()` | CLOSE-WAIT | what may go goes, now or later with a `receive` |
#
# LAST-ACK is as in exercise 3: only the number after your FIN counts there. `send` elsewhere, or after
# `close()`, returns an empty list and changes nothing; so does a second `close()`. `close()` in
# ESTABLISHED is not asked, nor `send(b"")`. Your data is never lost, so no timer runs for it.
#
# Example: a FIN comes (`seq=300`): nothing is sent, `timer_s` is 0.04. `close()` returns one segment,
# FIN and ACK, `seq=100, ack=301`. Two segments answer two: with the peer's ACK, three in all.


# %% role="answer" id="three-answer"
class DelayingCloser(PassiveCloser):
    """A passive closer that lets its ACK travel with whatever goes next."""

    def __init__(
        self, local_port: int, remote_port: int, snd_nxt: int, rcv_nxt: int, window: int = 65535
    ):
        super().__init__(local_port, remote_port, snd_nxt, rcv_nxt)
        self.window = window
        ### BEGIN SOLUTION
        self.unacknowledged = snd_nxt
        self.queue = b""
        self.closing = False
        ### END SOLUTION

    def send(self, data: bytes) -> list[Segment]:
        """The program has something to say."""
        ### BEGIN SOLUTION
        if self.state not in ("ESTABLISHED", "CLOSE-WAIT") or self.closing:
            return []
        self.queue += data
        return self._go()

    def _go(self) -> list[Segment]:
        sent = []
        room = self.window - (self.snd_nxt - self.unacknowledged) % 2**32
        if self.queue and room > 0:
            piece, self.queue = self.queue[:room], self.queue[room:]
            sent.append(self.segment(ACK, data=piece))
            self.snd_nxt = (self.snd_nxt + len(piece)) % 2**32
            self.timer_s = None
        if self.closing and not self.queue:
            sent += super().close()
        return sent
        ### END SOLUTION

    def close(self) -> list[Segment]:
        """The program has nothing more to say."""
        ### BEGIN SOLUTION
        if self.state != "CLOSE-WAIT" or self.closing:
            return []
        self.closing = True
        return self._go()
        ### END SOLUTION

    def timeout(self) -> list[Segment]:
        """The timer rang."""
        ### BEGIN SOLUTION
        if self.state != "CLOSE-WAIT":
            return super().timeout()
        owed, self.timer_s = self.timer_s is not None, None
        return [self.ack()] if owed else []
        ### END SOLUTION

    def receive(self, segment: Segment) -> list[Segment]:
        """A segment came from the peer."""
        ### BEGIN SOLUTION
        if self.state not in ("ESTABLISHED", "CLOSE-WAIT"):
            return super().receive(segment)
        objection = self.objection(segment)
        if objection is not None:
            if objection and self.state == "CLOSE-WAIT":
                self.timer_s = None
            return objection
        on_the_way = (self.snd_nxt - self.unacknowledged) % 2**32
        if (segment.ack - self.unacknowledged) % 2**32 <= on_the_way:
            self.unacknowledged = segment.ack
        sent = []
        if self.state == "ESTABLISHED":
            self.received += segment.data
            self.rcv_nxt = (self.rcv_nxt + len(segment.data)) % 2**32
            if segment.flags & FIN:
                self.rcv_nxt = (self.rcv_nxt + 1) % 2**32
                self.state, self.timer_s = "CLOSE-WAIT", 0.04
            elif segment.data:
                sent.append(self.ack())
        return sent + self._go()
        ### END SOLUTION


# %% [markdown] role="hint" id="three-hint-1"
# Nudge
# One method does all the sending; `send`, `close` and `receive` only change what it finds. What does
# it have to look at?

# %% [markdown] role="hint" id="three-hint-2"
# Way
# Keep three things: the queue, the oldest number that is not acknowledged, whether `close()` was
# called. "What may go" is the queue's first `window - (snd_nxt - oldest) % 2**32` octets; then, if the
# queue is empty and `close()` was called, what `PassiveCloser.close` does. An `ack` counts if it lies
# between the oldest and `snd_nxt`.

# %% [markdown] role="hint" id="three-hint-3"
# Almost
# ```python
# def _go(self):
#     sent = []
#     room = self.window - (self.snd_nxt - self.unacknowledged) % 2**32
#     if self.queue and room > 0:
#         piece, self.queue = self.queue[:room], self.queue[room:]
#         <send it, snd_nxt on, no ACK is owed>
#     if self.closing and not self.queue:
#         sent += super().close()
#     return sent
# ```


# %% role="test" id="three-test-merged" points=2
@check.test
def _():
    # FIN, then close() at once: ACK and FIN in one segment.
    merged = dict(
        rule="The ACK of a FIN waits 0.04 s for company; close() before that sends FIN and ACK as one.",
        rfc="RFC 9293 section 3.3.2, note 2",
    )

    def quick(line):
        return [
            line.gets(FIN | ACK, 0, 0, state="CLOSE-WAIT", timer_s=0.04),
            line.does("close", (FIN | ACK, 0, 1), state="LAST-ACK", timer_s=1.0),
            line.gets(ACK, 1, 1, state="CLOSED"),
        ]

    def slow(line):
        return [
            quick(line)[0],
            line.does("timeout", (ACK, 0, 1), state="CLOSE-WAIT"),
            line.does("close", (FIN | ACK, 0, 1), state="LAST-ACK", timer_s=1.0),
        ]

    check.script(DelayingCloser, start=line.start, steps=quick(line), **merged)
    check.script(DelayingCloser, start=line.start, steps=slow(line), **merged)
    ### BEGIN HIDDEN TESTS
    for other in (line, *LINES):
        for steps in (quick(other), slow(other)):
            check.script(DelayingCloser, start=other.start, steps=steps, **merged)
        with_data = [
            other.gets(ACK | PSH, 0, 0, b"ab", sends=[(ACK, 0, 2)], state="ESTABLISHED"),
            other.does("timeout", state="ESTABLISHED"),
            other.gets(
                FIN | ACK | PSH, 2, 0, b"c", state="CLOSE-WAIT", timer_s=0.04, received=b"abc"
            ),
            other.gets(ACK, 4, 0, state="CLOSE-WAIT", timer_s=0.04),
            other.gets(FIN, 4, 0, state="CLOSE-WAIT", timer_s=0.04),
            other.gets(ACK, 3, 0, state="CLOSE-WAIT", timer_s=0.04),
            other.gets(ACK, 4, 0, b"no", state="CLOSE-WAIT", timer_s=0.04, received=b"abc"),
            other.gets(FIN | ACK, 3, 0, sends=[(ACK, 0, 4)], state="CLOSE-WAIT"),
            other.does("timeout", state="CLOSE-WAIT"),
            other.does("close", (FIN | ACK, 0, 4), state="LAST-ACK", timer_s=1.0),
            other.does("close", state="LAST-ACK", timer_s=1.0),
            step("send", b"no", sends=[], state="LAST-ACK", timer_s=1.0),
            other.does("timeout", (FIN | ACK, 0, 4), state="LAST-ACK", timer_s=2.0),
            other.gets(ACK, 4, 0, state="LAST-ACK", timer_s=2.0),
            other.gets(FIN | ACK, 3, 0, sends=[(ACK, 1, 4)], state="LAST-ACK", timer_s=2.0),
            other.gets(ACK, 4, 1, state="CLOSED"),
            step("send", b"no", sends=[], state="CLOSED", timer_s=None),
            other.does("timeout", state="CLOSED"),
        ]  # fmt: skip
        check.script(
            DelayingCloser,
            start=other.start,
            steps=with_data,
            rule="What is sent carries the ACK: after it none is owed, and the timer stands.",
            rfc="RFC 9293 section 3.8.6.3",
        )
        for before, seq in (([], 0), ([quick(other)[0]], 1), (quick(other)[:2], 1)):
            reset = [
                *before,
                other.gets(RST, seq, 0, state="CLOSED"),
                other.does("timeout", state="CLOSED"),
                step("send", b"no", sends=[], state="CLOSED"),
                other.does("close", state="CLOSED"),
            ]
            check.script(
                DelayingCloser,
                start=other.start,
                steps=reset,
                rule="A RST ends it, with the timer, and CLOSED does nothing.",
                rfc="RFC 9293 section 3.10.7.4",
            )
    ### END HIDDEN TESTS


# %% role="test" id="three-test-left" points=2
@check.test
def _():
    # Only if nothing is left to send: data goes first, and carries the ACK.
    left = dict(
        rule="FIN says that there is no more: it goes after the last octet, however long that waits.",
        rfc="RFC 9293 section 3.10.4",
    )

    def says(line, data, *sends, **after):
        after.setdefault("timer_s", None)
        return step("send", data, sends=[line.mine(*each) for each in sends], **after)

    narrow = {**line.start, "window": 4}
    waiting = [
        line.gets(FIN | ACK, 0, 0, state="CLOSE-WAIT", timer_s=0.04),
        says(line, b"answer", (ACK, 0, 1, b"answ"), state="CLOSE-WAIT"),
        line.does("close", state="CLOSE-WAIT"),
        line.gets(ACK, 1, 4, sends=[(ACK, 4, 1, b"er"), (FIN | ACK, 6, 1)], state="LAST-ACK",
                  timer_s=1.0),
        line.gets(ACK, 1, 6, state="LAST-ACK", timer_s=1.0),
        line.gets(ACK, 1, 7, state="CLOSED"),
    ]  # fmt: skip
    check.script(DelayingCloser, start=narrow, steps=waiting, **left)
    ### BEGIN HIDDEN TESTS
    for other in (line, *LINES):
        narrow = {**other.start, "window": 4}
        check.script(
            DelayingCloser,
            start=other.start,
            steps=[
                waiting[0] if other is line else other.gets(
                    FIN | ACK, 0, 0, state="CLOSE-WAIT", timer_s=0.04
                ),
                says(other, b"a", (ACK, 0, 1, b"a"), state="CLOSE-WAIT"),
                says(other, b"bc", (ACK, 1, 1, b"bc"), state="CLOSE-WAIT"),
                other.does("timeout", state="CLOSE-WAIT"),
                other.gets(ACK, 1, 2, state="CLOSE-WAIT"),
                other.does("close", (FIN | ACK, 3, 1), state="LAST-ACK", timer_s=1.0),
                other.does("timeout", (FIN | ACK, 3, 1), state="LAST-ACK", timer_s=2.0),
                other.gets(ACK, 1, 3, state="LAST-ACK", timer_s=2.0),
                other.gets(ACK, 1, 4, state="CLOSED"),
            ],
            **left,
        )  # fmt: skip
        drip = [
            says(other, b"abcdef", (ACK, 0, 0, b"abcd"), state="ESTABLISHED"),
            says(other, b"gh", state="ESTABLISHED"),
            other.gets(ACK, 0, 0, state="ESTABLISHED"),
            other.gets(ACK, 0, 5, sends=[(ACK, 4, 0)], state="ESTABLISHED"),
            other.gets(ACK, 0, 1, sends=[(ACK, 4, 0, b"e")], state="ESTABLISHED"),
            other.gets(FIN | ACK, 0, 1, state="CLOSE-WAIT", timer_s=0.04),
            other.does("close", state="CLOSE-WAIT", timer_s=0.04),
            says(other, b"never", state="CLOSE-WAIT", timer_s=0.04),
            other.does("close", state="CLOSE-WAIT", timer_s=0.04),
            other.gets(ACK, 1, 0, state="CLOSE-WAIT", timer_s=0.04),
            other.does("timeout", (ACK, 5, 1), state="CLOSE-WAIT"),
            other.does("timeout", state="CLOSE-WAIT"),
            other.gets(ACK, 1, 2, sends=[(ACK, 5, 1, b"f")], state="CLOSE-WAIT"),
            other.gets(ACK, 1, 6, sends=[(ACK, 6, 1, b"gh"), (FIN | ACK, 8, 1)],
                       state="LAST-ACK", timer_s=1.0),
            other.gets(ACK, 1, 8, state="LAST-ACK", timer_s=1.0),
            other.gets(ACK, 1, 9, state="CLOSED"),
        ]  # fmt: skip
        check.script(DelayingCloser, start=narrow, steps=drip, **left)
        opens = [
            says(other, b"abcdef", (ACK, 0, 0, b"abcd"), state="ESTABLISHED"),
            other.gets(FIN | ACK, 0, 4, sends=[(ACK, 4, 1, b"ef")], state="CLOSE-WAIT"),
            other.does("timeout", state="CLOSE-WAIT"),
            other.gets(ACK, 1, 4, state="CLOSE-WAIT"),
            other.does("close", (FIN | ACK, 6, 1), state="LAST-ACK", timer_s=1.0),
        ]
        check.script(
            DelayingCloser,
            start=narrow,
            steps=opens,
            rule="A FIN may bring an ack that makes room: then data goes at once, with the ACK.",
            rfc="RFC 9293 section 3.10.7.4",
        )
        gone = [
            says(other, b"abcdef", (ACK, 0, 0, b"abcd"), state="ESTABLISHED"),
            other.gets(FIN | ACK, 0, 0, state="CLOSE-WAIT", timer_s=0.04),
            other.gets(RST, 1, 0, state="CLOSED"),
            other.does("close", state="CLOSED"),
            other.gets(ACK, 1, 4, state="CLOSED"),
            other.does("timeout", state="CLOSED"),
        ]
        check.script(DelayingCloser, start=narrow, steps=gone, **left)
        old = [
            says(other, b"ab", (ACK, 0, 0, b"ab"), state="ESTABLISHED"),
            other.gets(ACK, 0, -3, state="ESTABLISHED"),
            other.gets(ACK, 0, 1, state="ESTABLISHED"),
            other.gets(ACK, 0, 0, state="ESTABLISHED"),
            says(other, b"cdefg", (ACK, 2, 0, b"cde"), state="ESTABLISHED"),
        ]
        check.script(
            DelayingCloser,
            start=narrow,
            steps=old,
            rule="An old ack acknowledges nothing new, and takes nothing back.",
            rfc="RFC 9293 section 3.10.7.4, fifth",
        )
        both = [
            says(other, b"abcdef", (ACK, 0, 0, b"abcd"), state="ESTABLISHED"),
            other.gets(
                ACK, 0, 2, b"xyz", sends=[(ACK, 4, 3), (ACK, 4, 3, b"ef")], state="ESTABLISHED",
                received=b"xyz",
            ),
        ]  # fmt: skip
        check.script(DelayingCloser, start=narrow, steps=both, **left)
        huge = {**other.start, "window": 2**20}
        flood = [
            says(other, bytes(2**20), (ACK, 0, 0, bytes(2**20)), state="ESTABLISHED"),
            says(other, b"z", state="ESTABLISHED"),
            other.gets(ACK, 0, 2**20, sends=[(ACK, 2**20, 0, b"z")], state="ESTABLISHED"),
        ]
        if other is line:
            check.script(DelayingCloser, start=huge, steps=flood, **left)

    def side_by_side(DelayingCloser):
        """Two of them: what the second sends after the first has queued."""
        a, b = DelayingCloser(1, 2, 100, 300, 2), DelayingCloser(1, 2, 100, 300)
        a.send(b"abc")
        return [len(b.send(b"xy")), b.snd_nxt, a.snd_nxt, a.window, b.window]

    check.probe(
        DelayingCloser,
        side_by_side,
        expected=[1, 102, 102, 2, 65535],
        rule="Every end has a queue of its own.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="proc-text"
# ## 9. The kernel's own book
#
# All those states are written down, one line for each socket, in a file that everybody may read:
# `/proc/net/tcp`, and `/proc/net/tcp6` for IPv6. `ss` and `netstat` are friendlier readers of the same
# facts. In a container that has neither, the file is still there.

# %% role="given" id="proc-given-sample"
SAMPLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 33701 1
   1: 0200090A:9C40 0100090A:0050 08 00000000:00000001 00:00000000 00000000  1000        0 33720 1
   2: 0200090A:9C41 0100090A:0050 06 00000000:00000000 03:0000176F 00000000     0        0 0 3
"""
SAMPLE6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41 1
   1: B80D0120000000000000000001000000:01BB B80D0120000000000000000002000000:C000 01 00000000:00000000 00:00000000 00000000  1000        0 41007 1
"""
print(SAMPLE)

# %% [markdown] role="given" id="proc-brief"
# ### Exercise 9: read the book, find the leak
#
# **`parse_proc_net_tcp(text: str) -> list[Row]`** reads such a file, whichever of the two. The first
# line is a heading. Each further line has fields with blanks between them: a number with a colon,
# local address, remote address, state, five fields that do not matter
# here, and as the *tenth* the inode, a decimal number that names the socket.
# What comes after it is not needed. Empty lines are left out.
#
# - An address is `HEX:PORT`. The port is hexadecimal, high octet first. Of the address, every eight
#   hexadecimal digits are one 32-bit word **as the processor stores it**, low octet first: `0100007F`
#   is 127.0.0.1. IPv4 has one word, IPv6 four, and each is turned round by itself.
# - The state is a hexadecimal number: 01 ESTABLISHED, 02 SYN-SENT, 03 SYN-RECEIVED, 04 FIN-WAIT-1,
#   05 FIN-WAIT-2, 06 TIME-WAIT, 07 CLOSED, 08 CLOSE-WAIT, 09 LAST-ACK, 0A LISTEN, 0B CLOSING,
#   0C SYN-RECEIVED (a second kind).
# - Raise `ValueError` if a line has fewer than ten fields, a state that is not in the list, or a field
#   you read that is not the number it should be (an address of neither 8 nor 32 digits, too).
#
# **`count_states(rows: list[Row]) -> dict[int, dict[str, int]]`** says for each local port how many
# rows are in each state; a state that does not occur is not named.
#
# **`find_leaks(snapshots: list[tuple[float, list[Row]]], age_s: float) -> dict[int, int]`** finds the
# program that forgets to close. Each snapshot is a time in seconds and the rows at that time, in order
# of time. A connection, that is, a row with these very addresses, ports and inode, leaks if it is in
# CLOSE-WAIT in the last snapshot, and in every one before it back to one that is at least `age_s`
# seconds older than the last. The result says for each local port how many leak, without zeros.
#
# A `Row` holds addresses as `IPv4Address` or `IPv6Address`; `ip_address(octets)` makes either from 4
# or 16 octets. (All this is for processors that store the low octet first, which nearly all do.)
#
# Example: the first line below the heading of `SAMPLE` is
# `Row("LISTEN", ip_address("127.0.0.1"), 8080, ip_address("0.0.0.0"), 0, 33701)`.


# %% role="given" id="proc-given-row"
@dataclass(frozen=True)
class Row:
    """One line of the kernel's table of TCP sockets."""

    state: str
    local_address: IPv4Address | IPv6Address
    local_port: int
    remote_address: IPv4Address | IPv6Address
    remote_port: int
    inode: int


# %% role="answer" id="proc-answer"
def parse_proc_net_tcp(text: str) -> list[Row]:
    """Return the rows of `/proc/net/tcp` or `/proc/net/tcp6`; ValueError if malformed."""
    ### BEGIN SOLUTION
    states = [
        "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
        "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECEIVED",
    ]  # fmt: skip

    def endpoint(field):
        address, _, port = field.partition(":")
        octets = bytes.fromhex(address)
        words = [octets[at : at + 4][::-1] for at in range(0, len(octets), 4)]
        return ip_address(b"".join(words)), int(port, 16)

    rows = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if not fields:
            continue
        if len(fields) < 10:
            raise ValueError(f"{len(fields)} fields: {line!r}")
        number = int(fields[3], 16)
        if not 1 <= number <= len(states):
            raise ValueError(f"state {fields[3]!r}")
        rows.append(
            Row(states[number - 1], *endpoint(fields[1]), *endpoint(fields[2]), int(fields[9]))
        )
    return rows
    ### END SOLUTION


def count_states(rows: list[Row]) -> dict[int, dict[str, int]]:
    """Return for each local port the number of rows in each state."""
    ### BEGIN SOLUTION
    counts: dict[int, dict[str, int]] = {}
    for row in rows:
        of_port = counts.setdefault(row.local_port, {})
        of_port[row.state] = of_port.get(row.state, 0) + 1
    return counts
    ### END SOLUTION


def find_leaks(snapshots: list[tuple[float, list[Row]]], age_s: float) -> dict[int, int]:
    """Return for each local port the connections that have been in CLOSE-WAIT for `age_s`."""
    ### BEGIN SOLUTION
    leaks: set[Row] = set()
    held: set[Row] | None = None
    for time_s, rows in reversed(snapshots):
        waiting = {row for row in rows if row.state == "CLOSE-WAIT"}
        held = waiting if held is None else held & waiting
        if snapshots[-1][0] - time_s >= age_s:
            leaks = held
            break
    return dict(Counter(row.local_port for row in leaks))
    ### END SOLUTION


# %% [markdown] role="hint" id="proc-hint-1"
# Nudge
# Turn `0100007F` into octets with `bytes.fromhex` and look at them. What has to happen so that
# 127 comes first? And which octets stay together in an IPv6 address?

# %% [markdown] role="hint" id="proc-hint-2"
# Way
# `line.split()`: field 1 and 2 are the addresses, 3 the state, 9 the inode (from 0). Turn round each
# four octets, join them, and give them to `ip_address`. For the leaks go backwards from the last
# snapshot and keep the set of rows that are still in CLOSE-WAIT; stop at the first snapshot that is
# old enough.

# %% [markdown] role="hint" id="proc-hint-3"
# Almost
# `b"".join(octets[i : i + 4][::-1] for i in range(0, len(octets), 4))`. Then
# ```python
# held = None
# for time_s, rows in reversed(snapshots):
#     waiting = {row for row in rows if row.state == "CLOSE-WAIT"}
#     held = waiting if held is None else held & waiting
#     if snapshots[-1][0] - time_s >= age_s:
#         return dict(Counter(row.local_port for row in held))
# return {}
# ```


# %% role="given" id="proc-given-shorthand"
def line_of(row: Row, number: int = 0, code: int | None = None) -> str:
    """The line of the kernel's file for a row."""
    codes = {
        "ESTABLISHED": 1, "SYN-SENT": 2, "SYN-RECEIVED": 3, "FIN-WAIT-1": 4, "FIN-WAIT-2": 5,
        "TIME-WAIT": 6, "CLOSED": 7, "CLOSE-WAIT": 8, "LAST-ACK": 9, "LISTEN": 10, "CLOSING": 11,
    }  # fmt: skip

    def endpoint(address, port):
        packed = address.packed
        words = struct.unpack(f"<{len(packed) // 4}I", packed)
        return "".join(f"{word:08X}" for word in words) + f":{port:04X}"

    state = codes[row.state] if code is None else code
    return (
        f"{number:4}: {endpoint(row.local_address, row.local_port)} "
        f"{endpoint(row.remote_address, row.remote_port)} {state:02X} 00000000:00000000 "
        f"00:00000000 00000000  1000        0 {row.inode} 1 0000000000000000 100 0 0 10 0"
    )


def table_of(rows: list[Row]) -> str:
    """The whole file for some rows."""
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
    lines = [line_of(row, number) for number, row in enumerate(rows)]
    return "\n".join([f"{head}  timeout inode", *lines]) + "\n"


# %% role="test" id="proc-test-parse" points=2
@check.test
def _():
    # Addresses, ports, states, inodes.
    reads = dict(
        rule="Four octets at a time, low one first; the port high octet first; inode is field ten.",
        rfc="proc(5)",
    )
    here, there = ip_address("10.9.0.2"), ip_address("10.9.0.1")
    check(
        parse_proc_net_tcp,
        SAMPLE,
        expected=[
            Row("LISTEN", ip_address("127.0.0.1"), 8080, ip_address("0.0.0.0"), 0, 33701),
            Row("CLOSE-WAIT", here, 40000, there, 80, 33720),
            Row("TIME-WAIT", here, 40001, there, 80, 0),
        ],
        **reads,
    )
    six = "2001:db8::1", "2001:db8::2"
    check(
        parse_proc_net_tcp,
        SAMPLE6,
        expected=[
            Row("LISTEN", ip_address("::1"), 22, ip_address("::"), 0, 41),
            Row("ESTABLISHED", ip_address(six[0]), 443, ip_address(six[1]), 49152, 41007),
        ],
        **reads,
    )
    ### BEGIN HIDDEN TESTS
    dice = random.Random(9)
    states = ["ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
              "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING"]  # fmt: skip

    def any_row(size):
        ends = [ip_address(dice.randbytes(size)) for _ in range(2)]
        ports = [dice.choice([0, 1, 255, 256, 4660, 65535, dice.getrandbits(16)]) for _ in range(2)]
        inode = dice.choice([0, 1, 4_294_967_295, dice.getrandbits(20)])
        return Row(dice.choice(states), ends[0], ports[0], ends[1], ports[1], inode)

    tables = [[any_row(size) for _ in range(dice.randrange(40))] for size in (4, 16) * 10]
    check.each(parse_proc_net_tcp, [(table_of(rows),) for rows in tables], expected=tables, **reads)
    row = any_row(4)
    head = table_of([])
    odd = [
        (head + line_of(row, code=12) + "\n", [Row("SYN-RECEIVED", *list(vars(row).values())[1:])]),
        (head + "\n  \n" + line_of(row) + "   \n\n", [row]),
        (head + line_of(row).lower(), [row]),
        (head + " ".join(line_of(row).split()[:10]), [row]),
        (head.rstrip("\n"), []),
        ("", []),
        (head + line_of(row, 12345) + "\n" + line_of(row), [row, row]),
    ]
    check.each(parse_proc_net_tcp, [(t,) for t, _ in odd], expected=[r for _, r in odd], **reads)

    def real_table(parse_proc_net_tcp):
        """Two sockets of this process, as the real file shows them, where there is one."""
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            client = stack.enter_context(socket.create_connection(listener.getsockname(), 5))
            served = stack.enter_context(listener.accept()[0])
            client.close()
            served.recv(1)
            try:
                text = stack.enter_context(open("/proc/net/tcp")).read()
            except OSError:
                return ["LISTEN", "CLOSE-WAIT"]
            inodes = [os.fstat(each.fileno()).st_ino for each in (listener, served)]
            states = {row.inode: row.state for row in parse_proc_net_tcp(text)}
            return [states.get(inode) for inode in inodes]

    check.probe(
        parse_proc_net_tcp,
        real_table,
        expected=["LISTEN", "CLOSE-WAIT"],
        rule="The real file, with sockets that this test has opened.",
        rfc="proc(5)",
    )
    ### END HIDDEN TESTS


# %% role="test" id="proc-test-malformed" points=1
@check.test
def _():
    # What is malformed is refused.
    refused = dict(rule="A line that cannot be read is refused, not skipped.", rfc="proc(5)")
    check.refuses(parse_proc_net_tcp, SAMPLE + "   3: 0200090A:9C41 0100090A\n", **refused)
    ### BEGIN HIDDEN TESTS
    row = Row("LISTEN", ip_address("10.9.0.2"), 8080, ip_address("10.9.0.1"), 80, 7)
    good, head = line_of(row), table_of([])
    wrong = [
        " ".join(good.split()[:9]),
        good.replace(" 0A ", " 00 "),
        good.replace(" 0A ", " 0D "),
        good.replace(" 0A ", " FF "),
        good.replace(" 0A ", " XY "),
        good.replace("0200090A:", "0200090:"),
        good.replace("0200090A:", "0200090A00:"),
        good.replace("0200090A:", "0200090A0200090A:"),
        good.replace("0200090A:", "0200090G:"),
        good.replace("0200090A:1F90", "0200090A"),
        good.replace(":1F90", ":1FXX"),
        good.replace(" 7 1 ", " seven 1 "),
        good.replace(" 7 1 ", " 0x7 1 "),
    ]
    check.refuses_each(parse_proc_net_tcp, [(head + line + "\n",) for line in wrong], **refused)
    ### END HIDDEN TESTS


# %% role="test" id="proc-test-counts" points=1
@check.test
def _():
    # How many in each state, per local port.
    counts = dict(rule="For each local port: each state that occurs, and how often.", rfc="proc(5)")
    anywhere = ip_address("127.0.0.1"), ip_address("127.0.0.1")

    def rows_of(*pairs):
        return [
            Row(state, anywhere[0], port, anywhere[1], 5000 + n, 100 + n)
            for n, (port, state) in enumerate(pairs)
        ]

    some = rows_of((80, "LISTEN"), (80, "CLOSE-WAIT"), (443, "LISTEN"), (80, "CLOSE-WAIT"))
    expected = {80: {"LISTEN": 1, "CLOSE-WAIT": 2}, 443: {"LISTEN": 1}}
    check(count_states, some, expected=expected, **counts)
    ### BEGIN HIDDEN TESTS
    dice = random.Random(10)
    names = ["LISTEN", "TIME-WAIT", "CLOSE-WAIT", "CLOSING"]
    cases, results = [([],)], [{}]
    for _ in range(30):
        pairs = [(dice.randrange(5), dice.choice(names)) for _ in range(dice.randrange(30))]
        cases.append((rows_of(*pairs),))
        results.append(
            {
                port: {s: pairs.count((port, s)) for s in names if (port, s) in pairs}
                for port in {port for port, _ in pairs}
            }
        )
    check.each(count_states, cases, expected=results, **counts)
    ### END HIDDEN TESTS


# %% role="test" id="proc-test-leaks" points=2
@check.test
def _():
    # CLOSE-WAIT that stays is a leak; CLOSE-WAIT that passes is not.
    leaks = dict(
        rule="The same socket, in CLOSE-WAIT from a snapshot that is old enough up to the last.",
        rfc="RFC 9293 section 3.3.2",
    )

    def row(port=80, remote=5000, inode=1, state="CLOSE-WAIT", host="10.9.0.1"):
        return Row(state, ip_address("10.9.0.2"), port, ip_address(host), remote, inode)

    stays, comes, goes = row(inode=1), row(inode=2, remote=5001), row(inode=3, remote=5002)
    snapshots = [(0.0, [stays, goes]), (30.0, [stays, goes]), (60.0, [stays, comes])]
    check.each(find_leaks, [(snapshots, 60.0), (snapshots, 61.0), (snapshots, 0.0)],
               expected=[{80: 1}, {}, {80: 2}], **leaks)  # fmt: skip
    ### BEGIN HIDDEN TESTS
    busy = row(state="ESTABLISHED")
    others = ["LISTEN", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
              "CLOSED", "LAST-ACK", "CLOSING"]  # fmt: skip
    other = row(port=443, inode=9)
    cases = {
        "no snapshot": ([], 0.0, {}),
        "nothing in it": ([(5.0, [])], 0.0, {}),
        "one, of age 0": ([(5.0, [stays])], 0.0, {80: 1}),
        "one, of some age": ([(5.0, [stays])], 1.0, {}),
        "exactly as old": ([(1.0, [stays]), (11.0, [stays])], 10.0, {80: 1}),
        "not quite": ([(1.5, [stays]), (11.0, [stays])], 10.0, {}),
        "older than needed": ([(0.0, []), (1.0, [stays]), (99.0, [stays])], 60.0, {80: 1}),
        "it came since": ([(0.0, []), (50.0, [stays]), (99.0, [stays])], 60.0, {}),
        "gone at last": ([(0.0, [stays]), (99.0, [])], 60.0, {}),
        "closing at last": ([(0.0, [stays]), (99.0, [row(state="LAST-ACK")])], 60.0, {}),
        "gone in between": ([(0.0, [stays]), (50.0, []), (99.0, [stays])], 60.0, {}),
        "busy in between": ([(0.0, [stays]), (50.0, [busy]), (99.0, [stays])], 60.0, {}),
        "busy at first": ([(0.0, [busy]), (50.0, [stays]), (99.0, [stays])], 60.0, {}),
        "another inode": ([(0.0, [stays]), (99.0, [row(inode=7)])], 60.0, {}),
        "another port there": ([(0.0, [stays]), (99.0, [row(remote=1)])], 60.0, {}),
        "another host": ([(0.0, [stays]), (99.0, [row(host="10.9.0.3")])], 60.0, {}),
        "a leak of other states": ([(0.0, [busy]), (99.0, [busy])], 60.0, {}),
        "all other states": (
            [(t, [row(state=name) for name in others]) for t in (0.0, 99.0)], 60.0, {}
        ),
        "several ports": (
            [(0.0, [stays, other, goes]), (60.0, [other, goes, stays, busy, comes])],
            60.0,
            {80: 2, 443: 1},
        ),
        "many snapshots": ([(10.0 * n, [stays, comes][: 1 + n // 4]) for n in range(9)], 40.0,
                           {80: 2}),
        "many, one younger": ([(10.0 * n, [stays, comes][: 1 + n // 5]) for n in range(9)], 40.0,
                              {80: 1}),
    }  # fmt: skip
    check.each(
        find_leaks,
        [case[:2] for case in cases.values()],
        expected=[case[2] for case in cases.values()],
        **leaks,
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="proc-show"
# Now for a real leak, and your own machine's table, where it has one. The server below forgets what
# it has accepted.

# %%
with contextlib.ExitStack() as held:
    listener = held.enter_context(socket.create_server(("127.0.0.1", 0)))
    forgotten = []
    for _ in range(3):
        with socket.create_connection(listener.getsockname(), 5):
            forgotten.append(held.enter_context(listener.accept()[0]))  # and never closed
    for each in forgotten:
        each.recv(1)  # the FIN is here
    try:
        with open("/proc/net/tcp") as table:
            rows = parse_proc_net_tcp(table.read())
        print("your server's port:", count_states(rows)[listener.getsockname()[1]])
        print("all in CLOSE-WAIT: ", find_leaks([(0.0, rows)], 0.0))
    except NotImplementedError:
        print("Exercise 9 comes first; then run this cell again.")
    except OSError:
        print("This system has no /proc/net/tcp; `netstat -an` shows the same.")

# %% [markdown] role="given" id="kernel-text"
# ## 10. The real thing
#
# Your machines now meet the kernel, in every order. What they still lack is somebody who carries their
# segments, rings their timer, and does not go home too early: the last ACK may be lost, and then the
# other side calls again.


# %% role="given" id="kernel-given-program"
class Program:
    """A wire beyond which a program lives that closes as soon as it sees the end of the stream."""

    def __init__(self, wire, connection):
        self.wire, self.connection, self.closed = wire, connection, False

    def send(self, segment: Segment) -> None:
        """Send a segment to the peer."""
        self.wire.send(segment)

    def receive(self, timeout_s: float) -> Segment | None:
        """Let the program look whether the stream has ended; then wait for a segment."""
        if not self.closed and self.connection.receive() == b"":
            self.connection.close()
            self.closed = True
        return self.wire.receive(timeout_s)


def yours_for(caller: Caller, machine: type) -> End:
    """Make a machine that takes over your end of an open connection."""
    return machine(caller.port, caller.peer_port, caller.seq, caller.ack)


def goodbye(net: Network) -> list[str]:
    """Who said what since the handshake; if the peer had to say its FIN again, all of it once."""
    spoken = [(record.sent, record.segment) for record in net.trace if record.segment][3:]
    said = [(sent, Flag(each.flags).names(), each.seq, each.ack) for sent, each in spoken]
    fins = [each for each in said if not each[0] and "FIN" in each[1]]
    if len(fins) > len(set(fins)):  # on a busy machine your answer comes late
        said = list(dict.fromkeys(said))
    return [f"{'you' if sent else 'peer'}: {names}" for sent, names, _, _ in said]


def settled(caller: Caller, wanted: str) -> str:
    """The peer's state, as soon as it is the one wanted, or after a second."""
    end = caller.net.clock.now() + 1.0
    while True:
        state = caller.net.peer.state_of(caller.peer_port, caller.port)
        state = "CLOSED" if state == "LISTEN" else state
        if state == wanted or caller.net.clock.now() > end:
            return state
        caller.net.clock.wait(0.01)


# %% [markdown] role="given" id="kernel-brief"
# ### Exercise 10: close with the kernel
#
# Write `run_close(machine, wire, clock, first=(), deadline_s=10.0, time_wait_s=60.0) -> str`.
#
# - `machine` has `state`, `timer_s`, `close()`, `receive(segment)` and `timeout()`, as those of
#   exercises 2, 3, 4 and 8; the tests take your own.
# - `wire.send(segment)` sends one. `wire.receive(timeout_s)` waits at most that many seconds and
#   returns the next segment, or `None`. `clock.now()` is the time in seconds; use no other clock.
# - `first` are segments to send before anything else: what `machine.close()` returned, if you are the
#   one who begins.
#
# Send everything in `first`. Then repeat, until the machine's state is TIME-WAIT or CLOSED:
#
# 1. If the state is CLOSE-WAIT, your program closes as well: call `close()`, once and no more.
# 2. Wait for a segment, for `timer_s` seconds if a timer runs, but never past the deadline, which is
#    `deadline_s` seconds after the call. Each wait begins anew. If a segment came, hand it to
#    `receive`. If none came and the deadline is reached, return the state as it is. If none came and
#    the timer rang, call `timeout()`. (If both fall on the same moment, either will do.)
# 3. Send every segment that the machine returned, from any method, also the last ones.
#
# In **TIME-WAIT** the machine's timer and the deadline no longer matter: go on for `time_wait_s`
# seconds from the moment you find the machine there, hand it every segment that comes, and send what
# it returns. Each segment with FIN begins the `time_wait_s` anew. If the machine leaves TIME-WAIT, stop.
#
# Return the machine's state.
#
# Example: with your `PassiveCloser` and a peer whose program has closed, it returns `"CLOSED"`, and the
# peer is in TIME-WAIT.


# %% role="answer" id="kernel-answer"
def run_close(
    machine, wire, clock, first=(), deadline_s: float = 10.0, time_wait_s: float = 60.0
) -> str:
    """Carry segments between the machine and the wire until the connection is over, or late."""

    ### BEGIN SOLUTION
    def send(segments):
        for segment in segments:
            wire.send(segment)

    send(first)
    end, closed = clock.now() + deadline_s, False
    while machine.state not in ("TIME-WAIT", "CLOSED"):
        if machine.state == "CLOSE-WAIT" and not closed:
            closed = True
            send(machine.close())
        left = end - clock.now()
        if left <= 0:
            return machine.state
        rings = machine.timer_s is not None and machine.timer_s <= left
        segment = wire.receive(machine.timer_s if rings else left)
        if segment is not None:
            send(machine.receive(segment))
        elif rings:
            send(machine.timeout())
    end = clock.now() + time_wait_s
    while machine.state == "TIME-WAIT" and (left := end - clock.now()) > 0:
        segment = wire.receive(left)
        if segment is not None:
            send(machine.receive(segment))
            if segment.flags & FIN:
                end = clock.now() + time_wait_s
    return machine.state
    ### END SOLUTION


# %% [markdown] role="hint" id="kernel-hint-1"
# Nudge
# Two loops, one after the other: until the machine is in TIME-WAIT or CLOSED, and then TIME-WAIT. What
# is different in the second?

# %% [markdown] role="hint" id="kernel-hint-2"
# Way
# Compute the end once, `clock.now() + deadline_s`. In each round: CLOSE-WAIT and not closed yet? Then
# `close()`. The pause is the smaller of `timer_s` (if there is one) and the time left. In the second
# loop the end is `clock.now() + time_wait_s`, and moves when a FIN comes.

# %% [markdown] role="hint" id="kernel-hint-3"
# Almost
# ```python
# end = clock.now() + time_wait_s
# while machine.state == "TIME-WAIT" and (left := end - clock.now()) > 0:
#     segment = wire.receive(left)
#     if segment is not None:
#         <send what machine.receive(segment) returns>
#         if segment.flags & FIN:
#             end = clock.now() + time_wait_s
# return machine.state
# ```


# %% role="test" id="kernel-test-active" points=2
@check.test
def _():
    # You close first; the peer's program follows. No side is left half-open.
    def you_first(run_close):
        """Your state, and the peer's, when you closed first."""
        with Network.best() as net:
            caller = Caller(net)
            machine = yours_for(caller, ActiveCloser)
            wire = Program(caller.wire, caller.program)
            yours = run_close(machine, wire, net.clock, machine.close(), 3.0, time_wait_s=0.05)
            return {"you": yours, "peer": settled(caller, "CLOSED")}

    check.probe(
        run_close,
        you_first,
        expected={"you": "TIME-WAIT", "peer": "CLOSED"},
        rule="Your FIN, its ACK, the peer's FIN, your ACK: the peer is free when that ACK is sent.",
        rfc="RFC 9293 section 3.6, figure 12",
    )


# %% role="test" id="kernel-test-passive" points=2
@check.test
def _():
    # The peer closes first, and you in four segments or in three.
    def peer_first(run_close, machine):
        """Your state, the peer's, and all that was said, when the peer closed first."""
        with Network.best() as net:
            caller = Caller(net)
            caller.program.close()
            yours = run_close(yours_for(caller, machine), caller.wire, net.clock, (), 3.0)
            return {"you": yours, "peer": settled(caller, "TIME-WAIT"), "said": goodbye(net)}

    def four(run_close):
        return peer_first(run_close, PassiveCloser)

    def three(run_close):
        return peer_first(run_close, DelayingCloser)

    over = {"you": "CLOSED", "peer": "TIME-WAIT"}
    ends = ["peer: FIN, ACK", "you: ACK", "you: FIN, ACK", "peer: ACK"]
    check.probe(
        run_close,
        four,
        expected={**over, "said": ends},
        rule="The peer's FIN, your ACK, your FIN, the peer's ACK.",
        rfc="RFC 9293 section 3.6, figure 12",
    )
    check.probe(
        run_close,
        three,
        expected={**over, "said": [ends[0], ends[2], ends[3]]},
        rule="CLOSE-WAIT: call close() before you wait, and the ACK travels with your FIN.",
        rfc="RFC 9293 section 3.3.2, note 2",
    )


# %% role="test" id="kernel-test-simultaneous" points=2
@check.test
def _():
    # Both at once.
    def both(run_close):
        """Your state and the peer's when both closed at once."""
        with Network.best() as net:
            caller = Caller(net)
            machine = yours_for(caller, SimultaneousCloser)
            caller.program.close()
            yours = run_close(machine, caller.wire, net.clock, machine.close(), 3.0, 0.05)
            return {"you": yours, "peer": settled(caller, "TIME-WAIT")}

    check.probe(
        run_close,
        both,
        expected={"you": "TIME-WAIT", "peer": "TIME-WAIT"},
        rule="Two FINs cross, two ACKs answer them, and both wait.",
        rfc="RFC 9293 section 3.6, figure 13",
    )


# %% role="test" id="kernel-test-loss" points=3
@check.test
def _():
    # What is lost is said again, and the one in TIME-WAIT is there to answer.
    def last_ack_lost(run_close):
        """The last ACK is lost (virtual clock): your state, the peer's, and the seconds it took."""
        with EmbeddedNetwork(seed=21) as net:
            caller = Caller(net)
            machine = yours_for(caller, ActiveCloser)
            is_last = lambda record: (  # noqa: E731
                record.sent and record.segment and record.segment.ack == caller.ack + 1
            )
            net.faults(drop=first(is_last))
            wire = Program(caller.wire, caller.program)
            yours = run_close(machine, wire, net.clock, machine.close(), 30.0)
            return {
                "you": yours,
                "peer": settled(caller, "CLOSED"),
                "a minute later": 60.1 < net.clock.now() < 61.5,
            }

    check.probe(
        run_close,
        last_ack_lost,
        expected={"you": "TIME-WAIT", "peer": "CLOSED", "a minute later": True},
        rule="TIME-WAIT is there for the FIN that comes again: answer it, and begin the wait anew.",
        rfc="RFC 9293 section 3.10.7.4, eighth",
    )

    ### BEGIN HIDDEN TESTS
    def fins_lost(run_close):
        """Your FIN is lost twice, then the peer's is lost once, on a virtual clock."""
        seen = []
        for machine_of, mine_first in ((SimultaneousCloser, True), (PassiveCloser, False)):
            with EmbeddedNetwork(seed=22) as net:
                caller = Caller(net)
                machine = yours_for(caller, machine_of)
                my_fin = first(lambda r: r.sent and r.segment and r.segment.flags & FIN, 2)
                their_fin = first(lambda r: not r.sent and r.segment and r.segment.flags & FIN)
                net.faults(drop=lambda r, a=my_fin, b=their_fin: a(r) or b(r))
                wire = Program(caller.wire, caller.program)
                if not mine_first:
                    caller.program.close()
                    wire = caller.wire
                begin = machine.close() if mine_first else ()
                yours = run_close(machine, wire, net.clock, begin, 30.0)
                wanted = "CLOSED" if mine_first else "TIME-WAIT"
                seen.append((yours, settled(caller, wanted)))
        return seen

    check.probe(
        run_close,
        fins_lost,
        expected=[("TIME-WAIT", "CLOSED"), ("CLOSED", "TIME-WAIT")],
        rule="A lost FIN is sent again when the timer rings; then all goes on as usual.",
        rfc="RFC 6298 section 5.5",
    )

    def silent_peer(run_close):
        """Nobody ever answers: states, seconds and FINs until the deadline, and until it gives up."""
        seen = []
        for deadline_s in (10.0, 500.0):
            with EmbeddedNetwork(seed=23) as net:
                caller, gone = Caller(net), []
                net.faults(drop=lambda record, gone=gone: not gone.append(record))
                machine = yours_for(caller, ActiveCloser)
                begin = net.clock.now()
                yours = run_close(machine, caller.wire, net.clock, machine.close(), deadline_s)
                seen.append((yours, round(net.clock.now() - begin), len(gone)))
        return seen

    check.probe(
        run_close,
        silent_peer,
        expected=[("FIN-WAIT-1", 10, 4), ("CLOSED", 127, 7)],
        rule="FINs at 0, 1, 3, 7, 15, 31 and 63 s, and the end at 127 s, or at the deadline.",
        rfc="RFC 6298 section 5.5",
    )

    def rehearsal(run_close):
        """A made-up machine on a made-up wire: how it ends, when, what was called, what was sent."""
        SEG = [Segment(source_port=1, destination_port=2, seq=n) for n in range(9)]
        FINS = [
            Segment(source_port=1, destination_port=2, seq=n, flags=FIN | ACK) for n in range(9)
        ]

        class Tape:
            def __init__(self, *arrivals):
                self.time_s, self.log = 1000.0, []
                self.arrivals = [(1000.0 + t, s) for t, s in arrivals]

            def now(self):
                return self.time_s

            def send(self, segment):
                self.log.append((round(self.time_s - 1000, 1), segment.seq))

            def receive(self, timeout_s):
                if self.arrivals and self.arrivals[0][0] <= self.time_s + timeout_s:
                    due, segment = self.arrivals.pop(0)
                    self.time_s = max(self.time_s, due)
                    return segment
                self.time_s += max(timeout_s, 1e-4)
                return None

        class Machine:
            def __init__(self, state, timer_s, **on):
                self.state, self.timer_s, self.on, self.calls = state, timer_s, on, ""

            def _do(self, name, answers):
                self.calls += name[0]
                self.state, self.timer_s, replies = self.on.get(
                    name, (self.state, self.timer_s, answers)
                )
                return list(replies)

            def receive(self, segment):
                return self._do(f"r{segment.seq}", [])

            def close(self):
                return self._do("close", [])

            def timeout(self):
                if self.timer_s:
                    self.timer_s *= 2
                return self._do("timeout", [SEG[8]])

        def play(machine, tape, *begin, **how):
            state = run_close(machine, tape, tape, *begin, **how)
            return state, round(tape.time_s - 1000, 1), machine.calls, tape.log

        short = dict(deadline_s=2.5, time_wait_s=4.0)
        return {
            "all in order": play(
                Machine(
                    "FIN-WAIT-1", 9.0, r1=("FIN-WAIT-2", None, [SEG[2], SEG[3]]),
                    r4=("CLOSED", None, [SEG[5], SEG[6]]),
                ),
                Tape((0.5, SEG[1]), (1.0, SEG[4])),
                (SEG[0], SEG[7]),
            ),
            "close-wait, slow to close": play(
                Machine(
                    "ESTABLISHED", None, r1=("CLOSE-WAIT", None, [SEG[2]]),
                    close=("CLOSE-WAIT", None, [SEG[3]]), r4=("LAST-ACK", None, [SEG[5]]),
                    r6=("CLOSED", None, []),
                ),
                Tape((0.5, SEG[1]), (0.7, SEG[7]), (1.0, SEG[4]), (2.0, SEG[6])),
            ),
            "in close-wait already": play(
                Machine("CLOSE-WAIT", 0.04, close=("LAST-ACK", 1.0, [SEG[1]])), Tape(), **short
            ),
            "default deadline": play(Machine("FIN-WAIT-2", None), Tape()),
            "late but in time": play(
                Machine("FIN-WAIT-2", None, r1=("CLOSED", None, [])),
                Tape((1.8, SEG[4]), (2.3, SEG[1])),
                **short,
            ),
            "timer, then deadline": play(Machine("FIN-WAIT-1", 1.0), Tape(), (SEG[0],), **short),
            "chatter": play(
                Machine("FIN-WAIT-2", None), Tape(*[(0.4 * n, SEG[1]) for n in range(99)]), **short
            )[1] <= 2.5,
            "over already": play(Machine("CLOSED", None), Tape((0.5, SEG[1])), (SEG[0],), **short),
            "time-wait": play(Machine("TIME-WAIT", None), Tape(), (SEG[0],), **short),
            "time-wait, a minute": play(Machine("TIME-WAIT", None), Tape()),
            "time-wait, the timer of before": play(Machine("TIME-WAIT", 1.0), Tape(), **short),
            "time-wait, FIN again": play(
                Machine("TIME-WAIT", None, r1=("TIME-WAIT", None, [SEG[2], SEG[3]])),
                Tape((1.0, FINS[1]), (3.0, SEG[5]), (3.5, FINS[1]), (7.0, SEG[5])),
                **short,
            ),
            "time-wait, chatter": play(
                Machine("TIME-WAIT", None), Tape(*[(0.5 * n, SEG[1]) for n in range(99)]), **short
            )[1] <= 4.0,
            "time-wait, RST": play(
                Machine("TIME-WAIT", None, r1=("CLOSED", None, [])),
                Tape((1.0, SEG[1]), (2.0, FINS[1])),
                **short,
            ),
            "late into time-wait": play(
                Machine("FIN-WAIT-2", None, r1=("TIME-WAIT", None, [SEG[2]])),
                Tape((2.4, FINS[1]), (5.0, FINS[1])),
                **short,
            ),
        }  # fmt: skip

    check.probe(
        run_close,
        rehearsal,
        rule="Each entry: state, seconds, the calls by their first letters, what was sent when.",
        rfc="RFC 9293 section 3.6",
        expected={
            "all in order": (
                "CLOSED", 1.0, "rr",
                [(0.0, 0), (0.0, 7), (0.5, 2), (0.5, 3), (1.0, 5), (1.0, 6)],
            ),
            "close-wait, slow to close": (
                "CLOSED", 2.0, "rcrrr", [(0.5, 2), (0.5, 3), (1.0, 5)]
            ),
            "in close-wait already": (
                "LAST-ACK", 2.5, "ct", [(0.0, 1), (1.0, 8)]
            ),
            "default deadline": ("FIN-WAIT-2", 10.0, "", []),
            "late but in time": ("CLOSED", 2.3, "rr", []),
            "timer, then deadline": ("FIN-WAIT-1", 2.5, "t", [(0.0, 0), (1.0, 8)]),
            "chatter": True,
            "over already": ("CLOSED", 0.0, "", [(0.0, 0)]),
            "time-wait": ("TIME-WAIT", 4.0, "", [(0.0, 0)]),
            "time-wait, a minute": ("TIME-WAIT", 60.0, "", []),
            "time-wait, the timer of before": ("TIME-WAIT", 4.0, "", []),
            "time-wait, FIN again": (
                "TIME-WAIT", 7.5, "rrrr", [(1.0, 2), (1.0, 3), (3.5, 2), (3.5, 3)]
            ),
            "time-wait, chatter": True,
            "time-wait, RST": ("CLOSED", 1.0, "r", []),
            "late into time-wait": ("TIME-WAIT", 9.0, "rr", [(2.4, 2), (5.0, 2)]),
        },
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="kernel-show"
# And now for your own eyes, in the order that you choose: `"active"`, `"passive"`, `"three"` or
# `"both"`. The states at the right are the peer's own.

# %%
order = "both"
machines = {
    "active": ActiveCloser,
    "passive": PassiveCloser,
    "three": DelayingCloser,
    "both": SimultaneousCloser,
}
with Network.best() as net:
    caller = Caller(net)
    try:
        machine = yours_for(caller, machines[order])
        if order != "active":
            caller.program.close()
        begin = machine.close() if order in ("active", "both") else ()
        wire = Program(caller.wire, caller.program) if order == "active" else caller.wire
        print("you :", run_close(machine, wire, net.clock, begin, 5.0, time_wait_s=0.3))
        print("peer:", settled(caller, "TIME-WAIT" if order != "active" else "CLOSED"))
    except NotImplementedError:
        print("Exercises 2, 3, 4, 8 and 10 come first; then run this cell again.")
    closing = [record for record in net.trace if record.segment][3:]
Ladder.of(closing, left="you", right=net.kind, left_state="ESTABLISHED", right_state="ESTABLISHED")

# %% [markdown] role="given" id="recap"
# ## What to remember
#
# - Two streams, two FINs, two ACKs. **Four segments if the second side has more to say, three if
#   not**: its kernel gives the ACK, its *program* the FIN.
# - CLOSE-WAIT begins when FIN is **received** and waits for the program here; LAST-ACK begins when
#   FIN is sent and waits for an ACK. FIN-WAIT-1 waits for an ACK, FIN-WAIT-2 for the other FIN.
# - **TIME-WAIT is the active closer's**, for 2 MSL: to answer a FIN that comes again, and to let old
#   segments die. Linux: 60 s.
# - A FIN closes one direction. `shutdown(SHUT_WR)` says "that was all" and still hears the answer.
# - RST instead of FIN means lost data: unread octets at `close()`, or octets that come after it.
#
# You meet it in practice when `ss -tan` shows a pile of CLOSE-WAIT (somebody forgets to close) or of
# TIME-WAIT (somebody closes first, often, and mostly rightly so), when a server cannot be restarted
# ("address already in use"), and when "connection reset by peer" follows an answer that was sent in
# full: drain what you have not read before you close.
#
# Next comes `14_sockets`, where all of this hides behind six functions, and `15_c10k`, where there are
# ten thousand of them.
