"""Run All of a notebook, as a process of its own: how long it takes, and what is wrong with it.

A test cell may fail, since nothing is answered yet. Nothing else may, and stderr stays empty.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from wirelab.grading.quick import skip_uri_grammar
from wirelab.grading.results import messages, stderr

CELL_S = 120


def run_all(path: Path) -> dict[str, Any]:
    """Execute every cell in a fresh kernel; `took_s`, and `failures` as sentences."""
    skip_uri_grammar()
    import nbclient
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    client = nbclient.NotebookClient(
        notebook, timeout=CELL_S, allow_errors=True, kernel_name="python3", resources=resources
    )
    begun = time.monotonic()
    client.execute()
    return {"took_s": time.monotonic() - begun, "failures": _failures(notebook)}


def _failures(notebook: Any) -> list[str]:
    found = []
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        if said := stderr(outputs):
            found.append(f"{cell.id} writes on stderr: {said.strip().splitlines()[0]}")
        if not cell.metadata.get("nbgrader", {}).get("grade"):
            for said in messages(outputs):
                what = said.strip().splitlines()[-1]
                found.append(f"{cell.id} fails though nothing is answered yet: {what}")
    return found


if __name__ == "__main__":
    print(json.dumps(run_all(Path(sys.argv[1]))))
