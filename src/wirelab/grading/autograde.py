"""Grade a whole class: take in, run in a pool, save by one writer; what has not changed is skipped.

`wirelab autograde`. It puts the engine and nbgrader's gradebook together, and knows neither how a
notebook is run nor how a result is shown.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wirelab.grading import records
from wirelab.grading.course import Course
from wirelab.grading.engine import extras
from wirelab.grading.engine.edition import Edition, digest
from wirelab.grading.engine.intake import Intake, take_in
from wirelab.grading.engine.pool import Done, Job, LocalPool, Pool
from wirelab.grading.engine.task import STOPPED, Executed, Finding, Policy
from wirelab.grading.errors import CourseError

GRADED, UNCHANGED, UNREADABLE, FAILED = "graded", "unchanged", "unreadable", "failed"


@dataclass(frozen=True)
class Row:
    """What became of one submission.

    `state`: graded, unchanged since it last was, unreadable (it got 0), or failed: then it has no
    mark of this run, and `error` says why. `stopped` counts tests that had no answer to judge.
    """

    student: str
    state: str
    score: float = 0.0
    max_score: float = 0.0
    late_s: float = 0.0
    penalty: float = 0.0
    stopped: int = 0
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    cpu_s: float = 0.0
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Settings:
    """How a class is graded; `students`: only these; `sandbox`: instead of what the course says."""

    students: Collection[str] = ()
    workers: int | None = None
    scheduler: str = ""
    force: bool = False
    sandbox: str | None = None


@dataclass
class Run:
    """The grading of one topic: iterate for the rows, as they come."""

    course: Course
    topic: str
    settings: Settings = field(default_factory=Settings)
    make_pool: Callable[..., Pool] | None = None
    total: int = 0
    workers: int = 0

    def __iter__(self) -> Iterator[Row]:
        with _alone(self.course.state), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SQLAlchemy's, about nbgrader's use of it
            yield from self._rows()

    def _rows(self) -> Iterator[Row]:
        from wirelab.grading.plugins.book import Book

        book = Book(self.course.root, self.topic)
        policy = book.policy(self.settings.sandbox, here=not self.settings.scheduler)
        submissions = self._chosen(book.submissions())
        self.total = len(submissions)
        desk = _Desk(self.course, self.topic, book, book.edition(), policy, self.settings.force)
        pool = self._pool(book.source, policy)
        try:
            changed = {}
            for student, folder in submissions.items():
                if row := desk.unchanged(student, folder):
                    yield row
                else:
                    changed[student] = folder
            for done in pool.run(desk.jobs(changed)):
                yield from desk.take(done)
                yield from desk.at_once()
            yield from desk.at_once()
        finally:
            pool.close()
            book.close()

    def _chosen(self, submissions: dict[str, Path]) -> dict[str, Path]:
        names = self.settings.students
        if missing := sorted(set(names) - submissions.keys()):
            raise CourseError(f"nothing was handed in by {', '.join(missing)} for {self.topic}")
        return {name: path for name, path in submissions.items() if not names or name in names}

    def _pool(self, source: Path, policy: Policy) -> Pool:
        lessons = self.course.lessons if self.course.lessons.is_dir() else None
        make = self.make_pool
        if make is None and self.settings.scheduler:
            from wirelab.grading.engine.scale import DaskPool

            pool: Pool = DaskPool(self.settings.scheduler, source, lessons, policy)
        else:
            pool = (make or LocalPool)(source, lessons, policy, self.settings.workers)
        self.workers = getattr(pool, "size", 0)
        return pool


class _Desk:
    """Where submissions come in and results are written down: by this one process alone."""

    def __init__(
        self, course: Course, topic: str, book: Any, edition: Edition, policy: Policy, force: bool
    ):
        self.book, self.edition, self.force = book, edition, force
        self.records = course.state / "graded" / topic
        self.records.mkdir(parents=True, exist_ok=True)
        self.known, self.deadline = book.known(), book.deadline()
        lesson = records.lesson_digest(course, topic)
        self.grader = digest(edition.digest, records.grader_digest(), lesson, repr(policy))
        self.intakes: dict[str, tuple[Intake, str, float]] = {}
        self.unreadable: list[str] = []
        self._seen: dict[str, str] = {}

    # --- in ---------------------------------------------------------------------------------------

    def key(self, student: str, folder: Path) -> str:
        """A digest of everything that the marks of a submission depend on."""
        extension = self.known[student].extension if student in self.known else ""
        return digest(self.grader, self.deadline, extension, records.submission_digest(folder))

    def unchanged(self, student: str, folder: Path) -> Row | None:
        """What the last run came to, if it would come to the same now."""
        if self.force or student not in self.known:
            return None
        record = records.read_record(self.records / records.file_name(student))
        self._seen[student] = key = self.key(student, folder)
        if record.get("key") != key or not self.book.destination(student).is_file():
            return None
        row, now = _row_of(record["row"]), self.known[student]
        return replace(  # marks that a person has given since count as well
            row, state=UNCHANGED, seconds=0.0, score=now.score, max_score=now.max_score
        )

    def jobs(self, submissions: dict[str, Path]) -> Iterator[Job]:
        """Each submission that can be run, made fit for it; the others wait in `unreadable`."""
        for student, folder in submissions.items():
            start = time.monotonic()
            key = self._seen.get(student) or self.key(student, folder)
            path = folder / f"{self.book.topic}.ipynb"
            intake = take_in(path, self.edition, below=folder.parents[1])
            files, found = ({}, []) if intake.unreadable else extras.collect(folder)
            intake = Intake(intake.notebook, (*intake.findings, *found), intake.unreadable)
            self.intakes[student] = intake, key, start
            if intake.unreadable:
                self.unreadable.append(student)
            else:
                yield Job(student, intake.notebook, files)

    # --- out --------------------------------------------------------------------------------------

    def take(self, done: Done) -> Iterator[Row]:
        """Save what came out of the pool."""
        student, files = done.job.student, done.job.files
        intake, key, start = self.intakes.pop(student)
        yield self._save(student, intake, key, start, done.executed, done.error, files)

    def at_once(self) -> Iterator[Row]:
        """Save what needs no running."""
        from wirelab.grading.plugins.execute import not_run

        while self.unreadable:
            student = self.unreadable.pop()
            intake, key, start = self.intakes.pop(student)
            yield self._save(
                student, intake, key, start, not_run(intake.notebook, intake.unreadable), ""
            )

    def _save(
        self,
        student: str,
        intake: Intake,
        key: str,
        start: float,
        executed: Executed | None,
        error: str,
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> Row:
        from wirelab.grading.plugins.exporter import marked

        if executed is None:
            return Row(student, FAILED, findings=intake.findings, error=error)
        try:
            saved = self.book.write(student, marked(intake, self.edition), executed, files)
        except Exception as problem:  # theirs alone: the others' marks are saved all the same
            said = f"{type(problem).__name__}: {str(problem)[:500]}"
            return Row(student, FAILED, findings=intake.findings, error=said)
        row = Row(
            student,
            UNREADABLE if intake.unreadable else GRADED,
            **asdict(saved),
            stopped=sum(cell.status == STOPPED for cell in executed.cells),
            findings=(*intake.findings, *executed.report),
            seconds=round(time.monotonic() - start, 3),
            cpu_s=round(executed.cpu_s, 3),
        )
        record = {"key": key, "row": row.to_json()}
        records.write_record(self.records / records.file_name(student), record)
        return row


def _row_of(value: dict[str, Any]) -> Row:
    return Row(**{**value, "findings": tuple(Finding(**each) for each in value["findings"])})


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Keep a second run of this course out: one writer owns the gradebook."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "autograde.lock").open("w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except OSError:
            raise CourseError("another `wirelab autograde` is at work in this course") from None
        yield
