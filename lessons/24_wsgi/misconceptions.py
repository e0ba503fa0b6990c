"""Planted wrong answers of `24_wsgi`, each with the sentence that cures it.

The proof puts each in place of the right answer, and it must fail; a check whose result is wrong
runs them to find the one that gives the learner's very result. `reference` holds the right answers.
"""

import asyncio
import contextlib
import io
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zlib
from dataclasses import replace
from urllib.parse import unquote

import reference

from wirelab.grading.misconceptions import equivalent, misconception
from wirelab.protocols.http import Response

# --- Exercise 1: the variables


@misconception(
    of="cgi_environ",
    rfc="RFC 3875 section 4.1.5",
    says="You decode before you cut: a %3F in the path becomes a question mark, and the query "
    "begins where there is none. Cut first.",
)
def decodes_first(request, script, server, client):
    path, _, query = unquote(request.target, "latin-1").partition("?")
    if path != script and not path.startswith(script + "/"):
        raise ValueError(path)
    right = reference.cgi_environ(replace(request, target=script + "/"), script, server, client)
    return right | {"PATH_INFO": path[len(script) :], "QUERY_STRING": query}


@misconception(
    of="cgi_environ",
    rfc="RFC 3875 section 4.1.5",
    says="PATH_INFO still has its percent signs. It is decoded: the script is to see a space, not "
    "%20.",
)
def leaves_the_path_coded(request, script, server, client):
    right = reference.cgi_environ(request, script, server, client)
    return right | {"PATH_INFO": request.target.partition("?")[0][len(script) :]}


@misconception(
    of="cgi_environ",
    rfc="RFC 3875 section 4.1.7",
    says="You decode the query. Its & and = would then mean two things; it is handed on as it "
    "came.",
)
def decodes_the_query(request, script, server, client):
    right = reference.cgi_environ(request, script, server, client)
    return right | {"QUERY_STRING": unquote(right["QUERY_STRING"], "latin-1")}


@misconception(
    of="cgi_environ",
    rfc="RFC 3875 section 4.1.13",
    says="A prefix is not enough: /cgi/wikipedia begins with /cgi/wiki and is another script. "
    "After the script comes a slash, or nothing.",
)
def any_prefix(request, script, server, client):
    path, _, query = request.target.partition("?")
    if not path.startswith(script):
        raise ValueError(path)
    right = reference.cgi_environ(replace(request, target=script + "/"), script, server, client)
    return right | {"PATH_INFO": unquote(path[len(script) :], "latin-1"), "QUERY_STRING": query}


@misconception(
    of="cgi_environ",
    rfc="RFC 3875 section 4.1.18",
    says="Of several fields with one name only the last is left. They become one variable, joined "
    "by a comma (cookies by a semicolon).",
)
def last_field_wins(request, script, server, client):
    last = {name: (name, value) for name, value in request.fields}
    return reference.cgi_environ(
        replace(request, fields=tuple(last.values())), script, server, client
    )


@misconception(
    of="cgi_environ",
    rfc="RFC 9113 section 8.2.3",
    says="Cookies are joined by a comma. The comma is for all the others: pairs of a Cookie are "
    "parted by a semicolon.",
)
def cookies_by_comma(request, script, server, client):
    right = reference.cgi_environ(request, script, server, client)
    cookies = request.values("cookie")
    return right | ({"HTTP_COOKIE": ", ".join(cookies)} if cookies else {})


@misconception(
    of="cgi_environ",
    says="The field Proxy goes through, and every HTTP client that the script uses takes "
    "HTTP_PROXY for its proxy: a stranger chooses it. That is httpoxy; leave it out.",
)
def lets_proxy_in(request, script, server, client):
    right = reference.cgi_environ(request, script, server, client)
    proxies = request.values("proxy")
    return right | ({"HTTP_PROXY": ", ".join(proxies)} if proxies else {})


@misconception(
    of="cgi_environ",
    says="A name with an underscore becomes the same variable as the name with a hyphen: x_user "
    "can pretend to be x-user, which only your proxy should set. Leave such names out.",
)
def underscores_pass(request, script, server, client):
    fields = tuple((name.replace("_", "-"), value) for name, value in request.fields)
    return reference.cgi_environ(replace(request, fields=fields), script, server, client)


@misconception(
    of="cgi_environ",
    rfc="RFC 3875 section 4.1.2",
    says="CONTENT_LENGTH is what the field said. Count the content: it may have come in chunks, "
    "without such a field, and the script reads by this number.",
)
def believes_the_length(request, script, server, client):
    right = reference.cgi_environ(request, script, server, client)
    right.pop("CONTENT_LENGTH", None)
    said = request.values("content-length")
    return right | ({"CONTENT_LENGTH": said[0]} if said else {})


# --- Exercise 2: scripts


@misconception(
    of="parse_cgi",
    rfc="RFC 3875 section 6.3",
    says="You look for CR LF only. A script prints lines as its system does, and those of Unix end "
    "in LF.",
)
def wants_crlf(output):
    head, end, rest = output.partition(b"\r\n\r\n")
    if not end:
        raise ValueError("no end")
    return reference.parse_cgi(head + b"\n\n" + rest)


@misconception(
    of="parse_cgi",
    rfc="RFC 3875 section 6.3.3",
    says="Status is passed on as a field. It is for the server: it becomes the status line, and "
    "goes no further.",
)
def passes_status_on(output):
    right = reference.parse_cgi(output)
    head = output.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("latin-1")
    lines = [line.partition(":") for line in head.split("\n")]
    fields = tuple((name, value.strip(" \t")) for name, _, value in lines)
    return right if isinstance(right, str) else replace(right, fields=fields)


