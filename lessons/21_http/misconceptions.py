"""Planted wrong answers of `21_http`, each with the sentence that cures it.

The proof puts each in place of the right answer, and it must fail; a check whose result is wrong
runs them to find the one that gives the learner's very result. `reference` holds the right answers.
"""

import contextlib
import re
import socket
import threading
from copy import deepcopy
from dataclasses import replace
from http import HTTPStatus

import reference

from wirelab.grading.misconceptions import equivalent, misconception
from wirelab.protocols.http import Refused, Response

# --- Exercise 1: the head


@misconception(
    of="parse_head",
    rfc="RFC 9112 section 5.1",
    says="You strip every white space that Python knows. HTTP knows two, space and tab; a no- "
    "break space is part of the value, and the next reader keeps it.",
)
def strips_like_python(octets, max_target=8000, max_fields=100):
    right = reference.parse_head(octets, max_target, max_fields)
    return replace(right, fields=tuple((name, value.strip()) for name, value in right.fields))


@misconception(
    of="parse_head",
    rfc="RFC 9110 section 5.1",
    says="The names of fields keep their capitals. Names are compared in any case, so put them "
    "in lower case once, here; else somebody's `HOST` is not found.",
)
def keeps_capitals(octets, max_target=8000, max_fields=100):
    right = reference.parse_head(octets, max_target, max_fields)
    names = [line.partition(b":")[0].decode() for line in octets.split(b"\r\n")[1:]]
    pairs = zip(names, right.fields, strict=False)
    return replace(right, fields=tuple((name, value) for name, (_, value) in pairs))


@misconception(
    of="parse_head",
    rfc="RFC 9112 section 5.1",
    says="A space between name and colon is forgiven. One reader sees Content-Length there and "
    "another an unknown field: this has smuggled requests. It must be refused.",
)
def forgives_the_space(octets, max_target=8000, max_fields=100):
    mended = re.sub(rb"(?m)^([^:\r\n]+?)[ \t]+:", rb"\1:", octets)
    return reference.parse_head(mended, max_target, max_fields)


@misconception(
    of="parse_head",
    rfc="RFC 9112 section 5.2",
    says="A folded line is joined with the one before. That was allowed long ago; you are "
    "strict here: a line that begins with a space or a tab is refused.",
)
def joins_folded_lines(octets, max_target=8000, max_fields=100):
    return reference.parse_head(re.sub(rb"\r\n[ \t]+", b" ", octets), max_target, max_fields)


@misconception(
    of="parse_head",
    rfc="RFC 9112 section 2.2",
    says="A LF alone ends a line for you, as in a text file. The next reader may not think so, "
    "and finds a field where you saw none, or the other way round.",
)
def takes_bare_lf(octets, max_target=8000, max_fields=100):
    mended = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return reference.parse_head(mended, max_target, max_fields)


@misconception(
    of="parse_head",
    rfc="RFC 9112 section 3",
    says="`split()` without an argument swallows runs of white space. The request line has "
    "exactly two spaces: split at `b' '` and count the words.",
)
def splits_at_any_space(octets, max_target=8000, max_fields=100):
    line, _, rest = octets.partition(b"\r\n")
    return reference.parse_head(b" ".join(line.split()) + b"\r\n" + rest, max_target, max_fields)


@misconception(
    of="parse_head",
    rfc="RFC 9112 section 3",
    says="A target of exactly `max_target` octets is refused. At most that many are taken: the "
    "limit itself is fine.",
)
def target_off_by_one(octets, max_target=8000, max_fields=100):
    return reference.parse_head(octets, max_target - 1, max_fields)


@misconception(
    of="parse_head",
    rfc="RFC 6585 section 5",
    says="Exactly `max_fields` fields are refused. At most that many are taken: the limit "
    "itself is fine.",
)
def fields_off_by_one(octets, max_target=8000, max_fields=100):
    return reference.parse_head(octets, max_target, max_fields - 1)


@misconception(
    of="parse_head",
    rfc="RFC 9112 section 3.2",
    says="A request of HTTP/1.1 without Host is taken. Where several sites share an address it "
    "belongs to none of them: refuse it.",
)
def needs_no_host(octets, max_target=8000, max_fields=100):
    if re.search(rb"(?im)^host:", octets):
        return reference.parse_head(octets, max_target, max_fields)
    named = octets[:-2] + b"Host: a\r\n\r\n"
    right = reference.parse_head(named, max_target, max_fields + 1)
    return replace(right, fields=right.fields[:-1])


@misconception(
    of="parse_head",
    rfc="RFC 9112 section 3.2",
    says="Of two Hosts you take one. A proxy takes the other, and the request goes to a site "
    "that the proxy never meant: refuse both.",
)
def believes_one_host(octets, max_target=8000, max_fields=100):
    seen, lines = False, []
    for line in octets.split(b"\r\n"):
        if re.match(rb"(?i)host:", line):
            if seen:
                continue
            seen = True
        lines.append(line)
    return reference.parse_head(b"\r\n".join(lines), max_target, max_fields)


@misconception(
    of="parse_head",
    rfc="RFC 9110 section 15.6.6",
    says="A version that you do not speak is answered with 400. Its form is right, so nothing "
    "is wrong with the request: 505 says what you lack.",
)
def version_is_bad_syntax(octets, max_target=8000, max_fields=100):
    try:
        return reference.parse_head(octets, max_target, max_fields)
    except Refused as refusal:
        raise Refused(400 if refusal.status == 505 else refusal.status) from None


@misconception(
    of="parse_head",
    rfc="RFC 9112 section 5.1",
    says="The value ends at its first colon. Only the first colon of the *line* parts name and "
    "value; `Host: example.org:8080` has another.",
)
def splits_at_every_colon(octets, max_target=8000, max_fields=100):
    right = reference.parse_head(octets, max_target, max_fields)
    cut = tuple((name, value.split(":")[0].strip(" \t")) for name, value in right.fields)
    return replace(right, fields=cut)


@misconception(
    of="parse_head",
    rfc="RFC 9112 section 3.2",
    says="`*` is taken for every method. Only OPTIONS can mean the server as a whole; a GET of "
    "`*` names no resource.",
)
def star_for_everybody(octets, max_target=8000, max_fields=100):
    starred = re.match(rb"([^ \r\n]+) \*( HTTP/1\.[0-9]\r\n)", octets)
    if not starred:
        return reference.parse_head(octets, max_target, max_fields)
    mended = starred[1] + b" /*" + starred[2] + octets[starred.end() :]
    return replace(reference.parse_head(mended, max_target + 1, max_fields), target="*")


@misconception(
    of="parse_head",
    rfc="RFC 9110 section 5.5",
    says="Control octets in a value pass. A zero octet ends the text for programs written in "
    "C: they see another value than you do.",
)
def takes_control_octets(octets, max_target=8000, max_fields=100):
    return reference.parse_head(
        re.sub(rb"[\x00\x0b\x0c\x7f]", b"x", octets), max_target, max_fields
    )


# --- Exercise 2: chunks


@misconception(
    of="ChunkedDecoder",
    rfc="RFC 9112 section 7.1",
    says="`int(size, 16)` takes signs, spaces, underscores and 0x for a number. A reader that "
    "does not will end the chunk elsewhere: only hexadecimal digits count.",
)
class PythonTakesIt(reference.ChunkedDecoder):
    def _begin_chunk(self, line):
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise Refused(400) from None
        super()._begin_chunk(b"%x" % max(size, 0))


@misconception(
    of="ChunkedDecoder",
    rfc="RFC 9112 section 7.1",
    says="The size is read in base 10. It is hexadecimal: `10` is sixteen octets, `A` ten.",
)
class DecimalSizes(reference.ChunkedDecoder):
    def _begin_chunk(self, line):
        digits = line.partition(b";")[0].strip()
        if not re.fullmatch(b"[0-9]+", digits):
            raise Refused(400)
        super()._begin_chunk(b"%x" % int(digits))


@misconception(
    of="ChunkedDecoder",
    rfc="RFC 9112 section 7.1",
    says="It is over as soon as the size is 0. Trailers and an empty line still follow; left "
    "unread, they become the beginning of the next message.",
)
class EndsAtZero(reference.ChunkedDecoder):
    def _begin_chunk(self, line):
        super()._begin_chunk(line)
        if self._fields is not None:
            self.done, self.rest, self._buffer = True, self._buffer, b""


@misconception(
    of="ChunkedDecoder",
    rfc="RFC 9112 section 7.1",
    says="You skip two octets after a chunk without looking at them. If they are not CR LF the "
    "size was a lie, and what follows is read at the wrong place.",
)
class SkipsTwo(reference.ChunkedDecoder):
    def _chunk_has_ended(self):
        if len(self._buffer) < 2:
            return False
        self._buffer, self._left = self._buffer[2:], None
        return True


