"""Grade notebooks with the real `nbgrader autograde`, in a course folder made for it.

The grader runs in a process of its own, so that a learner's kernel stays responsive and a hang ends
at a deadline. It knows nothing of what is then done with the marks.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from wirelab.grading.engine.policies import IF_POSSIBLE, VARIABLE
from wirelab.grading.errors import CourseError
from wirelab.grading.results import CellResult, Graded, mark, messages, stderr


def prepare(root: Path, course: Path, topic: str) -> None:
    """Make `root` a course with one topic: the source edition and configuration of `course`."""
    shutil.copytree(course / "source" / topic, root / "source" / topic)
    shutil.copy(course / "nbgrader_config.py", root)


def grade(
    root: Path,
    topic: str,
    submissions: dict[str, Path],
    timeout_s: float = 300.0,
    lessons: Path | None = None,
    environment: dict[str, str] | None = None,
) -> dict[str, Graded]:
    """Autograde one notebook per student in the course folder `root` (see `prepare`).

    `lessons` is where misconceptions are looked up. Raises `CourseError` with the grader's own
    words if it fails, or when `timeout_s` is over.
    """
    for student, notebook in submissions.items():
        folder = root / "submitted" / student / topic
        folder.mkdir(parents=True)
        shutil.copy(notebook, folder / f"{topic}.ipynb")
        _copy_beside(root / "source" / topic, folder)
    said = run(
        [sys.executable, "-m", __name__, str(root), topic, *submissions],
        cwd=root,
        timeout_s=timeout_s,
        # One's own notebook, or what the course itself has planted: no stranger's code.
        environment={VARIABLE: IF_POSSIBLE, **_lessons(lessons), **(environment or {})},
    )
    result = json.loads(said)
    if "error" in result:
        raise CourseError(f"nbgrader could not grade {topic}: {result['error']}")
    return {student: Graded.from_json(value) for student, value in result.items()}


def _copy_beside(source: Path, folder: Path) -> None:
    for path in source.iterdir():
        if path.is_dir():
            shutil.copytree(path, folder / path.name, dirs_exist_ok=True)
        elif path.suffix != ".ipynb":
            shutil.copy(path, folder)


def _lessons(lessons: Path | None) -> dict[str, str]:
    return {"WIRELAB_LESSONS": str(lessons)} if lessons else {}


def run(
    command: list[str],
    cwd: Path,
    timeout_s: float,
    environment: dict[str, str] | None = None,
    stdin: str = "",
) -> str:
    """Run a program to its end and return the last line it printed.

    It and all its children are killed when `timeout_s` is over; raises `CourseError` then, or where
    the exit status is not 0.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **_surroundings(), **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        out, error = process.communicate(stdin, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise CourseError(f"grading took more than {timeout_s:.0f} s and was stopped") from None
    finally:
        _end(process)
    lines = out.strip().splitlines()
    if process.returncode or not lines:
        tail = "\n".join((error or out).strip().splitlines()[-12:])
        raise CourseError(f"the grader stopped with status {process.returncode}: {tail}")
    return lines[-1]


def _surroundings() -> dict[str, str]:
    """nbgrader finds its `alembic` on PATH only."""
    beside_python = str(Path(sys.executable).parent)
    path = os.pathsep.join(filter(None, (beside_python, os.environ.get("PATH"))))
    return {"PATH": path}


def _end(process: subprocess.Popen) -> None:
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.communicate()


# --- in the process of its own -------------------------------------------------------------------


def main(root: Path, topic: str, students: list[str]) -> dict[str, Any]:
    """Grade with nbgrader's API; the result as JSON values."""
    from wirelab.grading.quick import skip_uri_grammar

    skip_uri_grammar()
    import nbformat
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = f"sqlite:///{(root / 'gradebook.db').as_posix()}"
    api = NbGraderAPI(config=config)
    api.log.setLevel("ERROR")
    outcome = api.generate_assignment(topic)
    for student in students:
        if outcome["success"]:
            outcome = api.autograde(topic, student)
    if not outcome["success"]:
        said = (outcome.get("log") or outcome.get("error") or "").strip()
        return {"error": "\n".join(said.splitlines()[-12:])}
    marked = {}
    for student in students:
        path = root / "autograded" / student / topic / f"{topic}.ipynb"
        with api.gradebook as gradebook:
            submission = gradebook.find_submission_notebook(topic, topic, student)
            scores = {grade.name: (_score(grade), grade.max_score) for grade in submission.grades}
        marked[student] = _read(nbformat.read(path, as_version=4), scores).to_json()
    return marked


def _score(grade: Any) -> float | None:
    return None if grade.needs_manual_grade and grade.auto_score is None else grade.score


def _read(notebook: Any, scores: dict[str, tuple[float | None, float]]) -> Graded:
    """The gradebook's scores and what the cells say; a cell that is not there gets 0."""
    from wirelab.grading.plugins.mark import results as read_marks

    missing, ours = dict(scores), {each.id for each in read_marks(notebook)}
    cells, errors, warned = [], [], ""
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade") and about["grade_id"] in scores:
            seen = mark(about["grade_id"], float(about["points"]), outputs)
            values = {**vars(seen), "score": missing.pop(about["grade_id"], (0.0, 0.0))[0]}
            if about["grade_id"] in ours:  # a warning on stderr is no failure there
                values["stderr"] = ""
            cells.append(type(seen)(**values))
        else:
            errors += [f"{cell.id}: {said}" for said in messages(outputs)]
        warned += stderr(outputs)
    gone = "This test cell is not in the notebook any more."
    cells += [CellResult(name, 0.0, most, (gone,)) for name, (_, most) in missing.items()]
    return Graded(tuple(cells), tuple(errors), warned)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])))