@misconception(
    of="parse_cgi",
    rfc="RFC 3875 section 6.2.3",
    says="A Location alone does not change your 200. Without a Status it means 302: a browser "
    "follows no Location of a 200.",
)
def location_is_a_field(output):
    right = reference.parse_cgi(output)
    if isinstance(right, Response) and b"status" not in output.partition(b"\n\n")[0].lower():
        return replace(right, status=200)
    return right


@misconception(
    of="parse_cgi",
    rfc="RFC 3875 section 6.2.2",
    says="A Location that is a path goes to the client. It is a local redirect: the server is to "
    "ask itself, and the client never learns of it.",
)
def no_local_redirect(output):
    right = reference.parse_cgi(output)
    return Response(302, (("Location", right),)) if isinstance(right, str) else right


@misconception(
    of="parse_cgi",
    rfc="RFC 3875 section 6.3",
    says="You know the names in one spelling only. Names of fields are in any case.",
)
def spelled_so(output):
    head, _, _ = output.partition(b"\n\n")
    for line in head.split(b"\n"):
        name = line.partition(b":")[0]
        known = {b"status": b"Status", b"location": b"Location", b"content-type": b"Content-Type"}
        if name.lower() in known and name != known[name.lower()]:
            return reference.parse_cgi(output.replace(name, b"X-" + name, 1))
    return reference.parse_cgi(output)


@misconception(
    of="run_cgi",
    says="The script sees the server's own environment. It may have passwords in it; a script gets "
    "the variables of the request, and nothing else.",
)
def inherits(command, environ, content=b"", within_s=5.0, most=1_000_000):
    inherited = {n: v for n, v in os.environ.items() if v.isascii() and n.isascii()}
    return reference.run_cgi(command, inherited | environ, content, within_s, most)


@misconception(
    of="run_cgi",
    says="You wait for the script as long as it likes. A server that waits for a script that never "
    "ends has one place less for everybody, for ever.",
)
def waits_for_ever(command, environ, content=b"", within_s=5.0, most=1_000_000):
    return reference.run_cgi(command, environ, content, 1.0, most)


@misconception(
    of="run_cgi",
    says="Each octet that comes begins the deadline anew. A script that drips keeps you for ever; "
    "the deadline is for the whole answer.",
)
def patient_with_drops(command, environ, content=b"", within_s=5.0, most=1_000_000):
    return _scripted(command, environ, content, within_s, most, anew=True)


def _scripted(command, environ, content, within_s, most, anew=False, group=True):
    deadline = time.monotonic() + within_s
    octets = {name: text.encode("latin-1") for name, text in environ.items()}
    with tempfile.TemporaryFile() as body:
        body.write(content)
        body.seek(0)
        try:
            script = subprocess.Popen(
                command, env=octets, stdin=body, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, start_new_session=group,
            )  # fmt: skip
        except (OSError, ValueError):
            return Response(502)
    output = b""
    try:
        while len(output) <= most:
            left = within_s if anew else max(deadline - time.monotonic(), 0)
            if not select.select([script.stdout], [], [], left)[0]:
                return Response(504)
            part = os.read(script.stdout.fileno(), 65_536)
            if not part:
                return reference.parse_cgi(output)
            output += part
        return Response(502)
    except ValueError:
        return Response(502)
    finally:
        if group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(script.pid, signal.SIGKILL)
        else:
            script.kill()
        script.stdout.close()
        script.wait()


@misconception(
    of="run_cgi",
    says="The limit is off by one: exactly `most` octets are allowed.",
)
def limit_off_by_one(command, environ, content=b"", within_s=5.0, most=1_000_000):
    return reference.run_cgi(command, environ, content, within_s, most - 1)


@misconception(
    of="run_cgi",
    says="You kill the script, and its children live on. Give it a process group of its own "
    "(start_new_session=True) and send the signal to the group.",
)
def kills_the_parent_only(command, environ, content=b"", within_s=5.0, most=1_000_000):
    return _scripted(command, environ, content, within_s, most, group=False)


@misconception(
    of="run_cgi",
    says="Nobody waits for the child, or closes the pipe: each request leaves a zombie and a "
    "descriptor behind, until the server can open nothing any more.",
)
def leaves_zombies(command, environ, content=b"", within_s=5.0, most=1_000_000):
    answer = reference.run_cgi(command, environ, content, within_s, most)
    _LEFT.append(os.open(os.devnull, os.O_RDONLY))
    return answer


_LEFT = []


# --- Exercise 3: an application


def _changed(app, change):
    """An application that says what app says, changed: change(status, fields, blocks)."""

    def other(environ, start_response):
        said = []
        blocks = app(environ, lambda *head: said.append(head))
        status, fields, blocks = change(environ, *said[0], blocks)
        start_response(status, fields)
        return blocks

    return other


def _with(fields, name, value):
    return [(n, value if n == name else v) for n, v in fields]


@misconception(
    of="greeter",
    rfc='PEP 3333 "Unicode Issues"',
    says="You encode PATH_INFO as UTF-8, but its characters are octets already: `ø` came as two of "
    "them, and goes out as four. First back to octets, with Latin-1.",
)
def doubly_encoded(environ, start_response):
    path = environ.get("PATH_INFO", "")
    changed = environ | {"PATH_INFO": path.encode().decode("latin-1")}
    return reference.greeter(changed, start_response)


