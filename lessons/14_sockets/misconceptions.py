"""Planted wrong answers of `14_sockets`, each with the sentence that cures it.

The proof puts each in place of the right answer, and it must fail; a check whose result is wrong
runs them to find the one that gives the learner's very result. `reference` holds the right answers.
"""

import errno
import itertools
import selectors
import socket
import struct
import threading
from contextlib import suppress

import reference

from wirelab.grading.misconceptions import equivalent, misconception

# --- Exercise 1: exactly so many octets


@misconception(
    of="recv_exactly",
    rfc="RFC 9293 section 3.7",
    says="You call recv once and take what it gives. It gives what is there, at most as much as "
    "you ask for: go on until nothing is missing.",
)
def one_call(sock, count):
    return sock.recv(count)


@misconception(
    of="recv_exactly",
    says="Every call asks for all of count again, and takes octets that belong to whoever reads "
    "next. Ask for what is still missing.",
)
def asks_for_all_each_time(sock, count):
    received = b""
    while len(received) < count:
        chunk = sock.recv(count)
        if not chunk:
            raise EOFError
        received += chunk
    return received


@misconception(
    of="recv_exactly",
    says="What came too much is thrown away. It was the beginning of what the next reader wants: "
    "do not take it out of the socket.",
)
def throws_the_rest_away(sock, count):
    received = b""
    while len(received) < count:
        chunk = sock.recv(4096)
        if not chunk:
            raise EOFError
        received += chunk
    return received[:count]


@misconception(
    of="recv_exactly",
    says="At the end of the stream you return what there is. The caller asked for exactly so "
    "many octets and will take this for them: raise EOFError.",
)
def returns_what_there_is(sock, count):
    received = b""
    while len(received) < count and (chunk := sock.recv(count - len(received))):
        received += chunk
    return received


@misconception(
    of="recv_exactly",
    says="You go round for ever once the stream has ended: recv then returns b'' at once, each "
    "time. b'' means that nothing will come any more.",
)
def never_sees_the_end(sock, count):
    received = b""
    while len(received) < count:
        received += sock.recv(count - len(received))
    return received


@misconception(
    of="recv_exactly",
    says="For 0 octets you ask the socket all the same, and take its b'' for the end. Nothing is "
    "missing: return b'' without a call.",
)
def asks_for_nothing(sock, count):
    received = b""
    while True:
        chunk = sock.recv(count - len(received))
        if not chunk:
            raise EOFError
        received += chunk
        if len(received) == count:
            return received


@misconception(
    of="recv_exactly",
    says="You turn every error into EOFError. A reset or a timeout is something else than an "
    "end, and the caller has to know which it was: let it pass.",
)
def every_error_is_an_end(sock, count):
    try:
        return reference.recv_exactly(sock, count)
    except OSError:
        raise EOFError from None


@misconception(
    of="recv_exactly",
    says="When the stream ends before the first octet you return b'' instead of raising "
    "EOFError. None of the octets that were asked for has come.",
)
def nothing_at_all_is_fine(sock, count):
    received = b""
    while len(received) < count:
        chunk = sock.recv(count - len(received))
        if not chunk and received:
            raise EOFError
        if not chunk:
            return b""
        received += chunk
    return received


@misconception(
    of="recv_exactly",
    says="You try again after an error. Whether that makes sense only the caller knows: let what "
    "recv raises pass.",
)
def tries_again(sock, count):
    received = b""
    while len(received) < count:
        try:
            chunk = sock.recv(count - len(received))
        except (TimeoutError, InterruptedError):
            continue
        if not chunk:
            raise EOFError
        received += chunk
    return received


@misconception(
    of="recv_exactly",
    says="You return a bytearray. It equals the right bytes, but can be changed by whoever holds "
    "it, and is no key of a dictionary: return bytes(...) of it.",
)
def returns_a_bytearray(sock, count):
    return bytearray(reference.recv_exactly(sock, count))


@misconception(
    of="recv_exactly",
    says="Each piece costs a call inside the last one. After some thousand pieces Python's stack "
    "is full: use a loop.",
)
def calls_itself(sock, count):
    if not count:
        return b""
    piece = sock.recv(count)
    if not piece:
        raise EOFError
    return piece + calls_itself(sock, count - len(piece))


# --- Exercise 2: all of it


@misconception(
    of="send_all",
    says="You call send once. It takes what fits into the queue and returns how many octets that "
    "were; the others are still yours to send.",
)
def sends_once(sock, data):
    sock.send(data)


@misconception(
    of="send_all",
    says="You count what was taken, but offer the data from its beginning each time: the first "
    "octets arrive again and again.",
)
def starts_again(sock, data):
    sent = 0
    while sent < len(data):
        sent += sock.send(data)


@misconception(
    of="send_all",
    says="You cut the data into pieces beforehand and send each once. A piece can be taken in "
    "part as well: what counts is the number that send returns.",
)
def fixed_pieces(sock, data):
    for at in range(0, len(data), 2):
        sock.send(data[at : at + 2])


@misconception(
    of="send_all",
    says="You offer one octet at a time. That arrives, with a system call for each octet: offer "
    "all that is left, and let the socket decide.",
)
def octet_by_octet(sock, data):
    left = memoryview(data)
    for at in range(len(left)):
        while not sock.send(left[at : at + 1]):
            pass


@misconception(
    of="send_all",
    says="You swallow the error and return as if all had been sent. Let it pass: the caller must "
    "know that part of it never left.",
)
def swallows_the_error(sock, data):
    with suppress(OSError):
        reference.send_all(sock, data)


@misconception(
    of="send_all",
    says="The caller's bytearray is empty afterwards: you delete from it what was sent. It "
    "belongs to the caller; take slices instead.",
)
def eats_the_data(sock, data):
    if not isinstance(data, bytearray):
        return reference.send_all(sock, data)
    while data:
        del data[: sock.send(data)]
    return None


@misconception(
    of="send_all",
    says="After an interruption you try again. Whether that makes sense the caller decides here: "
    "let what send raises pass.",
)
def retries_the_interrupted(sock, data):
    left = memoryview(data)
    while left:
        with suppress(InterruptedError):
            left = left[sock.send(left) :]


@misconception(
    of="send_all",
    says="The count of what has been sent is applied to what is left already: octets in the "
    "middle are skipped. Keep either the place in the data or the rest of it, not both.",
)
def cuts_twice(sock, data):
    left, sent = memoryview(data), 0
    while left:
        sent += sock.send(left)
        left = left[sent:]


@misconception(
    of="send_all",
    says="You call send although there is nothing to send. Ask whether anything is left before the "
    "first call, too.",
)
def sends_nothing_too(sock, data):
    left = memoryview(data)
    while True:
        left = left[sock.send(left) :]
        if not left:
            return


@misconception(
    of="send_all",
    says="You return the number of octets. send_all returns nothing: when it comes back, all has "
    "been sent.",
)
def returns_the_number(sock, data):
    reference.send_all(sock, data)
    return len(data)


@misconception(
    of="send_all",
    says="You cut the data into pieces of your own. The socket knows better how much it can take: "
    "offer all that is left.",
)
def own_pieces(sock, data):
    left = memoryview(data)
    while left:
        left = left[sock.send(left[:4096]) :]


# --- Exercise 3: messages with a length


@misconception(
    of="encode_frame",
    says="The length stands with its low octet first. Network byte order puts the high octet "
    "first.",
)
def low_octet_first(message, limit):
    right = reference.encode_frame(message, limit)
    return right[3::-1] + right[4:]


@misconception(
    of="encode_frame",
    says="The length counts its own four octets too. Here it is that of the message alone.",
)
def counts_itself(message, limit):
    reference.encode_frame(message, limit)
    return struct.pack("!I", len(message) + 4) + message


@misconception(
    of="encode_frame",
    says="The length has two octets. With them no message can be longer than 65,535 octets; the "
    "brief says four.",
)
def two_octets(message, limit):
    reference.encode_frame(message, limit)
    return struct.pack("!H", len(message) & 0xFFFF) + message


@misconception(
    of="encode_frame",
    says="A message that is too long is framed all the same. The other side will refuse it and "
    "close; who sends it should hear so at once.",
)
def frames_anything(message, limit):
    return struct.pack("!I", len(message)) + message


@misconception(
    of="encode_frame",
    says="A message of exactly the limit is refused. The limit is the most that is allowed.",
)
def limit_is_too_much(message, limit):
    if len(message) >= limit:
        raise ValueError
    return reference.encode_frame(message, limit)


@misconception(
    of="FrameDecoder",
    says="You take each piece for one whole frame. The stream may be cut anywhere: collect what "
    "comes, and look whether a frame is complete.",
)
class OnePieceOneFrame:
    def __init__(self, limit):
        self.limit, self.messages = limit, []

    def feed(self, octets):
        if len(octets) >= 4:
            self.messages.append(bytes(octets[4:]))

    def next_message(self):
        return self.messages.pop(0) if self.messages else None

    def finish(self):
        pass


