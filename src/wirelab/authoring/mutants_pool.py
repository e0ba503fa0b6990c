"""Forks that try mutants, a few at a time: each tells by a pipe which test it is in, and its end.

One that hangs is ended. It is told by its processor time, or, where it waits, by the clock. It
knows neither lessons nor shells.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

SLACK_S = 1.0  # what each test may take beside what it takes the right answer
FACTOR = 4.0  # how much slower than the right answer is not a hang yet
WAITING = 3.0  # how much longer a mutant may wait that uses no processor time
LOOK_S = 0.1  # how often those under way are looked at
TO_END_S = 1.0  # for one that hangs to put away what it has opened
MEMORY = 2 << 30  # octets that a mutant may have
HANGS = "hangs"


@dataclass(frozen=True)
class Judged:
    """What became of a mutant: `by` is the cell that killed it, "" if it survived."""

    killed: bool
    by: str = ""
    how: str = ""


@dataclass
class Known:
    """What is known of a test: seconds with the right answers, and how often it was tried."""

    wall_s: float
    cpu_s: float
    tried: int = 0
    killed: int = 0

    def worth(self) -> float:
        """The mutants that it may kill in a second."""
        return (self.killed + 1) / (self.tried + 2) / (self.wall_s + 0.002)


def tell(pipe: int, value: dict[str, Any]) -> None:
    """Say from a fork `{"runs": test}`, and at its end `{"killed": bool, "how": str}`."""
    os.write(pipe, json.dumps(value).encode() + b"\n")


@dataclass
class Fork:
    """One mutant under way: the test it is in, and when that began."""

    number: int
    child: int
    pipe: int
    began: float
    began_cpu: float = 0.0
    test: str = ""
    told: bytes = b""
    verdict: dict[str, Any] = field(default_factory=dict)


class Pool:
    """Runs works, each in a fork of its own, some `at_once`; it ends those that hang."""

    def __init__(self, at_once: int, known: dict[str, Known]):
        self.at_once, self.known = at_once, known
        self.poll = select.poll()
        self.forks: dict[int, Fork] = {}

    def run(self, works: dict[int, Callable[[int], None]]) -> Iterator[tuple[int, Judged]]:
        """Each work's number and what became of it, as they end."""
        left = list(works.items())[::-1]
        try:
            while left or self.forks:
                while left and len(self.forks) < self.at_once:
                    self._start(*left.pop())
                for pipe, _ in self.poll.poll(LOOK_S * 1000):
                    self._hear(self.forks[pipe])
                for fork in list(self.forks.values()):
                    if fork.verdict or self._hangs(fork):
                        yield fork.number, self._end(fork)
        finally:
            for fork in list(self.forks.values()):
                self._end(fork)

    def _start(self, number: int, work: Callable[[int], None]) -> None:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.setpgid(0, 0)
                os.close(reader)
                _limit()
                work(writer)
                status = 0
            finally:
                os._exit(status)
        os.close(writer)
        self.forks[reader] = Fork(number, child, reader, time.monotonic())
        self.poll.register(reader, select.POLLIN | select.POLLHUP)

    def _hear(self, fork: Fork) -> None:
        octets = os.read(fork.pipe, 65536)
        *lines, fork.told = (fork.told + octets).split(b"\n")
        for line in lines:
            value = json.loads(line)
            if "runs" in value:
                fork.test, fork.began = value["runs"], time.monotonic()
                fork.began_cpu = cpu_s(fork.child)
                self.known[fork.test].tried += 1
            else:
                fork.verdict = value
        if not octets and not fork.verdict:
            fork.verdict = {"killed": True, "how": "ends the process"}

    def _hangs(self, fork: Fork) -> bool:
        known = self.known.get(fork.test, Known(0, 0))
        used = cpu_s(fork.child) - fork.began_cpu
        waited = time.monotonic() - fork.began
        patience = SLACK_S + FACTOR * known.wall_s
        if used > SLACK_S + FACTOR * known.cpu_s or waited > WAITING * patience * _load():
            fork.verdict = {"killed": True, "how": HANGS}
        return bool(fork.verdict)

    def _interrupt(self, fork: Fork) -> None:
        """Let a fork end by itself, so that it puts away what its test has opened."""
        os.kill(fork.child, signal.SIGINT)
        over = time.monotonic() + TO_END_S
        while (left := over - time.monotonic()) > 0:
            if select.select([fork.pipe], [], [], left)[0] and not os.read(fork.pipe, 65536):
                return

    def _end(self, fork: Fork) -> Judged:
        del self.forks[fork.pipe]
        self.poll.unregister(fork.pipe)
        if fork.verdict.get("how") == HANGS:
            self._interrupt(fork)
        os.close(fork.pipe)
        for kill in (os.killpg, os.kill):  # the group may not be there yet
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(fork.child, signal.SIGKILL)
        os.waitpid(fork.child, 0)
        killed = bool(fork.verdict.get("killed", True))
        if fork.test and killed:
            self.known[fork.test].killed += 1
        return Judged(killed, fork.test if killed else "", fork.verdict.get("how", ""))


def _limit() -> None:
    """Let a fork be interrupted, and let it not eat up the machine's memory."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def cpu_s(process: int) -> float:
    """The processor time that a process has used; 0 where the system does not say."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _load() -> float:
    """How many programs want each processor, at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
