"""environment.yml says what pyproject.toml says, in conda's words, and Binder can read it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from support import ROOT, require

ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SPECS = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
PIP = [
    name
    for entry in ENVIRONMENT["dependencies"]
    if isinstance(entry, dict)
    for name in entry["pip"]
]


def ranges() -> dict[str, SpecifierSet]:
    """Conda's `name >=1,<2` lines as name and range; these ranges have pip's own grammar."""
    split = (spec.partition(" ")[::2] for spec in SPECS if not spec.startswith("python"))
    return {name: SpecifierSet(constraint) for name, constraint in split}


def test_it_names_python_five_packages_pip_and_the_project() -> None:
    names = {spec.partition(" ")[0] for spec in SPECS}
    assert names == {"python", "pip", "jupyterlab", "nbgrader", "scapy", "requests", "ipywidgets"}
    assert PIP == ["-e ."]


def test_python_is_one_that_the_project_takes() -> None:
    """One version by name: from a range Binder would fall back to a Python of its own."""
    (version,) = [spec.removeprefix("python =") for spec in SPECS if spec.startswith("python")]
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)


def test_the_ranges_are_those_of_the_project() -> None:
    declared = {r.name: r.specifier for r in map(Requirement, PROJECT["dependencies"])}
    named = {name: r for name, r in ranges().items() if name != "pip"}
    assert named == {name: declared[name] for name in named}


@pytest.mark.parametrize("spec", SPECS)
def test_conda_can_parse_each_line(spec: str) -> None:
    require(importlib.util.find_spec("rattler"), "pip install py-rattler")
    from rattler import MatchSpec

    parsed = MatchSpec(spec, strict=True)
    assert parsed.name is not None
    assert parsed.name.normalized == spec.partition(" ")[0]


def test_binder_takes_it(tmp_path: Path) -> None:
    """repo2docker plans the image, conda build pack and all, without Docker."""
    require(importlib.util.find_spec("repo2docker"), "pip install jupyter-repo2docker")
    for name in ("environment.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    wanted = next(spec for spec in SPECS if spec.startswith("python")).replace(" ", "")
    assert f"Building conda environment for {wanted}" in run.stderr