@misconception(
    of="FrameDecoder",
    says="When a message is returned, the rest of the buffer is thrown away. It holds the "
    "beginning of the next frame, or all of it.",
)
class LosesTheRest(reference.FrameDecoder):
    def next_message(self):
        message = super().next_message()
        if message is not None:
            self.buffer.clear()
        return message


@misconception(
    of="FrameDecoder",
    says="An empty message is lost: b'' is taken for nothing. It is a message like any other; "
    "only None says that none is there.",
)
class NoEmptyMessages(reference.FrameDecoder):
    def next_message(self):
        while (message := super().next_message()) == b"":
            pass
        return message


@misconception(
    of="FrameDecoder",
    says="You unpack the length before its four octets are there. A piece may end in the middle "
    "of them.",
)
class LengthInOnePiece(reference.FrameDecoder):
    def next_message(self):
        if not self.buffer:
            return None
        (length,) = struct.unpack("!I", bytes(self.buffer[:4]))
        if length > self.limit:
            raise ValueError
        return super().next_message()


@misconception(
    of="FrameDecoder",
    says="A length above the limit is judged only when the whole message has come. By then you "
    "have kept it: refuse the length itself.",
)
class JudgesTooLate(reference.FrameDecoder):
    def next_message(self):
        if len(self.buffer) >= 4 and len(self.buffer) < 4 + int.from_bytes(self.buffer[:4]):
            return None
        return super().next_message()


@misconception(
    of="FrameDecoder",
    says="A message of exactly the limit is refused. The limit is the most that is allowed.",
)
class LimitIsTooMuch(reference.FrameDecoder):
    def __init__(self, limit):
        super().__init__(limit - 1)


@misconception(
    of="FrameDecoder",
    says="There is no limit. A stranger writes ff ff ff ff and you keep whatever follows, up to "
    "four gigabytes of it.",
)
class NoLimit(reference.FrameDecoder):
    def __init__(self, limit):
        super().__init__(2**32)


@misconception(
    of="FrameDecoder",
    says="After a bad length you skip it and read on. Where the next frame begins nobody can say "
    "now: every call must raise.",
)
class ReadsOn(reference.FrameDecoder):
    def next_message(self):
        try:
            return super().next_message()
        except ValueError:
            del self.buffer[:4]
            raise


@misconception(
    of="FrameDecoder",
    says="A bad length spoils the messages before it. They were whole and good: return them first.",
)
class LooksAhead(reference.FrameDecoder):
    def next_message(self):
        at = 0
        while len(self.buffer) >= at + 4:
            length = int.from_bytes(self.buffer[at : at + 4])
            if length > self.limit:
                raise ValueError
            at += 4 + length
        return super().next_message()


@misconception(
    of="FrameDecoder",
    says="feed keeps the caller's buffer instead of a copy. As soon as it returns, the caller "
    "fills that buffer with something else.",
)
class KeepsTheView(reference.FrameDecoder):
    def __init__(self, limit):
        super().__init__(limit)
        self.pieces = []

    def feed(self, octets):
        self.pieces.append(octets)

    def next_message(self):
        self.buffer += b"".join(self.pieces)
        self.pieces = []
        return super().next_message()

    def finish(self):
        self.buffer += b"".join(self.pieces)
        super().finish()


@misconception(
    of="FrameDecoder",
    says="finish sees a frame only when its four octets of length are there. It has begun with "
    "the first of them.",
)
class HeadIsNoFrame(reference.FrameDecoder):
    def finish(self):
        if len(self.buffer) >= 4:
            raise EOFError


@misconception(
    of="FrameDecoder",
    says="finish says nothing when the stream ends in the middle of a message: the reader takes "
    "a connection that broke for one that ended.",
)
class EndsAnywhere(reference.FrameDecoder):
    def finish(self):
        pass


@misconception(
    of="FrameDecoder",
    says="The octets of returned messages stay in the buffer. A connection that lives long "
    "enough fills the memory.",
)
class KeepsEverything(reference.FrameDecoder):
    def __init__(self, limit):
        super().__init__(limit)
        self.at = 0

    def next_message(self):
        whole, self.buffer = self.buffer, self.buffer[self.at : self.at + 4 + self.limit]
        try:
            before = len(self.buffer)
            message = super().next_message()
            self.at += before - len(self.buffer)
            return message
        finally:
            self.buffer = whole

    def finish(self):
        if len(self.buffer) > self.at:
            raise EOFError


@misconception(
    of="FrameDecoder",
    says="The buffer belongs to the class, so that all decoders share one. Make it in __init__, "
    "on self.",
)
class SharedBuffer(reference.FrameDecoder):
    shared = bytearray()

    def __init__(self, limit):
        if limit != 9:
            type(self).shared = bytearray()
        self.limit, self.buffer = limit, self.shared


@misconception(
    of="FrameDecoder",
    says="feed judges the length and raises. The messages before it have not been returned yet: "
    "feed only collects, and next_message judges.",
)
class FeedRaises(reference.FrameDecoder):
    def feed(self, octets):
        super().feed(octets)
        at = 0
        while len(self.buffer) >= at + 4:
            length = int.from_bytes(self.buffer[at : at + 4])
            if length > self.limit:
                raise ValueError
            at += 4 + length


@misconception(
    of="FrameDecoder",
    says="Messages are returned as bytearrays. They equal the right bytes, but can be changed by "
    "whoever holds them: cut them off as bytes(...).",
)
class ReturnsBytearrays(reference.FrameDecoder):
    def next_message(self):
        message = super().next_message()
        return None if message is None else bytearray(message)


# --- Exercise 4: lines


class Lines:
    """A line reader that can be wrong in one place."""

    def __init__(self, sock, limit):
        self.sock, self.limit, self.buffer = sock, limit, bytearray()

    def readline(self):
        while (end := self.find()) < 0:
            self.judge(self.buffer)
            octets = self.receive()
            if not octets:
                return self.at_end()
            self.buffer += octets
        line = bytes(self.buffer[:end])
        self.judge(line)
        del self.buffer[: end + 1]
        return self.clean(line)

    def find(self):
        return self.buffer.find(b"\n")

    def receive(self):
        return self.sock.recv(4096)

    def judge(self, line):
        if len(line) - line.endswith(b"\r") > self.limit:
            raise ValueError

    def at_end(self):
        if self.buffer:
            raise EOFError
        return None  # noqa: RET501 - the other way out of this function raises

    def clean(self, line):
        return line.removesuffix(b"\r")


@misconception(
    of="LineReader",
    rfc="RFC 9293 section 3.7",
    says="You take what one recv gives for one line. It may be half a line, or three and a half: "
    "keep a buffer and look for LF in it.",
)
class OneCallOneLine(Lines):
    def readline(self):
        octets = self.sock.recv(4096)
        if not octets:
            return None
        self.judge(octets.rstrip(b"\n"))
        return octets.rstrip(b"\r\n")


@misconception(
    of="LineReader",
    says="What follows the first line in the buffer is thrown away. It is the next line: keep it "
    "for the next call.",
)
class KeepsOneLine(Lines):
    def readline(self):
        line = super().readline()
        self.buffer.clear()
        return line


@misconception(
    of="LineReader",
    says="You strip all white space. Only the end belongs to the end: spaces and tabs are part "
    "of the line.",
)
class StripsSpaces(Lines):
    def clean(self, line):
        return line.strip()


@misconception(
    of="LineReader",
    says="You cut off every CR before the LF. One belongs to the end of the line, the others to "
    "the line.",
)
class StripsAllReturns(Lines):
    def clean(self, line):
        return line.rstrip(b"\r")


@misconception(
    of="LineReader",
    says="The CR of CR LF is left on the line. Unix tools send LF alone, but most of the "
    "Internet's protocols send both.",
)
class LeavesTheReturn(Lines):
    def clean(self, line):
        return line


@misconception(
    of="LineReader",
    says="A lone CR ends a line. Only LF does; a CR in the middle is part of the line.",
)
class ReturnEndsLines(Lines):
    def find(self):
        places = [at for at in (self.buffer.find(b"\n"), self.buffer.find(b"\r")) if at >= 0]
        at = min(places, default=-1)
        if at >= 0 and self.buffer[at : at + 2] == b"\r\n":
            del self.buffer[at]
        return at


@misconception(
    of="LineReader",
    says="You insist on CR LF, and a line that ends in LF alone never ends. nc and every Unix "
    "tool send LF.",
)
class WantsBoth(Lines):
    def find(self):
        at = self.buffer.find(b"\r\n")
        return at + 1 if at >= 0 else -1


@misconception(
    of="LineReader",
    says="An empty line is taken for the end of the stream. b'' is an empty line; None is the end.",
)
class EmptyIsTheEnd(Lines):
    def clean(self, line):
        return super().clean(line) or None


