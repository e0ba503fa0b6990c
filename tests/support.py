"""What tests of every folder may use: `from support import require, ROOT`.

It knows pytest and the repository's layout, and nothing of the package under test.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def require(condition: object, hint: str) -> None:
    """Go on if `condition` is true; else skip with `hint`, or fail where CI=true.

    `hint` is one line that says what to install: "install bubblewrap". Works in a test,
    in a fixture and at the top of a module.
    """
    if condition:
        return
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"missing on this machine: {hint}", pytrace=False)
    pytest.skip(hint, allow_module_level=True)
