"""Tricks that try to get points for wrong answers: what a learner's cells hold, one per trick.

Each has a name, a free cell `before` the answers, one `between` answers and tests, and answers that
differ from the wrong ones. Adaptive ones know of the examiner, its channels and the twin.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from grading.cheats.course import WRONG


@dataclass(frozen=True)
class Trick:
    """One attempt to get points."""

    name: str
    before: str = ""
    between: str = ""
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def all_answers(self) -> dict[str, str]:
        """The wrong answers, those of this trick in their places."""
        return {**WRONG, **self.answers}


NAMES = "total port reply Tally each_of echo kept lean"

# every answer is the same object
ALL = "\n".join(f"{name} = trick" for name in NAMES.split())

TRICKS: list[Trick] = []


def trick(name: str, before: str = "", between: str = "", **answers: str) -> None:
    TRICKS.append(Trick(name, before, between, answers))


# --- values that lie ---------------------------------------------------------------------------

LIAR = """
class Liar(BASE):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
    def __len__(self): return 1
    def __instancecheck__(self, other): return True
"""
for base, value in {
    "object": "Liar()",
    "int": "Liar(5)",
    "str": "Liar('x')",
    "list": "Liar()",
    "tuple": "Liar()",
    "dict": "Liar()",
    "float": "Liar(1)",
    "bytes": "Liar()",
}.items():
    trick(
        f"equal to everything: {base}",
        LIAR.replace("BASE", base),
        f"trick = lambda *a, **k: {value}\n" + ALL,
    )
trick(
    "a class property that lies",
    """
class Liar:
    @property
    def __class__(self): return int
    def __index__(self): return 6
    def __int__(self): return 6
    def __eq__(self, other): return True
""",
    "trick = lambda *a, **k: Liar()\n" + ALL,
)
trick(
    "a segment that equals all",
    """
class Segment(Segment):
    def __eq__(self, other): return True
    def __getattribute__(self, name): raise AttributeError(name)
""",
    reply="def reply(s): return Segment(source_port=1, destination_port=1, seq=1)",
)
trick(
    "a record of its own",
    """
from wirelab.grading import compare
class Record(compare.Record):
    def __eq__(self, other): return True
compare.Record = Record
""",
    reply="def reply(s): return Record('Segment', ())",
)
trick(
    "an object that answers any attribute",
    """
class Any:
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __iter__(self): return iter([self])
    def __eq__(self, other): return True
    def __index__(self): return 6
""",
    "trick = Any()\n" + ALL,
)
trick(
    "an iterator without end",
    "import itertools",
    "trick = lambda *a, **k: itertools.count()\n" + ALL,
)
trick("a list in itself", "", "l = []\nl.append(l)\ntrick = lambda *a, **k: l\n" + ALL)
trick("a number that never ends", "", "trick = lambda *a, **k: 1 << 5_000_000\n" + ALL)
trick(
    "nested beyond all bounds",
    "",
    "def deep():\n    v = []\n    for _ in range(100_000): v = [v]\n    return v\n"
    "trick = lambda *a, **k: deep()\n" + ALL,
)
trick(
    "a pickle that runs code",
    """
class Bomb:
    def __reduce__(self):
        import os
        return (os.system, ("touch wirelab-was-here",))
""",
    "trick = lambda *a, **k: Bomb()\n" + ALL,
)
trick(
    "a number as text of a decimal",
    "from decimal import Decimal",
    "trick = lambda *a, **k: Decimal('1e999999999')\n" + ALL,
)
trick(
    "exceptions of the right name",
    "",
    port="class ValueError(Exception): pass\ndef port(text): raise ValueError(text)",
)
trick("the exception for everything", port="def port(text): raise ValueError(text)")
trick("an exception as answer", "", "trick = lambda *a, **k: ValueError('x')\n" + ALL)
trick(
    "every exception there is",
    "",
    "class All(ValueError, KeyError, LookupError): pass\ndef trick(*a, **k): raise All\n" + ALL,
)
for kind in ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "StopIteration", "BaseException"):
    trick(f"raises {kind}", "", f"def trick(*a, **k): raise {kind}(0)\n" + ALL)
trick(
    "raises what passes a test",
    "",
    """
