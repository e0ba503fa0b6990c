"""One submission, from its notebook to its result: the supervisor that forks for nothing else.

It walks through the cells; the learner's go to the learner's process, the tests to trials. It knows
no gradebook.
"""

from __future__ import annotations

import random
import resource
import select
import socket
import time
from typing import Any

from wirelab.grading.engine import mail
from wirelab.grading.engine import shown as shows
from wirelab.grading.engine.examiner_side import Lesson
from wirelab.grading.engine.innocent import innocent
from wirelab.grading.engine.learner_process import (
    Budget,
    Clone,
    Gone,
    LearnerProcess,
    Stopped,
)
from wirelab.grading.engine.lesson import twin_of
from wirelab.grading.engine.outputs import sound
from wirelab.grading.engine.state import leaves_nothing
from wirelab.grading.engine.task import FAILED, PASSED, STOPPED
from wirelab.grading.engine.trials import Trials
from wirelab.grading.results import mark
from wirelab.grading.sandbox import messages

RESTARTS = 3
AFTER_S = 5.0  # what a test may take beyond its own deadlines


class Submission:
    """A notebook on its way through its cells; `cells` and `findings` are filled as it goes."""

    def __init__(
        self,
        lesson: Lesson,
        shell: Any,
        spawner: socket.socket,
        policy: dict[str, Any],
        host: socket.socket | None = None,
        recording: bool = False,
    ):
        self.lesson, self.policy = lesson, policy
        self._spawner, self._host = spawner, host
        self.trials = Trials(lesson, shell, recording)
        self.budget = Budget(policy)
        self.learner: LearnerProcess | None = None
        self.results: dict[str, dict[str, Any]] = {}
        self.findings: list[dict[str, str]] = []
        self.paths: dict[str, list[str]] = {}
        self.files: dict[str, str] = {}
        self._history: list[tuple[str, list[str]]] = []
        self._restarts = 0
        self._clone: Clone | None = None
        self._over = ""
        self._count = 0
        self.dice = random.SystemRandom()

    # --- the whole

    def run(self, notebook: dict[str, Any], files: dict[str, str]) -> dict[str, Any]:
        """Run every code cell; the executed notebook and the results, as JSON values."""
        self.files = files
        count = 0
        try:
            for cell in notebook["cells"]:
                if cell["cell_type"] != "code":
                    continue
                count += 1
                cell["execution_count"] = self._count = count
                about = cell.get("metadata", {}).get("nbgrader") or {}
                test = self.lesson.tests.get(about.get("grade_id"))
                if test is not None and about.get("grade") and not about.get("solution"):
                    cell["outputs"] = self._graded(test.cell.id, cell.get("id", ""))
                else:
                    given = self.lesson.given.get(about.get("grade_id"), [])
                    cell_id = about.get("grade_id") or cell.get("id", "")
                    cell["outputs"] = self.step(cell["source"], given, cell_id)
        finally:
            self.close()
        return self._told(notebook)

    def _told(self, notebook: dict[str, Any]) -> dict[str, Any]:
        missing = "This test cell is not in the notebook any more."
        for test_id in self.lesson.tests:
            if test_id not in self.results:
                self._result(test_id, 0.0, FAILED, (missing,))
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        mine_s = sum(each.ru_utime + each.ru_stime for each in own)
        return {
            "notebook": notebook,
            "cells": [self.results[test_id] for test_id in self.lesson.tests],
            "report": self.findings,
            "cpu_s": self.budget.cpu_s + self.budget.keeper_s + mine_s,
            "wall_s": time.monotonic() - self.budget.start,
            "peak_bytes": self.budget.peak_bytes,
            "extra": {"learner_s": self.budget.cpu_s, "examiner_s": mine_s},
        }

    def close(self) -> None:
        """End all that was started."""
        self._drop_clone()
        self.trials.close()
        if self.learner:
            self.learner.kill()

    @property
    def _sources(self) -> list[str]:
        return [source for source, _ in self._history]

    # --- the learner's cells

    def step(self, source: str, given: list[str], cell_id: str) -> list[dict[str, Any]]:
        """Run a cell that is no test; its outputs. What ends the process is told and left out."""
        if self._over:
            return []
        self._drop_clone()
        try:
            raw, said = self._process().run(source, given)
            self._history.append((source, given))
            shown = sound(raw, self._count)
            if said:
                self._find("limit", cell_id, said)
                shown.append(shows.stopped(said))
            return shows.explained(shown, self.policy)
        except Stopped as stopped:
            self._stop(stopped, cell_id)
            return [shows.stopped(str(stopped))]

    def _process(self) -> LearnerProcess:
        """The learner's process, as the cells so far have left it; started again if it ended."""
        if self.learner is not None and self.learner.pidfd >= 0:
            return self.learner
        self._drop_clone()
        self.trials.close()
        self.learner = LearnerProcess(self._spawner, self.policy, self.budget, self._alive)
        for name, content in self.files.items():
            self.learner.give(name, bytes.fromhex(content))
        for source, given in self._history:
            self.learner.run(source, given)
        return self.learner

    def _stop(self, stopped: Stopped, cell_id: str) -> None:
        self._find(stopped.kind, cell_id, str(stopped))
        self._restarts += 1
        if stopped.final or self._restarts > RESTARTS:
            self._over = str(stopped)

    def _alive(self) -> None:
        """Raise `Gone` if nobody waits for the result."""
        if self._host and select.select([self._host], [], [], 0)[0]:
            raise Gone

    # --- the tests

    def _graded(self, test_id: str, cell_id: str) -> list[dict[str, Any]]:
        if test_id in self.results:
            self._find("tampering", cell_id, f"the test cell {test_id} stands there twice")
            return []
        if self._over:
            return self._none(test_id, messages.not_run())
        test = self.lesson.tests[test_id]
        try:
            if not self.policy["examiner"]:
                return self._unguarded(test_id)
            if test.cell.beside:
                return self._beside(test_id)
            return self.examined(test_id)
        except Stopped as stopped:
            self._stop(stopped, test_id)
            return self._none(test_id, str(stopped))

    def examined(self, test_id: str) -> list[dict[str, Any]]:
        """Try a test on a clone; its outputs."""
        learner = self._process()
        again = leaves_nothing(self._sources, self.lesson.tests[test_id].wanted)
        if not again:
            self._drop_clone()
        self._clone = self._clone or learner.clone()
        seconds = self.policy["cell_s"] + AFTER_S
        clean = False
        try:
            told = self.trials.ask(learner, test_id, self._clone, again, seconds)
            clean = not told["dead"] and told["threads"] == 1
        except TimeoutError:
            self._find("limit", test_id, f"no end of this test within {seconds:.0f} s")
            return self._none(test_id, messages.asked_too_long(seconds))
        finally:
            if not (clean and again):
                self._drop_clone()
        self.paths[test_id] = told["paths"]
        if told["dead"]:
            return self._dead(test_id, told)
        return self._marked(test_id, sound(told["outputs"], self._count))

    def _drop_clone(self) -> None:
        if self._clone:
            self._clone.close()
            self._clone = None

    def _dead(self, test_id: str, told: dict[str, Any]) -> list[dict[str, Any]]:
        kind, _, what = told["dead"].partition(": ")
        if kind == "late":
            # the check has said so already
            shown = sound(told["outputs"], self._count)
            if any(each["output_type"] == "error" for each in shown):
                self._result(test_id, 0.0, STOPPED, mark(test_id, 0, shown).messages)
                return shown
            return self._none(test_id, messages.asked_too_long(10, told["asked"]))
        if kind == "ended":
            self._find("ended", test_id, f"the process ended when asked for {told['asked']}")
            return self._none(test_id, messages.ended_in_test())
        self._find("breach", test_id, f"{what} (asked for {told['asked']})")
        return self._none(test_id, messages.breach(what))

    def _unguarded(self, test_id: str) -> list[dict[str, Any]]:
        """Run a test in the learner's own process, as nbgrader does."""
        test = self.lesson.tests[test_id].cell
        raw, said = self._process().run(test.source, [])
        shown = sound(raw, self._count)
        if said:
            self._find("limit", test_id, said)
            shown.append(shows.stopped(said))
        return self._marked(test_id, shown)

    def _beside(self, test_id: str) -> list[dict[str, Any]]:
        """Run a test in a clone, and its twin, which must fail, in another; in either order.

        There is no twin where the cells are plainly innocent.
        """
        source = self.lesson.tests[test_id].cell.source
        kept = self.lesson.kept
        twin_failed = all(
            text in self.lesson.texts or innocent(text, kept) for text in self._sources
        )
        orders = [(source, False)]
        if not twin_failed:
            orders.append((twin_of(source, self.dice), True))
            self.dice.shuffle(orders)
        shown: list[dict[str, Any]] = []
        for text, is_twin in orders:
            found = self._run_beside(test_id, text)
            if is_twin:
                twin_failed = any(each["output_type"] == "error" for each in found)
            else:
                shown = found
        if not twin_failed and not any(each["output_type"] == "error" for each in shown):
            said = "a copy of this test that expects something else passes as well"
            self._find("twin", test_id, said)
            return self._none(test_id, messages.breach(said))
        return self._marked(test_id, shown)

    def _run_beside(self, test_id: str, source: str) -> list[dict[str, Any]]:
        learner = self._process()
        clone = learner.clone(source)
        inbox = mail.Inbox(clone.main)

        def take() -> Any:
            try:
                return inbox.take()
            except (EOFError, OSError, ValueError):
                return {"outputs": [shows.stopped(messages.ended_in_test())]}

        try:
            deadline = time.monotonic() + self.policy["cell_s"]
            told = learner.wait_for(clone.main, take, deadline)
            told = told if type(told) is dict else {}
            if told.get("before"):
                self._find("altered", test_id, f"put back before this test: {told['before']}")
            if told.get("during"):
                said = f"the code replaced {told['during']} while the test was measuring with it"
                self._find("breach", test_id, said)
                return [shows.stopped(messages.breach(said))]
            return sound(told.get("outputs"), self._count)
        except TimeoutError:
            return [shows.stopped(messages.asked_too_long(self.policy["cell_s"]))]
        finally:
            clone.close()

    def _marked(self, test_id: str, shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
        points = self.lesson.tests[test_id].cell.points
        # a warning costs nothing
        judged = [each for each in shown if each.get("name") != "stderr"]
        seen = mark(test_id, points, judged)
        status = FAILED if seen.messages or (seen.score or 0) < points else PASSED
        self._result(test_id, seen.score or 0.0, status, seen.messages)
        return shown

    def _none(self, test_id: str, said: str) -> list[dict[str, Any]]:
        self._result(test_id, 0.0, STOPPED, (said,))
        return [shows.stopped(said)]

    def _result(self, test_id: str, score: float, status: str, said: tuple[str, ...]) -> None:
        self.results[test_id] = {
            "id": test_id,
            "score": score,
            "max_score": self.lesson.tests[test_id].cell.points,
            "status": status,
            "messages": list(said),
        }

    def _find(self, kind: str, cell_id: str, evidence: str) -> None:
        found = {"kind": kind, "cell": cell_id, "evidence": evidence[:2000]}
        if len(self.findings) < 100 and found not in self.findings:
            self.findings.append(found)
