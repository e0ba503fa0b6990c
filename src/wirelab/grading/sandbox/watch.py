"""How much a sandbox uses, read from outside through its own `/proc`.

It sees every process inside, whatever that process does. It knows no policy.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass
class Usage:
    """Processor seconds, memory in octets (not counting what is shared), processes."""

    cpu_s: float = 0.0
    memory_bytes: int = 0
    processes: int = 0


class Watch:
    """Reads a sandbox's use; `proc` is a descriptor of the folder `/proc` inside."""

    def __init__(self, proc: int):
        self._proc = proc

    def look(self, most_bytes: int) -> Usage:
        """What is used now; memory is counted exactly only where it might exceed `most_bytes`."""
        usage = Usage()
        resident: dict[int, int] = {}
        for name in os.listdir(self._proc):
            if not name.isdigit():
                continue
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = self._read(f"{name}/stat").rpartition(b")")[2].split()
                # its own time and that of the children it has waited for
                usage.cpu_s += sum(map(int, fields[11:15])) / _TICK
                resident[int(name)] = int(fields[21]) * _PAGE
                usage.processes += 1
        usage.memory_bytes = sum(resident.values())
        if usage.memory_bytes > most_bytes:
            usage.memory_bytes = sum(map(self._own_memory, resident))
        return usage

    def _own_memory(self, pid: int) -> int:
        """The memory of one process, what it shares counted by its part."""
        with contextlib.suppress(OSError, ValueError):
            for line in self._read(f"{pid}/smaps_rollup").splitlines():
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) << 10
        return 0

    def _read(self, name: str) -> bytes:
        descriptor = os.open(name, os.O_RDONLY, dir_fd=self._proc)
        try:
            return os.read(descriptor, 1 << 16)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._proc)