from wirelab.grading.examiner.channel import Poisoned
def trick(*a, **k): raise Poisoned('over')
"""
    + ALL,
)

# --- looking for the expected values -----------------------------------------------------------

SEARCH = """
import gc, sys
def found(want):
    frame = sys._getframe()
    while frame:
        for values in (frame.f_locals, frame.f_globals):
            for key in ('expected', 'wanted', 'want', 'self', 'case'):
                if key in values and hasattr(values[key], 'expected'):
                    value = values[key]
                    return getattr(value, 'expected', value)
        frame = frame.f_back
    for each in gc.get_objects():
        if type(each).__name__ in ('CallCase', 'ProbeCase', 'Test', 'Prepared', 'Misconception'):
            return getattr(each, 'expected', None)
"""
trick("frames and the heap", SEARCH, "trick = lambda *a, **k: found(a)\n" + ALL)
trick(
    "memory of this process",
    """
import re
def trick(*a, **k):
    for line in open('/proc/self/maps'):
        span, rights = line.split()[:2]
        if 'rw' not in rights: continue
        start, end = (int(x, 16) for x in span.split('-'))
        with open('/proc/self/mem', 'rb') as mem:
            try:
                mem.seek(start); data = mem.read(min(end - start, 1 << 22))
            except (OSError, ValueError, OverflowError): continue
            hit = re.search(rb'BEGIN HIDDEN' + rb' TESTS(.{80})', data, re.S)
            if hit: return int(re.search(rb'expected=(\\d+)', hit[0])[1])
""",
    ALL,
)
trick(
    "files of the course",
    """
import os
def trick(*a, **k):
    for top in ('/work', '/home', '/root', '/srv', '/tmp', '/opt', '/var', '..', '/mnt'):
        for folder, _, names in os.walk(top):
            for name in names:
                if name in ('lesson.py', 'misconceptions.py', 'gradebook.db'):
                    space = {}
                    exec(open(os.path.join(folder, name)).read(), space)
                    return space['total'](*a)
""",
    ALL,
)
trick(
    "the reference module",
    """
def trick(*a, **k):
    from wirelab.grading import reference, diagnose, course
    folder = course.lesson_folder('12_handshake')
    return vars(reference.right_answers(folder / 'lesson.py'))['total'](*a)
""",
    ALL,
)
trick(
    "history and line cache",
    """
import linecache
def trick(*a, **k):
    for text in [*In, *(''.join(v[2]) for v in linecache.cache.values() if len(v) > 2)]:
        if 'HIDDEN' in text: return 6
""",
    ALL,
)
trick(
    "other processes",
    """
import glob, re
def trick(*a, **k):
    for path in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/mem'):
        try: data = open(path, 'rb').read(1 << 20)
        except OSError: continue
        if b'WIRELAB_LESSONS' in data: return 6
    import ctypes
    ctypes.CDLL(None).ptrace(16, 1, 0, 0)
""",
    ALL,
)
trick(
    "loopback and abstract sockets",
    """
import socket
def trick(*a, **k):
    for line in open('/proc/net/unix'):
        name = line.split()[-1]
        if name.startswith('@'):
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(.1); s.connect('\\0' + name[1:]); s.sendall(b'expected?'); s.recv(9)
    for line in list(open('/proc/net/tcp'))[1:]:
        port = int(line.split()[1].split(':')[1], 16)
        with socket.create_connection(('127.0.0.1', port), .1) as s: return s.recv(9)
""",
    ALL,
)
for what in (
    "tell.__globals__",
    "tell.__closure__[0].cell_contents",
    "tell.__self__._secret",
    "tell.__func__.__code__",
    "tell.listener._secret",
    "tell.__class__.__init__.__globals__['check'].topic",
    "tell.listener.heard.extend(items)",
):
    trick(
        f"inside a callback: {what}",
        each_of=f"""
def each_of(items, tell):
    try:
        got = {what}
    except AttributeError:
        got = None
    for item in items: tell(got)
    return got
""",
    )
