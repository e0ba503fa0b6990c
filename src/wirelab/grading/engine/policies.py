"""Which sandbox a grading gets: what was asked for, and what this machine can do.

It knows no notebook and no grader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wirelab.grading.engine.task import Policy
from wirelab.grading.errors import CourseError
from wirelab.grading.sandbox import probe

REQUIRED, IF_POSSIBLE, NEVER = SANDBOX = ("required", "if-possible", "never")
VARIABLE = "WIRELAB_SANDBOX"


def named(environment: Mapping[str, str]) -> str:
    """What `WIRELAB_SANDBOX` says, or ""; `wirelab check` grades one's own notebook so."""
    value = environment.get(VARIABLE, "")
    if value and value not in SANDBOX:
        raise CourseError(f"{VARIABLE}={value!r}: it can be {', '.join(SANDBOX)}")
    return value


def settle(sandbox: str, policy: Policy, here: bool = True) -> Policy:
    """The policy with or without a sandbox; raises `CourseError` where one is required and none is.

    Without a sandbox the examiner stays where it can. Not `here`: other machines will say for
    themselves.
    """
    missing = missing_here() if here and sandbox != NEVER else ""
    if sandbox == REQUIRED and missing:
        raise CourseError(
            f"{missing[:1].upper()}{missing[1:]}. To grade all the same, with your own rights:"
            f' --unsandboxed, or c.ExecuteInWorker.sandbox = "{NEVER}".'
        )
    return replace(policy, sandbox=sandbox != NEVER and not missing)


def missing_here() -> str:
    """What this machine lacks for a sandbox, or ""."""
    return probe()
