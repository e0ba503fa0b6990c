"""Wrong answers to the exercises of `15_c10k`, each with the sentence that cures it.

`reference` holds the right answers. A planted answer is graded by the proof, where it must fail,
and run by the checks beside a learner's wrong result, to say why.
"""

import asyncio
import contextlib
import itertools
import queue
import selectors
import socket
import threading
from fractions import Fraction

import reference

from wirelab.grading.misconceptions import equivalent, misconception

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


def accepted(listener):
    """Connections, until the listener is shut down."""
    with contextlib.suppress(OSError):
        while True:
            yield listener.accept()[0]


def converse(connection, handle, lines=None, end=b"\n"):
    """What one client needs, and whatever goes wrong is its own end."""
    lines = lines or reference.Lines()
    with connection, contextlib.suppress(Exception):
        while octets := connection.recv(65536):
            for line in lines.feed(octets):
                connection.sendall(handle(line) + end)


def in_thread(work, *args):
    threading.Thread(target=work, args=args, daemon=True).start()


# --- Exercise 1: threads


@misconception(
    of="serve_threads",
    says="Whoever accepts also talks: the second client is not looked at until the first has "
    "left. Give the conversation to a thread and go back to the door.",
)
def no_thread_at_all(listener, handle):
    for connection in accepted(listener):
        converse(connection, handle)


@misconception(
    of="serve_threads",
    says="You start a thread and wait for its end (join, or run in place of start) before you "
    "accept again. That is a queue of one with a thread more.",
)
def joins_each_thread(listener, handle):
    for connection in accepted(listener):
        thread = threading.Thread(target=converse, args=(connection, handle), daemon=True)
        thread.start()
        thread.join()


@misconception(
    of="serve_threads",
    says="What one recv gives is taken for one line. A stream has no message boundaries: it may "
    "be half a line, or three.",
    rfc="RFC 9293 section 3.7",
)
def a_recv_is_a_line(listener, handle):
    def talk(connection):
        with connection, contextlib.suppress(Exception):
            while octets := connection.recv(65536):
                connection.sendall(handle(octets.rstrip(b"\n")) + b"\n")

    for connection in accepted(listener):
        in_thread(talk, connection)


@misconception(
    of="serve_threads",
    says="All connections share one Lines: the half line of one client is joined to the half "
    "line of another.",
)
def one_buffer_for_all(listener, handle):
    lines = reference.Lines()
    for connection in accepted(listener):
        in_thread(converse, connection, handle, lines)


@misconception(
    of="serve_threads",
    says="A lock around handle: one slow line stops everybody, and the threads are for nothing.",
)
def a_lock_around_handle(listener, handle):
    lock = threading.Lock()

    def one_by_one(line):
        with lock:
            return handle(line)

    for connection in accepted(listener):
        in_thread(converse, connection, one_by_one)


@misconception(
    of="serve_threads",
    says="What was left without a line feed when the client ended its side is answered as if it "
    "were a line.",
)
def answers_the_rest(listener, handle):
    def talk(connection):
        rest = b""
        with connection, contextlib.suppress(Exception):
            while octets := connection.recv(65536):
                *lines, rest = (rest + octets).split(b"\n")
                if len(rest) > 1024:
                    return
                for line in lines:
                    connection.sendall(handle(line) + b"\n")
            if rest:
                connection.sendall(handle(rest) + b"\n")

    for connection in accepted(listener):
        in_thread(talk, connection)


@misconception(
    of="serve_threads",
    says="A connection whose handle raised is never closed: its client waits for ever, and a "
    "descriptor is lost.",
)
def leaves_it_open(listener, handle):
    kept = []

    def talk(connection):
        kept.append(connection)
        lines = reference.Lines()
        try:
            while octets := connection.recv(65536):
                for line in lines.feed(octets):
                    connection.sendall(handle(line) + b"\n")
        except Exception:
            return
        connection.close()

    for connection in accepted(listener):
        in_thread(talk, connection)


# --- Exercise 2: the pool


def pool(listener, handle, workers, waiting, *, refuse=None, take=None, limit=None, stack=False):
    """A pool that is wrong in one of these ways."""
    places = threading.Semaphore(workers + waiting if limit is None else limit)
    line_up = queue.LifoQueue() if stack else queue.SimpleQueue()

    def work():
        while connection := line_up.get():
            (take or converse)(connection, handle)
            places.release()

    for _ in range(workers):
        in_thread(work)
    for connection in accepted(listener):
        if places.acquire(blocking=False):
            line_up.put(connection)
        else:
            (refuse or politely)(connection)


def politely(connection):
    with connection, contextlib.suppress(OSError):
        connection.setblocking(False)
        connection.sendall(reference.BUSY)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


@misconception(
    of="serve_pool",
    says="Nobody is ever refused: your queue has no end. A queue without an end turns overload "
    "into waiting without an end.",
    rfc="RFC 9110 section 15.6.4",
)
def never_refuses(listener, handle, workers, waiting):
    pool(listener, handle, workers, waiting, limit=10**6)


@misconception(
    of="serve_pool",
    says="With waiting=0 nobody is refused. `queue.Queue(0)` is a queue without a limit, not one"
    " without room.",
)
def a_queue_of_zero(listener, handle, workers, waiting):
    pool(listener, handle, workers, waiting, limit=workers + waiting if waiting else 10**6)


@misconception(
    of="serve_pool",
    says="The door waits until there is room (a put that blocks). Whoever comes then hears "
    "nothing at all, which is the one thing that refusing should spare them.",
    rfc="RFC 9110 section 15.6.4",
)
def waits_at_the_door(listener, handle, workers, waiting):
    places = threading.Semaphore(workers + waiting)
    line_up = queue.SimpleQueue()

    def work():
        while connection := line_up.get():
            converse(connection, handle)
            places.release()

    for _ in range(workers):
        in_thread(work)
    for connection in accepted(listener):
        places.acquire()
        line_up.put(connection)


@misconception(
    of="serve_pool",
    says="Refused without a word: the connection is only closed, and the client cannot tell a "
    "busy server from a broken one.",
    rfc="RFC 9110 section 15.6.4",
)
def closes_in_silence(listener, handle, workers, waiting):
    def refuse(connection):
        with connection, contextlib.suppress(OSError):
            connection.setblocking(False)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    pool(listener, handle, workers, waiting, refuse=refuse)


@misconception(
    of="serve_pool",
    says="The refused client gets a reset: octets that it had sent were unread when you closed, "
    "and TCP says so by RST. Read away what is there first.",
    rfc="RFC 9293 section 3.6.1",
)
def leaves_octets_unread(listener, handle, workers, waiting):
    def refuse(connection):
        with connection, contextlib.suppress(OSError):
            connection.sendall(reference.BUSY)

    pool(listener, handle, workers, waiting, refuse=refuse)


@misconception(
    of="serve_pool",
    says="A reset comes behind your polite end, since octets of the refused client were unread "
    "when you closed. Read away what is there first.",
    rfc="RFC 9293 section 3.6.1",
)
def reads_nothing_away(listener, handle, workers, waiting):
    def refuse(connection):
        with connection, contextlib.suppress(OSError):
            connection.sendall(reference.BUSY)
            connection.shutdown(socket.SHUT_WR)

    pool(listener, handle, workers, waiting, refuse=refuse)


