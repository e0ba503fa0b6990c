"""The instructor edition as the engine needs it: the cells that count, in order, and their texts.

Made from the source notebook and, where there is one, from what the gradebook recorded of it. It
knows no submission.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_HIDDEN = re.compile(
    r"^[^\n]*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[^\n]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
SHARED = ("kernelspec", "language_info", "title")


@dataclass(frozen=True)
class Recorded:
    """What a gradebook holds of one cell; `points` is `None` for a cell that is not graded."""

    cell_type: str
    source: str
    checksum: str | None
    points: float | None


@dataclass(frozen=True)
class Known:
    """A cell of the source that counts.

    `ours`: its text comes from the source, whatever was handed in; else it is the learner's.
    `cell` is it as it should be in a graded notebook, `visible` its text as it was handed out;
    `stub` is that of an answer, as far as it is known without the solution.
    """

    id: str
    ours: bool
    graded: bool
    cell: dict[str, Any]
    visible: str
    stub: str = ""

    @property
    def code(self) -> bool:
        """Whether it runs."""
        return self.cell["cell_type"] == "code"


@dataclass(frozen=True)
class Edition:
    """One notebook of the course, as it is graded."""

    known: tuple[Known, ...]
    metadata: dict[str, Any]

    @classmethod
    def of(cls, notebook: Any, recorded: Mapping[str, Recorded] | None = None) -> Edition:
        """From an instructor edition (JSON values or a `NotebookNode`).

        Where the gradebook recorded a cell otherwise, the gradebook wins, as in nbgrader.
        """
        cells = json.loads(json.dumps(notebook["cells"]))
        known = tuple(filter(None, (_known(cell, recorded) for cell in cells)))
        metadata = {name: notebook["metadata"].get(name) for name in SHARED}
        return cls(known, json.loads(json.dumps({k: v for k, v in metadata.items() if v})))

    @classmethod
    def read(cls, path: Path, recorded: Mapping[str, Recorded] | None = None) -> Edition:
        """From the file of an instructor edition."""
        return cls.of(json.loads(path.read_text(encoding="utf-8")), recorded)

    def in_step(self, recorded: Mapping[str, Recorded]) -> bool:
        """Whether a gradebook knows the same cells, with the same tests and points."""
        return recorded.keys() == self.by_id.keys() and all(
            each.cell["source"] == recorded[each.id].source
            and each.cell["metadata"]["nbgrader"].get("points") == recorded[each.id].points
            for each in self.known
            if each.ours
        )

    @cached_property
    def by_id(self) -> dict[str, Known]:
        """The cells by id."""
        return {each.id: each for each in self.known}

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each cell stands among those that count."""
        return {each.id: number for number, each in enumerate(self.known)}

    @cached_property
    def digest(self) -> str:
        """A digest of everything in it that a mark depends on."""
        return digest(json.dumps([each.cell for each in self.known], sort_keys=True))

    def notebook(self, cells: Iterable[dict[str, Any]]) -> Any:
        """A notebook of these cells, as nbformat's `NotebookNode`."""
        from nbformat import from_dict

        return from_dict(
            {"cells": list(cells), "metadata": self.metadata, "nbformat": 4, "nbformat_minor": 5}
        )


def digest(*parts: str | bytes) -> str:
    """One digest of several texts, each told apart from the next."""
    sum_ = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        sum_.update(len(octets).to_bytes(8, "big") + octets)
    return sum_.hexdigest()


def _known(cell: dict[str, Any], recorded: Mapping[str, Recorded] | None) -> Known | None:
    about = cell["metadata"].get("nbgrader") or {}
    name = about.get("grade_id")
    counts = any(about.get(flag) for flag in ("grade", "solution", "locked", "task"))
    if not name or not counts:
        return None
    cell["source"] = "".join(cell["source"])
    about["cell_type"] = cell["cell_type"]
    seen = (recorded or {}).get(name)
    if seen:
        cell |= {"cell_type": seen.cell_type, "source": seen.source}
        about |= {"cell_type": seen.cell_type, "checksum": seen.checksum}
        if seen.points is not None:
            about["points"] = seen.points
    metadata = {**cell["metadata"], "deletable": False, "nbgrader": about}
    ours = not about.get("solution")
    if ours:
        metadata["editable"] = False
    kept = {"id": cell.get("id") or name, "cell_type": cell["cell_type"], "metadata": metadata}
    kept["source"] = cell["source"]
    if cell["cell_type"] == "code":
        kept |= {"execution_count": None, "outputs": []}
    elif "attachments" in cell:
        kept["attachments"] = cell["attachments"]
    visible = _HIDDEN.sub("", cell["source"])
    graded = bool(about.get("grade") or about.get("task"))
    stub = seen.source if seen and not ours else ""
    return Known(name, ours, graded, kept, visible, stub)
