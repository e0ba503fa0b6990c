"""A submission as it can be graded: the learner's answers in the source's notebook.

Whatever was handed in, what comes out has every cell of the source that counts, once, in order and
of its kind: given and test cells with the source's text, answers with the learner's. What was
repaired is a finding with its evidence. It runs nothing.
"""

from __future__ import annotations

import copy
import difflib
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from wirelab.grading.engine.edition import Edition, Known
from wirelab.grading.engine.reading import Raw, Unreadable, read
from wirelab.grading.engine.task import Finding

NOT_HANDED_IN = "# This answer was not in the notebook that was handed in."
EVIDENCE = 1500  # characters of evidence kept of one finding
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True)
class Intake:
    """A submission made fit for grading; `unreadable` says why it could not be, or is ""."""

    notebook: Any
    findings: tuple[Finding, ...] = ()
    unreadable: str = ""


def take_in(path: Path, edition: Edition, below: Path | None = None) -> Intake:
    """Read and repair a submitted file; never raises for what is in it.

    `below`: the folder that the file must lie in without any link on the way.
    """
    try:
        return repair(read(path, below), edition)
    except Unreadable as reason:
        return nothing(edition, str(reason))
    except Exception as error:  # nobody else's marks may wait for what we did not think of
        return nothing(edition, f"The file cannot be graded: {type(error).__name__}.")


def nothing(edition: Edition, reason: str) -> Intake:
    """What stands for a submission that cannot be read: no answers, and the reason on top."""
    says = f"**Not graded: this submission could not be read.** {reason}"
    top = {"id": "not-graded", "cell_type": "markdown", "metadata": {}, "source": says}
    cells = [top, *(_stand_in(known) for known in edition.known)]
    return Intake(edition.notebook(cells), (Finding("unreadable", "", reason),), reason)


def repair(raw: Raw, edition: Edition) -> Intake:
    """Put the cells of a submission in their places in the source."""
    repairs = _Repairs(edition, [Finding("format", "", said) for said in raw.odd])
    placed: list[tuple[str, dict[str, Any]]] = []  # each cell with the id it claims, or ""
    for cell in raw.cells:
        placed.append((repairs.claim(cell), cell))
    last = {name: number for number, (name, _) in enumerate(placed) if name}
    head: list[dict[str, Any]] = []
    tails: dict[str, list[dict[str, Any]]] = {}
    theirs: dict[str, dict[str, Any]] = {}
    current = head
    for number, (name, cell) in enumerate(placed):
        if name and last[name] == number:
            theirs[name] = cell
            current = tails.setdefault(name, [])
            continue
        if name:
            repairs.find("duplicate", name, "The cell is there more than once; the last counts.")
        current.append(cell)
    repairs.order(sorted(last, key=last.__getitem__))
    cells = [*map(repairs.free, head)]
    for known in edition.known:
        cells.append(repairs.known(known, theirs.get(known.id)))
        cells += map(repairs.free, tails.get(known.id, ()))
    return Intake(edition.notebook(cells), tuple(repairs.findings))


