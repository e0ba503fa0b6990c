"""What may stand in a tracked file, and that the front doors are where the README says.

Needs git and a checkout; from an archive without history it is skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, require

#: A path of one machine. The last three are those of the machine that runs this test.
MACHINE = [
    r"/(?:home|Users)/\w+/",
    r"/(?:root|var/folders|private/tmp)/",
    *(re.escape(f"{path}/") for path in (ROOT, ROOT.parent, Path.home()) if path != Path("/")),
]
#: A place to download from: a registry's setting, or a file of one.
DOWNLOADS = [
    r"https?://[^\s\"')]+\.(?:whl|tgz|tar\.gz)\b",
    r"(?:registry|index)[-_a-z]*\s*=\s*\"?https?://",
]


def git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout


@pytest.fixture(scope="module")
def tracked() -> dict[str, str]:
    """The text of every tracked text file by its name."""
    require(shutil.which("git"), "install git")
    require((ROOT / ".git").exists(), "run this in a git checkout")
    texts = {}
    for file in git("ls-files", "-z").split("\0"):
        path = ROOT / file
        if file and path.is_file():
            try:
                texts[file] = path.read_text("utf-8")
            except UnicodeDecodeError:
                continue  # a picture
    return texts


def lines_with(patterns: list[str], texts: dict[str, str]) -> list[str]:
    wanted = re.compile("|".join(patterns))
    return [
        f"{file}:{number}: {line.strip()[:120]}"
        for file, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if wanted.search(line)
    ]


def test_no_path_of_one_machine(tracked: dict[str, str]) -> None:
    assert lines_with(MACHINE, tracked) == []


def test_no_address_to_download_from(tracked: dict[str, str]) -> None:
    assert lines_with(DOWNLOADS, tracked) == []


@pytest.mark.parametrize(
    ("patterns", "line"),
    [
        (MACHINE, f"open('{Path.home()}/notes.txt')"),
        (MACHINE, f"{ROOT}/src"),
        (DOWNLOADS, "https" + "://files.example/a-1.0.tar" + ".gz"),
        (DOWNLOADS, 'index-url = "https' + '://example"'),
    ],
)
def test_the_patterns_find_what_they_are_for(patterns: list[str], line: str) -> None:
    assert lines_with(patterns, {"file": line})


def test_of_nbgraders_folders_only_the_readme_is_kept(tracked: dict[str, str]) -> None:
    kept = [file for file in tracked if file.startswith(("autograded/", "submitted/", "feedback/"))]
    assert sorted(kept) == ["autograded/README.md", "feedback/README.md", "submitted/README.md"]


def test_plain_make_lists_the_verbs() -> None:
    require(shutil.which("make") and sys.platform != "win32", "install make")
    run = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for verb in ["lab", "test", "setup", "build", "check", "prove", "bench", "demo", "docs"]:
        assert re.search(rf"^ +make {verb} +\S", run.stdout, re.MULTILINE), verb
