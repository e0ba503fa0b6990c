# ---
# wirelab:
#   title: HTTP clients
#   minutes: 200
#   builds_on: ["21_http"]
# ---

# %% [markdown] role="given" id="opening"
# # HTTP clients: urllib, urllib3, requests
#
# Run the next two cells. They download from a server on your own machine, with lines that stand in
# many programs. The first file has 1,000 octets, its server says so. The second call gives up, says
# its author, "after 0.15 seconds".

# %% role="given" id="setup"
import gzip
import hashlib
import http.client
import io
import json
import os
import random
import re
import shutil
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from email.utils import formatdate, parsedate_to_datetime
from itertools import count

import h11
import requests
from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

from wirelab.grading.checks import Checks
from wirelab.protocols.http import Request, Response
from wirelab.servers import running
from wirelab.servers.hostile_answers import ITEMS, file_content
from wirelab.servers.hostile_site import TRAPS, serve_hostile
from wirelab.servers.stock_site import serve_stock
from wirelab.views import MessageView

check = Checks("22_clients")

# Clients ask the environment for a proxy; what is on this machine is asked directly.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


def url_of(server, path="/"):
    """The URL of a path of a running server."""
    return f"http://127.0.0.1:{server.address[1]}{path}"


# %%
with running(serve_hostile) as server:
    with urllib.request.urlopen(url_of(server, "/cut"), timeout=5) as reply, io.BytesIO() as file:
        shutil.copyfileobj(reply, file)
        print("promised:", reply.headers["Content-Length"], " saved:", len(file.getvalue()))

    began = time.monotonic()
    with requests.get(url_of(server, "/drip"), timeout=0.15, stream=True) as reply:
        for number, _ in enumerate(reply.iter_content(1), 1):
            if number == 20:
                break
    print(f"timeout=0.15, and still reading after {time.monotonic() - began:.2f} s")

# %% [markdown] role="given" id="promise"
# No exception, no warning. The file has 400 octets, and a program that goes by its existence takes
# it for whole. And the timeout? It is the time *between two arrivals*, not the time of the call: a
# server that sends one octet every 0.14 seconds keeps you for ever. Here you stopped by counting to
# 20; nothing else would have.
#
# A server is written once and can be mended. A client meets servers that others wrote, and has to
# come home from all of them. In three hours or so (stop anywhere) you will be able to
#
# 1. say what `urllib`, `urllib2`, `urllib3` and `requests` are, and read old code;
# 2. write URLs, forms, JSON and uploads octet for octet;
# 3. follow redirects without losing a request or giving away a password;
# 4. decide what may be tried again, when, and when to stop;
# 5. download what is too large for memory, and go on where it broke off;
# 6. build a client that survives a server which lies, drips, loops and explodes.
#
# You need `21_http`: what a message is, what *safe* and *idempotent* mean.
#
# Below each answer are cells that test it. A test that fails says what is wrong and why; **one
# that passes says nothing**. They try part of what the brief says. When your notebook is marked,
# more cases are tried: press the button at the end as often as you like.
#
# Here are the traps of that server. You meet most of them again, and can play with it at any time.

# %%
for trap in TRAPS:
    print(f"{trap.path:12} {trap.does:48} {trap.danger}")

# %% [markdown] role="given" id="port-text"
# ## 1. Four names
#
# | name | what it is |
# |---|---|
# | `urllib` | in Python 2: quoting, `urlencode`, and a simple `urlopen`. In Python 3: a package with the parts `request`, `parse`, `error`, `response`, `robotparser` |
# | `urllib2` | Python 2 only: `Request`, handlers, a better `urlopen`. Its name is gone; its code lives in `urllib.request` and `urllib.error` |
# | `urllib3` | not part of Python, and not the third of these: a library of its own, with pools of connections and retries |
# | `requests` | a friendlier face on `urllib3` |
#
# **Is it so?** "urllib has urlencode, urllib2 has not, that is why they are used together; urllib2
# takes a Request with headers, urllib only a URL." *Half true*: it was true of Python 2, which ended
# in 2020. PEP 3108 merged both. Ask your own Python:

# %%
try:
    import urllib2
except ImportError as error:
    print(type(error).__name__, "-", error)
for name in ("urlencode", "Request", "urlopen"):
    homes = [part for part in ("parse", "request", "error") if hasattr(getattr(urllib, part), name)]
    print(f"{name:10} is in urllib.{' and urllib.'.join(homes)}")

# %% [markdown] role="given" id="port-old"
# The names are one half of porting. The other is that Python 2's `str` was octets, and Python 3's is
# text: what goes into a socket and what comes out of it is `bytes`. Somebody has to **encode** and
# **decode**, and to know which charset.
#
# This is a module of 2012. It worked:
#
# ```python
# import urllib, urllib2                                        # Python 2.7
#
# def find(base, words, page=1):
#     query = urllib.urlencode([("q", words.encode("utf-8")), ("page", page)])
#     request = urllib2.Request(base + "?" + query, headers={"X-Asker": "notes"})
#     try:
#         reply = urllib2.urlopen(request, timeout=5)
#     except urllib2.HTTPError, error:
#         if error.code == 404:
#             return []
#         raise
#     text = reply.read().decode(reply.info().getparam("charset") or "utf-8")
#     return text.splitlines()
#
# def add(base, note):
#     data = urllib.urlencode({"note": note.encode("utf-8")})
#     reply = urllib2.urlopen(base, data, 5)
#     return reply.info().getheader("Location")
# ```

# %% [markdown] role="given" id="port-brief"
# ### Exercise 1: port it
#
# **`python3_name(old: str) -> str`**: for a name of Python 2 as `"urllib.urlencode"`, the dotted name
# under which Python 3's documentation has it: `"urllib.parse.urlencode"`. It must know the names in
# `OLD_NAMES` below, and raise `ValueError` for any other. `urllib.request` *uses* many names of its
# neighbours, so that `urllib.request.quote` exists; it is documented in `urllib.parse`, and that is
# the answer.
#
# **`find(base: str, words: str, page: int = 1, timeout_s: float = 5.0) -> list[str]`** and
# **`add(base: str, note: str, timeout_s: float = 5.0) -> str | None`**: the two functions above in
# Python 3, with `urllib` alone. They must do the same:
#
# - `find` asks with GET for `base`, `?` and the encoded `q` and `page`, with the field `X-Asker: notes`;
#   it returns the lines of the answer as text, decoded with the charset that its Content-Type
#   names, or as UTF-8 where it names none; `[]` for status 404. Other errors are raised on.
# - `add` posts the form `note=...` and returns the answer's Location, `None` if there is none.
#
# Both raise `TimeoutError` or `URLError` after `timeout_s` seconds of silence. (That is the timeout
# of the opening. It will do until exercise 10.)


