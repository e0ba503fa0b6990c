"""Planted wrong answers of `22_clients`, each with the sentence that cures it.

The proof puts each in place of the right answer, and it must fail; a check whose result is wrong
runs them to find the one that gives the learner's very result. `reference` holds the right answers.
"""

import hashlib
import http.client
import json
import re
import socket
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace

import reference
import requests

from wirelab.grading.misconceptions import equivalent, misconception

# --- Exercise 1: Python 2 to 3


@misconception(
    of="python3_name",
    rfc="PEP 3108",
    says="You look where the name can be imported from. urllib.request uses its neighbours' "
    "names, quote and URLError among them; that is not where they are documented.",
)
def wherever_it_is_found(old):
    right = reference.python3_name(old)
    name = right.rpartition(".")[2]
    return f"urllib.request.{name}" if hasattr(urllib.request, name) else right


@misconception(
    of="python3_name",
    rfc="PEP 3108",
    says="All of urllib2 goes to urllib.request for you. Its exceptions went to urllib.error: "
    "`except urllib.error.HTTPError`.",
)
def errors_stay(old):
    return reference.python3_name(old).replace("urllib.error", "urllib.request")


@misconception(
    of="python3_name",
    rfc="PEP 3108",
    says="All of the old urllib goes to urllib.parse for you. What opens a URL went to "
    "urllib.request, and ContentTooShortError to urllib.error.",
)
def old_urllib_parses(old):
    right = reference.python3_name(old)
    return f"urllib.parse.{right.rpartition('.')[2]}" if old.startswith("urllib.") else right


def _asked(base, words, page, timeout_s, read, query=None):
    query = query or urllib.parse.urlencode([("q", words), ("page", page)])
    request = urllib.request.Request(f"{base}?{query}", headers={"X-Asker": "notes"})
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as reply:
            return read(reply)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 404:
            return []
        raise


@misconception(
    of="find",
    rfc="PEP 3108",
    says="You return lines of octets. In Python 3 read() gives bytes: decode them with the "
    "charset of the answer.",
)
def lines_of_octets(base, words, page=1, timeout_s=5):
    return _asked(base, words, page, timeout_s, lambda reply: reply.read().splitlines())


@misconception(
    of="find",
    rfc="RFC 9110 section 8.3.2",
    says="Every answer is decoded as UTF-8. This one says in its Content-Type which charset it "
    "is in.",
)
def always_utf8(base, words, page=1, timeout_s=5):
    return _asked(base, words, page, timeout_s, lambda reply: reply.read().decode().splitlines())


@misconception(
    of="find",
    says="The octets are made text with str(): that gives the text b'...', with the quotes and "
    "backslashes of Python. decode() reads them.",
)
def str_of_octets(base, words, page=1, timeout_s=5):
    return _asked(base, words, page, timeout_s, lambda reply: str(reply.read()).splitlines())


@misconception(
    of="find",
    rfc="PEP 3108",
    says="The words go into the URL as they are. A space or an & in them changes the URL, and an "
    "accent cannot stand in one: urlencode.",
)
def words_as_they_are(base, words, page=1, timeout_s=5):
    return _asked(
        base,
        words,
        page,
        lambda reply: reply.read().decode().splitlines(),
        f"q={words}&page={page}",
    )


@misconception(
    of="find",
    rfc="RFC 9110 section 15",
    says="Every error means 'nothing found' to you. 404 does; 500 says that the server failed, "
    "and whoever called you must hear of it.",
)
def all_errors_are_empty(base, words, page=1, timeout_s=5):
    try:
        return reference.find(base, words, page, timeout_s)
    except urllib.error.HTTPError:
        return []


@misconception(
    of="add",
    rfc="PEP 3108",
    says="The data of a POST is text. What goes into a socket is octets: "
    "urlencode(...).encode('ascii').",
)
def posts_text(base, note, timeout_s=5):
    data = urllib.parse.urlencode({"note": note})
    with urllib.request.urlopen(base, data, timeout_s) as reply:
        return reply.headers["Location"]


@misconception(
    of="add",
    rfc="PEP 3108",
    says="The note is sent as it is. What a form sends is encoded: name=value, with & and = and "
    "spaces written as %XX and +.",
)
def posts_the_note(base, note, timeout_s=5):
    with urllib.request.urlopen(base, b"note=" + note.encode(), timeout_s) as reply:
        return reply.headers["Location"]


@misconception(
    of="add",
    rfc="PEP 3108",
    says="The text of octets is encoded: str(b'x') is the four characters b'x'. urlencode "
    "encodes text as UTF-8 by itself; hand it the note.",
)
def encodes_twice(base, note, timeout_s=5):
    return reference.add(base, str(note.encode()), timeout_s)


# --- Exercise 2: percent-encoding


@misconception(
    of="percent_encode",
    rfc="RFC 3986 section 2.1",
    says="The number of each *character* is written. An é is two octets in UTF-8, and each of "
    "them is a %XX of its own.",
)
def encodes_characters(text, safe=""):
    kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" + safe
    return "".join(c if c in kept else f"%{ord(c):02X}" for c in text)


@misconception(
    of="percent_encode",
    rfc="RFC 3986 section 2.3",
    says="isalnum() asks whether it is a letter in any script. Only the ASCII letters and digits "
    "are unreserved: the é must be encoded.",
)
def any_letter_stays(text, safe=""):
    return "".join(
        c if c.isalnum() or c in "-._~" + safe else urllib.parse.quote(c, safe="") for c in text
    )


@misconception(
    of="percent_encode",
    rfc="RFC 3986 section 2.1",
    says="A space becomes a plus. That is the way of forms; in percent-encoding it is %20.",
)
def space_is_plus(text, safe=""):
    return reference.percent_encode(text, safe + " ").replace(" ", "+")


@misconception(
    of="percent_encode",
    rfc="RFC 3986 section 2.3",
    says="The slash is left as it is, as quote() does unless told otherwise. Here only what is "
    "in `safe` stays.",
)
def slash_is_safe(text, safe=""):
    return reference.percent_encode(text, safe + "/")


@misconception(
    of="percent_decode",
    rfc="RFC 3986 section 2.1",
    says="A plus becomes a space. That is the way of forms; here it is a plus.",
)
def plus_is_space(text):
    return reference.percent_decode(text.replace("+", " "))


@misconception(
    of="percent_decode",
    rfc="RFC 3986 section 2.1",
    says="A stray % passes. Nobody knows what was meant, and the next reader may see something "
    "else: you are strict here.",
)
def forgives_percent(text):
    return urllib.parse.unquote(text, errors="strict")


@misconception(
    of="percent_decode",
    rfc="RFC 3986 section 2.1",
    says="Octets that are not UTF-8 become question marks. What was written is lost; here that "
    "is a ValueError.",
)
def forgives_octets(text):
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError
    return urllib.parse.unquote(text)


