"""What grading a notebook came to: points and messages, cell by cell and exercise by exercise.

Plain data that passes between processes as JSON. It knows no grader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PART = re.compile(r"-(test|answer|essay|task|brief|hint)(-|$)")


@dataclass(frozen=True)
class CellResult:
    """One graded cell: `score` is `None` where a person has to mark it."""

    id: str
    score: float | None
    points: float
    messages: tuple[str, ...] = ()
    stderr: str = ""
    partial: bool = False

    @property
    def exercise(self) -> str:
        """The exercise it belongs to: the first part of its id."""
        found = _PART.search(self.id)
        return self.id[: found.start()] if found else self.id

    @property
    def lost(self) -> bool:
        """Whether points were lost here, or would have been if the cell had any."""
        wrong = self.messages or self.stderr
        return self.score is not None and (self.score < self.points or bool(wrong))


@dataclass(frozen=True)
class Graded:
    """A graded notebook: its graded cells in order, and what other cells did amiss."""

    cells: tuple[CellResult, ...]
    errors: tuple[str, ...] = ()
    stderr: str = field(default="")

    @property
    def score(self) -> float:
        """The points given by tests."""
        return sum(cell.score or 0 for cell in self.cells)

    @property
    def points(self) -> float:
        """The points that tests can give."""
        return sum(cell.points for cell in self.cells if cell.score is not None)

    def by_exercise(self) -> dict[str, list[CellResult]]:
        """The graded cells of each exercise, in order."""
        found: dict[str, list[CellResult]] = {}
        for cell in self.cells:
            found.setdefault(cell.exercise, []).append(cell)
        return found

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Graded:
        """From what `to_json` gave."""
        cells = (
            CellResult(**{**cell, "messages": tuple(cell["messages"])}) for cell in value["cells"]
        )
        return cls(tuple(cells), tuple(value["errors"]), value["stderr"])


def messages(outputs: Iterable[Any]) -> tuple[str, ...]:
    """The errors among a cell's outputs as plain text."""
    found = (
        ANSI.sub("", "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}")
        for output in outputs
        if output["output_type"] == "error"
    )
    return tuple(found)


def stderr(outputs: Iterable[Any]) -> str:
    """What a cell wrote on stderr."""
    return "".join(
        output["text"]
        for output in outputs
        if output["output_type"] == "stream" and output["name"] == "stderr"
    )


def mark(cell_id: str, points: float, outputs: list[Any]) -> CellResult:
    """Mark a test cell by its outputs as stock nbgrader does.

    An error or anything on stderr gives 0; a number as last value is partial credit.
    """
    said, warned = messages(outputs), stderr(outputs)
    if said or warned:
        return CellResult(cell_id, 0.0, points, said, warned)
    for output in outputs:
        if output["output_type"] == "execute_result":
            try:
                score = float(output["data"].get("text/plain", ""))
            except ValueError:
                continue
            return CellResult(cell_id, min(max(score, 0.0), points), points, partial=score < points)
    return CellResult(cell_id, points, points)
