"""A made-up class of twelve goes through the whole nbgrader pipeline, and its marks are shown.

Every step is nbgrader's own: release, fetch, submit, collect, autograde, feedback, export. The
course it works in is a copy below `.wirelab/`, with an exchange and a gradebook of its own.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from wirelab.authoring.made_up import CLASS, Learner, answer
from wirelab.grading.course import Course
from wirelab.grading.engine.policies import IF_POSSIBLE, VARIABLE
from wirelab.grading.errors import CourseError
from wirelab.grading.misconceptions import sources
from wirelab.grading.quick import skip_uri_grammar
from wirelab.grading.results import CellResult, Graded

HAND_OUT = dt.datetime(2026, 10, 5, 9, 0, tzinfo=dt.UTC)
DEADLINE = HAND_OUT + dt.timedelta(days=14)


@dataclass
class Marks:
    """What came of one submission; `late_s` and `penalty` as the gradebook has them."""

    learner: Learner
    graded: Graded
    late_s: float
    penalty: float
    feedback: Path


@dataclass
class Outcome:
    """What the demonstration left behind."""

    folder: Path
    marks: list[Marks] = field(default_factory=list)

    @property
    def grades(self) -> Path:
        """The marks as nbgrader exports them."""
        return self.folder / "grades.csv"


class Step(NamedTuple):
    """So much of one stage is done: `number` of `total`."""

    what: str
    number: int
    total: int
    outcome: Outcome


def demo(
    course: Course, topic_id: str, jobs: int = 2, learners: tuple[Learner, ...] = CLASS
) -> Iterator[Step]:
    """Go through the pipeline; yield each step when it is done.

    The last step's `outcome` holds all marks. `jobs` processes grade at a time.
    Raises `CourseError` where nbgrader refuses, or where it has no exchange (Windows).
    """
    if sys.platform == "win32":
        raise CourseError(
            "nbgrader's exchange needs Linux or macOS, so the demonstration does too. "
            "On Windows, run it in WSL."
        )
    if not course.source(topic_id).is_file():
        raise CourseError(f"{topic_id} is not built yet: run `wirelab build {topic_id}`")
    folder = course.state / "demo"
    copy(course, topic_id, folder)
    outcome = Outcome(folder)
    total = len(learners)
    with tools_on_path(), lessons_of(course):
        api = nbgrader(folder)
        done(api.generate_assignment(topic_id))
        done(api.release_assignment(topic_id))
        enrol(api, topic_id, learners)
        yield Step("Releasing", 1, 1, outcome)
        planted = sources(course.lessons / topic_id / "misconceptions.py")
        for number, learner in enumerate(learners, start=1):
            hand_in(folder, topic_id, learner, planted)
            yield Step("Handing in", number, total, outcome)
        done(api.collect(topic_id))
        yield Step("Collecting", 1, 1, outcome)
        context, log = get_context("spawn"), folder / "grading.log"
        with ProcessPoolExecutor(jobs, context, start_worker, (log,)) as pool:
            waiting = [pool.submit(grade, folder, topic_id, one.id) for one in learners]
            for number, finished in enumerate(as_completed(waiting), start=1):
                finished.result()
                yield Step("Grading", number, total, outcome)
        done(api.release_feedback(topic_id))
        export(api, outcome.grades)
        outcome.marks = [marks_of(api, topic_id, learner, folder) for learner in learners]
        yield Step("Exporting", 1, 1, outcome)


def copy(course: Course, topic_id: str, folder: Path) -> None:
    """Make `folder` a course with one topic and an empty exchange."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(course.source(topic_id).parent, folder / "source" / topic_id)
    shutil.copy(course.root / "nbgrader_config.py", folder)
    exchange = folder / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)  # nbgrader wants one that every student may write


# --- nbgrader, in this process -------------------------------------------------------------------


def configuration(folder: Path) -> Any:
    """The course's configuration, with the exchange and the student's cache in `folder`."""
    skip_uri_grammar()
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    config.CourseDirectory.root = str(folder)
    config.Exchange.root = str(folder / "exchange")
    config.Exchange.cache = str(folder / "cache")
    config.ExchangeCollect.check_owner = False  # one person hands in for twelve
    return config