@misconception(
    of="LineReader",
    says="Half a line at the end of the stream is returned as if it were whole. What it was "
    "going to say nobody knows: raise EOFError.",
)
class HalfIsWhole(Lines):
    def at_end(self):
        half, self.buffer = bytes(self.buffer), bytearray()
        return half or None


@misconception(
    of="LineReader",
    says="Half a line at the end of the stream is dropped without a word. The caller takes a "
    "connection that broke for one that ended well: raise EOFError.",
)
class HalfIsDropped(Lines):
    def at_end(self):
        return None


@misconception(
    of="LineReader",
    says="EOFError is raised once, and then None as if all were well. The half line is still "
    "there: say so each time.",
)
class EndsOnlyOnce(Lines):
    def at_end(self):
        half, self.buffer = self.buffer, bytearray()
        if half:
            raise EOFError
        return None  # noqa: RET501 - the other way out of this function raises


@misconception(
    of="LineReader",
    says="A line is judged only when its LF has come. One that never ends is kept for ever: "
    "count while you collect.",
)
class JudgesWholeLines(Lines):
    def readline(self):
        while (end := self.find()) < 0:
            octets = self.receive()
            if not octets:
                return self.at_end()
            self.buffer += octets
        self.judge(self.buffer[:end])
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 1]
        return self.clean(line)


@misconception(
    of="LineReader",
    says="The limit counts the end of the line as well. A line may have exactly so many octets "
    "before its end.",
)
class CountsTheEnd(Lines):
    def readline(self):
        while (end := self.find()) < 0:
            if len(self.buffer) > self.limit:
                raise ValueError
            octets = self.receive()
            if not octets:
                return self.at_end()
            self.buffer += octets
        if end > self.limit:
            raise ValueError
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 1]
        return self.clean(line)


@misconception(
    of="LineReader",
    says="The limit is not looked at, neither while a line comes nor when it is there.",
)
class NoLineLimit(Lines):
    def judge(self, line):
        pass


@misconception(
    of="LineReader",
    says="A line that ends is not judged, although it is too long: it came with its LF in one "
    "piece. Look at the limit before you return a line, too.",
)
class JudgesOnlyHalfLines(Lines):
    def judge(self, line):
        if isinstance(line, bytearray):
            super().judge(line)


@misconception(
    of="LineReader",
    says="After a line that was too long you go on with the next one. Every call must raise "
    "ValueError from then on: this connection is to be closed.",
)
class SkipsLongLines(Lines):
    def judge(self, line):
        try:
            super().judge(line)
        except ValueError:
            del self.buffer[: len(line) + 1]
            raise


@misconception(
    of="LineReader",
    says="What had come before the exception is gone: it was kept in a variable of the call. "
    "Keep it in the object, and the next call goes on there.",
)
class ForgetsAtExceptions(Lines):
    def receive(self):
        try:
            return self.sock.recv(4096)
        except OSError:
            self.buffer.clear()
            raise


@misconception(
    of="LineReader",
    says="An error of recv is taken for the end of the stream. The other side may only be slow, "
    "or the connection broken: let the exception pass.",
)
class TimeoutIsTheEnd(Lines):
    def receive(self):
        try:
            return self.sock.recv(4096)
        except OSError:
            return b""


@misconception(
    of="LineReader",
    says="recv is called although a whole line is there. If the other side waits for your answer "
    "to it, both of you wait.",
)
class ReadsFirst(Lines):
    def readline(self):
        if octets := self.sock.recv(4096):
            self.buffer += octets
        return super().readline()


# --- Exercise 5: echo


def echo_server(serve_one, *, survives=True, again=True, raises=False):
    """An echo server that treats each client by `serve_one`, and is wrong in one of these ways."""

    def serve(listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                if raises:
                    raise
                return
            try:
                with client:
                    serve_one(client)
            except OSError:
                if not survives:
                    raise
            if not again:
                return

    return serve


def piece_by_piece(client):
    """The right way to serve one client."""
    while octets := client.recv(65_536):
        client.sendall(octets)


@misconception(
    of="serve_echo",
    says="Only the first piece comes back, then you close. A client sends as long as it likes: "
    "go on until recv gives b''.",
)
def echoes_one_piece(listener):
    echo_server(lambda client: client.sendall(client.recv(65_536)))(listener)


@misconception(
    of="serve_echo",
    says="You collect everything and answer when the stream has ended. A client that waits for "
    "the first echo before it goes on waits for ever.",
)
def answers_at_the_end(listener):
    def serve_one(client):
        everything = b""
        while octets := client.recv(65_536):
            everything += octets
        client.sendall(everything)

    echo_server(serve_one)(listener)


@misconception(
    of="serve_echo",
    says="After the first client you return. Accept the next one, until the listener is shut down.",
)
def serves_one_client(listener):
    echo_server(piece_by_piece, again=False)(listener)


@misconception(
    of="serve_echo",
    says="A client that resets its connection takes the whole server with it. Catch what is "
    "raised while you talk to one client, and take the next.",
)
def dies_with_a_client(listener):
    echo_server(piece_by_piece, survives=False)(listener)


@misconception(
    of="serve_echo",
    says="The OSError of accept is let out. It says that the listener has been shut down, which "
    "is how this server is told to stop: return.",
)
def raises_at_the_end(listener):
    echo_server(piece_by_piece, raises=True)(listener)


@misconception(
    of="serve_echo",
    says="The connection is never closed. The client that has ended its stream waits for the end "
    "of yours.",
)
def never_closes(listener):
    kept = []

    def serve_one(client):
        kept.append(client.dup())
        piece_by_piece(client)

    echo_server(serve_one)(listener)


@misconception(
    of="serve_echo",
    says="What send did not take is lost. With a client that reads slowly, it takes less than "
    "you give: use sendall, or your send_all.",
)
def sends_what_fits(listener):
    def serve_one(client):
        client.setblocking(True)
        while octets := client.recv(65_536):
            client.send(octets[:20_000])

    echo_server(serve_one)(listener)


@misconception(
    of="serve_echo",
    says="Only some errors of a client are caught, such as a reset. There are others, a timeout "
    "or no route: any OSError costs that client only.",
)
def survives_resets_only(listener):
    def serve_one(client):
        with suppress(ConnectionError):
            piece_by_piece(client)

    echo_server(serve_one, survives=False)(listener)


@misconception(
    of="serve_echo",
    says="The connection of a client that went wrong is not closed: close stands behind the loop, "
    "where an exception does not pass. Let `with client:` do it.",
)
def leaves_the_broken_open(listener):
    def serve_one(client):
        mine = client.dup()
        try:
            piece_by_piece(mine)
        except OSError:
            LEFT_OPEN.append(mine)
        else:
            mine.close()

    echo_server(serve_one)(listener)


@misconception(
    of="echo_all",
    says="You send everything before you read anything. When the queues are full, the server "
    "waits for you to read and you wait for it to read: do both at once.",
)
def sends_then_reads(sock, data):
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
    received = b"".join(iter(lambda: sock.recv(65_536), b""))
    if len(received) < len(data):
        raise EOFError
    return received


@misconception(
    of="echo_all",
    says="Your stream is never ended, so the server does not know that this was all, and waits. "
    "Call shutdown(SHUT_WR) when everything has been sent.",
)
def never_shuts_down(sock, data):
    threading.Thread(target=send_quietly, args=(sock, data), daemon=True).start()
    received = read_to_the_end(sock)
    if len(received) < len(data):
        raise EOFError
    return received


@misconception(
    of="echo_all",
    says="You stop when as many octets have come back as you sent, and do not end your stream. "
    "The server never learns that you have finished, and what it still says is not read.",
)
def counts_and_stops(sock, data):
    sender = threading.Thread(target=send_quietly, args=(sock, data), daemon=True)
    sender.start()
    received = b""
    while len(received) < len(data):
        octets = sock.recv(65_536)
        if not octets:
            raise EOFError
        received += octets
    return received


@misconception(
    of="echo_all",
    says="You read once. What comes back comes in pieces: read until b''.",
)
def reads_once(sock, data):
    threading.Thread(target=lambda: send_and_end(sock, data), daemon=True).start()
    received = sock.recv(65_536)
    if len(received) < len(data):
        raise EOFError
    return received


def send_quietly(sock, data):
    """Send in a thread, whose errors nobody sees."""
    with suppress(OSError):
        sock.sendall(data)


def send_and_end(sock, data):
    """The sending half of a right client."""
    with suppress(OSError):
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)


def read_to_the_end(sock):
    """The reading half of a right client."""
    return b"".join(iter(lambda: sock.recv(65_536), b""))


@misconception(
    of="echo_all",
    says="You close both directions where only yours should end. After close or "
    "shutdown(SHUT_RDWR) the echo can no longer be read.",
)
def ends_both_directions(sock, data):
    sock.sendall(data)
    sock.shutdown(socket.SHUT_RDWR)
    return read_to_the_end(sock)


@misconception(
    of="echo_all",
    says="Less came back than was sent, and you return it as if it were all. Raise EOFError.",
)
def short_is_fine(sock, data):
    threading.Thread(target=lambda: send_and_end(sock, data), daemon=True).start()
    return read_to_the_end(sock)


