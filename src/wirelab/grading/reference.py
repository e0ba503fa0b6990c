"""The right answers of a topic as a module: what `import reference` gives to misconceptions.py.

Built from the set-up cells (role `given`) and answer cells of `lessons/<topic>/lesson.py`, at the
first failed check only. It knows nothing of checks.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import types
from functools import lru_cache
from pathlib import Path

from wirelab.grading.misconceptions import Misconception, load
from wirelab.grading.quick import skip_uri_grammar

_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)


def right_answers(lesson: Path) -> types.ModuleType:
    """Execute the set-up and answer cells of a lesson.py, silently, in a module of their own."""
    return _right_answers(lesson, lesson.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _right_answers(lesson: Path, _: int) -> types.ModuleType:
    skip_uri_grammar()
    import jupytext

    notebook = jupytext.reads(lesson.read_text(encoding="utf-8"), fmt="py:percent")
    module = types.ModuleType(f"wirelab_reference_{lesson.parent.name}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    silence = io.StringIO()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        for cell in notebook.cells:
            role = cell.metadata.get("role")
            if cell.cell_type == "code" and role in ("given", "answer"):
                name = f"<{lesson.parent.name}: {cell.metadata.get('id', role)}>"
                exec(_compiled(cell.source, name), vars(module))
    return module


def _compiled(source: str, name: str) -> types.CodeType:
    """The cell's code; IPython's magic lines are left out where they stand in the way."""
    try:
        return compile(source, name, "exec")
    except SyntaxError:
        return compile(_MAGIC.sub("", source), name, "exec")


def planted_answers(folder: Path) -> tuple[Misconception, ...]:
    """The misconceptions of `lessons/<topic>`, ready to run; empty when it has none."""
    path = folder / "misconceptions.py"
    if not path.is_file():
        return ()
    lesson = folder / "lesson.py"
    return _planted_answers(path, lesson, path.stat().st_mtime_ns, lesson.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _planted_answers(path: Path, lesson: Path, _: int, __: int) -> tuple[Misconception, ...]:
    return tuple(load(path, right_answers(lesson)))
