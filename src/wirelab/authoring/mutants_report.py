"""The proof by mutants: how many the tests kill, which survive, which are declared equivalent.

It knows neither how a mutant is made nor how it is judged.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from wirelab.authoring import mutants_judged, planting
from wirelab.authoring.build import check_lesson
from wirelab.authoring.mutants import Mutant, mutants
from wirelab.authoring.mutants_pool import HANGS, Judged
from wirelab.grading.course import Course
from wirelab.grading.errors import CourseError
from wirelab.grading.misconceptions import Equivalent, equivalents

ENOUGH = 0.95  # of the mutants that are not equivalent


def prove_mutants(
    course: Course, topic_id: str, exercises: Collection[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    """Judge all mutants of a topic, or of some exercises; the figures, and what is to be mended.

    Keys: `killed`, `total` (without equivalents), `equivalent`, `hung` (of those killed),
    `took_s`, `exercises` (killed and total of each) and `survivors`: file, line, cell, operator,
    before, after.
    """
    from wirelab.authoring import editions

    begun = time.monotonic()
    lesson = check_lesson(course, topic_id, draft=True)
    if unknown := set(exercises) - set(lesson.exercises()):
        known = ", ".join(lesson.exercises())
        raise CourseError(f"{topic_id} has no exercise {sorted(unknown)[0]!r}; it has {known}")
    made = mutants(lesson, exercises)
    steps = planting.steps(editions.instructor_edition(lesson))
    with tempfile.TemporaryDirectory(prefix="wirelab-mutants-") as folder:
        if (pictures := lesson.path.with_name("figures")).is_dir():
            shutil.copytree(pictures, Path(folder) / "figures")
        pairs = [(each.cell, each.source) for each in made]
        judged = mutants_judged.judge(Path(folder), steps, pairs, course.lessons)
    beside = lesson.path.with_name("misconceptions.py")
    declared = equivalents(beside) if beside.is_file() else []
    answers = {c.id for c in lesson.cells if c.role == "answer"}
    chosen = {c.id for c in lesson.cells if not exercises or c.exercise in exercises}
    mine = [each for each in declared if each.cell in chosen or each.cell not in answers]
    figures = _figures(course, lesson.path, made, judged, mine)
    figures["took_s"] = round(time.monotonic() - begun, 1)
    path = beside.relative_to(course.root).as_posix()
    return figures, [*_too_few(figures), *_stale(path, made, judged, mine)]


def _figures(
    course: Course,
    path: Path,
    made: Sequence[Mutant],
    judged: Sequence[Judged],
    declared: Sequence[Equivalent],
) -> dict[str, Any]:
    same = {(each.cell, each.line) for each in declared}
    counted = [
        (mutant, verdict)
        for mutant, verdict in zip(made, judged, strict=True)
        if verdict.killed or (mutant.cell, mutant.after) not in same
    ]
    killed = Counter(mutant.exercise for mutant, verdict in counted if verdict.killed)
    total = Counter(mutant.exercise for mutant, _ in counted)
    survivors = [
        {
            "file": path.relative_to(course.root).as_posix(),
            "line": mutant.line,
            "cell": mutant.cell,
            "operator": mutant.operator,
            "before": mutant.before,
            "after": mutant.after,
        }
        for mutant, verdict in counted
        if not verdict.killed
    ]
    return {
        "killed": killed.total(),
        "total": total.total(),
        "equivalent": len(made) - len(counted),
        "hung": sum(verdict.how == HANGS for verdict in judged),
        "exercises": {name: [killed[name], count] for name, count in total.items()},
        "survivors": survivors,
    }


def _too_few(figures: dict[str, Any]) -> list[str]:
    killed, total = figures["killed"], figures["total"]
    if killed >= ENOUGH * total:
        return []
    return [f"the tests kill {killed} of {total} mutants; {ENOUGH:.0%} are wanted"]


def _stale(
    path: str, made: Sequence[Mutant], judged: Sequence[Judged], declared: Sequence[Equivalent]
) -> list[str]:
    """Declarations that name no mutant, or only such as a test tells from the solution."""
    found = []
    for each in declared:
        verdicts = [
            verdict
            for mutant, verdict in zip(made, judged, strict=True)
            if (mutant.cell, mutant.after) == (each.cell, each.line)
        ]
        if not verdicts:
            why = f'no mutant of "{each.cell}" reads like this any more'
        elif all(verdict.killed for verdict in verdicts):
            why = f"it is not equivalent: {verdicts[0].by or each.cell} {verdicts[0].how}"
        else:
            continue
        found.append(f"{path}:{each.at}: {why}; take the declaration out: {each.line}")
    return found


def told(topic_id: str, figures: dict[str, Any]) -> str:
    """The survivors for reading, each as its place, what was there, and what may stand there."""
    lines = [
        f"{each['file']}:{each['line']}: {each['operator']} in {each['cell']} survives\n"
        f"    - {each['before']}\n    + {each['after']}"
        for each in figures["survivors"]
    ]
    beside = f"{figures['equivalent']} equivalent, " if figures["equivalent"] else ""
    return "\n".join(
        [
            *lines,
            f"{topic_id}: the tests kill {figures['killed']} of {figures['total']} mutants "
            f"({beside}{figures['took_s']} s)",
        ]
    )
