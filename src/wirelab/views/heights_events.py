"""One exchange as values: calls and segments in order, and which octets of which stream they mean.

It draws nothing and knows no widget. A stream is the octets from one side to the other, with a
place of its own for SYN in front and for FIN behind, as sequence numbers have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from wirelab.lab.trace import Record
from wirelab.protocols.segment import ACK, FIN, RST, SYN

SIDES = ("left", "right")
LANES = ("writes", "segments", "reads")


@dataclass(frozen=True)
class HeightsCall:
    """One call of a program at a socket.

    `after` is how many frames had crossed when it was made. `wrote` and `read` are the octets that
    it put into its own stream or took out of the other's (b"": it was told the end; None: it did
    not read). `opens` and `ends` stand for the SYN and the FIN of its own stream, `opened` for the
    SYN of the other's. Raises ValueError for a side that is not "left" or "right".
    """

    side: Literal["left", "right"]
    text: str
    after: int = 0
    wrote: bytes = b""
    read: bytes | None = None
    opens: bool = False
    opened: bool = False
    ends: bool = False

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise ValueError(f'side is {self.side!r}: give "left" or "right"')


@dataclass(frozen=True)
class Box:
    """A step of the exchange at its place: octets `first` to `last` of the stream `stream` sends.

    `lane` is one of `LANES`; `first` counts places from the SYN's, 0; a step that touches no octet
    (a bare acknowledgment), or none for the first time, has `last` below `first`.
    """

    number: int
    stream: Literal["left", "right"]
    lane: str
    first: int
    last: int
    label: str
    said: str
    note: str = ""


@dataclass(frozen=True)
class Stream:
    """What one side sent: its octets, and whether its SYN and its FIN are among the steps."""

    side: str
    octets: bytes
    fin: bool


def boxes_of(
    calls: Iterable[HeightsCall], records: Sequence[Record], names: dict[str, str]
) -> tuple[list[Box], list[Stream]]:
    """Return the steps in order and the two streams; frames that carry no TCP are left out."""
    calls = list(calls)
    octets = {side: b"".join(c.wrote for c in calls if c.side == side) for side in SIDES}
    tellers = {"write": _Writes(names), "read": _Reads(names, octets)}
    carried = _Carried(names, octets)
    boxes: list[Box] = []
    waiting = sorted(enumerate(calls), key=lambda pair: (pair[1].after, pair[0]))
    for position in range(len(records) + 1):
        while waiting and (waiting[0][1].after <= position or position == len(records)):
            call = waiting.pop(0)[1]
            reads = call.read is not None or call.opened
            boxes.append(tellers["read" if reads else "write"].box(len(boxes) + 1, call))
        if position < len(records) and records[position].segment:
            boxes.append(carried.box(len(boxes) + 1, records[position]))
    ended = {call.side for call in calls if call.ends} | carried.finished
    return boxes, [Stream(side, octets[side], side in ended) for side in SIDES]


def _other(side: str) -> str:
    return "right" if side == "left" else "left"


class _Writes:
    def __init__(self, names: dict[str, str]) -> None:
        self._names, self._next = names, {"left": 1, "right": 1}

    def box(self, number: int, call: HeightsCall) -> Box:
        side, name = call.side, self._names[call.side]
        first = 0 if call.opens else self._next[side]
        last = first if call.opens or call.ends else first + len(call.wrote) - 1
        if not call.opens:
            self._next[side] = last + 1
        said = f"{name} calls {call.text}"
        if call.wrote:
            said += f" with {call.wrote!r}"
        why = "That becomes its SYN." if call.opens else "That becomes its FIN." * call.ends
        return Box(number, side, "writes", first, last, call.text, f"{said}.", why)


class _Reads:
    def __init__(self, names: dict[str, str], octets: dict[str, bytes]) -> None:
        self._names, self._octets, self._next = names, octets, {"left": 1, "right": 1}

    def box(self, number: int, call: HeightsCall) -> Box:
        stream, name = _other(call.side), self._names[call.side]
        if call.opened:
            said = f"{name}: {call.text} gives it the connection."
            return Box(number, stream, "reads", 0, 0, call.text, said)
        first = self._next[stream]
        if not call.read:
            end = len(self._octets[stream]) + 1
            said = f"{name}: {call.text} gives no octets: the stream has ended."
            return Box(number, stream, "reads", end, end, call.text, said)
        self._next[stream] = first + len(call.read)
        said = f"{name}: {call.text} gives {call.read!r}."
        return Box(number, stream, "reads", first, self._next[stream] - 1, call.text, said)


class _Carried:
    """Turns segments into boxes; sequence numbers count from the SYN of their stream."""

    def __init__(self, names: dict[str, str], octets: dict[str, bytes]) -> None:
        self._names, self._octets = names, octets
        self._first: dict[str, int] = {}
        self._reached = dict.fromkeys(SIDES, -1)
        self._sides: dict[int, str] = {}
        self.finished: set[str] = set()

    def box(self, number: int, record: Record) -> Box:
        segment = record.segment
        # The one who sends the first SYN is the client, which stands on the left.
        side = self._sides.setdefault(segment.source_port, "right" if self._sides else "left")
        self._first.setdefault(side, segment.seq)
        first = (segment.seq - self._first[side]) % 2**32
        syn, fin = bool(segment.flags & SYN), bool(segment.flags & FIN)
        last = first + syn + len(segment.data) + fin - 1
        if fin:
            self.finished.add(side)
        flags = [n for n, bit in (("SYN", SYN), ("FIN", FIN), ("RST", RST)) if segment.flags & bit]
        if segment.data:
            flags.insert(0, f"{len(segment.data)} octets" if len(segment.data) > 1 else "1 octet")
        label = " + ".join(flags)
        ack = ""
        if segment.flags & ACK and _other(side) in self._first:
            count = (segment.ack - self._first[_other(side)]) % 2**32
            ack = f"It has everything before place {count} of the other stream."
        name = self._names[side]
        again = last >= first and last <= self._reached[side]
        self._reached[side] = max(self._reached[side], last)
        verb = "sends again" if again else "sends a segment"
        said = f"{name} {verb}: {label}." if label else f"{name} sends a bare ACK."
        if again:
            last = first - 1
        if record.fate != "delivered":
            said = f"{said[:-1]} ({record.fate})."
        return Box(number, side, "segments", first, last, label, said, ack)
