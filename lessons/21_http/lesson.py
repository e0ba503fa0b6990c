# ---
# wirelab:
#   title: HTTP messages, methods and status codes
#   minutes: 210
#   builds_on: ["14_sockets"]
# ---

# %% [markdown] role="given" id="opening"
# # HTTP: messages, methods, status codes
#
# Run the next two cells. They hand **the same octets** to two programs that speak HTTP: the server
# in Python's own library, and h11, the reader inside many Python clients and servers.

# %% role="given" id="setup"
import contextlib
import json
import random
import re
import socket
import threading
from dataclasses import replace
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import h11

from wirelab.grading.checks import Checks
from wirelab.lab import Network
from wirelab.protocols.http import Refused, Request, Response
from wirelab.protocols.tcp import TcpEndpoint
from wirelab.servers import running
from wirelab.servers.http_answers import answers_of, outcome_of
from wirelab.servers.http_loop import serve_connections
from wirelab.servers.malformed import CORPUS
from wirelab.servers.stock_site import serve_stock
from wirelab.views import MessageView

check = Checks("21_http")

OCTETS = (
    b"POST /form HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 52\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\n"
    b"GET /admin HTTP/1.1\r\nHost: shop.example\r\nX: y\r\n\r\n"
)


# %%
def as_the_library_reads(octets):
    """Which requests does Python's http.server see?"""
    seen = []

    class Reader(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self):
            seen.append(f"{self.command} {self.path}")

        def log_message(self, *_):
            pass

    client, server = socket.socketpair()
    with client, server:
        client.sendall(octets)
        client.shutdown(socket.SHUT_WR)
        Reader(server, "you", None)
    return seen


def as_h11_reads(octets):
    """Which requests does h11 see?"""
    seen, rest = [], octets
    while rest:
        reader = h11.Connection(h11.SERVER)
        reader.receive_data(rest)
        request = reader.next_event()
        seen.append(f"{request.method.decode()} {request.target.decode()}")
        while not isinstance(reader.next_event(), h11.EndOfMessage):
            pass
        rest = reader.trailing_data[0]
    return seen


print("http.server sees", as_the_library_reads(OCTETS))
print("h11 sees        ", as_h11_reads(OCTETS))

# %% [markdown] role="given" id="promise"
# One program sees one request. The other sees two, and the second asks for `/admin`. (`http.server`
# leaves the content to its user, and knows no chunks; `do_POST` above reads it as most users do.)
#
# Now think of the first program as the guard at the door, who lets `/form` pass and would have
# stopped `/admin`, and of the second as the server behind him. The guard never saw the second
# request. This is **request smuggling**, and it has opened doors at large companies. Nothing is
# encrypted or guessed here: the two only disagree about *where a message ends*.
#
# In three to four hours (stop anywhere) you will be able to
#
# 1. read and write HTTP messages octet for octet, and say where one ends;
# 2. say what each method promises, and hold a handler to its promise;
# 3. choose the right status code, and say why the others are wrong;
# 4. say what a cache may keep, change a resource safely, serve a part of it;
# 5. build a server that real clients use and more than a hundred malformed requests cannot confuse.
#
# You need to know what a TCP connection is: two streams of octets, one each way, which arrive in
# pieces of any size (`14_sockets`). And some Python: `bytes`, classes, exceptions.
#
# Below each answer are cells that test it. A test that fails says what is wrong and why; **one
# that passes says nothing**. They try part of what the brief says. When your notebook is marked,
# more cases are tried: press the button at the end as often as you like.

# %% [markdown] role="given" id="head-text"
# ## 1. The head of a message
#
# HTTP/1.1 is lines of text. A **request line**, any number of **fields** (one `Name: value` to a
# line), an empty line; then the **content**, if there is any. Every line ends with two octets, CR
# and LF, 13 and 10. Everything before the content is the **head**.
#
# Below is an exchange between the operating system's TCP and a small server. Choose a segment, an
# octet or a part, with the pointer or with Tab and the arrow keys: the other two light up.

# %% role="given" id="head-given-exchange" jupyter={"source_hidden": true}
ASKED = b"GET /clock?zone=utc HTTP/1.1\r\nHost: example.org\r\nAccept: text/plain\r\n\r\n"
ANSWERED = (
    b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: "7"\r\n'
    b"Transfer-Encoding: chunked\r\n\r\n"
    b"6\r\n12:00 \r\n4\r\nnoon\r\n0\r\n\r\n"
)
PIECES = [
    ("left", ASKED[:36]),
    ("left", ASKED[36:]),
    ("right", ANSWERED[:93]),
    ("right", ANSWERED[93:]),
]


def talk_over_tcp(pieces):
    """Send the left pieces from the peer, answer with the right ones; the network's records."""
    with Network.best() as net:
        endpoint, wire = TcpEndpoint(net.address, seed=1), net.wire()
        endpoint.listen(80)
        client = net.peer.connect(80)
        server, due = None, list(pieces)

        def turn(timeout_s=0.05):
            segment = wire.receive(timeout_s)
            if segment is not None:
                endpoint.arrives(segment, net.peer.address, net.clock.now())
            for _, reply in endpoint.take_outbox():
                wire.send(reply)

        for _ in range(40):
            server = server or endpoint.accept(80)
            if server is None:
                turn()
            elif due:
                side, octets = due.pop(0)
                if side == "left":
                    client.send(octets)
                else:
                    server.send(octets, net.clock.now())
                turn()
            else:
                turn(0.01)
                break
        return net.why, list(net.trace)


# %%
why, records = talk_over_tcp(PIECES)
print(why)
MessageView.of(
    [replace(record, sent=not record.sent) for record in records], left="client", right="server"
)

# %% [markdown] role="given" id="head-static"
# ![A request and its answer: four segments, their octets and their parts](figures/exchange.svg)
#
# The picture shows what HTTP sees of it. Compare the segments with the parts: the first segment
# ends in the middle of a field. **TCP keeps no message boundaries.** Where a head ends is for HTTP
# to say, and it says it with an empty line: CR LF CR LF.
#
# So a reader first collects octets until the empty line, and then reads the head. That second
# step is yours now. A value that a head gives is a `Request`, and a head that is not to be taken is
# *refused*, with an exception that carries the **status code** of the answer.

# %%
request = Request("GET", "/", "HTTP/1.1", (("host", "example.org"), ("accept", "text/plain")))
print(request)
print(request.values("accept"), request.values("cookie"))
try:
    raise Refused(400, "a space before the colon")
except Refused as refusal:
    print(refusal.status, "-", refusal.why)

# %% [markdown] role="given" id="head-brief"
# ### Exercise 1: read a request head
#
# Write `parse_head(octets: bytes, max_target: int = 8000, max_fields: int = 100) -> Request`.
#
# `octets` is one whole head and ends with its empty line. Return a `Request` with method, target
# and version as text just as they came, and with `fields`: (name, value) pairs in their order,
# names in lower case, values without the spaces and tabs around them, decoded as Latin-1. `content`
# stays empty.
#
# Otherwise `raise Refused(status)`. The first rule that is broken decides:
#
# | rule | status |
# |---|---|
# | every line ends with CR LF; no other CR or LF and no zero octet anywhere (RFC 9112 section 2.2) | 400 |
# | the request line is method, space, target, space, version: single spaces, nothing else; the method is a **token**: one or more letters, digits or ``!#$%&'*+-.^_`\|~`` | 400 |
# | the version is `HTTP/`, a digit, a point, a digit, in capitals | 400 |
# | its first digit is 1 (a higher second digit is no fault: RFC 9110 section 2.5) | 505 |
# | the target has at most `max_target` octets (RFC 9112 section 3) | 414 |
# | the target has only octets from `0x21` to `0x7e` | 400 |
# | with CONNECT it is host, colon, port (1 to 5 digits, host not empty); with OPTIONS it may be `*`; else it begins with `/`, `http://` or `https://`, the scheme in any case (RFC 9112 section 3.2) | 400 |
# | there are at most `max_fields` field lines (RFC 6585 section 5) | 431 |
# | a field line is a token, at once a colon, a value; so none begins with a space or a tab (RFC 9112 sections 5.1, 5.2) | 400 |
# | a value has no octet below `0x20` but the tab, and no `0x7f` (RFC 9110 section 5.5) | 400 |
# | at most one Host, and exactly one from HTTP/1.1 on; its value is empty or has only letters, digits and ``-._~!$&'()*+,;=%:[]`` (RFC 9112 section 3.2) | 400 |
#
# The standard allows some of this to be mended instead (a bare LF, a folded line). Here you are
# strict: a reader that mends must mend exactly as the next one does.
#
# Example: `b"GET / HTTP/1.1\r\nHost:  example.org\r\n\r\n"` gives
# `Request("GET", "/", "HTTP/1.1", (("host", "example.org"),))`; with `Host :` it is refused with 400.


# %% role="answer" id="head-answer"
def parse_head(octets: bytes, max_target: int = 8000, max_fields: int = 100) -> Request:
    """Return the request whose head this is, without content; raise Refused if it is not to be taken."""
    ### BEGIN SOLUTION
    token = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
    lines = octets[:-4].split(b"\r\n")
    if not octets.endswith(b"\r\n\r\n") or any(set(line) & {0, 10, 13} for line in lines):
        raise Refused(400, "line ends")
    words = lines[0].split(b" ")
    if len(words) != 3 or not re.fullmatch(token, words[0]) or not words[1]:
        raise Refused(400, "the request line")
    method, target, version = (word.decode("latin-1") for word in words)
    if not re.fullmatch(r"HTTP/[0-9]\.[0-9]", version):
        raise Refused(400, "the version")
    if version[5] != "1":
        raise Refused(505)
    if len(target) > max_target:
        raise Refused(414)
    if method == "CONNECT":
        form = r"[\x21-\x7e]+:[0-9]{1,5}"
    else:
        form = r"(/|[Hh][Tt][Tt][Pp][Ss]?://)[\x21-\x7e]*"
        form += r"|\*" if method == "OPTIONS" else ""
    if not re.fullmatch(form, target):
        raise Refused(400, "the target")
    if len(lines) - 1 > max_fields:
        raise Refused(431)
    fields = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not re.fullmatch(token, name):
            raise Refused(400, "a field's name")
        if re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
            raise Refused(400, "a field's value")
        fields.append((name.decode().lower(), value.strip(b" \t").decode("latin-1")))
    hosts = [value for name, value in fields if name == "host"]
    if len(hosts) > 1 or (not hosts and version != "HTTP/1.0"):
        raise Refused(400, "Host")
    if hosts and not re.fullmatch(r"[-A-Za-z0-9._~!$&'()*+,;=%:\[\]]*", hosts[0]):
        raise Refused(400, "the value of Host")
    return Request(method, target, version, tuple(fields))
    ### END SOLUTION


# %% [markdown] role="hint" id="head-hint-1"
# Nudge
# Stay in `bytes` as long as you can. Text has more white space, more digits and more letters than
# HTTP knows: `"\xa0".strip()` is empty, `"²".isdigit()` is true.

# %% [markdown] role="hint" id="head-hint-2"
# Way
# Cut at `b"\r\n"`; a CR or LF that is then still in a line was a stray one. Cut the first line at
# `b" "`: there must be three words. For a field, `line.partition(b":")`, and see whether the name
# is a token: a regular expression with `re.fullmatch` says so. A folded line begins with a space,
# so its "name" is none.

# %% [markdown] role="hint" id="head-hint-3"
# Almost
# `token = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"`; `re.fullmatch(rb"HTTP/[0-9]\.[0-9]", version)`;
# `value.strip(b" \t").decode("latin-1")`; `re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value)` finds a
# forbidden octet in a value. Go through the table from top to bottom.


# %% role="given" id="head-given-outcome"
def outcome(function, *arguments, **named):
    """What a call comes to: its value, or in words the status with which it refuses."""
    try:
        return function(*arguments, **named)
    except ValueError as error:
        return in_words(error)


def in_words(error):
    """A refusal with its status, in words; any other error is raised again."""
    if type(error).__name__ != "Refused":
        raise error
    return f"refused with {error.args[0]}"


def others(found, usual="refused with 400"):
    """The entries that are anything else than usual."""
    return {name: came for name, came in found.items() if came != usual}


