"""Writes the marks of the engine into the gradebook, in the place of `SaveAutoGrades`.

Which grades there are, manual marks, comments and what needs a person are as in nbgrader: only
where the number comes from is different, and all of a notebook is one transaction.
"""

from __future__ import annotations

from typing import Any

from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveAutoGrades

from wirelab.grading.plugins import mark


class SaveScores(SaveAutoGrades):
    """Stands for `SaveAutoGrades` in `c.Autograde.autograde_preprocessors`."""

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """Save all marks; the notebook stays as it is."""
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            submitted = gradebook.find_submission_notebook(
                about["notebook"], about["assignment"], about["student"]
            )
            save(submitted, nb)
            gradebook.db.commit()
        return nb, resources


def save(submitted: Any, nb: Any) -> None:
    """Set grades and comments of nbgrader's `SubmittedNotebook`; the caller commits."""
    scores = {result.id: result.score for result in mark.results(nb)}
    grades = {grade.cell.name: grade for grade in submitted.grades}
    comments = {comment.cell.name: comment for comment in submitted.comments}
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if utils.is_grade(cell):
            grade = grades[name]
            if utils.is_solution(cell) or cell.cell_type != "code":
                grade.auto_score, _ = utils.determine_grade(cell)
            else:  # a test that was not run, as with --no-execute, is for a person to mark
                grade.auto_score = scores.get(name)
            grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        if utils.is_solution(cell) or utils.is_task(cell):
            untouched = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
            no_response = untouched and not utils.is_task(cell)
            comments[name].auto_comment = "No response." if no_response else None
