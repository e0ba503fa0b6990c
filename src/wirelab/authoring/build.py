"""From `lessons/<topic>` to the three editions: check, make, compare, write what differs.

A build never overwrites what somebody wrote in `source/` or `notebooks/`, and touches no
file that would stay the same. How an edition is made is for `editions` and `release` to say.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wirelab.authoring import cache
from wirelab.authoring.figures import edited_figures, figure_digests, plan_figures
from wirelab.authoring.lesson import Lesson, LessonProblems, Problem, read_lesson
from wirelab.grading.course import TOPICS, Course, is_topic
from wirelab.grading.errors import CourseError


class Edited(CourseError):
    """A build would lose something that was written by hand; nothing was built."""


@dataclass(frozen=True)
class Built:
    """What a build did for one topic: the files it wrote or removed, relative to the course."""

    topic: str
    changed: tuple[str, ...]


def topics_to_build(course: Course, names: Iterable[str] = ()) -> list[str]:
    """The ids named, or all whose lesson is written, in the course's order.

    Raises `LessonProblems` for every folder of `lessons/` that is not a topic, or, of those
    named, has no lesson.
    """
    named = {Path(name).name for name in names}
    problems = []
    for folder in sorted(course.lessons.iterdir()):
        if folder.is_dir() and not folder.name.startswith((".", "_")) and not is_topic(folder.name):
            problems.append(
                Problem(
                    folder,
                    0,
                    f'"{folder.name}" is not a topic of this course: rename the folder, or take it '
                    f"out of lessons/. Topics: {', '.join(each.id for each in TOPICS)}",
                )
            )
    folders = {folder.name for folder in course.lessons.iterdir() if folder.is_dir()}
    for name in sorted(named | (folders & {each.id for each in TOPICS})):
        if (not named or name in named) and not course.lesson(name).is_file():
            what = "there is no lesson.py here" if is_topic(name) else "this is not a topic"
            problems.append(Problem(course.lessons / name, 0, what))
    if problems:
        raise LessonProblems(problems, course.root)
    return [each.id for each in course.written() if not named or each.id in named]


def check_lesson(course: Course, topic_id: str, draft: bool = False) -> Lesson:
    """The lesson of a topic; raises `LessonProblems` with everything that is wrong with it."""
    from wirelab.authoring import planted, rules

    lesson = read_lesson(topic_id, course.lesson(topic_id))
    codes: dict = {}
    problems = [*rules.problems(lesson, codes, draft), *planted.problems(lesson, codes, draft)]
    if problems:
        raise LessonProblems(problems, course.root)
    return lesson


def build(
    course: Course,
    topic_id: str,
    force: bool = False,
    discard_edits: bool = False,
    draft: bool = False,
) -> Built:
    """Build one topic's editions from its lesson; an unchanged topic is done at once.

    `force` builds it all the same, `discard_edits` gives up what was written by hand in
    `source/` and `notebooks/`, `draft` accepts an exercise that is not complete yet.
    Raises `LessonProblems`, `Edited`, or `CourseError` where nbgrader refuses.
    """
    inputs = cache.inputs(course, topic_id, draft)
    if not force and cache.is_fresh(course, topic_id, inputs):
        return Built(topic_id, ())
    lesson = check_lesson(course, topic_id, draft)

    from wirelab.authoring import editions  # nbformat, and below nbgrader, are slow to import
    from wirelab.authoring.diagnoses import FILE, make_diagnoses
    from wirelab.authoring.release import release

    source = instructor_octets(lesson)
    if not discard_edits:
        refuse_to_lose(course, topic_id, source)
    released = release(course.root, topic_id, source)
    study = editions.dumps(editions.self_study_edition(lesson, editions.loads(released)))
    if not discard_edits:
        refuse_to_lose_work(course, topic_id, study)

    wanted: dict[Path, bytes | None] = plan_figures(course, lesson)
    wanted[course.source(topic_id)] = source
    wanted[course.release(topic_id)] = released
    wanted[course.notebook(topic_id)] = study
    if not draft:  # a draft's answers need not run yet
        table = make_diagnoses(course, topic_id, source, released)
        for edition in (course.source(topic_id), course.release(topic_id)):
            wanted[edition.with_name(FILE)] = table
    changed = [path for path, octets in wanted.items() if write(path, octets)]
    there = [path for path, octets in wanted.items() if octets is not None]
    cache.remember(course, topic_id, inputs, there)
    names = sorted(path.relative_to(course.root).as_posix() for path in changed)
    return Built(topic_id, tuple(names))


def instructor_octets(lesson: Lesson) -> bytes:
    """The instructor edition as a file; it remembers its cells and figures as they are now."""
    from wirelab.authoring import editions

    notebook = editions.instructor_edition(lesson)
    notebook.metadata["wirelab"]["figures"] = figure_digests(lesson)
    return editions.dumps(notebook)


def refuse_to_lose(course: Course, topic_id: str, new: bytes) -> None:
    """Raise `Edited` if the instructor edition was edited and the lesson does not have it yet."""
    names = [f"figures/{name}" for name in edited_figures(course, topic_id)]
    names += edited_cells(course.source(topic_id), new)
    if names:
        path = course.source(topic_id).relative_to(course.root).as_posix()
        raise Edited(
            f"{path} was edited and the lesson does not have the edit ({_some(names)}). Bring it "
            f"home with `wirelab adopt {topic_id}`, or give it up with "
            f"`wirelab build {topic_id} --discard-edits`."
        )


def refuse_to_lose_work(course: Course, topic_id: str, new: bytes) -> None:
    """Raise `Edited` if somebody answered exercises in the self-study edition."""
    if names := edited_cells(course.notebook(topic_id), new):
        path = course.notebook(topic_id).relative_to(course.root).as_posix()
        raise Edited(
            f"{path} holds somebody's own work ({_some(names)}). Save it under another name, or "
            f"give it up with `wirelab build {topic_id} --discard-edits`."
        )


def edited_cells(path: Path, new: bytes | None) -> list[str]:
    """The ids of a built notebook's cells that were edited since, unless `new` has them too."""
    if not path.is_file() or path.read_bytes() == new:
        return []
    from wirelab.authoring import editions

    try:
        old = editions.loads(path.read_bytes())
    except ValueError:
        return ["it is not a notebook any more"]
    now = editions.fingerprints(old)
    if new is not None and now == editions.fingerprints(editions.loads(new)):
        return []
    built = old.metadata.get("wirelab", {}).get("built") or []
    if now == built:
        return []
    differing = [line.split()[0] for line in now if line not in built]
    removed = [line.split()[0] for line in built if line not in now]
    return list(dict.fromkeys(differing + removed)) or ["the order of cells"]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more


def write(path: Path, octets: bytes | None) -> bool:
    """Make the file hold `octets` (None: make it vanish); True if that changed anything."""
    if octets is None:
        there = path.is_file()
        path.unlink(missing_ok=True)
        return there
    if path.is_file() and path.read_bytes() == octets:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(octets)
    os.replace(beside, path)
    return True