@misconception(
    of="serve_pool",
    says="You read once and close; more may lie there. Read on until nothing is left, or it would "
    "block.",
    rfc="RFC 9293 section 3.6.1",
)
def reads_once(listener, handle, workers, waiting):
    def refuse(connection):
        with connection, contextlib.suppress(OSError):
            connection.setblocking(False)
            connection.sendall(reference.BUSY)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(4096)

    pool(listener, handle, workers, waiting, refuse=refuse)


@misconception(
    of="serve_pool",
    says="A refused client that has gone already ends your server: sending to it, or reading from "
    "it, raises an OSError other than BlockingIOError.",
)
def falls_over_the_gone(listener, handle, workers, waiting):
    def refuse(connection):
        with connection, contextlib.suppress(BlockingIOError):
            connection.setblocking(False)
            connection.sendall(reference.BUSY)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    pool(listener, handle, workers, waiting, refuse=refuse)


@misconception(
    of="serve_pool",
    says="You shut down the sending side of a refused connection, and never close it: each refusal "
    "costs a descriptor.",
)
def never_closes_the_refused(listener, handle, workers, waiting, kept=[]):  # noqa: B006
    def refuse(connection):
        kept.append(connection)
        with contextlib.suppress(OSError):
            connection.setblocking(False)
            connection.sendall(reference.BUSY)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    pool(listener, handle, workers, waiting, refuse=refuse)


@misconception(
    of="serve_pool",
    says="The line of the refusal is not ended: BUSY ends with a line feed, and a client that "
    "reads lines waits for it.",
)
def forgets_the_line_feed(listener, handle, workers, waiting):
    def refuse(connection):
        with connection, contextlib.suppress(OSError):
            connection.setblocking(False)
            connection.sendall(reference.BUSY.strip())
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    pool(listener, handle, workers, waiting, refuse=refuse)


@misconception(
    of="serve_pool",
    says="The door reads until the refused client has closed. A client that stays keeps the "
    "whole server waiting: read only what is there already.",
)
def waits_for_the_refused(listener, handle, workers, waiting):
    def refuse(connection):
        with connection, contextlib.suppress(OSError):
            connection.sendall(reference.BUSY)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    pool(listener, handle, workers, waiting, refuse=refuse)


@misconception(
    of="serve_pool",
    says="Only `workers` places are counted; the `waiting` ones are refused as well.",
)
def nobody_may_wait(listener, handle, workers, waiting):
    pool(listener, handle, workers, waiting, limit=workers)


@misconception(
    of="serve_pool",
    says="Those who wait are served in the wrong order, the last one first: a queue, not a stack.",
)
def last_come_first_served(listener, handle, workers, waiting):
    pool(listener, handle, workers, waiting, stack=True)


@misconception(
    of="serve_pool",
    says="A handler that raises ends its worker. After `workers` such lines nobody serves any "
    "more.",
)
def a_worker_dies(listener, handle, workers, waiting):
    places = threading.Semaphore(workers + waiting)
    line_up = queue.SimpleQueue()

    def work():
        while connection := line_up.get():
            failed = []

            def watched(line, failed=failed):
                try:
                    return handle(line)
                except Exception:
                    failed.append(line)
                    raise

            converse(connection, watched)
            places.release()
            if failed:
                return

    for _ in range(workers):
        in_thread(work)
    for connection in accepted(listener):
        if places.acquire(blocking=False):
            line_up.put(connection)
        else:
            politely(connection)


@misconception(
    of="serve_pool",
    says="A place is given back only where a connection ended in good order. One that failed "
    "keeps its place for ever: give it back in every case.",
)
def a_place_is_lost(listener, handle, workers, waiting):
    places = threading.Semaphore(workers + waiting)
    line_up = queue.SimpleQueue()

    def work():
        while connection := line_up.get():
            lines = reference.Lines()
            with contextlib.suppress(Exception), connection:
                while octets := connection.recv(65536):
                    for line in lines.feed(octets):
                        connection.sendall(handle(line) + b"\n")
                places.release()

    for _ in range(workers):
        in_thread(work)
    for connection in accepted(listener):
        if places.acquire(blocking=False):
            line_up.put(connection)
        else:
            politely(connection)


@misconception(
    of="serve_pool",
    says="One worker does all the work: `workers` connections should be served at the same time.",
)
def one_worker_only(listener, handle, workers, waiting):
    places = threading.Semaphore(workers + waiting)
    line_up = queue.SimpleQueue()

    def work():
        while connection := line_up.get():
            converse(connection, handle)
            places.release()

    in_thread(work)
    for connection in accepted(listener):
        if places.acquire(blocking=False):
            line_up.put(connection)
        else:
            politely(connection)


# --- Exercise 3: the conversation


class Talk:
    """A right Conversation, to be spoilt in one place."""

    always_write = False
    high = 65536

    def __init__(self, handle):
        self.handle = handle
        self.lines = reference.Lines()
        self.over = False
        self.outgoing = b""

    def receive(self, octets):
        if self.over:
            return
        if not octets:
            self.over = True
            return
        try:
            for line in self.lines.feed(octets):
                self.outgoing += self.handle(line) + b"\n"
        except Exception:
            self.over = True

    def sent(self, count):
        self.outgoing = self.outgoing[count:]

    def reads(self):
        return not self.over and len(self.outgoing) <= self.high

    @property
    def interest(self):
        return READ * self.reads() + WRITE * bool(self.outgoing)


@misconception(
    of="Conversation",
    says="You wait for writing always. A socket whose buffer has room can always be written, so "
    "the loop would never sleep again.",
)
class AlwaysWrites(Talk):
    @property
    def interest(self):
        return READ * self.reads() + WRITE * (bool(self.outgoing) or not self.over)


@misconception(
    of="Conversation",
    says="You go on asking for more to read, however much is outgoing: a client that never reads"
    " its answers fills your memory.",
)
class NoBackpressure(Talk):
    high = 10**12


@misconception(
    of="Conversation",
    says="You stop reading at 65,536 outgoing octets; the brief says more than that.",
)
class StopsOneEarly(Talk):
    high = 65535


@misconception(
    of="Conversation",
    says="You do not read while anything at all is outgoing. A client that sends its next line "
    "before it has read the answer would wait, and so would the end of its side.",
)
class ReadsOnlyWhenEmpty(Talk):
    high = 0


@misconception(
    of="Conversation",
    says="When the client has ended its side, what is still outgoing is forgotten. It only said "
    "that it will not *send* any more.",
    rfc="RFC 9293 section 3.6",
)
class ForgetsAtTheEnd(Talk):
    def receive(self, octets):
        super().receive(octets)
        if not octets:
            self.outgoing = b""


@misconception(
    of="Conversation",
    says="sent(count) forgets everything that is outgoing. `send` may have taken only a part.",
)
class SentIsAll(Talk):
    def sent(self, count):
        self.outgoing = b""


@misconception(
    of="Conversation",
    says="An exception of handle gets out of `receive`. In a loop it would end the server for "
    "everybody.",
)
class LetsItOut(Talk):
    def receive(self, octets):
        if self.over or not octets:
            self.over = True
            return
        for line in self.lines.feed(octets):
            self.outgoing += self.handle(line) + b"\n"