def nbgrader(folder: Path) -> Any:
    """nbgrader's own interface to the course in `folder`."""
    config = configuration(folder)
    from nbgrader.apps import NbGraderAPI

    api = NbGraderAPI(config=config)
    api.log.setLevel("ERROR")
    return api


def done(outcome: dict[str, Any]) -> None:
    """Raise `CourseError` with nbgrader's last words unless a step succeeded."""
    if not outcome["success"]:
        said = (outcome.get("error") or outcome.get("log") or "it does not say why").strip()
        raise CourseError("nbgrader refuses: " + "\n".join(said.splitlines()[-6:]))


def enrol(api: Any, topic_id: str, learners: tuple[Learner, ...]) -> None:
    """Put the class and the deadline into the gradebook."""
    with api.gradebook as gradebook:
        gradebook.update_or_create_assignment(topic_id, duedate=DEADLINE.replace(tzinfo=None))
        for one in learners:
            gradebook.update_or_create_student(
                one.id, first_name=one.first_name, last_name=one.last_name
            )


def hand_in(folder: Path, topic_id: str, learner: Learner, planted: list[Any]) -> None:
    """Fetch the topic as one student, write the answers, submit them at the student's own time."""
    import nbformat
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange.default import ExchangeFetchAssignment, ExchangeSubmit

    config = configuration(folder)
    home = folder / "students" / learner.id
    home.mkdir(parents=True)
    config.Exchange.assignment_dir = str(home)
    log = logging.Logger("wirelab.demo", logging.CRITICAL)
    directory = CourseDirectory(
        config=config, log=log, assignment_id=topic_id, student_id=learner.id
    )
    common = {
        "coursedir": directory,
        "authenticator": Authenticator(config=config, log=log),
        "config": config,
        "log": log,
    }
    ExchangeFetchAssignment(**common).start()

    path = home / topic_id / f"{topic_id}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    source = nbformat.read(folder / "source" / topic_id / f"{topic_id}.ipynb", as_version=4)
    answer(learner, notebook, source, planted)
    nbformat.write(notebook, path)

    class Submit(ExchangeSubmit):
        def set_timestamp(self) -> None:  # time is an argument: a class hands in over two weeks
            when = DEADLINE + dt.timedelta(hours=learner.late_hours or -1)
            self.timestamp = when.strftime(self.timestamp_format)

    Submit(**common).start()


def start_worker(log: Path) -> None:
    """Send what nbgrader, SQLAlchemy and the kernels say by the way to a file."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    os.environ.setdefault(VARIABLE, IF_POSSIBLE)  # the class is made up: no stranger's code
    skip_uri_grammar()


def grade(folder: Path, topic_id: str, student: str) -> None:
    """Autograde one submission and write its feedback, in a process of the pool."""
    api = nbgrader(folder)
    done(api.autograde(topic_id, student, create=False))
    done(api.generate_feedback(topic_id, student))


def export(api: Any, to: Path) -> None:
    """Write all marks as `nbgrader export` does."""
    from nbgrader.plugins import CsvExportPlugin

    with api.gradebook as gradebook:
        CsvExportPlugin(to=str(to)).export(gradebook)


def marks_of(api: Any, topic_id: str, learner: Learner, folder: Path) -> Marks:
    """What the gradebook has of one learner."""
    with api.gradebook as gradebook:
        submission = gradebook.find_submission(topic_id, learner.id)
        notebook = gradebook.find_submission_notebook(topic_id, topic_id, learner.id)
        cells = [CellResult(mark.name, mark.score, mark.max_score) for mark in notebook.grades]
        late, penalty = submission.total_seconds_late, submission.late_submission_penalty or 0.0
    feedback = folder / "feedback" / learner.id / topic_id / f"{topic_id}.html"
    return Marks(learner, Graded(tuple(cells)), late, penalty, feedback)


@contextmanager
def tools_on_path() -> Iterator[None]:
    """nbgrader makes a new gradebook by calling `alembic`, which lies beside Python."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


@contextmanager
def lessons_of(course: Course) -> Iterator[None]:
    """Tell the checks in every kernel below where the misconceptions are."""
    before = os.environ.get("WIRELAB_LESSONS")
    os.environ["WIRELAB_LESSONS"] = str(course.lessons)
    try:
        yield
    finally:
        if before is None:
            del os.environ["WIRELAB_LESSONS"]
        else:
            os.environ["WIRELAB_LESSONS"] = before
