"""A marked notebook by exercise: for the terminal, as HTML for a notebook, as JSON.

It knows marks and messages, not how they came about.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from wirelab.grading.results import CellResult, Graded

_TITLE = re.compile(r"^#+\s*(?:Exercise\s+\d+\s*[:.]\s*)?(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class ExerciseReport:
    """The tests of one exercise."""

    id: str
    title: str
    cells: tuple[CellResult, ...]

    @property
    def points(self) -> float:
        """The points earned."""
        return sum(cell.score or 0 for cell in self.cells)

    @property
    def max_points(self) -> float:
        """The points that tests can give."""
        return sum(cell.points for cell in self.cells if cell.score is not None)

    @property
    def state(self) -> str:
        """In words: all right, partly right, not yet, or marked by a person."""
        tests = [cell for cell in self.cells if cell.score is not None]
        if not tests:
            return "marked by a person"
        if not any(cell.lost for cell in tests):
            return "all right"
        return "partly right" if self.points else "not yet"

    def messages(self) -> list[tuple[str, str]]:
        """For each test that lost points: its name, and what it says, each text once."""
        found: dict[str, str] = {}
        for cell in self.cells:
            if cell.lost:
                behaviour = cell.id.removeprefix(f"{self.id}-test").strip("-") or cell.id
                text = "\n\n".join(cell.messages) or _of_stderr(cell)
                found.setdefault(text, behaviour)
        return [(behaviour, text) for text, behaviour in found.items()]


def _of_stderr(cell: CellResult) -> str:
    if cell.stderr:
        return f"This was written on stderr, which costs the points:\n{cell.stderr.strip()}"
    return "Some of it is right."


@dataclass(frozen=True)
class Report:
    """What marking a notebook came to."""

    topic: str
    notebook: str
    saved: datetime
    exercises: tuple[ExerciseReport, ...]

    @classmethod
    def of(cls, topic: str, path: Path, saved: datetime, graded: Graded) -> Report:
        """From a graded notebook; titles are read from the notebook's briefs."""
        named = titles(json.loads(path.read_text(encoding="utf-8")).get("cells", []))
        exercises = (
            ExerciseReport(name, named.get(name, name), tuple(cells))
            for name, cells in graded.by_exercise().items()
        )
        return cls(topic, path.name, saved, tuple(exercises))

    @property
    def points(self) -> float:
        """The points earned."""
        return sum(each.points for each in self.exercises)

    @property
    def max_points(self) -> float:
        """The points that tests can give."""
        return sum(each.max_points for each in self.exercises)

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "topic": self.topic,
            "notebook": self.notebook,
            "saved": self.saved.isoformat(timespec="seconds"),
            "points": self.points,
            "max_points": self.max_points,
            "exercises": [
                {
                    "exercise": each.id,
                    "title": each.title,
                    "points": each.points,
                    "max_points": each.max_points,
                    "state": each.state,
                    "messages": [{"test": name, "says": text} for name, text in each.messages()],
                }
                for each in self.exercises
            ],
        }

    def headline(self) -> str:
        """Points, and of which version of the notebook."""
        got, most = _number(self.points), _number(self.max_points)
        return f"{got} of {most} points in {self.notebook} as saved at {self.saved:%H:%M:%S}"

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(title=self.headline(), title_justify="left")
        table.add_column("exercise")
        table.add_column("points", justify="right")
        table.add_column("state")
        parts: list[Any] = [table]
        for number, each in enumerate(self.exercises, start=1):
            points = f"{_number(each.points)}/{_number(each.max_points)}"
            table.add_row(Text(f"{number}. {each.title}"), points, each.state)
            for name, text in each.messages():
                parts.append(Text(f"\n{number}. {each.title}: {name}\n{_indented(text)}"))
        return Group(*parts)

    def text(self) -> str:
        """As text of at most 100 columns."""
        from rich.console import Console

        console = Console(file=io.StringIO(), width=100)
        console.print(self)
        return console.file.getvalue().rstrip()

    def html(self) -> str:
        """As HTML in the classes of the views; messages are folded."""
        rows = "".join(_row(number, each) for number, each in enumerate(self.exercises, start=1))
        return (
            f'<p class="wl-headline">{escape(self.headline())}</p>'
            f'<table class="wl-report"><thead><tr><th scope="col">Exercise</th>'
            f'<th scope="col">Points</th><th scope="col">State</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )

    _repr_html_ = html


_MARKS = {"all right": "✓", "partly right": "◐", "not yet": "○", "marked by a person": "✎"}


def _row(number: int, each: ExerciseReport) -> str:
    folded = "".join(
        f"<details><summary>What the test “{escape(name)}” says</summary>"
        f"<pre>{escape(text)}</pre></details>"
        for name, text in each.messages()
    )
    points = f"{_number(each.points)} / {_number(each.max_points)}"
    state = each.state.replace(" ", "-")
    return (
        f'<tr class="wl-{state}"><th scope="row">{number}. {escape(each.title)}</th>'
        f"<td>{points}</td>"
        f'<td><span aria-hidden="true">{_MARKS[each.state]}</span> {each.state}</td></tr>'
        + (f'<tr class="wl-why"><td colspan="3">{folded}</td></tr>' if folded else "")
    )


def titles(cells: Iterable[Any]) -> dict[str, str]:
    """The title of each exercise, from the briefs among a notebook's cells."""
    found = {}
    for cell in cells:
        name = cell.get("metadata", {}).get("nbgrader", {}).get("grade_id", "")
        if name.endswith("-brief") and (title := _TITLE.search("".join(cell["source"]))):
            text = title[1].replace("*", "").replace("`", "")
            found[name.removesuffix("-brief")] = text[:1].upper() + text[1:]
    return found


def _number(value: float) -> str:
    return f"{value:g}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