@misconception(
    of="Conversation",
    says="After the line that made handle raise, you go on with the next one. The conversation "
    "has ended there.",
)
class GoesOnAfterFailure(Talk):
    def receive(self, octets):
        if self.over or not octets:
            self.over = True
            return
        try:
            for line in self.lines.feed(octets):
                try:
                    self.outgoing += self.handle(line) + b"\n"
                except Exception:
                    self.over = True
        except ValueError:
            self.over = True


@misconception(
    of="Conversation",
    says="What comes while much is outgoing is thrown away. Backpressure is not to ask for more; "
    "what has been read must be answered, since nobody will send it again.",
)
class ThrowsAway(Talk):
    def receive(self, octets):
        if not octets or len(self.outgoing) <= self.high:
            super().receive(octets)


@misconception(
    of="Conversation",
    says="You expect certain exceptions of handle only. The brief says any `Exception`: you cannot "
    "know what somebody else's function raises.",
)
class ExpectsTheUsual(Talk):
    def receive(self, octets):
        if self.over or not octets:
            self.over = True
            return
        try:
            for line in self.lines.feed(octets):
                self.outgoing += self.handle(line) + b"\n"
        except (ValueError, LookupError, OSError):
            self.over = True


def loop(
    listener, handle, *, send=None, closes=True, recv=None, wants=None, wait_s=None, drop=None
):
    """An event loop that is wrong in one of these ways."""
    selector = selectors.DefaultSelector()
    listener.setblocking(False)
    selector.register(listener, READ)

    def close(connection):
        selector.unregister(connection)
        connection.close()

    def wanted(conversation):
        return (wants or (lambda interest, talk: interest))(conversation.interest, conversation)

    while True:
        for key, events in selector.select(wait_s):
            if key.fileobj is listener:
                try:
                    connection, _ = listener.accept()
                except BlockingIOError:
                    continue
                except OSError:
                    kept = [each.fileobj for each in selector.get_map().values()]
                    for each in kept:
                        if each is not listener and closes:
                            each.close()
                    loop.kept = [] if closes else kept
                    return
                connection.setblocking(False)
                selector.register(connection, READ, reference.Conversation(handle))
                continue
            try:
                if events & READ:
                    key.data.receive((recv or socket.socket.recv)(key.fileobj, 65536))
                if key.data.outgoing:
                    key.data.sent((send or socket.socket.send)(key.fileobj, key.data.outgoing))
            except BlockingIOError:
                pass
            except OSError:
                selector.unregister(key.fileobj)
                (drop or socket.socket.close)(key.fileobj)
                continue
            if not key.data.interest:
                close(key.fileobj)
            elif wanted(key.data) != key.events:
                selector.modify(key.fileobj, wanted(key.data), key.data)


@misconception(
    of="serve_loop",
    says="You ask about writing even where nothing is outgoing. A socket can nearly always be "
    "written, so select() comes back at once, always: the loop never sleeps again.",
)
def asks_about_writing_always(listener, handle):
    loop(listener, handle, wants=lambda interest, talk: interest | WRITE)


@misconception(
    of="serve_loop",
    says="select(0) does not wait: it asks, and comes back. Your loop asks a hundred thousand "
    "times a second. Call select() without a number.",
)
def asks_without_end(listener, handle):
    loop(listener, handle, wait_s=0)


@misconception(
    of="serve_loop",
    says="EVENT_READ is never taken away: your loop goes on reading from a client that does not "
    "read, and its answers fill the memory. `interest` says when not to.",
)
def reads_on(listener, handle):
    loop(listener, handle, wants=lambda interest, talk: interest | READ)


@misconception(
    of="serve_loop",
    says="A connection that failed is taken out of the selector and not closed: a descriptor is "
    "lost with every client that resets.",
)
def loses_a_descriptor(listener, handle, kept=[]):  # noqa: B006
    loop(listener, handle, drop=kept.append)


@misconception(
    of="serve_loop",
    says="You wait in `sendall` for a client that does not read, and everybody waits with you. "
    "Send what fits now, keep the rest, and wait for writing.",
)
def sends_all(listener, handle):
    def send(connection, octets):
        connection.settimeout(4.0)
        connection.sendall(octets)
        connection.setblocking(False)
        return len(octets)

    loop(listener, handle, send=send)


@misconception(
    of="serve_loop",
    says="What `send` could not take is lost: it returns how many octets it took, and the rest "
    "is still yours to send.",
)
def loses_what_does_not_fit(listener, handle):
    def send(connection, octets):
        connection.send(octets)
        return len(octets)

    loop(listener, handle, send=send)


@misconception(
    of="serve_loop",
    says="A thread for each connection again. Here one thread waits for all of them, with "
    "select().",
)
def threads_again(listener, handle):
    connections = []
    for connection in accepted(listener):
        connections.append(connection)
        in_thread(converse, connection, handle)
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


@misconception(
    of="serve_loop",
    says="When the listener is shut down the server returns, but the connections stay open, with"
    " nobody to answer them.",
)
def leaves_all_open(listener, handle):
    loop(listener, handle, closes=False)


@misconception(
    of="serve_loop",
    says="A client's reset gets out of the loop and ends the server for everybody. OSError of "
    "one connection is that connection's end.",
)
def dies_with_one_client(listener, handle):
    class Fatal(Exception):
        pass

    known = set()

    def recv(connection, size):
        known.add(connection)
        try:
            return connection.recv(size)
        except ConnectionResetError as error:
            raise Fatal from error

    try:
        loop(listener, handle, recv=recv)
    except Fatal as error:
        for connection in known:
            connection.close()
        raise ConnectionResetError(104, "Connection reset by peer") from error


# --- Exercise 4: asyncio


async def streams(listener, converse, backlog=4096):
    """asyncio's frame around a conversation; whatever goes wrong is its own end."""
    writers = set()

    async def guarded(reader, writer):
        writers.add(writer)
        with contextlib.suppress(Exception):
            await converse(reader, writer)
        writer.close()
        writers.discard(writer)

    server = await asyncio.start_server(guarded, sock=listener, backlog=backlog)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


@misconception(
    of="serve_streams",
    says="No drain: all of the answer is taken from the generator at once and waits in your "
    "memory for a client that does not read.",
)
async def never_drains(listener, produce):
    async def converse(reader, writer):
        while (line := await reader.readline()).endswith(b"\n"):
            for piece in produce(line[:-1]):
                if writer.transport.is_closing():
                    return
                writer.write(piece)

    await streams(listener, converse)


@misconception(
    of="serve_streams",
    says="You drain after the last piece. By then all of them wait in your memory: drain after "
    "each.",
)
async def drains_at_the_end(listener, produce):
    async def converse(reader, writer):
        while (line := await reader.readline()).endswith(b"\n"):
            for count, piece in enumerate(produce(line[:-1])):
                writer.write(piece)
                if count > 3000 or writer.transport.is_closing():
                    return
            await writer.drain()

    await streams(listener, converse)


@misconception(
    of="serve_streams",
    says="`asyncio.sleep(0)` lets others run, but it holds nothing back: the buffer of a client "
    "that does not read grows all the same. Only `drain` waits for the client.",
)
async def sleeps_instead(listener, produce):
    async def converse(reader, writer):
        while (line := await reader.readline()).endswith(b"\n"):
            for piece in produce(line[:-1]):
                if writer.transport.is_closing():
                    return
                writer.write(piece)
                await asyncio.sleep(0)

    await streams(listener, converse)


