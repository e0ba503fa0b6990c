"""How the demonstration shows itself: a progress bar, then the marks of the class.

It knows what `demo` yields, and nothing of how that came about.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from wirelab.authoring.demo import Marks, Outcome, Step


def follow(steps: Iterator[Step], console: Console) -> Outcome:
    """Run all steps with a bar for each, and return what they left behind."""
    columns = (
        TextColumn("{task.description:<11}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}
        for step in steps:
            if step.what not in bars:
                bars[step.what] = progress.add_task(step.what, total=step.total)
            progress.update(bars[step.what], completed=step.number)
    return step.outcome


def show(outcome: Outcome, console: Console) -> None:
    """Print both tables, and where everything lies."""
    console.print(by_exercise(outcome.marks))
    console.print(by_learner(outcome.marks))
    console.print(f"Feedback  {_near(outcome.marks[0].feedback)}, and so on", soft_wrap=True)
    console.print(f"Marks     {_near(outcome.grades)}", soft_wrap=True)
    console.print(f"Course    {_near(outcome.folder)}  (an nbgrader course)", soft_wrap=True)


def by_exercise(marks: list[Marks]) -> Table:
    """Points by exercise, one column for each learner."""
    table = Table(
        title="Points by exercise", title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0)
    )
    table.add_column("exercise", no_wrap=True)
    table.add_column("of", justify="right")
    for each in marks:
        table.add_column(each.learner.id, justify="right", no_wrap=True)
    cells = [each.graded.by_exercise() for each in marks]
    for exercise, tests in cells[0].items():
        most = sum(cell.points for cell in tests)
        got = [sum(cell.score or 0 for cell in one[exercise]) for one in cells]
        table.add_row(exercise, f"{most:g}", *(_points(points, most) for points in got))
    table.add_section()
    most = marks[0].graded.points
    table.add_row("all", f"{most:g}", *(f"{each.graded.score:g}" for each in marks))
    return table


def by_learner(marks: list[Marks]) -> Table:
    """What each of the class handed in, when, and what it came to."""
    table = Table(title="The class", title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("id", no_wrap=True)
    table.add_column("learner", no_wrap=True)
    table.add_column("handed in")
    table.add_column("late", justify="right")
    table.add_column("marks", justify="right")
    for each in marks:
        one = each.learner
        table.add_row(
            one.id,
            f"{one.first_name} {one.last_name}",
            one.does,
            f"{each.late_s / 3600:g} h" if each.late_s else "",
            f"{each.graded.score - each.penalty:g} of {each.graded.points:g}",
        )
    return table


def _points(got: float, most: float) -> Text:
    """Full marks in bold, none as a dot: told apart without colour too."""
    if not got:
        return Text("·", style="dim")
    return Text(f"{got:g}", style="bold" if got == most else "")


def _near(path: Path) -> str:
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near
