"""Runs a submission in a sandboxed worker, in the place of nbgrader's `Execute`.

Options keep the section of this class: `c.ExecuteInWorker.sandbox = "required"`. Where the class
runner has graded the notebook already, its result is taken.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nbformat import from_dict
from nbgrader.preprocessors import Execute
from traitlets import Bool, Enum, Float, Int, Unicode

from wirelab.grading.course import lesson_folder
from wirelab.grading.engine import extras, policies
from wirelab.grading.engine.keeper import keeper
from wirelab.grading.engine.outputs import sound
from wirelab.grading.engine.task import STOPPED, Executed, Policy, TestResult
from wirelab.grading.plugins import mark

MIB = 1 << 20


class ExecuteInWorker(Execute):
    """Stands for `Execute` in `c.Autograde.autograde_preprocessors`."""

    sandbox = Enum(
        policies.SANDBOX,
        policies.REQUIRED,
        help="required: grade nothing where there is no sandbox; if-possible; never",
    ).tag(config=True)
    examiner = Bool(True, help="Run the tests in another process than the answers.").tag(
        config=True
    )
    cpu_s = Float(Policy.cpu_s, help="Processor seconds of one submission.").tag(config=True)
    wall_s = Float(Policy.wall_s, help="Seconds of one submission.").tag(config=True)
    memory_mib = Int(Policy.memory_bytes // MIB, help="Memory of one submission.").tag(config=True)
    processes = Int(Policy.processes, help="Processes and threads of one.").tag(config=True)
    disk_mib = Int(Policy.disk_bytes // MIB, help="What one may write.").tag(config=True)
    network = Unicode(Policy.network, help='"" or "embedded".').tag(config=True)

    def policy(self, here: bool = True) -> Policy:
        """How submissions are run; raises `CourseError` where this machine, if `here`, cannot."""
        return policies.settle(
            policies.named(os.environ) or self.sandbox,
            Policy(
                examiner=self.examiner,
                cpu_s=self.cpu_s,
                wall_s=self.wall_s,
                cell_s=float(self.timeout or Policy.cell_s),
                memory_bytes=self.memory_mib * MIB,
                processes=self.processes,
                disk_bytes=self.disk_mib * MIB,
                network=self.network,
            ),
            here,
        )

    def preprocess(self, nb: Any, resources: Any = None, km: Any = None) -> Any:
        """The notebook with outputs, and with its marks in the metadata."""
        ready = (resources or {}).get("wirelab_executed")
        unreadable = mark.read(nb).get("unreadable")
        executed = ready or (not_run(nb, unreadable) if unreadable else self._run(nb, resources))
        ran = [cell for cell in executed.notebook["cells"] if cell["cell_type"] == "code"]
        code = [cell for cell in nb["cells"] if cell["cell_type"] == "code"]
        for number, (cell, done) in enumerate(zip(code, ran, strict=True), start=1):
            cell["execution_count"] = number  # only what it put out is the worker's to say
            cell["outputs"] = from_dict(sound(done["outputs"], number))
        mark.write_executed(nb, executed)
        return nb, resources

    def _run(self, nb: Any, resources: Any) -> Executed:
        about, beside = resources["nbgrader"], Path(resources["metadata"]["path"])
        course = _above(self, "coursedir")
        folder = Path(course.format_path(course.source_directory, ".", about["assignment"]))
        files, found = extras.collect(beside)
        lessons = lesson_folder(about["assignment"], Path(course.root))
        executed = keeper.grade(
            folder / f"{about['notebook']}.ipynb",
            lessons.parent if lessons else None,
            self.policy(),
            nb,
            files,
        )
        executed.report = (*found, *executed.report)
        return executed


def not_run(notebook: Any, reason: str) -> Executed:
    """The result of a submission that could not be read: no test was run."""
    cells = []
    for cell in notebook["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and about.get("grade") and not about.get("solution"):
            said = f"This test was not run: the submission could not be read. {reason}"
            cell["outputs"] = [_error(said)]
            cells.append(
                TestResult(about["grade_id"], 0.0, float(about["points"]), STOPPED, (said,))
            )
    return Executed(from_dict(notebook), tuple(cells))


def _error(said: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": "NotGraded", "evalue": said, "traceback": [said]}


def _above(step: Any, name: str) -> Any:
    """The attribute of the nearest parent that has it: the converter's, for a step."""
    while not hasattr(step, name):
        step = step.parent
    return getattr(step, name)
