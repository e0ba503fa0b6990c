"""What a student gets back: a summary on one page, then the notebook without the hidden tests.

A step of `nbgrader generate_feedback`, between nbgrader's own. It changes no mark, and shows
nothing of what the instructor alone should know.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import from_dict
from traitlets import Bool

from wirelab.grading.plugins import mark
from wirelab.grading.report import ExerciseReport, titles
from wirelab.grading.results import CellResult, messages

_HIDDEN = re.compile(
    r"^([ \t]*)### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[^\n]*$", re.DOTALL | re.MULTILINE
)
_STYLE = """<style>
#toc { display: none; }  /* the summary says the same, by exercise */
.wl-summary { page-break-after: always; break-after: page; }
.wl-summary table { border-collapse: collapse; width: 100%; }
.wl-summary th, .wl-summary td { padding: .3em .8em .3em 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid currentColor; }
.wl-summary td:nth-child(2) { white-space: nowrap; text-align: right; }
</style>"""


class FeedbackPage(Preprocessor):
    """Stands after `GetGrades` in `c.GenerateFeedback.preprocessors`."""

    enabled = Bool(True, help="Whether to use this step.").tag(config=True)
    show_hidden_tests = Bool(False, help="Show the code of hidden tests to students.").tag(
        config=True
    )
    summary = Bool(True, help="Begin with a summary of one page.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> Any:
        """The page's notebook."""
        results = {result.id: result for result in mark.results(nb)}
        if self.summary and any(_graded(cell) for cell in nb.cells):
            nb.cells.insert(0, self._summary(nb, resources, results))
        for cell in nb.cells:
            if cell.cell_type == "code" and _graded(cell):
                self._test(cell, results.get(cell.metadata.nbgrader.grade_id))
        nb.metadata.pop(mark.KEY, None)
        return nb, resources

    def _test(self, cell: Any, result: Any) -> None:
        if self.show_hidden_tests:
            return
        cell.source = _HIDDEN.sub(r"\1# Hidden tests were run here.", cell.source)
        if result is None:  # graded by nbgrader alone: its traceback would quote the hidden tests
            said = [text.splitlines()[-1:] for text in messages(cell.outputs)]
            texts = ["\n".join(lines) for lines in said]
        else:
            texts = list(result.messages)
        kept = [output for output in cell.outputs if output.output_type != "error"]
        cell.outputs = kept + [from_dict(_said(text)) for text in texts]

    def _summary(self, nb: Any, resources: Any, results: dict[str, Any]) -> Any:
        about = resources["nbgrader"]
        rows = [_row(number, each) for number, each in enumerate(_exercises(nb, results), start=1)]
        penalty = about.get("late_penalty") or 0
        late = f"<p>Handed in late: {penalty:g} points less.</p>" if penalty else ""
        points = f"{about['score']:g} of {about['max_score']:g} points"
        text = (
            f'{_STYLE}\n<div class="wl-summary"><h1>{escape(about["notebook"])}: {points}</h1>'
            f"<p>{escape(about['student'])}</p>{late}<table><thead><tr><th>Exercise</th>"
            f"<th>Points</th><th>Where to look</th></tr></thead><tbody>{''.join(rows)}</tbody>"
            f"</table></div>"
        )
        return from_dict({"id": "summary", "cell_type": "markdown", "metadata": {}, "source": text})


def _graded(cell: Any) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def _exercises(nb: Any, results: dict[str, Any]) -> list[ExerciseReport]:
    names = titles(nb.cells)
    found: dict[str, list[CellResult]] = {}
    for cell in nb.cells:
        if not _graded(cell):
            continue
        about = cell.metadata.nbgrader
        result = results.get(about.grade_id)
        said = result.messages if result else messages(cell.get("outputs", []))
        made = CellResult(about.grade_id, about.get("score"), float(about.points), tuple(said))
        found.setdefault(made.exercise, []).append(made)
    return [ExerciseReport(name, names.get(name, name), tuple(c)) for name, c in found.items()]


def _row(number: int, each: ExerciseReport) -> str:
    most = sum(cell.points for cell in each.cells)
    said = [
        f'<a href="#{escape(cell)}">{escape(name)}</a>: {escape(_first(text))}'
        for name, text, cell in _messages(each)
    ]
    if not said:
        said = [each.state]
    return (
        f"<tr><td>{number}. {escape(each.title)}</td><td>{each.points:g} / {most:g}</td>"
        f"<td>{'<br>'.join(said)}</td></tr>"
    )


def _messages(each: ExerciseReport) -> list[tuple[str, str, str]]:
    """What the tests of an exercise say, with the name of each and its cell to jump to."""
    prefix = f"{each.id}-test"
    cells = {c.id.removeprefix(prefix).strip("-") or c.id: c.id for c in each.cells}
    return [(name, text, cells.get(name, "")) for name, text in each.messages()]


def _first(text: str) -> str:
    """The first line of a message, which says what is wrong."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= 160 else f"{line[:157]}..."


def _said(text: str) -> dict[str, Any]:
    """A message as a cell's output, in the look of an error."""
    return {"output_type": "error", "ename": "", "evalue": "", "traceback": text.splitlines()}
