"""A lesson of eight small exercises, as an instructor edition, for tricks to be tried on.

Every test has hidden cases, so that nothing is gained by answering the visible ones.
"""

from __future__ import annotations

from typing import Any

SETUP = """
import random
import socket
import threading
from dataclasses import dataclass
from wirelab.grading.checks import Checks, step
from wirelab.protocols.segment import ACK, SYN, Segment
from wirelab.servers.running import running
check = Checks("12_handshake")

@dataclass(frozen=True)
class Note:
    text: str
    times: int = 1
"""

RIGHT = {
    "total": "def total(numbers):\n    return sum(numbers)",
    "port": """
def port(text):
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError(f"no port: {number}")
    return number
""",
    "reply": """
def reply(segment):
    return Segment(source_port=segment.destination_port, destination_port=segment.source_port,
                   seq=7, ack=segment.seq + 1, flags=SYN | ACK)
""",
    "Tally": """
class Tally:
    def __init__(self, start=0):
        self.count = start
    def add(self, more):
        self.count += more
        return [self.count]
""",
    "each_of": """
def each_of(items, tell):
    for item in items:
        tell(item)
    return Note("told", len(items))
""",
    "echo": """
def echo(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.sendall(connection.recv(100).upper())
""",
    "kept": "def kept(n):\n    return n % 7 == 3",
    "lean": "def lean(n):\n    return [n]",
}

TESTS = {
    "total": """
check(total, [1, 2, 3], expected=6)
### BEGIN HIDDEN TESTS
dice = random.Random(5)
cases = [([dice.randrange(1000) for _ in range(5)],) for _ in range(20)]
check.each(total, cases, expected=sum)
### END HIDDEN TESTS
""",
    "port": """
check(port, "80", expected=80)
check.refuses(port, "70000")
### BEGIN HIDDEN TESTS
check.each(port, ["1", "65535", "443"], expected=[1, 65535, 443])
check.refuses_each(port, ["0", "65536", "-5", "x"])
### END HIDDEN TESTS
""",
    "reply": """
asked = Segment(source_port=40000, destination_port=80, seq=100, flags=SYN)
check(reply, asked, expected=Segment(source_port=80, destination_port=40000, seq=7, ack=101,
                                     flags=SYN | ACK))
### BEGIN HIDDEN TESTS
asked = Segment(source_port=5, destination_port=6, seq=900, flags=SYN)
check(reply, asked, expected=Segment(source_port=6, destination_port=5, seq=7, ack=901,
                                     flags=SYN | ACK))
### END HIDDEN TESTS
""",
    "Tally": """
def steps(Tally):
    tally = Tally(start=5)
    return [tally.add(2), tally.add(3), tally.count]
check.probe(Tally, steps, expected=[[7], [10], 10])
### BEGIN HIDDEN TESTS
def more(Tally):
    tally = Tally()
    return [tally.add(n) for n in (1, 10, 100)] + [tally.count]
check.probe(Tally, more, expected=[[1], [11], [111], 111])
### END HIDDEN TESTS
""",
    "each_of": """
class Listener:
    def __init__(self, secret):
        self._secret, self.heard = secret, []
    def tell(self, item):
        self.heard.append(item)
def told(each_of):
    listener = Listener(9)
    note = each_of([3, 1, 4], listener.tell)
    return listener.heard, note
check.probe(each_of, told, expected=([3, 1, 4], Note("told", 3)))
### BEGIN HIDDEN TESTS
def told_by_method(each_of):
    listener = Listener(11)
    class Ear:
        def __init__(self):
            self.listener = listener
        def __call__(self, item):
            self.listener.tell(item)
    return each_of("ab", Ear()), listener.heard
check.probe(each_of, told_by_method, expected=(Note("told", 2), ["a", "b"]))
### END HIDDEN TESTS
""",
    "echo": """
def echoed(echo):
    answers = []
    with running(echo) as server:
        for word in (b"one", b"two"):
            client = server.connect(timeout_s=0.5)
            client.sendall(word)
            answers.append(client.recv(100))
    return answers
check.probe(echo, echoed, expected=[b"ONE", b"TWO"], within_s=3)
""",
    "kept": """
check(kept, 3, expected=True)
### BEGIN HIDDEN TESTS
check.each(kept, [(n,) for n in (4, 10, 17, 18)], expected=[False, True, True, False])
### END HIDDEN TESTS
""",
    "lean": """
check(lean, 3, expected=[3])
### BEGIN HIDDEN TESTS
check.each(lean, [(n,) for n in (4, 10)], expected=[[4], [10]])
### END HIDDEN TESTS
def remembers(lean):
    import sys
    before = sys.getallocatedblocks()
    for n in range(1000, 2000):
        lean(n)
    return sys.getallocatedblocks() - before > 300
check.probe(lean, remembers, expected=False)
""",
}

WRONG = {
    "total": "def total(numbers):\n    return 0",
    "port": "def port(text):\n    return None",
    "reply": "def reply(segment):\n    return None",
    "Tally": "class Tally:\n    def __init__(self, start=0):\n        pass",
    "each_of": "def each_of(items, tell):\n    return None",
    "echo": "def echo(listener):\n    return None",
    "kept": "def kept(n):\n    return None",
    "lean": "log = []\ndef lean(n):\n    log.append([n])\n    return [n]",
}


def cell(cell_id: str, source: str, role: str = "", tags: tuple[str, ...] = ()) -> dict[str, Any]:
    """A code cell with nbgrader's metadata for its role; a free cell without one."""
    metadata: dict[str, Any] = {"tags": list(tags)} if tags else {}
    if role:
        metadata["nbgrader"] = {
            "grade": role == "test",
            "grade_id": cell_id,
            "locked": role != "answer",
            "schema_version": 3,
            "solution": role == "answer",
            "task": False,
        }
    if role == "test":
        metadata["nbgrader"]["points"] = 1
    return {
        "cell_type": "code",
        "id": cell_id,
        "source": source.strip("\n"),
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def notebook(answers: dict[str, str], before: str = "", between: str = "") -> dict[str, Any]:
    """The lesson with these answers; `before` is a free cell after the set-up, `between` one after
    all the answers."""
    cells = [cell("setup", SETUP, "given")]
    cells += [cell("before", before)] if before else []
    for name, source in answers.items():
        cells.append(cell(f"{name.lower()}-answer", source, "answer"))
    cells += [cell("between", between)] if between else []
    for name, source in TESTS.items():
        tags = ("beside",) if name in ("kept", "lean") else ()
        cells.append(cell(f"{name.lower()}-test", source, "test", tags))
    return {
        "cells": cells,
        "metadata": {"wirelab": {"topic": "12_handshake"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