@misconception(
    of="greeter",
    rfc="RFC 9110 section 8.6",
    says="Content-Length counts characters. It counts octets, and UTF-8 has more of them.",
)
def counts_characters(environ, start_response):
    def change(environ, status, fields, blocks):
        if environ["PATH_INFO"].startswith("/hello/") and status.startswith("200"):
            name = environ["PATH_INFO"][7:].encode("latin-1").decode()
            fields = _with(fields, "Content-Length", str(len(f"hello, {name}\n")))
        return status, fields, blocks

    return _changed(reference.greeter, change)(environ, start_response)


@misconception(
    of="greeter",
    rfc="RFC 9110 section 9.3.2",
    says="HEAD gets content. It is answered like GET, with the same fields, and then nothing.",
)
def head_like_get(environ, start_response):
    if environ["REQUEST_METHOD"] == "HEAD":
        environ = environ | {"REQUEST_METHOD": "GET"}
    return reference.greeter(environ, start_response)


@misconception(
    of="greeter",
    rfc="RFC 9110 section 9.3.2",
    says="To HEAD you say that the content has 0 octets. The fields are those that GET would have "
    "had.",
)
def empty_head(environ, start_response):
    def change(environ, status, fields, blocks):
        if environ["REQUEST_METHOD"] == "HEAD":
            fields = _with(fields, "Content-Length", "0")
        return status, fields, blocks

    return _changed(reference.greeter, change)(environ, start_response)


@misconception(
    of="greeter",
    rfc="RFC 9110 section 15.5.6",
    says="A path that is known, with the wrong method, is not lost: 405, with an Allow that says "
    "what works.",
)
def everything_is_lost(environ, start_response):
    def change(environ, status, fields, blocks):
        if status.startswith("405"):
            return "404 Not Found", [each for each in fields if each[0] != "Allow"], blocks
        return status, fields, blocks

    return _changed(reference.greeter, change)(environ, start_response)


@misconception(
    of="greeter",
    rfc="RFC 3875 section 4.2",
    says="You read wsgi.input to its end. It may have none: the connection is still open, and the "
    "next request may follow. Read CONTENT_LENGTH octets.",
)
def reads_to_the_end(environ, start_response):
    if environ["PATH_INFO"] == "/shout" and environ["REQUEST_METHOD"] == "POST":
        environ["wsgi.input"].read()
    return reference.greeter(environ, start_response)


# --- Exercise 4: middleware


@misconception(
    of="timed",
    rfc='PEP 3333 "Specification Details"',
    says="The clock stops when the call returns. Then nothing of a generator has run; the time "
    "ends when the content has, and has been closed.",
)
def stops_at_the_call(app, log, clock):
    def timed_app(environ, start_response):
        began = clock()
        try:
            blocks = app(environ, start_response)
        finally:
            log(environ["REQUEST_METHOD"], environ["PATH_INFO"], clock() - began)
        return blocks

    return timed_app


@misconception(
    of="timed",
    rfc='PEP 3333 "Specification Details"',
    says="You do not close what the application returned. To the application you are the server: "
    "call its close(), if it has one.",
)
def never_closes(app, log, clock):
    def timed_app(environ, start_response):
        began = clock()
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        try:
            yield from app(environ, start_response)
        finally:
            log(method, path, clock() - began)

    return timed_app


@misconception(
    of="timed",
    says="When the application raises, or the server breaks off, nothing is logged. The `finally` "
    "of a generator runs then too.",
)
def only_if_all_went_well(app, log, clock):
    def timed_app(environ, start_response):
        began, blocks = clock(), ()
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        try:
            blocks = app(environ, start_response)
            for block in blocks:  # noqa: UP028 - that would close them twice
                yield block
        finally:
            if hasattr(blocks, "close"):
                blocks.close()
        log(method, path, clock() - began)

    return timed_app


@misconception(
    of="timed",
    rfc='PEP 3333 "Specification Details"',
    says="You collect all blocks before you pass the first one on. An answer that is meant to come "
    "bit by bit comes at the end, or never.",
)
def collects(app, log, clock):
    def timed_app(environ, start_response):
        began, blocks = clock(), ()
        try:
            blocks = app(environ, start_response)
            collected = list(blocks)
        finally:
            if hasattr(blocks, "close"):
                blocks.close()
            log(environ["REQUEST_METHOD"], environ["PATH_INFO"], clock() - began)
        return collected

    return timed_app


def _packing(
    app, packs=None, changes=lambda fields: fields, flush=zlib.Z_SYNC_FLUSH, collects=False
):
    def gzipped_app(environ, start_response):
        packer, blocks = None, ()

        def start(status, fields, *exc_info):
            nonlocal packer
            packer, said = None, {name.lower(): value for name, value in fields}
            may = said.get("content-type", "").lower().startswith("text/")
            may = may and "content-encoding" not in said and status[:3] not in ("204", "206", "304")
            if packs(may, environ) and environ["REQUEST_METHOD"] != "HEAD":
                fields = [*fields, ("Vary", "Accept-Encoding")]
                if reference.accepts_gzip(environ):
                    packer = zlib.compressobj(wbits=31)
                    fields = [*changes(fields), ("Content-Encoding", "gzip")]
            return start_response(status, fields, *exc_info)

        try:
            blocks = app(environ, start)
            for block in blocks:
                if packer and block:
                    block = packer.compress(block)
                    block += packer.flush(flush) if flush else b""
                yield block
            if packer:
                yield packer.flush()
        finally:
            if hasattr(blocks, "close"):
                blocks.close()

    return gzipped_app


def _without_length(fields):
    return [each for each in fields if each[0].lower() != "content-length"]


@misconception(
    of="gzipped",
    rfc="RFC 9110 section 8.6",
    says="The old Content-Length stays. The content has another length now: the client waits for "
    "more, or cuts.",
)
def keeps_the_length(app):
    return _packing(app, lambda may, _: may)


