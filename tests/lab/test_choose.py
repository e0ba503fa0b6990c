"""Which network one gets, and what one is told, on machines that allow it and that do not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from support import require

from wirelab.lab import Network

ASK = """
from wirelab.lab import Network
with Network.best() as network:
    print(network.kind)
    print(network.why)
"""

ASK_KERNEL = """
from wirelab.lab import Network, NetworkUnavailable
try:
    Network.best()
except NetworkUnavailable as refusal:
    print(refusal)
"""

# Loaded as on Windows: no packet sockets, no fork hooks, no poll.
ELSEWHERE = """
import os, select, socket, sys
import multiprocessing, subprocess, threading, platform, random, uuid  # before the pretence
for module, names in (
    (socket, ("AF_PACKET", "AF_NETLINK", "AF_UNIX", "SCM_RIGHTS", "CMSG_LEN", "TCP_INFO",
              "MSG_CMSG_CLOEXEC", "send_fds", "recv_fds")),
    (select, ("poll", "epoll")),
    (os, ("register_at_fork", "pidfd_open", "fork")),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
sys.modules["fcntl"] = None
sys.platform = "win32"
"""


def run(program: str, prefix: tuple[str, ...] = (), **environment: str) -> str:
    done = subprocess.run(
        [*prefix, sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def switched_off(kernel_or_skip) -> tuple[str, ...]:
    """The start of a command that runs where user namespaces are switched off."""
    require(shutil.which("unshare"), "install util-linux")
    kernel_or_skip().close()
    switch = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    return ("unshare", "-r", "sh", "-c", switch, "sh")


@pytest.mark.kernel
def test_kernel_is_taken_where_it_can_be_had(kernel_or_skip):
    kernel_or_skip().close()
    kind, why = run(ASK, WIRELAB_NETWORK="").splitlines()
    assert kind == "kernel"
    assert "Linux kernel" in why


@pytest.mark.kernel
def test_embedded_is_taken_where_namespaces_are_switched_off(switched_off):
    kind, why = run(ASK, switched_off, WIRELAB_NETWORK="").splitlines()
    assert kind == "embedded"
    assert "user namespaces are switched off" in why


@pytest.mark.kernel
def test_kernel_that_is_asked_for_and_refused_says_why(switched_off):
    (reason,) = run(ASK_KERNEL, switched_off, WIRELAB_NETWORK="kernel").splitlines()
    assert "user.max_user_namespaces is 0" in reason


def test_embedded_can_be_asked_for():
    kind, why = run(ASK, WIRELAB_NETWORK="embedded").splitlines()
    assert kind == "embedded"
    assert "WIRELAB_NETWORK asks for it" in why


def test_embedded_is_taken_on_other_systems():
    kind, why = run(ELSEWHERE + ASK, WIRELAB_NETWORK="").splitlines()
    assert kind == "embedded"
    assert "needs Linux" in why


def test_kernel_on_other_systems_says_why():
    (reason,) = run(ELSEWHERE + ASK_KERNEL, WIRELAB_NETWORK="kernel").splitlines()
    assert reason == "the kernel network needs Linux; this is win32"


def test_unknown_kind_is_refused(monkeypatch):
    monkeypatch.setenv("WIRELAB_NETWORK", "kernal")
    with pytest.raises(ValueError, match="'kernal'; set it to kernel or embedded"):
        Network.best()
