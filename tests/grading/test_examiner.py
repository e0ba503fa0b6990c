"""Tests run in the examiner's process on answers in the learner's: what crosses, and what it costs.

The kinds of values are in `test_examiner_values`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from grading.engine_lessons import cell, notebook

from wirelab.grading.engine.task import PASSED, STOPPED, Executed, Policy
from wirelab.grading.engine.worker import Worker
from wirelab.grading.errors import CourseError

POLICY = Policy(sandbox=False, cell_s=3, network="embedded")

RIGHT = {
    "double": "def double(n):\n    return 2 * n",
    "count": "calls = []\ndef count():\n    calls.append(1)\n    return len(calls)",
    "hold": "def hold():\n    return 'held'",
}
TESTS = {
    "double-test-a": "check(double, 4, expected=8)",
    "double-test-b": "check.each(double, [1, 2, 3], expected=[2, 4, 6])",
    "count-test-a": "check(count, expected=1)",
    "count-test-b": "check(count, expected=1)",
    "hold-test": "check(hold, expected='held', within_s=1)",
}


def lesson(free: str = "", **answers: str) -> dict[str, Any]:
    """The small lesson with these answers, the right ones where none is given."""
    cells = [cell(f"{n}-answer", s, "answer") for n, s in {**RIGHT, **answers}.items()]
    cells += [cell("free", free)] if free else []
    return notebook(*cells, *(cell(name, source, "test") for name, source in TESTS.items()))


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(lesson(), policy=POLICY) as made:
        yield made


def scores(executed: Executed) -> dict[str, float]:
    return {result.id: result.score for result in executed.cells}


def said(executed: Executed, test: str) -> str:
    return "\n".join(next(each for each in executed.cells if each.id == test).messages)


def test_right_answers_have_full_marks_and_no_finding(worker: Worker) -> None:
    executed = worker.grade(lesson())
    assert (executed.score, executed.max_score) == (5, 5)
    assert all(each.status == PASSED for each in executed.cells)
    assert executed.report == ()


def test_a_wrong_answer_loses_its_own_tests_only_and_reads_as_in_the_notebook(
    worker: Worker,
) -> None:
    executed = worker.grade(lesson(double="def double(n):\n    return 1 / (n - 2)"))
    assert [name for name, score in scores(executed).items() if not score] == [
        "double-test-a",
        "double-test-b",
    ]
    assert said(executed, "double-test-b").splitlines()[:4] == [
        "double(1)",
        "  expected  2",
        "  yours     -1.0   (float, not int)",
        "3 of 3 cases differ; this is the first.",
    ]


def test_an_exception_says_where_in_the_learners_code(worker: Worker) -> None:
    executed = worker.grade(lesson(double="def double(n):\n    return {}[n]"))
    assert "raised KeyError: 4" in said(executed, "double-test-a")
    assert "in double, line 2:  return {}[n]" in said(executed, "double-test-a")


def test_a_call_that_does_not_fit_is_shown_where_the_test_makes_it(worker: Worker) -> None:
    executed = worker.grade(lesson(double="def double():\n    return 1"))
    assert "raised TypeError: double() takes 0 positional arguments" in " ".join(
        said(executed, "double-test-a").split()
    )


def test_a_stub_is_not_written_yet(worker: Worker) -> None:
    executed = worker.grade(lesson(double="def double(n):\n    raise NotImplementedError"))
    assert said(executed, "double-test-a").startswith("Not written yet: double.")


def test_a_name_that_is_missing_is_missing(worker: Worker) -> None:
    executed = worker.grade(lesson(double="doble = 1"))
    assert "NameError" in said(executed, "double-test-a")


def test_every_test_begins_in_the_state_the_notebook_left(worker: Worker) -> None:
    executed = worker.grade(lesson())
    assert scores(executed)["count-test-a"] == scores(executed)["count-test-b"] == 1


def test_free_cells_change_what_is_tested(worker: Worker) -> None:
    executed = worker.grade(lesson(free="def double(n):\n    return 0"))
    assert scores(executed)["double-test-a"] == 0


@pytest.mark.parametrize(
    ("body", "expects"),
    [
        ("while True: pass", "no answer within 1 s"),
        ("__import__('os')._exit(0)", "ended the process"),
        ("__import__('ctypes').string_at(0)", "ended the process"),
        ("raise SystemExit", "raised SystemExit"),
    ],
)
def test_a_hang_or_an_end_costs_that_test_only(worker: Worker, body: str, expects: str) -> None:
    executed = worker.grade(lesson(hold=f"def hold():\n    {body}"))
    assert [name for name, score in scores(executed).items() if not score] == ["hold-test"]
    assert expects in said(executed, "hold-test")


def test_a_hang_in_a_cell_is_interrupted_and_the_rest_runs(worker: Worker) -> None:
    executed = worker.grade(lesson(free="while True:\n    pass"))
    assert executed.score == 5
    assert [finding.kind for finding in executed.report] == ["limit"]
    free = next(each for each in executed.notebook.cells if each.id == "free")
    assert "stopped after 3 s" in free.outputs[-1].evalue


def test_a_cell_that_ends_the_process_is_left_out(worker: Worker) -> None:
    executed = worker.grade(lesson(free="import os\nos._exit(3)"))
    assert executed.score == 5
    assert [(f.kind, f.cell) for f in executed.report] == [("ended", "free")]


def test_a_cell_that_cannot_be_interrupted_is_left_out(worker: Worker) -> None:
    stubborn = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    executed = worker.grade(lesson(free=stubborn))
    assert executed.score == 5


def test_threads_that_a_cell_leaves_go_on_and_do_no_harm(worker: Worker) -> None:
    free = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    executed = worker.grade(lesson(free=free))
    assert scores(executed)["double-test-b"] == 1


def test_objects_may_come_only_where_the_reference_gives_objects(worker: Worker) -> None:
    executed = worker.grade(lesson(double="def double(n):\n    return object()"))
    assert executed.cells[0].status == STOPPED
    assert "must give plain values" in said(executed, "double-test-a")
    assert {finding.kind for finding in executed.report} == {"breach"}


def test_outputs_are_those_of_a_notebook(worker: Worker) -> None:
    executed = worker.grade(lesson(free="import sys\nprint('out')\nprint('e', file=sys.stderr)\n7"))
    free = next(each for each in executed.notebook.cells if each.id == "free")
    shown = [(each.output_type, each.get("text"), each.get("data")) for each in free.outputs]
    assert shown == [
        ("stream", "out\n", None),
        ("stream", "e\n", None),
        ("execute_result", None, {"text/plain": "7"}),
    ]
    assert free.execution_count == 5


def test_what_programs_print_is_shown_and_nobody_is_asked(worker: Worker) -> None:
    executed = worker.grade(lesson(free="import os\nos.system('echo from outside')\ninput('?')"))
    free = next(each for each in executed.notebook.cells if each.id == "free")
    assert any("from outside" in each.get("text", "") for each in free.outputs)
    assert any(each.get("ename") == "StdinNotImplementedError" for each in free.outputs)


def test_a_warning_costs_nothing(worker: Worker) -> None:
    loud = "import sys\ndef double(n):\n    print('careful', file=sys.stderr)\n    return 2 * n"
    assert worker.grade(lesson(double=loud)).score == 5


def test_files_that_were_handed_in_lie_beside_the_notebook() -> None:
    source = notebook(
        cell("read-answer", "def read():\n    return open('data/x.txt').read()", "answer"),
        cell("read-test", "check(read, expected='hello')", "test", tags=["beside"]),
    )
    with Worker(source, policy=POLICY) as worker:
        assert worker.grade(source, {"data/x.txt": b"hello", "../y": b""}).score == 1


def test_a_test_that_must_run_beside_says_so_when_the_worker_starts() -> None:
    source = notebook(
        cell("base-answer", "class Base:\n    def go(self): return self.step()", "answer"),
        cell("base-test", "class S(Base):\n    def step(self): return 1\nassert S().go()", "test"),
    )
    with pytest.raises(CourseError, match=r"base-test .*must run beside"):
        Worker(source, policy=POLICY)


def test_a_given_cell_that_fails_is_named() -> None:
    with pytest.raises(CourseError, match="setup fails in the instructor edition"):
        Worker(notebook(setup="1 / 0"), policy=POLICY)


def test_results_travel_as_json(worker: Worker) -> None:
    executed = worker.grade(lesson())
    again = Executed.from_json(executed.to_json())
    assert again.cells == executed.cells
    assert again.notebook == executed.notebook