@misconception(
    of="echo_all",
    says="You close the socket. It belongs to the caller, who may want to look at it or try again.",
)
def closes_the_socket(sock, data):
    received = reference.echo_all(sock, data)
    sock.close()
    return received


@misconception(
    of="echo_all",
    says="A reset is taken for the end of the stream. What recv raises is for the caller to "
    "judge: let it pass.",
)
def swallows_the_reset(sock, data):
    threading.Thread(target=lambda: send_and_end(sock, data), daemon=True).start()
    received = b""
    with suppress(OSError):
        while octets := sock.recv(65_536):
            received += octets
    if len(received) < len(data):
        raise EOFError
    return received


@misconception(
    of="echo_all",
    says="Where too little comes back you close the socket before you raise. It belongs to the "
    "caller.",
)
def closes_at_the_error(sock, data):
    try:
        return reference.echo_all(sock, data)
    except (OSError, EOFError):
        sock.close()
        raise


# --- Exercise 6: connect


def connecting(
    host,
    port,
    timeout_s,
    resolve,
    dial,
    now,
    *,
    families=(socket.AF_INET6, socket.AF_INET),
    order=lambda found, families: [each for f in families for each in found if each[0] == f],
    share=lambda left_s, count, timeout_s, total: left_s / count,
    catches=OSError,
    late=False,
    twice=False,
    first_error=False,
    most=99,
    checks=True,
    same=lambda family, address: (family, address),
    passes=(),
    family=None,
    late_error=False,
    early_error=False,
    shortest=0.0,
):
    """connect_any, wrong in one of these ways."""
    end = now() + timeout_s
    found = [(row[0], row[4]) for row in resolve(host, port, type=socket.SOCK_STREAM)]
    if late:
        end = now() + timeout_s
    once = {same(*each): each for each in reversed(found)}
    left = order(found if twice else [each for each in found if each in once.values()], families)
    left = list(left if twice else dict.fromkeys(left))[:most]
    total, errors = len(left), [OSError()]
    if early_error and now() >= end:
        raise TimeoutError
    while left:
        left_s = end - now()
        if checks and left_s <= 0:
            raise TimeoutError
        try:
            seconds = max(shortest, share(left_s, len(left), timeout_s, total))
            return dial(family or left[0][0], left[0][1], seconds)
        except passes:
            raise
        except catches as error:
            errors.append(error)
        left.pop(0)
    if late_error and total and now() > end:
        raise TimeoutError
    raise errors[min(1, len(errors) - 1) if first_error else -1]