@misconception(
    of="gzipped",
    rfc="RFC 9110 section 12.5.5",
    says="Without Vary a cache keeps the packed answer, and hands it to clients that cannot unpack "
    "it. Vary belongs to both forms of the answer.",
)
def no_vary(app):
    def without(environ, start_response):
        def start(status, fields, *exc_info):
            fields = [each for each in fields if each != ("Vary", "Accept-Encoding")]
            return start_response(status, fields, *exc_info)

        return reference.gzipped(app)(environ, start)

    return without


@misconception(
    of="gzipped",
    rfc="RFC 9110 section 8.4",
    says="You pack whatever comes: what is packed already, pictures, parts. Only text that is "
    "whole and has no Content-Encoding is worth it.",
)
def packs_everything(app):
    return _packing(app, lambda may, _: True, _without_length)


@misconception(
    of="gzipped",
    rfc='PEP 3333 "Buffering and Streaming"',
    says="The packer keeps small blocks to itself until it has many. Flush it after each block "
    "(Z_SYNC_FLUSH), or a stream stands still.",
)
def hoards(app):
    return _packing(app, lambda may, _: may, _without_length, flush=None)


@misconception(
    of="with_error_page",
    rfc='PEP 3333 "Error Handling"',
    says="You catch what is raised by the call only. Most of an application may run while it is "
    "iterated over.",
)
def catches_the_call_only(app, page):
    def safe_app(environ, start_response):
        try:
            return app(environ, start_response)
        except Exception:
            traceback.print_exc(file=environ["wsgi.errors"])
            fields = [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(page))),
            ]
            start_response("500 Internal Server Error", fields, sys.exc_info())
            return [page]

    return safe_app


@misconception(
    of="with_error_page",
    rfc='PEP 3333 "The start_response() Callable"',
    says="The second start_response comes without exc_info, and a server refuses it: with "
    "sys.exc_info() you say that the application has changed its mind.",
)
def without_exc_info(app, page):
    def safe_app(environ, start_response):
        return reference.with_error_page(app, page)(
            environ, lambda *head: start_response(*head[:2])
        )

    return safe_app


@misconception(
    of="with_error_page",
    says="The error is gone: nobody will ever know why. The traceback belongs into wsgi.errors, "
    "not into the page.",
)
def silent(app, page):
    def safe_app(environ, start_response):
        changed = {**environ, "wsgi.errors": io.StringIO()}
        return reference.with_error_page(app, page)(changed, start_response)

    return safe_app


@misconception(
    of="with_error_page",
    says="You catch everything, also KeyboardInterrupt and GeneratorExit. They are no errors of "
    "the application: `except Exception`.",
)
def catches_everything(app, page):
    def safe_app(environ, start_response):
        def inner(environ, start_response):
            try:
                return app(environ, start_response)
            except KeyboardInterrupt as error:
                raise RuntimeError from error

        return reference.with_error_page(inner, page)(environ, start_response)

    return safe_app


@misconception(
    of="onion",
    says="The packing is inside the error page, which goes out unpacked. What is to see everything "
    "stands outside.",
)
def page_outside(app, log, clock, page):
    return reference.timed(reference.with_error_page(reference.gzipped(app), page), log, clock)


@misconception(
    of="onion",
    says="The clock stands inside: it does not see the packing, and errors only as errors. To "
    "measure everything it must be outermost.",
)
def clock_inside(app, log, clock, page):
    return reference.gzipped(reference.with_error_page(reference.timed(app, log, clock), page))


# --- Exercise 5: the server's half


def _run(app, environ, send_head, send_data, **how):
    """run_wsgi with one rule changed by `how`."""
    head, called, sent = None, False, False

    def start_response(status, fields, exc_info=None):
        nonlocal head, called, sent
        if exc_info and sent:
            if how.get("replaces_late"):
                return write
            raise exc_info[1]
        if called and not exc_info and not how.get("twice"):
            raise RuntimeError("twice")
        called = True
        texts = [status, *(text for field in fields for text in field)]
        if not (
            status[:3].isascii() and status[:3].isdigit() and status[3:4] == " " and status[4:]
        ):
            raise ValueError(status)
        if any(
            (c < " " or c == "\x7f") or c > "\xff" for text in texts for c in text
        ) and not how.get("controls"):
            raise ValueError("control")
        if any(
            n.lower() in ("connection", "keep-alive", "transfer-encoding", "upgrade")
            for n, _ in fields
        ) and not how.get("hops"):
            raise ValueError("ours")
        if not (head and how.get("first")):
            head = status, list(fields)
        if how.get("eager"):
            sent = True
            send_head(*head)
        return write

    def write(block):
        nonlocal sent
        if not isinstance(block, bytes):
            if not how.get("text"):
                raise TypeError
            block = str(block).encode()
        if head is None:
            raise RuntimeError
        if block:
            if not sent:
                sent = True
                send_head(*head)
            send_data(block)

    later = []
    blocks = app(environ, start_response)
    try:
        for block in blocks:
            write(block)
        if head is None:
            raise RuntimeError
        if not sent and not how.get("forgets"):
            sent = True
            send_head(*head)
        if how.get("closes_if_fine") and hasattr(blocks, "close"):
            blocks.close()
    finally:
        if (
            hasattr(blocks, "close")
            and not how.get("closes_if_fine")
            and not how.get("never_closes")
        ):
            blocks.close()
    return later[0] if later else None


@misconception(
    of="run_wsgi",
    rfc='PEP 3333 "The start_response() Callable"',
    says="The head goes out as soon as start_response is called, and the application can no longer "
    "change its mind. Note it, and send it with the first octets of content.",
)
def sends_the_head_at_once(app, environ, send_head, send_data):
    _run(app, environ, send_head, send_data, eager=True)