@misconception(
    of="ChunkedDecoder",
    rfc="RFC 9112 section 7.1",
    says="A chunk is held back until it is whole. It may be a megabyte, or a film: hand out "
    "what has come.",
)
class HoldsBack(reference.ChunkedDecoder):
    _held = b""

    def feed(self, octets):
        self._held += super().feed(octets)
        if self._left:
            return b""
        found, self._held = self._held, b""
        return found


@misconception(
    of="ChunkedDecoder",
    rfc="RFC 9110 section 6.5.1",
    says="Every trailer is kept. One that says how long the message is, or who asks, comes "
    "after all that was decided: leave out the names in NOT_IN_TRAILERS.",
)
class KeepsEveryTrailer(reference.ChunkedDecoder):
    def _trailer(self, line):
        name, colon, value = line.partition(b":")
        if colon and name.decode("latin-1").lower() in reference.NOT_IN_TRAILERS:
            self._fields.append((name.decode().lower(), value.strip().decode("latin-1")))
        else:
            super()._trailer(line)


@misconception(
    of="ChunkedDecoder",
    rfc="RFC 9112 section 9.3.2",
    says="What follows the end is thrown away. It is the next message, sent ahead: it belongs "
    "in `rest`.",
)
class LosesTheRest(reference.ChunkedDecoder):
    def feed(self, octets):
        found = super().feed(octets)
        self.rest = b""
        return found


@misconception(
    of="ChunkedDecoder",
    rfc="RFC 9110 section 15.5.14",
    says="Each chunk is compared with the limit alone. A thousand small ones fill your memory "
    "as well: the sum counts.",
)
class LimitsEachChunk(reference.ChunkedDecoder):
    def _begin_chunk(self, line):
        self._total = 0
        super()._begin_chunk(line)


@misconception(
    of="ChunkedDecoder",
    rfc="RFC 9112 section 7.1.1",
    says="A size line may be as long as it likes. Zeros, or an extension, that never end are "
    "kept in memory for ever: refuse at `max_line`, also before the line has ended.",
)
class EndlessLines(reference.ChunkedDecoder):
    def __init__(self, max_content=1_000_000, max_line=1024):
        super().__init__(max_content, 10**9)


@misconception(
    of="ChunkedDecoder",
    rfc="RFC 9112 section 7.1.2",
    says="A trailer line that is no field is passed over. It is refused like one in the head: "
    "the next reader may take it for something.",
)
class ForgivesTrailers(reference.ChunkedDecoder):
    def _trailer(self, line):
        try:
            super()._trailer(line)
        except Refused:
            return


# --- Exercise 3: length


def without(request, name):
    return replace(request, fields=tuple(f for f in request.fields if f[0] != name))


@misconception(
    of="request_length",
    rfc="RFC 9112 section 6.1",
    says="With both fields you believe the number. The server behind you believes the chunks, "
    "and what you took for content it takes for a request: the opening cell of this "
    "notebook.",
)
def believes_the_number(request, max_content=1_000_000):
    if request.values("content-length"):
        request = without(request, "transfer-encoding")
    return reference.request_length(request, max_content)


@misconception(
    of="request_length",
    rfc="RFC 9112 section 6.1",
    says="With both fields you believe the chunks. A standard reader may, if it closes "
    "afterwards; this brief asks you to refuse, since nobody honest sends both.",
)
def believes_the_chunks(request, max_content=1_000_000):
    if request.values("transfer-encoding"):
        request = without(request, "content-length")
    return reference.request_length(request, max_content)


@misconception(
    of="request_length",
    rfc="RFC 9112 section 6.3",
    says="`int` decides what a number is, and takes signs, spaces and underscores. Another "
    "reader sees another number, or none: only the digits 0 to 9 count.",
)
def python_numbers(request, max_content=1_000_000):
    values = request.values("content-length")
    if values and not request.values("transfer-encoding"):
        try:
            numbers = {int(number) for number in ",".join(values).split(",")}
        except ValueError:
            raise Refused(400) from None
        if len(numbers) > 1:
            raise Refused(400)
        (number,) = numbers
        if number > max_content:
            raise Refused(413)
        return number
    return reference.request_length(request, max_content)


@misconception(
    of="request_length",
    rfc="RFC 9112 section 6.3",
    says="Of several lengths the first is believed. Another reader believes the last: if they "
    "are not all the same number, refuse.",
)
def first_length_wins(request, max_content=1_000_000):
    values = request.values("content-length")
    if values:
        first = ",".join(values).split(",")[0]
        request = without(request, "content-length")
        request = replace(request, fields=(*request.fields, ("content-length", first)))
    return reference.request_length(request, max_content)


@misconception(
    of="request_length",
    rfc="RFC 9112 section 6.3",
    says="You look for the word `chunked` anywhere in the value. It must be the last coding, "
    "whole: `xchunked` is another, and after `chunked, gzip` nobody knows where the "
    "message ends.",
)
def chunked_anywhere(request, max_content=1_000_000):
    values = ",".join(request.values("transfer-encoding")).lower()
    if "chunked" in values and request.version != "HTTP/1.0":
        if request.values("content-length"):
            raise Refused(400)
        return "chunked"
    return reference.request_length(request, max_content)


@misconception(
    of="request_length",
    rfc="RFC 9112 section 6.1",
    says="Transfer-Encoding in HTTP/1.0 is believed. That version has no chunks, and an old "
    "proxy on the way did not see them: the framing is faulty.",
)
def chunks_in_old_versions(request, max_content=1_000_000):
    return reference.request_length(replace(request, version="HTTP/1.1"), max_content)


@misconception(
    of="request_length",
    rfc="RFC 9112 section 6.1",
    says="A coding that you do not know is answered with 400. The request is well-formed; you "
    "lack something: 501.",
)
def unknown_coding_is_bad(request, max_content=1_000_000):
    try:
        return reference.request_length(request, max_content)
    except Refused as refusal:
        raise Refused(400 if refusal.status == 501 else refusal.status) from None


@misconception(
    of="request_length",
    rfc="RFC 9110 section 15.5.14",
    says="A number above the limit is answered with 400. It is a good number, only too large "
    "for you: 413.",
)
def large_is_bad(request, max_content=1_000_000):
    try:
        return reference.request_length(request, max_content)
    except Refused as refusal:
        raise Refused(400 if refusal.status == 413 else refusal.status) from None


@misconception(
    of="response_length",
    rfc="RFC 9112 section 6.3",
    says="You read content after HEAD, 204 or 304 because a field announces it. Those answers "
    "have none, whatever the fields say; you would wait for ever, or eat the next answer.",
)
def believes_the_fields(method, response):
    if response.status in (204, 304) or method == "HEAD":
        return reference.response_length("GET", replace(response, status=200))
    return reference.response_length(method, response)


@misconception(
    of="response_length",
    rfc="RFC 9112 section 6.3",
    says="A response without either field counts as empty. That is so for requests; a response "
    "then goes on to the end of the connection.",
)
def nothing_said_is_nothing(method, response):
    length = reference.response_length(method, response)
    return 0 if length == "close" and not response.values("transfer-encoding") else length


@misconception(
    of="response_length",
    rfc="RFC 9110 section 9.3.6",
    says="A 2xx to CONNECT is read like another answer. From there on the octets are no longer "
    "HTTP: it is a tunnel, whatever the fields say.",
)
def tunnel_is_an_answer(method, response):
    return reference.response_length("GET" if method == "CONNECT" else method, response)


# --- Exercise 4: the answer


@misconception(
    of="serialise",
    rfc="RFC 9112 section 6.3",
    says="Content is sent where none may be: after HEAD, 204 or 304 the client expects the "
    "next status line, and reads your content as one.",
)
def always_content(response, method="GET", close=False, date=""):
    octets = reference.serialise(response, method, close, date)
    return octets if octets.endswith(b"\r\n\r\n" + response.content) else octets + response.content


@misconception(
    of="serialise",
    rfc="RFC 9110 section 8.6",
    says="Content-Length goes out with 1xx, 204 or 2xx to CONNECT. There it must not stand: "
    "those answers have no content, not even an empty one.",
)
def always_a_length(response, method="GET", close=False, date=""):
    octets = reference.serialise(response, method, close, date)
    head, end, content = octets.partition(b"\r\n\r\n")
    if b"content-length:" in head.lower() or response.status == 304:
        return octets
    return head + b"\r\nContent-Length: %d" % len(content) + end + content


@misconception(
    of="serialise",
    rfc="RFC 9110 section 9.3.2",
    says="HEAD is told a length of 0. It asks what GET would bring: the length is that of the "
    "content that is not sent.",
)
def empty_for_head(response, method="GET", close=False, date=""):
    if method == "HEAD":
        kept = tuple(f for f in response.fields if f[0].lower() != "content-length")
        response = replace(response, content=b"", fields=kept)
    return reference.serialise(response, method, close, date)


