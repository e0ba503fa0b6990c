# ---
# wirelab:
#   title: Ten thousand connections
#   minutes: 210
#   builds_on: ["14_sockets"]
# ---

# %% [markdown] role="given" id="opening"
# # Ten thousand connections
#
# Run the next two cells. A server that answers four clients at a time gets a visit: four clients
# connect and *say nothing*. Then you connect, and ask.

# %% role="given" id="setup"
import asyncio
import contextlib
import errno
import itertools
import json
import os
import queue
import random
import selectors
import socket
import threading
import time
from fractions import Fraction

from wirelab.grading.checks import Checks
from wirelab.servers import running
from wirelab.servers.crowd import Crowd
from wirelab.servers.frames import Frame
from wirelab.servers.hearing import hears, hears_all, hears_octets, unhurried
from wirelab.servers.line_service import (
    come_while_busy,
    conversations,
    misfortunes,
    reset,
    rests,
    use_in_reverse,
)
from wirelab.servers.measure import measure, measure_program, room_here
from wirelab.servers.programs import APACHE, NGINX, NotStarted, complaints, started
from wirelab.servers.recorder import Round, recording
from wirelab.servers.site import Place, a_place, get
from wirelab.servers.specimens import everybody, few_at_a_time, one_at_a_time
from wirelab.views import LoopRounds

check = Checks("15_c10k")

# %%
with running(few_at_a_time, places=4) as server:
    silent = [server.connect() for _ in range(4)]
    you = server.connect()
    you.sendall(b"is anybody there?\n")
    print("while four others say nothing:", hears(you, within_s=1.0))
    silent[0].close()
    print("when one of them has left:    ", hears(you))

# %% [markdown] role="given" id="promise"
# No load, no attack, an idle machine: and you were not served, because four people held the line
# and were silent. `hears` would have said "silence" for as long as they liked.
#
# A **connection** that does nothing ought to cost nothing. On many servers it costs a thread, and
# threads are few. In 1999 Dan Kegel asked why a machine that could easily do the *work* of ten
# thousand clients could not *hold* ten thousand clients, and called it the **C10K** problem. In
# three to four hours (stop anywhere) you will be able to
#
# 1. write the same service four ways: a thread for each connection, a bounded pool, an event loop
#    of your own, and `asyncio`;
# 2. refuse politely, hold back for a slow reader, and end a slow sender without hurting others;
# 3. *prove* that a server serves many at once, and calculate how many it can;
# 4. put one site behind nginx and behind Apache, and say by measurement what the two differ in;
# 5. hold ten thousand live connections in a server of your own, on this machine.
#
# You need sockets as in `14_sockets`: `listen`, `accept`, `recv`, `sendall`, and that a stream has
# no message boundaries. Everything stays on 127.0.0.1.
#
# Below each answer are cells that test it. A test that fails says what is wrong and why; **one
# that passes says nothing**. When your notebook is marked, more cases are tried: press the button
# at the end as often as you like.

# %% [markdown] role="given" id="service-text"
# ## 1. One service, and a thread for each
#
# All servers of this notebook do the same small thing, so that only *how* they do it differs. A
# client sends **lines**, octets that end with a line feed. For each line the server calls a
# function and sends back what it returned, with a line feed after it:
#
# | the client sends | the server calls | and sends |
# |---|---|---|
# | `b"hello\n"` | `handle(b"hello")` | its result, then `b"\n"` |
#
# Cutting a stream into lines you have done in `14_sockets`. Here the work is done for you. A line
# of more than 1,024 octets is refused, since a line that never ends would fill the memory.


# %% role="given" id="service-given-lines"
class Lines:
    """Cuts what comes from one client into lines; a line has at most `limit` octets."""

    def __init__(self, limit: int = 1024):
        self._limit = limit
        self._rest = b""

    def feed(self, octets: bytes) -> list[bytes]:
        """Return the lines that are complete now, without line feeds; ValueError if one is too long."""
        *lines, self._rest = (self._rest + octets).split(b"\n")
        if any(len(line) > self._limit for line in [*lines, self._rest]):
            raise ValueError(f"a line of more than {self._limit} octets")
        return lines


# %%
lines = Lines()
for octets in (b"he", b"llo\nwor", b"ld\n\nand"):
    print(octets, "->", lines.feed(octets))

# %% [markdown] role="given" id="threads-text"
# The oldest cure for a client that keeps you waiting: let somebody else wait. The operating system
# can have many **threads** of one program asleep at once, each in its own `recv`, and wakes the one
# whose octets have come. Start one for each connection:
#
# ```python
# threading.Thread(target=converse, args=(connection,), daemon=True).start()
# ```
#
# `daemon=True` says that the program need not wait for this thread when it ends. The thread that
# accepts goes back to the door at once.

# %% [markdown] role="given" id="threads-brief"
# ### Exercise 1: a thread for each connection
#
# Write `serve_threads(listener, handle)`.
#
# - `listener` is a listening socket. Accept connections from it until `accept()` raises `OSError`
#   (it has been shut down); then return.
# - For each line of a client send `handle(line)` and a line feed, in order. `handle` takes and
#   returns `bytes`, without line feeds.
# - When the client has ended its side (`recv` gives `b""`), close the connection. Octets after the
#   last line feed are no line, and are not answered.
# - A connection on which something fails (`handle` raises any `Exception`, a line is too long for
#   `Lines`, the client resets) is closed; what came together with that line need not be answered.
#   Nobody else notices.
# - Nobody waits for anybody else: not for a client that is silent, nor for a `handle` that takes
#   long with another client's line.
#
# Example: with `handle=bytes.upper`, a client that sends `b"hi\nyou\n"` receives `b"HI\nYOU\n"`.
#
# `with running(serve_threads, bytes.upper) as server:` runs your server beside your own cells, and
# `server.connect()` gives a connection to it.


# %% role="answer" id="threads-answer"
def serve_threads(listener, handle):
    """Answer lines, each connection in a thread of its own, until the listener is shut down."""
    ### BEGIN SOLUTION

    def converse(connection):
        lines = Lines()
        # Whatever goes wrong here is this connection's own end, and nobody else's.
        with connection, contextlib.suppress(Exception):
            while octets := connection.recv(65536):
                for line in lines.feed(octets):
                    connection.sendall(handle(line) + b"\n")

    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=converse, args=(connection,), daemon=True).start()
    ### END SOLUTION


# %% [markdown] role="hint" id="threads-hint-1"
# Nudge
# Write first what one connection needs, as an inner function `converse(connection)`, and call it
# directly. Only then give it to a thread. What must each conversation have for itself?

# %% [markdown] role="hint" id="threads-hint-2"
# Way
# `converse` has its own `Lines()` and a loop over `connection.recv(65536)` until that is empty.
# `with connection:` closes it in any case; `contextlib.suppress(Exception)` ends the loop quietly
# when something fails.

# %% [markdown] role="hint" id="threads-hint-3"
# Almost
# ```python
# with connection, contextlib.suppress(Exception):
#     while octets := connection.recv(65536):
#         for line in lines.feed(octets):
#             connection.sendall(handle(line) + b"\n")
# ```
# The accepting loop: `try: connection, _ = listener.accept()`, `except OSError: return`, then start
# the thread.


# %% role="test" id="threads-test-lines" points=2
@check.test
def _():
    # One client: whole lines, halves of lines, an end.
    def one_client(serve_threads):
        with running(serve_threads, bytes.upper) as server:
            client = server.connect()
            client.sendall(b"hi\nyou\n")
            return [hears(client, 0.3), hears(client, 0.3)]

    check.probe(
        serve_threads,
        one_client,
        expected=[b"HI", b"YOU"],
        rule="For each line: handle(line), then a line feed.",
    )

    ### BEGIN HIDDEN TESTS
    check.probe(
        serve_threads,
        conversations,
        says="A client speaks, line by line; what it hears:",
        expected={
            "one line": b"HELLO",
            "three lines at once": [b"A", b"B", b"C"],
            "half a line": "silence",
            "its other half": b"WORLD",
            "the next, and an empty line": [b"AND MORE", b""],
            "lines, then its end": [b"X", b"Y", "end"],
            "1,024 octets": 1024,
        },
        rule="A stream has no message boundaries: what recv gives may be half a line or three.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="threads-test-apart" points=2
@check.test
def _():
    # Many clients: nobody waits for anybody.
    def backwards(serve_threads):
        """Eight connections, the last opened is used first."""
        with running(serve_threads, bytes.upper) as server:
            return use_in_reverse([server.connect() for _ in range(8)])

    check.probe(
        serve_threads,
        backwards,
        expected=[b"NUMBER %d" % n for n in range(7, -1, -1)],
        rule="A client that is silent must not keep the others waiting.",
    )

    ### BEGIN HIDDEN TESTS
    def forty(serve_threads):
        """Forty connections, the last opened is used first."""
        with running(serve_threads, bytes.upper) as server:
            heard = use_in_reverse([server.connect() for _ in range(40)])
            return heard.count("silence"), len(heard)

    check.probe(
        serve_threads,
        forty,
        says="Forty clients; how many hear nothing, how many hear something, until the first silence:",
        expected=(0, 40),
        rule="A thread for each connection, however many there are.",
    )

    def slow_handle(serve_threads):
        """One client's line takes long: does another client hear its answer meanwhile?"""
        begun, go_on = threading.Event(), threading.Event()

        def handle(line):
            if line == b"long":
                begun.set()
                go_on.wait(4.0)
            return line.upper()

        with running(serve_threads, handle) as server:
            one, other = server.connect(), server.connect()
            one.sendall(b"long\n")
            begun.wait(2.0)
            other.sendall(b"short\n")
            meanwhile = hears(other, 0.3)
            go_on.set()
            return {
                "meanwhile": meanwhile,
                "in the end": hears(one, 0.3),
                "the other then": hears(other, 0.3) if meanwhile == "silence" else "has it",
            }

    check.probe(
        serve_threads,
        slow_handle,
        expected={"meanwhile": b"SHORT", "in the end": b"LONG", "the other then": "has it"},
        rule="handle runs in the connection's own thread, and under no lock.",
    )

    def two_halves(serve_threads):
        """Two clients send a line and a half each, then the other half."""
        with running(serve_threads, bytes.upper) as server:
            one, other = server.connect(), server.connect()
            heard = []
            for client, octets in (
                (one, b"a\non"),
                (other, b"b\noth"),
                (one, b"e\n"),
                (other, b"er\n"),
            ):
                client.sendall(octets)
                heard.append(hears(client, 0.3))
            return heard

    check.probe(
        serve_threads,
        two_halves,
        expected=[b"A", b"B", b"ONE", b"OTHER"],
        rule="Each connection has its own unfinished line.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="threads-test-trouble" points=2
@check.test
def _():
    # One connection fails, the others go on; the listener is shut down, the server returns.
    def shut_down(serve_threads):
        with running(serve_threads, bytes.upper) as server:
            client = server.connect()
            client.sendall(b"hi\n")
            heard = hears(client, 0.3)
            server.shut_down()
            return {
                "heard": heard,
                "returned": server.stopped(1.0),
                "error": repr(server.error) if server.error else None,
            }

    check.probe(
        serve_threads,
        shut_down,
        expected={"heard": b"HI", "returned": True, "error": None},
        rule="When accept() raises OSError the server returns, though clients are still there.",
    )

    ### BEGIN HIDDEN TESTS
    check.probe(
        serve_threads,
        misfortunes,
        says="Some clients come to grief; what they hear, and what others do:",
        expected={
            "the handler fails": [b"FINE", "end"],
            "the others then": [b"STILL HERE", b"ANYBODY"],
            "a line without an end": ["end"],
            "a line of 1,025 octets": ["end"],
            "the others after a reset": [b"STILL HERE", b"ANYBODY"],
            "the server's own error": None,
        },
        rule="What fails on one connection closes that one, and no other.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="pool-text"
# ## 2. A pool, and the art of refusing
#
# It is a good server: short, and each conversation reads like a story. Its trouble is that it
# never says no. Ten thousand clients are ten thousand threads. Each has a stack, and each is one
# more thing for the scheduler to look after. If they come faster than they are served, the machine
# does not get slower by a little; it stops.
#
# A **bounded pool** starts a fixed number of **workers**, say sixteen. A connection waits in a
# queue until a worker is free. The queue must have an end as well: a request that has waited for a
# minute is answered for a client that is gone. Whoever finds no place is told so *at once*. HTTP has
# a status for it, 503, and a header field that says when to come back, `Retry-After`
# (RFC 9110 sections 15.6.4 and 10.2.3). Our service says it in a line:

# %% role="given" id="pool-given-busy"
BUSY = b"503 busy, come back in 1 s\n"

# %% [markdown] role="given" id="pool-rude"
# Two things are easy to get wrong. The first can be seen: here a server says its line and closes.
# The client had already sent a request.


# %%
def rude(listener):
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.recv(1)  # not all that came
            connection.sendall(BUSY)
            connection.close()


with running(rude) as server:
    client = server.connect()
    client.sendall(b"please\n")
    print(hears_all(client))

# %% [markdown] role="given" id="pool-drain"
# "reset": the connection did not end, it broke. When a program closes a socket while octets lie
# there *unread*, TCP says so by RST in place of FIN (RFC 9293 section 3.6.1), and on some systems
# a RST makes the client's own TCP throw away what it had received and not yet read, your polite
# line among it. So a server ends in steps: `shutdown(socket.SHUT_WR)` to say "that was all", then
# read away what has come, then close. (RFC 9112 section 9.6 describes it for HTTP. There the
# server goes on reading for a while; we read only what is there already, since whoever stands at
# the door must not wait.)
#
# Do not judge by what you read on Linux. With the `shutdown` and without the reading, a client there
# still reads the line and an end, and the reset comes behind them: `getsockopt(SOL_SOCKET, SO_ERROR)`
# of its socket says so. The test looks there.
#
# The second: "is there room?" must be asked of *one* number. Count the places, `workers + waiting`
# of them. A connection takes one when it is accepted and gives it back when it is closed.

# %% [markdown] role="given" id="pool-brief"
# ### Exercise 2: a pool that refuses politely
#
# Write `serve_pool(listener, handle, workers, waiting)`. The service is that of exercise 1, with
# the same rules, but:
#
# - At most `workers` connections are served at the same time, each until it is closed. While
#   `workers` are served, up to `waiting` (0 or more) accepted connections wait; they are served
#   in the order in which they came.
# - A connection that is accepted while `workers + waiting` others are open is refused at once: send
#   `BUSY`, shut down the sending side, read away what the client has *already* sent, without
#   waiting for more, and close. However many come at the same moment, nobody else is refused.
# - A connection that is closed, for whatever reason, gives its place back.
# - A refused client that neither reads nor closes keeps nobody waiting.
#
# Return when `accept()` raises `OSError`. What becomes of open connections then is not marked.
#
# Example: with `workers=1, waiting=0`, while one client is connected, the next one hears
# `b"503 busy, come back in 1 s\n"` and the end of the stream.


# %% role="answer" id="pool-answer"
def serve_pool(listener, handle, workers, waiting):
    """Serve at most `workers` connections at once, let `waiting` wait, refuse the rest."""
    ### BEGIN SOLUTION
    places = threading.Semaphore(workers + waiting)
    accepted = queue.SimpleQueue()

    def work():
        while connection := accepted.get():
            lines = Lines()
            with connection, contextlib.suppress(Exception):
                while octets := connection.recv(65536):
                    for line in lines.feed(octets):
                        connection.sendall(handle(line) + b"\n")
            places.release()

    def refuse(connection):
        with connection, contextlib.suppress(OSError):
            connection.setblocking(False)
            connection.sendall(BUSY)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    for _ in range(workers):
        threading.Thread(target=work, daemon=True).start()
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        if places.acquire(blocking=False):
            accepted.put(connection)
        else:
            refuse(connection)
    for _ in range(workers):
        accepted.put(None)
    ### END SOLUTION


# %% [markdown] role="hint" id="pool-hint-1"
# Nudge
# Three parts: somebody at the door who only counts and hands on, a queue, and workers that take
# from the queue for ever. Where is a place taken, and where is it given back, in *every* case?

# %% [markdown] role="hint" id="pool-hint-2"
# Way
# `places = threading.Semaphore(workers + waiting)`. At the door,
# `places.acquire(blocking=False)` says whether there is room. The queue itself needs no limit then
# (and `queue.Queue(0)` would have none). A worker gives the place back after the connection is
# closed. To refuse, make the connection non-blocking first.

# %% [markdown] role="hint" id="pool-hint-3"
# Almost
# ```python
# with connection, contextlib.suppress(OSError):
#     connection.setblocking(False)
#     connection.sendall(BUSY)
#     connection.shutdown(socket.SHUT_WR)
#     while connection.recv(65536):
#         pass
# ```
# `recv` on a non-blocking socket raises `BlockingIOError`, an `OSError`, when nothing is there.


# %% role="test" id="pool-test-service" points=1
@check.test
def _():
    # The service is that of exercise 1.
    def one_client(serve_pool):
        with running(serve_pool, bytes.upper, 2, 2) as server:
            client = server.connect()
            client.sendall(b"hi\nyou\n")
            return [hears(client, 0.3), hears(client, 0.3)]

    check.probe(
        serve_pool,
        one_client,
        expected=[b"HI", b"YOU"],
        rule="For each line: handle(line), then a line feed.",
    )

    ### BEGIN HIDDEN TESTS
    check.probe(
        serve_pool,
        lambda serve_pool: conversations(serve_pool, 4, 4),
        says="A client speaks, line by line; what it hears:",
        expected={
            "one line": b"HELLO",
            "three lines at once": [b"A", b"B", b"C"],
            "half a line": "silence",
            "its other half": b"WORLD",
            "the next, and an empty line": [b"AND MORE", b""],
            "lines, then its end": [b"X", b"Y", "end"],
            "1,024 octets": 1024,
        },
        rule="A stream has no message boundaries: what recv gives may be half a line or three.",
    )
    check.probe(
        serve_pool,
        lambda serve_pool: misfortunes(serve_pool, 4, 4),
        says="Some clients come to grief; what they hear, and what others do:",
        expected={
            "the handler fails": [b"FINE", "end"],
            "the others then": [b"STILL HERE", b"ANYBODY"],
            "a line without an end": ["end"],
            "a line of 1,025 octets": ["end"],
            "the others after a reset": [b"STILL HERE", b"ANYBODY"],
            "the server's own error": None,
        },
        rule="What fails on one connection closes that one, and no other.",
    )

    def shut_down(serve_pool):
        """The listener is shut down while one is served and one waits."""
        with running(serve_pool, bytes.upper, 1, 1) as server:
            first = server.connect()
            first.sendall(b"hi\n")
            heard = hears(first, 0.3)
            server.connect()
            server.shut_down()
            return {
                "heard": heard,
                "returned": server.stopped(1.0),
                "error": repr(server.error) if server.error else None,
            }

    check.probe(
        serve_pool,
        shut_down,
        expected={"heard": b"HI", "returned": True, "error": None},
        rule="When accept() raises OSError the server returns, though clients are still there.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="pool-test-bound" points=2
@check.test
def _():
    # So many are served, so many wait, the next is told.
    def four_come(serve_pool):
        """Two workers, one place to wait; four clients connect one after another."""
        with running(serve_pool, bytes.upper, 2, 1) as server:
            heard, clients = {}, []
            for name in ("first", "second", "third", "fourth"):
                client = server.connect()
                clients.append(client)
                if name != "fourth":
                    client.sendall(b"me\n")
                heard[name] = hears(client, 0.05 if name == "third" else 0.3)
                if name in ("first", "second") and heard[name] != b"ME":
                    return heard
            clients[0].close()
            heard["third, when the first has left"] = hears(clients[2], 0.3)
            return heard

    check.probe(
        serve_pool,
        four_come,
        expected={
            "first": b"ME",
            "second": b"ME",
            "third": "silence",
            "fourth": BUSY.strip(),
            "third, when the first has left": b"ME",
        },
        rule="workers are served, waiting wait, and whoever comes then hears BUSY.",
        rfc="RFC 9110 section 15.6.4",
    )

    ### BEGIN HIDDEN TESTS
    def refused(serve_pool):
        """One worker, and one place to wait, or none: what the next client hears."""
        heard = {}
        for waiting in (1, 0):
            with running(serve_pool, bytes.upper, 1, waiting) as server:
                first = server.connect()
                first.sendall(b"me\n")
                hears(first, 0.3)
                for _ in range(waiting):
                    server.connect()
                heard[f"waiting={waiting}"] = hears_all(server.connect(), 0.3)
        return heard

    check.probe(
        serve_pool,
        refused,
        expected={"waiting=1": [BUSY.strip(), "end"], "waiting=0": [BUSY.strip(), "end"]},
        rule="waiting=0 means that nobody waits.",
    )

    def all_at_once(serve_pool):
        """Four workers, two places; six have connected before the server looks for the first time."""
        go = threading.Event()

        def late(listener):
            go.wait(5.0)
            serve_pool(listener, bytes.upper, 4, 2)

        with running(late) as server:
            clients = [server.connect() for _ in range(6)]
            for n, client in enumerate(clients):
                client.sendall(b"%d\n" % n)
            go.set()
            heard = []
            with selectors.DefaultSelector() as waiting:
                for client in clients:
                    waiting.register(client, selectors.EVENT_READ)
                while len(heard) < 6 and (ready := waiting.select(1.0)):
                    client = ready[0][0].fileobj
                    heard.append(hears(client, 0.3))
                    waiting.unregister(client)
                    client.close()
            return sorted(heard, key=str)

    check.probe(
        serve_pool,
        all_at_once,
        expected=[b"0", b"1", b"2", b"3", b"4", b"5"],
        rule="There were six places for six: count them, rather than the queue's length.",
    )

    def in_turn(serve_pool):
        """One worker; three wait. In which order are they served?"""
        with running(serve_pool, bytes.upper, 1, 3) as server:
            first = server.connect()
            first.sendall(b"me\n")
            hears(first, 0.3)
            waiting = {}
            for n in range(3):
                client = server.connect()
                client.sendall(b"%d\n" % n)
                waiting[client] = n
            # nobody can have been refused before all who wait were let in
            if hears(server.connect(), 0.3) != BUSY.strip():
                return "nobody is refused"
            order, leaving = [], first
            while waiting:
                leaving.close()
                with selectors.DefaultSelector() as ready:
                    for client in waiting:
                        ready.register(client, selectors.EVENT_READ)
                    heard = ready.select(1.0)
                if not heard:
                    return order
                leaving = heard[0][0].fileobj
                order.append(waiting.pop(leaving))
            return order

    check.probe(
        serve_pool,
        in_turn,
        expected=[0, 1, 2],
        rule="Those who wait are served in the order in which they came.",
    )

    def together(serve_pool):
        """Three workers: are three lines in hand at the same time?"""
        meet = threading.Barrier(3)

        def handle(line):
            try:
                meet.wait(2.0)
            except threading.BrokenBarrierError:
                return b"alone"
            return b"together"

        with running(serve_pool, handle, 3, 0) as server:
            clients = [server.connect() for _ in range(3)]
            for client in clients:
                client.sendall(b"x\n")
            return [hears(client, 0.3) for client in clients]

    check.probe(
        serve_pool,
        together,
        expected=[b"together"] * 3,
        rule="workers=3: three are served at the same time.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="pool-test-polite" points=2
@check.test
def _():
    # Refused, but politely: a line and an end, no reset; and nobody is kept waiting by it.
    def at_the_door(serve_pool, comes):
        """A server with one worker, which looks at its door only when `comes(server)` says so."""
        ready, go = threading.Event(), threading.Event()

        def late(listener):
            # room for all that comes, so that nothing of it is still under way
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 400_000)
            ready.set()
            go.wait(5.0)
            serve_pool(listener, bytes.upper, 1, 0)

        with running(late) as server:
            ready.wait(5.0)
            server.connect()  # takes the only place
            return comes(server, go)

    def refused_in_words(serve_pool):
        """A client has sent 98,000 octets before it is refused; then another one comes."""

        def comes(server, go):
            second = server.connect()
            second.sendall(b"please\n" * 14_000)
            go.set()
            octets, then = hears_octets(second, 0.3)
            told = {"it reads": octets, "then": then}
            if then == "end":  # when the next has heard, it has been dealt with
                told["the next hears"] = hears(server.connect(), 0.3)
                broken = second.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                told["behind the end"] = "a reset" if broken else "nothing"
            return told

        return at_the_door(serve_pool, comes)

    check.probe(
        serve_pool,
        refused_in_words,
        expected={
            "it reads": BUSY,
            "then": "end",
            "the next hears": BUSY.strip(),
            "behind the end": "nothing",
        },
        rule="BUSY, then an orderly end: octets that are unread at close() turn it into a reset.",
        rfc="RFC 9293 section 3.6.1",
    )

    ### BEGIN HIDDEN TESTS
    def refused_and_stays(serve_pool):
        """Forty are refused, say nothing and stay; what one hears who comes after them."""
        with running(serve_pool, bytes.upper, 1, 0) as server:
            first = server.connect()
            first.sendall(b"me\n")
            heard = [hears(first, 0.3)]
            for _ in range(40):
                server.connect()
            heard.append(hears(server.connect(), 0.3))
            return heard

    check.probe(
        serve_pool,
        refused_and_stays,
        expected=[b"ME", BUSY.strip()],
        rule="Whoever stands at the door must not wait for a client that is leaving.",
    )

    def refused_and_gone(serve_pool):
        """A client has reset before it can be refused; what the next one hears."""

        def comes(server, go):
            second = server.connect()
            second.sendall(b"x")
            reset(second)
            third = server.connect()
            go.set()
            return hears(third, 0.3), repr(server.error) if server.error else None

        return at_the_door(serve_pool, comes)

    check.probe(
        serve_pool,
        refused_and_gone,
        expected=(BUSY.strip(), None),
        rule="A client that is gone already cannot be told; nobody else notices.",
    )

    def closed_in_the_end(serve_pool):
        """A client has been refused and goes on sending: what becomes of that."""
        with running(serve_pool, bytes.upper, 1, 0) as server:
            first = server.connect()
            first.sendall(b"me\n")
            hears(first, 0.3)
            second = server.connect()
            heard = hears_all(second, 0.3)
            for _ in range(20):
                try:
                    second.sendall(b"x")
                except OSError:  # who sends to a closed socket is told by a reset
                    return heard, "closed"
                if hears(server.connect(), 0.3) == "silence":
                    break
            return heard, "still open"

    check.probe(
        serve_pool,
        closed_in_the_end,
        expected=([BUSY.strip(), "end"], "closed"),
        rule="Shutting down the sending side is not closing: the descriptor is still there.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="pool-test-places" points=2
@check.test
def _():
    # Places come back, however a connection ended.
    def after_leaving(serve_pool):
        """One worker; clients come, ask and leave, one after another, sooner or later each."""
        with running(serve_pool, bytes.upper, 1, 0) as server:
            heard = []
            for ending in ("close", "reset", "long line", "close"):
                heard.append(in_the_end(server, ending))
                if heard[-1] != b"HI":
                    break
            return heard

    def in_the_end(server, ending):
        """Come back until there is room; ask, and leave in this way."""
        until = time.monotonic() + 0.8
        while time.monotonic() < until:
            client = server.connect()
            with contextlib.suppress(OSError):  # it may have been refused already
                client.sendall(b"hi\n")
            heard = hears(client, 0.3)
            if heard == BUSY.strip() or heard == "reset":
                client.close()
                continue
            if ending == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0" + b"\0" * 4)
            if ending == "long line":
                client.sendall(b"x" * 3000)
            client.close()
            return heard
        return "always busy"

    check.probe(
        serve_pool,
        after_leaving,
        expected=[b"HI"] * 4,
        rule="Every connection that ends gives its place back.",
    )

    ### BEGIN HIDDEN TESTS
    def after_failures(serve_pool):
        """Two workers; four handlers raise. Does anybody still serve?"""

        def handle(line):
            if line == b"boom":
                raise RuntimeError("a handler may fail")
            return line.upper()

        with running(serve_pool, handle, 2, 2) as server:
            for _ in range(4):
                client = server.connect()
                client.sendall(b"boom\n")
                hears_all(client, 0.3)
                client.close()
            return in_the_end(server, "close")

    check.probe(
        serve_pool,
        after_failures,
        expected=b"HI",
        rule="A handler that raises ends its connection, and neither a worker nor a place is lost.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="pool-after"
# The pool keeps its promise: memory is bounded, and whoever is refused knows it. But think back to
# the first cell. Sixteen silent clients and a pool of sixteen: *you are not served*. Bounded threads
# with a thread to each connection means bounded connections, and an idle one takes as much as a
# busy one. In browsers most connections are idle most of the time.
#
# To hold ten thousand, a connection that says nothing must cost no thread.

# %% [markdown] role="given" id="loop-text"
# ## 3. One thread that waits for all
#
# Why does a thread sleep in `recv`? Because it asks one socket, "give me what you have", and has to
# wait for it. The operating system knows a better question: *which of these are ready?* One call
# takes a whole set of sockets and returns when at least one can be read, or written, without
# waiting. On Linux it is `epoll`, on macOS `kqueue`; Python's `selectors` uses the best there is:
#
# ```python
# selector = selectors.DefaultSelector()
# selector.register(sock, selectors.EVENT_READ)       # ask about this one
# for key, events in selector.select():               # wait; then all that are ready
#     key.fileobj, key.data, events
# ```
#
# That is **readiness**, not asynchronous input: nothing has been read when `select` returns. The
# socket only promises not to keep you waiting. (The other way, where the system does the reading and
# reports when it is done, is called *completion*.) Here is such a loop at work, each column one
# return of `select()`. Step through it with the arrow keys.

# %% role="given" id="loop-given-rounds"
ROUNDS = [
    Round({"door": "read"}, {"door": "read"}),
    Round({"door": "read", "A": "read"}, {"door": "read"}),
    Round({"door": "read", "A": "read", "B": "read"}, {"B": "read"}),
    Round({"door": "read", "A": "read", "B": "read"}, {"door": "read", "A": "read"}),
    Round({"door": "read", "A": "read", "B": "read", "C": "read"}, {"C": "read"}),
    Round({"door": "read", "A": "read", "B": "read", "C": "read, write"}, {"B": "read"}),
    Round({"door": "read", "A": "read", "B": "read", "C": "read, write"}, {"C": "write"}),
    Round({"door": "read", "A": "read", "B": "read", "C": "read"}, {"A": "read", "C": "read"}),
    Round({"door": "read", "A": "read", "B": "read"}, {"B": "read"}),
]

# %%
LoopRounds(ROUNDS, title="One thread, three clients")

# %% [markdown] role="given" id="loop-static"
# ![Nine rounds of an event loop](figures/rounds.svg)
#
# Look at B in the picture: it waits for rounds on end, and nothing is done about it. That is what an
# idle connection costs here: a row in a table.
#
# The price is that *nothing in the loop may wait*. `recv` is called only when octets are there. And
# `sendall`? It waits when the client does not read and the system's buffer is full, and then
# everybody waits for that one client. So the loop sends what fits now, with `send`, keeps the rest,
# and asks to be told when the socket can be **written** again. C in the picture, from round 6 on,
# is such a client. But only as long as there *is* a rest: an empty socket can nearly always be
# written, so a loop that always asks about writing never sleeps again.
#
# A conversation was a story before, told by a thread. Now it must be a *thing* that remembers where
# it stands. You will write that thing first. It touches no socket: octets go in, octets come out.

# %% [markdown] role="given" id="loop-brief"
# ### Exercise 3: an event loop
#
# Write the class `Conversation` and the function `serve_loop`.
#
# **`Conversation(handle)`** is what the server knows about one client.
#
# | member | what it is |
# |---|---|
# | `receive(octets)` | octets came from the client; `b""` means that it has ended its side |
# | `outgoing` | `bytes` that are to be sent and have not been sent yet |
# | `sent(count)` | so many octets of `outgoing` have been sent |
# | `interest` | what to wait for: `selectors.EVENT_READ`, `selectors.EVENT_WRITE`, both (added), or 0 |
#
# - Each line adds `handle(line)` and a line feed to `outgoing`.
# - Wait for writing exactly while `outgoing` is not empty.
# - Wait for reading until the client has ended its side, but not while *more than* 65,536 octets
#   are outgoing: a client that does not read its answers is not asked for more questions. This is
#   **backpressure**. (`receive` does not refuse what has come all the same: it is answered.)
# - If `handle` raises an `Exception`, the lines before are answered, it and the lines after it are
#   not; if `Lines` refuses the octets, none of these is. In both cases nothing more is read, as if
#   the client had ended its side.
# - Once it has ended, `receive` changes nothing. When `interest` is 0, the conversation is over.
#
# **`serve_loop(listener, handle)`** is the service of exercise 1 *in one thread*, without any other:
# register the listener and each connection with a selector and wait with `select()`, for each
# connection for what its `interest` says and no more: with nothing to do the loop sleeps. Make every
# socket non-blocking. A connection that is over, or that fails (`OSError` of `recv` or `send`, but
# not `BlockingIOError`), is closed, and nobody else notices. A client that does not read keeps nobody
# waiting. When `accept()` raises an `OSError` that is no `BlockingIOError`, close all connections
# and return.
#
# Example: `c = Conversation(bytes.upper)`, then `c.receive(b"hi\nyo")`: `c.outgoing` is `b"HI\n"` and
# `c.interest` is 3, reading and writing; after `c.sent(3)` it is 1.


# %% role="answer" id="loop-answer"
class Conversation:
    """One client of the line service, without any socket: octets in, octets out."""

    def __init__(self, handle):
        ### BEGIN SOLUTION
        self._handle = handle
        self._lines = Lines()
        self._ended = False
        self.outgoing = b""
        ### END SOLUTION

    def receive(self, octets: bytes) -> None:
        """Take in what came; b"" is the end of the client's side."""
        ### BEGIN SOLUTION
        if self._ended:
            return
        if not octets:
            self._ended = True
            return
        try:
            for line in self._lines.feed(octets):
                self.outgoing += self._handle(line) + b"\n"
        except Exception:
            self._ended = True
        ### END SOLUTION

    def sent(self, count: int) -> None:
        """So many octets of `outgoing` are on their way."""
        ### BEGIN SOLUTION
        self.outgoing = self.outgoing[count:]
        ### END SOLUTION

    @property
    def interest(self) -> int:
        """What to wait for: EVENT_READ, EVENT_WRITE, their sum, or 0 when it is over."""
        ### BEGIN SOLUTION
        reads = not self._ended and len(self.outgoing) <= 65536
        return selectors.EVENT_READ * reads + selectors.EVENT_WRITE * bool(self.outgoing)
        ### END SOLUTION


def serve_loop(listener, handle):
    """Answer lines, all connections in one thread, until the listener is shut down."""
    ### BEGIN SOLUTION
    selector = selectors.DefaultSelector()
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ)

    def close(connection):
        selector.unregister(connection)
        connection.close()

    def serve(connection, conversation, events):
        if events & selectors.EVENT_READ:
            conversation.receive(connection.recv(65536))
        if conversation.outgoing:  # it may well fit at once
            conversation.sent(connection.send(conversation.outgoing))

    while True:
        for key, events in selector.select():
            if key.fileobj is listener:
                try:
                    connection, _ = listener.accept()
                except BlockingIOError:
                    continue
                except OSError:
                    for each in list(selector.get_map().values()):
                        if each.fileobj is not listener:
                            each.fileobj.close()
                    selector.close()
                    return
                connection.setblocking(False)
                selector.register(connection, selectors.EVENT_READ, Conversation(handle))
                continue
            try:
                serve(key.fileobj, key.data, events)
            except BlockingIOError:
                pass
            except OSError:
                close(key.fileobj)
                continue
            wanted = key.data.interest
            if not wanted:
                close(key.fileobj)
            elif wanted != key.events:
                selector.modify(key.fileobj, wanted, key.data)
    ### END SOLUTION


# %% [markdown] role="hint" id="loop-hint-1"
# Nudge
# In `Conversation` you need to remember three things: unfinished lines, what is outgoing, whether it
# has ended. In the loop there are only two kinds of socket, the listener and the others, and
# `key.data` can carry the conversation that belongs to a connection.

# %% [markdown] role="hint" id="loop-hint-2"
# Way
# For a connection that is ready: receive if it is ready to read, send what `outgoing` has, tell the
# conversation how much `send` took, then look at `interest`: 0 means unregister and close,
# anything that differs from `key.events` means `selector.modify(connection, interest, key.data)`.

# %% [markdown] role="hint" id="loop-hint-3"
# Almost
# ```python
# for key, events in selector.select():
#     if key.fileobj is listener: ...          # accept, setblocking(False), register
#     else:
#         try:
#             if events & selectors.EVENT_READ:
#                 key.data.receive(key.fileobj.recv(65536))
#             if key.data.outgoing:
#                 key.data.sent(key.fileobj.send(key.data.outgoing))
#         except BlockingIOError: pass
#         except OSError: ...                  # unregister, close, continue
#         ...                                  # interest
# ```


# %% role="test" id="loop-test-conversation" points=2
@check.test
def _():
    # The conversation: octets in, octets out, what to wait for.
    def after(*steps):
        """A probe: `outgoing` and `interest` after each step."""

        def told(Conversation):
            conversation, seen = Conversation(handle), []
            for step, value in steps:
                getattr(conversation, step)(value)
                seen.append((bytes(conversation.outgoing), conversation.interest))
            return seen

        return told

    def handle(line):
        if line == b"boom":
            raise ZeroDivisionError("a handler may fail")
        if line == b"bang":
            raise RuntimeError("in more than one way")
        return line.upper()

    check.probe(
        Conversation,
        after(("receive", b"hi\nyo"), ("sent", 3), ("receive", b"u\n"), ("sent", 4)),
        says="Lines come, answers go; `outgoing` and `interest` after each step:",
        expected=[(b"HI\n", 3), (b"", 1), (b"YOU\n", 3), (b"", 1)],
        rule="Read (1) until the end; write (2) exactly while something is outgoing.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        Conversation,
        lambda Conversation: (
            bytes(Conversation(handle).outgoing),
            Conversation(handle).interest,
        ),
        says="A fresh conversation: `outgoing` and `interest`:",
        expected=(b"", 1),
        rule="Nothing to write yet: wait for reading only.",
    )
    check.probe(
        Conversation,
        after(("receive", b"a\n\nb\nc\nhalf"), ("sent", 1), ("sent", 2), ("sent", 4)),
        says="Four lines at once, sent in three parts:",
        expected=[(b"A\n\nB\nC\n", 3), (b"\n\nB\nC\n", 3), (b"B\nC\n", 3), (b"", 1)],
        rule="sent(count) takes count octets from the front of outgoing.",
    )
    check.probe(
        Conversation,
        after(("receive", b"a\nhalf"), ("receive", b""), ("receive", b"\n"), ("sent", 2)),
        says="The client ends its side while an answer is outgoing; then more comes:",
        expected=[(b"A\n", 3), (b"A\n", 2), (b"A\n", 2), (b"", 0)],
        rule="After the end nothing is read; what is outgoing is still sent; then it is over.",
    )
    check.probe(
        Conversation,
        after(
            ("receive", b""),
        ),
        says="A client that only ends its side:",
        expected=[(b"", 0)],
        rule="Nothing to read and nothing to write: over.",
    )
    check.probe(
        Conversation,
        after(("receive", b"a\nboom\nb\n"), ("receive", b"c\n"), ("sent", 2)),
        says="The second of three lines makes handle raise:",
        expected=[(b"A\n", 2), (b"A\n", 2), (b"", 0)],
        rule="What came before is answered, what comes after is not, and nothing more is read.",
    )
    check.probe(
        Conversation,
        after(("receive", b"bang\n"), ("receive", b"c\n")),
        says="The only line makes handle raise:",
        expected=[(b"", 0), (b"", 0)],
        rule="Any Exception of handle ends the conversation.",
    )
    check.probe(
        Conversation,
        after(("receive", b"a\n"), ("receive", b"x" * 1025), ("receive", b"\nb\n"), ("sent", 2)),
        says="A line that is too long:",
        expected=[(b"A\n", 3), (b"A\n", 2), (b"A\n", 2), (b"", 0)],
        rule="What Lines refuses ends the reading; what is outgoing is still sent.",
    )

    def hold_back(Conversation):
        """`interest` with 65,536 and 65,537 octets outgoing, and when one has been sent."""
        conversation = Conversation(lambda line: b"x" * (int(line) - 1))
        conversation.receive(b"65536\n")
        seen = [conversation.interest]
        conversation.receive(b"1\n")
        seen.append(conversation.interest)
        conversation.sent(1)
        seen.append(conversation.interest)
        conversation.receive(b"900000\n")
        conversation.receive(b"")
        seen.append(conversation.interest)
        conversation.sent(65536)
        seen.append((conversation.interest, len(conversation.outgoing)))
        return seen

    check.probe(
        Conversation,
        hold_back,
        expected=[3, 2, 3, 2, (2, 900000)],
        rule="More than 65,536 outgoing: do not ask for more to read.",
    )

    def comes_all_the_same(Conversation):
        """100,001 octets are outgoing when another line comes: interest, and what is outgoing."""
        conversation = Conversation(lambda line: line * 100)
        conversation.receive(b"x" * 1000 + b"\n")
        conversation.receive(b"hi\n")
        outgoing = bytes(conversation.outgoing)
        return conversation.interest, len(outgoing), outgoing[-201:]

    check.probe(
        Conversation,
        comes_all_the_same,
        expected=(2, 100_202, b"hi" * 100 + b"\n"),
        rule="Backpressure is not to ask for more; what has come is answered.",
    )

    def two_of_them(Conversation):
        """Two conversations at the same time."""
        one, other = Conversation(handle), Conversation(handle)
        one.receive(b"on")
        other.receive(b"oth")
        one.receive(b"e\n")
        other.receive(b"er\n")
        return bytes(one.outgoing), bytes(other.outgoing)

    check.probe(
        Conversation,
        two_of_them,
        expected=(b"ONE\n", b"OTHER\n"),
        rule="What a conversation remembers is its own.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="loop-test-service" points=2
@check.test
def _():
    # The service, all clients in one thread.
    def backwards(serve_loop):
        """Eight connections, the last opened is used first."""
        with running(serve_loop, bytes.upper) as server:
            return use_in_reverse([server.connect() for _ in range(8)])

    check.probe(
        serve_loop,
        backwards,
        expected=[b"NUMBER %d" % n for n in range(7, -1, -1)],
        rule="A client that is silent must not keep the others waiting.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        serve_loop,
        conversations,
        says="A client speaks, line by line; what it hears:",
        expected={
            "one line": b"HELLO",
            "three lines at once": [b"A", b"B", b"C"],
            "half a line": "silence",
            "its other half": b"WORLD",
            "the next, and an empty line": [b"AND MORE", b""],
            "lines, then its end": [b"X", b"Y", "end"],
            "1,024 octets": 1024,
        },
        rule="A stream has no message boundaries: what recv gives may be half a line or three.",
    )
    check.probe(
        serve_loop,
        misfortunes,
        says="Some clients come to grief; what they hear, and what others do:",
        expected={
            "the handler fails": [b"FINE", "end"],
            "the others then": [b"STILL HERE", b"ANYBODY"],
            "a line without an end": ["end"],
            "a line of 1,025 octets": ["end"],
            "the others after a reset": [b"STILL HERE", b"ANYBODY"],
            "the server's own error": None,
        },
        rule="What fails on one connection closes that one, and no other.",
    )

    def at_once(serve_loop):
        """The most lines that are in hand at the same time, of four clients."""
        present, most, second = [], [], threading.Event()

        def handle(line):
            present.append(line)
            most.append(len(present))
            if len(present) > 1:
                second.set()
            if len(most) == 1:
                second.wait(0.2)  # time for another thread, if there is one, to come as well
            present.remove(line)
            return line

        with running(serve_loop, handle) as server:
            clients = [server.connect() for _ in range(4)]
            for n, client in enumerate(clients):
                client.sendall(b"%d\n" % n)
            heard = [hears(client, 0.3) for client in clients]
        return {"heard": heard, "at once": max(most)}

    check.probe(
        serve_loop,
        at_once,
        expected={"heard": [b"0", b"1", b"2", b"3"], "at once": 1},
        rule="One thread: handle is never called while another call of it has not returned.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="loop-test-slow-reader" points=2
@check.test
def _():
    # A client that does not read holds up nobody, and gets everything in the end.
    def slow_reader(serve_loop):
        """One client asks for 12 MB and does not read; another asks; then the first one reads."""
        with running(serve_loop, lambda line: line * 4_000_000) as server:
            slow, other = server.connect(timeout_s=1.0), server.connect()
            slow.sendall(b"a\nb\nc\n")
            slow.recv(1, socket.MSG_PEEK)  # its first answer has begun to come
            other.sendall(b"\n")
            meanwhile, lengths = hears(other, 0.3), []
            with slow.makefile("rb") as stream:
                for _ in range(3):
                    answer = stream.readline()
                    lengths.append((answer[:1], len(answer), answer.count(answer[:1])))
            return {"the other hears": meanwhile, "the slow one hears": lengths}

    check.probe(
        serve_loop,
        slow_reader,
        expected={
            "the other hears": b"",
            "the slow one hears": [(letter, 4_000_001, 4_000_000) for letter in (b"a", b"b", b"c")],
        },
        rule="send() takes what fits; keep the rest and wait for writing.",
    )


# %% role="test" id="loop-test-backpressure" points=1
@check.test
def _():
    # A client that asks on and on and reads nothing is not asked for more.
    LINES, LINE = 1000, b"x" * 999 + b"\n"

    def asks_on_and_on(serve_loop):
        """How many of 1,000 lines are answered while nobody reads, and how many in the end.

        The kernel's buffers are kept small. Another client's answers are the clock.
        """
        answered, ready = [], threading.Event()

        def handle(line):
            if line:
                answered.append(line)
            return line * 2

        def narrow(listener):
            for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                listener.setsockopt(socket.SOL_SOCKET, buffer, 16_384)
            ready.set()
            serve_loop(listener, handle)

        with running(narrow) as server, socket.socket() as client:
            ready.wait(5.0)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
            client.connect(server.address)
            client.setblocking(False)
            other, others, before, calm, left = server.connect(), True, -1, 0, LINE * LINES
            while others and calm < 20 and len(answered) < LINES:
                with contextlib.suppress(BlockingIOError):
                    left = left[client.send(left) :]
                other.sendall(b"\n")
                others = hears(other, 0.3) == b""
                calm = calm + 1 if len(answered) == before else 0
                before = len(answered)
            told = {"others are answered": others}
            told["while it does not read"] = "all" if len(answered) == LINES else "some"

            def go_on():
                with contextlib.suppress(OSError):
                    client.sendall(left)

            client.settimeout(1.2)
            threading.Thread(target=go_on, daemon=True).start()
            octets = 0
            with contextlib.suppress(OSError):
                while others and octets < LINES * 1999:
                    octets += len(client.recv(65536)) or LINES * 1999
            return {**told, "in the end": "all" if octets == LINES * 1999 else octets}

    check.probe(
        serve_loop,
        asks_on_and_on,
        says="A client sends 1,000 lines and reads nothing, then everything. What is answered?",
        expected={
            "others are answered": True,
            "while it does not read": "some",
            "in the end": "all",
        },
        rule="interest says when not to read: tell the selector, and tell it again afterwards.",
    )


# %% role="test" id="loop-test-rest" points=1 tags=["beside"]
@check.test
def _():
    # Where there is nothing to do the loop sleeps, and a connection that broke leaves nothing.
    def nothing_to_do(serve_loop):
        """One client has its answer and is silent, one does not read: does the loop sleep?"""
        ready = threading.Event()

        def narrow(listener):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
            ready.set()
            serve_loop(listener, lambda line: line * 9_000_000 if line == b"x" else line)

        with recording(most=5000) as watched, running(narrow) as server:
            ready.wait(5.0)
            quiet, slow = server.connect(), server.connect(timeout_s=1.0)
            quiet.sendall(b"\n")
            heard = [hears(quiet, 0.3), rests(quiet, watched)]
            slow.sendall(b"x\n")
            slow.recv(1, socket.MSG_PEEK)  # its answer has begun to come
            return [*heard, rests(quiet, watched)]

    check.probe(
        serve_loop,
        nothing_to_do,
        says="A client is answered and silent; then another one does not read. The loop, each time:",
        expected=[b"", "sleeps", "sleeps"],
        rule="Wait in select() without a deadline, for what is needed only: a loop that has nothing "
        "to do takes no processor time.",
    )

    ### BEGIN HIDDEN TESTS
    def left_behind(serve_loop):
        """Twenty clients reset; are their descriptors closed when another client has heard?"""

        def descriptors():
            return len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else 0

        with running(serve_loop, bytes.upper) as server:
            witness = server.connect()
            use_in_reverse([witness])
            before = descriptors()
            for _ in range(20):
                client = server.connect()
                client.sendall(b"half")
                reset(client)
            heard = set(use_in_reverse([witness] * 60))  # a round each, at least
            return len(heard), "closed" if descriptors() < before + 10 else "left open"

    check.probe(
        serve_loop,
        left_behind,
        expected=(60, "closed"),
        rule="A connection that fails is taken out of the selector, and closed.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="loop-test-end" points=1
@check.test
def _():
    # The listener is shut down: everything is closed, and the server returns.
    def shut_down(serve_loop):
        with running(serve_loop, bytes.upper) as server:
            clients = [server.connect() for _ in range(2)]
            for client in clients:
                client.sendall(b"hi\n")
            heard = [hears(client, 0.3) for client in clients]
            server.shut_down()
            return {
                "heard": heard,
                "returned": server.stopped(1.0),
                "error": repr(server.error) if server.error else None,
                # whoever has been closed has been told by now
                "then": [hears(client, 0.05) for client in clients],
            }

    check.probe(
        serve_loop,
        shut_down,
        expected={
            "heard": [b"HI"] * 2,
            "returned": True,
            "error": None,
            "then": ["end"] * 2,
        },
        rule="When accept() fails the server closes all connections and returns.",
    )


# %% [markdown] role="given" id="loop-show"
# Your own loop, watched from behind: A is owed 6 MB and does not read, B asks meanwhile. Look for the
# rounds in which A is waited for with writing, and for what the loop does for B then.

# %%
with (
    contextlib.suppress(NotImplementedError),
    recording() as watched,
    running(serve_loop, lambda line: line * 6_000_000) as server,
):
    reader, other = server.connect(), server.connect()
    reader.sendall(b"x\n")
    reader.recv(1)  # the rest of it waits
    other.sendall(b"\n")
    hears(other, 1.0)
    reader.makefile("rb").readline()
    reader.close()
    other.sendall(b"\n")
    hears(other, 1.0)
if watched.rounds:
    shown = LoopRounds(watched.rounds, title="My event loop")
else:
    shown = "Exercise 3 comes first (with selectors.DefaultSelector); then run this cell again."
shown

# %% [markdown] role="given" id="claim-two"
# > **Is it so?** "There are two cures: a process or thread for each connection, or many connections
# > in one." *Half true.* You have just written one of each, and the pool is neither: a thread for
# > each connection, but not for all. Kegel's page lists five ways to combine them: many clients in a
# > thread with *level-triggered* readiness ("it is readable"; yours), the same with *edge-triggered*
# > ("it has become readable"), asynchronous input and output with completion, a thread for each
# > client, and the server inside the kernel. And they mix: Apache's event MPM has a loop for idle
# > connections *and* threads for busy ones. What they share is the question how much an idle
# > connection may cost; section 9 puts yours and theirs on one plot.

# %% [markdown] role="given" id="streams-text"
# ## 4. A loop that somebody else wrote
#
# Your `Conversation` had to be turned inside out: where a thread says "read, then answer, then read",
# it keeps flags. `asyncio` gives you the story back. A **coroutine** looks like the thread's code;
# at every `await` it may be put aside until its socket is ready, and the loop below is one like yours.
#
# ```python
# async def converse(reader, writer):
#     line = await reader.readline()      # put aside until a line is there
#     writer.write(b"...")                # never waits: into a buffer
#     await writer.drain()                # put aside while that buffer is too full
#
# server = await asyncio.start_server(converse, sock=listener, backlog=4096)
# ```
#
# Between two `await`s nobody else runs, so you need no locks; and whoever computes for a second
# without one stops everybody for a second.
#
# One line of these is forgotten more than any other, and nothing seems to be wrong without it. `write`
# never waits. Where do the octets go when the client does not read? See what a client costs
# that asks for 64 MB and goes to sleep:


# %%
async def careless(listener):
    async def converse(reader, writer):
        await reader.readline()
        for _ in range(64):
            writer.write(bytes(1_000_000))
        in_memory.append(writer.transport.get_write_buffer_size())
        written.set()

    await asyncio.start_server(converse, sock=listener)
    await asyncio.get_running_loop().create_future()


in_memory, written = [], threading.Event()
with running(careless) as server:
    sleeper = server.connect()
    sleeper.sendall(b"everything\n")
    waiting = in_memory[0] if written.wait(5.0) else 0
print(f"{waiting / 1e6:.0f} MB wait in the server's memory")

# %% [markdown] role="given" id="streams-drain"
# Ten such clients, and the server is gone. `await writer.drain()` is asyncio's **backpressure**: it
# comes back at once while the buffer holds less than its high-water mark (64 KiB), and else not
# before the client has taken enough. TCP's own window does the same between two machines; the chain
# must not have a link that swallows everything.
#
# The backlog is the queue of connections that the system has made and nobody has accepted. It is full
# sooner than you think when a crowd comes, and then new ones are dropped without a word; the client's
# TCP tries again after a second (RFC 4987 section 3.2 is about what an attacker makes of that).
# `start_server` sets it anew, to 100, unless you say otherwise.

# %% [markdown] role="given" id="streams-brief"
# ### Exercise 4: asyncio with backpressure
#
# Write `async def serve_streams(listener, produce)`.
#
# - For each line of a client call `produce(line)` (without the line feed). It returns a generator of
#   `bytes`; send them one after another. Only then look at the client's next line.
# - **Backpressure**: take the next piece from the generator only when the connection has accepted the
#   one before (`drain`). So a client that does not read costs a few buffers, however long its answer.
# - When the client has ended its side, answer the lines that it has sent, and close. Octets after the
#   last line feed are no line. Only the line feed is taken off: spaces and `\r` belong to the line.
# - When the client goes away in the middle of an answer, take nothing more from the generator, and
#   call its `close()`.
# - A connection on which something fails (`produce` or its generator raises an `Exception`, a line is
#   longer than `StreamReader` takes, the client resets) is closed. Nobody else notices.
# - Use `backlog=4096`. Run until cancelled.
#
# Example: with `def produce(line): yield line; yield b"!\n"`, a client that sends `b"hi\n"` receives
# `b"hi!\n"`.


# %% role="answer" id="streams-answer"
async def serve_streams(listener, produce):
    """Answer each line with the pieces that `produce` makes, no faster than the client reads."""
    ### BEGIN SOLUTION
    open_now = set()

    async def converse(reader, writer):
        open_now.add(writer)
        with contextlib.suppress(Exception):
            while (line := await reader.readline()).endswith(b"\n"):
                with contextlib.closing(produce(line[:-1])) as pieces:
                    for piece in pieces:
                        writer.write(piece)
                        await writer.drain()
        writer.close()
        open_now.discard(writer)

    server = await asyncio.start_server(converse, sock=listener, backlog=4096)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        server.close()
        for writer in open_now:
            writer.transport.abort()
    ### END SOLUTION


# %% [markdown] role="hint" id="streams-hint-1"
# Nudge
# Write `converse(reader, writer)` as if it were a thread's. What does `readline()` return at the end
# of the stream, and what when the last line has no line feed?

# %% [markdown] role="hint" id="streams-hint-2"
# Way
# `while (line := await reader.readline()).endswith(b"\n"):` answers both questions. Inside: a `for`
# over `produce(line[:-1])` with `write` and `await drain()` in its body; `contextlib.closing` closes
# the generator however you leave. After `start_server` the function has to wait for ever.

# %% [markdown] role="hint" id="streams-hint-3"
# Almost
# ```python
# with contextlib.suppress(Exception):
#     while (line := await reader.readline()).endswith(b"\n"):
#         with contextlib.closing(produce(line[:-1])) as pieces:
#             for piece in pieces:
#                 writer.write(piece)
#                 await writer.drain()
# writer.close()
# ```
# and to wait for ever: `await asyncio.get_running_loop().create_future()`.


# %% role="test" id="streams-test-answers" points=2 tags=["beside"]
@check.test
def _():
    # Pieces, in order, line by line; many clients.
    def shout(line):
        if line == b"boom":
            raise ArithmeticError("a producer may fail")
        yield line.upper()
        if line == b"bang":
            raise LookupError("a producer may fail later")
        yield b"!"
        yield b"\n"

    def one_client(serve_streams):
        with running(serve_streams, shout) as server:
            client = server.connect()
            client.sendall(b"hi\nyou\n")
            return [hears(client, 0.3), hears(client, 0.3)]

    check.probe(
        serve_streams,
        one_client,
        expected=[b"HI!", b"YOU!"],
        rule="For each line: what produce(line) yields, piece by piece.",
    )

    ### BEGIN HIDDEN TESTS
    def lines_and_ends(serve_streams):
        """Lines at once, in halves, empty, and octets after the last line feed."""
        with running(serve_streams, shout) as server:
            client, other = server.connect(), server.connect()
            client.sendall(b"a\n\nb\nha")
            heard = [hears(client, 0.3) for _ in range(3)] + [hears(client, 0.05)]
            other.sendall(b"other\n")
            heard.append(hears(other, 0.3))
            client.sendall(b"lf\n a\r\nunfinished")
            client.shutdown(socket.SHUT_WR)
            return heard + hears_all(client, 0.3)

    check.probe(
        serve_streams,
        lines_and_ends,
        expected=[b"A!", b"!", b"B!", "silence", b"OTHER!", b"HALF!", b" A\r!", "end"],
        rule="A line ends with a line feed; octets without one at the end are no line.",
    )

    def trouble(serve_streams):
        """Producers raise, a client resets, a line has no end: what others hear."""
        with running(serve_streams, shout) as server:
            witness = server.connect()
            heard = {}

            def still_there():
                witness.sendall(b"x\n")
                return hears(witness, 0.3)

            for line in (b"boom", b"bang"):
                client = server.connect()
                client.sendall(line + b"\nnext\n")
                heard[line.decode()] = [
                    "end" if h == "reset" else h for h in hears_all(client, 0.3)
                ]
                heard[f"others after {line.decode()}"] = still_there()
            endless = server.connect()
            with contextlib.suppress(OSError):
                endless.sendall(b"x" * 300_000)
            heard["endless"] = ["end" if h == "reset" else h for h in hears_all(endless, 0.3)]
            rude = server.connect()
            rude.sendall(b"half")
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0" + b"\0" * 4)
            rude.close()
            heard["others after all"] = still_there()
            heard["error"] = repr(server.error) if server.error else None
            return heard

    check.probe(
        serve_streams,
        trouble,
        expected={
            "boom": ["end"],
            "others after boom": b"X!",
            "bang": [b"BANG", "end"],
            "others after bang": b"X!",
            "endless": ["end"],
            "others after all": b"X!",
            "error": None,
        },
        rule="What fails on one connection closes that one, and no other.",
    )

    def backwards(serve_streams):
        """Eight connections, the last opened is used first."""
        with running(serve_streams, shout) as server:
            return use_in_reverse([server.connect() for _ in range(8)])

    check.probe(
        serve_streams,
        backwards,
        expected=[b"NUMBER %d!" % n for n in range(7, -1, -1)],
        rule="A client that is silent must not keep the others waiting.",
    )

    def crowd_at_the_door(serve_streams):
        """Whether all of 120 clients get a connection while produce takes its time."""
        begun, go_on = threading.Event(), threading.Event()

        def produce(line):
            if line == b"wait":
                begun.set()
                go_on.wait(5.0)
            yield b"ok\n"

        with running(serve_streams, produce) as server:

            def busy():
                server.connect().sendall(b"wait\n")
                begun.wait(1.2)
                return go_on.set

            return come_while_busy(busy, server.address) == 120

    check.probe(
        serve_streams,
        crowd_at_the_door,
        expected=True,
        rule="start_server sets the backlog to 100 unless it is told otherwise.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="streams-test-backpressure" points=3 tags=["beside"]
@check.test
def _():
    # A client that does not read: how much is taken from its generator, and do others suffer?
    PIECE, PIECES = 65536, 64

    def sleeper(serve_streams):
        """One client asks twice for 4 MiB and does not read, until nothing more is taken.

        The kernel's buffers are kept small. Another client's answers are the clock.
        """
        taken, ready = [], threading.Event()

        def produce(line):
            for _ in range(int(line)):
                taken.append(line)
                yield b"x" * PIECE
            yield b"\n"

        async def narrow(listener):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            ready.set()
            await serve_streams(listener, produce)

        with running(narrow) as server, socket.socket() as sleeping:
            ready.wait(5.0)
            sleeping.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            sleeping.settimeout(1.5)
            sleeping.connect(server.address)
            sleeping.sendall(b"%d\n%d\n" % (PIECES, PIECES))
            other, others = server.connect(), True
            before, calm = -1, 0
            while others and calm < 30 and len(taken) < 2 * PIECES:
                other.sendall(b"0\n")
                others = hears(other, 0.3) == b""
                calm = calm + 1 if len(taken) == before and before > 0 else 0
                before = len(taken)
            stalled, received, wanted = len(taken), 0, 2 * (PIECE * PIECES + 1)
            with contextlib.suppress(TimeoutError):
                while others and received < wanted:
                    received += len(sleeping.recv(1 << 20)) or wanted
        share = "a quarter of an answer at most" if stalled <= PIECES // 4 else "more"
        return {
            "taken": {PIECES: "one answer", 2 * PIECES: "both answers"}.get(stalled, share),
            "others answered": others,
            "received in the end": received == wanted,
        }

    check.probe(
        serve_streams,
        sleeper,
        says="A client asks twice for 4 MiB and does not read. What is taken from the generators?",
        expected={
            "taken": "a quarter of an answer at most",
            "others answered": True,
            "received in the end": True,
        },
        rule="Take the next piece only when the connection has accepted the one before.",
    )


# %% role="test" id="streams-test-gone" points=1 tags=["beside"]
@check.test
def _():
    # The client goes away in the middle: the generator is closed.
    PIECES = 512

    def gone(serve_streams):
        """A client leaves in the middle of an answer of 32 MiB in 512 pieces."""
        taken, closed = [], threading.Event()

        def produce(line):
            try:
                while len(taken) < PIECES:
                    taken.append(line)
                    yield b"x" * 65536
            finally:
                closed.set()

        with running(serve_streams, produce) as server, socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.settimeout(1.2)
            client.connect(server.address)
            client.sendall(b"everything\n")
            client.recv(1)
            client.close()
            return {"closed": closed.wait(1.2), "all was taken": len(taken) == PIECES}

    check.probe(
        serve_streams,
        gone,
        expected={"closed": True, "all was taken": False},
        rule="Nobody reads any more: stop, and close the generator.",
    )


# %% [markdown] role="given" id="slow-text"
# ## 5. Slow on purpose
#
# A thread for each client, a pool, even Apache: what brings them down is not work, it is *waiting*.
# In 2009 a script called Slowloris showed it: open some hundred connections, send each a line of a
# request every few seconds, never the last one. Almost no traffic, and every worker of a prefork
# server is busy listening to it.
#
# A server defends itself with **timeouts**, and there is more than one, because there is more than one
# way of being slow:
#
# - **idle**: connected, or answered, and no new request begun. Harmless, and the normal state of a
#   browser's connection. Allow a minute; then close without a word.
# - **header**: a request has begun and is not complete. Its clock starts with its *first* octet, and
#   must not start anew with each octet, or one octet every nine seconds lives for ever. Its end is
#   told: 408, Request Timeout (RFC 9110 section 15.5.9).
# - a **long answer** to a slow *reader* is neither of them.
#
# But a clock that is too strict hurts the honest: somebody on a bad line who sends a long request.
# Apache's `mod_reqtimeout` therefore allows `header=20-40,MinRate=500`: twenty seconds, and one more
# for every 500 octets that arrive, up to forty. Whoever makes progress gets time.

# %% [markdown] role="given" id="slow-brief"
# ### Exercise 5: timeouts that do not hurt the honest
#
# **`Patience(now, idle_s, first_s, most_s, rate)`** keeps the time of one connection. It has no clock:
# every call is told the time in seconds. Numbers may be `int` or `Fraction`; a deadline may be `float`.
#
# | member | meaning |
# |---|---|
# | `deadline` | the time at which it runs out, or `None` during the server's turn |
# | `octets(now, count)` | `count` octets have come, and the request is not complete |
# | `complete(now)` | the request is complete: the server's turn begins |
# | `answered(now)` | the answer is on its way: the server's turn is over |
# | `verdict(now)` | `None` before the deadline or without one; from it on `"408"` if a request has begun, else `"close"` |
#
# - With no request begun, the deadline is `idle_s` after the connection was made (`now`), or after
#   the last answer.
# - The first octets of a request set its beginning. From then on, the deadline is the beginning plus
#   `first_s` plus `n / rate`, where `n` counts all octets of this request so far, but at most the
#   beginning plus `most_s`. Later octets move it, but never the beginning.
# - Octets that come during the server's turn belong to the next request. They count, and that request
#   begins at the moment of `answered`.
#
# **`async def serve_patient(listener, handle, idle_s, line_s)`** is the line service with asyncio, with
# simple timeouts. A line that is not complete `line_s` seconds after its first octet came: send
# `LATE`, close. No octet of a new line `idle_s` seconds after the connection was made or the last
# answer was sent: close, and send nothing. Once a line has begun, only its own clock counts. If octets
# of the next line lie there already when an answer is sent, that line begins with the answer, as in
# `Patience`. Otherwise as in exercise 1 (but a line may be refused at any length above 1,024 octets);
# use `backlog=4096`, run until cancelled.
#
# Example: `p = Patience(0, 60, 20, 40, 500)`; `p.deadline` is 60. After `p.octets(10, 100)` it is 30.2
# (10 + 20 + 100/500), and `p.verdict(31)` is `"408"`.

# %% role="given" id="slow-given-late"
LATE = b"408 too slow\n"


# %% role="answer" id="slow-answer"
class Patience:
    """How long one connection may take, by the clock of whoever asks."""

    def __init__(self, now, idle_s, first_s, most_s, rate):
        ### BEGIN SOLUTION
        self._idle_s, self._first_s, self._most_s, self._rate = idle_s, first_s, most_s, rate
        self._begun = None
        self._count = 0
        self._our_turn = False
        self._idle_since = now
        ### END SOLUTION

    @property
    def deadline(self):
        """The time at which patience runs out, or None."""
        ### BEGIN SOLUTION
        if self._our_turn:
            return None
        if self._begun is None:
            return self._idle_since + self._idle_s
        grown = self._first_s + Fraction(self._count) / Fraction(self._rate)
        return self._begun + min(grown, self._most_s)
        ### END SOLUTION

    def octets(self, now, count):
        """So many octets of an incomplete request have come."""
        ### BEGIN SOLUTION
        self._count += count
        if self._begun is None and not self._our_turn:
            self._begun = now
        ### END SOLUTION

    def complete(self, now):
        """The request is complete."""
        ### BEGIN SOLUTION
        self._our_turn = True
        self._begun = None
        self._count = 0
        ### END SOLUTION

    def answered(self, now):
        """The answer is on its way."""
        ### BEGIN SOLUTION
        self._our_turn = False
        self._idle_since = now
        self._begun = now if self._count else None
        ### END SOLUTION

    def verdict(self, now):
        """None, "408" or "close"."""
        ### BEGIN SOLUTION
        if self.deadline is None or now < self.deadline:
            return None
        return "close" if self._begun is None else "408"
        ### END SOLUTION


async def serve_patient(listener, handle, idle_s, line_s):
    """Answer lines; end who is idle for too long, and tell who is too slow with a line."""
    ### BEGIN SOLUTION
    open_now = set()

    async def next_line(reader, writer):
        first = await asyncio.wait_for(reader.read(1), idle_s)
        if first in (b"", b"\n"):
            return first
        try:
            return first + await asyncio.wait_for(reader.readline(), line_s)
        except TimeoutError:
            writer.write(LATE)
            raise

    async def converse(reader, writer):
        open_now.add(writer)
        with contextlib.suppress(Exception):
            while (line := await next_line(reader, writer)).endswith(b"\n"):
                if len(line) > 1025:
                    break
                writer.write(handle(line[:-1]) + b"\n")
                await writer.drain()
        writer.close()
        open_now.discard(writer)

    server = await asyncio.start_server(converse, sock=listener, backlog=4096, limit=2048)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        server.close()
        for writer in open_now:
            writer.transport.abort()
    ### END SOLUTION


# %% [markdown] role="hint" id="slow-hint-1"
# Nudge
# Draw one connection's life as a line, with three kinds of stretch: idle, a request under way, the
# server's turn. Which of the five calls begins which stretch? What must be remembered across one?

# %% [markdown] role="hint" id="slow-hint-2"
# Way
# Remember four things: when it became idle, when the request began (or `None`), how many octets it
# has, and whether it is the server's turn; compute `deadline` from them each time. In the server,
# wait for the *first octet* of a line with one timeout and for the rest with the other.

# %% [markdown] role="hint" id="slow-hint-3"
# Almost
# `self._begun + min(self._first_s + Fraction(self._count, self._rate), self._most_s)` is the deadline of
# a request under way. In the server:
# ```python
# first = await asyncio.wait_for(reader.read(1), idle_s)
# if first in (b"", b"\n"):
#     return first
# try:
#     return first + await asyncio.wait_for(reader.readline(), line_s)
# except TimeoutError:
#     writer.write(LATE)
#     raise
# ```


# %% role="test" id="slow-test-patience" points=3
@check.test
def _():
    # Idle, a request under way, the server's turn: deadlines.
    def life(*steps, start=0, idle_s=60, first_s=20, most_s=40, rate=500):
        """A probe: the deadline at first and after each step."""

        def told(Patience):
            patience = Patience(start, idle_s, first_s, most_s, rate)
            seen = [patience.deadline]
            for step, *args in steps:
                getattr(patience, step)(*args)
                seen.append(patience.deadline)
            return [None if at is None else f"{float(at):g}" for at in seen]

        return told

    check.probe(
        Patience,
        life(("octets", 10, 100), ("octets", 20, 100), ("complete", 25), ("answered", 26)),
        says="A request begins at 10, goes on at 20, is complete at 25, answered at 26; deadlines:",
        expected=["60", "30.2", "30.4", None, "86"],
        rule="Its beginning never moves; octets earn time; the server's turn has no deadline.",
        rfc="RFC 9110 section 15.5.9",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        Patience,
        life(("octets", 1000, 1), start=1000),
        says="A connection is made at 1000, the first octet comes in the same moment; deadlines:",
        expected=["1060", "1020"],
        rule="Idle time counts from the connection's beginning, a request's from its first octet.",
    )
    check.probe(
        Patience,
        life(("octets", 0, 100), ("octets", 10, 100), ("octets", 12, 100)),
        says="A request begins at time 0, goes on at 10 and at 12; deadlines:",
        expected=["60", "20.2", "20.4", "20.6"],
        rule="0 is a time like any other: a request that began then has begun.",
    )
    check.probe(
        Patience,
        life(*[("octets", 9 * n, 1) for n in range(1, 5)]),
        says="One octet every nine seconds; deadlines:",
        expected=["60", "29.002", "29.004", "29.006", "29.008"],
        rule="An octet earns 1/500 of a second, not a new beginning.",
    )
    check.probe(
        Patience,
        life(("octets", 5, 9_999), ("octets", 6, 1), ("octets", 7, 1), ("octets", 8, 90_000)),
        says="9,999 octets, one more, one more, and very many; deadlines:",
        expected=["60", "44.998", "45", "45", "45"],
        rule="Never later than the beginning plus most_s.",
    )
    check.probe(
        Patience,
        life(
            ("octets", 1, 500),
            ("complete", 2),
            ("answered", 3),
            ("octets", 50, 500),
            ("complete", 51),
            ("answered", 55),
        ),
        says="Two requests, one after the other; deadlines:",
        expected=["60", "22", None, "63", "71", None, "115"],
        rule="Each request has its own beginning and its own count.",
    )
    check.probe(
        Patience,
        life(
            ("complete", 2),
            ("octets", 3, 1000),
            ("octets", 4, 500),
            ("answered", 9),
            ("octets", 11, 500),
        ),
        says="Octets of the next request come during the server's turn (2 to 9); deadlines:",
        expected=["60", None, None, None, "32", "33"],
        rule="They count, and the request begins when the answer is on its way.",
    )
    check.probe(
        Patience,
        life(
            ("complete", 1), ("octets", 2, 500), ("answered", 3), ("complete", 4), ("answered", 5)
        ),
        says="A request that came during the server's turn is complete, and answered; deadlines:",
        expected=["60", None, None, "24", None, "65"],
        rule="After that nothing has begun.",
    )
    check.probe(
        Patience,
        life(("octets", 3, 7), start=3, idle_s=5, first_s=2, most_s=3, rate=7),
        says="Other numbers: idle 5, first 2, most 3, rate 7, from 3 on; deadlines:",
        expected=["8", "6"],
        rule="Nothing is fixed at Apache's numbers.",
    )
    check.probe(
        Patience,
        life(("octets", 3, 1), first_s=30, most_s=10),
        says="first_s is larger than most_s; deadlines:",
        expected=["60", "13"],
        rule="Never later than the beginning plus most_s.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="slow-test-verdict" points=1
@check.test
def _():
    # When patience has run out, and what is said then.
    def verdicts(*steps, at):
        """A probe: the verdicts at these times, after these steps."""

        def told(Patience):
            patience = Patience(0, 60, 20, 40, 500)
            for step, *args in steps:
                getattr(patience, step)(*args)
            return [patience.verdict(now) for now in at]

        return told

    check.probe(
        Patience,
        verdicts(("octets", 10, 100), at=(10, 30, 31)),
        says="A request began at 10 with 100 octets; verdicts at 10, 30 and 31:",
        expected=[None, None, "408"],
        rule="Until the deadline, at 30.2, nothing.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        Patience,
        verdicts(at=(0, 59, 60, 61)),
        says="Nothing ever came; verdicts at 0, 59, 60 and 61:",
        expected=[None, None, "close", "close"],
        rule='From the deadline on. Nobody asked anything, so nobody is told: "close".',
    )
    check.probe(
        Patience,
        verdicts(("octets", 0, 500), at=(20, 21)),
        says="A request began at 0 with 500 octets; verdicts at 20 and 21:",
        expected=[None, "408"],
        rule="The deadline itself, 21, is too late.",
    )
    check.probe(
        Patience,
        verdicts(("octets", 0, 500), ("complete", 1), at=(2, 500)),
        says="The request is complete, and the server takes long; verdicts at 2 and 500:",
        expected=[None, None],
        rule="The server's own time is never the client's fault.",
    )
    check.probe(
        Patience,
        verdicts(("octets", 0, 1), ("complete", 1), ("answered", 500), at=(501, 559, 560)),
        says="Answered at 500; verdicts at 501, 559 and 560:",
        expected=[None, None, "close"],
        rule="After an answer a client may be idle for idle_s again.",
    )
    check.probe(
        Patience,
        verdicts(("complete", 1), ("octets", 2, 1), ("answered", 10), at=(29, 31)),
        says="One octet came during the server's turn, which ended at 10; verdicts at 29 and 31:",
        expected=[None, "408"],
        rule="That request has begun, with the answer.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="slow-test-live" points=3 tags=["beside"]
@check.test
def _():
    # The server: a slow sender is told, an honest one is not hurt.
    def ended(heard):
        """Whether the last octets were read before a connection was closed is chance."""
        return "end" if heard == "reset" else heard

    def at_leisure(visit):
        """The probe, at a slower pace where the machine is too busy for it."""

        def told(serve_patient):
            return unhurried(lambda pace: visit(serve_patient, pace), margin_s=0.08)

        told.__name__, told.__doc__ = visit.__name__, visit.__doc__
        return told

    def slow_and_honest(serve_patient, pace):
        """One sends octet after octet and no line; one asks again and again.

        The clock is a third one, who comes later, sends one octet and is late in its turn.
        """
        with running(serve_patient, bytes.upper, 8.0 * pace, 0.25 * pace) as server:
            slow, honest, late = server.connect(), server.connect(), None
            told, lateness, answers = "silence", "silence", set()
            for n in range(60):
                with contextlib.suppress(OSError):
                    slow.sendall(b"x")
                honest.sendall(b"me\n")
                answers.add(hears(honest, 0.3))
                told = hears(slow, 0.02 * pace, exact=True)
                if n == 4:
                    late = server.connect()
                    late.sendall(b"x")
                lateness = hears(late, 0.001, exact=True) if late else "silence"
                if "silence" in answers or told != "silence" or lateness != "silence":
                    break
            if told == "silence":
                told = hears(slow, 0.1 * pace, exact=True)
            honest.sendall(b"me\n")
            answers.add(hears(honest, 0.3))
            return {"slow": ended(told), "honest": sorted(answers, key=str)}

    check.probe(
        serve_patient,
        at_leisure(slow_and_honest),
        expected={"slow": LATE.strip(), "honest": [b"ME"]},
        rule="The line's clock starts with its first octet and is not set back by the next.",
        rfc="RFC 9110 section 15.5.9",
        within_s=30.0,
    )

    ### BEGIN HIDDEN TESTS
    def three_visitors(serve_patient, pace):
        """idle_s=0.35, and line_s=8: what three clients hear. The clock is a fourth, who is silent.

        One asks again and again, one asked once, one has begun a line and ends it when the silent
        one has been closed. All of them were there before the silent one came.
        """
        with running(serve_patient, bytes.upper, 0.35 * pace, 8.0 * pace) as server:
            regular, once, halfway = (server.connect() for _ in range(3))
            once.sendall(b"me\n")
            halfway.sendall(b"h")
            hears(once, 0.3)
            silent, heard, answers = server.connect(), "silence", set()
            for _ in range(24):
                regular.sendall(b"me\n")
                answers.add(ended(hears(regular, 0.3)))
                heard = hears(silent, 0.04 * pace, exact=True)
                if heard != "silence" or answers != {b"ME"}:
                    break
            told = {"regular": sorted(answers, key=str)}
            if answers == {b"ME"}:
                told["silent"] = heard
            if told.get("silent", "silence") != "silence":
                regular.sendall(b"me\n")
                told["regular then"] = ended(hears(regular, 0.3))
                with contextlib.suppress(OSError):
                    halfway.sendall(b"i\n")
                told["halfway"] = ended(hears(halfway, 0.3))
                told["once"] = ended(hears(once, 0.3))
            return told

    check.probe(
        serve_patient,
        at_leisure(three_visitors),
        says="Visitors with idle_s=0.35 and line_s=8, until one of them has been silent for too long:",
        expected={
            "regular": [b"ME"],
            "silent": "end",
            "regular then": b"ME",
            "halfway": b"HI",
            "once": "end",
        },
        rule="idle_s begins anew with every answer, and does not count once a line has begun.",
        within_s=30.0,
    )

    def two_paces(serve_patient, pace):
        """line_s=0.45, idle_s=8: one is late with a line, one has just begun hers when he is told.

        Hers began 0.3 s after his, but she was there, and had an answer, before him. His came with
        the end of his first. The clock is a third client, who began between his first and that.
        """
        with running(serve_patient, bytes.upper, 8.0 * pace, 0.45 * pace) as server:
            she, he, third = (server.connect() for _ in range(3))
            she.sendall(b"one\n")
            heard = {"her first line": hears(she, 0.3)}
            he.sendall(b"tw")
            hears(he, 0.12 * pace, exact=True)
            third.sendall(b"x")
            hears(he, 0.12 * pace, exact=True)
            he.sendall(b"o\nth")
            heard["his first line"] = hears(he, 0.3)
            heard["his second"] = hears(he, 0.3 * pace, exact=True)
            she.sendall(b"thr")
            if heard["his second"] == "silence":
                heard["his second"] = hears(he, 0.5 * pace, exact=True)
            heard["the third, then"] = ended(hears(third, 0.05 * pace, exact=True))
            with contextlib.suppress(OSError):
                she.sendall(b"ee\n")
            return {**heard, "her second": ended(hears(she, 0.3)), "his end": ended(hears(he, 0.3))}

    check.probe(
        serve_patient,
        at_leisure(two_paces),
        expected={
            "her first line": b"ONE",
            "his first line": b"TWO",
            "his second": LATE.strip(),
            "the third, then": LATE.strip(),
            "her second": b"THREE",
            "his end": "end",
        },
        rule="line_s is for one line, from its first octet on; octets that came with the line "
        "before count from its answer.",
        within_s=30.0,
    )

    def goes_on(serve_patient):
        """What a slow sender hears in all, and somebody who connects after it."""
        with running(serve_patient, bytes.upper, 8.0, 0.2) as server:
            slow = server.connect()
            slow.sendall(b"never the end")
            heard = [ended(each) for each in hears_all(slow, 0.3)]
            late = server.connect()
            late.sendall(b"\nhi\n")
            return [heard, hears(late, 0.3), hears(late, 0.3)]

    check.probe(
        serve_patient,
        goes_on,
        expected=[[LATE.strip(), "end"], b"", b"HI"],
        rule="LATE, then the connection is closed; all others go on. An empty line is a line.",
    )
    check.probe(
        serve_patient,
        lambda serve_patient: conversations(serve_patient, 8.0, 8.0),
        says="A client speaks, line by line; what it hears:",
        expected={
            "one line": b"HELLO",
            "three lines at once": [b"A", b"B", b"C"],
            "half a line": "silence",
            "its other half": b"WORLD",
            "the next, and an empty line": [b"AND MORE", b""],
            "lines, then its end": [b"X", b"Y", "end"],
            "1,024 octets": 1024,
        },
        rule="Otherwise as in exercise 1.",
    )
    check.probe(
        serve_patient,
        lambda serve_patient: misfortunes(serve_patient, 8.0, 8.0),
        says="Some clients come to grief; what they hear, and what others do:",
        expected={
            "the handler fails": [b"FINE", "end"],
            "the others then": [b"STILL HERE", b"ANYBODY"],
            "a line without an end": ["end"],
            "a line of 1,025 octets": ["end"],
            "the others after a reset": [b"STILL HERE", b"ANYBODY"],
            "the server's own error": None,
        },
        rule="What fails on one connection closes that one, and no other.",
    )

    def crowd_at_the_door(serve_patient):
        """Whether all of 120 clients get a connection while handle takes its time."""
        begun, go_on = threading.Event(), threading.Event()

        def handle(line):
            if line == b"wait":
                begun.set()
                go_on.wait(5.0)
            return b"ok"

        with running(serve_patient, handle, 8.0, 8.0) as server:

            def busy():
                server.connect().sendall(b"wait\n")
                begun.wait(1.2)
                return go_on.set

            return come_while_busy(busy, server.address) == 120

    check.probe(
        serve_patient,
        crowd_at_the_door,
        expected=True,
        rule="start_server sets the backlog to 100 unless it is told otherwise.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="reverse-text"
# ## 6. How do you know?
#
# "My server handles a hundred clients at once." Does it? A test that opens a hundred connections and
# uses them one after the other, first come, first served, passes with a server that serves *one at a
# time*, if each client leaves before the next one asks. Even a hundred at the same moment prove
# little: they may have been taken one by one, quickly.
#
# There is a proof that needs no clock. Open all. Then use them **in reverse order**: the last one
# first, and nobody leaves. A server that insists on the first one before it looks at the second
# never answers.

# %%
for serve in (one_at_a_time, few_at_a_time, everybody):
    for order in ("as opened", "reverse"):
        with running(serve) as server, Crowd(server.address) as crowd:
            crowd.open(6)
            found = crowd.ask(order=order, at_once=1, within_s=0.15)
        print(f"{serve.__name__:15}{order:10} {found.answered} of {found.asked} answered")

# %% [markdown] role="given" id="reverse-brief"
# ### Exercise 6: a proof of concurrency
#
# Write `unanswered(connect, count, timeout_s) -> list[int]`.
#
# - Call `connect()` `count` times; each call returns a connected, blocking `socket`. Connection number
#   `n` (from 0) is the one that the call number `n` gave. `connect()` may raise `OSError`: then number
#   `n` was not answered, and the others are tried all the same.
# - Only when all are open, use them from the last to the first: send the line `hello n`, and wait at
#   most `timeout_s` seconds for the line `HELLO n` (with `n` in decimal digits, and a line feed). If
#   anything else comes, or nothing, or sending fails, it was not answered. Then go on to the next.
# - Return the numbers that were not answered, in rising order. In any case, close all connections,
#   but none before the last has been used.
#
# `hears(client, timeout_s)` from the first cell returns the next line without its line feed, as
# `bytes`, or one of the words "end", "reset", "silence" (as `str`). Use it if you like.
#
# Example: for a server that answers two clients at a time, with `count=5`, the result is `[2, 3, 4]`.


# %% role="answer" id="reverse-answer"
def unanswered(connect, count: int, timeout_s: float) -> list[int]:
    """Return the numbers of the connections that are not answered when used in reverse order."""
    ### BEGIN SOLUTION
    missing = []
    with contextlib.ExitStack() as closing:
        clients = []
        for _ in range(count):
            try:
                clients.append(closing.enter_context(connect()))
            except OSError:
                clients.append(None)
        for n, client in reversed(list(enumerate(clients))):
            try:
                client.sendall(b"hello %d\n" % n)
                heard = hears(client, timeout_s)
            except (AttributeError, OSError):
                heard = "end"
            if heard != b"HELLO %d" % n:
                missing.append(n)
    return sorted(missing)
    ### END SOLUTION


# %% [markdown] role="hint" id="reverse-hint-1"
# Nudge
# Two loops, one after the other: the first only opens, the second only uses. What has to happen if
# the second one is left by an exception?

# %% [markdown] role="hint" id="reverse-hint-2"
# Way
# Keep the connections in a list, `None` where `connect()` failed.
# `for n, client in reversed(list(enumerate(clients)))` walks backwards and keeps the numbers. Close in
# a `finally`, or with `contextlib.ExitStack`.

# %% [markdown] role="hint" id="reverse-hint-3"
# Almost
# ```python
# client.sendall(b"hello %d\n" % n)
# if hears(client, timeout_s) != b"HELLO %d" % n:
#     missing.append(n)
# ```
# inside a `try` whose `except OSError` also appends `n`; at the end `return sorted(missing)`.


# %% role="test" id="reverse-test-found" points=2
@check.test
def _():
    # Servers that cannot hold everybody are found out, and one that can is not accused.
    def against(*servers, count=3, timeout_s=0.2):
        """A probe: what is said of each of these servers."""

        def told(unanswered, pace):
            found = []
            for serve, how in servers:
                with running(serve, **how) as server:
                    found.append(unanswered(server.connect, count, timeout_s * pace))
            return found

        # at a slower pace where the machine is too busy for it
        return lambda unanswered: unhurried(lambda pace: told(unanswered, pace), margin_s=0.05)

    check.probe(
        unanswered,
        against((one_at_a_time, {}), (few_at_a_time, {"places": 2})),
        says="Three connections to a server that serves one at a time, and to one that serves two:",
        expected=[[1, 2], [2]],
        rule="Open all, then use the last one first, and close none before the end.",
    )
    check.probe(
        unanswered,
        against((everybody, {}), count=12, timeout_s=5.0),
        says="Twelve connections to a server that answers everybody:",
        expected=[[]],
        rule="All twelve were answered.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        unanswered,
        against(
            (everybody, {"answer": lambda n, line: b"HELLO 0\n"}),
            (everybody, {"answer": lambda n, line: line}),
            (everybody, {"answer": lambda n, line: line.upper()[:-1] + b"1\n"}),
            (everybody, {"leaves": frozenset({1, 3})}),
            count=4,
            timeout_s=5.0,
        ),
        says="Servers that say HELLO 0 to all, hello as it came, another number, or hang up on 1 and 3:",
        expected=[[1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3], [1, 3]],
        rule="Answered is who hears HELLO and the connection's own number, as a whole line.",
    )
    check.probe(
        unanswered,
        against(
            (everybody, {"skips": frozenset({0, 2})}),
            count=4,
        ),
        says="A server that says nothing to numbers 0 and 2:",
        expected=[[0, 2]],
        rule="One that is not answered says nothing about the others.",
    )
    check.probe(
        unanswered,
        against((everybody, {"to": lambda n, count: (n + 1) % count}), count=2, timeout_s=0.15),
        says="A server that sends each answer to the next connection:",
        expected=[[0, 1]],
        rule="The answer must come on the connection that asked.",
    )
    check.probe(
        unanswered,
        against((everybody, {"pieces": 4}), count=5, timeout_s=5.0),
        says="A server that sends its answers in four pieces:",
        expected=[[]],
        rule="An answer may come in pieces: go on reading until its line feed.",
    )
    check.probe(
        unanswered,
        against((everybody, {}), count=0, timeout_s=5.0),
        says="No connections at all:",
        expected=[[]],
        rule="Nobody was left without an answer.",
    )

    def drop_by_drop(unanswered, pace):
        """A server sends its answer octet by octet, and takes longer for it than there is time."""

        def drips(listener):
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                connection.recv(100)
                for octet in b"HELLO 0\n":
                    over.wait(0.06 * pace)
                    connection.sendall(bytes([octet]))
                connection.close()

        over = threading.Event()
        with running(drips) as server:
            found = unanswered(server.connect, 1, 0.2 * pace)
            over.set()
            return found

    check.probe(
        unanswered,
        lambda unanswered: unhurried(lambda pace: drop_by_drop(unanswered, pace), margin_s=0.05),
        says="A server that sends an octet every 0.06 s, with timeout_s=0.2:",
        expected=[0],
        rule="timeout_s is for the whole line, not for each recv.",
        within_s=30.0,
    )

    def some_refused(unanswered):
        """Calls number 1 and 4 of connect() raise, one ConnectionRefusedError, one TimeoutError."""
        calls = itertools.count()
        with running(everybody) as server:

            def connect():
                number = next(calls)
                if number == 1:
                    raise ConnectionRefusedError(111, "Connection refused")
                if number == 4:
                    raise TimeoutError("timed out")
                return server.connect()

            return unanswered(connect, 5, 5.0)

    check.probe(
        unanswered,
        some_refused,
        expected=[1, 4],
        rule="A connection that was refused is one that was not answered; the others are tried.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="reverse-test-order" points=2 tags=["beside"]
@check.test
def _():
    # All are open before one is used; the last comes first; all are closed in the end.
    def what_it_saw(unanswered):
        """What the server saw: lines of which connection, after how many connects; then ends."""
        seen, opened, ended = [], [], threading.Semaphore(0)

        def told(what, n, line):
            if what == "line":
                seen.append((n, line, len(opened)))
            elif what == "end":
                seen.append((n, "end"))
                ended.release()

        with running(everybody, told=told) as server:

            def connect():
                opened.append(server.connect())
                return opened[-1]

            unanswered(connect, 3, 5.0)
            all_ended = all(ended.acquire(timeout=1.0) for _ in range(3))
            lines = [each for each in seen if each[1] != "end"]
            early = any(each[1] == "end" for each in seen[: len(lines)])
        return {"lines": lines, "closed before the last was used": early, "all closed": all_ended}

    check.probe(
        unanswered,
        what_it_saw,
        expected={
            "lines": [(n, b"hello %d\n" % n, 3) for n in (2, 1, 0)],
            "closed before the last was used": False,
            "all closed": True,
        },
        rule="(connection, its line, calls of connect() by then): three each time, last one first.",
    )

    ### BEGIN HIDDEN TESTS
    def closed_though(unanswered):
        """Nobody is answered, one hangs up: are all closed in the end?"""
        ended = threading.Semaphore(0)

        def told(what, n, line):
            if what == "end":
                ended.release()

        how = dict(told=told, skips=frozenset({0, 2}), leaves=frozenset({1}))
        with running(everybody, **how) as server:
            kept = []  # so that no garbage collector closes them

            def connect():
                kept.append(server.connect())
                return kept[-1]

            missing = unanswered(connect, 3, 0.1)
            return {"missing": missing, "closed": [ended.acquire(timeout=1.5) for _ in range(3)]}

    check.probe(
        unanswered,
        closed_though,
        expected={"missing": [0, 1, 2], "closed": [True] * 3},
        rule="Close all connections in any case.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="reverse-show"
# Now turn it on your own servers. Which of them do you expect in the list?


# %%
def shouted(line):
    yield line.upper() + b"\n"


contenders = [
    ("threads", serve_threads, (bytes.upper,)),
    ("pool", serve_pool, (bytes.upper, 8, 4)),
    ("loop", serve_loop, (bytes.upper,)),
    ("asyncio", serve_streams, (shouted,)),
]
for name, serve, arguments in contenders:
    try:
        with running(serve, *arguments) as server:
            print(f"{name:8} not answered of 16: {unanswered(server.connect, 16, 0.15)}")
    except NotImplementedError:
        print(f"{name:8} This needs exercise 6 and the server itself; run this cell again then.")

# %% [markdown] role="given" id="capacity-text"
# ## 7. Calculate before you buy
#
# Two numbers everybody knows about their service: how many requests come a second, and how long each
# stays. The number that decides about memory and descriptors is a third one: how many are there *at
# the same time*? **Little's law** gives it, and asks for nothing but that the system neither fills
# up nor runs dry in the long run:
#
# > mean number present = arrivals per second × mean stay in seconds
#
# 200 requests a second that take 50 ms each: ten are present. Let the same 200 clients keep their
# connections open for 60 s: twelve thousand.
#
# It speaks of the *mean*. A limit must hold the **peak**. And three things set limits: **descriptors**
# (a proxy needs two for each client: one to each side), **memory**, and the number of **workers**,
# if a connection needs one.

# %%
print("descriptors that one process here may have open:", room_here() + 100)
print(
    "of which are open now:", len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else "unknown"
)

# %% [markdown] role="given" id="capacity-brief"
# ### Exercise 7: capacity
#
# All numbers are `int` and exact; use `Fraction` (imported above), not `float`.
#
# **`present(arrivals_per_s, stay_ms) -> Fraction`**: the mean number present, by Little's law.
#
# **`load(visits) -> tuple[Fraction, int]`**: mean and peak of what really happened. `visits` is a list
# of pairs `(came_ms, left_ms)` with `came_ms <= left_ms`, in any order. The mean is taken over the time
# from the first arrival to the last departure; the peak is the greatest number present at once. Who
# leaves in the same millisecond in which another comes has left before. A visit of length 0 is never
# present. For no visits, or none of any length: `(0, 0)`.
#
# **`capacity(descriptors, reserved, each, memory_kib, kib_each, workers=None) -> tuple[int, str]`**:
# how many connections fit, and which limit says so: `"descriptors"` (the limit, less `reserved` for
# other things, `each` per connection), `"memory"` (`memory_kib` in all, `kib_each` per connection), or
# `"workers"` (one per connection; `None` if none is needed). If two limits are equal, name the one
# that stands first in this sentence. Never fewer than 0.
#
# **`overload(arrivals_per_s, workers, service_ms, waiting) -> tuple[Fraction, Fraction | None]`**: the
# **utilisation**, arriving work as a share of what `workers` can do when each request takes one of
# them `service_ms`; and after how many seconds `waiting` places are full, all workers busy from the
# start and nobody waiting yet, if arrivals and service were perfectly even; `None` if never.
#
# Examples: `present(200, 50)` is 10. `load([(0, 10), (5, 20)])` is `(Fraction(25, 20), 2)`.
# `capacity(1024, 24, 2, 10**6, 4)` is `(500, "descriptors")`. `overload(50, 4, 100, 60)` is
# `(Fraction(5, 4), 6)`: 50 come and 40 are served a second.


# %% role="answer" id="capacity-answer"
def present(arrivals_per_s: int, stay_ms: int) -> Fraction:
    """Return the mean number present, by Little's law."""
    ### BEGIN SOLUTION
    return Fraction(arrivals_per_s * stay_ms, 1000)
    ### END SOLUTION


def load(visits: list) -> tuple:
    """Return mean and peak number present, of visits `(came_ms, left_ms)`."""
    ### BEGIN SOLUTION
    if not visits:
        return Fraction(0), 0
    span = max(left for _, left in visits) - min(came for came, _ in visits)
    if not span:
        return Fraction(0), 0
    changes = sorted(
        change for came, left in visits if came < left for change in ((came, 1), (left, -1))
    )
    here = itertools.accumulate(change for _, change in changes)
    return Fraction(sum(left - came for came, left in visits), span), max(here, default=0)
    ### END SOLUTION


def capacity(
    descriptors: int,
    reserved: int,
    each: int,
    memory_kib: int,
    kib_each: int,
    workers: int | None = None,
) -> tuple:
    """Return how many connections fit, and the name of the limit that says so."""
    ### BEGIN SOLUTION
    limits = [
        (max(0, (descriptors - reserved) // each), "descriptors"),
        (memory_kib // kib_each, "memory"),
    ]
    if workers is not None:
        limits.append((workers, "workers"))
    return min(limits, key=lambda limit: limit[0])
    ### END SOLUTION


def overload(arrivals_per_s: int, workers: int, service_ms: int, waiting: int) -> tuple:
    """Return the utilisation, and the seconds until `waiting` places are full, or None."""
    ### BEGIN SOLUTION
    served_per_s = Fraction(workers * 1000, service_ms)
    too_many = arrivals_per_s - served_per_s
    return arrivals_per_s / served_per_s, waiting / too_many if too_many > 0 else None
    ### END SOLUTION


# %% [markdown] role="hint" id="capacity-hint-1"
# Nudge
# For the peak, do not look at every millisecond. The number present changes only when somebody comes
# or leaves: two changes for each visit.

# %% [markdown] role="hint" id="capacity-hint-2"
# Way
# Make a list of changes, `(came, +1)` and `(left, -1)`, sort it, and add up; tuples sort by the second
# element where the first is equal, so -1 comes before +1. The mean is the sum of all stays divided by
# the span. Four workers at 100 ms each serve `Fraction(4 * 1000, 100)` a second.

# %% [markdown] role="hint" id="capacity-hint-3"
# Almost
# `itertools.accumulate` of the sorted changes gives the number present after each; its `max` is the
# peak. In `capacity`, collect `(number, name)` pairs in the order of the brief and take
# `min(pairs, key=lambda pair: pair[0])`: of equal ones it returns the first.


# %% role="test" id="capacity-test-little" points=1
@check.test
def _():
    # Little's law.
    def means(*cases):
        return lambda present: [str(Fraction(present(*case))) for case in cases]

    LITTLE = dict(rule="Mean number present = arrivals per second times mean stay in seconds.")
    check.probe(
        present,
        means((200, 50), (200, 60_000)),
        says="present(200, 50) and present(200, 60000), as fractions:",
        expected=["10", "12000"],
        **LITTLE,
    )
    ### BEGIN HIDDEN TESTS
    cases = [(0, 50), (7, 0), (1, 1), (3, 333), (10**9, 10**9 + 1), (999, 1)]
    check.probe(
        present,
        means(*cases),
        says=f"present of {cases}, as fractions:",
        expected=[str(Fraction(per_s * ms, 1000)) for per_s, ms in cases],
        **LITTLE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="capacity-test-load" points=2
@check.test
def _():
    # Mean and peak of real visits.
    def of(*cases):
        def told(load):
            return [(str(Fraction(mean)), peak) for mean, peak in map(load, map(list, cases))]

        return told

    def judge(cases, expected, rule):
        shown = ", ".join(map(str, cases)) if len(cases) < 4 else f"{len(cases)} lists of visits"
        check.probe(
            load,
            of(*cases),
            says=f"load of {shown}; mean (as a fraction) and peak:",
            expected=[(str(Fraction(mean)), peak) for mean, peak in expected],
            rule=rule,
        )

    judge(
        [[(0, 10), (5, 20)], [(0, 10), (10, 20)]],
        [(Fraction(25, 20), 2), (1, 1)],
        "Mean: all stays over the whole span. Peak: leaving comes before coming.",
    )
    ### BEGIN HIDDEN TESTS
    judge(
        [[], [(5, 5)], [(5, 5), (5, 5)]],
        [(0, 0), (0, 0), (0, 0)],
        "No visits, or none of any length: (0, 0).",
    )
    judge(
        [[(3, 3), (9, 9)], [(0, 10), (4, 4)], [(0, 10), (4, 4), (4, 6)]],
        [(0, 0), (1, 1), (Fraction(12, 10), 2)],
        "A visit of length 0 is never present.",
    )
    judge(
        [[(0, 10), (12, 12)], [(1000, 1001)], [(50, 60), (0, 10)]],
        [(Fraction(10, 12), 1), (1, 1), (Fraction(20, 60), 1)],
        "The span is from the first arrival to the last departure.",
    )
    judge(
        [
            [(0, 100), (10, 20), (20, 30), (20, 25)],
            [(0, 5), (0, 5), (0, 5), (5, 6), (5, 6)],
            [(5, 9), (5, 9), (1, 5)],
        ],
        [(Fraction(125, 100), 3), (Fraction(17, 6), 3), (Fraction(12, 8), 2)],
        "Who leaves in the same millisecond has left before.",
    )

    def by_the_millisecond(visits):
        """The slow way: count at every millisecond."""
        first = min((came for came, _ in visits), default=0)
        last = max((left for _, left in visits), default=0)
        counts = [sum(came <= t < left for came, left in visits) for t in range(first, last)]
        return (Fraction(sum(counts), last - first), max(counts)) if counts else (Fraction(0), 0)

    dice = random.Random(15)
    cases = []
    for _ in range(60):
        visits = []
        for _ in range(dice.randrange(1, 14)):
            came = dice.randrange(-10, 40)
            visits.append((came, came + dice.choice([0, 1, 2, 5, 5, 17])))
        cases.append(visits)
    judge(cases, list(map(by_the_millisecond, cases)), "Count at every millisecond, and compare.")

    def twice(load):
        """The same list twice: what it holds in between, and whether the results are the same."""
        visits = [(5, 9), (1, 5), (5, 6)]
        one = load(visits)
        return visits, one == load(visits)

    check.probe(
        load,
        twice,
        expected=([(5, 9), (1, 5), (5, 6)], True),
        rule="The list is the caller's; leave it as it is.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="capacity-test-limits" points=1
@check.test
def _():
    # Which limit comes first.
    LIMITS = dict(
        rule="Each limit divided by what one connection needs of it; the smallest counts."
    )
    check.each(
        capacity,
        [(1024, 24, 2, 10**6, 4), (20_000, 100, 1, 10**6, 200, 5001)],
        expected=[(500, "descriptors"), (5000, "memory")],
        **LIMITS,
    )
    ### BEGIN HIDDEN TESTS
    check.each(
        capacity,
        [
            (1024, 24, 1, 10**6, 4, 256),
            (1025, 24, 2, 10**6, 4),
            (1000, 0, 1, 4000, 4),
            (1000, 0, 1, 4000, 4, 1000),
            (9000, 0, 1, 4000, 4, 1000),
            (20, 24, 1, 10**6, 4),
            (100, 24, 1, 3, 4),
            (100, 24, 1, 10**6, 4, 0),
            (10_000, 24, 3, 79, 8, 10),
        ],
        expected=[
            (256, "workers"),
            (500, "descriptors"),
            (1000, "descriptors"),
            (1000, "descriptors"),
            (1000, "memory"),
            (0, "descriptors"),
            (0, "memory"),
            (0, "workers"),
            (9, "memory"),
        ],
        **LIMITS,
    )
    ### END HIDDEN TESTS


# %% role="test" id="capacity-test-overload" points=1
@check.test
def _():
    # Utilisation, and when the waiting room is full.
    def judge(cases, expected):
        def told(overload):
            results = [overload(*case) for case in cases]
            return [(str(Fraction(u)), None if s is None else str(Fraction(s))) for u, s in results]

        check.probe(
            overload,
            told,
            says=f"overload of {', '.join(map(str, cases))}, as fractions:",
            expected=expected,
            rule="workers * 1000 / service_ms are served a second; only what is over that waits.",
        )

    judge([(50, 4, 100, 60), (40, 4, 100, 60)], [("5/4", "6"), ("1", None)])
    ### BEGIN HIDDEN TESTS
    judge([(10, 4, 100, 60), (0, 4, 100, 60)], [("1/4", None), ("0", None)])
    judge([(41, 4, 100, 0), (40, 4, 100, 0)], [("41/40", "0"), ("1", None)])
    judge([(10, 1, 300, 7), (1, 3, 7, 5)], [("3", "21/20"), ("7/3000", None)])
    judge([(100, 3, 70, 1)], [("7/3", "7/400")])
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="capacity-after"
# The last function holds the saddest fact about queues: a waiting room does not help against more work
# than can be done. It only decides how many *seconds* pass until you refuse, and how long everybody
# has waited by then. With a utilisation of 1 and real, uneven arrivals the queue grows without end,
# too. Plan for 70 per cent, and refuse early.

# %% [markdown] role="given" id="config-text"
# ## 8. Two programs that do it for a living
#
# **Apache httpd** (1995) grew up with a process for each client and became modular: its **MPM**
# (multi-processing module) is a choice. *prefork* is exercise 2 with processes; *event* has, in each
# process, a listener thread that holds the idle connections in a loop, and hands to a pool of worker
# threads those on which something happens. **nginx** (2004) was written as an answer to C10K: a few
# worker processes, each with an event loop like yours.
#
# Both are told by a text what to do. You will give both the same site. The frame around it (process
# model, log, own folders, no root) is in place; you write what nginx reads inside `http { ... }`, and
# what Apache reads after `Listen`. Here is a beginning for each.

# %%
with a_place() as place:
    texts = {
        NGINX: f"server {{ listen 127.0.0.1:{place.port}; root {place.root}; }}",
        APACHE: f"DocumentRoot {place.root}\n<Directory {place.root}>\nRequire all granted\n</Directory>",
    }
    for program, text in texts.items():
        try:
            with started(program, text, port=place.port) as server:
                answer = get(place.port, "/style.css")
                print(f"{program.name:13} {answer.status} {answer.kind} {answer.body}")
        except NotStarted as reason:
            print(reason)

# %% [markdown] role="given" id="config-words"
# What you need of the two languages:
#
# | | nginx | Apache |
# |---|---|---|
# | a part of the site | `location /app/ { }` (prefix), `location ~ ^/a { }` (regular expression) | `<Location>`, `<Directory>`, `<FilesMatch>` |
# | refuse | `return 404;` or `deny all;` | `Require all denied`, or `RewriteRule ... - [R=404]` |
# | another file, same address | `rewrite ^/a/(x)$ /b/$1 break;` or `try_files` | `RewriteEngine on`, `RewriteRule ^/a/(x)$ /b/$1` |
# | another address | `return 301 ...;` or `rewrite ... permanent;` | `RewriteRule ... [R=301]` or `RedirectMatch` |
# | pass on | `proxy_pass http://127.0.0.1:8000/;` | `ProxyPass`, `ProxyPassReverse` |
# | tell the application | `proxy_set_header X-Forwarded-For $remote_addr;` | done without being asked |
#
# Three traps wait. In nginx, `proxy_pass` *with* a path (be it only `/`) replaces the prefix of the
# location, and *without* one leaves the request as it is. A regular expression in `location` beats a
# prefix, unless the prefix says `^~`. And `$1` or `$uri` do not contain the query: `$is_args$args`
# does. In Python's f-strings, write `{{` for a brace.

# %% [markdown] role="given" id="config-brief"
# ### Exercise 8: one site, two languages
#
# Write `nginx_site(place) -> str` and `apache_site(place) -> str`. `place.root` is the folder with the
# files, `place.port` the port to listen on (Apache's `Listen` is in the frame; nginx's `listen
# 127.0.0.1:port;` is yours), `place.app_port` where an application listens, on 127.0.0.1.
#
# - **Static.** A path is answered with the file of that name below `root`; `/` and any folder with
#   its `index.html`. What does not exist, and a folder without `index.html`, is answered with 404 or
#   403, and never with a list. No file or folder whose name begins with a dot is ever given out: 404
#   or 403.
# - **Rewrite.** `/notes/NAME`, where `NAME` is one or more of `a`-`z`, `0`-`9` and `-`, is answered with
#   the file `pages/NAME.html`, status 200, address unchanged (no redirect). Any other path that
#   begins with `/notes/` is answered with 404.
# - **Redirect.** `/old/NAME`, with the same kind of `NAME`, is answered with 301 and the address
#   `/notes/NAME` (with or without scheme and host before it); a query, `?x=1`, is kept. Any other path
#   that begins with `/old/`: 404.
# - **Proxy.** `/app/` and everything below it is answered by the application, with the prefix taken off:
#   `/app/list?x=1` reaches it as `/list?x=1`, and `/app/` as `/`. The application receives a field
#   `X-Forwarded-For` that ends with the client's address. If it answers with a redirect to its own
#   `http://127.0.0.1:app_port/there`, the client is sent to `/app/there`. This is so for names that
#   begin with a dot, too: `/app/.well-known` is the application's business.
#
# `complaints(NGINX, text)` and `complaints(APACHE, text)` say what a real parser has against a text.
# Where a program is not installed, only the parser judges (for Apache, nobody).


# %% role="answer" id="config-answer"
def nginx_site(place: Place) -> str:
    """Return the `server` block for nginx."""
    ### BEGIN SOLUTION
    return f"""
    server {{
        listen 127.0.0.1:{place.port};
        root {place.root};
        index index.html;

        location ~ /\\. {{ return 404; }}

        location /notes/ {{
            rewrite ^/notes/([a-z0-9-]+)$ /pages/$1.html break;
            return 404;
        }}
        location ~ ^/old/([a-z0-9-]+)$ {{ return 301 /notes/$1$is_args$args; }}
        location /old/ {{ return 404; }}

        location ^~ /app/ {{
            proxy_pass http://127.0.0.1:{place.app_port}/;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
    """
    ### END SOLUTION


def apache_site(place: Place) -> str:
    """Return the site's directives for Apache httpd."""
    ### BEGIN SOLUTION
    return f"""
    DocumentRoot {place.root}
    DirectoryIndex index.html
    <Directory {place.root}>
        Options None
        Require all granted
    </Directory>

    ProxyPass /app/ http://127.0.0.1:{place.app_port}/
    ProxyPassReverse /app/ http://127.0.0.1:{place.app_port}/

    RewriteEngine on
    RewriteRule ^/app/ - [L]
    RewriteRule /\\. - [R=404,L]
    RewriteRule ^/notes/([a-z0-9-]+)$ /pages/$1.html [L]
    RewriteRule ^/old/([a-z0-9-]+)$ /notes/$1 [R=301,L]
    RewriteRule ^/(notes|old)/ - [R=404,L]
    """
    ### END SOLUTION


# %% [markdown] role="hint" id="config-hint-1"
# Nudge
# Begin with the two texts that run above, and add one thing at a time: static, dots, rewrite,
# redirect, proxy. `get(place.port, "/notes/arp")` inside the `with` shows what the server says.

# %% [markdown] role="hint" id="config-hint-2"
# Way
# nginx: one `location` for each: `~ /\.` for the dots, `/notes/`, `~ ^/old/...`, `/old/`, `^~ /app/`.
# Apache: `ProxyPass` and `ProxyPassReverse` for `/app/`, then `RewriteEngine on` and rules from
# special to general; `-` means "leave the path", `[R=404]` refuses. A first rule
# `RewriteRule ^/app/ - [L]` keeps the others away from the application.

# %% [markdown] role="hint" id="config-hint-3"
# Almost
# nginx: in `location /notes/`, `rewrite ^/notes/([a-z0-9-]+)$ /pages/$1.html break;` and after it
# `return 404;`. Where the rewrite matches, `break` ends these directives, so only the rest gets 404.
# Redirect: `return 301 /notes/$1$is_args$args;`. Proxy: `proxy_pass http://127.0.0.1:PORT/;` with
# the slash, and `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`.
# Apache: `RewriteRule ^/old/([a-z0-9-]+)$ /notes/$1 [R=301,L]`; `Options None` in `<Directory>`.


# %% role="given" id="config-given-visit"
def visited(program, *requests):
    """A probe: what `program` answers to each (path, what to tell of it), with a learner's text.

    What to tell: "status", "body", "to" (status and path of Location), "app" (the path that the
    application saw), "for" (the last of X-Forwarded-For).
    """

    def tell(answer, what):
        if what == "app" or what == "for":
            try:
                seen = json.loads(answer.body)
            except ValueError:
                return f"status {answer.status}, not from the application"
            if what == "app":
                return seen["path"]
            return seen["headers"].get("x-forwarded-for", "none").rpartition(",")[2].strip()
        if what == "to":
            location = answer.location.removeprefix("http://127.0.0.1").lstrip(":0123456789")
            return f"{answer.status} {location}"
        if what == "refused":
            return "refused" if answer.status in (403, 404) else f"status {answer.status}"
        if what == "body" and answer.status != 200:
            return f"status {answer.status}"
        return getattr(answer, what)

    def probe(site):
        with a_place() as place:
            text = site(place)
            if program is NGINX or program.missing:  # Apache's own parser reads it when it starts
                found = complaints(program, text, port=place.port)
                if found or program.missing:
                    return found or program.missing
            try:
                with started(program, text, port=place.port):
                    return {path: tell(get(place.port, path), what) for path, what in requests}
            except NotStarted as reason:
                return str(reason)

    return probe


def or_missing(program, expected):
    """What `visited` must give: `expected`, or where the program is not installed, that."""
    return program.missing or expected


for program in (NGINX, APACHE):
    if program.missing:
        print(program.missing)


# %% role="test" id="config-test-nginx-static" points=1
@check.test
def _():
    # nginx. Files, folders, and what is not given out.
    check.probe(
        nginx_site,
        visited(
            NGINX,
            ("/", "body"),
            ("/style.css", "kind"),
            ("/nope", "status"),
        ),
        says="nginx with your text answers:",
        expected=or_missing(
            NGINX,
            {
                "/": b"<h1>home</h1>\nhello\n",
                "/style.css": "text/css",
                "/nope": 404,
            },
        ),
        rule="A path is a file below root, a folder its index.html; a folder without one is never listed.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        nginx_site,
        visited(
            NGINX,
            ("/pages/", "body"),
            ("/pages/arp.html", "body"),
            ("/empty/", "refused"),
            ("/empty/nothing.txt", "body"),
            ("/apple", "status"),
            ("/notesx", "status"),
            ("/older/x", "status"),
        ),
        says="nginx with your text answers:",
        expected=or_missing(
            NGINX,
            {
                "/pages/": b"<h1>all pages</h1>\n",
                "/pages/arp.html": b"<h1>who has</h1>\n",
                "/empty/": "refused",
                "/empty/nothing.txt": b"nothing\n",
                "/apple": 404,
                "/notesx": 404,
                "/older/x": 404,
            },
        ),
        rule="A path is a file below root, a folder its index.html; a folder without one is never listed.",
    )
    check.probe(
        nginx_site,
        visited(
            NGINX,
            ("/.secret", "refused"),
            ("/.git/config", "refused"),
            ("/pages/.draft.html", "refused"),
            ("/pages/%2edraft.html", "refused"),
            ("/.git/", "refused"),
        ),
        says="nginx with your text answers:",
        expected=or_missing(
            NGINX,
            {
                "/.secret": "refused",
                "/.git/config": "refused",
                "/pages/.draft.html": "refused",
                "/pages/%2edraft.html": "refused",
                "/.git/": "refused",
            },
        ),
        rule="Nothing is given out whose name, or whose folder's name, begins with a dot.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="config-test-nginx-rewrite" points=1
@check.test
def _():
    # nginx. Another file, the same address; and what is no NAME.
    check.probe(
        nginx_site,
        visited(
            NGINX,
            ("/notes/arp", "body"),
            ("/notes/ARP", "status"),
        ),
        says="nginx with your text answers:",
        expected=or_missing(
            NGINX,
            {
                "/notes/arp": b"<h1>who has</h1>\n",
                "/notes/ARP": 404,
            },
        ),
        rule="/notes/NAME is the file pages/NAME.html, status 200; all else below /notes/ is 404.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        nginx_site,
        visited(
            NGINX,
            ("/notes/c10k-1999", "body"),
            ("/notes/arp?x=1", "status"),
            ("/notes/", "status"),
            ("/notes/a/b", "status"),
            ("/notes/missing", "status"),
            ("/notes/arp.html", "status"),
            ("/notes/arp/", "status"),
            ("/notes/.draft", "status"),
            ("/notes/index", "status"),
        ),
        says="nginx with your text answers:",
        expected=or_missing(
            NGINX,
            {
                "/notes/c10k-1999": b"<h1>ten thousand</h1>\n",
                "/notes/arp?x=1": 200,
                "/notes/": 404,
                "/notes/a/b": 404,
                "/notes/missing": 404,
                "/notes/arp.html": 404,
                "/notes/arp/": 404,
                "/notes/.draft": 404,
                "/notes/index": 200,
            },
        ),
        rule="/notes/NAME is the file pages/NAME.html, status 200; all else below /notes/ is 404.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="config-test-nginx-redirect" points=1
@check.test
def _():
    # nginx. Another address; the query stays.
    check.probe(
        nginx_site,
        visited(
            NGINX,
            ("/old/arp", "to"),
            ("/old/arp?x=1", "to"),
        ),
        says="nginx with your text answers:",
        expected=or_missing(
            NGINX,
            {
                "/old/arp": "301 /notes/arp",
                "/old/arp?x=1": "301 /notes/arp?x=1",
            },
        ),
        rule="301 to /notes/NAME, with the query if there is one; all else below /old/ is 404.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        nginx_site,
        visited(
            NGINX,
            ("/old/c10k-1999?a=b&c=%20d", "to"),
            ("/old/missing", "to"),
            ("/old/ARP", "status"),
            ("/old/", "status"),
            ("/old/a/b", "status"),
            ("/old/arp.html", "status"),
        ),
        says="nginx with your text answers:",
        expected=or_missing(
            NGINX,
            {
                "/old/c10k-1999?a=b&c=%20d": "301 /notes/c10k-1999?a=b&c=%20d",
                "/old/missing": "301 /notes/missing",
                "/old/ARP": 404,
                "/old/": 404,
                "/old/a/b": 404,
                "/old/arp.html": 404,
            },
        ),
        rule="301 to /notes/NAME, with the query if there is one; all else below /old/ is 404.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="config-test-nginx-proxy" points=1
@check.test
def _():
    # nginx. The application: without the prefix, with the client's address, back again.
    check.probe(
        nginx_site,
        visited(
            NGINX,
            ("/app/list?x=1", "app"),
            ("/app/", "app"),
        ),
        says="nginx with your text answers:",
        expected=or_missing(
            NGINX,
            {
                "/app/list?x=1": "/list?x=1",
                "/app/": "/",
            },
        ),
        rule="/app/ is taken off, and everything below it is the application's.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        nginx_site,
        visited(
            NGINX,
            ("/app/a/b", "app"),
            ("/app/notes/arp", "app"),
            ("/app/old/arp", "app"),
            ("/app/app/x", "app"),
            ("/app/.well-known", "app"),
            ("/app/style.css", "app"),
        ),
        says="nginx with your text answers:",
        expected=or_missing(
            NGINX,
            {
                "/app/a/b": "/a/b",
                "/app/notes/arp": "/notes/arp",
                "/app/old/arp": "/old/arp",
                "/app/app/x": "/app/x",
                "/app/.well-known": "/.well-known",
                "/app/style.css": "/style.css",
            },
        ),
        rule="/app/ is taken off, and everything below it is the application's.",
    )
    check.probe(
        nginx_site,
        visited(
            NGINX,
            ("/app/who", "for"),
            ("/app/moved", "to"),
        ),
        says="nginx with your text answers:",
        expected=or_missing(
            NGINX,
            {
                "/app/who": "127.0.0.1",
                "/app/moved": "302 /app/list",
            },
        ),
        rule="The application learns the client's address; its own redirects lead back below /app/.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="config-test-apache-static" points=1
@check.test
def _():
    # Apache. Files, folders, and what is not given out.
    check.probe(
        apache_site,
        visited(
            APACHE,
            ("/", "body"),
            ("/style.css", "kind"),
            ("/nope", "status"),
        ),
        says="Apache with your text answers:",
        expected=or_missing(
            APACHE,
            {
                "/": b"<h1>home</h1>\nhello\n",
                "/style.css": "text/css",
                "/nope": 404,
            },
        ),
        rule="A path is a file below root, a folder its index.html; a folder without one is never listed.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        apache_site,
        visited(
            APACHE,
            ("/pages/", "body"),
            ("/pages/arp.html", "body"),
            ("/empty/", "refused"),
            ("/empty/nothing.txt", "body"),
            ("/apple", "status"),
            ("/notesx", "status"),
            ("/older/x", "status"),
        ),
        says="Apache with your text answers:",
        expected=or_missing(
            APACHE,
            {
                "/pages/": b"<h1>all pages</h1>\n",
                "/pages/arp.html": b"<h1>who has</h1>\n",
                "/empty/": "refused",
                "/empty/nothing.txt": b"nothing\n",
                "/apple": 404,
                "/notesx": 404,
                "/older/x": 404,
            },
        ),
        rule="A path is a file below root, a folder its index.html; a folder without one is never listed.",
    )
    check.probe(
        apache_site,
        visited(
            APACHE,
            ("/.secret", "refused"),
            ("/.git/config", "refused"),
            ("/pages/.draft.html", "refused"),
            ("/pages/%2edraft.html", "refused"),
            ("/.git/", "refused"),
        ),
        says="Apache with your text answers:",
        expected=or_missing(
            APACHE,
            {
                "/.secret": "refused",
                "/.git/config": "refused",
                "/pages/.draft.html": "refused",
                "/pages/%2edraft.html": "refused",
                "/.git/": "refused",
            },
        ),
        rule="Nothing is given out whose name, or whose folder's name, begins with a dot.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="config-test-apache-rewrite" points=1
@check.test
def _():
    # Apache. Another file, the same address; and what is no NAME.
    check.probe(
        apache_site,
        visited(
            APACHE,
            ("/notes/arp", "body"),
            ("/notes/ARP", "status"),
        ),
        says="Apache with your text answers:",
        expected=or_missing(
            APACHE,
            {
                "/notes/arp": b"<h1>who has</h1>\n",
                "/notes/ARP": 404,
            },
        ),
        rule="/notes/NAME is the file pages/NAME.html, status 200; all else below /notes/ is 404.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        apache_site,
        visited(
            APACHE,
            ("/notes/c10k-1999", "body"),
            ("/notes/arp?x=1", "status"),
            ("/notes/", "status"),
            ("/notes/a/b", "status"),
            ("/notes/missing", "status"),
            ("/notes/arp.html", "status"),
            ("/notes/arp/", "status"),
            ("/notes/.draft", "status"),
            ("/notes/index", "status"),
        ),
        says="Apache with your text answers:",
        expected=or_missing(
            APACHE,
            {
                "/notes/c10k-1999": b"<h1>ten thousand</h1>\n",
                "/notes/arp?x=1": 200,
                "/notes/": 404,
                "/notes/a/b": 404,
                "/notes/missing": 404,
                "/notes/arp.html": 404,
                "/notes/arp/": 404,
                "/notes/.draft": 404,
                "/notes/index": 200,
            },
        ),
        rule="/notes/NAME is the file pages/NAME.html, status 200; all else below /notes/ is 404.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="config-test-apache-redirect" points=1
@check.test
def _():
    # Apache. Another address; the query stays.
    check.probe(
        apache_site,
        visited(
            APACHE,
            ("/old/arp", "to"),
            ("/old/arp?x=1", "to"),
        ),
        says="Apache with your text answers:",
        expected=or_missing(
            APACHE,
            {
                "/old/arp": "301 /notes/arp",
                "/old/arp?x=1": "301 /notes/arp?x=1",
            },
        ),
        rule="301 to /notes/NAME, with the query if there is one; all else below /old/ is 404.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        apache_site,
        visited(
            APACHE,
            ("/old/c10k-1999?a=b&c=%20d", "to"),
            ("/old/missing", "to"),
            ("/old/ARP", "status"),
            ("/old/", "status"),
            ("/old/a/b", "status"),
            ("/old/arp.html", "status"),
        ),
        says="Apache with your text answers:",
        expected=or_missing(
            APACHE,
            {
                "/old/c10k-1999?a=b&c=%20d": "301 /notes/c10k-1999?a=b&c=%20d",
                "/old/missing": "301 /notes/missing",
                "/old/ARP": 404,
                "/old/": 404,
                "/old/a/b": 404,
                "/old/arp.html": 404,
            },
        ),
        rule="301 to /notes/NAME, with the query if there is one; all else below /old/ is 404.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="config-test-apache-proxy" points=1
@check.test
def _():
    # Apache. The application: without the prefix, with the client's address, back again.
    check.probe(
        apache_site,
        visited(
            APACHE,
            ("/app/list?x=1", "app"),
            ("/app/", "app"),
        ),
        says="Apache with your text answers:",
        expected=or_missing(
            APACHE,
            {
                "/app/list?x=1": "/list?x=1",
                "/app/": "/",
            },
        ),
        rule="/app/ is taken off, and everything below it is the application's.",
    )
    ### BEGIN HIDDEN TESTS
    check.probe(
        apache_site,
        visited(
            APACHE,
            ("/app/a/b", "app"),
            ("/app/notes/arp", "app"),
            ("/app/old/arp", "app"),
            ("/app/app/x", "app"),
            ("/app/.well-known", "app"),
            ("/app/style.css", "app"),
        ),
        says="Apache with your text answers:",
        expected=or_missing(
            APACHE,
            {
                "/app/a/b": "/a/b",
                "/app/notes/arp": "/notes/arp",
                "/app/old/arp": "/old/arp",
                "/app/app/x": "/app/x",
                "/app/.well-known": "/.well-known",
                "/app/style.css": "/style.css",
            },
        ),
        rule="/app/ is taken off, and everything below it is the application's.",
    )
    check.probe(
        apache_site,
        visited(
            APACHE,
            ("/app/who", "for"),
            ("/app/moved", "to"),
        ),
        says="Apache with your text answers:",
        expected=or_missing(
            APACHE,
            {
                "/app/who": "127.0.0.1",
                "/app/moved": "302 /app/list",
            },
        ),
        rule="The application learns the client's address; its own redirects lead back below /app/.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="claim-rewrite"
# > **Is it so?** "Apache's advantages: rewriting is more powerful, very many modules, few bugs, very
# > stable. nginx's: light, many connections, short configuration." *Half true*, and the halves can be
# > run. You have just done the same rewriting in both. Where Apache is richer is in *conditions*: its
# > `RewriteCond` tests any header, file or time before a rule; nginx's manual advises against `if` in a
# > location, and offers `map` and regular expressions instead. Here is one such rule in both.

# %%
QUERY = {
    NGINX: """
        server {{
            listen 127.0.0.1:{port};
            location = /notes {{
                if ($args ~ "^id=([a-z0-9-]+)$") {{ set $name $1; return 301 /notes/$name; }}
                return 404;
            }}
        }}""",
    APACHE: """
        RewriteEngine on
        RewriteCond "%{{QUERY_STRING}}" "^id=([a-z0-9-]+)$"
        RewriteRule "^/notes$" "/notes/%1" [R=301,QSD,L]""",
}
for program, text in QUERY.items():
    with a_place() as place:
        try:
            with started(program, text.format(port=place.port), port=place.port):
                answer = get(place.port, "/notes?id=arp")
                print(f"{program.name:13} {answer.status} {answer.location[-10:]}")
        except NotStarted as reason:
            print(reason)

# %% [markdown] role="given" id="claim-stable"
# > "More stable" can be run, too. Twenty clients are connected, and one worker process dies, as it does
# > when a module has a bug. How many clients are still answered?

# %%
import signal

from wirelab.servers.measure import HTTP
from wirelab.servers.programs import descendants

SITES = {
    NGINX: "server {{ listen 127.0.0.1:{port} backlog=4096; root {root}; }}",
    APACHE: "ListenBacklog 4096\nDocumentRoot {root}\n<Directory {root}>\nRequire all granted\n</Directory>",
}
KINDS = [
    ("nginx", NGINX, Frame(workers=1, connections=12_000)),
    ("Apache event", APACHE, Frame("event", workers=100, connections=12_000)),
    ("Apache prefork", APACHE, Frame("prefork", workers=40)),
]


@contextlib.contextmanager
def serving(program, frame):
    """The site of this section, served by a program in a frame."""
    with a_place() as place:
        text = SITES[program].format(port=place.port, root=place.root)
        with started(program, text, port=place.port, frame=frame) as server:
            yield server


for name, program, frame in KINDS:
    try:
        with serving(program, frame) as server, Crowd(server.address, **HTTP) as crowd:
            crowd.open(20)
            before = crowd.ask(at_once=20, within_s=3.0)
            os.kill(descendants(server.pid)[-1], signal.SIGKILL)
            after = crowd.ask(within_s=1.0)
            print(f"{name:15} {before.answered} answered; one worker dies; then {after.answered}")
    except NotStarted as reason:
        print(reason)

# %% [markdown] role="given" id="claim-stable-after"
# So "stable" is prefork's process for each client, an honest advantage where a module may crash, and
# it is *exactly* what makes it heavy. The event MPM gives it up like nginx does (all 20 connections
# were in its one child process). The property belongs to the process model, not to the name.

# %% [markdown] role="given" id="c10k-text"
# ## 9. Ten thousand
#
# Everything is there. Your loop costs a row in a table for each client. What can still stop it?
#
# - **Descriptors.** Each connection is one, and a process may have only so many: the *soft limit*. It
#   is often 1,024, for programs of 1999. A process may raise it itself, up to the *hard limit*:
#   `resource.getrlimit(resource.RLIMIT_NOFILE)` gives both, `setrlimit` sets both.
# - **The moment when they run out.** `accept()` then raises `OSError` with `errno.EMFILE` (too many in
#   this process) or `errno.ENFILE` (in the whole system). That is no reason to end. Nor is it one to go
#   on as before: the client still stands in the queue, so the listener stays ready, and the loop
#   would spin at full speed without ever getting anywhere. Stop asking about the door until somebody
#   has left.
# - **The backlog**, when all come at once. `running(..., backlog=4096)` takes care of that here.
# - **Ports.** Each client needs one of its own, and between two addresses and one server port there are
#   about 28,000 by default on Linux.

# %% [markdown] role="given" id="c10k-brief"
# ### Exercise 9: ten thousand live connections
#
# **`raise_limit() -> int`**: raise this process's soft limit of descriptors to its hard limit, and
# return the soft limit that is in force then. If the system refuses (`OSError` or `ValueError`), leave
# it as it is. (`import resource` inside the function: Windows has none.)
#
# **`serve_crowd(listener, handle)`**: as `serve_loop` in exercise 3, and in addition: when `accept()`
# fails for want of descriptors (`errno.EMFILE` or `errno.ENFILE`), go on serving those who are there,
# and accept again as soon as one of them has left; until then the loop sleeps, though somebody waits
# at the door. (`errno` is imported above.) Any other `OSError` but `BlockingIOError` ends it
# as before. You may copy your `serve_loop` and use your `Conversation`; anything else that does the
# same is as good.
#
# The test opens ten thousand connections from another process, uses them all in reverse order, sends a
# thousand away, lets a thousand others come, and asks all again. Where the descriptor limit allows
# fewer, it takes as many as fit, and says so.
#
# Example: `raise_limit()` is 20000 where `ulimit -Hn` says 20000.


# %% role="answer" id="c10k-answer"
def raise_limit() -> int:
    """Raise the soft limit of descriptors to the hard one; return what is in force."""
    ### BEGIN SOLUTION
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft
    ### END SOLUTION


def serve_crowd(listener, handle):
    """The line service in one thread, for as many as descriptors allow, and for no fewer."""
    ### BEGIN SOLUTION
    selector = selectors.DefaultSelector()
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ)
    door_is_open = True

    def close(connection):
        nonlocal door_is_open
        selector.unregister(connection)
        connection.close()
        if not door_is_open:
            selector.register(listener, selectors.EVENT_READ)
            door_is_open = True

    def welcome():
        connection, _ = listener.accept()
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, Conversation(handle))

    def serve(key, events):
        if events & selectors.EVENT_READ:
            key.data.receive(key.fileobj.recv(65536))
        if key.data.outgoing:
            key.data.sent(key.fileobj.send(key.data.outgoing))

    while True:
        for key, events in selector.select():
            if key.fileobj is listener:
                try:
                    welcome()
                except BlockingIOError:
                    pass
                except OSError as error:
                    if error.errno not in (errno.EMFILE, errno.ENFILE):
                        for each in list(selector.get_map().values()):
                            if each.fileobj is not listener:
                                each.fileobj.close()
                        selector.close()
                        return
                    selector.unregister(listener)
                    door_is_open = False
                continue
            try:
                serve(key, events)
            except BlockingIOError:
                pass
            except OSError:
                close(key.fileobj)
                continue
            if not key.data.interest:
                close(key.fileobj)
            elif key.data.interest != key.events:
                selector.modify(key.fileobj, key.data.interest, key.data)
    ### END SOLUTION


# %% [markdown] role="hint" id="c10k-hint-1"
# Nudge
# What is different from `serve_loop` is two lines in one place and two in another: what happens when
# `accept()` fails for want of descriptors, and what happens when a connection is closed.

# %% [markdown] role="hint" id="c10k-hint-2"
# Way
# On `EMFILE` or `ENFILE`, `selector.unregister(listener)` and remember it. In the one function that
# closes connections, register the listener again if you had taken it out. (One subtlety: the listener
# may still be in the list that `select()` has just returned; that does no harm, since an `accept()`
# that finds nobody raises `BlockingIOError`.)

# %% [markdown] role="hint" id="c10k-hint-3"
# Almost
# ```python
# except OSError as error:
#     if error.errno not in (errno.EMFILE, errno.ENFILE):
#         ...                               # close everything and return, as before
#     selector.unregister(listener)
#     door_is_open = False
# ```
# `raise_limit`: `soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)`, then
# `resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))` inside a `contextlib.suppress`.


# %% role="test" id="c10k-test-limit" points=1 tags=["beside"]
@check.test
def _():
    # The soft limit is the hard one.
    def from_below(raise_limit):
        """What it returns, and the soft limit then, after the soft limit was lowered by 100."""
        import resource

        before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lower = max(256, before - 100) if before > 0 else before
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (lower, hard))
            told = raise_limit()
            return {
                "returned the hard limit": told == hard,
                "it is in force": resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard,
                "told twice": raise_limit() == told,
            }
        finally:
            if resource.getrlimit(resource.RLIMIT_NOFILE)[0] != hard:
                resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))

    check.probe(
        raise_limit,
        from_below,
        expected={"returned the hard limit": True, "it is in force": True, "told twice": True},
        rule="setrlimit(RLIMIT_NOFILE, (hard, hard)), and return what is in force.",
    )


# %% role="test" id="c10k-test-crowd" points=4 tags=["beside"]
@check.test
def _():
    # Ten thousand connections, all alive, all answering.
    def crowd_of(serve_crowd, wanted):
        """So many connect; all are used, the last one first; some leave, others come."""
        with contextlib.suppress(NotImplementedError):
            raise_limit()
        with running(serve_crowd, bytes.upper, backlog=4096) as server:
            with Crowd(server.address) as crowd:
                count = min(wanted, crowd.room, room_here())
                if count < wanted:
                    print(f"The descriptor limit leaves room for {count} of {wanted} connections.")
                came = crowd.open(count, within_s=30.0).opened
                answered = crowd.ask(order="reverse", within_s=30.0).answered
                crowd.leave(0, count // 10)
                more = crowd.open(count // 10, within_s=10.0).opened
                again = crowd.ask(within_s=30.0).answered
            share = {"all": count, "tenth": count // 10}
            return {
                "came": "all" if came == share["all"] else came,
                "answered in reverse order": "all" if answered == share["all"] else answered,
                "came when a tenth had left": "all" if more == share["tenth"] else more,
                "answered then": "all" if again == share["all"] else again,
            }

    # Under another name: to run every planted wrong answer with ten thousand would take too long.
    def ten_thousand(listener, handle):
        return serve_crowd(listener, handle)

    check.probe(
        ten_thousand,
        lambda serve_crowd: crowd_of(serve_crowd, 10_000),
        says="Ten thousand clients (fewer where the descriptor limit says so):",
        expected={
            "came": "all",
            "answered in reverse order": "all",
            "came when a tenth had left": "all",
            "answered then": "all",
        },
        rule="Every connection stays open, and every one is answered.",
        within_s=100.0,
    )


# %% role="test" id="c10k-test-full" points=2 tags=["beside"]
@check.test
def _():
    # Descriptors run out: who is there is served, who waits comes in when somebody leaves.
    def too_few(serve_crowd):
        """Room for about 20; 40 connect. Ten are asked; 25 leave; the other 15 are asked."""
        import resource

        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        with (
            recording(most=5000) as watched,
            running(serve_crowd, bytes.upper) as server,
            Crowd(server.address) as crowd,
        ):
            witness = server.connect()
            use_in_reverse([witness])
            try:
                used = {int(name) for name in os.listdir("/dev/fd")}
                free = (number for number in itertools.count() if number not in used)
                most = next(itertools.islice(free, 20, None))
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, limits[1]))
                crowd.open(40)
                with contextlib.suppress(OSError):  # a round each: by then, nobody else comes in
                    use_in_reverse([witness] * 60)
                first = crowd.ask(first=0, last=10, within_s=0.8).answered
                meanwhile = rests(witness, watched) if first else "serves nobody"
                crowd.leave(0, 25)
                then = crowd.ask(within_s=0.8).answered
                return {
                    "asked first": first,
                    "the loop, while others wait": meanwhile,
                    "asked then": then,
                    "error": repr(server.error) if server.error else None,
                }
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    check.probe(
        serve_crowd,
        too_few,
        expected={
            "asked first": 10,
            "the loop, while others wait": "sleeps",
            "asked then": 15,
            "error": None,
        },
        rule="EMFILE: go on with those who are there, and look at the door when one has left.",
    )

    ### BEGIN HIDDEN TESTS
    def shut_down(serve_crowd):
        with running(serve_crowd, bytes.upper) as server:
            clients = [server.connect() for _ in range(3)]
            heard = use_in_reverse(clients)
            server.shut_down()
            return {
                "heard": heard,
                "returned": server.stopped(1.0),
                "error": repr(server.error) if server.error else None,
                # whoever has been closed has been told by now
                "then": [hears(client, 0.05) for client in clients],
            }

    check.probe(
        serve_crowd,
        shut_down,
        expected={
            "heard": [b"NUMBER 2", b"NUMBER 1", b"NUMBER 0"],
            "returned": True,
            "error": None,
            "then": ["end"] * 3,
        },
        rule="Any other OSError of accept() ends it, and closes all connections.",
    )
    check.probe(
        serve_crowd,
        conversations,
        says="A client speaks, line by line; what it hears:",
        expected={
            "one line": b"HELLO",
            "three lines at once": [b"A", b"B", b"C"],
            "half a line": "silence",
            "its other half": b"WORLD",
            "the next, and an empty line": [b"AND MORE", b""],
            "lines, then its end": [b"X", b"Y", "end"],
            "1,024 octets": 1024,
        },
        rule="Otherwise as in exercise 3.",
    )
    check.probe(
        serve_crowd,
        misfortunes,
        says="Some clients come to grief; what they hear, and what others do:",
        expected={
            "the handler fails": [b"FINE", "end"],
            "the others then": [b"STILL HERE", b"ANYBODY"],
            "a line without an end": ["end"],
            "a line of 1,025 octets": ["end"],
            "the others after a reset": [b"STILL HERE", b"ANYBODY"],
            "the server's own error": None,
        },
        rule="What fails on one connection closes that one, and no other.",
    )

    def slow_reader(serve_crowd):
        """One client asks for 12 MB and does not read; another asks; then the first one reads."""
        with running(serve_crowd, lambda line: line * 4_000_000) as server:
            slow, other = server.connect(timeout_s=1.0), server.connect()
            slow.sendall(b"a\nb\nc\n")
            slow.recv(1, socket.MSG_PEEK)  # its first answer has begun to come
            other.sendall(b"\n")
            meanwhile, lengths = hears(other, 0.3), []
            with slow.makefile("rb") as stream:
                for _ in range(3):
                    answer = stream.readline()
                    lengths.append((answer[:1], len(answer), answer.count(answer[:1])))
            return {"the other hears": meanwhile, "the slow one hears": lengths}

    check.probe(
        serve_crowd,
        slow_reader,
        expected={
            "the other hears": b"",
            "the slow one hears": [(letter, 4_000_001, 4_000_000) for letter in (b"a", b"b", b"c")],
        },
        rule="send() takes what fits; keep the rest and wait for writing.",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="plot-text"
# ## What it costs, on one plot
#
# Now all of them, on this machine, at this moment. Each server runs in a process of its own; a crowd
# connects, everybody asks once, the last one first, and while all are connected the server is asked
# what it has grown by. A line ends where a server did not answer everybody, or where this notebook
# does not torture it further. (The kernel's own memory, some KiB a connection, is the same for all,
# and is not counted.)

# %%
with contextlib.suppress(NotImplementedError):
    raise_limit()
FEW, MANY = [10, 100, 1000], [10, 100, 1000, 10_000]
rows = [
    *measure("threads", serve_threads, bytes.upper, counts=FEW),
    *measure("pool of 64", serve_pool, bytes.upper, 64, 10_000, counts=[10, 60, 100], within_s=1.0),
    *measure("your loop", serve_crowd, bytes.upper, counts=MANY),
    *measure("asyncio", serve_streams, shouted, counts=MANY),
]
for name, program, frame in KINDS:
    try:
        with serving(program, frame) as server:
            counts = {"nginx": MANY, "Apache event": FEW}.get(name, [10, 40])
            rows += measure_program(name, server, counts=counts)
    except NotStarted as reason:
        print(reason)

# %% jupyter={"source_hidden": true}
from wirelab.views.plots import Panel, Plot


def cost_plot(rows, limit):
    """Memory and waiting against the number of connections, a line for each server."""
    memory, waiting = {}, {}
    for row in rows:
        memory.setdefault(row.model, []).append((row.connections, max(row.memory_kib, 1)))
        if row.p99_ms is not None and row.answered == row.connections:
            waiting.setdefault(row.model, []).append((row.connections, row.p99_ms))
    x, axes = "open connections", dict(log_x=True, log_y=True)
    marked = {"descriptor limit": limit} if limit < 50_000 else {}
    return Plot(
        "What connections cost",
        Panel("Memory", x, "KiB grown since empty", memory, marked=marked, **axes),
        Panel("Waiting", x, "ms until 99 % are answered", waiting, **axes),
    )


cost_plot(rows, room_here() + 100) if rows else "Nothing is measured yet: write a server first."

# %% [markdown] role="given" id="plot-static"
# ![Memory and waiting time against the number of connections, for seven servers](figures/cost.svg)
#
# The picture shows one such measurement. What to see in it:
#
# - Slopes are costs. A thread costs about 25 KiB here: of its stack 8 MiB are *promised* and few are
#   touched. An Apache process of its own costs some 70 KiB beyond what it shares, an `asyncio` stream
#   6 KiB, nginx and the event loop of exercise 9 half a KiB.
# - nginx is light. So is anything that keeps a row in a table instead of a thread. Apache's event MPM
#   needs few *threads* for idle connections, yet keeps 40 KiB of memory pool for each.
# - The loop's waiting time hardly grows with the number of *connections*; what it grows with is the
#   number of *questions at once*, here always fifty. (The hump of `asyncio` at 1,000 is its first fifty
#   questions, which wait until the last connections are accepted: 5 % of them there, and at 10,000 only
#   half a per cent, which a "99 %" leaves out. Ask what a percentile hides.)
#
# And the first cell of this notebook, against all of them: forty clients send half a request and no
# more. Is an honest one, who comes then, answered within half a second?

# %%
HALF = {"LINES": "half a li", "HTTP": "GET / HTTP/1.1\r\nHos"}


def with_sleepers(address, kind, how):
    """Forty send half a request; then an honest one asks."""
    with Crowd(address, **how) as crowd:
        crowd.open(40)
        crowd.say(HALF[kind])
        crowd.open(1)
        return "answered" if crowd.ask(first=40, within_s=0.5).answered else "not answered"


mine = [
    ("threads", serve_threads, (bytes.upper,)),
    ("pool of 16", serve_pool, (bytes.upper, 16, 64)),
]
mine += [("your loop", serve_crowd, (bytes.upper,))]
for name, serve, arguments in mine:
    try:
        with running(serve, *arguments) as server:
            found = with_sleepers(server.address, "LINES", {})
        print(f"{name:15} {found}")
    except NotImplementedError:
        print(f"{name:15} is not written yet")
for name, program, frame in KINDS:
    with contextlib.suppress(NotStarted):
        few = Frame(frame.mpm, workers=1 if program is NGINX else 25)
        with serving(program, few) as server:
            print(f"{name:15} {with_sleepers(server.address, 'HTTP', HTTP)}")

# %% [markdown] role="given" id="plot-after"
# The event MPM, too, is held by half a request: its loop keeps *idle* connections, but a worker thread
# reads a request's header, and here there were twenty-five. `RequestReadTimeout`, your exercise 5, is
# what saves it after twenty seconds.

# %% [markdown] role="given" id="recap"
# ## What to remember
#
# - A connection that does nothing should cost nothing. What it costs is decided by *who waits*: a
#   **process, a thread, or a row in a table**.
# - Bound everything: workers, waiting places, lines, buffers, time. And **refuse in words, at once**,
#   with everything read that has come.
# - An event loop asks which sockets are **ready**. Nothing in it may wait, and a slow reader must hold
#   *you* back (**backpressure**), not fill your memory.
# - Number present = arrivals × stay (**Little**); the peak, not the mean, meets the limit: descriptors,
#   memory, workers.
# - **Use connections in reverse order**, and you know whether a server holds them. nginx and Apache
#   differ in process model first, and Apache's is a choice.
#
# You meet it in practice when a service is "down" with an idle processor (all workers wait), when a log
# says `Too many open files`, when a load balancer answers 503, and whenever somebody asks how many
# clients a machine can take.
#
# Next comes part 2, with `21_http`: what nginx and Apache really speak.
