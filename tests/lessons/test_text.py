"""The Markdown of the lessons reads as it was meant: no line break turns code into a list."""

import re
from pathlib import Path

import jupytext
import pytest

LESSONS = Path(__file__).parents[2] / "lessons"
TOPICS = sorted(path.parent.name for path in LESSONS.glob("*/lesson.py"))
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"(?<!`)`(?!`)[^`]+`")
LIST_MARK = re.compile(r"\n\s*([-+*]|\d+[.)])\s")


@pytest.mark.parametrize("topic", TOPICS)
def test_no_code_is_broken_where_its_next_line_begins_a_list(topic):
    notebook = jupytext.read(LESSONS / topic / "lesson.py", fmt="py:percent")
    broken = [
        (cell.metadata.get("id"), span)
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for paragraph in FENCED.sub("", cell.source).split("\n\n")
        for span in CODE_SPAN.findall(paragraph)
        if LIST_MARK.search(span)
    ]
    assert broken == []
