"""Grading a class: stock nbgrader, ours, and the limit, on the same submissions: `make bench`.

Every variant is a command of its own, so that its start-up counts. It checks that all of them give
the same marks, and asserts nothing of the speeds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from wirelab.grading.quick import skip_uri_grammar

TOPIC = "12_handshake"
AT_ONCE = 4  # submissions, where the limit is measured
ROOT = Path(__file__).resolve().parent.parent
STOCK = """
c = get_config()
c.CourseDirectory.course_id = "wirelab"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py", "gradebook.db*"]
c.Execute.timeout = 60
c.GenerateAssignment.force = True
"""


@dataclass
class Row:
    """One variant: wall and processor seconds of the whole class, and what its memory came to."""

    what: str
    wall_s: float
    cpu_s: float
    peak_mib: float = 0.0
    marks: dict[str, float] = field(default_factory=dict)


def make_class(root: Path, count: int) -> None:
    """A course of one topic and `count` submissions of every kind, drawn with fixed lots."""
    skip_uri_grammar()
    import nbformat

    from wirelab.authoring.made_up import CLASS, answer
    from wirelab.grading.misconceptions import sources

    for folder in ("source", "release"):
        shutil.copytree(ROOT / folder / TOPIC, root / folder / TOPIC)
    (root / "lessons").symlink_to(ROOT / "lessons")
    planted = sources(ROOT / "lessons" / TOPIC / "misconceptions.py")
    source = nbformat.read(root / "source" / TOPIC / f"{TOPIC}.ipynb", as_version=4)
    for number in range(count):
        learner = CLASS[number % len(CLASS)]
        random.seed(number)
        folder = root / "submitted" / f"{learner.id}-{number:03}" / TOPIC
        shutil.copytree(root / "release" / TOPIC, folder)
        path = folder / f"{TOPIC}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        answer(learner, notebook, source, planted)
        nbformat.write(notebook, path)


def fresh(root: Path, config: str) -> None:
    """The course as before any grading, with this configuration; the gradebook knows the topic."""
    shutil.rmtree(root / "autograded", ignore_errors=True)
    shutil.rmtree(root / ".wirelab", ignore_errors=True)
    (root / "gradebook.db").unlink(missing_ok=True)
    (root / "nbgrader_config.py").write_text(config, "utf-8")
    run(root, "nbgrader", "generate_assignment", TOPIC)


def run(root: Path, *command: str, watch: Watch | None = None) -> tuple[float, str]:
    """Run a command of this environment to its end; the seconds it took, and its last line."""
    bin_ = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            [bin_ / command[0], *command[1:]], cwd=root, env=environment, stdout=said, stderr=said
        )
        if watch:
            watch.follow(process.pid)
        status = process.wait()
        took = time.perf_counter() - start
        said.seek(0)
        text = said.read().decode()
    if status:
        raise RuntimeError(text[-3000:])
    return took, (text.splitlines() or [""])[-1]


class Watch:
    """Looks at the memory of a process and all below it, every other second."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, pid: int) -> None:
        self._thread = threading.Thread(target=self._look, args=(pid,), daemon=True)
        self._thread.start()

    def _look(self, pid: int) -> None:
        import psutil

        top = psutil.Process(pid)
        while not self._over.wait(2):
            total = 0
            try:
                for process in [top, *top.children(recursive=True)]:
                    try:
                        total += _proportional(process.pid)
                    except (OSError, psutil.Error):
                        continue
            except psutil.Error:
                return
            self.peak = max(self.peak, total)

    def end(self) -> float:
        """Stop; the peak in MiB, memory that several share counted once."""
        self._over.set()
        if self._thread:
            self._thread.join()
        return self.peak / (1 << 20)


