"""A warm worker: a process that has imported everything once and forks for each submission.

This is the handle to it; what happens in the processes is for `warm`, `examiner` and `sandbox`.
It knows no gradebook and no student.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wirelab.grading.engine.task import Executed, Policy
from wirelab.grading.errors import CourseError


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
        raise NotImplementedError

    def grade(self, submission: Any, files: Mapping[str, bytes] | None = None) -> Executed:
        """Run one submission: a notebook whose graded and given cells are those of the source.

        `files` are what else was handed in, by relative path: copied beside the notebook. Answer
        cells and cells without a role are the learner's, test and given cells should be the
        source's: a test cell is run as the source has it in any case. Never raises for what the
        submission does; raises `WorkerDied` if the warm process itself was killed.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End the warm process and everything it started."""
        raise NotImplementedError

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
