"""A class in which most mean harm: the honest get their marks, and the machine is as it was.

One run of `wirelab autograde` over all of them, in a process of its own, with tight limits.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from classroom import MAX, TOPIC, hand_in, make_course
from nbgrader.api import Gradebook
from submissions import ANSWERS, BESIDE, CODE, FILES
from support import ROOT, require

from wirelab.grading.course import Course
from wirelab.grading.engine.policies import missing_here

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
]

DEADLINE_S = 400
LIMITS = """
c.Execute.timeout = 3
c.ExecuteInWorker.cpu_s = 30
c.ExecuteInWorker.wall_s = 40
c.ExecuteInWorker.memory_mib = 512
c.ExecuteInWorker.processes = 64
c.ExecuteInWorker.disk_mib = 16
"""
HONEST = ("anna", "loopback-fan", "os-student", "zoe")  # among the others, in every order
BLANK = "honest-but-empty"


@dataclass(frozen=True)
class Outcome:
    """What the run said, and what the machine was like before and after."""

    course: Course
    mark: str
    status: int
    rows: dict[str, dict[str, Any]]
    seconds: float
    before: dict[str, Any]
    after: dict[str, Any]


def solutions(course: Course) -> dict[str, str]:
    """The answers of the instructor edition."""
    cells = json.loads(course.source(TOPIC).read_text("utf-8"))["cells"]
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
        for cell in cells
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }


def add_cell(path: Path, code: str) -> None:
    """Put a cell of the learner's own behind the set-up."""
    notebook = json.loads(path.read_text("utf-8"))
    at = next(i for i, cell in enumerate(notebook["cells"]) if cell["id"] == "encode-brief")
    cell = {"id": "mine", "cell_type": "code", "metadata": {}, "source": code, "outputs": []}
    notebook["cells"].insert(at, cell | {"execution_count": None})
    path.write_text(json.dumps(notebook), "utf-8")


def machine(course: Course, mark: str) -> dict[str, Any]:
    """What hostile code could have changed."""
    return {
        "processes": sorted(_marked(mark)),
        "files": sorted(
            str(path)
            for folder in ("/tmp", "/var/tmp", "/dev/shm")
            for path in Path(folder).glob(f"*{mark}*")
        ),
        "sockets": Path("/proc/net/unix").read_text("utf-8").count(mark),
        "mounts": sum("wirelab" in line for line in Path("/proc/self/mounts").open()),
        "source": course.source(TOPIC).read_bytes(),
        "handed in": sorted(
            (str(path), path.lstat().st_mode) for path in (course.root / "submitted").rglob("*")
        ),
    }


def _marked(mark: str) -> Iterator[str]:
    """The processes that have the mark in their environment or their command."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark.encode() in text and state != "Z" and int(folder.name) != os.getpid():
            yield folder.name


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    missing = missing_here()
    require(not missing, f"the sandbox cannot run here: {missing}")
    course = make_course(tmp_path_factory.mktemp("hostile") / "course", ROOT / "nbgrader_config.py")
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8") + LIMITS, "utf-8")
    mark = f"wl{uuid.uuid4().hex[:12]}"
    right = solutions(course)
    for name in HONEST:
        hand_in(course, name, right)
    hand_in(course, BLANK)
    for name, code in CODE.items():
        add_cell(hand_in(course, name), textwrap.dedent(code).replace("$MARK", mark))
    for name, code in ANSWERS.items():
        hand_in(course, name, {**right, "encode-answer": textwrap.dedent(code)})
    for name, spoil in {**FILES, **BESIDE}.items():
        spoil(hand_in(course, name, right))

    before = machine(course, mark)
    start = time.monotonic()
    run = subprocess.run(
        [Path(sys.executable).parent / "wirelab", "autograde", TOPIC, "--json"],
        cwd=course.root,
        env={**os.environ, "HOSTILE_RUN": mark, "WIRELAB_LESSONS": str(course.lessons)},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    seconds = time.monotonic() - start
    assert run.stdout, run.stderr[-3000:]
    told = json.loads(run.stdout.splitlines()[-1])
    rows = {row["student"]: row for row in told["submissions"]}
    after = machine(course, mark)
    return Outcome(course, mark, run.returncode, rows, seconds, before, after)


def test_there_are_enough_of_them() -> None:
    assert len(CODE) + len(ANSWERS) + len(FILES) + len(BESIDE) >= 25


def test_the_honest_get_all_their_marks(outcome: Outcome) -> None:
    got = {name: (outcome.rows[name]["state"], outcome.rows[name]["score"]) for name in HONEST}
    assert got == dict.fromkeys(HONEST, ("graded", MAX))
    assert outcome.rows[BLANK]["score"] == 0
    assert not [name for name in (*HONEST, BLANK) if outcome.rows[name]["findings"]]


def test_who_only_put_odd_files_beside_a_right_notebook_gets_all_marks_too(
    outcome: Outcome,
) -> None:
    assert {name: outcome.rows[name]["score"] for name in BESIDE} == dict.fromkeys(BESIDE, MAX)
    assert outcome.rows["files-beside"]["findings"]


def test_everybody_has_a_row_and_a_mark(outcome: Outcome) -> None:
    everybody = {*HONEST, BLANK, *CODE, *ANSWERS, *FILES, *BESIDE}
    assert outcome.rows.keys() == everybody
    assert [n for n, row in outcome.rows.items() if row["state"] == "failed"] == []
    with Gradebook(f"sqlite:///{outcome.course.root / 'gradebook.db'}") as gradebook:
        saved = {s.student_id: s.score for s in gradebook.assignment_submissions(TOPIC)}
    assert saved == {name: row["score"] for name, row in outcome.rows.items()}


def test_harm_earns_nothing(outcome: Outcome) -> None:
    assert {name: outcome.rows[name]["score"] for name in CODE} == dict.fromkeys(CODE, 0)
    # the second exercise is right, the first is the one that does it
    scores = {name: outcome.rows[name]["score"] for name in ANSWERS}
    assert scores == dict.fromkeys(ANSWERS, 3)


def test_what_could_not_be_read_is_said_to_the_instructor(outcome: Outcome) -> None:
    for name in FILES:
        row = outcome.rows[name]
        assert (name, row["state"], row["score"]) == (name, "unreadable", 0)
        assert [finding["kind"] for finding in row["findings"]] == ["unreadable"]
    assert outcome.status == 1


def test_nothing_is_left_behind(outcome: Outcome) -> None:
    assert outcome.after == outcome.before


def test_no_graded_notebook_is_large(outcome: Outcome) -> None:
    sizes = {
        path.parts[-3]: path.stat().st_size
        for path in (outcome.course.root / "autograded").rglob("*.ipynb")
    }
    assert max(sizes.values()) < 6_000_000, sizes
