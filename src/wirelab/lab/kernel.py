"""The kernel network: a cable from the learner's code to a real Linux kernel, without root.

The peer is the kernel of a network namespace that a helper process holds; the learner's end is
a packet socket on an interface without an address, so the learner's code is the only host there.
It must not know any protocol above Ethernet.
"""

from __future__ import annotations

import contextlib
import os
import platform
import select
import socket
import struct
import time
import weakref

from wirelab.lab.base import LinkedNetwork
from wirelab.lab.kernel_control import Helper
from wirelab.lab.kernel_namespace import SO_TIMESTAMPNS
from wirelab.lab.kernel_peer import KernelPeer

_HEADER_BYTES, _LONGEST_FRAME_BYTES = 14, 1514


class KernelNetwork(LinkedNetwork):
    """A link to the real Linux kernel; see `Network`.

    `resolved`: the peer has a permanent neighbour entry for the learner. `ipv6`: it speaks IPv6
    too. `seed` is for the faults that one may add. Raises NetworkUnavailable where the machine
    refuses.
    """

    kind = "kernel"

    def __init__(self, *, seed: int = 0, resolved: bool = True, ipv6: bool = False) -> None:
        helper = Helper(resolved=resolved, ipv6=ipv6)
        clock = RealClock()
        link = KernelLink(helper.packet_fd, clock)
        peer = KernelPeer(helper, ipv6=ipv6)
        super().__init__(link=link, clock=clock, peer=peer, seed=seed)
        self.why = f"the peer is the Linux kernel {platform.release()}, in a namespace of its own"
        self._parts = (link, peer, helper)
        self._finalizer = weakref.finalize(self, _take_down, link, peer, helper)
        _open_networks.add(self)

    @property
    def helper_pid(self) -> int:
        """The process that holds the namespaces: `nsenter -U -n -t PID ss -tan` looks inside."""
        return self._parts[2].pid

    def close(self) -> None:
        self._finalizer()

    def _leave_to_parent(self) -> None:
        """In a forked child: let go of all descriptors, so that the parent's end is the end."""
        if self._finalizer.detach():
            _take_down(*self._parts, forked=True)


def _take_down(link: KernelLink, peer: KernelPeer, helper: Helper, forked: bool = False) -> None:
    peer._close()
    link.close()
    for descriptor in (helper.tcp_table_fd, helper.netlink_fd):
        os.close(descriptor)
    if forked:
        helper.forget()
    else:
        helper.close()


_open_networks: weakref.WeakSet[KernelNetwork] = weakref.WeakSet()


def _after_fork() -> None:
    for network in list(_open_networks):
        with contextlib.suppress(OSError):
            network._leave_to_parent()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)


class RealClock:
    """Real seconds since it was made; see `Clock`."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._start

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def of_wall(self, wall_s: float) -> float:
        """Return this clock's reading at a time that the system's wall clock showed."""
        return self.now() - (time.time() - wall_s)


class KernelLink:
    """A packet socket as a link; see `Link`."""

    def __init__(self, descriptor: int, clock: RealClock) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._clock = clock
        self.arrived_s = 0.0

    def send(self, frame: bytes) -> None:
        """Put one frame on the wire; raises ValueError if it is no Ethernet frame by its length."""
        if not _HEADER_BYTES <= len(frame) <= _LONGEST_FRAME_BYTES:
            raise ValueError(
                f"a frame has {_HEADER_BYTES} to {_LONGEST_FRAME_BYTES} octets, not {len(frame)}"
            )
        self._check_open()
        self._socket.send(frame)

    def receive(self, timeout_s: float) -> bytes | None:
        """Return the next frame, or None; `arrived_s` is then when it reached the interface."""
        self._check_open()
        if not self._poll.poll(max(0.0, timeout_s) * 1000):
            return None
        try:
            frame, ancillary, _, _ = self._socket.recvmsg(1 << 16, 256)
        except BlockingIOError:
            return None
        self.arrived_s = self._clock.now()
        for level, kind, octets in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                seconds, nanoseconds = struct.unpack_from("@ll", octets)
                stamped = self._clock.of_wall(seconds + nanoseconds / 1e9)
                self.arrived_s = min(self.arrived_s, max(0.0, stamped))
        return frame

    def close(self) -> None:
        self._socket.close()

    def _check_open(self) -> None:
        if self._socket.fileno() < 0:
            raise RuntimeError("this network is closed: make a new one")
