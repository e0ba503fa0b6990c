"""`wirelab prove`: topics proven one by one, as rows of a table or as JSON.

It knows what a proof reports and how to show it. The exit status: 0 all is proven, 1 something is
to be mended.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from wirelab.authoring.terminal import progress, table
from wirelab.grading.course import Course, topic
from wirelab.grading.errors import CourseError


def prove(
    topics: Annotated[
        list[str] | None, typer.Argument(help="Topics (none: all that are written).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on the last line.")
    ] = False,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Mutate the solutions as well.")
    ] = False,
    only_mutants: Annotated[
        bool, typer.Option("--only-mutants", help="Mutate the solutions, prove nothing else.")
    ] = False,
    exercises: Annotated[
        list[str] | None,
        typer.Option("--exercise", help="Mutate this exercise's solution, prove nothing else."),
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only topics that .ci/proved does not hold as is.")
    ] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Note topics with no failure in .ci/proved.")
    ] = False,
) -> None:
    """Prove a topic: the solution gets full marks, blank gets none, wrong answers are named."""
    from wirelab.authoring import mutants_record
    from wirelab.authoring import prove as proving

    course = Course.find()
    names = [topic(name).id for name in topics or []] or [each.id for each in course.written()]
    if changed:
        names = [name for name in names if not mutants_record.is_recorded(course, name)]
    rows, failures = [], []
    for name in progress(names, "Proving"):
        digest = mutants_record.digest(course, name)  # of what is judged, whoever edits meanwhile
        try:
            if only_mutants or exercises:
                report = proving.prove_mutants(name, course, exercises or ())
            else:
                report = proving.prove(name, course, mutants)
        except CourseError as error:
            failures.append(f"{name}: {error}")
            continue
        failures += [f"{name}: {why}" for why in report.get("failures", ())]
        if record and "mutants" in report and not exercises and "failures" not in report:
            mutants_record.record(course, name, report["mutants"], digest)
        if as_json:
            print(json.dumps(report))
        else:
            rows.append(_proven(report))
    if rows:
        table(rows)
    if failures:
        raise CourseError("\n".join(failures))


def _proven(report: dict[str, Any]) -> dict[str, Any]:
    """A proof as a row; what became of the mutants is told above the table."""
    if figures := report.get("mutants"):
        from wirelab.authoring.mutants_report import told

        print(told(report["topic"], figures))
    row = {key: value for key, value in report.items() if key != "mutants"}
    return {**row, "failures": len(report.get("failures", ()))}
