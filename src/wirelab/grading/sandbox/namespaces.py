"""Namespaces of a submission's own: a small read-only system, a scratch folder, a loopback.

Linux only; with or without root, without any program's help. It knows nothing of grading: it is
given the folders that may be seen.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NEWNS, NEWUTS, NEWIPC = 0x20000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEV, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
DETACH = 2
NOBODY = 65534
HOME = "/home/learner"

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_KEPT = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1024, "relatime": 1 << 21}

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
ETC = tuple(
    """alternatives ca-certificates.conf debian_version default fonts group gai.conf host.conf hosts
    ld.so.cache ld.so.conf ld.so.conf.d locale.alias localtime mime.types nginx apache2
    nsswitch.conf os-release passwd pki protocols resolv.conf services ssl timezone chromium
    chromium.d magic""".split()  # noqa: SIM905
)
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


@dataclass(frozen=True)
class View:
    """What a submission sees beside the system: `folders` are read-only, `scratch_bytes` its own.

    `Python` itself and the packages must be among the folders.
    """

    folders: tuple[str, ...]
    scratch_bytes: int


_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def prctl(option: int, *arguments: int) -> None:
    """The system call; raises OSError."""
    _call("prctl", option, *(ctypes.c_ulong(each) for each in (*arguments, 0, 0, 0, 0)[:4]))


def unshare(flags: int) -> None:
    """Leave namespaces for new ones; raises OSError."""
    _call("unshare", flags)


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """The system call; raises OSError, which names the target."""
    arguments = (source.encode(), target.encode(), kind.encode() if kind else None)
    try:
        _call("mount", *arguments, ctypes.c_ulong(flags), data.encode() or None)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} ({target})") from None


def enter(view: View) -> None:
    """Move this process into namespaces of its own; its next child is their first process.

    That child must call `settle`. As root the process becomes nobody. Raises OSError.
    """
    built = False
    owner = os.geteuid()
    if owner == 0:
        with contextlib.suppress(OSError):
            unshare(NEWNS)
            _build_root(view, NOBODY)
            built = True
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        prctl(_PR_SET_DUMPABLE, 1)  # or /proc/self/uid_map would be root's
        owner = NOBODY
    group = os.getegid()
    unshare(NEWUSER | NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{owner} {owner} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    if not built:
        _build_root(view, owner)
    socket.sethostname("notebook")
    _loopback_up()


def settle() -> None:
    """In the first process of the namespaces: a `/proc` of their own, nothing else to see."""
    mount("proc", "/proc", "proc", NO_SUID | NO_DEV | 8)


def join(pidfd: int) -> None:
    """Enter the network namespace of another process, and its user namespace where that is needed.

    Raises OSError where this process may not.
    """
    if os.geteuid() != 0:
        _call("setns", pidfd, NEWUSER)
    _call("setns", pidfd, NEWNET)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    prctl(_PR_SET_PDEATHSIG, 9)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        flags = struct.pack("16sh14x", b"lo", 0x1 | 0x40)
        fcntl.ioctl(any_socket, 0x8914, flags)


def _build_root(view: View, owner: int) -> None:
    """Mount the small system on a folder that nobody needs, and make it the root."""
    mount("none", "/", None, RECURSIVE | PRIVATE)
    new = "/sys" if os.path.isdir("/sys") else "/mnt"
    mount("tmpfs", new, "tmpfs", NO_SUID | NO_DEV, "size=1m,mode=755")
    for path in (*SYSTEM, *(f"/etc/{name}" for name in ETC)):
        _show(path, new)
    _scratch(new, view.scratch_bytes, owner)
    for path in sorted(view.folders):  # some may lie below /tmp
        _show(path, new)
    for name in DEVICES:
        _show(f"/dev/{name}", new, writable=True)
    for name, target in (
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
    ):
        os.symlink(target, f"{new}/dev/{name}")
    os.mkdir(f"{new}/proc")
    mount("/proc", f"{new}/proc", None, BIND | RECURSIVE)
    mount("tmpfs", new, None, REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEV)
    os.chdir(new)
    _call("syscall", _PIVOT_ROOT, b".", b".")
    _call("umount2", b".", DETACH)
    os.chdir("/")


_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41}.get(os.uname().machine, 155)


def _scratch(new: str, size: int, owner: int) -> None:
    """One file system of bounded size for all that may be written."""
    os.makedirs(f"{new}/scratch")
    options = f"size={size},nr_inodes=20000,mode=700"
    mount("tmpfs", f"{new}/scratch", "tmpfs", NO_SUID | NO_DEV, options)
    os.chmod(f"{new}/scratch", 0o755)
    for place, mode in ((HOME, 0o700), ("/tmp", 0o1777), ("/dev/shm", 0o1777), ("/run", 0o755)):
        inside = f"{new}/scratch/{place.strip('/').replace('/', '-')}"
        os.mkdir(inside)
        os.chmod(inside, mode)
        os.chown(inside, owner, -1)
        os.makedirs(f"{new}{place}", exist_ok=True)
        mount(inside, f"{new}{place}", None, BIND)
    _call("umount2", f"{new}/scratch".encode(), DETACH)


def _show(path: str, new: str, writable: bool = False) -> None:
    """Mount one file or folder at the same place of the new root."""
    target = new + path
    if not os.path.exists(path) or os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(path) and path.count("/") == 1:  # /bin -> usr/bin
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path):
        os.mkdir(target)
    else:
        Path(target).touch()
    mount(path, target, None, BIND | RECURSIVE)
    flags = REMOUNT | BIND | NO_SUID | _kept(path)
    mount("none", target, None, flags if writable else flags | READ_ONLY)


def _kept(path: str) -> int:
    """The mount flags that may not be taken away."""
    have = os.statvfs(path).f_flag
    names = {"nosuid": os.ST_NOSUID, "nodev": os.ST_NODEV, "noexec": os.ST_NOEXEC}
    names |= {"noatime": os.ST_NOATIME, "relatime": os.ST_RELATIME}
    return sum(flag for name, flag in _KEPT.items() if have & names[name])


def folders_of_python(more: Sequence[str] = ()) -> tuple[str, ...]:
    """The folders without which this Python and its packages do not run."""
    import sys
    import sysconfig

    wanted = {
        sys.prefix,
        sys.base_prefix,
        sys.exec_prefix,
        os.path.dirname(os.path.realpath(sys.executable)),
        *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *(each for each in sys.path if each.endswith(("site-packages", "dist-packages"))),
        str(Path(__file__).resolve().parents[2]),  # this package, not what lies beside it
        *more,
    }
    wanted = {os.path.realpath(each) for each in wanted} | wanted
    outer = sorted(each for each in wanted if os.path.isdir(each))
    return tuple(
        each
        for each in outer
        if not any(each != other and each.startswith(other + "/") for other in outer)
        and not each.startswith("/usr/")
    )
