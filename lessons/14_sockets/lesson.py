# ---
# wirelab:
#   title: "The socket as façade"
#   minutes: 180
#   builds_on: ["12_handshake", "13_teardown"]
# ---

# %% [markdown] role="given" id="opening"
# # The socket as façade
#
# Run the next two cells. A program makes two calls: it takes 100 coins from one account, and it
# gives them to Ada. Another program listens. (Both are this notebook, on a TCP connection from your
# computer to itself.)

# %% role="given" id="setup"
import asyncio
import errno
import io
import itertools
import os
import random
import select
import selectors
import shutil
import socket
import struct
import subprocess
import threading
import time
from contextlib import closing, contextmanager, redirect_stderr, suppress

from wirelab.grading.checks import Checks
from wirelab.lab import Network
from wirelab.lab.embedded import EmbeddedNetwork
from wirelab.protocols.tcp import TcpEndpoint
from wirelab.servers import running
from wirelab.servers.faulty_socket import FaultySocket
from wirelab.views import Heights, HeightsCall

check = Checks("14_sockets")


def tcp_pair():
    """Return both ends of a TCP connection on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=5)
        server, _ = listener.accept()
    server.settimeout(5)
    return client, server


# %%
client, server = tcp_pair()
with client, server:
    client.sendall(b"take 100")
    client.sendall(b"give Ada")
    client.shutdown(socket.SHUT_WR)
    while octets := server.recv(11):
        print("one recv():", octets)

# %% [markdown] role="given" id="promise"
# Two calls sent it, two calls received it, and they were cut in different places. Nothing was lost
# and nothing went wrong. Somebody who takes each `recv()` for a message now has a command
# `take 100giv`.
#
# Where did the boundary go? And what else is behind the calls `connect`, `send` and `recv`, which
# look so much like reading and writing a file? In three to four hours (stop anywhere) you will be
# able to
#
# 1. read and write exactly what you mean, over sockets that give and take a few octets at a time;
# 2. put messages into a stream, by length and by line, and refuse those that are too long;
# 3. end a conversation so that nothing is lost, and open one within a deadline;
# 4. ask by UDP, where messages keep their boundaries and lose everything else;
# 5. serve many people who type slowly, vanish, or never listen, all at once.
#
# You need the handshake and the teardown (`12_handshake`, `13_teardown`) and some Python: `bytes`,
# classes, `with`, exceptions.
#
# Below each answer are cells that test it. A test that fails says what is wrong and why; **one
# that passes says nothing**. They try part of what the brief says. When your notebook is marked,
# more cases are tried: press the button at the end as often as you like.

# %% [markdown] role="given" id="stream-text"
# ## 1. A stream has no messages
#
# A **socket** is what a program holds of a connection: a number of the operating system with two
# queues behind it, octets to be sent and octets that have come. `send` puts octets into the first
# queue, `recv` takes octets out of the second. What happens between the queues, the segments, the
# acknowledgments, the timers of the last topics, no call shows.
#
# So the two ends count octets, and nobody counts calls: a segment has no field in which "here
# ended a `send`" could be written, and TCP may cut the stream wherever it likes (RFC 9293 section
# 3.7). `recv(n)` means: *at least one octet, at most n, whatever is there now*. And b"" means: the
# other side has ended its stream; more will never come.
#
# On your own computer octets come quickly and mostly in one piece, and programs that get it wrong
# work for months. To see them fail today, this notebook has a socket that behaves badly on
# request. It stands before a real one:

# %%
here, there = socket.socketpair()
with here, there:
    there.sendall(b"hello, world")
    there.shutdown(socket.SHUT_WR)
    bad = FaultySocket(here, recv=[5, 1, InterruptedError, 2])
    for _ in range(6):
        try:
            print(bad.recv(100))
        except OSError as error:
            print(type(error).__name__)

# %% [markdown] role="given" id="exactly-brief"
# ### Exercise 1: exactly so many octets
#
# Write `recv_exactly(sock, count: int) -> bytes`: receive exactly `count` octets and return them.
#
# - `sock` has a method `recv(size)` as above; use no other. It returns 1 to `size` octets, or b""
#   at the end of the stream.
# - Take not one octet more than `count` out of the socket: what follows belongs to somebody else.
# - If the stream ends before `count` octets have come, raise `EOFError`.
# - What `recv` raises (`ConnectionResetError`, `TimeoutError`, ...) passes through to the caller.
# - `count` is 0 or more; for 0 return b"", also where the stream has ended or nothing has come.
#
# Example: if the socket gives b"he", then b"l", then b"lo!", `recv_exactly(sock, 5)` returns
# b"hello", and the next `recv` gives b"!".


# %% role="answer" id="exactly-answer"
def recv_exactly(sock, count: int) -> bytes:
    """Receive exactly `count` octets; EOFError if the stream ends before."""
    ### BEGIN SOLUTION
    received = bytearray()
    while len(received) < count:
        chunk = sock.recv(count - len(received))
        if not chunk:
            raise EOFError(f"the stream ended {count - len(received)} octets too soon")
        received += chunk
    return bytes(received)
    ### END SOLUTION


# %% [markdown] role="hint" id="exactly-hint-1"
# Nudge
# After b"he" has come, how many octets are missing? That is how many you may ask for.

# %% [markdown] role="hint" id="exactly-hint-2"
# Way
# A loop that runs while octets are missing. Each turn asks for the missing number, adds what came
# and knows by b"" that nothing will come any more.

# %% [markdown] role="hint" id="exactly-hint-3"
# Almost
# `while len(received) < count:` `chunk = sock.recv(count - len(received))`; `if not chunk: raise
# EOFError`; `received += chunk`. With `count` 0 the loop never runs, and that is right.


# %% role="given" id="exactly-given-shorthand"
# Shorthand for the tests below.
@contextmanager
def arriving(octets, **faults):
    """A socket to which these octets have come; then the stream ends."""
    here, there = socket.socketpair()
    with here, there:
        there.sendall(octets)
        there.shutdown(socket.SHUT_WR)
        yield Ended(FaultySocket(here, **faults))


class Ended:
    """A socket that loses patience with whoever asks it a hundred times after the end."""

    def __init__(self, sock):
        self.sock, self.ends = sock, 0

    def recv(self, size):
        octets = self.sock.recv(size)
        self.ends += size > 0 and not octets
        if self.ends == 100:
            raise RuntimeError("recv has given b'' a hundred times")
        return octets


def attempt(function, *args):
    """What a call returns, or the name of what it raises."""
    try:
        return function(*args)
    except (OSError, EOFError, ValueError) as error:
        return type(error).__name__


def rest_of(sock):
    """Everything that is still to be read from a socket."""
    return b"".join(iter(lambda: sock.recv(1 << 16), b""))


# %% role="test" id="exactly-test-pieces" points=2
@check.test
def _():
    # However the octets come in pieces.
    def in_pieces(recv_exactly):
        with arriving(b"hello!", recv=[2, 1]) as sock:
            return recv_exactly(sock, 5)

    check.probe(
        recv_exactly,
        in_pieces,
        expected=b"hello",
        says="The octets come in three pieces: b'he', b'l', b'lo!'.",
        rule="recv returns what is there, which may be less than you asked for: go on until all "
        "have come.",
        rfc="RFC 9293 section 3.7",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS
    dice = random.Random(14)
    sizes = [1, 2, 7, 100, 4096, 5000]
    cases = [(dice.randbytes(size), dice.randint(1, 9)) for size in sizes]

    def by_chance(recv_exactly):
        """Six streams, cut by chance: what is read of each."""
        seen = []
        for octets, most in cases:
            with arriving(octets + b"more", recv=[dice_of(octets).randint(1, most)] * 9) as sock:
                seen.append(recv_exactly(sock, len(octets)))
        return seen

    def dice_of(octets):
        return random.Random(octets)

    check.probe(
        recv_exactly,
        by_chance,
        expected=[octets for octets, _ in cases],
        rule="However the stream is cut, the octets are the same.",
        rfc="RFC 9293 section 3.7",
        within_s=3,
    )

    def one_by_one(recv_exactly):
        """3,000 octets that come one at a time: their number, and whether they are right."""
        octets = random.Random(15).randbytes(3000)
        with arriving(octets, recv=1) as sock:
            got = recv_exactly(sock, 3000)
        return len(got), got == octets

    check.probe(
        recv_exactly,
        one_by_one,
        expected=(3000, True),
        rule="3,000 pieces are as good as one: a loop takes any number of them.",
        within_s=5,
    )

    def kinds(recv_exactly):
        """The type of what is returned for 0 and for 5 octets."""
        with arriving(b"hello") as sock:
            return [type(recv_exactly(sock, count)).__name__ for count in (0, 5)]

    check.probe(
        recv_exactly,
        kinds,
        expected=["bytes", "bytes"],
        rule="Return bytes; a bytearray can still be changed, and is no key of a dictionary.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="exactly-test-rest" points=1
@check.test
def _():
    # What follows stays in the socket.
    def two_in_a_row(recv_exactly):
        """Read 4, then 6 octets, then look at what is left."""
        with arriving(b"headerpayload and more") as sock:
            return [recv_exactly(sock, 6), recv_exactly(sock, 7), rest_of(sock)]

    check.probe(
        recv_exactly,
        two_in_a_row,
        expected=[b"header", b"payload", b" and more"],
        says="6 octets, then 7, then what is left in the socket.",
        rule="Ask for the missing octets and no more; what you take out too much is lost for the "
        "next reader.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def cut_and_left(recv_exactly):
        """The same where the socket gives two octets, then three, then all it has."""
        with arriving(b"headerpayload and more", recv=[2, 3, None, 1]) as sock:
            return [recv_exactly(sock, 6), recv_exactly(sock, 7), rest_of(sock)]

    check.probe(
        recv_exactly,
        cut_and_left,
        expected=[b"header", b"payload", b" and more"],
        rule="After each piece fewer octets are missing: ask for those only.",
        within_s=3,
    )

    def nothing(recv_exactly):
        """Read 0 octets: from a socket with some, one at its end, one where none came yet."""
        seen = []
        with arriving(b"abc") as sock:
            seen += [attempt(recv_exactly, sock, 0), rest_of(sock)]
        with arriving(b"") as sock:
            seen.append(attempt(recv_exactly, sock, 0))
        with arriving(b"abc", recv_fails=(0, TimeoutError)) as sock:
            sock.recv(0)
            seen.append(attempt(recv_exactly, sock, 0))
        return seen

    check.probe(
        recv_exactly,
        nothing,
        expected=[b"", b"abc", b"", b""],
        rule="0 octets have come before you ask: no call is needed, and no end is in the way.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="exactly-test-end" points=2
@check.test
def _():
    # The stream ends too soon.
    def too_short(recv_exactly):
        with arriving(b"hel", recv=2) as sock:
            return attempt(recv_exactly, sock, 5)

    check.probe(
        recv_exactly,
        too_short,
        expected="EOFError",
        says="Only b'hel' comes, then the stream ends; 5 octets are wanted.",
        rule="b'' says that nothing will come any more: raise EOFError.",
        within_s=2,
    )
    ### BEGIN HIDDEN TESTS

    def at_once(recv_exactly):
        """Streams that end at once, after one octet, and one octet too soon."""
        seen = []
        for octets in (b"", b"h", b"hell"):
            with arriving(octets) as sock:
                seen.append(attempt(recv_exactly, sock, 5))
        return seen

    check.probe(
        recv_exactly,
        at_once,
        expected=["EOFError"] * 3,
        rule="Fewer octets than wanted is an error, also when there are none at all.",
        within_s=2,
    )

    def in_trouble(recv_exactly):
        """What the caller sees of errors at the first call and in the middle."""
        seen = []
        for error in (ConnectionResetError, TimeoutError, InterruptedError):
            for after in (0, 3):
                with arriving(b"hello", recv_fails=(after, error)) as sock:
                    seen.append(attempt(recv_exactly, sock, 5))
        return seen

    check.probe(
        recv_exactly,
        in_trouble,
        expected=["ConnectionResetError"] * 2 + ["TimeoutError"] * 2 + ["InterruptedError"] * 2,
        rule="What recv raises is for the caller to judge: let it pass.",
        within_s=2,
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="sendall-text"
# The other direction has the same trap. `send(data)` returns *how many octets the queue took*,
# and when the queue is nearly full, that is fewer than you gave. Here is a queue that nobody
# empties:

# %%
client, server = tcp_pair()
with client, server:
    client.setblocking(False)
    taken = client.send(bytes(100_000_000))
    print(f"offered 100,000,000 octets, taken {taken:,}")

# %% [markdown] role="given" id="sendall-brief"
# ### Exercise 2: all of it
#
# Python's sockets have `sendall`. Write it yourself once: `send_all(sock, data) -> None`.
#
# - `sock` has a method `send(data)`, which takes 1 to `len(data)` octets from the front of `data`
#   and returns their number. It has no `sendall`.
# - Send all of `data`, in order, each octet once. Offer in each call all that is left.
# - `data` may be `bytes`, `bytearray` or a `memoryview` of octets; leave it as it is. If it is
#   empty, nothing is sent.
# - What `send` raises passes through.
#
# Example: if the socket takes 3 octets, then 1, then the rest, `send_all(sock, b"hello!")` calls
# `send` with b"hello!", b"lo!" and b"o!".


# %% role="answer" id="sendall-answer"
def send_all(sock, data) -> None:
    """Send all octets of `data`, however few the socket takes at a time."""
    ### BEGIN SOLUTION
    left = memoryview(data)
    while left:
        left = left[sock.send(left) :]
    ### END SOLUTION


# %% [markdown] role="hint" id="sendall-hint-1"
# Nudge
# `send` says how many octets it took. Which octets are left then?

# %% [markdown] role="hint" id="sendall-hint-2"
# Way
# Keep what is left and offer that, until nothing is left: `left = left[taken:]`. A slice of a
# `memoryview` costs nothing; a slice of `bytes` copies all that is left, each time.

# %% [markdown] role="hint" id="sendall-hint-3"
# Almost
# `left = memoryview(data)`, and then `while left: left = left[sock.send(left):]`.


# %% role="given" id="sendall-given-shorthand"
# Shorthand for the tests below.
def sent_through(send_all, data, **faults):
    """What `send_all` returns or raises, and what arrives at the other end of a socket."""
    here, there = socket.socketpair()
    arrived = []
    reader = threading.Thread(target=lambda: arrived.append(rest_of(there)), daemon=True)
    with here, there:
        reader.start()
        try:
            result = attempt(send_all, FaultySocket(here, **faults), data)
        finally:
            here.shutdown(socket.SHUT_WR)
            reader.join(5)
    return result, *arrived


# %% role="test" id="sendall-test-slow" points=2
@check.test
def _():
    # A socket that takes a few octets at a time.
    def slow_socket(send_all):
        return sent_through(send_all, b"hello!", send=[3, 1])

    check.probe(
        send_all,
        slow_socket,
        expected=(None, b"hello!"),
        says="b'hello!' over a socket that takes 3 octets, then 1, then all: the result, and what "
        "arrives.",
        rule="send returns how many octets were taken; offer the others again, and only those.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def slower_sockets(send_all):
        """What arrives over sockets that take one octet at a time, or as the dice fall."""
        dice = random.Random(16)
        text = dice.randbytes(3000)
        steps = [dice.choice([1, 2, 50, None]) for _ in range(40)]
        seen = [sent_through(send_all, text[:700], send=1)[1] == text[:700]]
        seen.append(sent_through(send_all, text, send=1024)[1] == text)
        seen.append(sent_through(send_all, text, send=steps)[1] == text)
        return seen

    check.probe(
        send_all,
        slower_sockets,
        expected=[True] * 3,
        rule="Each octet once, in order, whatever the socket takes.",
        within_s=5,
    )

    class Mouth:
        """Takes any number of octets at once."""

        def send(self, data):
            return len(data)

    def without_haste(send_all):
        """Everything at once where the socket takes everything: the calls that it sees."""
        sock = FaultySocket(Mouth())
        send_all(sock, b"hello!")
        send_all(sock, bytes(9_000))
        return sock.calls

    check.probe(
        send_all,
        without_haste,
        expected=[("send", 6, 6), ("send", 9_000, 9_000)],
        rule="Offer all that is left: the socket decides how much it takes.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="sendall-test-errors" points=1
@check.test
def _():
    # The connection breaks in the middle.
    def broken(send_all):
        return sent_through(send_all, b"hello!", send=2, send_fails=(4, ConnectionResetError))

    check.probe(
        send_all,
        broken,
        expected=("ConnectionResetError", b"hell"),
        says="A socket that takes 2 octets at a time and is reset after 4: what is raised, and what "
        "has arrived.",
        rule="What send raises passes through: who does not hear of it believes that all was sent.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def broken_otherwise(send_all):
        seen = []
        for error in (TimeoutError, InterruptedError, BrokenPipeError):
            seen.append(sent_through(send_all, b"hello!", send_fails=(3, error)))
            seen.append(sent_through(send_all, b"hello!", send_fails=(0, error)))
        return seen

    check.probe(
        send_all,
        broken_otherwise,
        expected=[
            *[("TimeoutError", b"hel"), ("TimeoutError", b"")],
            *[("InterruptedError", b"hel"), ("InterruptedError", b"")],
            *[("BrokenPipeError", b"hel"), ("BrokenPipeError", b"")],
        ],
        rule="What send raises passes through.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="sendall-test-data" points=1
@check.test
def _():
    # Every kind of octets, none of them changed.
    def kinds(send_all):
        """What arrives of a bytearray and a memoryview, and what the bytearray is afterwards."""
        mine = bytearray(b"hello!")
        arrived = [sent_through(send_all, mine, send=4)[1]]
        arrived.append(sent_through(send_all, memoryview(b"-hello!-")[1:7], send=4)[1])
        return [*arrived, bytes(mine)]

    check.probe(
        send_all,
        kinds,
        expected=[b"hello!"] * 3,
        says="A bytearray and a memoryview are sent: what arrives of each, and the bytearray "
        "afterwards.",
        rule="The data belongs to the caller: take slices of it, and leave it as it is.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def nothing(send_all):
        return [sent_through(send_all, data) for data in (b"", bytearray())]

    check.probe(send_all, nothing, expected=[(None, b"")] * 2, within_s=2)

    def without_a_call(send_all):
        """The calls that the socket sees when there is nothing to send."""
        here, there = socket.socketpair()
        with here, there:
            sock = FaultySocket(here)
            send_all(sock, b"")
            send_all(sock, memoryview(b"x")[1:])
            return sock.calls

    check.probe(
        send_all,
        without_a_call,
        expected=[],
        rule="Nothing is left from the beginning: no call is needed.",
        within_s=2,
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="framing-text"
# ## 2. Putting messages into the stream
#
# The stream carries octets in order, and that is enough: the boundary can be *written into* the
# stream. There are two ways. Either a message says beforehand how long it is, or a mark says
# where it ends. (A third way, one connection for each message, is what HTTP began with.)
#
# First the length. Four octets, high one first, then so many octets of message:

# %%
message = b"give Ada"
print((struct.pack("!I", len(message)) + message).hex(" "))

# %% [markdown] role="given" id="framing-after"
# Whoever reads that must be ready for every cut: in the middle of the four octets, after them,
# three messages in one piece. And for a stranger who writes `ff ff ff ff` and lets the reader
# prepare four gigabytes. Hence a **limit**, and hence the rule to judge a length *when it has come*
# and not when its message has.
#
# The next exercise does it **sans-IO**, as the machines of the handshake did: octets go in,
# messages come out, and where the octets come from, it does not know. That makes every cut
# testable, and one codec serves threads, event loops and files.

# %% [markdown] role="given" id="framing-brief"
# ### Exercise 3: messages with a length
#
# Write a function and a class. A **frame** is four octets that hold the length of the message as
# an unsigned number, the high octet first, and then the message. `limit` is the most octets a
# message may have (the four do not count); a message of exactly `limit` octets is allowed, and so
# is an empty one.
#
# **`encode_frame(message: bytes, limit: int) -> bytes`**: the frame; `ValueError` if the message is
# too long.
#
# **`FrameDecoder(limit: int)`** with three methods:
#
# | method | does |
# |---|---|
# | `feed(octets)` | takes octets as they came: `bytes`, `bytearray` or `memoryview`, any number, also none. The caller may overwrite its buffer afterwards. Returns nothing and judges nothing |
# | `next_message()` | the next whole message as `bytes`, or `None` if it has not come yet |
# | `finish()` | is called when the stream has ended and `next_message()` has returned `None`: raises `EOFError` if a frame has begun and is not whole; else does nothing |
#
# If a length is above the limit, `next_message()` raises `ValueError`, once the messages before it
# have been returned, and as soon as the four octets are there. From then on every call of
# `next_message()` raises `ValueError`: where the next frame begins, nobody can say. What `finish`
# does then is not asked. Messages that have been returned are not kept: a decoder may live for years.
#
# Example: `encode_frame(b"hi", 9)` is `b"\x00\x00\x00\x02hi"`. A decoder that is fed with
# `b"\x00\x00\x00\x02h"` has no message yet; fed with b"i" as well, it has b"hi".


# %% role="answer" id="framing-answer"
def encode_frame(message: bytes, limit: int) -> bytes:
    """Return the message with its length before it; ValueError if it is longer than `limit`."""
    ### BEGIN SOLUTION
    if len(message) > limit:
        raise ValueError(f"a message of {len(message)} octets; the limit is {limit}")
    return struct.pack("!I", len(message)) + message
    ### END SOLUTION


class FrameDecoder:
    """Octets in, messages out: sans-IO."""

    def __init__(self, limit: int):
        self.limit = limit
        self.buffer = bytearray()

    def feed(self, octets) -> None:
        """Take octets that have come, however they were cut."""
        ### BEGIN SOLUTION
        self.buffer += octets
        ### END SOLUTION

    def next_message(self) -> bytes | None:
        """Return the next whole message, or None; ValueError if it is too long."""
        ### BEGIN SOLUTION
        if len(self.buffer) < 4:
            return None
        (length,) = struct.unpack_from("!I", self.buffer)
        if length > self.limit:
            raise ValueError(f"a message of {length} octets; the limit is {self.limit}")
        if len(self.buffer) < 4 + length:
            return None
        message = bytes(self.buffer[4 : 4 + length])
        del self.buffer[: 4 + length]
        return message
        ### END SOLUTION

    def finish(self) -> None:
        """The stream has ended: EOFError if that was in the middle of a frame."""
        ### BEGIN SOLUTION
        if self.buffer:
            raise EOFError(f"the stream ended {len(self.buffer)} octets into a frame")
        ### END SOLUTION


# %% [markdown] role="hint" id="framing-hint-1"
# Nudge
# Write down what is in your buffer after each single octet of `00 00 00 02 68 69`. At which of them
# does something new become known?

# %% [markdown] role="hint" id="framing-hint-2"
# Way
# `feed` only collects. `next_message` looks: fewer than 4 octets, nothing is known; then the length
# can be judged; fewer than 4 + length, the message is not whole; else cut it off the front.

# %% [markdown] role="hint" id="framing-hint-3"
# Almost
# `(length,) = struct.unpack_from("!I", self.buffer)`, and after the two checks
# `message = bytes(self.buffer[4 : 4 + length])` and `del self.buffer[: 4 + length]`. Since a bad
# length stays in the buffer, the error comes again by itself.


# %% role="given" id="framing-given-shorthand"
# Shorthand for the tests below.
def messages_of(FrameDecoder, pieces, limit=100):
    """Feed piece after piece; for each, the messages that it completed (or an error's name)."""
    decoder, seen = FrameDecoder(limit), []
    for piece in pieces:
        decoder.feed(piece)
        found = []
        while len(found) < 50:
            message = attempt(decoder.next_message)
            if message is None:
                break
            found.append(message)
            if message == "ValueError":
                break
        seen.append(found)
    return seen


# %% role="test" id="framing-test-encode" points=1
@check.test
def _():
    # The frame of a message.
    length_first = dict(rule="Four octets of length, the high one first, then the message.")
    check.each(
        encode_frame,
        [(b"hi", 9), (b"", 9), (b"x" * 300, 300)],
        expected=[b"\0\0\0\2hi", b"\0\0\0\0", b"\0\0\1\x2c" + b"x" * 300],
        **length_first,
    )
    check.refuses(encode_frame, b"hello", 4, rule="A message longer than the limit is refused.")
    ### BEGIN HIDDEN TESTS
    dice = random.Random(17)
    sizes = [1, 4, 5, 255, 256, 257, 65_535, 65_536, 70_000]
    cases = [(dice.randbytes(size), size + dice.randrange(3)) for size in sizes]
    check.each(
        encode_frame,
        cases,
        expected=lambda message, limit: len(message).to_bytes(4, "big") + message,
        **length_first,
    )
    check.refuses_each(
        encode_frame,
        [(b"x", 0), (bytes(101), 100), (bytes(104), 100), (bytes(70_000), 65_536)],
        rule="A message longer than the limit is refused.",
    )
    check(encode_frame, b"", 0, expected=b"\0\0\0\0", **length_first)
    ### END HIDDEN TESTS


# %% role="test" id="framing-test-cuts" points=3
@check.test
def _():
    # Any cut of the stream.
    def cut_up(FrameDecoder):
        stream = b"\0\0\0\2hi\0\0\0\5there"
        return messages_of(FrameDecoder, [stream[:3], stream[3:5], stream[5:11], stream[11:]])

    check.probe(
        FrameDecoder,
        cut_up,
        expected=[[], [], [b"hi"], [b"there"]],
        says="Two frames, b'hi' and b'there', in four pieces of 3, 2, 6 and 4 octets: the messages "
        "that each piece completes.",
        rule="A piece may end anywhere, also in the middle of the four octets.",
        within_s=3,
    )

    def all_at_once(FrameDecoder):
        return messages_of(FrameDecoder, [b"\0\0\0\2hi\0\0\0\0\0\0\0\3abc\0"])

    check.probe(
        FrameDecoder,
        all_at_once,
        expected=[[b"hi", b"", b"abc"]],
        says="Three frames and a bit in one piece; the second message is empty.",
        rule="One piece may hold several messages. An empty message is b'', which is not None.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def every_cut(FrameDecoder):
        """A stream of four frames in two pieces, cut at each of its places: which come out wrong?"""
        sent = [b"", b"\0\0\0\1", b"x" * 40, b"end"]
        stream = b"".join(len(m).to_bytes(4, "big") + m for m in sent)
        wrong = []
        for at in range(len(stream) + 1):
            seen = messages_of(FrameDecoder, [stream[:at], b"", stream[at:]])
            if [m for each in seen for m in each] != sent or seen[1]:
                wrong.append(at)
        return wrong

    check.probe(FrameDecoder, every_cut, expected=[], rule="Wrong after a cut at these octets.")

    def octet_by_octet(FrameDecoder):
        """300 random messages, the stream in pieces of 1 to 9 octets."""
        dice = random.Random(18)
        sent = [dice.randbytes(dice.choice([0, 1, 3, 4, 5, 99, 100])) for _ in range(300)]
        stream = b"".join(len(m).to_bytes(4, "big") + m for m in sent)
        pieces = []
        while stream:
            size = dice.randint(1, 9)
            pieces, stream = [*pieces, stream[:size]], stream[size:]
        found = [m for each in messages_of(FrameDecoder, pieces) for m in each]
        return len(found), found == sent

    check.probe(FrameDecoder, octet_by_octet, expected=(300, True), within_s=5)

    def hundreds_at_once(FrameDecoder):
        """1,000 messages in one piece, fetched one by one."""
        decoder = FrameDecoder(100)
        decoder.feed(b"".join(b"\0\0\0\2" + n.to_bytes(2, "big") for n in range(1000)))
        return [decoder.next_message() for _ in range(1001)][998:]

    check.probe(FrameDecoder, hundreds_at_once, expected=[b"\x03\xe6", b"\x03\xe7", None])

    def side_by_side(FrameDecoder):
        """Two decoders, fed in turns."""
        a, b = FrameDecoder(9), FrameDecoder(9)
        a.feed(b"\0\0\0")
        b.feed(b"\0\0\0\1b")
        a.feed(b"\1a")
        return [a.next_message(), b.next_message(), a.next_message(), b.next_message()]

    check.probe(
        FrameDecoder,
        side_by_side,
        expected=[b"a", b"b", None, None],
        rule="Each decoder has a buffer of its own.",
    )

    def kinds(FrameDecoder):
        """What feed returns, and the type of a message."""
        decoder = FrameDecoder(9)
        fed = decoder.feed(b"\0\0\0\2hi")
        return fed, type(decoder.next_message()).__name__

    check.probe(
        FrameDecoder,
        kinds,
        expected=(None, "bytes"),
        rule="feed returns nothing, and a message is bytes: nobody can change it afterwards.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="framing-test-limit" points=2
@check.test
def _():
    # Lengths at the limit and above.
    def too_long(FrameDecoder):
        return messages_of(FrameDecoder, [b"\0\0\0\4four\0\0\0", b"\5five!"], limit=4)

    check.probe(
        FrameDecoder,
        too_long,
        expected=[[b"four"], ["ValueError"]],
        says="The limit is 4; a message of 4 octets comes, and then one of 5.",
        rule="4 octets are within a limit of 4, and 5 are not.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def at_once(FrameDecoder):
        """Only the four octets of a length come: judged?"""
        return [
            messages_of(FrameDecoder, [length], limit=1000)
            for length in (b"\0\0\3\xe8", b"\0\0\3\xe9", b"\xff" * 4, b"\0\1\0\0", b"\x80\0\0\0")
        ]

    check.probe(
        FrameDecoder,
        at_once,
        expected=[[[]], [["ValueError"]], [["ValueError"]], [["ValueError"]], [["ValueError"]]],
        rule="Judge the length as soon as it is there; who waits for the message has to keep it.",
        within_s=3,
    )

    def first_the_good_ones(FrameDecoder):
        """Two messages and a length above the limit, in one piece; then five more calls."""
        decoder = FrameDecoder(3)
        decoder.feed(b"\0\0\0\1a\0\0\0\3bcd\0\0\0\4efgh\0\0\0\1i")
        seen = [attempt(decoder.next_message) for _ in range(4)]
        decoder.feed(b"\0\0\0\1j")
        return [*seen, attempt(decoder.next_message), attempt(decoder.next_message)]

    check.probe(
        FrameDecoder,
        first_the_good_ones,
        expected=[b"a", b"bcd", *["ValueError"] * 4],
        rule="The messages before a bad length are good. After it every call raises ValueError.",
        within_s=3,
    )

    def nothing_but_empty(FrameDecoder):
        """With a limit of 0."""
        return messages_of(FrameDecoder, [b"\0\0\0\0", b"\0\0\0\1"], limit=0)

    check.probe(FrameDecoder, nothing_but_empty, expected=[[b""], ["ValueError"]], within_s=3)
    ### END HIDDEN TESTS


# %% role="test" id="framing-test-finish" points=1
@check.test
def _():
    # The stream ends.
    def at_the_end(FrameDecoder):
        """What finish() does after these octets."""
        seen = {}
        for octets in (b"", b"\0\0\0\2hi", b"\0\0\0\2h", b"\0\0\0\2", b"\0\0"):
            decoder = FrameDecoder(9)
            decoder.feed(octets)
            decoder.next_message()
            seen[octets] = attempt(decoder.finish)
        return seen

    check.probe(
        FrameDecoder,
        at_the_end,
        expected={b"": None, b"\0\0\0\2hi": None, b"\0\0\0\2h": "EOFError",
                  b"\0\0\0\2": "EOFError", b"\0\0": "EOFError"},
        rule="Where a frame has begun, with its first octet, the end comes too soon.",
        within_s=3,
    )  # fmt: skip


# %% role="test" id="framing-test-buffer" points=1
@check.test
def _():
    # The caller's buffer stays the caller's.
    def reused(FrameDecoder):
        """One buffer, filled again and again, as recv_into does it."""
        decoder, buffer, seen = FrameDecoder(9), bytearray(3), []
        stream = b"\0\0\0\2hi\0\0\0\4more"
        for at in range(0, len(stream), 3):
            size = len(stream[at : at + 3])
            buffer[:size] = stream[at : at + 3]
            decoder.feed(memoryview(buffer)[:size])
            buffer[:] = b"???"
            seen.append(decoder.next_message())
        return seen

    check.probe(
        FrameDecoder,
        reused,
        expected=[None, b"hi", None, None, b"more"],
        says="The decoder is fed from one buffer that is overwritten after each call.",
        rule="feed has to copy: what it was given is overwritten as soon as it returns.",
        within_s=3,
    )


# %% role="test" id="framing-test-memory" points=1 tags=["beside"]
@check.test
def _():
    # What has been fetched is not kept.
    def kept(FrameDecoder):
        """Are more than 100 kB kept after 2,000 messages of 100 octets have been fetched?"""
        import tracemalloc

        decoder = FrameDecoder(100)
        frame = b"\0\0\0\x64" + bytes(100)
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(200):
                decoder.feed(frame * 10)
                for _ in range(10):
                    decoder.next_message()
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        return after - before > 100_000

    check.probe(
        FrameDecoder,
        kept,
        expected=False,
        rule="What has been returned is no longer needed: take it out of the buffer.",
        within_s=8,
    )


# %% [markdown] role="given" id="lines-text"
# ## 3. Lines
#
# The other way is a mark at the end, and the oldest one is the end of a line: people can type it.
# Much of the Internet speaks lines that end in **CR LF**, the octets 13 and 10; a Unix program
# such as `nc` sends **LF** alone. A tolerant reader takes both.
#
# A line that has not ended yet may never end, so this needs a limit too. And a reader has to
# decide what half a line is worth when the stream ends: "delete everything" may have been the
# beginning of "delete everything older than a year".

# %%
client, server = tcp_pair()
with client, server:
    client.sendall(b"delete everything")
    client.shutdown(socket.SHUT_WR)
    with server.makefile("rb") as file:
        print(file.readline())

# %% [markdown] role="given" id="lines-after"
# Python's own file gives you the half line as if it were whole; only the missing end of line tells.
# Yours will say so.

# %% [markdown] role="given" id="lines-brief"
# ### Exercise 4: a line reader
#
# Write the class `LineReader(sock, limit: int)` with one method, `readline() -> bytes | None`. The
# socket has `recv(size)`; ask for as many octets at a time as you like, 4,096 for example.
#
# - A line ends in LF. A CR directly before that LF belongs to the end. The line is returned without
#   its end and otherwise as it is, spaces and lone CRs included. An empty line is b"".
# - Call `recv` only if the next line is not whole yet: a line that is there must be returned
#   although the other side says nothing more.
# - `limit` is the most octets of a line without its end. When more have come (a last CR may still
#   belong to the end and does not count), raise `ValueError`, at once and without waiting for the
#   LF. After that every call raises `ValueError`.
# - When the stream ends: `None` if no octet of a line is left, each time it is called; `EOFError` if
#   part of a line is left, each time it is called.
# - What `recv` raises passes through, and **nothing is lost by it**: the next call goes on where this
#   one stood.
#
# Example: from b"hello\r\n\nwor" and the end of the stream, four calls give b"hello", b"",
# `EOFError` and `EOFError`.


# %% role="answer" id="lines-answer"
class LineReader:
    """Reads lines that end in LF or CR LF from a socket."""

    def __init__(self, sock, limit: int):
        self.sock = sock
        self.limit = limit
        self.buffer = bytearray()

    def readline(self) -> bytes | None:
        """Return the next line without its end, or None at the end of the stream."""
        ### BEGIN SOLUTION
        while (end := self.buffer.find(b"\n")) < 0:
            self._refuse_above_limit(self.buffer)
            octets = self.sock.recv(4096)
            if not octets:
                if self.buffer:
                    raise EOFError("the stream ended in the middle of a line")
                return None
            self.buffer += octets
        line = bytes(self.buffer[:end])
        self._refuse_above_limit(line)
        del self.buffer[: end + 1]
        return line.removesuffix(b"\r")

    def _refuse_above_limit(self, line) -> None:
        if len(line) - line.endswith(b"\r") > self.limit:
            raise ValueError(f"a line of more than {self.limit} octets")
        ### END SOLUTION


# %% [markdown] role="hint" id="lines-hint-1"
# Nudge
# One `recv` may bring half a line, or three and a half. Where do you keep what does not belong to
# this line, until the next call, and when an exception comes in between?

# %% [markdown] role="hint" id="lines-hint-2"
# Way
# A buffer that belongs to the object. Look for LF in it first; only if there is none, judge the
# length and call `recv`. Cut the line off the buffer at the very end, when nothing can go wrong any
# more.

# %% [markdown] role="hint" id="lines-hint-3"
# Almost
# `while (end := self.buffer.find(b"\n")) < 0:` check the limit, `recv`, judge b"", add. After the
# loop `line = bytes(self.buffer[:end])`, the limit again (before anything is deleted), then
# `del self.buffer[: end + 1]` and `return line.removesuffix(b"\r")`.


# %% role="given" id="lines-given-shorthand"
# Shorthand for the tests below.
def lines_of(LineReader, octets, calls, limit=20, **faults):
    """What so many calls of readline give, when these octets come and then the stream ends."""
    with arriving(octets, **faults) as sock:
        reader = LineReader(sock, limit)
        return [attempt(reader.readline) for _ in range(calls)]


# %% role="test" id="lines-test-lines" points=2
@check.test
def _():
    # Lines, however they are cut.
    def lines(LineReader):
        return lines_of(LineReader, b"hello\r\n\n spaced out \nbye\n", 5, recv=[3, 3, 1])

    check.probe(
        LineReader,
        lines,
        expected=[b"hello", b"", b" spaced out ", b"bye", None],
        says="b'hello', an empty line, a line with spaces, b'bye', in pieces; then the stream ends.",
        rule="A line ends in LF or CR LF, which is cut off; everything else is part of the line.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def odd_ones(LineReader):
        """Lone CRs, two CRs, and octets that other systems take for ends of lines."""
        return lines_of(LineReader, b"a\rb\r\nc\r\r\n\r\n\x0b\x0c\x85\x1c\nd\t \r\n\0\n", 7)

    check.probe(
        LineReader,
        odd_ones,
        expected=[b"a\rb", b"c\r", b"", b"\x0b\x0c\x85\x1c", b"d\t ", b"\0", None],
        rule="Only LF ends a line, and one CR before it is cut off.",
        within_s=3,
    )

    def there_already(LineReader):
        """Three lines come at once and then nothing for a long time."""
        return lines_of(LineReader, b"one\ntwo\r\n\nthr", 4, recv_fails=(13, TimeoutError))

    check.probe(
        LineReader,
        there_already,
        expected=[b"one", b"two", b"", "TimeoutError"],
        rule="Return a line that is there without asking the socket for more.",
        within_s=3,
    )

    def every_cut(LineReader):
        """Which sizes of pieces give other lines?"""
        dice, wrong = random.Random(19), []
        text = [bytes(dice.choices(b"ab \r", k=dice.randrange(9))) for _ in range(60)]
        stream = b"".join(line + dice.choice([b"\n", b"\r\n"]) for line in text)
        right = [line.removesuffix(b"\r") for line in stream.split(b"\n")[:-1]]
        for size in (1, 2, 3, 5, 8, 1000):
            if lines_of(LineReader, stream, 61, recv=size) != [*right, None]:
                wrong.append(size)
        return wrong

    check.probe(LineReader, every_cut, expected=[], within_s=5)
    ### END HIDDEN TESTS


# %% role="test" id="lines-test-limit" points=2
@check.test
def _():
    # Lines at the limit and above.
    def too_long(LineReader):
        return lines_of(LineReader, b"12345\r\n123456\n", 2, limit=5)

    check.probe(
        LineReader,
        too_long,
        expected=[b"12345", "ValueError"],
        says="With a limit of 5: a line of 5 octets that ends in CR LF, and one of 6.",
        rule="The limit counts the octets of the line without its end.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def endless(LineReader):
        """Lines that do not end yet, and nothing more comes: is the reader still waiting?"""
        seen = {}
        for octets in (b"12345", b"12345\r", b"123456", b"12345\rx", b"12345\r\r", b"x" * 999):
            quiet = (len(octets), TimeoutError)
            seen[octets[:9]] = lines_of(LineReader, octets, 1, limit=5, recv_fails=quiet)
        return seen

    check.probe(
        LineReader,
        endless,
        expected={b"12345": ["TimeoutError"], b"12345\r": ["TimeoutError"],
                  b"123456": ["ValueError"], b"12345\rx": ["ValueError"],
                  b"12345\r\r": ["ValueError"], b"x" * 9: ["ValueError"]},
        rule="More octets than the limit are too many, with or without an LF; only a last CR may "
        "still belong to the end.",
        within_s=3,
    )  # fmt: skip

    def afterwards(LineReader):
        """A long line, then a short one: what do four calls give?"""
        return lines_of(LineReader, b"ok\n1234567890\nok\nok\n", 4, limit=5)

    check.probe(
        LineReader,
        afterwards,
        expected=[b"ok", "ValueError", "ValueError", "ValueError"],
        rule="After a line that was too long every call raises ValueError.",
        within_s=3,
    )

    def edges(LineReader):
        """Limit 5, line by line: 5 octets, 5 and CR, 6, 5 and two CRs."""
        texts = (b"12345\n", b"12345\r\n", b"123456\n", b"12345\r\r\n", b"1234\r\r\n", b"\r\n")
        return [lines_of(LineReader, text, 1, limit=5)[0] for text in texts]

    check.probe(
        LineReader,
        edges,
        expected=[b"12345", b"12345", "ValueError", "ValueError", b"1234\r", b""],
        rule="Without its end the line may have exactly as many octets as the limit says.",
        within_s=3,
    )

    def lowest(LineReader):
        """Limit 0: two empty lines, and one that is not; limit 1: one octet, and two."""
        cases = ((0, b"\r\n\n"), (0, b"x\n"), (1, b"x\r\nxy"))
        return [lines_of(LineReader, octets, 2, limit=limit) for limit, octets in cases]

    check.probe(
        LineReader,
        lowest,
        expected=[[b"", b""], ["ValueError"] * 2, [b"x", "ValueError"]],
        rule="A limit of 0 allows empty lines and no others.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="lines-test-end" points=2
@check.test
def _():
    # The stream ends.
    def ends(LineReader):
        return [lines_of(LineReader, octets, 3) for octets in (b"bye\n", b"bye\nhalf", b"")]

    check.probe(
        LineReader,
        ends,
        expected=[
            [b"bye", None, None],
            [b"bye", "EOFError", "EOFError"],
            [None, None, None],
        ],
        says="Streams that end after a line, in the middle of one, and before any.",
        rule="None after whole lines, EOFError in the middle of one, however often it is asked.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def half_ends(LineReader):
        """A lone CR, a space, one octet: half lines as well?"""
        texts = (b"\r", b" ", b"x", b"a\n\r", b"\n")
        return [lines_of(LineReader, octets, 2) for octets in texts]

    check.probe(
        LineReader,
        half_ends,
        expected=[*[["EOFError"] * 2] * 3, [b"a", "EOFError"], [b"", None]],
        rule="Any octet after the last LF is part of a line that has not ended.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="lines-test-trouble" points=2
@check.test
def _():
    # A pause in the middle of a line.
    def pause(LineReader):
        return lines_of(LineReader, b"hello\nbye\n", 3, recv=[2, TimeoutError, 1])

    check.probe(
        LineReader,
        pause,
        expected=["TimeoutError", b"hello", b"bye"],
        says="b'he' comes, then recv raises TimeoutError, then the rest comes.",
        rule="What came before the exception is still part of the line: keep it in the object.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def often(LineReader):
        """A timeout or an interruption after each piece: the lines all the same."""
        errors = [TimeoutError, InterruptedError]
        steps = [step for n in range(40) for step in (2, errors[n % 2])]
        seen = lines_of(LineReader, b"first line\r\nsecond\n\nlast", 40, recv=steps)
        seen = [each for each in seen if each not in ("TimeoutError", "InterruptedError")]
        return seen[:4]

    check.probe(
        LineReader,
        often,
        expected=[b"first line", b"second", b"", "EOFError"],
        rule="What recv raises passes through, and nothing is lost by it.",
        within_s=3,
    )

    def reset(LineReader):
        """A reset after one line and a half."""
        return lines_of(LineReader, b"one\ntwo", 2, recv_fails=(7, ConnectionResetError))

    check.probe(LineReader, reset, expected=[b"one", "ConnectionResetError"], within_s=3)

    def side_by_side(LineReader):
        """Two readers on two sockets, asked in turns."""
        with arriving(b"a1\na2\n") as one, arriving(b"b1\nb2\n") as two:
            a, b = LineReader(one, 9), LineReader(two, 9)
            return [a.readline(), b.readline(), a.readline(), b.readline()]

    check.probe(
        LineReader,
        side_by_side,
        expected=[b"a1", b"b1", b"a2", b"b2"],
        rule="Each reader has a buffer of its own.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="heights-text"
# ## 4. What the façade hides
#
# Now look behind the calls. In the next cell a program on the other computer of your lab network
# connects to you, sends ten octets in three calls, and reads your answer. On Linux its calls are
# those of a real socket, and the segments are the kernel's. The same exchange is shown at three
# heights: the **calls**, the **octets** of the two streams, the **segments** that carried them. Step
# through it, and watch where a box of one height ends in the middle of a box of another.


# %% role="given" id="heights-given-host" jupyter={"source_hidden": true}
class OwnTcp:
    """A TCP for your end of the cable, so that both ends can be seen."""

    def __init__(self, net):
        self.net, self.wire = net, net.wire()
        self.tcp = TcpEndpoint(net.address, seed=14)

    def flush(self):
        for _, segment in self.tcp.take_outbox():
            self.wire.send(segment)

    def carry(self, timeout_s):
        """Wait for one segment or one timer; return whether a segment came."""
        self.flush()
        now, due = self.net.clock.now(), self.tcp.deadline()
        rings = due is not None and due - now < timeout_s
        segment = self.wire.receive(max(0.0, due - now) if rings else timeout_s)
        if segment is not None:
            self.tcp.arrives(segment, self.net.peer.address, self.net.clock.now())
        self.tcp.timeout(self.net.clock.now())
        self.flush()
        return segment is not None

    def settle(self):
        """Carry segments until nothing moves any more."""
        while self.carry(0.03):
            pass

    def connect(self, port, timeout_s):
        """Open a connection, or raise what a socket's connect() would."""
        end = self.net.clock.now() + timeout_s
        connection = self.tcp.connect(self.net.peer.address, port, self.net.clock.now())
        while connection.state == "SYN-SENT":
            if self.net.clock.now() >= end:
                connection.abort(self.net.clock.now())
                raise TimeoutError("timed out")
            self.carry(end - self.net.clock.now())
        if connection.state == "CLOSED":
            raise ConnectionRefusedError("refused")
        return connection


def three_heights(net):
    """One exchange: its calls, each with the number of segments that had crossed before it."""
    own, calls = OwnTcp(net), []

    def note(side, text, **more):
        calls.append(HeightsCall(side, text, after=len(net.trace), **more))

    port = own.tcp.listen(7000)
    note("left", "connect", opens=True)
    client = net.peer.connect(port)
    own.settle()
    server = own.tcp.accept(port)
    note("right", "accept", opened=True)
    for octets in (b"GET ", b"/ada", b"\r\n"):
        note("left", f"send({len(octets)})", wrote=octets)
        client.send(octets)
    own.settle()
    for size in (6, 99):
        octets = server.read(size, net.clock.now())
        note("right", f"recv({size})", read=octets)
    note("right", "send(7)", wrote=b"hi Ada\n")
    server.send(b"hi Ada\n", net.clock.now())
    own.flush()
    note("right", "shutdown", ends=True)
    server.shutdown_write(net.clock.now())
    own.settle()
    note("left", "recv(99)", read=client.receive(timeout_s=1.0))
    note("left", "recv(99)", read=client.receive(timeout_s=1.0))
    note("left", "close", ends=True)
    client.close()
    own.settle()
    note("right", "recv(99)", read=server.read(99, net.clock.now()))
    return calls


# %%
with Network.best() as net:
    heights = Heights(three_heights(net), net.trace, left="client", right="server")
heights

# %% [markdown] role="given" id="heights-static"
# <details><summary>The same as a picture</summary>
#
# ![Calls, octets and segments of one exchange, one above the other](figures/heights.svg)
#
# </details>
#
# Three calls of `send`, two segments, two calls of `recv`, and they end in different places. (The
# small numbers in circles are bare acknowledgments.) Three things are worth a second look:
#
# - The first `send` went out at once, alone. The second and the third *waited for its
#   acknowledgment* and then shared a segment. That is **Nagle's algorithm**: as long as something is
#   on its way, small pieces are collected (RFC 9293 section 3.7.4).
# - `connect` is the SYN, `shutdown` is the FIN. They take a place in the stream, as you know, but
#   the reader never gets them as octets: FIN comes out as the b"" of a `recv`.
# - The answer and the FIN may share a segment or not; the reader cannot tell.
#
# Nagle's algorithm may be switched off, by a program that writes small pieces and cannot wait. Does
# that bring the boundaries back?

# %%
with Network.best() as net:
    own = OwnTcp(net)
    port = own.tcp.listen(7000)
    if net.kind == "kernel":
        client = net.peer.open_socket(socket.AF_INET, socket.SOCK_STREAM)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setblocking(False)
        client.connect_ex((net.address, port))
    else:
        client = net.peer.connect(port)
    own.settle()
    server = own.tcp.accept(port)
    for octets in (b"GET ", b"/ada", b"\r\n"):
        client.send(octets)
    own.settle()
    carried = {r.segment.seq: r.segment.data for r in net.trace if not r.sent and r.segment}
    print(net.kind, "segments:", [octets for octets in carried.values() if octets])
    print("one recv:", server.read(99, net.clock.now()))

# %% [markdown] role="given" id="heights-after"
# On the kernel there are now three segments, one for each call (the embedded network has no such
# switch and still collects). The reader, who comes a little late, gets all ten octets by one call all
# the same. `TCP_NODELAY` is about *when*, never about boundaries.
#
# > **Is it so?** "The socket is a façade: it hides the complicated TCP/IP family behind a simple
# > interface." *Half true.* It is an interface, and it does hide segments, timers and sequence
# > numbers. But what it stands before need not be TCP/IP, and much of TCP shows through. Run the next
# > cell.

# %%
one, two = socket.socketpair()
with one, two:
    one.sendall(b"no TCP, no IP")
    print("socketpair:", one.family.name, two.recv(99))

with Network.best() as net:
    if net.kind == "kernel":
        card = net.peer.open_socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        card.settimeout(1)  # 3 is the number for "all protocols"
        net.peer.connect(7000)
        print("AF_PACKET :", card.recv(2048)[:14].hex(" "), "... (an Ethernet header)")
    else:
        print("AF_PACKET : there is none here; it is Linux's socket for Ethernet frames")

client, server = tcp_pair()
with client, server:
    client.sendall(b"last words")
    server.close()
    try:
        print("TCP       :", client.recv(99))
    except ConnectionResetError as error:
        print("TCP       :", type(error).__name__)

# %% [markdown] role="given" id="facade-after"
# The same calls carried octets between two programs without any network, gave out whole Ethernet
# frames, handshake and all, and then let a fact of TCP through the front door: that a `close` with
# octets unread sends RST (RFC 9293 section 3.6.1). Half-close, message boundaries, resets, "not all
# of it was taken": a façade with windows. The exercises of this topic are these windows, one by
# one.

# %% [markdown] role="given" id="echo-text"
# ## 5. Saying goodbye so that nothing is lost
#
# `close()` says: I shall not send, and I shall not read either. `shutdown(SHUT_WR)` says only the
# first half: FIN goes out, and what the other side still has to say comes in. It is how a client
# says "that was my question" where no length and no mark does (`13_teardown` has the states).
#
# The classical partner for trying that out is an **echo server**: it sends back what it gets. Two
# traps lie in it. The server must not fall over one client that hangs up rudely. And a client that
# sends a lot before it reads gets stuck, in a way that no small test shows:

# %%
client, server = tcp_pair()
with client, server:
    for end in (client, server):
        end.setblocking(False)
    held = {"client to server": 0, "server to client": 0}
    with suppress(BlockingIOError):
        while True:
            held["client to server"] += client.send(bytes(65_536))
    with suppress(BlockingIOError):
        while True:
            held["server to client"] += server.send(bytes(65_536))
    print({way: f"{octets:,} octets" for way, octets in held.items()}, "and both are stuck")

# %% [markdown] role="given" id="echo-after"
# So many octets fit into the queues of a connection that nobody reads (your numbers will be others).
# A server that echoes stops reading when its client does not take the echo; then the client's
# queue fills up, and each waits for the other for ever. Nothing is broken; everybody is polite.

# %% [markdown] role="given" id="echo-brief"
# ### Exercise 5: echo
#
# Write two functions. Here sockets are real ones, with all their methods, and they block.
#
# **`serve_echo(listener: socket.socket) -> None`**: accepts clients, one after another. It sends back
# what a client sends, at once and not only at the end. When the client has ended its stream and
# everything has been sent back, it closes the connection and takes the next client. A client that
# breaks the connection (any `OSError` while talking to it) costs only that client. When
# `listener.accept()` raises `OSError`, the listener has been shut down: return.
#
# **`echo_all(sock, data: bytes) -> bytes`**: sends `data` over `sock` to an echo server, ends its own
# stream so that the server sees that this was all, reads until the server has ended its stream, and
# returns what came back. It must work for data of any size. It never closes `sock`. If less comes
# back than was sent, raise `EOFError`; what `sock` raises while you read passes through. (An error
# in sending need not be reported if reading ends with an error, or too early, as well.)
#
# Example: with `running(serve_echo) as server:` and `sock = server.connect()`, `echo_all(sock,
# b"hello")` returns b"hello".


# %% role="answer" id="echo-answer"
def serve_echo(listener: socket.socket) -> None:
    """Send back what clients send, one client after another, until the listener is shut down."""
    ### BEGIN SOLUTION
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, suppress(OSError):
            while octets := client.recv(65_536):
                client.sendall(octets)
    ### END SOLUTION


def echo_all(sock, data: bytes) -> bytes:
    """Send `data`, end the stream, return all that comes back; EOFError if that is less."""

    ### BEGIN SOLUTION
    def send():
        with suppress(OSError):
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    received = bytearray()
    while octets := sock.recv(65_536):
        received += octets
    if len(received) < len(data):
        raise EOFError(f"{len(received)} of {len(data)} octets came back")
    sender.join()
    return bytes(received)
    ### END SOLUTION


# %% [markdown] role="hint" id="echo-hint-1"
# Nudge
# How does the server learn that the client has finished? And the client, that the server has? It is
# the same value of the same call.

# %% [markdown] role="hint" id="echo-hint-2"
# Way
# The server is two loops, one for clients, one for octets, and `try` or `suppress(OSError)` around
# the inner one. The client must do two things at once: let a thread send everything and shut down,
# while you read until b"". (What a thread raises does not reach you; that is allowed here, since
# your reading then ends badly as well.)

# %% [markdown] role="hint" id="echo-hint-3"
# Almost
# Server: `while octets := client.recv(65_536): client.sendall(octets)`, inside `with client,
# suppress(OSError):`. Client: a function `send` that calls `sock.sendall(data)` and
# `sock.shutdown(socket.SHUT_WR)`, started with `threading.Thread(target=send, daemon=True).start()`,
# then the reading loop.


# %% role="given" id="echo-given-shorthand"
# Shorthand for the tests below. They wait in short turns and count these, not seconds, so that it is
# nobody's fault if the whole computer stands still for a while.
def in_time(sock, to="read"):
    """Whether a socket can be read (or written) within twenty turns."""
    wanted = {"read": ([sock], []), "write": ([], [sock])}[to]
    return any(any(select.select(*wanted, [], 0.02)) for _ in range(20))


def hear(sock, count=None):
    """So many octets, or all until the end, or what there is and why it is not more."""
    heard = b""
    while count is None or len(heard) < count:
        if not in_time(sock):
            return heard + b" and then nothing"
        try:
            octets = sock.recv(65_536 if count is None else count - len(heard))
        except OSError:  # an end as well, only ruder
            octets = b""
        if not octets:
            return heard if count is None else heard + b" and then the end"
        heard += octets
    return heard


def say(sock, octets, last=False):
    """Send, whether or not anybody is there to hear it."""
    with suppress(OSError):
        sock.sendall(octets)
        if last:
            sock.shutdown(socket.SHUT_WR)


@contextmanager
def serving(serve):
    """A running server; what its threads and tasks complain about is not shown."""

    def serve_and_close(listener):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # on Linux, of its clients
        try:
            serve(listener)
        finally:  # nobody waits for a server that has ended
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)

    with redirect_stderr(io.StringIO()), running(serve_and_close) as server:
        yield server


def visit(server, octets):
    """What a client hears that says this, ends its stream and listens; b"" if nobody is there."""
    try:
        client = server.connect()
    except OSError:
        return b""
    say(client, octets, last=True)
    return hear(client)


def small_window(server):
    """A client for which the system keeps little."""
    client = socket.socket()
    client.settimeout(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(server.address)
    return client


def reset(sock):
    """Close a connection with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def with_peer(talk, peer):
    """Run `talk` on one end of a connection and `peer` on the other; what both return.

    A peer that is kept waiting says so and leaves.
    """
    ours, theirs = socket.socketpair()
    seen = []

    def run():
        with theirs, suppress(OSError):
            try:
                seen.append(peer(theirs))
            except TimeoutError as waited:
                seen.append(str(waited))

    for end in (ours, theirs):
        end.settimeout(5)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
    thread = threading.Thread(target=run, daemon=True)
    with ours, redirect_stderr(io.StringIO()):
        thread.start()
        result = attempt(talk, ours)
        # Who has waited for the peer's end finds in `seen` what it returned.
        told = [] if type(result) is str else list(seen)
    thread.join(5)
    return result, *told


def all_from(sock):
    """What comes until the end, piece by piece."""
    while in_time(sock):
        if not (octets := sock.recv(16_384)):
            return
        yield octets
    raise TimeoutError("waited in vain")


def say_all(sock, octets):
    """Send it all, as long as somebody takes it."""
    while octets:
        if not in_time(sock, to="write"):
            raise TimeoutError("nobody read")
        octets = octets[sock.send(octets) :]


def polite_echo(sock):
    """The test's own echo server: returns whether the client ended its stream."""
    sock.setblocking(False)
    for octets in all_from(sock):
        say_all(sock, octets)
    return "the end was seen"


# %% role="test" id="echo-test-server" points=2
@check.test
def _():
    # The echo comes piece by piece, and the rest after the client has ended its stream.
    def talk(serve_echo):
        with serving(serve_echo) as server:
            client = server.connect()
            say(client, b"hel")
            seen = [hear(client, 3)]
            say(client, b"lo", last=True)
            return [*seen, hear(client)]

    check.probe(
        serve_echo,
        talk,
        expected=[b"hel", b"lo"],
        says="A client sends b'hel', waits for the echo, sends b'lo', ends its stream and reads on "
        "until the server ends its own.",
        rule="Echo what has come, at once; when recv gives b'', close the connection.",
        within_s=9,
    )
    ### BEGIN HIDDEN TESTS

    def more(serve_echo):
        """A long text in one go, and a client that says nothing but goodbye."""
        text = random.Random(20).randbytes(60_000)
        with serving(serve_echo) as server:
            client = server.connect()
            say(client, text, last=True)
            return [hear(client) == text, visit(server, b""), visit(server, text) == text]

    check.probe(serve_echo, more, expected=[True, b"", True], within_s=9)

    def slow_reader(serve_echo):
        """A client with a small window that reads only when all has been sent."""
        text = random.Random(21).randbytes(300_000)
        with serving(serve_echo) as server, small_window(server) as client:
            say(client, text, last=True)
            return hear(client) == text

    check.probe(
        serve_echo,
        slow_reader,
        expected=True,
        says="300,000 octets from a client that takes them back slowly: are they all right?",
        rule="Every octet comes back, once and in order: sendall sends all, or raises.",
        within_s=9,
    )
    ### END HIDDEN TESTS


# %% role="test" id="echo-test-clients" points=2
@check.test
def _():
    # One client after another, and rude ones.
    def one_after_another(serve_echo):
        seen = []
        with serving(serve_echo) as server:
            for text in (b"one", b"two", b"three"):
                seen.append(visit(server, text))
                if seen[-1] != text:
                    break
        return seen

    check.probe(
        serve_echo,
        one_after_another,
        expected=[b"one", b"two", b"three"],
        says="Three clients, one after another: what each hears until the server closes.",
        rule="After a client comes the next one.",
        within_s=12,
    )
    ### BEGIN HIDDEN TESTS

    def rude(serve_echo):
        """A client resets the connection in the middle; does the next one get an echo?"""
        with serving(serve_echo) as server:
            client = server.connect()
            say(client, b"hello")
            hear(client, 5)
            say(client, bytes(200_000))
            reset(client)
            return visit(server, b"still there?")

    check.probe(
        serve_echo,
        rude,
        expected=b"still there?",
        says="A client sends a lot and resets the connection; what does the next one hear?",
        rule="A client that breaks the connection costs only that client.",
        within_s=9,
    )

    def impatient(serve_echo):
        """The system lets a send wait for 0.02 s only, and one client never reads."""
        patience = 20 if os.name == "nt" else struct.pack("ll", 0, 20_000)

        def serve(listener):  # its clients inherit both
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            serve_echo(listener)

        with serving(serve) as server, small_window(server) as deaf:
            say(deaf, bytes(300_000))
            heard = visit(server, b"hello")
            if heard != b"hello":
                server.stopped(0.2)
                return heard, type(server.error).__name__
            server.shut_down()
            return server.stopped(2), hear(deaf).endswith(b"nothing")

    check.probe(
        serve_echo,
        impatient,
        expected=(True, False),
        says="A client never reads, and the system breaks a send off after 0.02 s; the next one gets its "
        "echo. Then the listener is shut down: does serve_echo return, and is the first client still "
        "connected?",
        rule="Whatever OSError comes of a client, its connection is closed and the next one is served.",
        within_s=9,
    )

    def quietly_ended(serve_echo):
        """Does it return when the listener is shut down, and without an exception?"""
        with serving(serve_echo) as server:
            client = server.connect()
            say(client, b"x")
            heard = hear(client, 1)
            say(client, b"", last=True)
            hear(client)
            server.shut_down()
            stopped = server.stopped(2)
        return heard, stopped, type(server.error).__name__

    check.probe(
        serve_echo,
        quietly_ended,
        expected=(b"x", True, "NoneType"),
        says="The listener is shut down: the echo before, whether serve_echo returns, what it "
        "raises.",
        rule="OSError from accept says that the listener has been shut down: return.",
        within_s=9,
    )
    ### END HIDDEN TESTS


# %% role="test" id="echo-test-client" points=2
@check.test
def _():
    # The client: everything comes back, and its end is seen.
    def hello(echo_all):
        return with_peer(lambda sock: echo_all(sock, b"hello"), polite_echo)

    check.probe(
        echo_all,
        hello,
        expected=(b"hello", "the end was seen"),
        says="What echo_all(sock, b'hello') returns, and what the server at the other end saw.",
        rule="shutdown(SHUT_WR) says that this was all; the connection can still be read.",
        within_s=8,
    )
    ### BEGIN HIDDEN TESTS

    def left_open(echo_all):
        """Nothing to echo, from a server that says more; is the socket still open afterwards?"""

        def talkative(sock):
            for _ in all_from(sock):
                pass
            sock.sendall(b"and ")
            sock.sendall(b"more")
            return "the end was seen"

        def talk(sock):
            return echo_all(sock, b""), sock.fileno() >= 0

        return with_peer(talk, talkative)

    check.probe(
        echo_all,
        left_open,
        expected=((b"and more", True), "the end was seen"),
        says="A server that answers, when the stream has ended, in two pieces.",
        rule="Read until the server ends its stream; leave closing the socket to the caller.",
        within_s=8,
    )

    def cut_short(echo_all):
        """A server that leaves after three octets, and one that leaves at once."""

        def leaves_early(sock):
            sock.recv(5)
            sock.sendall(b"hel")
            return "left"

        return [
            with_peer(lambda sock: echo_all(sock, b"hello"), leaves_early)[0],
            with_peer(lambda sock: echo_all(sock, b"hello"), lambda sock: sock.recv(5))[0],
        ]

    check.probe(
        echo_all,
        cut_short,
        expected=["EOFError", "EOFError"],
        says="Servers that end the stream after b'hel', and before the first octet.",
        rule="Less came back than was sent: raise EOFError.",
        within_s=8,
    )

    def breaks(echo_all):
        """A server that resets after three octets, and one that ends."""

        def talk(leave):
            ours, theirs = tcp_pair()
            seen = []

            def peer():
                with theirs, suppress(OSError):
                    for _ in all_from(theirs):
                        pass
                    seen.append("the end was seen")
                    theirs.sendall(b"hel")
                    leave(theirs)

            thread = threading.Thread(target=peer, daemon=True)
            with ours:
                thread.start()
                end = attempt(echo_all, ours, b"hello")
                is_open = ours.fileno() >= 0
            thread.join(2)
            return end, is_open, *seen

        return [talk(reset), talk(lambda sock: sock.shutdown(socket.SHUT_WR))]

    check.probe(
        echo_all,
        breaks,
        expected=[
            ("ConnectionResetError", True, "the end was seen"),
            ("EOFError", True, "the end was seen"),
        ],
        says="Of b'hello' a server sends back b'hel'; then one resets the connection, another ends its "
        "stream: what is raised, and whether the socket is still open.",
        rule="What recv raises passes through, an end too soon is EOFError, and the socket stays open.",
        within_s=8,
    )
    ### END HIDDEN TESTS


# %% role="test" id="echo-test-large" points=2
@check.test
def _():
    # More than all queues together hold.
    def large(echo_all):
        text, got = random.Random(22).randbytes(3_000_000), []

        def counting_echo(sock):
            sock.setblocking(False)
            for octets in all_from(sock):
                got.append(len(octets))
                say_all(sock, octets)

        back = with_peer(lambda sock: echo_all(sock, text), counting_echo)[0]
        right = back if type(back) is str else len(back) if back != text else "all right"
        return {"back": right, "the server got everything": sum(got) == len(text)}

    check.probe(
        echo_all,
        large,
        expected={"back": "all right", "the server got everything": True},
        says="3,000,000 octets: what comes back, and whether the server got them.",
        rule="Read while you send: a server whose echo nobody takes stops reading.",
        within_s=8,
    )


# %% [markdown] role="given" id="connect-text"
# ## 6. What connect() comes to
#
# `connect` returns when the handshake is done, or raises. What it raises, and when, depends on what
# it meets. Three ports on an embedded peer, whose clock can be turned forward: nothing listens on
# the first; the second is behind a filter that throws every SYN away; the third has a server that
# is too busy to accept, and a **backlog**, the queue of connections that wait for it, of length 0
# (where Linux still lets one wait).


# %%
def try_port(own, port, timeout_s=100.0):
    begin = own.net.clock.now()
    try:
        outcome = own.connect(port, timeout_s).state
    except OSError as error:
        outcome = type(error).__name__
    print(f"  after {own.net.clock.now() - begin:5.1f} s  {outcome}")


with EmbeddedNetwork(seed=1) as net:
    print("closed port")
    try_port(OwnTcp(net), 9)
with EmbeddedNetwork(seed=1) as net:
    print("silent port")
    net.faults(drop=lambda record: record.sent)
    try_port(OwnTcp(net), 80)
with EmbeddedNetwork(seed=1) as net:
    print("full port")
    own, port = OwnTcp(net), net.peer.listen(backlog=0)
    try_port(own, port)
    try_port(own, port, timeout_s=10.0)
    print("  now the server accepts one")
    net.peer.accept(port)
    try_port(own, port)

# %% [markdown] role="given" id="connect-after"
# *Closed* is answered at once by RST: `ConnectionRefusedError`. *Silent* and *full* look the same
# from outside: nothing, SYN after SYN, until somebody's patience ends (RFC 9293 section 3.8.3; Linux
# gives up after about two minutes). So a program that cares brings a **deadline** of its own.
#
# And mostly there is more than one address to try. A name stands for a list, IPv6 and IPv4 mixed,
# that the resolver has put in order (RFC 6724 section 6); one of them may be silent while the next
# would answer at once. If each gets the whole time, the first silent one eats it all.

# %%
for family, kind, _, _, address in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM):
    print(family.name, kind.name, address)

# %% [markdown] role="given" id="connect-brief"
# ### Exercise 6: connect within a deadline
#
# Write `connect_any(host, port, timeout_s, *, resolve, dial, now)`: connect to one of the addresses
# of `host` within `timeout_s` seconds altogether, and return the connection. The last three have
# defaults, as below; tests give others, so use no clock, resolver or socket but these.
#
# - `resolve(host, port, type=socket.SOCK_STREAM)` returns a list of tuples `(family, type, protocol,
#   canonical name, address)` as `socket.getaddrinfo` does. Call it once. What it raises passes
#   through.
# - `dial(family, address, timeout_s)` connects to one address within so many seconds: it returns the
#   connection or raises `OSError`.
# - `now()` is the time in seconds.
#
# Rules:
#
# 1. The deadline is `timeout_s` seconds after the call; resolving counts.
# 2. Try all IPv6 addresses (`socket.AF_INET6`) in the resolver's order, then all IPv4 addresses
#    (`socket.AF_INET`) in the resolver's order, one after another. Other families are left out. A
#    family and address that is listed twice is tried once.
# 3. Before each attempt, what is left of the time is shared out equally among the addresses that
#    have not been tried: this one gets one share. The last one gets all that is left.
# 4. If no time is left (the deadline is reached or past) and an address has not been tried, raise
#    `TimeoutError`. Once all have been tried, rule 7 decides, however late it is.
# 5. The first `dial` that returns decides: return what it returned and try no other.
# 6. If `dial` raises `OSError`, go on. Anything else it raises passes through at once.
# 7. If all have been tried, raise the error of the last one. If there was none to try, raise a plain
#    `OSError` (also where no time is left).
#
# Example: three addresses, 9 seconds. The first gets 3 s. It is refused at once, so the second gets
# 4.5 s; if that one stays silent, the third has the 4.5 s that are left.
#
# (Browsers do better: they start the next attempt after a quarter of a second, while the first is
# still under way, alternate between the families, and the first that connects wins: RFC 8305
# sections 4 and 5.)


# %% role="given" id="connect-given-dial"
def dial_tcp(family, address, timeout_s):
    """Connect to one address; OSError if that fails, or takes longer."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_s)
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


# %% role="answer" id="connect-answer"
def connect_any(
    host: str,
    port: int,
    timeout_s: float,
    *,
    resolve=socket.getaddrinfo,
    dial=dial_tcp,
    now=time.monotonic,
):
    """Connect to one of the addresses of `host`, IPv6 first, within `timeout_s` altogether."""
    ### BEGIN SOLUTION
    end = now() + timeout_s
    found = [(row[0], row[4]) for row in resolve(host, port, type=socket.SOCK_STREAM)]
    found = list(dict.fromkeys(found))
    left = [
        each for wanted in (socket.AF_INET6, socket.AF_INET) for each in found if each[0] == wanted
    ]
    error = OSError(f"{host} has no address to connect to")
    while left:
        left_s = end - now()
        if left_s <= 0:
            raise TimeoutError(f"no connection to {host} within {timeout_s} s")
        share_s = left_s / len(left)
        try:
            return dial(*left.pop(0), share_s)
        except OSError as failed:
            error = failed
    raise error
    ### END SOLUTION


# %% [markdown] role="hint" id="connect-hint-1"
# Nudge
# Do the example with a pencil, then once more with all three silent. Which two numbers decide how
# long an attempt may take?

# %% [markdown] role="hint" id="connect-hint-2"
# Way
# Take `now()` before anything else. Make the list (IPv6, then IPv4, nothing twice:
# `dict.fromkeys` keeps the order). Then a loop over it: time left, divided by the number of
# addresses left, this one included.

# %% [markdown] role="hint" id="connect-hint-3"
# Almost
# In the loop: `left_s = end - now()`; `if left_s <= 0: raise TimeoutError`; `try: return
# dial(family, address, left_s / len(left))`; `except OSError as failed: error = failed`. After the
# loop `raise error`. (A name bound by `except ... as` is gone after its block: keep the error under
# another.)


# %% role="given" id="connect-given-shorthand"
# Shorthand for the tests below: a made-up Internet with a clock of its own.
V6, V4 = socket.AF_INET6, socket.AF_INET


def attempts(connect_any, answers, timeout_s, resolving_s=0.0, error=None):
    """Which addresses are tried, with how much time each, and how it ends, after how long.

    `answers` is a list of (family, name, seconds, outcome): an exception is raised, all else is
    returned; where the attempt may not take so long, TimeoutError is raised instead.
    """
    clock, tried = [1000.0], []
    known = {(family, name): rest for family, name, *rest in answers}

    def resolve(host, port, type=0):
        clock[0] += resolving_s
        if (host, port, type) != ("ada.test", 80, socket.SOCK_STREAM):
            raise ValueError(f"resolve({host!r}, {port!r}, type={type!r})")
        if error:
            raise error
        return [(family, type, 6, "", (name, port)) for family, name, _, _ in answers]

    def dial(family, address, timeout_s):
        if (family, address[0]) not in known:
            raise ValueError(f"dial({family!r}, {address!r}, ...)")
        seconds, outcome = known[family, address[0]]
        tried.append((address[0], round(timeout_s, 6)))
        clock[0] += min(seconds, timeout_s)
        if seconds > timeout_s:
            raise TimeoutError(f"{address[0]} is silent")
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    try:
        end = connect_any(
            "ada.test", 80, timeout_s, resolve=resolve, dial=dial, now=lambda: clock[0]
        )
    except NotImplementedError:
        raise
    except Exception as raised:
        end = f"{type(raised).__name__}: {raised}" if str(raised) in SAYS else type(raised).__name__
    return tried, end, round(clock[0] - 1000, 6)


SAYS = ("a is silent", "b is silent", "c is silent", "no a", "no b", "no c", "bug", "nobody")
NO = {name: ConnectionRefusedError(f"no {name}") for name in "abc"}


# %% role="test" id="connect-test-order" points=2
@check.test
def _():
    # IPv6 before IPv4, one after another, until one answers.
    def two_families(connect_any):
        answers = [(V4, "a", 0.5, "to a"), (V6, "b", 0.5, NO["b"]), (V6, "c", 0.5, "to c")]
        return attempts(connect_any, answers, 9.0)

    check.probe(
        connect_any,
        two_families,
        expected=([("b", 3.0), ("c", 4.25)], "to c", 1.0),
        says="The resolver lists a (IPv4), b and c (IPv6); b refuses after 0.5 s, c answers. "
        "Addresses tried with their seconds, the result, the time it took.",
        rule="All IPv6 addresses come before the IPv4 ones, and the first that answers decides.",
        rfc="RFC 8305 section 4, simplified",
    )
    ### BEGIN HIDDEN TESTS

    def orders(connect_any):
        """The order in which four, five and six addresses are tried."""
        seen = []
        for families in ((V4, V6, V4, V6), (V4, V4, V4, V6, V4), (V6, V4, V6, V4, V6, V4)):
            names = "fedcba"[: len(families)]
            answers = [
                (family, name, 0.0, OSError("no"))
                for family, name in zip(families, names, strict=True)
            ]
            seen.append("".join(name for name, _ in attempts(connect_any, answers, 9.0)[0]))
        return seen

    check.probe(
        connect_any,
        orders,
        expected=["ecfd", "cfedb", "fdbeca"],
        rule="IPv6, then IPv4, each in the resolver's order.",
    )

    def odd_lists(connect_any):
        """Doubled addresses, the same name in both families, other families."""
        unix = getattr(socket, "AF_UNIX", 1)
        twice = [(V4, "a", 0.0, NO["a"]), (V4, "a", 0.0, NO["a"]), (V6, "b", 0.0, NO["b"])]
        other = [(unix, "c", 0.0, "to c"), (V4, "a", 0.0, NO["a"])]
        both = [(V4, "a", 0.0, NO["a"]), (V6, "a", 0.0, NO["a"]), (V6, "a", 0.0, NO["a"])]
        falsy = [(V4, "a", 0.0, ""), (V4, "b", 0.0, "to b")]
        return [attempts(connect_any, answers, 8.0)[0] for answers in (twice, other, both, falsy)]

    check.probe(
        connect_any,
        odd_lists,
        expected=[
            [("b", 4.0), ("a", 8.0)],
            [("a", 8.0)],
            [("a", 4.0), ("a", 8.0)],
            [("a", 4.0)],
        ],
        rule="Nothing twice, and nothing but IPv6 and IPv4; the shares count what is left.",
    )

    def scopes(connect_any):
        """One IPv6 host on two networks, and 90 s: each family, address and time that is dialled."""
        listed = [
            (V6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 2)),
            (V4, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80)),
            (V6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 3)),
        ]
        tried = []

        def dial(family, address, timeout_s):
            tried.append((family.name, address, timeout_s))
            raise socket.gaierror("no such host")

        def resolve(host, port, type=0):
            return list(listed)

        end = attempt(
            lambda: connect_any("x", 80, 90.0, resolve=resolve, dial=dial, now=lambda: 5.0)
        )
        return tried, end

    check.probe(
        connect_any,
        scopes,
        expected=(
            [
                ("AF_INET6", ("fe80::1", 80, 0, 2), 30.0),
                ("AF_INET6", ("fe80::1", 80, 0, 3), 45.0),
                ("AF_INET", ("192.0.2.1", 80), 90.0),
            ],
            "gaierror",
        ),
        rule="Each family with its whole address, all four parts of it, is one to try; a gaierror of "
        "dial is an OSError like any other.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="connect-test-deadline" points=3
@check.test
def _():
    # The time is shared out, and it ends.
    def silent_ones(connect_any):
        answers = [(V6, "a", 99.0, ""), (V6, "b", 99.0, ""), (V4, "c", 4.0, "to c")]
        return attempts(connect_any, answers, 12.0)

    check.probe(
        connect_any,
        silent_ones,
        expected=([("a", 4.0), ("b", 4.0), ("c", 4.0)], "to c", 12.0),
        says="a and b are silent, c answers after 4 s; 12 s altogether.",
        rule="What is left of the time, divided by the number of addresses that are left.",
    )
    ### BEGIN HIDDEN TESTS

    def shares(connect_any):
        """Three situations, of which the shares tell."""
        return [
            attempts(
                connect_any, [(V6, "a", 0.0, NO["a"]), (V6, "b", 99.0, ""), (V4, "c", 9.0, 1)], 9.0
            ),
            attempts(connect_any, [(V4, "a", 7.0, "to a")], 8.0, resolving_s=2.0),
            attempts(connect_any, [(V4, "a", 1.0, NO["a"]), (V4, "b", 7.0, "to b")], 10.0, 2.0),
            attempts(connect_any, [(V4, "a", 8.0, "to a")], 8.0),
            attempts(connect_any, [(V6, "a", 0.125, NO["a"]), (V4, "b", 0.125, "to b")], 0.5),
            attempts(connect_any, [(V6, "a", 0.0, NO["a"]), (V4, "b", 0.0, "to b")], 0.125),
        ]

    check.probe(
        connect_any,
        shares,
        expected=[
            ([("a", 3.0), ("b", 4.5), ("c", 4.5)], "TimeoutError: c is silent", 9.0),
            ([("a", 6.0)], "TimeoutError: a is silent", 8.0),
            ([("a", 4.0), ("b", 7.0)], "to b", 10.0),
            ([("a", 8.0)], "to a", 8.0),
            ([("a", 0.25), ("b", 0.375)], "to b", 0.25),
            ([("a", 0.0625), ("b", 0.125)], "to b", 0.0),
        ],
        rule="The deadline counts from the call; what an attempt leaves over goes to the others.",
    )

    def too_late(connect_any):
        """Resolving takes all the time, or more; an attempt overruns; no time at all."""
        slow = [(V4, "a", 1.0, "to a"), (V4, "b", 1.0, "to b")]

        def overrun(connect_any):
            clock = [0.0]

            def dial(family, address, timeout_s):
                clock[0] += 30.0
                raise ConnectionRefusedError("no a")

            def resolve(host, port, type=0):
                return [(V4, type, 6, "", ("a", 80)), (V4, type, 6, "", ("b", 80))]

            try:
                connect_any("x", 80, 9.0, resolve=resolve, dial=dial, now=lambda: clock[0])
            except OSError as error:
                return type(error).__name__, clock[0]

        return [
            attempts(connect_any, slow, 5.0, resolving_s=5.0),
            attempts(connect_any, slow, 5.0, resolving_s=60.0),
            attempts(connect_any, slow, 0.0),
            overrun(connect_any),
        ]

    check.probe(
        connect_any,
        too_late,
        expected=[
            ([], "TimeoutError", 5.0),
            ([], "TimeoutError", 60.0),
            ([], "TimeoutError", 0.0),
            ("TimeoutError", 30.0),
        ],
        rule="No time is left and an address is: TimeoutError, without another attempt.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="connect-test-errors" points=2
@check.test
def _():
    # None of them answers.
    def all_refuse(connect_any):
        return attempts(connect_any, [(V4, "a", 1.0, NO["a"]), (V4, "b", 1.0, NO["b"])], 9.0)

    check.probe(
        connect_any,
        all_refuse,
        expected=([("a", 4.5), ("b", 8.0)], "ConnectionRefusedError: no b", 2.0),
        says="a and b both refuse after a second.",
        rule="When all have been tried, the error of the last one is raised.",
    )
    ### BEGIN HIDDEN TESTS

    def mixed(connect_any):
        """Other errors, no address at all, a name that does not exist, and a bug."""
        unreachable = OSError(errno.ENETUNREACH, "no route")
        nobody = socket.gaierror(socket.EAI_NONAME, "nobody")
        return [
            attempts(connect_any, [(V6, "a", 0.0, unreachable), (V4, "b", 1.0, "to b")], 4.0)[:2],
            attempts(connect_any, [(V6, "a", 0.0, NO["a"]), (V4, "b", 99.0, "")], 4.0)[1:],
            attempts(connect_any, [], 4.0)[:2],
            attempts(connect_any, [(V6, "a", 0.0, 1)], 4.0, error=nobody)[:2],
            attempts(connect_any, [(V6, "a", 0.0, TypeError("bug")), (V4, "b", 0.0, 1)], 4.0)[:2],
        ]

    check.probe(
        connect_any,
        mixed,
        expected=[
            ([("a", 2.0), ("b", 4.0)], "to b"),
            ("TimeoutError: b is silent", 4.0),
            ([], "OSError"),
            ([], "gaierror"),
            ([("a", 2.0)], "TypeError: bug"),
        ],
        rule="Every OSError of dial leads to the next address; what else is raised passes through.",
    )

    def too_late_to_matter(connect_any):
        """Nothing to try when the time is over; the only address overruns and is refused."""
        clock = [0.0]

        def dial(family, address, timeout_s):
            clock[0] += 30.0
            raise ConnectionRefusedError("no")

        def resolve(host, port, type=0):
            return [(V4, type, 6, "", ("a", 80))]

        end = attempt(
            lambda: connect_any("x", 80, 9.0, resolve=resolve, dial=dial, now=lambda: clock[0])
        )
        return attempts(connect_any, [], 4.0, resolving_s=5.0)[1], end

    check.probe(
        connect_any,
        too_late_to_matter,
        expected=("OSError", "ConnectionRefusedError"),
        rule="Where every address has been tried, or there was none, the time no longer matters.",
    )

    def twice_in_a_row(connect_any):
        """Is anything kept from one call to the next?"""
        first = attempts(connect_any, [(V4, "a", 0.0, "to a")], 4.0)
        second = attempts(connect_any, [(V4, "b", 1.0, NO["b"]), (V4, "c", 0.0, "to c")], 4.0)
        return first[1], second

    check.probe(
        connect_any,
        twice_in_a_row,
        expected=("to a", ([("b", 2.0), ("c", 3.0)], "to c", 1.0)),
    )
    ### END HIDDEN TESTS


# %% role="test" id="connect-test-real" points=1
@check.test
def _():
    # With the real resolver, clock and sockets.
    def for_real(connect_any):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(2)
            made = connect_any("127.0.0.1", listener.getsockname()[1], 2.0)
            server, _ = listener.accept()
            with closing(made), server:
                server.sendall(b"hello")
                made.settimeout(2)
                return made.recv(99)

    check.probe(
        connect_any,
        for_real,
        expected=b"hello",
        says="A server on loopback greets whoever connects.",
        rule="With the defaults it resolves and connects for real.",
        within_s=6,
    )


# %% [markdown] role="given" id="errors-text"
# ## 7. What a user should read
#
# `[Errno 111] Connection refused` is a fact for you. A user needs to know what it *means*: is my
# network broken, or theirs, or did I mistype the name? The errors of the socket calls know quite a
# lot about that. They arrive as exceptions, most of them `OSError` with a number, some with a class
# of their own, some without a number:

# %%
for number in (errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.EACCES):
    error = OSError(number, os.strerror(number))
    print(f"{type(error).__name__:24}{error.errno}  {error}")
print(repr(TimeoutError("timed out")), TimeoutError("timed out").errno)
print(socket.gaierror.__mro__[1].__name__, "is the parent of", repr(socket.gaierror(-2, "...")))

# %% [markdown] role="given" id="errors-brief"
# ### Exercise 7: errors for people
#
# Write `explain(error: BaseException, host: str, port: int, connected: bool = False) -> str`: the
# sentence of `MESSAGES` that fits, with its `{host}` and `{port}` filled in by `str.format`.
# `connected` says whether the error came while talking rather than while connecting. The **first
# row that fits** decides:
#
# | error | key |
# |---|---|
# | `socket.gaierror` with the number `socket.EAI_AGAIN` | `"resolver"` |
# | any other `socket.gaierror`, or a `UnicodeError` (a name that cannot be one) | `"name"` |
# | `ConnectionRefusedError` | `"refused"` |
# | `TimeoutError`, not connected | `"silent"` |
# | `TimeoutError`, connected | `"stalled"` |
# | `ConnectionResetError`, `ConnectionAbortedError`, `BrokenPipeError`, `EOFError` | `"cut"` |
# | number `ENETUNREACH` or `EHOSTUNREACH` | `"route"` |
# | `PermissionError` | `"forbidden"` |
# | number `EMFILE` or `ENFILE` | `"full"` |
# | any other `OSError` | `"unknown"` |
#
# Anything else is no fault of the network but of the program: raise that very error, so that
# somebody mends it. Numbers are those of the module `errno`; the *text* of an error says nothing
# reliable, since it comes in the user's language.
#
# Example: `explain(ConnectionRefusedError(), "ada.test", 80)` is the sentence `"refused"` with
# `ada.test` and `80` in it.


# %% role="given" id="errors-given-messages"
MESSAGES = {
    "resolver": "The name service did not answer. Check your own connection, then try again.",
    "name": "There is no computer named {host}. Check the spelling.",
    "refused": "{host} can be reached, but no program listens on its port {port}.",
    "silent": "{host} does not answer on port {port}. It may be down, or a firewall keeps silent.",
    "stalled": "{host} has stopped answering. What you sent may or may not have arrived.",
    "cut": "{host} broke the connection. What you sent may or may not have been carried out.",
    "route": "There is no way from here to {host}. Check your own connection.",
    "forbidden": "This computer does not allow a connection to {host}, port {port}.",
    "full": "This program has too many connections open. Close some and try again.",
    "unknown": "The connection to {host} failed.",
}


# %% role="answer" id="errors-answer"
def explain(error: BaseException, host: str, port: int, connected: bool = False) -> str:
    """Say in a sentence for users what an error of the network means."""
    ### BEGIN SOLUTION
    if isinstance(error, socket.gaierror):
        key = "resolver" if error.errno == socket.EAI_AGAIN else "name"
    elif isinstance(error, UnicodeError):
        key = "name"
    elif isinstance(error, ConnectionRefusedError):
        key = "refused"
    elif isinstance(error, TimeoutError):
        key = "stalled" if connected else "silent"
    elif isinstance(
        error, (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, EOFError)
    ):
        key = "cut"
    elif not isinstance(error, OSError):
        raise error
    elif error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        key = "route"
    elif isinstance(error, PermissionError):
        key = "forbidden"
    elif error.errno in (errno.EMFILE, errno.ENFILE):
        key = "full"
    else:
        key = "unknown"
    return MESSAGES[key].format(host=host, port=port)
    ### END SOLUTION


# %% [markdown] role="hint" id="errors-hint-1"
# Nudge
# The table is a chain of questions in order. Which of its classes are children of `OSError`? Then
# where must the question "is it an `OSError`?" stand?

# %% [markdown] role="hint" id="errors-hint-2"
# Way
# `isinstance` for the rows with classes, `error.errno in (...)` for the rows with numbers, top to
# bottom. Only an `OSError` has `errno`: sort out everything else before you look at it.

# %% [markdown] role="hint" id="errors-hint-3"
# Almost
# `if isinstance(error, socket.gaierror): key = "resolver" if error.errno == socket.EAI_AGAIN else
# "name"`, then `elif isinstance(...)` for each row, and before the first row with a number
# `elif not isinstance(error, OSError): raise error`. At the end
# `return MESSAGES[key].format(host=host, port=port)`.


# %% role="given" id="errors-given-shorthand"
# Shorthand for the tests below: which sentence it was, if it was one of them.
def key_of(sentence, host="ada.test", port=80):
    for key, text in MESSAGES.items():
        if sentence == text.format(host=host, port=port):
            return key
    return sentence


def keys_of(explain, errors, connected=False):
    """The key of the sentence for each error, or the name of what is raised."""
    keys = []
    for error in errors:
        try:
            keys.append(key_of(explain(error, "ada.test", 80, connected)))
        except NotImplementedError:
            raise
        except (Exception, asyncio.CancelledError, GeneratorExit) as raised:
            keys.append(f"raised {type(raised).__name__}: {raised}")
    return keys


# %% role="test" id="errors-test-connecting" points=2
@check.test
def _():
    # What connect can come to.
    first_row = dict(rule="The first row of the table that fits decides.")

    def connecting(explain):
        names = [socket.gaierror(socket.EAI_NONAME, "x"), socket.gaierror(socket.EAI_AGAIN, "x")]
        return keys_of(explain, [*names, ConnectionRefusedError(), TimeoutError("timed out")])

    check.probe(
        explain,
        connecting,
        expected=["name", "resolver", "refused", "silent"],
        says="No such name, a name service that does not answer, a closed port, a silent one.",
        **first_row,
    )
    check(
        explain,
        ConnectionRefusedError(),
        "ada.test",
        8080,
        expected="ada.test can be reached, but no program listens on its port 8080.",
    )
    ### BEGIN HIDDEN TESTS

    def by_number(explain):
        """Errors as the system makes them: a number and a text in some language."""
        names = "ECONNREFUSED ETIMEDOUT ENETUNREACH EHOSTUNREACH EACCES EPERM EMFILE ENFILE"
        numbers = [getattr(errno, name) for name in names.split()]
        return keys_of(explain, [OSError(number, "Verbindung refused") for number in numbers])

    check.probe(
        explain,
        by_number,
        expected=["refused", "silent", "route", "route", "forbidden", "forbidden", "full", "full"],
        **first_row,
    )

    def names(explain):
        """Resolver errors of every kind, and a name that cannot be one."""
        kinds = ("EAI_NONAME", "EAI_AGAIN", "EAI_FAIL", "EAI_FAMILY", "EAI_SERVICE")
        errors = [socket.gaierror(getattr(socket, kind), "text") for kind in kinds]
        return keys_of(explain, [*errors, UnicodeError("label too long"), socket.gaierror()])

    check.probe(
        explain,
        names,
        expected=["name", "resolver", "name", "name", "name", "name", "name"],
        **first_row,
    )

    def unknown(explain):
        """What no row names."""
        errors = [OSError(errno.EINVAL, "refused"), OSError("timed out"), OSError()]
        errors += [OSError(socket.EAI_AGAIN, "x"), socket.herror(1, "x")]
        return keys_of(explain, [*errors, InterruptedError(), FileNotFoundError(2, "x")])

    check.probe(explain, unknown, expected=["unknown"] * 7, **first_row)

    def filled_in(explain):
        """Another host, another port: every sentence complete?"""
        errors = [ConnectionRefusedError(), TimeoutError(), ConnectionResetError(), OSError()]
        errors += [OSError(errno.EHOSTUNREACH, ""), OSError(errno.EACCES, ""), socket.gaierror()]
        return [explain(error, "{x}", 65_535) for error in errors]

    keys = ("refused", "silent", "cut", "unknown", "route", "forbidden", "name")
    check.probe(
        explain,
        filled_in,
        expected=[MESSAGES[key].format(host="{x}", port=65_535) for key in keys],
        rule="Fill in host and port with str.format.",
    )

    def with_other_numbers(explain):
        """A class without its number, a child of a class, and numbers of a row further down."""
        errors = [PermissionError(), UnicodeEncodeError("idna", "x", 0, 1, "label too long")]
        errors += [socket.gaierror(errno.EMFILE, "x"), PermissionError(errno.EHOSTUNREACH, "x")]
        return keys_of(explain, errors)

    check.probe(
        explain,
        with_other_numbers,
        expected=["forbidden", "name", "name", "route"],
        rule="A row that names a class fits its children too, with or without a number; and the first "
        "row that fits decides.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="errors-test-talking" points=1
@check.test
def _():
    # What comes in the middle of a conversation.
    def talking(explain):
        errors = [ConnectionResetError(), BrokenPipeError(), EOFError(), TimeoutError("timed out")]
        return keys_of(explain, errors, connected=True)

    check.probe(
        explain,
        talking,
        expected=["cut", "cut", "cut", "stalled"],
        says="While talking: reset, broken pipe, the stream ended too soon, a timeout.",
        rule="The first row of the table that fits decides.",
    )
    ### BEGIN HIDDEN TESTS

    def either_way(explain):
        """The same errors with and without numbers, connected and not."""
        errors = [ConnectionResetError("x"), ConnectionAbortedError(), EOFError("x")]
        errors += [OSError(errno.ECONNRESET, "x"), OSError(errno.EPIPE, "x")]
        errors += [TimeoutError(), OSError(errno.ETIMEDOUT, "x"), ConnectionRefusedError("x")]
        errors += [ConnectionError("x"), PermissionError("x"), OSError(errno.EMFILE, "x")]
        return [keys_of(explain, errors, connected) for connected in (False, True)]

    rest = ["refused", "unknown", "forbidden", "full"]
    check.probe(
        explain,
        either_way,
        expected=[["cut"] * 5 + ["silent"] * 2 + rest, ["cut"] * 5 + ["stalled"] * 2 + rest],
        rule="Only a timeout means something else while talking.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="errors-test-bugs" points=1
@check.test
def _():
    # A mistake of the program is not the network's.
    def bugs(explain):
        return keys_of(explain, [TypeError("a bug"), KeyError("name"), ValueError("no number")])

    check.probe(
        explain,
        bugs,
        expected=[
            "raised TypeError: a bug",
            "raised KeyError: 'name'",
            "raised ValueError: no number",
        ],
        says="Three errors that have nothing to do with the network.",
        rule="Raise that very error again: a sentence about the connection would hide the bug.",
    )
    ### BEGIN HIDDEN TESTS

    def no_errors_at_all(explain):
        """What is raised to stop a task or a generator, which is no Exception."""
        return keys_of(explain, [asyncio.CancelledError("stop"), GeneratorExit("stop")])

    check.probe(
        explain,
        no_errors_at_all,
        expected=["raised CancelledError: stop", "raised GeneratorExit: stop"],
        rule="Anything that is no row of the table is raised again, BaseExceptions too.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="udp-text"
# ## 8. The other kind: UDP
#
# Beside TCP there is a protocol that adds to IP only two ports and a checksum. It has no connection,
# no handshake, no acknowledgment; delivery is not promised, nor protection from duplicates (RFC
# 768, introduction). What `sendto` takes goes out as *one* **datagram**, and `recvfrom` gives out one
# datagram. So here the boundaries are kept:

# %%
with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
    two.bind(("127.0.0.1", 0))
    two.settimeout(1)
    for octets in (b"take 100", b"give Ada", b"", b"a longer one"):
        one.sendto(octets, two.getsockname())
    for size in (100, 100, 100, 8):
        try:
            print(two.recvfrom(size)[0])
        except OSError as error:
            print(type(error).__name__, "(Windows says so when a datagram does not fit)")

# %% [markdown] role="given" id="udp-after"
# Four datagrams sent, four received; an empty message is a message (and not an end); and of a datagram that
# does not fit the rest is *gone*. Everything else that TCP did is now yours to do, as far as you need
# it. For a short question and a short answer, as in DNS, that is little:
#
# - the question carries an **identifier**, and the answer repeats it. Without one, an answer that
#   comes late is taken for the answer to the next question;
# - no answer in time: **ask again**, waiting longer each time;
# - so the server may get a question twice although it was asked once. Where doing it twice is not
#   the same as doing it once ("give Ada 100"), it must **remember** what it has answered.

# %% [markdown] role="given" id="udp-brief"
# ### Exercise 8: question and answer by datagram
#
# A datagram of this protocol is an identifier of two octets, high octet first, and then a text of
# any octets, maybe none.
#
# **`ask(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=time.monotonic) -> bytes`**
# returns the text of the answer to a question.
#
# - `server` is an address; `now()` is the time in seconds. `sock` has `sendto(octets, address)`,
#   `settimeout(seconds)` and `recvfrom(size)`, which returns `(octets, sender)` or raises
#   `TimeoutError`. Ask it for 65,535 octets, since no datagram is longer.
# - Send the question with its identifier to `server`, and wait `wait_s` seconds for the answer. If
#   none comes, send *the same datagram* again and wait twice as long as before; `tries` times
#   altogether. Then raise `TimeoutError`.
# - An answer is a datagram that comes from `server`, is two octets long or longer, and has the
#   identifier of the question. It counts whichever of the tries it belongs to. Return its text.
# - Everything else that arrives is ignored: it neither ends the wait nor makes it longer, and nothing
#   is sent because of it.
# - Never call `settimeout` with 0 or less: where no time is left, the wait is over.
# - What else `sock` raises passes through at once.
#
# **`OnceServer(act, remember: int)`** with one method, `receive(datagram, sender) -> bytes | None`,
# returns what to send back to `sender`, a tuple.
#
# - For a new question call `act(text)`, which returns the text of the answer, and put the identifier
#   before it. What `act` raises passes through, and the question counts as never asked.
# - A datagram that equals, octet for octet, an earlier one from the same sender is a repetition: `act`
#   is not called again, and the answer is the same as then.
# - `remember` (1 or more) is how many questions are remembered; when one more comes, the one that came
#   first is forgotten. A repetition does not make a question younger.
# - A datagram shorter than two octets is ignored: `None`.
#
# Example: `OnceServer(act, 9).receive(b"\x00\x07now", sender)` calls `act(b"now")`; if that returns
# b"noon", the result is `b"\x00\x07noon"`.


# %% role="answer" id="udp-answer"
def ask(
    sock, server, question: bytes, identifier: int, *, tries=3, wait_s=1.0, now=time.monotonic
) -> bytes:
    """Ask by datagram until the answer comes; TimeoutError after so many tries."""
    ### BEGIN SOLUTION
    mark = struct.pack("!H", identifier)
    for attempt_number in range(tries):
        sock.sendto(mark + question, server)
        end = now() + wait_s * 2**attempt_number
        while (left_s := end - now()) > 0:
            sock.settimeout(left_s)
            try:
                octets, sender = sock.recvfrom(65_535)
            except TimeoutError:
                break
            if sender == server and len(octets) >= 2 and octets[:2] == mark:
                return octets[2:]
    raise TimeoutError(f"no answer after {tries} tries")
    ### END SOLUTION


class OnceServer:
    """Answers questions, and does for each only once what it asks."""

    def __init__(self, act, remember: int):
        self.act = act
        self.remember = remember
        self.answers: dict = {}

    def receive(self, datagram: bytes, sender: tuple) -> bytes | None:
        """Return what to send back to `sender`, or None."""
        ### BEGIN SOLUTION
        if len(datagram) < 2:
            return None
        key = (sender, bytes(datagram))
        if key not in self.answers:
            answer = bytes(datagram[:2]) + self.act(bytes(datagram[2:]))
            if len(self.answers) == self.remember:
                del self.answers[next(iter(self.answers))]
            self.answers[key] = answer
        return self.answers[key]
        ### END SOLUTION


# %% [markdown] role="hint" id="udp-hint-1"
# Nudge
# Two loops: one over the tries, one over what arrives while a try waits. Which of them may send?

# %% [markdown] role="hint" id="udp-hint-2"
# Way
# Each try has an end, `now() + wait`. Before every `recvfrom`, `settimeout` to what is left of it; a
# stray datagram leads round the inner loop and changes nothing else. The server is a dictionary from
# (sender, datagram) to answer: a Python `dict` keeps the order in which keys were put in.

# %% [markdown] role="hint" id="udp-hint-3"
# Almost
# `while (left_s := end - now()) > 0:` `sock.settimeout(left_s)`; `try: octets, sender =
# sock.recvfrom(65_535)` with `except TimeoutError: break`; return if all three conditions hold. To
# forget the oldest: `del self.answers[next(iter(self.answers))]`.


# %% role="given" id="udp-given-shorthand"
# Shorthand for the tests below: a made-up datagram socket with a clock of its own.
SERVER, STRANGER = ("192.0.2.1", 53), ("192.0.2.66", 53)


class Mailbox:
    """Datagrams come at given times: (seconds, octets, sender). `log` says what was sent when."""

    def __init__(self, *arrivals):
        self.time_s, self.timeout_s, self.log = 500.0, None, []
        self.arrivals = [(500.0 + seconds, *rest) for seconds, *rest in arrivals]

    def now(self):
        return self.time_s

    def sendto(self, octets, address):
        self.log.append((self.time_s - 500.0, bytes(octets), address))
        return len(octets)

    def settimeout(self, seconds):
        if seconds is not None and seconds <= 0:
            raise ValueError(f"settimeout({seconds})")
        self.timeout_s = seconds

    def recvfrom(self, size):
        if self.timeout_s is None:
            raise RuntimeError("recvfrom without a timeout may wait for ever")
        if self.arrivals and self.arrivals[0][0] <= self.time_s + self.timeout_s:
            due, octets, sender = self.arrivals.pop(0)
            self.time_s = max(self.time_s, due)
            return octets[:size], sender
        self.time_s += self.timeout_s
        raise TimeoutError("timed out")


def asked(ask, *arrivals, **options):
    """The answer (or the error's name), when it was there, and at what times what was sent."""
    box = Mailbox(*arrivals)
    answer = attempt(lambda: ask(box, SERVER, b"now", 7, now=box.now, **options))
    sent = [when if (octets, to) == (b"\0\7now", SERVER) else (when, octets, to)
            for when, octets, to in box.log]  # fmt: skip
    return answer, box.time_s - 500.0, sent


# %% role="test" id="udp-test-answer" points=2
@check.test
def _():
    # Which datagram is the answer.
    def first_try(ask):
        return asked(ask, (0.5, b"\0\7noon", SERVER))

    check.probe(
        ask,
        first_try,
        expected=(b"noon", 0.5, [0.0]),
        says="The answer comes after half a second. Result, time, and when the question was sent.",
        rule="The identifier comes before the question, and before the answer.",
    )

    def strays(ask):
        return asked(
            ask,
            (0.25, b"\0\6three", SERVER),
            (0.5, b"\0\7never", STRANGER),
            (0.75, b"\0\7noon", SERVER),
        )

    check.probe(
        ask,
        strays,
        expected=(b"noon", 0.75, [0.0]),
        says="First comes the late answer to question 6, then one from a stranger, then the answer.",
        rule="An answer has the identifier of the question and comes from the server.",
    )
    ### BEGIN HIDDEN TESTS

    def odd_ones(ask):
        """Empty answers, datagrams too short to be any, an identifier turned round."""
        return [
            asked(ask, (0.5, b"\0\7", SERVER)),
            asked(ask, (0.0, b"", SERVER), (0.0, b"\0", SERVER), (0.5, b"\0\7\0\7x", SERVER)),
            asked(ask, (0.25, b"\7\0no", SERVER), (0.5, b"\0\7", SERVER)),
            asked(ask, (0.25, b"\0\7no", ("192.0.2.1", 54)), (0.5, b"\0\7yes", SERVER)),
        ]

    check.probe(
        ask,
        odd_ones,
        expected=[
            (b"", 0.5, [0.0]),
            (b"\0\7x", 0.5, [0.0]),
            (b"", 0.5, [0.0]),
            (b"yes", 0.5, [0.0]),
        ],
        rule="Two octets of identifier make an answer, of whatever length; the port counts too.",
    )

    def large_identifier(ask):
        """Identifier 0xfedc and an empty question; the answer is as long as can be."""
        box = Mailbox((0.5, b"\xfe\xdc" + bytes(65_505), SERVER))
        return len(ask(box, SERVER, b"", 0xFEDC, now=box.now)), box.log

    check.probe(ask, large_identifier, expected=(65_505, [(0.0, b"\xfe\xdc", SERVER)]))
    ### END HIDDEN TESTS


# %% role="test" id="udp-test-retry" points=2
@check.test
def _():
    # No answer comes: ask again.
    def lost_once(ask):
        return asked(ask, (1.5, b"\0\7noon", SERVER))

    check.probe(
        ask,
        lost_once,
        expected=(b"noon", 1.5, [0.0, 1.0]),
        says="Nothing in the first second; the answer comes half a second after the second try.",
        rule="After wait_s seconds without an answer the same datagram is sent again.",
    )

    def silent(ask):
        return asked(ask)

    check.probe(
        ask,
        silent,
        expected=("TimeoutError", 7.0, [0.0, 1.0, 3.0]),
        says="A silent server: how it ends, after how long, and when the question was sent.",
        rule="Three tries; they wait 1, 2 and 4 seconds.",
    )
    ### BEGIN HIDDEN TESTS

    def patience(ask):
        """One try, five tries, shorter waits."""
        return [
            asked(ask, tries=1),
            asked(ask, tries=5, wait_s=0.25),
            asked(ask, (7.5, b"\0\7late", SERVER), tries=4),
            asked(ask, (1.0, b"\0\7just", SERVER)),
        ]

    check.probe(
        ask,
        patience,
        expected=[
            ("TimeoutError", 1.0, [0.0]),
            ("TimeoutError", 7.75, [0.0, 0.25, 0.75, 1.75, 3.75]),
            (b"late", 7.5, [0.0, 1.0, 3.0, 7.0]),
            (b"just", 1.0, [0.0]),
        ],
        rule="Each wait is twice as long as the one before; the last is waited for as well.",
    )

    def noise(ask):
        """A stray datagram every quarter of a second, and no answer."""
        noise = [(n / 4, b"\0\6no", SERVER) for n in range(1, 40)]
        return asked(ask, *noise)

    check.probe(
        ask,
        noise,
        expected=("TimeoutError", 7.0, [0.0, 1.0, 3.0]),
        says="A stray datagram comes every quarter of a second: result, time, tries.",
        rule="What is no answer makes the wait neither longer nor shorter.",
    )

    def one_stray(ask):
        """A stray datagram at a time that is no deadline's, and no answer."""
        return asked(ask, (0.375, b"\0\6no", SERVER))

    check.probe(
        ask,
        one_stray,
        expected=("TimeoutError", 7.0, [0.0, 1.0, 3.0]),
        says="One stray datagram comes after 0.375 s: result, time, tries.",
        rule="Give recvfrom what is left of the wait, not all of it again.",
    )

    class Broken(Mailbox):
        """A socket that raises something else than TimeoutError."""

        def __init__(self, way, error):
            super().__init__((0.5, b"\0\7late", SERVER))
            self.way, self.error = way, error

        def sendto(self, octets, address):
            super().sendto(octets, address)
            if self.way == "sendto":
                raise self.error
            return len(octets)

        def recvfrom(self, size):
            if self.way == "recvfrom":
                self.way = ""
                raise self.error
            return super().recvfrom(size)

    def broken(ask):
        """Another error of sendto and of recvfrom: what is raised, and how often was it asked."""
        seen = []
        for way, error in (
            ("sendto", PermissionError("no")),
            ("recvfrom", ConnectionRefusedError("port unreachable")),
            ("recvfrom", InterruptedError("a signal")),
        ):
            box = Broken(way, error)
            end = attempt(lambda box=box: ask(box, SERVER, b"now", 7, now=box.now))
            seen.append((end, len(box.log)))
        return seen

    check.probe(
        ask,
        broken,
        expected=[("PermissionError", 1), ("ConnectionRefusedError", 1), ("InterruptedError", 1)],
        rule="Only a TimeoutError leads to the next try; what else sock raises passes through.",
    )

    def late(ask):
        """The first try's answer comes during the last."""
        return asked(ask, (3.5, b"\0\7first", SERVER), (3.75, b"\0\7second", SERVER))

    check.probe(ask, late, expected=(b"first", 3.5, [0.0, 1.0, 3.0]))

    def for_real(ask):
        """Over real sockets, with a server that loses the first question."""
        with (
            socket.socket(type=socket.SOCK_DGRAM) as there,
            socket.socket(type=socket.SOCK_DGRAM) as here,
        ):
            there.bind(("127.0.0.1", 0))
            here.bind(("127.0.0.1", 0))
            there.settimeout(3)

            def serve():
                with suppress(OSError):
                    there.recvfrom(99)
                    octets, sender = there.recvfrom(99)
                    there.sendto(octets[:2] + octets[:1:-1], sender)

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            answer = attempt(
                lambda: ask(here, there.getsockname(), b"stressed", 300, tries=5, wait_s=0.1)
            )
            thread.join(3)
        return answer

    check.probe(ask, for_real, expected=b"desserts", within_s=8)
    ### END HIDDEN TESTS


# %% role="given" id="udp-given-server"
# Shorthand for the tests below: a server whose act numbers the deeds it is asked for.
def answers_of(OnceServer, *datagrams, remember=9):
    """What the server sends back for each (datagram, sender), and the texts it acted upon."""
    deeds = []

    def act(text):
        deeds.append(bytes(text))
        return b"deed %d" % len(deeds)

    server = OnceServer(act, remember)
    return [server.receive(octets, sender) for octets, sender in datagrams], deeds


ADA, BOB = ("192.0.2.7", 4000), ("192.0.2.8", 4000)


# %% role="test" id="udp-test-once" points=2
@check.test
def _():
    # A question that comes twice is carried out once, and answered twice.
    def repeated(OnceServer):
        return answers_of(OnceServer, (b"\0\1pay", ADA), (b"\0\1pay", ADA), (b"\0\2pay", ADA))

    check.probe(
        OnceServer,
        repeated,
        expected=([b"\0\1deed 1", b"\0\1deed 1", b"\0\2deed 2"], [b"pay", b"pay"]),
        says="Question 1, the same again, question 2: the answers, and the texts acted upon.",
        rule="A repetition gets the same answer, since the first one may have been lost, and nothing "
        "is done again.",
    )
    ### BEGIN HIDDEN TESTS

    def other_ones(OnceServer):
        """The same identifier from others, with another text, from another port."""
        return answers_of(
            OnceServer,
            (b"\0\1pay", ADA),
            (b"\0\1pay", BOB),
            (b"\0\1pay", ("192.0.2.7", 4001)),
            (b"\0\1buy", ADA),
            (b"\0\1pay", BOB),
            (b"\0\1pay", ADA),
        )

    check.probe(
        OnceServer,
        other_ones,
        expected=(
            [
                b"\0\1deed 1",
                b"\0\1deed 2",
                b"\0\1deed 3",
                b"\0\1deed 4",
                b"\0\1deed 2",
                b"\0\1deed 1",
            ],
            [b"pay", b"pay", b"pay", b"buy"],
        ),
        rule="A repetition is the same datagram, octet for octet, from the same sender.",
    )

    def short_ones(OnceServer):
        """No text, one octet, none."""
        return answers_of(
            OnceServer, (b"\0\5", ADA), (b"\5", ADA), (b"", ADA), (b"\xff\xfe\0\xff", BOB)
        )

    check.probe(
        OnceServer,
        short_ones,
        expected=([b"\0\5deed 1", None, None, b"\xff\xfedeed 2"], [b"", b"\0\xff"]),
        rule="Two octets make a question, with an empty text; fewer are ignored.",
    )

    def says_nothing(OnceServer):
        """An act whose answer is empty: what comes back twice, and how often it acts."""
        deeds = []
        server = OnceServer(lambda text: deeds.append(text) or b"", 9)
        return [server.receive(b"\0\1pay", ADA) for _ in range(2)], len(deeds)

    check.probe(
        OnceServer,
        says_nothing,
        expected=([b"\0\1", b"\0\1"], 1),
        rule="An empty answer is an answer: a question that got it has been carried out.",
    )

    def fails_once(OnceServer):
        """An act that raises at first: three times the same question."""
        deeds = []

        def act(text):
            deeds.append(text)
            if len(deeds) == 1:
                raise ValueError("not today")
            return b"paid"

        server = OnceServer(act, 9)
        return [attempt(server.receive, b"\0\1pay", ADA) for _ in range(3)], len(deeds)

    check.probe(
        OnceServer,
        fails_once,
        expected=(["ValueError", b"\0\1paid", b"\0\1paid"], 2),
        rule="What act raises passes through, and nothing is remembered of the question.",
    )

    def fails_later(OnceServer):
        """Two questions are remembered; act raises at the third; then come these two again."""

        def act(text):
            if text == b"no":
                raise ValueError("not today")
            deeds.append(text)
            return b"deed %d" % len(deeds)

        server, deeds = OnceServer(act, 2), []
        order = (b"\0\1go", b"\0\1go", b"\0\2do", b"\0\3no", b"\0\2do", b"\0\1go")
        return [attempt(server.receive, each, ADA) for each in order]

    check.probe(
        OnceServer,
        fails_later,
        expected=[
            *[b"\0\1deed 1", b"\0\1deed 1", b"\0\2deed 2"],
            *["ValueError", b"\0\2deed 2", b"\0\1deed 1"],
        ],
        rule="A question at which act raises counts as never asked: it makes nobody forgotten.",
    )

    def two_servers(OnceServer):
        """Two servers, side by side."""
        deeds = []
        a, b = (OnceServer(lambda text: deeds.append(text) or b"ok", 9) for _ in range(2))
        return [a.receive(b"\0\1x", ADA), b.receive(b"\0\1x", ADA), deeds]

    check.probe(OnceServer, two_servers, expected=[b"\0\1ok", b"\0\1ok", [b"x", b"x"]])
    ### END HIDDEN TESTS


# %% role="test" id="udp-test-remember" points=2
@check.test
def _():
    # So many questions are remembered, and no more.
    def forgetful(OnceServer):
        order = [1, 1, 2, 3, 4, 3, 2, 1]
        datagrams = [(b"\0%c" % n, ADA) for n in order]
        answers, _ = answers_of(OnceServer, *datagrams, remember=3)
        return [answer[2:] for answer in answers]

    check.probe(
        OnceServer,
        forgetful,
        expected=[b"deed %d" % n for n in (1, 1, 2, 3, 4, 3, 2, 5)],
        says="Three are remembered. Questions 1, 1, 2, 3, 4, 3, 2, 1: the texts of the answers.",
        rule="When 4 came, 1 was forgotten: it is a new question now.",
    )
    ### BEGIN HIDDEN TESTS

    def by_age(OnceServer):
        """Three are remembered; a repetition of the oldest comes before the fourth."""
        order = [1, 2, 3, 1, 4, 1, 3, 4]
        return answers_of(OnceServer, *[(b"\0%c" % n, ADA) for n in order], remember=3)[0]

    check.probe(
        OnceServer,
        by_age,
        expected=[
            *[b"\0\1deed 1", b"\0\2deed 2", b"\0\3deed 3", b"\0\1deed 1", b"\0\4deed 4"],
            *[b"\0\1deed 5", b"\0\3deed 3", b"\0\4deed 4"],
        ],
        rule="The one that came first is forgotten; a repetition does not make it younger.",
    )

    def only_one(OnceServer):
        order = [1, 1, 2, 2, 1]
        return answers_of(OnceServer, *[(b"\0%c" % n, ADA) for n in order], remember=1)[0]

    check.probe(
        OnceServer,
        only_one,
        expected=[b"\0\1deed 1"] * 2 + [b"\0\2deed 2"] * 2 + [b"\0\1deed 3"],
    )

    def of_all(OnceServer):
        """Two are remembered: one of ada's, two of bob's, and the first again."""
        asked = ((1, ADA), (1, BOB), (2, BOB), (1, ADA), (2, BOB))
        return answers_of(OnceServer, *[(b"\0%c" % n, who) for n, who in asked], remember=2)[0]

    check.probe(
        OnceServer,
        of_all,
        expected=[b"\0%cdeed %d" % each for each in ((1, 1), (1, 2), (2, 3), (1, 4), (2, 3))],
        rule="So many are remembered altogether, whoever has asked them.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="faults-text"
# ## 9. When everything goes wrong at once
#
# So far each exercise had one kind of trouble. On a train there are all of them: octets come in
# crumbs, the line goes quiet, a proxy resets the connection. And there is an error that has nothing
# to do with the network: `EINTR`. A signal came while the system call waited; it was **interrupted**,
# nothing was moved, call it again. (Python does that for you since version 3.5, unless the signal's
# handler raises: PEP 475. In C it is yours to do; and our bad socket speaks C.)
#
# The other errors end the *connection*, but need not end the *work*, if it is safe to do a piece of it
# twice. What may not be done is to go on with the old connection. Watch what happens to a client that
# takes a timeout lightly:

# %%
client, server = tcp_pair()
with client, server:
    client.settimeout(0.05)
    client.sendall(b"what is 6 times 7?")
    try:
        client.recv(99)
    except TimeoutError:
        print("no answer yet; next question")
    server.recv(99)
    server.sendall(b"42")  # a little late
    client.settimeout(5)
    client.sendall(b"how many legs has a dog?")
    print("the dog has", client.recv(99))

# %% [markdown] role="given" id="faults-brief"
# ### Exercise 9: all of it
#
# Write `fetch_all(dial, questions, attempts, limit) -> list[bytes]`: ask a server each of a list of
# `questions` and return the answers in the same order. A question and an answer are messages in the
# frames of exercise 3; `limit` is the limit for both.
#
# - `dial()` opens a new connection, or raises `OSError`. A connection has `send(data)`, `recv(size)`
#   and `close()`, and no other method; the first two behave as in exercises 1 and 2.
# - Ask one question after another, the next one only when the answer has come, over the same
#   connection as long as it works. Open none before it is needed.
# - `InterruptedError` from `send` or `recv` means: nothing was moved, call again. It is no failure,
#   however often it comes.
# - Any `OSError` from `dial`, any other `OSError` from `send` or `recv`, and the end of the stream
#   before the answer is whole are failures of this attempt. Close the connection, and ask the same question again over a
#   new one. (The questions are harmless: asking twice does not matter. Answers that you have are not
#   asked for again.)
# - Each question is attempted at most `attempts` times. If the last attempt fails as well, raise its
#   error (`EOFError` for the end of the stream).
# - An answer that is longer than the limit is no accident: raise `ValueError` as soon as its length is
#   there, and do not try again. A question that is too long: `ValueError` as well, before it is sent.
# - Whatever happens, each connection that was opened is closed when `fetch_all` returns or raises.
#
# The server sends nothing but one answer to each question. You may use what you have written.
#
# Example: with the questions b"a" and b"b" and a connection that is reset after the first answer,
# `dial` is called twice, and b"a" is asked once.


# %% role="answer" id="faults-answer"
def fetch_all(dial, questions: list[bytes], attempts: int, limit: int) -> list[bytes]:
    """Ask every question, over as many connections as it takes; return the answers."""

    ### BEGIN SOLUTION
    def again(call, *args):
        while True:
            try:
                return call(*args)
            except InterruptedError:
                pass

    def answer_to(frame):
        left = memoryview(frame)
        while left:
            left = left[again(connection.send, left) :]
        decoder = FrameDecoder(limit)
        while (answer := decoder.next_message()) is None:
            octets = again(connection.recv, 4096)
            if not octets:
                raise EOFError("the stream ended before the answer")
            decoder.feed(octets)
        return answer

    answers, connection = [], None
    try:
        for question in questions:
            frame = encode_frame(question, limit)
            for attempts_left in reversed(range(attempts)):
                try:
                    if connection is None:
                        connection = dial()
                    answers.append(answer_to(frame))
                    break
                except (OSError, EOFError):
                    if connection is not None:
                        connection.close()
                        connection = None
                    if not attempts_left:
                        raise
        return answers
    finally:
        if connection is not None:
            connection.close()
    ### END SOLUTION


# %% [markdown] role="hint" id="faults-hint-1"
# Nudge
# Three questions to answer first: what is repeated after `InterruptedError`, what after a reset, and
# what never? (One call; one question; one answer already had.)

# %% [markdown] role="hint" id="faults-hint-2"
# Way
# From inside out: `again(call, *args)` repeats a call while it is interrupted. `answer_to(frame)` does
# one attempt over the connection, with a new decoder. Around it a loop over the attempts, around
# that one over the questions, and around everything `try ... finally` that closes.

# %% [markdown] role="hint" id="faults-hint-3"
# Almost
# In the loop over the attempts: `try:` dial if there is no connection, append the answer, `break`;
# `except (OSError, EOFError):` close, forget the connection, and `raise` if this was the last attempt.
# `ValueError` is none of the two, so it passes. `InterruptedError` *is* an `OSError`: it has to be
# caught further inside.


# %% role="given" id="faults-given-shorthand"
# Shorthand for the tests below: a server of the tests' own, on connections that go wrong.
class Line:
    """A connection to a server that answers each question by the question in capitals."""

    def __init__(self, asked):
        self.asked, self.received, self.to_come, self.closed = asked, bytearray(), bytearray(), 0

    def send(self, data):
        if len(self.asked) > 100:
            raise RuntimeError("more than a hundred questions were asked")
        self.received += data
        while len(self.received) >= 4:
            end = 4 + int.from_bytes(self.received[:4], "big")
            if len(self.received) < end:
                break
            question = bytes(self.received[4:end])
            del self.received[:end]
            self.asked.append(question)
            answer = self.answer(question)
            self.to_come += len(answer).to_bytes(4, "big") + answer
        return len(data)

    def answer(self, question):
        return question.upper()

    def recv(self, size):
        if not self.to_come:
            raise TimeoutError("nothing was asked, or nothing is left to come")
        octets = bytes(self.to_come[:size])
        del self.to_come[:size]
        return octets

    def close(self):
        self.closed += 1


def fetched(fetch_all, questions, *plans, attempts=3, limit=100, kind=Line):
    """The result, the questions that reached the server, and how many lines of how many are closed.

    A plan is a dict of faults for one connection, or an exception that dial raises; after the last
    one connections are faultless.
    """
    asked, lines, dials = [], [], iter(plans)

    def dial():
        plan = next(dials, {})
        if not isinstance(plan, dict):
            raise plan
        lines.append(kind(asked))
        return FaultySocket(lines[-1], **plan)

    result = attempt(fetch_all, dial, questions, attempts, limit)
    return result, asked, f"{sum(line.closed > 0 for line in lines)} of {len(lines)} closed"


# %% role="test" id="faults-test-crumbs" points=2
@check.test
def _():
    # Short reads, short writes, interruptions: one connection will do.
    def crumbs(fetch_all):
        plan = dict(send=[2, InterruptedError, 1], recv=[1, InterruptedError, 3, 2])
        return fetched(fetch_all, [b"ada", b"bob"], plan)

    check.probe(
        fetch_all,
        crumbs,
        expected=([b"ADA", b"BOB"], [b"ada", b"bob"], "1 of 1 closed"),
        says="A connection that takes and gives crumbs and is interrupted twice: the answers, the "
        "questions that reached the server, the connections.",
        rule="Interrupted is not broken: call again. And go on after the octets that were moved.",
        within_s=4,
    )
    ### BEGIN HIDDEN TESTS

    def many_crumbs(fetch_all):
        """Nothing but single octets, every second call interrupted, attempts=1."""
        steps = [InterruptedError, 1] * 200
        questions = [b"ada", b"", b"x" * 60, b"bob"]
        return fetched(fetch_all, questions, dict(send=steps, recv=steps), attempts=1)

    def three_hundred(fetch_all):
        """Three hundred interruptions in a row; and what becomes of the list of questions."""
        steps, questions = [InterruptedError] * 300, [b"a"]
        return fetched(fetch_all, questions, dict(send=steps, recv=steps), attempts=1), questions

    check.probe(
        fetch_all,
        three_hundred,
        expected=(([b"A"], [b"a"], "1 of 1 closed"), [b"a"]),
        rule="However often it comes, InterruptedError is no failure; the questions are the caller's.",
        within_s=4,
    )

    check.probe(
        fetch_all,
        many_crumbs,
        expected=(
            [b"ADA", b"", b"X" * 60, b"BOB"],
            [b"ada", b"", b"x" * 60, b"bob"],
            "1 of 1 closed",
        ),
        rule="However often it comes, InterruptedError is no failure.",
        within_s=4,
    )

    def all_is_well(fetch_all):
        """No questions; many questions; a line that is interrupted first of all."""
        many = [b"%d" % n for n in range(30)]
        first = dict(send=[InterruptedError] * 3, recv=[InterruptedError] * 3)
        return [
            fetched(fetch_all, []),
            fetched(fetch_all, many, attempts=1),
            fetched(fetch_all, [b"hi"], first, attempts=1),
        ]

    check.probe(
        fetch_all,
        all_is_well,
        expected=[
            ([], [], "0 of 0 closed"),
            ([b"%d" % n for n in range(30)], [b"%d" % n for n in range(30)], "1 of 1 closed"),
            ([b"HI"], [b"hi"], "1 of 1 closed"),
        ],
        rule="One connection is enough as long as it works, and none where nothing is asked.",
        within_s=4,
    )
    ### END HIDDEN TESTS


# %% role="test" id="faults-test-broken" points=3
@check.test
def _():
    # Connections that break: a new one, the same question.
    def reset_between(fetch_all):
        return fetched(fetch_all, [b"ada", b"bob"], dict(recv_fails=(7, ConnectionResetError)))

    check.probe(
        fetch_all,
        reset_between,
        expected=([b"ADA", b"BOB"], [b"ada", b"bob", b"bob"], "2 of 2 closed"),
        says="The first connection is reset after the answer to b'ada'.",
        rule="A broken connection is closed, and the question that has no answer is asked again over a "
        "new one.",
        within_s=4,
    )
    ### BEGIN HIDDEN TESTS

    def every_way(fetch_all):
        """Reset, timeout, broken pipe, end of stream, at every octet, in both directions."""
        kinds = (ConnectionResetError, TimeoutError, ConnectionAbortedError, OSError("what?"))
        wrong = []
        for error in kinds:
            for way in ("recv_fails", "send_fails"):
                for after in range(15):
                    result, _, closed = fetched(fetch_all, [b"ada", b"bob"], {way: (after, error)})
                    lines = 2 if after < 14 else 1
                    if result != [b"ADA", b"BOB"] or closed != f"{lines} of {lines} closed":
                        wrong.append((str(error), way, after, result, closed))
        return wrong[:3]

    check.probe(
        fetch_all,
        every_way,
        expected=[],
        rule="At whatever octet a connection breaks, the answers are the same, and it is closed.",
        within_s=6,
    )

    class Late(Line):
        """Its first answer comes late, when the next question has been asked."""

        def recv(self, size):
            if len(self.asked) == 1:
                raise TimeoutError("late")
            return super().recv(size)

    def late_answer(fetch_all):
        """The first answer comes too late; which answer goes with which question?"""
        return fetched(fetch_all, [b"ada", b"bob"], kind=Late)

    check.probe(
        fetch_all,
        late_answer,
        expected=([b"ADA", b"BOB"], [b"ada", b"ada", b"bob"], "2 of 2 closed"),
        says="The server's first answer comes after the client's patience has ended.",
        rule="After a failure the old connection may still bring an old answer: never use it again.",
        within_s=4,
    )

    class Hangs(Line):
        """It ends the stream in the middle of every second answer."""

        def recv(self, size):
            if len(self.asked) % 2 and len(self.to_come) <= 3:
                return b""
            return super().recv(min(size, max(1, len(self.to_come) - 3)))

    def ends_early(fetch_all):
        """Every second answer is cut short by the end of the stream."""
        return fetched(fetch_all, [b"ada", b"bob"], kind=Hangs)

    check.probe(
        fetch_all,
        ends_early,
        expected=([b"ADA", b"BOB"], [b"ada", b"ada", b"bob", b"bob"], "3 of 3 closed"),
        rule="The end of the stream before the answer is whole is a failure like any other; of half "
        "an answer nothing is kept.",
        within_s=4,
    )

    def interrupted_reset(fetch_all):
        """Interruptions, and resets behind them, and a dial that fails."""
        plan = dict(recv=[InterruptedError, 2, ConnectionResetError])
        nobody = ConnectionRefusedError("nobody there")
        return fetched(fetch_all, [b"ada", b"bob"], plan, nobody, plan, attempts=4)

    check.probe(
        fetch_all,
        interrupted_reset,
        expected=([b"ADA", b"BOB"], [b"ada", b"ada", b"ada", b"bob"], "3 of 3 closed"),
        rule="A dial that fails is a failed attempt too.",
        within_s=4,
    )
    ### END HIDDEN TESTS


# %% role="test" id="faults-test-attempts" points=2
@check.test
def _():
    # So many attempts for each question, and then the error.
    broken = dict(recv_fails=(0, ConnectionResetError))

    def never(fetch_all):
        return fetched(fetch_all, [b"ada", b"bob"], broken, broken, broken, attempts=3)

    check.probe(
        fetch_all,
        never,
        expected=("ConnectionResetError", [b"ada"] * 3, "3 of 3 closed"),
        says="Three attempts, and each connection is reset before the answer.",
        rule="When the last attempt fails, its error is raised, and every connection is closed.",
        within_s=4,
    )
    ### BEGIN HIDDEN TESTS

    def counted_for_each(fetch_all):
        """Two attempts; each of three questions needs both."""
        after_one = dict(recv_fails=(7, ConnectionResetError))
        plans = [broken, after_one, after_one, dict(recv_fails=(14, TimeoutError))]
        return fetched(fetch_all, [b"ada", b"bob", b"eve"], *plans, attempts=2)

    check.probe(
        fetch_all,
        counted_for_each,
        expected=(
            [b"ADA", b"BOB", b"EVE"],
            [b"ada", b"ada", b"bob", b"bob", b"eve", b"eve"],
            "4 of 4 closed",
        ),
        rule="The attempts of one question are not counted against the next.",
        within_s=4,
    )

    def last_error(fetch_all):
        """Which error it ends with; dials that fail; one attempt only."""
        refused = ConnectionRefusedError("nobody")
        late = dict(recv_fails=(2, TimeoutError))
        return [
            fetched(fetch_all, [b"ada"], broken, late, refused),
            fetched(fetch_all, [b"ada"], refused, refused, late),
            fetched(fetch_all, [b"ada"], refused, broken, attempts=2),
            fetched(fetch_all, [b"ada", b"bob"], dict(recv_fails=(7, BrokenPipeError)), attempts=1),
        ]

    check.probe(
        fetch_all,
        last_error,
        expected=[
            ("ConnectionRefusedError", [b"ada"] * 2, "2 of 2 closed"),
            ("TimeoutError", [b"ada"], "1 of 1 closed"),
            ("ConnectionResetError", [b"ada"], "1 of 1 closed"),
            ("BrokenPipeError", [b"ada", b"bob"], "1 of 1 closed"),
        ],
        rule="The error of the last attempt is raised.",
        within_s=4,
    )

    def interrupted_dials(fetch_all):
        """Three dials are interrupted, and there are two attempts; one is, and there are two."""
        signals = [InterruptedError("a signal") for _ in range(3)]
        return [
            fetched(fetch_all, [b"ada"], *signals, attempts=2),
            fetched(fetch_all, [b"ada"], signals[0], attempts=2),
        ]

    check.probe(
        fetch_all,
        interrupted_dials,
        expected=[
            ("InterruptedError", [], "0 of 0 closed"),
            ([b"ADA"], [b"ada"], "1 of 1 closed"),
        ],
        rule="A dial that is interrupted is a failed attempt: only send and recv are called again.",
        within_s=4,
    )

    class Mute(Line):
        """It ends the stream instead of answering."""

        def recv(self, size):
            return b""

    def no_answers(fetch_all):
        return fetched(fetch_all, [b"ada"], attempts=2, kind=Mute)

    check.probe(
        fetch_all,
        no_answers,
        expected=("EOFError", [b"ada"] * 2, "2 of 2 closed"),
        says="A server that ends the stream instead of answering; two attempts.",
        rule="The end of the stream is EOFError when no attempt is left.",
        within_s=4,
    )
    ### END HIDDEN TESTS


# %% role="test" id="faults-test-limit" points=1
@check.test
def _():
    # An answer that is too long.
    class Talkative(Line):
        def answer(self, question):
            return question * 4

    def too_long(fetch_all):
        return fetched(fetch_all, [b"a", b"ada"], limit=4, kind=Talkative)

    check.probe(
        fetch_all,
        too_long,
        expected=("ValueError", [b"a", b"ada"], "1 of 1 closed"),
        says="The limit is 4; the answers have 4 octets and 12.",
        rule="A server that breaks the rules is not asked again; the connection is closed all the "
        "same.",
        within_s=4,
    )
    ### BEGIN HIDDEN TESTS

    def long_question(fetch_all):
        """The second question is too long: the result, was it sent, is everything closed?"""
        result, asked, closed = fetched(fetch_all, [b"ada", b"eleven oct.", b"x"], limit=10)
        return result, b"eleven oct." in asked, closed in ("1 of 1 closed", "0 of 0 closed")

    check.probe(
        fetch_all,
        long_question,
        expected=("ValueError", False, True),
        rule="A question above the limit is refused before it is sent.",
        within_s=4,
    )

    def in_the_middle(fetch_all):
        """What is no OSError: does it pass, and how often is the connection closed?"""
        line = Line([])
        try:
            fetch_all(lambda: FaultySocket(line, recv_fails=(2, KeyError("bug"))), [b"ada"], 3, 9)
        except KeyError as error:
            return str(error), line.closed > 0, line.asked

    check.probe(
        fetch_all,
        in_the_middle,
        expected=("'bug'", True, [b"ada"]),
        rule="Whatever is raised passes through, and what was opened is closed.",
        within_s=4,
    )

    class FiveTimes(Line):
        def answer(self, question):
            return question * 5

    def just_too_long(fetch_all):
        """The limit is 4; the answer has 5 octets."""
        return fetched(fetch_all, [b"a"], limit=4, kind=FiveTimes)

    check.probe(
        fetch_all,
        just_too_long,
        expected=("ValueError", [b"a"], "1 of 1 closed"),
        rule="4 octets are within a limit of 4, and 5 are not.",
        within_s=4,
    )

    class OnlyTheLength(Line):
        """It announces four gigabytes, of which none comes."""

        def answer(self, question):
            self.to_come += b"\xff\xff\xff\xff"
            return b""

        def recv(self, size):
            if len(self.to_come) <= 4:
                raise TimeoutError("nothing comes after the length")
            return super().recv(min(size, len(self.to_come) - 4))

    def announced(fetch_all):
        """Only the four octets of a length come, ff ff ff ff."""
        return fetched(fetch_all, [b"a"], limit=4, kind=OnlyTheLength)

    check.probe(
        fetch_all,
        announced,
        expected=("ValueError", [b"a"], "1 of 1 closed"),
        rule="Judge the length as soon as it is there, and not when the answer has come.",
        within_s=4,
    )
    ### END HIDDEN TESTS


# %% role="test" id="faults-test-real" points=1
@check.test
def _():
    # Over real connections, by the dice.
    def by_dice(fetch_all):
        def talk(client):
            """Frames back in capitals."""
            with client, suppress(OSError), client.makefile("rb") as file:
                client.settimeout(5)
                while len(head := file.read(4)) == 4:
                    text = file.read(int.from_bytes(head, "big"))
                    client.sendall(head + text.upper())

        def serve(listener):
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=talk, args=(client,), daemon=True).start()

        seeds = iter(range(100))
        with running(serve) as server:

            def dial():
                sock = socket.create_connection(server.address, timeout=3)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return FaultySocket.seeded(sock, next(seeds), most=6, trouble=0.06)

            return fetch_all(dial, [b"question %d" % n for n in range(12)], 30, 50)

    check.probe(
        fetch_all,
        by_dice,
        expected=[b"QUESTION %d" % n for n in range(12)],
        says="Twelve questions to a real server over sockets that fail by the dice.",
        rule="Crumbs, interruptions, timeouts: the answers are the same.",
        within_s=9,
    )


# %% [markdown] role="given" id="chat-text"
# ## 10. Many at once
#
# The last exercise puts it together, and its clients are not written by you: `nc`, the Unix tool
# that connects a terminal to a socket, or `socat`, or whatever somebody has. A chat server, to which
# people type lines. They type half a line and go for a coffee; they send CR LF or LF; their laptop
# is shut in the middle; and one of them leaves the window open and never reads.
#
# Two rules keep such a server alive. **Never wait for one client**: not for the rest of a line, not
# for somebody to read. And **never keep more for a client than a fixed amount**: who does not read
# what is said to them is dropped. (The next topic, `15_c10k`, is about how many this can carry.)
#
# One way to do it is one thread with **readiness**: `selectors` says which sockets have something to
# read, or room to write, and a socket that is set to non-blocking raises `BlockingIOError` instead
# of waiting. Here it is with two sockets and no protocol:

# %%
one, two = socket.socketpair()
with one, two, selectors.DefaultSelector() as selector:
    for name, sock in {"one": one, "two": two}.items():
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, name)
    two.send(b"hello")
    for key, events in selector.select(timeout=1):
        ready = [w for w, bit in (("read", 1), ("write", 2)) if events & bit]
        print(key.data, "is ready to", " and ".join(ready))
    selector.unregister(two)
    two.close()
    print(one.recv(99), one.recv(99), "<- and this is how it looks when somebody has left")

# %% [markdown] role="given" id="chat-brief"
# ### Exercise 10: a chat server
#
# Do it in two parts, as before: the rules without any socket, then the sockets without any rules.
#
# **`ChatRoom()`**. A client is known by a number. Each method returns a list of pairs `(client, what)`
# in the order in which it happens: `what` is `bytes` to be sent to that client, or `None`: close that
# client's connection (nothing follows for it, and the room has forgotten it).
#
# | method | event |
# |---|---|
# | `arrived(client)` | somebody has connected: gets `* your name?` |
# | `heard(client, octets)` | octets have come, any number, however cut. From a client that the room does not know (any more): nothing |
# | `gone(client)` | the connection has ended or broken. An unknown client: nothing |
#
# Everything the server says is a line that ends in LF. What it hears are lines that end in LF or CR LF;
# half a line is kept until the rest comes. When a client has gone, nothing is kept of it: a room is
# open for years.
#
# 1. A line has at most 256 octets, its end not counted. When a whole line is longer, or when 258 octets
#    without LF have come (256, a CR and one more), the client gets `* line too long` and is closed, and
#    it has *left* (rule 5). Whole lines before that count; what comes after it is not looked at. (257
#    octets without LF are still waited for here, whatever the last one is.)
# 2. A client's first line is its name: 1 to 16 ASCII letters and digits, else it gets `* bad name`.
#    If somebody present has that very name, it gets `* name taken`. In both cases its next line is
#    tried as a name.
# 3. With a good name it is *present*: the others who are present get `* ada joined`, and ada gets
#    `* here: ada, bob`, all who are present, herself included, in the order in which Python sorts
#    `bytes` (capitals first).
# 4. Each further line goes to all others who are present as `ada: the line`; the octets of the line as
#    they are, whatever they are. An empty line is ignored. To the sender nothing is sent.
# 5. When somebody leaves who was present, the others who are present get `* ada left`.
#
# The order of pairs for different clients does not matter, nor whether several lines for one client
# come in one pair or in several.
#
# **`serve_chat(listener: socket.socket) -> None`**: accepts any number of clients at once and does
# what a `ChatRoom` says. It never waits for one client, and while nothing happens it waits for all of
# them and uses no processor time. If more than 65,536 octets wait for a client that does not read,
# close that connection; it is *gone*. When the other side ends its stream it is gone too: close. If
# `listener.accept()` raises `OSError`, the listener has been shut down: close all connections and
# return. (`BlockingIOError` is an `OSError` and says only that nobody waits at the moment.) The last
# words to a client that is closed may be lost.
#
# Threads, `selectors` and `asyncio.run` are all allowed.
#
# Example: in a new room, `arrived(1)` returns `[(1, b"* your name?\n")]`, and `heard(1, b"ada\r\n")`
# returns `[(1, b"* here: ada\n")]`.


# %% role="answer" id="chat-answer"
class ChatRoom:
    """Who is there, and who hears what: sans-IO."""

    def __init__(self):
        self.unread: dict = {}  # what has come of a line, by client
        self.names: dict = {}  # by client; only those who are present

    def arrived(self, client: int) -> list:
        """Somebody has connected."""
        ### BEGIN SOLUTION
        self.unread[client] = b""
        return [(client, b"* your name?\n")]
        ### END SOLUTION

    def heard(self, client: int, octets: bytes) -> list:
        """Octets have come from a client."""
        ### BEGIN SOLUTION
        if client not in self.unread:
            return []
        said = []
        *lines, rest = (self.unread[client] + octets).split(b"\n")
        for line in lines:
            line = line.removesuffix(b"\r")
            if len(line) > 256:
                return [*said, *self._too_long(client)]
            said += self._line(client, line)
        if len(rest) >= 258:
            return [*said, *self._too_long(client)]
        self.unread[client] = rest
        return said
        ### END SOLUTION

    def gone(self, client: int) -> list:
        """The connection of a client has ended or broken."""
        ### BEGIN SOLUTION
        if self.unread.pop(client, None) is None:
            return []
        name = self.names.pop(client, None)
        return [] if name is None else self._tell(b"* %s left\n" % name)

    def _too_long(self, client):
        return [(client, b"* line too long\n"), (client, None), *self.gone(client)]

    def _line(self, client, line):
        name = self.names.get(client)
        if name is not None:
            return self._tell(b"%s: %s\n" % (name, line), besides=client) if line else []
        if not (1 <= len(line) <= 16 and line.isalnum()):
            return [(client, b"* bad name\n")]
        if line in self.names.values():
            return [(client, b"* name taken\n")]
        told = self._tell(b"* %s joined\n" % line)
        self.names[client] = line
        return [*told, (client, b"* here: %s\n" % b", ".join(sorted(self.names.values())))]

    def _tell(self, text, besides=None):
        return [(client, text) for client in self.names if client != besides]
        ### END SOLUTION


def serve_chat(listener: socket.socket) -> None:
    """Let clients chat until the listener is shut down."""
    ### BEGIN SOLUTION
    room, socks, waiting, numbers = ChatRoom(), {}, {}, itertools.count()
    selector = selectors.DefaultSelector()
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ)

    def accept():
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        client = next(numbers)
        sock.setblocking(False)
        socks[client], waiting[client] = sock, bytearray()
        selector.register(sock, selectors.EVENT_READ, client)
        carry_out(room.arrived(client))

    def carry_out(said):
        for client, what in said:
            if client in socks and what is None:
                lose(client)
            elif client in socks:
                waiting[client] += what
                flush(client)

    def flush(client):
        try:
            del waiting[client][: socks[client].send(waiting[client])]
        except BlockingIOError:
            pass
        except OSError:
            lose(client)
            return
        if len(waiting[client]) > 65_536:
            lose(client)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting[client] else 0)
        selector.modify(socks[client], wanted, client)

    def hear(client):
        try:
            octets = socks[client].recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            lose(client)
            return
        if octets:
            carry_out(room.heard(client, octets))
        else:
            lose(client)

    def lose(client):
        sock = socks.pop(client)
        selector.unregister(sock)
        sock.close()
        carry_out(room.gone(client))

    try:
        while True:
            for key, events in selector.select():
                if key.fileobj is listener:
                    accept()
                if events & selectors.EVENT_WRITE and key.data in socks:
                    flush(key.data)
                if events & selectors.EVENT_READ and key.data in socks:
                    hear(key.data)
    except OSError:
        return
    finally:
        for sock in socks.values():
            sock.close()
        selector.close()
    ### END SOLUTION


# %% [markdown] role="hint" id="chat-hint-1"
# Nudge
# Write the room first and try it by hand: `room = ChatRoom()`, `room.arrived(1)`, `room.heard(1,
# b"a")`, `room.heard(1, b"da\n")`. It needs to remember two things about a client. For the server: in
# which of its calls could one client make everybody wait?

# %% [markdown] role="hint" id="chat-hint-2"
# Way
# Room: one dictionary for half lines, one for names; one method for a whole line, one that tells
# everybody something. Server: one thread, a selector, and for each client a `bytearray` of what is
# still to be sent. Ask for EVENT_WRITE only while there is something in it. What the room says goes
# through one function, and closing somebody makes the room say more.

# %% [markdown] role="hint" id="chat-hint-3"
# Almost
# Room: `*lines, rest = (unread + octets).split(b"\n")`. Server: `while True: for key, events in
# selector.select():` the listener accepts; a client is flushed if EVENT_WRITE and read if EVENT_READ;
# b"" or `OSError` means `carry_out(room.gone(client))`. Whoever has been dropped in the same round must
# be skipped: `elif key.data in socks`. Around it all `try: ... except OSError: return finally:` close.


# %% role="given" id="chat-given-shorthand"
# Shorthand for the tests below, and for you: what a room says, client by client.
def room_says(ChatRoom, *events):
    """For each event what each client is sent, as one piece; `closed` where it is closed.

    An event is (client, octets), (client, "arrived") or (client, "gone").
    """
    room, seen = ChatRoom(), []
    for client, what in events:
        if what in ("arrived", "gone"):
            pairs = getattr(room, what)(client)
        else:
            pairs = room.heard(client, what)
        told = {}
        for to, octets in pairs:
            told[to] = told.get(to, b"") + (b"closed" if octets is None else octets)
        seen.append(told)
    return seen


def entered(*names):
    """The events by which clients 1, 2, 3 come and give these names."""
    for client, name in enumerate(names, 1):
        yield from [(client, "arrived"), (client, name + b"\n")]


# %% role="test" id="chat-test-room" points=2
@check.test
def _():
    # People come, talk and go.
    def talk(ChatRoom):
        events = [*entered(b"ada", b"bob"), (1, b"hello\n"), (2, b"hi ada\r\n"), (1, "gone")]
        return room_says(ChatRoom, *events)

    check.probe(
        ChatRoom,
        talk,
        expected=[
            {1: b"* your name?\n"},
            {1: b"* here: ada\n"},
            {2: b"* your name?\n"},
            {1: b"* bob joined\n", 2: b"* here: ada, bob\n"},
            {2: b"ada: hello\n"},
            {1: b"bob: hi ada\n"},
            {2: b"* ada left\n"},
        ],
        says="ada comes, bob comes, each says something, ada goes: who is told what at each step.",
        rule="The others hear it, the sender does not.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def three(ChatRoom):
        """Three present and one who has no name yet."""
        events = [*entered(b"zoe", b"Bob", b"ada"), (4, "arrived"), (2, b"to all\n"), (4, "gone")]
        events += [(2, "gone"), (2, "gone"), (9, "gone"), (3, b"bye\n"), (1, "gone"), (3, b"x\n")]
        return room_says(ChatRoom, *events)[5:]

    check.probe(
        ChatRoom,
        three,
        expected=[
            {1: b"* ada joined\n", 2: b"* ada joined\n", 3: b"* here: Bob, ada, zoe\n"},
            {4: b"* your name?\n"},
            {1: b"Bob: to all\n", 3: b"Bob: to all\n"},
            {},
            {1: b"* Bob left\n", 3: b"* Bob left\n"},
            {},
            {},
            {1: b"ada: bye\n"},
            {3: b"* zoe left\n"},
            {},
        ],
        rule="Who has no name yet hears nothing and is not missed; who has left is told nothing.",
        within_s=3,
    )

    def again(ChatRoom):
        """A client number that is used again, a name that has become free, two rooms."""
        events = [(1, "arrived"), (1, b"ada\nhal"), (1, "gone"), (1, "arrived"), (1, b"ada\n")]
        return room_says(ChatRoom, *events)[2:], room_says(ChatRoom, *entered(b"ada"))

    check.probe(
        ChatRoom,
        again,
        expected=(
            [{}, {1: b"* your name?\n"}, {1: b"* here: ada\n"}],
            [{1: b"* your name?\n"}, {1: b"* here: ada\n"}],
        ),
        rule="When a client goes, its name is free and its half line forgotten.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="chat-test-lines" points=2
@check.test
def _():
    # Half lines, many lines, odd lines.
    def cut(ChatRoom):
        events = [
            *entered(b"ada", b"bob"),
            (1, b"hel"),
            (2, b"one\ntwo\r\nth"),
            (1, b"lo\r"),
            (1, b"\n"),
        ]
        return room_says(ChatRoom, *events)[4:]

    check.probe(
        ChatRoom,
        cut,
        expected=[{}, {1: b"bob: one\nbob: two\n"}, {}, {2: b"ada: hello\n"}],
        says="ada sends half a line; bob sends two and a half; ada sends the rest.",
        rule="A line counts when its LF has come; each client's half line is its own.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def odd(ChatRoom):
        """Empty lines, lone CRs, spaces, octets that are no text."""
        texts = [
            b"\n",
            b"\r\n",
            b" \n",
            b"a\rb\r\r\n",
            b"\xff\xfe\0\n",
            b"%s %d\n",
            b"\n\nx\n\n",
            b"",
        ]
        return room_says(ChatRoom, *entered(b"ada", b"bob"), *[(1, text) for text in texts])[4:]

    check.probe(
        ChatRoom,
        odd,
        expected=[
            {},
            {},
            {2: b"ada:  \n"},
            {2: b"ada: a\rb\r\n"},
            {2: b"ada: \xff\xfe\0\n"},
            {2: b"ada: %s %d\n"},
            {2: b"ada: x\n"},
            {},
        ],
        rule="Only LF and one CR before it are cut off; only a line without any octet is ignored.",
        within_s=3,
    )

    def at_once(ChatRoom):
        """Name and lines in one piece, the name in crumbs."""
        events = [*entered(b"ada"), (2, "arrived"), (2, b"bob\nhi\nho")]
        events += [(3, "arrived"), (3, b"e"), (3, b"v"), (3, b"e"), (3, b"\r"), (3, b"\nhey\n")]
        return room_says(ChatRoom, *events)[3:]

    check.probe(
        ChatRoom,
        at_once,
        expected=[
            {1: b"* bob joined\nbob: hi\n", 2: b"* here: ada, bob\n"},
            {3: b"* your name?\n"},
            {},
            {},
            {},
            {},
            {
                1: b"* eve joined\neve: hey\n",
                2: b"* eve joined\neve: hey\n",
                3: b"* here: ada, bob, eve\n",
            },
        ],
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="chat-test-names" points=2
@check.test
def _():
    # Names that cannot be, and names that are taken.
    def names(ChatRoom):
        events = [*entered(b"ada"), (2, "arrived")]
        events += [(2, name + b"\n") for name in (b"ada", b"b o b", b"", b"bob", b"ada")]
        return room_says(ChatRoom, *events)[3:]

    check.probe(
        ChatRoom,
        names,
        expected=[
            {2: b"* name taken\n"},
            {2: b"* bad name\n"},
            {2: b"* bad name\n"},
            {1: b"* bob joined\n", 2: b"* here: ada, bob\n"},
            {1: b"bob: ada\n"},
        ],
        says="The second client tries the names ada, 'b o b', nothing and bob, and then says 'ada'.",
        rule="A bad name and a taken one are answered, and the next line is tried.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def edges(ChatRoom):
        """The longest name, one longer; letters that are not ASCII; signs; case."""
        tried = [
            b"x" * 16,
            b"x" * 17,
            b"0",
            b"\xc3\xa9va",
            b"a_b",
            b"a-b",
            b"Ada",
            b"ADA9",
            b" ada",
        ]
        return [
            room_says(ChatRoom, *entered(b"ada"), (2, "arrived"), (2, name + b"\n"))[3][2][:6]
            for name in [*tried, b"ada\r", b"ada ", b"a\rda", b"\r", b"ada9" * 4]
        ]

    bad, here = b"* bad ", b"* here"
    check.probe(
        ChatRoom,
        edges,
        expected=[here, bad, here, bad, bad, bad, here, here, bad, b"* name", bad, bad, bad, here],
        rule="1 to 16 ASCII letters and digits; Ada is not ada.",
        within_s=3,
    )

    def two_at_the_door(ChatRoom):
        """Two without a name try the same one; the name of somebody who left is free."""
        events = [(1, "arrived"), (2, "arrived"), (1, b"ad"), (2, b"ada\n"), (1, b"a\n")]
        return room_says(ChatRoom, *events, (2, "gone"), (1, b"ada\n"))[3:]

    check.probe(
        ChatRoom,
        two_at_the_door,
        expected=[{2: b"* here: ada\n"}, {1: b"* name taken\n"}, {}, {1: b"* here: ada\n"}],
        rule="A name is taken while somebody who has it is present.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="chat-test-long" points=2
@check.test
def _():
    # Lines that are too long.
    def long_line(ChatRoom):
        events = [*entered(b"ada", b"bob"), (1, b"x" * 256 + b"\n"), (1, b"y" * 300)]
        return room_says(ChatRoom, *events, (1, b"\nhello\n"), (2, b"who?\n"))[4:]

    check.probe(
        ChatRoom,
        long_line,
        expected=[
            {2: b"ada: " + b"x" * 256 + b"\n"},
            {1: b"* line too long\nclosed", 2: b"* ada left\n"},
            {},
            {},
        ],
        says="ada sends a line of 256 octets, then 300 octets without an end, then more.",
        rule="256 octets are allowed. Who sends more without an end is told so, closed, and has left.",
        within_s=3,
    )
    ### BEGIN HIDDEN TESTS

    def limits(ChatRoom):
        """What ada is told after so many octets, with and without ends."""
        texts = [b"x" * 257, b"x" * 258, b"x" * 256 + b"\r", b"x" * 256 + b"\r\n"]
        texts += [b"x" * 257 + b"\n", b"x" * 257 + b"\r\n", b"x" * 256 + b"\r\r\n"]
        return [room_says(ChatRoom, *entered(b"ada"), (1, text))[2] for text in texts]

    told = {1: b"* line too long\nclosed"}
    check.probe(
        ChatRoom,
        limits,
        expected=[{}, told, {}, {}, told, told, told],
        rule="The end of the line is not counted; 258 octets without LF are too many in any case.",
        within_s=3,
    )

    def in_between(ChatRoom):
        """A good line, one too long and another in one piece; a crumb at a time; without a name."""
        mixed = [*entered(b"ada", b"bob"), (1, b"one\n" + b"x" * 400 + b"\ntwo\n"), (2, b"x\n")]
        crumbs = [*entered(b"ada", b"bob"), *[(1, b"x" * 86)] * 3, (2, b"hm\n"), (1, "gone")]
        nameless = [*entered(b"ada"), (2, "arrived"), (2, b"x" * 20 + b"\n"), (2, b"y" * 999)]
        return [
            room_says(ChatRoom, *mixed)[4:],
            room_says(ChatRoom, *crumbs)[4:],
            room_says(ChatRoom, *nameless, (2, "gone"), (1, b"x\n"))[3:],
        ]

    check.probe(
        ChatRoom,
        in_between,
        expected=[
            [{1: b"* line too long\nclosed", 2: b"ada: one\n* ada left\n"}, {}],
            [{}, {}, {1: b"* line too long\nclosed", 2: b"* ada left\n"}, {}, {}],
            [{2: b"* bad name\n"}, {2: b"* line too long\nclosed"}, {}, {}],
        ],
        rule="What came before the long line counts, what comes after it does not.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="chat-test-memory" points=1 tags=["beside"]
@check.test
def _():
    # Who has gone is forgotten.
    def kept(ChatRoom):
        """Are more than 60 kB kept after 1,000 visitors have come, said something and gone?"""
        import tracemalloc

        room = ChatRoom()
        room.arrived(0)
        room.heard(0, b"ada\n")
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for n in range(1, 1001):
                room.arrived(n)
                room.heard(n, b"v%d\nhello\nI was ab" % n)
                room.gone(n)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        return after - before > 60_000

    check.probe(
        ChatRoom,
        kept,
        expected=False,
        rule="What is known of a client, and what was said, is gone when nobody needs it any more.",
        within_s=5,
    )


# %% role="given" id="chat-given-voices"
# Shorthand for the tests below, and for you: clients of a running server.
class InVain(Exception):
    """Somebody waited for a line, or to be heard, and nothing came of it."""


class Voice:
    """A client of the chat server: says octets, hears lines."""

    def __init__(self, server, name=None, deaf=False):
        try:
            self.sock = small_window(server) if deaf else server.connect(timeout_s=1.0)
        except OSError:
            raise InVain("somebody could not connect") from None
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.heard = b""
        if name:
            self.lines(1)
            self.say(name + b"\n")
            self.lines(1)

    def say(self, octets):
        try:
            say_all(self.sock, octets)
        except OSError:
            raise InVain("somebody could not say anything any more") from None

    def lines(self, count):
        """The next so many lines."""
        while self.heard.count(b"\n") < count:
            if not in_time(self.sock):
                raise InVain("somebody waited for a line in vain")
            try:
                octets = self.sock.recv(65_536)
            except OSError:
                octets = b""
            if not octets:
                raise InVain("somebody was disconnected")
            self.heard += octets
        *found, self.heard = self.heard.split(b"\n", count)
        return found

    def end(self):
        """How the connection ends."""
        with suppress(OSError):
            while in_time(self.sock):
                if not (octets := self.sock.recv(65_536)):
                    break
                self.heard += octets
            else:
                return "still open"
        return "closed"


def story(serve_chat, tell):
    """What `tell(server)` yields, one after another, and how it stopped if it did."""
    seen = []
    with serving(serve_chat) as server:
        try:
            for step in tell(server):
                seen.append(step)  # one by one, so that none is lost when the next one fails
        except InVain as stopped:
            seen.append(str(stopped))
    return seen


def little_room(serve_chat):
    """The same server with small queues of the system, so that its own count sooner."""

    def serve(listener):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        serve_chat(listener)

    return serve


# %% role="test" id="chat-test-server" points=2
@check.test
def _():
    # Two people on a real server.
    def two_people(server):
        ada = Voice(server)
        yield ada.lines(1)
        ada.say(b"ada\n")
        yield ada.lines(1)
        bob = Voice(server, b"bob")
        yield ada.lines(1)
        bob.say(b"hello\r\n")
        yield ada.lines(1)
        ada.say(b"hi\n")
        yield bob.lines(1)

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, two_people),
        expected=[
            *[[b"* your name?"], [b"* here: ada"], [b"* bob joined"], [b"bob: hello"]],
            [b"ada: hi"],
        ],
        says="ada and bob connect, give their names and greet each other: what they hear.",
        rule="Accept everybody, carry out what the room says, and wait for nobody.",
        within_s=9,
    )
    ### BEGIN HIDDEN TESTS

    def at_the_end(server):
        ada, quiet = Voice(server, b"ada"), Voice(server)
        quiet.lines(1)
        server.shut_down()
        yield server.stopped(2)
        yield type(server.error).__name__
        yield ada.end()
        yield quiet.end()

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, at_the_end),
        expected=[True, "NoneType", "closed", "closed"],
        says="The listener is shut down: whether serve_chat returns, what it raises, and how it ends "
        "for two clients.",
        rule="When accept raises OSError, close all connections and return.",
        within_s=12,
    )
    ### END HIDDEN TESTS


# %% role="test" id="chat-test-interleaved" points=3
@check.test
def _():
    # Clients that type slowly, all at once.
    def slowly(server):
        silent = Voice(server)
        slow = Voice(server)
        slow.say(b"sl")
        ada, bob = Voice(server, b"ada"), Voice(server, b"bob")
        yield ada.lines(1)
        ada.say(b"half a li")
        bob.say(b"whole line\n")
        yield ada.lines(1)
        slow.say(b"ow\r\n")
        yield from [ada.lines(1), bob.lines(1), slow.lines(2)]
        ada.say(b"ne\n")
        yield from [bob.lines(1), slow.lines(1), silent.lines(1)]

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, slowly),
        expected=[
            [b"* bob joined"],
            [b"bob: whole line"],
            [b"* slow joined"],
            [b"* slow joined"],
            [b"* your name?", b"* here: ada, bob, slow"],
            [b"ada: half a line"],
            [b"ada: half a line"],
            [b"* your name?"],
        ],
        says="One says nothing, one types half a name, ada types half a line; bob is quicker.",
        rule="Half a line of one client must not keep the others waiting.",
        within_s=12,
    )
    ### BEGIN HIDDEN TESTS

    def eight(server):
        people = []
        for n in range(8):
            people.append(Voice(server, b"p%d" % n))
            for other in people[:-1]:
                other.lines(1)
        for voice in people:
            voice.say(b"I am ")
        for n, voice in reversed(list(enumerate(people))):
            voice.say(b"number %d\n" % n)
            yield {other.lines(1)[0] for other in people if other is not voice}

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, eight),
        expected=[{b"p%d: I am number %d" % (n, n)} for n in reversed(range(8))],
        says="Eight people; all say the first half of a line, then all the second half.",
        rule="Everybody present hears every line, whole and once.",
        within_s=15,
    )

    def in_order(server):
        ada, bob, eve = (Voice(server, name) for name in (b"ada", b"bob", b"eve"))
        ada.lines(2)
        bob.lines(1)
        ada.say(b"".join(b"line %d\r\n" % n for n in range(300)))
        wanted = [b"ada: line %d" % n for n in range(300)]
        yield [bob.lines(300) == wanted, eve.lines(300) == wanted]

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, in_order),
        expected=[[True, True]],
        says="300 lines at once: do bob and eve hear all of them, in order?",
        rule="What is said to a client arrives whole and in order.",
        within_s=12,
    )
    ### END HIDDEN TESTS


# %% role="test" id="chat-test-vanish" points=3
@check.test
def _():
    # Clients that vanish, politely and with RST.
    def vanish(server):
        ada, bob, eve = (Voice(server, name) for name in (b"ada", b"bob", b"eve"))
        ada.lines(2)
        bob.lines(1)
        eve.say(b"I was about to")
        reset(eve.sock)
        yield from [ada.lines(1), bob.lines(1)]
        bob.sock.shutdown(socket.SHUT_WR)
        yield from [ada.lines(1), bob.end()]
        ada.say(b"anybody?\n")
        Voice(server, b"bob")
        yield ada.lines(1)

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, vanish),
        expected=[[b"* eve left"], [b"* eve left"], [b"* bob left"], "closed", [b"* bob joined"]],
        says="eve vanishes with RST in the middle of a line, bob ends his stream, another bob comes.",
        rule="recv gives b'' or raises: either way that client is gone, and only that one.",
        within_s=12,
    )
    ### BEGIN HIDDEN TESTS

    def at_the_door(server):
        ada = Voice(server, b"ada")
        for n in range(6):
            visitor = server.connect(2.0)
            if n % 2:
                visitor.sendall(b"half a na")
            (reset if n < 4 else socket.socket.close)(visitor)
        bob = Voice(server, b"bob")
        yield ada.lines(1)
        with suppress(InVain):
            ada.say(b"x" * 600 + b"\n")
        yield from [bob.lines(1), ada.end()]
        Voice(server, b"ada")
        yield bob.lines(1)

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, at_the_door),
        expected=[[b"* bob joined"], [b"* ada left"], "closed", [b"* ada joined"]],
        says="Six visitors vanish without a name; bob comes; then ada sends a line that is too long, and "
        "comes again.",
        rule="Who never had a name is not missed; who is closed by the room has left.",
        within_s=12,
    )

    def hundred(server):
        ada = Voice(server, b"ada")
        for n in range(100):
            visitor = server.connect(2.0)
            visitor.sendall(b"v%d\n" % n)
            reset(visitor) if n % 3 else visitor.close()
        Voice(server, b"bob")
        seen = ada.lines(1)
        while seen[-1] != b"* bob joined":
            seen += ada.lines(1)
        yield seen[-1]

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, hundred),
        expected=[b"* bob joined"],
        says="A hundred visitors give a name and vanish at once; then bob comes.",
        rule="A connection that has ended costs the server nothing any more.",
        within_s=15,
    )

    def all_at_once(server):
        ada = Voice(server, b"ada")
        others = [Voice(server, b"p%d" % n) for n in range(5)]
        ada.lines(5)
        for other in others:
            reset(other.sock)
        ada.say(b"hello?\n")
        yield set(ada.lines(5))
        bob = Voice(server, b"bob")
        yield ada.lines(1)
        ada.say(b"at last\n")
        yield bob.lines(1)

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, all_at_once),
        expected=[{b"* p%d left" % n for n in range(5)}, [b"* bob joined"], [b"ada: at last"]],
        says="Everybody but ada resets the connection, and she speaks at once; then bob comes.",
        rule="A send that fails means that this client is gone; the others are still there.",
        within_s=12,
    )
    ### END HIDDEN TESTS


# %% role="test" id="chat-test-deaf" points=2
@check.test
def _():
    # One who never reads.
    def never_reads(server):
        deaf = Voice(server, b"deaf", deaf=True)
        ada, bob = Voice(server, b"ada"), Voice(server, b"bob")
        ada.lines(1)
        ada.say(b"hello\n")
        yield bob.lines(1)
        lines = [b"%05d" % n + b"." * 245 for n in range(200)]
        wrong, left, rounds = 0, 0, 0
        while not left and rounds < 8:
            ada.say(b"\n".join(lines) + b"\n")
            heard = bob.lines(200)
            if left := heard.count(b"* deaf left"):
                heard = [line for line in heard + bob.lines(left) if line != b"* deaf left"]
            wrong += heard != [b"ada: " + line for line in lines]
            rounds += 1
        yield {"deaf left": left, "rounds gone wrong": wrong}
        ada.say(b"and now?\n")
        yield bob.lines(1)
        yield deaf.end(), "with all that was said" if len(deaf.heard) > 200_000 else ""
        reset(deaf.sock)

    check.probe(
        serve_chat,
        lambda serve_chat: story(little_room(serve_chat), never_reads),
        expected=[
            [b"ada: hello"],
            {"deaf left": 1, "rounds gone wrong": 0},
            [b"ada: and now?"],
            ("closed", ""),
        ],
        says="deaf never reads, ada talks a lot, bob listens: is deaf dropped, what does bob hear, and how "
        "does it end for deaf?",
        rule="Never wait for a client that does not read: keep 65,536 octets for it, then drop it.",
        within_s=20,
    )