@misconception(
    of="serve_streams",
    says="At the end of the stream `readline` returns what is left, without a line feed. That is"
    " no line, and you answer it.",
)
async def answers_what_is_left(listener, produce):
    async def converse(reader, writer):
        while line := await reader.readline():
            for piece in produce(line.rstrip(b"\n")):
                writer.write(piece)
                await writer.drain()

    await streams(listener, converse)


@misconception(
    of="serve_streams",
    says="More than the line feed is taken off: strip() eats spaces and `\\r` as well, and they "
    "belong to the line.",
)
async def strips_too_much(listener, produce):
    async def converse(reader, writer):
        while (line := await reader.readline()).endswith(b"\n"):
            for piece in produce(line.strip()):
                writer.write(piece)
                await writer.drain()

    await streams(listener, converse)


@misconception(
    of="serve_streams",
    says="No backlog=4096: start_server sets it anew, to 100, and whoever comes while that many "
    "wait is dropped without a word.",
)
async def the_usual_backlog(listener, produce):
    async def converse(reader, writer):
        while (line := await reader.readline()).endswith(b"\n"):
            with contextlib.closing(produce(line[:-1])) as pieces:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()

    await streams(listener, converse, backlog=100)


@misconception(
    of="serve_streams",
    says="One line, one answer, and then you close. The client may have more to ask.",
)
async def one_answer_each(listener, produce):
    async def converse(reader, writer):
        line = await reader.readline()
        if line.endswith(b"\n"):
            for piece in produce(line[:-1]):
                writer.write(piece)
                await writer.drain()

    await streams(listener, converse)


@misconception(
    of="serve_streams",
    says="When the client has gone, nobody closes the generator: what it holds (a file, a query)"
    " stays open.",
)
async def leaves_the_generator(listener, produce, kept=[]):  # noqa: B006
    async def converse(reader, writer):
        while (line := await reader.readline()).endswith(b"\n"):
            pieces = produce(line[:-1])
            kept.append(pieces)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()

    await streams(listener, converse)


# --- Exercise 5: patience


class Clock:
    """A right Patience, to be spoilt in one place."""

    def __init__(self, now, idle_s, first_s, most_s, rate):
        self.idle_s, self.first_s, self.most_s, self.rate = idle_s, first_s, most_s, rate
        self.begun, self.count, self.ours, self.idle_since = None, 0, False, now

    @property
    def deadline(self):
        if self.ours:
            return None
        if self.begun is None:
            return self.idle_since + self.idle_s
        return self.begun + self.allowed()

    def allowed(self):
        return min(self.first_s + Fraction(self.count) / self.rate, self.most_s)

    def octets(self, now, count):
        self.count += count
        if self.begun is None and not self.ours:
            self.begun = now

    def complete(self, now):
        self.ours, self.begun, self.count = True, None, 0

    def answered(self, now):
        self.ours, self.idle_since = False, now
        self.begun = now if self.count else None

    def verdict(self, now):
        if self.deadline is None or now < self.deadline:
            return None
        return "close" if self.begun is None else "408"


@misconception(
    of="Patience",
    rfc="RFC 9110 section 15.5.9",
    says="Every octet sets the clock back to the beginning. One octet every few seconds, and a "
    "client stays for ever: that is Slowloris.",
)
class EachOctetAnew(Clock):
    def octets(self, now, count):
        super().octets(now, count)
        if not self.ours:
            self.begun = now


@misconception(
    of="Patience",
    says="Octets earn no time. Somebody with much to send on a slow line makes progress, and is "
    "cut off all the same.",
)
class NothingEarned(Clock):
    def allowed(self):
        return min(self.first_s, self.most_s)


@misconception(
    of="Patience",
    says="What octets earn has no end: with enough of them a request may take for ever. `most_s`"
    " is the limit.",
)
class NoLimit(Clock):
    def allowed(self):
        return self.first_s + Fraction(self.count) / self.rate


@misconception(
    of="Patience",
    says="`most_s` limits what is earned on top of `first_s`. It is the limit of the whole: "
    "beginning plus `most_s`.",
)
class MostOnTop(Clock):
    def allowed(self):
        return self.first_s + min(Fraction(self.count) / self.rate, self.most_s)


@misconception(
    of="Patience",
    says="Your clock runs on while the server works. It would end a client for the server's own "
    "slowness.",
)
class RunsInOurTurn(Clock):
    def complete(self, now):
        self.complete_at, self.count = now, 0
        self.ours = True

    @property
    def deadline(self):
        if self.begun is None:
            return self.idle_since + self.idle_s
        return self.begun + self.allowed()


@misconception(
    of="Patience",
    says="Octets of the last request are still counted in the next one. Each request begins with"
    " none.",
)
class CountsOnAndOn(Clock):
    def complete(self, now):
        self.ours, self.begun, self.before = True, None, self.count

    def answered(self, now):
        self.ours, self.idle_since = False, now
        self.begun = now if self.count > self.before else None


@misconception(
    of="Patience",
    says="Octets that came during the server's turn are forgotten. They belong to the next "
    "request, which begins when the answer is on its way.",
)
class ForgetsEarlyOctets(Clock):
    def octets(self, now, count):
        if not self.ours:
            super().octets(now, count)


@misconception(
    of="Patience",
    says="A request that came during the server's turn begins when its octets came, so its "
    "client pays for the server's time. It begins with `answered`.",
)
class BegunInOurTurn(Clock):
    early = None

    def octets(self, now, count):
        if self.ours and self.early is None:
            self.early = now
        super().octets(now, count)

    def answered(self, now):
        super().answered(now)
        self.begun = self.early if self.count else None
        self.early = None


@misconception(
    of="Patience",
    says="At the deadline itself you still wait; it is too late from the deadline on.",
)
class OneMoreMoment(Clock):
    def verdict(self, now):
        found = super().verdict(now)
        return None if found and now == self.deadline else found


@misconception(
    of="Patience",
    rfc="RFC 9110 section 15.5.9",
    says="An idle client is told 408, though it has asked for nothing. Close without a word.",
)
class TellsEverybody(Clock):
    def verdict(self, now):
        return "408" if super().verdict(now) else None


@misconception(
    of="Patience",
    says="The idle time counts from the connection's beginning for ever. Every answer begins it "
    "anew.",
)
class IdleFromTheStart(Clock):
    def answered(self, now):
        self.ours = False
        self.begun = now if self.count else None


@misconception(
    of="Patience",
    says="A beginning at time 0 is taken for none (`if not begun`), and moves with the next "
    "octets. Ask whether it `is None`.",
)
class NoughtIsNone(Clock):
    def octets(self, now, count):
        self.count += count
        if not self.begun and not self.ours:
            self.begun = now


def patient(*, idle=True, told=True, read=None):
    """A serve_patient that is wrong in one of these ways."""

    async def serve(listener, handle, idle_s, line_s):
        async def next_line(reader, writer):
            first = await asyncio.wait_for(reader.read(1), idle_s if idle else None)
            if first in (b"", b"\n"):
                return first
            try:
                return first + await (read or in_time)(reader, line_s)
            except TimeoutError:
                if told:
                    writer.write(reference.LATE)
                raise

        async def converse(reader, writer):
            while (line := await next_line(reader, writer)).endswith(b"\n"):
                if len(line) > 1025:
                    return
                writer.write(handle(line[:-1]) + b"\n")
                await writer.drain()

        await streams(listener, converse)

    return serve