# %% role="given" id="port-given-names"
OLD_NAMES = (
    *("urllib.urlencode", "urllib.quote", "urllib.quote_plus", "urllib.unquote"),
    *("urllib.unquote_plus", "urllib.urlopen", "urllib.urlretrieve", "urllib.pathname2url"),
    *("urllib.ContentTooShortError", "urllib2.urlopen", "urllib2.Request", "urllib2.URLError"),
    *("urllib2.HTTPError", "urllib2.build_opener", "urllib2.HTTPRedirectHandler"),
    *("urlparse.urlparse", "urlparse.urljoin", "urlparse.parse_qs", "httplib.HTTPConnection"),
    *("httplib.IncompleteRead", "cookielib.CookieJar", "robotparser.RobotFileParser"),
)


# %% role="answer" id="port-answer"
def python3_name(old: str) -> str:
    """Return where Python 3 documents a name of Python 2; ValueError if it is not in OLD_NAMES."""
    ### BEGIN SOLUTION
    if old not in OLD_NAMES:
        raise ValueError(f"{old} is not in OLD_NAMES")
    module, name = old.split(".")
    if name.endswith("Error"):
        return f"urllib.error.{name}"
    if module == "urlparse" or "quote" in name or name == "urlencode":
        return f"urllib.parse.{name}"
    homes = {
        "httplib": "http.client",
        "cookielib": "http.cookiejar",
        "robotparser": "urllib.robotparser",
    }
    return f"{homes.get(module, 'urllib.request')}.{name}"
    ### END SOLUTION


def find(base: str, words: str, page: int = 1, timeout_s: float = 5.0) -> list[str]:
    """Return the lines that the server finds for `words`; none if it says 404."""
    ### BEGIN SOLUTION
    query = urllib.parse.urlencode([("q", words), ("page", page)])
    request = urllib.request.Request(f"{base}?{query}", headers={"X-Asker": "notes"})
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as reply:
            text = reply.read().decode(reply.headers.get_content_charset() or "utf-8")
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 404:
            return []
        raise
    return text.splitlines()
    ### END SOLUTION


def add(base: str, note: str, timeout_s: float = 5.0) -> str | None:
    """Post a note; return the address of what was made, None if the server gives none."""
    ### BEGIN SOLUTION
    data = urllib.parse.urlencode({"note": note}).encode("ascii")
    with urllib.request.urlopen(base, data, timeout_s) as reply:
        return reply.headers["Location"]
    ### END SOLUTION


# %% [markdown] role="hint" id="port-hint-1"
# Nudge
# Ask at each line: text or octets? `urlencode` makes text, `data` must be octets, `read()` gives
# octets.

# %% [markdown] role="hint" id="port-hint-2"
# Way
# What makes or reads URLs went to `urllib.parse`, the exceptions to `urllib.error`, what opens to
# `urllib.request`. `reply.info().getparam("charset")` is now `reply.headers.get_content_charset()`,
# and `getheader("Location")` is `reply.headers["Location"]`. `urlencode` encodes text as UTF-8 by
# itself.

# %% [markdown] role="hint" id="port-hint-3"
# Almost
# `except urllib.error.HTTPError as error:`; `with urllib.request.urlopen(request, timeout=5) as
# reply:`; `urllib.parse.urlencode({"note": note}).encode("ascii")`. For the names: an error is in
# `urllib.error`; `quote`, `urlencode` and all of `urlparse` are in `urllib.parse`.


# %% role="given" id="port-given-play"
def outcome(function, *arguments, **named):
    """What a call comes to: its value, or in words the exception that it raises."""
    try:
        return function(*arguments, **named)
    except NotImplementedError:
        raise
    except Exception as error:
        return f"raises {type(error).__name__}"


def noted(seen, answer):
    """A handler for serve_stock that writes every request down and gives the same answer."""

    def handler(request):
        seen.append(request)
        return answer

    return handler


# %%
# Try it: the site's answer is in Latin-1, and says so.
old_site = noted([], Response(200, (("Content-Type", "text/plain; charset=latin-1"),), b"caf\xe9"))
with running(serve_stock, old_site) as server:
    try:
        print(find(url_of(server), "tea & milk"))
    except NotImplementedError:
        print("Exercise 1 comes first.")


# %% role="test" id="port-test-names" points=1
@check.test
def _():
    # Where each name of Python 2 went.
    RULE = dict(
        rule="Reading and writing URLs: urllib.parse. Exceptions: urllib.error. Opening: urllib.request.",
        rfc="PEP 3108",
    )
    shown = {
        "urllib.urlencode": "urllib.parse.urlencode",
        "urllib2.Request": "urllib.request.Request",
        "urllib.quote": "urllib.parse.quote",
        "urllib2.HTTPError": "urllib.error.HTTPError",
    }
    check.each(python3_name, list(shown), expected=list(shown.values()), **RULE)
    ### BEGIN HIDDEN TESTS
    homes = {
        "urllib.parse": "urlencode quote quote_plus unquote unquote_plus urlparse urljoin parse_qs",
        "urllib.request": "urlopen urlretrieve pathname2url Request build_opener HTTPRedirectHandler",
        "urllib.error": "ContentTooShortError URLError HTTPError",
        "http.client": "HTTPConnection IncompleteRead",
        "http.cookiejar": "CookieJar",
        "urllib.robotparser": "RobotFileParser",
    }
    homes["http.client"] = "HTTPConnection"
    home = {name: module for module, names in homes.items() for name in names.split()}
    home["IncompleteRead"] = "http.client"
    wanted = [f"{home[old.split('.')[1]]}.{old.split('.')[1]}" for old in OLD_NAMES]
    check.each(python3_name, list(OLD_NAMES), expected=wanted, **RULE)
    check.refuses_each(
        python3_name,
        ["urllib.nothing", "urlencode", "urllib3.Retry", "", "urllib2.urlencode", "urllib.Request"],
        rule="A name that is not in OLD_NAMES is a ValueError.",
    )
    ### END HIDDEN TESTS