@misconception(
    of="serialise",
    rfc="RFC 9112 section 11.1",
    says="CR LF in a value is written out. Whoever chose that value has just written the rest "
    "of your head: this is response splitting. Refuse it.",
)
def splits_the_response(response, method="GET", close=False, date=""):
    clean = tuple((n, re.sub(r"[\r\n\x00]", "", v)) for n, v in response.fields)
    octets = reference.serialise(replace(response, fields=clean), method, close, date)
    for (name, value), (_, short) in zip(response.fields, clean, strict=True):
        octets = octets.replace(
            f"{name}: {short}\r\n".encode("latin-1"), f"{name}: {value}\r\n".encode("latin-1"), 1
        )
    return octets


@misconception(
    of="serialise",
    rfc="RFC 9112 section 4",
    says="Without a reason phrase the space before it is gone too. The status line has two "
    "spaces always; the phrase may be empty.",
)
def drops_the_space(response, method="GET", close=False, date=""):
    octets = reference.serialise(response, method, close, date)
    line, end, rest = octets.partition(b"\r\n")
    return line.rstrip(b" ") + end + rest


@misconception(
    of="serialise",
    rfc="RFC 9110 section 15",
    says="A status that Python has no name for is refused. The reason is for people only: with "
    "299 it is empty.",
)
def only_known_codes(response, method="GET", close=False, date=""):
    HTTPStatus(response.status)
    return reference.serialise(response, method, close, date)


@misconception(
    of="serialise",
    rfc="RFC 9110 section 8.6",
    says="A Content-Length that was given is believed. If it is not the number of octets, the "
    "client hangs, or reads your content as the next answer.",
)
def believes_a_given_length(response, method="GET", close=False, date=""):
    given = [value for name, value in response.fields if name.lower() == "content-length"]
    if not given or response.status in (204, 304) or method == "HEAD":
        return reference.serialise(response, method, close, date)
    kept = tuple(f for f in response.fields if f[0].lower() != "content-length")
    octets = reference.serialise(replace(response, fields=kept), method, close, date)
    return re.sub(rb"Content-Length: [0-9]+", b"Content-Length: " + given[0].encode(), octets)


@misconception(
    of="serialise",
    rfc="RFC 9110 section 15.4.5",
    says="A 304 says a length of its own. Without content there is none to count; if it says "
    "one, it is that of the answer which the client already has.",
)
def length_with_304(response, method="GET", close=False, date=""):
    octets = reference.serialise(response, method, close, date)
    if response.status == 304 and b"content-length" not in octets.lower():
        return octets[:-2] + b"Content-Length: %d\r\n\r\n" % len(response.content)
    return octets


# --- Exercise 5: promises


@misconception(
    of="promises",
    rfc="RFC 9110 section 9.2.2",
    says="DELETE does not count as idempotent, because its second answer is 404. Idempotent is "
    "about the effect, not the answer: it is gone after once and after twice.",
)
def delete_answers_differ(method):
    return set() if method == "DELETE" else reference.promises(method)


@misconception(
    of="promises",
    rfc="RFC 9110 section 9.1",
    says="The case of the method does not count for you. It does: `get` is another word, and "
    "nobody knows it.",
)
def any_case(method):
    return reference.promises(method.upper())


@misconception(
    of="promises",
    rfc="RFC 9110 section 9.3.8",
    says="TRACE counts as unsafe. It changes nothing, it only sends back what it got; that "
    "servers switch it off has another reason.",
)
def trace_is_unsafe(method):
    return set() if method == "TRACE" else reference.promises(method)


@misconception(
    of="promises",
    rfc="RFC 9110 section 9.3.3",
    says="POST counts as not cacheable. Its answer may be kept, if it says for how long and of "
    "which resource; few do.",
)
def post_is_never_kept(method):
    return reference.promises(method) - ({"cacheable"} if method in ("POST", "PATCH") else set())


@misconception(
    of="promises",
    rfc="RFC 5789 section 2",
    says="PATCH counts as idempotent. It may be, for some types of patch; nothing promises it: "
    "'add one' is a patch too.",
)
def patch_is_idempotent(method):
    return reference.promises(method) | ({"idempotent"} if method == "PATCH" else set())


@misconception(
    of="promises",
    rfc="RFC 10008 section 2",
    says="QUERY is not known to you. It is safe and idempotent like GET, and its answer can be "
    "cached, though it has content.",
)
def never_heard_of_query(method):
    return set() if method == "QUERY" else reference.promises(method)


@misconception(
    of="kept",
    rfc="RFC 9110 section 9.2.1",
    says="A copy of the store's outside only: what is deep inside is shared, and your picture "
    "of before changes with it. copy.deepcopy copies all.",
)
def shallow_pictures(handler, store, request):
    trial = dict(store)
    pictures = [{k: v for k, v in trial.items() if k != "log"}]
    for _ in range(2):
        handler(trial, request)
        pictures.append({k: v for k, v in trial.items() if k != "log"})
    before, once, twice = pictures
    return {n for n, holds in (("safe", before == once), ("idempotent", once == twice)) if holds}


@misconception(
    of="kept",
    rfc="RFC 9110 section 9.2.1",
    says="A line in the log makes a request unsafe for you. The client did not ask for it; a "
    "server may write down what it was asked.",
)
def log_counts(handler, store, request):
    trial = deepcopy(store)
    pictures = [deepcopy(trial)]
    for _ in range(2):
        handler(trial, request)
        pictures.append(deepcopy(trial))
    before, once, twice = pictures
    return {n for n, holds in (("safe", before == once), ("idempotent", once == twice)) if holds}


@misconception(
    of="kept",
    rfc="RFC 9110 section 9.2.2",
    says="You compare the answers. The second DELETE answers 404 and is idempotent all the "
    "same: compare the stores.",
)
def compares_answers(handler, store, request):
    answers = []

    def noted(one, request):
        answers.append(handler(one, request))
        return answers[-1]

    found = reference.kept(noted, store, request)
    return found if answers[0] == answers[1] else found - {"idempotent"}


@misconception(
    of="kept",
    rfc="RFC 9110 section 9.2.2",
    says="Idempotent only if nothing changed at all: that is safe. PUT changes the store and "
    "is idempotent: compare after two runs with after *one*.",
)
def idempotent_means_safe(handler, store, request):
    found = reference.kept(handler, store, request)
    return found if "safe" in found else found - {"idempotent"}


@misconception(
    of="kept",
    rfc="",
    says="The trials run on the store itself. Whoever asks you loses it: run them on a deep copy.",
)
def runs_on_the_store(handler, store, request):
    found = reference.kept(handler, store, request)
    handler(store, request)
    handler(store, request)
    return found


# --- Exercise 6: every wrong choice, and why


