"""Whether this machine can sandbox, and if not, one line that says why and what to change.

It tries; it does not guess from versions. It knows nothing of grading.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

_SWITCHES = (
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)
_TRY_S = 30


@lru_cache(maxsize=1)
def probe() -> str:
    """Why submissions cannot be sandboxed here, in one line; "" if they can."""
    if sys.platform != "linux":
        return "submissions can be sandboxed on Linux only"
    tried = subprocess.run(
        [sys.executable, "-P", "-c", f"from {__name__} import attempt; print(attempt())"],
        capture_output=True,
        text=True,
        timeout=_TRY_S,
        cwd="/",
    )
    told = tried.stdout.strip() or "the trial sandbox ended without a word"
    return "" if told == "fine" else _because(told)


def _because(told: str) -> str:
    for path, closed, setting in _SWITCHES:
        try:
            if Path(path).read_text().strip() == closed:
                return (
                    f"submissions cannot be sandboxed: run `sysctl -w {setting}` as root ({told})"
                )
        except OSError:
            continue
    if "/proc" in told:
        return (
            "submissions cannot be sandboxed: this container hides parts of /proc; start it with "
            f"all of /proc, as `--security-opt systempaths=unconfined` does ({told})"
        )
    if "unshare" in told:
        return (
            "submissions cannot be sandboxed: this container forbids user namespaces; start it "
            f"with `--security-opt seccomp=unconfined`, or grade outside ({told})"
        )
    if "python" in told:
        return (
            "submissions cannot be sandboxed: this Python lies where user nobody cannot go; "
            f"install it elsewhere, or do not grade as root ({told})"
        )
    return f"submissions cannot be sandboxed: {told}"


def attempt() -> str:
    """Start a sandbox and a Python in it: "fine", or what went wrong."""
    from wirelab.grading.sandbox import namespaces, start

    reader, writer = os.pipe()

    def work() -> None:
        ran = subprocess.run([sys.executable, "-S", "-c", "pass"], capture_output=True)
        os.write(writer, b"fine" if ran.returncode == 0 else b"python does not start inside")

    view = namespaces.View(namespaces.folders_of_python(), 1 << 20)
    ours, theirs = socket.socketpair()
    policy = {"memory_bytes": 1 << 30, "cpu_s": 20, "processes": 16, "disk_bytes": 1 << 20}
    start.spawn(work, theirs, [writer], policy, view)
    theirs.close()
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        said = told.read().decode()
    if said:
        return said
    return json.loads(ours.recv(4096) or b"{}").get("error", "it ended without a word")