async def in_time(reader, line_s):
    rest = b""
    end = asyncio.get_running_loop().time() + line_s
    while not rest.endswith(b"\n"):
        left = end - asyncio.get_running_loop().time()
        more = await asyncio.wait_for(reader.read(1), max(left, 0))
        rest += more
        if not more or len(rest) > 3000:
            break
    return rest


@misconception(
    of="serve_patient",
    rfc="RFC 9110 section 15.5.9",
    says="The clock starts anew with every octet, so your slow client is never late: it is "
    "always just sending.",
)
async def each_octet_in_time(listener, handle, idle_s, line_s):
    async def read(reader, line_s):
        rest = b""
        while not rest.endswith(b"\n"):
            more = await asyncio.wait_for(reader.read(1), line_s)
            rest += more
            if not more or len(rest) > 3000:
                break
        return rest

    await patient(read=read)(listener, handle, idle_s, line_s)


@misconception(
    of="serve_patient",
    rfc="RFC 9110 section 15.5.9",
    says="The slow client is cut off without a word. LATE tells it that the fault was its own "
    "pace.",
)
async def says_nothing(listener, handle, idle_s, line_s):
    await patient(told=False)(listener, handle, idle_s, line_s)


@misconception(
    of="serve_patient",
    says="There is no limit for a client that says nothing at all: it may stay for ever.",
)
async def idles_for_ever(listener, handle, idle_s, line_s):
    await patient(idle=False)(listener, handle, idle_s, line_s)


@misconception(
    of="serve_patient",
    says="One clock for waiting and for the line: a client that was idle for a while has no time"
    " left to send. The line's clock starts with its first octet.",
)
async def one_clock_for_both(listener, handle, idle_s, line_s):
    async def converse(reader, writer):
        while True:
            try:
                line = await asyncio.wait_for(reader.readline(), line_s)
            except TimeoutError:
                writer.write(reference.LATE)
                return
            if not line.endswith(b"\n") or len(line) > 1025:
                return
            writer.write(handle(line[:-1]) + b"\n")
            await writer.drain()

    await streams(listener, converse)


def by_deadlines(*, idle=None, line=None, half=True):
    """A serve_patient that computes its deadline each time, wrong in one of these ways."""

    async def serve(listener, handle, idle_s, line_s):
        async def converse(reader, writer):
            lines, rest = reference.Lines(), b""
            clock = asyncio.get_running_loop().time
            made = last = clock()
            begun = None
            while True:
                if begun is None:
                    end = idle(made, idle_s) if idle else last + idle_s
                else:
                    end = line(last, begun, idle_s, line_s) if line else begun + line_s
                try:
                    octets = await asyncio.wait_for(reader.read(4096), max(end - clock(), 0))
                except TimeoutError:
                    if begun is not None:
                        writer.write(reference.LATE)
                    return
                if not octets:
                    return
                if begun is None:
                    begun = clock()
                rest = (rest + octets).rpartition(b"\n")[2]
                for each in lines.feed(octets):
                    writer.write(handle(each) + b"\n")
                    await writer.drain()
                    last = clock()
                    begun = last if rest and half else None

        await streams(listener, converse)

    return serve


@misconception(
    of="serve_patient",
    says="The idle time counts from the connection's beginning for ever, so a regular visitor is "
    "sent away. Every answer begins it anew.",
)
async def idle_since_it_came(listener, handle, idle_s, line_s):
    await by_deadlines(idle=lambda made, idle_s: made + idle_s)(listener, handle, idle_s, line_s)


@misconception(
    of="serve_patient",
    says="The line's clock starts with the last answer, before a single octet has come: whoever "
    "pauses and then writes a line has less time than others.",
)
async def late_from_the_answer_on(listener, handle, idle_s, line_s):
    def line(last, begun, idle_s, line_s):
        return last + line_s

    await by_deadlines(line=line)(listener, handle, idle_s, line_s)


@misconception(
    of="serve_patient",
    says="The idle time runs on while a line is being sent. From its first octet on a line has its "
    "own clock, and no other.",
)
async def two_clocks_at_once(listener, handle, idle_s, line_s):
    def line(last, begun, idle_s, line_s):
        return min(begun + line_s, last + idle_s)

    await by_deadlines(line=line)(listener, handle, idle_s, line_s)


@misconception(
    of="serve_patient",
    says="The beginning of a line that came together with the end of the one before is taken for "
    "nothing: that line has no clock, and its sender may take for ever.",
)
async def half_a_line_is_none(listener, handle, idle_s, line_s):
    await by_deadlines(half=False)(listener, handle, idle_s, line_s)


# --- Exercise 6: reverse order


def asked(client, n, timeout_s, right=None):
    try:
        client.sendall(b"hello %d\n" % n)
        heard = reference.hears(client, timeout_s)
    except OSError:
        heard = "end"
    return (right or (lambda n, heard: heard == b"HELLO %d" % n))(n, heard)


def tried(
    connect, count, timeout_s, *, right=None, closes=True, refused=True, forward=False, ask=None
):
    """Use the connections; wrong in one of these ways."""
    ask = ask or (lambda n, client: asked(client, n, timeout_s, right))
    clients, missing = [], []
    try:
        for _ in range(count):
            try:
                clients.append(connect())
            except OSError:
                if not refused:
                    raise
                clients.append(None)
        numbers = list(enumerate(clients))
        for n, client in numbers if forward else reversed(numbers):
            if client is None or not ask(n, client):
                missing.append(n)
    finally:
        for client in clients:
            if client and closes:
                client.close()
    return sorted(missing)


@misconception(
    of="unanswered",
    says="You begin with the connection that was opened first. Begin with the last: a server that "
    "looks at one client after another cannot have come to it.",
)
def first_come_first(connect, count, timeout_s):
    return tried(connect, count, timeout_s, forward=True)


@misconception(
    of="unanswered",
    says="Each connection is closed before the next one is used. Then a server that serves one "
    "at a time passes: the others must stay.",
)
def one_after_another(connect, count, timeout_s):
    missing = []
    for n in range(count):
        try:
            with connect() as client:
                if not asked(client, n, timeout_s):
                    missing.append(n)
        except OSError:
            missing.append(n)
    return missing


@misconception(
    of="unanswered",
    says="Any line counts as an answer. One that was meant for somebody else, or says something "
    "else, is none.",
)
def anything_will_do(connect, count, timeout_s):
    return tried(connect, count, timeout_s, right=lambda n, heard: isinstance(heard, bytes))


@misconception(
    of="unanswered",
    says="A number that only begins or ends like the right one passes. Compare the whole line.",
)
def begins_like_it(connect, count, timeout_s):
    return tried(
        connect, count, timeout_s, right=lambda n, heard: str(heard)[2:].startswith(f"HELLO {n}")
    )


