"""The examiner's warm process: the lesson, loaded once; forks one process for each submission.

It holds tests, solutions and misconceptions. No learner's code ever runs in it or in its forks.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import shutil
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import Any

from wirelab.grading.engine import lesson as lessons
from wirelab.grading.engine import mail, state
from wirelab.grading.engine.cells import Prepared, prepare
from wirelab.grading.engine.lesson import Cell, Names
from wirelab.grading.errors import CourseError
from wirelab.grading.examiner import kinds


@dataclass
class Test:
    """A test cell, ready to run: `wanted` are the learner's names that it may ask for."""

    cell: Cell
    prepared: Prepared
    wanted: frozenset[str]
    before: dict[str, Any]
    paths: frozenset[str] | None = None


@dataclass
class Lesson:
    """All that is known of the instructor edition.

    `given` are the names that each given cell defines, `texts` what all its code cells hold.
    """

    cells: list[Cell]
    tests: dict[str, Test] = field(default_factory=dict)
    given: dict[str, list[str]] = field(default_factory=dict)
    types: dict[str, type] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    learners: set[str] = field(default_factory=set)
    texts: frozenset[str] = frozenset()

    @property
    def kept(self) -> frozenset[str]:
        """The names that given cells define."""
        return frozenset(name for names in self.given.values() for name in names)


def load(notebook: dict[str, Any], shell: Any) -> Lesson:
    """Run the given cells of the source and prepare its tests.

    Raises `CourseError` where a given cell fails.
    """
    cells = lessons.cells_of(notebook)
    for cell in notebook["cells"]:  # most learners leave most cells as they are
        if cell["cell_type"] == "code":
            with contextlib.suppress(Exception):
                state.parsed(cell["source"])
    names = {cell.id: lessons.names_of(cell.source) for cell in cells}
    found = Lesson(cells)
    found.texts = frozenset(
        cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"
    )
    for cell in cells:
        if cell.kind == "answer":
            found.answers[cell.id] = cell.source
            found.learners |= names[cell.id].defines
    found.types = dict(kinds.ours())
    asked_by_given: set[str] = set()
    for cell in cells:
        if cell.kind == "given":
            _run_given(cell, names[cell.id], found, shell)
            asked_by_given |= names[cell.id].reads
        elif cell.kind == "answer":
            _quietly(shell, lessons.imports_of(cell.source), cell.id)
        else:
            _import_all(cell.source)
            if cell.beside and not lessons.twin_of(cell.source, random.Random(0)):
                raise CourseError(
                    f"{cell.id} runs beside the learner's code, so one of the values that it "
                    "expects must be a literal: expected=True, expected=[1, 2]"
                )
            reads = names[cell.id].reads | asked_by_given
            wanted = frozenset(reads & found.learners)
            before = {k: v for k, v in shell.user_ns.items() if k not in found.learners}
            found.tests[cell.id] = Test(cell, prepare(shell, cell.source), wanted, before)
    return found


def _run_given(cell: Cell, names: Names, found: Lesson, shell: Any) -> None:
    if names.reads_at_once & found.learners:
        # it works with what the learner's code gives: what it defines is the learner's as well
        found.learners |= names.defines
        _quietly(shell, lessons.imports_of(cell.source), cell.id)
        return
    found.given[cell.id] = sorted(names.defines | names.imports)
    _quietly(shell, cell.source, cell.id)
    defined = {name: shell.user_ns[name] for name in names.defines if name in shell.user_ns}
    found.types.update(kinds.given(defined))


def _quietly(shell: Any, source: str, cell_id: str) -> None:
    if not source:
        return
    for output in shell.run(source):
        if output["output_type"] == "error":
            said = f"{output['ename']}: {output['evalue']}"
            raise CourseError(f"{cell_id} fails in the instructor edition: {said}")


def _import_all(source: str) -> None:
    for name in sorted(lessons.modules_in(source)):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _load_misconceptions(topic: str) -> None:
    """Loaded once, so that every fork that diagnoses has them."""
    import nbformat  # noqa: F401

    from wirelab.grading import diagnose

    with contextlib.suppress(Exception):
        diagnose.candidates(topic)
        diagnose._right_answers(topic)


def main(control: socket.socket, spawner: socket.socket, shell: Any) -> None:
    """Load what the handle sends, then fork for each submission until the handle is gone."""
    from wirelab.grading.engine import entry

    inbox = mail.Inbox(control)
    mail.send(control, {"warm": True})
    order = inbox.wait()
    if order.get("lessons"):
        os.environ["WIRELAB_LESSONS"] = order["lessons"]
    os.chdir(order["folder"])
    shell.renew()
    try:
        found = load(order["source"], shell)
        _load_misconceptions(order["topic"])
        _freeze()
        recorded = order.get("shapes")
        if order["policy"]["examiner"]:
            if recorded is None:
                recorded = entry.record(found, shell, spawner, order["policy"])
            for test_id, paths in recorded.items():
                found.tests[test_id].paths = frozenset(paths)
    except Exception as error:
        said = str(error) if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
        mail.send(control, {"error": said})
        return
    mail.send(control, {"ready": True, "shapes": recorded or {}})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        try:
            inbox.wait()
        except (EOFError, OSError):
            shutil.rmtree(order["folder"], ignore_errors=True)  # a handle that was killed cannot
            return
        descriptor = inbox.descriptors.pop(0)
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            connected = socket.socket(fileno=descriptor)
            with contextlib.suppress(BaseException):
                entry.answer(connected, found, shell, spawner, order["policy"])
            os._exit(0)
        os.close(descriptor)


def _freeze() -> None:
    import gc

    gc.collect()
    gc.freeze()
    sys.stdout.flush()
