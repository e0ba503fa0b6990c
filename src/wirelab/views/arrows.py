"""An arrow of a ladder as a value, how a trace becomes arrows, and how arrows read as text.

It draws nothing and knows no widget, so that a check can say a ladder in words cheaply.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wirelab.lab.trace import Record

SENDERS = ("left", "right")
FATES = ("delivered", "lost", "duplicated", "delayed", "reordered")


@dataclass(frozen=True)
class Arrow:
    """One message of a conversation.

    `label` stands on the arrow, `note` under the ladder while it is the current step; `time_s` is
    when it crossed, in seconds; `left_state` and `right_state` are the states afterwards, "" where
    nothing is known or nothing changed. `fate` is that of `wirelab.lab.trace.Record`: the second
    copy of a doubled segment is an arrow of its own, `duplicated`. `crossing` draws the arrow in
    the same row as the one before, as when both ends speak at once: then the first one's states are
    those when both have left, the second one's those when both have arrived.
    Raises ValueError for a sender or a fate that is not one of `SENDERS` and `FATES`.
    """

    sender: Literal["left", "right"]
    label: str
    note: str = ""
    time_s: float | None = None
    fate: str = "delivered"
    left_state: str = ""
    right_state: str = ""
    crossing: bool = False

    def __post_init__(self) -> None:
        if self.sender not in SENDERS:
            raise ValueError(f'sender is {self.sender!r}: give "left" or "right"')
        if self.fate not in FATES:
            raise ValueError(f"fate is {self.fate!r}: give one of {', '.join(FATES)}")


def arrows_of(
    records: Iterable[Record], *, left: str, right: str, notes: Sequence[str] = ()
) -> list[Arrow]:
    """Return one arrow per record; the learner is on the left, times count from the first one.

    States are looked up under the two names, then under `you` and `peer`; `notes` go to the arrows
    in order.
    """
    arrows = []
    for position, record in enumerate(records):
        arrows.append(
            Arrow(
                sender="left" if record.sent else "right",
                label=str(record.segment) if record.segment else frame_label(record.frame),
                note=notes[position] if position < len(notes) else "",
                time_s=record.time_s,
                fate=record.fate,
                left_state=_state(record.states, left, "you"),
                right_state=_state(record.states, right, "peer"),
            )
        )
    begin = arrows[0].time_s if arrows else 0.0
    return [replace(arrow, time_s=arrow.time_s - begin) for arrow in arrows]


def _state(states: dict[str, str], *names: str) -> str:
    return next((states[name] for name in names if name in states), "")


def frame_label(frame: bytes) -> str:
    """Say in a few words what a frame that is not TCP over IP carries."""
    from scapy.layers.l2 import ARP, Ether  # scapy is slow to import and rarely needed here

    packet = Ether(frame)
    if ARP in packet:
        arp = packet[ARP]
        if arp.op == 1:
            return f"ARP who has {arp.pdst}?"
        return f"ARP {arp.psrc} is at {arp.hwsrc}"
    inner = packet.payload
    while inner.payload and inner.payload.name not in ("Raw", "Padding"):
        inner = inner.payload
    return f"{inner.name}, {len(frame)} octets" if inner.name else f"{len(frame)} octets"


def time_words(times: Sequence[float | None]) -> list[str]:
    """Return the times as labels of one unit: milliseconds as long as all are below a second."""
    known = [time for time in times if time is not None]
    if not known:
        return ["" for _ in times]
    if max(known) < 1.0:
        scale, unit = 1000.0, "ms"
        places = 0 if all(abs(t * 1000 - round(t * 1000)) < 0.005 for t in known) else 1
    else:
        scale, unit = 1.0, "s"
        places = next(
            p for p in (1, 3) if p == 3 or all(abs(t - round(t, p)) < 5e-4 for t in known)
        )
    return ["" if t is None else f"{t * scale:.{places}f} {unit}" for t in times]


def sentence(arrow: Arrow, left: str, right: str) -> str:
    """Say one arrow as a sentence: who, to whom, what, and what became of it."""
    sender, receiver = (left, right) if arrow.sender == "left" else (right, left)
    said = f"{sender} to {receiver}: {arrow.label}"
    if arrow.fate != "delivered":
        said += f" ({arrow.fate})"
    states = [
        f"{name} now {state}"
        for name, state in ((left, arrow.left_state), (right, arrow.right_state))
        if state
    ]
    return f"{said}; {', '.join(states)}" if states else said


def text_of(
    arrows: Sequence[Arrow],
    *,
    left: str,
    right: str,
    left_state: str = "",
    right_state: str = "",
) -> str:
    """Return the conversation as numbered lines; states are said only where they change."""
    lines = [f"Ladder diagram: {left} on the left, {right} on the right."]
    begin = [f"{n} in {s}" for n, s in ((left, left_state), (right, right_state)) if s]
    if begin:
        lines.append(f"At first: {', '.join(begin)}.")
    if not arrows:
        lines.append("Nothing has crossed yet.")
    times = time_words([arrow.time_s for arrow in arrows])
    for position, (arrow, time) in enumerate(
        zip(only_changes(arrows, left_state, right_state), times, strict=True), 1
    ):
        when = f"at {time}, " if time else ""
        lines.append(f"{position}. {when}{sentence(arrow, left, right)}.")
        if arrow.note:
            lines.append(f"   {arrow.note}")
    return "\n".join(lines)


def only_changes(arrows: Sequence[Arrow], left_state: str, right_state: str) -> list[Arrow]:
    """Return the arrows with each state left out that only repeats what held before."""
    changed = []
    for arrow in arrows:
        new_left = arrow.left_state if arrow.left_state != left_state else ""
        new_right = arrow.right_state if arrow.right_state != right_state else ""
        changed.append(replace(arrow, left_state=new_left, right_state=new_right))
        left_state, right_state = new_left or left_state, new_right or right_state
    return changed
