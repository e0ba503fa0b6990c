"""How the course likes JupyterLab: its configuration files, and the command that starts it.

`labconfig/page_config.json` switches off the question for news and the extension manager. It
is found through JUPYTER_CONFIG_PATH, so the user's own settings are neither read nor changed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

FIRST_NOTEBOOK = "notebooks/00_start.ipynb"


def lab_command(root: Path, arguments: list[str]) -> list[str]:
    """The command that opens JupyterLab on the first notebook of the course in `root`.

    `arguments` are passed on; one that is a file or folder below `root` is opened instead.
    """
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    command.append("--LabApp.extension_manager=readonly")
    # In a container one often is root, where Jupyter refuses; it listens on the loopback only.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    command += arguments
    chosen = any(not each.startswith("-") and (root / each).exists() for each in arguments)
    if not chosen and (root / FIRST_NOTEBOOK).is_file():
        command.append(str(root / FIRST_NOTEBOOK))
    return command


def lab_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """That environment, with the course's JupyterLab settings put before others."""
    paths = [str(Path(__file__).parent), environment.get("JUPYTER_CONFIG_PATH", "")]
    return {**environment, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
