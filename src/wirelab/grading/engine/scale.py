"""The same task on other machines: jobs go through a Dask scheduler (the extra `scale`).

Each machine needs the same wirelab, and a Dask worker; the instructor edition and the lesson are
sent there once. A worker that is lost loses nothing: the scheduler gives its jobs to another.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirelab.grading.engine.edition import digest
from wirelab.grading.engine.keeper import keeper
from wirelab.grading.engine.pool import Done, Job
from wirelab.grading.engine.task import Executed, Policy
from wirelab.grading.errors import CourseError

CONNECT_S = 20.0
WORKERS_S = 60.0
AHEAD = 2  # jobs sent for each thread, so that nobody waits for the next
HINT = "install the extra: pip install 'wirelab[scale]'"


@dataclass(frozen=True)
class Pack:
    """What every machine needs to grade a topic; `grader` is the digest of the code that grades."""

    source: bytes
    lesson: Mapping[str, bytes]
    topic: str
    policy: Mapping[str, Any]
    grader: str

    @property
    def name(self) -> str:
        """One name for one content."""
        files = (part for item in sorted(self.lesson.items()) for part in item)
        return digest(self.source, self.topic, json.dumps(dict(self.policy)), self.grader, *files)


_unpacked: dict[str, tuple[Path, Pack]] = {}


class DaskPool:
    """Whatever machines the scheduler knows."""

    def __init__(self, address: str, source: Path, lessons: Path | None, policy: Policy):
        from wirelab.grading.records import grader_digest

        topic = source.stem
        lesson = sorted((lessons / topic).glob("*.py")) if lessons else []
        self._pack = Pack(
            source.read_bytes(),
            {path.name: path.read_bytes() for path in lesson},
            topic,
            policy.to_json(),
            grader_digest(),
        )
        self._client = _client(address)

    @property
    def size(self) -> int:
        """How many worker processes there are now."""
        return len(self._client.nthreads())

    def run(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Each job once, as they end; raises `CourseError` where no machine can grade."""
        from distributed import as_completed

        self._send_pack()
        pending: dict[Any, Job] = {}
        completed = as_completed(loop=self._client.loop)
        source = iter(jobs)
        more = True
        while more or pending:
            while more and len(pending) < self._room():
                job = next(source, None)
                more = job is not None
                if job is not None:
                    future = self._submit(job)
                    pending[future] = job
                    completed.add(future)
            if pending:
                future = next(completed)
                yield self._done(pending.pop(future), future)

    def _room(self) -> int:
        return max(1, AHEAD * sum(self._client.nthreads().values()))

    def _send_pack(self) -> None:
        from distributed import WorkerPlugin

        pack = self._pack

        class Unpack(WorkerPlugin):
            """Puts the pack on every worker, also on those that come later."""

            name = f"wirelab-{pack.name[:16]}"

            def setup(self, worker: Any) -> None:
                unpack(pack)

            def teardown(self, worker: Any) -> None:
                forget(pack.name)

        self._client.register_plugin(Unpack())

    def _submit(self, job: Job) -> Any:
        notebook = json.dumps(job.notebook)
        return self._client.submit(grade, self._pack.name, notebook, dict(job.files), pure=False)

    def _done(self, job: Job, future: Any) -> Done:
        try:
            return Done(job, Executed.from_json(future.result()))
        except CourseError:
            raise
        except Exception as problem:  # one submission must not end the run for all
            return Done(job, error=f"{type(problem).__name__}: {str(problem)[:300]}")

    def close(self) -> None:
        """Leave the scheduler; its workers stay for the next run."""
        self._client.close()


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise CourseError(f"--scheduler needs Dask; {HINT}") from None
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CourseError(f"there is no Dask scheduler at {address}: {error}") from None
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError:
        client.close()
        raise CourseError(f"the scheduler at {address} has no workers") from None
    return client


# --- on the other machine -------------------------------------------------------------------------


def unpack(pack: Pack) -> None:
    """Lay out the files of a pack in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="wirelab-pack-"))
    (folder / f"{pack.topic}.ipynb").write_bytes(pack.source)
    lesson = folder / "lessons" / pack.topic
    lesson.mkdir(parents=True)
    for name, content in pack.lesson.items():
        (lesson / name).write_bytes(content)
    _unpacked[pack.name] = folder, pack


def forget(name: str) -> None:
    """Remove the files of a pack, and end the warm workers of this process."""
    folder, _ = _unpacked.pop(name, (None, None))
    keeper.close()
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def grade(name: str, notebook: str, files: dict[str, bytes]) -> dict[str, Any]:
    """The task: a notebook in, the executed notebook and the marks out, all as JSON values."""
    from nbformat import from_dict

    from wirelab.grading.records import grader_digest

    folder, pack = _unpacked[name]
    if pack.grader != grader_digest():
        raise CourseError("a machine behind the scheduler has another version of wirelab")
    lessons = folder / "lessons" if pack.lesson else None
    source, policy = folder / f"{pack.topic}.ipynb", Policy.from_json(pack.policy)
    executed = keeper.grade(source, lessons, policy, from_dict(json.loads(notebook)), files)
    return executed.to_json()
