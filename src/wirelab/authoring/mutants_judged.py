"""Judge mutants: a warm process forks before each answer cell, one fork for each mutant of it.

The fork runs the tests that may see the change until one fails, the likeliest first; no diagnosis
is made. What a share of killed mutants means is for `mutants_report` to say.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wirelab.authoring.mutants_pool import Judged, Known, Pool, tell
from wirelab.authoring.planting import Step, import_for_tests
from wirelab.grading.apart import CAN_FORK, apart
from wirelab.grading.errors import CourseError
from wirelab.grading.results import mark, messages
from wirelab.grading.stock import run

PATIENCE_S = 1800.0  # for all mutants of a topic
BASELINE_S = 300.0


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
                return lambda pipe: tell(pipe, _judge(shell, source, rest, known, pipe))

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
            tell(pipe, {"runs": step.id})
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


if __name__ == "__main__":
    try:
        print(json.dumps(main(json.loads(sys.stdin.read()))))
    except CourseError as error:  # an author's to mend, so without a traceback
        sys.exit(str(error))
