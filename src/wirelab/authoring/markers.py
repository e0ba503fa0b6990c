"""The regions of a cell: solutions, hidden tests, mark schemes, by nbgrader's own markers.

It knows lines of text. What each region may stand in is for `rules` to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SOLUTION, HIDDEN, SCHEME = "SOLUTION", "HIDDEN TESTS", "MARK SCHEME"

# Wider than nbgrader's own search, so that a marker with a slip in it does not pass unseen
# and leave a solution in the release.
_LIKE_A_MARKER = re.compile(
    r"\b(?P<edge>BEGIN|END)\b[\s_-]*(?P<kind>SOLUTIONS?|HIDDEN[\s_-]*TESTS?|MARK[\s_-]*SCHEMES?)\b",
    re.IGNORECASE,
)
_MARKER = re.compile(
    rf"\s*(?:(?:###|<!--) )?(?P<edge>BEGIN|END) (?P<kind>{SOLUTION}|{HIDDEN}|{SCHEME})(?: -->)?\s*"
    rf"|\s*=== (?P<edge2>BEGIN|END) (?P<kind2>{SCHEME}) ===\s*"
)


@dataclass(frozen=True)
class Slip:
    """A marker that is wrong: `line` counts from the cell's first line, from 1."""

    line: int
    message: str


def read(source: str) -> tuple[dict[str, int], list[Slip]]:
    """How many regions of each kind a cell has, and what is wrong with its markers."""
    regions: dict[str, int] = {}
    slips: list[Slip] = []
    opened: tuple[str, int] | None = None
    for n, line in enumerate(source.splitlines(), start=1):
        like = _LIKE_A_MARKER.search(line)
        if not like:
            continue
        exact = _MARKER.fullmatch(line)
        if not exact:
            kind = _meant(like["kind"])
            meant = f"### {like['edge'].upper()} {kind}"
            if kind == SCHEME:
                meant = f"=== {like['edge'].upper()} {kind} ==="
            slips.append(
                Slip(n, f'"{line.strip()}" is no marker: write "{meant}" alone on its line')
            )
            continue
        edge, kind = exact["edge"] or exact["edge2"], exact["kind"] or exact["kind2"]
        if edge == "BEGIN" and opened:
            slips.append(Slip(n, f"BEGIN {kind} inside {opened[0]}: END {opened[0]} first"))
        elif edge == "BEGIN":
            opened = (kind, n)
            regions[kind] = regions.get(kind, 0) + 1
        elif opened is None or opened[0] != kind:
            slips.append(Slip(n, f"END {kind} without a BEGIN {kind} above it"))
        else:
            opened = None
    if opened:
        slips.append(Slip(opened[1], f"BEGIN {opened[0]} without an END {opened[0]} below it"))
    return regions, slips


def _meant(kind: str) -> str:
    kind = kind.upper()
    return next(each for each in (SOLUTION, HIDDEN, SCHEME) if each[:4] == kind[:4])


def without(source: str, kind: str) -> str:
    """The source as a learner sees it: regions of that kind left out, markers included."""
    kept, inside = [], False
    for line in source.splitlines():
        if f"BEGIN {kind}" in line:
            inside = True
        elif f"END {kind}" in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def unmarked(source: str) -> str:
    """The source with every region's content kept and every marker line left out."""
    lines = source.splitlines()
    return "\n".join(line for line in lines if not _MARKER.fullmatch(line))
