"""Prove a topic: the solution gets full marks, a blank notebook none, a wrong answer its sentence.

What students' notebooks meet is run for real (`nbgrader autograde`, Run All); the many planted
wrong answers go through one warm process, and a few of them through nbgrader too. It changes
nothing in the course folder.
"""

from __future__ import annotations

import ast
import copy
import json
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from wirelab.authoring import planting
from wirelab.authoring.build import build
from wirelab.authoring.code import parse
from wirelab.grading import stock
from wirelab.grading.course import Course, topic
from wirelab.grading.errors import CourseError
from wirelab.grading.misconceptions import Planted, sources
from wirelab.grading.results import Graded

RUNS = 10  # of the solution; the last on the embedded network
SAMPLE = 2  # planted answers that go through nbgrader as well
RUN_ALL_S = 20.0


def prove(topic_id: str, course: Course | None = None, mutants: bool = False) -> dict[str, Any]:
    """Prove one topic; the figures, and under `failures`, only if there are any, what failed.

    Keys: `topic`, `exercises`, `tests`, `points`, `solution_score`, `blank_score`, `misconceptions`
    (`declared`, `caught`, `named`), `run_all_s` and, if they are asked for, `mutants` (see
    `mutants_report`). Raises `CourseError` where the topic cannot be built or graded at all.
    """
    course = course or Course.find()
    with tempfile.TemporaryDirectory(prefix="wirelab-prove-") as folder:
        report = _Proof(course, topic(topic_id).id, Path(folder).resolve()).run()
    return _joined(report, prove_mutants(topic_id, course)) if mutants else report


def prove_mutants(
    topic_id: str, course: Course | None = None, exercises: Collection[str] = ()
) -> dict[str, Any]:
    """The part of the proof that mutates the solutions, of all exercises or some; keys as above."""
    from wirelab.authoring import mutants_report

    course, name = course or Course.find(), topic(topic_id).id
    figures, failures = mutants_report.prove_mutants(course, name, exercises)
    return _joined({"topic": name}, {"mutants": figures, "failures": failures})


