"""Many submissions at a time: a pool of warm workers, each on a processor of its own.

What comes in is an iterator, so that a large class never lies in memory; results come as they are
ready. A worker that dies is replaced, and what it had in hand is graded once more.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from wirelab.grading.engine.keeper import make as make_worker
from wirelab.grading.engine.task import Executed, Policy
from wirelab.grading.engine.worker import WorkerDied
from wirelab.grading.errors import CourseError

AT_ONCE = 8
ATTEMPTS = 2


@dataclass(frozen=True)
class Job:
    """One submission that is ready to be run."""

    student: str
    notebook: Any
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """A job that has been run; without `executed` it could not be, for the reason in `error`."""

    job: Job
    executed: Executed | None = None
    error: str = ""


class Pool(Protocol):
    """Whatever runs jobs: here, or on other machines."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Each job once, in the order in which they end."""

    def close(self) -> None:
        """End everything it started."""


def cores() -> list[int]:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


class LocalPool:
    """Warm workers in this machine; made when the first job is there."""

    def __init__(
        self,
        source: Path,
        lessons: Path | None,
        policy: Policy,
        workers: int | None = None,
        at_once: int = AT_ONCE,
        make: Callable[..., Any] = make_worker,
    ):
        places = cores()
        count = workers or len(places)
        self._order = source, lessons, policy
        self._make = make
        # more workers than processors: then nobody is pinned
        self._cores = places[:count] if count <= len(places) else [None] * count
        self._at_once = at_once
        self._slots: list[_Slot] = []
        self._idle: queue.SimpleQueue[_Slot] = queue.SimpleQueue()

    @property
    def size(self) -> int:
        """How many workers it has."""
        return len(self._cores)

    def run(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Each job once, as they end; raises `CourseError` if no worker starts."""
        threads = self.size * self._at_once
        pending: set[Future[Done]] = set()
        source = iter(jobs)
        more = True
        with ThreadPoolExecutor(threads, "wirelab-grade") as executor:
            try:
                while more or pending:
                    while more and len(pending) < threads + self.size:
                        job = next(source, None)
                        more = job is not None
                        if job is not None:
                            self._start()
                            pending.add(executor.submit(self._grade, job))
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield future.result()
            except BaseException:
                executor.shutdown(wait=False, cancel_futures=True)
                self.close()  # or a submission that hangs would hold us up
                raise

    def _start(self) -> None:
        if self._slots:
            return
        self._slots = [_Slot(self._make, self._order, core) for core in self._cores]
        for _ in range(self._at_once):  # the workers in turn
            for slot in self._slots:
                self._idle.put(slot)

    def _grade(self, job: Job) -> Done:
        slot = self._idle.get()
        try:
            for _ in range(ATTEMPTS):
                worker = slot.worker()
                try:
                    return Done(job, worker.grade(job.notebook, job.files))
                except WorkerDied as died:
                    slot.replace(worker)
                    error = str(died) or "the process that graded it was killed"
            return Done(job, error=f"{error}, {ATTEMPTS} times")
        except CourseError:
            raise
        except Exception as problem:  # one submission must not end the run for all
            return Done(job, error=f"{type(problem).__name__}: {problem}")
        finally:
            self._idle.put(slot)

    def close(self) -> None:
        """End the workers."""
        for slot in self._slots:
            slot.close()
        self._slots = []


class _Slot:
    """A place for a worker, on one processor."""

    def __init__(self, make: Callable[..., Any], order: tuple, core: int | None):
        self._make, self._order, self._core = make, order, core
        self._lock = threading.Lock()
        self._worker: Any = None
        self._closed = False

    def worker(self) -> Any:
        """The worker, made now if there is none."""
        with self._lock:
            if self._closed:
                raise CourseError("grading was ended")
            if self._worker is None:
                self._worker = self._make(*self._order, self._core)
            return self._worker

    def replace(self, dead: Any) -> None:
        """Forget a worker that died; whoever comes next makes another."""
        with self._lock:
            if self._worker is dead:
                self._worker = None
        dead.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            worker, self._worker = self._worker, None
        if worker:
            worker.close()