@misconception(
    of="unanswered",
    says="At the first one that is not answered you stop, as if all earlier ones were lost with "
    "it. Go on to the next.",
)
def stops_at_the_first(connect, count, timeout_s):
    clients = []
    for _ in range(count):
        try:
            clients.append(connect())
        except OSError:
            clients.append(None)
    missing = []
    for n, client in reversed(list(enumerate(clients))):
        if client is None or not asked(client, n, timeout_s):
            missing = list(range(n + 1))
            break
    for client in clients:
        if client:
            client.close()
    return missing


@misconception(
    of="unanswered",
    says="A connection that is refused ends your proof. It is one more that was not answered.",
)
def a_refusal_gets_out(connect, count, timeout_s):
    return tried(connect, count, timeout_s, refused=False)


@misconception(
    of="unanswered",
    says="Each recv has the whole of timeout_s: a server that sends a single octet now and then "
    "keeps you for as long as it likes. The time is for the line.",
)
def drop_after_drop(connect, count, timeout_s):
    def heard(client):
        client.settimeout(timeout_s)
        line = b""
        while not line.endswith(b"\n") and (octet := client.recv(1)):
            line += octet
        return line

    def right(n, client):
        try:
            client.sendall(b"hello %d\n" % n)
            return heard(client) == b"HELLO %d\n" % n
        except OSError:
            return False

    return tried(connect, count, timeout_s, ask=right)


@misconception(
    of="unanswered",
    says="The connections stay open when you are done, and the server goes on holding them.",
)
def leaves_them_open(connect, count, timeout_s, kept=[]):  # noqa: B006
    def keeping():
        kept.append(connect())
        return kept[-1]

    return tried(keeping, count, timeout_s, closes=False)


# --- Exercise 7: capacity


@misconception(
    of="present",
    says="Milliseconds are not seconds: 200 a second for 50 ms each are 10 at once, not 10,000.",
)
def milliseconds_as_seconds(arrivals_per_s, stay_ms):
    return Fraction(arrivals_per_s * stay_ms)


