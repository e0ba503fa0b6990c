"""nginx and Apache httpd, started on loopback without root from a text, and gone afterwards.

It frames a site's own directives with what such a start needs (process model, own pid, log and temp
paths) and knows nothing of what a site is about, nor of any exercise.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirelab.servers.frames import LOOPBACK, Frame, apache_text, nginx_text

READY_S = 15.0
GONE_S = 5.0
ELSEWHERE = "/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/sbin:/opt/homebrew/bin"


class NotStarted(RuntimeError):
    """The program is not installed, refused its configuration, or did not listen in time."""


@dataclass(frozen=True)
class Program:
    """A web server program: how it is called here, and what to install where it is not."""

    name: str
    commands: tuple[str, ...]
    install: str

    @property
    def path(self) -> str | None:
        """The executable, or None where it is not installed or cannot be run as here."""
        if os.name != "posix":
            return None
        known = os.pathsep.join((os.environ.get("PATH", ""), ELSEWHERE))
        found = (shutil.which(command, path=known) for command in self.commands)
        return next(filter(None, found), None)

    @property
    def missing(self) -> str:
        """One line that says what to install; empty where it is there."""
        if self.path:
            return ""
        return f"{self.name} is not installed here, so this is left out: {self.install}"


NGINX = Program("nginx", ("nginx",), "on Debian, apt-get install nginx-light")
APACHE = Program("Apache httpd", ("apache2", "httpd"), "on Debian, apt-get install apache2-bin")


@dataclass
class Started:
    """A program that runs and listens on `port` of 127.0.0.1."""

    program: Program
    port: int
    folder: Path
    pid: int
    text: str = field(repr=False)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return LOOPBACK, self.port

    def log(self) -> str:
        """The program's error log so far."""
        path = self.folder / "error.log"
        return path.read_text("utf-8", "replace") if path.is_file() else ""


@contextlib.contextmanager
def started(
    program: Program, site: str, *, port: int | None = None, frame: Frame | None = None
) -> Iterator[Started]:
    """Run `program` with these directives of a site until the end of the block.

    `site` is what stands inside nginx's `http { }`, or after Apache's `Listen`; it must listen on
    `port`, by default one that is free. Raises `NotStarted` with one clear message.
    """
    if program.missing:
        raise NotStarted(program.missing)
    port = port or free_port()
    with _own_folder() as folder:
        text = framed(program, site, folder, port, frame or Frame())
        config = folder / "server.conf"
        config.write_text(text, encoding="utf-8")
        process = subprocess.Popen(
            [*_tied_to_us(), *_command(program, config, folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(folder / "stderr.txt").open("wb"),
            cwd=folder,
            start_new_session=True,
            **_unprivileged(),
        )
        try:
            _wait_until_ready(program, process, port, folder)
            yield Started(program, port, folder, process.pid, text)
        finally:
            _end(process)


def complaints(program: Program, site: str, *, port: int | None = None) -> list[str]:
    """Return what a real parser of the program's language has against `site`; [] if nothing.

    nginx's is read by crossplane, wherever one is; Apache's by the program's own `-t`, and where
    it is not installed nothing can be said: [].
    """
    port = port or free_port()
    with _own_folder() as folder:
        config = folder / "server.conf"
        config.write_text(framed(program, site, folder, port, Frame()), encoding="utf-8")
        if program is NGINX:
            import crossplane

            errors = crossplane.parse(str(config), single=True, strict=True)["errors"]
            return [str(error["error"]).partition(" in ")[0] for error in errors]
        if program.missing:
            return []
        command = [*_command(program, config, folder), "-t"]
        command.remove("-DFOREGROUND")
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=READY_S, **_unprivileged()
        )
        return [] if run.returncode == 0 else _said(run.stderr)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        return probe.getsockname()[1]


@contextlib.contextmanager
def kept_port() -> Iterator[int]:
    """A port of 127.0.0.1 that the system gives nobody else until the end of the block.

    A program may listen on it all the same. (Only Linux allows that; elsewhere it is a free one.)
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind((LOOPBACK, 0))
        port = keeper.getsockname()[1]
        if sys.platform != "linux":
            keeper.close()
        yield port


def framed(program: Program, site: str, folder: Path, port: int, frame: Frame) -> str:
    """The whole configuration: `site` in the frame that an unprivileged start needs."""
    if program is NGINX:
        return nginx_text(site, folder, frame)
    return apache_text(site, folder, port, frame)


def _command(program: Program, config: Path, folder: Path) -> list[str]:
    path = str(program.path)
    command = [path, "-d", str(folder), "-f", str(config), "-DFOREGROUND"]
    if program is NGINX:
        command = [path, "-c", str(config), "-e", str(folder / "error.log")]
    unshare = shutil.which("unshare")
    if _is_lone_root() and unshare:
        # The only user there is: both programs want to become somebody else, or refuse to be root.
        command = [unshare, "--user", "--map-user=1000", "--map-group=1000", *command]
    return command


NOBODY = 65534


def _is_root() -> bool:
    return os.geteuid() == 0


def _is_lone_root() -> bool:
    """Whether this is the root of a user namespace without any other user id."""
    with contextlib.suppress(OSError):
        mapped = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
        return _is_root() and len(mapped) == 3 and int(mapped[2]) <= NOBODY
    return False


def _unprivileged() -> dict[str, Any]:
    if _is_root() and not _is_lone_root():
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    return {}


def _tied_to_us() -> list[str]:
    """What makes the program end when this process is killed, where there is such a thing."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wirelab-site-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        if os.name == "posix" and _unprivileged():
            os.chown(folder, NOBODY, NOBODY)
        yield folder


def _wait_until_ready(program: Program, process: subprocess.Popen, port: int, folder: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 1):
                return
            continue
        said = (folder / "stderr.txt").read_text("utf-8", "replace")
        log = folder / "error.log"
        said = said or (log.read_text("utf-8", "replace") if log.is_file() else "")
        raise NotStarted(f"{program.name} ended at once: {' '.join(_said(said)[-1:])}")
    raise NotStarted(f"{program.name} does not listen on port {port} after {READY_S:.0f} s")


def _said(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line for line in lines if "Syntax error on line" not in line] or lines


def _end(process: subprocess.Popen) -> None:
    """End the program and all its workers: they are a process group of their own."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GONE_S)
            break
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # a worker that outlived its master


def descendants(pid: int) -> list[int]:
    """The process and all that it has started, directly or not."""
    import psutil

    try:
        process = psutil.Process(pid)
        return [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []
