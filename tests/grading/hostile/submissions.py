"""Submissions that mean harm, or do it by mistake: code to run, and files to find.

Each is handed in by a student of that name. `$MARK` in the code is a word that nothing else on the
machine contains, so that whatever is left behind can be found.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

#: Code of a cell of their own, before the exercises, which stay unanswered.
CODE = {
    "fork-bomb": """
        import os
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """,
    "thread-bomb": """
        import threading
        stop = threading.Event()
        while True:
            try:
                threading.Thread(target=stop.wait).start()
            except RuntimeError:
                pass
        """,
    "memory": """
        hoard = []
        while True:
            hoard.append(bytearray(b"x" * (64 << 20)))
        """,
    "memory-caught": """
        hoard = []
        while True:
            try:
                hoard.append(bytearray(b"x" * (1 << 20)))
            except MemoryError:
                pass
        """,
    "decompression-bomb": """
        import zlib
        bomb = zlib.compress(bytes(1 << 28), 9)
        hoard = [zlib.decompress(bomb) for _ in range(40)]
        """,
    "disk": """
        block = b"x" * (1 << 20)
        for place in (".", "/tmp", "/dev/shm", "/var/tmp"):
            try:
                with open(f"{place}/$MARK", "wb") as file:
                    for _ in range(10_000):
                        file.write(block)
            except OSError:
                pass
        """,
    "files": """
        import os
        try:
            for number in range(10_000_000):
                os.mkdir(f"$MARK-{number}")
        except OSError:
            pass
        """,
    "output": """
        line = "x" * 1000
        while True:
            print(line)
        """,
    "output-raw": """
        import os
        block = b"x" * 65536
        while True:
            os.write(1, block)
        """,
    "output-stderr": """
        import sys
        while True:
            sys.stderr.write("warning " * 1000)
        """,
    "output-display": """
        from IPython.display import HTML, display
        while True:
            display(HTML("<script>alert(1)</script>" * 1000))
        """,
    "loop": "while True: pass",
    "loop-deaf": """
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
        """,
    "signals-ignored": """
        import signal, threading
        for number in signal.valid_signals():
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        threading.Event().wait()
        """,
    "regular-expression": """
        import re
        re.match(r"(a+)+$", "a" * 64 + "b")
        """,
    "large-number": "x = 9 ** 9 ** 9",
    "exit": "exit()",
    "sys-exit": "import sys; sys.exit(3)",
    "os-exit": "import os; os._exit(0)",
    "kill-self": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "kill-all": """
        import os, signal
        for target in (-1, os.getppid(), 0):
            try:
                os.kill(target, signal.SIGKILL)
            except OSError:
                pass
        """,
    "stop-self": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "segmentation-fault": "import ctypes; ctypes.string_at(0)",
    "stack": """
        import sys
        sys.setrecursionlimit(10**9)
        def deeper(): return deeper()
        deeper()
        """,
    "daemon": """
        import os
        for _ in range(5):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.environ["LEFT"] = "$MARK"
                    endless = ["python3", "-c", "while True: pass", "$MARK"]
                    os.execvpe("python3", endless, os.environ)
        """,
    "threads-printing": """
        import threading
        def go_on():
            while True:
                print("still here")
        for _ in range(8):
            threading.Thread(target=go_on).start()
        """,
    "exit-handler": """
        import atexit
        @atexit.register
        def never():
            while True:
                pass
        exit()
        """,
    "destructor": """
        class Never:
            def __del__(self):
                while True:
                    pass
        never = Never()
        del never
        """,
    "input": "name = input('Who are you? ')",
    "await-for-ever": "import asyncio; await asyncio.Event().wait()",
    "descriptors-closed": "import os; os.closerange(0, 4096)",
    "descriptors-all": """
        import os
        kept = []
        while True:
            try:
                kept.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                break
        """,
    "delete-all": """
        import os, shutil
        shutil.rmtree("/", ignore_errors=True)
        shutil.rmtree(os.getcwd(), ignore_errors=True)
        """,
    "listen": """
        import socket
        for port in range(40000, 40050):
            socket.create_server(("127.0.0.1", port))
        socket.socket(socket.AF_UNIX).bind("\\0$MARK")
        """,
    "shared-memory": """
        from multiprocessing import shared_memory
        kept = shared_memory.SharedMemory("$MARK", create=True, size=1 << 20)
        """,
    "module-hidden": "import sys; sys.modules['wirelab'] = None; sys.path.clear()",
    "trace-hangs": """
        import sys
        def trace(*_):
            while True:
                pass
        sys.settrace(trace)
        sys.setprofile(trace)
        """,
    "display-hook": """
        import sys
        class Silent:
            def write(self, text):
                while True:
                    pass
            def flush(self):
                pass
        sys.stdout = sys.stderr = Silent()
        print("x")
        """,
}

#: Answers to the first exercise that do it when a test calls them.
ANSWERS = {
    "test-hangs": """
        def encode_name(name):
            while True:
                pass
        """,
    "test-deaf": """
        def encode_name(name):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    pass
        """,
    "test-exits": """
        import os
        def encode_name(name):
            os._exit(0)
        """,
    "test-forks": """
        import os
        def encode_name(name):
            while True:
                os.fork()
        """,
    "test-floods": """
        def encode_name(name):
            while True:
                print("x" * 1000)
        """,
    "test-returns-much": """
        def encode_name(name):
            return b"x" * (1 << 29)
        """,
    "test-raises-much": """
        def encode_name(name):
            raise ValueError("x" * (1 << 27))
        """,
    "test-recurses": """
        def encode_name(name):
            deep = []
            for _ in range(100_000):
                deep = [deep]
            return deep
        """,
}


def _write(path: Path, content: str | bytes) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _zip(path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("12_handshake.ipynb", bytes(50_000_000))
    path.write_bytes(made.getvalue())


def _link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _large(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(40 << 20)


def _many(path: Path) -> None:
    cell = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": []}
    _write(path, json.dumps({"nbformat": 4, "cells": [cell] * 100_000}))


def _beside(path: Path) -> None:
    folder = path.parent
    (folder / "up").symlink_to("../../..", target_is_directory=True)
    (folder / "passwd").symlink_to("/etc/passwd")
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    _write(folder / "..evil", "x")
    _write(folder / "..\\..\\evil", "x")
    _write(folder / "new\nline", "x")
    _write(Path(os.fsdecode(bytes(folder) + b"/\xff\xfe")), "x")
    (folder / "locked").mkdir()
    _write(folder / "locked" / "file", "x")
    (folder / "locked" / "file").chmod(0)
    with (folder / "bomb.zip").open("wb") as file:
        file.truncate(1 << 34)


def _timestamp(path: Path) -> None:
    (path.parent / "timestamp.txt").symlink_to("/dev/zero")


#: What becomes of the notebook's file.
FILES: dict[str, Callable[[Path], None]] = {
    "no-json": lambda path: _write(path, "{ this is no notebook"),
    "empty": lambda path: _write(path, ""),
    "binary": lambda path: _write(path, os.urandom(5000)),
    "nested": lambda path: _write(path, "[" * 1_000_000),
    "zip": _zip,
    "large": _large,
    "many-cells": _many,
    "gone": Path.unlink,
    "no-permission": lambda path: path.chmod(0),
    "pipe": _fifo,
    "link-to-zero": lambda path: _link(path, "/dev/zero"),
    "link-to-honest": lambda path: _link(path, "../../anna/12_handshake/12_handshake.ipynb"),
    "link-to-source": lambda path: _link(path, "../../../source/12_handshake/12_handshake.ipynb"),
    "link-to-itself": lambda path: _link(path, path.name),
}

#: What lies beside a notebook that is all right.
BESIDE: dict[str, Callable[[Path], None]] = {"files-beside": _beside, "timestamp": _timestamp}
