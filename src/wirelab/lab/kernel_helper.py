"""The process that holds the kernel network's namespace; run as `python -I -S FILE FD`.

Standard library only, and quick to start. It makes the namespace, hands out descriptors over the
socket FD, runs commands, and ends at the end of file there or when the process that started it
ends. It must not know what the descriptors are used for.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # `-I` leaves it out

from kernel_namespace import Refused, add_route, forget_closed_sockets, libc_call, set_up, write

PR_SET_PDEATHSIG = 1

children = {}

# What the notebook may ask for: each returns a value and descriptors to pass.


def make_socket(family, kind, protocol):
    return None, [socket.socket(family, kind, protocol).detach()]


def sysctl(name, value):
    path = "/proc/sys/" + name
    if value is not None:
        write(path, value)
    with open(path) as file:
        return file.read().strip(), []


def route(to, prefix_length, via):
    add_route(to, prefix_length, via)
    return None, []


def start(command):
    import shutil
    import subprocess

    if shutil.which(command[0]) is None:  # Popen speaks of permissions if PATH has a private home
        raise FileNotFoundError(2, "No such file or directory")
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # This process has one thread, so the function runs safely between fork and exec.
        preexec_fn=lambda: libc_call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL),
    )
    children[child.pid] = child
    pipes = [os.dup(child.stdout.fileno()), os.dup(child.stderr.fileno())]
    child.stdout.close()
    child.stderr.close()
    return child.pid, pipes


def wait(pid, timeout_s):
    """Return the exit status, or None if the command still runs at the deadline."""
    import subprocess

    try:
        status = children[pid].wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None, []
    del children[pid]
    return status, []


def kill(pid):
    if pid in children:
        os.killpg(pid, signal.SIGKILL)
        children.pop(pid).wait()
    return None, []


REQUESTS = {
    "socket": make_socket,
    "sysctl": sysctl,
    "route": route,
    "start": start,
    "wait": wait,
    "kill": kill,
}


def serve(control):
    """Answer requests until the notebook closes the connection or ends."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    with contextlib.suppress(OSError):  # an old kernel: the end of file is then the only sign
        # A forked child of the notebook may hold the other end open after its death.
        poll.register(os.pidfd_open(os.getppid()), select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if ready != {control.fileno()}:
            return
        message = control.recv(1 << 17)
        if not message:
            return
        number, verb, *arguments = json.loads(message)
        descriptors = []
        try:
            value, descriptors = REQUESTS[verb](*arguments)
            answer = [number, value, None]
        except OSError as error:
            answer = [number, None, [error.errno, error.strerror]]
        reply = json.dumps(answer).encode()
        try:
            socket.send_fds(control, [reply], descriptors)
        except OSError:
            return
        finally:
            for descriptor in descriptors:
                os.close(descriptor)


def main(descriptor):
    control = socket.socket(fileno=descriptor)
    settings = json.loads(control.recv(1 << 16))
    try:
        descriptors = set_up(settings)
    except Refused as refusal:
        step, error = refusal.args
        control.send(json.dumps([0, None, [error.errno, error.strerror, step]]).encode())
        return
    socket.send_fds(control, [json.dumps([0, None, None]).encode()], descriptors)
    for each in descriptors:
        os.close(each)
    try:
        serve(control)
    finally:
        for pid in list(children):
            kill(pid)
        forget_closed_sockets()


if __name__ == "__main__":
    main(int(sys.argv[1]))
