"""One test cell, tried on a clone of the learner's process: in a fork of the examiner's.

It reports outputs and why there were no answers any more, if so; the marks are for others to give.
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import threading
from typing import Any

from wirelab.grading import checks
from wirelab.grading.engine import cells, mail
from wirelab.grading.engine.examiner_side import Lesson
from wirelab.grading.examiner import ahead
from wirelab.grading.examiner import session as sessions
from wirelab.grading.examiner.channel import ACCEPTING, Poisoned
from wirelab.grading.examiner.line import Line
from wirelab.grading.examiner.shapes import Lock


def serve(orders: socket.socket, lesson: Lesson, shell: Any, recording: bool) -> None:
    """Try the tests that are asked for, one after the other, until nobody asks."""
    shell.renew()
    gc.freeze()
    sessions.quiet_threads()
    inbox = mail.Inbox(orders)
    line: Line | None = None
    while True:
        try:
            order = inbox.wait()
        except (EOFError, OSError):
            return
        if inbox.descriptors:
            line = Line(*(socket.socket(fileno=each) for each in inbox.descriptors))
            inbox.descriptors.clear()
        told = try_one(lesson, shell, order["test"], line, recording, order["again"])
        if not order["again"]:
            line.close()
        told["threads"] = sum(each.name != ACCEPTING for each in threading.enumerate())
        mail.send(orders, told)


def try_one(
    lesson: Lesson,
    shell: Any,
    test_id: str,
    line: Line,
    recording: bool,
    again: bool = False,
) -> dict[str, Any]:
    """Run one test cell with proxies for the learner's names; what came of it, as JSON values."""
    test = lesson.tests[test_id]
    lock = Lock(None if recording else test.paths, recording)
    session = sessions.Session(line, lesson.types, lock)
    checks.ahead = (lambda *told: ahead.asked(session, *told)) if again else _one_by_one
    outputs = _run(test, shell, session)
    return {
        "outputs": outputs,
        "dead": session.dead,
        "asked": session.asked,
        "calls": session.calls,
        "paths": sorted(lock.paths) if recording else [],
    }


def _run(test: Any, shell: Any, session: sessions.Session) -> list[dict[str, Any]]:
    shell.user_ns.clear()
    shell.user_ns.update(test.before)
    try:
        shell.user_ns.update(session.names(test.wanted) if test.wanted else {})
        return cells.run(shell, test.prepared)
    except Poisoned:
        return []
    finally:
        session.over()


def _one_by_one(*_: Any) -> contextlib.AbstractContextManager:
    return contextlib.nullcontext()


def join(namespaces_of: int) -> None:
    """Enter the user and network namespaces of the process behind a pidfd: the same loopback.

    A test that opens a connection then meets the learner's server.
    """
    from wirelab.grading.sandbox import namespaces

    with contextlib.suppress(OSError):
        namespaces.join(namespaces_of)


def end() -> None:
    """Leave without what an interpreter does at its end: this process is a fork."""
    os._exit(0)
