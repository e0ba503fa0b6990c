"""Start a sandboxed process by forking this one: a keeper outside, the first process inside.

The keeper ends the inner process when its own connection ends, and says at the end what was used.
It knows neither notebooks nor tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable, Sequence

from wirelab.grading.sandbox import limits, namespaces
from wirelab.grading.sandbox.namespaces import View


def spawn(
    work: Callable[[], None],
    keeper: socket.socket,
    kept: Sequence[int],
    policy: dict,
    view: View | None,
) -> None:
    """Fork; in a sandbox of its own (none if `view` is `None`) do `work`, with descriptors `kept`.

    Over `keeper` go first `{"pid"}` and a pidfd, or `{"error"}`; at the end `{"status", "cpu_s",
    "peak_bytes"}`. Returns in the calling process only.
    """
    if os.fork():
        return
    status = 1
    try:
        _close_others([keeper.fileno(), *kept])
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _keep(work, keeper, policy, view)
        status = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            keeper.sendall(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
    finally:
        os._exit(status)


def _close_others(kept: Sequence[int]) -> None:
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, 1 << 16)


def _keep(work: Callable[[], None], keeper: socket.socket, policy: dict, view: View | None) -> None:
    if view is not None:
        namespaces.enter(view)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            keeper.close()
            _first(work, policy, view, parent)
            status = 0
        except BaseException:
            import traceback

            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(status)
    pidfd = os.pidfd_open(pid)
    socket.send_fds(keeper, [json.dumps({"pid": pid}).encode()], [pidfd])
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.register(keeper, select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll()}
    if pidfd not in ready:  # nobody wants it any more
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    _, status, used = os.wait4(pid, 0)
    told = {
        "status": status,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_bytes": used.ru_maxrss << 10,
    }
    own = resource.getrusage(resource.RUSAGE_SELF)
    told["keeper_s"] = own.ru_utime + own.ru_stime
    with contextlib.suppress(OSError):
        keeper.sendall(json.dumps(told).encode())


def _first(work: Callable[[], None], policy: dict, view: View | None, parent: int) -> None:
    if view is not None:
        namespaces.settle()
        limits.lock_down(
            policy["memory_bytes"],
            policy["cpu_s"],
            policy["processes"],
            policy["disk_bytes"],
        )
    else:
        os.setpgid(0, 0)
        limits.set_limits(policy["memory_bytes"], policy["cpu_s"], 0, policy["disk_bytes"])
    namespaces.die_with_parent()
    if view is None and os.getppid() != parent:
        os._exit(1)
    work()
