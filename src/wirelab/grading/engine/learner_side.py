"""The learner's process: runs the cells it is sent, and forks a clone of itself for each test.

It holds neither tests nor lessons. Whatever it says may come from the learner.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from wirelab.grading.engine import mail
from wirelab.grading.engine.pristine import Pristine
from wirelab.grading.examiner import kinds, learner
from wirelab.grading.sandbox import limits, messages

ROUNDS = 100  # orphans, then their children, and theirs

_types: dict[str, type] = {}
_pristine: list[Pristine] = []


def prepare() -> Any:
    """In the warm process: what every learner's process begins with."""
    from wirelab.grading.shell import new_shell

    _types.update(kinds.ours())
    shell = new_shell()
    _pristine[:] = [Pristine()]
    return shell


class LearnerSide:
    """One notebook's process, before anything of the learner's has run in it."""

    def __init__(self, shell: Any, channel: socket.socket, policy: dict[str, Any], home: str):
        self.shell, self.channel, self.policy, self.home = shell, channel, policy, home
        self.types = dict(_types)
        self.clones: list[int] = []
        self._own: set[int] = set()

    def run(self) -> None:
        """Answer orders until the other side is gone."""
        self._settle()
        mail.send(self.channel, {"ready": os.getpid()}, self._proc())
        inbox = mail.Inbox(self.channel)
        while True:
            try:
                order = inbox.wait()
            except (EOFError, OSError):
                return
            except KeyboardInterrupt:  # it came too late for its cell
                continue
            self._obey(order, inbox)

    def _settle(self) -> None:
        from wirelab.grading.shell import Descriptors

        os.environ.clear()
        os.environ.update(_environment(self.home, self.policy))
        os.chdir(self.home)
        sys.path[:] = [each for each in sys.path if each]
        sys.path.insert(0, "")
        random.seed()
        if numpy := sys.modules.get("numpy"):
            with contextlib.suppress(Exception):
                numpy.random.seed()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        tempfile = sys.modules.get("tempfile")
        if tempfile is not None:
            tempfile.tempdir = None
        self.shell.renew()
        self.shell.room = self.policy["output_bytes"]
        self.shell.cut = messages.output_cut(self.policy["output_bytes"])
        self.descriptors = Descriptors(self.policy["output_bytes"])
        if self.policy["sandbox"]:
            _refresh_scapy()

    def _proc(self) -> list[int]:
        if not self.policy["sandbox"]:
            return []
        self._proc_fd = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        return [self._proc_fd]

    def _obey(self, order: dict[str, Any], inbox: mail.Inbox) -> None:
        op = order["op"]
        if op == "run":
            self._end_leftovers()
            outputs = self._run(order["source"])
            self._own = self._others()
            self._note(order.get("given", ()))
            mail.send(
                self.channel,
                {"outputs": outputs, "threads": threading.active_count()},
            )
        elif op == "clone":
            main, control = (socket.socket(fileno=each) for each in inbox.descriptors[:2])
            inbox.descriptors.clear()
            self._clone(order, main, control)
        elif op == "file":
            _write(self.home, order["name"], bytes.fromhex(order["content"]))

    def _run(self, source: str) -> list[dict[str, Any]]:
        written: list[dict[str, Any]] = []
        try:
            with self.descriptors.capture(written):
                outputs = self.shell.run(source)
        except (KeyboardInterrupt, SystemExit):
            outputs = [*self.shell.outputs]
        return [*outputs, *written]

    def _note(self, names: Any) -> None:
        """From now on the classes that a given cell has defined pass by value."""
        given = {name: self.shell.user_ns[name] for name in names if name in self.shell.user_ns}
        self.types.update(kinds.given(given))

    def _clone(self, order: dict[str, Any], main: socket.socket, control: socket.socket) -> None:
        for pid in self.clones[:]:
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    self.clones.remove(pid)
        beside = order.get("beside")
        limits.take_reserve()
        self._end_leftovers()
        if threading.active_count() > 1 and beside is None:
            # a fork would have none of the threads that the cells have left
            threading.Thread(target=self._serve, args=(main, control), daemon=True).start()
            mail.send(self.channel, {"clone": 0})
            return
        pid = os.fork()
        if pid == 0:
            self._be_clone(main, control, beside)
        main.close()
        control.close()
        self.clones.append(pid)
        pidfd = os.pidfd_open(pid)
        mail.send(self.channel, {"clone": pid}, [pidfd])
        os.close(pidfd)

    def _others(self) -> set[int]:
        """The other processes of this sandbox."""
        if not self.policy["sandbox"]:
            return set()
        return {int(name) for name in os.listdir(self._proc_fd) if name.isdigit()} - {os.getpid()}

    def _end_leftovers(self) -> None:
        """End what earlier tests have left: it would use up what the next one may use."""
        for _ in range(ROUNDS):
            left = self._others() - self._own
            if not left:
                return
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for pid in left:
                with contextlib.suppress(ChildProcessError):  # its parent is about to end, too
                    os.waitpid(pid, 0)
        self.clones.clear()

    def _be_clone(self, main: socket.socket, control: socket.socket, beside: str | None) -> None:
        try:
            self.channel.close()
            if beside is not None:
                before = _pristine[0].mend()
                outputs = self._run(beside)
                during = _pristine[0].mend()
                mail.send(main, {"outputs": outputs, "before": before, "during": during})
            else:
                self._serve(main, control)
        except BaseException:
            os._exit(1)
        os._exit(0)

    def _serve(self, main: socket.socket, control: socket.socket) -> None:
        learner.serve(main, control, self.shell.user_ns, self.types, self.shell.loop)


def _environment(home: str, policy: dict[str, Any]) -> dict[str, str]:
    """What a program may know of the machine: little."""
    path = [os.path.dirname(sys.executable), "/usr/local/bin", "/usr/bin", "/bin"]
    path += ["/usr/local/sbin", "/usr/sbin", "/sbin"]
    environment = {
        "PATH": os.pathsep.join(path),
        "HOME": home,
        "USER": "learner",
        "LOGNAME": "learner",
        "LANG": "C.UTF-8",
        "TERM": "xterm-color",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": os.path.join(home, ".config", "matplotlib"),
        "IPYTHONDIR": os.path.join(home, ".ipython"),
    }
    if policy["sandbox"]:
        environment["TMPDIR"] = "/tmp"
    if policy["network"]:
        environment["WIRELAB_NETWORK"] = policy["network"]
    return environment


def _write(home: str, name: str, content: bytes) -> None:
    """A file that was handed in, below `home`; one that would lie elsewhere is left out."""
    path = Path(home, name)
    if ".." in path.parts or not path.is_relative_to(home):
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _refresh_scapy() -> None:
    """Scapy remembers the interfaces and routes of the machine where it was imported."""
    if "scapy.config" not in sys.modules:
        return
    from scapy.config import conf

    with contextlib.suppress(Exception):
        conf.ifaces.reload()
        conf.route.resync()
        # without a default route scapy warns on stderr
        conf.route.routes.append((0, 0, "0.0.0.0", "lo", "127.0.0.1", 9999))
