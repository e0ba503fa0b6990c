"""The task of grading one submission: what goes in (`Policy`, a notebook), what comes out.

Plain values that pass between processes and machines as JSON. It knows neither how a notebook is
run nor what is then done with the marks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

MIB = 1 << 20

PASSED, FAILED, STOPPED = "passed", "failed", "stopped"


@dataclass(frozen=True)
class Policy:
    """How a submission is run, and how much it may use.

    `sandbox`: in namespaces of its own; `examiner`: tests in another process than the learner's
    code. The limits count for the whole submission, but `cell_s` (wall seconds of one cell) and
    `output_bytes` (of one cell). `processes` counts threads too. `network` is what
    `WIRELAB_NETWORK` says to the learner's code: "" for the best there is.
    """

    sandbox: bool = True
    examiner: bool = True
    cpu_s: float = 60.0
    wall_s: float = 300.0
    cell_s: float = 60.0
    memory_bytes: int = 1024 * MIB
    processes: int = 128
    disk_bytes: int = 64 * MIB
    output_bytes: int = 1 * MIB
    network: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Policy:
        """From what `to_json` gave; names it does not know are ignored."""
        known = cls.__dataclass_fields__
        return replace(cls(), **{key: each for key, each in value.items() if key in known})


@dataclass(frozen=True)
class TestResult:
    """One test cell: `status` is "passed", "failed" (a check said no) or "stopped".

    Stopped means that the test had no answer to judge: the learner's code hung, crashed, used too
    much, or broke the rules by which values pass; `messages` say which, in words for the learner.
    `score` may lie between 0 and `max_score` where a test gives partial credit.
    """

    id: str
    score: float
    max_score: float
    status: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something the instructor should know: never a punishment, always with its evidence.

    `kind` is a word such as "breach", "limit", "tampering", "altered" or "twin"; `cell` is the id
    of the cell it was seen in, "" for the whole submission.
    """

    kind: str
    cell: str
    evidence: str


@dataclass
class Executed:
    """A submission that has been run.

    `notebook` is the submission with outputs, in nbformat 4 terms (a `NotebookNode`). `cells` has
    one result per test cell of the instructor edition, in its order; a test cell that the
    submission lacks has 0. `cpu_s` counts all processes, `peak_bytes` is the learner's own memory.
    """

    notebook: Any
    cells: tuple[TestResult, ...]
    report: tuple[Finding, ...] = ()
    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_bytes: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The points given by tests."""
        return sum(cell.score for cell in self.cells)

    @property
    def max_score(self) -> float:
        """The points that tests can give."""
        return sum(cell.max_score for cell in self.cells)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "notebook": json.loads(json.dumps(self.notebook)),
            "cells": [asdict(cell) for cell in self.cells],
            "report": [asdict(finding) for finding in self.report],
            "cpu_s": self.cpu_s,
            "wall_s": self.wall_s,
            "peak_bytes": self.peak_bytes,
            "extra": self.extra,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Executed:
        """From what `to_json` gave."""
        from nbformat import from_dict

        cells = (TestResult(**{**c, "messages": tuple(c["messages"])}) for c in value["cells"])
        return cls(
            notebook=from_dict(value["notebook"]),
            cells=tuple(cells),
            report=tuple(Finding(**finding) for finding in value["report"]),
            cpu_s=value["cpu_s"],
            wall_s=value["wall_s"],
            peak_bytes=value["peak_bytes"],
            extra=dict(value["extra"]),
        )