@misconception(
    of="run_wsgi",
    rfc='PEP 3333 "Buffering and Streaming"',
    says="An answer without content is never sent. At the end the head goes out, if it has not "
    "yet.",
)
def forgets_the_empty(app, environ, send_head, send_data):
    _run(app, environ, send_head, send_data, forgets=True)


@misconception(
    of="run_wsgi",
    rfc='PEP 3333 "Error Handling"',
    says="After the head has gone you let the application go on with its error page, in the middle "
    "of the other one. Then the exception in exc_info must be raised again.",
)
def lets_it_go_on(app, environ, send_head, send_data):
    _run(app, environ, send_head, send_data, replaces_late=True)


@misconception(
    of="run_wsgi",
    rfc='PEP 3333 "The start_response() Callable"',
    says="With exc_info you keep the first head. The application says that it has failed: its new "
    "status replaces the old one.",
)
def keeps_the_first_head(app, environ, send_head, send_data):
    _run(app, environ, send_head, send_data, first=True)


@misconception(
    of="run_wsgi",
    rfc='PEP 3333 "Specification Details"',
    says="close() is called only if all went well. It must be called always: the files and locks "
    "that hang on it are open still when a client has gone.",
)
def closes_if_fine(app, environ, send_head, send_data):
    _run(app, environ, send_head, send_data, closes_if_fine=True)


@misconception(
    of="run_wsgi",
    rfc='PEP 3333 "Specification Details"',
    says="close() is never called. A generator is closed by and by, by the collector; a file, a "
    "transaction, a lock is not.",
)
def forgets_close(app, environ, send_head, send_data):
    _run(app, environ, send_head, send_data, never_closes=True)


@misconception(
    of="run_wsgi",
    rfc='PEP 3333 "The start_response() Callable"',
    says="A line end in a field goes through, and whoever chose the value writes fields of his "
    "own. Refuse control characters.",
)
def lets_controls_through(app, environ, send_head, send_data):
    _run(app, environ, send_head, send_data, controls=True)


@misconception(
    of="run_wsgi",
    rfc='PEP 3333 "Other HTTP Features"',
    says="Connection, Transfer-Encoding and the like are the server's: an application that sets "
    "them speaks of a connection that it does not have.",
)
def lets_hops_through(app, environ, send_head, send_data):
    _run(app, environ, send_head, send_data, hops=True)


@misconception(
    of="run_wsgi",
    rfc='PEP 3333 "A Note On String Types"',
    says="A block of text is encoded for the application. It must be bytes: nobody but the "
    "application knows in which encoding.",
)
def encodes_text(app, environ, send_head, send_data):
    _run(app, environ, send_head, send_data, text=True)


# --- Exercise 6: a server


@misconception(
    of="wsgi_environ",
    rfc="RFC 3875 section 4.1.18",
    says="Authorization is missing. CGI leaves it out since others can see a process's "
    "environment; nobody sees your dictionary, and applications need it.",
)
def no_authorization(request, server, client, errors):
    right = reference.wsgi_environ(request, server, client, errors)
    right.pop("HTTP_AUTHORIZATION", None)
    return right


@misconception(
    of="wsgi_environ",
    rfc='PEP 3333 "Input and Error Streams"',
    says="wsgi.input is empty. The content is the application's to read.",
)
def no_content(request, server, client, errors):
    return reference.wsgi_environ(request, server, client, errors) | {"wsgi.input": io.BytesIO()}


class _Behind:
    """A connection whose octets are changed on their way out."""

    def __init__(self, connection, change):
        self._connection, self._change = connection, change

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def sendall(self, octets):
        octets = self._change(bytes(octets))
        if octets:
            self._connection.sendall(octets)


class _Changing:
    """A listener whose connections change what is sent; each gets a function of its own."""

    def __init__(self, listener, make):
        self._listener, self._make = listener, make

    def accept(self):
        connection, address = self._listener.accept()
        return _Behind(connection, self._make()), address


@misconception(
    of="serve_wsgi",
    says="One request after the other: whoever comes while an application thinks must wait. Each "
    "connection has a thread of its own.",
)
def one_at_a_time(listener, app, errors):
    lock = threading.Lock()

    def alone(environ, start_response):
        with lock:
            return app(environ, start_response)

    reference.serve_wsgi(listener, alone, errors)


@misconception(
    of="serve_wsgi",
    rfc="RFC 9112 section 8",
    says="The last chunk goes out even if the application has failed: half an answer looks like a "
    "whole one. Leave it out, and close.",
)
def ends_every_answer(listener, app, errors):
    def make():
        return lambda octets: octets

    class Ending(_Changing):
        def accept(self):
            connection, address = super().accept()
            known = connection._connection
            octets = bytearray()

            def change(part):
                octets.extend(part)
                return part

            connection._change = change

            def close():
                with contextlib.suppress(OSError):
                    if b"chunked" in octets and not octets.endswith(b"0\r\n\r\n"):
                        known.sendall(b"0\r\n\r\n")
                known.close()

            connection.__dict__["finish"] = close
            return _Ends(connection), address

    reference.serve_wsgi(Ending(listener, make), app, errors)


