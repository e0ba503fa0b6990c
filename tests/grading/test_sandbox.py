"""The sandbox: what a submission sees, what it may use, that nothing of it is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from grading.engine_lessons import cell, notebook
from support import ROOT, require

from wirelab.grading.engine.task import Executed, Policy
from wirelab.grading.engine.worker import Worker
from wirelab.grading.sandbox import probe

POLICY = Policy(
    cpu_s=8,
    wall_s=30,
    cell_s=5,
    memory_bytes=256 << 20,
    processes=40,
    disk_bytes=8 << 20,
    output_bytes=50_000,
)
SOURCE = notebook(
    cell("look-answer", "def look():\n    return 1", "answer"),
    cell("look-test", "check(look, expected=1)", "test"),
)


def lesson(free: str, look: str = "def look():\n    return 1") -> dict:
    return notebook(
        cell("free", free), cell("look-answer", look, "answer"), SOURCE["cells"][2] | {}
    )


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    require(not probe(), probe())
    with Worker(SOURCE, policy=POLICY) as made:
        yield made


@pytest.fixture
def run(worker: Worker) -> Callable[[str], tuple[Executed, str]]:
    """Run a free cell; the result, and what the cell put out as one text."""

    def run_cell(source: str) -> tuple[Executed, str]:
        executed = worker.grade(lesson(source))
        free = next(each for each in executed.notebook.cells if each.id == "free")
        return executed, "\n".join(
            each.get("text", "") + each.get("evalue", "") for each in free.outputs
        )

    return run_cell


def gone(marker: str, within_s: float = 15.0) -> bool:
    """Whether no process has `marker` on its command line any more."""
    deadline = time.monotonic() + within_s
    while any(marker in line for line in command_lines()):
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True


def command_lines() -> Iterator[str]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                yield (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue


# --- what it sees --------------------------------------------------------------------------------


def test_it_is_nobody_and_alone(run: Callable) -> None:
    _, said = run("import os\nprint(os.getuid() != 0, os.getpid(), len(os.listdir('/home')))")
    assert said.split() == ["True", "1", "1"]


def test_it_sees_neither_the_course_nor_other_peoples_files(run: Callable) -> None:
    look = """
import os
seen = []
for top in ('/work', '/home', '/root', '/srv', '/opt', '/tmp', '/var', '/mnt', '/media'):
    for folder, _, names in os.walk(top):
        seen += [os.path.join(folder, n) for n in names if n in ('lesson.py', 'misconceptions.py',
                 'gradebook.db', '.bash_history', 'id_rsa') and 'packages' not in folder
             and 'wirelab' not in folder]
print(seen, os.path.exists(COURSE), [k for k in os.environ if 'LESSON' in k])
"""
    _, said = run(look.replace("COURSE", repr(str(ROOT / "source"))))
    assert said.split() == ["[]", "False", "[]"]


def test_the_system_is_read_only_and_the_scratch_folder_is_not(run: Callable) -> None:
    _, said = run(
        "import os\nopen('x', 'w').write('1'); open('/tmp/y', 'w').write('1')\n"
        "for place in ('/usr/x', '/etc/x', '/x', os.path.dirname(os.__file__) + '/x'):\n"
        "    try: open(place, 'w'); print('written', place)\n    except OSError: pass"
    )
    assert said == ""


def test_it_has_a_loopback_and_no_other_network(run: Callable) -> None:
    _, said = run(
        "import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
        "c = socket.create_connection(s.getsockname(), 2)\nprint('loopback')\n"
        "print([name for _, name in socket.if_nameindex()])\n"
        "try: socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError as e: print(e.errno)"
    )
    assert said.splitlines()[0] == "loopback"
    assert "eth0" not in said
    assert said.splitlines()[-1].isdigit()


@pytest.mark.kernel
def test_the_kernel_network_works_inside(run: Callable) -> None:
    from wirelab.lab import Network

    with Network.best() as net:
        require(net.kind == "kernel", net.why)
    _, said = run("from wirelab.lab import Network\nwith Network.best() as net: print(net.kind)")
    assert said.strip() == "kernel"


def test_tests_and_learner_share_the_loopback() -> None:
    require(not probe(), probe())
    answer = """
import threading
def start():
    server = socket.create_server(("127.0.0.1", 0))
    def serve():
        while True:
            connection, _ = server.accept()
            with connection: connection.sendall(b"hello")
    threading.Thread(target=serve, daemon=True).start()
    return server.getsockname()[1]
"""
    test = """
def hello(start):
    with socket.create_connection(("127.0.0.1", start()), 2) as connection:
        return connection.recv(9)
