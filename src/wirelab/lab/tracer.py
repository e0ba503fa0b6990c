"""The tracer: a link that remembers what crosses it.

It knows no kind of network; which state a host is in it learns from a function it is given.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable

from wirelab.lab.network import Clock, Link
from wirelab.lab.trace import Record
from wirelab.lab.wire import unwrap

StatesOf = Callable[[bytes, bool], dict[str, str]]
"""Given a frame and whether the learner sent it: the states of hosts, as `Record.states`."""


class Tracer:
    """A link around `link` that keeps a `Record` of every frame.

    Frames that wait unread are recorded too, at the latest when something is sent or `records`
    is called, so that the records are in the order of the wire. A received record has the states
    of the hosts only if no other frame had come behind it: else they would be of a later moment.
    """

    def __init__(self, link: Link, clock: Clock, states_of: StatesOf | None = None) -> None:
        self._link, self._clock = link, clock
        self._states_of = states_of or (lambda frame, sent: {})
        self._records: list[Record] = []
        self._unread: collections.deque[int] = collections.deque()
        self._decoded = 0

    def send(self, frame: bytes, *, fate: str = "delivered") -> None:
        """Put one frame on the wire and record it."""
        self.take_in()
        time_s = self._clock.now()
        self._link.send(frame)
        self._append(Record(time_s, True, frame, fate, states=self._states_of(frame, True)))

    def receive(self, timeout_s: float) -> bytes | None:
        """Return the next frame, or None when none came in time."""
        index = self.take(timeout_s)
        return None if index is None else self._records[index].frame

    def take(self, timeout_s: float) -> int | None:
        """Like `receive`, but return the number of the frame's record."""
        self.take_in(0.0 if self._unread else timeout_s)
        return self._unread.popleft() if self._unread else None

    def take_in(self, timeout_s: float = 0.0) -> None:
        """Record all that has come and is unread yet; wait for the first if there is none."""
        frame = self._link.receive(timeout_s)
        last = None
        while frame is not None:
            time_s = getattr(self._link, "arrived_s", None)
            time_s = self._clock.now() if time_s is None else time_s
            last = self._append(Record(time_s, False, frame))
            self._unread.append(last)
            frame = self._link.receive(0.0)
        if last is not None:
            record = self._records[last]
            states = self._states_of(record.frame, False)
            self._records[last] = dataclasses.replace(record, states=states)

    def forward(self, frame: bytes) -> None:
        """Put a frame on the wire that has its record already."""
        self._link.send(frame)

    def note(self, frame: bytes, *, sent: bool, fate: str) -> None:
        """Record a frame that did not cross the wire by this call."""
        if sent:
            self.take_in()
        self._append(Record(self._clock.now(), sent, frame, fate))

    def mark(self, index: int, fate: str) -> None:
        """Change the fate of a record."""
        self._records[index] = dataclasses.replace(self._records[index], fate=fate)

    def record(self, index: int) -> Record:
        """Return one record as it stands; its segment may not be decoded yet."""
        return self._records[index]

    def records(self) -> list[Record]:
        """Return every record so far, oldest first, segments decoded."""
        while self._decoded < len(self._records):  # decoding costs more than recording
            self._records[self._decoded] = decoded(self._records[self._decoded])
            self._decoded += 1
        return list(self._records)

    def _append(self, record: Record) -> int:
        self._records.append(record)
        return len(self._records) - 1


def decoded(record: Record) -> Record:
    """Return the record with the TCP segment of its frame filled in, if there is one."""
    carried = None if record.segment else unwrap(record.frame)
    return dataclasses.replace(record, segment=carried.segment) if carried else record