@dataclass
class _Repairs:
    edition: Edition
    findings: list[Finding]
    _used: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self._used |= {known.cell["id"] for known in self.edition.known}
        self._cell_ids = {known.cell["id"]: known.id for known in self.edition.known}

    def find(self, kind: str, cell: str, evidence: str) -> None:
        self.findings.append(Finding(kind, cell, evidence[:EVIDENCE]))

    def claim(self, cell: dict[str, Any]) -> str:
        """The id of the source's cell that this one is, or ""; found by its cell id if need be."""
        about = cell["metadata"].get("nbgrader")
        about = about if isinstance(about, dict) else {}
        name = about.get("grade_id")
        if isinstance(name, str) and name in self.edition.by_id:
            return name
        if about.get("grade") is True:
            said = f"A cell that the course does not have claims {about.get('points')!r} points."
            self.find("unknown", str(name)[:64], said)
        by_id = self._cell_ids.get(cell["id"], "")
        if by_id:
            self.find("metadata", by_id, "The cell's nbgrader metadata was gone; put back.")
        return by_id

    def order(self, names: Sequence[str]) -> None:
        """Report the code cells that are not where the source has them."""
        names = [name for name in names if self.edition.by_id[name].code]
        kept = _longest_rising([self.edition.place[name] for name in names])
        moved = [name for name in names if self.edition.place[name] not in kept]
        if moved:
            self.find("moved", moved[0], f"Not in the source's order: {', '.join(moved)}.")

    def known(self, known: Known, cell: dict[str, Any] | None) -> dict[str, Any]:
        """The cell as it is graded."""
        if cell is None:
            if known.code:
                self.find("deleted", known.id, "The cell was gone; put back from the source.")
            return _stand_in(known)
        made = copy.deepcopy(known.cell)
        if cell["cell_type"] != made["cell_type"]:
            said = f"A {made['cell_type']} cell had become a {cell['cell_type']} cell."
            self.find("retyped", known.id, said)
        self._metadata(known, cell["metadata"])
        if not known.ours:
            made["source"] = cell["source"]
            if made["cell_type"] == "markdown" and "attachments" in cell:
                made["attachments"] = cell["attachments"]
        elif known.code and (changed := _difference(known, cell["source"])):
            self.find("edited", known.id, changed)
        return made

    def _metadata(self, known: Known, metadata: dict[str, Any]) -> None:
        about = metadata.get("nbgrader")
        if isinstance(about, dict) and about.get("grade_id") == known.id:
            ours = known.cell["metadata"]["nbgrader"]
            for key in ("points", "grade", "solution", "locked", "task"):
                if key in about and (about[key] or 0) != (ours.get(key) or 0):
                    said = f"{key} was {ours.get(key)!r} and had become {str(about[key])[:40]!r}."
                    self.find("metadata", known.id, said)
        tags = metadata.get("tags")
        new = set(map(str, tags if isinstance(tags, list) else [])) - set(
            known.cell["metadata"].get("tags", ())
        )
        if new and known.code:
            self.find("tags", known.id, f"Tags were added: {', '.join(sorted(new))}; ignored.")

    def free(self, cell: dict[str, Any]) -> dict[str, Any]:
        """A cell that is the learner's own: it runs, and has no say in how."""
        metadata = {k: v for k, v in cell["metadata"].items() if k not in ("nbgrader", "tags")}
        name = cell["id"]
        if not _ID.fullmatch(name) or name in self._used:
            name = next(n for i in self._numbers if (n := f"own-{i}") not in self._used)
        self._used.add(name)
        made = {"id": name, "cell_type": cell["cell_type"], "metadata": metadata}
        made["source"] = cell["source"]
        if cell["cell_type"] == "code":
            made |= {"execution_count": None, "outputs": []}
        elif "attachments" in cell:
            made["attachments"] = cell["attachments"]
        return made


def _stand_in(known: Known) -> dict[str, Any]:
    made = copy.deepcopy(known.cell)
    if not known.ours:
        made["source"] = NOT_HANDED_IN if known.code else known.stub
    return made


def _difference(known: Known, source: str) -> str:
    """How a locked cell differs from what was handed out; "" where only blanks at line ends do."""
    ours, theirs = (_lines(text) for text in (known.visible, source))
    if ours == theirs or theirs == _lines(known.cell["source"]):  # the instructor's own copy
        return ""
    return "\n".join(
        difflib.unified_diff(ours, theirs, "handed out", "handed in", n=1, lineterm="")
    )


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _longest_rising(numbers: Iterable[int]) -> set[int]:
    """The longest subsequence that rises: what is still in place when some have been moved."""
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(ends, number)
        before[number] = ends[at - 1] if at else None
        ends[at:] = [number] if at == len(ends) else [number, *ends[at + 1 :]]
    kept, number = set(), ends[-1] if ends else None
    while number is not None:
        kept.add(number)
        number = before[number]
    return kept
