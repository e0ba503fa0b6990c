"""The locks pin what pyproject.toml asks for, with hashes, and name no place to load from.

That every pin has a wheel for each system needs a registry: `make lock` checks it.
"""

from __future__ import annotations

import itertools
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = {
    "requirements.lock": PROJECT["dependencies"],
    # The tests try every extra.
    "requirements-dev.lock": [*PROJECT["dependencies"], *itertools.chain(*EXTRAS.values())],
}


def entries(lock: str) -> list[str]:
    """Each pin with its marker and hashes on one line."""
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pins(lock: str) -> dict[str, set[str]]:
    """The versions pinned for each name; several where a marker tells them apart."""
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.partition(" --hash")[0].strip())
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        found.setdefault(canonicalize_name(requirement.name), set()).add(pin.version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_it_pins_what_the_project_asks_for(lock: str) -> None:
    pinned = pins(lock)
    for requirement in map(Requirement, LOCKS[lock]):
        versions = pinned.get(canonicalize_name(requirement.name), set())
        wrong = [v for v in versions if v not in requirement.specifier]
        assert versions, f"{lock} lacks {requirement}: run `make lock`"
        assert not wrong, f"{lock} pins {requirement.name} {wrong}: run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_each_pin_has_hashes(lock: str) -> None:
    assert [e for e in entries(lock) if not re.search(r"--hash=sha256:[0-9a-f]{64}", e)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_it_names_no_place_to_load_from(lock: str) -> None:
    assert (
        re.findall(r"\w+://|--(?:extra-)?index-url|--find-links", (ROOT / lock).read_text()) == []
    )


def test_both_locks_agree() -> None:
    developer = pins("requirements-dev.lock")
    learner = pins("requirements.lock")
    assert {name: developer.get(name) for name in learner} == learner
