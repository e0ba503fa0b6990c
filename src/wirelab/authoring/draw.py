"""The figures of a topic, drawn by the views' static form from the lesson's own data.

`lessons/<topic>/figures/draw.py` says which: its `FIGURES` maps a file name to an SVG. It knows
nothing of editions; the build copies what is drawn here.
"""

from __future__ import annotations

import runpy
from pathlib import Path

from wirelab.grading.errors import CourseError
from wirelab.grading.misconceptions import importable
from wirelab.grading.reference import right_answers


def drawn(lesson: Path) -> dict[Path, str]:
    """Return path and SVG of each figure of a topic; `lesson` is its folder. None: no figures."""
    script = lesson / "figures" / "draw.py"
    if not script.is_file():
        return {}
    with importable(right_answers(lesson / "lesson.py"), "reference"):
        figures = runpy.run_path(str(script)).get("FIGURES")
    if not isinstance(figures, dict) or not all(name.endswith(".svg") for name in figures):
        raise CourseError(f"{script}: define FIGURES, a dictionary from NAME.svg to an SVG text")
    return {script.parent / name: svg.rstrip("\n") + "\n" for name, svg in figures.items()}


def draw(lesson: Path) -> list[Path]:
    """Write the figures of a topic that changed, and return their paths."""
    changed = []
    for path, svg in drawn(lesson).items():
        if not path.is_file() or path.read_text(encoding="utf-8") != svg:
            path.write_text(svg, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed
