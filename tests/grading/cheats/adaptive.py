"""Tricks that know how they are graded: channels, clones, supervisor, namespaces, the twin.

Adds to `tricks.TRICKS`.
"""

from __future__ import annotations

from grading.cheats.tricks import ALL, trick

# --- the channels --------------------------------------------------------------------------------

FORGE = """
import os, socket, stat, struct
def sockets():
    for number in range(3, 512):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode): yield socket.socket(fileno=os.dup(number))
        except OSError: pass
def forge(octets):
    for each in sockets():
        try: each.sendall(octets)
        except OSError: pass
def frame(body, kind=b'A', number=1):
    return struct.pack('<IIcB', len(body), number, kind, 0) + body
"""
trick(
    "a forged answer ahead of the question",
    FORGE,
    "def trick(*a, **k): forge(frame(b't\\x04\\0\\0\\0s\\x02\\0\\0\\0okq'"
    " + (6).to_bytes(8, 'little') + b'l\\0\\0\\0\\0s\\0\\0\\0\\0'))\n" + ALL,
)
trick("noise on every socket", FORGE, "def trick(*a, **k): forge(os.urandom(5000))\n" + ALL)
trick("a frame that never ends", FORGE, "def trick(*a, **k): forge(b'\\xff' * 64)\n" + ALL)
trick(
    "forged outputs for the supervisor",
    FORGE
    + """
import json
said = json.dumps({"outputs": [], "threads": 1, "clone": 0}).encode()
forge(struct.pack('<I', len(said)) + said)
""",
    "forge(struct.pack('<I', len(said)) + said)",
)
trick(
    "another process answers the supervisor",
    FORGE,
    """
import json, threading
def talk():
    said = json.dumps({"outputs": [{"output_type": "execute_result", "data": {"text/plain": "1"},
        "metadata": {}}], "threads": 1}).encode()
    for _ in range(50): forge(struct.pack('<I', len(said)) + said)
if os.fork() == 0:
    talk(); os._exit(0)
""",
)
trick("two processes go on", "", "import os\nos.fork()")
trick(
    "asks for what no test passed",
    """
import gc
from wirelab.grading.examiner.proxies import ClassInfo, Remote
def peer():
    return next(p for p in gc.get_objects() if type(p).__name__ == 'LearnerPeer')
def look():
    for number in range(1, 60):
        for op, more in (('get', ('__globals__',)), ('get', ('_secret',)), ('method', ('_f',)),
                         ('call', ()), ('set', ('x', 1)), ('await', ()), ('names', ()),
                         ('get', ('__class__',)), ('method', ('__init__',))):
            target = Remote(peer(), number, ClassInfo('x', frozenset()), '')
            try: yield peer().call(op, target, *more)
            except Exception: pass
""",
    "def trick(*a, **k): return list(look())\n" + ALL,
    each_of="def each_of(items, tell):\n    list(look())\n    for i in items: tell(None)",
)
trick(
    "plays with the codec",
    """
from wirelab.grading.examiner import encode as codec
real = codec.Encoder.put
def put(self, value, depth=0):
    if value == 'lie':
        self.out += b'K' + (8).to_bytes(4, 'little') + b'CallCase'
        return
    real(self, value, depth)
codec.Encoder.put = put
codec._WRITE.pop(str)
""",
    "trick = lambda *a, **k: 'lie'\n" + ALL,
)
for tag, body in {
    "D": "b'D' + size(b'wirelab.protocols.segment:Segment') + b't\\0\\0\\0\\0'",
    "E": "b'E' + size(b'wirelab.protocols.segment:Flag') + b's\\x01\\0\\0\\0x'",
    "R": "b'R' + (1).to_bytes(4, 'little')",
    "B": "b'B' + (0).to_bytes(4, 'little')",
    "S": "b'SN'",
    "V": "b'V' + size(b'Decimal') + b't\\x01\\0\\0\\0s' + size(b'1e999999')",
    "U": "b'U' + size(b'x') + b't\\2\\0\\0\\0t\\1\\0\\0\\0s' + size(b'__x__') + b't' + bytes(4)",
    "X": "b'X' + b'N'",
    "H": "b'HN'",
    "P": "b'P' + b'l\\x01\\0\\0\\0t\\x02\\0\\0\\0s' + size(b'os') + b'd\\0\\0\\0\\0'",
    "l": "b'l' + b'\\xff\\xff\\xff\\x7f'",
    "t": "b't\\x01\\0\\0\\0' * 3000 + b'N'",
}.items():
    trick(
        f"octets of kind {tag} that are wrong",
        f"""
from wirelab.grading.examiner import encode as codec
def size(octets): return len(octets).to_bytes(4, 'little') + octets
class Raw: pass
real = codec.Encoder._other
def other(self, value, depth):
    if type(value) is Raw: self.out += {body}
    else: real(self, value, depth)
codec.Encoder._other = other
""",
        "trick = lambda *a, **k: Raw()\n" + ALL,
    )

# --- the process ---------------------------------------------------------------------------------