class _Ends:
    def __init__(self, behind):
        self._behind = behind

    def __getattr__(self, name):
        return getattr(self._behind, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._behind.finish()


@misconception(
    of="serve_wsgi",
    rfc="RFC 9112 section 7.1",
    says="Chunks have their length in decimal. It is hexadecimal: 300 octets are 12c.",
)
def decimal_chunks(listener, app, errors):
    def make():
        def change(octets):
            size, end, rest = octets.partition(b"\r\n")
            is_chunk = (
                end
                and size
                and not size.startswith(b"HTTP")
                and all(c in b"0123456789abcdef" for c in size)
            )
            return b"%d\r\n%b" % (int(size, 16), rest) if is_chunk else octets

        return change

    reference.serve_wsgi(_Changing(listener, make), app, errors)


@misconception(
    of="serve_wsgi",
    rfc="RFC 9112 section 7.1",
    says="A client of HTTP/1.0 gets chunks, which it does not know: it shows the sizes as part of "
    "the page.",
)
def chunks_for_all(listener, app, errors):
    reference.serve_wsgi(
        _Hearing(listener, b" HTTP/1.0\r\n", b" HTTP/1.1\r\nHost: a\r\n"), app, errors
    )


class _Hearing:
    """A listener on whose connections something else is heard than what was said."""

    def __init__(self, listener, said, heard):
        self._listener, self._said, self._heard = listener, said, heard

    def accept(self):
        connection, address = self._listener.accept()
        behind = _Behind(connection, lambda octets: octets)
        behind.recv = lambda size: connection.recv(size).replace(self._said, self._heard)
        return behind, address


@misconception(
    of="serve_wsgi",
    rfc="RFC 9110 section 9.3.2",
    says="The content of a HEAD goes out. An application may give it all the same; the server must "
    "not send it.",
)
def content_to_head(listener, app, errors):
    reference.serve_wsgi(_Hearing(listener, b"HEAD / ", b"GET / "), app, errors)


@misconception(
    of="serve_wsgi",
    says="An application that raises gets no 500: the client sees a connection that breaks off "
    "without a word, and cannot tell why.",
)
def hangs_up(listener, app, errors):
    def make():
        return lambda octets: b"" if octets.startswith(b"HTTP/1.1 500 Internal") else octets

    reference.serve_wsgi(_Changing(listener, make), app, errors)


# --- Exercise 7: the measurement


@misconception(
    of="measure",
    says="Each way has its rounds one after the other. If the machine slows down in the meantime, "
    "the last way looks slow; give everybody a turn in each round.",
)
def one_way_at_a_time(ways, rounds, clock):
    for way in ways.values():
        way()
    found = {}
    for name, way in ways.items():
        times = []
        for _ in range(rounds):
            began = clock()
            way()
            times.append(clock() - began)
        found[name] = statistics.median(times)
    return found


@misconception(
    of="measure",
    says="The first call counts. It is slow for reasons of its own: files that are read for the "
    "first time, imports, caches.",
)
def counts_the_first(ways, rounds, clock):
    times = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            began = clock()
            way()
            times[name].append(clock() - began)
    return {name: statistics.median(each) for name, each in times.items()}


@misconception(
    of="measure",
    says="You take the mean. One outlier moves it as far as it likes; the median stays.",
)
def takes_the_mean(ways, rounds, clock):
    times = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            began = clock()
            way()
            times[name].append(clock() - began)
    return {name: statistics.mean(each) for name, each in times.items()}


# --- Exercise 8: events and ASGI


@misconception(
    of="sse_event",
    rfc="WHATWG HTML section 9.2.6",
    says="A line end in the text goes out as it is, and what follows is a field of its own: a "
    "visitor can write events. Each line of the text gets its own `data:`.",
)
def lines_run_on(data, event="", id=""):
    if set("\r\n") & set(event + id) or "\x00" in id:
        raise ValueError
    head = (f"event: {event}\n" if event else "") + (f"id: {id}\n" if id else "")
    return f"{head}data: {data}\n\n".encode()


@misconception(
    of="sse_event",
    rfc="WHATWG HTML section 9.2.5",
    says="splitlines() knows ten line ends and drops an empty last line. A stream of events knows "
    "CR LF, LF and CR, and the empty line is a line.",
)
def by_splitlines(data, event="", id=""):
    if set("\r\n") & set(event + id) or "\x00" in id:
        raise ValueError
    lines = [f"event: {event}"] * bool(event) + [f"id: {id}"] * bool(id)
    lines += [f"data: {line}" for line in data.splitlines() or [""]]
    return ("\n".join(lines) + "\n\n").encode()


@misconception(
    of="sse_event",
    rfc="WHATWG HTML section 9.2.6",
    says="The empty line at the end is missing. It is what sends the event off; without it the "
    "browser waits for more of it.",
)
def no_empty_line(data, event="", id=""):
    return reference.sse_event(data, event, id)[:-1]


@misconception(
    of="live_app",
    rfc='ASGI HTTP "Response Body"',
    says="more_body is not said, and the first event is the end of the answer: the default is that "
    "nothing more comes.",
)
def says_no_more(news):
    app = reference.live_app(news)

    async def other(scope, receive, send):
        async def shorter(message):
            await send({name: each for name, each in message.items() if name != "more_body"})

        await app(scope, receive, shorter)

    return other


@misconception(
    of="live_app",
    rfc='ASGI HTTP "Disconnect"',
    says="Nobody listens for http.disconnect: when no news come, a client that has gone is kept "
    "for ever, with its generator. Wait for both at once.",
)
def never_listens(news):
    async def other(scope, receive, send):
        async def deaf():
            await asyncio.Event().wait()

        await reference.live_app(news)(scope, deaf, send)

    return other


@misconception(
    of="live_app",
    rfc='ASGI HTTP "Disconnect"',
    says="You look whether the client has gone only when there is news to send. In silence you "
    "never look: wait for both at once.",
)
def looks_between_news(news):
    async def other(scope, receive, send):
        gone = asyncio.Event()

        async def listen():
            while (await receive())["type"] != "http.disconnect":
                pass
            gone.set()

        async def deaf():
            await asyncio.Event().wait()

        async def until_gone():
            async with contextlib.aclosing(news()) as texts:
                async for text in texts:
                    if gone.is_set():
                        return
                    yield text

        if (
            scope.get("path") != "/events"
            or scope.get("method") != "GET"
            or scope["type"] != "http"
        ):
            return await reference.live_app(news)(scope, receive, send)
        listening = asyncio.ensure_future(listen())
        try:
            await reference.live_app(until_gone)(scope, deaf, send)
        finally:
            listening.cancel()

    return other


@misconception(
    of="live_app",
    rfc='ASGI "Connection Scope"',
    says="A scope of a type that you do not know is answered as if it were a request. Raise an "
    "error: so the server learns that there is no WebSocket or lifespan here.",
)
def answers_any_scope(news):
    app = reference.live_app(news)

    async def other(scope, receive, send):
        await app({**scope, "type": "http"}, receive, send)

    return other


# --- Exercise 9: together


@misconception(
    of="mount",
    rfc='PEP 3333 "environ Variables"',
    says="The prefix is taken off the path, and forgotten. It belongs to SCRIPT_NAME, or every "
    "link that the application writes leads elsewhere.",
)
def forgets_script_name(apps):
    def keep(app):
        def told(environ, start_response):
            return app(environ | {"SCRIPT_NAME": environ["wirelab.before"]}, start_response)

        return told

    mounted = reference.mount({prefix: keep(app) for prefix, app in apps.items()})

    def outer(environ, start_response):
        return mounted(environ | {"wirelab.before": environ.get("SCRIPT_NAME", "")}, start_response)

    return outer


@misconception(
    of="mount",
    says="The first prefix that fits is taken. /flask takes what belongs to /flask/beta: try the "
    "longest first.",
)
def first_that_fits(apps):
    def mounted(environ, start_response):
        path = environ.get("PATH_INFO", "")
        for prefix, app in apps.items():
            if path == prefix or path.startswith(prefix + "/") or not prefix:
                return reference.mount({prefix: app})(environ, start_response)
        return reference.mount({})(environ, start_response)

    return mounted


@misconception(
    of="mount",
    says="/flasks is not below /flask: after the prefix the path ends, or goes on with a slash.",
)
def prefix_without_border(apps):
    def mounted(environ, start_response):
        path = environ.get("PATH_INFO", "")
        for prefix in sorted(apps, key=len, reverse=True):
            if path.startswith(prefix):
                script = environ.get("SCRIPT_NAME", "") + prefix
                inner = {**environ, "SCRIPT_NAME": script, "PATH_INFO": path[len(prefix) :]}
                return apps[prefix](inner, start_response)
        return reference.mount({})(environ, start_response)

    return mounted


@misconception(
    of="mount",
    says="You change the environ that you were given. Whoever stands outside, a log for instance, "
    "sees another path than the one that was asked for: give the application a copy.",
)
def changes_environ(apps):
    def mounted(environ, start_response):
        path = environ.get("PATH_INFO", "")
        for prefix in sorted(apps, key=len, reverse=True):
            if path == prefix or path.startswith(prefix + "/") or not prefix:
                environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
                environ["PATH_INFO"] = path[len(prefix) :]
                return apps[prefix](environ, start_response)
        return reference.mount({})(environ, start_response)

    return mounted


@misconception(
    of="cgi_app",
    rfc='PEP 3333 "The start_response() Callable"',
    says="The status is a number without a phrase. start_response wants both, with a space "
    "between.",
)
def no_phrase(command, within_s=5.0):
    app = reference.cgi_app(command, within_s)
    return _changed(app, lambda environ, status, fields, blocks: (status[:3], fields, blocks))


@misconception(
    of="cgi_app",
    rfc="RFC 9110 section 9.3.2",
    says="To HEAD the script's content goes out. Fields only.",
)
def head_with_content(command, within_s=5.0):
    app = reference.cgi_app(command, within_s)

    def other(environ, start_response):
        if environ["REQUEST_METHOD"] == "HEAD":
            environ = environ | {"REQUEST_METHOD": "GET"}
        return app(environ, start_response)

    return other


@misconception(
    of="cgi_app",
    rfc="RFC 3875 section 6.2.2",
    says="A local redirect is dropped, and the client gets an empty page. Make it a 302, if you "
    "cannot ask yourself.",
)
def redirect_to_nowhere(command, within_s=5.0):
    app = reference.cgi_app(command, within_s)

    def change(environ, status, fields, blocks):
        local = status.startswith("302") and dict(fields).get("Location", "").startswith("/")
        return (
            ("200 OK", [each for each in fields if each[0] != "Location"], blocks)
            if local
            else (status, fields, blocks)
        )

    return _changed(app, change)


# --- Mutants that are right answers

equivalent(
    "app-answer",
    'status, fields = "405 Method Not Allowed", [("allow", "GET, HEAD")]',
    'status, fields = "405 Method Not Allowed", [("ALLOW", "GET, HEAD")]',
    'status, fields = "405 Method Not Allowed", [("allow", "POST")]',
    'status, fields = "405 Method Not Allowed", [("ALLOW", "POST")]',
    'start_response(status, [("content-type", kind), '
    '("Content-Length", str(len(content))), *fields])',
    'start_response(status, [("CONTENT-TYPE", kind), '
    '("Content-Length", str(len(content))), *fields])',
    'start_response(status, [("Content-Type", kind), '
    '("content-length", str(len(content))), *fields])',
    'start_response(status, [("Content-Type", kind), '
    '("CONTENT-LENGTH", str(len(content))), *fields])',
    because="names of fields are in any case",
)
equivalent(
    "layers-answer",
    'fields = [*fields, ("vary", "Accept-Encoding")]',
    'fields = [*fields, ("VARY", "Accept-Encoding")]',
    'fields.append(("content-encoding", "gzip"))',
    'fields.append(("CONTENT-ENCODING", "gzip"))',
    '("content-type", "text/html; charset=utf-8"),',
    '("CONTENT-TYPE", "text/html; charset=utf-8"),',
    '("content-length", str(len(page))),',
    '("CONTENT-LENGTH", str(len(page))),',
    because="names of fields are in any case",
)
equivalent(
    "server-answer",
    '_send_empty(connection, "400 bad request")',
    '_send_empty(connection, "400 BAD REQUEST")',
    '_send_empty(connection, "500 internal server error")',
    '_send_empty(connection, "500 INTERNAL SERVER ERROR")',
    because="a phrase is for people, and no program reads it",
)
equivalent(
    "server-answer",
    'fields = [*fields, ("connection", "close")]',
    'fields = [*fields, ("CONNECTION", "close")]',
    'fields.append(("date", email.utils.formatdate(usegmt=True)))',
    'fields.append(("DATE", email.utils.formatdate(usegmt=True)))',
    'fields.append(("transfer-encoding", "chunked"))',
    'fields.append(("TRANSFER-ENCODING", "chunked"))',
    because="names of fields are in any case",
)
equivalent(
    "meet-answer",
    'start_response("404 Not Found", [("content-type", "text/plain"), ("Content-Length", "0")])',
    'start_response("404 Not Found", [("CONTENT-TYPE", "text/plain"), ("Content-Length", "0")])',
    'start_response("404 Not Found", [("Content-Type", "TEXT/PLAIN"), ("Content-Length", "0")])',
    'start_response("404 Not Found", [("Content-Type", "text/plain"), ("content-length", "0")])',
    'start_response("404 Not Found", [("Content-Type", "text/plain"), ("CONTENT-LENGTH", "0")])',
    'answer = Response(302, (("location", answer), ("Content-Type", "text/plain")))',
    'answer = Response(302, (("LOCATION", answer), ("Content-Type", "text/plain")))',
    'answer = Response(302, (("Location", answer), ("content-type", "text/plain")))',
    'answer = Response(302, (("Location", answer), ("CONTENT-TYPE", "text/plain")))',
    'fields.append(("content-length", str(len(answer.content))))',
    'fields.append(("CONTENT-LENGTH", str(len(answer.content))))',
    because="names of fields are in any case",
)
equivalent(
    "cgi-answer",
    'if not (colon and name.isascii() and name.replace("-", "XXaXX").isalnum()):',
    'if not (colon and name.isascii() and name.replace("-", "A").isalnum()):',
    because="letters are letters",
)
equivalent(
    "cgi-answer",
    'if "status" not in said and said.get("location", "XXXX").startswith("/"):',
    because="what is not there begins with no slash",
)
equivalent(
    "cgi-answer",
    "part = os.read(script.stdout.fileno(), 65537)",
    because="how much is read at once is nobody's business",
)
equivalent(
    "cgi-answer",
    "with contextlib.suppress(None):",
    because="the group lasts until somebody has waited for its leader",
)
equivalent(
    "app-answer",
    'method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "XXXX")',
    because="neither path is known",
)
equivalent(
    "app-answer",
    'status, kind, fields, content = "200 OK", "text/plain; charset=utf-8", [], b"XXXX"',
    because="the text of an error is free",
)
equivalent(
    "layers-answer",
    'packer = ""',
    'and said.get("content-type", "XXXX").lower().startswith("text/")',
    "blocks = None",
    because="it is only asked whether it is there",
)
equivalent(
    "calls-answer",
    'status[:4].isascii() and status[:3].isdigit() and status[3:4] == " " and status[4:]',
    because="the fourth is a space",
)
equivalent(
    "calls-answer",
    "sent = None",
    "sent = False",
    because="nobody asks after the end",
)
equivalent(
    "server-answer",
    "connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 2)",
    "environ = wsgi_environ(request, connection.getsockname()[:3], client, errors)",
    because="to the kernel, and of an IPv4 address, it is the same",
)
equivalent(
    "server-answer",
    'connection.sendall(f"{head}Date: {email.utils.formatdate(usegmt=None)}\\r\\n\\r\\n".encode())',
    'connection.sendall(f"{head}Date: '
    '{email.utils.formatdate(usegmt=False)}\\r\\n\\r\\n".encode())',
    because="the brief asks for no Date in the server's own errors",
)
equivalent(
    "live-answer",
    'status, content = 404, b"XXXX"',
    because="the text of an error is free",
)
equivalent(
    "live-answer",
    'await send({"type": "http.response.body", "XXbodyXX": b""})',
    'await send({"type": "http.response.body", "BODY": b""})',
    because="a body that is not said is empty",
)
equivalent(
    "meet-answer",
    "for prefix in sorted(apps, key=None, reverse=True):",
    "for prefix in sorted(apps, reverse=True):",
    because="of two prefixes of one path the longer one comes later in the alphabet too",
)
equivalent(
    "meet-answer",
    'start_response("404 Not Found", [("Content-Type", '
    '"XXtext/plainXX"), ("Content-Length", "0")])',
    because="which type an empty content has is free",
)

equivalent(
    "server-answer",
    "threading.Thread(target=_serve_one, args=work, daemon=None).start()",
    "threading.Thread(target=_serve_one, args=work, ).start()",
    because="a thread that a daemon starts is a daemon, and the tests serve from one",
)