@misconception(
    of="percent_decode",
    rfc="RFC 3986 section 2.1",
    says="Each %XX becomes the character of that number. It is an octet; only together do the "
    "octets of an é make the letter.",
)
def decodes_characters(text):
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError
    return re.sub("%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), text)


@misconception(
    of="form_encode",
    rfc="WHATWG URL section 5.2",
    says="A space is written %20. Readers take it, but the form encoding writes a plus.",
)
def form_with_twenty(pairs):
    return reference.form_encode(pairs).replace("+", "%20")


@misconception(
    of="form_encode",
    rfc="WHATWG URL section 5.2",
    says="That is Python's urlencode. Browsers differ in two characters: they leave * and encode "
    "~.",
)
def form_of_python(pairs):
    return urllib.parse.urlencode(list(pairs))


@misconception(
    of="form_encode",
    rfc="WHATWG URL section 5.2",
    says="A plus in the text stays a plus, and will be read as a space. It must be written %2B.",
)
def plus_stays(pairs):
    return reference.form_encode(pairs).replace("%2B", "+")


@misconception(
    of="form_encode",
    rfc="WHATWG URL section 5.2",
    says="Only the values are encoded. A name is text too, and may hold & and =.",
)
def encodes_values_only(pairs):
    return "&".join(f"{name}=" + reference.form_encode([("", v)])[1:] for name, v in pairs)


@misconception(
    of="form_decode",
    rfc="WHATWG URL section 5.1",
    says="A part without = is dropped, or one with an empty value. It is a name with an empty "
    "value: a box that was left empty.",
)
def drops_blank(text):
    return urllib.parse.parse_qsl(text)


@misconception(
    of="form_decode",
    rfc="WHATWG URL section 5.1",
    says="The plus is replaced after %XX is undone: then %2B becomes a space as well. First the "
    "plus, then the octets.",
)
def plus_too_late(text):
    pairs = reference.form_decode(text.replace("+", "%20"))
    return [(name.replace("+", " "), value.replace("+", " ")) for name, value in pairs]


@misconception(
    of="form_decode",
    rfc="WHATWG URL section 5.1",
    says="%XX is undone before the cut: an & or = that was written as %26 or %3D now cuts. Cut "
    "first.",
)
def decodes_before_the_cut(text):
    whole = urllib.parse.unquote_plus(text)
    cut = [part.partition("=") for part in whole.split("&") if part]
    return [(name, value) for name, _, value in cut]


@misconception(
    of="form_decode",
    rfc="WHATWG URL section 5.1",
    says="Of several = the last one cuts, or each. Only the first parts name and value.",
)
def cuts_at_the_last(text):
    found = []
    for part in filter(None, text.split("&")):
        name, mark, value = part.rpartition("=")
        if not mark:
            name, value = value, ""
        found += [(urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(value))]
    return found


@misconception(
    of="with_query",
    rfc="RFC 3986 section 3.5",
    says="The pairs are added at the end, behind the #. There they belong to the fragment, which "
    "never leaves the client: put them before it.",
)
def behind_the_fragment(url, pairs):
    added = reference.form_encode(pairs)
    return url + ("&" if "?" in url else "?") + added if added else url


@misconception(
    of="with_query",
    rfc="RFC 3986 section 3.4",
    says="A second ? is written. The first one begins the query; what follows is joined with &.",
)
def second_question_mark(url, pairs):
    before, mark, fragment = url.partition("#")
    added = reference.form_encode(pairs)
    return f"{before}?{added}{mark}{fragment}" if added else url


@misconception(
    of="with_query",
    rfc="RFC 3986 section 3.4",
    says="The query that was there is gone, or written anew. It stays as it came, octet for octet.",
)
def replaces_the_query(url, pairs):
    before, mark, fragment = url.partition("#")
    added = reference.form_encode(pairs)
    return f"{before.partition('?')[0]}?{added}{mark}{fragment}" if added else url


@misconception(
    of="find",
    rfc="RFC 9110 section 15.5.9",
    says="Nobody hands the timeout on. Without one, urlopen waits as long as the server likes.",
)
def waits_for_ever(base, words, page=1, timeout_s=5):
    return reference.find(base, words, page, 60)


@misconception(
    of="add",
    rfc="RFC 9110 section 15.5.9",
    says="Nobody hands the timeout on when posting. Without one, urlopen waits as long as the "
    "server likes.",
)
def posts_for_ever(base, note, timeout_s=5):
    return reference.add(base, note, 60)


# --- Exercise 3: one request, three ways


def _fields(method, fields, content):
    sized = [("Content-Length", str(len(content)))] if content or method in ("POST", "PUT") else []
    return [*fields, *sized, ("Connection", "close")]


def _over_a_socket(method, url, named, content, target):
    parts = urllib.parse.urlsplit(url)
    lines = [f"{method} {target(parts)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in named(parts)]
    with socket.create_connection((parts.hostname, parts.port), 5) as server:
        server.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + content)
        reply = http.client.HTTPResponse(server, method=method)
        reply.begin()
        return reply.status, reply.read()


def _target(parts):
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@misconception(
    of="by_socket",
    rfc="RFC 9110 section 7.1",
    says="The fragment is sent. What stands behind # is for the client alone: it is no part of "
    "the target.",
)
def sends_the_fragment(method, url, fields, content=b"", timeout_s=5.0):
    def target(parts):
        return _target(parts) + (f"#{parts.fragment}" if parts.fragment else "")

    return _over_a_socket(
        method,
        url,
        lambda parts: [("Host", parts.netloc), *_fields(method, fields, content)],
        content,
        target,
    )


@misconception(
    of="by_socket",
    rfc="RFC 9110 section 7.2",
    says="Host has no port. A port that is not the scheme's usual one belongs to it.",
)
def host_without_port(method, url, fields, content=b"", timeout_s=5.0):
    return _over_a_socket(
        method,
        url,
        lambda parts: [("Host", parts.hostname), *_fields(method, fields, content)],
        content,
        _target,
    )


@misconception(
    of="by_socket",
    rfc="RFC 9112 section 3.2.1",
    says="The query is left out of the target. It is sent, with its question mark.",
)
def leaves_the_query_out(method, url, fields, content=b"", timeout_s=5.0):
    return _over_a_socket(
        method,
        url,
        lambda parts: [("Host", parts.netloc), *_fields(method, fields, content)],
        content,
        lambda parts: parts.path or "/",
    )


@misconception(
    of="by_socket",
    rfc="RFC 9112 section 6.3",
    says="One recv is taken for the whole answer. It comes in pieces: read on until the length "
    "is reached, or the end.",
)
def one_recv(method, url, fields, content=b"", timeout_s=5.0):
    parts = urllib.parse.urlsplit(url)
    lines = [f"{method} {_target(parts)} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in _fields(method, fields, content)]
    with socket.create_connection((parts.hostname, parts.port), 5) as server:
        server.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + content)
        head, _, rest = server.recv(4096).partition(b"\r\n\r\n")
        return int(head.split()[1]), rest


@misconception(
    of="by_urllib",
    rfc="RFC 9110 section 15.4",
    says="urlopen follows redirects and raises for 404. It must do neither here: a handler that "
    "stays, and HTTPError taken for the answer that it is.",
)
def plain_urlopen(method, url, fields, content=b"", timeout_s=5.0):
    return _by_urlopen(method, url, fields, content)


def _by_urlopen(method, url, fields, content):
    named = dict(_fields(method, fields, content))
    request = urllib.request.Request(url, content or None, named, method=method)
    with urllib.request.urlopen(request, timeout=5) as reply:
        return reply.status, reply.read()


@misconception(
    of="by_urllib",
    rfc="RFC 9110 section 15.4",
    says="HTTPError is caught, but redirects are followed all the same: urllib does that before "
    "it answers. It takes a handler of your own to stay.",
)
def follows_with_urllib(method, url, fields, content=b"", timeout_s=5.0):
    try:
        return _by_urlopen(method, url, fields, content)
    except urllib.error.HTTPError as error:
        with error:
            return error.status, error.read()


@misconception(
    of="by_urllib",
    rfc="RFC 9110 section 8.6",
    says="urllib writes Content-Length by itself, and at a place of its own. Give it all fields "
    "yourself, and it keeps your order.",
)
def leaves_the_length_to_urllib(method, url, fields, content=b"", timeout_s=5.0):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    opener = urllib.request.build_opener(Stay)
    request = urllib.request.Request(url, content or None, dict(fields), method=method)
    try:
        reply = opener.open(request, timeout=5)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return reply.status, reply.read()


def _with_requests(method, url, fields, content, timeout_s, clear=True, **options):
    with requests.Session() as session:
        session.trust_env = False
        if clear:
            session.headers.clear()
        named = dict(_fields(method, fields, content))
        reply = session.request(
            method, url, headers=named, data=content, timeout=timeout_s, **options
        )
        return reply.status_code, reply.content


@misconception(
    of="by_requests",
    rfc="RFC 9110 section 12.5.1",
    says="requests adds fields of its own, Accept for one. A session whose headers are cleared "
    "has none to add.",
)
def default_fields(method, url, fields, content=b"", timeout_s=5.0):
    return _with_requests(
        method, url, fields, content, timeout_s, clear=False, allow_redirects=False
    )


@misconception(
    of="by_requests",
    rfc="RFC 9110 section 15.4",
    says="requests follows redirects unless it is told not to, and you see the last answer only: "
    "allow_redirects=False.",
)
def follows_with_requests(method, url, fields, content=b"", timeout_s=5.0):
    return _with_requests(method, url, fields, content, timeout_s)


@misconception(
    of="by_requests",
    rfc="RFC 9110 section 7.6.1",
    says="The connection is said to be kept alive, as requests does by default. Here the request "
    "says Connection: close.",
)
def keeps_alive(method, url, fields, content=b"", timeout_s=5.0):
    with requests.Session() as session:
        session.trust_env = False
        session.headers = {"Connection": "keep-alive"}
        named = dict(_fields(method, fields, content)[:-1])
        reply = session.request(
            method, url, headers=named, data=content, timeout=timeout_s, allow_redirects=False
        )
        return reply.status_code, reply.content


@misconception(
    of="by_requests",
    rfc="RFC 9110 section 15.5.9",
    says="requests is given no timeout. It has none of its own: without one it waits for ever.",
)
def requests_without_timeout(method, url, fields, content=b"", timeout_s=5.0):
    return reference.by_requests(method, url, fields, content, 60)


# --- Exercise 4: contents


@misconception(
    of="form_body",
    rfc="RFC 8259 section 8.1",
    says="The content is text. What is sent is octets: encode it.",
)
def form_as_text(pairs):
    kind, content = reference.form_body(pairs)
    return kind, content.decode()


@misconception(
    of="json_body",
    rfc="RFC 8259 section 6",
    says="NaN is written. json.dumps does that unless told not to; JSON has no such number, and "
    "other readers refuse it.",
)
def writes_nan(value):
    return "application/json", json.dumps(value).encode()


@misconception(
    of="json_body",
    rfc="RFC 8259 section 8.1",
    says="str() writes Python, not JSON: 'single quotes', None and True. json.dumps writes JSON.",
)
def json_by_str(value):
    return "application/json", str(value).encode()


@misconception(
    of="json_body",
    rfc="RFC 8259 section 11",
    says="The type says text. JSON has a type of its own, application/json.",
)
def json_as_text(value):
    return "text/plain", reference.json_body(value)[1]


@misconception(
    of="multipart_body",
    rfc="RFC 7578 section 4.1",
    says="The last line has no two hyphens at its end. They say that no part follows; without "
    "them the reader waits for one.",
)
def no_last_hyphens(parts, candidates):
    kind, octets = reference.multipart_body(parts, candidates)
    return kind, octets[:-4] + b"\r\n"


@misconception(
    of="multipart_body",
    rfc="RFC 2046 section 5.1.1",
    says="Lines end with LF alone. As in the head of a message it is CR LF, in the parts as well.",
)
def bare_lf(parts, candidates):
    kind, octets = reference.multipart_body(parts, candidates)
    return kind, octets.replace(b"\r\n", b"\n")


@misconception(
    of="multipart_body",
    rfc="RFC 2046 section 5.1.1",
    says="The empty line between a part's head and its content is missing: the content is read "
    "as fields.",
)
def no_empty_line(parts, candidates):
    kind, octets = reference.multipart_body(parts, candidates)
    return kind, octets.replace(b"\r\n\r\n", b"\r\n")


@misconception(
    of="multipart_body",
    rfc="RFC 7578 section 4.1",
    says="The first candidate is taken, come what may. If it stands in a file, the file ends "
    "there for the reader, and the rest is a part that somebody else has written.",
)
def any_boundary(parts, candidates):
    parts = list(parts)
    bare = [replace(part, content=b"") for part in parts]
    kind, octets = reference.multipart_body(bare, candidates)
    boundary = f"--{kind.rpartition('=')[2]}".encode()
    pieces = octets.split(boundary)[1:-1]
    filled = b"".join(
        boundary + piece[:-2] + part.content + b"\r\n"
        for piece, part in zip(pieces, parts, strict=True)
    )
    return kind, filled + boundary + b"--\r\n"


@misconception(
    of="multipart_body",
    rfc="RFC 7578 section 5.1",
    says="Names go out as they are. A quote ends the name, a line end ends the line: a file name "
    "that somebody chose can write a field of its own.",
)
def names_as_they_are(parts, candidates):
    marks = {'"': "\ue000", "\r": "\ue001", "\n": "\ue002"}

    def hidden(text):
        return text and text.translate(str.maketrans(marks))

    named = [replace(p, name=hidden(p.name), filename=hidden(p.filename)) for p in parts]
    kind, octets = reference.multipart_body(named, candidates)
    for mark, hide in marks.items():
        octets = octets.replace(hide.encode(), mark.encode())
    return kind, octets


@misconception(
    of="multipart_body",
    rfc="RFC 7578 section 4.2",
    says="Every part gets a file name. Only files have one: a field of a form with a file name "
    "is taken for an upload.",
)
def everything_is_a_file(parts, candidates):
    named = [replace(p, filename=p.name if p.filename is None else p.filename) for p in parts]
    return reference.multipart_body(named, candidates)


# --- Exercise 5: redirects


@misconception(
    of="redirected",
    rfc="RFC 9110 section 15.4.4",
    says="303 keeps the method. It says: what you asked for is done, now GET the result there.",
)
def three_o_three_keeps(request, response):
    status = 307 if response.status == 303 else response.status
    return reference.redirected(request, replace(response, status=status))


@misconception(
    of="redirected",
    rfc="RFC 9110 section 15.4.8",
    says="307 and 308 become a GET. They were made to keep the method and the content: it is the "
    "same request, once more.",
)
def everything_becomes_get(request, response):
    status = 302 if response.status in (307, 308) else response.status
    return reference.redirected(request, replace(response, status=status))


@misconception(
    of="redirected",
    rfc="RFC 9110 section 15.4.3",
    says="At 301 and 302 every method becomes GET. Only POST may: a PUT that becomes a GET is "
    "lost.",
)
def all_become_get(request, response):
    found = reference.redirected(request, response)
    if found and response.status in (301, 302) and request.method not in ("GET", "HEAD"):
        return reference.redirected(request, replace(response, status=303))
    return found


@misconception(
    of="redirected",
    rfc="RFC 9110 section 15.4.3",
    says="301 and 302 keep a POST. The first browsers made a GET of it, servers relied on that, "
    "and the standard gave in; 307 and 308 keep it.",
)
def post_stays(request, response):
    status = {301: 308, 302: 307}.get(response.status, response.status)
    return reference.redirected(request, replace(response, status=status))


@misconception(
    of="redirected",
    rfc="RFC 9110 section 15.4",
    says="A HEAD becomes a GET at 303. Who asks for the head of something wants no content at "
    "the new place either.",
)
def head_becomes_get(request, response):
    found = reference.redirected(request, response)
    if found and response.status == 303 and request.method == "HEAD":
        return reference.redirected(replace(request, method="POST"), response)
    return found


@misconception(
    of="redirected",
    rfc="RFC 9110 section 15.4",
    says="The method is GET now, but the fields about the content are still there: Content-Type "
    "of nothing, and a Content-Length for which the server waits.",
)
def keeps_content_fields(request, response):
    found = reference.redirected(request, response)
    if found is None or found.method == request.method:
        return found
    hidden = tuple((f"x-{name}", value) for name, value in request.fields)
    found = reference.redirected(replace(request, fields=hidden), response)
    fields = tuple((name[2:], value) for name, value in found.fields)
    return replace(found, fields=fields)


@misconception(
    of="redirected",
    rfc="RFC 9110 section 10.2.2",
    says="The fragment of the first URL is lost. A Location without one takes it over: the "
    "reader still wants that heading.",
)
def loses_the_fragment(request, response):
    bare = request.target.partition("#")[0]
    return reference.redirected(replace(request, target=bare), response)


@misconception(
    of="redirected",
    rfc="RFC 9110 section 10.2.2",
    says="The Location is taken as a whole URL. It may be relative, as a link in a page: resolve "
    "it against the URL that was asked.",
)
def location_is_absolute(request, response):
    found = reference.redirected(request, response)
    return found and replace(found, target=response.values("location")[0])


@misconception(
    of="redirected",
    rfc="RFC 9110 section 15.4",
    says="The password goes along to another origin. Whoever can make the first server redirect "
    "can read it there.",
)
def takes_secrets_along(request, response):
    hidden = tuple(
        (f"x-{n}" if n in ("authorization", "cookie", "proxy-authorization") else n, v)
        for n, v in request.fields
    )
    found = reference.redirected(replace(request, fields=hidden), response)
    if found is None:
        return None
    return replace(found, fields=tuple((n.removeprefix("x-"), v) for n, v in found.fields))


@misconception(
    of="redirected",
    rfc="RFC 9110 section 4.3.1",
    says="Only the host is compared. Another port is another server, and from https to http the "
    "password would travel in the clear: scheme, host and port are the origin.",
)
def compares_hosts_only(request, response):
    found = reference.redirected(request, response)
    if found is None:
        return None
    old, new = (urllib.parse.urlsplit(each.target) for each in (request, found))
    if old.hostname == new.hostname:
        own = replace(response, fields=(("location", request.target),))
        return replace(reference.redirected(request, own), target=found.target)
    return found


@misconception(
    of="redirected",
    rfc="RFC 9110 section 4.3.1",
    says="Host and port are compared as they are written. a.example, A.Example and a.example:80 "
    "are the same http origin, and lose nothing.",
)
def compares_as_written(request, response):
    found = reference.redirected(request, response)
    if found is None:
        return None
    old, new = (urllib.parse.urlsplit(each.target) for each in (request, found))
    if (old.scheme, old.netloc) != (new.scheme, new.netloc):
        secret = ("authorization", "cookie", "proxy-authorization")
        return replace(found, fields=tuple(p for p in found.fields if p[0] not in secret))
    return found


@misconception(
    of="follow",
    rfc="RFC 9110 section 15.4",
    says="There is no limit. Two pages that redirect to each other keep you for ever.",
)
def follows_for_ever(request, send, limit=5):
    return reference.follow(request, send, 60)


@misconception(
    of="follow",
    rfc="RFC 9110 section 15.4",
    says="The limit counts requests. It counts redirects: with a limit of 5, six requests may be "
    "sent.",
)
def counts_requests(request, send, limit=5):
    return reference.follow(request, send, limit - 1)


@misconception(
    of="follow",
    rfc="RFC 9110 section 15.4",
    says="When the limit is reached the redirect itself is returned as if it were the answer. "
    "The caller cannot tell: raise.",
)
def returns_the_redirect(request, send, limit=5):
    asked = []
    while True:
        asked.append(request.target)
        response = send(request)
        due = reference.redirected(request, response)
        if due is None or len(asked) > limit:
            return response, asked
        request = due


@misconception(
    of="follow",
    rfc="RFC 9110 section 10.2.2",
    says="Every Location is resolved against the first URL. It is relative to the URL that gave "
    "it, and the secrets come back with the first request.",
)
def always_from_the_first(request, send, limit=5):
    first, asked = request, []
    while True:
        asked.append(request.target)
        response = send(request)
        due = reference.redirected(first, response)
        if due is None:
            return response, asked
        if len(asked) > limit:
            raise ValueError
        request = due


# --- Exercise 6: retries


@misconception(
    of="retry_after_s",
    rfc="RFC 9110 section 10.2.3",
    says="Retry-After is taken for seconds only. It may be a date as well.",
)
def seconds_only(response, now):
    found = response.values("retry-after")
    return float(found[0]) if found and re.fullmatch("[0-9]+", found[0]) else None


@misconception(
    of="retry_after_s",
    rfc="RFC 9110 section 10.2.3",
    says="A date in the past gives a negative wait. The moment is over: 0.",
)
def negative_waits(response, now):
    found = reference.retry_after_s(response, 0.0)
    if found is None or re.fullmatch("[0-9]+", response.values("retry-after")[0]):
        return found
    return found - now


@misconception(
    of="retry_after_s",
    rfc="RFC 9110 section 10.2.3",
    says="float() knows more numbers than the standard: -1, 1.5, 1e3. Digits 0 to 9, and nothing "
    "else.",
)
def whatever_float_takes(response, now):
    try:
        return float(response.values("retry-after")[0])
    except (ValueError, IndexError):
        return reference.retry_after_s(response, now)


@misconception(
    of="backoff_s",
    says="The wait grows by the same amount each time. Double it: whoever is overloaded needs "
    "the crowd to thin out quickly.",
)
def grows_evenly(attempt, dice, base_s=0.5, cap_s=8.0):
    return dice() * min(cap_s, base_s * (attempt + 1))


@misconception(
    of="backoff_s",
    says="There is no cap. After ten failures the wait is eight minutes, after twenty a week.",
)
def no_cap(attempt, dice, base_s=0.5, cap_s=8.0):
    return dice() * base_s * 2**attempt


@misconception(
    of="backoff_s",
    says="The dice are not thrown. A thousand clients that failed together come back together.",
)
def no_jitter(attempt, dice, base_s=0.5, cap_s=8.0):
    return min(cap_s, base_s * 2 ** min(attempt, 60))


@misconception(
    of="backoff_s",
    says="The first wait is doubled already. After the first failure, attempt 0, the bound is "
    "base_s.",
)
def starts_doubled(attempt, dice, base_s=0.5, cap_s=8.0):
    return reference.backoff_s(attempt + 1, dice, base_s, cap_s)


@misconception(
    of="with_retries",
    rfc="RFC 9110 section 9.2.2",
    says="A POST is sent again. It may have been done already, only its answer was lost: two "
    "orders, two payments. Only idempotent methods may be repeated unasked.",
)
def repeats_everything(request, send, **options):
    def sent(other, timeout_s):
        return send(request, timeout_s)

    return reference.with_retries(replace(request, method="GET"), sent, **options)


@misconception(
    of="with_retries",
    rfc="RFC 9110 section 9.2.2",
    says="PUT and DELETE are not sent again. They are not safe, but idempotent: twice intends "
    "what once does, so they may be.",
)
def repeats_safe_methods_only(request, send, **options):
    if request.method not in ("PUT", "DELETE"):
        return reference.with_retries(request, send, **options)

    def sent(other, timeout_s):
        return send(request, timeout_s)

    return reference.with_retries(replace(request, method="POST"), sent, **options)


@misconception(
    of="with_retries",
    rfc="RFC 9110 section 9.2.2",
    says="A refused connection is final for a POST. Nothing was sent, so nothing can be done "
    "twice: any method may try again.",
)
def refused_is_final(request, send, **options):
    refused = []

    def sent(other, timeout_s):
        try:
            return send(other, timeout_s)
        except ConnectionRefusedError as error:
            refused.append(error)
            if request.method == "GET":
                raise
            raise ConnectionResetError from None

    try:
        return reference.with_retries(request, sent, **options)
    except ConnectionResetError:
        raise refused[-1] if refused else ConnectionResetError from None


@misconception(
    of="with_retries",
    rfc="RFC 9110 section 15.6.1",
    says="Every 5xx is tried again. 500 and 501 will be the same next time; 502, 503 and 504 may "
    "pass, and 429 asks for patience.",
)
def repeats_all_5xx(request, send, **options):
    kept = {}

    def sent(other, timeout_s):
        response = send(other, timeout_s)
        if response.status >= 500 and response.status != 503:
            kept["last"] = response
            return replace(response, status=503)
        kept.pop("last", None)
        return response

    found = reference.with_retries(request, sent, **options)
    return kept.get("last", found)


@misconception(
    of="with_retries",
    rfc="RFC 9110 section 10.2.3",
    says="Retry-After is not looked at. The server said when; asking before is a request for "
    "nothing.",
)
def deaf_to_retry_after(request, send, **options):
    def sent(other, timeout_s):
        response = send(other, timeout_s)
        rest = tuple(pair for pair in response.fields if pair[0] != "retry-after")
        return replace(response, fields=rest)

    return reference.with_retries(request, sent, **options)


@misconception(
    of="with_retries",
    rfc="RFC 9110 section 10.2.3",
    says="It sleeps although the deadline would be over by then. The caller waits for an answer "
    "that can no longer come: give up at once.",
)
def sleeps_past_the_deadline(request, send, *, clock, deadline_s=20.0, try_s=5.0, **options):
    end = clock() + deadline_s

    def sent(other, _):
        return send(other, min(try_s, end - clock()))

    return reference.with_retries(request, sent, clock=clock, deadline_s=10.0**9, **options)


@misconception(
    of="with_retries",
    says="Each attempt gets its full timeout, though less is left until the deadline. The last "
    "one ends after it.",
)
def full_timeouts(request, send, *, try_s=5.0, **options):
    def sent(other, _):
        return send(other, try_s)

    return reference.with_retries(request, sent, try_s=try_s, **options)


@misconception(
    of="with_retries",
    says="`attempts` counts the repetitions. It counts all attempts, the first one too.",
)
def one_more(request, send, *, attempts=4, **options):
    return reference.with_retries(request, send, attempts=attempts + 1, **options)


# --- Exercise 7: downloads


@misconception(
    of="download",
    rfc="RFC 9112 section 8",
    says="The end of the pieces is taken for the end of the file. Compare with Content-Length: a "
    "connection that breaks looks like an end.",
)
def end_is_whole(url, fetch, file, *, progress=None, **options):
    total = {}

    def without_length(request):
        response, pieces = fetch(request)
        lengths = response.values("content-length")
        if response.status == 200:
            total["now"] = int(lengths[0]) if lengths else None
            if lengths and int(lengths[0]) > options["max_bytes"]:
                raise ValueError
        rest = tuple(pair for pair in response.fields if pair[0] != "content-length")
        return replace(response, fields=rest), pieces

    def shown(done, _):
        if progress:
            progress(done, total["now"])

    return reference.download(url, without_length, file, progress=shown, **options)


@misconception(
    of="download",
    rfc="RFC 9110 section 13.1.5",
    says="The rest is asked for without If-Range. If the file has been replaced, you glue the "
    "second half of the new one to the first half of the old one.",
)
def without_if_range(url, fetch, file, **options):
    def bare(request):
        kept = tuple(pair for pair in request.fields if pair[0] != "if-range")
        return fetch(replace(request, fields=kept))

    return reference.download(url, bare, file, **options)


@misconception(
    of="download",
    rfc="RFC 9110 section 13.1.5",
    says="A weak ETag is used for If-Range. W/ says that the meaning is the same, not the octets.",
)
def weak_tags_too(url, fetch, file, **options):
    weak = []

    def strong(request):
        fields = tuple(
            (n, f"W/{v}" if n == "if-range" and v in weak else v) for n, v in request.fields
        )
        response, pieces = fetch(replace(request, fields=fields))
        tags = response.values("etag")
        if response.status == 200 and tags and tags[0].startswith("W/"):
            weak.append(tags[0][2:])
        bare = tuple((n, v.removeprefix("W/") if n == "etag" else v) for n, v in response.fields)
        return replace(response, fields=bare), pieces

    return reference.download(url, strong, file, **options)


@misconception(
    of="download",
    rfc="RFC 9110 section 14.2",
    says="A 200 to a range request is added to what is there. It brings the whole file: begin "
    "anew.",
)
def adds_a_whole_file(url, fetch, file, **options):
    state = {"done": 0}

    class Kept:
        def write(self, octets):
            file.write(octets)

        def restart(self):
            state["done"] = 0

    return reference.download(url, fetch, Kept(), **options)


@misconception(
    of="download",
    rfc="RFC 9110 section 15.3.7",
    says="A 206 is believed without a look at Content-Range. It may begin elsewhere; then the "
    "file has a hole, or something twice.",
)
def believes_the_part(url, fetch, file, **options):
    asked = {}

    def trusting(request):
        response, pieces = fetch(request)
        ranges = request.values("range")
        if response.status == 206 and ranges:
            begins = ranges[0].removeprefix("bytes=")
            response = replace(response, fields=(("content-range", f"bytes {begins}9/10"),))
        asked["last"] = request
        return response, pieces

    return reference.download(url, trusting, file, **options)


@misconception(
    of="download",
    rfc="RFC 9110 section 8.6",
    says="max_bytes is compared with Content-Length only. Without one, or with a lie, the disk "
    "fills: count what is written.",
)
def trusts_the_length(url, fetch, file, *, max_bytes, **options):
    def measured(request):
        response, pieces = fetch(request)
        lengths = response.values("content-length")
        if response.status == 200 and lengths and int(lengths[0]) > max_bytes:
            raise ValueError
        return response, pieces

    return reference.download(url, measured, file, max_bytes=10**12, **options)


@misconception(
    of="download",
    rfc="RFC 9110 section 8.6",
    says="The piece that goes beyond max_bytes is written, and only then counted. Count first: "
    "nothing beyond the limit is written.",
)
def counts_too_late(url, fetch, file, *, max_bytes, **options):
    last = {"done": 0}

    class Watched:
        def write(self, octets):
            file.write(octets)
            last["done"] += len(octets)
            if last["done"] > max_bytes:
                raise ValueError

        def restart(self):
            file.restart()
            last["done"] = 0

    def measured(request):
        response, pieces = fetch(request)
        lengths = response.values("content-length")
        if response.status == 200 and lengths and int(lengths[0]) > max_bytes:
            raise ValueError
        return response, pieces

    return reference.download(url, measured, Watched(), max_bytes=10**12, **options)


@misconception(
    of="download",
    says="The checksum is that of the last part only, or goes on where the file was begun anew. "
    "It belongs to the file: what is in it, from its first octet.",
)
def checksum_of_the_last_part(url, fetch, file, *, sha256="", **options):
    part = {"digest": hashlib.sha256()}

    def noted(request):
        response, pieces = fetch(request)
        part["digest"] = hashlib.sha256()

        def seen():
            for piece in pieces:
                part["digest"].update(piece)
                yield piece

        return response, seen()

    size = reference.download(url, noted, file, **options)
    if sha256 and part["digest"].hexdigest() != sha256.lower():
        raise ValueError
    return size


@misconception(
    of="download",
    rfc="RFC 9110 section 14.2",
    says="What broke off is asked for from the beginning. With a strong ETag the rest would do: "
    "that is what Range is for.",
)
def always_from_the_start(url, fetch, file, **options):
    def untagged(request):
        response, pieces = fetch(request)
        rest = tuple(pair for pair in response.fields if pair[0] != "etag")
        return replace(response, fields=rest), pieces

    return reference.download(url, untagged, file, **options)


# --- Exercise 8: a pool


@misconception(
    of="may_keep",
    rfc="RFC 9112 section 9.3",
    says="A connection whose answer was not read to its end is kept. The rest of that answer "
    "will be read as the beginning of the next.",
)
def keeps_half_read(version, asked, answered, complete):
    return reference.may_keep(version, asked, answered, True)


@misconception(
    of="may_keep",
    rfc="RFC 9110 section 7.6.1",
    says="Connection is compared as one word. It is a list, in any case: `keep-alive, Close` "
    "says close.",
)
def connection_is_one_word(version, asked, answered, complete):
    values = [*asked.values("connection"), *answered.values("connection")]
    if not complete or "close" in values:
        return False
    return version == "HTTP/1.1" or "keep-alive" in answered.values("connection")


@misconception(
    of="may_keep",
    rfc="RFC 9112 section 9.3",
    says="HTTP/1.0 is treated like HTTP/1.1. In the old version the end of the connection is the "
    "rule, and only keep-alive in the answer makes an exception.",
)
def old_is_kept_too(version, asked, answered, complete):
    return reference.may_keep("HTTP/1.1", asked, answered, complete)


@misconception(
    of="may_keep",
    rfc="RFC 9112 section 9.6",
    says="Only the answer is looked at. If the request said close, the server closes after the "
    "answer.",
)
def forgets_what_was_asked(version, asked, answered, complete):
    return reference.may_keep(version, replace(asked, fields=()), answered, complete)


@misconception(
    of="ConnectionPool",
    rfc="RFC 9112 section 9.3",
    says="One list for all origins: a request for one server goes out on a connection to another.",
)
class OneForAll(reference.ConnectionPool):
    def take(self, origin, now):
        idle = self._idle.get("all")
        while idle:
            connection, since = idle.pop()
            if now - since < self._idle_s and self._is_alive(connection):
                return connection
            self._close(connection)
        return self._connect(origin)

    def give_back(self, origin, connection, now, keep):
        super().give_back("all", connection, now, keep)


@misconception(
    of="ConnectionPool",
    rfc="RFC 9112 section 9.5",
    says="The one that was given back first is taken. It is the one the server is most likely to "
    "have closed: take the last.",
)
class FirstInFirstOut(reference.ConnectionPool):
    def take(self, origin, now):
        self._idle.get(origin, []).reverse()
        taken = super().take(origin, now)
        self._idle.get(origin, []).reverse()
        return taken


@misconception(
    of="ConnectionPool",
    rfc="RFC 9112 section 9.5",
    says="A dead connection is handed out. Look first: a server closes what lies idle, and tells "
    "nobody.",
)
class HandsOutTheDead(reference.ConnectionPool):
    def __init__(self, connect, close, is_alive, max_idle=2, idle_s=30.0):
        super().__init__(connect, close, lambda _: True, max_idle, idle_s)


@misconception(
    of="ConnectionPool",
    rfc="RFC 9112 section 9.5",
    says="Connections do not grow old in this pool. One that has been idle for idle_s seconds is "
    "closed, not used.",
)
class NeverOld(reference.ConnectionPool):
    def __init__(self, connect, close, is_alive, max_idle=2, idle_s=30.0):
        super().__init__(connect, close, is_alive, max_idle, 10.0**9)


@misconception(
    of="ConnectionPool",
    rfc="RFC 9112 section 9.4",
    says="The pool grows without end. Each idle connection holds a descriptor here and memory "
    "there: at most max_idle, the oldest is closed.",
)
class NeverFull(reference.ConnectionPool):
    def __init__(self, connect, close, is_alive, max_idle=2, idle_s=30.0):
        super().__init__(connect, close, is_alive, 10**9, idle_s)


@misconception(
    of="ConnectionPool",
    rfc="RFC 9112 section 9.3",
    says="What is too old or dead is forgotten but not closed. Its descriptor stays open until "
    "the program ends.",
)
class ForgetsToClose(reference.ConnectionPool):
    def take(self, origin, now):
        close, self._close = self._close, lambda _: None
        try:
            return super().take(origin, now)
        finally:
            self._close = close


@misconception(
    of="ConnectionPool",
    rfc="RFC 9112 section 9.3",
    says="A connection that was taken is still in the pool: two requests will use it at once, "
    "and each reads half of the other's answer.",
)
class StaysInThePool(reference.ConnectionPool):
    def take(self, origin, now):
        taken = super().take(origin, now)
        idle = self._idle.setdefault(origin, [])
        if not any(each == taken for each, _ in idle):
            idle.append((taken, now))
        return taken

    def give_back(self, origin, connection, now, keep):
        idle = self._idle.setdefault(origin, [])
        idle[:] = [pair for pair in idle if pair[0] != connection]
        super().give_back(origin, connection, now, keep)


# --- Exercise 9: pages


@misconception(
    of="parse_links",
    rfc="RFC 8288 section 3",
    says="You cut at every comma. One inside < > or inside quotes parts nothing: read from left "
    "to right.",
)
def cuts_at_commas(value):
    found = []
    for part in value.split(","):
        found += reference.parse_links(part)
    return found


@misconception(
    of="parse_links",
    rfc="RFC 8288 section 3.3",
    says="Of two parameters of one name the last wins. The first counts: somebody may have added "
    "one at the end.",
)
def last_wins(value):
    return [
        (target, {n.lower(): q or p for n, q, p in re.findall(_PARAMETER, rest)} if rest else named)
        for (target, named), rest in zip(
            reference.parse_links(value), re.findall(r"<[^>]*>([^<]*)", value), strict=False
        )
    ]


_PARAMETER = r';\s*([^\s;,="<>]+)\s*=\s*(?:"([^"]*)"|([^\s;,"]*))'


@misconception(
    of="parse_links",
    rfc="RFC 8288 section 3",
    says="The quotes stay, or the backslashes in them. They are how a value is written, not what "
    "it says.",
)
def keeps_the_quotes(value):
    found = []
    for target, named in reference.parse_links(value):
        quoted = {
            name: f'"{text}"' if f'="{text}"' in value.replace(" ", "") else text
            for name, text in named.items()
        }
        quoted |= {n: f'"{t}"' for n, t in named.items() if f'"{t}"' in value}
        found.append((target, quoted))
    return found


@misconception(
    of="parse_links",
    rfc="RFC 8288 section 3",
    says="Names of parameters keep their capitals. They are compared in any case: `Rel` is `rel`.",
)
def names_keep_capitals(value):
    marked = re.sub(r"([A-Z])(?=[^<>\"]*=)", lambda found: f"\ue000{found[1]}", value)

    def back(text):
        return re.sub("\ue000(.)", lambda found: found[1].upper(), text)

    return [
        (back(target), {back(n): back(t) for n, t in named.items()})
        for target, named in reference.parse_links(marked)
    ]


@misconception(
    of="next_page",
    rfc="RFC 8288 section 3.3",
    says="rel is compared as one word. It is a list of relations with spaces between them, in "
    "any case.",
)
def rel_is_one_word(response, url):
    for value in response.values("link"):
        for target, named in reference.parse_links(value):
            if named.get("rel") == "next" and "anchor" not in named:
                return urllib.parse.urljoin(url, target)
    return None


@misconception(
    of="next_page",
    rfc="RFC 8288 section 3.1",
    says="The target is returned as it stands. It may be relative: resolve it against the URL of "
    "the page.",
)
def target_as_it_stands(response, url):
    for value in response.values("link"):
        for target, named in reference.parse_links(value):
            if "next" in named.get("rel", "").lower().split() and "anchor" not in named:
                return target
    return None


@misconception(
    of="next_page",
    rfc="RFC 8288 section 3.3",
    says="The word next is looked for anywhere in rel. `not-next` and `nextpage` are other "
    "relations.",
)
def next_anywhere(response, url):
    for value in response.values("link"):
        for target, named in reference.parse_links(value):
            if "next" in named.get("rel", "").lower() and "anchor" not in named:
                return urllib.parse.urljoin(url, target)
    return None


@misconception(
    of="next_page",
    rfc="RFC 8288 section 3.2",
    says="A link with an anchor is followed. It says where the next page of *another* page is.",
)
def follows_anchors(response, url):
    for value in response.values("link"):
        for target, named in reference.parse_links(value):
            if "next" in named.get("rel", "").lower().split():
                return urllib.parse.urljoin(url, target)
    return None


def _walk(url, send, max_pages, seen=True, home=True, lazy=True):
    """all_items with some of its care left out."""
    page, asked, kept = url, [], []

    def origin(place):
        parts = urllib.parse.urlsplit(place)
        return parts.scheme, parts.hostname, parts.port or 80

    while page is not None:
        if (seen and page in asked) or (home and origin(page) != origin(url)):
            raise ValueError
        if len(asked) >= max_pages:
            raise ValueError
        asked.append(page)
        response = send(reference.Request("GET", page))
        items = json.loads(response.content) if response.status == 200 else None
        if not isinstance(items, list):
            raise ValueError
        if lazy:
            yield from items
        else:
            kept += items
        page = reference.next_page(response, page)
    yield from kept


@misconception(
    of="all_items",
    says="Two pages that lead to each other keep you going round. Remember what was asked for.",
)
def goes_in_circles(url, send, max_pages=100):
    return _walk(url, send, max_pages, seen=False)


@misconception(
    of="all_items",
    rfc="RFC 9110 section 15.4",
    says="The next page may be anywhere for you. On another origin it gets whatever this client "
    "sends along, a token for one: stop.",
)
def goes_anywhere(url, send, max_pages=100):
    return _walk(url, send, max_pages, home=False)


@misconception(
    of="all_items",
    says="All pages are fetched before the first item is handed out. Who wants five items waits "
    "for a million, and an error on the last page loses them all.",
)
def fetches_all_first(url, send, max_pages=100):
    return _walk(url, send, max_pages, lazy=False)


@misconception(
    of="all_items",
    says="There is no end to the pages. A server can make up a new one each time: max_pages is "
    "the limit.",
)
def pages_without_end(url, send, max_pages=100):
    return _walk(url, send, 500)


# --- Exercise 10: the client


@misconception(
    of="ApiClient",
    rfc="RFC 9110 section 15.5.9",
    says="The deadline is given to each recv as its timeout. A server that sends an octet now "
    "and then keeps you for ever: before each recv, ask how much is left.",
)
class TimesEachRecv(reference.ApiClient):
    def left(self, end):
        return self.deadline_s


@misconception(
    of="ApiClient",
    rfc="RFC 8259 section 8.1",
    says="The charset of the Content-Type is believed. JSON is UTF-8, and application/json has "
    "no charset: whatever the label says, decode as UTF-8.",
)
class BelievesTheLabel(reference.ApiClient):
    def answer(self, url):
        response = super().answer(url)
        kind = "".join(response.values("content-type"))
        charset = kind.rpartition("charset=")[2] if "charset=" in kind else "utf-8"
        text = response.content.decode(charset, "surrogateescape")
        return replace(response, content=text.encode("utf-8", "surrogateescape"))


@misconception(
    of="ApiClient",
    rfc="RFC 8259 section 8.1",
    says="What is not UTF-8 is replaced by question marks, or read as Latin-1. Somebody's name "
    "is now another name, and nobody is told.",
)
class MakesDo(reference.ApiClient):
    def parsed(self, content):
        return super().parsed(content.decode("utf-8", "replace").encode())


@misconception(
    of="ApiClient",
    rfc="RFC 9110 section 8.4.1.3",
    says="gzip is undone all at once, and the size looked at afterwards. Twenty kilobytes became "
    "twenty megabytes before you looked; give decompress a limit, and count what comes out.",
)
class UnpacksItAll(reference.ApiClient):
    def begun(self, event):
        response, content = super().begun(event)
        if content.gzip:
            content.most = 10**9
        return response, content

    def ask(self, request, end):
        response = super().ask(request, end)
        if len(response.content) > self.max_bytes:
            raise reference.ApiError("huge")
        return response


@misconception(
    of="ApiClient",
    rfc="RFC 9112 section 6.3",
    says="Content-Length is not looked at before the content comes. A terabyte that drips is "
    "known to be too much when its head has come.",
)
class LooksAtNoLength(reference.ApiClient):
    def begun(self, event):
        headers = [pair for pair in event.headers if pair[0] != b"content-length"]
        bare = reference.h11.Response(status_code=event.status_code, headers=headers)
        return super().begun(bare)


@misconception(
    of="ApiClient",
    rfc="RFC 9112 section 8",
    says="An answer that ends early is taken for what it is so far. Chunks without the last one, "
    "or fewer octets than Content-Length, are cut: half a list is no list.",
)
class TakesWhatCame(reference.ApiClient):
    def events(self, peer, server, end):
        try:
            yield from super().events(peer, server, end)
        except reference.h11.RemoteProtocolError:
            if not peer.trailing_data[1]:
                raise


@misconception(
    of="ApiClient",
    rfc="RFC 9110 section 15.4",
    says="The token goes along to another origin. Whoever can put a redirect on the server can "
    "read it.",
)
class TokenForEverybody(reference.ApiClient):
    def ask(self, request, end):
        kept = tuple(pair for pair in request.fields if pair not in self.fields)
        return super().ask(replace(request, fields=kept + self.fields), end)


@misconception(
    of="ApiClient",
    rfc="RFC 9110 section 9.2.2",
    says="Nothing is tried again. A connection that is cut once, or a server that is busy for a "
    "second, ends it: GET may be repeated.",
)
class TriesOnce(reference.ApiClient):
    def __init__(self, token="", *, attempts=3, **options):
        super().__init__(token, attempts=1, **options)


@misconception(
    of="ApiClient",
    rfc="RFC 9110 section 15",
    says='An answer that is an error is parsed like any other. `{"title": "no such page"}` is '
    "JSON too, but not what was asked for: look at the status.",
)
class IgnoresTheStatus(reference.ApiClient):
    def ask(self, request, end):
        response = super().ask(request, end)
        return replace(response, status=200) if response.status == 404 else response

    def begun(self, event):
        response, content = super().begun(event)
        content.counts = True
        return response, content


@misconception(
    of="ApiClient",
    rfc="RFC 8259 section 6",
    says="NaN and Infinity come through. Python's json.loads takes them, JSON has them not: give "
    "it a parse_constant that raises.",
)
class TakesNoNumbers(reference.ApiClient):
    def parsed(self, content):
        try:
            return json.loads(content.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise reference.ApiError("content") from error


@misconception(
    of="ApiClient",
    rfc="RFC 9110 section 4.2",
    says="The scheme of a redirect is not looked at. You talk http, unprotected, to a place that "
    "was meant for https.",
)
class AnyScheme(reference.ApiClient):
    def ask(self, request, end):
        return super().ask(replace(request, target=re.sub("^https:", "http:", request.target)), end)


@misconception(
    of="ApiClient",
    rfc="RFC 9110 section 10.2.2",
    says="An odd Location comes out of get as an exception of some library. The server writes that "
    "field, so it can hold anything: catch what building the request raises.",
)
class OddPlacesEscape(reference.ApiClient):
    def ask(self, request, end):
        if " " in request.target:
            raise reference.h11.LocalProtocolError("illegal target characters")
        return super().ask(request, end)


@misconception(
    of="ApiClient",
    rfc="RFC 9110 section 10.2.3",
    says="A date in Retry-After is compared with the monotonic clock. That one counts from some "
    "moment of the machine's; every date is decades away for it, and you give up at once.",
)
class DatesByTheStopwatch(reference.ApiClient):
    def ask(self, request, end):
        response = super().ask(request, end)
        said = [
            (name, value if value.isdigit() or name != "retry-after" else "999999999")
            for name, value in response.fields
        ]
        return replace(response, fields=tuple(said))


# --- mutants that are right answers

equivalent(
    "port-answer",
    'request = urllib.request.Request(f"{base}?{query}", headers={"x-asker": "notes"})',
    'request = urllib.request.Request(f"{base}?{query}", headers={"X-ASKER": "notes"})',
    'return reply.headers["location"]',
    'return reply.headers["LOCATION"]',
    because="Names of fields are the same in any case.",
)
equivalent(
    "percent-answer",
    'kept = "XXABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~XX" + safe',
    'return percent_encode(text, safe="XX* XX").replace("~", "%7E").replace(" ", "+")',
    because="X is unreserved: to keep it twice changes nothing.",
)
equivalent(
    "three-answer",
    "method, url, headers=named, data=content, allow_redirects=None, timeout=timeout_s",
    because="None is as false as False.",
)
equivalent(
    "body-answer",
    'return "application/json", json.dumps(value, allow_nan=None).encode()',
    because="None is as false as False.",
)
equivalent(
    "retry-answer",
    "return dice() * min(cap_s, base_s * 2 ** min(attempt, 61))",
    because="The bound only keeps the number small; the cap was reached long before.",
)
equivalent(
    "download-answer",
    'fields += (("RANGE", f"bytes={done}-"), ("if-range", tag))',
    'fields += (("range", f"bytes={done}-"), ("IF-RANGE", tag))',
    because="Names of fields are the same in any case.",
)
equivalent("download-answer", 'failure = ""', because="It is only asked whether there is one.")
equivalent(
    "pages-answer",
    'if "next" in named.get("rel", "XXXX").lower().split() and "anchor" not in named:',
    because="No word but next leads on.",
)
equivalent(
    "client-answer",
    'self.fields = (("ACCEPT-ENCODING", "gzip"),)',
    'fields = [("HOST", parts.netloc), *request.fields]',
    because="Names of fields are the same in any case.",
)
equivalent(
    "client-answer",
    "peer.receive_data(server.recv(65537))",
    because="How large the pieces are at most is not said.",
)
equivalent(
    "client-answer",
    "piece = self.gzip.decompress(piece, self.most + 1 + len(self.octets))",
    "piece = self.gzip.decompress(piece, self.most + 2 - len(self.octets))",
    because="A few octets more are made, and refused all the same.",
)
equivalent(
    "client-answer",
    "place = parts.hostname, parts.port or 81",
    because="No test may listen on port 80.",
)
