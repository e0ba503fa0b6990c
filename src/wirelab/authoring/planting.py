"""Grade planted wrong answers, and the solution many times, without a kernel for each.

A warm process runs set-up and right answers once, and forks where an answer is to be replaced.
What the marks must be is for `prove` to say.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wirelab.grading.apart import CAN_FORK, all_apart, apart
from wirelab.grading.errors import CourseError
from wirelab.grading.misconceptions import Planted
from wirelab.grading.results import Graded, mark, messages, stderr
from wirelab.grading.stock import run

DEADLINE_S = float(os.environ.get("WIRELAB_PLANTED_DEADLINE_S", "60"))  # for one run
MOST_STREAMS = 4  # of forks that wait for the most part
ENOUGH_S = 1.0  # of work, to know whether it does
# In a module of its own, so that neither its helpers nor the tests' names get in each other's way.
IN_PLACE = """
import types as _types

_planted = _types.ModuleType("planted")
_planted.reference = _types.SimpleNamespace(
    **{{_name: _value for _name, _value in globals().items() if not _name.startswith("_")}}
)
exec(compile({code!r}, "<{name}>", "exec"), vars(_planted))
{of} = _planted.{of}
"""


@dataclass(frozen=True)
class Step:
    """A cell that counts: `kind` is "given", "answer" or "test"."""

    kind: str
    id: str
    source: str
    points: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What became of a planted wrong answer.

    `caught`: it lost points; `named`: a test cell that failed says its sentence; `cell` is the
    first that failed, `said` what it said.
    """

    name: str
    caught: bool
    named: bool
    cell: str = ""
    said: str = ""


def steps(notebook: Any) -> list[Step]:
    """The set-up, answer and test cells of an instructor edition, in order."""
    found = []
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or not about:
            continue
        if about.get("solution"):
            kind = "answer" if not about.get("grade") else ""
        else:
            kind = "test" if about.get("grade") else "given"
        if kind:
            points = float(about.get("points", 0))
            found.append(Step(kind, about["grade_id"], cell.source, points))
    return found


def in_place(source: str, planted: Planted) -> str:
    """An answer cell's source with the planted wrong answer in place of the right one."""
    return source + IN_PLACE.format(code=planted.code, name=planted.name, of=planted.of)


def try_planted(
    folder: Path,
    topic: str,
    lesson: list[Step],
    planted: Sequence[Planted],
    lessons: Path,
    workers: int = 2,
    broken: Iterable[str] = (),
) -> list[Verdict]:
    """Put each planted answer in its place and grade it; the verdicts in the same order.

    `folder` is the working directory; tests that are `broken`, since the right answers fail them
    too, do not count. Raises `CourseError` where set-up or a right answer fails.
    """
    owners = owners_of(lesson)
    lesson = [step for step in lesson if step.id not in set(broken)]
    jobs = [{"planted": asdict(each), "cell": owners[each.of]} for each in planted]
    shares = [jobs[i::workers] for i in range(workers)] if CAN_FORK else [[j] for j in jobs]

    def work(share: list[dict]) -> list[dict]:
        order = {
            "topic": topic,
            "steps": [asdict(step) for step in lesson],
            "jobs": share,
            "runs": [],
        }
        return json.loads(_worker(folder, order, lessons, len(share)))["verdicts"]

    with ThreadPoolExecutor(workers) as pool:
        found = [verdict for share in pool.map(work, filter(None, shares)) for verdict in share]
    by_name = {each["name"]: Verdict(**each) for each in found}
    return [by_name[each.name] for each in planted]


def run_solution(
    folder: Path, topic: str, lesson: list[Step], networks: Sequence[str], lessons: Path
) -> list[Graded]:
    """Run the right answers once for each of `networks`: "" is the best there is, or "embedded"."""
    batches = [networks] if CAN_FORK else [[name] for name in networks]
    graded = []
    for batch in batches:
        cells = [asdict(step) for step in lesson]
        order = {"topic": topic, "steps": cells, "jobs": [], "runs": list(batch)}
        graded += json.loads(_worker(folder, order, lessons, len(batch)))["runs"]
    return [Graded.from_json(value) for value in graded]


def owners_of(lesson: list[Step]) -> dict[str, str]:
    """For each name that an answer cell defines, that cell's id."""
    from wirelab.authoring.code import parse

    return {
        name: step.id
        for step in lesson
        if step.kind == "answer"
        for name in parse(step.source).defines
    }


def _worker(folder: Path, order: dict, lessons: Path, count: int) -> str:
    environment = {"WIRELAB_LESSONS": str(lessons), "WIRELAB_DIAGNOSE": "strict"}
    command = [sys.executable, "-m", __name__]
    patience = 60 + count * DEADLINE_S
    return run(command, folder, patience, environment, stdin=json.dumps(order))


# --- in the warm process -------------------------------------------------------------------------


