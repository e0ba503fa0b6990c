"""Grade without sandbox and examiner, where a machine has neither: the interface of `Worker`.

A process of its own runs each submission, in a fork where there is one. For one's own notebook, or
for a class whose instructor said so.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wirelab.grading.apart import CAN_FORK, apart
from wirelab.grading.engine.task import FAILED, PASSED, STOPPED, Executed, Policy, TestResult
from wirelab.grading.results import mark


class PlainWorker:
    """Grades submissions of one topic; `grade` may be called from several threads at once."""

    def __init__(
        self,
        source: Any,
        lessons: Path | None = None,
        policy: Policy | None = None,
        core: int | None = None,
    ):
        self._lessons, self._policy = lessons, policy or Policy(sandbox=False, examiner=False)

    def grade(self, submission: Any, files: Mapping[str, bytes] | None = None) -> Executed:
        """Run one submission as `Worker.grade` does."""
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="wirelab-plain-") as folder:
            for name, content in (files or {}).items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            order = {"notebook": submission, "wall_s": self._policy.wall_s}
            cells, said = self._run(json.dumps(order), folder)
        return _executed(submission, cells, said, time.monotonic() - start)

    def _run(self, order: str, folder: str) -> tuple[list[dict[str, Any]], str]:
        environment = {"WIRELAB_NETWORK": self._policy.network} if self._policy.network else {}
        if self._lessons:
            environment["WIRELAB_LESSONS"] = str(self._lessons)
        process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(order.encode(), timeout=self._policy.wall_s + 30)
            result = json.loads(out.decode().splitlines()[-1])
            return result["cells"], result["stopped"]
        except (subprocess.TimeoutExpired, IndexError, ValueError):
            return [], "the process that ran it ended, or went on for too long"
        finally:
            if os.name == "posix":
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, 9)
            process.kill()
            process.communicate()

    def close(self) -> None:
        """Nothing is left open."""

    def __enter__(self) -> PlainWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _executed(notebook: Any, ran: list[dict[str, Any]], stopped: str, wall_s: float) -> Executed:
    from nbformat import from_dict

    made = from_dict(json.loads(json.dumps(notebook)))
    outputs = {each["at"]: each["outputs"] for each in ran}
    results = []
    for at, cell in enumerate(made.cells):
        about = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code":
            continue
        test = about.get("grade") and not about.get("solution")
        cell.outputs = from_dict(outputs.get(at, _stopped(stopped) if test else []))
        if test:
            results.append(_result(about, cell.outputs, at in outputs, stopped))
    return Executed(made, tuple(results), wall_s=wall_s)


def _stopped(why: str) -> list[dict[str, Any]]:
    said = f"This test was not run: {why}."
    return [{"output_type": "error", "ename": "NotGraded", "evalue": said, "traceback": [said]}]


def _result(about: Mapping[str, Any], outputs: Any, ran: bool, stopped: str) -> TestResult:
    told = [each for each in outputs if each.get("name") != "stderr"]  # a warning costs nothing
    seen = mark(about["grade_id"], float(about["points"]), told)
    status = (FAILED if seen.lost else PASSED) if ran else STOPPED
    return TestResult(seen.id, seen.score or 0.0, seen.points, status, seen.messages)


# --- in the process of its own -------------------------------------------------------------------


def main(order: dict[str, Any]) -> dict[str, Any]:
    """Run the code cells in turn; what they put out."""
    work = lambda: _outputs(order["notebook"])  # noqa: E731
    try:
        return {"cells": apart(work, order["wall_s"]), "stopped": "" if CAN_FORK else "it ended"}
    except TimeoutError:
        return {"cells": [], "stopped": f"it took more than {order['wall_s']:.0f} s"}
    except EOFError:
        return {"cells": [], "stopped": "it ended its own process"}


def _outputs(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    from wirelab.grading.shell import new_shell

    shell = new_shell()
    return [
        {"at": at, "outputs": shell.run(cell["source"])}
        for at, cell in enumerate(notebook["cells"])
        if cell["cell_type"] == "code"
    ]


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.stdin.read()))))