trick("ends the process", "", "import os\ndef trick(*a, **k): os._exit(0)\n" + ALL)
trick("crashes", "", "import ctypes\ndef trick(*a, **k): ctypes.string_at(0)\n" + ALL)
trick("exit in a cell", "exit()", "import os\nos._exit(0)")
trick(
    "kills whatever it may",
    "",
    """
import os, signal
def trick(*a, **k):
    for pid in [-1, *range(1, 400)]:
        try: os.kill(pid, signal.SIGKILL)
        except OSError: pass
"""
    + ALL,
)
trick(
    "goes into other namespaces",
    "",
    """
import ctypes, os
def trick(*a, **k):
    libc = ctypes.CDLL(None, use_errno=True)
    for flags in (0x10000000, 0x10000000 | 0x20000): libc.unshare(flags)
    libc.umount2(b'/proc', 2); libc.umount2(b'/tmp', 2)
    return open(os.path.join('/proc/1', 'root', 'etc/passwd')).read()
"""
    + ALL,
)
trick(
    "takes descriptors of others",
    "",
    """
import ctypes, os
def trick(*a, **k):
    libc = ctypes.CDLL(None, use_errno=True)
    for pid in range(1, 300):
        fd = libc.syscall(434, pid, 0)
        for n in range(3, 20):
            got = libc.syscall(438, fd, n, 0)
            if got >= 0: return os.read(got, 99)
"""
    + ALL,
)
trick(
    "changes the installed packages",
    """
import os, sys, glob
for folder in [*sys.path, '/etc', os.path.dirname(os.__file__)]:
    try:
        with open(os.path.join(folder or '.', 'sitecustomize.py'), 'w') as f: f.write('1/0')
    except OSError: pass
os.makedirs(os.path.expanduser('~/.ipython/profile_default/startup'), exist_ok=True)
open(os.path.expanduser('~/.ipython/profile_default/startup/0.py'), 'w').write('total = sum')
open('gradebook.db', 'w').write('x')
""",
)
trick(
    "outlives the grading",
    "",
    """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import select
        while True: select.select([], [], [], 1)
    os._exit(0)
""",
)

# --- the twin ------------------------------------------------------------------------------------

trick(
    "passes whatever is asked",
    kept="""
from wirelab.grading import checks
checks.Checks._judge_many = lambda *a, **k: None
def kept(n): return None
""",
)
trick(
    "reads the expected value from the test",
    kept="""
import sys
def kept(n):
    frame = sys._getframe()
    while frame:
        case = frame.f_locals.get('self')
        if hasattr(case, 'expected'): return case.expected
        frame = frame.f_back
""",
)
trick(
    "reads the expected values from the source of the test",
    kept="""
import ast, re
seen = []
def kept(n):
    source = In[-1]
    values = re.findall(r'expected=(\\[.*?\\]|\\w+)', source)
    flat = []
    for value in values:
        value = ast.literal_eval(value)
        flat += value if isinstance(value, list) else [value]
    seen.append(n)
    return flat[len(seen) - 1]
""",
)
trick(
    "knows the visible case and passes the rest",
    kept="""
from wirelab.grading import checks
real = checks.Checks._judge_many
def judge(self, answers, cases, *a):
    wanted = [getattr(getattr(c, 'case', c), 'expected', None) for c in cases]
    if len(cases) == 1 and wanted != [True]: return real(self, answers, cases, *a)
checks.Checks._judge_many = judge
def kept(n): return n == 3
""",
)
trick(
    "shows no error of the test",
    kept="""
shell = get_ipython()
shell.run = lambda source: []
shell.watched = lambda work: []
def kept(n): return None
""",
)
trick(
    "sends the outputs itself",
    kept="""
import os
from wirelab.grading.engine import mail
real = mail.send
def send(connected, value, descriptors=()):
    if isinstance(value, dict) and 'outputs' in value: value = {'outputs': [], 'threads': 1}
    real(connected, value, descriptors)
mail.send = send
def kept(n): return None
""",
)
trick(
    "fails one time, passes the other",
    kept="""
import random
from wirelab.grading import checks
real = checks.Checks._judge_many
def judge(self, *a):
    if hash(str(a[1])) % 2: return real(self, *a)
checks.Checks._judge_many = judge
def kept(n): return None
""",
)

# --- what a test measures with -------------------------------------------------------------------

LOG = "log = []\ndef lean(n):\n    log.append([n])\n    return [n]\n"
trick("measures nothing", lean=LOG + "import sys\nsys.getallocatedblocks = lambda: 0")
trick(
    "measures nothing once it is called",
    lean=LOG.replace("    log", "    sys.getallocatedblocks = lambda: 0\n    log") + "import sys",
)
trick(
    "another module of the same name",
    lean=LOG
    + """
import sys, types
fake = types.ModuleType('sys')
fake.__dict__.update(vars(sys) | {'getallocatedblocks': lambda: 0})
sys.modules['sys'] = fake
""",
)
trick(
    "a check that is content",
    lean=LOG
    + """
from wirelab.grading.checks import Checks
def content(self, *a, expected=None, **k): assert expected is False
Checks.probe.__code__ = content.__code__
""",
)
trick(
    "traces the test",
    lean=LOG
    + """
import sys
def trace(frame, event, arg):
    if frame.f_code.co_name == 'remembers' and event == 'return':
        log.clear()
    elif frame.f_code.co_name == 'remembers' and frame.f_locals.get('n', 0) > 1990:
        log.clear()
    return trace
sys.settrace(trace)
""",
)
