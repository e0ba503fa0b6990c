"""Fixtures for every folder of tests. Helpers that are plain functions are in `support.py`.

`from support import require, ROOT` works in any test file (pytest's `pythonpath` names
this folder, because `--import-mode=importlib` adds none by itself); the same two are the
fixtures `require` and `repo`. No test reads or writes the settings of the user's own home.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from support import ROOT
from support import require as require_or_skip

#: Where Jupyter, IPython and the desktop's libraries keep a user's settings.
SETTINGS = {
    "JUPYTER_CONFIG_DIR": "jupyter/config",
    "JUPYTER_DATA_DIR": "jupyter/data",
    "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
    "IPYTHONDIR": "ipython",
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
}

# A run finds what the last one found: nothing is flaky, and a slow machine breaks no deadline.
# To search on: pytest --hypothesis-profile=search
hypothesis.settings.register_profile("same", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("same")

#: Folders whose files take longest, so that the last worker is not left with one of them.
LONG_ONES = ("pipeline", "browser", "lessons")
PROOFS = "lessons/test_proof.py"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones first; the order within a file stays."""

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        return LONG_ONES.index(folder) if folder in LONG_ONES else len(LONG_ONES)

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file on one worker, but share out the proofs of the topics."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if PROOFS in nodeid else super()._split_scope(nodeid)

    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(autouse=True, scope="session")
def no_settings_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the whole run its own settings folders: a user's startup file changes no result."""
    folder = tmp_path_factory.mktemp("settings")
    with pytest.MonkeyPatch.context() as patch:
        for variable, place in SETTINGS.items():
            (folder / place).mkdir(parents=True)
            patch.setenv(variable, str(folder / place))
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for one test: HOME and every settings folder are below it."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for variable, place in SETTINGS.items():
        (folder / place).mkdir(parents=True)
        monkeypatch.setenv(variable, str(folder / place))
    return folder


@pytest.fixture(scope="session")
def repo() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def require() -> Callable[[object, str], None]:
    """`support.require`, for tests that would rather ask for it than import it."""
    return require_or_skip
