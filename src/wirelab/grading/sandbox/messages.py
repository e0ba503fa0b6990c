"""What a learner reads when a limit was reached or a rule broken: what happened, what to do.

Plain sentences; it knows nothing of how limits are kept.
"""

from __future__ import annotations

MIB = 1 << 20


def size(octets: float) -> str:
    """A number of octets as people say it."""
    return f"{octets / MIB:.0f} MiB" if octets < 1024 * MIB else f"{octets / MIB / 1024:.1f} GiB"


def cell_took_too_long(seconds: float) -> str:
    return (
        f"This cell was stopped after {seconds:.0f} s. Look for a loop that does not end, or for a "
        "call that waits for something that never comes."
    )


def cpu(seconds: float) -> str:
    return (
        f"Your notebook has used more than the {seconds:.0f} s of processor time that it may, so "
        "it was stopped here. Look for a loop that does not end."
    )


def wall(seconds: float) -> str:
    return (
        f"Your notebook ran for more than the {seconds:.0f} s that it may, so it was stopped here. "
        "Look for a call that waits for something that never comes."
    )


def memory(octets: float) -> str:
    return (
        f"Your notebook has used more than the {size(octets)} of memory that it may, so it was "
        "stopped here. Look for a list or a bytes object that keeps growing."
    )


def ended() -> str:
    return (
        "Your code ended the process that it runs in: exit(), os._exit(), or a crash in a library. "
        "It was started again without this cell."
    )


def ended_in_test() -> str:
    return (
        "Your code ended the process that it runs in (exit(), os._exit(), or a crash in a library) "
        "while this test was asking it."
    )


def not_run() -> str:
    return "Your notebook had been stopped before this test, so there was nothing to test."


def asked_too_long(seconds: float, asked: str = "") -> str:
    what = f" The last thing it was asked for: {asked}." if asked else ""
    return (
        f"Your code did not come back within {seconds:.0f} s in this test.{what} Look for a loop "
        "that does not end, or for a call that waits for something that never comes."
    )


def breach(what: str) -> str:
    return f"This test could not use what your code gave it: {what}."


def output_cut(octets: float) -> str:
    return f"\n[The rest of this cell's output was cut off: more than {size(octets)}.]\n"


def of_error(kind: str, policy: dict) -> str:
    """What an error means that comes from a limit: "disk", "memory", "processes" or "files"."""
    if kind == "disk":
        most = size(policy["disk_bytes"])
        return f"Your notebook may write {most} of files in all; that is used up."
    if kind == "memory":
        return (
            f"Your notebook may use {size(policy['memory_bytes'])} of memory; that was not enough."
        )
    if kind == "processes":
        return (
            f"Your notebook may have {policy['processes']} processes and threads at a time; it "
            "asked for more."
        )
    return (
        "Your notebook has too many files and sockets open at a time: close those it is done with."
    )
