"""Warm workers kept for the next submission: one for each source edition and policy.

For whoever grades one notebook after another without knowing how many there will be, as nbgrader
does. A worker that nobody asked for in a while is ended, and all of them with this process.
"""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirelab.grading.engine.edition import digest
from wirelab.grading.engine.plain import PlainWorker
from wirelab.grading.engine.task import Executed, Policy
from wirelab.grading.engine.worker import Worker, WorkerDied

IDLE_S = 60.0


def make(
    source: Any, lessons: Path | None = None, policy: Policy | None = None, core: int | None = None
) -> Any:
    """A worker that keeps the policy: raises `CourseError` where this machine cannot."""
    kind = Worker if sys.platform == "linux" else PlainWorker
    return kind(source, lessons, policy, core)


@dataclass
class _Kept:
    """A worker, how many are using it, and what ends it when nobody does."""

    worker: Any
    users: int = 0
    timer: threading.Timer | None = None


@dataclass
class Keeper:
    """Grades with a worker that is there already, or makes one; for any number of threads."""

    make: Callable[..., Any] = make
    idle_s: float = IDLE_S
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def grade(
        self,
        source: Path,
        lessons: Path | None,
        policy: Policy,
        submission: Any,
        files: Mapping[str, bytes],
    ) -> Executed:
        """Run one submission; a worker that was killed meanwhile is replaced once."""
        key = digest(str(source), source.read_bytes(), str(lessons), repr(policy))
        for last in (False, True):
            kept = self._take(key, source, lessons, policy)
            try:
                return kept.worker.grade(submission, files)
            except WorkerDied:
                self._drop(key, kept)
                if last:
                    raise
            finally:
                self._give_back(key, kept)
        raise AssertionError("not reached")

    def _take(self, key: str, source: Path, lessons: Path | None, policy: Policy) -> _Kept:
        with self._lock:  # who comes second waits for the worker that the first one is making
            kept = self._kept.get(key)
            if kept is None:
                kept = self._kept[key] = _Kept(self.make(source, lessons, policy))
            if kept.timer:
                kept.timer.cancel()
            kept.users += 1
            return kept

    def _give_back(self, key: str, kept: _Kept) -> None:
        with self._lock:
            kept.users -= 1
            if kept.users:
                return
            if self._kept.get(key) is not kept:
                kept.worker.close()
                return
            kept.timer = threading.Timer(self.idle_s, self._end_idle, (key, kept))
            kept.timer.daemon = True
            kept.timer.start()

    def _drop(self, key: str, kept: _Kept) -> None:
        with self._lock:
            if self._kept.get(key) is kept:
                del self._kept[key]

    def _end_idle(self, key: str, kept: _Kept) -> None:
        with self._lock:
            if self._kept.get(key) is not kept or kept.users:
                return
            del self._kept[key]
        kept.worker.close()

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            ended, self._kept = list(self._kept.values()), {}
        for kept in ended:
            if kept.timer:
                kept.timer.cancel()
            kept.worker.close()


keeper = Keeper()
atexit.register(keeper.close)
