"""How the examiner's side has a submission run: one that was handed in, or the reference.

It knows no single cell.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import Any

from wirelab.grading.engine import mail
from wirelab.grading.engine.examiner_side import Lesson
from wirelab.grading.engine.learner_process import Gone, Stopped
from wirelab.grading.engine.submission import Submission
from wirelab.grading.engine.task import PASSED
from wirelab.grading.errors import CourseError


def answer(
    host: socket.socket, lesson: Lesson, shell: Any, spawner: socket.socket, policy: dict[str, Any]
) -> None:
    """Read one submission, run it, send the result."""
    order = mail.Inbox(host, most=1 << 30).wait()
    run = Submission(lesson, shell, spawner, policy, host)
    try:
        told = run.run(order["notebook"], order["files"])
    except Gone:
        return
    except Exception as error:
        import traceback

        told = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    mail.send(host, told)


def record(
    lesson: Lesson, shell: Any, spawner: socket.socket, policy: dict[str, Any]
) -> dict[str, list[str]]:
    """Run the reference answers through the examiner: where objects come from, test by test.

    Raises `CourseError` where a test that passes in one process does not pass so.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException), os.fdopen(writer, "w") as file:
            json.dump(_reference(Submission(lesson, shell, spawner, policy, None, True)), file)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        text = file.read()
    os.waitpid(pid, 0)
    told = json.loads(text or '{"error": "the examiner could not run the reference answers"}')
    if "error" in told:
        raise CourseError(told["error"])
    return told


def _reference(run: Submission) -> dict[str, Any]:
    try:
        for cell in run.lesson.cells:
            if cell.kind == "test" and not cell.beside:
                run.examined(cell.id)
            elif cell.kind != "test":
                run.step(cell.source, run.lesson.given.get(cell.id, []), cell.id)
    except Stopped as stopped:
        return {"error": f"the reference answers were stopped: {stopped}"}
    finally:
        run.close()
    failed = [
        f"{test_id} ({_short(result['messages'])})"
        for test_id, result in run.results.items()
        if result["status"] != PASSED
    ]
    if failed:
        return {
            "error": "these tests do not pass with an examiner, so they must run beside the "
            f'learner\'s code (give their cells the tag "beside"): {"; ".join(failed)}'
        }
    return run.paths


def _short(said: list[str]) -> str:
    lines = [line.strip() for text in said for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it says nothing"