# %% role="test" id="chat-test-late" points=1
@check.test
def _():
    # One who reads late, but not too late.
    def reads_late(server):
        ada, late = Voice(server, b"ada"), Voice(server, b"late", deaf=True)
        ada.lines(1)
        text = [b"%05d" % n + b"." * 245 for n in range(240)]
        ada.say(b"\n".join(text) + b"\n")
        eve = Voice(server, b"eve")
        yield ada.lines(1)
        heard = late.lines(241)  # eve may have come in between two of them
        yield [line for line in heard if line != b"* eve joined"] == [b"ada: " + t for t in text]
        yield heard.count(b"* eve joined")
        eve.say(b"bye\n")
        yield late.lines(1)
        reset(late.sock)

    check.probe(
        serve_chat,
        lambda serve_chat: story(little_room(serve_chat), reads_late),
        expected=[[b"* eve joined"], True, 1, [b"eve: bye"]],
        says="late does not read until 60,000 octets wait: does late hear all of them then?",
        rule="65,536 octets are kept for a client, whole and in order.",
        within_s=12,
    )
    ### BEGIN HIDDEN TESTS

    def goes_unread(server):
        ada, deaf = Voice(server, b"ada"), Voice(server, b"deaf", deaf=True)
        ada.lines(1)
        text = [b"%05d" % n + b"." * 245 for n in range(240)]
        ada.say(b"\n".join(text) + b"\n")
        Voice(server, b"bob")
        yield ada.lines(1)
        reset(deaf.sock)
        yield ada.lines(1)
        Voice(server, b"deaf")
        yield ada.lines(1)

    check.probe(
        serve_chat,
        lambda serve_chat: story(little_room(serve_chat), goes_unread),
        expected=[[b"* bob joined"], [b"* deaf left"], [b"* deaf joined"]],
        says="deaf does not read until 60,000 octets wait, and then resets the connection.",
        rule="When a client goes, what still waits for it is thrown away, and the others are told.",
        within_s=12,
    )
    ### END HIDDEN TESTS


