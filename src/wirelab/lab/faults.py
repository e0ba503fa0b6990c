"""Faults: a link that loses, delays, doubles and reorders frames, by a seed or by a rule.

It works on any clock: delayed frames move while the learner's code sends, receives or waits.
It knows no kind of network.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from wirelab.lab.network import Clock, Link
from wirelab.lab.trace import Record
from wirelab.lab.tracer import Tracer, decoded

OVERTAKING_S = 0.05
"""A reordered frame waits for the next frame in its direction, but no longer than this."""

Rule = Callable[[Record], bool]


def first(rule: Rule, count: int = 1) -> Rule:
    """Return a rule that is true for the first `count` frames only for which `rule` is.

    `drop=first(lambda record: record.segment and record.segment.flags == SYN | ACK)` loses the
    first SYN-ACK and lets its retransmission through.
    """
    left = count

    def limited(record: Record) -> bool:
        nonlocal left
        if left > 0 and rule(record):
            left -= 1
            return True
        return False

    return limited


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What goes wrong. `loss`, `duplicate` and `reorder` are probabilities, for each frame.

    `delay_s` is a number of seconds or a pair, the bounds of a uniform choice. `drop` is called
    with the `Record` of each frame, in both directions, and loses it by a true result. Raises
    ValueError if a probability is not from 0 to 1 or a delay is negative.
    """

    loss: float = 0.0
    delay_s: float | tuple[float, float] = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    drop: Rule | None = None

    def __post_init__(self) -> None:
        for name in ("loss", "duplicate", "reorder"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is a probability, from 0 to 1, not {getattr(self, name)}")
        if not 0.0 <= self.delay_bounds_s[0] <= self.delay_bounds_s[1]:
            raise ValueError(f"delay_s is seconds, or (least, most), not {self.delay_s}")

    @property
    def delay_bounds_s(self) -> tuple[float, float]:
        return self.delay_s if isinstance(self.delay_s, tuple) else (self.delay_s, self.delay_s)


class _Lane:
    """One direction: the frames that are under way, and the dice."""

    def __init__(self) -> None:
        self._under_way: list[tuple[float, int, bytes]] = []
        self._overtaken: list[tuple[float, int, bytes]] = []
        self._order = itertools.count()

    def put(self, frame: bytes, due_s: float) -> None:
        heapq.heappush(self._under_way, (due_s, next(self._order), frame))

    def hold(self, frame: bytes, due_s: float) -> None:
        """Keep a frame back until the next one has passed."""
        heapq.heappush(self._overtaken, (due_s + OVERTAKING_S, next(self._order), frame))

    def passed(self, due_s: float) -> None:
        """Let go of what was kept back: another frame arrives at `due_s`."""
        while self._overtaken:
            self.put(heapq.heappop(self._overtaken)[2], due_s)

    def next_due_s(self) -> float | None:
        heads = [queue[0][0] for queue in (self._under_way, self._overtaken) if queue]
        return min(heads, default=None)

    def pop_due(self, now_s: float) -> bytes | None:
        for queue in (self._under_way, self._overtaken):
            if queue and queue[0][0] <= now_s:
                return heapq.heappop(queue)[2]
        return None


class Faults:
    """A link around `link` on which things go wrong; see `Plan` for the keywords.

    The same seed and the same frames give the same faults. The fates are in the records of
    `tracer` (`link` itself, if it is a `Tracer`): a lost frame has one, a doubled frame two.
    """

    def __init__(self, link: Link, clock: Clock, *, seed: int = 0, **plan: object) -> None:
        self.tracer = link if isinstance(link, Tracer) else Tracer(link, clock)
        self._clock = clock
        self._out, self._in = _Lane(), _Lane()
        self.change(seed=seed, **plan)

    def change(self, *, seed: int = 0, **plan: object) -> None:
        """Replace all faults from now on and roll the dice anew; nothing given: a perfect link."""
        self._plan = Plan(**plan)
        # Dice of its own for each direction: who speaks first does not change what is lost.
        self._out.dice, self._in.dice = (random.Random(f"{seed}/{way}") for way in ("out", "in"))

    def send(self, frame: bytes) -> None:
        """Put one frame on the wire, or what the faults make of it."""
        self._move()
        now_s = self._clock.now()
        fate, delay_s, twice = self._judge(self._out, Record(now_s, True, frame))
        if fate == "delivered":
            self.tracer.send(frame)
        else:
            self.tracer.note(frame, sent=True, fate=fate)
        self._carry(self._out, frame, fate, now_s + delay_s, here=fate != "delivered")
        if twice:
            self.tracer.note(frame, sent=True, fate="duplicated")
            self._out.put(frame, now_s + delay_s)
        self._move()

    def receive(self, timeout_s: float) -> bytes | None:
        """Return the next frame, or None when none came in time."""
        deadline = self._clock.now() + timeout_s
        while True:
            self._move()
            frame = self._in.pop_due(self._clock.now())
            if frame is not None:
                return frame
            dues = (self._out.next_due_s(), self._in.next_due_s())
            until = min([deadline, *(due for due in dues if due is not None)])
            took = self._take(max(0.0, until - self._clock.now()))
            if not took and self._clock.now() >= deadline:
                self._move()
                return self._in.pop_due(self._clock.now())

    def wait(self, seconds: float) -> None:
        """Let time pass; what the learner has sent goes on moving meanwhile."""
        deadline = self._clock.now() + seconds
        while (left := deadline - self._clock.now()) > 0:
            self._clock.wait(self.depart(left))
        self._move()

    def next_departure_s(self) -> float | None:
        """Return when the next delayed frame of the learner is due at the peer, or None."""
        return self._out.next_due_s()

    def depart(self, limit_s: float = 0.0) -> float:
        """Send what is due; return how long nothing else will be, in seconds up to `limit_s`.

        Whoever waits for the peer calls this, or frames that are under way would not arrive.
        """
        while (frame := self._out.pop_due(self._clock.now())) is not None:
            self.tracer.forward(frame)
        due = self._out.next_due_s()
        return limit_s if due is None else min(limit_s, max(0.0, due - self._clock.now()))

    def _move(self) -> None:
        """Send what is due, and take in what has come."""
        self.depart()
        while self._take(0.0):
            pass

    def _take(self, timeout_s: float) -> bool:
        index = self.tracer.take(timeout_s)
        if index is None:
            return False
        record = self.tracer.record(index)
        fate, delay_s, twice = self._judge(self._in, record)
        if fate != "delivered":
            self.tracer.mark(index, fate)
        self._carry(self._in, record.frame, fate, record.time_s + delay_s)
        if twice:
            self.tracer.note(record.frame, sent=False, fate="duplicated")
            self._in.put(record.frame, record.time_s + delay_s)
        return True

    def _judge(self, lane: _Lane, record: Record) -> tuple[str, float, bool]:
        """Return the fate of a frame, its delay in seconds and whether it comes twice."""
        plan = self._plan
        # The dice fall equally often for each frame, so that one fault does not shift another.
        lost, doubled, reordered, late = (lane.dice.random() for _ in range(4))
        least, most = plan.delay_bounds_s
        delay_s = least + (most - least) * late
        if lost < plan.loss or (plan.drop and plan.drop(decoded(record))):
            return "lost", 0.0, False
        if reordered < plan.reorder:
            return "reordered", delay_s, False
        return "delayed" if delay_s else "delivered", delay_s, doubled < plan.duplicate

    @staticmethod
    def _carry(lane: _Lane, frame: bytes, fate: str, due_s: float, *, here: bool = True) -> None:
        """Set one frame on its way, unless it crossed the wire already (`here` is false)."""
        if fate == "lost":
            return
        if fate == "reordered":
            lane.hold(frame, due_s)
            return
        if here:
            lane.put(frame, due_s)
        lane.passed(due_s)


class PassingClock:
    """The clock of a link with faults: while it waits, frames go on moving."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        self._clock, self._faults = clock, faults

    def now(self) -> float:
        """Return seconds since the network was made."""
        return self._clock.now()

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass (at once, on a virtual clock)."""
        self._faults.wait(seconds)