def instead(situation, where, code):
    """The right codes but for one situation."""
    return code if situation == where else reference.status_for(situation)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.2",
    says="200 says that it worked, but not that something exists now which did not before. 201 "
    "does, and its Location says where.",
)
def made_200(situation):
    return instead(situation, "made", 200)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.3",
    says="202 says that it may still happen, later, or not. The order exists already.",
)
def made_202(situation):
    return instead(situation, "made", 202)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.5",
    says="204 says that there is nothing to tell. There is: a new order, and where it is.",
)
def made_204(situation):
    return instead(situation, "made", 204)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.1",
    says="200 says that it is done. The report will be made tonight, and may yet fail: nothing "
    "is done.",
)
def queued_200(situation):
    return instead(situation, "queued", 200)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.2",
    says="201 says that the report exists, and where. There is none yet.",
)
def queued_201(situation):
    return instead(situation, "queued", 201)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.5",
    says="204 says that it was done, and that there is nothing to tell. It was only accepted.",
)
def queued_204(situation):
    return instead(situation, "queued", 204)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.2",
    says="201 says that something was made. The note was there before: it was replaced.",
)
def saved_201(situation):
    return instead(situation, "saved", 201)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.6",
    says="205 asks the client to empty its form. It fits a page where one record after the "
    "other is typed in.",
)
def saved_205(situation):
    return instead(situation, "saved", 205)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.5",
    says="304 answers a GET: your copy is still good. After a PUT it would say that nothing "
    "was changed.",
)
def saved_304(situation):
    return instead(situation, "saved", 304)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.2",
    says="After 301 a client may turn the POST into a GET, and most do. 308 is the one that "
    "keeps the method, for good.",
)
def moved_301(situation):
    return instead(situation, "moved", 301)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.3",
    says="302 is only for now, and a client may turn the POST into a GET. It has moved for good.",
)
def moved_302(situation):
    return instead(situation, "moved", 302)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.8",
    says="307 keeps the method, but only for now: the client will ask the old address again "
    "each time. It has moved for good.",
)
def moved_307(situation):
    return instead(situation, "moved", 307)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.2",
    says="301 is for good: clients and caches would remember it tomorrow.",
)
def today_301(situation):
    return instead(situation, "today", 301)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.3",
    says="302 is for now, but leaves open what becomes of the method. 307 keeps it: the same "
    "PUT, with its content.",
)
def today_302(situation):
    return instead(situation, "today", 302)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.9",
    says="308 keeps the method, but for good: clients would go elsewhere tomorrow as well.",
)
def today_308(situation):
    return instead(situation, "today", 308)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.2",
    says="201 says where the new thing is, but takes the browser nowhere. It shall GET "
    "/thanks: that is 303.",
)
def form_201(situation):
    return instead(situation, "form", 201)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.8",
    says="307 sends the same POST, order and all, to /thanks. 303 makes it a GET.",
)
def form_307(situation):
    return instead(situation, "form", 307)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.9",
    says="308 sends the same POST to /thanks, now and ever after. 303 makes it a GET.",
)
def form_308(situation):
    return instead(situation, "form", 308)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.5",
    says="200 sends everything again. The client has said which version it has, and it is the "
    "current one.",
)
def same_200(situation):
    return instead(situation, "same", 200)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.5",
    says="204 says that there is no content. There is, and the client has it: 304 tells it to "
    "use its copy.",
)
def same_204(situation):
    return instead(situation, "same", 204)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.13",
    says="412 is for a condition that keeps a *change* from being made. With GET, If-None- "
    "Match that finds the same is 304.",
)
def same_412(situation):
    return instead(situation, "same", 412)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.5",
    says="404 is about a target. In a line of four words nobody knows which word is one.",
)
def syntax_404(situation):
    return instead(situation, "syntax", 404)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.21",
    says="422 says that the syntax is fine, and the content makes no sense. Here the syntax is "
    "not.",
)
def syntax_422(situation):
    return instead(situation, "syntax", 422)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.1",
    says="500 takes the blame. The server did nothing wrong: the client's line has four words.",
)
def syntax_500(situation):
    return instead(situation, "syntax", 500)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.1",
    says="400 says that the request is malformed. It is fine: it only says nothing of who asks.",
)
def who_400(situation):
    return instead(situation, "who", 400)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.4",
    says="403 says: I know, and no. Nobody was asked yet: 401, with WWW-Authenticate, makes "
    "the browser ask for a password.",
)
def who_403(situation):
    return instead(situation, "who", 403)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.8",
    says="407 is a proxy's 401. It is the page that needs the password.",
)
def who_407(situation):
    return instead(situation, "who", 407)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.2",
    says="401 asks her to say who she is. She has; a browser would ask for a password again "
    "and again.",
)
def never_401(situation):
    return instead(situation, "never", 401)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.6",
    says="405 is about the method, and needs Allow: no method would do for Ann.",
)
def never_405(situation):
    return instead(situation, "never", 405)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.7",
    says="406 is about formats that the client accepts. Ann would take any; she gets none.",
)
def never_406(situation):
    return instead(situation, "never", 406)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.3.5",
    says="204 is a success: it worked and there is nothing to say. Nothing was found.",
)
def missing_204(situation):
    return instead(situation, "missing", 204)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.1",
    says="400 says that the request is malformed. It is fine: there is only nothing at that "
    "address.",
)
def missing_400(situation):
    return instead(situation, "missing", 400)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.11",
    says="410 says that it was there and is gone for good. Nobody knows that.",
)
def missing_410(situation):
    return instead(situation, "missing", 410)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.2",
    says="301 needs somewhere to go. This page has gone nowhere.",
)
def removed_301(situation):
    return instead(situation, "removed", 301)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.4",
    says="403 says that it is there, and not for you. It is not there.",
)
def removed_403(situation):
    return instead(situation, "removed", 403)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.5",
    says="404 leaves open whether it comes back, so crawlers keep asking. 410 says: for ever, "
    "forget the link.",
)
def removed_404(situation):
    return instead(situation, "removed", 404)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.1",
    says="400 says that the request is malformed. DELETE is well-formed: the clock does not "
    "have it.",
)
def method_400(situation):
    return instead(situation, "method", 400)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.5",
    says="404 says that there is no clock. There is: it can be read, and Allow says so.",
)
def method_404(situation):
    return instead(situation, "method", 404)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.2",
    says="501 says that the whole server does not know the method. It knows DELETE; the clock "
    "does not have it.",
)
def method_501(situation):
    return instead(situation, "method", 501)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.1",
    says="400 says that the request is malformed. BREW is a good token: only unknown.",
)
def brew_400(situation):
    return instead(situation, "brew", 400)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.5",
    says="404 is about the target. The method is not known for any.",
)
def brew_404(situation):
    return instead(situation, "brew", 404)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.6",
    says="405 says that the server knows the method, and this resource does not have it. BREW "
    "is unknown to all: 501.",
)
def brew_405(situation):
    return instead(situation, "brew", 405)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.4.5",
    says="304 answers a GET. For a PUT whose condition does not hold it is 412.",
)
def late_304(situation):
    return instead(situation, "late", 304)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.10",
    says="409 is a conflict that the server found. Here the client itself said 'only if', and "
    "it is not so: 412.",
)
def late_409(situation):
    return instead(situation, "late", 409)


@misconception(
    of="status_for",
    rfc="RFC 6585 section 3",
    says="428 says that a condition is *missing*. There is one, and it does not hold: 412.",
)
def late_428(situation):
    return instead(situation, "late", 428)


@misconception(
    of="status_for",
    rfc="RFC 6585 section 3",
    says="400 says that the request is malformed. It only lacks a condition, and 428 says just "
    "that.",
)
def blind_400(situation):
    return instead(situation, "blind", 400)


@misconception(
    of="status_for",
    rfc="RFC 6585 section 3",
    says="409 says that there is a conflict. Nobody knows: without If-Match it cannot be found "
    "out.",
)
def blind_409(situation):
    return instead(situation, "blind", 409)


@misconception(
    of="status_for",
    rfc="RFC 6585 section 3",
    says="412 says that a condition does not hold. There was none: 428 asks for one.",
)
def blind_412(situation):
    return instead(situation, "blind", 412)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.4",
    says="403 says that the client may not. It may; the name is only taken, and another one "
    "would do.",
)
def taken_403(situation):
    return instead(situation, "taken", 403)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.13",
    says="412 needs a condition in the request. There is none: the conflict is with what is "
    "there now.",
)
def taken_412(situation):
    return instead(situation, "taken", 412)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.21",
    says="422 says that the content by itself makes no sense. It does; yesterday it would have "
    "worked. It is the state that is in the way.",
)
def taken_422(situation):
    return instead(situation, "taken", 422)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.10",
    says="409 is a conflict with what is there now. This content makes no sense at any time.",
)
def nonsense_409(situation):
    return instead(situation, "nonsense", 409)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.16",
    says="415 is about the type. The type is right, and the JSON well-formed; what it says "
    "cannot be.",
)
def nonsense_415(situation):
    return instead(situation, "nonsense", 415)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.1",
    says="500 takes the blame. The client sent nonsense, and only the client can mend it.",
)
def nonsense_500(situation):
    return instead(situation, "nonsense", 500)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.7",
    says="406 is about what the client *accepts*. This is about what it *sends*.",
)
def format_406(situation):
    return instead(situation, "format", 406)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.21",
    says="422 says that the type is right and the content makes no sense. It was never read: "
    "the type is wrong.",
)
def format_422(situation):
    return instead(situation, "format", 422)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.2",
    says="501 is about methods and codings that the server lacks. The type of the content is 415.",
)
def format_501(situation):
    return instead(situation, "format", 501)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.5",
    says="404 says that there is nothing. There is a picture, in another format.",
)
def picky_404(situation):
    return instead(situation, "picky", 404)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.16",
    says="415 is about what the client *sends*. This is about what it *accepts*.",
)
def picky_415(situation):
    return instead(situation, "picky", 415)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.17",
    says="416 is about ranges of octets. No part was asked for.",
)
def picky_416(situation):
    return instead(situation, "picky", 416)


@misconception(
    of="status_for",
    rfc="RFC 6585 section 4",
    says="403 says that it may not, now or later. It may, only slower: 429, with Retry-After.",
)
def greedy_403(situation):
    return instead(situation, "greedy", 403)


@misconception(
    of="status_for",
    rfc="RFC 6585 section 4",
    says="408 is for a client that is too slow. This one is too fast.",
)
def greedy_408(situation):
    return instead(situation, "greedy", 408)


@misconception(
    of="status_for",
    rfc="RFC 6585 section 4",
    says="503 says that the server cannot, for anybody. The others are fine: it is this client.",
)
def greedy_503(situation):
    return instead(situation, "greedy", 503)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.12",
    says="411 says that a length is missing. There is one, and it is too large.",
)
def big_411(situation):
    return instead(situation, "big", 411)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.15",
    says="414 is for a target that is too long. This is the content.",
)
def big_414(situation):
    return instead(situation, "big", 414)