# %% role="test" id="chat-test-idle" points=1 tags=["beside"]
@check.test
def _():
    # A server with nothing to do.
    def busy():
        """Whether this process uses more than 0.004 s of processor time in 0.25 s.

        Who spins does, also where the processor is shared with many; who waits uses next to none.
        """
        before = time.process_time()
        threading.Event().wait(0.25)
        return time.process_time() - before > 0.004

    def idle(server):
        people = [Voice(server, name) for name in (b"ada", b"bob")]
        people[0].lines(1)
        yield all(busy() for _ in range(4))
        people[1].say(b"hm\n")
        yield people[0].lines(1)

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, idle),
        expected=[False, [b"bob: hm"]],
        says="Two people are there and say nothing: does the server use more than 0.004 s of processor "
        "time in a quarter of a second, four times in a row?",
        rule="Wait for something to happen. Who asks for EVENT_WRITE without having anything to "
        "write is told at once, again and again.",
        within_s=8,
    )


# %% role="test" id="chat-test-nc" points=1
@check.test
def _():
    # A client that nobody here wrote, where there is one: nc.
    @contextmanager
    def terminal(server):
        """Returns functions to say and hear by `nc`, or else by a socket of our own."""
        if not (nc := shutil.which("nc")):
            voice = Voice(server)
            yield voice.say, voice.lines
            return
        host, port = server.address
        process = subprocess.Popen(
            [nc, host, str(port)], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        guard = threading.Timer(3, process.kill)
        guard.start()

        def read(count):
            lines = [process.stdout.readline() for _ in range(count)]
            if not all(lines):
                raise InVain("nc waited in vain")
            return [line.rstrip(b"\n") for line in lines]

        try:
            yield process.stdin.write, read
        finally:
            guard.cancel()
            process.kill()
            process.communicate()

    def with_nc(server):
        with terminal(server) as (say, read):
            yield read(1)
            say(b"nc\n")
            yield read(1)
            ada = Voice(server, b"ada")
            yield read(1)
            ada.say(b"hello, terminal\r\n")
            yield read(1)
            say(b"hello, socket\n")
            yield ada.lines(1)

    check.probe(
        serve_chat,
        lambda serve_chat: story(serve_chat, with_nc),
        expected=[
            [b"* your name?"],
            [b"* here: nc"],
            [b"* ada joined"],
            [b"ada: hello, terminal"],
            [b"nc: hello, socket"],
        ],
        says="A terminal with nc and a socket with ada: what both hear.",
        rule="Lines with LF, as nc sends them; what the server says ends in LF.",
        within_s=12,
    )


# %% [markdown] role="given" id="chat-show"
# And now for your own eyes. The next cell starts your server and lets three clients loose on it. If
# you have a terminal on this computer, take the `#` away from the line with `input`, run the cell, and
# join by typing what its first line says (`nc`, or `ncat`, or `socat - TCP:127.0.0.1:` and the port).

# %%
try:
    with running(serve_chat) as server:
        print(f"nc {server.address[0]} {server.address[1]}")
        ada, bob, eve = (Voice(server, name) for name in (b"ada", b"bob", b"eve"))
        ada.say(b"good morn")
        bob.say(b"typing again?\n")
        ada.say(b"ing\r\n")
        reset(eve.sock)
        for name, voice, count in (("ada", ada, 4), ("bob", bob, 3)):
            print(f"{name} hears", *voice.lines(count), sep="\n    ")
        # input("Enter ends the server. ")
except (NotImplementedError, InVain):
    print("Exercise 10 comes first; then run this cell again.")

# %% [markdown] role="given" id="recap"
# ## What to remember
#
# - TCP carries **octets, not messages**: `recv` gives what is there, `send` takes what fits, and
#   b"" is the end. Boundaries are yours to write: a length before, or a mark behind, and always
#   **a limit**.
# - **Closing is two things**: `shutdown` ends your stream, `close` gives up theirs as well. Who sends
#   much must read meanwhile.
# - `connect` is refused at once, or there is silence: bring **one deadline for everything**, and share
#   it among the addresses.
# - UDP keeps boundaries and nothing else: **identifier, repetition, memory** are the client's and the
#   server's part.
# - Interrupted is not broken; broken is never used again. A server **waits for no single client** and
#   keeps only so much for each.
#
# You meet it in practice when a program works on your computer and mixes up its messages on the
# network, when a transfer of one megabyte works and one of ten hangs, when a late answer turns up
# under the wrong question, and when one sleeping client stops a whole server.
#
# Next comes `15_c10k`: how many clients can one server hold, and what does each of them cost? And in
# `21_http` the lengths and lines of this topic become the messages of the web.
