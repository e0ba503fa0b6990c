"""The process that tries tests, as the supervisor sees it.

Forked when there is a test to try, and again when one went wrong. It knows no marks.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from typing import Any

from wirelab.grading.engine import mail, trial
from wirelab.grading.engine.examiner_side import Lesson
from wirelab.grading.engine.learner_process import Clone, LearnerProcess
from wirelab.grading.sandbox import namespaces


class Trials:
    """The process that tries tests: forked when there is a test, again when one went wrong."""

    def __init__(self, lesson: Lesson, shell: Any, recording: bool = False):
        self._lesson, self._shell, self._recording = lesson, shell, recording
        self._orders: socket.socket | None = None
        self._inbox: mail.Inbox | None = None
        self._pid = 0

    def ask(
        self, learner: LearnerProcess, test_id: str, clone: Clone, again: bool, seconds: float
    ) -> Any:
        """What `trial.try_one` says; raises TimeoutError, or `Stopped` with the learner's process.

        `again` if the clone may be asked more. After anything but a clean end the process is not
        used again.
        """
        self._begin(learner)
        clean = False
        try:
            mail.send(self._orders, {"test": test_id, "again": again}, clone.hand_over())
            clone.let_go()
            deadline = time.monotonic() + seconds
            told = learner.wait_for(self._orders, self._inbox.take, deadline)
            clean = not told["dead"] and told["threads"] == 1
            return told
        finally:
            if not clean:
                self.close()

    def _begin(self, learner: LearnerProcess) -> None:
        if self._pid:
            return
        self._orders, theirs = socket.socketpair()
        self._inbox = mail.Inbox(self._orders)
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid:
            theirs.close()
            return
        with contextlib.suppress(BaseException):
            namespaces.die_with_parent()
            self._orders.close()
            if learner.policy["sandbox"]:
                trial.join(learner.pidfd)
            if os.getppid() == parent:
                trial.serve(theirs, self._lesson, self._shell, self._recording)
        trial.end()

    def close(self) -> None:
        """End the process."""
        if not self._pid:
            return
        self._orders.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._pid = 0