@misconception(
    of="status_for",
    rfc="RFC 6585 section 5",
    says="431 is for fields that are too large. The field is short; the content that it "
    "announces is not.",
)
def big_431(situation):
    return instead(situation, "big", 431)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.5",
    says="404 says that there is nothing here, and makes crawlers drop the page. It is back in "
    "ten minutes.",
)
def works_404(situation):
    return instead(situation, "works", 404)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.1",
    says="500 says that something broke, nobody knows for how long. This is planned, and 503 "
    "goes with Retry-After.",
)
def works_500(situation):
    return instead(situation, "works", 500)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.3",
    says="502 is a proxy's word about the server behind it. This server speaks for itself.",
)
def works_502(situation):
    return instead(situation, "works", 502)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.1",
    says="500 says that the proxy itself broke. It is the server behind that talks noise.",
)
def noise_500(situation):
    return instead(situation, "noise", 500)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.4",
    says="503 says: come back later. Nothing tells that noise will be over later; 502 says "
    "what was found.",
)
def noise_503(situation):
    return instead(situation, "noise", 503)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.5",
    says="504 is for silence. Something came: it was no HTTP.",
)
def noise_504(situation):
    return instead(situation, "noise", 504)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.5.9",
    says="408 blames the client for being slow. The client has said all; it is the server "
    "behind that says nothing.",
)
def silence_408(situation):
    return instead(situation, "silence", 408)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.3",
    says="502 is for an answer that is none. Nothing came at all.",
)
def silence_502(situation):
    return instead(situation, "silence", 502)


@misconception(
    of="status_for",
    rfc="RFC 9110 section 15.6.4",
    says="503 says that this server cannot serve now. It can; the one behind it is silent, and "
    "the proxy waited.",
)
def silence_503(situation):
    return instead(situation, "silence", 503)


# --- Exercise 7: conditions and caches


@misconception(
    of="precondition",
    rfc="RFC 9110 section 13.1.1",
    says="If-Match is compared weakly. Two versions with the same weak tag may differ in "
    "octets; a change made on top of the wrong one is lost work: equal, and neither weak.",
)
def weak_if_match(request, etag, modified_s):
    fields = tuple(
        (n, v.replace("W/", "")) if n == "if-match" else (n, v) for n, v in request.fields
    )
    if request.values("if-match") and etag:
        etag = etag.removeprefix("W/")
    return reference.precondition(replace(request, fields=fields), etag, modified_s)


@misconception(
    of="precondition",
    rfc="RFC 9110 section 13.1.2",
    says="If-None-Match is compared strongly. For a copy to be read, weakly the same is the "
    "same: leave W/ aside.",
)
def strong_if_none_match(request, etag, modified_s):
    if etag and etag.startswith("W/"):
        etag = '"no tag is this one"' if request.values("if-none-match") else etag
        return reference.precondition(request, etag, modified_s)
    fields = tuple(
        (n, re.sub(r'W/"[^"]*"', '"weak"', v)) if n == "if-none-match" else (n, v)
        for n, v in request.fields
    )
    return reference.precondition(replace(request, fields=fields), etag, modified_s)


@misconception(
    of="precondition",
    rfc="RFC 9110 section 13.1.2",
    says="A PUT is answered with 304. Not modified is for those who read; to those who change, "
    "If-None-Match says 'only if it is not there', and the answer is 412.",
)
def not_modified_for_all(request, etag, modified_s):
    code = reference.precondition(request, etag, modified_s)
    stopped = reference.precondition(without(request, "if-none-match"), etag, modified_s)
    return 304 if code == 412 and stopped is None else code


@misconception(
    of="precondition",
    rfc="RFC 9110 section 13.2.2",
    says="If-Modified-Since is asked although there is If-None-Match. A tag knows more than a "
    "date of whole seconds: with a tag, the date is not looked at.",
)
def date_beside_the_tag(request, etag, modified_s):
    code = reference.precondition(request, etag, modified_s)
    if code is None and request.method in ("GET", "HEAD"):
        return reference.precondition(without(request, "if-none-match"), etag, modified_s)
    return code


@misconception(
    of="precondition",
    rfc="RFC 9110 section 8.8.3",
    says="The list of tags is cut at every comma. A tag is a quoted text and may hold a comma: "
    "look for what is in quotes.",
)
def tags_cut_at_commas(request, etag, modified_s):
    if etag and "," in etag:
        etag = '"cut"'
    return reference.precondition(request, etag, modified_s)


@misconception(
    of="precondition",
    rfc="RFC 9110 section 13.1.2",
    says="`*` matches although there is nothing. It stands for any resource *there is*: If- "
    "None-Match: * lets you make what is not there yet.",
)
def star_matches_nothing(request, etag, modified_s):
    starred = [n for n, v in request.fields if v == "*"]
    if etag is None and "if-none-match" in starred:
        return 304 if request.method in ("GET", "HEAD") else 412
    if etag is None and "if-match" in starred:
        return None
    return reference.precondition(request, etag, modified_s)


@misconception(
    of="directives",
    rfc="RFC 9111 section 5.2",
    says="The names keep their capitals. Directives are compared in any case: `No-Store` is as "
    "strict as `no-store`.",
)
def directives_as_written(response):
    text = ",".join(response.values("cache-control"))
    found = re.findall(r'([^\s,="]+)(?:="([^"]*)"|=([^\s,"]*))?', text)
    return {name: quoted or plain for name, quoted, plain in found}


@misconception(
    of="directives",
    rfc="RFC 9111 section 5.2",
    says='You cut at every comma, also inside quotes: half of `no-cache="a, b"` becomes a '
    "directive of its own.",
)
def directives_cut_at_commas(response):
    found = {}
    for part in ",".join(response.values("cache-control")).split(","):
        name, _, value = part.strip().partition("=")
        if name:
            found[name.lower()] = value.strip('"')
    return found


@misconception(
    of="directives",
    rfc="RFC 9111 section 5.2",
    says="The quotes stay around the value. They are how it is written, not what it says.",
)
def directives_with_quotes(response):
    text = ",".join(response.values("cache-control"))
    return {
        name.lower(): value
        for name, value in re.findall(r'([^\s,="]+)(?:=("[^"]*"|[^\s,"]*))?', text)
    }


@misconception(
    of="may_store",
    rfc="RFC 9111 section 5.2.2.4",
    says="no-cache is read as 'do not keep'. That is no-store; no-cache means: keep it, and "
    "ask before you use it.",
)
def no_cache_is_no_store(request, response):
    return "no-cache" not in reference.directives(response) and reference.may_store(
        request, response
    )


@misconception(
    of="may_store",
    rfc="RFC 9111 section 5.2.2.7",
    says="What is private is kept. It is for one person; a shared cache would hand Ann's "
    "account to Bob.",
)
def private_is_kept(request, response):
    fields = tuple(
        (n, re.sub(r'(?i)private(="[^"]*")?', "x", v)) if n == "cache-control" else (n, v)
        for n, v in response.fields
    )
    return reference.may_store(request, replace(response, fields=fields))


@misconception(
    of="may_store",
    rfc="RFC 9111 section 3.5",
    says="An answer to a request with Authorization is kept as any other. It was made for "
    "whoever showed that password: only if the server says so may others have it.",
)
def authorization_is_ignored(request, response):
    return reference.may_store(without(request, "authorization"), response)


@misconception(
    of="may_store",
    rfc="RFC 9110 section 9.3.3",
    says="A POST's answer is never kept. It may be, with a time of its own and a Content- "
    "Location that is its target: it then serves later GETs.",
)
def never_a_post(request, response):
    return request.method != "POST" and reference.may_store(request, response)


@misconception(
    of="may_store",
    rfc="RFC 9110 section 9.3.3",
    says="A POST's answer is kept like that of a GET. It is the answer to *that* POST; only "
    "its Content-Location can say that it is also what a GET would bring.",
)
def post_is_like_get(request, response):
    if request.method == "POST":
        request = replace(request, method="GET")
    return reference.may_store(request, response)


@misconception(
    of="may_store",
    rfc="RFC 9111 section 3",
    says="Without max-age or Expires you keep nothing. Some statuses, 200 and 404 among them, "
    "may be kept all the same; how long is the cache's guess.",
)
def only_with_a_time(request, response):
    said = reference.directives(response)
    timed = {"max-age", "s-maxage", "public"} & set(said) or response.values("expires")
    return bool(timed) and reference.may_store(request, response)


@misconception(
    of="reuse",
    rfc="RFC 9111 section 4.2.3",
    says="The stored Age is left out. Other caches have kept the answer before you: its age "
    "when it came counts as well.",
)
def born_on_arrival(stored, stored_s, request, now_s):
    first, response = stored
    return reference.reuse((first, without(response, "age")), stored_s, request, now_s)


