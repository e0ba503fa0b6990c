"""The command line: each command hands over to the package below and shows what comes back.

Nothing heavy is imported before a command needs it. An error that the user can mend is one
message without a traceback. Exit status: 0 all is well, 1 something is to be mended, 2 the
command line is wrong.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from wirelab.authoring.prove_command import prove
from wirelab.authoring.terminal import progress, table, working
from wirelab.grading.command import autograde
from wirelab.grading.course import Course, topic
from wirelab.grading.errors import CourseError

app = typer.Typer(
    name="wirelab",
    help="Wirelab: networking notebooks with auto-graded exercises.",
    epilog="Learners begin with `wirelab lab`; authors edit lessons/ and run `wirelab build`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Topics = Annotated[list[str] | None, typer.Argument(help="Topics (none: all that are written).")]
OneTopic = Annotated[str, typer.Argument(help="A topic, as 12_handshake.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")]
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(epilog="Example: wirelab build 12_handshake")
def build(
    topics: Topics = None,
    force: Annotated[bool, typer.Option("--force", help="Build unchanged topics too.")] = False,
    discard_edits: Annotated[
        bool, typer.Option("--discard-edits", help="Give up edits in source/ and notebooks/.")
    ] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Accept exercises that are not complete yet.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make source/, release/ and notebooks/ from lessons/."""
    from wirelab.authoring import build as builder

    course = Course.find()
    chosen = builder.topics_to_build(course, topics or ())
    changed: dict[str, list[str]] = {}
    errors: list[str] = []
    for name in progress(chosen, "Building"):
        try:
            built = builder.build(course, name, force or discard_edits, discard_edits, draft)
            changed[name] = list(built.changed)
        except CourseError as error:
            errors.append(str(error))
    if as_json:
        print(json.dumps({"built": changed, "errors": errors}))
    else:
        for name, paths in changed.items():
            _say(f"{name}: {'wrote ' + ', '.join(paths) if paths else 'up to date'}")
    if errors:
        raise CourseError("\n".join(errors))


@app.command(epilog="Example: wirelab draw 12_handshake")
def draw(topics: Topics = None) -> None:
    """Draw the static figures of lessons/ again, from the lessons' own data."""
    from wirelab.authoring import build as builder
    from wirelab.authoring import draw as drawing

    course = Course.find()
    for name in progress(builder.topics_to_build(course, topics or ()), "Drawing"):
        changed = drawing.draw(course.lesson(name).parent)
        _say(
            f"{name}: {'wrote ' + ', '.join(p.name for p in changed) if changed else 'up to date'}"
        )


@app.command(epilog="Example: wirelab adopt 12_handshake")
def adopt(
    topic_id: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic, as 12_handshake.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Bring an edit of the instructor's notebook home into lessons/."""
    from wirelab.authoring import adopt as adopting
    from wirelab.authoring import build as builder

    course = Course.find()
    adoption = adopting.propose(course, topic(topic_id).id)
    if not adoption.diff:
        _say(f"{topic_id}: source/ and lessons/ agree, there is nothing to adopt")
        return
    _show_diff(adoption.diff)
    if not yes and not typer.confirm("Write this to lessons/?"):
        raise CourseError("nothing was written")
    for path in adopting.accept(course, adoption):
        _say(f"wrote {path}")
    for path in builder.build(course, adoption.topic).changed:
        _say(f"wrote {path}")


@app.command(epilog="Example: wirelab check 12_handshake")
def check(
    topic_id: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic, as 12_handshake.")],
    notebook: Annotated[
        Path | None, typer.Option(help="Your notebook (default: notebooks/TOPIC.ipynb).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Mark your saved notebook as a course would, hidden tests included."""
    name = topic(topic_id).id
    path = notebook or Course.find().notebook(name)
    if not path.is_file():
        where = os.path.relpath(path)
        raise CourseError(f"there is no {where}: save your notebook there, or name it (--notebook)")
    from wirelab.grading.selfcheck import check as check_notebook

    with working(f"Marking {path.name}"):
        report = check_notebook(name, path)
    print(json.dumps(report.as_dict()) if as_json else report.text())
    raise typer.Exit(0 if report.points == report.max_points else 1)


app.command(epilog="Example: wirelab prove 12_handshake --json")(prove)
app.command(epilog="Example: wirelab autograde 12_handshake")(autograde)


@app.command(context_settings=PASS_ON, epilog="Example: wirelab lab --no-browser --port 8899")
def lab(context: typer.Context) -> None:
    """Open JupyterLab on the first notebook; further arguments are JupyterLab's."""
    from wirelab.jupyter import lab_command, lab_environment

    root = Course.find().root
    os.chdir(root)  # where nbgrader's extensions look for nbgrader_config.py
    command, environment = lab_command(root, context.args), lab_environment(os.environ)
    if os.name == "nt":  # exec would hand the console back at once
        raise typer.Exit(subprocess.call(command, env=environment))
    os.execvpe(command[0], command, environment)


@app.command(epilog="Example: wirelab demo")
def demo(
    topic_id: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic.")] = "12_handshake",
    jobs: Annotated[int, typer.Option(min=1, help="How many are graded at a time.")] = 2,
) -> None:
    """Take a made-up class of twelve through the whole nbgrader pipeline."""
    from rich.console import Console

    from wirelab.authoring import demo as demonstration
    from wirelab.authoring import demo_table

    console = Console()
    steps = demonstration.demo(Course.find(), topic(topic_id).id, jobs)
    demo_table.show(demo_table.follow(steps, console), console)


@app.command(epilog="Example: wirelab doctor")
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine offers: the real kernel or the embedded network, and other programs."""
    from dataclasses import asdict

    from wirelab.lab import machine

    findings = machine.look()
    print(json.dumps([asdict(each) for each in findings]) if as_json else machine.report(findings))


@app.command(epilog="Example: wirelab status --json")
def status(as_json: AsJson = False) -> None:
    """Show each topic of the course: written or not, built or not, edited by hand or not."""
    from wirelab.authoring import status as stating

    states = stating.states(Course.find())
    if as_json:
        print(json.dumps({"topics": states}))
    else:
        table([_with_points(row) for row in states])


# --- what is shown --------------------------------------------------------------------------


def _say(line: str) -> None:
    print(line)


def _show_diff(diff: str) -> None:
    if not sys.stdout.isatty():
        print(diff, end="")
        return
    from rich.console import Console
    from rich.syntax import Syntax

    Console().print(Syntax(diff, "diff", background_color="default", word_wrap=True))


def _with_points(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its two numbers of points in one column."""
    points, most = row["points"], row["max_points"]
    shown = "" if points is None else f"{points:g} of {most:g}"
    return {key: row[key] for key in row if key != "max_points"} | {"points": shown}


def main() -> None:
    """Run the command line; what the user can mend is shown as it is."""
    try:
        app()
    except CourseError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `wirelab status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


if __name__ == "__main__":
    main()
