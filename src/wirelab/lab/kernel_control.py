"""The notebook's side of the kernel network's helper process: start it, ask it, end it.

It knows descriptors and requests, but not what a peer or a frame is.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from wirelab.lab import addresses
from wirelab.lab.network import NetworkUnavailable

_PROGRAM = Path(__file__).resolve().with_name("kernel_helper.py")
_ENDED = "the helper process of this network has ended: make a new network"
_START_S = 20.0
_ANSWER_S = 20.0


class Helper:
    """The helper process and the socket to it.

    `packet_fd`, `tcp_table_fd` and `netlink_fd` live in the namespace and belong to the caller.
    Raises NetworkUnavailable, with the reason in one line, if this machine refuses.
    """

    def __init__(self, *, resolved: bool, ipv6: bool = False) -> None:
        if not sys.platform.startswith("linux"):
            raise NetworkUnavailable(f"the kernel network needs Linux; this is {sys.platform}")
        self._lock = threading.Lock()
        self._number = 0
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process: subprocess.Popen | None = None
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [
                        sys.executable,
                        "-I",
                        "-S",
                        str(_PROGRAM),
                        str(theirs.fileno()),
                    ],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    # Jupyter's signals go to the process group; the helper ends by itself.
                    start_new_session=True,
                )
            self._control.settimeout(_START_S)
            self._control.send(json.dumps(_settings(resolved, ipv6)).encode())
            answer, descriptors = self._receive()
            if answer is None or answer[2]:
                raise NetworkUnavailable(_reason(answer))
        except OSError as error:
            self.close()
            raise NetworkUnavailable(
                f"the helper process of the kernel network failed: {error}"
            ) from error
        except BaseException:
            self.close()
            raise
        self.packet_fd, self.tcp_table_fd, self.netlink_fd = descriptors
        self._control.settimeout(_ANSWER_S)

    @property
    def pid(self) -> int:
        """The process whose namespaces are the network's."""
        return self._process.pid

    def ask(self, verb: str, *arguments: object) -> tuple[object, list[int]]:
        """Make one request; return its value and the descriptors that came with it.

        Raises OSError as the helper met it, ConnectionError if the helper is no more.
        """
        with self._lock:
            self._number += 1
            number = self._number
            try:
                self._control.send(json.dumps([number, verb, *arguments]).encode())
            except BrokenPipeError:
                raise ConnectionError(_ENDED) from None
            while True:
                answer, descriptors = self._receive()
                if answer is None:
                    raise ConnectionError(_ENDED)
                if answer[0] == number:
                    break
                # The answer to a request that an interrupt cut short.
                for descriptor in descriptors:
                    os.close(descriptor)
        if answer[2]:
            raise OSError(*answer[2])
        return answer[1], descriptors

    def _receive(self) -> tuple[list | None, list[int]]:
        # Without the flag, which `socket.recv_fds` drops, programs that the notebook starts
        # would inherit the descriptors.
        room = socket.CMSG_LEN(8 * array.array("i").itemsize)
        message, ancillary, _, _ = self._control.recvmsg(1 << 17, room, socket.MSG_CMSG_CLOEXEC)
        descriptors = array.array("i")
        for level, kind, octets in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(octets)
        return (json.loads(message) if message else None), list(descriptors)

    def close(self) -> None:
        """End the helper, and with it the namespace; wait until it is gone."""
        self._control.close()
        if self._process is None:
            return
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def forget(self) -> None:
        """Let go of the helper without ending it: it belongs to the process that forked us."""
        self._control.close()
        with contextlib.suppress(AttributeError):
            self._process.returncode = 0  # or Popen would try to reap another's child


def _settings(resolved: bool, ipv6: bool) -> dict[str, object]:
    return {
        "peer_address": addresses.PEER_ADDRESS,
        "peer_mac": addresses.PEER_MAC,
        "learner_address": addresses.LEARNER_ADDRESS,
        "learner_mac": addresses.LEARNER_MAC,
        "prefix_length": addresses.PREFIX_LENGTH,
        "peer_address6": addresses.PEER_ADDRESS6,
        "learner_address6": addresses.LEARNER_ADDRESS6,
        "prefix_length6": addresses.PREFIX_LENGTH6,
        "ipv6": ipv6,
        "resolved": resolved,
    }


def _reason(answer: list | None) -> str:
    if answer is None:
        return "the helper process of the kernel network ended at once"
    _, text, step = answer[2]
    limit = _read("/proc/sys/user/max_user_namespaces")
    if step == "unshare":
        if limit == "0":
            return "user namespaces are switched off here (user.max_user_namespaces is 0)"
        if _read("/proc/sys/kernel/unprivileged_userns_clone") == "0":
            return "user namespaces are for root here (kernel.unprivileged_userns_clone is 0)"
        return f"this machine or container refuses user namespaces ({text})"
    if _read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor restricts user namespaces here "
            "(kernel.apparmor_restrict_unprivileged_userns is 1)"
        )
    what = {"veth": "a veth pair", "packet": "a packet socket"}.get(step, step)
    return f"the namespace was made, but {what} was refused ({text})"


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
