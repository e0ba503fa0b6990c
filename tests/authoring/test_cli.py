"""The command line: what it says, its exit status, its JSON, and how fast it is there."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from wirelab import jupyter
from wirelab.cli import main
from wirelab.grading.course import TOPICS, Course

TOPIC = "11_arp"


@dataclass
class Run:
    """What one call of the command line came to."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def wirelab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable:
    """`wirelab(*arguments, cwd=folder, input="")`: the command line, in this process."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*arguments: str, cwd: Path, input: str = "") -> Run:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["wirelab", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(input))
        with pytest.raises(SystemExit) as ended:
            main()
        return Run(ended.value.code or 0, *capsys.readouterr())

    return call


COMMANDS = ("build", "draw", "adopt", "check", "prove", "lab", "demo", "doctor", "status")


def test_help_lists_every_command(wirelab, tmp_path: Path) -> None:
    listed = wirelab("--help", cwd=tmp_path).stdout
    assert all(command in listed for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_has_an_example(wirelab, command: str, tmp_path: Path) -> None:
    run = wirelab(command, "--help", cwd=tmp_path)
    assert run.returncode == 0
    assert f"Example: wirelab {command}" in run.stdout


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, wirelab.cli;"
        "print([n for n in ('nbgrader', 'nbformat', 'jupytext', 'scapy', 'IPython', 'rich.table')"
        " if n in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert run.stdout.strip() == "[]"


def test_build_says_what_it_wrote(wirelab, course: Course) -> None:
    run = wirelab("build", TOPIC, cwd=course.root)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(f"{TOPIC}: wrote notebooks/{TOPIC}.ipynb, ")
    assert wirelab("build", cwd=course.root).stdout == f"{TOPIC}: up to date\n"


def test_build_works_from_any_folder_of_the_course(wirelab, course: Course) -> None:
    assert wirelab("build", cwd=course.lessons / TOPIC).returncode == 0
    assert course.notebook(TOPIC).is_file()


def test_build_as_json(wirelab, course: Course, replace) -> None:
    replace("points=0.5", "")
    run = wirelab("build", "--json", cwd=course.root)
    assert run.returncode == 1
    answer = json.loads(run.stdout.splitlines()[-1])
    assert answer["built"] == {}
    assert len(answer["errors"]) == 1
    assert "has no points" in answer["errors"][0]


def test_an_error_is_a_line_that_an_editor_can_follow(wirelab, course: Course, replace) -> None:
    replace("points=0.5", "")
    run = wirelab("build", cwd=course.root)
    assert run.returncode == 1
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"lessons/{TOPIC}/lesson.py:")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build", "34_css"), "lessons/34_css: this is not a topic"),
        (("adopt", "34_css"), "'34_css' is not a topic of this course"),
        (("check", TOPIC), f"there is no notebooks/{TOPIC}.ipynb"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(wirelab, arguments, words, course: Course) -> None:
    run = wirelab(*arguments, cwd=course.root)
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1
    assert words in run.stderr


def test_outside_a_course(wirelab, tmp_path: Path) -> None:
    run = wirelab("build", cwd=tmp_path)
    assert run.returncode == 1
    assert "is not inside a Wirelab course" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_wrong_option_is_another_status(wirelab, course: Course) -> None:
    assert wirelab("build", "--fast", cwd=course.root).returncode == 2


@pytest.mark.parametrize(("answer", "status"), [("n\n", 1), ("y\n", 0)])
def test_adopt_asks(wirelab, answer: str, status: int, course: Course) -> None:
    wirelab("build", cwd=course.root)
    source = course.source(TOPIC)
    text = source.read_text("utf-8")
    source.write_text(text.replace("Two small things", "Two large things"), "utf-8")
    run = wirelab("adopt", TOPIC, cwd=course.root, input=answer)
    assert "+# # Two large things about frames" in run.stdout
    assert run.returncode == status
    assert ("Two large" in course.lesson(TOPIC).read_text("utf-8")) == (status == 0)


def test_adopt_without_a_question(wirelab, course: Course) -> None:
    wirelab("build", cwd=course.root)
    assert "nothing to adopt" in wirelab("adopt", TOPIC, cwd=course.root).stdout
    source = course.source(TOPIC)
    text = source.read_text("utf-8")
    source.write_text(text.replace("Two small things", "Two large things"), "utf-8")
    run = wirelab("adopt", "--yes", TOPIC, cwd=course.root)
    assert run.returncode == 0
    assert "Two large things" in course.release(TOPIC).read_text("utf-8")


def test_status_as_json(wirelab, course: Course) -> None:
    wirelab("build", cwd=course.root)
    source = course.source(TOPIC)
    text = source.read_text("utf-8")
    source.write_text(text.replace("Two small things", "Two large things"), "utf-8")
    (line,) = wirelab("status", "--json", cwd=course.root).stdout.splitlines()
    rows = {row["topic"]: row for row in json.loads(line)["topics"]}
    assert list(rows) == [each.id for each in TOPICS]
    assert rows[TOPIC]["written"]
    assert rows[TOPIC]["built"]
    assert rows[TOPIC]["edited"] == ["source"]
    assert not rows["12_handshake"]["written"]
    assert TOPIC in wirelab("status", cwd=course.root).stdout


# --- JupyterLab ---------------------------------------------------------------------------


def test_lab_opens_the_first_notebook_and_passes_on(course: Course) -> None:
    (course.root / "notebooks").mkdir()
    first = course.root / "notebooks" / "00_start.ipynb"
    first.write_text("{}", "utf-8")
    command = jupyter.lab_command(course.root, ["--no-browser", "--port", "8899"])
    assert command[1:3] == ["-m", "jupyterlab"]
    assert command[-4:] == ["--no-browser", "--port", "8899", str(first)]


def test_lab_opens_what_is_named_instead(course: Course) -> None:
    (course.root / "notebooks").mkdir()
    (course.root / "notebooks" / "00_start.ipynb").write_text("{}", "utf-8")
    command = jupyter.lab_command(course.root, ["lessons"])
    assert command[-1] == "lessons"


def test_lab_switches_news_and_extension_manager_off(home: Path) -> None:
    """In the page configuration that JupyterLab itself puts together."""
    code = (
        "import json; from jupyterlab_server.config import get_page_config;"
        "print(json.dumps(get_page_config([])))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=jupyter.lab_environment(os.environ),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    off = json.loads(run.stdout)["disabledExtensions"]
    assert "@jupyterlab/apputils-extension:announcements" in off
    assert "@jupyterlab/extensionmanager-extension" in off
    assert not any((home / "jupyter" / "config").iterdir())


def test_lab_keeps_the_users_configuration_path() -> None:
    path = jupyter.lab_environment({"JUPYTER_CONFIG_PATH": "mine"})["JUPYTER_CONFIG_PATH"]
    assert path.split(os.pathsep)[1:] == ["mine"]


def test_lab_passes_its_arguments_on_to_jupyterlab(course: Course, tmp_path: Path) -> None:
    """A module named jupyterlab that only says how it was started stands in for the real one."""
    (tmp_path / "jupyterlab.py").write_text("import sys; print(sys.argv)")
    run = subprocess.run(
        [sys.executable, "-m", "wirelab.cli", "lab", "--port", "8899"],
        cwd=course.lessons,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "'--port', '8899'" in run.stdout
    assert f"--ServerApp.root_dir={course.root}" in run.stdout


def test_status_tells_a_stale_build_also_in_a_fresh_clone(wirelab, course: Course, replace) -> None:
    def built() -> bool:
        run = wirelab("status", "--json", cwd=course.root)
        return {row["topic"]: row for row in json.loads(run.stdout)["topics"]}[TOPIC]["built"]

    assert not built()
    wirelab("build", cwd=course.root)
    (course.state / "build.json").unlink()
    assert built()
    replace("A paragraph between.", "Another paragraph.")
    assert not built()


@pytest.mark.slow
def test_check_has_a_status_that_tells(wirelab, course: Course) -> None:
    """Nothing is answered yet, so it is 1. (What is marked, and how, `tests/grading` shows.)"""
    wirelab("build", cwd=course.root)
    run = wirelab("check", TOPIC, "--json", cwd=course.root)
    assert (run.returncode, json.loads(run.stdout.splitlines()[-1])["points"]) == (1, 0)
