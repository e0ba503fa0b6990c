"""No trick gains a point; honest work beside it loses none; nothing is left behind."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from grading.cheats import adaptive, course, tampering, tricks

from wirelab.grading.engine.task import Executed, Policy
from wirelab.grading.engine.worker import Worker

assert adaptive and tampering  # noqa: PT018  (they add their tricks)
HONEST = course.notebook(course.RIGHT)


def test_there_are_enough() -> None:
    names = [each.name for each in tricks.TRICKS]
    assert len(names) == len(set(names)) >= 60


def test_honest_work_has_full_marks(worker: Worker) -> None:
    executed = worker.grade(HONEST)
    assert [cell.score for cell in executed.cells] == [1.0] * len(course.TESTS)
    assert executed.report == ()


def test_wrong_work_has_none(worker: Worker) -> None:
    assert worker.grade(course.notebook(course.WRONG)).score == 0


@pytest.fixture(scope="module")
def graded(worker: Worker) -> Iterator[dict[str, Future[Executed]]]:
    """Every trick, several at a time: they wait much of their time."""
    with ThreadPoolExecutor(6) as pool:
        yield {
            each.name: pool.submit(
                worker.grade, course.notebook(each.all_answers, each.before, each.between)
            )
            for each in tricks.TRICKS
        }


@pytest.mark.parametrize("name", [each.name for each in tricks.TRICKS])
def test_no_trick_gains_a_point(graded: dict[str, Future[Executed]], name: str) -> None:
    executed = graded[name].result()
    assert executed.score == 0, [cell for cell in executed.cells if cell.score]
    assert len(executed.cells) == len(course.TESTS)
    for cell in executed.cells:
        assert cell.messages, "a learner must be told why"


def test_the_next_learner_is_not_touched(worker: Worker) -> None:
    assert worker.grade(HONEST).score == len(course.TESTS)


def test_what_was_replaced_is_put_back_for_a_test_beside_it_and_told(worker: Worker) -> None:
    replaced = course.notebook(course.RIGHT, "import sys\nsys.getallocatedblocks = lambda: 0")
    executed = worker.grade(replaced)
    assert executed.score == len(course.TESTS)
    told = {(finding.kind, finding.cell) for finding in executed.report}
    assert told == {("altered", "kept-test"), ("altered", "lean-test")}
    assert "sys.getallocatedblocks" in executed.report[0].evidence


# --- the notebook itself -------------------------------------------------------------------------


def changed(**how: Any) -> dict[str, Any]:
    """The wrong answers, every test cell changed."""
    notebook = copy.deepcopy(course.notebook(course.WRONG))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell.update(copy.deepcopy(how))
    return notebook


def test_tests_that_are_emptied_run_all_the_same(worker: Worker) -> None:
    assert worker.grade(changed(source="pass")).score == 0


def test_outputs_that_are_there_already_do_not_count(worker: Worker) -> None:
    output = {"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {}}
    assert worker.grade(changed(outputs=[{**output, "execution_count": 1}])).score == 0


def test_tests_that_are_text_count_nothing(worker: Worker) -> None:
    assert worker.grade(changed(cell_type="markdown")).score == 0


@pytest.mark.parametrize("tag", ["skip-execution", "raises-exception", "beside", "remove-cell"])
def test_tags_of_the_submission_do_not_count(worker: Worker, tag: str) -> None:
    notebook = course.notebook(course.WRONG)
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = [tag]
    assert worker.grade(notebook).score == 0


def test_points_of_the_submission_do_not_count(worker: Worker) -> None:
    notebook = course.notebook({**course.WRONG, "total": course.RIGHT["total"]})
    for cell in notebook["cells"]:
        if "points" in cell["metadata"].get("nbgrader", {}):
            cell["metadata"]["nbgrader"]["points"] = 1000
    executed = worker.grade(notebook)
    assert (executed.score, executed.max_score) == (1, len(course.TESTS))


def test_deleted_and_doubled_tests_count_once_at_most(worker: Worker) -> None:
    notebook = course.notebook(course.RIGHT)
    tests = [each for each in notebook["cells"] if each["id"].endswith("-test")]
    notebook["cells"] = [each for each in notebook["cells"] if each not in tests[1:]]
    notebook["cells"] += [copy.deepcopy(tests[0])] * 3
    executed = worker.grade(notebook)
    assert executed.score == 1
    assert {finding.kind for finding in executed.report} == {"tampering"}


def test_some_tricks_would_work_without_an_examiner() -> None:
    """Or the tricks would prove nothing."""
    tried = {
        "replaces checks.Checks._judge_many",
        "replaces cases.CallCase.accepts",
        "a check of its own",
        "drops asserts and checks from the tree",
        "blanks cells before they run",
        "empties the outputs",
        "frames and the heap",
    }
    policy = Policy(examiner=False, cell_s=4, cpu_s=30, wall_s=60, network="embedded")
    with Worker(course.notebook(course.RIGHT), policy=policy) as without:
        gained = {
            each.name
            for each in tricks.TRICKS
            if each.name in tried
            and without.grade(course.notebook(each.all_answers, each.before, each.between)).score
        }
    assert gained == tried