@misconception(
    of="present",
    says="Rounded: the mean number present need not be whole, and half a client here and there "
    "adds up.",
)
def whole_clients(arrivals_per_s, stay_ms):
    return Fraction(arrivals_per_s * stay_ms // 1000)


@misconception(
    of="present",
    says="That is arrivals divided by the stay. Who stays longer makes the room fuller, not "
    "emptier.",
)
def divides(arrivals_per_s, stay_ms):
    return Fraction(1000 * arrivals_per_s, stay_ms) if stay_ms else Fraction(0)


def swept(visits, *, order=None, zero=False, start=None):
    """Mean and peak; wrong in one of these ways."""
    if not visits:
        return Fraction(0), 0
    first = min(came for came, _ in visits) if start is None else start
    span = max(left for _, left in visits) - first
    if not span:
        return Fraction(0), 0
    changes = [c for came, left in visits if zero or came < left for c in ((came, 1), (left, -1))]
    changes.sort(key=order)
    here = itertools.accumulate(change for _, change in changes)
    return Fraction(sum(left - came for came, left in visits), span), max(here, default=0)


@misconception(
    of="load",
    says="Whoever comes in the very millisecond in which another leaves meets him. The brief "
    "says that he has left before.",
)
def comes_before_leaving(visits):
    return swept(visits, order=lambda change: (change[0], -change[1]))


@misconception(
    of="load",
    says="The span begins at 0 in your mean. It begins with the first arrival.",
)
def from_zero_on(visits):
    return swept(visits, start=0)


@misconception(
    of="load",
    says="Your peak is the mean, rounded up. A peak is what really was there at once, and limits"
    " must hold it.",
)
def the_peak_is_the_mean(visits):
    mean, _ = swept(visits)
    return mean, -(-mean.numerator // mean.denominator)


@misconception(
    of="load",
    says="You divide by the number of visits: that is the mean stay, not the mean number present.",
)
def mean_stay(visits):
    _, peak = swept(visits)
    if not visits:
        return Fraction(0), 0
    return Fraction(sum(left - came for came, left in visits), len(visits)), peak


@misconception(
    of="load",
    says="The caller's list is in another order afterwards. Sort a copy.",
)
def sorts_in_place(visits):
    visits.sort()
    return swept(visits)


@misconception(
    of="capacity",
    says="Each connection is counted as one descriptor. A proxy needs two: divide by `each`.",
)
def one_descriptor_each(descriptors, reserved, each, memory_kib, kib_each, workers=None):
    return reference.capacity(descriptors, reserved, 1, memory_kib, kib_each, workers)


@misconception(
    of="capacity",
    says="The reserved descriptors are given to clients as well: listener, log and files need "
    "some.",
)
def nothing_reserved(descriptors, reserved, each, memory_kib, kib_each, workers=None):
    return reference.capacity(descriptors, 0, each, memory_kib, kib_each, workers)


@misconception(
    of="capacity",
    says="workers=0 is not None: it says that nobody can be served, and you take it for no limit.",
)
def zero_is_none(descriptors, reserved, each, memory_kib, kib_each, workers=None):
    return reference.capacity(descriptors, reserved, each, memory_kib, kib_each, workers or None)


@misconception(
    of="capacity",
    says="A number below 0: nobody fits, but no fewer than nobody.",
)
def fewer_than_nobody(descriptors, reserved, each, memory_kib, kib_each, workers=None):
    if descriptors < reserved:
        return (descriptors - reserved) // each, "descriptors"
    return reference.capacity(descriptors, reserved, each, memory_kib, kib_each, workers)


@misconception(
    of="capacity",
    says="Where two limits are equal you name the later one. The brief wants the first.",
)
def names_the_last(descriptors, reserved, each, memory_kib, kib_each, workers=None):
    limits = [
        (max(0, (descriptors - reserved) // each), "descriptors"),
        (memory_kib // kib_each, "memory"),
    ]
    if workers is not None:
        limits.append((workers, "workers"))
    return min(reversed(limits), key=lambda limit: limit[0])


@misconception(
    of="overload",
    says="The places fill with everybody who arrives. Only those wait who come faster than "
    "others are served.",
)
def everybody_waits(arrivals_per_s, workers, service_ms, waiting):
    share, seconds = reference.overload(arrivals_per_s, workers, service_ms, waiting)
    return share, None if seconds is None else Fraction(waiting, arrivals_per_s)


@misconception(
    of="overload",
    says="That is the utilisation of a single worker. There are several: divide by their number.",
)
def a_single_worker(arrivals_per_s, workers, service_ms, waiting):
    _, seconds = reference.overload(arrivals_per_s, workers, service_ms, waiting)
    return Fraction(arrivals_per_s * service_ms, 1000), seconds


@misconception(
    of="overload",
    says="With a utilisation of exactly 1 just as many are served as come: the places never "
    "fill, even if there are none.",
)
def full_at_one(arrivals_per_s, workers, service_ms, waiting):
    share, seconds = reference.overload(arrivals_per_s, workers, service_ms, waiting)
    return share, Fraction(0) if share == 1 and not waiting else seconds


# --- Exercise 8: configuration


def without(site, *parts):
    """A site's text with some parts replaced, each a pair (what, by what)."""
    for what, instead in parts:
        if what not in site:
            raise LookupError(what)
        site = site.replace(what, instead)
    return site


@misconception(
    of="nginx_site",
    says="Without a path, proxy_pass sends the request on as it came, /app/ included. With one, "
    "be it only `/`, the location's prefix is replaced by it.",
)
def proxy_pass_without_a_slash(place):
    return without(
        reference.nginx_site(place),
        (f"127.0.0.1:{place.app_port}/;", f"127.0.0.1:{place.app_port};"),
    )


@misconception(
    of="nginx_site",
    says="The query is lost: `return 301 /notes/$1` writes a new address, and neither $1 nor "
    "$uri holds the query. Add $is_args$args.",
)
def loses_the_query(place):
    return without(reference.nginx_site(place), ("$1$is_args$args;", "$1;"))


@misconception(
    of="nginx_site",
    says="A 302 says that the move is for now: the client will ask at the old address again each"
    " time. Permanent is 301.",
    rfc="RFC 9110 section 15.4.2",
)
def moves_for_now(place):
    return without(reference.nginx_site(place), ("return 301", "return 302"))


@misconception(
    of="nginx_site",
    says="/notes/NAME is answered with a redirect. A rewrite gives another file at the same "
    "address, and nobody outside needs to know.",
)
def redirects_the_notes(place):
    return without(
        reference.nginx_site(place), ("/pages/$1.html break;", "/pages/$1.html redirect;")
    )


@misconception(
    of="nginx_site",
    says="Files whose name begins with a dot are given out: passwords, and .git with your whole "
    "source.",
)
def shows_its_dots(place):
    return without(reference.nginx_site(place), ("location ~ /\\. { return 404; }", ""))


@misconception(
    of="nginx_site",
    says="Your rule against dots reaches into /app/ as well: a regular expression beats a "
    "prefix, unless the prefix says ^~.",
)
def dots_beat_the_application(place):
    return without(reference.nginx_site(place), ("location ^~ /app/", "location /app/"))


@misconception(
    of="nginx_site",
    says="The application sees the proxy as its client: nginx does not say X-Forwarded-For "
    "unless it is told to.",
)
def hides_the_client(place):
    field = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
    return without(reference.nginx_site(place), (field, ""))


@misconception(
    of="nginx_site",
    says="A folder without index.html is shown as a list of its files.",
)
def lists_folders(place):
    return without(reference.nginx_site(place), ("index index.html;", "autoindex on;"))


@misconception(
    of="nginx_site",
    says="Your expression for NAME has no end ($): it matches whatever only begins with a NAME.",
)
def no_end_to_the_name(place):
    return without(
        reference.nginx_site(place),
        ("rewrite ^/notes/([a-z0-9-]+)$ ", "rewrite ^/notes/([a-z0-9-]+) "),
        ("~ ^/old/([a-z0-9-]+)$ ", "~ ^/old/([a-z0-9-]+) "),
    )


@misconception(
    of="apache_site",
    says="[R] alone is 302, a move for now. Permanent is [R=301].",
    rfc="RFC 9110 section 15.4.2",
)
def moves_for_now_too(place):
    return without(reference.apache_site(place), ("[R=301,L]", "[R,L]"))


@misconception(
    of="apache_site",
    says="A question mark at the end of the new address throws the query away. Leave it out, and"
    " Apache keeps the query by itself.",
)
def throws_the_query_away(place):
    return without(reference.apache_site(place), ("/notes/$1 [R=301,L]", "/notes/$1? [R=301,L]"))


@misconception(
    of="apache_site",
    says="The application's own redirect leads to its own port, past the proxy. ProxyPassReverse"
    " is what turns its Location round.",
)
def no_way_back(place):
    back = f"ProxyPassReverse /app/ http://127.0.0.1:{place.app_port}/"
    return without(reference.apache_site(place), (back, ""))


@misconception(
    of="apache_site",
    says="The application still sees /app/: what ProxyPass puts in its place is the second "
    "argument, path included.",
)
def keeps_the_prefix(place):
    return without(
        reference.apache_site(place),
        (f"ProxyPass /app/ http://127.0.0.1:{place.app_port}/", f"ProxyPass /app/ http://127.0.0.1:{place.app_port}/app/"),
    )  # fmt: skip


@misconception(
    of="apache_site",
    says="/notes/NAME is answered with a redirect. Without [R] a rewrite gives another file at "
    "the same address.",
)
def redirects_the_notes_too(place):
    return without(reference.apache_site(place), ("/pages/$1.html [L]", "/pages/$1.html [R,L]"))


@misconception(
    of="apache_site",
    says="Names that begin with a dot are given out: Apache itself hides none but .ht files, and"
    " those only where Debian's default configuration says so.",
)
def shows_its_dots_too(place):
    return without(reference.apache_site(place), ("RewriteRule /\\. - [R=404,L]", ""))


@misconception(
    of="apache_site",
    says="Your rule against dots reaches into /app/ as well. An earlier rule, `RewriteRule "
    "^/app/ - [L]`, leaves those paths alone.",
)
def dots_beat_the_application_too(place):
    return without(reference.apache_site(place), ("RewriteRule ^/app/ - [L]", ""))


@misconception(
    of="apache_site",
    says="A folder without index.html is shown as a list of its files (Options Indexes).",
)
def lists_folders_too(place):
    return without(reference.apache_site(place), ("Options None", "Options Indexes"))


# --- Exercise 9: ten thousand


@misconception(
    of="raise_limit",
    says="You return the limit that was in force before you raised it.",
)
def tells_the_old_limit():
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    reference.raise_limit()
    return before


@misconception(
    of="raise_limit",
    says="You only look at the soft limit. A process may raise it to the hard one with setrlimit.",
)
def only_looks():
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@misconception(
    of="raise_limit",
    says="You say the hard limit, and the soft one is what it was: getrlimit only looks, setrlimit "
    "raises.",
)
def only_says_so():
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


@misconception(
    of="raise_limit",
    says="A number of your own is set. What may be had is the hard limit of this very system.",
)
def a_number_of_its_own():
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 1024), hard))
    return min(hard, 1024)


@misconception(
    of="serve_crowd",
    says="When descriptors run out, `accept()` raises OSError, and your server takes it for the "
    "end: everybody is sent away because one more came.",
)
def ends_when_full(listener, handle):
    reference.serve_loop(listener, handle)


@misconception(
    of="serve_crowd",
    says="When descriptors have run out you never look at the door again. Those who wait outside"
    " must come in when somebody leaves.",
)
def never_opens_again(listener, handle):
    def accept():
        try:
            return listener.accept()
        except OSError as error:
            if error.errno in (23, 24):
                selector.unregister(listener)
                raise BlockingIOError from error
            raise

    selector = selectors.DefaultSelector()
    crowd(listener, handle, selector, accept)


@misconception(
    of="serve_crowd",
    says="When descriptors run out your loop spins: who waits at the door keeps the listener "
    "ready, and select() comes back at once, again and again. Take it out until somebody has left.",
)
def spins_at_the_door(listener, handle):
    def accept():
        try:
            return listener.accept()
        except OSError as error:
            if error.errno in (23, 24):
                raise BlockingIOError from error
            raise

    crowd(listener, handle, selectors.DefaultSelector(), accept)


@misconception(
    of="serve_crowd",
    says="You accept and close at once when descriptors run short: whoever waited for a place is"
    " sent away, though somebody would have left.",
)
def turns_them_away(listener, handle):
    spare = [socket.socket()]

    def accept():
        try:
            return listener.accept()
        except OSError as error:
            if error.errno in (23, 24):
                spare.pop().close()
                with contextlib.suppress(OSError):
                    listener.accept()[0].close()
                spare.append(socket.socket())
                raise BlockingIOError from error
            raise

    crowd(listener, handle, selectors.DefaultSelector(), accept)


def crowd(listener, handle, selector, accept):
    """An event loop with an accept of its own."""
    listener.setblocking(False)
    selector.register(listener, READ)
    while True:
        if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return  # it has been shut down, which nobody may be waiting for
        for key, events in selector.select(0.2):
            if key.fileobj is listener:
                try:
                    connection, _ = accept()
                except BlockingIOError:
                    continue
                except OSError:
                    for each in list(selector.get_map().values()):
                        if each.fileobj is not listener:
                            each.fileobj.close()
                    return
                connection.setblocking(False)
                selector.register(connection, READ, reference.Conversation(handle))
                continue
            try:
                if events & READ:
                    key.data.receive(key.fileobj.recv(65536))
                if key.data.outgoing:
                    key.data.sent(key.fileobj.send(key.data.outgoing))
            except BlockingIOError:
                pass
            except OSError:
                selector.unregister(key.fileobj)
                key.fileobj.close()
                continue
            if not key.data.interest:
                selector.unregister(key.fileobj)
                key.fileobj.close()
            elif key.data.interest != key.events:
                selector.modify(key.fileobj, key.data.interest, key.data)


# --- Mutants that are no wrong answers

equivalent(
    "capacity-answer",
    "change for came, left in visits if came <= left for change in ((came, 1), (left, -1))",
    because="At one moment -1 stands before +1: a visit of length 0 only makes the count dip.",
)
equivalent(
    "capacity-answer",
    "return min(limits, key=None)",
    because="The names happen to stand in the order of the alphabet, as ties are to be decided.",
)
equivalent(
    "capacity-answer",
    "return min(limits, )",
    because="The names happen to stand in the order of the alphabet, as ties are to be decided.",
)
equivalent(
    "threads-answer",
    "while octets := connection.recv(65537):",
    because="Any size will do: what does not fit comes with the next recv.",
)
equivalent(
    "threads-answer",
    "threading.Thread(target=converse, args=(connection,), daemon=None).start()",
    because="Whether the program waits for this thread at its end is not marked; the client has "
    "gone by then.",
)
equivalent(
    "threads-answer",
    "threading.Thread(target=converse, args=(connection,), ).start()",
    because="Whether the program waits for this thread at its end is not marked; the client has "
    "gone by then.",
)
equivalent(
    "threads-answer",
    "threading.Thread(target=converse, args=(connection,), daemon=False).start()",
    because="Whether the program waits for this thread at its end is not marked; the client has "
    "gone by then.",
)
equivalent(
    "pool-answer",
    "while octets := connection.recv(65537):",
    because="Any size will do: what does not fit comes with the next recv.",
)
equivalent(
    "pool-answer",
    "while connection.recv(65537):",
    because="Any size will do: what does not fit comes with the next recv.",
)
equivalent(
    "pool-answer",
    "threading.Thread(target=work, daemon=None).start()",
    because="Whether the program waits for this thread at its end is not marked; the client has "
    "gone by then.",
)
equivalent(
    "pool-answer",
    "threading.Thread(target=work, ).start()",
    because="Whether the program waits for this thread at its end is not marked; the client has "
    "gone by then.",
)
equivalent(
    "pool-answer",
    "threading.Thread(target=work, daemon=False).start()",
    because="Whether the program waits for this thread at its end is not marked; the client has "
    "gone by then.",
)
equivalent(
    "pool-answer",
    "return",
    because="What becomes of workers and open connections then is not marked.",
)
equivalent(
    "pool-answer",
    "if places.acquire(blocking=None):",
    because="None is false, and False is what the brief's way says.",
)
equivalent(
    "loop-answer",
    "listener.setblocking(True)",
    because="The listener is accepted from only when it is ready; that a client vanishes in "
    "between cannot be brought about here.",
)
equivalent(
    "loop-answer",
    "conversation.receive(connection.recv(65537))",
    because="Any size will do: what does not fit comes with the next recv.",
)
equivalent(
    "loop-answer",
    "break",
    because="Readiness is told again by the next select: whatever was ready then still is.",
)
equivalent(
    "loop-answer",
    "if each.fileobj is listener:",
    because="CPython closes what nobody refers to any more when the function returns.",
)
equivalent(
    "streams-answer",
    "open_now.add(None)",
    because="asyncio.run ends what is left, and closes it; being cancelled with clients there is "
    "not marked.",
)
equivalent(
    "streams-answer",
    "open_now.discard(None)",
    because="Writers that are closed already are aborted as well at the end, which does nothing.",
)
equivalent(
    "slow-answer",
    "open_now.add(None)",
    because="asyncio.run ends what is left, and closes it; being cancelled with clients there is "
    "not marked.",
)
equivalent(
    "slow-answer",
    "open_now.discard(None)",
    because="Writers that are closed already are aborted as well at the end, which does nothing.",
)
equivalent(
    "streams-answer",
    "server = await asyncio.start_server(converse, sock=listener, backlog=4097)",
    because="The system caps the backlog at 4096 by default.",
)
equivalent(
    "slow-answer",
    "server = await asyncio.start_server(converse, sock=listener, backlog=4097, limit=2048)",
    because="The system caps the backlog at 4096 by default.",
)
equivalent(
    "slow-answer",
    "server = await asyncio.start_server(converse, sock=listener, backlog=4096, limit=2049)",
    because="The limit is that of the reader's buffer; a line's own is looked at after it.",
)
equivalent(
    "slow-answer",
    'self._begun = ""',
    because="During the server's turn nobody looks, and answered sets it.",
)
equivalent(
    "reverse-answer",
    "heard = None",
    because="Anything but the right line is no answer.",
)
equivalent(
    "reverse-answer",
    'heard = "XXendXX"',
    because="Anything but the right line is no answer.",
)
equivalent(
    "reverse-answer",
    'heard = "END"',
    because="Anything but the right line is no answer.",
)
equivalent(
    "c10k-answer",
    "with contextlib.suppress(None, ValueError):",
    because="No system at hand refuses to raise the soft limit to the hard one.",
)
equivalent(
    "c10k-answer",
    "with contextlib.suppress(OSError, None):",
    because="No system at hand refuses to raise the soft limit to the hard one.",
)
equivalent(
    "c10k-answer",
    "with contextlib.suppress(ValueError):",
    because="No system at hand refuses to raise the soft limit to the hard one.",
)
equivalent(
    "c10k-answer",
    "with contextlib.suppress(OSError, ):",
    because="No system at hand refuses to raise the soft limit to the hard one.",
)
equivalent(
    "c10k-answer",
    "listener.setblocking(True)",
    because="The listener is accepted from only when it is ready; that a client vanishes in "
    "between cannot be brought about here.",
)
equivalent(
    "c10k-answer",
    "key.data.receive(key.fileobj.recv(65537))",
    because="Any size will do: what does not fit comes with the next recv.",
)
equivalent(
    "c10k-answer",
    "if each.fileobj is listener:",
    because="CPython closes what nobody refers to any more when the function returns.",
)
equivalent(
    "c10k-answer",
    "break",
    because="Readiness is told again by the next select: whatever was ready then still is.",
)