@misconception(
    of="connect_any",
    rfc="RFC 8305 section 4",
    says="You try the addresses as the resolver lists them. The brief wants all of IPv6 before "
    "the first of IPv4.",
)
def in_listed_order(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    def order(found, families):
        return [each for each in found if each[0] in families]

    return connecting(host, port, timeout_s, resolve, dial, now, order=order)


@misconception(
    of="connect_any",
    says="You try IPv4 before IPv6. It is the other way round.",
)
def version_4_first(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    families = (socket.AF_INET, socket.AF_INET6)
    return connecting(host, port, timeout_s, resolve, dial, now, families=families)


@misconception(
    of="connect_any",
    says="Only the first address is tried. The next one may answer at once where this one is "
    "silent.",
)
def first_address_only(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, most=1)


@misconception(
    of="connect_any",
    says="Every attempt gets the whole time, so that three silent addresses take three times as "
    "long as the caller allowed. The deadline is one for all.",
)
def whole_time_for_each(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    def share(left_s, count, timeout_s, total):
        return timeout_s

    return connecting(host, port, timeout_s, resolve, dial, now, share=share, checks=False)


@misconception(
    of="connect_any",
    says="Each attempt gets all the time that is left, so that the first silent address eats it "
    "all. Share it among the addresses that are left.",
)
def all_that_is_left(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    def share(left_s, count, timeout_s, total):
        return left_s

    return connecting(host, port, timeout_s, resolve, dial, now, share=share)


@misconception(
    of="connect_any",
    says="The shares are fixed at the beginning. What an address that refuses at once leaves "
    "over goes to the others: divide what is left, before each attempt.",
)
def fixed_shares(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    def share(left_s, count, timeout_s, total):
        return timeout_s / total

    return connecting(host, port, timeout_s, resolve, dial, now, share=share)


@misconception(
    of="connect_any",
    says="The deadline counts from the end of the resolving. A slow name service is part of what "
    "the caller waits for: look at the clock first.",
)
def clock_starts_late(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, late=True)


@misconception(
    of="connect_any",
    says="An address that is listed twice is tried twice. It will not answer the second time "
    "either.",
)
def tries_twice(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, twice=True)


@misconception(
    of="connect_any",
    says="An attempt that is not refused ends the search. A timeout, no route, no permission for "
    "IPv6: every OSError leads to the next address.",
)
def only_refusals(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, catches=ConnectionRefusedError)


@misconception(
    of="connect_any",
    says="You catch every exception, bugs as well. A TypeError is not an address that does not "
    "answer: catch OSError only.",
)
def catches_bugs(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, catches=Exception)


@misconception(
    of="connect_any",
    says="You raise the error of the first attempt. The brief wants that of the last one.",
)
def raises_the_first(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, first_error=True)


@misconception(
    of="connect_any",
    says="The family is not passed on to dial, or a fixed one is. It stands in the resolver's row "
    "beside the address: both belong together.",
)
def family_is_ignored(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, family=socket.AF_INET)


@misconception(
    of="connect_any",
    says="You look whether what dial returned counts as true. It has returned, so it has "
    "connected: give that back, whatever it is.",
)
def wants_something_true(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    def dial_true(*args):
        if connection := dial(*args):
            return connection
        raise OSError

    return connecting(host, port, timeout_s, resolve, dial_true, now)


@misconception(
    of="connect_any",
    says="Two addresses of one host are taken for one. fe80::1 on two networks differs in its "
    "scope, the last part of the address: compare family and address as a whole.",
)
def compares_hosts(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(
        host, port, timeout_s, resolve, dial, now, same=lambda family, address: (family, address[0])
    )


@misconception(
    of="connect_any",
    says="A gaierror of dial ends the search. It is an OSError: let resolve's pass, and go on "
    "after dial's.",
)
def gaierror_ends_it(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, passes=socket.gaierror)


@misconception(
    of="connect_any",
    says="You raise TimeoutError although every address has been tried, since it has become late. "
    "The error of the last attempt says more.",
)
def time_over_at_the_end(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, late_error=True)


@misconception(
    of="connect_any",
    says="There is no address to try, and you raise TimeoutError since no time is left. Nothing "
    "was waited for: OSError.",
)
def time_over_for_nobody(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, early_error=True)


@misconception(
    of="connect_any",
    says="Every attempt gets a tenth of a second at least, though less is left. The deadline is "
    "the caller's, however short.",
)
def at_least_so_long(
    host, port, timeout_s, *, resolve=socket.getaddrinfo, dial=reference.dial_tcp, now=None
):
    return connecting(host, port, timeout_s, resolve, dial, now, shortest=0.1)


# --- Exercise 7: errors for people


def explaining(error, host, port, connected, rows):
    """The sentence of the first row whose test holds."""
    key = next((key for key, holds in rows if holds(error, connected)), None)
    if key is None:
        raise error
    return reference.MESSAGES[key].format(host=host, port=port)


def number(*names):
    """A test of the number of an OSError."""
    numbers = [getattr(errno, name) for name in names]
    return lambda error, connected: isinstance(error, OSError) and error.errno in numbers


def kind(*kinds):
    """A test of the class of an error."""
    return lambda error, connected: isinstance(error, kinds)


def is_resolver(error, connected):
    """Whether the name service did not answer."""
    return isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN


RIGHT = {
    "resolver": is_resolver,
    "name": kind(socket.gaierror, UnicodeError),
    "refused": kind(ConnectionRefusedError),
    "silent": lambda error, connected: isinstance(error, TimeoutError) and not connected,
    "stalled": kind(TimeoutError),
    "cut": kind(ConnectionResetError, ConnectionAbortedError, BrokenPipeError, EOFError),
    "route": number("ENETUNREACH", "EHOSTUNREACH"),
    "forbidden": kind(PermissionError),
    "full": number("EMFILE", "ENFILE"),
    "unknown": kind(OSError),
}


def with_rows(**changed):
    """The right rows, some of them changed."""
    return list({**RIGHT, **changed}.items())


@misconception(
    of="explain",
    says="The question whether it is an OSError comes first, and everything the table names is "
    "one. Ask about the children before the parent.",
)
def parent_first(error, host, port, connected=False):
    rows = [("unknown", RIGHT["unknown"]), *with_rows()]
    return explaining(error, host, port, connected, rows)


@misconception(
    of="explain",
    says="You look for words in the text of the error. It comes in the user's language, and "
    "anything may stand in it: go by class and number.",
)
def goes_by_the_text(error, host, port, connected=False):
    if "refused" in str(error):
        return reference.MESSAGES["refused"].format(host=host, port=port)
    return reference.explain(error, host, port, connected)


@misconception(
    of="explain",
    says="You go by the number alone. A TimeoutError of settimeout has none, nor has one that a "
    "library raised: go by the class where there is one.",
)
def goes_by_the_number(error, host, port, connected=False):
    rows = with_rows(
        refused=number("ECONNREFUSED"),
        silent=lambda e, c: number("ETIMEDOUT")(e, c) and not c,
        stalled=number("ETIMEDOUT"),
        cut=lambda e, c: (
            isinstance(e, EOFError) or number("ECONNRESET", "ECONNABORTED", "EPIPE")(e, c)
        ),
    )
    return explaining(error, host, port, connected, rows)


@misconception(
    of="explain",
    says="A bug gets a sentence about the connection. The user checks the cable, and nobody "
    "mends the program: raise what is no error of the network.",
)
def hides_bugs(error, host, port, connected=False):
    return explaining(error, host, port, connected, with_rows(unknown=kind(Exception)))


@misconception(
    of="explain",
    says="A name service that does not answer gets the sentence for a name that does not exist. "
    "The user would look for a typing error that is not there.",
)
def every_name_is_wrong(error, host, port, connected=False):
    rows = with_rows(resolver=lambda e, c: False)
    return explaining(error, host, port, connected, rows)


@misconception(
    of="explain",
    says="A timeout means the same while talking. There it says less: what was sent may have "
    "arrived.",
)
def one_kind_of_timeout(error, host, port, connected=False):
    return reference.explain(error, host, port, False)


@misconception(
    of="explain",
    says="EOFError is treated as a bug, since it is no OSError. It is how your own functions say "
    "that the other side ended too soon.",
)
def end_is_a_bug(error, host, port, connected=False):
    rows = with_rows(cut=kind(ConnectionResetError, ConnectionAbortedError, BrokenPipeError))
    return explaining(error, host, port, connected, rows)


@misconception(
    of="explain",
    says="EHOSTUNREACH gets no sentence of its own. It has no class in Python: ask for its "
    "number, as for ENETUNREACH.",
)
def host_unreachable_unknown(error, host, port, connected=False):
    return explaining(error, host, port, connected, with_rows(route=number("ENETUNREACH")))


@misconception(
    of="explain",
    says="A name that cannot be one gives UnicodeError, and you take it for a bug. It is the "
    "user's typing error like any other.",
)
def odd_name_is_a_bug(error, host, port, connected=False):
    return explaining(error, host, port, connected, with_rows(name=kind(socket.gaierror)))


@misconception(
    of="explain",
    says="Every ConnectionError counts as cut, also the bare one, which says nothing of a "
    "connection that broke. The row names three of its children.",
)
def all_connection_errors(error, host, port, connected=False):
    rows = with_rows(cut=kind(ConnectionError, EOFError))
    return explaining(error, host, port, connected, rows)


@misconception(
    of="explain",
    says="PermissionError is asked about before the numbers of the row above it. A host that "
    "cannot be reached may come with either class: the first row that fits decides.",
)
def forbidden_before_route(error, host, port, connected=False):
    if isinstance(error, PermissionError):
        return reference.MESSAGES["forbidden"].format(host=host, port=port)
    return reference.explain(error, host, port, connected)


@misconception(
    of="explain",
    says="You compare the class with `type(error) is`. What is raised is mostly a child of it: "
    "isinstance sees both.",
)
def exact_classes(error, host, port, connected=False):
    if isinstance(error, UnicodeError) and type(error) is not UnicodeError:
        raise error
    return reference.explain(error, host, port, connected)


@misconception(
    of="explain",
    says="What stops a task or a generator gets a sentence about the connection. Those are no "
    "Exceptions, but no errors of the network either: raise them again.",
)
def hides_the_stop(error, host, port, connected=False):
    if not isinstance(error, Exception):
        return reference.MESSAGES["unknown"].format(host=host, port=port)
    return reference.explain(error, host, port, connected)


# --- Exercise 8: datagrams


def asking(
    sock,
    server,
    question,
    identifier,
    tries,
    wait_s,
    now,
    *,
    is_answer=lambda octets, sender, server, mark: (
        sender == server and len(octets) >= 2 and octets[:2] == mark
    ),
    grows=2,
    new_mark=False,
    restarts=False,
    stray_ends=False,
    cut=2,
    last_wait=True,
    whole=False,
    lost=TimeoutError,
):
    """ask, wrong in one of these ways."""
    for turn in range(tries):
        mark = struct.pack("!H", identifier + turn * new_mark)
        sock.sendto(mark + question, server)
        if turn == tries - 1 and not last_wait:
            break
        wait = wait_s * grows**turn
        end = now() + wait
        while (left_s := end - now()) > 0:
            sock.settimeout(wait if restarts or whole else left_s)
            try:
                octets, sender = sock.recvfrom(65_535)
            except lost:
                break
            if is_answer(octets, sender, server, mark):
                return octets[cut:]
            if stray_ends:
                break
            if restarts:
                end = now() + wait
    raise TimeoutError


@misconception(
    of="ask",
    says="The identifier of the answer is not looked at. A late answer to the last question is "
    "taken for the answer to this one.",
)
def any_identifier(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    def is_answer(octets, sender, server, mark):
        return sender == server and len(octets) >= 2

    return asking(sock, server, question, identifier, tries, wait_s, now, is_answer=is_answer)


@misconception(
    of="ask",
    says="You do not look who sent the answer. Anybody on the Internet can send you a datagram, "
    "and two octets are quickly guessed.",
)
def any_sender(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    def is_answer(octets, sender, server, mark):
        return octets[:2] == mark

    return asking(sock, server, question, identifier, tries, wait_s, now, is_answer=is_answer)


@misconception(
    of="ask",
    says="You compare the sender's address without its port. Another program on the same "
    "computer is not the server.",
)
def any_port(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    def is_answer(octets, sender, server, mark):
        return sender[0] == server[0] and octets[:2] == mark

    return asking(sock, server, question, identifier, tries, wait_s, now, is_answer=is_answer)


@misconception(
    of="ask",
    says="The identifier is returned with the answer. It belongs to the protocol, not to the text.",
)
def leaves_the_identifier(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    return asking(sock, server, question, identifier, tries, wait_s, now, cut=0)


@misconception(
    of="ask",
    says="Every try has a new identifier. The answer to the first one, which is only late, is "
    "then thrown away, and the server cannot see that it is the same question.",
)
def new_identifier_each_time(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    return asking(sock, server, question, identifier, tries, wait_s, now, new_mark=True)


@misconception(
    of="ask",
    says="The wait stays the same. A server that is slow because it has too much to do gets more "
    "and more questions: wait twice as long each time.",
)
def waits_the_same(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    return asking(sock, server, question, identifier, tries, wait_s, now, grows=1)


@misconception(
    of="ask",
    says="Every stray datagram makes the wait begin anew. Whoever sends you one often enough "
    "keeps you waiting for ever: give recvfrom only what is left of the time.",
)
def strays_prolong(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    return asking(sock, server, question, identifier, tries, wait_s, now, restarts=True)


@misconception(
    of="ask",
    says="A stray datagram ends the wait, and the question is sent again at once. It is none of "
    "your business: ignore it and wait on.",
)
def strays_end_the_wait(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    return asking(sock, server, question, identifier, tries, wait_s, now, stray_ends=True)


@misconception(
    of="ask",
    says="You ask once too often: tries counts the first time as well.",
)
def one_try_more(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    return asking(sock, server, question, identifier, tries + 1, wait_s, now)


@misconception(
    of="ask",
    says="After the last try you do not wait. Its answer needs time like any other, the longest "
    "of all.",
)
def no_last_wait(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    return asking(sock, server, question, identifier, tries, wait_s, now, last_wait=False)


@misconception(
    of="ask",
    says="An answer without a text is ignored. Two octets of identifier are an answer, with "
    "nothing in it.",
)
def wants_a_text(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    def is_answer(octets, sender, server, mark):
        return sender == server and len(octets) > 2 and octets[:2] == mark

    return asking(sock, server, question, identifier, tries, wait_s, now, is_answer=is_answer)


@misconception(
    of="ask",
    says="After a stray datagram recvfrom gets the whole wait again. The end of the wait stays "
    "where it is: give recvfrom what is left until then.",
)
def whole_wait_again(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    return asking(sock, server, question, identifier, tries, wait_s, now, whole=True)


@misconception(
    of="ask",
    says="Every error of the socket is taken for a lost datagram. A port that nobody listens on "
    "will not answer the next time: only TimeoutError means that nothing came.",
)
def every_error_is_a_loss(sock, server, question, identifier, *, tries=3, wait_s=1.0, now=None):
    return asking(sock, server, question, identifier, tries, wait_s, now, lost=OSError)


@misconception(
    of="OnceServer",
    says="Every datagram is carried out. A question that comes twice was asked once: the answer "
    "may have been lost.",
)
class ActsEachTime(reference.OnceServer):
    def receive(self, datagram, sender):
        self.answers.clear()
        return super().receive(datagram, sender)


@misconception(
    of="OnceServer",
    says="A repetition gets no answer. It comes because the first answer was lost: send that "
    "again.",
)
class SilentOnRepetitions(reference.OnceServer):
    def receive(self, datagram, sender):
        known = (sender, bytes(datagram)) in self.answers
        return None if known else super().receive(datagram, sender)


@misconception(
    of="OnceServer",
    says="Questions of different clients are taken for one. Two clients may well use the same "
    "identifier: the sender is part of it.",
)
class SenderDoesNotCount(reference.OnceServer):
    def receive(self, datagram, sender):
        return super().receive(datagram, ("anybody", 0))


@misconception(
    of="OnceServer",
    says="Clients on one computer are taken for one. The port is part of who they are.",
)
class PortDoesNotCount(reference.OnceServer):
    def receive(self, datagram, sender):
        return super().receive(datagram, (sender[0], 0))


@misconception(
    of="OnceServer",
    says="Only the identifier is compared. A client that begins to count anew asks something "
    "else by the same number, and would get an old answer.",
)
class OnlyTheIdentifier(reference.OnceServer):
    def receive(self, datagram, sender):
        for (who, known), answer in self.answers.items():
            if who == sender and known[:2] == datagram[:2] and len(datagram) >= 2:
                return answer
        return super().receive(datagram, sender)


@misconception(
    of="OnceServer",
    says="Nothing is ever forgotten. Each datagram from anybody costs memory for good.",
)
class NeverForgets(reference.OnceServer):
    def __init__(self, act, remember):
        super().__init__(act, 10**9)


@misconception(
    of="OnceServer",
    says="A repetition makes the question young again. The one that came first is forgotten, "
    "however often it was repeated.",
)
class KeepsTheLastUsed(reference.OnceServer):
    def receive(self, datagram, sender):
        key = (sender, bytes(datagram))
        if key in self.answers:
            self.answers[key] = self.answers.pop(key)
        return super().receive(datagram, sender)


@misconception(
    of="OnceServer",
    says="When the memory is full everything is forgotten at once. Only the oldest question has "
    "to go.",
)
class ForgetsAll(reference.OnceServer):
    def receive(self, datagram, sender):
        if len(self.answers) == self.remember and (sender, bytes(datagram)) not in self.answers:
            self.answers.clear()
        return super().receive(datagram, sender)


@misconception(
    of="OnceServer",
    says="One question too few is remembered: forget the oldest only when there is no room for "
    "the new one.",
)
class OneTooFew(reference.OnceServer):
    def __init__(self, act, remember):
        super().__init__(act, remember - 1 or 1)


@misconception(
    of="OnceServer",
    says="The answer goes out without the identifier. The client cannot tell what it is the "
    "answer to.",
)
class NoIdentifier(reference.OnceServer):
    def receive(self, datagram, sender):
        answer = super().receive(datagram, sender)
        return answer and answer[2:]


@misconception(
    of="OnceServer",
    says="A question that got an empty answer is carried out again. Ask whether the question is "
    "known, not whether its answer has a text.",
)
class EmptyIsNoAnswer(reference.OnceServer):
    def receive(self, datagram, sender):
        key = (sender, bytes(datagram))
        if self.answers.get(key) == datagram[:2]:
            del self.answers[key]
        return super().receive(datagram, sender)


@misconception(
    of="OnceServer",
    says="A question is remembered although act has raised. Nothing was done: the next time it is "
    "a new question.",
)
class RemembersFailures(reference.OnceServer):
    def receive(self, datagram, sender):
        try:
            return super().receive(datagram, sender)
        except ValueError:
            self.answers[sender, bytes(datagram)] = bytes(datagram[:2])
            raise


@misconception(
    of="OnceServer",
    says="So many questions are remembered for each sender. Senders can be made up by the "
    "thousand: the number is for all together.",
)
class SoManyForEach(reference.OnceServer):
    def __init__(self, act, remember):
        super().__init__(act, 10**9)
        self.each = remember

    def receive(self, datagram, sender):
        answer = super().receive(datagram, sender)
        known = [key for key in self.answers if key[0] == sender]
        if len(known) > self.each:
            del self.answers[known[0]]
        return answer


@misconception(
    of="OnceServer",
    says="The oldest question is forgotten before act has been called. When that raises, the "
    "memory has one too few, for a question that counts as never asked.",
)
class ForgetsTooSoon(reference.OnceServer):
    def receive(self, datagram, sender):
        full = len(self.answers) == self.remember
        if len(datagram) >= 2 and full and (sender, bytes(datagram)) not in self.answers:
            del self.answers[next(iter(self.answers))]
        return super().receive(datagram, sender)


# --- Exercise 9: all of it


def fetching(
    dial,
    questions,
    attempts,
    limit,
    *,
    interrupted=InterruptedError,
    failures=(OSError, EOFError),
    reuse=False,
    closes=True,
    over_again=False,
    in_total=False,
    each_new=False,
    eager=False,
    frame_again=False,
    patience=10**9,
    dial_again=False,
    judges_late=False,
    room=0,
):
    """fetch_all, wrong in one of these ways."""

    def again(call, *args):
        for _ in itertools.repeat(None, patience):
            try:
                return call(*args)
            except interrupted:
                pass
        raise ConnectionAbortedError

    def send(connection, frame):
        left = memoryview(frame)
        while left:
            try:
                taken = connection.send(left) if frame_again else again(connection.send, left)
                left = left[taken:]
            except interrupted:
                if frame_again:
                    left = memoryview(frame)

    def attempt(connection, frame):
        send(connection, frame)
        decoder = reference.FrameDecoder(2**32 if judges_late else limit + room)
        while (answer := decoder.next_message()) is None:
            octets = again(connection.recv, 4096)
            if not octets:
                raise EOFError
            decoder.feed(octets)
        if len(answer) > limit + room:
            raise ValueError
        return answer

    opened = []
    connection, used, answers = None, 0, []
    try:
        if eager:
            connection = dial()
            opened.append(connection)
        while len(answers) < len(questions):
            frame = reference.encode_frame(questions[len(answers)], limit)
            try:
                if connection is None or each_new:
                    connection = again(dial) if dial_again else dial()
                    opened.append(connection)
                answers.append(attempt(connection, frame))
                used = used if in_total else 0
            except failures:
                used += 1
                if used >= attempts:
                    raise
                if not reuse:
                    if closes and connection is not None:
                        connection.close()
                    connection = None
                if over_again:
                    answers.clear()
        return answers
    finally:
        if closes:
            for each in opened:
                each.close()


@misconception(
    of="fetch_all",
    says="An interruption is treated as a failure: a new connection, the question once more. "
    "Nothing was moved and nothing is broken: make the same call again.",
)
def interruption_is_failure(dial, questions, attempts, limit):
    class Never(Exception):
        pass

    return fetching(dial, questions, attempts, limit, interrupted=Never)


@misconception(
    of="fetch_all",
    says="After a failure you go on with the old connection. An old answer may still come on it, "
    "and be taken for the answer to something else.",
)
def goes_on_with_the_old(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, reuse=True)


@misconception(
    of="fetch_all",
    says="Connections are left open. Each costs a descriptor here and memory there: close them "
    "whatever happens.",
)
def leaves_them_open(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, closes=False)


@misconception(
    of="fetch_all",
    says="After a failure all questions are asked again. The answers that you have are good: ask "
    "only the one that has none.",
)
def begins_all_over(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, over_again=True)


@misconception(
    of="fetch_all",
    says="The attempts are counted for all questions together. Each question has so many of its "
    "own.",
)
def attempts_in_total(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, in_total=True)


@misconception(
    of="fetch_all",
    says="Each question gets a connection of its own. A handshake for every question is slow: "
    "keep the connection as long as it works.",
)
def one_connection_each(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, each_new=True)


@misconception(
    of="fetch_all",
    says="The first failure ends everything. A question is attempted several times, each over a "
    "new connection.",
)
def gives_up_at_once(dial, questions, attempts, limit):
    return fetching(dial, questions, 1, limit)


@misconception(
    of="fetch_all",
    says="You ask once too often: attempts counts the first time as well.",
)
def one_attempt_more(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts + 1, limit)


@misconception(
    of="fetch_all",
    says="A server that breaks the rules is asked again. It will answer the same: ValueError is "
    "for the caller.",
)
def asks_the_talkative_again(dial, questions, attempts, limit):
    failures = (OSError, EOFError, ValueError)
    return fetching(dial, questions, attempts, limit, failures=failures)


@misconception(
    of="fetch_all",
    says="The end of the stream is not treated as a failure of the attempt. The server may have "
    "been restarted: ask again over a new connection.",
)
def end_is_the_end(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, failures=OSError)


@misconception(
    of="fetch_all",
    says="A connection is opened before there is a question. Where nothing is asked, none is "
    "needed.",
)
def dials_first(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, eager=True)


@misconception(
    of="fetch_all",
    says="After an interruption you send the frame from its beginning, although part of it has "
    "been taken. The server reads a length out of the middle of your question.",
)
def sends_the_frame_again(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, frame_again=True)


@misconception(
    of="fetch_all",
    says="After some interruptions you give up. They say nothing about the connection, however "
    "many they are: call again.",
)
def loses_patience(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, patience=50)


@misconception(
    of="fetch_all",
    says="An interrupted dial is called again as if it were a send. It opened nothing: the "
    "attempt has failed, and counts.",
)
def dials_again(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, dial_again=True)


@misconception(
    of="fetch_all",
    says="An answer that is too long is received to its end, and judged then. A server that "
    "announces four gigabytes makes you wait for them: judge the length when it is there.",
)
def judges_whole_answers(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, judges_late=True)


@misconception(
    of="fetch_all",
    says="An answer of one octet more than the limit passes. The limit is the most that is "
    "allowed.",
)
def one_octet_more(dial, questions, attempts, limit):
    return fetching(dial, questions, attempts, limit, room=1)


# --- Exercise 10: chat


@misconception(
    of="ChatRoom",
    says="The sender hears its own line. Everybody else does; who has typed it has it on the "
    "screen already.",
)
class EchoesToTheSender(reference.ChatRoom):
    def heard(self, client, octets):
        before = self.names.get(client)
        said = super().heard(client, octets)
        if before is None:
            return said
        own = [text for to, text in said if text and text.startswith(before + b": ")]
        mine = [(client, text) for text in dict.fromkeys(own)]
        lines = [line.removesuffix(b"\r") for line in octets.split(b"\n")[:-1]]
        if not own and client in self.names:
            mine = [(client, b"%s: %s\n" % (before, line)) for line in lines if line]
        return said + mine


@misconception(
    of="ChatRoom",
    says="Each piece that comes is taken for a line. A line counts when its LF has come: keep "
    "half a line, and cut a piece that holds several.",
)
class PieceIsALine(reference.ChatRoom):
    def heard(self, client, octets):
        if client not in self.unread:
            return []
        self.unread[client] = b""
        return super().heard(client, octets.rstrip(b"\r\n") + b"\n")


@misconception(
    of="ChatRoom",
    says="All clients share one buffer for half lines, so that halves of different people become "
    "one line. Keep one for each.",
)
class SharedHalfLines(reference.ChatRoom):
    def heard(self, client, octets):
        if client not in self.unread:
            return []
        self.unread[client] = getattr(self, "half", b"")
        said = super().heard(client, octets)
        self.half = self.unread.get(client, b"")
        return said


@misconception(
    of="ChatRoom",
    says="The CR of CR LF stays on the line. Terminals that send both are people too: cut off "
    "one CR before the LF.",
)
class KeepsTheReturn(reference.ChatRoom):
    def heard(self, client, octets):
        return super().heard(client, octets.replace(b"\r\n", b"\r\r\n"))


@misconception(
    of="ChatRoom",
    says="Lines are stripped of white space at both ends. They are passed on as they are; only "
    "the end of the line is cut off.",
)
class StripsLines(reference.ChatRoom):
    def _line(self, client, line):
        return super()._line(client, line.strip())


@misconception(
    of="ChatRoom",
    says="Octets are decoded as UTF-8, and one that is none brings the server down. Pass the "
    "line on as it is.",
)
class DecodesLines(reference.ChatRoom):
    def _line(self, client, line):
        return super()._line(client, line.decode().encode())


@misconception(
    of="ChatRoom",
    says="Who has no name yet is told what the others say. They become present with a good name, "
    "and hear from then on.",
)
class TellsEverybody(reference.ChatRoom):
    def _tell(self, text, besides=None):
        return [(client, text) for client in self.unread if client != besides]


@misconception(
    of="ChatRoom",
    says="Two people can have one name. Nobody knows then who speaks: answer `* name taken`.",
)
class NamesTwice(reference.ChatRoom):
    def _line(self, client, line):
        if client in self.names or line not in self.names.values():
            return super()._line(client, line)
        told = self._tell(b"* %s joined\n" % line)
        self.names[client] = line
        return [*told, (client, b"* here: %s\n" % b", ".join(sorted(self.names.values())))]


@misconception(
    of="ChatRoom",
    says="Names are compared without regard to case. The brief says that very name: Ada is not "
    "ada.",
)
class CaseDoesNotCount(reference.ChatRoom):
    def _line(self, client, line):
        taken = [name.lower() for name in self.names.values()]
        if client not in self.names and line.lower() in taken:
            return [(client, b"* name taken\n")]
        return super()._line(client, line)


@misconception(
    of="ChatRoom",
    says="A letter that is not ASCII passes in a name. isalnum of a str takes every alphabet of "
    "the world; that of bytes takes ASCII alone.",
)
class LettersOfAllAlphabets(reference.ChatRoom):
    def _line(self, client, line):
        if client not in self.names and line.decode(errors="replace").isalnum() and len(line) < 17:
            plain = bytes(octet if octet < 128 else 120 for octet in line)
            return super()._line(client, plain)
        return super()._line(client, line)


@misconception(
    of="ChatRoom",
    says="The name of somebody who has left is still taken, and they are still among those who "
    "are here. Forget them when they go.",
)
class NamesStayTaken(reference.ChatRoom):
    def gone(self, client):
        name = self.names.get(client)
        said = super().gone(client)
        if name is not None:
            self.names["ghost", client] = name
        return [(to, text) for to, text in said if type(to) is int]

    def _tell(self, text, besides=None):
        return [pair for pair in super()._tell(text, besides) if type(pair[0]) is int]


@misconception(
    of="ChatRoom",
    says="Somebody leaves without a name, and the others are told. They never knew of them.",
)
class AnnouncesTheNameless(reference.ChatRoom):
    def gone(self, client):
        if client in self.unread and client not in self.names:
            del self.unread[client]
            return self._tell(b"* somebody left\n")
        return super().gone(client)


@misconception(
    of="ChatRoom",
    says="The half line of somebody who has gone is passed on. What they were going to say "
    "nobody knows.",
)
class SpeaksForTheGone(reference.ChatRoom):
    def gone(self, client):
        half = self.unread.get(client)
        said = self._line(client, half) if half and client in self.names else []
        return said + super().gone(client)


@misconception(
    of="ChatRoom",
    says="A line without an end is collected for ever. Nobody needs a line of a gigabyte: close "
    "the client as soon as it is too long.",
)
class CollectsForEver(reference.ChatRoom):
    def heard(self, client, octets):
        if client in self.unread and b"\n" not in octets:
            self.unread[client] += octets
            return []
        return super().heard(client, octets)


@misconception(
    of="ChatRoom",
    says="The others are not told when somebody is closed for a line that was too long. That "
    "client has left like any other.",
)
class ClosesQuietly(reference.ChatRoom):
    def _too_long(self, client):
        self.gone(client)
        return [(client, b"* line too long\n"), (client, None)]


@misconception(
    of="ChatRoom",
    says="A client that was closed by the room is still served: what comes after the long line "
    "is passed on. The room has to forget it.",
)
class GoesOnAfterClosing(reference.ChatRoom):
    def _too_long(self, client):
        self.unread[client] = b""
        name = self.names.get(client)
        left = self._tell(b"* %s left\n" % name, besides=client) if name else []
        return [(client, b"* line too long\n"), (client, None), *left]


@misconception(
    of="ChatRoom",
    says="Empty lines are passed on. Somebody leans on the Enter key, and everybody's screen is "
    "empty.",
)
class PassesEmptyLines(reference.ChatRoom):
    def _line(self, client, line):
        name = self.names.get(client)
        if name is not None and not line:
            return self._tell(b"%s: \n" % name, besides=client)
        return super()._line(client, line)


@misconception(
    of="ChatRoom",
    says="A client that the room does not know, or not any more, is listened to all the same. Who "
    "has gone, or was closed, may still have octets on the way: nothing comes of them.",
)
class KnowsEverybody(reference.ChatRoom):
    def heard(self, client, octets):
        self.unread.setdefault(client, b"")
        return super().heard(client, octets)


@misconception(
    of="ChatRoom",
    says="What has been said is kept for ever. Nobody asks the room for it, and one evening of "
    "talk is many megabytes.",
)
class KeepsALog(reference.ChatRoom):
    def heard(self, client, octets):
        self.log = [*getattr(self, "log", ()), bytearray(octets)]
        return super().heard(client, octets)


@misconception(
    of="serve_chat",
    says="You serve one client to its end before you accept the next. The others wait outside: a "
    "chat needs all of them at once.",
)
def one_at_a_time(listener):
    room = reference.ChatRoom()
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, suppress(OSError):
            said = room.arrived(0)
            while True:
                for _, octets in said:
                    client.sendall(octets or b"")
                octets = client.recv(4096)
                if not octets:
                    break
                said = room.heard(0, octets)
        room.gone(0)


class Selecting:
    """A chat server with a selector, wrong in one of these ways."""

    def __init__(
        self,
        listener,
        *,
        receive=None,
        broken=None,
        waits=False,
        closes=True,
        most=65_536,
        spins=0,
        discards=False,
    ):
        self.spins, self.discards = spins, discards
        self.listener, self.receive, self.broken = listener, receive, broken
        self.waits, self.closes, self.most = waits, closes, most
        self.room, self.socks, self.waiting = reference.ChatRoom(), {}, {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)

    def run(self):
        """Serve until the listener is shut down."""
        count = 0
        try:
            while True:
                for key, events in self.selector.select():
                    if key.fileobj is self.listener:
                        sock, _ = self.listener.accept()
                        count += 1
                        self.enter(count, sock)
                    elif key.data in self.socks:
                        self.serve(key.data, events)
        except OSError:
            return
        finally:
            LEFT_OPEN.extend([] if self.closes else self.socks.values())
            for client in list(self.socks) if self.closes else ():
                self.drop(client)
            self.selector.close()

    def enter(self, client, sock):
        sock.setblocking(self.waits)
        self.socks[client], self.waiting[client] = sock, bytearray()
        self.selector.register(sock, selectors.EVENT_READ, client)
        self.carry_out(self.room.arrived(client))

    def serve(self, client, events):
        if events & selectors.EVENT_WRITE and not self.flush(client):
            return self.lose(client)
        if not events & selectors.EVENT_READ:
            return None
        sock = self.socks[client]
        try:
            octets = self.receive(sock) if self.receive else sock.recv(65_536)
        except BlockingIOError:
            return None
        except OSError:
            octets = b""
            if self.broken == "dies":
                raise RuntimeError("a client has gone") from None
        return self.carry_out(self.room.heard(client, octets)) if octets else self.lose(client)

    def lose(self, client):
        self.drop(client)
        said = self.room.gone(client)
        if self.broken != "forgets":
            self.carry_out(said)

    def carry_out(self, said):
        for client, what in said:
            if client not in self.socks:
                continue
            self.waiting[client] += what or b""
            if what is None:
                self.drop(client)
            elif not self.flush(client) or len(self.waiting[client]) > self.most:
                if self.discards:
                    del self.waiting[client][self.most :]
                else:
                    self.lose(client)

    def flush(self, client):
        waiting, sock = self.waiting[client], self.socks[client]
        try:
            while waiting and self.waits:
                del waiting[: sock.send(waiting)]
            if waiting:
                del waiting[: sock.send(waiting)]
        except BlockingIOError:
            pass
        except OSError:
            if self.broken == "dies":
                raise RuntimeError("a client has gone") from None
            return False
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting or self.spins else 0)
        self.selector.modify(sock, events, client)
        return True

    def drop(self, client):
        sock = self.socks.pop(client, None)
        if sock is not None:
            self.selector.unregister(sock)
            sock.close()
            del self.waiting[client]


LEFT_OPEN = []


@misconception(
    of="serve_chat",
    says="You wait for the rest of a line before you look at anybody else. One client that types "
    "half a line stops the whole server: take what is there, and give it to the room.",
)
def waits_for_whole_lines(listener):
    def receive(sock):
        sock.setblocking(True)
        line = b""
        while not line.endswith(b"\n") and (octets := sock.recv(1)):
            line += octets
        sock.setblocking(False)
        return line if line.endswith(b"\n") else b""

    Selecting(listener, receive=receive).run()


@misconception(
    of="serve_chat",
    says="You wait until a client takes what you send it. One that never reads stops the whole "
    "server: keep what is not taken, and drop who lets too much pile up.",
)
def waits_for_readers(listener):
    Selecting(listener, waits=True).run()


@misconception(
    of="serve_chat",
    says="A client that breaks its connection brings the server down, and everybody with it. "
    "recv and send may raise OSError for one client: that client is gone, no more.",
)
def dies_with_one(listener):
    Selecting(listener, broken="dies").run()


@misconception(
    of="serve_chat",
    says="When a client has gone, what the room says about it is not sent: the others still see "
    "it among them. Carry out what gone() returns, too.",
)
def forgets_to_say_so(listener):
    Selecting(listener, broken="forgets").run()


@misconception(
    of="serve_chat",
    says="You return when the listener is shut down, but leave the connections open. Close them "
    "all: who is connected waits for nothing.",
)
def leaves_clients_behind(listener):
    Selecting(listener, closes=False).run()


@misconception(
    of="serve_chat",
    says="You keep everything for a client that does not read, without a limit. One window left "
    "open and a talkative evening fill the memory: drop who lets more than 65,536 octets wait.",
)
def keeps_for_ever(listener):
    Selecting(listener, most=10**12).run()


@misconception(
    of="serve_chat",
    says="What is too much for a client is thrown away, and the client stays. It then hears half a "
    "conversation and cannot know it: drop the client.",
)
def throws_lines_away(listener):
    Selecting(listener, discards=True).run()


@misconception(
    of="serve_chat",
    says="A client is dropped as soon as send does not take everything at once. It may only be a "
    "little slow: 65,536 octets are to be kept for it.",
)
def drops_the_slow(listener):
    Selecting(listener, most=0).run()


@misconception(
    of="serve_chat",
    says="You always ask for EVENT_WRITE. A socket is nearly always ready to be written, so "
    "select returns at once, for ever, and the processor is busy with nothing: ask only while "
    "something waits to be sent.",
)
def asks_to_write_always(listener):
    Selecting(listener, spins=1).run()


# --- Mutants that no test can tell from the right answer

equivalent(
    "framing-answer",
    'return struct.pack("!i", len(message)) + message',
    because="Signed or not is the same below 2^31 octets, and no test has two gigabytes to frame.",
)
equivalent(
    "lines-answer",
    "octets = self.sock.recv(4097)",
    because="The brief leaves the number of octets asked for at a time to the learner.",
)
equivalent(
    "echo-answer",
    "while octets := client.recv(65537):",
    because="Any number of octets at a time will do.",
)
equivalent(
    "echo-answer",
    "while octets := sock.recv(65537):",
    because="Any number of octets at a time will do.",
)
equivalent(
    "echo-answer",
    "with suppress(None):",
    because="What is raised in the sending thread reaches nobody, caught or not.",
)
equivalent(
    "echo-answer",
    "sender = threading.Thread(target=send, daemon=None)",
    because="The thread ends with the connection; only a process that ends before it would wait.",
)
equivalent(
    "echo-answer",
    "sender = threading.Thread(target=send, )",
    because="The thread ends with the connection; only a process that ends before it would wait.",
)
equivalent(
    "echo-answer",
    "sender = threading.Thread(target=send, daemon=False)",
    because="The thread ends with the connection; only a process that ends before it would wait.",
)
equivalent(
    "connect-answer",
    "error = OSError(None)",
    because="The text of the error is free.",
)
equivalent(
    "udp-answer",
    "octets, sender = sock.recvfrom(65536)",
    because="No datagram is longer than 65,535 octets, so more room changes nothing.",
)
equivalent(
    "faults-answer",
    "octets = again(connection.recv, 4097)",
    because="Any number of octets at a time will do.",
)
equivalent(
    "chat-answer",
    "listener.setblocking(True)",
    because="accept is called only when somebody waits, and on Linux a visitor who has gone still "
    "does.",
)
equivalent(
    "chat-answer",
    "selector.register(sock, selectors.EVENT_READ, None)",
    because="What the room says to an arrival is sent at once, and flush registers the number "
    "anew.",
)
equivalent(
    "chat-answer",
    "selector.register(sock, selectors.EVENT_READ, )",
    because="What the room says to an arrival is sent at once, and flush registers the number "
    "anew.",
)
equivalent(
    "chat-answer",
    "if len(waiting[client]) >= 65_536:",
    because="How many octets the system has taken already nobody outside knows to the octet.",
)
equivalent(
    "chat-answer",
    "if len(waiting[client]) > 65537:",
    because="How many octets the system has taken already nobody outside knows to the octet.",
)
equivalent(
    "chat-answer",
    "wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting[client] else 1)",
    because="1 is EVENT_READ, which is wanted anyway.",
)
equivalent(
    "chat-answer",
    "octets = socks[client].recv(65537)",
    because="Any number of octets at a time will do.",
)
equivalent(
    "chat-answer",
    "if events | selectors.EVENT_WRITE and key.data in socks:",
    because="A flush too many sends what waits as far as there is room, or nothing.",
)
equivalent(
    "chat-answer",
    "if events | selectors.EVENT_READ and key.data in socks:",
    because="A recv too many raises BlockingIOError, which says that nothing has come.",
)