@misconception(
    of="reuse",
    rfc="RFC 9111 section 4.2",
    says="An answer whose age is its lifetime still counts as fresh. It is fresh as long as "
    "the age is *less*.",
)
def fresh_to_the_last_second(stored, stored_s, request, now_s):
    return reference.reuse(stored, stored_s, request, now_s - 1)


@misconception(
    of="reuse",
    rfc="RFC 9111 section 4.1",
    says="Vary is not looked at: whoever asks in German gets the English page.",
)
def ignores_vary(stored, stored_s, request, now_s):
    first, response = stored
    return reference.reuse((first, without(response, "vary")), stored_s, request, now_s)


@misconception(
    of="reuse",
    rfc="RFC 9111 section 5.2.2.10",
    says="s-maxage does not count for you. You are a shared cache: it is meant for you, and "
    "beats max-age.",
)
def like_a_browser(stored, stored_s, request, now_s):
    first, response = stored
    fields = tuple((n, re.sub(r"(?i)s-maxage=\w*", "x", v)) for n, v in response.fields)
    return reference.reuse((first, replace(response, fields=fields)), stored_s, request, now_s)


@misconception(
    of="reuse",
    rfc="RFC 9111 section 5.2.2.4",
    says="no-cache is not looked at while the answer is fresh. It says: ask, however fresh it is.",
)
def fresh_beats_no_cache(stored, stored_s, request, now_s):
    first, response = stored

    def eased(message):
        fields = tuple((n, re.sub(r"(?i)no-cache", "x", v)) for n, v in message.fields)
        return replace(message, fields=fields)

    return reference.reuse((first, eased(response)), stored_s, eased(request), now_s)


@misconception(
    of="reuse",
    rfc="RFC 9111 section 4.2.4",
    says="Whatever is no longer fresh is stale for you. must-revalidate, proxy-revalidate and "
    "s-maxage forbid to use it without asking, even if the server cannot be reached.",
)
def stale_is_stale(stored, stored_s, request, now_s):
    found = reference.reuse(stored, stored_s, request, now_s)
    asks = any("no-cache" in reference.directives(each) for each in (stored[1], request))
    return "stale" if found == "revalidate" and not asks else found


# --- Exercise 8: changing a resource