def head(line="GET / HTTP/1.1", *fields, host="example.org"):
    """The octets of a head; a Host field comes first, unless `host` is None."""
    lines = [line, *([] if host is None else [f"Host: {host}"]), *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


# %% role="test" id="head-test-well-formed" points=2
@check.test
def _():
    # Well-formed heads: words as they came, names in lower case, values without space around them.
    RULE = dict(
        rule="Words as they came; names in lower case; spaces and tabs around a value are not part of it.",
        rfc="RFC 9112 sections 3 and 5.1",
    )
    heads = [
        b"GET / HTTP/1.1\r\nHost:  example.org\r\n\r\n",
        b"post /a?b=c HTTP/1.0\r\nX-Y:\ta b \t\r\nx-y:\r\n\r\n",
    ]
    wanted = [
        Request("GET", "/", "HTTP/1.1", (("host", "example.org"),)),
        Request("post", "/a?b=c", "HTTP/1.0", (("x-y", "a b"), ("x-y", ""))),
    ]
    check.each(parse_head, heads, expected=wanted, **RULE)
    ### BEGIN HIDDEN TESTS
    dice = random.Random(211)
    token, ows = "!#$%&'*+-.^_`|~09azAZ", " \t"
    visible = "".join(map(chr, range(0x21, 0x7F)))
    inner = [chr(octet) for octet in (*range(0x21, 0x7F), *range(0x80, 0x100))]

    def some(letters, low, high):
        return "".join(dice.choice(letters) for _ in range(dice.randrange(low, high)))

    cases, results = [], []
    for _ in range(120):
        method = some(token, 1, 9) + "x"
        target = dice.choice(["/", "http://", "HTTPS://", "hTTp://"]) + some(visible, 0, 20)
        version = dice.choice(["HTTP/1.1", "HTTP/1.0", "HTTP/1.7"])
        fields = [("hOsT", dice.choice(["", "a", "[::1]:80", "x_y~!$&'()*+,;=%41"]))]
        for _ in range(dice.randrange(5)):
            value = some(inner, 1, 3) + dice.choice(["", " ", "\t \t"]) + some(inner, 1, 3)
            fields.append((some(token, 1, 6), dice.choice(["", value, value])))
        dice.shuffle(fields)
        lines = [f"{method} {target} {version}"]
        lines += [f"{n}:{some(ows, 0, 3)}{v}{some(ows, 0, 3)}" for n, v in fields]
        cases.append(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        lowered = tuple((name.lower(), value) for name, value in fields)
        results.append(Request(method, target, version, lowered))
    check.each(parse_head, cases, expected=results, **RULE)

    no_space = [head("GET / HTTP/1.1", "x:a:b", "y: \xa0c\x85 ", "z:\xff\x80")]
    wanted = [(("host", "example.org"), ("x", "a:b"), ("y", "\xa0c\x85"), ("z", "\xff\x80"))]
    check.each(
        parse_head,
        no_space,
        expected=[Request("GET", "/", "HTTP/1.1", fields) for fields in wanted],
        rule="Only spaces and tabs are white space in HTTP; the first colon ends the name.",
        rfc="RFC 9112 section 5.1",
    )

    def as_h11_reads_it(octets):
        reader = h11.Connection(h11.SERVER)
        reader.receive_data(octets)
        found = reader.next_event()
        fields = tuple((n.decode(), v.decode("latin-1")) for n, v in found.headers)
        return Request(
            found.method.decode(),
            found.target.decode(),
            f"HTTP/{found.http_version.decode()}",
            fields,
        )

    agreed = [
        head("OPTIONS * HTTP/1.1", "A: b"),
        head("CONNECT example.org:443 HTTP/1.1"),
        head("M-SEARCH /x HTTP/1.1", "Accept:*/*", "ACCEPT: text/html;q=0.5"),
    ]
    check.each(parse_head, agreed, expected=as_h11_reads_it, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="head-test-request-line" points=2
@check.test
def _():
    # Request lines that are refused.
    def request_lines(parse_head, *lines):
        """What each request line comes to, with a good Host below it."""
        return {line: outcome(parse_head, head(line)) for line in lines}

    RULE = dict(
        rule="Method, space, target, space, version, and nothing else.", rfc="RFC 9112 section 3"
    )

    def line_examples(parse_head):
        """Request lines that are no good, and what parse_head makes of them."""
        return request_lines(
            parse_head, "GET / HTTP/1.1 now", "GET /", "GET  / HTTP/1.1", "G(T / HTTP/1.1"
        )

    check.probe(
        parse_head,
        line_examples,
        expected=dict.fromkeys(
            ["GET / HTTP/1.1 now", "GET /", "GET  / HTTP/1.1", "G(T / HTTP/1.1"], "refused with 400"
        ),
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    bad = [
        "",
        " ",
        "GET",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET\t/\tHTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /\tHTTP/1.1",
        "/ HTTP/1.1",
        "GET  HTTP/1.1",
        "  HTTP/1.1",
        "G\xc9T / HTTP/1.1",
        "GET: / HTTP/1.1",
        "G@T / HTTP/1.1",
        "GET\x0b/ HTTP/1.1",
        "G\x7fT / HTTP/1.1",
        "(/ HTTP/1.1",
        "GET  HTTP/2.0",
    ]

    def more_lines(parse_head):
        """More request lines that are no good."""
        return request_lines(parse_head, *bad)

    check.probe(parse_head, more_lines, expected=dict.fromkeys(bad, "refused with 400"), **RULE)

    versions = {
        "HTTP/2.0": 505,
        "HTTP/0.9": 505,
        "HTTP/3.1": 505,
        "HTTP/1.10": 400,
        "HTTP/11": 400,
        "http/1.1": 400,
        "HTTP/1.": 400,
        "HTTP/+1.1": 400,
        "HTTP/1,1": 400,
        "HTTPS/1.1": 400,
        "HTTP/\xb2.0": 400,
        "HTTP/1.\xb2": 400,
        "HTTP/A.1": 400,
        "HTTP/10.1": 400,
        "HTTP 1.1": 400,
    }

    def each_version(parse_head):
        """What is said to versions other than 1.0 and 1.1."""
        found = request_lines(parse_head, *[f"GET / {version}" for version in versions])
        found["GET * HTTP/2.0"] = outcome(parse_head, head("GET * HTTP/2.0", "no colon"))
        found["1.2 without Host"] = outcome(parse_head, head("GET / HTTP/1.2", host=None))
        for version in ("HTTP/2.0", "http/1.1"):
            line = "GET /" + "a" * 8000 + " " + version
            found[f"a long target and {version}"] = outcome(parse_head, head(line))
        return found

    check.probe(
        parse_head,
        each_version,
        expected={f"GET / {v}": f"refused with {code}" for v, code in versions.items()}
        | {
            "GET * HTTP/2.0": "refused with 505",
            "1.2 without Host": "refused with 400",
            "a long target and HTTP/2.0": "refused with 505",
            "a long target and http/1.1": "refused with 400",
        },
        rule="A version that has the form of one but begins with another digit than 1 is not spoken here: 505.",
        rfc="RFC 9110 section 15.6.6",
    )
    ### END HIDDEN TESTS


# %% role="test" id="head-test-target" points=2
@check.test
def _():
    # The forms of a target, and how long it may be.
    def targets(parse_head, cases):
        found = {}
        for method, target in cases:
            came = outcome(parse_head, head(f"{method} {target} HTTP/1.1"))
            found[f"{method} {target}"] = came if isinstance(came, str) else "taken"
        return found

    FORMS = dict(
        rule="A path from the root, a whole http URI, `*` for OPTIONS, host:port for CONNECT.",
        rfc="RFC 9112 section 3.2",
    )

    def forms(parse_head):
        """Which targets are taken?"""
        return targets(
            parse_head, [("GET", "index.html"), ("GET", "*"), ("CONNECT", "/"), ("OPTIONS", "*")]
        )

    check.probe(
        parse_head,
        forms,
        expected={
            "GET index.html": "refused with 400",
            "GET *": "refused with 400",
            "CONNECT /": "refused with 400",
            "OPTIONS *": "taken",
        },
        **FORMS,
    )
    ### BEGIN HIDDEN TESTS
    good = [
        ("GET", "/"),
        ("GET", "/*"),
        ("OPTIONS", "/x"),
        ("GET", "http://a"),
        ("PUT", "HTTPS://a/b?c"),
        ("CONNECT", "a:80"),
        ("CONNECT", "[::1]:443"),
        ("CONNECT", "a:65535"),
        ("OPTIONS", "http://a/"),
        ("GET", "/\x7e"),
        ("GET", "/!"),
        ("GET", "//"),
        ("options", "/"),
    ]
    bad = [
        ("GET", "\xe9"),
        ("GET", "/\xe9"),
        ("GET", "/\x7f"),
        ("GET", "/\x01"),
        ("GET", "ftp://a/"),
        ("GET", "http:/a"),
        ("GET", "httpx://a"),
        ("GET", "a:80"),
        ("OPTIONS", "**"),
        ("OPTIONS", "a:80"),
        ("CONNECT", "a"),
        ("CONNECT", "a:"),
        ("CONNECT", ":80"),
        ("CONNECT", "a:8x"),
        ("CONNECT", "*"),
        ("CONNECT", "a:123456"),
        ("CONNECT", "a:\xb2"),
        ("GET", "?a"),
        ("options", "*"),
        ("HEAD", "*"),
        ("connect", "a:80"),
        ("GET", "*/"),
    ]

    def more_forms(parse_head):
        """More targets: taken or not?"""
        return targets(parse_head, good + bad)

    check.probe(
        parse_head,
        more_forms,
        expected={f"{m} {t}": "taken" for m, t in good}
        | {f"{m} {t}": "refused with 400" for m, t in bad},
        **FORMS,
    )

    def lengths(parse_head):
        """Targets at and beyond the limit of 8000, and of 10."""
        found = {}
        for limit, size in [(None, 8000), (None, 8001), (None, 70_000), (10, 10), (10, 11)]:
            limits = {} if limit is None else {"max_target": limit}
            came = outcome(parse_head, head("GET /" + "a" * (size - 1) + " HTTP/1.1"), **limits)
            found[f"{size} of {limit or 8000}"] = (
                came if isinstance(came, str) else len(came.target)
            )
        found["too long and not a target"] = outcome(
            parse_head, head("GET " + "\xe9" * 8001 + " HTTP/1.1", *["no colon"] * 101)
        )
        return found

    check.probe(
        parse_head,
        lengths,
        expected={
            "8000 of 8000": 8000,
            "8001 of 8000": "refused with 414",
            "70000 of 8000": "refused with 414",
            "10 of 10": 10,
            "11 of 10": "refused with 414",
            "too long and not a target": "refused with 414",
        },
        rule="A target of more than max_target octets is refused with 414; max_target itself is fine.",
        rfc="RFC 9112 section 3",
    )
    ### END HIDDEN TESTS


# %% role="test" id="head-test-fields" points=2
@check.test
def _():
    # Fields that are refused.
    FIELD = dict(
        rule="A token, at once a colon, a value without control octets.", rfc="RFC 9112 section 5.1"
    )

    def judged(parse_head, fields):
        return {field: outcome(parse_head, head("GET / HTTP/1.1", field)) for field in fields}

    def field_examples(parse_head):
        """What is said to these field lines?"""
        return judged(parse_head, ["X : a", "X a", "X: a\x00b", "X: a\r\n folded"])

    shown = ["X : a", "X a", "X: a\x00b", "X: a\r\n folded"]
    check.probe(
        parse_head, field_examples, expected=dict.fromkeys(shown, "refused with 400"), **FIELD
    )
    ### BEGIN HIDDEN TESTS
    bad = [
        ": a",
        "X\t: a",
        "X(1): a",
        "X\xe9: a",
        "X: a\x0bb",
        "X: a\x7f",
        "X: \x1f",
        "X: a\x0c",
        "X Y: a",
        "X: a\r\n\tfolded",
        "X: a\r\n ",
        "\xa0X: a",
        "X\x00: a",
        "X",
        '"X": a',
        "X/Y: a",
        "X: \x08",
    ]

    def more_fields(parse_head):
        """More field lines that are no good."""
        return judged(parse_head, bad)

    check.probe(parse_head, more_fields, expected=dict.fromkeys(bad, "refused with 400"), **FIELD)

    def stray(parse_head):
        """Which stray CR or LF is not refused with 400?"""
        good = head("GET / HTTP/1.1", "X: a", "Y: b")
        cuts = {
            "LF after the line": b"1.1\r",
            "LF after a value": b"a\r",
            "LF at the end": b"b\r\n\r",
        }
        found = {name: good.replace(cut + b"\n", cut[:-1] + b"\n", 1) for name, cut in cuts.items()}
        found["CR in a value"] = good.replace(b"a\r", b"a\rb\r")
        found["LF in a value"] = good.replace(b"a\r", b"a\nb\r")
        found["CR CR LF"] = good.replace(b"a\r", b"a\r\r")
        found["CR before a name"] = good.replace(b"X:", b"\rX:")
        found["LF in the target"] = good.replace(b"/ ", b"/\n ")
        found["LF for a colon's space"] = good.replace(b"X: ", b"X:\n")
        found["zero in the target, version 9"] = b"GET /\x00 HTTP/9.9\r\n\r\n"
        found["CR in a later field, version 9"] = b"GET / HTTP/9.9\r\nX: a\rY: b\r\n\r\n"
        found["LF in a later field, version 9"] = b"GET / HTTP/9.9\r\nX: a\nY: b\r\n\r\n"
        return others({name: outcome(parse_head, octets) for name, octets in found.items()})

    check.probe(
        parse_head,
        stray,
        expected={},
        rule="Only CR and LF together end a line; alone they are refused, wherever they stand.",
        rfc="RFC 9112 section 2.2",
    )

    def first_field(parse_head):
        """A space before the first field, and a head of one line."""
        folded = b"GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n"
        return [outcome(parse_head, folded), outcome(parse_head, b"GET / HTTP/1.0\r\n\r\n")]

    check.probe(
        parse_head,
        first_field,
        expected=["refused with 400", Request("GET", "/", "HTTP/1.0")],
        **FIELD,
    )

    def how_many(parse_head):
        """How many fields are taken (Host is one of them)?"""
        found = {}
        for limit, count in [(None, 100), (None, 101), (3, 3), (3, 4)]:
            limits = {} if limit is None else {"max_fields": limit}
            octets = head("GET / HTTP/1.1", *["X: a"] * (count - 1))
            came = outcome(parse_head, octets, **limits)
            found[f"{count} of {limit or 100}"] = (
                came if isinstance(came, str) else len(came.fields)
            )
        found["too many, and bad ones"] = outcome(
            parse_head, head("GET / HTTP/1.1", *["no colon"] * 100)
        )
        return found

    check.probe(
        parse_head,
        how_many,
        expected={
            "100 of 100": 100,
            "101 of 100": "refused with 431",
            "3 of 3": 3,
            "4 of 3": "refused with 431",
            "too many, and bad ones": "refused with 431",
        },
        rule="More than max_fields field lines are refused with 431, before they are looked at.",
        rfc="RFC 6585 section 5",
    )
    ### END HIDDEN TESTS


# %% role="test" id="head-test-host" points=1
@check.test
def _():
    # Host: one, and one that can be a host.
    HOST = dict(
        rule="HTTP/1.1 has exactly one Host, HTTP/1.0 at most one.", rfc="RFC 9112 section 3.2"
    )

    def hosts(parse_head):
        """Heads with no Host, one and two."""
        heads = {
            "none": head(host=None),
            "none in 1.0": head("GET / HTTP/1.0", host=None),
            "two": head("GET / HTTP/1.1", "host: example.org"),
            "two in 1.0": head("GET / HTTP/1.0", "HOST: other.example"),
        }
        found = {name: outcome(parse_head, octets) for name, octets in heads.items()}
        return {name: came if isinstance(came, str) else "taken" for name, came in found.items()}

    check.probe(
        parse_head,
        hosts,
        expected={
            "none": "refused with 400",
            "none in 1.0": "taken",
            "two": "refused with 400",
            "two in 1.0": "refused with 400",
        },
        **HOST,
    )
    ### BEGIN HIDDEN TESTS
    good = [
        "",
        "a",
        "A.Example:8080",
        "[::1]",
        "[fe80::1]:80",
        "xn--nxasmq6b",
        "a_b~c",
        "a%41",
        "a,b",
    ]
    bad = [
        "a b",
        "a/b",
        "a@b",
        "a?b",
        "a#b",
        "\xe9.example",
        'a"b',
        "a\\b",
        "<a>",
        "a\tb",
        "a|b",
        "{a}",
    ]

    def values(parse_head):
        """Values of Host: taken or not?"""
        found = {}
        for value in good + bad:
            for version in ("HTTP/1.1", "HTTP/1.0"):
                came = outcome(parse_head, head(f"GET / {version}", host=value))
                found[f"{value!r} in {version}"] = came if isinstance(came, str) else "taken"
        return found

    check.probe(
        parse_head,
        values,
        expected={f"{v!r} in HTTP/1.{n}": "taken" for v in good for n in (0, 1)}
        | {f"{v!r} in HTTP/1.{n}": "refused with 400" for v in bad for n in (0, 1)},
        rule="A Host that can be none, with a space, a slash or an @ in it, is refused.",
        rfc="RFC 9112 section 3.2",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="head-after"
# **Is it so?** "4xx: the request is in the wrong *order*." *Half true.* RFC 9110 section 15 says
# that a request "contains bad *syntax* or cannot be fulfilled", and order is the smallest part of
# syntax: that of the fields does not matter here. The other four classes stand in the notes as the
# standard has them. Here is syntax that Python's own server will not take, order that it does:

# %%
with running(serve_stock, lambda request: Response(200)) as server:
    for octets in (
        b"GET / now please HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nAccept: */*\r\nHost: a\r\nConnection: close\r\n\r\n",
    ):
        client = server.connect()
        client.sendall(octets)
        print(octets.split(b"\r\n")[0].decode(), "->", client.recv(999).split(b"\r\n")[0].decode())

# %% [markdown] role="given" id="chunked-text"
# ## 2. Content in chunks
#
# A server that makes its answer as it goes does not know the length when it sends the head.
# HTTP/1.1 lets it send **chunks**, each with its size in front, in base 16, on a line of its own; a
# size of 0 ends it. Then come **trailers**, fields that were not known before the content was, and
# an empty line.

# %%
print(ANSWERED[ANSWERED.index(b"\r\n\r\n") + 4 :].decode().replace("\r\n", " CR LF\n"))

# %% [markdown] role="given" id="chunked-python"
# Reading a size looks easy: Python has `int(text, 16)`. Look at what it takes for a number:

# %%
for digits in (b"1f", b"+1f", b"-1f", b"0x1f", b" 1f ", b"1_f"):
    print(f"{digits!r:10} is {int(digits, 16)}")

# %% [markdown] role="given" id="chunked-brief"
# ### Exercise 2: undo the chunks
#
# Write the class `ChunkedDecoder(max_content: int = 1_000_000, max_line: int = 1024)`. Octets come
# in pieces cut anywhere.
#
# - `feed(octets: bytes) -> bytes` takes the next piece and returns the octets of content in it,
#   **all** that are known: a chunk is not held back until it is whole.
# - `done` becomes `True` when the empty line at the end has come. Then `trailers` is a tuple of
#   (name, value) pairs as in exercise 1, and `rest` is what followed the end: the next message. What
#   is fed later is added to `rest`. Before the end they are `()` and `b""`.
#
# A size line is one or more hexadecimal digits in either case, then nothing, or any spaces and
# tabs, `;` and an extension, which is ignored. After the octets of a chunk comes CR LF. `0`, with
# any number of zeros, is the last chunk; no CR LF follows it but the trailers do, field lines as in
# exercise 1, and the empty line. (RFC 9112 sections 7.1 to 7.1.2)
#
# `feed` raises `Refused`
#
# - with 400 for a size line that is anything else, or with a CR or LF inside it; for other octets
#   than CR LF after a chunk; for a trailer line that exercise 1 would refuse;
# - with 400 for a size line of more than `max_line` octets, CR LF not counted, as soon as so many
#   have come;
# - with 413 as soon as a size is read that makes the whole content longer than `max_content`;
# - with 431 as soon as the trailer lines, their CR LF counted, have more than `8 * max_line` octets;
#   the empty line after them is not counted.
#
# Trailers that decide how a message is read or who may ask have come too late: those whose
# names are in `NOT_IN_TRAILERS` are left out. (RFC 9110 section 6.5.1)
#
# Example: fed `b"5\r\nhello\r\n0\r\nX: 1\r\n\r\nGET"`, a decoder returns `b"hello"` and is done, with
# `trailers == (("x", "1"),)` and `rest == b"GET"`.

# %% role="given" id="chunked-given-names"
NOT_IN_TRAILERS = frozenset(
    {
        *("authorization", "cache-control", "connection", "content-encoding", "content-length"),
        *("content-range", "content-type", "cookie", "expect", "host", "max-forwards", "range"),
        *("proxy-authorization", "set-cookie", "te", "trailer", "transfer-encoding"),
        "www-authenticate",
    }
)


# %% role="answer" id="chunked-answer"
class ChunkedDecoder:
    """Turns chunks, in pieces of any size, into content, trailers and the rest."""

    def __init__(self, max_content: int = 1_000_000, max_line: int = 1024):
        ### BEGIN SOLUTION
        self.done, self.trailers, self.rest = False, (), b""
        self._max_content, self._max_line = max_content, max_line
        self._buffer, self._left, self._total = b"", None, 0
        self._fields, self._trailer_bytes = None, 0
        ### END SOLUTION

    def feed(self, octets: bytes) -> bytes:
        """Take the next octets; return all the content in them that is known."""
        ### BEGIN SOLUTION
        if self.done:
            self.rest += octets
            return b""
        self._buffer += octets
        content = []
        while not self.done:
            if self._left is not None and self._left > 0:  # in a chunk
                piece, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
                content.append(piece)
                self._left -= len(piece)
                if self._left:
                    break
            if self._left == 0 and not self._chunk_has_ended():
                break
            line = self._line()
            if line is None:
                break
            if self._fields is None:
                self._begin_chunk(line)
            else:
                self._trailer(line)
        return b"".join(content)

    def _chunk_has_ended(self):
        if not b"\r\n".startswith(self._buffer[:2]):
            raise Refused(400, "no CR LF after a chunk")
        if len(self._buffer) < 2:
            return False
        self._buffer, self._left = self._buffer[2:], None
        return True

    def _line(self):
        line, end, rest = self._buffer.partition(b"\r\n")
        if self._fields is None:
            limit, code = self._max_line, 400
        else:
            limit, code = 8 * self._max_line - self._trailer_bytes, 431
            if end and not line:
                limit = 0  # the empty line is no trailer
        counted = line + end if self._fields is not None and line else line
        if not end and counted.endswith(b"\r") and self._fields is None:
            counted = counted[:-1]  # perhaps half of the line's end
        if self._fields is not None and not end and self._buffer == b"\r":
            counted = b""
        if len(counted) > limit:
            raise Refused(code, "a line too long")
        if not end:
            return None
        self._buffer = rest
        return line

    def _begin_chunk(self, line):
        found = re.fullmatch(rb"([0-9A-Fa-f]+)(?:[ \t]*;[^\r\n]*)?", line)
        if not found:
            raise Refused(400, "a chunk size")
        size = int(found[1], 16)
        self._total += size
        if self._total > self._max_content:
            raise Refused(413)
        if size:
            self._left = size
        else:
            self._fields = []

    def _trailer(self, line):
        if line:
            self._trailer_bytes += len(line) + 2
            octets = b"GET / HTTP/1.0\r\n" + line + b"\r\n\r\n"
            name_and_value = parse_head(octets).fields[0]
            if name_and_value[0] not in NOT_IN_TRAILERS:
                self._fields.append(name_and_value)
            return
        self.done, self.trailers = True, tuple(self._fields)
        self.rest, self._buffer = self._buffer, b""
        ### END SOLUTION


# %% [markdown] role="hint" id="chunked-hint-1"
# Nudge
# At any moment the decoder is in one of four places: in a size line, in a chunk, in the two octets
# after it, or in the trailers. Keep what has not been used in a buffer, and which place it is in.

# %% [markdown] role="hint" id="chunked-hint-2"
# Way
# Loop: in a chunk, hand out `buffer[:left]` and lower `left`. After it, wait for two octets and
# compare them with CR LF. In a line, look for CR LF; if it is not there yet, check the limit and
# leave. Check the limit also when it is there. Only a regular expression or a set of digits says
# whether a size is one; then `int(digits, 16)` is safe.

# %% [markdown] role="hint" id="chunked-hint-3"
# Almost
# `re.fullmatch(rb"([0-9A-Fa-f]+)(?:[ \t]*;[^\r\n]*)?", line)`. For a trailer line,
# `parse_head(b"GET / HTTP/1.0\r\n" + line + b"\r\n\r\n").fields[0]` reads and refuses as
# exercise 1 does. At the end: `self.rest, self.buffer = self.buffer, b""`.


# %% role="given" id="chunked-given-play"
def decoded(decoder_class, octets, *cuts, **limits):
    """Feed the octets, cut at `cuts`: content, done, trailers and rest, or how it was refused."""
    decoder, content = decoder_class(**limits), b""
    ends = [0, *cuts, len(octets)]
    try:
        for start, end in pairwise(ends):
            content += decoder.feed(octets[start:end])
    except ValueError as error:
        return in_words(error)
    return content, decoder.done, decoder.trailers, decoder.rest


# %% role="test" id="chunked-test-content" points=2
@check.test
def _():
    # Content, trailers and rest, whole and in pieces.
    RULE = dict(
        rule="Size, CR LF, so many octets, CR LF; size 0 ends it; then trailers and an empty line.",
        rfc="RFC 9112 section 7.1",
    )

    def example(ChunkedDecoder):
        """The example of the brief, in one piece."""
        return decoded(ChunkedDecoder, b"5\r\nhello\r\n0\r\nX: 1\r\n\r\nGET")

    check.probe(ChunkedDecoder, example, expected=(b"hello", True, (("x", "1"),), b"GET"), **RULE)

    def two_chunks(ChunkedDecoder):
        """Two chunks with CR LF in them, cut after every octet."""
        octets = b"4\r\na\r\nb\r\nA;x=1\r\n0\r\n\r\n more\r\n0\r\n\r\n"
        return decoded(ChunkedDecoder, octets, *range(1, len(octets)))

    check.probe(
        ChunkedDecoder, two_chunks, expected=(b"a\r\nb0\r\n\r\n more", True, (), b""), **RULE
    )
    ### BEGIN HIDDEN TESTS
    dice = random.Random(212)

    def message():
        content = dice.randbytes(dice.choice([0, 1, 9, 10, 300, 5000]))
        wire, left = b"", content
        while left:
            size = dice.choice([1, 2, 15, 16, 17, 255, 4096])
            piece, left = left[:size], left[size:]
            digits = dice.choice([f"{len(piece):x}", f"{len(piece):X}", f"{len(piece):08x}"])
            wire += (
                (digits + dice.choice(["", ";a", ";a=b;c"])).encode() + b"\r\n" + piece + b"\r\n"
            )
        wire += dice.choice([b"0", b"000", b"0;last"]) + b"\r\n"
        trailers = tuple((f"x-{n}", f"v {n}") for n in range(dice.randrange(3)))
        wire += b"".join(f"X-{n[2:]}: {v}\r\n".encode() for n, v in trailers) + b"\r\n"
        return wire, content, trailers

    messages = [message() for _ in range(60)]

    def by_h11(wire):
        reader = h11.Connection(h11.SERVER)
        reader.receive_data(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + wire
        )
        content, trailers = b"", ()
        while not isinstance(event := reader.next_event(), h11.EndOfMessage):
            content += bytes(event.data) if isinstance(event, h11.Data) else b""
        trailers = tuple((n.decode(), v.decode()) for n, v in event.headers)
        return content, True, trailers, reader.trailing_data[0]

    def whole(ChunkedDecoder):
        """Sixty messages, each in one piece."""
        return [decoded(ChunkedDecoder, wire) for wire, _, _ in messages]

    check.probe(ChunkedDecoder, whole, expected=[by_h11(wire) for wire, _, _ in messages], **RULE)

    cuts = [sorted(dice.sample(range(len(w) + 1), min(len(w), 9))) for w, _, _ in messages]

    def in_pieces(ChunkedDecoder):
        """The same in ten pieces each, and the next request in the last."""
        return [
            decoded(ChunkedDecoder, wire + b"GET /", *cut)
            for (wire, _, _), cut in zip(messages, cuts, strict=True)
        ]

    check.probe(
        ChunkedDecoder,
        in_pieces,
        expected=[(content, True, trailers, b"GET /") for _, content, trailers in messages],
        **RULE,
    )

    def extensions(ChunkedDecoder):
        """Extensions of every kind are ignored."""
        lines = [b"2;", b"2 ;a", b"2\t \t;a=b", b'2;a="\xe9;"', b"02;;", b"2;a\x00"]
        return [decoded(ChunkedDecoder, line + b"\r\nok\r\n") for line in lines]

    check.probe(ChunkedDecoder, extensions, expected=[(b"ok", False, (), b"")] * 6, **RULE)

    def step_by_step(ChunkedDecoder):
        """What each feed returns: nothing is held back."""
        decoder = ChunkedDecoder()
        said = [
            decoder.feed(piece) for piece in (b"a\r", b"\nab", b"", b"cd", b"efghij\r\n1", b"\r\nZ")
        ]
        middle = (decoder.done, decoder.trailers, decoder.rest)
        said += [
            decoder.feed(piece) for piece in (b"\r\n0\r\nA: b", b"\r\n\r", b"\nmore", b" rest")
        ]
        return said, middle, (decoder.done, decoder.trailers, decoder.rest)

    check.probe(
        ChunkedDecoder,
        step_by_step,
        expected=(
            [b"", b"ab", b"", b"cd", b"efghij", b"Z", b"", b"", b"", b""],
            (False, (), b""),
            (True, (("a", "b"),), b"more rest"),
        ),
        rule="feed returns all the content that is known, at once; what follows the end goes to rest.",
        rfc="RFC 9112 section 7.1",
    )

    def two_at_once(ChunkedDecoder):
        """Two decoders side by side do not share anything."""
        one, two = ChunkedDecoder(), ChunkedDecoder()
        said = [
            one.feed(b"3\r\nab"),
            two.feed(b"2\r\nx"),
            one.feed(b"c\r\n0\r\nP: 1\r\n\r\n"),
            two.feed(b"y\r\n0\r\n\r\n"),
        ]
        return said, one.trailers, two.trailers, one.done, two.done

    check.probe(
        ChunkedDecoder,
        two_at_once,
        expected=([b"ab", b"x", b"c", b"y"], (("p", "1"),), (), True, True),
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="chunked-test-sizes" points=2
@check.test
def _():
    # Sizes that only look like sizes.
    SIZE = dict(
        rule="A size is hexadecimal digits, and nothing that Python would also take for a number.",
        rfc="RFC 9112 section 7.1",
    )

    def judged(ChunkedDecoder, lines):
        found = {}
        for line in lines:
            octets = line.encode("latin-1") + b"\r\nhello\r\n0\r\n\r\n"
            found[line] = decoded(ChunkedDecoder, octets)
        return found

    def size_examples(ChunkedDecoder):
        """What is said to these size lines?"""
        return judged(ChunkedDecoder, ["+5", "0x5", "0_5", "5 5"])

    check.probe(
        ChunkedDecoder,
        size_examples,
        expected=dict.fromkeys(["+5", "0x5", "0_5", "5 5"], "refused with 400"),
        **SIZE,
    )
    ### BEGIN HIDDEN TESTS
    bad = [
        "",
        " 5",
        "\t5",
        "-5",
        "5h",
        "five",
        "g",
        "\xb2",
        "5,5",
        ";5",
        "5.0",
        "5\x00",
        "5\n",
        "\n5",
        "5\r",
        "5;a\nb",
        "5;a\rb",
        "5\x0b",
        "5\xa0",
        "5:",
        "\xa05",
        "5 x;y",
        "-0",
        "5 ",
        "5\t",
    ]

    def more_sizes(ChunkedDecoder):
        """More size lines that are none."""
        return judged(ChunkedDecoder, bad)

    check.probe(ChunkedDecoder, more_sizes, expected=dict.fromkeys(bad, "refused with 400"), **SIZE)

    def ends(ChunkedDecoder):
        """What after a chunk is not refused with 400? In one piece, and octet for octet."""
        found = {}
        for name, after in {
            "LF": b"\n0\r\n\r\n",
            "nothing": b"0\r\n\r\n",
            "one more octet": b"!\r\n0\r\n\r\n",
            "CR and an octet": b"\rX0\r\n\r\n",
            "LF CR": b"\n\r0\r\n\r\n",
            "two octets": b"XX0\r\n\r\n",
        }.items():
            octets = b"5\r\nhello" + after
            found[name] = decoded(ChunkedDecoder, octets)
            found[name + ", in pieces"] = decoded(ChunkedDecoder, octets, *range(1, len(octets)))
        return others(found)

    check.probe(
        ChunkedDecoder,
        ends,
        expected={},
        rule="After the octets of a chunk comes CR LF, whatever the size said.",
        rfc="RFC 9112 section 7.1",
    )

    def last_zero(ChunkedDecoder):
        """Is it over after 0 and CR LF alone?"""
        return [
            decoded(ChunkedDecoder, octets)
            for octets in (b"0\r\n", b"0\r\n\r", b"0\r\n\r\n", b"00\r\n\r\n\r\n")
        ]

    check.probe(
        ChunkedDecoder,
        last_zero,
        expected=[
            (b"", False, (), b""),
            (b"", False, (), b""),
            (b"", True, (), b""),
            (b"", True, (), b"\r\n"),
        ],
        rule="The last chunk is followed by the trailers, if any, and an empty line.",
        rfc="RFC 9112 section 7.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="chunked-test-limits" points=2
@check.test
def _():
    # How much is taken, and when it is refused.
    LIMITS = dict(
        rule="Every limit is checked as soon as it can be: a sender need not ever end a line.",
        rfc="RFC 9112 sections 7.1 and 7.1.1",
    )

    def limit_examples(ChunkedDecoder):
        """A content of ten octets and one of eleven, where ten are taken."""
        one_chunk = [
            decoded(ChunkedDecoder, octets, max_content=10)
            for octets in (b"A\r\n0123456789\r\n", b"B\r\n")
        ]
        two_chunks = decoded(ChunkedDecoder, b"6\r\nabcdef\r\n5\r\n", max_content=10)
        return [*one_chunk, two_chunks]

    check.probe(
        ChunkedDecoder,
        limit_examples,
        expected=[(b"0123456789", False, (), b""), "refused with 413", "refused with 413"],
        **LIMITS,
    )

    ### BEGIN HIDDEN TESTS
    def long_lines(ChunkedDecoder):
        """Size lines at and beyond max_line, ended and not."""
        cases = {
            "1024 zeros": b"0" * 1024 + b"\r\n\r\n",
            "1025 zeros": b"0" * 1025 + b"\r\n\r\n",
            "1025 zeros, no end": b"0" * 1025,
            "1024 zeros, no end": b"0" * 1024,
            "1024 zeros and CR": b"0" * 1024 + b"\r",
            "1025 zeros and CR": b"0" * 1025 + b"\r",
            "1030 zeros and CR": b"0" * 1030 + b"\r",
            "an extension of 1022": b"1;" + b"x" * 1022 + b"\r\nZ",
            "an extension of 1023": b"1;" + b"x" * 1023 + b"\r\nZ",
            "an extension without end": b"1;" + b"x" * 5000,
        }
        found = {name: decoded(ChunkedDecoder, octets) for name, octets in cases.items()}
        found["max_line=4"] = [
            decoded(ChunkedDecoder, octets, max_line=4) for octets in (b"1;xx\r\nZ", b"1;xxx")
        ]
        return found

    refused = "refused with 400"
    check.probe(
        ChunkedDecoder,
        long_lines,
        expected={
            "1024 zeros": (b"", True, (), b""),
            "1025 zeros": refused,
            "1025 zeros, no end": refused,
            "1024 zeros, no end": (b"", False, (), b""),
            "1024 zeros and CR": (b"", False, (), b""),
            "1025 zeros and CR": refused,
            "1030 zeros and CR": refused,
            "an extension of 1022": (b"Z", False, (), b""),
            "an extension of 1023": refused,
            "an extension without end": refused,
            "max_line=4": [(b"Z", False, (), b""), refused],
        },
        **LIMITS,
    )

    def contents(ChunkedDecoder):
        """Sizes at and beyond max_content."""
        cases = [
            b"f4240\r\n",
            b"f4241\r\n",
            b"ffffffffffffffffffff\r\n",
            b"10000000000000005\r\n",
            b"f" * 1000 + b"\r\n",
        ]
        found = [decoded(ChunkedDecoder, octets) for octets in cases]
        many = b"".join(b"1\r\nx\r\n" for _ in range(11))
        return [
            *found,
            decoded(ChunkedDecoder, many, max_content=10),
            decoded(ChunkedDecoder, many, max_content=11),
        ]

    check.probe(
        ChunkedDecoder,
        contents,
        expected=[(b"", False, (), b""), *["refused with 413"] * 5, (b"x" * 11, False, (), b"")],
        rule="The sum of all sizes counts, and a size of any length is a number.",
        rfc="RFC 9112 section 7.1",
    )

    def many_trailers(ChunkedDecoder):
        """Trailers at and beyond 8 * max_line octets, ended and not."""
        found = {}
        for name, octets in {
            "80 octets": b"X: 67\r\n" * 10 + b"Y: 67890\r\n" + b"\r\n",
            "81 octets": b"X: 67\r\n" * 10 + b"Y: 678901\r\n" + b"\r\n",
            "one line of 80": b"X: " + b"a" * 75 + b"\r\n\r\n",
            "one line of 81": b"X: " + b"a" * 76 + b"\r\n\r\n",
            "80 octets, half of the end": b"X: " + b"a" * 75 + b"\r\n\r",
            "a line without end": b"X: " + b"a" * 90,
            "lines without end": b"X: 6789\r\n" * 12,
        }.items():
            came = decoded(ChunkedDecoder, b"0\r\n" + octets, max_line=10)
            found[name] = came if isinstance(came, str) else came[1]
        return found

    late = "refused with 431"
    check.probe(
        ChunkedDecoder,
        many_trailers,
        expected={
            "80 octets": True,
            "81 octets": late,
            "one line of 80": True,
            "one line of 81": late,
            "80 octets, half of the end": False,
            "a line without end": late,
            "lines without end": late,
        },
        rule="Trailers have a limit too, all of them together.",
        rfc="RFC 6585 section 5",
    )

    def no_hoard(ChunkedDecoder):
        """Octets still kept after 4,000,000 octets of content in chunks were handed out (or few)."""
        import tracemalloc

        decoder = ChunkedDecoder(max_content=10_000_000)
        piece = b"fa0\r\n" + b"x" * 4000 + b"\r\n"
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(1000):
                decoder.feed(piece)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        return "few" if after - before < 200_000 else after - before

    check.probe(
        ChunkedDecoder,
        no_hoard,
        expected="few",
        rule="What has been handed out need not be kept.",
        rfc="RFC 9112 section 7.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="chunked-test-trailers" points=1
@check.test
def _():
    # Trailers that are kept, left out, refused.
    TRAILERS = dict(
        rule="A trailer cannot say how to read what has been read, nor who may ask for it.",
        rfc="RFC 9110 section 6.5.1",
    )

    def trailer_examples(ChunkedDecoder):
        """Which trailers are kept?"""
        octets = b"0\r\nX-Sum:  7 \r\nContent-Length: 50\r\nx-sum: 8\r\n\r\n"
        return decoded(ChunkedDecoder, octets)

    check.probe(
        ChunkedDecoder,
        trailer_examples,
        expected=(b"", True, (("x-sum", "7"), ("x-sum", "8")), b""),
        **TRAILERS,
    )

    ### BEGIN HIDDEN TESTS
    def all_names(ChunkedDecoder):
        """Every name that is not wanted in trailers, in capitals, and three others."""
        names = [*sorted(NOT_IN_TRAILERS), "etag", "server-timing", "hostess"]
        octets = b"0\r\n" + b"".join(f"{name.upper()}: v\r\n".encode() for name in names) + b"\r\n"
        return decoded(ChunkedDecoder, octets)

    kept = (("etag", "v"), ("server-timing", "v"), ("hostess", "v"))
    check.probe(ChunkedDecoder, all_names, expected=(b"", True, kept, b""), **TRAILERS)

    def in_latin_1(ChunkedDecoder):
        """A trailer with octets above 127."""
        return decoded(ChunkedDecoder, b"0\r\nX: caf\xe9\r\n\r\n")

    check.probe(
        ChunkedDecoder,
        in_latin_1,
        expected=(b"", True, (("x", "caf\xe9"),), b""),
        rule="A trailer is decoded as the fields of the head are: Latin-1.",
        rfc="RFC 9112 section 7.1.2",
    )

    def before_the_end(ChunkedDecoder):
        """done, trailers and rest while the last empty line has not come, and then."""
        decoder, found = ChunkedDecoder(), []
        for piece in (b"1\r\na\r\n", b"0\r\nX: 1\r\nY: 2\r\n", b"\r", b"\nnext"):
            decoder.feed(piece)
            found.append((decoder.done, decoder.trailers, decoder.rest))
        return found

    check.probe(
        ChunkedDecoder,
        before_the_end,
        expected=[(False, (), b"")] * 3 + [(True, (("x", "1"), ("y", "2")), b"next")],
        rule="Before the end there are no trailers and there is no rest.",
        rfc="RFC 9112 section 7.1",
    )

    def bad_lines(ChunkedDecoder):
        """Which of these trailer lines, none a field line, are not refused with 400?"""
        lines = [
            b"X a",
            b"X : a",
            b" folded",
            b": a",
            b"X: a\x00",
            b"X: a\nY: b",
            b"X: a\rb",
            b"X: a\x7f",
            b"X\xe9: a",
        ]
        return others(
            {line: decoded(ChunkedDecoder, b"0\r\nY: b\r\n" + line + b"\r\n\r\n") for line in lines}
        )

    check.probe(
        ChunkedDecoder,
        bad_lines,
        expected={},
        rule="A trailer line is read, and refused, like a field line of the head.",
        rfc="RFC 9112 section 7.1.2",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="length-text"
# ## 3. Where a message ends
#
# Content may be announced by **Content-Length**, a number of octets; or come in chunks, announced by
# **Transfer-Encoding**: chunked; a response may also simply end with the connection. The first two
# in one message are the trick of the opening cell. RFC 9112 section 6.3 gives the order in which a
# reader must decide, section 6.1 what becomes of a message with both: a server may refuse it, or
# believe the chunks, but must close the connection afterwards. The number is never believed.
#
# Here are three readers of one length, `5, 6`, each in use somewhere. No reader is wrong in a way
# that its author noticed; together they are a hole.

# %%
value = "5, 6"
for name, reader in {
    "the digits at the front": lambda text: int(re.match(r"\d+", text)[0]),
    "all digits": lambda text: int(re.sub(r"\D", "", text)),
    "the last of the list": lambda text: int(text.split(",")[-1]),
}.items():
    print(f"{name:24}", reader(value), "octets")

# %% [markdown] role="given" id="length-brief"
# ### Exercise 3: how long is it?
#
# **`request_length(request: Request, max_content: int = 1_000_000) -> int | str`**
#
# The number of octets of content, or `"chunked"`. Raise `Refused`; the first that applies:
#
# | | status |
# |---|---|
# | Transfer-Encoding in a request of HTTP/1.0 | 400 |
# | Transfer-Encoding and Content-Length, whatever they say (you refuse) | 400 |
# | Transfer-Encoding whose last coding is not `chunked`, or that has it twice or more | 400 |
# | Transfer-Encoding with any other coding before `chunked` | 501 |
# | Content-Length that is not one or more digits, 0 to 9; a list of those is taken only if all are the same number | 400 |
# | Content-Length above `max_content` | 413 |
#
# Both fields may stand on several lines; that is the same as one list with commas. Around
# commas there may be spaces and tabs, and empty elements of a Transfer-Encoding list are skipped;
# in a Content-Length an empty element is a fault. A number may have any number of digits (Python's
# `int` gives up after 4300). Names of codings are compared in any case. With
# neither field a request has no content: 0.
#
# **`response_length(method: str, response: Response) -> int | str`**
#
# For the reader of an answer to `method`; `response.content` is not known yet.
#
# 1. To HEAD, and with 1xx, 204 and 304: 0, whatever the fields say.
# 2. 2xx to CONNECT: `"tunnel"`.
# 3. With Transfer-Encoding: `"chunked"` if its last coding is that, else `"close"`: up to the end
#    of the connection. A Content-Length beside it is ignored.
# 4. With Content-Length: the number, by the rule above and without limit; a bad one is refused with
#    502.
# 5. With neither: `"close"`.
#
# Field names in `request.fields` and `response.fields` are in lower case, as exercise 1 makes them.
# (RFC 9112 sections 6.1 to 6.3)
#
# Example: `request_length(Request("POST", "/", fields=(("content-length", "5, 5"),)))` is 5.


# %% role="answer" id="length-answer"
def request_length(request: Request, max_content: int = 1_000_000) -> int | str:
    """Return the number of octets of content, or "chunked"; raise Refused where it cannot be known."""
    ### BEGIN SOLUTION
    codings, lengths = request.values("transfer-encoding"), request.values("content-length")
    if codings:
        if request.version == "HTTP/1.0" or lengths:
            raise Refused(400, "two lengths, or one that HTTP/1.0 does not know")
        names = coding_names(codings)
        if names[-1:] != ["chunked"] or names.count("chunked") > 1:
            raise Refused(400, "chunked is not last")
        if len(names) > 1:
            raise Refused(501)
        return "chunked"
    if not lengths:
        return 0
    digits = one_length(lengths, 400)
    if len(digits) > len(str(max_content)) or int(digits) > max_content:
        raise Refused(413)
    return int(digits)
    ### END SOLUTION


def response_length(method: str, response: Response) -> int | str:
    """Return the number of octets of content, "chunked", "close" or "tunnel"; raise Refused(502)."""
    ### BEGIN SOLUTION
    if method == "HEAD" or response.status < 200 or response.status in (204, 304):
        return 0
    if method == "CONNECT" and response.status < 300:
        return "tunnel"
    codings, lengths = response.values("transfer-encoding"), response.values("content-length")
    if codings:
        return "chunked" if coding_names(codings)[-1:] == ["chunked"] else "close"
    if not lengths:
        return "close"
    digits = one_length(lengths, 502)
    return sum(int(digit) * 10**place for place, digit in enumerate(reversed(digits)))


def coding_names(values):
    names = [name.strip(" \t").lower() for name in ",".join(values).split(",")]
    return [name for name in names if name]


def one_length(values, status):
    numbers = [number.strip(" \t") for number in ",".join(values).split(",")]
    if not all(re.fullmatch("[0-9]+", number) for number in numbers):
        raise Refused(status, "no number")
    different = {number.lstrip("0") for number in numbers}
    if len(different) > 1:
        raise Refused(status, "two numbers")
    return different.pop() or "0"
    ### END SOLUTION


# %% [markdown] role="hint" id="length-hint-1"
# Nudge
# First make one list out of all lines of a field: `",".join(...)`, then split. Then go down the
# table, and never let `int` decide what a number is.

# %% [markdown] role="hint" id="length-hint-2"
# Way
# `re.fullmatch("[0-9]+", number)` (not `isdigit()`: it takes `²`). Two numbers are the same if they
# are without their leading zeros. `int` refuses a text of more than 4300 digits with `ValueError`:
# compare its *length* with the limit first.

# %% [markdown] role="hint" id="length-hint-3"
# Almost
# ```python
# codings = [c.strip(" \t").lower() for c in ",".join(request.values("transfer-encoding")).split(",")]
# codings = [c for c in codings if c]
# if codings[-1:] != ["chunked"] or codings.count("chunked") > 1:
#     raise Refused(400)
# ```
# But look whether there is such a field with `request.values(...)`: one with an empty value is there.


# %% role="test" id="length-test-request" points=2
@check.test
def _():
    # Requests whose length can be known.
    RULE = dict(rule="Chunked, or the number that all say, or nothing.", rfc="RFC 9112 section 6.3")

    def post(*fields, version="HTTP/1.1"):
        return Request("POST", "/", version, tuple(fields))

    TE, CL = "transfer-encoding", "content-length"
    good = {post((CL, "5, 5")): 5, post((TE, "Chunked")): "chunked", post(("host", "a")): 0}
    check.each(request_length, list(good), expected=list(good.values()), **RULE)
    ### BEGIN HIDDEN TESTS
    good = {
        post((CL, "0")): 0,
        post((CL, "000")): 0,
        post((CL, "1000000")): 1_000_000,
        post((CL, "007")): 7,
        post((CL, "07,7 ,\t007")): 7,
        post((CL, "12"), ("a", "b"), (CL, "12")): 12,
        post((CL, "5"), version="HTTP/1.0"): 5,
        post((TE, ", chunked ,,")): "chunked",
        post((TE, ""), (TE, "CHUNKED")): "chunked",
        post((TE, "\tchunked")): "chunked",
        post(version="HTTP/1.0"): 0,
        post(("x-content-length", "7"), ("x-transfer-encoding", "chunked")): 0,
        Request("GET", "/", "HTTP/1.1", ((CL, "3"),)): 3,
        Request("HEAD", "/", "HTTP/1.1", ((CL, "3"),)): 3,
        post((CL, "0" * 6000 + "5")): 5,
    }
    check.each(request_length, list(good), expected=list(good.values()), **RULE)
    limited = [(post((CL, text)), 10) for text in ("10", "0010", "9")]
    check.each(request_length, limited, expected=[10, 10, 9], **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="length-test-smuggling" points=2
@check.test
def _():
    # Requests that could be read in two ways.
    TE, CL = "transfer-encoding", "content-length"

    def lengths(request_length, cases):
        """What each of these requests comes to."""
        found = {}
        for name, (fields, version) in cases.items():
            found[name] = outcome(request_length, Request("POST", "/", version, tuple(fields)))
        return found

    both = {
        "both": ([(CL, "5"), (TE, "chunked")], "HTTP/1.1"),
        "chunked in HTTP/1.0": ([(TE, "chunked")], "HTTP/1.0"),
        "gzip after chunked": ([(TE, "chunked, gzip")], "HTTP/1.1"),
        "gzip before chunked": ([(TE, "gzip, chunked")], "HTTP/1.1"),
    }

    def coding_examples(request_length):
        """Transfer-Encoding, alone and not alone."""
        return lengths(request_length, both)

    CODED = dict(
        rule="Both fields are never believed; chunked comes last and once; other codings are not known here.",
        rfc="RFC 9112 section 6.1",
    )
    check.probe(
        request_length,
        coding_examples,
        expected={name: f"refused with {501 if 'before' in name else 400}" for name in both},
        **CODED,
    )
    ### BEGIN HIDDEN TESTS
    wrong = {
        "both, the other way round": ([(TE, "chunked"), (CL, "0")], 400),
        "both, no number": ([(TE, "chunked"), (CL, "x")], 400),
        "both, and rot13": ([(TE, "rot13, chunked"), (CL, "5")], 400),
        "both, and empty": ([(TE, ""), (CL, "5")], 400),
        "both, and an empty length": ([(TE, "chunked"), (CL, "")], 400),
        "twice": ([(TE, "chunked, chunked")], 400),
        "twice on two lines": ([(TE, "chunked"), (TE, "chunked")], 400),
        "twice with gzip between": ([(TE, "chunked, gzip, chunked")], 400),
        "gzip": ([(TE, "gzip")], 400),
        "identity": ([(TE, "identity")], 400),
        "empty": ([(TE, "")], 400),
        "only commas": ([(TE, " , ,")], 400),
        "looks like it": ([(TE, "xchunked")], 400),
        "looks like it too": ([(TE, "Xchunked")], 400),
        "with a parameter": ([(TE, "chunked;q=1")], 400),
        "in quotes": ([(TE, '"chunked"')], 400),
        "with a no-break space": ([(TE, "chunked\xa0")], 400),
        "with a vertical tab": ([(TE, "\x0bchunked")], 400),
        "two words": ([(TE, "chunked chunked")], 400),
        "gzip on another line": ([(TE, "gzip"), (TE, "chunked")], 501),
        "gzip on the line after": ([(TE, "chunked"), (TE, "gzip")], 400),
        "identity, chunked": ([(TE, "identity, chunked")], 501),
        "gzip and deflate": ([(TE, "gzip, deflate, CHUNKED")], 501),
    }

    def more_codings(request_length):
        """More requests with Transfer-Encoding."""
        return lengths(
            request_length, {n: (fields, "HTTP/1.1") for n, (fields, _) in wrong.items()}
        )

    check.probe(
        request_length,
        more_codings,
        expected={name: f"refused with {code}" for name, (_, code) in wrong.items()},
        **CODED,
    )

    def later_versions(request_length):
        """HTTP/1.7 and HTTP/1.0 with a coding that is not known."""
        return lengths(
            request_length,
            {
                "1.7": ([(TE, "chunked")], "HTTP/1.7"),
                "1.0": ([(TE, "gzip, chunked")], "HTTP/1.0"),
            },
        )

    check.probe(
        request_length,
        later_versions,
        expected={"1.7": "chunked", "1.0": "refused with 400"},
        **CODED,
    )
    ### END HIDDEN TESTS


# %% role="test" id="length-test-numbers" points=2
@check.test
def _():
    # Content-Length: digits, and one number.
    def number(request_length, value, *more, **limits):
        fields = tuple(("content-length", each) for each in (value, *more))
        return outcome(request_length, Request("POST", "/", "HTTP/1.1", fields), **limits)

    NUMBERS = dict(
        rule="One or more digits, 0 to 9; several only if all are the same number.",
        rfc="RFC 9112 section 6.3",
    )

    def number_examples(request_length):
        """Values of Content-Length that are no good."""
        return {value: number(request_length, value) for value in ("+5", "5, 6", "0x5", "")}

    check.probe(
        request_length,
        number_examples,
        expected=dict.fromkeys(("+5", "5, 6", "0x5", ""), "refused with 400"),
        **NUMBERS,
    )
    ### BEGIN HIDDEN TESTS
    bad = [
        "-5",
        "5.0",
        "5_0",
        " ",
        "5 5",
        "five",
        "\xb2",
        "5\xb2",
        "5;5",
        "5,",
        ",5",
        "5,,5",
        "5\x0b",
        "\xa05",
        "1e3",
        "5, +5",
        "5, x",
        "0, 00, 1",
        "--5",
        "X5",
        "5\x1f",
        "\u0665",
    ]

    def more_numbers(request_length):
        """Which of these values are not refused with 400?"""
        found = {value: number(request_length, value) for value in bad}
        found["5 and 6 on two lines"] = number(request_length, "5", "6")
        found["5 and nothing on two lines"] = number(request_length, "5", "")
        found["5 and 50 on two lines"] = number(request_length, "50", "5")
        return others(found)

    check.probe(
        request_length,
        more_numbers,
        expected={},
        **NUMBERS,
    )

    def large(request_length):
        """Numbers at and beyond the limit."""
        found = {
            value: number(request_length, value)
            for value in ("1000001", "9" * 30, "1" + "0" * 4400)
        }
        found["11 of 10"] = number(request_length, "11", max_content=10)
        found["11, 11 of 10"] = number(request_length, "11, 11", max_content=10)
        found["11, 12 of 10"] = number(request_length, "11, 12", max_content=10)
        found["1 of 0"] = number(request_length, "1", max_content=0)
        found["0 of 0"] = number(request_length, "0", max_content=0)
        return {name[:20]: came for name, came in found.items()}

    late = "refused with 413"
    check.probe(
        request_length,
        large,
        expected={
            "1000001": late,
            "9" * 20: late,
            "1" + "0" * 19: late,
            "11 of 10": late,
            "11, 11 of 10": late,
            "11, 12 of 10": "refused with 400",
            "1 of 0": late,
            "0 of 0": 0,
        },
        rule="A number above max_content, of however many digits, is refused with 413.",
        rfc="RFC 9110 section 15.5.14",
    )
    ### END HIDDEN TESTS


# %% role="test" id="length-test-response" points=2
@check.test
def _():
    # Responses, as a client must read them.
    TE, CL = "transfer-encoding", "content-length"

    def reads(response_length, cases):
        return {
            f"{method} {status} {fields}": outcome(
                response_length, method, Response(status, tuple(fields))
            )
            for method, status, fields, _ in cases
        }

    RESPONSE = dict(
        rule="HEAD, 1xx, 204, 304: none. CONNECT: a tunnel. Then chunks, number, end of connection.",
        rfc="RFC 9112 section 6.3",
    )
    shown = [
        ("HEAD", 200, [(CL, "5")], 0),
        ("GET", 304, [(CL, "5")], 0),
        ("GET", 200, [(CL, "5")], 5),
        ("GET", 200, [], "close"),
    ]

    def response_examples(response_length):
        """How long are these responses?"""
        return reads(response_length, shown)

    def wanted(cases):
        return {f"{method} {status} {fields}": length for method, status, fields, length in cases}

    check.probe(response_length, response_examples, expected=wanted(shown), **RESPONSE)
    ### BEGIN HIDDEN TESTS
    cases = [
        ("HEAD", 404, [(TE, "chunked")], 0),
        ("HEAD", 200, [(CL, "x")], 0),
        ("GET", 100, [(CL, "5")], 0),
        ("GET", 199, [], 0),
        ("POST", 204, [(TE, "chunked")], 0),
        ("GET", 205, [(CL, "0")], 0),
        ("GET", 205, [(CL, "5")], 5),
        ("GET", 203, [(CL, "9")], 9),
        ("CONNECT", 200, [(CL, "5")], "tunnel"),
        ("CONNECT", 299, [(TE, "chunked")], "tunnel"),
        ("CONNECT", 204, [], 0),
        ("CONNECT", 300, [(CL, "5")], 5),
        ("CONNECT", 407, [(TE, "chunked")], "chunked"),
        ("CONNECT", 502, [], "close"),
        ("GET", 200, [(TE, "gzip, Chunked")], "chunked"),
        ("GET", 200, [(TE, "chunked, gzip")], "close"),
        ("GET", 200, [(TE, "gzip")], "close"),
        ("GET", 200, [(TE, "")], "close"),
        ("GET", 200, [(TE, "chunked"), (CL, "5")], "chunked"),
        ("GET", 200, [(TE, "gzip"), (CL, "5")], "close"),
        ("GET", 200, [(CL, "x"), (TE, "chunked")], "chunked"),
        ("GET", 500, [(CL, "07, 7")], 7),
        ("GET", 200, [(CL, "5"), (CL, "6")], "refused with 502"),
        ("GET", 200, [(CL, "")], "refused with 502"),
        ("GET", 200, [(CL, "-1")], "refused with 502"),
        ("GET", 200, [(CL, "9" * 25)], 10**25 - 1),
        ("PUT", 304, [], 0),
        ("head", 200, [(CL, "5")], 5),
        ("connect", 200, [(CL, "5")], 5),
    ]

    def more_responses(response_length):
        """How long are these responses?"""
        return reads(response_length, cases)

    check.probe(response_length, more_responses, expected=wanted(cases), **RESPONSE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="respond-text"
# ## 4. The answer
#
# A response begins with a **status line**: version, three digits, a reason phrase for people. Then
# fields, empty line, content. What can go wrong in writing? Two things, both seen in the wild. A
# value that came from a user may hold CR LF, and then the *user* writes the rest of your head. And
# some answers have no content at all, whatever you would like to say: one octet too many becomes
# the beginning of the next answer.

# %%
name = "Ann\r\nSet-Cookie: admin=1\r\n\r\n<h1>Mine now</h1>"
print(f"HTTP/1.1 200 OK\r\nX-User: {name}\r\nContent-Length: 5\r\n\r\nhello")

# %% [markdown] role="given" id="respond-brief"
# ### Exercise 4: write a response
#
# Write
# `serialise(response: Response, method: str = "GET", close: bool = False, date: str = "") -> bytes`,
# the octets of the answer to a request with this method.
#
# - The status line: `HTTP/1.1`, space, three digits, **space**, reason. `HTTPStatus(404).phrase` is
#   a reason; where it knows none, and it raises `ValueError` then, the reason is empty, but not the
#   space before it.
# - `response.fields` in their order, each `Name: value` with the name as given, in Latin-1. Then,
#   each only if `response.fields` has none of that name (in any case): `Date` with `date`, if
#   `date` is not empty; `Content-Length`, as said below; `Connection: close`, if `close`.
# - **No content** is sent in answer to HEAD, with 1xx, 204, 304, and with 2xx to CONNECT (RFC 9112
#   section 6.3).
# - `Content-Length` is the number of octets in `response.content`; with HEAD too, so that it says
#   what GET would bring. It is not added with 304; with 1xx, 204 and 2xx to CONNECT it is not sent
#   at all, and one in `response.fields` is left out (RFC 9110 section 8.6).
#
# Raise `ValueError`
#
# - if the status is not from 100 to 599;
# - if a name is no token or a value has an octet below `0x20` other than the tab, or `0x7f`, or a
#   character that is not in Latin-1;
# - if `response.fields` has a Transfer-Encoding, or a Content-Length that is not the number of
#   octets in `response.content`; except with HEAD and 304, where a field without content is no lie.
#   (Where Content-Length is left out, it is not looked at.)
#
# Example: `serialise(Response(404, (("Vary", "Accept"),), b"no"))` is
# `b"HTTP/1.1 404 Not Found\r\nVary: Accept\r\nContent-Length: 2\r\n\r\nno"`.


# %% role="answer" id="respond-answer"
def serialise(
    response: Response, method: str = "GET", close: bool = False, date: str = ""
) -> bytes:
    """Return the octets of a response to `method`; raise ValueError if it would be none, or a lie."""
    ### BEGIN SOLUTION
    status, content = response.status, response.content
    if not 100 <= status <= 599:
        raise ValueError(f"status {status}")
    unannounced = status < 200 or status == 204 or (method == "CONNECT" and status < 300)
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = ""
    fields = []
    for name, value in response.fields:
        if not re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name):
            raise ValueError(f"the name {name!r}")
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
            raise ValueError(f"the value of {name}")
        if name.lower() == "transfer-encoding":
            raise ValueError("nothing is encoded here")
        if name.lower() == "content-length":
            if unannounced:
                continue
            if value != str(len(content)) and method != "HEAD" and status != 304:
                raise ValueError("a length that is not that of the content")
        fields.append((name, value))
    there = {name.lower() for name, _ in fields}
    if date and "date" not in there:
        fields.append(("Date", date))
    if "content-length" not in there and not unannounced and status != 304:
        fields.append(("Content-Length", str(len(content))))
    if close and "connection" not in there:
        fields.append(("Connection", "close"))
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in fields)]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head if unannounced or status == 304 or method == "HEAD" else head + content
    ### END SOLUTION


# %% [markdown] role="hint" id="respond-hint-1"
# Nudge
# Sort the answers into three heaps first: those with content; those without content that still
# say a length; those that say none.

# %% [markdown] role="hint" id="respond-hint-2"
# Way
# Check every field of `response.fields` and collect those that stay; then add what is missing; then
# write. A length in the fields is compared as text: `"05"` is not the number of octets in five.
# `"…".encode("latin-1")` raises `UnicodeEncodeError`, which is a `ValueError`.

# %% [markdown] role="hint" id="respond-hint-3"
# Almost
# `unannounced = status < 200 or status == 204 or (method == "CONNECT" and 200 <= status < 300)` are
# those that say no length. `silent = unannounced or status == 304 or method == "HEAD"` are those
# without content. The head is `"\r\n".join([status_line, *fields]) + "\r\n\r\n"`.


# %% role="test" id="respond-test-octets" points=2
@check.test
def _():
    # The octets of an answer.
    RULE = dict(
        rule="Status line, fields in their order, what is missing, an empty line, content.",
        rfc="RFC 9112 sections 2.1 and 4",
        view="lines",
    )
    check(
        serialise,
        Response(404, (("Vary", "Accept"),), b"no"),
        expected=b"HTTP/1.1 404 Not Found\r\nVary: Accept\r\nContent-Length: 2\r\n\r\nno",
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    five = (("ETag", '"7"'), ("X-Word", "caf\xe9\ta"), ("x-word", ""))
    cases = {
        (Response(299, (), b"x"),): b"HTTP/1.1 299 \r\nContent-Length: 1\r\n\r\nx",
        (Response(599),): b"HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n",
        (
            Response(200, five, b"\x00\r\n"),
        ): b'HTTP/1.1 200 OK\r\nETag: "7"\r\nX-Word: caf\xe9\ta\r\nx-word: \r\n'
        b"Content-Length: 3\r\n\r\n\x00\r\n",
        (
            Response(200, (("content-length", "2"),), b"hi"),
        ): b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        (
            Response(200, (), b"hi"),
            "GET",
            True,
            "Sun",
        ): b"HTTP/1.1 200 OK\r\nDate: Sun\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
        (
            Response(200, (("DATE", "x"), ("connection", "y")), b""),
            "GET",
            True,
            "Sun",
        ): b"HTTP/1.1 200 OK\r\nDATE: x\r\nconnection: y\r\nContent-Length: 0\r\n\r\n",
        (
            Response(500, (("A", "b"), ("A", "c"))),
            "PUT",
        ): b"HTTP/1.1 500 Internal Server Error\r\nA: b\r\nA: c\r\nContent-Length: 0\r\n\r\n",
    }
    check.each(serialise, list(cases), expected=list(cases.values()), **RULE)

    dice = random.Random(214)

    def read_back(serialise):
        """Ninety random answers in one stream, as h11 reads them."""
        streams, wanted = b"", []
        for _ in range(90):
            status = dice.choice([200, 201, 206, 299, 301, 400, 404, 405, 499, 500, 503, 599])
            fields = tuple(
                (f"X-{n}", dice.choice(["a", "a, b", "\xff"])) for n in range(dice.randrange(3))
            )
            content = dice.randbytes(dice.choice([0, 1, 30]))
            streams += serialise(Response(status, fields, content))
            length = ("content-length", str(len(content)))
            wanted.append((status, (*((n.lower(), v) for n, v in fields), length), content))
        return answers_of(streams, ended=False) == wanted

    check.probe(serialise, read_back, expected=True, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="respond-test-no-content" points=2
@check.test
def _():
    # Answers without content, and which of them say a length.
    RULE = dict(
        rule="No content: HEAD, 1xx, 204, 304, 2xx to CONNECT. A length: HEAD says that of GET; 304 only if given.",
        rfc="RFC 9110 sections 6.4.1 and 8.6",
    )

    def written(serialise, cases):
        """For each (status, method): the fields' names, and the content."""
        found = {}
        for status, method, fields, content in cases:
            octets = serialise(Response(status, fields, content), method)
            top, _, rest = octets.partition(b"\r\n\r\n")
            found[f"{status} {method} {list(fields)} {content}"] = [
                line.decode() for line in top.split(b"\r\n")[1:]
            ] + [rest]
        return found

    shown = [
        (200, "HEAD", (), b"hello"),
        (204, "PUT", (), b""),
        (304, "GET", (("ETag", '"7"'),), b"hello"),
    ]

    def bodiless(serialise):
        """Fields and content of answers that have none."""
        return written(serialise, shown)

    check.probe(
        serialise,
        bodiless,
        expected={
            "200 HEAD [] b'hello'": ["Content-Length: 5", b""],
            "204 PUT [] b''": [b""],
            "304 GET [('ETag', '\"7\"')] b'hello'": ['ETag: "7"', b""],
        },
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    length = (("content-length", "5"),)
    cases = {
        (204, "GET", (), b"hello"): [b""],
        (204, "GET", (("A", "b"), *length), b""): ["A: b", b""],
        (204, "DELETE", (("Content-Length", "0"),), b""): [b""],
        (204, "DELETE", (("Content-Length", "0"), ("A", "b")), b""): ["A: b", b""],
        (100, "POST", (), b""): [b""],
        (103, "GET", (("Link", "x"), *length), b"z"): ["Link: x", b""],
        (199, "GET", (), b"x"): [b""],
        (200, "CONNECT", (), b"hello"): [b""],
        (299, "CONNECT", length, b""): [b""],
        (300, "CONNECT", (), b"hello"): ["Content-Length: 5", b"hello"],
        (403, "CONNECT", (), b"no"): ["Content-Length: 2", b"no"],
        (304, "GET", length, b""): ["content-length: 5", b""],
        (304, "HEAD", (), b""): [b""],
        (200, "HEAD", length, b""): ["content-length: 5", b""],
        (200, "HEAD", (), b""): ["Content-Length: 0", b""],
        (404, "HEAD", (), b"no"): ["Content-Length: 2", b""],
        (204, "HEAD", (), b"no"): [b""],
        (205, "GET", (), b""): ["Content-Length: 0", b""],
        (200, "head", (), b"hello"): ["Content-Length: 5", b"hello"],
    }

    def more_bodiless(serialise):
        """Fields and content of more answers."""
        return written(serialise, cases)

    check.probe(
        serialise,
        more_bodiless,
        expected={f"{s} {m} {list(f)} {c}": came for (s, m, f, c), came in cases.items()},
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="respond-test-refused" points=2
@check.test
def _():
    # Answers that must not be written.
    RULE = dict(
        rule="No line end or control octet leaves by a field, and no length that is not true.",
        rfc="RFC 9110 section 5.5, RFC 9112 section 11.1",
    )
    check.refuses_each(
        serialise,
        [
            (Response(200, (("X", "a\r\nSet-Cookie: b"),)),),
            (Response(200, (("Content-Length", "3"),), b"hi"),),
        ],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    values = ["a\n", "\ra", "a\x00", "a\x0bb", "\x7f", "\u20ac", "a\u0141", "\x1f", "\n"]
    names = ["", "a b", "a:", "a\r\nb", "\xe9", "(x)", " a", "a\t", "\u20ac", "a\n"]
    fields = [("X", value) for value in values] + [(name, "a") for name in names]
    check.refuses_each(serialise, [(Response(200, (field,)),) for field in fields], **RULE)

    lies = [
        ("2, 2", b"hi"),
        ("02", b"hi"),
        ("+2", b"hi"),
        ("", b""),
        ("0", b"hi"),
        ("x", b""),
        (" 2", b"hi"),
    ]
    cases = [(Response(200, (("cOntent-length", n),), content),) for n, content in lies]
    cases += [(Response(200, (("Content-Length", "2"), ("Content-Length", "3")), b"hi"),)]
    cases += [(Response(200, (("Transfer-encoding", "chunked"),), b"0\r\n\r\n"),)]
    cases += [(Response(300, (("Content-Length", "9"),)), "CONNECT")]
    check.refuses_each(serialise, cases, **RULE)
    check.refuses_each(
        serialise, [(Response(n),) for n in (0, 20, 99, 600, 999, 1000, -200)], **RULE
    )

    def still_checked(serialise):
        """Are the fields looked at where there is no content?"""
        found = []
        for status, method in ((204, "GET"), (200, "HEAD"), (304, "GET"), (200, "CONNECT")):
            try:
                serialise(Response(status, (("X", "a\r\nY: b"),)), method)
            except ValueError:
                continue
            found.append((status, method))
        return found

    check.probe(serialise, still_checked, expected=[], **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="safe-text"
# ## 5. What a method promises
#
# The first word of a request says what is asked for. Everybody between client and server acts on
# that word without knowing the site: a search engine follows links, a browser fetches before you
# click, a proxy asks again when a connection breaks. They may, because of two promises.
#
# - **Safe**: the request asks for nothing but to read. (RFC 9110 section 9.2.1)
# - **Idempotent**: asking twice intends the same as asking once. (section 9.2.2)
#
# **Is it so?** "GET is regarded as unsafe, because web crawlers and others can call it." *False*,
# and upside down. GET is safe *by definition*; crawlers are the reason that you must keep the
# promise. Here is a site that does not, and the most polite crawler:


# %%
def careless_site(pages):
    def handler(request):
        page, _, action = request.target.partition("?")
        if action == "delete":
            pages.pop(page, None)
        links = "".join(f'<a href="{p}?delete">delete {p}</a>' for p in pages)
        return Response(200, (), links.encode())

    return handler


def crawl(server):
    """Follow every link, with GET and nothing else."""
    import requests

    base, todo = f"http://127.0.0.1:{server.address[1]}", ["/"]
    with requests.Session() as session:
        session.trust_env = False
        while todo:
            page = session.get(base + todo.pop(), timeout=5).text
            todo += re.findall(r'href="([^"]*)"', page)[:1]


pages = {"/home": 1, "/prices": 2, "/orders": 3}
with running(serve_stock, careless_site(pages)) as server:
    print("before:", list(pages))
    crawl(server)
    print("after: ", list(pages))

# %% [markdown] role="given" id="safe-body"
# **Is it so?** "POST sends its parameters in the body; once sent, they are gone." *False.* Whoever
# sent them has them still, and 307 and 308 ask for them again, at another address
# (RFC 9110 sections 15.4.8 and 15.4.9). Watch the same words arrive twice:


# %%
def moved(request):
    print(f"{request.method} {request.target}: {request.content.decode()}")
    return Response(307, (("Location", "/new"),)) if request.target == "/old" else Response(200)


with running(serve_stock, moved) as server:
    import requests

    with requests.Session() as session:
        session.trust_env = False
        session.post(f"http://127.0.0.1:{server.address[1]}/old", data="pay=5", timeout=5)

# %% [markdown] role="given" id="safe-eight"
# **Is it so?** "HTTP has eight methods." *Half true.* The notes list nine; RFC 9110 section 9.1
# defines eight (PATCH is not one of them), and a registry holds some thirty more. A method is only
# a word that a server knows or does not know. The newest widely useful one is **QUERY** (RFC 10008,
# of 2026): it asks like GET, and has content like POST; it is safe, idempotent, and its answer can
# be cached.

# %%
with running(serve_stock, lambda request: Response(200, (), request.method.encode())) as server:
    for method in ("PATCH", "QUERY", "FOO"):
        client = server.connect()
        client.sendall(f"{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        print(method, "->", client.recv(999).split(b"\r\n")[0].decode())

# %% [markdown] role="given" id="safe-brief"
# ### Exercise 5: promised and kept
#
# **`promises(method: str) -> set[str]`** returns which of `"safe"`, `"idempotent"` and
# `"cacheable"` the standards promise for it: the eight methods of RFC 9110 sections 9.2.1 to 9.2.3,
# PATCH and QUERY. *Cacheable* means that the standard lets a cache store an answer to it at all,
# perhaps under conditions; this is so for PATCH as well (RFC 5789 section 2). Nothing is known of
# any other word, and the case of letters counts: the empty set.
#
# **`kept(handler, store: dict, request: Request) -> set[str]`** finds out what a handler does.
# `handler(store, request)` returns a `Response` and may change the store, also deep inside. Return a
# set with
#
# - `"safe"` if one run leaves the store as it was,
# - `"idempotent"` if the store is the same after two runs as after one.
#
# What stands under the key `"log"` of the store does not count: a server may write down what it was
# asked (RFC 9110 section 9.2.1). Nor do the answers count. Every trial begins with the store as
# given, and `store` itself is not changed. Two stores are the same if `==` says so.
#
# Example: a handler that counts its calls under `"calls"` keeps neither; `promises("DELETE")` is
# `{"idempotent"}`.


# %% role="answer" id="safe-answer"
def promises(method: str) -> set[str]:
    """Return which of safe, idempotent and cacheable the standards promise for a method."""
    ### BEGIN SOLUTION
    safe = {"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"}
    found = {"safe", "idempotent"} if method in safe else set()
    if method in ("PUT", "DELETE"):
        found.add("idempotent")
    if method in ("GET", "HEAD", "POST", "QUERY", "PATCH"):
        found.add("cacheable")
    return found
    ### END SOLUTION


def kept(handler, store: dict, request: Request) -> set[str]:
    """Run a handler on copies of the store; return which of safe and idempotent it is."""
    ### BEGIN SOLUTION
    from copy import deepcopy

    def seen(store):
        return deepcopy({key: value for key, value in store.items() if key != "log"})

    trial = deepcopy(store)
    before = seen(trial)
    handler(trial, request)
    once = seen(trial)
    handler(trial, request)
    twice = seen(trial)
    return {
        name for name, holds in (("safe", before == once), ("idempotent", once == twice)) if holds
    }
    ### END SOLUTION


# %% [markdown] role="hint" id="safe-hint-1"
# Nudge
# For `kept` you need three pictures of the store: before, after one run, after two. How do you take
# a picture that a later change does not reach?

# %% [markdown] role="hint" id="safe-hint-2"
# Way
# `copy.deepcopy` copies what is inside as well. Let the handler run on one copy, and keep a deep
# copy of that after each run, without the log. Every safe method is idempotent; the reverse does
# not hold.

# %% [markdown] role="hint" id="safe-hint-3"
# Almost
# Safe: GET, HEAD, OPTIONS, TRACE, QUERY. Idempotent: these and PUT, DELETE. Cacheable: GET, HEAD,
# POST, PATCH, QUERY. In `kept`: `before`, `once`, `twice`, each
# `deepcopy({k: v for k, v in trial.items() if k != "log"})`.


# %% role="test" id="safe-test-promises" points=2
@check.test
def _():
    # What the standards promise.
    RULE = dict(
        rule="Safe asks to read only; idempotent: twice intends what once does.",
        rfc="RFC 9110 section 9.2",
    )
    check.each(
        promises,
        ["DELETE", "TRACE", "get"],
        expected=[{"idempotent"}, {"safe", "idempotent"}, set()],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    both = {"safe", "idempotent"}
    table = {
        "GET": both | {"cacheable"},
        "HEAD": both | {"cacheable"},
        "POST": {"cacheable"},
        "PUT": {"idempotent"},
        "CONNECT": set(),
        "OPTIONS": both,
        "PATCH": {"cacheable"},
        "QUERY": both | {"cacheable"},
        "FOO": set(),
        "": set(),
        "Head": set(),
        "GET ": set(),
        "MKCOL": set(),
    }
    check.each(promises, list(table), expected=list(table.values()), **RULE)

    def own_set(promises):
        """Is the set of one answer changed by what is done to another?"""
        promises("GET").clear()
        promises("PUT").add("safe")
        return [promises("GET"), promises("PUT"), promises("HEAD")]

    check.probe(
        promises,
        own_set,
        expected=[both | {"cacheable"}, {"idempotent"}, both | {"cacheable"}],
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="safe-test-kept" points=2
@check.test
def _():
    # What handlers do.
    def reads(store, request):
        return Response(200, (), str(store.get("note")).encode())

    def reads_and_logs(store, request):
        store.setdefault("log", []).append(request.target)
        return Response(200)

    def replaces(store, request):
        created = "note" not in store
        store["note"] = {"text": request.content}
        return Response(201 if created else 204)

    def removes(store, request):
        return Response(204 if store.pop("note", None) else 404)

    def counts(store, request):
        store["calls"] = store.get("calls", 0) + 1
        return Response(200)

    def appends_deep_inside(store, request):
        store["note"]["tags"].append("x")
        return Response(200)

    both = {"safe", "idempotent"}
    RULE = dict(
        rule="Compare the store before, after one run and after two; the log does not count.",
        rfc="RFC 9110 sections 9.2.1 and 9.2.2",
    )

    def trials(kept, *handlers):
        """What these handlers keep."""
        store = {"note": {"text": b"a", "tags": []}, "log": []}
        request = Request("PUT", "/note", content=b"b")
        return {each.__name__: kept(each, store, request) for each in handlers}

    def handler_examples(kept):
        """What these handlers keep."""
        return trials(kept, reads, counts, removes)

    check.probe(
        kept,
        handler_examples,
        expected={"reads": both, "counts": set(), "removes": {"idempotent"}},
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def toggles(store, request):
        store["on"] = not store.get("on", False)
        return Response(200)

    def settles(store, request):
        store["n"] = min(store.get("n", 0) + 1, 2)
        return Response(200)

    def late(store, request):
        runs = store.setdefault("log", [])
        runs.append(1)
        if len(runs) == 2:
            store["note"] = "changed at the second run"
        return Response(200)

    def log_elsewhere(store, request):
        store["note"]["log"] = request.target
        return Response(200)

    def answers_differ(store, request):
        return Response(200, (), str(len(store.setdefault("log", []))).encode())

    def sorts_itself(store, request):
        store["note"]["tags"].sort()
        return Response(200)

    def puts_back(store, request):
        store["note"] = store.pop("note")
        note = store["note"]
        note["text"] = note.pop("text")
        return Response(200)

    def forgets_all(store, request):
        store.clear()
        return Response(200)

    def more_handlers(kept):
        """What these handlers keep."""
        return trials(
            kept,
            reads_and_logs,
            replaces,
            appends_deep_inside,
            toggles,
            settles,
            late,
            log_elsewhere,
            answers_differ,
            sorts_itself,
            puts_back,
            forgets_all,
        )

    check.probe(
        kept,
        more_handlers,
        expected={
            "reads_and_logs": both,
            "replaces": {"idempotent"},
            "appends_deep_inside": set(),
            "toggles": set(),
            "settles": set(),
            "late": {"safe"},
            "log_elsewhere": {"idempotent"},
            "answers_differ": both,
            "sorts_itself": both,
            "puts_back": both,
            "forgets_all": {"idempotent"},
        },
        **RULE,
    )

    def untouched(kept):
        """The store after the trials; how often the handler ran is not looked at."""
        store = {"note": {"text": b"a", "tags": ["z"]}, "log": ["old"]}
        for handler in (counts, appends_deep_inside, reads_and_logs, removes):
            kept(handler, store, Request("GET", "/x"))
        return store

    check.probe(
        kept,
        untouched,
        expected={"note": {"text": b"a", "tags": ["z"]}, "log": ["old"]},
        rule="The trials run on copies: the store that was given stays as it was.",
        rfc="",
    )

    def no_log_at_all(kept):
        """Stores without a log, and empty ones."""
        return [
            kept(reads_and_logs, {}, Request("GET", "/")),
            kept(counts, {}, Request("GET", "/")),
        ]

    check.probe(kept, no_log_at_all, expected=[both, set()], **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="status-text"
# ## 6. The right status code
#
# Three digits, and the first alone must do for those who do not know the others: an unknown 4xx is
# read as 400, an unknown 2xx as 200 (RFC 9110 section 15). Why care for the other two? Because
# programs act on them. A crawler keeps asking after 404 and stops after 410. A browser asks for a
# password at 401 and never at 403. A client that is told 307 sends its content again; told 303 it
# comes with GET.
#
# ![The classes of status codes, and who acts on them](figures/classes.svg)

# %% role="given" id="status-given-situations" jupyter={"source_hidden": true}
SITUATIONS = {
    "made": ("POST /orders made a new order. It exists now, at /orders/7.", (200, 201, 202, 204)),
    "queued": ("POST /reports was accepted. The report will be made tonight; there is none yet.", (200, 201, 202, 204)),
    "saved": ("PUT /note replaced the note, which was there before. There is nothing more to say.", (201, 204, 205, 304)),
    "moved": ("The whole interface has moved for good. Whoever POSTs to the old address must POST to the new.", (301, 302, 307, 308)),
    "today": ("Just this afternoon the interface is served elsewhere. A PUT must arrive there as the same PUT.", (301, 302, 307, 308)),
    "form": ("A form was POSTed and the order made. The browser shall now GET the page /thanks.", (201, 303, 307, 308)),
    "same": ("GET with If-None-Match; the client's copy is still the current one.", (200, 204, 304, 412)),
    "syntax": ("The request line has four words.", (400, 404, 422, 500)),
    "who": ("The page needs a password, and the request brought none.", (400, 401, 403, 407)),
    "never": ("Ann is logged in. This page is not for Ann, and no other password of hers will change that.", (401, 403, 405, 406)),
    "missing": ("There is nothing at this address; whether there ever was, nobody knows.", (204, 400, 404, 410)),
    "removed": ("This page was taken down on purpose and for ever, and the site wants links to it to die.", (301, 403, 404, 410)),
    "method": ("DELETE /clock. The clock is there, but it can only be read.", (400, 404, 405, 501)),
    "brew": ("The method is BREW. No resource on this server has ever heard of it.", (400, 404, 405, 501)),
    "late": ("PUT with If-Match and an ETag that was current this morning. Somebody else has changed the note.", (304, 409, 412, 428)),
    "blind": ("PUT without If-Match. This server takes changes only with one, lest somebody's work be lost.", (400, 409, 412, 428)),
    "taken": ("A valid request would rename an account, but that name belongs to somebody else by now.", (403, 409, 412, 422)),
    "nonsense": ("Well-formed JSON of the right type says that the journey ends before it begins.", (409, 415, 422, 500)),
    "format": ("The content is XML, and says so. This resource takes only JSON.", (406, 415, 422, 501)),
    "picky": ("The client accepts only image/webp. There is only a PNG, and the server will not send that unasked.", (404, 406, 415, 416)),
    "greedy": ("One client has asked a thousand times in a minute; the others are fine.", (403, 408, 429, 503)),
    "big": ("Content-Length says two gigabytes. One megabyte is taken.", (411, 413, 414, 431)),
    "works": ("The server is being mended and will be back in ten minutes; it says so in Retry-After.", (404, 500, 502, 503)),
    "noise": ("A reverse proxy asks the server behind it, and gets octets that are no HTTP.", (500, 502, 503, 504)),
    "silence": ("A reverse proxy asks the server behind it, and nothing comes, however long it waits.", (408, 502, 503, 504)),
}  # fmt: skip

# %%
for name, (situation, options) in SITUATIONS.items():
    print(f"{name:9} {situation}\n{'':9} {options}")

# %% [markdown] role="given" id="status-brief"
# ### Exercise 6: twenty-five situations
#
# Write `status_for(situation: str) -> int`: for each key of `SITUATIONS` the one status code of its
# options that says what happened best. A dictionary will do. For any other key raise `KeyError`.
#
# Example: `status_for("made")` is 201: something new exists, and a Location field says where. Every
# wrong choice is answered with why it is wrong.


# %% role="answer" id="status-answer"
def status_for(situation: str) -> int:
    """Return the status code that says best what happened in one of SITUATIONS."""
    ### BEGIN SOLUTION
    return {
        "made": 201, "queued": 202, "saved": 204, "moved": 308, "today": 307,
        "form": 303, "same": 304, "syntax": 400, "who": 401, "never": 403,
        "missing": 404, "removed": 410, "method": 405, "brew": 501, "late": 412,
        "blind": 428, "taken": 409, "nonsense": 422, "format": 415, "picky": 406,
        "greedy": 429, "big": 413, "works": 503, "noise": 502, "silence": 504,
    }[situation]  # fmt: skip
    ### END SOLUTION


# %% [markdown] role="hint" id="status-hint-1"
# Nudge
# First the class: did it work, is there more for the client to do, could the client have done
# better, or could the server? Then ask what the client should *do* next.

# %% [markdown] role="hint" id="status-hint-2"
# Way
# 301 and 302 are old and let a POST become a GET; 307 and 308 keep it, for now and for good. 401 says
# "who are you?", 403 "I know, and no". 409 is about the state of the resource, 412 about a
# condition in the request, 428 about one that is missing, 422 about what the content says.

# %% [markdown] role="hint" id="status-hint-3"
# Almost
# In the order of the table, the first digits are: three times 2, four times 3, six times 4, once 5,
# eight times 4, three times 5. Of those that stay, the text of the situation decides: "on purpose",
# "for good", "nothing comes".


# %% role="test" id="status-test-done" points=1
@check.test
def _():
    # It worked.
    RULE = dict(rule="One of the options of SITUATIONS fits best; read its text again.")
    check(status_for, "made", expected=201, rfc="RFC 9110 section 15.3.2", **RULE)
    ### BEGIN HIDDEN TESTS
    check(status_for, "queued", expected=202, rfc="RFC 9110 section 15.3.3", **RULE)
    check(status_for, "saved", expected=204, rfc="RFC 9110 section 15.3.5", **RULE)
    check.refuses(status_for, "anything else", error=KeyError, rule="Another key raises KeyError.")
    ### END HIDDEN TESTS


# %% role="test" id="status-test-elsewhere" points=1
@check.test
def _():
    # There is more to do: somewhere else, or from one's own copy.
    RULE = dict(rule="One of the options of SITUATIONS fits best; read its text again.")
    check(status_for, "moved", expected=308, rfc="RFC 9110 section 15.4.9", **RULE)
    ### BEGIN HIDDEN TESTS
    check(status_for, "today", expected=307, rfc="RFC 9110 section 15.4.8", **RULE)
    check(status_for, "form", expected=303, rfc="RFC 9110 section 15.4.4", **RULE)
    check(status_for, "same", expected=304, rfc="RFC 9110 section 15.4.5", **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="status-test-client" points=2
@check.test
def _():
    # The client could do better: asking.
    RULE = dict(rule="One of the options of SITUATIONS fits best; read its text again.")
    check(status_for, "who", expected=401, rfc="RFC 9110 section 15.5.2", **RULE)
    check(status_for, "removed", expected=410, rfc="RFC 9110 section 15.5.11", **RULE)
    ### BEGIN HIDDEN TESTS
    check(status_for, "syntax", expected=400, rfc="RFC 9110 section 15.5.1", **RULE)
    check(status_for, "never", expected=403, rfc="RFC 9110 section 15.5.4", **RULE)
    check(status_for, "missing", expected=404, rfc="RFC 9110 section 15.5.5", **RULE)
    check(status_for, "method", expected=405, rfc="RFC 9110 section 15.5.6", **RULE)
    check(status_for, "greedy", expected=429, rfc="RFC 6585 section 4", **RULE)
    check(status_for, "picky", expected=406, rfc="RFC 9110 section 15.5.7", **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="status-test-change" points=2
@check.test
def _():
    # The client could do better: changing.
    RULE = dict(rule="One of the options of SITUATIONS fits best; read its text again.")
    check(status_for, "late", expected=412, rfc="RFC 9110 section 15.5.13", **RULE)
    ### BEGIN HIDDEN TESTS
    check(status_for, "blind", expected=428, rfc="RFC 6585 section 3", **RULE)
    check(status_for, "taken", expected=409, rfc="RFC 9110 section 15.5.10", **RULE)
    check(status_for, "nonsense", expected=422, rfc="RFC 9110 section 15.5.21", **RULE)
    check(status_for, "format", expected=415, rfc="RFC 9110 section 15.5.16", **RULE)
    check(status_for, "big", expected=413, rfc="RFC 9110 section 15.5.14", **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="status-test-server" points=1
@check.test
def _():
    # The server could do better.
    RULE = dict(rule="One of the options of SITUATIONS fits best; read its text again.")
    check(status_for, "works", expected=503, rfc="RFC 9110 section 15.6.4", **RULE)
    ### BEGIN HIDDEN TESTS
    check(status_for, "brew", expected=501, rfc="RFC 9110 section 15.6.2", **RULE)
    check(status_for, "noise", expected=502, rfc="RFC 9110 section 15.6.3", **RULE)
    check(status_for, "silence", expected=504, rfc="RFC 9110 section 15.6.5", **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="cache-text"
# ## 7. Asking again, and not asking at all
#
# Most requests on this planet are for something that the asker already has. Two ways to save the
# trip, or at least the load:
#
# - **Ask with a condition.** The server names each version of a resource by an **entity tag**,
#   `ETag: "7"`. The client asks "unless it is still 7" and gets 304 without content, or "only if it
#   is still 7" before it changes something, and gets 412 if it is not.
# - **Do not ask.** A **cache** keeps an answer and uses it as long as it is **fresh**: younger than
#   the server said. A cache that serves many people, a CDN for example, is called *shared*.
#
# **Is it so?** "GET: parameters in the URL, cached by CDNs" (and POST is not). *Half true.* RFC
# 9111 section 3 decides what is stored: method, status, Cache-Control, Authorization. Not every GET
# is; and POST can be, where its answer says for how long and of which resource (RFC 9110 section
# 9.3.3). Here is a cache of twelve lines that knows only one rule, "keep every GET":


# %%
def naive_cache(origin):
    kept = {}

    def ask(request):
        if request.method == "GET" and request.target in kept:
            return kept[request.target]
        response = origin(request)
        if request.method == "GET":
            kept[request.target] = response
        return response

    return ask


def bank(request):
    who = "".join(request.values("authorization")) or "nobody"
    return Response(200, (("Cache-Control", "private"),), f"Balance of {who}".encode())


ask = naive_cache(bank)
for who in ("Ann", "Bob"):
    print(
        who,
        "sees:",
        ask(Request("GET", "/account", fields=(("authorization", who),))).content.decode(),
    )

# %% [markdown] role="given" id="cache-brief"
# ### Exercise 7: conditions and caches
#
# Field names in requests and responses are in lower case here. `date_s(text)` in the next cell
# gives the seconds since 1970 of an HTTP date, or `None` if it is none.
#
# **`precondition(request: Request, etag: str | None, modified_s: int | None) -> int | None`**
#
# Of a resource whose tag is `etag` (as `'"7"'` or `'W/"7"'`) and that was last changed at
# `modified_s`; without a resource both are `None`. Return 304 or 412, or `None` if the request is to
# be done. In this order (RFC 9110 section 13.2.2):
#
# 1. `If-Match`: 412 unless one of its tags is *strongly* the same: equal, and neither is weak
#    (`W/`). `*` is any resource there is.
# 2. Without `If-Match`, `If-Unmodified-Since`: 412 if `modified_s` is later.
# 3. `If-None-Match`: if one of its tags is *weakly* the same (equal but for `W/`), or it is `*` and
#    there is a resource: 304 with GET and HEAD, 412 with others.
# 4. Without `If-None-Match`, with GET and HEAD only, `If-Modified-Since`: 304 if `modified_s` is
#    not later.
#
# A date that is none is ignored; so are dates where `modified_s` is `None`. Tags are listed with
# commas, on one line or several; a tag itself may hold a comma.
#
# **`directives(response: Request | Response) -> dict[str, str]`**: all of its Cache-Control: names
# in lower case, value `""` if there is none, quotes around a value taken off:
# `'Max-Age="5", no-cache="a, b"'` gives `{"max-age": "5", "no-cache": "a, b"}`.
#
# **`may_store(request: Request, response: Response) -> bool`**: may a *shared* cache keep this?
# Only if all of this holds (RFC 9111 sections 3 and 3.5):
#
# - neither of them says `no-store`, and the response does not say `private`;
# - a request with Authorization: the response says `public`, `s-maxage` or `must-revalidate`;
# - the method is GET, and the response says `public`, `max-age`, `s-maxage` or has Expires, or its
#   status is one of 200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501; **or** the method is
#   POST, the response says `max-age`, `s-maxage` or has Expires, and its Content-Location is the
#   target of the request. Other methods: no;
# - its status is not 1xx, 206 or 304.
#
# **`reuse(stored: tuple[Request, Response], stored_s: int, request: Request, now_s: int) -> str`**:
# what can be done with an answer that the same cache stored at `stored_s`, now, at `now_s`? The
# first that applies:
#
# - `"miss"`: the method is neither GET nor HEAD; the targets differ; or for a name in the Vary of
#   the stored response the two requests have different lists of values, or it names `*`.
# - `"revalidate"` (ask the server first): the request or the stored response says `no-cache`.
# - `"fresh"`: its **age** is less than its **lifetime**. The age is the stored `Age` (0 if there is
#   none) plus the seconds since `stored_s`. The lifetime is `s-maxage`; else `max-age`; else
#   Expires minus Date, or minus `stored_s` where there is no Date (RFC 9110 section 6.6.1); else 0.
#   An age or a lifetime that is not digits is 0, and so is a lifetime of a date that is none.
# - `"revalidate"`: the response says `must-revalidate`, `proxy-revalidate` or `s-maxage`.
# - `"stale"`: to be used only if the server cannot be reached. (RFC 9111 sections 4 to 4.2.4)
#
# Example: an answer with `max-age=60` and `Age: 50`, stored at 1000, is fresh at 1009 and stale at
# 1010.


# %% role="given" id="cache-given-date"
def date_s(text: str) -> int | None:
    """Return the seconds since 1970 of an HTTP date (RFC 9110 section 5.6.7), None if it is none."""
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


# %% role="answer" id="cache-answer"
def precondition(request: Request, etag: str | None, modified_s: int | None) -> int | None:
    """Return 304 or 412 where a condition of the request decides, else None."""

    ### BEGIN SOLUTION
    def tags(name):
        return re.findall(r'(?:W/)?"[^"]*"|\*', ", ".join(request.values(name)))

    def date(name):
        values = request.values(name)
        return date_s(values[0]) if values and modified_s is not None else None

    reads = request.method in ("GET", "HEAD")
    if request.values("if-match"):
        strong = etag is not None and not etag.startswith("W/") and etag in tags("if-match")
        if not strong and not (etag is not None and "*" in tags("if-match")):
            return 412
    elif (limit := date("if-unmodified-since")) is not None and modified_s > limit:
        return 412
    if request.values("if-none-match"):
        weak = [tag.removeprefix("W/") for tag in tags("if-none-match")]
        if etag is not None and (etag.removeprefix("W/") in weak or "*" in weak):
            return 304 if reads else 412
    elif reads and (limit := date("if-modified-since")) is not None and modified_s <= limit:
        return 304
    return None
    ### END SOLUTION


def directives(response: Request | Response) -> dict[str, str]:
    """Return the Cache-Control of a message: names in lower case, values without quotes."""
    ### BEGIN SOLUTION
    text = ",".join(response.values("cache-control"))
    found = re.findall(r'([^\s,="]+)(?:="([^"]*)"|=([^\s,"]*))?', text)
    return {name.lower(): quoted or plain for name, quoted, plain in found}
    ### END SOLUTION


def may_store(request: Request, response: Response) -> bool:
    """Say whether a shared cache may keep this answer to this request."""
    ### BEGIN SOLUTION
    said = directives(response)
    timed = "max-age" in said or "s-maxage" in said or bool(response.values("expires"))
    known = (200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501)
    if "no-store" in said or "no-store" in directives(request) or "private" in said:
        return False
    if response.status < 200 or response.status in (206, 304):
        return False
    if request.values("authorization") and not {"public", "s-maxage", "must-revalidate"} & set(
        said
    ):
        return False
    if request.method == "GET":
        return timed or "public" in said or response.status in known
    located = response.values("content-location") == [request.target]
    return request.method == "POST" and timed and located
    ### END SOLUTION


def reuse(stored: tuple[Request, Response], stored_s: int, request: Request, now_s: int) -> str:
    """Say what can be done with a stored answer: fresh, stale, revalidate or miss."""
    ### BEGIN SOLUTION
    first, response = stored
    said = directives(response)
    names = [name.strip().lower() for name in ",".join(response.values("vary")).split(",")]
    if request.method not in ("GET", "HEAD") or request.target != first.target or "*" in names:
        return "miss"
    if any(first.values(name) != request.values(name) for name in names):
        return "miss"
    if "no-cache" in said or "no-cache" in directives(request):
        return "revalidate"

    def number(text):
        return int(text) if re.fullmatch("[0-9]{1,18}", text) else 0

    lifetime = 0
    if "s-maxage" in said or "max-age" in said:
        lifetime = number(said["s-maxage"] if "s-maxage" in said else said["max-age"])
    elif response.values("expires"):
        ends, dates = date_s(response.values("expires")[0]), response.values("date")
        begins = date_s(dates[0]) if dates else stored_s
        if ends is not None and begins is not None:
            lifetime = ends - begins
    age = number("".join(response.values("age")[:1])) + now_s - stored_s
    if age < lifetime:
        return "fresh"
    strict = {"must-revalidate", "proxy-revalidate", "s-maxage"} & set(said)
    return "revalidate" if strict else "stale"
    ### END SOLUTION


# %% [markdown] role="hint" id="cache-hint-1"
# Nudge
# Four small functions; each rule is a line. The order of the lines is the exercise. Begin with
# `directives`: the other two live on it.

# %% [markdown] role="hint" id="cache-hint-2"
# Way
# `re.findall(r'(?:W/)?"[^"]*"|\*', text)` finds tags, commas inside and all. Keep "there is such a
# field" apart from "one of its tags fits". For `directives`, one regular expression with two
# alternatives after the `=`, quoted and plain, does it.

# %% [markdown] role="hint" id="cache-hint-3"
# Almost
# Strong: `etag == tag and not tag.startswith("W/")`. Weak: compare `tag.removeprefix("W/")`. Age:
# `int(age or 0) + now_s - stored_s`; fresh is `age < lifetime`, not `<=`.
# `re.findall(r'([^\s,="]+)(?:="([^"]*)"|=([^\s,"]*))?', text)` gives (name, quoted, plain).


# %% role="test" id="cache-test-condition" points=2
@check.test
def _():
    # Conditional requests.
    RULE = dict(
        rule="If-Match, else If-Unmodified-Since; then If-None-Match, else If-Modified-Since.",
        rfc="RFC 9110 section 13.2.2",
    )
    DAY = "Sun, 22 Nov 2026 12:00:00 GMT"
    noon = 1_795_348_800

    def asked(method, etag, modified_s, *fields):
        return (Request(method, "/", fields=tuple(fields)), etag, modified_s)

    shown = {
        asked("GET", '"7"', None, ("if-none-match", '"7"')): 304,
        asked("PUT", '"8"', None, ("if-match", '"7"')): 412,
        asked("GET", '"8"', None, ("if-none-match", '"7"')): None,
    }
    check.each(precondition, list(shown), expected=list(shown.values()), **RULE)
    ### BEGIN HIDDEN TESTS
    check(date_s, DAY, expected=noon)
    im, inm, ims, ius = "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"
    cases = {
        asked("GET", 'W/"7"', None, (inm, '"7"')): 304,
        asked("HEAD", '"7"', None, (inm, 'W/"7"')): 304,
        asked("GET", 'W/"7"', None, (inm, 'W/"7"')): 304,
        asked("PUT", '"7"', None, (inm, '"7"')): 412,
        asked("POST", 'W/"7"', None, (inm, '"7"')): 412,
        asked("PUT", None, None, (inm, "*")): None,
        asked("PUT", '"7"', None, (inm, "*")): 412,
        asked("GET", '"7"', None, (inm, "*")): 304,
        asked("GET", None, None, (inm, '"7"')): None,
        asked("GET", '"7"', None, (inm, '"a", W/"7" ,"b"')): 304,
        asked("GET", '"7"', None, (inm, '"a"'), (inm, '"7"')): 304,
        asked("GET", '"7"', None, (inm, '"a","b"')): None,
        asked("GET", '"a,b"', None, (inm, '"x", "a,b"')): 304,
        asked("GET", '"a"', None, (inm, '"a,b"')): None,
        asked("GET", '""', None, (inm, '""')): 304,
        asked("GET", '"W/7"', None, (inm, '"7"')): None,
        asked("PUT", '"7"', None, (im, '"7"')): None,
        asked("PUT", 'W/"7"', None, (im, 'W/"7"')): 412,
        asked("PUT", 'W/"7"', None, (im, '"7"')): 412,
        asked("PUT", '"7"', None, (im, 'W/"7"')): 412,
        asked("PUT", '"7"', None, (im, "*")): None,
        asked("PUT", 'W/"7"', None, (im, "*")): None,
        asked("PUT", None, None, (im, "*")): 412,
        asked("PUT", None, None, (im, '"7"')): 412,
        asked("GET", '"8"', None, (im, '"7"')): 412,
        asked("DELETE", '"8"', None, (im, '"7", "9"'), (im, '"8"')): None,
        asked("GET", '"7"', None, (im, '"7"'), (inm, '"7"')): 304,
        asked("GET", '"8"', None, (im, '"7"'), (inm, '"8"')): 412,
        asked("GET", None, noon, (ims, DAY)): 304,
        asked("GET", '"7"', noon - 1, (ims, DAY)): 304,
        asked("HEAD", '"7"', noon + 1, (ims, DAY)): None,
        asked("HEAD", '"7"', noon, (ims, DAY)): 304,
        asked("PUT", '"7"', noon, (ims, DAY)): None,
        asked("GET", '"7"', noon, (ims, "yesterday")): None,
        asked("GET", '"7"', None, (ims, DAY)): None,
        asked("GET", '"8"', noon, (inm, '"7"'), (ims, DAY)): None,
        asked("GET", '"7"', noon + 9, (inm, '"7"'), (ims, DAY)): 304,
        asked("PUT", '"7"', noon + 1, (ius, DAY)): 412,
        asked("PUT", '"7"', noon, (ius, DAY)): None,
        asked("GET", '"7"', noon + 1, (ius, DAY)): 412,
        asked("PUT", '"7"', noon + 1, (ius, "never")): None,
        asked("PUT", None, None, (ius, DAY)): None,
        asked("PUT", '"7"', noon + 1, (im, '"7"'), (ius, DAY)): None,
        asked("GET", '"7"', noon, (ius, DAY), (inm, '"7"')): 304,
        asked("GET", '"7"', noon, (im, '"7"'), (ims, DAY)): 304,
        asked("GET", '"7"', 0, (ims, DAY)): 304,
        asked("GET", '"7"', noon): None,
    }
    check.each(precondition, list(cases), expected=list(cases.values()), **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="cache-test-directives" points=1
@check.test
def _():
    # Reading Cache-Control.
    RULE = dict(
        rule="Names in lower case; values without their quotes; commas inside quotes part nothing.",
        rfc="RFC 9111 section 5.2",
    )

    def with_control(*values):
        return Response(200, tuple(("cache-control", value) for value in values))

    check(
        directives,
        with_control('Max-Age="5", no-cache="a, b"'),
        expected={"max-age": "5", "no-cache": "a, b"},
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    cases = {
        with_control(): {},
        with_control(""): {},
        with_control("public"): {"public": ""},
        with_control("no-store,max-age=0"): {"no-store": "", "max-age": "0"},
        with_control("PRIVATE ,\t s-maxage=10"): {"private": "", "s-maxage": "10"},
        with_control("max-age=5", "public"): {"max-age": "5", "public": ""},
        with_control(", ,public,"): {"public": ""},
        with_control('private="x-a, x-b", max-age=7'): {"private": "x-a, x-b", "max-age": "7"},
        with_control('no-cache=""'): {"no-cache": ""},
        with_control("Must-Revalidate, ext=AbC"): {"must-revalidate": "", "ext": "AbC"},
        Request("GET", "/", fields=(("cache-control", "No-Cache"), ("x", "max-age=1"))): {
            "no-cache": ""
        },
    }
    check.each(directives, list(cases), expected=list(cases.values()), **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="cache-test-store" points=2
@check.test
def _():
    # What a CDN may keep.
    RULE = dict(
        rule="Not what is private, not what is somebody's, not what has no time and no known status.",
        rfc="RFC 9111 section 3",
    )

    def case(status=200, control="", method="GET", asked=(), more=()):
        fields = ((("cache-control", control),) if control else ()) + tuple(more)
        return Request(method, "/a", fields=tuple(asked)), Response(status, fields)

    SOMEBODY = (("authorization", "Basic QW5u"),)
    shown = [case(), case(control="private, max-age=60"), case(asked=SOMEBODY), case(method="POST")]
    check.each(may_store, shown, expected=[True, False, False, False], **RULE)
    ### BEGIN HIDDEN TESTS
    HERE, DAY = (("content-location", "/a"),), (("expires", "Sun, 22 Nov 2026 12:00:00 GMT"),)
    true = [
        *[case(status) for status in (203, 204, 300, 301, 308, 404, 405, 410, 414, 501)],
        case(302, "max-age=5"),
        case(500, "public"),
        case(403, "s-maxage=0"),
        case(302, more=DAY),
        case(control="no-cache"),
        case(asked=SOMEBODY, control="public"),
        case(asked=SOMEBODY, control="s-maxage=9"),
        case(asked=SOMEBODY, control="must-revalidate"),
        case(asked=SOMEBODY, control="Public, max-age=5"),
        case(method="POST", control="max-age=5", more=HERE),
        case(method="POST", more=HERE + DAY),
        case(method="POST", control="s-maxage=1", more=HERE),
        case(201, "max-age=5", "POST", more=HERE),
        case(method="POST", control="max-age=5, public", asked=SOMEBODY, more=HERE),
        case(asked=(("cache-control", "no-cache, max-age=0"),)),
        case(asked=(("cookie", "a=b"),)),
        case(asked=(("cache-control", "private"),)),
    ]
    false = [
        *[case(status) for status in (201, 202, 302, 303, 307, 400, 403, 500, 502, 503)],
        case(control="no-store"),
        case(control="NO-STORE, max-age=9"),
        case(control="Private"),
        case(control="public, private"),
        case(control='private="x"'),
        case(asked=(("cache-control", "no-store"),), control="public"),
        case(asked=SOMEBODY, control="max-age=60"),
        case(asked=SOMEBODY, more=DAY),
        case(asked=SOMEBODY, control="no-cache"),
        case(206),
        case(206, "max-age=5"),
        case(304, "public"),
        case(100, "public"),
        case(199, "max-age=9"),
        case(method="POST", control="max-age=5"),
        case(method="POST", control="public", more=HERE),
        case(method="POST", control="max-age=5", more=(("content-location", "/b"),)),
        case(method="POST", control="max-age=5, no-store", more=HERE),
        case(method="POST", control="max-age=5, private", more=HERE),
        case(method="POST", control="max-age=5", asked=SOMEBODY, more=HERE),
        case(206, "max-age=5", "POST", more=HERE),
        case(method="PUT", control="max-age=5", more=HERE),
        case(method="DELETE", control="public"),
        case(method="OPTIONS", control="max-age=5"),
        case(method="get"),
        case(control="no-store=x"),
        case(302, "must-revalidate"),
        case(302, "no-cache"),
        case(302, "immutable"),
    ]
    check.each(may_store, true + false, expected=[True] * len(true) + [False] * len(false), **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="cache-test-reuse" points=2
@check.test
def _():
    # Fresh, stale, revalidate or miss.
    RULE = dict(
        rule="Same target and same varying fields; no-cache asks; age below lifetime is fresh.",
        rfc="RFC 9111 sections 4 to 4.2.4",
    )

    def case(age_s, fields, asked=(), first=(), method="GET", target="/a", stored_s=1000):
        stored = (Request("GET", "/a", fields=tuple(first)), Response(200, tuple(fields)))
        return stored, stored_s, Request(method, target, fields=tuple(asked)), stored_s + age_s

    CC, VARY = "cache-control", "vary"
    minute = ((CC, "max-age=60"), ("age", "50"))
    shown = [
        case(9, minute),
        case(10, minute),
        case(0, [(CC, "no-cache, max-age=60")]),
        case(0, minute, method="POST"),
    ]
    check.each(reuse, shown, expected=["fresh", "stale", "revalidate", "miss"], **RULE)
    ### BEGIN HIDDEN TESTS
    DATE, LATER = (
        ("date", "Sun, 22 Nov 2026 12:00:00 GMT"),
        ("expires", "Sun, 22 Nov 2026 12:01:00 GMT"),
    )
    EN, DE = ("accept-language", "en"), ("accept-language", "de")
    cases = [
        ("fresh", case(59, [(CC, "max-age=60")])),
        ("stale", case(60, [(CC, "max-age=60")])),
        ("fresh", case(0, [(CC, "MAX-AGE=1")])),
        ("stale", case(0, [(CC, "max-age=0")])),
        ("stale", case(0, [])),
        ("stale", case(0, [(CC, "public")])),
        ("fresh", case(90, [(CC, "max-age=60, s-maxage=100")])),
        ("fresh", case(90, [(CC, "s-maxage=100")])),
        ("revalidate", case(90, [(CC, "max-age=100, s-maxage=60")])),
        ("revalidate", case(60, [(CC, "max-age=60, must-revalidate")])),
        ("fresh", case(59, [(CC, "max-age=60, must-revalidate")])),
        ("revalidate", case(60, [(CC, "max-age=60, proxy-revalidate")])),
        ("revalidate", case(0, [(CC, "s-maxage=0, max-age=60")])),
        ("revalidate", case(0, [(CC, "max-age=60")], asked=[(CC, "no-cache")])),
        ("revalidate", case(0, [(CC, 'max-age=60, no-cache="set-cookie"')])),
        ("fresh", case(5, [(CC, "max-age=60")], asked=[(CC, "max-stale=5")])),
        ("fresh", case(59, [DATE, LATER])),
        ("stale", case(60, [DATE, LATER])),
        ("stale", case(59, [DATE, LATER, (CC, "max-age=10")])),
        ("fresh", case(61, [DATE, LATER, (CC, "max-age=70")])),
        ("stale", case(0, [DATE, ("expires", "0")])),
        ("fresh", case(59, [LATER], stored_s=1_795_348_800)),
        ("stale", case(60, [LATER], stored_s=1_795_348_800)),
        ("stale", case(0, [LATER], stored_s=1_795_348_860)),
        ("stale", case(0, [("date", "now"), LATER])),
        ("stale", case(10, [DATE, LATER, ("age", "50")])),
        ("stale", case(0, [(CC, "max-age=x"), DATE, LATER])),
        ("stale", case(0, [(CC, "max-age=-5")])),
        ("stale", case(0, [(CC, "max-age=5.5")])),
        ("stale", case(0, [(CC, "max-age=\xb2")])),
        ("stale", case(0, [(CC, "max-age")])),
        ("fresh", case(59, [(CC, "max-age=60"), ("age", "x")])),
        ("fresh", case(10**6, [(CC, f"max-age={10**9}")])),
        ("miss", case(0, [(CC, "max-age=60")], target="/b")),
        ("miss", case(0, [(CC, "max-age=60")], target="/a?")),
        ("fresh", case(0, [(CC, "max-age=60")], method="HEAD")),
        ("miss", case(0, [(CC, "no-cache")], method="PUT")),
        ("miss", case(0, [(CC, "max-age=60")], method="OPTIONS")),
        ("fresh", case(0, [(CC, "max-age=60"), (VARY, "Accept-Language")], [EN], [EN])),
        ("miss", case(0, [(CC, "max-age=60"), (VARY, "Accept-Language")], [DE], [EN])),
        ("miss", case(0, [(CC, "max-age=60"), (VARY, "Accept-Language")], [], [EN])),
        ("miss", case(0, [(CC, "max-age=60"), (VARY, "Accept-Language")], [EN], [])),
        ("fresh", case(0, [(CC, "max-age=60"), (VARY, "accept-language , Cookie")], [EN], [EN])),
        (
            "miss",
            case(0, [(CC, "max-age=60"), (VARY, "Cookie"), (VARY, "accept-language")], [DE], [EN]),
        ),
        ("fresh", case(0, [(CC, "max-age=60")], [DE], [EN])),
        ("miss", case(0, [(CC, "max-age=60"), (VARY, "*")], [EN], [EN])),
        ("miss", case(0, [(CC, "max-age=60"), (VARY, "cookie, *")])),
        ("miss", case(0, [(CC, "no-cache"), (VARY, "Accept-Language")], [DE], [EN])),
        ("fresh", case(0, [(CC, "max-age=60"), (VARY, "")], [DE], [EN])),
        ("fresh", case(9, minute, stored_s=0)),
        ("stale", case(10, minute, stored_s=1_795_348_800)),
    ]
    check.each(reuse, [each for _, each in cases], expected=[want for want, _ in cases], **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="patch-text"
# ## 8. Changing a resource
#
# PUT says: let this be what is there. DELETE says: let nothing be there. Send either twice and you
# are where you were. PATCH says: change it in this way, and what "this way" means depends on the
# type of its content. One such type, **merge patch** (RFC 7396), looks like the result itself: an
# object whose members replace those of the same name, where `null` means "remove it".
#
# **Is it so?** Three claims, and one small store that judges them.

# %% role="given" id="patch-given-store" jupyter={"source_hidden": true}
ARCHIVE = {"/note": b"precious"}


def archive_site(links):
    """A site whose URIs are links into an archive; DELETE removes the link."""

    def handler(request):
        target = request.target
        if target == "/undelete":
            links["/note"] = "/note"
            return Response(204)
        if request.method == "PUT":
            new = target not in links
            links[target], ARCHIVE[target] = target, request.content
            return Response(201 if new else 204)
        if target not in links:
            return Response(404)
        if request.method == "DELETE":
            del links[target]
            return Response(204)
        return Response(200, (), ARCHIVE[links[target]])

    return handler


# %%
def status_and_content(server, method, target, content=b""):
    import http.client

    client = http.client.HTTPConnection(*server.address, timeout=5)
    client.request(method, target, content)
    response = client.getresponse()
    found = response.status, response.read()
    client.close()
    return found


with running(serve_stock, archive_site({"/note": "/note"})) as server:
    for asked in (
        "DELETE /note",
        "GET /note",
        "POST /undelete",
        "GET /note",
        "PUT /new-page",
        "PUT /new-page",
    ):
        method, target = asked.split()
        print(f"{asked:15}", *status_and_content(server, method, target))

# %% [markdown] role="given" id="patch-claims"
# - "DELETE removes the resource." *Half true.* It unties the URI from it; what was stored may well
#   stay, and come back (RFC 9110 section 9.3.5).
# - "PUT only updates, PATCH creates what is not there." *False.* PUT made `/new-page`, and said so
#   with 201 (RFC 9110 section 9.3.4). PATCH *may* create, if its type of patch can be applied to
#   nothing and the server is willing (RFC 5789 section 2).
# - "PUT is idempotent" (and so is DELETE). *True*, and look at the answers: 201, then 204.
#   Idempotent is about the *effect*.

# %% [markdown] role="given" id="patch-brief"
# ### Exercise 8: PUT, PATCH, DELETE
#
# **`merge_patch(target, patch)`** returns the result of a merge patch; both are JSON values as
# Python has them, `null` being `None`. If `patch` is not a `dict`, the result is `patch`. If it is,
# begin with the members of `target`, or with none if `target` is not a `dict`; a member that is
# `None` in `patch` is removed, any other becomes the merge of what was there (`None` if nothing
# was) with it. Neither argument is changed, now or when the result is changed later. (RFC 7396
# section 2)
#
# **`change(store: dict, request: Request) -> Response`** does GET, PUT, PATCH and DELETE. `store`
# maps a target to a JSON value. Field names of the request are in lower case.
#
# | method | there | not there |
# |---|---|---|
# | GET | 200, `Content-Type: application/json`, the value as JSON | 404 |
# | PUT | replaced by the content, 204 | made, 201 |
# | PATCH | merged, 200 and the new value as in GET | 404 |
# | DELETE | removed, 204 | 404 |
#
# - Content of PUT must be `application/json`, of PATCH `application/merge-patch+json`, in any case
#   and with any parameters after a `;`. Else 415, for PATCH with
#   `Accept-Patch: application/merge-patch+json` (RFC 5789 sections 2.2 and 3.1).
# - Content that is no JSON in UTF-8, or too deeply nested for Python: 400. `json.loads` takes more
#   than JSON: `NaN`, `Infinity` and `-Infinity`, and octets in UTF-16. You do not.
# - Another method: 405 with `Allow: GET, PUT, PATCH, DELETE`.
#
# The method is looked at first; then, with PATCH, whether something is there; then the type, then
# the content. Every other response has no content. **Whatever is not done leaves the store as it
# was**; what the store holds is not tied to a value you return or were given.
#
# Example: after PUT of `{"a": 1, "b": 2}`, PATCH with `{"b": null, "c": 3}` leaves
# `{"a": 1, "c": 3}`.


# %% role="answer" id="patch-answer"
def merge_patch(target, patch):
    """Return the result of applying a merge patch; neither argument is changed."""
    ### BEGIN SOLUTION
    if not isinstance(patch, dict):
        return json.loads(json.dumps(patch))
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return json.loads(json.dumps(result))
    ### END SOLUTION


def change(store: dict, request: Request) -> Response:
    """Answer GET, PUT, PATCH and DELETE on a store of JSON values."""
    ### BEGIN SOLUTION
    method, target = request.method, request.target
    if method not in ("GET", "PUT", "PATCH", "DELETE"):
        return Response(405, (("Allow", "GET, PUT, PATCH, DELETE"),))
    there = target in store
    if not there and method != "PUT":
        return Response(404)
    if method == "DELETE":
        del store[target]
        return Response(204)
    if method in ("PUT", "PATCH"):
        media_type = "".join(request.values("content-type")).partition(";")[0].strip().lower()
        wanted = {"PUT": "application/json", "PATCH": "application/merge-patch+json"}
        if media_type != wanted[method]:
            accepted = (("Accept-Patch", "application/merge-patch+json"),)
            return Response(415, accepted if method == "PATCH" else ())

        def no_json(word):
            raise ValueError(word)

        try:
            value = json.loads(request.content.decode("utf-8"), parse_constant=no_json)
        except (ValueError, RecursionError):
            return Response(400)
        if method == "PUT":
            store[target] = value
            return Response(204 if there else 201)
        store[target] = merge_patch(store[target], value)
    content = json.dumps(store[target]).encode()
    return Response(200, (("Content-Type", "application/json"),), content)
    ### END SOLUTION


# %% [markdown] role="hint" id="patch-hint-1"
# Nudge
# Merge on paper: `{"a": {"b": 1}}` with `{"a": {"b": null}}`, and `"text"` with `{"a": null}`. In
# `change`, let nothing touch the store before all questions are answered.

# %% [markdown] role="hint" id="patch-hint-2"
# Way
# `merge_patch` calls itself for every member that is not `None`. Begin with a *copy* of the
# target's members; when all is merged, a deep copy makes sure that nothing is shared. A value of
# `None` in the store is *there*: ask `target in store`.

# %% [markdown] role="hint" id="patch-hint-3"
# Almost
# ```python
# result = dict(target) if isinstance(target, dict) else {}
# for name, value in patch.items():
#     if value is None:
#         result.pop(name, None)
#     else:
#         result[name] = merge_patch(result.get(name), value)
# ```
# `json.loads(request.content.decode("utf-8"))` raises `ValueError` for either fault.


# %% role="test" id="patch-test-merge" points=2
@check.test
def _():
    # Merge patches, those of the standard's appendix among them.
    RULE = dict(
        rule="null removes, an object goes inside, anything else replaces.",
        rfc="RFC 7396 section 2",
    )
    shown = {
        ('{"a": "b", "b": "c"}', '{"a": null}'): {"b": "c"},
        ('{"a": "foo"}', '"bar"'): "bar",
        ('{"a": {"b": "c"}}', '{"a": {"b": "d", "c": null}}'): {"a": {"b": "d"}},
    }

    def merged(merge_patch, cases):
        return {f"{a} with {b}": merge_patch(json.loads(a), json.loads(b)) for a, b in cases}

    def wanted(cases):
        return {f"{a} with {b}": value for (a, b), value in cases.items()}

    pairs = [(json.loads(a), json.loads(b)) for a, b in shown]
    check.each(merge_patch, pairs, expected=list(shown.values()), **RULE)
    ### BEGIN HIDDEN TESTS
    cases = {
        ('{"a":"b"}', '{"a":"c"}'): {"a": "c"},
        ('{"a":"b"}', '{"b":"c"}'): {"a": "b", "b": "c"},
        ('{"a":"b"}', '{"a":null}'): {},
        ('{"a":["b"]}', '{"a":"c"}'): {"a": "c"},
        ('{"a":"c"}', '{"a":["b"]}'): {"a": ["b"]},
        ('{"a":[{"b":"c"}]}', '{"a":[1]}'): {"a": [1]},
        ('["a","b"]', '["c","d"]'): ["c", "d"],
        ('{"a":"b"}', '["c"]'): ["c"],
        ('{"a":"foo"}', "null"): None,
        ('{"e":null}', '{"a":1}'): {"e": None, "a": 1},
        ("[1,2]", '{"a":"b","c":null}'): {"a": "b"},
        ("{}", '{"a":{"bb":{"ccc":null}}}'): {"a": {"bb": {}}},
        ('{"a":{"b":1,"c":2}}', '{"a":{}}'): {"a": {"b": 1, "c": 2}},
        ('{"a":5}', '{"a":{"b":null}}'): {"a": {}},
        ('{"a":[1]}', '{"a":[null,{"b":null}]}'): {"a": [None, {"b": None}]},
        ('{"a":1}', "{}"): {"a": 1},
        ("null", "{}"): {},
        ("7", "false"): False,
        ('{"a":0,"b":false,"c":""}', '{"d":0,"e":false,"f":"","g":[]}'): {
            "a": 0,
            "b": False,
            "c": "",
            "d": 0,
            "e": False,
            "f": "",
            "g": [],
        },
        ('{"":1,"x":{"":null}}', '{"":null,"x":{"y":1}}'): {"x": {"": None, "y": 1}},
        ('{"a":{"b":{"c":1,"d":2}}}', '{"a":{"b":{"c":null,"e":{"f":null}}}}'): {
            "a": {"b": {"d": 2, "e": {}}}
        },
    }
    pairs = [(json.loads(a), json.loads(b)) for a, b in cases]
    check.each(merge_patch, pairs, expected=list(cases.values()), **RULE)

    def untouched(merge_patch):
        """The two arguments after merging, and after the result was changed."""
        target, patch = {"a": {"b": [1]}, "k": [2]}, {"a": {"c": [3]}, "n": {"m": [4]}, "l": [5]}
        result = merge_patch(target, patch)
        after = json.dumps([target, patch])
        result["a"]["b"].append("x")
        result["a"]["c"].append("x")
        result["n"]["m"].append("x")
        result["k"].append("x")
        result["l"].append("x")
        return [after, json.dumps([target, patch])]

    unchanged = json.dumps(
        [{"a": {"b": [1]}, "k": [2]}, {"a": {"c": [3]}, "n": {"m": [4]}, "l": [5]}]
    )
    check.probe(
        merge_patch,
        untouched,
        expected=[unchanged] * 2,
        rfc="RFC 7396 section 2",
        rule="The result shares nothing with the arguments, not even deep inside.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="patch-test-change" points=3
@check.test
def _():
    # One resource: made, replaced, patched, deleted, again and in another order.
    JSON, MERGE = "application/json", "application/merge-patch+json"
    RULE = dict(
        rule="See the table: what is there decides between 201 and 204, 200 and 404.",
        rfc="RFC 9110 sections 9.3.4 and 9.3.5",
    )

    def play(change, store, requests):
        """Each answer, and the store at the end."""
        store, answers = dict(store), []
        for line in requests:
            method, target, kind, content = (*line, "", "")[:4] if len(line) < 4 else line
            fields = (("content-type", kind),) if kind else ()
            content = content if isinstance(content, bytes) else content.encode()
            response = change(store, Request(method, target, fields=fields, content=content))
            value = json.loads(response.content) if response.content else "no content"
            answers.append((response.status, tuple(sorted(response.fields)), value))
        return answers, store

    def life(change):
        """PUT, PATCH, GET, DELETE, GET on one address."""
        return play(
            change,
            {},
            [
                ("PUT", "/n", JSON, '{"a": 1, "b": 2}'),
                ("PATCH", "/n", MERGE, '{"b": null, "c": 3}'),
                ("GET", "/n"),
                ("DELETE", "/n"),
                ("GET", "/n"),
            ],
        )

    TYPE = (("Content-Type", JSON),)
    new = {"a": 1, "c": 3}
    check.probe(
        change,
        life,
        expected=(
            [
                (201, (), "no content"),
                (200, TYPE, new),
                (200, TYPE, new),
                (204, (), "no content"),
                (404, (), "no content"),
            ],
            {},
        ),
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def again(change):
        """Everything twice."""
        twice = [("PUT", "/n", JSON, "[1]"), ("PATCH", "/n", MERGE, '{"x": 1}'), ("DELETE", "/n")]
        return play(change, {"/other": 5}, [line for line in twice for _ in range(2)])

    nothing = "no content"
    check.probe(
        change,
        again,
        expected=(
            [
                (201, (), nothing),
                (204, (), nothing),
                (200, TYPE, {"x": 1}),
                (200, TYPE, {"x": 1}),
                (204, (), nothing),
                (404, (), nothing),
            ],
            {"/other": 5},
        ),
        **RULE,
    )

    def reordered(change):
        """DELETE then PUT; PATCH then PUT; PATCH of nothing; null as a value."""
        return [
            play(change, {"/n": 1}, [("DELETE", "/n"), ("PUT", "/n", JSON, "2")]),
            play(change, {"/n": 1}, [("PATCH", "/n", MERGE, '{"a": 1}'), ("PUT", "/n", JSON, "2")]),
            play(
                change, {}, [("PATCH", "/n", MERGE, '{"a": 1}'), ("PATCH", "/n", "text/plain", "")]
            ),
            play(
                change,
                {},
                [
                    ("PUT", "/n", JSON, "null"),
                    ("GET", "/n"),
                    ("PUT", "/n", JSON, "0"),
                    ("DELETE", "/n"),
                ],
            ),
            play(change, {"/n": None}, [("PATCH", "/n", MERGE, '{"a": {"b": null}}')]),
            play(
                change,
                {"/n": {"a": 1}},
                [("PATCH", "/n", MERGE, "null"), ("PATCH", "/n", MERGE, "[]"), ("GET", "/n")],
            ),
            play(change, {"/n": 0}, [("GET", "/n"), ("PUT", "/n", JSON, "false")]),
            play(change, {"/n": {"a": 1, "b": 2}}, [("PUT", "/n", JSON, '{"b": null, "c": 3}')]),
        ]

    check.probe(
        change,
        reordered,
        expected=[
            ([(204, (), nothing), (201, (), nothing)], {"/n": 2}),
            ([(200, TYPE, {"a": 1}), (204, (), nothing)], {"/n": 2}),
            ([(404, (), nothing), (404, (), nothing)], {}),
            ([(201, (), nothing), (200, TYPE, None), (204, (), nothing), (204, (), nothing)], {}),
            ([(200, TYPE, {"a": {}})], {"/n": {"a": {}}}),
            ([(200, TYPE, None), (200, TYPE, []), (200, TYPE, [])], {"/n": []}),
            ([(200, TYPE, 0), (204, (), nothing)], {"/n": False}),
            ([(204, (), nothing)], {"/n": {"b": None, "c": 3}}),
        ],
        **RULE,
    )

    def refused(change):
        """What is not done: answers, and the store as it was."""
        lines = [
            ("PUT", "/n", JSON, "{"),
            ("PUT", "/m", JSON, ""),
            ("PATCH", "/n", MERGE, "{'a': 1}"),
            ("PATCH", "/n", JSON, "{}"),
            ("PUT", "/n", MERGE, "{}"),
            ("PUT", "/m", "", "{}"),
            ("PATCH", "/n", "", "{}"),
            ("PUT", "/m", "text/json", "{}"),
            ("PUT", "/n", "application/jsonx", "{}"),
            ("PUT", "/n", JSON, b"\xff"),
            ("PUT", "/n", JSON, b'"\xe9"'),
            ("PATCH", "/n", "text/plain", "{"),
            ("POST", "/n", JSON, "{}"),
            ("put", "/n", JSON, "{}"),
            ("POST", "/m", "text/plain", ""),
            ("PATCH", "/n", MERGE, b"\xff\xfe"),
            ("PUT", "/m", JSON, "[" * 100_000),
            ("PATCH", "/n", MERGE, ""),
        ]
        return play(change, {"/n": {"a": 1}}, lines)

    allow, accept = (("Allow", "GET, PUT, PATCH, DELETE"),), (("Accept-Patch", MERGE),)
    statuses = [
        400,
        400,
        400,
        415,
        415,
        415,
        415,
        415,
        415,
        400,
        400,
        415,
        405,
        405,
        405,
        400,
        400,
        400,
    ]
    fields = [
        accept if n in (3, 6, 11) else allow if status == 405 else ()
        for n, status in enumerate(statuses)
    ]
    check.probe(
        change,
        refused,
        expected=(
            [(status, f, nothing) for status, f in zip(statuses, fields, strict=True)],
            {"/n": {"a": 1}},
        ),
        rule="Method, then (PATCH) whether it is there, then type, then content; and nothing is touched.",
        rfc="RFC 5789 section 2.2",
    )

    def no_numbers(change):
        """NaN, Infinity and -Infinity, alone and inside."""
        lines = [("PUT", "/m", JSON, word) for word in ("NaN", "Infinity", "-Infinity", "[1, NaN]")]
        answers, store = play(change, {"/n": 1}, [*lines, ("PATCH", "/n", MERGE, '{"a": NaN}')])
        return [status for status, _, _ in answers], sorted(store)

    check.probe(
        change,
        no_numbers,
        expected=([400] * 5, ["/n"]),
        rule="JSON has numbers, and no words for what is none.",
        rfc="RFC 8259 section 6",
    )

    def other_octets(change):
        """JSON in UTF-16 and UTF-32."""
        return play(
            change, {}, [("PUT", "/m", JSON, "[1]".encode(c)) for c in ("utf-16-le", "utf-32-be")]
        )

    check.probe(
        change,
        other_octets,
        expected=([(400, (), nothing)] * 2, {}),
        rule="JSON goes over the network in UTF-8.",
        rfc="RFC 8259 section 8.1",
    )

    def types(change):
        """Media types in other letters and with parameters."""
        return play(
            change,
            {},
            [
                ("PUT", "/n", "Application/JSON; charset=utf-8", '{"é": 1}'),
                ("PATCH", "/n", "APPLICATION/Merge-Patch+json ;x=y", '{"b": "\u20ac"}'),
                ("GET", "/n"),
            ],
        )

    check.probe(
        change,
        types,
        expected=(
            [(201, (), nothing), (200, TYPE, {"é": 1, "b": "€"}), (200, TYPE, {"é": 1, "b": "€"})],
            {"/n": {"é": 1, "b": "€"}},
        ),
        **RULE,
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="ranges-text"
# ## 9. Only a part
#
# A download breaks at 90 per cent; a player wants the last minute of a film. **Range** asks for
# some octets, **206** brings them, and `Content-Range: bytes 0-4/11` says which they are, and of
# how many. The last number *is included*: `0-4` are five octets.
#
# A server may always ignore a Range and send everything with 200 (RFC 9110 section 14.2). What it
# must not do is send other octets than it says: the client glues them to those that it has.

# %%
film = bytes(range(65, 91))
for wanted in ("0-4", "20-", "-3"):
    first, _, last = wanted.partition("-")
    part = film[int(first) : int(last) + 1 if last else None] if first else film[-int(last) :]
    print(f"bytes={wanted:5} {part.decode()}")

# %% [markdown] role="given" id="ranges-brief"
# ### Exercise 9: ranges
#
# Write `select_range(request: Request, content: bytes, etag: str) -> Response`: the answer to a
# request for a resource with this content (one octet or more) and this tag. Field names of the
# request are in lower case.
#
# - **200** with the whole content: for another method than GET; without Range; if a Range has
#   another unit than `bytes` (in any case), asks for more than one part, stands on several lines,
#   or is not well-formed; if there is an `If-Range` that is not exactly `etag`, or where `etag` is
#   weak.
# - Well-formed is `bytes=` and then `first-last`, `first-` or `-count`: digits 0 to 9 only, no
#   spaces, and `last` not less than `first`. (RFC 9110 section 14.1.2)
# - **206** with the part and `Content-Range: bytes first-last/length`. A `last` beyond the end
#   means the end; a `count` greater than the length means everything.
# - **416** with `Content-Range: bytes */length` and no content: if `first` is not in the content, or
#   `count` is 0.
#
# 200 and 206 carry `ETag` with the tag and `Accept-Ranges: bytes`. There are no other fields. Numbers
# may have any number of digits.
#
# Example: of `b"hello world"`, `bytes=-5` gives 206, `bytes 6-10/11` and `b"world"`.


# %% role="answer" id="ranges-answer"
def select_range(request: Request, content: bytes, etag: str) -> Response:
    """Answer with the part of the content that Range asks for, or with all of it."""
    ### BEGIN SOLUTION
    fields = (("ETag", etag), ("Accept-Ranges", "bytes"))
    ranges, conditions = request.values("range"), request.values("if-range")
    found = re.fullmatch(
        "[Bb][Yy][Tt][Ee][Ss]=([0-9]*)-([0-9]*)", ranges[0] if len(ranges) == 1 else ""
    )
    stale = conditions and (conditions != [etag] or etag.startswith("W/"))
    if request.method != "GET" or not found or stale or found.groups() == ("", ""):
        return Response(200, fields, content)
    size = len(content)

    def number(digits):
        """Its value, or the length where it is beyond that: then it does not matter how far."""
        digits = digits.lstrip("0")
        return min(int(digits or 0), size) if len(digits) < 18 else size

    first, last = found.groups()
    if (
        first
        and last
        and (len(last.lstrip("0")), last.lstrip("0")) < (len(first.lstrip("0")), first.lstrip("0"))
    ):
        return Response(200, fields, content)
    if first:
        begin, end = number(first), min(number(last), size - 1) if last else size - 1
    else:
        begin, end = size - number(last), size - 1
    if begin >= size:
        return Response(416, (("Content-Range", f"bytes */{size}"),))
    place = ("Content-Range", f"bytes {begin}-{end}/{size}")
    return Response(206, (*fields, place), content[begin : end + 1])
    ### END SOLUTION


# %% [markdown] role="hint" id="ranges-hint-1"
# Nudge
# Write down for a content of 11 octets: `0-0`, `10-`, `11-`, `-0`, `-20`, `5-4`. Which status,
# which octets?

# %% [markdown] role="hint" id="ranges-hint-2"
# Way
# One regular expression finds the well-formed ones: `[0-9]*` twice with a hyphen between, not both
# empty. Then all three forms become `begin` and `end`, both included; then ask whether `begin` lies
# in the content.

# %% [markdown] role="hint" id="ranges-hint-3"
# Almost
# `first-last`: `end = min(last, size - 1)`. `-count`: `begin = max(size - count, 0)`, and a count
# of 0 gives `begin == size`, which is 416 by itself. `int` refuses a text of more than 4300 digits:
# cut a number that is longer than the length could be.


# %% role="test" id="ranges-test-part" points=2
@check.test
def _():
    # Parts, and what is none.
    RULE = dict(
        rule="first and last are both included; beyond the end is the end; not in the content is 416.",
        rfc="RFC 9110 sections 14.1.2, 15.3.7 and 15.5.17",
    )

    def answer(select_range, value, content=b"hello world"):
        response = select_range(Request("GET", "/", fields=(("range", value),)), content, '"7"')
        return response.status, response.values("content-range"), response.content

    def range_examples(select_range):
        """Five ranges of `hello world`."""
        return {
            value: answer(select_range, value)
            for value in ("bytes=0-4", "bytes=-5", "bytes=6-", "bytes=11-", "bytes=5-99")
        }

    check.probe(
        select_range,
        range_examples,
        expected={
            "bytes=0-4": (206, ["bytes 0-4/11"], b"hello"),
            "bytes=-5": (206, ["bytes 6-10/11"], b"world"),
            "bytes=6-": (206, ["bytes 6-10/11"], b"world"),
            "bytes=11-": (416, ["bytes */11"], b""),
            "bytes=5-99": (206, ["bytes 5-10/11"], b" world"),
        },
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def by_slices(first, last, size):
        """An oracle that enumerates: which octets does a range name?"""
        named = [
            i
            for i in range(size)
            if (first <= i <= last if first is not None else i >= size - last)
        ]
        if not named:
            return 416, [f"bytes */{size}"], b""
        return 206, [f"bytes {named[0]}-{named[-1]}/{size}"], bytes(named)

    wanted, values = {}, []
    for size in (1, 2, 11):
        for first in (0, 1, 2, size - 1, size, size + 1):
            for last in (None, 0, 1, 2, size - 1, size, size + 1):
                if last is None or last >= first:
                    values.append((f"bytes={first}-{'' if last is None else last}", size))
                    wanted[values[-1]] = by_slices(first, size if last is None else last, size)
        for count in (0, 1, 2, size - 1, size, size + 1, 99):
            values.append((f"bytes=-{count}", size))
            wanted[values[-1]] = by_slices(None, count, size)

    def all_ranges(select_range):
        """Every range of contents of 1, 2 and 11 octets."""
        return {
            f"{value} of {size}": answer(select_range, value, bytes(range(size)))
            for value, size in wanted
        }

    check.probe(
        select_range,
        all_ranges,
        expected={f"{v} of {n}": came for (v, n), came in wanted.items()},
        **RULE,
    )

    many = "9" * 5000
    odd = {
        "BYTES=0-0": (206, ["bytes 0-0/11"], b"h"),
        "bytes=000-004": (206, ["bytes 0-4/11"], b"hello"),
        f"bytes=0-{many}": (206, ["bytes 0-10/11"], b"hello world"),
        f"bytes={many}-": (416, ["bytes */11"], b""),
        f"bytes={many}-{many}": (416, ["bytes */11"], b""),
        f"bytes=-{many}": (206, ["bytes 0-10/11"], b"hello world"),
        "bytes=" + "0" * 5000 + "-0": (206, ["bytes 0-0/11"], b"h"),
        "bytes=5-06": (206, ["bytes 5-6/11"], b" w"),
        "bytes=9-010": (206, ["bytes 9-10/11"], b"ld"),
        "bytes=100-200": (416, ["bytes */11"], b""),
    }

    def odd_ranges(select_range):
        """Ranges in other letters, with leading zeros, and with 5,000 digits."""
        return {value[:20] + value[-6:]: answer(select_range, value) for value in odd}

    check.probe(
        select_range,
        odd_ranges,
        expected={v[:20] + v[-6:]: came for v, came in odd.items()},
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="ranges-test-whole" points=2
@check.test
def _():
    # When everything is sent, and the fields of each answer.
    RULE = dict(
        rule="What is not a good range of bytes, or has come too late, is ignored.",
        rfc="RFC 9110 sections 13.1.5 and 14.2",
    )

    def asked(*fields, method="GET"):
        return (Request(method, "/", fields=tuple(fields)), b"hello world", '"7"')

    RANGE = ("range", "bytes=0-4")

    def comparable(select_range, cases):
        """For each case: status, fields in order of their names, content."""
        found = []
        for case in cases:
            response = select_range(*case)
            found.append(
                (
                    response.status,
                    sorted((n.lower(), v) for n, v in response.fields),
                    response.content,
                )
            )
        return found

    shown = [
        asked(),
        asked(RANGE, method="HEAD"),
        asked(("range", "bytes=4-0")),
        asked(RANGE, ("if-range", '"6"')),
    ]

    def whole_examples(select_range):
        """No Range; HEAD; a bad range; another version."""
        return comparable(select_range, shown)

    all_of_it = (200, [("accept-ranges", "bytes"), ("etag", '"7"')], b"hello world")
    check.probe(select_range, whole_examples, expected=[all_of_it] * 4, **RULE)
    ### BEGIN HIDDEN TESTS
    bad = [
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=0",
        "bytes=a-b",
        "bytes= 0-4",
        "bytes=0 - 4",
        "bytes=0-4 ",
        "bytes=+0-4",
        "bytes=0-+4",
        "bytes=-+5",
        "bytes=--5",
        "bytes=\xb2-\xb3",
        "items=0-4",
        "bytes:0-4",
        "bytes=0-4,6-7",
        "bytes=0-0,",
        "bytes=1_0-",
        "bytes=0x0-4",
        "bytes=10-9",
        "bytes=" + "9" * 5000 + "-0",
        "bytes=0-4-6",
        "bytes=11-10",
        "bytes=10-09",
        "bytes=0-4\n",
        "bytes=\u0660-\u0664",
    ]

    def malformed(select_range):
        """Ranges that are ignored: which are not answered with everything?"""
        found = {
            value[:24]: comparable(select_range, [asked(("range", value))])[0] for value in bad
        }
        return {value: came for value, came in found.items() if came != all_of_it}

    check.probe(select_range, malformed, expected={}, **RULE)

    def conditions(select_range):
        """If-Range: the same, another, weak, a date; two Ranges; other methods."""
        cases = [
            asked(RANGE, ("if-range", each))
            for each in ('"7"', 'W/"7"', "7", '"7", "8"', "Sun, 22 Nov 2026 12:00:00 GMT", "")
        ]
        weak = (Request("GET", "/", fields=(RANGE, ("if-range", 'W/"7"'))), b"hello world", 'W/"7"')
        no_condition = (Request("GET", "/", fields=(RANGE,)), b"hello world", 'W/"7"')
        cases += [weak, no_condition, asked(RANGE, RANGE), asked(("if-range", '"7"'))]
        cases += [asked(RANGE, method=method) for method in ("POST", "PUT", "get", "OPTIONS")]
        cases += [
            asked(("range", "bytes=99-"), ("if-range", '"6"')),
            asked(("range", "bytes=99-"), ("if-range", '"7"')),
        ]
        return [(status, content) for status, _, content in comparable(select_range, cases)]

    every, part = (200, b"hello world"), (206, b"hello")
    check.probe(
        select_range,
        conditions,
        expected=[part, *[every] * 5, every, part, every, every, *[every] * 4, every, (416, b"")],
        **RULE,
    )

    def exact_fields(select_range):
        """The fields of 200, 206 and 416."""
        return [
            fields
            for _, fields, _ in comparable(
                select_range, [asked(), asked(RANGE), asked(("range", "bytes=-0"))]
            )
        ]

    check.probe(
        select_range,
        exact_fields,
        expected=[
            all_of_it[1],
            [("accept-ranges", "bytes"), ("content-range", "bytes 0-4/11"), ("etag", '"7"')],
            [("content-range", "bytes */11")],
        ],
        **RULE,
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="methods-text"
# ## 10. Methods about methods, and the one that is no request
#
# **OPTIONS** asks what can be asked: the answer is an `Allow` field with methods. `*` as the target
# means the server as a whole, no resource. **TRACE** returns the request as it arrived, to see what
# those in between made of it. **CONNECT** is said to a proxy: open a connection to that host and
# port, then step aside and carry octets both ways.
#
# **Is it so?** "HEAD and OPTIONS are used to test a server's performance." *False.* HEAD brings the
# fields that GET would bring, OPTIONS the abilities (RFC 9110 sections 9.3.2 and 9.3.7). See what
# they measure, on a page that takes a while to make:


# %%
def slow_page(request):
    if request.method == "OPTIONS":
        return Response(204, (("Allow", "GET, HEAD, OPTIONS"),))
    return Response(200, (), str(sum(range(3_000_000))).encode())


def naive_timing(server, method, target="/"):
    from time import perf_counter

    began = perf_counter()
    status, content = status_and_content(server, method, target)
    return (
        f"{method:8} {status}  {len(content):2} octets  {1000 * (perf_counter() - began):6.1f} ms"
    )


with running(serve_stock, slow_page) as server:
    for method in ("GET", "HEAD", "OPTIONS"):
        print(naive_timing(server, method))

# %% [markdown] role="given" id="methods-claims"
# This HEAD makes the whole page and throws it away; a server that knows better would be faster, and
# would tell you as little about GET. OPTIONS never saw the page at all.
#
# **Is it so?** "CONNECT is for connecting SSL servers through an unencrypted proxy." *Half true.*
# That is what it is mostly used for. It carries any TCP conversation (RFC 9110 section 9.3.6): at
# the end of this part, yours will carry one that is neither HTTP nor encrypted.

# %% [markdown] role="given" id="methods-brief"
# ### Exercise 10: which methods there are, and a tunnel
#
# **`dispatch(routes: dict, request: Request) -> Response`**. `routes` maps a path to a dictionary
# of method and handler; a handler takes the request and returns a response. The first rule that
# applies:
#
# 1. The server knows GET, HEAD, OPTIONS, TRACE and every method anywhere in `routes`. Another: 501.
# 2. OPTIONS with the target `*`: 204, and `Allow` lists all methods that the server knows.
# 3. TRACE, whatever the target: 200, `Content-Type: message/http`, and as content the request line
#    and all field lines as `name: value`, each ended by CR LF, and an empty line; but without
#    `authorization`, `proxy-authorization` and `cookie` (RFC 9110 section 9.3.8).
# 4. The path is the target up to the first `?`. A target `http://host/path` (or `https`, any case)
#    has the path after the host, `/` if there is none (RFC 9112 section 3.2.2). Not in `routes`:
#    404.
# 5. OPTIONS: 204 with `Allow`. The method has a handler: its answer. HEAD without one of its own:
#    that of GET (what is not sent is for `serialise` to know). Else 405 with `Allow`.
#
# `Allow` lists, with commas and in any order, the methods of the path, HEAD if GET is among them,
# OPTIONS and TRACE. OPTIONS is never looked up in `routes`. An answer made here has no other fields
# and, but for TRACE, no content.
#
# **`tunnel(client: socket.socket, target: str, early: bytes, allowed: set[tuple[str, int]]) -> None`**
# does what CONNECT asks. `client` is the connection on which a good head came, `target` is
# `"host:port"`, `early` what was read after the head.
#
# - If `(host, port)` is not in `allowed` (where an IPv6 host has its brackets, `("[::1]", 443)`):
#   send a 403; if no connection can be made within 5 s: a 502. Both with `Content-Length: 0` and
#   `Connection: close`. Then return. (RFC 9931 section 8 asks a proxy that refuses to close; your
#   caller does that.)
# - Else send a 200 with neither Content-Length nor Transfer-Encoding. Then carry `early` and all
#   that comes from the client to the server, and all that comes from the server to the client, both
#   at the same time, until both have ended. Where one side ends its sending, pass that on with
#   `shutdown(socket.SHUT_WR)`: the other direction goes on. If a side is lost (`OSError`), end
#   both.
# - Close the connection to the server, leave `client` open, return.
#
# Example: `dispatch({"/": {"GET": hello}}, Request("PUT", "/"))` is 501 (nobody here knows PUT);
# with another path that has a PUT, it is 405 with `Allow: GET, HEAD, OPTIONS, TRACE`.


# %% role="answer" id="methods-answer"
def dispatch(routes: dict, request: Request) -> Response:
    """Answer a request by the handler for its path and method, or say why there is none."""
    ### BEGIN SOLUTION
    always = {"OPTIONS", "TRACE"}
    known = {"GET", "HEAD"} | always | {method for there in routes.values() for method in there}
    if request.method not in known:
        return Response(501)

    def allow(status, methods):
        return Response(status, (("Allow", ", ".join(sorted(methods))),))

    if request.method == "OPTIONS" and request.target == "*":
        return allow(204, known)
    if request.method == "TRACE":
        secret = ("authorization", "proxy-authorization", "cookie")
        lines = [f"{request.method} {request.target} {request.version}"]
        lines += [f"{name}: {value}" for name, value in request.fields if name not in secret]
        content = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        return Response(200, (("Content-Type", "message/http"),), content)
    path = request.target.partition("?")[0]
    if whole := re.match(r"https?://[^/]*", path, re.IGNORECASE):
        path = path[whole.end() :] or "/"
    if path not in routes:
        return Response(404)
    there = routes[path]
    methods = set(there) | always | ({"HEAD"} if "GET" in there else set())
    if request.method == "OPTIONS":
        return allow(204, methods)
    if request.method in there:
        return there[request.method](request)
    if request.method == "HEAD" and "GET" in there:
        return there["GET"](request)
    return allow(405, methods)
    ### END SOLUTION


def tunnel(client: socket.socket, target: str, early: bytes, allowed: set[tuple[str, int]]) -> None:
    """Connect to `target` and carry octets both ways until both sides have ended."""
    ### BEGIN SOLUTION
    host, _, port = target.rpartition(":")
    status = 403
    server = None
    if (host, int(port)) in allowed:
        try:
            server = socket.create_connection((host.strip("[]"), int(port)), timeout=5)
        except OSError:
            status = 502
    if server is None:
        client.sendall(serialise(Response(status), "CONNECT", close=True))
        return
    server.settimeout(None)

    def carry(source, sink, first=b""):
        try:
            sink.sendall(first)
            while octets := source.recv(65_536):
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for each in (client, server):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    with server:
        try:
            client.sendall(serialise(Response(200), "CONNECT"))
        except OSError:
            return
        there = threading.Thread(target=carry, args=(client, server, early), daemon=True)
        there.start()
        carry(server, client)
        there.join()
    ### END SOLUTION


# %% [markdown] role="hint" id="methods-hint-1"
# Nudge
# Who does not know a method: the server, or the resource? That is the difference between 501
# and 405. For the tunnel: what happens while you wait for octets from one side, and the other
# side has some?

# %% [markdown] role="hint" id="methods-hint-2"
# Way
# Collect the known methods first, then go down the five rules. For the tunnel, one function copies
# from one socket to the other until `recv` returns `b""`; run it once in a thread and once
# yourself, and join the thread. After the end of one direction, only `shutdown(socket.SHUT_WR)` of
# the other socket: `close` would cut both.

# %% [markdown] role="hint" id="methods-hint-3"
# Almost
# ```python
# def carry(source, sink, first=b""):
#     sink.sendall(first)
#     while octets := source.recv(65_536):
#         sink.sendall(octets)
#     sink.shutdown(socket.SHUT_WR)
# ```
# `serialise(Response(403), "CONNECT", close=True)` and `serialise(Response(200), "CONNECT")` are
# the answers. `host, _, port = target.rpartition(":")`; take the brackets off an IPv6 address
# before connecting.


# %% role="test" id="methods-test-dispatch" points=2
@check.test
def _():
    # Which handler, or why none.
    RULE = dict(
        rule="Unknown to the server: 501. Unknown to the path: 405, and Allow says what is known.",
        rfc="RFC 9110 sections 9.1, 10.2.1 and 15.5.6",
    )

    def handler(name):
        return lambda request: Response(200, (("X-By", name),), request.target.encode())

    def answers(dispatch, routes, requests):
        """Status, fields (methods of Allow sorted), content of each answer."""
        table = {
            path: {m: handler(f"{m} {path}") for m in methods.split()}
            for path, methods in routes.items()
        }
        found = {}
        for method, target in requests:
            response = dispatch(table, Request(method, target, fields=(("host", "a"),)))
            fields = []
            for name, value in response.fields:
                if name.lower() == "allow":
                    value = ", ".join(sorted(part.strip() for part in value.split(",")))
                fields.append(f"{name.lower()}: {value}")
            found[f"{method} {target}"] = (
                response.status,
                fields,
                response.content.decode("latin-1"),
            )
        return found

    def small(dispatch):
        """A clock that can be read, a note that can be replaced too."""
        return answers(
            dispatch,
            {"/clock": "GET", "/note": "GET PUT"},
            [
                ("PUT", "/clock"),
                ("BREW", "/clock"),
                ("OPTIONS", "/note"),
                ("HEAD", "/clock"),
                ("GET", "/x"),
            ],
        )

    check.probe(
        dispatch,
        small,
        expected={
            "PUT /clock": (405, ["allow: GET, HEAD, OPTIONS, TRACE"], ""),
            "BREW /clock": (501, [], ""),
            "OPTIONS /note": (204, ["allow: GET, HEAD, OPTIONS, PUT, TRACE"], ""),
            "HEAD /clock": (200, ["x-by: GET /clock"], "/clock"),
            "GET /x": (404, [], ""),
        },
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def larger(dispatch):
        """A form that takes only POST, a page with its own HEAD and OPTIONS, and queries."""
        return answers(
            dispatch,
            {"/": "GET HEAD OPTIONS", "/form": "POST", "/find": "QUERY GET", "": "GET"},
            [
                ("GET", "/?a=/form"),
                ("HEAD", "/"),
                ("OPTIONS", "/"),
                ("OPTIONS", "*"),
                ("HEAD", "/form"),
                ("GET", "/form"),
                ("POST", "/"),
                ("QUERY", "/find"),
                ("QUERY", "/form"),
                ("get", "/"),
                ("OPTIONS", "/x"),
                ("DELETE", "/x"),
                ("POST", "/x"),
                ("GET", "http://a/find?q"),
                ("GET", "HTTPS://a:80"),
                ("GET", "http://a?x"),
                ("GET", "http://a?b/find"),
                ("CONNECT", "a:80"),
                ("POST", "http://a/form?http://b/c"),
                ("GET", "/form/"),
                ("GET", "/http://a/find"),
                ("OPTIONS", "http://a/form"),
            ],
        )

    page, form = ["allow: GET, HEAD, OPTIONS, TRACE"], ["allow: OPTIONS, POST, TRACE"]
    found, absent = (lambda by, target: (200, [f"x-by: {by}"], target)), (404, [], "")
    check.probe(
        dispatch,
        larger,
        expected={
            "GET /?a=/form": found("GET /", "/?a=/form"),
            "HEAD /": found("HEAD /", "/"),
            "OPTIONS /": (204, page, ""),
            "OPTIONS *": (204, ["allow: GET, HEAD, OPTIONS, POST, QUERY, TRACE"], ""),
            "HEAD /form": (405, form, ""),
            "GET /form": (405, form, ""),
            "POST /": (405, page, ""),
            "QUERY /find": found("QUERY /find", "/find"),
            "QUERY /form": (405, form, ""),
            "get /": (501, [], ""),
            "OPTIONS /x": absent,
            "DELETE /x": (501, [], ""),
            "POST /x": absent,
            "GET http://a/find?q": found("GET /find", "http://a/find?q"),
            "GET HTTPS://a:80": found("GET /", "HTTPS://a:80"),
            "GET http://a?x": found("GET /", "http://a?x"),
            "GET http://a?b/find": found("GET /", "http://a?b/find"),
            "CONNECT a:80": (501, [], ""),
            "POST http://a/form?http://b/c": found("POST /form", "http://a/form?http://b/c"),
            "GET /form/": absent,
            "GET /http://a/find": absent,
            "OPTIONS http://a/form": (204, form, ""),
        },
        **RULE,
    )

    def nothing_there(dispatch):
        """A server without any route, and the routes afterwards."""
        return answers(dispatch, {}, [("OPTIONS", "*"), ("PUT", "/"), ("GET", "/"), ("HEAD", "*")])

    check.probe(
        dispatch,
        nothing_there,
        expected={
            "OPTIONS *": (204, page, ""),
            "PUT /": (501, [], ""),
            "GET /": absent,
            "HEAD *": absent,
        },
        **RULE,
    )

    def not_changed(dispatch):
        """What stands in the routes after some requests."""
        routes = {"/": {"GET": handler("GET /")}}
        for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "POST"):
            dispatch(routes, Request(method, "/"))
        return {path: sorted(methods) for path, methods in routes.items()}

    check.probe(
        dispatch,
        not_changed,
        expected={"/": ["GET"]},
        rule="The routes are not yours to change.",
        rfc="",
    )
    ### END HIDDEN TESTS


# %% role="test" id="methods-test-trace" points=1
@check.test
def _():
    # TRACE gives back the request, but no secrets.
    RULE = dict(
        rule="The request as it arrived, as message/http, without what could be stolen from it.",
        rfc="RFC 9110 section 9.3.8",
    )

    def traced(dispatch, target, version, *fields, content=b""):
        request = Request("TRACE", target, version, tuple(fields), content)
        response = dispatch({"/": {"GET": None}}, request)
        return response.status, [(n.lower(), v) for n, v in response.fields], response.content

    def trace_example(dispatch):
        """A request with a cookie, sent back."""
        return traced(dispatch, "/a?b", "HTTP/1.1", ("host", "a"), ("cookie", "id=7"), ("x-y", "z"))

    TYPE = [("content-type", "message/http")]
    check.probe(
        dispatch,
        trace_example,
        expected=(200, TYPE, b"TRACE /a?b HTTP/1.1\r\nhost: a\r\nx-y: z\r\n\r\n"),
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def trace_more(dispatch):
        """Other secrets, repeated and odd fields, none at all."""
        secrets = (
            ("authorization", "Basic QQ"),
            ("a", "1"),
            ("proxy-authorization", "x"),
            ("cookie", "a"),
            ("cookie", "b"),
        )
        return [
            traced(dispatch, "/", "HTTP/1.0", *secrets, ("a", "2"), ("x-cookie", "kept")),
            traced(dispatch, "http://a/", "HTTP/1.1", ("host", "\xe9"), ("empty", "")),
            traced(dispatch, "/nowhere", "HTTP/1.0"),
            traced(dispatch, "/", "HTTP/1.1", ("content-length", "2"), content=b"hi"),
        ]

    check.probe(
        dispatch,
        trace_more,
        expected=[
            (200, TYPE, b"TRACE / HTTP/1.0\r\na: 1\r\na: 2\r\nx-cookie: kept\r\n\r\n"),
            (200, TYPE, b"TRACE http://a/ HTTP/1.1\r\nhost: \xe9\r\nempty: \r\n\r\n"),
            (200, TYPE, b"TRACE /nowhere HTTP/1.0\r\n\r\n"),
            (200, TYPE, b"TRACE / HTTP/1.1\r\ncontent-length: 2\r\n\r\n"),
        ],
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="given" id="methods-given-far-ends"
def capitals(listener):
    """A server that is no HTTP: greets, and says everything back in capitals, until the end."""
    each_client(listener, lambda client: talk_in_capitals(client))


def counts_at_the_end(listener):
    """A server that answers only when the client has ended: with the number of octets."""
    each_client(listener, lambda client: client.sendall(b"%d" % len(all_octets(client))))


def each_client(listener, talk):
    def serve(client):
        with client, contextlib.suppress(OSError):
            talk(client)

    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        client.settimeout(5)
        threading.Thread(target=serve, args=(client,), daemon=True).start()


def talk_in_capitals(client):
    client.sendall(b"hello\n")
    while octets := client.recv(65_536):
        client.sendall(octets.upper())
    client.sendall(b"bye\n")


def all_octets(client):
    """Everything until the other side ends."""
    found = []
    while octets := client.recv(65_536):
        found.append(octets)
    return b"".join(found)


class Tunnelled:
    """A client at one end of a learner's tunnel: `with Tunnelled(tunnel, address) as client`."""

    def __init__(self, tunnel, address, early=b"", allowed=None):
        self.near, self.far = socket.socketpair()
        self.near.settimeout(2)
        host, port = address
        allowed = {(host, port)} if allowed is None else allowed
        self.error, arguments = None, (self.far, f"{host}:{port}", early, allowed)
        self.thread = threading.Thread(target=self.run, args=(tunnel, arguments), daemon=True)

    def run(self, tunnel, arguments):
        try:
            tunnel(*arguments)
        except BaseException as error:
            self.error = error
            self.far.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        self.thread.start()
        return self

    def head(self):
        """The answer to CONNECT: its status line and its fields in lower case."""
        octets = b""
        while b"\r\n\r\n" not in octets and (one := self.near.recv(1)):
            octets += one
        if not octets:
            raise self.error or EOFError("the tunnel said nothing")
        status, *fields = octets.decode("latin-1").lower().split("\r\n")
        return status.split(" ")[1], sorted(field for field in fields if field)

    def ended(self):
        """Has the tunnel returned, or does it soon?"""
        self.thread.join(2)
        return not self.thread.is_alive()

    def __exit__(self, *_):
        self.near.close()
        self.ended()
        self.far.close()


# %% role="test" id="methods-test-tunnel" points=3
@check.test
def _():
    # Octets through a tunnel, both ways, until both have ended.
    RULE = dict(
        rule="200, then octets both ways at once; the end of one direction is passed on, and the other goes on.",
        rfc="RFC 9110 section 9.3.6",
        within_s=8,
    )

    def talk(tunnel):
        """A greeting, a word, the end, a last word."""
        with running(capitals) as server, Tunnelled(tunnel, server.address) as client:
            found = [client.head()]
            found.append(client.near.recv(6))
            client.near.sendall(b"through")
            found.append(client.near.recv(7))
            client.near.shutdown(socket.SHUT_WR)
            found.append(all_octets(client.near))
            return [*found, client.ended()]

    check.probe(
        tunnel, talk, expected=[("200", []), b"hello\n", b"THROUGH", b"bye\n", True], **RULE
    )

    def refused(tunnel):
        """A host that is not allowed."""
        with (
            running(capitals) as server,
            Tunnelled(tunnel, server.address, allowed=set()) as client,
        ):
            return client.head(), client.ended()

    closing = ["connection: close", "content-length: 0"]
    check.probe(tunnel, refused, expected=(("403", closing), True), **RULE)

    ### BEGIN HIDDEN TESTS
    def answered_at_the_end(tunnel):
        """Early octets and others, all counted when the client has ended."""
        with (
            running(counts_at_the_end) as server,
            Tunnelled(tunnel, server.address, b"x" * 1000) as client,
        ):
            found = [client.head()]
            client.near.sendall(b"y" * 234)
            client.near.shutdown(socket.SHUT_WR)
            return [*found, all_octets(client.near), client.ended()]

    check.probe(tunnel, answered_at_the_end, expected=[("200", []), b"1234", True], **RULE)

    def much_at_once(tunnel):
        """Three million octets each way, which nobody reads until all are sent."""
        with running(capitals) as server, Tunnelled(tunnel, server.address, b"early ") as client:
            found = [client.head()]
            came = []
            reader = threading.Thread(
                target=lambda: came.append(all_octets(client.near)), daemon=True
            )
            reader.start()
            client.near.sendall(b"abc" * 1_000_000)
            client.near.shutdown(socket.SHUT_WR)
            reader.join(4)
            whole = came == [b"hello\nEARLY " + b"ABC" * 1_000_000 + b"bye\n"]
            return [*found, whole or [len(each) for each in came], client.ended()]

    check.probe(tunnel, much_at_once, expected=[("200", []), True, True], **RULE)

    def server_ends_first(tunnel):
        """The server ends its sending, and still hears the client."""
        heard = []

        def half(listener):
            def listen_on(client):
                client.sendall(b"that is all")
                client.shutdown(socket.SHUT_WR)
                heard.append(all_octets(client))

            each_client(listener, listen_on)

        with running(half) as server, Tunnelled(tunnel, server.address) as client:
            found = [client.head(), all_octets(client.near), client.thread.is_alive()]
            client.near.sendall(b"and this")
            client.near.shutdown(socket.SHUT_WR)
            return [*found, client.ended(), heard]

    check.probe(
        tunnel,
        server_ends_first,
        accepts=lambda found: (
            list(found[:4]) == [("200", []), b"that is all", True, True]
            and list(found[4]) in ([b"and this"], [])
        ),
        **RULE,
    )

    def nobody_there(tunnel):
        """A port that is allowed, and where nobody listens."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            with Tunnelled(tunnel, taken.getsockname()) as client:
                return client.head(), client.ended()

    check.probe(tunnel, nobody_there, expected=(("502", closing), True), **RULE)

    def over_ipv6(tunnel):
        """A host that is an IPv6 address (where this computer has one)."""
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            return [("200", []), b"hello\n"]
        threading.Thread(target=capitals, args=(listener,), daemon=True).start()
        try:
            with Tunnelled(tunnel, ("[::1]", listener.getsockname()[1])) as client:
                return [client.head(), client.near.recv(6)]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    check.probe(tunnel, over_ipv6, expected=[("200", []), b"hello\n"], **RULE)

    def other_port(tunnel):
        """The host is allowed, but at another port; the port, but of another host."""
        found = []
        with running(capitals) as server:
            host, port = server.address
            for allowed in ({(host, port + 1)}, {("localhost", port)}, {(host, str(port))}):
                with Tunnelled(tunnel, server.address, allowed=allowed) as client:
                    found.append(client.head())
        return found

    check.probe(tunnel, other_port, expected=[("403", closing)] * 3, **RULE)

    def left_open(tunnel):
        """After the tunnel: is the client's socket still ours, and the server's closed?"""
        with running(counts_at_the_end) as server, Tunnelled(tunnel, server.address) as client:
            client.head()
            client.near.shutdown(socket.SHUT_WR)
            found = [all_octets(client.near), client.ended(), client.far.fileno() >= 0]
        with (
            running(capitals) as server,
            Tunnelled(tunnel, server.address, allowed=set()) as client,
        ):
            client.head()
            return [*found, client.ended(), client.far.fileno() >= 0]

    check.probe(tunnel, left_open, expected=[b"0", True, True, True, True], **RULE)

    def client_lost(tunnel):
        """The client goes away in mid-sentence: does the tunnel return?"""
        with running(capitals) as server, Tunnelled(tunnel, server.address) as client:
            found = client.head()
            client.near.sendall(b"I was going to s")
            client.near.close()
            return found, client.ended()

    check.probe(tunnel, client_lost, expected=(("200", []), True), **RULE)

    def server_lost(tunnel):
        """The server breaks off (RST) while the client is silent: does the tunnel return?"""
        import struct

        def breaks_off(listener):
            def reset(client):
                client.recv(1)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

            each_client(listener, reset)

        with running(breaks_off) as server, Tunnelled(tunnel, server.address) as client:
            found = client.head()
            client.near.sendall(b"x")
            return found, client.ended()

    check.probe(
        tunnel,
        server_lost,
        expected=(("200", []), True),
        rule="If one side is lost, both ends are: nobody waits for what cannot come.",
        rfc="RFC 9110 section 9.3.6",
        within_s=8,
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="methods-after"
# And now something that is neither HTTP nor encrypted, through your tunnel:

# %%
with running(capitals) as server, Tunnelled(tunnel, server.address) as client:
    try:
        print("CONNECT was answered with", client.head()[0])
        client.near.sendall(b"is this http?")
        client.near.shutdown(socket.SHUT_WR)
        print(all_octets(client.near).decode())
    except NotImplementedError:
        print("Exercise 10 comes first; then run this cell again.")

# %% [markdown] role="given" id="server-text"
# ## 11. A server that others use
#
# You have a reader, a judge of lengths, a writer. What is missing is the one who holds them
# together through a whole connection: several requests after each other (**keep-alive**), several
# sent before the first is answered (**pipelined**: the answers come in order, RFC 9112 section
# 9.3.2), a head in ten pieces, a client that falls silent.
#
# It is a machine without sockets once more: octets in, octets out.
# `serve_connections(listener, make, idle_s)` from `wirelab.servers.http_loop` gives every
# connection a machine of its own, made by `make()`, and carries the octets.
#
# Then it meets `requests`, `http.client`, curl and h11, and a file of more than a hundred requests
# that are malformed or can be read in two ways: `CORPUS`. Each says which answers the standard
# allows.

# %%
print(len(CORPUS), "requests")
for each in (CORPUS[0], CORPUS[40], CORPUS[80]):
    print(f"{each.name}: {each.octets[:60]!r} -> {' or '.join(sorted(each.allowed))}  ({each.rfc})")

# %% [markdown] role="given" id="server-brief"
# ### Exercise 11: the connection
#
# Write the class `HttpConnection(handler, max_head: int = 16_384, max_content: int = 1_000_000)`.
# `handler(request)` returns a `Response`; `request.content` is the whole content, without chunks.
#
# - `receive(octets: bytes) -> bytes` takes what the client sent and returns what is to be sent to
#   it, as soon as it is known; often `b""`. `b""` as the argument means that the client will send
#   no more.
# - `late() -> bytes` is called when the client has sent nothing for a while; the same.
# - `closed` is `True` as soon as nothing more will be read or answered; then both return `b""`.
#
# **A request.** CR LF in front of it are skipped, any number of times. A head is read by your
# `parse_head`, its length by your `request_length` with `max_content`, chunks by your
# `ChunkedDecoder` with `max_content`; trailers are dropped. When it is complete, the handler is
# called, and its response written by your `serialise`, with the method of the request and a date
# (`formatdate(usegmt=True)`). Then comes the next request, in what is already there.
#
# **The end.** After these answers the connection is closed, and they carry `Connection: close`:
#
# - the request says `close` in Connection (a list, in any case), is of HTTP/1.0, or is a CONNECT;
# - the response says `close` in Connection;
# - a refusal (below), and a 500.
#
# **Refusals** have a date and no content; what follows them is not looked at:
#
# - `Refused` from the three: its status.
# - A head of more than `max_head` octets, its empty line counted, complete or not, as soon as so
#   many have come: 414 if there is no CR LF within the first `max_head` octets, else 431.
# - `Expect` with anything else than `100-continue`, in any case: 417.
# - The client ends in the middle of a request (any octet of it but leading CR LF has come): 400;
#   falls silent in the middle: 408. Otherwise nothing is said in either case, and `closed` becomes
#   `True`.
# - The handler raises an `Exception`, or its response cannot be written: 500.
#
# **Expect: 100-continue** in a request of HTTP/1.1 or later (with content, none of which has come
# yet): return `HTTP/1.1 100 Continue` CR LF CR LF at once, and go on reading (RFC 9110 section
# 10.1.1).
#
# Example: two pipelined GETs in one call of `receive` return two responses in one `bytes`, in order.


# %% role="answer" id="server-answer"
class HttpConnection:
    """One client's connection: octets in, octets out."""

    def __init__(self, handler, max_head: int = 16_384, max_content: int = 1_000_000):
        ### BEGIN SOLUTION
        self.closed = False
        self._handler, self._max_head, self._max_content = handler, max_head, max_content
        self._buffer = b""
        self._request, self._length, self._content = None, 0, b""
        self._decoder = None
        ### END SOLUTION

    def receive(self, octets: bytes) -> bytes:
        """Take what the client sent, b"" for its end; return what is to be sent to it."""
        ### BEGIN SOLUTION
        if self.closed:
            return b""
        if not octets:
            return self._end(400)
        self._buffer += octets
        answers = []
        try:
            while not self.closed and (answer := self._next()) is not None:
                answers.append(answer)
        except Refused as refusal:
            answers.append(self._refuse(refusal.status))
        return b"".join(answers)
        ### END SOLUTION

    def late(self) -> bytes:
        """The client has fallen silent: return what is to be said to that."""
        ### BEGIN SOLUTION
        return b"" if self.closed else self._end(408)

    def _end(self, status):
        under_way = self._request is not None or self._buffer.strip(b"\r\n")
        self.closed = True
        return self._refuse(status) if under_way else b""

    def _refuse(self, status):
        self.closed = True
        return serialise(Response(status), close=True, date=formatdate(usegmt=True))

    def _next(self):
        """Go one step on: octets to be sent, or None where more must come first."""
        if self._request is None:
            return self._begin()
        if self._decoder is not None:
            self._content += self._decoder.feed(self._buffer)
            self._buffer = b""
            if not self._decoder.done:
                return None
            self._buffer = self._decoder.rest
        else:
            if len(self._buffer) < self._length:
                return None
            self._content, self._buffer = self._buffer[: self._length], self._buffer[self._length :]
        request, self._request = replace(self._request, content=self._content), None
        self._content, self._decoder = b"", None
        return self._answer(request)

    def _begin(self):
        while self._buffer.startswith(b"\r\n"):
            self._buffer = self._buffer[2:]
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if len(head + end) > self._max_head:
            raise Refused(431 if b"\r\n" in self._buffer[: self._max_head] else 414)
        if not end:
            return None
        self._buffer = rest
        request = parse_head(head + end)
        length = request_length(request, self._max_content)
        expected = [word.lower() for word in request.values("expect")]
        if any(word != "100-continue" for word in expected):
            raise Refused(417)
        self._request, self._length = request, length
        if length == "chunked":
            self._decoder = ChunkedDecoder(self._max_content)
        waits = expected and request.version != "HTTP/1.0" and length != 0 and not rest
        return b"HTTP/1.1 100 Continue\r\n\r\n" if waits else b""

    def _answer(self, request):
        def says_close(message):
            words = ",".join(
                value for name, value in message.fields if name.lower() == "connection"
            )
            return "close" in [word.strip().lower() for word in words.split(",")]

        last = says_close(request) or request.version == "HTTP/1.0" or request.method == "CONNECT"
        date = formatdate(usegmt=True)
        try:
            response = self._handler(request)
            last = last or says_close(response)
            if last and not says_close(response):
                response = replace(response, fields=(*response.fields, ("Connection", "close")))
            answer = serialise(response, request.method, date=date)
        except Exception:
            last, answer = True, serialise(Response(500), request.method, close=True, date=date)
        self.closed = last
        return answer
        ### END SOLUTION


# %% [markdown] role="hint" id="server-hint-1"
# Nudge
# Keep a buffer, and the request whose head has been read but whose content has not (or `None`).
# Everything else follows from these two. What is in the buffer after the last request belongs to
# the next.

# %% [markdown] role="hint" id="server-hint-2"
# Way
# Write a method that goes *one step* and returns `None` where more octets are needed: with no
# request under way it tries for a head; with one, for its content. `receive` calls it until it
# returns `None` or the connection is closed, inside one `try` that turns `Refused` into an answer.

# %% [markdown] role="hint" id="server-hint-3"
# Almost
# ```python
# self._buffer += octets
# answers = []
# try:
#     while not self.closed and (answer := self._next()) is not None:
#         answers.append(answer)
# except Refused as refusal:
#     answers.append(self._refuse(refusal.status))
# return b"".join(answers)
# ```
# `dataclasses.replace(request, content=content)` gives the request to the handler. With a chunked
# decoder: feed it the whole buffer, and when it is done, its `rest` is your buffer.


# %% role="given" id="server-given-site"
def site(request):
    """The site that is served: /, /echo, /big, /nothing, /bye, /crash and /bad."""
    path = request.target.partition("?")[0]
    if request.method not in ("GET", "HEAD", "POST", "PUT", "OPTIONS"):
        return Response(501)
    if path == "/crash":
        raise ZeroDivisionError("the handler's own fault")
    if path == "/bad":
        return Response(200, (("X", "a\r\nb"),))
    if path == "/echo":
        said = f"{request.method} {len(request.content)} ".encode() + request.content
        return Response(200, (("Content-Type", "text/plain"),), said)
    if path == "/big":
        return Response(200, (), b"0123456789" * 30_000)
    if path == "/nothing":
        return Response(204)
    if path == "/bye":
        return Response(200, (("Connection", "Close"),), b"bye")
    return Response(200, (), b"hello") if path in ("/", "*") else Response(404, (), b"none")


def conversation(connection_class, *pieces, methods=(), handler=None, **limits):
    """Hand pieces to an HttpConnection; None is silence. What h11 reads of the answers, and if it closed."""
    connection = connection_class(handler or site, **limits)
    octets = b"".join(
        connection.late() if each is None else connection.receive(each) for each in pieces
    )
    found = []
    for status, fields, content in answers_of(octets, methods, ended=connection.closed):
        words = dict(fields)
        last = words.get("connection", "").lower() == "close"
        found.append((status, content, "says close" if last else "stays"))
    return found, "closed" if connection.closed else "open"


def get(target="/", *fields, method="GET", version="HTTP/1.1", content=b""):
    """The octets of a request."""
    lines = [f"{method} {target} {version}", "Host: example.org", *fields]
    if content:
        lines.append(f"Content-Length: {len(content)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + content


# %% role="test" id="server-test-requests" points=3
@check.test
def _():
    # Requests one after the other, at once, and in pieces.
    RULE = dict(
        rule="Each complete request is answered at once and in order; the rest waits.",
        rfc="RFC 9112 sections 9.3 and 9.3.2",
    )
    hello = (200, b"hello", "stays")

    def pipelined(HttpConnection):
        """Two requests in one piece; one in three pieces."""
        one = get()
        return [
            conversation(HttpConnection, one + get("/echo", method="POST", content=b"abc")),
            conversation(HttpConnection, one[:5], one[5:-1], one[-1:]),
        ]

    check.probe(
        HttpConnection,
        pipelined,
        expected=[([hello, (200, b"POST 3 abc", "stays")], "open"), ([hello], "open")],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    chunked = (
        get("/echo", "Transfer-Encoding: chunked", method="PUT")
        + b"2\r\nab\r\n1;x\r\nc\r\n0\r\nX: y\r\n\r\n"
    )
    several = [
        get(),
        get("/echo", method="POST", content=b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
        chunked,
        get("/x"),
        get(method="HEAD"),
        get("/nothing"),
        b"\r\n\r\n" + get("/echo", "Content-Length: 0", method="POST"),
        get("/big"),
    ]
    methods = ["GET", "POST", "PUT", "GET", "HEAD", "GET", "POST", "GET"]
    answers = [
        hello,
        (200, b"POST 22 \r\n\r\nGET / HTTP/1.1\r\n\r\n", "stays"),
        (200, b"PUT 3 abc", "stays"),
        (404, b"none", "stays"),
        (200, b"", "stays"),
        (204, b"", "stays"),
        (200, b"POST 0 ", "stays"),
        (200, b"0123456789" * 30_000, "stays"),
    ]

    def eight(HttpConnection):
        """Eight different requests: each in a piece, all in one, octet for octet, in pieces of 7."""
        whole = b"".join(several)
        pieces = [
            [whole],
            several,
            [whole[i : i + 1] for i in range(len(whole))],
            [whole[i : i + 7] for i in range(0, len(whole), 7)],
        ]
        return [conversation(HttpConnection, *each, methods=methods) for each in pieces]

    check.probe(HttpConnection, eight, expected=[(answers, "open")] * 4, **RULE)

    def at_once(HttpConnection):
        """How many octets has each piece brought? (0 or some)"""
        connection = HttpConnection(site)
        body = get("/echo", method="POST", content=b"abcdef")
        pieces = [
            b"\r",
            b"\n",
            b"\r\n",
            get()[:-1],
            get()[-1:],
            b"\r\n",
            body[:-6],
            b"abc",
            b"def",
            b"GET",
        ]
        return [bool(connection.receive(piece)) for piece in pieces], connection.closed

    check.probe(
        HttpConnection,
        at_once,
        expected=([False, False, False, False, True, False, False, False, True, False], False),
        **RULE,
    )

    def seen_by_handler(HttpConnection):
        """What the handler gets."""
        seen = []

        def handler(request):
            seen.append(request)
            return Response(204)

        conversation(
            HttpConnection, several[2] + get("/a?b", "A: 1", "a: 2", content=b"x"), handler=handler
        )
        return seen

    check.probe(
        HttpConnection,
        seen_by_handler,
        expected=[
            Request(
                "PUT",
                "/echo",
                "HTTP/1.1",
                (("host", "example.org"), ("transfer-encoding", "chunked")),
                b"abc",
            ),
            Request(
                "GET",
                "/a?b",
                "HTTP/1.1",
                (("host", "example.org"), ("a", "1"), ("a", "2"), ("content-length", "1")),
                b"x",
            ),
        ],
        rule="The handler sees the request with its whole content, and nothing of the next.",
        rfc="RFC 9112 section 6.3",
    )

    def side_by_side(HttpConnection):
        """Two connections at once, and one that was asked fifty times."""
        one, two = HttpConnection(site), HttpConnection(site)
        first = one.receive(get()[:9]), two.receive(get("/echo", method="POST", content=b"x")[:-1])
        second = two.receive(b"x"), one.receive(get()[9:])
        codes = [answers_of(octets, ended=False)[0][2] for octets in second]
        fifty = conversation(
            HttpConnection, *[get("/echo", method="POST", content=b"z" * n) for n in range(1, 51)]
        )
        return (
            first,
            codes,
            [content for _, content, _ in fifty[0]]
            == [b"POST %d " % n + b"z" * n for n in range(1, 51)],
        )

    check.probe(
        HttpConnection, side_by_side, expected=((b"", b""), [b"POST 1 x", b"hello"], True), **RULE
    )

    def two_in_chunks(HttpConnection):
        """Two requests in chunks over one connection: the second has its own content only."""
        other = chunked.replace(b"ab", b"de").replace(b"c\r\n0", b"f\r\n0")
        return conversation(HttpConnection, chunked + other)

    check.probe(
        HttpConnection,
        two_in_chunks,
        expected=([(200, b"PUT 3 abc", "stays"), (200, b"PUT 3 def", "stays")], "open"),
        **RULE,
    )

    def bare_line_feed(HttpConnection):
        """A bare LF in front of a request, and a CR too many."""
        return [conversation(HttpConnection, octets + get()) for octets in (b"\n", b"\r\r\n")]

    check.probe(
        HttpConnection,
        bare_line_feed,
        expected=[([(400, b"", "says close")], "closed")] * 2,
        rule="CR LF in front of a request is skipped; a CR or an LF alone is not.",
        rfc="RFC 9112 section 2.2",
    )

    def dated(HttpConnection):
        """Does every answer, a refusal too, carry one Date that is one?"""
        found = []
        for octets in (get(), b"GET\r\n\r\n", get("/crash")):
            (_, fields, _), *_ = answers_of(HttpConnection(site).receive(octets))
            dates = [value for name, value in fields if name == "date"]
            found.append([date_s(date) is not None and date.endswith(" GMT") for date in dates])
        return found

    check.probe(
        HttpConnection,
        dated,
        expected=[[True]] * 3,
        rule="A server that has a clock says the date.",
        rfc="RFC 9110 section 6.6.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="server-test-end" points=2
@check.test
def _():
    # When the connection ends.
    RULE = dict(
        rule="close in a request or an answer, HTTP/1.0, CONNECT, a refusal, a 500: then it ends, and says so.",
        rfc="RFC 9112 section 9.6",
    )
    bye = (200, b"hello", "says close")

    def ends(HttpConnection):
        """A request with close, and one behind it; HTTP/1.0."""
        return [
            conversation(HttpConnection, get("/", "Connection: close") + get()),
            conversation(HttpConnection, get("/", version="HTTP/1.0")),
        ]

    check.probe(HttpConnection, ends, expected=[([bye], "closed")] * 2, **RULE)

    ### BEGIN HIDDEN TESTS
    def more_ends(HttpConnection):
        """Lists, letters, answers that close, and what does not close."""
        return [
            conversation(HttpConnection, get("/", "Connection: Upgrade, CLOSE"), get()),
            conversation(HttpConnection, get("/", "Connection: x", "Connection: Close"), get()),
            conversation(HttpConnection, get("/bye") + get()),
            conversation(
                HttpConnection, get("/", "Connection: keep-alive", version="HTTP/1.0") + get()
            ),
            conversation(HttpConnection, get("/", version="HTTP/1.7"), get()),
            conversation(HttpConnection, get("/", "Connection: keep-alive, disclosed"), get()),
            conversation(
                HttpConnection, get("a:80", method="CONNECT") + get(), methods=["CONNECT"]
            ),
            conversation(HttpConnection, get("/crash") + get()),
            conversation(HttpConnection, get("/bad") + get()),
            conversation(HttpConnection, get("/nothing", "Connection: close") + get()),
            conversation(
                HttpConnection,
                get("/", "Connection: close", method="HEAD") + get(),
                methods=["HEAD"],
            ),
        ]

    stays = (200, b"hello", "stays")
    check.probe(
        HttpConnection,
        more_ends,
        expected=[
            ([bye], "closed"),
            ([bye], "closed"),
            ([(200, b"bye", "says close")], "closed"),
            ([bye], "closed"),
            ([stays] * 2, "open"),
            ([stays] * 2, "open"),
            ([(501, b"", "says close")], "closed"),
            ([(500, b"", "says close")], "closed"),
            ([(500, b"", "says close")], "closed"),
            ([(204, b"", "says close")], "closed"),
            ([(200, b"", "says close")], "closed"),
        ],
        **RULE,
    )

    def deaf(HttpConnection):
        """What does a closed connection say?"""
        connection = HttpConnection(site)
        connection.receive(get("/", "Connection: close") + get())
        said = [connection.receive(get()), connection.late(), connection.receive(b"")]
        return said, connection.closed

    check.probe(HttpConnection, deaf, expected=([b"", b"", b""], True), **RULE)

    def other_faults(HttpConnection):
        """A handler that raises other exceptions, and answers that are none."""

        def raising(error):
            def handler(request):
                raise error

            return handler

        handlers = [
            raising(KeyError("x")),
            raising(Refused(404)),
            raising(OSError()),
            lambda request: Response(42),
            lambda request: None,
        ]
        return [
            conversation(HttpConnection, get() + get(), handler=handler) for handler in handlers
        ]

    check.probe(
        HttpConnection,
        other_faults,
        expected=[([(500, b"", "says close")], "closed")] * 5,
        rule="A handler's fault is the server's: 500, whatever it raised.",
        rfc="RFC 9110 section 15.6.1",
    )
    ### END HIDDEN TESTS


# %% role="test" id="server-test-waiting" points=2
@check.test
def _():
    # Expectations, silence, and the end in mid-request.
    RULE = dict(
        rule="100 at once where the client waits for it; 408 for silence and 400 for an end in mid-request.",
        rfc="RFC 9110 sections 10.1.1 and 15.5.9",
    )
    EXPECT = get("/echo", "Expect: 100-continue", "Content-Length: 3", method="POST")

    def waits(HttpConnection):
        """A client that waits for 100; one that falls silent in mid-head; one that has said nothing."""
        connection = HttpConnection(site)
        return [
            connection.receive(EXPECT),
            conversation(HttpConnection, get()[:20], None),
            conversation(HttpConnection, get(), None),
        ]

    late = ([(408, b"", "says close")], "closed")
    hello = (200, b"hello", "stays")
    check.probe(
        HttpConnection,
        waits,
        expected=[b"HTTP/1.1 100 Continue\r\n\r\n", late, ([hello], "closed")],
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def expectations(HttpConnection):
        """What is said to the head, and then to the content."""

        def both(head, content=b"abc"):
            connection = HttpConnection(site)
            first = connection.receive(head)
            second = connection.receive(content)
            return first[:12], answers_of(second, ended=False)[0][2] if second else b""

        chunks = b"3\r\nabc\r\n0\r\n\r\n"
        return [
            both(EXPECT),
            both(
                get("/echo", "expect: 100-CONTINUE", "Transfer-Encoding: chunked", method="PUT"),
                chunks,
            ),
            both(EXPECT.replace(b"/1.1", b"/1.0")),
            both(EXPECT + b"a", b"bc"),
            both(EXPECT.replace(b"h: 3", b"h: 0"), b"\r\n"),
            both(get("/echo", "Expect: 100-continue"), b"\r\n"),
            both(EXPECT.replace(b"100-continue", b"200-maybe")),
            both(EXPECT.replace(b"100-continue", b"100-continue, x")),
            both(EXPECT[:-1], b"\nabc"),
        ]

    go_on, content = b"HTTP/1.1 100", b"POST 3 abc"
    check.probe(
        HttpConnection,
        expectations,
        expected=[
            (go_on, content),
            (go_on, b"PUT 3 abc"),
            (b"", content),
            (b"", content),
            (b"HTTP/1.1 200", b""),
            (b"HTTP/1.1 200", b""),
            (b"HTTP/1.1 417", b""),
            (b"HTTP/1.1 417", b""),
            (b"", content),
        ],
        **RULE,
    )

    def silences(HttpConnection):
        """Silence and end at every place."""
        post = get("/echo", method="POST", content=b"abc")
        chunks = get("/echo", "Transfer-Encoding: chunked", method="POST") + b"3\r\nab"
        places = [
            b"G",
            b" ",
            post[:-4],
            post[:-1],
            post[:-3],
            chunks,
            chunks + b"c\r\n0\r\n",
            b"\r\n",
            b"\r\n\r\n",
            get() + b"\r\n",
        ]
        found = []
        for last in (None, b""):
            found.append(
                [conversation(HttpConnection, place, last)[0][-1:] for place in places]
                + [
                    conversation(HttpConnection, last),
                    conversation(HttpConnection, get() + b"GET", last, last),
                ]
            )
        return found

    check.probe(
        HttpConnection,
        silences,
        expected=[
            [[(code, b"", "says close")]] * 7
            + [[], [], [hello], ([], "closed"), ([hello, (code, b"", "says close")], "closed")]
            for code in (408, 400)
        ],
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="server-test-limits" points=2
@check.test
def _():
    # Limits of head and content.
    RULE = dict(
        rule="More than max_head octets of head are refused as soon as they have come; max_head itself is fine.",
        rfc="RFC 9112 section 3, RFC 6585 section 5",
    )

    def codes(HttpConnection, *pieces, **limits):
        found, state = conversation(HttpConnection, *pieces, **limits)
        return [status for status, _, _ in found], state

    def long_line(HttpConnection):
        """A request line without end, fields without end."""
        return [
            codes(HttpConnection, b"GET /" + b"a" * 20_000),
            codes(HttpConnection, get()[:-2] + b"X: a\r\n" * 4000),
        ]

    check.probe(HttpConnection, long_line, expected=[([414], "closed"), ([431], "closed")], **RULE)

    ### BEGIN HIDDEN TESTS
    def long_and_ended(HttpConnection):
        """Whole heads in one piece, too long; request lines of max_head octets, one less, one more."""
        lines = [
            b"GET /" + b"a" * (size - 16) + b" HTTP/1.1\r\n" for size in (16_383, 16_384, 16_385)
        ]
        return [codes(HttpConnection, line + b"Host: a\r\n\r\n") for line in lines]

    check.probe(
        HttpConnection,
        long_and_ended,
        expected=[([431], "closed"), ([431], "closed"), ([414], "closed")],
        rule="414 where the first max_head octets hold no CR LF, whatever has come after them.",
        rfc="RFC 9112 section 3",
    )

    def at_the_limit(HttpConnection):
        """Heads of exactly max_head octets and of one more, in one piece and in many."""
        found = []
        for size in (100, 101):
            octets = get("/", "X: ")
            octets = get("/", "X: " + "a" * (size - len(octets)))
            pieces = [octets[i : i + 1] for i in range(len(octets))]
            found += [
                codes(HttpConnection, octets, max_head=100),
                codes(HttpConnection, *pieces, max_head=100),
            ]
        short = get()
        found.append(codes(HttpConnection, b"\r\n" * 200 + short, max_head=len(short)))
        found.append(codes(HttpConnection, short * 3, max_head=len(short)))
        found.append(codes(HttpConnection, short + b"x" * 60, max_head=len(short)))
        found.append(
            codes(HttpConnection, get("/echo", method="POST", content=b"x" * 500), max_head=100)
        )
        return found

    check.probe(
        HttpConnection,
        at_the_limit,
        expected=[
            ([200], "open"),
            ([200], "open"),
            ([431], "closed"),
            ([431], "closed"),
            ([200], "open"),
            ([200] * 3, "open"),
            ([200, 414], "closed"),
            ([200], "open"),
        ],
        **RULE,
    )

    def when_refused(HttpConnection):
        """After how many octets is a line without end refused? And a head without end?"""
        found = []
        for begin in (b"G", b"GET / HTTP/1.1\r\nX: "):
            connection, sent = HttpConnection(site, max_head=200), 0
            answer = connection.receive(begin)
            sent += len(begin)
            while not answer and sent < 1000:
                answer = connection.receive(b"a")
                sent += 1
            found.append((sent, answer[9:12]))
        return found

    check.probe(HttpConnection, when_refused, expected=[(201, b"414"), (201, b"431")], **RULE)

    def contents(HttpConnection):
        """Content at and beyond max_content, counted and in chunks; and the default."""

        def chunked(size):
            return (
                get("/echo", "Transfer-Encoding: chunked", method="POST")
                + b"%x\r\n" % size
                + b"a" * size
                + b"\r\n0\r\n\r\n"
            )

        return [
            codes(HttpConnection, get("/echo", method="POST", content=b"a" * 10), max_content=10),
            codes(HttpConnection, get("/echo", method="POST", content=b"a" * 11), max_content=10),
            codes(HttpConnection, chunked(10), max_content=10),
            codes(HttpConnection, chunked(11), max_content=10),
            codes(
                HttpConnection, get("/echo", "Content-Length: 11", method="POST"), max_content=10
            ),
            codes(
                HttpConnection,
                get("/echo", "Content-Length: 1000001", "Expect: 100-continue", method="POST"),
            ),
            codes(HttpConnection, get("/echo", "Content-Length: 1000000", method="POST")),
            codes(HttpConnection, get("/a" * 4001)),
        ]

    late = ([413], "closed")
    check.probe(
        HttpConnection,
        contents,
        expected=[
            ([200], "open"),
            late,
            ([200], "open"),
            late,
            late,
            late,
            ([], "open"),
            ([414], "closed"),
        ],
        rule="Too much is refused before it comes, not after.",
        rfc="RFC 9110 section 15.5.14",
    )
    ### END HIDDEN TESTS


# %% role="test" id="server-test-malformed" points=3
@check.test
def _():
    # More than a hundred malformed requests, each answered as the standard allows.
    RULE = dict(
        rule="Each request of CORPUS by this name must get one of the answers in its `allowed`, and then the end.",
        rfc="RFC 9112 section 11",
    )

    def not_allowed(HttpConnection):
        """Requests of CORPUS that are not answered as the standard allows."""
        found = {
            each.name: outcome_of(lambda: HttpConnection(site), each.octets) for each in CORPUS
        }
        return {
            each.name: found[each.name] for each in CORPUS if not each.permits(found[each.name])
        }

    check.probe(HttpConnection, not_allowed, expected={}, **RULE)

    ### BEGIN HIDDEN TESTS
    def in_pieces(HttpConnection):
        """The same in pieces of 1, 7 or 4096 octets."""
        found = {}
        for each in CORPUS:
            for size in (1, 7) if len(each.octets) < 1500 else (4096,):
                came = outcome_of(lambda: HttpConnection(site), each.octets, size)
                if not each.permits(came):
                    found[f"{each.name}, in pieces of {size}"] = came
        return found

    check.probe(HttpConnection, in_pieces, expected={}, **RULE)

    def at_random(HttpConnection):
        """Good requests with octets changed, lost or doubled: crashes, and machines that never end."""
        dice = random.Random(2111)
        seeds = [
            get("/echo", method="POST", content=b"abc"),
            get("/", "Connection: close"),
            get("/echo", "Transfer-Encoding: chunked", method="PUT")
            + b"3\r\nabc\r\n0\r\nX: y\r\n\r\n",
        ]
        found = []
        for _ in range(400):
            octets = bytearray(dice.choice(seeds) + dice.choice(seeds))
            for _ in range(dice.randrange(1, 4)):
                at = dice.randrange(len(octets))
                octets[at : at + dice.randrange(3)] = dice.choice(
                    [
                        b"",
                        b"\x00",
                        b"\r",
                        b"\n",
                        b" ",
                        b":",
                        b"\xff",
                        b"9",
                        b",",
                        bytes(octets[at : at + 9]),
                    ]
                )
            came = outcome_of(lambda: HttpConnection(site), bytes(octets), dice.choice([0, 0, 5]))
            if came[-1] != "close" or any(
                code.startswith("5") and code not in ("501", "505") for code in came
            ):
                found.append((bytes(octets), came))
        return found[:3]

    check.probe(
        HttpConnection,
        at_random,
        expected=[],
        rfc="RFC 9112 section 11",
        rule="Whatever comes: an answer that is HTTP, then the end. Never a crash, never a 500.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="server-test-clients" points=3
@check.test
def _():
    # Clients that nobody here wrote.
    import http.client
    import shutil
    import subprocess

    import requests

    RULE = dict(
        rule="Each client must get what it asked for, twice over one connection.",
        rfc="RFC 9112",
        within_s=20,
    )

    def make(HttpConnection):
        return lambda: HttpConnection(site)

    def with_requests(HttpConnection):
        """requests: a session that keeps its connection, HEAD, 204, chunks, an error."""
        with (
            running(serve_connections, make(HttpConnection), 30.0) as server,
            requests.Session() as session,
        ):
            session.trust_env = False
            base = f"http://127.0.0.1:{server.address[1]}"
            found = [
                session.get(base, timeout=8).text,
                session.head(base + "/big", timeout=8).headers["content-length"],
            ]
            found.append(session.get(base + "/nothing", timeout=8).status_code)
            found.append(session.post(base + "/echo", data=iter([b"ab", b"c"]), timeout=8).text)
            found.append(session.get(base + "/crash", timeout=8).status_code)
            found.append(session.get(base + "/big", timeout=8).content == b"0123456789" * 30_000)
        return found

    check.probe(
        HttpConnection,
        with_requests,
        expected=["hello", "300000", 204, "POST 3 abc", 500, True],
        **RULE,
    )

    def with_http_client(HttpConnection):
        """http.client: three requests over one connection."""
        with running(serve_connections, make(HttpConnection), 30.0) as server:
            client = http.client.HTTPConnection(*server.address, timeout=8)
            found = []
            for method, path, content in (
                ("GET", "/", None),
                ("PUT", "/echo", b"x" * 70_000),
                ("GET", "/none", None),
            ):
                client.request(method, path, content)
                response = client.getresponse()
                found.append((response.status, len(response.read()), client.sock is not None))
            client.close()
        return found

    check.probe(
        HttpConnection,
        with_http_client,
        expected=[(200, 5, True), (200, 70_010, True), (404, 4, True)],
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def with_h11(HttpConnection):
        """h11: five requests pipelined in one piece."""
        methods = ["GET", "HEAD", "POST", "GET", "GET"]
        asked = [
            get(),
            get("/big", method="HEAD"),
            get("/echo", method="POST", content=b"hi"),
            get("/nothing"),
            get("/bye"),
        ]
        with running(serve_connections, make(HttpConnection), 30.0) as server:
            client = server.connect(8)
            client.sendall(b"".join(asked))
            octets = all_octets(client)
        return [(status, content) for status, _, content in answers_of(octets, methods)]

    check.probe(
        HttpConnection,
        with_h11,
        expected=[(200, b"hello"), (200, b""), (200, b"POST 2 hi"), (204, b""), (200, b"bye")],
        **RULE,
    )

    wanted = "hello200POST 2000 200"
    curl = shutil.which("curl")

    def with_curl(HttpConnection):
        """curl, if it is installed: two requests, one of them with Expect."""
        if curl is None:
            return wanted
        with running(serve_connections, make(HttpConnection), 30.0) as server:
            base = f"http://127.0.0.1:{server.address[1]}"
            said = [
                "-w",
                "%{http_code}",
                "-H",
                "Expect: 100-continue",
                "--expect100-timeout",
                "3",
                "--data-binary",
                "@-",
            ]
            command = [
                curl,
                "-q",
                "-s",
                "--noproxy",
                "*",
                "-m",
                "9",
                "-w",
                "%{http_code}",
                base,
                "--next",
                "-s",
                "--noproxy",
                "*",
                *said,
                base + "/echo",
            ]
            done = subprocess.run(command, input=b"z" * 2000, capture_output=True, timeout=15)
        return done.stdout.decode().replace("z", "")

    check.probe(HttpConnection, with_curl, expected=wanted, **RULE)

    def malformed_live(HttpConnection):
        """The corpus over real connections: those that are not answered as allowed."""
        found = {}
        with running(serve_connections, make(HttpConnection), 30.0) as server:
            for each in CORPUS:
                client = server.connect(8)
                try:
                    client.sendall(each.octets)
                    client.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # it was closed while we were still sending
                try:
                    codes = [
                        str(status)
                        for status, _, _ in answers_of(all_octets(client), ["POST"] * 20)
                    ]
                except TimeoutError:
                    codes = ["hangs"]
                except OSError:
                    codes = []
                client.close()
                if not each.permits([*codes, "close"]):
                    found[each.name] = codes
            still = server.connect(8)
            still.sendall(get("/", "Connection: close"))
            found |= {} if all_octets(still).endswith(b"hello") else {"afterwards": "no answer"}
        return found | ({} if server.error is None else {"crash": type(server.error).__name__})

    check.probe(HttpConnection, malformed_live, expected={}, **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="server-show"
# For your own eyes: curl, if you have it, and the conversation as it crossed your server.

# %%
import shutil
import subprocess

pieces = []


class Recorded:
    """An HttpConnection whose octets are written down."""

    def __init__(self):
        self.machine = HttpConnection(site)

    def receive(self, octets):
        pieces.append(("left", octets))
        answer = self.machine.receive(octets)
        if answer:
            pieces.append(("right", answer))
        return answer

    def late(self):
        return self.machine.late()

    @property
    def closed(self):
        return self.machine.closed


try:
    with running(serve_connections, Recorded) as server:
        address = f"http://127.0.0.1:{server.address[1]}/echo"
        if shutil.which("curl") is None:
            print("install curl to see it talk to your server")
        else:
            command = ["curl", "-qs", "--noproxy", "*", "-m", "5", "-d", "a=1&b=2", address]
            print(subprocess.run(command, capture_output=True, text=True).stdout)
except NotImplementedError:
    print("Exercise 11 comes first.")
MessageView([piece for piece in pieces if piece[1]], left="curl", right="your server")

# %% [markdown] role="given" id="recap"
# ## What to remember
#
# - A message is lines, an empty line, content. **Everything hangs on where it ends**:
#   Content-Length, chunks, or the close; both lengths at once are never believed, and two readers
#   that disagree are a hole.
# - Strict is safe: digits are 0 to 9, a name touches its colon, a line ends with CR LF. `int()`,
#   `strip()` and `isdigit()` know more than HTTP.
# - **Safe** asks only to read; **idempotent** means that twice intends what once does. Others rely
#   on it: crawlers, caches, retries.
# - The first digit of a status says whose turn it is: 3 and 4 the client's, 5 the server's. The
#   others say what to *do*.
# - A cache obeys Cache-Control and the method; an **ETag** saves an answer (304) or somebody's work
#   (412).
#
# You meet it in practice when a proxy answers 502 (what came from behind was no HTTP) or 504
# (nothing came), when a form is sent twice, when a page stays old after a change (whose `max-age`
# was it?), and when two servers in a row log different numbers of requests.
#
# Next come `22_clients`, where the other side misbehaves, `23_sessions`, which gives the server a
# memory, and `24_wsgi`, which puts a program behind it.