# %% role="test" id="port-test-find" points=2
@check.test
def _():
    # What find asks for, and what it makes of the answer.
    RULE = dict(
        rule="The query is text, encoded; the answer is octets, decoded with the charset it names.",
        rfc="PEP 3108",
        within_s=3,
    )

    def asked(find, answer, *arguments):
        seen = []
        with running(serve_stock, noted(seen, answer)) as server:
            found = outcome(find, url_of(server, "/notes"), *arguments)
        return found, [(one.method, one.target, one.values("x-asker")) for one in seen]

    def texts(find):
        """Words with a space, an ampersand and an accent; the answer in UTF-8 without saying so."""
        answer = Response(200, (("Content-Type", "text/plain"),), "thé\r\ncafé\n".encode())
        return asked(find, answer, "thé & lait")

    check.probe(
        find,
        texts,
        expected=(["thé", "café"], [("GET", "/notes?q=th%C3%A9+%26+lait&page=1", ["notes"])]),
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def charsets(find):
        """Answers in several charsets, in one without a type, and an empty one."""
        found = []
        for kind, charset in (
            ("text/plain; charset=latin-1", "latin-1"),
            ('text/html; a=b; Charset="UTF-16"', "utf-16"),
            ("text/plain; charset=cp1252", "cp1252"),
            ("text/plain", "utf-8"),
            (None, "utf-8"),
        ):
            fields = (("Content-Type", kind),) if kind else ()
            answer = Response(200, fields, "é\nü".encode(charset))
            found.append(asked(find, answer, "a", 7))
        return [*found, asked(find, Response(200), "")]

    lines = (["é", "ü"], [("GET", "/notes?q=a&page=7", ["notes"])])
    nothing = ([], [("GET", "/notes?q=&page=1", ["notes"])])
    check.probe(find, charsets, expected=[lines] * 5 + [nothing], **RULE)

    def errors(find):
        """404, and other codes."""
        return [asked(find, Response(status), "a")[0] for status in (404, 403, 410, 500, 503)]

    check.probe(
        find,
        errors,
        expected=[[], *["raises HTTPError"] * 4],
        rule="404 gives []; every other error is raised on.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="port-test-add" points=1
@check.test
def _():
    # What add posts, and what it returns.
    RULE = dict(
        rule="The data of a POST is octets: the encoded form, in ASCII.",
        rfc="PEP 3108",
        within_s=3,
    )

    def posted(add, note, answer):
        seen = []
        with running(serve_stock, noted(seen, answer)) as server:
            found = outcome(add, url_of(server, "/notes"), note)
        return found, [
            (one.method, one.target, one.values("content-type"), one.content) for one in seen
        ]

    form = ["application/x-www-form-urlencoded"]

    def example(add):
        """A note with a space and an accent."""
        return posted(add, "thé = tea", Response(201, (("Location", "/notes/7"),)))

    sent = ("POST", "/notes", form, b"note=th%C3%A9+%3D+tea")
    check.probe(add, example, expected=("/notes/7", [sent]), **RULE)

    ### BEGIN HIDDEN TESTS
    def others(add):
        """An empty note, an answer without Location, an error."""
        return [
            posted(add, "", Response(200))[:2],
            posted(add, "a\nb", Response(201, (("location", "x"),))),
            posted(add, "a", Response(404))[0],
        ]

    check.probe(
        add,
        others,
        expected=[
            (None, [("POST", "/notes", form, b"note=")]),
            ("x", [("POST", "/notes", form, b"note=a%0Ab")]),
            "raises HTTPError",
        ],
        **RULE,
    )

    def silence(find):
        """A server that is silent for 0.4 s, with timeout_s=0.05."""
        with running(serve_hostile) as server:
            return outcome(find, url_of(server, "/late?s=0.4&b="), "a", timeout_s=0.05)

    for answer in (find, add):
        check.probe(
            answer,
            silence,
            accepts=lambda found: found in ("raises TimeoutError", "raises URLError"),
            rule="Both give up after timeout_s seconds of silence: hand it on to urlopen.",
            within_s=2,
        )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="percent-text"
# ## 2. What `+` means
#
# A URL is made of ASCII, and some of it has a meaning: `?`, `&`, `=`, `#`, `/`. What is to stand for
# itself is **percent-encoded**: each octet of its UTF-8 as `%` and two hexadecimal digits (RFC 3986
# section 2.1). Letters, digits and `-._~` are *unreserved* and stay as they are (section 2.3).
#
# Forms came with an encoding of their own, `application/x-www-form-urlencoded`. It too uses `%XX`,
# but writes a space as `+`. That is the whole trouble with `+`:

# %%
for url in ("http://a.example/1+1", "http://a.example/?q=1+1"):
    parts = urllib.parse.urlsplit(url)
    print(f"{url:28} path {parts.path!r:8} query means {urllib.parse.parse_qs(parts.query)}")
print("quote     ", urllib.parse.quote("a b+c~*/ü"))
print("quote_plus", urllib.parse.quote_plus("a b+c~*/ü"))

# %% [markdown] role="given" id="percent-so"
# In a path `+` is a plus. In a query that comes from a form, and by custom in nearly every query, it
# is a space. **Is it so?** "`+` means a space in a URL." *Half true*: RFC 3986 does not know it; the
# form encoding does, today written down in the WHATWG URL standard, sections 5.1 and 5.2. So a plus
# in a form must be written `%2B`.
#
# Two characters show that nobody agrees entirely. Browsers, by that standard, leave `*` alone and
# encode `~`; Python's `urlencode` does the contrary, by RFC 3986. Every reader decodes both alike.

# %% [markdown] role="given" id="percent-brief"
# ### Exercise 2: URLs by hand
#
# **`percent_encode(text: str, safe: str = "") -> str`**: unreserved characters (ASCII letters, digits,
# `-._~`) and those in `safe` (ASCII only) as they are; all else octet for octet of the UTF-8 as `%XX`
# with capital digits.
#
# **`percent_decode(text: str) -> str`**: the way back. `+` stays a plus. `ValueError` for a `%` that is
# not followed by two hexadecimal digits (either case), and for octets that are not UTF-8.
#
# **`form_encode(pairs: Iterable[tuple[str, str]]) -> str`**: as browsers do it. Name, `=`, value, joined
# by `&`; ASCII letters, digits and `*-._` stay, a space becomes `+`, all else `%XX`.
#
# **`form_decode(text: str) -> list[tuple[str, str]]`**: the way back, and forgiving, since it reads what
# others wrote. Cut at `&`; empty parts are left out; cut each at its first `=` (without one the
# value is `""`); `+` is a space; a `%` without two hexadecimal digits stands for itself; octets that
# are not UTF-8 become U+FFFD as `bytes.decode(errors="replace")` makes them.
#
# **`with_query(url: str, pairs: Iterable[tuple[str, str]]) -> str`**: the URL with these pairs added
# behind what its query has, as a form, and before its fragment (`#...`). Without pairs the URL is
# unchanged.
#
# Example: `with_query("http://a.example/s?x=1#top", [("q", "1+1 = 2")])` is
# `"http://a.example/s?x=1&q=1%2B1+%3D+2#top"`. Write them without `urllib.parse`: it is the test's
# oracle.


# %% role="answer" id="percent-answer"
def percent_encode(text: str, safe: str = "") -> str:
    """Return `text` with all but unreserved and safe characters as %XX (RFC 3986 section 2.1)."""
    ### BEGIN SOLUTION
    kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" + safe
    return "".join(chr(octet) if chr(octet) in kept else f"%{octet:02X}" for octet in text.encode())
    ### END SOLUTION


def percent_decode(text: str) -> str:
    """Return `text` with its %XX undone; ValueError for a stray % or what is not UTF-8."""
    ### BEGIN SOLUTION
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError("a % without two hexadecimal digits")
    return _octets(text).decode()
    ### END SOLUTION


def form_encode(pairs: Iterable[tuple[str, str]]) -> str:
    """Return pairs as application/x-www-form-urlencoded (WHATWG URL section 5.2)."""

    ### BEGIN SOLUTION
    def one(text):
        return percent_encode(text, safe="* ").replace("~", "%7E").replace(" ", "+")

    return "&".join(f"{one(name)}={one(value)}" for name, value in pairs)


def _octets(text):
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode())
    ### END SOLUTION


def form_decode(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a form, in order, whatever its writer got wrong (WHATWG URL section 5.1)."""

    ### BEGIN SOLUTION
    def one(part):
        return _octets(part.replace("+", " ")).decode(errors="replace")

    cut = [part.partition("=") for part in text.split("&") if part]
    return [(one(name), one(value)) for name, _, value in cut]
    ### END SOLUTION


def with_query(url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return the URL with pairs added to its query."""
    ### BEGIN SOLUTION
    before, mark, fragment = url.partition("#")
    base, _, query = before.partition("?")
    added = form_encode(pairs)
    if not added:
        return url
    return f"{base}?{query}{'&' if query else ''}{added}{mark}{fragment}"
    ### END SOLUTION


# %% [markdown] role="hint" id="percent-hint-1"
# Nudge
# Encode the text first, then look at each octet. What is left of the question of which letters are
# letters?

# %% [markdown] role="hint" id="percent-hint-2"
# Way
# `f"%{octet:02X}"` writes an octet. To decode, work on `text.encode()`: `re.sub` with a pattern for
# `%` and two digits, and a function that makes one octet of them; only then decode as UTF-8. A form
# turns `+` into a space *before* that, or `%2B` would become a space too.

# %% [markdown] role="hint" id="percent-hint-3"
# Almost
# `re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), octets)`. A stray `%`:
# `re.search(r"%(?![0-9A-Fa-f]{2})", text)`. For `with_query`, `url.partition("#")`, then
# `partition("?")` of what stands before.


# %% role="test" id="percent-test-encode" points=1
@check.test
def _():
    # Percent-encoding, and back.
    RULE = dict(
        rule="Unreserved characters stay; every other octet of the UTF-8 is % and two capital digits.",
        rfc="RFC 3986 sections 2.1 and 2.3",
    )
    check.each(
        percent_encode,
        ["a b", "1+1", "é/~", ("/a b?", "/?")],
        expected=["a%20b", "1%2B1", "%C3%A9%2F~", "/a%20b?"],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    dice = random.Random(221)
    letters = [*map(chr, range(256)), "ł", "€", "語", "🙂", "\u0660", "²"]
    texts = ["".join(dice.choices(letters, k=dice.randrange(9))) for _ in range(60)]
    texts += ["".join(map(chr, range(128))), "\x00\n\x7f", "", "%41", "ÀÿŸ"]
    check.each(
        percent_encode, texts, expected=lambda text: urllib.parse.quote(text, safe=""), **RULE
    )
    check.each(
        percent_encode,
        [(text, "/:%+") for text in texts],
        expected=lambda text, safe: urllib.parse.quote(text, safe=safe),
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="percent-test-decode" points=1
@check.test
def _():
    # Percent-decoding, strictly.
    RULE = dict(
        rule="% and two hexadecimal digits are one octet; the octets together are UTF-8.",
        rfc="RFC 3986 section 2.1",
    )
    check.each(percent_decode, ["a%20b", "1+1", "%C3%a9"], expected=["a b", "1+1", "é"], **RULE)
    check.refuses_each(percent_decode, ["100%", "%C3", "%g1"], **RULE)
    ### BEGIN HIDDEN TESTS
    good = [
        "",
        "%25",
        "%2525",
        "%e8%aa%9e",
        "é%C3%A9",
        "%00",
        "%2B+%2b",
        "%7e~",
        "a%41%62c",
        "%F0%9f%99%82",
    ]
    check.each(percent_decode, good, expected=urllib.parse.unquote, **RULE)
    bad = ["%", "%4", "%%41", "%4g", "% 4", "%+4", "%-1", "%0x4", "%²²", "%٠٠", "%_1", "a%", "%1_"]
    check.refuses_each(percent_decode, bad, **RULE)
    check.refuses_each(percent_decode, ["%FF", "%C3%28", "%ED%A0%80", "é%A9", "%80"], **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="percent-test-form" points=2
@check.test
def _():
    # Forms as browsers write them.
    RULE = dict(
        rule="Letters, digits and *-._ stay, a space is +, every other octet is %XX.",
        rfc="WHATWG URL section 5.2",
    )
    check.each(
        form_encode,
        [([("q", "1+1 = 2"), ("q", "")],), ([("é", "~*")],)],
        expected=["q=1%2B1+%3D+2&q=", "%C3%A9=%7E*"],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    stays = "ABCXYZabcxyz0189*-._"
    check.each(
        form_encode,
        [
            ([],),
            ([("", "")],),
            ([(stays, stays)],),
            ([("a&b", "c=d"), ("a&b", "e#f?g/h")],),
            ([("%20", "+"), (" ", "\r\n")],),
            ((("x", "語"), ("~ ~", "*+*")),),
            ([("\x00\x7f", "'()!@$,;:[]\"<>\\^`{|}")],),
        ],
        expected=[
            "",
            "=",
            f"{stays}={stays}",
            "a%26b=c%3Dd&a%26b=e%23f%3Fg%2Fh",
            "%2520=%2B&+=%0D%0A",
            "x=%E8%AA%9E&%7E+%7E=*%2B*",
            "%00%7F=%27%28%29%21%40%24%2C%3B%3A%5B%5D%22%3C%3E%5C%5E%60%7B%7C%7D",
        ],
        **RULE,
    )
    dice = random.Random(222)
    letters = [*map(chr, range(256)), "ł", "🙂", " ", "+", "&", "=", "%", "~", "*"]

    def some():
        return "".join(dice.choices(letters, k=dice.randrange(6)))

    forms = [([(some(), some()) for _ in range(dice.randrange(4))],) for _ in range(60)]

    def by_urllib(pairs):
        return urllib.parse.urlencode(pairs).replace("~", "%7E").replace("%2A", "*")

    check.each(form_encode, forms, expected=by_urllib, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="percent-test-read" points=2
@check.test
def _():
    # Forms as they come.
    RULE = dict(
        rule="Cut at &, then at the first =; + is a space; what is no %XX stands for itself.",
        rfc="WHATWG URL section 5.1",
    )
    check.each(
        form_decode,
        ["q=1%2B1+%3D+2", "a&b=", "x=1=2&&y=100%"],
        expected=[[("q", "1+1 = 2")], [("a", ""), ("b", "")], [("x", "1=2"), ("y", "100%")]],
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def by_urllib(text):
        return urllib.parse.parse_qsl(text, keep_blank_values=True)

    fixed = [
        "",
        "&",
        "=",
        "=a",
        "a==",
        "&a=b&&",
        "a;b=c",
        "+=+",
        "%2b=%2B",
        "a=%",
        "a=%4",
        "a=%zz%41",
    ]
    fixed += ["%FF=%C3", "a=%C3%A9%C3", "é=é%A9", "a=%26b%3Dc", "a=1&a=2&a=1", "%25%34%31=%2541"]
    fixed += ["a=%+1", "a=%-1f", "a=%0x", "a=%٠٠", "a=%00", " = ", "a%3Db=c"]
    check.each(form_decode, fixed, expected=by_urllib, **RULE)
    dice = random.Random(223)
    pieces = [
        "&",
        "=",
        "+",
        "%",
        "%41",
        "%2b",
        "%C3",
        "%a9",
        "a",
        "é",
        "%E8%AA",
        "0",
        " ",
        "%26",
        ";",
    ]
    texts = ["".join(dice.choices(pieces, k=dice.randrange(12))) for _ in range(150)]
    check.each(form_decode, texts, expected=by_urllib, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="percent-test-query" points=1
@check.test
def _():
    # Adding to a URL.
    RULE = dict(
        rule="The query stands between the first ? and the first #; what is there already stays.",
        rfc="RFC 3986 sections 3.4 and 3.5",
    )
    new = [("q", "1+1 = 2")]
    check.each(
        with_query,
        [("http://a.example/s", new), ("http://a.example/s?x=1#top", new)],
        expected=[
            "http://a.example/s?q=1%2B1+%3D+2",
            "http://a.example/s?x=1&q=1%2B1+%3D+2#top",
        ],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    two = [("a", "b"), ("c", "é")]
    cases = {
        "http://a/?": "http://a/?a=b&c=%C3%A9",
        "http://a": "http://a?a=b&c=%C3%A9",
        "http://a/#": "http://a/?a=b&c=%C3%A9#",
        "http://a/#x?y#z": "http://a/?a=b&c=%C3%A9#x?y#z",
        "http://a/?x?y": "http://a/?x?y&a=b&c=%C3%A9",
        "http://a/?%7e+&&#f": "http://a/?%7e+&&&a=b&c=%C3%A9#f",
        "/s?x": "/s?x&a=b&c=%C3%A9",
        "": "?a=b&c=%C3%A9",
    }
    check.each(with_query, [(url, two) for url in cases], expected=list(cases.values()), **RULE)
    same = ["http://a/?", "http://a/#", "http://a/?x#?", "http://a"]
    check.each(with_query, [(url, []) for url in same], expected=same, **RULE)
    check(with_query, "/?x=1", (("y", "~"),), expected="/?x=1&y=%7E", **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="three-text"
# ## 3. What is really sent
#
# A library sends more than you asked it to. Here is a server that writes down every octet, and the
# plainest GET of two libraries. Choose a field to see its octets:


# %% role="given" id="three-given-recorder"
def serve_recorder(listener, heard, answer=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"):
    """Take one request on each connection, write its octets down, send `answer` and close.

    From the second on the answer is "there".
    """
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            client.settimeout(5)
            octets, reader, event = b"", h11.Connection(h11.SERVER), None
            while not isinstance(event, h11.EndOfMessage):
                event = reader.next_event()
                if event is h11.NEED_DATA:
                    piece = client.recv(65536)
                    octets += piece
                    reader.receive_data(piece)
                    if not piece:
                        break
            heard.append(octets)
            client.sendall(answer)
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere"


def octets_of(send, path="/", **options):
    """The octets of each request that `send(url)` makes, with the port as 8080, and what it gives."""
    heard = []
    with running(serve_recorder, heard, **options) as server:
        found = outcome(send, url_of(server, path))
        port = b":%d" % server.address[1]
    return [octets.replace(port, b":8080") for octets in heard], found


# %%
by_both = octets_of(lambda url: urllib.request.urlopen(url).read())[0]
by_both += octets_of(lambda url: requests.get(url).content)[0]
MessageView([("left", octets) for octets in by_both], left="urllib, then requests", right="server")

# %% [markdown] role="given" id="three-lines"
# ![The same GET as urllib and as requests send it by default, line by line](figures/defaults.svg)
#
# Every one of those lines is a decision that somebody took for you: `Accept-Encoding: gzip` says "you
# may compress, I shall undo it"; `identity` says "do not"; `Connection: keep-alive` keeps a connection
# in a pool. If a server answers one program and not the other, **compare octets first**. You do not
# know a client until you can make it send exactly what you want.

# %% [markdown] role="given" id="three-brief"
# ### Exercise 3: one request, three ways
#
# Write `by_socket`, `by_urllib` and `by_requests`, all with the same signature:
# `(method: str, url: str, fields: list[tuple[str, str]], content: bytes = b"") -> tuple[int, bytes]`. Each
# sends **exactly these octets**, once, and returns the status and the content of the answer:
#
# 1. the method, the target of the URL (its path, `/` where it is empty, and its query; never its
#    fragment), `HTTP/1.1`;
# 2. `Host`, with the port as in the URL; then `fields`, in their order;
# 3. `Content-Length`, if there is content or the method is POST or PUT;
# 4. `Connection: close`; the empty line; the content.
#
# `by_socket` uses `socket` (and to read the answer, if you like, `http.client.HTTPResponse`), the second
# `urllib.request`, the third `requests`. The method is GET, HEAD, POST or PUT; `fields` always has
# `User-Agent` and `Accept-Encoding: identity`, has no name twice, and names are written `Like-This`;
# with content it has `Content-Type`. The URL is `http`, ASCII, with a port.
#
# All three treat the answer alike: a redirect is *not* followed, a status of 400 or more is no
# exception. No proxy is asked. Any wait ends after 5 seconds.
#
# Example: `by_socket("GET", "http://127.0.0.1:8080/a?b#c", [("User-Agent", "me"), ("Accept-Encoding",
# "identity")])` sends `GET /a?b HTTP/1.1`, `Host: 127.0.0.1:8080`, `User-Agent: me`,
# `Accept-Encoding: identity`, `Connection: close` and an empty line, each ended by CR LF.


# %% role="answer" id="three-answer"
def by_socket(
    method: str, url: str, fields: list[tuple[str, str]], content: bytes = b""
) -> tuple[int, bytes]:
    """Send the request over a socket; return status and content of the answer."""
    ### BEGIN SOLUTION
    parts = urllib.parse.urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = [("Host", parts.netloc), *_whole(method, fields, content)]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in named), "", ""]
    with socket.create_connection((parts.hostname, parts.port), 5) as server:
        server.sendall("\r\n".join(lines).encode("latin-1") + content)
        reply = http.client.HTTPResponse(server, method=method)
        reply.begin()
        return reply.status, reply.read()


def _whole(method, fields, content):
    sized = [("Content-Length", str(len(content)))] if content or method in ("POST", "PUT") else []
    return [*fields, *sized, ("Connection", "close")]
    ### END SOLUTION


def by_urllib(
    method: str, url: str, fields: list[tuple[str, str]], content: bytes = b""
) -> tuple[int, bytes]:
    """Send the same octets with urllib.request; return status and content of the answer."""

    ### BEGIN SOLUTION
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay)
    named = dict(_whole(method, fields, content))
    request = urllib.request.Request(url, content or None, named, method=method)
    try:
        reply = opener.open(request, timeout=5)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return reply.status, reply.read()
    ### END SOLUTION


def by_requests(
    method: str, url: str, fields: list[tuple[str, str]], content: bytes = b""
) -> tuple[int, bytes]:
    """Send the same octets with requests; return status and content of the answer."""
    ### BEGIN SOLUTION
    with requests.Session() as session:
        session.trust_env = False
        session.headers.clear()
        named = dict(_whole(method, fields, content))
        reply = session.request(
            method, url, headers=named, data=content, allow_redirects=False, timeout=5
        )
        return reply.status_code, reply.content
    ### END SOLUTION


# %% [markdown] role="hint" id="three-hint-1"
# Nudge
# Write the socket first: it does only what you say. Then compare the libraries with it, line by
# line, with `octets_of` from above.

# %% [markdown] role="hint" id="three-hint-2"
# Way
# `urllib` fills in what is missing: give it all fields yourself, also `Content-Length` and `Connection`,
# and it leaves them in your order. It raises `HTTPError`, which is an answer: it has `status` and
# `read()`. To stay at a redirect it needs a handler whose `redirect_request` returns `None`.
# `requests` mixes its own default fields in: a `Session` with `headers.clear()` has none.

# %% [markdown] role="hint" id="three-hint-3"
# Almost
# `class Stay(urllib.request.HTTPRedirectHandler)`; `urllib.request.build_opener(
# urllib.request.ProxyHandler({}), Stay)`; `urllib.request.Request(url, content or None, dict(all_fields),
# method=method)`. `session.request(method, url, headers=dict(all_fields), data=content,
# allow_redirects=False, timeout=5)`, with `session.trust_env = False`.


# %% role="given" id="three-given-play"
ME = [("User-Agent", "me"), ("Accept-Encoding", "identity")]


def sent_by(way, method, path, fields=ME, content=b"", **options):
    """What a way of asking sends to the recorder, and what it gives."""
    return octets_of(lambda url: way(method, url, list(fields), content), path, **options)


# %% role="test" id="three-test-octets" points=3
@check.test
def _():
    # The octets that each of the three sends.
    RULE = dict(
        rule="Request line, Host, the fields in their order, Content-Length, Connection, empty line, content.",
        rfc="RFC 9112 section 3",
        view="lines",
        within_s=3,
    )
    asked = b"GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: me\r\nAccept-Encoding: identity\r\n"
    for answer in (by_socket, by_urllib, by_requests):

        def get(answer):
            """A GET of /a?b#c."""
            return sent_by(answer, "GET", "/a?b#c")

        check.probe(
            answer, get, expected=([asked + b"Connection: close\r\n\r\n"], (200, b"ok")), **RULE
        )
    ### BEGIN HIDDEN TESTS
    host = b"Host: 127.0.0.1:8080\r\n"
    more = [("X-One", "1"), *ME, ("Content-Type", "text/plain"), ("Accept", "a/b"), ("X-A", "\xe9")]
    block = "".join(f"{name}: {value}\r\n" for name, value in more).encode("latin-1")
    mine = b"User-Agent: me\r\nAccept-Encoding: identity\r\n"
    close = b"Connection: close\r\n\r\n"
    octets = bytes(range(256)) * 300
    wanted = {
        "no path": b"GET / HTTP/1.1\r\n" + host + mine + close,
        "a query alone": b"GET /?x=1&y HTTP/1.1\r\n" + host + mine + close,
        "a head": b"HEAD /a%20b+c HTTP/1.1\r\n" + host + mine + close,
        "a post": b"POST /p HTTP/1.1\r\n"
        + host
        + block
        + b"Content-Length: 76800\r\n"
        + close
        + octets,
        "an empty post": b"POST /p HTTP/1.1\r\n" + host + mine + b"Content-Length: 0\r\n" + close,
        "a put": b"PUT /p HTTP/1.1\r\n" + host + block + b"Content-Length: 1\r\n" + close + b"a",
        "an empty put": b"PUT /p HTTP/1.1\r\n" + host + mine + b"Content-Length: 0\r\n" + close,
        "a get with content": b"GET /g HTTP/1.1\r\n"
        + host
        + block
        + b"Content-Length: 2\r\n"
        + close
        + b"hi",
    }

    def many(answer):
        """GET, HEAD, POST and PUT, with fields and content."""
        found = {
            "no path": sent_by(answer, "GET", ""),
            "a query alone": sent_by(answer, "GET", "?x=1&y"),
            "a head": sent_by(answer, "HEAD", "/a%20b+c#d?e"),
            "a post": sent_by(answer, "POST", "/p", more, octets),
            "an empty post": sent_by(answer, "POST", "/p"),
            "a put": sent_by(answer, "PUT", "/p", more, b"a"),
            "an empty put": sent_by(answer, "PUT", "/p"),
            "a get with content": sent_by(answer, "GET", "/g", more, b"hi"),
        }
        return {
            name: seen
            for name, seen in found.items()
            if seen != ([wanted[name]], (200, b"" if name == "a head" else b"ok"))
        }

    RULE["view"] = None
    for answer in (by_socket, by_urllib, by_requests):
        check.probe(answer, many, expected={}, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="three-test-answers" points=2
@check.test
def _():
    # What they make of the answer.
    RULE = dict(
        rule="Status and content, as they came: no redirect is followed, no status is an exception.",
        rfc="RFC 9110 section 15",
        within_s=3,
    )

    def answer_of(status, *fields, content=b"no"):
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", *fields, "", ""]
        return "\r\n".join(lines).encode() + content

    for answer in (by_socket, by_urllib, by_requests):

        def missing(answer):
            """An answer with 404."""
            found = sent_by(answer, "GET", "/", answer=answer_of(404))
            return len(found[0]), found[1]

        check.probe(answer, missing, expected=(1, (404, b"no")), **RULE)
    ### BEGIN HIDDEN TESTS
    answers = [
        answer_of(302, "Location: /there"),
        answer_of(301, "Location: /there"),
        answer_of(307, "Location: http://127.0.0.1:1/"),
        answer_of(308, "Location: /there"),
        answer_of(303, "Location: /there", content=b""),
        answer_of(500),
        answer_of(401, 'WWW-Authenticate: Basic realm="x"'),
        answer_of(201, content=b"\x00" * 70_000),
        b"HTTP/1.1 204 X\r\n\r\n",
        b"HTTP/1.0 200 X\r\n\r\nuntil the end",
        b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer_of(200, content=b"late"),
    ]
    codes = [302, 301, 307, 308, 303, 500, 401, 201, 204, 200, 200, 200]
    contents = [b"no"] * 4 + [
        b"",
        b"no",
        b"no",
        b"\x00" * 70_000,
        b"",
        b"until the end",
        b"abc",
        b"late",
    ]

    def many(answer):
        """Redirects, errors, 204, an end by close, chunks, a 100 before it: requests made, answer."""
        found = [sent_by(answer, "GET", "/", answer=each) for each in answers]
        posted = sent_by(
            answer, "POST", "/", [*ME, ("Content-Type", "a/b")], b"x", answer=answers[0]
        )
        return [(len(heard), came) for heard, came in [*found, posted]]

    expected = [(1, each) for each in zip(codes, contents, strict=True)] + [(1, (302, b"no"))]
    for answer in (by_socket, by_urllib, by_requests):
        check.probe(answer, many, expected=expected, **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="body-text"
# ## 4. Three kinds of content
#
# What a form, an API and an upload send differs only in the content and its type:
#
# | Content-Type | content |
# |---|---|
# | `application/x-www-form-urlencoded` | pairs as in exercise 2; all ASCII |
# | `application/json` | one JSON value, in UTF-8 (RFC 8259 section 8.1) |
# | `multipart/form-data; boundary=...` | parts, each with a small head of its own (RFC 7578) |
#
# The third is for files: `%XX` would triple them. Its parts are set apart by a line that occurs in
# none of them, the **boundary**, which the Content-Type names. Choose a part:

# %%
octets, kind = encode_multipart_formdata(
    [("title", "Zoë"), ("photo", ("cat.png", b"\x89PNG...", "image/png"))], boundary="wJ7d"
)
upload = (
    f"POST /new HTTP/1.1\r\nHost: photos.example\r\nContent-Type: {kind}\r\n"
    f"Content-Length: {len(octets)}\r\n\r\n"
).encode() + octets
MessageView([("left", upload)], left="requests", right="server")

# %% [markdown] role="given" id="body-brief"
# ### Exercise 4: contents
#
# Each function returns the Content-Type and the content.
#
# **`form_body(pairs: Iterable[tuple[str, str]]) -> tuple[str, bytes]`**: as a form, with `form_encode`.
#
# **`json_body(value: object) -> tuple[str, bytes]`**: as JSON. `ValueError` for NaN and the infinities:
# JSON has no such numbers, though `json.dumps` writes them. (RFC 8259 section 6)
#
# **`multipart_body(parts: Iterable[Part], candidates: Iterable[str]) -> tuple[str, bytes]`**, octet for
# octet:
#
# - the boundary is the first of `candidates` that does not occur in the content of any part;
#   `ValueError` if there is none. `candidates` may be endless. The type is
#   `multipart/form-data; boundary=` and the boundary.
# - for each part: `--`, the boundary; `Content-Disposition: form-data; name="..."`, and if `filename` is
#   not `None` `; filename="..."`; if `kind` is not `None` `Content-Type: ` and it; an empty line; the
#   content. Each line, and the content, is ended by CR LF.
# - at the end `--`, the boundary, `--`, CR LF.
#
# Names and file names are in UTF-8; in them `"` is written `%22`, CR `%0D`, LF `%0A`: else a name could
# end its line and write another. (RFC 7578 sections 4.1, 4.2, 5.1; the three are HTML's choice.)
#
# Example: `multipart_body([Part("a", b"1")], ["B"])` is `("multipart/form-data; boundary=B",
# b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n')`.


# %% role="given" id="body-given-part"
@dataclass(frozen=True)
class Part:
    """One part of an upload; a field of a form has neither file name nor kind."""

    name: str
    content: bytes
    filename: str | None = None
    kind: str | None = None


# %% role="answer" id="body-answer"
def form_body(pairs: Iterable[tuple[str, str]]) -> tuple[str, bytes]:
    """Return Content-Type and content of a form."""
    ### BEGIN SOLUTION
    return "application/x-www-form-urlencoded", form_encode(pairs).encode("ascii")
    ### END SOLUTION


def json_body(value: object) -> tuple[str, bytes]:
    """Return Content-Type and content of a JSON value; ValueError for what JSON has not."""
    ### BEGIN SOLUTION
    return "application/json", json.dumps(value, allow_nan=False).encode()
    ### END SOLUTION


def multipart_body(parts: Iterable[Part], candidates: Iterable[str]) -> tuple[str, bytes]:
    """Return Content-Type and content of an upload (RFC 7578); ValueError if no boundary fits."""
    ### BEGIN SOLUTION
    parts = list(parts)
    for boundary in candidates:
        if not any(boundary.encode() in part.content for part in parts):
            break
    else:
        raise ValueError("every candidate occurs in a part")

    def quoted(text):
        return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")

    octets = b""
    for part in parts:
        said = f'Content-Disposition: form-data; name="{quoted(part.name)}"'
        if part.filename is not None:
            said += f'; filename="{quoted(part.filename)}"'
        if part.kind is not None:
            said += f"\r\nContent-Type: {part.kind}"
        octets += f"--{boundary}\r\n{said}\r\n\r\n".encode() + part.content + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", octets + f"--{boundary}--\r\n".encode()
    ### END SOLUTION


# %% [markdown] role="hint" id="body-hint-1"
# Nudge
# For each of the three: which part of the result is text, and who makes it octets?

# %% [markdown] role="hint" id="body-hint-2"
# Way
# `json.dumps` has an argument that refuses NaN. `parts` and `candidates` may be iterators: a loop over
# them happens once. Look for a boundary with `for ... else`. Mind the difference between `filename=""`
# and `filename=None`.

# %% [markdown] role="hint" id="body-hint-3"
# Almost
# `json.dumps(value, allow_nan=False)`. `if not any(boundary.encode() in part.content for part in
# parts): break`. Each part: `f"--{boundary}\r\n{lines}\r\n\r\n".encode() + part.content + b"\r\n"`.


# %% role="test" id="body-test-form" points=1
@check.test
def _():
    # Forms and JSON.
    RULE = dict(
        rule="The type says what the content is; the content is octets.",
        rfc="RFC 8259 section 8.1",
    )
    form = "application/x-www-form-urlencoded"
    check(form_body, [("q", "1 é")], expected=(form, b"q=1+%C3%A9"), **RULE)

    def parsed(json_body, value):
        kind, content = json_body(value)
        return kind, type(content).__name__, json.loads(content.decode("utf-8"))

    def example(json_body):
        """The type, the kind of octets, and what a reader makes of them."""
        return parsed(json_body, {"name": "Zoë", "n": [1, None, True]})

    value = {"name": "Zoë", "n": [1, None, True]}
    check.probe(json_body, example, expected=("application/json", "bytes", value), **RULE)
    ### BEGIN HIDDEN TESTS
    forms = [[], [("a", "b"), ("a", "~*")], [("", "")]]
    check.each(
        form_body,
        [(each,) for each in forms],
        expected=[(form, b""), (form, b"a=b&a=%7E*"), (form, b"=")],
        **RULE,
    )
    values = ["", None, 0, 1.5, [], {}, "\x00\u2028\U0001f642", {"a": {"b": [{}]}}, 10**20, True]

    def others(json_body):
        """The same for other values."""
        return [parsed(json_body, each) for each in values]

    check.probe(
        json_body, others, expected=[("application/json", "bytes", each) for each in values], **RULE
    )
    bad = [float("nan"), [float("inf")], {"a": -float("inf")}]
    check.refuses_each(
        json_body, [(each,) for each in bad], rule="JSON has no NaN.", rfc="RFC 8259 section 6"
    )
    ### END HIDDEN TESTS


# %% role="test" id="body-test-multipart" points=3
@check.test
def _():
    # Uploads, octet for octet, as urllib3 writes them.
    RULE = dict(
        rule="Boundary line, the part's head, an empty line, its octets, CR LF; at the end two hyphens more.",
        rfc="RFC 7578 sections 4.1 and 4.2",
        view="lines",
    )

    def by_urllib3(parts, candidates):
        fields = []
        for part in parts:
            field = RequestField(part.name, part.content, filename=part.filename)
            field.make_multipart(content_type=part.kind)
            fields.append(field)
        content, kind = encode_multipart_formdata(fields, boundary=candidates[0])
        return kind, content

    photo = Part("photo", b"\x89PNG\r\n\x1a\n", "cat.png", "image/png")
    check.each(
        multipart_body,
        [([Part("a", b"1")], ["B"]), ([Part("title", "Zoë".encode()), photo], ["wJ7d"])],
        expected=by_urllib3,
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    cases = [
        ([], ["B"]),
        ([Part("", b"")], ["B", "C"]),
        ([Part("é", b"", "ü.txt"), Part("é", b"x")], ["----b"]),
        ([Part('a"b', b"1", 'c"\r\nX: y', "text/plain")], ["B"]),
        ([Part("a\nb\rc", b"\r\n", "\n")], ["B"]),
        ([Part("a;b=c", b"--", "d\\e'f%22"), Part("k", b"\n", None, "text/plain")], ["B"]),
        ([Part("f", bytes(range(256)) * 99, "x", "application/octet-stream")], ["z" * 70]),
    ]
    check.each(multipart_body, cases, expected=by_urllib3, **RULE)
    check(
        multipart_body,
        [Part("a", b"1", "")],
        ["B"],
        expected=(
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; name="a"; filename=""\r\n\r\n1\r\n--B--\r\n',
        ),
        **RULE,
    )

    def iterators(multipart_body):
        """Parts and endless candidates as iterators."""
        parts = (Part(name, b"1 2") for name in "ab")
        return multipart_body(parts, (str(number) for number in count(1)))

    parts = [Part("a", b"1 2"), Part("b", b"1 2")]
    check.probe(multipart_body, iterators, expected=by_urllib3(parts, ["3"]), **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="body-test-boundary" points=1
@check.test
def _():
    # Which boundary is taken.
    RULE = dict(
        rule="The first candidate that occurs in no content of any part.",
        rfc="RFC 7578 section 4.1",
    )

    def boundary(multipart_body, contents, candidates):
        parts = [Part("a", content) for content in contents]
        found = outcome(multipart_body, parts, candidates)
        return found if isinstance(found, str) else found[0].rpartition("=")[2]

    def example(multipart_body):
        """Contents with one of the candidates in them."""
        return boundary(multipart_body, [b"1", b"--B--"], ["B", "C", "D"])

    check.probe(multipart_body, example, expected="C", **RULE)

    ### BEGIN HIDDEN TESTS
    def others(multipart_body):
        """In the first part, in the last, as a beginning, in a name only, in none, in all."""
        return [
            boundary(multipart_body, [b"xBx", b""], ["B", "C"]),
            boundary(multipart_body, [b"", b"C", b"B"], ["B", "C", "a"]),
            boundary(multipart_body, [b"Bo"], ["Bob", "B"]),
            boundary(multipart_body, [], ["B"]),
            boundary(multipart_body, [b"B"], ["B"]),
            boundary(multipart_body, [b"B"], []),
            boundary(multipart_body, [b"AB", b"CD"], ["BC", "AB"]),
            boundary(multipart_body, [b"b"], ["B"]),
        ]

    check.probe(
        multipart_body,
        others,
        expected=["C", "a", "Bob", "B", "raises ValueError", "raises ValueError", "BC", "B"],
        **RULE,
    )
    ### END HIDDEN TESTS
