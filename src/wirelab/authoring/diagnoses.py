"""Make `diagnoses.json`: which wrong results in the visible tests belong to which misconception.

The right answers pass the released tests in a process of their own, on the embedded network, and
at every check the planted wrong answers give their results. It knows nothing of editions.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wirelab.authoring.planting import Step, steps
from wirelab.grading.apart import CAN_FORK, all_apart, apart
from wirelab.grading.course import Course
from wirelab.grading.stock import run
from wirelab.grading.table import FILE

__all__ = ["FILE", "make_diagnoses"]

TIMEOUT_S = 300.0  # a wrong server keeps its clients waiting, and there are many


def make_diagnoses(course: Course, topic: str, source: bytes, released: bytes) -> bytes | None:
    """The table of a topic as a file's octets; `None` if nothing would stand in it.

    `source` and `released` are its instructor and course editions. The table is made anew only if
    their code, the misconceptions or this package changed.
    """
    planted = course.lessons / topic / "misconceptions.py"
    if not planted.is_file():
        return None
    cells = _cells(source, released)
    order = {"topic": topic, "steps": [asdict(step) for step in cells]}
    kept = course.state / f"diagnoses-{topic}.json"
    digest = _inputs(order, planted)
    octets = _from_cache(kept, digest) or _make(course, order)
    kept.parent.mkdir(exist_ok=True)
    beside = kept.with_name(f"{kept.name}.{os.getpid()}")
    beside.write_bytes(digest.encode() + b"\n" + octets)
    os.replace(beside, kept)
    return octets if json.loads(octets)["results"] else None


def _make(course: Course, order: dict[str, Any]) -> bytes:
    environment = {"WIRELAB_LESSONS": str(course.lessons), "WIRELAB_NETWORK": "embedded"}
    if CAN_FORK:  # this process has most of what is needed in memory
        return _as_file(apart(lambda: _in_environment(environment, order), TIMEOUT_S))
    command = [sys.executable, "-m", __name__]
    said = run(command, course.lessons, TIMEOUT_S, environment, stdin=json.dumps(order))
    return _as_file(json.loads(said))


def _as_file(table: dict[str, Any]) -> bytes:
    return json.dumps(table, sort_keys=True).encode() + b"\n"


def _in_environment(environment: dict[str, str], order: dict[str, Any]) -> dict[str, Any]:
    os.environ.update(environment)
    return main(order)


def _cells(source: bytes, released: bytes) -> list[Step]:
    """Set-up and right answers of the instructor edition, tests as they are released."""
    from nbformat.v4 import reads_json  # unlike nbformat.reads it does not validate: a build did

    def cells(octets: bytes) -> list[Step]:
        return steps(reads_json(octets.decode()))

    visible = {step.id: step for step in cells(released) if step.kind == "test"}
    return [visible.get(step.id, step) for step in cells(source)]


def _inputs(order: dict[str, Any], planted: Path) -> str:
    """A digest of all that the table depends on, the checks and networks included."""
    package = Path(__file__).parents[1]
    parts = [json.dumps(order).encode(), planted.read_bytes(), Path(__file__).read_bytes()]
    for folder in ("grading", "lab", "protocols"):
        parts += [path.read_bytes() for path in sorted((package / folder).glob("*.py"))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _from_cache(kept: Path, digest: str) -> bytes | None:
    try:
        first, _, octets = kept.read_bytes().partition(b"\n")
    except OSError:
        return None
    return octets if first.decode("ascii", "replace") == digest and octets else None


# --- in the process of its own -------------------------------------------------------------------


def main(order: dict[str, Any]) -> dict[str, Any]:
    """Record twice, and keep what came out the same: chance explains nothing."""
    from wirelab.grading.diagnose import candidates

    candidates(order["topic"])
    first, second = all_apart([lambda: _record(order)] * 2, TIMEOUT_S)
    results = {
        key: numbers
        for key, numbers in sorted(first["results"].items())
        if second["results"].get(key) == numbers
    }
    counts = {
        key: count
        for key, count in sorted(first["counts"].items())
        if second["counts"].get(key) == count
    }
    sentences = first["sentences"]
    return {"topic": order["topic"], "sentences": sentences, "results": results, "counts": counts}


def _record(order: dict[str, Any]) -> dict[str, Any]:
    from wirelab.grading import table
    from wirelab.grading.shell import new_shell

    shell = new_shell()
    table.recorder = table.Recorder()
    for step in order["steps"]:
        shell.run(step["source"])
    return table.recorder.as_dict()


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.stdin.read()))))