def main(order: dict[str, Any]) -> dict[str, Any]:
    """Walk through the lesson once; fork for each planted answer before its cell runs."""
    from wirelab.grading.diagnose import candidates
    from wirelab.grading.shell import new_shell

    if order["jobs"]:
        candidates(order["topic"])  # loaded once: the forks that diagnose have them
    shell = new_shell()
    lesson = [Step(**step) for step in order["steps"]]
    import_for_tests(lesson)
    gc.collect()
    gc.freeze()  # a fork then copies fewer pages
    streams = _Streams()
    runs = streams.do(
        [lambda n=n: apart(lambda: _whole(shell, lesson, n), DEADLINE_S) for n in order["runs"]]
    )
    if not order["jobs"]:
        return {"runs": runs, "verdicts": []}
    verdicts = []
    for at, step in enumerate(lesson):
        if step.kind == "test":
            continue
        mine = [Planted(**job["planted"]) for job in order["jobs"] if job["cell"] == step.id]
        verdicts += streams.do(
            [lambda p=p, i=at: _verdict(p, lambda: _plant(shell, lesson, i, p)) for p in mine]
        )
        if said := messages(shell.run(step.source)):
            raise CourseError(f"{step.id} fails in the instructor edition: {said[0]}")
    return {"runs": runs, "verdicts": verdicts}


class _Streams:
    """Does works that fork, one after another, or in several streams at once.

    Work that computes is done in one stream; work that waits, for sockets and clocks, need not be.
    """

    def __init__(self) -> None:
        self.took = self.used = 0.0  # seconds, and those of a processor

    def do(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        found, left = [], list(works)
        while left and self.took < ENOUGH_S:
            found += self._timed([[left.pop(0)]])[0]
        count = max(1, min(MOST_STREAMS, int(self.took / max(self.used, 0.001))))
        streams = self._timed([left[i::count] for i in range(count) if left[i::count]])
        return found + [streams[i % count][i // count] for i in range(len(left))]

    def _timed(self, streams: Sequence[Sequence[Callable[[], Any]]]) -> list[list[Any]]:
        began, used = time.monotonic(), _used_by_forks()
        patience = DEADLINE_S * (1 + max(map(len, streams), default=0))
        all_of = [lambda works=works: [work() for work in works] for works in streams]
        found = all_apart(all_of, patience)
        self.took += (time.monotonic() - began) * len(streams)
        self.used += _used_by_forks() - used
        return found


def _used_by_forks() -> float:
    """The processor time in seconds of all forks that have ended, and of theirs."""
    times = os.times()
    return times.children_user + times.children_system


def import_for_tests(lesson: Sequence[Step]) -> None:
    """Import what the tests import, before each fork does so for itself."""
    for step in lesson:
        with contextlib.suppress(SyntaxError):  # a magic, which imports nothing
            for node in ast.walk(ast.parse(step.source)):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                for name in names:
                    with contextlib.suppress(Exception):  # it will fail in its cell, and be told
                        importlib.import_module(name)


def _whole(shell: Any, lesson: list[Step], network: str) -> dict[str, Any]:
    if network:
        os.environ["WIRELAB_NETWORK"] = network
    cells, errors, warned = [], [], ""
    for step in lesson:
        outputs = shell.run(step.source)
        warned += stderr(outputs)
        if step.kind == "test":
            cells.append(mark(step.id, step.points, outputs))
        else:
            errors += [f"{step.id}: {said}" for said in messages(outputs)]
    return Graded(tuple(cells), tuple(errors), warned).to_json()


def _verdict(planted: Planted, plant: Callable[[], dict]) -> dict[str, Any]:
    try:
        return apart(plant, DEADLINE_S)
    except (TimeoutError, EOFError) as error:
        said = f"it did not end within {DEADLINE_S:.0f} s"
        if isinstance(error, EOFError):
            said = "it ended the process that graded it"
        return asdict(Verdict(planted.name, True, False, said=said))


def _plant(shell: Any, lesson: list[Step], at: int, planted: Planted) -> dict[str, Any]:
    outputs = shell.run(in_place(lesson[at].source, planted))
    said = messages(outputs)
    if said:
        return asdict(Verdict(planted.name, False, False, lesson[at].id, said[0]))
    first = None
    for step in lesson[at + 1 :]:
        outputs = shell.run(step.source)
        if step.kind != "test":
            continue
        result = mark(step.id, step.points, outputs)
        if result.lost:
            first = first or (step.id, "\n".join(result.messages) or result.stderr)
            if says(planted, result.messages):
                return asdict(Verdict(planted.name, True, True, *first))
    return asdict(Verdict(planted.name, first is not None, False, *(first or ("", ""))))


def says(planted: Planted, said: Sequence[str]) -> bool:
    """Whether the sentence of a misconception stands in what a cell said, however it is wrapped."""
    return any(" ".join(planted.says.split()) in " ".join(text.split()) for text in said)


if __name__ == "__main__":
    try:
        print(json.dumps(main(json.loads(sys.stdin.read()))))
    except CourseError as error:  # an author's to mend, so without a traceback
        sys.exit(str(error))
