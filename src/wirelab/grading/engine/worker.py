"""A warm worker: a process that has imported everything once and forks for each submission.

This is the handle to it; what happens in the processes is for `warm`, `examiner` and `sandbox`.
It knows no gradebook and no student.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wirelab.grading.engine import lesson as lessons
from wirelab.grading.engine import mail
from wirelab.grading.engine.task import Executed, Policy
from wirelab.grading.errors import CourseError
from wirelab.grading.sandbox import probe

# What most notebooks import sooner or later. What is large, as scapy, only if the topic's own cells
# do: every fork of the warm process pays for its size.
PRELOADED = tuple(
    """asyncio base64 collections concurrent.futures dataclasses decimal email enum fractions
    functools hashlib hmac http.client http.server io ipaddress itertools json logging math pathlib
    queue random re secrets select selectors socket socketserver ssl statistics string struct
    subprocess tempfile textwrap threading time tracemalloc types typing unittest.mock
    urllib.parse urllib.request uuid zlib IPython.core.completer
    wirelab.grading.checks wirelab.grading.diagnose wirelab.lab wirelab.lab.embedded
    wirelab.lab.kernel wirelab.protocols.tcp wirelab.protocols.codec wirelab.protocols.segment
    wirelab.servers.running wirelab.grading.examiner.learner""".split()  # noqa: SIM905
)


class WorkerDied(CourseError):
    """The warm process is gone: make a new worker and grade the submission there once more."""


class Worker:
    """Grades submissions of one topic; made once per processor, used for many.

    `source` is the instructor edition (a notebook, or the path of one); `lessons` the folder
    `lessons/` that misconceptions are looked up in, or `None`; `core` the number of the processor
    that it and all its forks stay on, or `None`. Raises `CourseError` where the policy cannot be
    kept on this machine (see `wirelab.grading.sandbox.probe`) or the instructor edition does not
    run.

    `grade` may be called from several threads at once: notebooks wait much of their time, so four
    or so at a time for each worker keep a processor busy.
    """

    def __init__(
        self,
        source: Any,
        lessons: Path | None = None,
        policy: Policy | None = None,
        core: int | None = None,
    ):
        self._policy = policy or Policy()
        if not hasattr(os, "fork"):
            raise CourseError("this system cannot fork, which a warm worker lives by")
        if self._policy.sandbox and (reason := probe()):
            raise CourseError(reason)
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="wirelab-worker-")
        self._control: socket.socket | None = None
        self._process: subprocess.Popen | None = None
        try:
            self._start(_read(source), lessons, core)
        except BaseException:
            self.close()
            raise

    def _start(self, notebook: dict[str, Any], folder: Path | None, core: int | None) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "wirelab.grading.engine.warm", str(theirs.fileno())],
                cwd=self._folder.name,
                env=_environment(self._folder.name),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        policy = self._policy.to_json()
        order = {"policy": policy, "modules": PRELOADED, "core": core}
        mail.send(self._control, {**order, "imports": _imports(notebook)})
        topic = notebook["metadata"].get("wirelab", {}).get("topic", "")
        order = {
            "source": notebook,
            "topic": topic,
            "policy": policy,
            "lessons": str(folder) if folder else "",
            "folder": self._folder.name,
        }
        inbox = mail.Inbox(self._control)
        try:
            inbox.wait()  # the fork that may read it is there: the lesson goes nowhere else
            mail.send(self._control, order)
            told = inbox.wait()
        except (EOFError, OSError):
            raise CourseError("the grader's warm process ended while it was starting") from None
        if "error" in told:
            raise CourseError(told["error"])
        self.shapes = told["shapes"]

    def grade(self, submission: Any, files: Mapping[str, bytes] | None = None) -> Executed:
        """Run one submission: a notebook whose graded and given cells are those of the source.

        `files` are what else was handed in, by relative path: copied beside the notebook. Answer
        cells and cells without a role are the learner's, test and given cells should be the
        source's: a test cell is run as the source has it in any case. Never raises for what the
        submission does; raises `WorkerDied` if the warm process itself was killed.
        """
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, self._lock:
                if self._control is None:
                    raise WorkerDied("the worker has been closed")
                try:
                    mail.send(self._control, {"grade": True}, [theirs.fileno()])
                except OSError:
                    raise WorkerDied("the grader's warm process has ended") from None
            order = {
                "notebook": _read(submission),
                "files": {name: content.hex() for name, content in (files or {}).items()},
            }
            try:
                mail.send(ours, order)
                told = mail.Inbox(ours, most=1 << 30).wait()
            except (EOFError, OSError):
                raise WorkerDied("the process that graded it has ended") from None
        if "error" in told:
            raise CourseError(f"the grader failed: {told['error']}\n{told['trace']}")
        return Executed.from_json(told)

    def close(self) -> None:
        """End the warm process and everything it started."""
        with self._lock:
            control, self._control = self._control, None
        if control:
            with contextlib.suppress(OSError):
                control.shutdown(socket.SHUT_RDWR)
            control.close()
        if self._process:
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read(source: Any) -> dict[str, Any]:
    if isinstance(source, (str, os.PathLike)):
        notebook = json.loads(Path(source).read_text(encoding="utf-8"))
    else:
        notebook = json.loads(json.dumps(source))
    for cell in notebook["cells"]:
        cell["source"] = _text(cell["source"])
    return notebook


def _imports(notebook: dict[str, Any]) -> str:
    """What the set-up and answer cells and the free ones import: never what only tests do."""
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and not cell["metadata"].get("nbgrader", {}).get("grade"):
            found += lessons.imports_of(cell["source"]).splitlines()
    return "\n".join(dict.fromkeys(found))


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _environment(home: str) -> dict[str, str]:
    """Nothing of the grader's own environment or settings that a learner should not read."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    own = {"HOME": home, "IPYTHONDIR": home, "MPLCONFIGDIR": home, "PYTHONHASHSEED": "0"}
    return {"LANG": "C.UTF-8", **kept, **own}