check.probe(start, hello, expected=b"hello")
"""
    source = notebook(cell("s-answer", answer, "answer"), cell("s-test", test, "test"))
    with Worker(source, policy=POLICY) as worker:
        assert worker.grade(source).score == 1


# --- limits --------------------------------------------------------------------------------------

LIMITS = {
    "wall time of a cell": ("import threading\nthreading.Event().wait()", "stopped after 5 s"),
    "memory": ("x = bytearray(900 << 20)", "256 MiB of memory"),
    "memory of many": (
        "import os, signal\nfor _ in range(8):\n    if os.fork() == 0:\n"
        "        x = b'x' * (100 << 20); signal.pause()\nsignal.pause()",
        "256 MiB of memory",
    ),
    "disk": ("open('big', 'wb').write(bytes(20 << 20))", "8 MiB of files"),
    "many files on disk": (
        "for n in range(9):\n    open(f'part{n}', 'wb').write(bytes(2 << 20))",
        "8 MiB of files",
    ),
    "processes": (
        "import os, signal\nfor _ in range(100):\n    if os.fork() == 0: signal.pause()",
        "40 processes",
    ),
    "threads": (
        "import threading\nfor _ in range(100):\n"
        "    threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "40 processes",
    ),
    "output": ("for _ in range(100_000): print('x' * 50)", "cut off"),
    "files": ("files = [open('/dev/null') for _ in range(9999)]", "too many files"),
}


def test_processes_that_a_test_has_left_do_not_cost_the_next_test() -> None:
    source = notebook(
        cell("first-answer", "def first():\n    return 1", "answer"),
        cell("first-test", "check(first, expected=1)", "test"),
        cell("second-answer", "def second():\n    return 2", "answer"),
        cell("second-test", "check(second, expected=2)", "test"),
    )
    with Worker(source, policy=POLICY) as worker:
        source["cells"][1]["source"] = "import os\ndef first():\n    while True:\n        os.fork()"
        executed = worker.grade(source)
    assert [each.score for each in executed.cells] == [0, 1]


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_kept_and_said(run: Callable, limit: str) -> None:
    source, expects = LIMITS[limit]
    executed, said = run(source)
    assert expects in said, said[-2000:]
    assert len(executed.cells) == 1
    assert executed.score == 1, executed.cells


def test_the_whole_submission_has_a_processor_time() -> None:
    require(not probe(), probe())
    with Worker(SOURCE, policy=Policy(cpu_s=2)) as worker:
        executed = worker.grade(lesson("import os\nos.fork()\nwhile True: pass"))
    assert executed.score == 0
    assert "2 s of processor time" in executed.report[0].evidence


def test_the_whole_submission_has_a_wall_time() -> None:
    require(not probe(), probe())
    policy = Policy(wall_s=2, cell_s=60)
    with Worker(SOURCE, policy=policy) as worker:
        executed = worker.grade(lesson("import threading\nthreading.Event().wait()"))
    assert executed.score == 0
    assert "2 s" in executed.report[0].evidence
    assert executed.wall_s < 20


@pytest.mark.parametrize(
    "call",
    ["ptrace", "memfd_create", "add_key", "bpf", "userfaultfd", "perf_event_open"],
)
def test_system_calls_that_look_elsewhere_are_refused(run: Callable, call: str) -> None:
    from wirelab.grading.sandbox import limits

    column = limits._MACHINES[os.uname().machine][0]
    number = limits._FORBIDDEN[call][column]
    _, said = run(
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"print(libc.syscall({number}, 0, 0, 0, 0), ctypes.get_errno())"
    )
    assert said.split() == ["-1", "1"]


# --- the end -------------------------------------------------------------------------------------


def test_nothing_outlives_the_grading(run: Callable) -> None:
    _, said = run(
        "import os, subprocess\nif os.fork() == 0:\n    os.setsid()\n"
        "    subprocess.Popen(['sleep', '98765.4321'], start_new_session=True)\n    os._exit(0)\n"
        "print('started')"
    )
    assert "started" in said
    assert gone("98765.4321")


HANGS = """
import json, sys
from wirelab.grading.engine.task import Policy
from wirelab.grading.engine.worker import Worker
source, submission = json.loads(sys.stdin.read())
with Worker(source, policy=Policy(cell_s=100)) as worker:
    print("ready", flush=True)
    worker.grade(submission)
"""


def test_nothing_outlives_a_grader_that_is_killed(tmp_path: Path) -> None:
    require(not probe(), probe())
    submission = lesson("import subprocess\nsubprocess.run(['sleep', '87654.321'])")
    grader = subprocess.Popen(
        [sys.executable, "-c", HANGS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    with grader:
        grader.stdin.write(json.dumps([SOURCE, submission]))
        grader.stdin.close()
        assert grader.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 30
        while gone("87654.321", 0.0) and time.monotonic() < deadline:
            os.sched_yield()
        assert not gone("87654.321", 0.0)
        grader.send_signal(signal.SIGKILL)
    assert gone("87654.321")


def test_one_submission_does_not_see_another(worker: Worker) -> None:
    worker.grade(lesson("open('/tmp/secret', 'w').write('mine'); import random; random.seed(1)"))
    executed = worker.grade(lesson("import os; print(os.listdir('/tmp'), os.listdir('.'))"))
    free = next(each for each in executed.notebook.cells if each.id == "free")
    assert "secret" not in free.outputs[0].text


def test_the_probe_says_one_line() -> None:
    assert "\n" not in probe()