@misconception(
    of="merge_patch",
    rfc="RFC 7396 section 2",
    says="null is stored as a value. In a merge patch it means: remove this member.",
)
def keeps_null(target, patch):
    if not isinstance(patch, dict):
        return deepcopy(patch)
    result = deepcopy(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        result[name] = keeps_null(result.get(name), value)
    return result


@misconception(
    of="merge_patch",
    rfc="RFC 7396 section 2",
    says="An object inside is replaced as a whole. The patch goes inside it: members that it "
    "does not name stay.",
)
def replaces_objects(target, patch):
    if not isinstance(patch, dict):
        return deepcopy(patch)
    result = deepcopy(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        result.pop(name, None)
        if value is not None:
            result[name] = reference.merge_patch(None, value)
    return result


@misconception(
    of="merge_patch",
    rfc="RFC 7396 section 2",
    says="A new object is taken over as it stands, its nulls as well. There is nothing to "
    "remove there, but null is no value either: merge it with nothing.",
)
def copies_new_objects(target, patch):
    if not isinstance(patch, dict):
        return deepcopy(patch)
    result = deepcopy(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(result.get(name), dict):
            result[name] = copies_new_objects(result[name], value)
        else:
            result[name] = deepcopy(value)
    return result


@misconception(
    of="merge_patch",
    rfc="RFC 7396 section 2",
    says="The target is changed on the way. If the request then fails, the old value is gone: "
    "work on a copy.",
)
def changes_the_target(target, patch):
    right = reference.merge_patch(target, patch)
    if isinstance(target, dict) and isinstance(right, dict):
        target.clear()
        target.update(right)
        return target
    return right


@misconception(
    of="change",
    rfc="RFC 8259 section 6",
    says="You keep NaN and Infinity, which json.loads reads and JSON has not: the next client gets "
    "your answer and cannot read it. The argument parse_constant is called for these words.",
)
def takes_what_python_takes(store, request):
    words = (b"NaN", b"Infinity")
    if request.method == "PUT" and any(word in request.content for word in words):
        there = request.target in store
        store[request.target] = 0.0
        return Response(204 if there else 201)
    if request.method == "PATCH" and any(word in request.content for word in words):
        return Response(200)
    return reference.change(store, request)


@misconception(
    of="change",
    rfc="RFC 8259 section 8.1",
    says="You hand octets to json.loads, and it guesses UTF-16 and UTF-32 as well. Two programs "
    "that guess can read two things: decode as UTF-8, and parse the text.",
)
def guesses_the_encoding(store, request):
    if request.content and b"\0" in request.content:
        text = request.content.decode("utf-32-be" if request.content[:1] == b"\0" else "utf-16-le")
        request = replace(request, content=text.encode())
    return reference.change(store, request)


@misconception(
    of="change",
    rfc="RFC 9110 section 9.3.4",
    says="PUT always answers 201. Where something was there before it was replaced: 204.",
)
def always_created(store, request):
    found = reference.change(store, request)
    return replace(found, status=201) if request.method == "PUT" and found.status == 204 else found


@misconception(
    of="change",
    rfc="RFC 9110 section 9.3.5",
    says="DELETE of what is not there answers 204. The effect is the same, which makes it "
    "idempotent; the answer may well say that there was nothing: 404.",
)
def delete_always_works(store, request):
    found = reference.change(store, request)
    return Response(204) if request.method == "DELETE" else found


@misconception(
    of="change",
    rfc="RFC 5789 section 2",
    says="PATCH makes what is not there. A server may do so; this one is asked for 404.",
)
def patch_creates(store, request):
    if request.method == "PATCH" and request.target not in store:
        store[request.target] = None
        found = reference.change(store, request)
        if found.status != 200:
            del store[request.target]
        return found
    return reference.change(store, request)


@misconception(
    of="change",
    rfc="RFC 9110 section 9.3.4",
    says="PUT merges. It says what shall be there from now on, all of it: a member that it "
    "does not name is gone.",
)
def put_merges(store, request):
    before = deepcopy(store.get(request.target))
    found = reference.change(store, request)
    if request.method == "PUT" and found.status == 204:
        store[request.target] = reference.merge_patch(before, store[request.target])
    return found


@misconception(
    of="change",
    rfc="RFC 9110 section 15.5.16",
    says="The type of the content is not looked at. JSON read as a merge patch loses its "
    "nulls; 415 says which type you take.",
)
def any_type(store, request):
    kind = {"PUT": "application/json", "PATCH": "application/merge-patch+json"}
    fields = (("content-type", kind.get(request.method, "")),)
    return reference.change(store, replace(request, fields=fields))


# --- Exercise 9: ranges


@misconception(
    of="select_range",
    rfc="RFC 9110 section 14.1.2",
    says="The last number is left out, as in Python's slices. In a Range it is included: 0-4 "
    "are five octets.",
)
def like_a_slice(request, content, etag):
    found = reference.select_range(request, content, etag)
    given = re.fullmatch("bytes=[0-9]+-[0-9]+", "".join(request.values("range")))
    return replace(found, content=found.content[:-1]) if found.status == 206 and given else found


@misconception(
    of="select_range",
    rfc="RFC 9110 section 14.1.2",
    says="-5 is read as the first five octets, 0 to 5. It is a count from the end: the last five.",
)
def minus_is_from_the_start(request, content, etag):
    fields = tuple(
        (n, re.sub("=-(?=[0-9])", "=0-", v)) if n == "range" else (n, v) for n, v in request.fields
    )
    return reference.select_range(replace(request, fields=fields), content, etag)


@misconception(
    of="select_range",
    rfc="RFC 9110 section 14.1.2",
    says="An end beyond the content is refused. The client cannot know the length: it gets "
    "what there is.",
)
def end_must_be_inside(request, content, etag):
    found = reference.select_range(request, content, etag)
    given = re.fullmatch("(?i)bytes=[0-9]*-([0-9]+)", "".join(request.values("range")))
    if found.status != 206 or not given:
        return found
    long = len(given[1].lstrip("0")) > 9
    first = not re.match("(?i)bytes=-", request.values("range")[0])
    if long or int(given[1]) > len(content) - first:
        return Response(416, (("Content-Range", f"bytes */{len(content)}"),))
    return found


@misconception(
    of="select_range",
    rfc="RFC 9110 section 14.2",
    says="A Range that is not well-formed is refused. It is ignored: the client gets "
    "everything, with 200.",
)
def malformed_is_refused(request, content, etag):
    found = reference.select_range(request, content, etag)
    if found.status == 200 and request.values("range") and request.method == "GET":
        return Response(416, (("Content-Range", f"bytes */{len(content)}"),))
    return found


@misconception(
    of="select_range",
    rfc="RFC 9110 section 13.1.5",
    says="If-Range is not looked at. The client has the first half of an *older* version: the "
    "second half of the new one does not fit it.",
)
def glues_versions(request, content, etag):
    return reference.select_range(without(request, "if-range"), content, etag)


@misconception(
    of="select_range",
    rfc="RFC 9110 section 14.2",
    says="Range works with any method. It is defined for GET only; with others it is ignored.",
)
def any_method_in_parts(request, content, etag):
    return reference.select_range(replace(request, method="GET"), content, etag)


@misconception(
    of="select_range",
    rfc="RFC 9110 section 15.5.17",
    says="A 416 does not say how long the content is. `Content-Range: bytes */11` is how the "
    "client learns what it could ask for.",
)
def keeps_the_length_secret(request, content, etag):
    found = reference.select_range(request, content, etag)
    return Response(416) if found.status == 416 else found


# --- Exercise 10: methods and the tunnel


@misconception(
    of="dispatch",
    rfc="RFC 9110 section 15.6.2",
    says="A method that nobody here knows is answered with 405. That is for a method which the "
    "server knows and the resource does not have: 501.",
)
def unknown_is_not_allowed(routes, request):
    found = reference.dispatch(routes, request)
    if found.status != 501:
        return found
    return reference.dispatch(routes | {"*": {request.method: None}}, request)


@misconception(
    of="dispatch",
    rfc="RFC 9110 section 15.5.6",
    says="A 405 goes out without Allow. It must say which methods there are.",
)
def no_allow(routes, request):
    found = reference.dispatch(routes, request)
    return Response(405) if found.status == 405 else found


@misconception(
    of="dispatch",
    rfc="RFC 9110 section 9.3.2",
    says="HEAD is refused where there is only a GET. HEAD is GET without the content: every "
    "resource that has one has both.",
)
def head_needs_its_own(routes, request):
    found = reference.dispatch(routes, request)
    path = request.target.partition("?")[0]
    if request.method == "HEAD" and path in routes and "HEAD" not in routes[path]:
        allow = sorted(
            {*routes[path], "OPTIONS", "TRACE"} | ({"HEAD"} if "GET" in routes[path] else set())
        )
        return Response(405, (("Allow", ", ".join(allow)),))
    return found


@misconception(
    of="dispatch",
    rfc="RFC 9110 section 9.3.8",
    says="TRACE sends the secrets back as well. A script that may not read the cookie could "
    "read it there: leave out cookie and both authorizations.",
)
def traces_secrets(routes, request):
    hidden = ("authorization", "proxy-authorization", "cookie")
    fields = tuple((f"x-{n}-x" if n in hidden else n, v) for n, v in request.fields)
    found = reference.dispatch(routes, replace(request, fields=fields))
    if request.method != "TRACE":
        return reference.dispatch(routes, request)
    return replace(
        found, content=re.sub(rb"x-(cookie|[a-z-]*authorization)-x", rb"\1", found.content)
    )


@misconception(
    of="dispatch",
    rfc="RFC 9110 section 9.3.7",
    says="`OPTIONS *` is looked up like a path, and not found. The star means the server as a "
    "whole.",
)
def star_is_a_path(routes, request):
    if request.method == "OPTIONS" and request.target == "*":
        return Response(404)
    return reference.dispatch(routes, request)


@misconception(
    of="dispatch",
    rfc="RFC 9112 section 3.2.2",
    says="A target that is a whole URI is not found. Every server must take it, though mostly "
    "proxies see it: cut off the scheme and the host.",
)
def only_paths(routes, request):
    if "://" in request.target.partition("?")[0] and not request.target.startswith("/"):
        known = reference.dispatch(routes, request).status != 501
        return (
            Response(404 if known else 501)
            if request.method != "TRACE"
            else reference.dispatch(routes, request)
        )
    return reference.dispatch(routes, request)


def tunnelled(client, target, early, allowed, *, drops_early=False, half_close=True, turns=False,
              length=False, open_to_all=False):  # fmt: skip
    """A tunnel, wrong in one of these ways."""
    host, _, port = target.rpartition(":")
    if (host, int(port)) not in allowed and not open_to_all:
        return reference.tunnel(client, target, early, allowed)
    try:
        server = socket.create_connection((host, int(port)), timeout=5)
    except OSError:
        return reference.tunnel(client, target, early, {(host, int(port))})
    server.settimeout(None)

    def carry(source, sink):
        try:
            while octets := source.recv(65_536):
                sink.sendall(octets)
            if half_close:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        if not half_close:
            for each in (client, server):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    with server:
        said = b"Content-Length: 0\r\n" if length else b""
        client.sendall(b"HTTP/1.1 200 OK\r\n" + said + b"\r\n")
        server.sendall(b"" if drops_early else early)
        if turns:
            carry(client, server)
            carry(server, client)
            return None
        there = threading.Thread(target=carry, args=(client, server), daemon=True)
        there.start()
        carry(server, client)
        there.join()
    return None


@misconception(
    of="tunnel",
    rfc="RFC 9110 section 9.3.6",
    says="When one side ends its sending, you end both. The other has still something to say: "
    "pass the end on with SHUT_WR, and go on in the other direction.",
)
def ends_both(client, target, early, allowed):
    return tunnelled(client, target, early, allowed, half_close=False)


@misconception(
    of="tunnel",
    rfc="RFC 9110 section 9.3.6",
    says="You carry first all from the client, then all from the server. Nobody takes turns in "
    "a tunnel: the server here greets first, and both would wait for ever.",
)
def takes_turns(client, target, early, allowed):
    return tunnelled(client, target, early, allowed, turns=True)


@misconception(
    of="tunnel",
    rfc="RFC 9110 section 9.3.6",
    says="The octets that came with the head are lost. What the client sent ahead belongs to "
    "the tunnel: send `early` to the server first.",
)
def drops_early(client, target, early, allowed):
    return tunnelled(client, target, early, allowed, drops_early=True)


@misconception(
    of="tunnel",
    rfc="RFC 9110 section 9.3.6",
    says="The 200 says a Content-Length. After a 2xx to CONNECT there is no content: what "
    "follows is the tunnel.",
)
def tunnel_with_length(client, target, early, allowed):
    return tunnelled(client, target, early, allowed, length=True)


@misconception(
    of="tunnel",
    rfc="RFC 9110 section 9.3.6",
    says="Every host and port is connected to. A proxy that is open to all is used to reach "
    "what stands behind it, and to send spam: only what is in `allowed`.",
)
def open_proxy(client, target, early, allowed):
    return tunnelled(client, target, early, allowed, open_to_all=True)


# --- Exercise 11: the connection


@misconception(
    of="HttpConnection",
    rfc="RFC 9112 section 9.3.2",
    says="After a request you throw away what else has come. It was the next one, sent ahead: "
    "it is answered too, in its turn.",
)
class OneAtATime(reference.HttpConnection):
    def _answer(self, request):
        self._buffer = b""
        return super()._answer(request)


@misconception(
    of="HttpConnection",
    rfc="RFC 9112 section 9.3",
    says="The connection is closed after every answer. In HTTP/1.1 it stays open unless "
    "somebody says close; a new one costs a handshake.",
)
class ClosesAlways(reference.HttpConnection):
    def _answer(self, request):
        close = replace(request, fields=(*request.fields, ("connection", "close")))
        answer = super()._answer(replace(request, version="HTTP/1.0"))
        return answer if close else b""


@misconception(
    of="HttpConnection",
    rfc="RFC 9112 section 9.6",
    says="You go on although the client said close, or speaks HTTP/1.0. It waits for the end "
    "of the connection, and perhaps for ever.",
)
class NeverCloses(reference.HttpConnection):
    def _answer(self, request):
        kept = tuple(f for f in request.fields if f[0] != "connection")
        version = "HTTP/1.1" if request.version == "HTTP/1.0" else request.version
        return super()._answer(replace(request, fields=kept, version=version))


@misconception(
    of="HttpConnection",
    rfc="RFC 9112 section 11.2",
    says="After a refusal you go on reading. Nobody knows where the malformed request ends: "
    "what follows may have been smuggled in. Close.",
)
class GoesOnAfterRefusals(reference.HttpConnection):
    def receive(self, octets):
        answer = super().receive(octets)
        if self.closed and octets and self._request is None and self._buffer:
            self.closed = False
            return answer + super().receive(b"\r\n")
        return answer


@misconception(
    of="HttpConnection",
    rfc="RFC 9110 section 10.1.1",
    says="Expect: 100-continue is not looked at. The client waits with its content, some for a "
    "second, some for ever: say 100 at once.",
)
class NeverSays100(reference.HttpConnection):
    def _begin(self):
        said = super()._begin()
        return b"" if said else said


@misconception(
    of="HttpConnection",
    rfc="RFC 9110 section 10.1.1",
    says="100 is said although the content has begun to come, or to HTTP/1.0. The first needs "
    "none any more, the second cannot read it.",
)
class Says100Always(reference.HttpConnection):
    def _begin(self):
        said = super()._begin()
        expected = said is not None and self._request.values("expect")
        return b"HTTP/1.1 100 Continue\r\n\r\n" if expected else said


@misconception(
    of="HttpConnection",
    rfc="RFC 9110 section 15.6.1",
    says="An exception of the handler comes through. One bad page must not end the server: it "
    "is answered with 500.",
)
class CrashesWithTheHandler(reference.HttpConnection):
    def _answer(self, request):
        faults = []
        inner = self._handler

        def noted(request):
            try:
                return inner(request)
            except Exception as error:
                faults.append(error)
                raise

        self._handler = noted
        answer = super()._answer(request)
        self._handler = inner
        if faults:
            raise faults[0]
        return answer


@misconception(
    of="HttpConnection",
    rfc="RFC 6585 section 5",
    says="A head that never ends is collected for ever. Count what has come, and refuse at "
    "`max_head`, also before the empty line.",
)
class EndlessHeads(reference.HttpConnection):
    def __init__(self, handler, max_head=16_384, max_content=1_000_000):
        super().__init__(handler, 10**9, max_content)


@misconception(
    of="HttpConnection",
    rfc="RFC 9110 section 15.5.9",
    says="Silence is answered with 408 although nothing was asked. Between two requests a "
    "client may be silent: close without a word.",
)
class ScoldsTheSilent(reference.HttpConnection):
    def late(self):
        if self.closed:
            return b""
        return self._refuse(408)


@misconception(
    of="HttpConnection",
    rfc="RFC 9112 section 8",
    says="The end in the middle of a request goes unanswered. The client may still read: say "
    "400, then close.",
)
class SilentAtTheEnd(reference.HttpConnection):
    def receive(self, octets):
        if not octets:
            self.closed = True
            return b""
        return super().receive(octets)


@misconception(
    of="HttpConnection",
    rfc="RFC 9112 section 2.2",
    says="An empty line before the request line is refused. Old clients send one after their "
    "content: skip CR LF in front of a request.",
)
class RefusesEmptyLines(reference.HttpConnection):
    def _begin(self):
        if self._buffer.startswith(b"\r\n"):
            raise Refused(400)
        return super()._begin()


# --- Mutants that are no wrong answers

equivalent(
    "head-answer",
    'form = r"[\\x21-\\x7E]+:[0-9]{1,5}"',
    'if re.search(rb"[\\x00-\\x08\\x0A-\\x1F\\x7F]", value):',
    because="The letters of a hexadecimal escape may be large or small: the same octets.",
)

equivalent(
    "head-answer",
    'fields.append((name.decode().lower(), value.strip(None).decode("latin-1")))',
    because="What strip() takes beside space and tab is a control octet, and refused before.",
)

equivalent(
    "chunked-answer",
    "if self._left is not None and self._left >= 0: # in a chunk",
    because="A chunk with nothing left takes an empty slice: nothing more happens.",
)

equivalent(
    "chunked-answer",
    "if len(self._buffer) <= 2:",
    "if len(self._buffer) < 3:",
    because="With nothing behind CR LF nothing is to be done; the next octets bring it back.",
)

equivalent(
    "chunked-answer",
    "return True",
    because="The loop goes on to a line, which is not there yet, and leaves as well.",
)

equivalent(
    "chunked-answer",
    "limit = 1 # the empty line is no trailer",
    because="An empty line has no octets that could pass a limit of 0 or of 1.",
)

equivalent(
    "chunked-answer",
    'self.rest, self._buffer = self._buffer, b"XXXX"',
    because="After the end the buffer is never read again.",
)

equivalent(
    "length-answer",
    'different = {number.lstrip("XX0XX") for number in numbers}',
    because="The text consists of digits: there is no X to strip.",
)

equivalent(
    "respond-answer",
    'if re.search(r"[\\x00-\\x08\\x0A-\\x1F\\x7F]", value):',
    because="The letters of a hexadecimal escape may be large or small: the same characters.",
)

equivalent(
    "cache-answer",
    'return re.findall(r\'(?:W/)?"[^"]*"|\\*\', "XX, XX".join(request.values(name)))',
    because="Tags are found by their quotes; what stands between two of them does not matter.",
)

equivalent(
    "cache-answer",
    'age = number("XXXX".join(response.values("age")[:1])) + now_s - stored_s',
    because="A list of at most one element is joined by nothing.",
)

equivalent(
    "ranges-answer",
    'fields = (("etag", etag), ("Accept-Ranges", "bytes"))',
    'fields = (("ETAG", etag), ("Accept-Ranges", "bytes"))',
    'fields = (("ETag", etag), ("accept-ranges", "bytes"))',
    'fields = (("ETag", etag), ("ACCEPT-RANGES", "bytes"))',
    'return Response(416, (("content-range", f"bytes */{size}"),))',
    'return Response(416, (("CONTENT-RANGE", f"bytes */{size}"),))',
    'place = ("content-range", f"bytes {begin}-{end}/{size}")',
    'place = ("CONTENT-RANGE", f"bytes {begin}-{end}/{size}")',
    because="Names of fields are compared in any case.",
)

equivalent(
    "ranges-answer",
    '"[Bb][Yy][Tt][Ee][Ss]=([0-9]*)-([0-9]*)", ranges[0] if len(ranges) == 1 else "XXXX"',
    because="No well-formed Range either: it does not match.",
)

equivalent(
    "ranges-answer",
    'digits = digits.lstrip("XX0XX")',
    'and (len(last.lstrip("XX0XX")), last.lstrip("0")) < '
    '(len(first.lstrip("0")), first.lstrip("0"))',
    'and (len(last.lstrip("0")), last.lstrip("XX0XX")) < '
    '(len(first.lstrip("0")), first.lstrip("0"))',
    'and (len(last.lstrip("0")), last.lstrip("0")) < '
    '(len(first.lstrip("XX0XX")), first.lstrip("0"))',
    'and (len(last.lstrip("0")), last.lstrip("0")) < '
    '(len(first.lstrip("0")), first.lstrip("XX0XX"))',
    because="The text consists of digits: there is no X to strip.",
)

equivalent(
    "ranges-answer",
    "return min(int(digits or 0), size) if len(digits) <= 18 else size",
    "return min(int(digits or 0), size) if len(digits) < 19 else size",
    because="Any bound will do that lies between the length of a content and the digits of int().",
)

equivalent(
    "ranges-answer",
    'and (len(last.lstrip("0")), last.lstrip("0")) < (len(first.lstrip("0")), first.rstrip("0"))',
    because="Of equally many digits, those without the last zeros compare the same.",
)

equivalent(
    "methods-answer",
    'return Response(status, (("allow", ", ".join(sorted(methods))),))',
    'return Response(status, (("ALLOW", ", ".join(sorted(methods))),))',
    'return Response(200, (("content-type", "message/http"),), content)',
    'return Response(200, (("CONTENT-TYPE", "message/http"),), content)',
    because="Names of fields are compared in any case.",
)

equivalent(
    "methods-answer",
    'if whole := re.match(r"HTTPS?://[^/]*", path, re.IGNORECASE):',
    because="The pattern is matched in any case.",
)

equivalent(
    "methods-answer",
    "client.sendall(serialise(Response(status), None, close=True))",
    "client.sendall(serialise(Response(status), close=True))",
    'client.sendall(serialise(Response(status), "XXCONNECTXX", close=True))',
    'client.sendall(serialise(Response(status), "connect", close=True))',
    because="To 403 and 502 the method makes no difference: there is no content.",
)

equivalent(
    "methods-answer",
    "while octets := source.recv(65537):",
    because="How much is read at once does not matter.",
)

equivalent(
    "methods-answer",
    "there = threading.Thread(target=carry, args=(client, server, early), daemon=None)",
    "there = threading.Thread(target=carry, args=(client, server, early), )",
    "there = threading.Thread(target=carry, args=(client, server, early), daemon=False)",
    because="The thread is joined: whether it is a daemon does not show.",
)

equivalent(
    "server-answer",
    'self._request, self._length, self._content = None, 1, b""',
    because="The length is set with the request, before it is read.",
)

equivalent(
    "server-answer",
    'response = replace(response, fields=(*response.fields, ("connection", "close")))',
    'response = replace(response, fields=(*response.fields, ("CONNECTION", "close")))',
    'response = replace(response, fields=(*response.fields, ("Connection", "CLOSE")))',
    because="Names of fields, and the options of Connection, are compared in any case.",
)

equivalent(
    "server-answer",
    "last, answer = True, serialise(Response(500), None, close=True, date=date)",
    "last, answer = True, serialise(Response(500), close=True, date=date)",
    because="To 500 the method makes no difference: there is no content.",
)