def _joined(report: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    failures = [*report.pop("failures", ()), *more.pop("failures", ())]
    return {**report, **more, **({"failures": failures} if failures else {})}


class _Proof:
    def __init__(self, course: Course, topic_id: str, folder: Path):
        self.topic = topic_id
        self.lessons = course.lessons
        self.here = Course(folder / "course")
        shutil.copytree(course.lessons / topic_id, self.here.lessons / topic_id)
        shutil.copy(course.root / "nbgrader_config.py", self.here.root)
        build(self.here, topic_id, draft=True)
        self.notebook = _read(self.here.source(topic_id))
        self.lesson = planting.steps(self.notebook)
        path = course.lessons / topic_id / "misconceptions.py"
        self.planted = sources(path) if path.is_file() else []
        self.beside = folder / "cwd"
        shutil.copytree(self.here.source(topic_id).parent, self.beside)

    def run(self) -> dict[str, Any]:
        with ThreadPoolExecutor(3) as pool:
            # A notebook waits for its networks much of the time: they do not get in each other's
            # way. If Run All takes long all the same, it is timed again alone.
            look = pool.submit(self._run_all)
            real = pool.submit(self._real)
            again = self._runs([""])
            others = pool.submit(self._runs, [""] * (RUNS - 2) + ["embedded"])
            broken = {cell.id for cell in again[0].cells if cell.lost}
            verdicts = planting.try_planted(
                self.beside, self.topic, self.lesson, self.planted, self.lessons, 1, broken
            )
            again += others.result()
            graded, refused = self._graded(real, again[0])
            run_all_s, run_all = look.result()
        if run_all_s > RUN_ALL_S:
            run_all_s, run_all = self._run_all()
        solution, blank = graded["solution"], graded["blank"]
        failures = [
            *refused,
            *run_all,
            *_of_solution(solution, again),
            *_of_demos(self.notebook, self.lesson),
            *_of_blank(blank),
            *_of_planted(self.planted, verdicts),
            *_of_sample(self.planted, verdicts, graded, _beside(self.notebook)),
        ]
        tests = [step for step in self.lesson if step.kind == "test"]
        figures = {
            "topic": self.topic,
            "exercises": len(solution.by_exercise()),
            "tests": len(tests),
            "points": _number(sum(step.points for step in tests)),
            "solution_score": _number(solution.score),
            "blank_score": _number(blank.score),
            "misconceptions": {
                "declared": len(self.planted),
                "caught": sum(each.caught for each in verdicts),
                "named": sum(each.named for each in verdicts),
            },
            "run_all_s": round(run_all_s, 1),
        }
        return {**figures, **({"failures": failures} if failures else {})}

    def _runs(self, networks: Sequence[str]) -> list[Graded]:
        """The solution in a warm process, once on each of these networks."""
        return planting.run_solution(self.beside, self.topic, self.lesson, networks, self.lessons)

    def _real(self) -> dict[str, Graded]:
        """What nbgrader gives the solution, the blank, and a sample of planted answers."""
        others = {"blank": _read(self.here.release(self.topic))}
        owners = planting.owners_of(self.lesson)
        for planted in _sample(self.planted):
            others[planted.name] = _with(self.notebook, owners[planted.of], planted)
        given = {"solution": self.here.source(self.topic)}
        for name, notebook in others.items():
            # Demonstrations take time, and they are run with the solution and by Run All.
            notebook.cells = [cell for cell in notebook.cells if not _is_demo(cell)]
            given[name] = self.here.root / f"{name}.ipynb"
            _write(given[name], notebook)
        root = self.here.root.parent / "nbgrader"
        root.mkdir()
        stock.prepare(root, self.here.root, self.topic)
        return stock.grade(root, self.topic, given, 600, self.lessons, _STRICT)

    def _graded(
        self, real: Future[dict[str, Graded]], warm: Graded
    ) -> tuple[dict[str, Graded], list[str]]:
        """What nbgrader says, or, where it refuses, the warm process; and why it refuses."""
        try:
            return real.result(), []
        except CourseError as error:
            released = planting.steps(_read(self.here.release(self.topic)))
            stubs = {step.id: step for step in released if step.kind == "answer"}
            blank = [stubs.get(step.id, step) for step in self.lesson]  # hidden tests are in it
            runs = planting.run_solution(self.beside, self.topic, blank, [""], self.lessons)
            return {"solution": warm, "blank": runs[0]}, [_told(str(error))]

    def _run_all(self) -> tuple[float, list[str]]:
        """Run All of the self-study edition: its duration, and what is wrong with it."""
        notebook = self.here.notebook(self.topic)
        command = [sys.executable, "-m", "wirelab.authoring.run_all", str(notebook)]
        result = json.loads(stock.run(command, notebook.parent, 300))
        took, failures = result["took_s"], [f"Run All: {said}" for said in result["failures"]]
        if took > RUN_ALL_S:
            failures.append(f"Run All takes {took:.1f} s; it must stay under {RUN_ALL_S:.0f} s")
        return took, failures


_STRICT = {"WIRELAB_DIAGNOSE": "strict"}


def _sample(planted: Sequence[Planted]) -> list[Planted]:
    """A few of them, evenly spread, the same ones each time."""
    return list(planted[:: max(1, -(-len(planted) // SAMPLE))]) if planted else []


def _with(notebook: Any, cell_id: str, planted: Planted) -> Any:
    changed = copy.deepcopy(notebook)
    for cell in changed.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == cell_id:
            cell.source = planting.in_place(cell.source, planted)
    return changed


def _beside(notebook: Any) -> set[str]:
    """The tests that run beside the learner's code."""
    tests = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return {
        cell.metadata["nbgrader"]["grade_id"]
        for cell in tests
        if "beside" in cell.metadata.get("tags", ())
    }


def _is_demo(cell: Any) -> bool:
    return cell.cell_type == "code" and "nbgrader" not in cell.metadata


# --- what must hold ------------------------------------------------------------------------------


def _of_solution(solution: Graded, again: Sequence[Graded]) -> Iterator[str]:
    for cell in solution.cells:
        if cell.lost:
            said = _first_line(*cell.messages, cell.stderr)
            yield f"the solution loses points in {cell.id}: {said}"
    for said in solution.errors:
        yield f"the solution fails outside the tests, in {_last_line(said)}"
    if solution.stderr:
        yield f"the solution writes on stderr: {_first_line(solution.stderr)}"
    for number, graded in enumerate(again, start=1):
        where = f"run {number} of {len(again)}"
        where += " (on the embedded network)" if number == len(again) else ""
        for said in graded.errors:
            yield f"{where}: {_last_line(said)}"
        if graded.stderr:
            yield f"{where} writes on stderr: {_first_line(graded.stderr)}"
        scores = {cell.id: cell.score for cell in solution.cells}
        for cell in graded.cells:
            if cell.score != scores.get(cell.id):
                yield (
                    f"{where} gives {cell.id} {_number(cell.score)} points, nbgrader "
                    f"{_number(scores.get(cell.id))}: {_first_line(*cell.messages, cell.stderr)}"
                )


def _of_demos(notebook: Any, lesson: Sequence[planting.Step]) -> Iterator[str]:
    answers = {
        node.name: step.id
        for step in lesson
        if step.kind == "answer"
        for node in parse(step.source).tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    for cell in filter(_is_demo, notebook.cells):
        for name in sorted(parse(cell.source).defines & set(answers)):
            yield f"{cell.id} is a demonstration and defines {name}, which {answers[name]} asks for"


def _of_blank(blank: Graded) -> Iterator[str]:
    for cell in blank.cells:
        if cell.score is not None and not cell.lost:
            yield f"{cell.id} passes in a notebook that answers nothing"


def _of_planted(planted: Sequence[Planted], verdicts: Sequence[planting.Verdict]) -> Iterator[str]:
    for each, verdict in zip(planted, verdicts, strict=True):
        if not verdict.caught:
            yield f"{each.name} (a wrong {each.of}) is not caught: every test passes"
        elif not verdict.named:
            said = f"{verdict.cell or 'grading'} says: {_last_lines(verdict.said)}"
            yield f"{each.name} (a wrong {each.of}) is caught, but not by its sentence; {said}"


def _of_sample(
    planted: Sequence[Planted],
    verdicts: Sequence[planting.Verdict],
    graded: dict[str, Graded],
    beside: Collection[str],
) -> Iterator[str]:
    broken = {cell.id for cell in graded["solution"].cells if cell.lost}
    for each, verdict in zip(planted, verdicts, strict=True):
        if each.name not in graded:
            continue
        failed = [cell for cell in graded[each.name].cells if cell.lost and cell.id not in broken]
        said = [text for cell in failed for text in cell.messages]
        # The process that runs a test beside the learner's code has no lessons to name it from.
        named = planting.says(each, said) or (failed and beside.issuperset(c.id for c in failed))
        if (bool(failed), bool(named)) != (verdict.caught, verdict.named):
            yield f"{each.name}: nbgrader and the warm process do not agree on it"


def _number(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) else value


def _told(refusal: str) -> str:
    """What is to be mended, out of a grader's words with a traceback among them."""
    mark = "CourseError: "
    said = [line.partition(mark)[2] for line in refusal.splitlines() if mark in line]
    return f"nbgrader grades nothing: {said[-1] if said else refusal}"


def _first_line(*texts: str) -> str:
    return next((line for text in texts for line in text.splitlines() if line.strip()), "")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0] if len(lines) < 2 else f"{lines[0].partition(':')[0]}: {lines[-1]}"


def _last_lines(text: str) -> str:
    return " / ".join(line.strip() for line in text.splitlines()[-4:])


def _read(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def _write(path: Path, notebook: Any) -> None:
    import nbformat

    nbformat.write(notebook, path)
