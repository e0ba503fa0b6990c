"""One honest submission, graded 200 times on a busy machine: 200 equal results."""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from classroom import MAX, TOPIC, make_course
from support import ROOT, require

from wirelab.grading.engine.edition import Edition
from wirelab.grading.engine.intake import repair
from wirelab.grading.engine.policies import missing_here
from wirelab.grading.engine.pool import Done, Job, LocalPool, cores
from wirelab.grading.engine.reading import read
from wirelab.grading.engine.task import Policy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TIMES = 200


def burn() -> None:
    while True:
        pass


@pytest.fixture
def busy() -> Iterator[None]:
    """Something else that wants every processor."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=burn, daemon=True) for _ in cores()]
    for process in processes:
        process.start()
    yield
    for process in processes:
        process.kill()
        process.join()


def summary(done: Done) -> str:
    """Everything about a result that must be the same each time."""
    assert done.executed is not None, done.error
    outputs = [cell.get("outputs") for cell in done.executed.notebook.cells]
    marks = [(c.id, c.score, c.status, c.messages) for c in done.executed.cells]
    return json.dumps([marks, outputs, [str(found) for found in done.executed.report]])


def test_it_is_the_same_each_time(busy: None, tmp_path: Path) -> None:
    require(not (missing := missing_here()), f"the sandbox cannot run here: {missing}")
    course = make_course(tmp_path / "course", ROOT / "nbgrader_config.py")
    source = course.source(TOPIC)
    notebook = repair(read(source), Edition.read(source)).notebook  # the solution itself
    pool = LocalPool(source, course.lessons, Policy())
    try:
        jobs = (Job(f"s{number}", notebook) for number in range(TIMES))
        results = [(summary(done), done.executed.score) for done in pool.run(jobs)]
    finally:
        pool.close()
    assert len(results) == TIMES
    assert Counter(score for _, score in results) == {MAX: TIMES}
    assert len({text for text, _ in results}) == 1
