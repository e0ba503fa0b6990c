"""What a submission may use, and what of the kernel it may not touch.

Set in the process itself, for good, before it runs any code of a learner's. It knows no notebook.
"""

from __future__ import annotations

import ctypes
import os
import struct

from wirelab.grading.sandbox.namespaces import prctl

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_DUMPABLE = 38, 22, 24, 4
_CAP_VERSION_3 = 0x20080522
MAX_FILES = 512
RESERVE = 12  # processes and threads for clones that serve a test
STACK_BYTES = 8 << 20

# System calls by number on (x86_64, aarch64): they keep memory that nobody counts, or look into
# other processes and the kernel.
_FORBIDDEN = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "pidfd_getfd": (438, 438),
    "fanotify_init": (300, 262),
    "vmsplice": (278, 75),
    "swapon": (167, 224),
}
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_ALLOW, _EPERM, _KILL = 0x7FFF0000, 0x00050001, 0x80000000


def lock_down(memory_bytes: int, cpu_s: float, processes: int, disk_bytes: int) -> None:
    """Give up every privilege and set the limits of this process and its children."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        try:
            prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            break
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    header, nothing = struct.pack("Ii", _CAP_VERSION_3, 0), bytes(24)
    if libc.capset(header, nothing):
        raise OSError(ctypes.get_errno(), "capset")
    prctl(_PR_SET_DUMPABLE, 1)  # its own /proc/self stays its own
    set_limits(memory_bytes, cpu_s, processes, disk_bytes)
    _forbid()


def set_limits(memory_bytes: int, cpu_s: float, processes: int, disk_bytes: int) -> None:
    """Only the resource limits, as where there is no sandbox; `processes` 0 sets none."""
    import resource

    def limit(which: str, most: int, reserve: int = 0) -> None:
        number = getattr(resource, which, None)
        if number is None:
            return
        before = resource.getrlimit(number)[1]
        hard = most + reserve
        if before != resource.RLIM_INFINITY:
            hard = min(hard, before)
        resource.setrlimit(number, (min(most, hard), hard))

    # Stacks of threads count here before they are used; what is used is counted from outside.
    limit("RLIMIT_DATA", _data_bytes() + memory_bytes + (processes or 128) * STACK_BYTES)
    limit("RLIMIT_STACK", min(memory_bytes, 64 << 20))
    limit("RLIMIT_CPU", int(cpu_s) + 2)
    limit("RLIMIT_FSIZE", disk_bytes)
    limit("RLIMIT_CORE", 0)
    limit("RLIMIT_NOFILE", MAX_FILES)
    limit("RLIMIT_MEMLOCK", 1 << 20)
    limit("RLIMIT_MSGQUEUE", 0)
    if processes:
        limit("RLIMIT_NPROC", processes, RESERVE)


def take_reserve() -> None:
    """Have a few processes more: a notebook that uses all that it may is tested too."""
    import resource

    if hasattr(resource, "RLIMIT_NPROC"):
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))


def _data_bytes() -> int:
    """How much of what `RLIMIT_DATA` counts this process has already."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmData:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def _forbid() -> None:
    """Refuse some system calls with EPERM, by a filter that children inherit."""
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return
    column, architecture = machine
    numbers = sorted(row[column] for row in _FORBIDDEN.values())
    load, jump_if, give = 0x20, 0x15, 0x06
    program = [
        (load, 0, 0, 4),
        (jump_if, 1, 0, architecture),
        (give, 0, 0, _KILL),
        (load, 0, 0, 0),
    ]
    if machine[0] == 0:  # the x32 variants of the calls
        program += [(0x35, 0, 1, 0x40000000), (give, 0, 0, _EPERM)]
    for at, number in enumerate(numbers):
        program.append((jump_if, len(numbers) - at, 0, number))
    program += [(give, 0, 0, _ALLOW), (give, 0, 0, _EPERM)]
    code = b"".join(struct.pack("HBBI", *each) for each in program)
    buffer = ctypes.create_string_buffer(code)
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    holder = ctypes.create_string_buffer(filter_)
    prctl(_PR_SET_SECCOMP, 2, ctypes.addressof(holder))
