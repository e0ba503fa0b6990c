"""The same task behind a Dask scheduler: a real one, two worker processes, one of them killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from classroom import MAX, RIGHT, TOPIC, hand_in, make_course
from support import ROOT

from wirelab.grading.autograde import Run, Settings
from wirelab.grading.errors import CourseError

pytest.importorskip("distributed", reason="install the extra scale: pip install distributed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# Answers that are right without running, on workers that run nothing.
PRELOAD = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from classroom import ToldWorker
from wirelab.grading import records
from wirelab.grading.engine.keeper import keeper
keeper.make = ToldWorker
records.grader_digest = lambda: "the same"
"""


@dataclass
class Cluster:
    address: str
    workers: list[subprocess.Popen]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    preload = tmp_path / "preload.py"
    preload.write_text(PRELOAD, "utf-8")
    python = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    scheduler = subprocess.Popen(
        [*python, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    address = next(
        found[0]
        for line in scheduler.stderr
        if (found := re.search(r"tcp://127\.0\.0\.1:\d+", line))
    )
    drain = threading.Thread(target=lambda: [None for _ in scheduler.stderr], daemon=True)
    drain.start()
    options = ["--nthreads", "2", "--no-nanny", "--no-dashboard", "--preload", str(preload)]
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", address, *options],
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
            env={**os.environ, "TMPDIR": str(tmp_path)},  # one that is killed leaves its files
        )
        for _ in range(2)
    ]
    yield Cluster(address, workers)
    for process in (*workers, scheduler):  # in this order: a worker says good-bye to its scheduler
        end(process)
    drain.join(5)


def end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def test_a_worker_that_is_killed_costs_no_grade(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wirelab.grading import records

    monkeypatch.setattr(records, "grader_digest", lambda: "the same")
    course = make_course(tmp_path / "course", ROOT / "nbgrader_config.py")
    students = [f"s{number:02}" for number in range(16)]
    for number, name in enumerate(students):
        hand_in(course, name, RIGHT if number % 2 else None)
    settings = Settings(sandbox="never", scheduler=cluster.address)
    rows = {}
    for row in Run(course, TOPIC, settings):
        rows[row.student] = row
        if len(rows) == 4:
            os.kill(cluster.workers[0].pid, signal.SIGKILL)
    assert {name: row.score for name, row in rows.items()} == {
        name: MAX * (number % 2) for number, name in enumerate(students)
    }
    assert {row.state for row in rows.values()} == {"graded"}
    assert {row.state for row in Run(course, TOPIC, settings)} == {"unchanged"}


def test_no_scheduler_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wirelab.grading.engine.scale.CONNECT_S", 0.5)
    course = make_course(tmp_path / "course", ROOT / "nbgrader_config.py")
    hand_in(course, "ann", RIGHT)
    with pytest.raises(CourseError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1"):
        list(Run(course, TOPIC, Settings(sandbox="never", scheduler="tcp://127.0.0.1:1")))
