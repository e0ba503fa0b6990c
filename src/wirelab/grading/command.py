"""`wirelab autograde`: a whole class, shown while it is graded.

It knows what a run yields and how to show it. The exit status: 0 every submission was graded, 1
some could not be, or nothing could.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import nullcontext
from typing import Annotated, Any

import typer

from wirelab.grading.course import Course, topic
from wirelab.grading.errors import CourseError

SHOWN = 40  # rows of a table that somebody reads


def autograde(
    topic_id: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic, as 12_handshake.")],
    student: Annotated[
        list[str] | None, typer.Option(help="Only this student (may be given several times).")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that grade (default: one a processor).")
    ] = None,
    scheduler: Annotated[
        str, typer.Option(help="Grade on the machines of this Dask scheduler: tcp://host:8786.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Grade also what is unchanged.")] = False,
    unsandboxed: Annotated[
        bool, typer.Option("--unsandboxed", help="Run strangers' code with the rights you have.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on the last line.")
    ] = False,
) -> None:
    """Grade a whole class: sandboxed, in parallel, and only what has changed."""
    from wirelab.grading.autograde import FAILED, UNREADABLE, Run, Settings
    from wirelab.grading.engine.policies import NEVER
    from wirelab.grading.quick import skip_uri_grammar

    skip_uri_grammar()
    sandbox = NEVER if unsandboxed else None
    settings = Settings(frozenset(student or ()), workers, scheduler, force, sandbox)
    run = Run(Course.find(), topic(topic_id).id, settings)
    start = time.monotonic()
    rows = sorted(_followed(run), key=lambda row: row.student)
    seconds = time.monotonic() - start
    if as_json:
        values = {"topic": run.topic, "workers": run.workers, "seconds": round(seconds, 2)}
        print(json.dumps({**values, "submissions": [row.to_json() for row in rows]}))
    else:
        _show(rows, run.topic, seconds)
    troubled = [row.student for row in rows if row.state in (FAILED, UNREADABLE)]
    if not rows:
        raise CourseError(
            f"nothing was handed in for {run.topic}: submitted/*/{run.topic} is empty"
        )
    raise typer.Exit(1 if troubled else 0)


def _followed(run: Any) -> list[Any]:
    """All rows, with a bar on the terminal while they come."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    shown = sys.stderr.isatty()
    console = Console(stderr=True)
    rows = []
    with Progress(*columns, console=console, transient=True) if shown else nullcontext() as bar:
        task = bar.add_task(f"Grading {run.topic}", total=None) if bar else None
        for row in run:
            rows.append(row)
            if bar:
                bar.update(task, total=run.total, completed=len(rows))
    return rows


def _show(rows: list[Any], name: str, seconds: float) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    notable = [row for row in rows if row.findings or row.error or row.stopped]
    shown = rows if len(rows) <= SHOWN else notable[:SHOWN]
    table = Table(title=name, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for column in ("student", "points", "late", "state", "to look at"):
        table.add_column(column, justify="right" if column in ("points", "late") else "left")
    for row in shown:
        points = f"{row.score - row.penalty:g} of {row.max_score:g}" if row.max_score else ""
        late = f"{row.late_s / 3600:.1f} h" if row.late_s else ""
        table.add_row(Text(_safe(row.student)), points, late, row.state, Text(_remark(row)))
    console.print(table)
    if len(shown) < len(rows):
        console.print(f"{len(rows) - len(shown)} more, without anything to look at")
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    said = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    console.print(f"{said or 'none'}, in {seconds:.1f} s", highlight=False)


def _remark(row: Any) -> str:
    """What the instructor may want to look at, in a few words."""
    if row.error:
        return _safe(row.error.splitlines()[0][:100])
    kinds: dict[str, int] = {}
    for finding in row.findings:
        kinds[finding.kind] = kinds.get(finding.kind, 0) + 1
    words = [f"{kind} ({number})" if number > 1 else kind for kind, number in kinds.items()]
    if row.stopped:
        words.append(f"{row.stopped} tests stopped")
    return ", ".join(words)


def _safe(text: str) -> str:
    """Text of a stranger, fit for a terminal."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else "?" for c in text)
