"""Which values pass between test and answer: each kind goes both ways in the two processes.

One notebook holds them all; the reference itself is graded, and a name says what must pass.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from grading.engine_lessons import SETUP, cell, notebook

from wirelab.grading.engine.task import Executed, Policy
from wirelab.grading.engine.worker import Worker

GIVEN = (
    SETUP
    + """
@dataclass(frozen=True)
class Note:
    text: str
    times: int = 1
"""
)

KINDS: dict[str, tuple[str, str]] = {
    "scalars": (
        "def same_scalar(x): return x",
        "for v in (None, True, -5, 2**4000, 1.5, 'é\\ud800', b'\\0', ()):\n"
        "    assert same_scalar(v) == v and type(same_scalar(v)) is type(v)",
    ),
    "containers": (
        "def same_box(x): return x",
        "box = {'a': [1, (2, {3})], 4: frozenset({5})}\nassert same_box(box) == box",
    ),
    "cycles": (
        "def cycle():\n    loop = [1]\n    loop.append(loop)\n    return loop",
        "loop = cycle()\nassert loop[1] is loop",
    ),
    "identity": ("def back(x): return x", "items = [1]\nassert back(items) is items"),
    "mutation": (
        "def fill(items, table):\n    items.append(4)\n    table['x'] = items",
        "items, table = [3], {}\nfill(items, table)\n"
        "assert items == [3, 4] and table['x'] is items",
    ),
    "keywords": (
        "def named(a, *rest, b=2, **more): return a, rest, b, more",
        "assert named(1, 2, b=3, c=4) == (1, (2,), 3, {'c': 4})",
    ),
    "segments": (
        "def answer_to(s): return [Segment(source_port=1, destination_port=2, seq=s.seq + 1,"
        " flags=SYN | ACK)]",
        "made = answer_to(Segment(source_port=9, destination_port=8, seq=4, flags=SYN))\n"
        "assert made == [Segment(source_port=1, destination_port=2, seq=5, flags=SYN | ACK)]\n"
        "assert type(made[0]) is Segment and made[0].flags & ACK",
    ),
    "given dataclasses": (
        "def noted(n): return Note('x', n.times + 1)",
        "assert noted(Note('y')) == Note('x', 2)",
    ),
    "own dataclasses": (
        "@dataclass\nclass Pair:\n    x: int\n    y: int = 0\ndef pair(): return Pair(1, 2)",
        "assert pair() == Pair(1, 2) and pair().y == 2\n"
        "check.probe(pair, lambda f: f().x, expected=1)",
    ),
    "named tuples": (
        "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')\n"
        "def point(): return Point(1, 2)",
        "assert point() == (1, 2) and point().x == 1",
    ),
    "enumerations": (
        "import enum\nclass Colour(enum.Enum):\n    RED = 1\ndef red(): return Colour.RED",
        "assert red() is Colour.RED and red().name == 'RED'",
    ),
    "addresses, dates, decimals": (
        "def same_value(x): return x",
        "import datetime, decimal, ipaddress, collections\n"
        "for v in (ipaddress.ip_address('::1'), ipaddress.ip_network('10.0.0.0/8'),\n"
        "          datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc),\n"
        "          decimal.Decimal('1.5'), collections.deque([1]), 1j, range(3)):\n"
        "    assert same_value(v) == v and type(same_value(v)) is type(v)",
    ),
    "packets": (
        "from scapy.all import IP, TCP\ndef wrap(p): return p / TCP(dport=80)",
        "from scapy.all import IP, TCP\nmade = wrap(IP(dst='10.0.0.1'))\n"
        "assert made[TCP].dport == 80 and made[TCP].chksum is None",
    ),
    "classes with state": (
        "class Tally:\n    N = 3\n    def __init__(self, start=0): self.count = start\n"
        "    def add(self, n):\n        self.count += n\n        return self\n"
        "    def __len__(self): return self.count",
        "t = Tally(start=2)\nassert t.add(3).count == 5 == len(t) and Tally.N == 3\n"
        "t.count = 9\nassert t.add(1).count == 10 and not hasattr(t, 'zz')",
    ),
    "exceptions": (
        "class Refused(ValueError):\n    def __init__(self, code):\n"
        "        super().__init__(f'refused {code}')\n        self.code = code\n"
        "def refuse(code): raise Refused(code)\ndef missing(): open('/nonexistent')",
        "try:\n    refuse(7)\n"
        "except Refused as e:\n    assert str(e) == 'refused 7'\n    assert e.code == 7\n"
        "else:\n    assert False\ncheck.refuses(refuse, 3)\n"
        "try:\n    missing()\nexcept FileNotFoundError as e:\n    assert e.errno == 2",
    ),
    "generators": (
        "def parts():\n    got = yield 1\n    while got: got = yield got * 2\n    return 9\n"
        "def chunks(items): yield from items",
        "made = parts()\nassert next(made) == 1 and made.send(4) == 8\n"
        "try:\n    made.send(0)\nexcept StopIteration as end:\n    assert end.value == 9\n"
        "assert list(chunks(iter([1, 2]))) == [1, 2]",
    ),
    "context managers": (
        "from contextlib import contextmanager\n@contextmanager\ndef lent():\n"
        "    try: yield 5\n    except KeyError: pass",
        "with lent() as five:\n    assert five == 5\n    raise KeyError",
    ),
    "callbacks": (
        "def told(tell, *items): return [tell(i) for i in items]\n"
        "def caught(call):\n    try: call()\n    except KeyError as e: return str(e)",
        "heard = []\nassert told(lambda x: heard.append(x) or x * 2, 1, 2) == [2, 4]\n"
        "assert heard == [1, 2]\ndef wrong(): raise KeyError('z')\nassert caught(wrong) == \"'z'\"",
    ),
    "fakes of the test": (
        "def talk(wire):\n    wire.send(b'x')\n    return wire.receive(3), wire.sent",
        "class Wire:\n    def __init__(self): self.sent = []\n"
        "    def send(self, octets): self.sent.append(octets)\n"
        "    def receive(self, n): return b'r' * n\n"
        "assert talk(Wire()) == (b'rrr', [b'x'])",
    ),
    "sockets": (
        "def shout(s):\n    s.sendall(s.recv(10).upper())\n    return s\n"
        "def listen(): return socket.create_server(('127.0.0.1', 0))",
        "a, b = socket.socketpair()\na.sendall(b'hi')\nback = shout(b)\nassert a.recv(9) == b'HI'\n"
        "back.close()\nb.close()\na.close()\nserver = listen()\n"
        "c = socket.create_connection(server.getsockname(), 2)\nserver.accept()[0].sendall(b'1')\n"
        "assert c.recv(1) == b'1'\nc.close()\nserver.close()",
    ),
    "servers in threads": (
        "def serve(listener):\n    while True:\n        try: connection, _ = listener.accept()\n"
        "        except OSError: return\n"
        "        with connection: connection.sendall(connection.recv(9)[::-1])",
        "from wirelab.servers.running import running\nwith running(serve) as server:\n"
        "    client = server.connect()\n    client.sendall(b'abc')\n"
        "    assert client.recv(9) == b'cba'\nassert server.error is None",
    ),
    "async functions": (
        "import asyncio\nasync def twice(n):\n    await asyncio.sleep(0)\n    return 2 * n\n"
        "async def items():\n    for i in range(3): yield i\n"
        "async def for_ever(): await asyncio.Event().wait()",
        "import asyncio, inspect\nasync def main():\n    assert await twice(4) == 8\n"
        "    assert await asyncio.gather(*(twice(n) for n in range(3))) == [0, 2, 4]\n"
        "    assert [i async for i in items()] == [0, 1, 2]\n"
        "    try: await asyncio.wait_for(for_ever(), 0.05)\n"
        "    except asyncio.TimeoutError: return True\n"
        "assert inspect.iscoroutinefunction(twice)\n"
        "def run(twice): return asyncio.run(main())\ncheck.probe(twice, run, expected=True)",
    ),
    "async servers": (
        "import asyncio\nasync def serve_async(listener):\n    loop = asyncio.get_running_loop()\n"
        "    while True:\n        connection, _ = await loop.sock_accept(listener)\n"
        "        with connection:\n"
        "            await loop.sock_sendall(connection, await loop.sock_recv(connection, 9))",
        "from wirelab.servers.running import running\nwith running(serve_async) as server:\n"
        "    client = server.connect()\n    client.sendall(b'ab')\n"
        "    assert client.recv(9) == b'ab'",
    ),
    "threads of the test": (
        "lock = threading.Lock()\ntotal = 0\ndef more():\n    global total\n"
        "    for _ in range(20):\n        with lock: total += 1\ndef sum_up(): return total",
        "ts = [threading.Thread(target=more) for _ in range(4)]\n"
        "for t in ts: t.start()\nfor t in ts: t.join()\nassert sum_up() == 80",
    ),
    "the lab": (
        "def say_hello(wire, clock):\n    wire.send(Segment(source_port=4000,"
        " destination_port=9, seq=7, flags=SYN))\n    return wire.receive(1.0), clock.now()",
        "from wirelab.lab.embedded import EmbeddedNetwork\ndef met(say_hello):\n"
        "    with EmbeddedNetwork() as net:\n        reply, s = say_hello(net.wire(), net.clock)\n"
        "        return int(reply.flags), s < 1\n"
        "check.probe(say_hello, met, expected=(0x14, True))",
    ),
    "prints": (
        "def speak(): print('spoken')",
        "import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n"
        "    speak()\n"
        "assert out.getvalue() == 'spoken\\n'",
    ),
}


def identifier(name: str) -> str:
    return "".join(letter if letter.isalpha() else "_" for letter in name)


@pytest.fixture(scope="module")
def executed() -> Iterator[Executed]:
    cells = []
    for name, (answer, test) in KINDS.items():
        cells.append(cell(f"{identifier(name)}-answer", answer, "answer"))
        cells.append(cell(f"{identifier(name)}-test", test, "test"))
    source = notebook(*cells, setup=GIVEN)
    policy = Policy(sandbox=False, cell_s=20, network="embedded")
    with Worker(source, policy=policy) as worker:
        yield worker.grade(source)


@pytest.mark.parametrize("name", KINDS)
def test_what_passes(executed: Executed, name: str) -> None:
    result = next(each for each in executed.cells if each.id == f"{identifier(name)}-test")
    assert result.status == "passed", "\n".join(result.messages)
