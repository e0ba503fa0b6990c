"""What was handed in beside the notebook: which files may be touched, and what they hold.

Links, devices, pipes, files nobody may read and files without measure are left where they are and
reported. It knows no notebook.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from wirelab.grading.engine.reading import Unreadable, octets, readable
from wirelab.grading.engine.task import Finding

FILE_BYTES = 16 << 20
ALL_BYTES = 48 << 20
FILES = 500
DEPTH = 12
SKIPPED = ("__pycache__", ".ipynb_checkpoints")


def walk(folder: Path, depth: int = DEPTH) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything below a folder that is no folder itself, sorted; links are not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if depth and entry.name not in SKIPPED:
                yield from walk(Path(entry.path), depth - 1)
        else:
            yield Path(entry.path), entry.stat(follow_symlinks=False)


def forbidden(folder: Path) -> dict[Path, str]:
    """The files below a folder that are not to be opened or copied, each with the reason."""
    found: dict[Path, str] = {}
    total = 0
    for count, (path, about) in enumerate(walk(folder), start=1):
        if why := _why_not(about):
            found[path] = why
        elif count > FILES:
            found[path] = f"it is one of more than {FILES} files"
        elif path.suffix != ".ipynb":
            total += about.st_size
            if total > ALL_BYTES:
                found[path] = f"the files beside the notebook have more than {ALL_BYTES >> 20} MiB"
    return found


def _why_not(about: os.stat_result) -> str:
    if stat.S_ISLNK(about.st_mode):
        return "it is a link, and links are not followed"
    if not stat.S_ISREG(about.st_mode):
        return "it is not a file"
    if not readable(about.st_mode):
        return "its owner took the permission to read it away"
    if about.st_size > FILE_BYTES:
        return f"it is larger than {FILE_BYTES >> 20} MiB"
    return ""


def collect(folder: Path) -> tuple[dict[str, bytes], list[Finding]]:
    """The files beside the notebook by relative path, and a finding for each left out."""
    refused = forbidden(folder)
    findings = [
        Finding("file", "", f"{_name(path, folder)} was left out: {why}.")
        for path, why in refused.items()
    ]
    files = {}
    for path, _ in walk(folder):
        if path in refused or path.suffix in (".ipynb", ".pyc"):
            continue
        try:
            files[path.relative_to(folder).as_posix()] = octets(path, folder, FILE_BYTES)
        except Unreadable as reason:
            findings.append(Finding("file", "", str(reason)))
    return files, findings


def _name(path: Path, folder: Path) -> str:
    name = path.relative_to(folder).as_posix()
    return name.encode("utf-8", "backslashreplace").decode()[:200]
