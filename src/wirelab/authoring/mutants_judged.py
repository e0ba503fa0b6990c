"""Judge mutants: a warm process forks before each answer cell, one fork for each mutant of it.

The fork runs the tests that may see the change until one fails, the likeliest first; no diagnosis
is made. One that hangs is ended: it is told by its processor time, or, where it waits, by the
clock. What a share of killed mutants means is for `mutants_report` to say.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wirelab.authoring.planting import Step, import_for_tests
from wirelab.grading.apart import CAN_FORK, apart
from wirelab.grading.errors import CourseError
from wirelab.grading.results import mark, messages
from wirelab.grading.stock import run

PATIENCE_S = 1800.0  # for all mutants of a topic
BASELINE_S = 300.0
SLACK_S = 1.0  # what each test may take beside what it takes the right answer
FACTOR = 4.0  # how much slower than the right answer is not a hang yet
WAITING = 3.0  # how much longer a mutant may wait that uses no processor time
LOOK_S = 0.1  # how often those under way are looked at


@dataclass(frozen=True)
class Judged:
    """What became of a mutant: `by` is the cell that killed it, "" if it survived."""

    killed: bool
    by: str = ""
    how: str = ""


def judge(
    folder: Path,
    lesson: Sequence[Step],
    mutants: Sequence[tuple[str, str]],
    lessons: Path,
    at_once: int = 0,
) -> list[Judged]:
    """Judge mutants, each an answer cell's id and its changed source; in the same order.

    `folder` is the working directory. Tests that the right answers fail do not count. Raises
    `CourseError` where set-up or a right answer fails, or where there is no fork.
    """
    if not CAN_FORK:
        raise CourseError("mutants are judged in forks, which this system has not: use Linux")
    if not mutants:
        return []
    order = {
        "steps": [asdict(step) for step in lesson],
        "mutants": [list(each) for each in mutants],
        "at_once": at_once or os.cpu_count() or 2,
    }
    environment = {"WIRELAB_LESSONS": str(lessons), "WIRELAB_DIAGNOSE": "off"}
    command = [sys.executable, "-m", __name__]
    said = run(command, folder, PATIENCE_S, environment, stdin=json.dumps(order))
    return [Judged(**each) for each in json.loads(said)]


def seers(lesson: Sequence[Step], cell: str) -> set[str]:
    """The tests that may see a change of the answer `cell`: they use its names, or what does."""
    from wirelab.authoring.code import parse

    codes = {step.id: parse(step.source) for step in lesson}
    names = set(codes[cell].defines)
    while True:
        using = [step for step in lesson if codes[step.id].uses & names]
        more = {n for s in using if s.kind != "test" for n in codes[s.id].defines} - names
        if not more:
            return {step.id for step in using if step.kind == "test"}
        names |= more


# --- in the warm process -------------------------------------------------------------------------


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


def main(order: dict[str, Any]) -> list[dict[str, Any]]:
    """Walk through the lesson once; fork for each mutant before its cell runs."""
    from wirelab.grading.shell import new_shell

    shell = new_shell()
    shell.InteractiveTB.set_mode("Minimal")  # nobody reads the traceback
    lesson = [Step(**step) for step in order["steps"]]
    waiting: dict[str, list[int]] = {}
    for number, (cell, _) in enumerate(order["mutants"]):
        waiting.setdefault(cell, []).append(number)
    seen_by = {cell: seers(lesson, cell) for cell in waiting}
    import_for_tests(lesson)
    watched = set().union(*seen_by.values())
    known = {
        name: Known(*seconds)
        for name, seconds in apart(lambda: _baseline(shell, lesson, watched), BASELINE_S).items()
    }
    judged: dict[int, Judged] = {}
    for at, step in enumerate(lesson):
        if step.kind == "test":
            continue
        numbers = waiting.get(step.id, [])
        rest = [s for s in lesson[at + 1 :] if s.kind != "test" or s.id in seen_by.get(step.id, ())]
        rest = [s for s in rest if s.kind != "test" or s.id in known]
        if numbers:
            gc.collect()
            gc.freeze()  # a fork then copies fewer pages

            def work(number: int, rest: list[Step] = rest) -> Callable[[int], None]:
                source = order["mutants"][number][1]
                return lambda pipe: _tell(pipe, _judge(shell, source, rest, known, pipe))

            pool = Pool(order["at_once"], known)
            for number, verdict in pool.run({n: work(n) for n in numbers}):
                judged[number] = verdict
        if said := messages(shell.run(step.source)):
            raise CourseError(f"{step.id} fails in the instructor edition: {said[0]}")
    return [asdict(judged[number]) for number in range(len(order["mutants"]))]


def _baseline(shell: Any, lesson: Sequence[Step], watched: set[str]) -> dict[str, list[float]]:
    """The seconds that each test takes with the right answers, by the clock and of processor."""
    found = {}
    for step in lesson:
        if step.kind == "test" and step.id not in watched:
            continue
        wall, cpu = time.monotonic(), time.process_time()
        outputs = shell.run(step.source)
        if step.kind == "test" and not mark(step.id, step.points, outputs).lost:
            found[step.id] = [time.monotonic() - wall, time.process_time() - cpu]
    return found


def _judge(
    shell: Any, source: str, rest: Sequence[Step], known: dict[str, Known], pipe: int
) -> dict[str, Any]:
    if messages(shell.run(source)):
        return {"killed": True, "how": "its cell fails"}
    for step in _likeliest_first(rest, known):
        if step.kind == "test":
            _tell(pipe, {"runs": step.id})
        outputs = shell.run(step.source)
        if step.kind == "test" and mark(step.id, step.points, outputs).lost:
            return {"killed": True, "how": "fails"}
    return {"killed": False}


def _likeliest_first(rest: Sequence[Step], known: dict[str, Known]) -> Iterator[Step]:
    """Set-up and answers where they stand, the tests between two of them by their worth."""
    tests: list[Step] = []
    for step in [*rest, None]:
        if step is not None and step.kind == "test":
            tests.append(step)
            continue
        yield from sorted(tests, key=lambda each: -known[each.id].worth())
        tests = []
        if step is not None:
            yield step


def _tell(pipe: int, value: dict[str, Any]) -> None:
    os.write(pipe, json.dumps(value).encode() + b"\n")


# --- forks under way -----------------------------------------------------------------------------


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
            fork.verdict = {"killed": True, "how": "hangs"}
        return bool(fork.verdict)

    def _end(self, fork: Fork) -> Judged:
        del self.forks[fork.pipe]
        self.poll.unregister(fork.pipe)
        os.close(fork.pipe)
        for kill in (os.killpg, os.kill):  # the group may not be there yet
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(fork.child, signal.SIGKILL)
        os.waitpid(fork.child, 0)
        killed = bool(fork.verdict.get("killed", True))
        if fork.test and killed:
            self.known[fork.test].killed += 1
        return Judged(killed, fork.test if killed else "", fork.verdict.get("how", ""))


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


if __name__ == "__main__":
    try:
        print(json.dumps(main(json.loads(sys.stdin.read()))))
    except CourseError as error:  # an author's to mend, so without a traceback
        sys.exit(str(error))
