"""The warm process of a worker: imports everything once, then forks for each learner's notebook.

Started by `worker`. Its first fork becomes the examiner's side, which is sent the lesson; it itself
never holds a test, and is what learners' processes are forks of.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys

_PR_SET_CHILD_SUBREAPER = 36


def main(control_number: int) -> None:
    """Read `{"policy", "modules", "core"}`, import, fork the examiner's side, serve it."""
    from wirelab.grading.quick import skip_uri_grammar

    skip_uri_grammar()
    from wirelab.grading.engine import examiner_side, learner_side, mail

    control = socket.socket(fileno=control_number)
    order = mail.Inbox(control).wait()
    if order["core"] is not None:
        os.sched_setaffinity(0, {order["core"]})
    _import(order["modules"], order["imports"])
    shell = learner_side.prepare()
    _warm_up(shell)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    gc.collect()
    gc.freeze()
    sys.stdout.flush()
    if os.fork() == 0:
        ours.close()
        with contextlib.suppress(BaseException):
            examiner_side.main(control, theirs, shell)
        os._exit(0)
    theirs.close()
    control.close()
    serve(ours, shell, order["policy"])
    os._exit(0)  # its folder is gone, and what an interpreter does at its end would miss it


def _import(modules: list[str], statements: str) -> None:
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for line in statements.splitlines():
        with contextlib.suppress(Exception):
            exec(line, {})


def _warm_up(shell: object) -> None:
    """Have done once what every notebook would do first."""
    shell.run("print(1); 1")
    shell.run("1/0")
    shell.user_ns.pop("_", None)
    shell.reset(new_session=True)
    shell.user_ns["__name__"] = "__main__"


def serve(orders: socket.socket, shell: object, policy: dict) -> None:
    """Fork a learner's process for each request, until nobody can ask any more."""
    from wirelab.grading.engine import learner_side
    from wirelab.grading.sandbox import namespaces, start

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    view = None
    home = os.getcwd()
    if policy["sandbox"]:
        folders = namespaces.folders_of_python()
        view = namespaces.View(folders, policy["disk_bytes"])
        home = namespaces.HOME
        namespaces.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    while True:
        octets, descriptors, _, _ = socket.recv_fds(orders, 64, 2)
        if not octets:
            return
        channel, keeper = (socket.socket(fileno=each) for each in descriptors)

        def work(channel: socket.socket = channel) -> None:
            learner_side.LearnerSide(shell, channel, policy, home).run()

        start.spawn(work, keeper, [channel.fileno()], policy, view)
        channel.close()
        keeper.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