def _proportional(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def marks(root: Path) -> dict[str, float]:
    """What the gradebook has, by student."""
    skip_uri_grammar()
    from nbgrader.api import Gradebook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
            return {s.student_id: s.score for s in gradebook.assignment_submissions(TOPIC)}


def measure(root: Path, what: str, config: str, *command: str) -> Row:
    """Grade the whole class once by a command."""
    fresh(root, config)
    watch = Watch()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, last = run(root, *command, watch=watch)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = watch.end()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if last.startswith("{"):  # what ran in sandboxes is counted there, and nowhere else
        cpu = max(cpu, sum(row["cpu_s"] for row in json.loads(last)["submissions"]))
    return Row(what, wall, cpu, peak, marks(root))


# --- the limit ------------------------------------------------------------------------------------


def limit(root: Path) -> tuple[Row, Row]:
    """The processor time of all cells, and of the tests alone, in forks of one warm process."""
    command = [sys.executable, __file__, "--limit", str(root)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if said.returncode:
        raise RuntimeError(said.stderr[-3000:])
    found = json.loads(said.stdout.splitlines()[-1])
    scores = {name: one["score"] for name, one in found.items()}
    tests = sum(one["tests_s"] for one in found.values())
    every = sum(one["all_s"] for one in found.values())
    return Row("all cells, warm process", every, every, 0, scores), Row(
        "tests alone, warm process", tests, tests, 0, scores
    )


def limit_here(root: Path) -> dict[str, Any]:
    """Run each submission in a fork of this process; seconds of the processor, and the score."""
    from wirelab.grading.apart import all_apart
    from wirelab.grading.diagnose import candidates
    from wirelab.grading.engine.edition import Edition
    from wirelab.grading.engine.intake import take_in
    from wirelab.grading.engine.worker import PRELOADED
    from wirelab.grading.shell import new_shell

    os.environ["WIRELAB_LESSONS"] = str(ROOT / "lessons")
    for name in PRELOADED:
        __import__(name)
    shell = new_shell()
    candidates(TOPIC)
    edition = Edition.read(root / "source" / TOPIC / f"{TOPIC}.ipynb")
    folders = sorted((root / "submitted").iterdir())
    found = []
    for at in range(0, len(folders), AT_ONCE):  # notebooks wait most of the time
        some = [take_in(f / TOPIC / f"{TOPIC}.ipynb", edition) for f in folders[at : at + AT_ONCE]]
        found += all_apart([lambda n=taken.notebook: _timed(shell, n) for taken in some], 600)
    return {folder.name: one for folder, one in zip(folders, found, strict=True)}


def _timed(shell: Any, notebook: Any) -> dict[str, float]:
    from wirelab.grading.results import mark

    tests = score = 0.0
    first = _cpu()
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        start = _cpu()
        outputs = shell.run(cell.source)
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade"):
            tests += _cpu() - start
            score += mark(about["grade_id"], float(about["points"]), outputs).score or 0
    return {"all_s": _cpu() - first, "tests_s": tests, "score": score}


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


# --- what is printed ------------------------------------------------------------------------------


def rows(root: Path, stock: bool, told: Callable[[str], None]) -> list[Row]:
    """All variants, in turn."""
    ours = (ROOT / "nbgrader_config.py").read_text("utf-8")
    alone = ours + "\nc.ExecuteInWorker.examiner = False\n"
    grade = ("wirelab", "autograde", TOPIC, "--json")
    cores = str(len(os.sched_getaffinity(0)))
    plan = [
        ("sandbox and examiner, 1 worker", ours, (*grade, "--workers", "1")),
        (f"sandbox and examiner, {cores} workers", ours, (*grade, "--workers", cores)),
        ("sandbox alone, 1 worker", alone, (*grade, "--workers", "1")),
        (f"sandbox alone, {cores} workers", alone, (*grade, "--workers", cores)),
    ]
    if stock:
        plan.insert(0, ("stock nbgrader", STOCK, ("nbgrader", "autograde", TOPIC)))
    found = []
    for what, config, command in plan:
        told(what)
        found.append(measure(root, what, config, *command))
    told("the limit")
    return [*found, *limit(root)]


def show(found: list[Row], count: int) -> None:
    """The table, with ratios to stock nbgrader.

    The columns "over" are the processor seconds that a submission costs over what its cells cost
    in one warm process, and over what the tests alone cost there.
    """
    stock = next((row.wall_s for row in found if row.what == "stock nbgrader"), 0.0)
    every, tests = (row.cpu_s for row in found[-2:])
    table = Table(
        title=f"{count} submissions of {TOPIC}, {len(os.sched_getaffinity(0))} processors",
        title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for column in (
        "what",
        "wall s",
        "s each",
        "cpu s",
        "to stock",
        "over cells",
        "over tests",
        "MiB",
    ):
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in found:
        table.add_row(
            row.what,
            f"{row.wall_s:.1f}",
            f"{row.wall_s / count:.3f}",
            f"{row.cpu_s:.1f}",
            f"{stock / row.wall_s:.1f}x" if stock else "",
            f"{(row.cpu_s - every) / count:.3f}",
            f"{(row.cpu_s - tests) / count:.3f}",
            f"{row.peak_mib:.0f}" if row.peak_mib else "",
        )
    Console(width=110).print(table)


def main() -> None:
    """Measure, and print a table or, with --json, one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--no-stock", action="store_true", help="leave stock nbgrader out")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--limit", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.limit:
        print(json.dumps(limit_here(options.limit)))
        return
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="wirelab-bench-") as name:
        root = Path(name).resolve()
        progress.print(f"making {options.submissions} submissions")
        make_class(root, options.submissions)
        found = rows(root, not options.no_stock, progress.print)
    first = found[0].marks
    for row in found[1:]:
        if different := sorted(n for n in first if row.marks.get(n) != first[n]):
            what = ", ".join(f"{n}: {row.marks.get(n)} for {first[n]}" for n in different[:5])
            progress.print(f"[bold]other marks[/] in {row.what}: {what}")
    if options.json:
        print(json.dumps({"rows": [asdict(row) for row in found]}))
        return
    show(found, options.submissions)


if __name__ == "__main__":
    main()
