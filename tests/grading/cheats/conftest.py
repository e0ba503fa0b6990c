"""One warm worker for all tricks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from grading.cheats import course
from support import require

from wirelab.grading.engine.task import Policy
from wirelab.grading.engine.worker import Worker
from wirelab.grading.sandbox import probe


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """It grades the lesson of `course`, with sandbox and examiner."""
    require(not probe(), probe())
    policy = Policy(cell_s=4, cpu_s=30, wall_s=60, network="embedded")
    with Worker(course.notebook(course.RIGHT), policy=policy) as made:
        yield made
