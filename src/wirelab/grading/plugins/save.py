"""Writes the marks of the engine into the gradebook, in the place of `SaveAutoGrades`.

Which grades there are, manual marks, comments and what needs a person are nbgrader's own business:
only where the number comes from is different, and all of it is one transaction.
"""

from __future__ import annotations

from typing import Any

from nbgrader import utils
from nbgrader.preprocessors import SaveAutoGrades

from wirelab.grading.plugins import mark


class SaveScores(SaveAutoGrades):
    """Stands for `SaveAutoGrades` in `c.Autograde.autograde_preprocessors`."""

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """Save all marks; the notebook stays as it is."""
        self._scores = {result.id: result.score for result in mark.results(nb)}
        return super().preprocess(nb, resources)

    def _add_score(self, cell: Any, resources: Any) -> None:
        name = cell.metadata["nbgrader"]["grade_id"]
        grade = self.gradebook.find_grade(
            name, self.notebook_id, self.assignment_id, self.student_id
        )
        if utils.is_solution(cell) or cell.cell_type != "code":
            grade.auto_score, _ = utils.determine_grade(cell, self.log)
        else:  # a test that was not run, as with --no-execute, is for a person to mark
            grade.auto_score = self._scores.get(name)
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        self.gradebook.db.commit()
