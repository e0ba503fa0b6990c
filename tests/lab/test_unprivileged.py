"""The kernel network's tests once more, as a user who may nothing and owns nothing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import ROOT, require

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

NOBODY = 65534
# What the tests import; the environment they are installed in may lie in a private home.
PACKAGES = [
    *("scapy", "hypothesis", "_hypothesis_globals", "sortedcontainers"),
    *("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments"),
]
TESTS = ["test_kernel_conversations", "test_kernel_peer", "test_kernel_leftovers", "test_pcap"]


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user may read, with the package, its tests and what they need."""
    folder = Path(tempfile.mkdtemp(prefix="wirelab-public-"))
    leave_out = shutil.ignore_patterns("__pycache__", "*.pyc")
    try:
        folder.chmod(0o755)
        (folder / "lib").mkdir()
        for name in PACKAGES:
            specification = importlib.util.find_spec(name)
            if specification is None:
                continue
            file = Path(specification.origin)
            if file.name == "__init__.py":
                shutil.copytree(file.parent, folder / "lib" / name, ignore=leave_out)
            else:
                shutil.copy(file, folder / "lib")
        shutil.copytree(ROOT / "src/wirelab", folder / "lib/wirelab", ignore=leave_out)
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=leave_out)
        shutil.copy(ROOT / "pyproject.toml", folder)
        yield folder
    finally:
        shutil.rmtree(folder)


def interpreter(prefix: list[str]) -> str | None:
    """Return a Python 3.11 or newer that the other user may run."""
    # The first start may still have the rights to enter a private home; the second has not.
    check = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True);"
        "sys.exit(sys.version_info < (3, 11))"
    )
    for candidate in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin")):
        if candidate is None:
            continue
        try:
            if not subprocess.run(
                [*prefix, candidate, "-c", check], capture_output=True
            ).returncode:
                return candidate
        except OSError:
            continue
    return None


def test_all_of_it_works_as_nobody(kernel_or_skip, public):
    if os.geteuid() != 0:
        pytest.skip("not root, so all other tests show this already")
    kernel_or_skip().close()
    require(shutil.which("setpriv"), "install util-linux")
    prefix = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    prefix += ["--no-new-privs", "--bounding-set", "-all", "--inh-caps", "-all"]
    python = interpreter(prefix)
    require(python, "install python3 (3.11 or newer) where every user may run it")
    scratch = public / "scratch"
    scratch.mkdir()
    scratch.chmod(0o777)

    done = subprocess.run(
        [
            *prefix,
            python,
            *("-m", "pytest", "-q", "-m", "kernel", "-k", "not jupyter", "-p", "no:cacheprovider"),
            *(
                "--import-mode=importlib",
                "-o",
                "addopts=",
                "-W",
                "ignore::pytest.PytestConfigWarning",
            ),
            *(f"tests/lab/{name}.py" for name in TESTS),
        ],
        cwd=public,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "PYTHONPATH": str(public / "lib"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = int(done.stdout.split(" passed")[0].split()[-1])
    assert passed > 50, done.stdout
