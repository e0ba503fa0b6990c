"""A made-up class: who hands in what, and the notebooks that come of it.

Answers are put together from the solutions and the planted wrong answers. This file knows
notebooks, and nothing of how they are handed in or marked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wirelab.grading.misconceptions import Planted

RIGHT, BLANK, WRONG, BROKEN = "right", "blank", "wrong", "syntax error"

_SOLUTION_MARK = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION[ \t]*\n?", re.MULTILINE)

#: What an exercise's answer is to be, for each exercise in order.
Plan = Callable[[Sequence[str], random.Random], Mapping[str, str]]


@dataclass(frozen=True)
class Learner:
    """One of the class; `does` says in words what `plan` decides."""

    id: str
    first_name: str
    last_name: str
    does: str
    plan: Plan
    late_hours: float = 0.0


def each(what: str) -> Plan:
    """Every exercise alike."""
    return lambda exercises, _rng: dict.fromkeys(exercises, what)


def first(share: float, then: str = BLANK) -> Plan:
    """The first `share` of the exercises right, the rest as `then` says."""
    return lambda exercises, _rng: {
        name: RIGHT if place < share * len(exercises) else then
        for place, name in enumerate(exercises)
    }


def but(count: int, what: str, otherwise: str = RIGHT) -> Plan:
    """`count` exercises, drawn by lot, as `what` says; the others as `otherwise` says."""

    def plan(exercises: Sequence[str], rng: random.Random) -> dict[str, str]:
        drawn = set(rng.sample(list(exercises), min(count, len(exercises))))
        return {name: what if name in drawn else otherwise for name in exercises}

    return plan


def mixed(right: int, wrong: int, blank: int) -> Plan:
    """Each exercise by lot, with these weights."""
    kinds, weights = (RIGHT, WRONG, BLANK), (right, wrong, blank)
    return lambda exercises, rng: {name: rng.choices(kinds, weights)[0] for name in exercises}


CLASS = (
    Learner("ada", "Ada", "Ames", "everything right", each(RIGHT)),
    Learner("ben", "Ben", "Boye", "everything right, but late", each(RIGHT), late_hours=30),
    Learner("cho", "Cho", "Chen", "opened it, saved it, handed it in", each(BLANK)),
    Learner("dee", "Dee", "Dahl", "the first half", first(0.5)),
    Learner("eli", "Eli", "Evans", "one misconception", but(1, WRONG)),
    Learner("fay", "Fay", "Frei", "three misconceptions", but(3, WRONG)),
    Learner("gus", "Gus", "Greco", "a syntax error in one answer", but(1, BROKEN)),
    Learner("hal", "Hal", "Hara", "a misconception in every exercise", each(WRONG)),
    Learner("ivy", "Ivy", "Ito", "strong, one exercise left out", but(1, BLANK)),
    Learner("jon", "Jon", "Jung", "a good half", mixed(6, 2, 2)),
    Learner("kim", "Kim", "Kaya", "less than half, late", mixed(3, 4, 3), late_hours=2),
    Learner("lea", "Lea", "Lund", "the first third, then guesses", first(1 / 3, then=WRONG)),
)


def exercises(release: Any) -> dict[str, str]:
    """The answer cells of a release notebook: exercise by cell id, in order."""
    return {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.grade_id.rsplit("-answer", 1)[0]
        for cell in release.cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
    }


def answer(learner: Learner, release: Any, source: Any, planted: Sequence[Planted]) -> None:
    """Write the learner's answers into `release`, drawing lots with the learner's id as seed.

    `source` is the instructor edition of the same topic, `planted` its misconceptions.
    """
    rng = random.Random(learner.id)
    cells = exercises(release)
    plan = learner.plan(list(dict.fromkeys(cells.values())), rng)
    solutions = {
        cell.metadata.nbgrader.grade_id: _SOLUTION_MARK.sub("", cell.source)
        for cell in source.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") in cells
    }
    for cell in release.cells:
        cell_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell_id in cells:
            what = plan[cells[cell_id]]
            cell.source = _written(what, cell.source, solutions[cell_id], planted, rng)


def _written(
    what: str, stub: str, solution: str, planted: Sequence[Planted], rng: random.Random
) -> str:
    if what == RIGHT:
        return solution
    if what == BROKEN:
        return solution.replace("):", ")", 1).replace(") ->", " ->", 1)
    if what == WRONG:
        fitting = [each for each in planted if re.search(rf"\b(?:def|class) {each.of}\b", solution)]
        if fitting:
            return f"{solution}\n\n{REFERENCE}\n{rng.choice(fitting).code}"
    return stub


#: What a planted wrong answer calls `reference`: the right answers that stand above it.
REFERENCE = """\
import types
reference = types.SimpleNamespace(**globals())
"""
