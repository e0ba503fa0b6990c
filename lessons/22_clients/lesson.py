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
import importlib
import io
import json
import os
import random
import re
import shutil
import socket
import threading
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
import ipywidgets
import requests
from IPython.display import display
from urllib3.fields import RequestField
from urllib3.filepost import encode_multipart_formdata

from wirelab.grading.checks import Checks
from wirelab.protocols.http import Request, Response
from wirelab.servers import running
from wirelab.servers.hostile_answers import ITEMS, file_content
from wirelab.servers.hostile_site import TRAPS, serve_hostile
from wirelab.servers.stock_site import serve_stock
from wirelab.views import MessageView
from wirelab.views.plots import Panel, Plot
from wirelab.views.progress import ProgressBar

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
    importlib.import_module("urllib2")
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
# `except urllib.error.HTTPError as error:`; `with urllib.request.urlopen(request, timeout=timeout_s)
# as reply:`; `urllib.parse.urlencode({"note": note}).encode("ascii")`. For the names: an error is in
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

    def iterators(with_query):
        """Pairs that can be gone through only once, and none of them."""
        return with_query("/?x#y", iter(two)), with_query("/?x#y", iter([]))

    check.probe(with_query, iterators, expected=("/?x&a=b&c=%C3%A9#y", "/?x#y"), **RULE)
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
# `(method: str, url: str, fields: list[tuple[str, str]], content: bytes = b"", timeout_s: float = 5.0) ->
# tuple[int, bytes]`. Each sends **exactly these octets**, once, and returns the status and the content of the answer:
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
# with content it has `Content-Type`; the list is left as it is. The URL is `http`, ASCII, with a port.
#
# All three treat the answer alike: a redirect is *not* followed, a status of 400 or more is no
# exception. After `timeout_s` seconds of silence each raises what its library raises then. (Proxies are
# left alone: the set-up has said that this machine is asked directly.)
#
# Example: `by_socket("GET", "http://127.0.0.1:8080/a?b#c", [("User-Agent", "me"), ("Accept-Encoding",
# "identity")])` sends `GET /a?b HTTP/1.1`, `Host: 127.0.0.1:8080`, `User-Agent: me`,
# `Accept-Encoding: identity`, `Connection: close` and an empty line, each ended by CR LF.


# %% role="answer" id="three-answer"
def by_socket(
    method: str,
    url: str,
    fields: list[tuple[str, str]],
    content: bytes = b"",
    timeout_s: float = 5.0,
) -> tuple[int, bytes]:
    """Send the request over a socket; return status and content of the answer."""
    ### BEGIN SOLUTION
    parts = urllib.parse.urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = [("Host", parts.netloc), *_whole(method, fields, content)]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in named), "", ""]
    with socket.create_connection((parts.hostname, parts.port), timeout_s) as server:
        server.sendall("\r\n".join(lines).encode("latin-1") + content)
        reply = http.client.HTTPResponse(server, method=method)
        reply.begin()
        return reply.status, reply.read()


def _whole(method, fields, content):
    sized = [("Content-Length", str(len(content)))] if content or method in ("POST", "PUT") else []
    return [*fields, *sized, ("Connection", "close")]
    ### END SOLUTION


def by_urllib(
    method: str,
    url: str,
    fields: list[tuple[str, str]],
    content: bytes = b"",
    timeout_s: float = 5.0,
) -> tuple[int, bytes]:
    """Send the same octets with urllib.request; return status and content of the answer."""

    ### BEGIN SOLUTION
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    opener = urllib.request.build_opener(Stay)
    named = dict(_whole(method, fields, content))
    request = urllib.request.Request(url, content or None, named, method=method)
    try:
        reply = opener.open(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return reply.status, reply.read()
    ### END SOLUTION


def by_requests(
    method: str,
    url: str,
    fields: list[tuple[str, str]],
    content: bytes = b"",
    timeout_s: float = 5.0,
) -> tuple[int, bytes]:
    """Send the same octets with requests; return status and content of the answer."""
    ### BEGIN SOLUTION
    with requests.Session() as session:
        session.headers.clear()
        named = dict(_whole(method, fields, content))
        reply = session.request(
            method, url, headers=named, data=content, allow_redirects=False, timeout=timeout_s
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
# `class Stay(urllib.request.HTTPRedirectHandler)`; `urllib.request.build_opener(Stay)`;
# `urllib.request.Request(url, content or None, dict(all_fields), method=method)`. `session.request(method,
# url, headers=dict(all_fields), data=content, allow_redirects=False, timeout=timeout_s)`.


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
    octets = b"\r\n " + bytes(range(256)) * 300 + b" \r\n"
    wanted = {
        "no path": b"GET / HTTP/1.1\r\n" + host + mine + close,
        "a query alone": b"GET /?x=1&y HTTP/1.1\r\n" + host + mine + close,
        "a head": b"HEAD /a%20b+c HTTP/1.1\r\n" + host + mine + close,
        "a post": b"POST /p HTTP/1.1\r\n"
        + host
        + block
        + b"Content-Length: 76806\r\n"
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

        def untouched(answer):
            """The caller's list of fields after a POST."""
            fields = [*ME]
            octets_of(lambda url: answer("POST", url, fields))
            return fields

        check.probe(answer, untouched, expected=ME, **RULE)
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
        sized = [f"Content-Length: {len(content)}", "Connection: close"]
        lines = [f"HTTP/1.1 {status} X", *sized, *fields, "", ""]
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

    def silence(answer):
        """A server that is silent for 0.4 s, with timeout_s=0.05."""
        with running(serve_hostile) as server:
            url = url_of(server, "/late?s=0.4")
            return outcome(answer, "GET", url, list(ME), b"", timeout_s=0.05)

    for answer in (by_socket, by_urllib, by_requests):
        check.probe(
            answer,
            silence,
            accepts=lambda found: isinstance(found, str) and found.startswith("raises"),
            rule="Silence of timeout_s seconds is an exception: hand it on.",
            within_s=3,
        )
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


# %% [markdown] role="given" id="redirect-text"
# ## 5. Somewhere else
#
# "Not here: there." Five status codes say it, and they say different things about *how* to ask there.
# Let three clients post a note to each of them. The server answers at the new place with the method
# and the content that came:


# %% role="given" id="redirect-given-watch" jupyter={"source_hidden": true}
STATUSES = (301, 302, 303, 307, 308)


def moving(request):
    """A handler: /301 and so on redirect to /there, which says what was asked of it."""
    if request.target != "/there":
        return Response(int(request.target[1:]), (("Location", "/there"),))
    return Response(200, (), f"{request.method} {len(request.content)}".encode())


def followed(client, method, status):
    """What arrives at the new place: the method, and the number of octets; or what is raised."""
    with running(serve_stock, moving) as server:
        return outcome(client, method, url_of(server, f"/{status}"))


def urllib_follows(method, url):
    content = b"note" if method in ("POST", "PUT") else None
    request = urllib.request.Request(url, content, {"Content-Type": "text/plain"}, method=method)
    with urllib.request.urlopen(request, timeout=5) as reply:
        return reply.read().decode()


def requests_follows(method, url):
    content = b"note" if method in ("POST", "PUT") else None
    return requests.request(method, url, data=content, timeout=5).text


# %%
print("        ", *(f"{status:>18}" for status in STATUSES))
for method in ("POST", "PUT", "DELETE"):
    for client in (urllib_follows, requests_follows):
        found = [followed(client, method, status) for status in STATUSES]
        print(f"{method:7}{client.__name__.partition('_')[0]:9}", *(f"{each:18}" for each in found))

# %% [markdown] role="given" id="redirect-static"
# ![What becomes of GET, POST, PUT and DELETE at each of the five redirects, by the standard](figures/redirects.svg)
#
# The picture is the standard: RFC 9110 sections 15.4.2 to 15.4.9. In the first browsers a POST became
# a GET at 301 and 302, against the text of the time; so many servers relied on it that the text was
# changed to allow it, *for POST*. 303 always says "now GET this". 307 and 308 were made to say what
# 302 and 301 had meant: the same request, once more. Your two libraries differ from it, and from
# each other: one gives up where it could go on; the other makes a GET of a PUT at 302 and, at 301,
# keeps the PUT but loses its content.
#
# **Whom you follow matters as well.** The new place may belong to somebody else. A password that was
# meant for one **origin** (scheme, host and port) does not go along: RFC 9110 section 15.4 says
# "consider removing" it, the Fetch standard of browsers, section 4.5, removes it.

# %% [markdown] role="given" id="redirect-brief"
# ### Exercise 5: follow, with care
#
# In the rest of this topic the `target` of a `Request` is the whole URL, always absolute, `http` or
# `https`; names of fields are in lower case. Nothing here opens a connection: whatever sends is an
# argument.
#
# **`redirected(request: Request, response: Response) -> Request | None`**: the request to make next, or
# `None` if the response is no redirect: its status is not 301, 302, 303, 307 or 308, or it has no
# Location. (RFC 9110 section 15.4)
#
# - The target is the Location, resolved against the URL of the request; if the result has no fragment,
#   it takes over that of the request (section 10.2.2). `ValueError` if it is not `http` or `https`.
# - The method: with 301 and 302, POST becomes GET; with 303, everything but HEAD becomes GET; otherwise
#   it stays.
# - If the method *has changed*, the content is dropped, and with it the fields whose names begin with
#   `content-`, and `transfer-encoding`. Otherwise content and these fields stay.
# - `host` is always dropped. If the origin is another, so are `authorization`, `cookie` and
#   `proxy-authorization`. Host names are compared in any case; a port that is missing is 80 for `http`,
#   443 for `https`. Other fields stay, in their order. So does the version.
#
# **`follow(request: Request, send: Callable[[Request], Response], limit: int = 5) -> tuple[Response,
# list[str]]`**: send the request, then each that `redirected` gives, until it gives `None`. Return the last
# response, and the URLs asked, in order. It follows at most `limit` redirects: where one more would be
# due, `ValueError`, and nothing more is sent.
#
# Example: `redirected(Request("POST", "http://a.example/x", content=b"1"), Response(303, (("location",
# "../y"),)))` is `Request("GET", "http://a.example/y")`.


# %% role="answer" id="redirect-answer"
def redirected(request: Request, response: Response) -> Request | None:
    """Return the request that a redirect asks for, None if there is none; ValueError for a bad target."""
    ### BEGIN SOLUTION
    places = response.values("location")
    if response.status not in (301, 302, 303, 307, 308) or not places:
        return None
    old = urllib.parse.urlsplit(request.target)
    new = urllib.parse.urlsplit(urllib.parse.urljoin(request.target, places[0]))
    if new.scheme not in ("http", "https"):
        raise ValueError(f"{new.scheme} is not followed")
    target = new._replace(fragment=new.fragment or old.fragment).geturl()
    method, content = request.method, request.content
    if response.status in (301, 302) and method == "POST":
        method = "GET"
    if response.status == 303 and method != "HEAD":
        method = "GET"
    fields = [(name, value) for name, value in request.fields if name != "host"]
    if method != request.method:
        content = b""
        fields = [
            (name, value)
            for name, value in fields
            if not name.startswith("content-") and name != "transfer-encoding"
        ]
    if _origin(old) != _origin(new):
        secret = ("authorization", "cookie", "proxy-authorization")
        fields = [(name, value) for name, value in fields if name not in secret]
    return replace(request, method=method, target=target, fields=tuple(fields), content=content)


def _origin(parts):
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme]
    ### END SOLUTION


def follow(
    request: Request, send: Callable[[Request], Response], limit: int = 5
) -> tuple[Response, list[str]]:
    """Send a request and follow at most `limit` redirects; the last response, and the URLs asked."""
    ### BEGIN SOLUTION
    asked = []
    while True:
        asked.append(request.target)
        response = send(request)
        due = redirected(request, response)
        if due is None:
            return response, asked
        if len(asked) > limit:
            raise ValueError(f"more than {limit} redirects")
        request = due
    ### END SOLUTION


# %% [markdown] role="hint" id="redirect-hint-1"
# Nudge
# Three questions, one after the other: where to, how, and what must not come along? Each has its
# rules, and only the second looks at the status.

# %% [markdown] role="hint" id="redirect-hint-2"
# Way
# `urllib.parse.urljoin` resolves, `urlsplit` gives `scheme`, `hostname` (in lower case), `port` (or
# `None`) and `fragment`. Compare the new method with the old one to know whether the content goes.
# `dataclasses.replace` makes a changed copy.

# %% [markdown] role="hint" id="redirect-hint-3"
# Almost
# `new._replace(fragment=new.fragment or old.fragment).geturl()`. An origin is `(parts.scheme,
# parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme])`. In `follow`, remember
# what was asked: `len(asked) > limit` says that one more is too many.


# %% role="test" id="redirect-test-method" points=2
@check.test
def _():
    # Which method and which content survive.
    RULE = dict(
        rule="301, 302: POST becomes GET. 303: all but HEAD become GET. 307, 308: nothing changes.",
        rfc="RFC 9110 sections 15.4.2 to 15.4.9",
    )
    KIND = ("content-type", "text/plain")

    def case(method, status, content=b"note", fields=(KIND, ("x", "1"))):
        request = Request(method, "http://a.example/x/z", "HTTP/1.1", fields, content)
        return request, Response(status, (("location", "../y"),))

    def wanted(method, content=b"note", fields=(KIND, ("x", "1"))):
        return Request(method, "http://a.example/y", "HTTP/1.1", fields, content)

    gone = dict(content=b"", fields=(("x", "1"),))
    check.each(
        redirected,
        [case("POST", 303), case("POST", 302), case("POST", 307), case("PUT", 302)],
        expected=[wanted("GET", **gone), wanted("GET", **gone), wanted("POST"), wanted("PUT")],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    table = {
        301: {"POST": "GET"},
        302: {"POST": "GET"},
        303: dict.fromkeys(["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "post"], "GET"),
        307: {},
        308: {},
    }
    cases, results = [], []
    for status, changes in table.items():
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "post"):
            new = changes.get(method, method)
            cases.append(case(method, status))
            results.append(wanted(new) if new == method else wanted(new, **gone))
    check.each(redirected, cases, expected=results, **RULE)
    many = (
        ("content-length", "4"),
        ("accept", "a/b"),
        ("content-encoding", "gzip"),
        ("x-content-a", "1"),
        ("transfer-encoding", "chunked"),
        ("content-language", "de"),
        ("accept", "c/d"),
        ("content", "1"),
        ("if-match", '"1"'),
    )
    kept = (
        ("accept", "a/b"),
        ("x-content-a", "1"),
        ("accept", "c/d"),
        ("content", "1"),
        ("if-match", '"1"'),
    )
    check.each(
        redirected,
        [
            case("POST", 301, b"1", many),
            case("POST", 308, b"1", many),
            case("POST", 302, b"", many),
        ],
        expected=[wanted("GET", b"", kept), wanted("POST", b"1", many), wanted("GET", b"", kept)],
        **RULE,
    )
    old = Request("POST", "http://a/", "HTTP/1.0", (), b"1")
    check(
        redirected,
        old,
        Response(303, (("location", "/"),)),
        expected=Request("GET", "http://a/", "HTTP/1.0"),
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="redirect-test-target" points=2
@check.test
def _():
    # Where to, and when not.
    RULE = dict(
        rule="Location is resolved against the URL that was asked; without a fragment it takes over the old one.",
        rfc="RFC 9110 section 10.2.2",
    )

    def case(url, location, status=302):
        return Request("GET", url), Response(status, (("location", location),))

    def by_urljoin(request, response):
        return Request("GET", urllib.parse.urljoin(request.target, response.fields[0][1]))

    here = "http://a.example/x/y?q#top"
    check.each(
        redirected,
        [case(here, "z"), case(here, "//b.example/#end")],
        expected=[
            Request("GET", "http://a.example/x/z#top"),
            Request("GET", "http://b.example/#end"),
        ],
        **RULE,
    )
    answered = Response(200, (("location", "/z"),))
    check(redirected, Request("GET", here), answered, expected=None, **RULE)
    ### BEGIN HIDDEN TESTS
    places = [
        "/z",
        "?r",
        "../../..",
        "http://a.example",
        "https://b.example:8443/a%20b?c=d",
        "./z/../w",
    ]
    plain = "http://a.example:8080/x/y?q"
    check.each(redirected, [case(plain, place) for place in places], expected=by_urljoin, **RULE)
    check(
        redirected,
        Request("GET", here),
        Response(301, (("Location", "/z"), ("location", "/w"))),
        expected=Request("GET", "http://a.example/z#top"),
        **RULE,
    )
    check(redirected, *case(here, ""), expected=Request("GET", here), **RULE)
    check.each(
        redirected,
        [case(plain, "/z", status) for status in (200, 201, 300, 304, 305, 306, 309, 400, 503)]
        + [(Request("GET", plain), Response(302))],
        expected=[None] * 10,
        **RULE,
    )
    check.refuses_each(
        redirected,
        [
            case(plain, place)
            for place in ("ftp://a.example/", "httpx://a/", "file:///etc/passwd", "javascript:1")
        ],
        rule="Only http and https are followed.",
        rfc="RFC 9110 section 4.2",
    )
    ### END HIDDEN TESTS


# %% role="test" id="redirect-test-secrets" points=2
@check.test
def _():
    # What stays at home when the origin changes.
    RULE = dict(
        rule="Scheme, host and port are the origin; to another one no authorization and no cookie goes.",
        rfc="RFC 9110 section 15.4",
    )
    SECRETS = (("authorization", "Basic QTpC"), ("cookie", "s=1"))

    def kept(redirected, here, there, status=307):
        fields = (("host", "a.example"), *SECRETS, ("accept", "a/b"), ("proxy-authorization", "x"))
        request = Request("GET", here, "HTTP/1.1", fields)
        return [
            name for name, _ in redirected(request, Response(status, (("location", there),))).fields
        ]

    def example(redirected):
        """The names of the fields that go to another host, and to the same one."""
        here = "http://a.example/x"
        return kept(redirected, here, "http://b.example/"), kept(redirected, here, "/y")

    every = ["authorization", "cookie", "accept", "proxy-authorization"]
    check.probe(redirected, example, expected=(["accept"], every), **RULE)
    ### BEGIN HIDDEN TESTS
    same = [
        ("http://a.example/", "http://A.Example/"),
        ("http://a.example/", "http://a.example:80/"),
        ("https://a.example:443/", "https://a.example"),
        ("http://a.example:8080/", "//a.example:8080/y"),
        ("http://[::1]/", "http://[::1]:80/"),
    ]
    other = [
        ("http://a.example/", "https://a.example/"),
        ("https://a.example/", "http://a.example/"),
        ("http://a.example/", "http://a.example:8080/"),
        ("http://a.example/", "http://a.example:443/"),
        ("https://a.example/", "https://a.example:80/"),
        ("http://a.example:8443/", "https://a.example:8443/"),
        ("http://a.example/", "http://www.a.example/"),
        ("http://a.example/", "http://a.example.b.example/"),
        ("http://a.example/", "http://a.example@b.example/"),
        ("http://[::1]/", "http://[::2]/"),
    ]

    def all_of_them(redirected):
        """The names for many pairs of URLs, at 301 to 308."""
        statuses = (301, 302, 303, 307, 308)
        return [
            [kept(redirected, *pair, statuses[n % 5]) for n, pair in enumerate(pairs)]
            for pairs in (same, other)
        ]

    check.probe(
        redirected, all_of_them, expected=[[every] * len(same), [["accept"]] * len(other)], **RULE
    )
    ### END HIDDEN TESTS


# %% role="test" id="redirect-test-follow" points=2
@check.test
def _():
    # How far, and what was asked on the way.
    RULE = dict(
        rule="At most `limit` redirects are followed; of one more nothing is sent.",
        rfc="RFC 9110 section 15.4",
    )

    def walk(follow, length, limit=None, method="GET", status=302):
        """Follow a chain of so many redirects: what came of it, and what was sent."""
        sent = []

        def send(request):
            sent.append((request.method, request.target))
            if len(sent) <= length:
                return Response(status, (("location", f"/{len(sent)}"),))
            return Response(200, (), b"home")

        request = Request(method, "http://a.example/0", content=b"x" if method == "POST" else b"")
        found = outcome(follow, request, send, **({} if limit is None else {"limit": limit}))
        if isinstance(found, str):
            return found, len(sent)
        response, asked = found
        return response.content, asked == [url for _, url in sent], [way for way, _ in sent]

    def example(follow):
        """Chains of two and of six redirects, followed as far as five."""
        return walk(follow, 2), walk(follow, 6)

    check.probe(
        follow, example, expected=((b"home", True, ["GET"] * 3), ("raises ValueError", 6)), **RULE
    )

    ### BEGIN HIDDEN TESTS
    def more(follow):
        """Chains at their limit, a POST that becomes a GET and one that does not, none at all."""
        return [
            walk(follow, 5),
            walk(follow, 0),
            walk(follow, 0, 0),
            walk(follow, 1, 0),
            walk(follow, 1, 1),
            walk(follow, 2, 1),
            walk(follow, 12, 12, "HEAD", 308),
            walk(follow, 2, 5, "POST", 301),
            walk(follow, 2, 5, "POST", 307),
            walk(follow, 10**9, 20),
        ]

    bad = "raises ValueError"
    check.probe(
        follow,
        more,
        expected=[
            (b"home", True, ["GET"] * 6),
            (b"home", True, ["GET"]),
            (b"home", True, ["GET"]),
            (bad, 1),
            (b"home", True, ["GET"] * 2),
            (bad, 2),
            (b"home", True, ["HEAD"] * 13),
            (b"home", True, ["POST", "GET", "GET"]),
            (b"home", True, ["POST"] * 3),
            (bad, 21),
        ],
        **RULE,
    )

    def relative(follow):
        """Each Location is resolved against the URL that gave it; secrets do not come back."""
        places = {
            "http://a.example/x/": "http://b.example/y/z",
            "http://b.example/y/z": "w",
            "http://b.example/y/w": "http://a.example/end",
        }
        seen = []

        def send(request):
            seen.append((request.target, bool(request.values("authorization"))))
            place = places.get(request.target)
            return Response(307, (("location", place),)) if place else Response(404)

        first = Request("GET", "http://a.example/x/", fields=(("authorization", "x"),))
        response, _ = follow(first, send)
        return response.status, seen

    check.probe(
        follow,
        relative,
        expected=(
            404,
            [
                ("http://a.example/x/", True),
                ("http://b.example/y/z", False),
                ("http://b.example/y/w", False),
                ("http://a.example/end", False),
            ],
        ),
        **RULE,
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="retry-text"
# ## 6. Once more, but when?
#
# An answer that does not come tells nothing: the request may have been lost, or done and its answer
# lost. Asking again is safe only if twice intends what once does: for **idempotent** methods (RFC 9110
# section 9.2.2). There is one exception: a connection that was *refused* never carried the request.
#
# And when? If a thousand clients lose their server at once and all ask again after one second, they
# come back as one crowd, again and again. Waiting twice as long each time thins them out; throwing
# dice spreads them: **exponential backoff with jitter**. Choose how many clients there are, and
# whether they throw dice:


# %% role="given" id="retry-given-herd" jupyter={"source_hidden": true}
def herd(clients, jitter, base_s=1.0, attempts=5, seed=22):
    """How many requests arrive in each half second after all clients failed at once: (s, requests)."""
    dice, arrivals = random.Random(seed), {}
    for _ in range(clients):
        now_s = 0.0
        for attempt in range(attempts):
            now_s += base_s * 2**attempt * (dice.random() if jitter else 1.0)
            slot = int(now_s * 2) / 2
            arrivals[slot] = arrivals.get(slot, 0) + 1
    return [(half / 2, arrivals.get(half / 2, 0)) for half in range(64)]


def herd_plot(clients, jitter):
    """The arrivals as a plot."""
    name = "with jitter" if jitter else "without jitter"
    panel = Panel(
        "", "seconds after the failure", "requests in half a second", {name: herd(clients, jitter)}
    )
    return Plot(f"{clients} clients, five attempts each", panel)


# %%
ipywidgets.interactive(
    lambda clients, jitter: display(herd_plot(clients, jitter)),
    clients=ipywidgets.IntSlider(value=1000, min=100, max=2000, step=100),
    jitter=ipywidgets.Checkbox(value=False, description="throw dice"),
)

# %% [markdown] role="given" id="retry-static"
# ![Requests of 1,000 clients in each half second, with and without jitter](figures/herd.svg)
#
# A server can also say it: `Retry-After`, with 503 (overload) or 429 (you, slower), in seconds or as a
# date (RFC 9110 section 10.2.3, RFC 6585 section 4). And above all stands what the *caller* can bear: a
# total **deadline**. Three attempts of ten seconds each are half a minute to the person who waits.

# %% [markdown] role="given" id="retry-brief"
# ### Exercise 6: retries
#
# Time and chance are arguments, so that a test takes none: `clock()` gives seconds since 1970,
# `sleep(s)` waits, `dice()` gives a number from 0 up to, not including, 1.
#
# **`retry_after_s(response: Response, now: float) -> float | None`**: how many seconds Retry-After asks
# to wait. Its value is one or more digits 0 to 9, or a date as `Sun, 22 Nov 2026 12:00:30 GMT`; `now` is
# in seconds since 1970. A date in the past gives 0. `None` if there is no such field, or it is neither.
#
# **`backoff_s(attempt: int, dice: Callable[[], float], base_s: float = 0.5, cap_s: float = 8.0) ->
# float`**: `dice()` times the smaller of `cap_s` and `base_s` doubled `attempt` times. `attempt` is 0
# after the first failure, and may be large.
#
# **`with_retries(request: Request, send: Callable[[Request, float], Response], *, clock, sleep, dice,
# attempts: int = 4, try_s: float = 5.0, deadline_s: float = 20.0) -> Response`**
#
# - It calls `send(request, timeout_s)`, which returns a response or raises an `OSError`. `timeout_s` is
#   `try_s`, or what is left until the deadline if that is less. The deadline is `deadline_s` after the
#   call of `with_retries`.
# - A response of 429, 502, 503 or 504, or an `OSError`, is worth another attempt if the method is GET, HEAD,
#   OPTIONS, TRACE, PUT or DELETE. After a `ConnectionRefusedError` any method is. Everything else is
#   final: a response is returned, an exception raised on.
# - Before the next attempt it sleeps for `backoff_s(n, dice)` with `n` counting from 0; after a response,
#   for `retry_after_s(response, clock())` if that is longer. One `dice()` for each wait.
# - It gives up, with the last response or exception, after `attempts` attempts, and *at once*, without
#   sleeping, when the wait would reach or pass the deadline.
#
# Example: with `dice` always 0.5 and a server that answers 503 twice and then 200, it sleeps 0.25 s,
# then 0.5 s, and returns the 200.


# %% role="answer" id="retry-answer"
def retry_after_s(response: Response, now: float) -> float | None:
    """Return the seconds that Retry-After asks for, None if it does not (RFC 9110 section 10.2.3)."""
    ### BEGIN SOLUTION
    said = response.values("retry-after")
    if not said:
        return None
    if re.fullmatch("[0-9]+", said[0]):
        return float(said[0])
    try:
        return max(0.0, parsedate_to_datetime(said[0]).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    ### END SOLUTION


def backoff_s(
    attempt: int, dice: Callable[[], float], base_s: float = 0.5, cap_s: float = 8.0
) -> float:
    """Return how long to wait after failure number `attempt`, from 0: full jitter, in seconds."""
    ### BEGIN SOLUTION
    return dice() * min(cap_s, base_s * 2 ** min(attempt, 60))
    ### END SOLUTION


def with_retries(
    request: Request,
    send: Callable[[Request, float], Response],
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    dice: Callable[[], float],
    attempts: int = 4,
    try_s: float = 5.0,
    deadline_s: float = 20.0,
) -> Response:
    """Send a request, again where that is safe and worth it; the last response, or the last error."""
    ### BEGIN SOLUTION
    end = clock() + deadline_s
    safe = request.method in ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
    attempt = 0
    while True:
        response, failure = None, None
        try:
            response = send(request, min(try_s, end - clock()))
            again = safe and response.status in (429, 502, 503, 504)
        except OSError as error:
            failure = error
            again = safe or isinstance(error, ConnectionRefusedError)
        attempt += 1
        if again and attempt < attempts:
            wait_s = backoff_s(attempt - 1, dice)
            if response is not None:
                wait_s = max(wait_s, retry_after_s(response, clock()) or 0.0)
            if clock() + wait_s < end:
                sleep(wait_s)
                continue
        if failure is not None:
            raise failure
        return response
    ### END SOLUTION


# %% [markdown] role="hint" id="retry-hint-1"
# Nudge
# Write down, for each thing that can come back from `send`, two answers: is it worth another attempt,
# and is another attempt *safe*? Then: how long may it take, in all?

# %% [markdown] role="hint" id="retry-hint-2"
# Way
# Fix the end once, `clock() + deadline_s`, before the first attempt; everything else is compared with
# it. An exception that you may have to raise later must be kept under another name: the name after
# `as` is gone when the `except` block ends. `parsedate_to_datetime` raises several kinds of errors.

# %% [markdown] role="hint" id="retry-hint-3"
# Almost
# `timeout_s = min(try_s, end - clock())`. After a failure: if it is not the last attempt and may be
# repeated, `wait_s = backoff_s(attempt, dice)`, then `max` with Retry-After; if `clock() + wait_s < end`,
# sleep and go on; in all other cases return the response or raise what was kept.


# %% role="given" id="retry-given-play"
class FakeTime:
    """A clock that moves when somebody sleeps, or when a request takes its time."""

    def __init__(self, now=1000.0):
        self.now, self.naps = now, []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.naps.append(round(seconds, 6))
        self.now += seconds


def tried(with_retries, script, method="GET", now=1000.0, dice=lambda: 0.5, **options):
    """Play a script of (seconds it takes, response or exception); what came, the naps, the timeouts.

    After its last entry the script goes on with 200.
    """
    at, timeouts = FakeTime(now), []
    steps = iter(script)

    def send(request, timeout_s):
        timeouts.append(round(timeout_s, 6))
        takes_s, came = next(steps, (0, Response(200)))
        at.now += takes_s
        if isinstance(came, BaseException):
            raise came
        return came

    request = Request(method, "http://a.example/", content=b"x")
    found = outcome(
        with_retries, request, send, clock=at.clock, sleep=at.sleep, dice=dice, **options
    )
    return getattr(found, "status", found), at.naps, timeouts


# %% role="test" id="retry-test-after" points=1
@check.test
def _():
    # Reading Retry-After.
    RULE = dict(
        rule="Digits are seconds, a date is a moment; anything else says nothing.",
        rfc="RFC 9110 section 10.2.3",
    )
    NOON = 1_795_348_800.0

    def case(*values, now=NOON):
        return Response(503, tuple(("retry-after", value) for value in values)), now

    check.each(
        retry_after_s,
        [case("120"), case("Sun, 22 Nov 2026 12:00:30 GMT"), case("soon"), case()],
        expected=[120.0, 30.0, None, None],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    check.each(
        retry_after_s,
        [
            case("0"),
            case("007"),
            case("Sun, 22 Nov 2026 11:59:59 GMT"),
            case("Sun, 22 Nov 2026 12:00:00 GMT"),
            case(formatdate(NOON + 3600, usegmt=True)),
            case("Sun, 22 Nov 2026 12:00:30 GMT", now=NOON + 29.5),
            (Response(200, (("Retry-After", "1"), ("x", "2"))), 0.0),
        ],
        expected=[0.0, 7.0, 0.0, 0.0, 3600.0, 0.5, 1.0],
        **RULE,
    )
    bad = [
        "",
        "-1",
        "+1",
        "1.5",
        "1s",
        "1 2",
        "1e3",
        "²",
        "٣",
        "1_0",
        " 1",
        "0x10",
        "Sun, 99 Nov",
        "32",
    ]
    check.each(retry_after_s, [case(value) for value in bad], expected=[None] * 13 + [32.0], **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="retry-test-backoff" points=1
@check.test
def _():
    # How long to wait.
    RULE = dict(
        rule="The bound doubles from base_s up to cap_s; the dice choose below it.",
        rfc="RFC 9110 section 10.2.3",
    )

    def waits(backoff_s, attempts, rolled=1.0, **options):
        return [backoff_s(attempt, lambda: rolled, **options) for attempt in attempts]

    def example(backoff_s):
        """The waits after six failures, with dice that always show 0.5."""
        return waits(backoff_s, range(6), 0.5)

    check.probe(backoff_s, example, expected=[0.25, 0.5, 1.0, 2.0, 4.0, 4.0], **RULE)

    ### BEGIN HIDDEN TESTS
    def others(backoff_s):
        """Other dice, other bounds, very many failures, and how often the dice were thrown."""
        thrown = []

        def dice():
            thrown.append(1)
            return 0.25

        return (
            waits(backoff_s, range(6), 0.0),
            waits(backoff_s, range(6), 0.75),
            waits(backoff_s, range(5), 0.5, base_s=3.0, cap_s=10.0),
            waits(backoff_s, [0, 1], 0.5, base_s=20.0),
            waits(backoff_s, [64, 1500, 100_000], 0.5),
            [backoff_s(n, dice) for n in range(3)],
            len(thrown),
        )

    check.probe(
        backoff_s,
        others,
        expected=(
            [0.0] * 6,
            [0.375, 0.75, 1.5, 3.0, 6.0, 6.0],
            [1.5, 3.0, 5.0, 5.0, 5.0],
            [4.0, 4.0],
            [4.0, 4.0, 4.0],
            [0.125, 0.25, 0.5],
            3,
        ),
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="retry-test-what" points=2
@check.test
def _():
    # What is tried again.
    RULE = dict(
        rule="Another attempt must be worth it, and safe: the method is idempotent, or nothing was sent.",
        rfc="RFC 9110 section 9.2.2",
    )
    busy = (0, Response(503))

    def example(with_retries):
        """503 twice, with GET and with POST: what came, how long it slept, the timeouts."""
        return tried(with_retries, [busy, busy]), tried(with_retries, [busy, busy], "POST")

    check.probe(
        with_retries, example, expected=((200, [0.25, 0.5], [5.0] * 3), (503, [], [5.0])), **RULE
    )

    ### BEGIN HIDDEN TESTS
    def statuses(with_retries):
        """How often GET is sent when each of these comes first."""
        codes = [
            200,
            204,
            301,
            304,
            400,
            404,
            408,
            409,
            425,
            429,
            431,
            500,
            501,
            502,
            503,
            504,
            505,
            507,
        ]
        return {code: len(tried(with_retries, [(0, Response(code))])[2]) for code in codes}

    again = {429, 502, 503, 504}
    codes = [
        200,
        204,
        301,
        304,
        400,
        404,
        408,
        409,
        425,
        429,
        431,
        500,
        501,
        502,
        503,
        504,
        505,
        507,
    ]
    check.probe(
        with_retries, statuses, expected={code: 1 + (code in again) for code in codes}, **RULE
    )

    METHODS = (
        "GET",
        "HEAD",
        "OPTIONS",
        "TRACE",
        "PUT",
        "DELETE",
        "POST",
        "PATCH",
        "CONNECT",
        "get",
    )

    def methods(with_retries):
        """What comes of 503 and of a reset, for each method."""
        return {
            method: (
                tried(with_retries, [busy], method)[0],
                tried(with_retries, [(0, ConnectionResetError())], method)[0],
            )
            for method in METHODS
        }

    safe, unsafe = (200, 200), (503, "raises ConnectionResetError")
    check.probe(
        with_retries,
        methods,
        expected={method: safe if n < 6 else unsafe for n, method in enumerate(METHODS)},
        **RULE,
    )

    def errors(with_retries):
        """Errors, with GET and with POST."""
        kinds = [
            ConnectionRefusedError,
            ConnectionResetError,
            TimeoutError,
            BrokenPipeError,
            OSError,
        ]
        return [
            [tried(with_retries, [(0, kind())], method)[0] for kind in kinds]
            for method in ("GET", "POST")
        ] + [tried(with_retries, [(0, kind())])[::2] for kind in (ValueError, KeyError)]

    check.probe(
        with_retries,
        errors,
        expected=[
            [200] * 5,
            [
                200,
                "raises ConnectionResetError",
                "raises TimeoutError",
                "raises BrokenPipeError",
                "raises OSError",
            ],
            ("raises ValueError", [5.0]),
            ("raises KeyError", [5.0]),
        ],
        **RULE,
    )

    def the_last(with_retries):
        """The last of several failures is what comes out; refused, then busy, with POST."""
        return [
            tried(with_retries, [(0, TimeoutError()), (0, Response(502))] * 2, attempts=3)[0],
            tried(with_retries, [(0, Response(502)), (0, TimeoutError())] * 2)[0],
            tried(with_retries, [(0, ConnectionRefusedError()), busy], "POST")[0],
            tried(with_retries, [(0, ConnectionRefusedError())] * 2, "PATCH")[:2],
        ]

    check.probe(
        with_retries,
        the_last,
        expected=["raises TimeoutError", "raises TimeoutError", 503, (200, [0.25, 0.5])],
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="retry-test-when" points=2
@check.test
def _():
    # When, and when no more.
    RULE = dict(
        rule="At most `attempts` attempts; no sleep that would reach the deadline; no timeout beyond it.",
        rfc="RFC 9110 section 10.2.3",
    )
    busy = (0, Response(503))

    def later(seconds):
        return 0, Response(503, (("retry-after", seconds),))

    def example(with_retries):
        """A server that is always busy, and one that asks for 3 seconds."""
        return tried(with_retries, [busy] * 9), tried(with_retries, [later("3")])

    check.probe(
        with_retries,
        example,
        expected=((503, [0.25, 0.5, 1.0], [5.0] * 4), (200, [3.0], [5.0] * 2)),
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def attempts(with_retries):
        """One attempt, two, seven; the naps in between."""
        return [tried(with_retries, [busy] * 9, attempts=n)[:2] for n in (1, 2, 7)]

    check.probe(
        with_retries,
        attempts,
        expected=[(503, []), (503, [0.25]), (503, [0.25, 0.5, 1.0, 2.0, 4.0, 4.0])],
        **RULE,
    )

    def asked_to_wait(with_retries):
        """Retry-After: shorter than the backoff, a date, nonsense, 429, after an error, too long."""
        at_noon = dict(now=1_795_348_800.0)
        date = "Sun, 22 Nov 2026 12:00:07 GMT"
        slower = (0, Response(429, (("retry-after", "2"),)))
        return [
            tried(with_retries, [later("0")])[1],
            tried(with_retries, [busy, busy, busy, later("1")], attempts=9)[1],
            tried(with_retries, [later(date)], **at_noon)[1],
            tried(with_retries, [(2, later(date)[1])], **at_noon)[1],
            tried(with_retries, [later("soon")])[1],
            tried(with_retries, [slower, later("1"), later("1")])[1],
            tried(with_retries, [later("9"), (0, TimeoutError())])[1],
            tried(with_retries, [later("20")])[:2],
            tried(with_retries, [later("19")])[:2],
            tried(with_retries, [later("999999")])[:2],
            *[
                tried(with_retries, [(0, Response(code, (("retry-after", "2"),)))])[1]
                for code in (502, 504)
            ],
        ]

    check.probe(
        with_retries,
        asked_to_wait,
        expected=[
            [0.25],
            [0.25, 0.5, 1.0, 2.0],
            [7.0],
            [5.0],
            [0.25],
            [2.0, 1.0, 1.0],
            [9.0, 0.5],
            (503, []),
            (200, [19.0]),
            (503, []),
            [2.0],
            [2.0],
        ],
        **RULE,
    )

    def deadlines(with_retries):
        """Slow failures against the deadline: what came, the naps, the timeouts."""
        slow = (4, TimeoutError())
        return [
            tried(with_retries, [slow] * 9),
            tried(with_retries, [slow] * 9, deadline_s=8.25, attempts=9),
            tried(with_retries, [slow] * 9, deadline_s=8.75, attempts=9),
            tried(with_retries, [slow] * 9, deadline_s=8.76, attempts=9),
            tried(with_retries, [busy], deadline_s=3.0),
            tried(with_retries, [busy], try_s=1.5, deadline_s=30.0),
            tried(with_retries, [(5, Response(503))] * 9, deadline_s=10.0),
            tried(with_retries, [(9, Response(200))], deadline_s=3.0),
        ]

    late = "raises TimeoutError"
    check.probe(
        with_retries,
        deadlines,
        expected=[
            (late, [0.25, 0.5, 1.0], [5.0, 5.0, 5.0, 5.0]),
            (late, [0.25], [5.0, 4.0]),
            (late, [0.25], [5.0, 4.5]),
            (late, [0.25, 0.5], [5.0, 4.51, 0.01]),
            (200, [0.25], [3.0, 2.75]),
            (200, [0.25], [1.5, 1.5]),
            (503, [0.25], [5.0, 4.75]),
            (200, [], [3.0]),
        ],
        **RULE,
    )

    def thrown(with_retries):
        """How often the dice are thrown: once for each wait."""
        rolled = []

        def dice():
            rolled.append(1)
            return 0.5

        tried(with_retries, [busy] * 2, dice=dice)
        return len(rolled)

    check.probe(with_retries, thrown, expected=2, **RULE)

    def the_same(with_retries):
        """The requests that are sent while a server is busy."""
        at, sent = FakeTime(), []

        def send(request, timeout_s):
            sent.append(request)
            return busy[1]

        with_retries(put, send, clock=at.clock, sleep=at.sleep, dice=lambda: 0.5, attempts=3)
        return sent

    put = Request("PUT", "http://a.example/", "HTTP/1.1", (("x", "1"),), b"note")
    check.probe(with_retries, the_same, expected=[put] * 3, rule="Again means the same request.")
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="download-text"
# ## 7. What does not fit into memory
#
# `reply.content` is the whole content, in memory. It is fine for a page and fatal for a film, or for a
# server that never stops. A **stream** takes piece after piece: write it, count it, forget it. Three
# things then come for free: a limit, a checksum, and a progress bar. And one that does not: a
# download that broke off after 90 % can go on, if the file is still the same.
#
# Here is the transport that this section uses; it opens real connections. The second server breaks
# each answer off after 30,000 octets.


# %% role="given" id="download-given-transport"
def fetch_over_http(request: Request) -> tuple[Response, Iterator[bytes]]:
    """Ask over a new connection: the response without its content, and the content in pieces.

    The pieces raise ConnectionError when the content breaks off before its length.
    """
    parts = urllib.parse.urlsplit(request.target)
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=5)
    target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    connection.request(request.method, target, request.content or None, dict(request.fields))
    reply = connection.getresponse()
    fields = tuple((name.lower(), value) for name, value in reply.getheaders())

    def pieces():
        try:
            while piece := reply.read1(8192):
                yield piece
            if reply.length:
                raise ConnectionError("the content broke off")
        finally:
            connection.close()

    return Response(reply.status, fields), pieces()


class Disk:
    """A file in memory: `write(octets)` adds to it, `restart()` empties it."""

    def __init__(self):
        self.octets, self.most, self.restarts = b"", 0, 0

    def write(self, octets):
        self.octets += octets
        self.most = max(self.most, len(self.octets))

    def restart(self):
        self.octets, self.restarts = b"", self.restarts + 1


# %%
with running(serve_hostile) as server:
    for path in ("/file", "/file?cut=30000"):
        bar, done = ProgressBar(path), 0
        display(bar)
        response, pieces = fetch_over_http(Request("GET", url_of(server, path)))
        try:
            for piece in pieces:
                done += len(piece)
                bar.show(done, int(response.values("content-length")[0]))
        except ConnectionError as error:
            print("broke off:", error)
print(response.values("etag"), response.values("accept-ranges"))

# %% [markdown] role="given" id="download-ranges"
# The second has an **ETag**, the name of this version of the file. So we can ask for the rest: `Range:
# bytes=30000-`. But what if the file has been replaced meanwhile? The second half of a new file does
# not fit the first half of the old one. `If-Range` with the ETag says: the rest if it is still this one,
# and else *all of it*. The server answers 206 with `Content-Range`, or 200 (RFC 9110 sections 13.1.5,
# 14.2, 14.4, 15.3.7). A weak ETag (`W/"7"`) will not do: it names versions that mean the same, not
# that have the same octets.

# %% [markdown] role="given" id="download-brief"
# ### Exercise 7: a download that goes on
#
# Write `download(url: str, fetch, file, *, max_bytes: int, sha256: str = "", progress=None, tries: int = 5) ->
# int`. It returns how many octets the file has.
#
# `fetch(request)` returns a response without content and an iterator of its pieces, as `fetch_over_http`
# does. Both it and the iterator may raise an `OSError`; the pieces may also just end too early. `file` has
# the two methods of `Disk`.
#
# - It asks with GET and the field `("accept-encoding", "identity")`, so that lengths are those of the
#   file. It asks at most `tries` times, and at once.
# - A **200** brings all of the file. What was written before is given up with `file.restart()` (called only
#   if there was something). Its Content-Length is the *total*; without one the total is not known.
# - It takes pieces until they end or an OSError comes. Then the file is **whole** if the total is
#   reached, OSError or not; without a total, if the pieces ended. Else it **broke off**.
# - After it broke off, the next request has two more fields: `("range", "bytes=N-")` with the number of
#   octets in the file, and `("if-range", tag)` with the ETag of the last 200; but only if N is not 0 and that
#   200 had an ETag that is not weak. Else it asks for everything again.
# - A **206** to such a request goes on at N, if its Content-Range begins with `bytes N-`. One that begins
#   elsewhere is a `ValueError`, and so is a 206 that was not asked for.
# - Any other status is a `ValueError`: no second try.
# - `ValueError`, too, for more than `max_bytes`: before the first piece is taken, if the total says so;
#   else before the piece is written that goes beyond it. The same for a piece that goes beyond the
#   total.
# - `progress(done, total)` is called after each piece is written; `total` is `None` where it is not known.
# - At the end, if `sha256` is given (in hexadecimal digits, any case) and is not that of the whole file,
#   `ValueError`.
# - If it broke off in the last try, the OSError is raised; `ConnectionError` if there was none.
#
# Example: of 10 octets with `ETag: "7"`, 4 come, then a reset. The second request has `range: bytes=4-`
# and `if-range: "7"`; a 206 brings 6 more; it returns 10.


# %% role="answer" id="download-answer"
def download(
    url: str,
    fetch: Callable[[Request], tuple[Response, Iterator[bytes]]],
    file: Disk,
    *,
    max_bytes: int,
    sha256: str = "",
    progress: Callable[[int, int | None], None] | None = None,
    tries: int = 5,
) -> int:
    """Download into `file`, going on where it broke off; how many octets it has."""
    ### BEGIN SOLUTION
    done, total, tag, digest = 0, None, None, hashlib.sha256()
    for _ in range(tries):
        fields = (("accept-encoding", "identity"),)
        if done and tag:
            fields += (("range", f"bytes={done}-"), ("if-range", tag))
        failure = None
        try:
            response, pieces = fetch(Request("GET", url, fields=fields))
            if response.status == 206:
                parts = response.values("content-range")
                if len(fields) == 1 or not parts or not parts[0].startswith(f"bytes {done}-"):
                    raise ValueError("another part than was asked for")
            elif response.status == 200:
                if done:
                    file.restart()
                lengths, tags = response.values("content-length"), response.values("etag")
                done, total, digest = 0, int(lengths[0]) if lengths else None, hashlib.sha256()
                tag = tags[0] if tags and not tags[0].startswith("W/") else None
            else:
                raise ValueError(f"status {response.status}")
            room = max_bytes if total is None else total
            if room > max_bytes:
                raise ValueError("too large")
            for piece in pieces:
                if done + len(piece) > room:
                    raise ValueError("more than there may be")
                file.write(piece)
                digest.update(piece)
                done += len(piece)
                if progress:
                    progress(done, total)
        except OSError as error:
            failure = error
        if done == total or (total is None and not failure):
            break
    else:
        if failure:
            raise failure
        raise ConnectionError("the content broke off")
    if sha256 and digest.hexdigest() != sha256.lower():
        raise ValueError("another checksum")
    return done
    ### END SOLUTION


# %% [markdown] role="hint" id="download-hint-1"
# Nudge
# Four things belong together and change together: how many octets are in the file, their checksum so
# far, the total, the tag. Which of them does a 200 change, which a 206?

# %% [markdown] role="hint" id="download-hint-2"
# Way
# A loop over the tries; in it `fetch`, a look at the status, a loop over the pieces. Catch `OSError`
# around both, and decide *afterwards* whether the file is whole: a reset after the last octet does
# no harm. `hashlib.sha256()` takes the pieces with `update`; it must begin anew when the file does.

# %% [markdown] role="hint" id="download-hint-3"
# Almost
# Before a piece is written: `if done + len(piece) > (max_bytes if total is None else total): raise
# ValueError`. After the pieces: `if done == total or (total is None and not failure): break`. A `for`
# loop has an `else` for "never broke".


# %% role="given" id="download-given-play"
def played(download, script, max_bytes=100, octets=b"0123456789", **options):
    """Download from a script; what came of it, the file, the ranges asked for, and the progress.

    An entry is (status, fields, pieces); an exception among the pieces, or in the place of an entry,
    is raised.
    """
    disk, asked, shown = Disk(), [], []
    steps = iter(script)

    def fetch(request):
        names = ("range", "if-range", "accept-encoding")
        found = tuple("".join(request.values(name)) for name in names)
        asked.append(found if found[2] == "identity" else ("accept-encoding is not identity",))
        step = next(steps)
        if isinstance(step, BaseException):
            raise step
        status, fields, pieces = step
        return Response(status, tuple(fields.items())), of(pieces)

    def of(pieces):
        for piece in pieces:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    found = outcome(
        download,
        "http://a.example/f",
        fetch,
        disk,
        max_bytes=max_bytes,
        progress=lambda done, total: shown.append((done, total)),
        **options,
    )
    return found, disk.octets, [ask[:2] for ask in asked], shown, disk.most, disk.restarts


TEN = {"content-length": "10", "etag": '"7"'}


# %%
# Try it: 30,000 octets at a time, and a bar.
bar = ProgressBar("/file, in parts")
display(bar)
with running(serve_hostile) as server:
    disk = Disk()
    try:
        print(
            download(
                url_of(server, "/file?cut=30000"),
                fetch_over_http,
                disk,
                max_bytes=1_000_000,
                progress=bar.show,
            ),
            disk.octets == file_content(),
        )
    except NotImplementedError:
        print("Exercise 7 comes first.")


# %% role="test" id="download-test-whole" points=2
@check.test
def _():
    # A download in one go: pieces, progress, limit, checksum.
    RULE = dict(
        rule="Write each piece as it comes, count it, and never write beyond max_bytes or the total.",
        rfc="RFC 9110 section 8.6",
    )

    def example(download):
        """Ten octets in three pieces, and a hundred and one where a hundred are allowed."""
        return (
            played(download, [(200, TEN, [b"0123", b"45", b"6789"])])[:4],
            played(download, [(200, {"content-length": "101"}, [b"x"])])[:2],
        )

    check.probe(
        download,
        example,
        expected=(
            (10, b"0123456789", [("", "")], [(4, 10), (6, 10), (10, 10)]),
            ("raises ValueError", b""),
        ),
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    hundred, unknown = {"content-length": "100"}, {"etag": '"7"'}

    def limits(download):
        """At and beyond max_bytes and the total, with and without a total; and nothing at all."""
        cases = [
            [(200, hundred, [b"x" * 50] * 2)],
            [(200, unknown, [b"x" * 50] * 2)],
            [(200, unknown, [b"x" * 50, b"x" * 51])],
            [(200, unknown, [b"x" * 101])],
            [(200, TEN, [b"x" * 10, b"y"])],
            [(200, TEN, [b"x" * 11])],
            [(200, {"content-length": "0"}, [])],
            [(200, unknown, [])],
            [(200, {"content-length": "101"}, [OSError()])],
        ]
        return [
            (found[0], len(found[1]), found[4]) for found in (played(download, c) for c in cases)
        ]

    bad = "raises ValueError"
    check.probe(
        download,
        limits,
        expected=[
            (100, 100, 100),
            (100, 100, 100),
            (bad, 50, 50),
            (bad, 0, 0),
            (bad, 10, 10),
            (bad, 0, 0),
            (0, 0, 0),
            (0, 0, 0),
            (bad, 0, 0),
        ],
        **RULE,
    )

    def endless(download):
        """Pieces without end: how many were taken."""
        taken = []

        def pieces():
            while len(taken) < 1000:
                taken.append(1)
                yield b"x" * 30

        return played(download, [(200, {}, pieces())])[0], len(taken)

    check.probe(download, endless, expected=(bad, 4), **RULE)

    def checksums(download):
        """The right checksum, in capitals, a wrong one, one of nothing; and progress left out."""
        right = hashlib.sha256(b"0123456789").hexdigest()
        answer = (200, TEN, [b"01234", b"56789"])
        found = [
            played(download, [answer], sha256=digest)[:2]
            for digest in (
                right,
                right.upper(),
                right[:-1] + "x",
                right[:9],
                hashlib.sha256(b"").hexdigest(),
            )
        ]
        disk = Disk()
        found.append(
            (
                outcome(
                    download,
                    "http://a/",
                    lambda _: (Response(200), iter([b"ab"])),
                    disk,
                    max_bytes=2,
                ),
                disk.octets,
            )
        )
        return found

    whole = b"0123456789"
    check.probe(
        download,
        checksums,
        expected=[(10, whole), (10, whole), (bad, whole), (bad, whole), (bad, whole), (2, b"ab")],
        **RULE,
    )

    def statuses(download):
        """Other statuses: what came, and how often it was asked."""
        found = [
            played(download, [(code, TEN, [b"0" * 10])] * 9)
            for code in (404, 503, 204, 206, 304, 416)
        ]
        unasked = (206, {"content-range": "bytes 0-9/10"}, [b"0" * 10])
        found.append(played(download, [unasked]))
        return [(each[0], each[1], len(each[2])) for each in found]

    check.probe(download, statuses, expected=[(bad, b"", 1)] * 7, **RULE)

    def asks(download):
        """What the first request looks like."""
        seen = []

        def fetch(request):
            seen.append((request.method, request.target, request.fields, request.content))
            return Response(200), iter([])

        download("http://a.example/f?x#y", fetch, Disk(), max_bytes=1)
        return seen

    first = ("GET", "http://a.example/f?x#y", (("accept-encoding", "identity"),), b"")
    check.probe(download, asks, expected=[first], **RULE)

    def written_first(download):
        """What is in the file when progress is called, and how many pieces were taken."""
        disk, taken, seen = Disk(), [], []

        def pieces():
            for piece in (b"0123", b"45", b"6789"):
                taken.append(piece)
                yield piece

        download(
            "http://a.example/f",
            lambda _: (Response(200), pieces()),
            disk,
            max_bytes=10,
            progress=lambda done, total: seen.append((done, total, disk.octets, len(taken))),
        )
        return seen

    check.probe(
        download,
        written_first,
        expected=[(4, None, b"0123", 1), (6, None, b"012345", 2), (10, None, b"0123456789", 3)],
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="download-test-resume" points=3
@check.test
def _():
    # Going on after it broke off.
    RULE = dict(
        rule="Ask for the rest only of the same version: Range with If-Range and a strong ETag.",
        rfc="RFC 9110 section 13.1.5",
    )
    part, reset = {"content-range": "bytes 4-9/10"}, ConnectionResetError()
    rest = (206, part, [b"456789"])

    def example(download):
        """Four octets, a reset, the other six."""
        return played(download, [(200, TEN, [b"0123", reset]), rest])[:4]

    ask = [("", ""), ("bytes=4-", '"7"')]
    check.probe(
        download,
        example,
        expected=(10, b"0123456789", ask, [(4, 10), (10, 10)]),
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    whole, again = b"0123456789", [("", ""), ("", "")]

    def breaks(download):
        """It ends early, breaks three times, breaks at once, breaks after the last octet."""
        return [
            played(download, [(200, TEN, [b"0123"]), rest])[:3],
            played(
                download,
                [
                    (200, TEN, [b"0", reset]),
                    (206, {"content-range": "bytes 1-9/10"}, [b"12"]),
                    TimeoutError(),
                    (206, {"content-range": "bytes 3-9/10"}, [b"3456", b"789"]),
                ],
            )[:3],
            played(download, [reset, (200, TEN, [whole])])[:3],
            played(download, [(200, TEN, [reset]), (200, TEN, [whole])])[:3],
            played(download, [(200, TEN, [whole, reset])])[:3],
            played(download, [(200, TEN, [b"0123", reset]), (206, part, [b"456789", reset])])[:3],
        ]

    check.probe(
        download,
        breaks,
        expected=[
            (10, whole, ask),
            (10, whole, [("", ""), ("bytes=1-", '"7"'), ("bytes=3-", '"7"'), ("bytes=3-", '"7"')]),
            (10, whole, again),
            (10, whole, again),
            (10, whole, [("", "")]),
            (10, whole, ask),
        ],
        **RULE,
    )

    def from_the_start(download):
        """Without a tag, with a weak one, a file that changed, and one that has no length."""
        new = {"content-length": "3", "etag": '"8"'}
        weak = {**TEN, "etag": 'W/"7"'}
        none = {"content-length": "10"}
        found = [
            played(download, [(200, none, [b"0123", reset]), (200, none, [whole])]),
            played(download, [(200, weak, [b"0123", reset]), (200, weak, [whole])]),
            played(download, [(200, TEN, [b"0123", reset]), (200, new, [b"abc"])]),
            played(
                download,
                [
                    (200, TEN, [b"0123"]),
                    (200, new, [b"a"]),
                    (206, {"content-range": "bytes 1-2/3"}, [b"bc"]),
                ],
            ),
            played(download, [(200, TEN, [b"0123"]), (200, none, [b"ab"]), (200, TEN, [whole])]),
            played(download, [(200, {"etag": '"7"'}, [b"0123", reset]), rest]),
            played(download, [(200, TEN, [b"0123"]), (200, {}, [b"abc"])]),
        ]
        return [(each[0], each[1], each[2], each[5]) for each in found]

    check.probe(
        download,
        from_the_start,
        expected=[
            (10, whole, again, 1),
            (10, whole, again, 1),
            (3, b"abc", ask, 1),
            (3, b"abc", [*ask, ("bytes=1-", '"8"')], 1),
            (10, whole, [*ask, ("", "")], 2),
            (10, whole, ask, 0),
            (3, b"abc", ask, 1),
        ],
        **RULE,
    )

    def refusals(download):
        """A part that begins elsewhere, one without Content-Range, other statuses; limits in parts."""
        begun = (200, TEN, [b"0123", reset])
        open_end = (200, {"etag": '"7"'}, [b"0123", reset])
        found = [
            played(download, [begun, (206, {"content-range": "bytes 0-9/10"}, [whole])]),
            played(download, [begun, (206, {"content-range": "bytes 40-9/10"}, [b"456789"])]),
            played(download, [begun, (206, {}, [b"456789"])]),
            played(download, [begun, (416, {}, [])]),
            played(download, [begun, (503, {}, [])]),
            played(download, [begun, (206, part, [b"456789x"])]),
            played(download, [open_end, (206, part, [b"4567"])], max_bytes=7),
            played(download, [open_end, (206, part, [b"456"])], max_bytes=7),
            played(download, [begun, (200, {"content-length": "11"}, [b"x" * 11])], max_bytes=10),
        ]
        return [(each[0], each[1]) for each in found]

    bad = "raises ValueError"
    check.probe(
        download,
        refusals,
        expected=[
            *[(bad, b"0123")] * 7,
            (7, b"0123456"),
            (bad, b""),
        ],
        **RULE,
    )

    def checksum(download):
        """The checksum of a file in two parts, of one that was begun anew, and of a wrong end."""
        right = hashlib.sha256(whole).hexdigest()
        begun, new = (200, TEN, [b"0123", reset]), (200, TEN, [whole])
        return [
            played(download, [begun, rest], sha256=right)[0],
            played(download, [begun, new], sha256=right)[0],
            played(download, [begun, (206, part, [b"45678x"])], sha256=right)[0],
        ]

    check.probe(download, checksum, expected=[10, 10, bad], **RULE)

    def tries(download):
        """How often it is tried, and what is raised in the end."""
        short, broken = (200, {"content-length": "10"}, [b"0"]), (200, TEN, [TimeoutError()])
        found = [
            played(download, [short] * 9),
            played(download, [broken] * 9),
            played(download, [short, broken] * 9, tries=2),
            played(download, [broken, short] * 9, tries=2),
            played(download, [ConnectionRefusedError()] * 9, tries=1),
            played(download, [short, (200, TEN, [whole])], tries=2),
        ]
        return [(each[0], len(each[2])) for each in found]

    check.probe(
        download,
        tries,
        expected=[
            ("raises ConnectionError", 5),
            ("raises TimeoutError", 5),
            ("raises TimeoutError", 2),
            ("raises ConnectionError", 2),
            ("raises ConnectionRefusedError", 1),
            (10, 2),
        ],
        **RULE,
    )

    def live(download):
        """From the hostile site, 30,000 octets at a time."""
        disk, digest = Disk(), hashlib.sha256(file_content()).hexdigest()
        with running(serve_hostile) as server:
            url = url_of(server, "/file?cut=30000")
            size = outcome(download, url, fetch_over_http, disk, max_bytes=100_000, sha256=digest)
        return size, disk.octets == file_content()

    check.probe(download, live, expected=(100_000, True), within_s=3, **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="pool-text"
# ## 8. What a connection costs
#
# A connection costs a round trip before the first octet (with TLS two or three), and starts slowly.
# `requests.get` makes one for each call; a `requests.Session` keeps them in a **pool**. Measure it: the
# site says on which connection each request came.


# %% role="given" id="pool-given-measure"
def measured(ask, times=60):
    """Call `ask(url)` so many times: seconds for each, and how many connections it took."""
    log = []
    with running(serve_hostile, log) as server:
        url, began = url_of(server, "/good"), time.perf_counter()
        for _ in range(times):
            ask(url)
        spent_s = time.perf_counter() - began
    return spent_s / times, len({asked.connection for asked in log})


# %%
with requests.Session() as session:
    ways = {
        "urllib.request.urlopen": lambda url: urllib.request.urlopen(url).read(),
        "requests.get": lambda url: requests.get(url, timeout=5).content,
        "requests.Session().get": lambda url: session.get(url, timeout=5).content,
    }
    for name, ask in ways.items():
        each_s, connections = measured(ask)
        print(f"{name:24} {each_s * 1000:6.2f} ms each, {connections} connections for 60 requests")

# %% [markdown] role="given" id="pool-when"
# And this is loopback, where a round trip costs nothing. With 50 ms to the server, and TLS, each new
# connection costs 100 ms or more: sixty of them six seconds.
#
# A kept connection has a catch: the server may close it while it lies in the pool, without telling
# anybody. Then the next request gets a reset, or the end. So a pool looks before it hands one out,
# throws old ones away, and its user needs the retries of exercise 6 all the same: the server may
# close between the look and the request. When a connection may be kept at all says RFC 9112 section
# 9.3: only if the answer has been read to its end, and nobody said `close`.

# %% [markdown] role="given" id="pool-brief"
# ### Exercise 8: a pool
#
# **`may_keep(version: str, asked: Request, answered: Response, complete: bool) -> bool`**: may the connection
# be used again? Not if the answer was not read to its end (`complete` is false); not if the Connection
# of either message has `close` among its values (listed with commas, on one line or several, in any
# case). Otherwise yes for `"HTTP/1.1"`; for `"HTTP/1.0"`, the version of the answer, only if the answer's
# Connection has `keep-alive`.
#
# **`ConnectionPool(connect, close, is_alive, max_idle: int = 2, idle_s: float = 30.0)`**, a class. A connection is whatever
# `connect(origin)` returns; `close(connection)` ends it, `is_alive(connection)` says whether the server has
# kept its end open. An origin is a text as `"http://a.example:80"`.
#
# - `take(origin: str, now: float)` returns a connection to this origin: of the idle ones the one that was
#   given back last, if it has been idle for less than `idle_s` seconds and is alive. One that is not is
#   closed and forgotten, and the next is looked at. If none is left, a new one is made.
# - `give_back(origin: str, connection, now: float, keep: bool) -> None`: closes it if `keep` is false; else
#   it is idle now. If there are more than `max_idle` idle ones of this origin then, the one that has been
#   idle longest is closed.
# - `close_all() -> None` closes all idle connections, in any order, and forgets them.
#
# A connection that was taken belongs to the caller until it is given back. Example: `take`, `give_back`
# with `keep=True` and `take` again within 30 seconds give the same connection.


# %% role="answer" id="pool-answer"
def may_keep(version: str, asked: Request, answered: Response, complete: bool) -> bool:
    """Say whether a connection may be used again (RFC 9112 section 9.3)."""

    ### BEGIN SOLUTION
    def said(message):
        return [word.strip().lower() for word in ",".join(message.values("connection")).split(",")]

    if not complete or "close" in said(asked) or "close" in said(answered):
        return False
    return version == "HTTP/1.1" or "keep-alive" in said(answered)
    ### END SOLUTION


class ConnectionPool:
    """Idle connections, to be used again."""

    def __init__(
        self,
        connect: Callable[[str], object],
        close: Callable[[object], None],
        is_alive: Callable[[object], bool],
        max_idle: int = 2,
        idle_s: float = 30.0,
    ):
        ### BEGIN SOLUTION
        self._connect, self._close, self._is_alive = connect, close, is_alive
        self._max_idle, self._idle_s = max_idle, idle_s
        self._idle = {}
        ### END SOLUTION

    def take(self, origin: str, now: float) -> object:
        """Return a connection to the origin: an idle one that is young and alive, or a new one."""
        ### BEGIN SOLUTION
        idle = self._idle.get(origin)
        while idle:
            connection, since = idle.pop()
            if now - since < self._idle_s and self._is_alive(connection):
                return connection
            self._close(connection)
        return self._connect(origin)
        ### END SOLUTION

    def give_back(self, origin: str, connection: object, now: float, keep: bool) -> None:
        """Keep a connection for later, or close it."""
        ### BEGIN SOLUTION
        if not keep:
            self._close(connection)
            return
        idle = self._idle.setdefault(origin, [])
        idle.append((connection, now))
        if len(idle) > self._max_idle:
            self._close(idle.pop(0)[0])
        ### END SOLUTION

    def close_all(self) -> None:
        """Close all idle connections."""
        ### BEGIN SOLUTION
        while self._idle:
            for connection, _ in self._idle.popitem()[1]:
                self._close(connection)
        ### END SOLUTION


# %% [markdown] role="hint" id="pool-hint-1"
# Nudge
# A stack for each origin: taken from the top, thrown away at the bottom. Which end has been idle
# longest?

# %% [markdown] role="hint" id="pool-hint-2"
# Way
# A dictionary from origin to a list of `(connection, since)`. `take` pops from the end in a loop until
# one is good. `may_keep` first joins all values of Connection with commas, then cuts.

# %% [markdown] role="hint" id="pool-hint-3"
# Almost
# `self.idle.setdefault(origin, []).append((connection, now))`, then `if len(idle) > self.max_idle:
# self.close(idle.pop(0)[0])`. In `take`: `connection, since = idle.pop()`, good if `now - since <
# self.idle_s and self.is_alive(connection)`.


# %% role="given" id="pool-given-play"
def pooled(ConnectionPool, script, dead=(), **options):
    """Play steps on a pool, connections being numbers from 1; what was taken, and what was done.

    Steps: ("take", origin, now), ("back", origin, connection, now) to keep it, ("drop", ...) not to,
    ("all",) to close all.
    """
    numbers, done, taken = count(1), [], []

    def connect(origin):
        number = next(numbers)
        done.append(f"connect {origin} {number}")
        return number

    def close(connection):
        done.append(f"close {connection}")

    pool = ConnectionPool(connect, close, lambda connection: connection not in dead, **options)
    for what, *arguments in script:
        if what == "take":
            taken.append(pool.take(*arguments))
        elif what == "all":
            before = len(done)
            pool.close_all()
            done[before:] = sorted(done[before:])  # in any order
        else:
            pool.give_back(*arguments, what == "back")
    return taken, done


# %% role="test" id="pool-test-keep" points=1
@check.test
def _():
    # When a connection may be kept.
    RULE = dict(rule="Read to the end, and nobody said close.", rfc="RFC 9112 section 9.3")

    def case(version="HTTP/1.1", asked=(), answered=(), complete=True):
        fields = [tuple(("connection", value) for value in values) for values in (asked, answered)]
        return version, Request("GET", "/", fields=fields[0]), Response(200, fields[1]), complete

    check.each(
        may_keep,
        [case(), case(answered=["close"]), case("HTTP/1.0"), case(complete=False)],
        expected=[True, False, False, False],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    true = [
        case("HTTP/1.0", answered=["Keep-Alive"]),
        case("HTTP/1.0", asked=["upgrade"], answered=["x, keep-alive"]),
        case(answered=["keep-alive"]),
        case(answered=["upgrade", "x"], asked=["keep-alive"]),
        case(answered=["closed"], asked=["not-close"]),
        case(answered=[""]),
    ]
    false = [
        case(asked=["close"]),
        case(asked=["Close"]),
        case(answered=["keep-alive, CLOSE"]),
        case(answered=["upgrade ,\tclose "]),
        case(answered=["upgrade", "close"]),
        case(asked=["x", "y,close"]),
        case("HTTP/1.0", asked=["keep-alive"]),
        case("HTTP/1.0", answered=["keep-alive"], complete=False),
        case("HTTP/1.0", answered=["keep-alive, close"]),
        case("HTTP/1.0", asked=["close"], answered=["keep-alive"]),
        case(answered=["keep-alive"], complete=False),
    ]
    check.each(may_keep, true + false, expected=[True] * len(true) + [False] * len(false), **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="pool-test-use" points=3
@check.test
def _():
    # Taking, giving back, throwing away.
    RULE = dict(
        rule="The one given back last, if it is young and alive; never more idle ones than max_idle.",
        rfc="RFC 9112 section 9.3",
    )
    A, B = "http://a:80", "http://b:80"

    def example(ConnectionPool):
        """Take, give back, take again; and give back what is not to be kept."""
        return pooled(
            ConnectionPool,
            [
                ("take", A, 0.0),
                ("back", A, 1, 1.0),
                ("take", A, 30.5),
                ("drop", A, 1, 31.0),
                ("take", A, 31.0),
            ],
        )

    check.probe(
        ConnectionPool,
        example,
        expected=([1, 1, 2], [f"connect {A} 1", "close 1", f"connect {A} 2"]),
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    three = [("take", A, 0.0)] * 3

    def scripts(ConnectionPool):
        """Origins apart, last in first out, too many, too old, dead, closed, none allowed."""
        back = [("back", A, n, float(n)) for n in (1, 2, 3)]
        return [
            pooled(
                ConnectionPool,
                [("take", A, 0.0), ("back", A, 1, 0.0), ("take", B, 0.0), ("take", A, 0.0)],
            ),
            pooled(
                ConnectionPool,
                [*three[:2], *back[:2], ("take", A, 3.0), ("take", A, 3.0), ("take", A, 3.0)],
            ),
            pooled(
                ConnectionPool,
                [*three, *back, ("take", A, 4.0), ("take", A, 4.0), ("take", A, 4.0)],
            ),
            pooled(
                ConnectionPool,
                [*three, *back, ("take", A, 4.0), ("take", A, 4.0), ("take", A, 4.0)],
                max_idle=3,
            ),
            pooled(ConnectionPool, [*three, *back, ("take", A, 31.5)], max_idle=3),
            pooled(ConnectionPool, [*three[:2], *back[:2], ("take", A, 32.0)]),
            pooled(ConnectionPool, [*three[:2], *back[:2], ("take", A, 31.9), ("take", A, 31.9)]),
            pooled(ConnectionPool, [*three[:1], *back[:1], ("take", A, 6.0)], idle_s=5.0),
            pooled(ConnectionPool, [*three[:1], *back[:1], ("take", A, 5.9)], idle_s=5.0),
            pooled(ConnectionPool, [*three[:2], *back[:2], ("take", A, 3.0)], dead={2}),
            pooled(
                ConnectionPool,
                [*three[:2], *back[:2], ("take", A, 3.0), ("take", A, 3.0)],
                dead={1, 2},
            ),
            pooled(ConnectionPool, [*three[:1], *back[:1], ("take", A, 2.0)], max_idle=0),
            pooled(
                ConnectionPool,
                [*three[:2], ("back", B, 1, 0.0), ("back", A, 2, 0.0), ("all",), ("all",)],
            ),
            pooled(ConnectionPool, [*three, *back, ("all",), ("take", A, 4.0)]),
            pooled(ConnectionPool, [*three, *back, ("all",), ("take", A, 4.0)], max_idle=3),
            pooled(
                ConnectionPool,
                [
                    *three[:2],
                    *back[:2],
                    ("take", A, 3.0),
                    ("all",),
                    ("back", A, 2, 4.0),
                    ("take", A, 5.0),
                ],
            ),
            pooled(ConnectionPool, [("all",), *three[:1], ("drop", A, 1, 0.0), ("take", A, 0.0)]),
            pooled(
                ConnectionPool,
                [
                    *three,
                    ("back", A, 1, 0.0),
                    ("back", B, 2, 0.0),
                    ("back", B, 3, 0.0),
                    ("take", A, 1.0),
                ],
            ),
        ]

    one, two, four = f"connect {A} 1", f"connect {A} 2", f"connect {A} 4"
    made, made2 = [one, two, f"connect {A} 3"], [one, two]
    check.probe(
        ConnectionPool,
        scripts,
        expected=[
            ([1, 2, 1], [one, f"connect {B} 2"]),
            ([1, 2, 2, 1, 3], made),
            ([1, 2, 3, 3, 2, 4], [*made, "close 1", four]),
            ([1, 2, 3, 3, 2, 1], made),
            ([1, 2, 3, 3], made),
            ([1, 2, 3], [*made2, "close 2", "close 1", f"connect {A} 3"]),
            ([1, 2, 2, 3], [*made2, "close 1", f"connect {A} 3"]),
            ([1, 2], [one, "close 1", two]),
            ([1, 1], [one]),
            ([1, 2, 1], [*made2, "close 2"]),
            ([1, 2, 3, 4], [*made2, "close 2", "close 1", f"connect {A} 3", four]),
            ([1, 2], [one, "close 1", two]),
            ([1, 2], [*made2, "close 1", "close 2"]),
            ([1, 2, 3, 4], [*made, "close 1", "close 2", "close 3", four]),
            ([1, 2, 3, 4], [*made, "close 1", "close 2", "close 3", four]),
            ([1, 2, 2, 2], [*made2, "close 1"]),
            ([1, 2], [one, "close 1", two]),
            ([1, 2, 3, 1], made),
        ],
        **RULE,
    )

    def apart(ConnectionPool):
        """Two pools have nothing in common."""
        closed = []
        first, second = (
            ConnectionPool(lambda origin, n=n: n, closed.append, lambda _: True) for n in (1, 2)
        )
        first.give_back(A, first.take(A, 0.0), 0.0, True)
        return second.take(A, 0.0), first.take(A, 0.0), closed

    check.probe(ConnectionPool, apart, expected=(2, 1, []), **RULE)

    def refused(ConnectionPool):
        """A connection that cannot be made: the pool is as before."""
        answers = iter([ConnectionRefusedError(), 7])

        def connect(origin):
            answer = next(answers)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        pool = ConnectionPool(connect, lambda _: None, lambda _: True)
        return outcome(pool.take, A, 0.0), outcome(pool.take, A, 0.0)

    check.probe(ConnectionPool, refused, expected=("raises ConnectionRefusedError", 7), **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="pages-text"
# ## 9. Page after page
#
# An API does not send a million notes at once: it sends some, and a field says where the next ones are.

# %%
with running(serve_hostile) as server:
    answer = requests.get(url_of(server, "/items"), timeout=5)
    print(answer.json())
    print("Link:", answer.headers["Link"])

# %% [markdown] role="given" id="pages-link"
# `Link` (RFC 8288 section 3) holds links with **parameters**: `<where>; rel="next"; title="a, b"`, several
# of them set apart by commas. `rel` says what the link *is* here; it may name several relations with
# spaces between them. A comma or semicolon may also stand inside the pointed brackets or the quotes,
# so that `split(",")` cuts at wrong places.
#
# The address of the next page is a word of the server's. A client that follows it blindly can be
# sent round in circles, for ever, or to another host with the password in its hand.

# %% [markdown] role="given" id="pages-brief"
# ### Exercise 9: all of it
#
# **`parse_links(value: str) -> list[tuple[str, dict[str, str]]]`**: the links of a Link field in order: the
# target as it stands between `<` and `>`, and its parameters. (RFC 8288 section 3)
#
# - A parameter comes after `;`: a name, then nothing (its value is `""`), or `=` and a value: in double
#   quotes, or up to the next space, tab, comma or semicolon. Spaces and tabs may stand around `;`, `=`
#   and `,`.
# - Names are put in lower case. Of several parameters of one name the first counts.
# - Inside quotes `\` stands for the character that follows it.
# - Commas may be repeated. A link is whole if a comma or the end comes after it. What does not fit
#   ends the reading: the links that are whole before it count.
#
# **`next_page(response: Response, url: str) -> str | None`**: where the next page is: the target, resolved
# against `url`, of the first link, of all Link fields in order, that has `next` among the relations of
# its `rel` (set apart by spaces, in any case), and that has no `anchor` (such a link is about another
# page: section 3.2). `None` if there is none.
#
# **`all_items(url: str, send: Callable[[Request], Response], max_pages: int = 100) -> Iterator[object]`**: a
# generator of the items on all pages.
#
# - A page is asked for with `send(Request("GET", url))`, only when its first item is wanted.
# - It must have status 200 and a JSON array as content, or `ValueError` is raised.
# - `ValueError`, too, *instead of asking*, if the next page was asked for before; if it is at another
#   origin than `url` (compare as in exercise 5); if `max_pages` pages have been asked for. Each only when
#   the items so far have been handed out.
#
# Example: `parse_links('</b>; rel="next"; title="a, b", <c>;rel=last')` is `[("/b", {"rel": "next",
# "title": "a, b"}), ("c", {"rel": "last"})]`.


# %% role="answer" id="pages-answer"
def parse_links(value: str) -> list[tuple[str, dict[str, str]]]:
    """Return targets and parameters of the links in a Link field (RFC 8288 section 3)."""
    ### BEGIN SOLUTION
    found, rest = [], value
    while link := re.match(r"[ \t,]*<([^>]*)>", rest):
        rest, named = rest[link.end() :], {}
        form = r'[ \t]*;[ \t]*([^ \t;,="<>]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^ \t;,"]*)))?'
        while parameter := re.match(form, rest):
            rest = rest[parameter.end() :]
            name, quoted, plain = parameter.groups("")
            named.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
        if not re.match(r"[ \t]*(,|$)", rest):
            break
        found.append((link[1], named))
    return found
    ### END SOLUTION


def next_page(response: Response, url: str) -> str | None:
    """Return the URL of the next page, None if this is the last."""
    ### BEGIN SOLUTION
    for value in response.values("link"):
        for target, named in parse_links(value):
            if "next" in named.get("rel", "").lower().split() and "anchor" not in named:
                return urllib.parse.urljoin(url, target)
    return None
    ### END SOLUTION


def all_items(
    url: str, send: Callable[[Request], Response], max_pages: int = 100
) -> Iterator[object]:
    """Yield the items of a page and of all that come after it; ValueError where it goes wrong."""

    ### BEGIN SOLUTION
    def origin(page):
        parts = urllib.parse.urlsplit(page)
        return parts.scheme, parts.hostname, parts.port or {"http": 80}.get(parts.scheme, 443)

    page, asked = url, set()
    while page is not None:
        if page in asked or origin(page) != origin(url) or len(asked) >= max_pages:
            raise ValueError(f"{page} is not asked for")
        asked.add(page)
        response = send(Request("GET", page))
        items = json.loads(response.content) if response.status == 200 else None
        if not isinstance(items, list):
            raise ValueError(f"{page} is no list")
        yield from items
        page = next_page(response, page)
    ### END SOLUTION


# %% [markdown] role="hint" id="pages-hint-1"
# Nudge
# Read from left to right and remember where you are: outside, in brackets, in quotes. Cutting at commas
# cannot work.

# %% [markdown] role="hint" id="pages-hint-2"
# Way
# One regular expression for a target, one for a parameter; `re.match` on what is left, and cut off what
# it found. `setdefault` keeps the first. In `all_items`, check the next URL *before* asking for it, and
# resolve it against the page that named it.

# %% [markdown] role="hint" id="pages-hint-3"
# Almost
# `re.match(r"[ \t,]*<([^>]*)>", rest)` for a target; for a parameter
#
# ```python
# r'[ \t]*;[ \t]*([^ \t;,="<>]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^ \t;,"]*)))?'
# ```
#
# The loop of `all_items`: check, `asked.add(page)`, send, `yield from items`,
# `page = next_page(response, page)`.


# %% role="test" id="pages-test-parse" points=2
@check.test
def _():
    # Links and their parameters.
    RULE = dict(
        rule="<target>, then parameters after semicolons; commas in <> and in quotes part nothing.",
        rfc="RFC 8288 section 3",
    )
    shown = {
        '</b>; rel="next"; title="a, b", <c>;rel=last': [
            ("/b", {"rel": "next", "title": "a, b"}),
            ("c", {"rel": "last"}),
        ],
        "<http://a.example/?x=1,2;3>; Rel=next; rel=prev": [
            ("http://a.example/?x=1,2;3", {"rel": "next"})
        ],
    }
    check.each(parse_links, list(shown), expected=list(shown.values()), **RULE)

    ### BEGIN HIDDEN TESTS
    def by_requests(value):
        return [(link.pop("url"), link) for link in requests.utils.parse_header_links(value)]

    plain = [
        '<a>; rel="next", <b>; rel="prev"',
        "<https://a.example/x?y=z>; rel=first",
        '<a>; rel="next"; type="text/html", <b>; rel="a b"',
    ]
    check.each(parse_links, plain, expected=by_requests, **RULE)
    cases = {
        "": [],
        " \t, ,": [],
        "<>": [("", {})],
        "<a>,<b>": [("a", {}), ("b", {})],
        ",, <a> ,, <b>,": [("a", {}), ("b", {})],
        "<a>;rel=x;crossorigin;as=y": [("a", {"rel": "x", "crossorigin": "", "as": "y"})],
        "<a> ;\trel =\t next": [("a", {"rel": "next"})],
        '<a>; title="x\\"y\\\\z"; rel=n': [("a", {"title": 'x"y\\z', "rel": "n"})],
        '<a>; title="<b>; rel=next, <c>"': [("a", {"title": "<b>; rel=next, <c>"})],
        '<a>; title=""; rel="next  prev"': [("a", {"title": "", "rel": "next  prev"})],
        "<a>; rel=; x=1": [("a", {"rel": "", "x": "1"})],
        '<a>; rel=""; REL=next': [("a", {"rel": ""})],
        "<a>; rel=next;title*=UTF-8''%e2%82%ac": [
            ("a", {"rel": "next", "title*": "UTF-8''%e2%82%ac"})
        ],
        "<a>; p=a=b": [("a", {"p": "a=b"})],
        "a; rel=next": [],
        "<a; rel=next": [],
        '<a>; rel=next, <b>; rel="pr': [("a", {"rel": "next"})],
        "<a>; rel=next, b, <c>": [("a", {"rel": "next"})],
        "<a> rel=next": [],
        "<a>; rel=next <b>": [],
        "< a b >;x": [(" a b ", {"x": ""})],
        "<a,b>;x=1,<c;d>;y=2": [("a,b", {"x": "1"}), ("c;d", {"y": "2"})],
    }
    check.each(parse_links, list(cases), expected=list(cases.values()), **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="pages-test-next" points=1
@check.test
def _():
    # Which link leads on.
    RULE = dict(
        rule="The first with next among its relations, about this page.", rfc="RFC 8288 section 3.3"
    )
    HERE = "http://a.example/x/list?page=1"

    def case(*values, name="link"):
        return Response(200, tuple((name, value) for value in values)), HERE

    check.each(
        next_page,
        [case('<a>; rel=prev, <?page=2>; rel="last Next"'), case('<a>; rel="prev"'), case()],
        expected=["http://a.example/x/list?page=2", None, None],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    cases = {
        case("<a>; rel=prev", "</b>; rel=next"): "http://a.example/b",
        case("<a>; rel=next, <b>; rel=next"): "http://a.example/x/a",
        case("<a>; rel=nextpage"): None,
        case("<a>; rel=not-next"): None,
        case('<a>; rel="next"; anchor="/other", <b>; rel="next"'): "http://a.example/x/b",
        case('<a>; rel="next"; anchor=""'): None,
        case("<a>; rel=prev; rel=next"): None,
        case("<a>; title=next"): None,
        case("<a>"): None,
        case('<a>; rel="prev\tx NEXT"'): "http://a.example/x/a",
        case("<http://b.example/>; rel=next"): "http://b.example/",
        case("<>; rel=next"): HERE,
        case("<a>; rel=next", name="Link"): "http://a.example/x/a",
        case("<a>; rel=next", name="links"): None,
        case("oops", "<a>; rel=next"): "http://a.example/x/a",
    }
    check.each(next_page, list(cases), expected=list(cases.values()), **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="pages-test-walk" points=2
@check.test
def _():
    # From page to page, and when to stop.
    RULE = dict(
        rule="One page at a time; never twice, never elsewhere, never more than max_pages.",
        rfc="RFC 8288 section 3",
    )
    URL = "http://a.example/x/1"

    def walk(all_items, pages, most=1000, **options):
        """The items of some pages, as far as `most` items; what it ended with, and what was asked."""
        asked, items = [], []

        def send(request):
            asked.append(request.target.removeprefix("http://a.example"))
            if (request.method, request.fields, request.content) != ("GET", (), b""):
                asked.append("not a plain GET")
            return pages[request.target]

        try:
            for item in all_items(URL, send, **options):
                items.append(item)
                if len(items) == most:
                    return items, "stopped", asked
        except ValueError:
            return items, "raises ValueError", asked
        return items, "end", asked

    def page(items, link="", status=200):
        content = items if isinstance(items, bytes) else json.dumps(items).encode()
        return Response(status, (("link", f"<{link}>; rel=next"),) if link else (), content)

    three = {
        URL: page([1, 2], "2"),
        "http://a.example/x/2": page([], "/y/3"),
        "http://a.example/y/3": page([None, {"a": [3]}]),
    }
    loop = {URL: page([1], "2"), "http://a.example/x/2": page([2], "1")}

    def example(all_items):
        """Three pages; and two that lead to each other."""
        return walk(all_items, three), walk(all_items, loop)

    check.probe(
        all_items,
        example,
        expected=(
            ([1, 2, None, {"a": [3]}], "end", ["/x/1", "/x/2", "/y/3"]),
            ([1, 2], "raises ValueError", ["/x/1", "/x/2"]),
        ),
        **RULE,
    )
    ### BEGIN HIDDEN TESTS

    class Maze(dict):
        def __missing__(self, url):
            number = int(url.rpartition("/")[2])
            return page([number], str(number + 1))

    bad = "raises ValueError"

    def far(all_items):
        """Pages without end, and how many are asked for."""
        return [
            [len(found[0]), found[1], len(found[2])]
            for found in (
                walk(all_items, Maze()),
                walk(all_items, Maze(), max_pages=3),
                walk(all_items, three, max_pages=3),
                walk(all_items, three, max_pages=2),
                walk(all_items, three, max_pages=1),
            )
        ]

    check.probe(
        all_items,
        far,
        expected=[[100, bad, 100], [3, bad, 3], [4, "end", 3], [2, bad, 2], [2, bad, 1]],
        **RULE,
    )

    def lazily(all_items):
        """Nothing is asked for before it is wanted."""
        asked = []
        found = all_items(
            URL, lambda request: asked.append(request.target) or three[request.target]
        )
        steps = [len(asked)]
        for _ in range(3):
            next(found)
            steps.append(len(asked))
        return steps, [walk(all_items, three, most)[1:] for most in (1, 2)]

    check.probe(
        all_items,
        lazily,
        expected=([0, 1, 1, 3], [("stopped", ["/x/1"])] * 2),
        **RULE,
    )

    def wrong(all_items):
        """Answers that are no page, and pages that lead away."""
        first = lambda items, **more: {URL: page(items, **more)}  # noqa: E731
        away = [
            "http://b.example/2",
            "https://a.example/2",
            "http://a.example:81/2",
            "//www.a.example/",
            "https://a.example:80/2",
            "ftp://a.example/2",
            "mailto:me@a.example",
            "http://a.example:x/2",
        ]
        here = "http://A.example:80/x/2"
        secure = {
            "https://a.example/": page([1], "https://a.example:443/2"),
            "https://a.example:443/2": page([2]),
        }
        by_query = {
            "http://a.example/X?n=1": page([1], "?n=2"),
            "http://a.example/X?n=2": page('["Zoë"]'.encode()),
        }
        return [
            walk(all_items, first({"items": []})),
            walk(all_items, first("text")),
            walk(all_items, first(None)),
            walk(all_items, first(b"<html>")),
            walk(all_items, first(b"")),
            walk(all_items, first([1], status=404)),
            walk(all_items, first([1], status=206)),
            walk(all_items, first([1], link="1")),
            walk(all_items, {URL: page([1], "2"), "http://a.example/x/2": page([2], status=500)}),
            *[walk(all_items, first([1], link=place)) for place in away],
            walk(all_items, {URL: page([1], here), here: page([2])})[:2],
            list(all_items("https://a.example/", lambda request: secure[request.target])),
            list(all_items("http://a.example/X?n=1", lambda request: by_query[request.target])),
        ]

    one = ["/x/1"]
    check.probe(
        all_items,
        wrong,
        expected=[
            *[([], bad, one)] * 7,
            ([1], bad, one),
            ([1], bad, ["/x/1", "/x/2"]),
            *[([1], bad, one)] * 8,
            ([1, 2], "end"),
            [1, 2],
            [1, "Zoë"],
        ],
        **RULE,
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="client-text"
# ## 10. A client that comes home
#
# Now all of it, against the server that you met at the beginning. First see how two good libraries fare
# there. Choose a trap; each of them gets one second, measured from outside:


# %% role="given" id="client-given-play" jupyter={"source_hidden": true}
def with_urllib(url):
    """What urllib.request makes of a page: the kind and the size of what comes, or what is raised."""
    with urllib.request.urlopen(url, timeout=0.5) as reply:
        return f"{len(reply.read()):,} octets"


def with_requests(url):
    """The same with requests."""
    return f"{len(requests.get(url, timeout=0.5).content):,} octets"


def watched(client, path, patience_s=1.0):
    """Run a client against the hostile site, in a thread: what came of it, and after how long."""
    found, over = [], threading.Event()

    def work(url):
        found.append(outcome(client, url))
        over.set()

    with running(serve_hostile) as server:
        began = time.monotonic()
        threading.Thread(target=work, args=(url_of(server, path),), daemon=True).start()
        over.wait(patience_s)
        said = found[0] if found else "still busy"
        spent_s = time.monotonic() - began
    over.wait(5)
    return f"{client.__name__:14} {said:36} {spent_s:5.2f} s"


def survey(path):
    """Print what becomes of both libraries at one trap."""
    print(next(trap for trap in TRAPS if trap.path == path).does)
    for client in (with_urllib, with_requests):
        print(watched(client, path))


# %%
ipywidgets.interactive(
    survey,
    path=ipywidgets.Dropdown(options=[trap.path for trap in TRAPS if trap.path != "/endless"]),
)

# %% [markdown] role="given" id="client-lesson"
# None of this is a fault of the libraries. They cannot know how long *you* can wait or how much *you* can
# hold. A timeout per operation is all that they can offer; a deadline must be kept by whoever owns the
# socket.
#
# So own it. **h11**, which you know from `21_http` as a judge, is a parser and nothing else: you give it
# the octets that came and ask what they mean. Between two `recv` you can look at the clock.

# %%
with running(serve_hostile) as server, server.connect() as mine:
    reader = h11.Connection(h11.CLIENT)
    request = h11.Request(
        method="GET", target="/good", headers=[("Host", "a"), ("Connection", "close")]
    )
    mine.sendall(reader.send(request) + reader.send(h11.EndOfMessage()))
    while not isinstance(event := reader.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            reader.receive_data(mine.recv(65536))
        else:
            print(
                type(event).__name__,
                getattr(event, "status_code", bytes(getattr(event, "data", b""))),
            )

# %% [markdown] role="given" id="client-brief"
# ### Exercise 10: survive
#
# Write the class `ApiClient(token: str = "", *, deadline_s: float = 5.0, max_bytes: int = 1_000_000, max_redirects:
# int = 5, attempts: int = 3, clock=..., sleep=..., dice=...)`; the last three are as in exercise 6. Use what you like:
# your own answers, `socket`, `h11`, `http.client`, `urllib3`, `requests`. URLs are `http`, with a port.
#
# - **`get(url: str) -> object`** asks with GET and returns the JSON value of the answer.
# - **`items(url: str, max_pages: int = 100) -> Iterator[object]`** yields the items of all pages, as
#   `all_items` does.
#
# Whatever happens, `get` comes back: with the value, or with an `ApiError` (given below) whose first argument is
#
# | kind | when |
# |---|---|
# | `"slow"` | `deadline_s` seconds after the call, connecting, redirects, retries and pauses counted, there is no whole answer |
# | `"cut"` | the connection was refused or reset, or ended before the answer was whole |
# | `"protocol"` | what comes is not HTTP |
# | `"huge"` | the content has more than `max_bytes` octets, compressed or not: as soon as Content-Length says so, or so many have come; or the head has more than 200,000 octets (you may say so earlier) |
# | `"redirects"` | more than `max_redirects` redirects, or one to what is no `http` URL |
# | `"status"` | the last answer has another status than 200 |
# | `"content"` | it is compressed with something else than gzip, or wrongly; it is not UTF-8, whatever its type says; it is not JSON, as `NaN` |
#
# - If there is a token, it is sent as `Authorization: Bearer ` and the token, and follows redirects only
#   within the origin, as in exercise 5. `Accept-Encoding: gzip` is sent.
# - What is cut, and 429, 502, 503 and 504, is tried again as in exercise 6, each request at most `attempts`
#   times; the other kinds are not. It never sleeps past the deadline. A Retry-After may be a date: what
#   time of day it is `time.time()` knows, not `clock`.
# - gzip is undone piece by piece: what is too large is never in memory as a whole.
# - Of an answer that has more octets than its Content-Length, the first ones count.
# - `items` keeps the deadline for each page. A page that is no list, was asked for before, is at another
#   origin or is one too many ends it with `ApiError("pages")`, after the items before it.
#
# Example: on the hostile site `get(".../good")` is `{"name": "Zoë", "n": 1}`, `get(".../bomb")` raises
# `ApiError("huge")`.


# %% role="given" id="client-given-error"
class ApiError(Exception):
    """Why there is no answer: `ApiError("slow", "for a person")`."""


nap = threading.Event().wait  # sleeps for so many seconds, since nobody sets this event


# %% role="answer" id="client-answer"
class ApiClient:
    """A client of a JSON API, for servers that are not to be trusted."""

    def __init__(
        self,
        token: str = "",
        *,
        deadline_s: float = 5.0,
        max_bytes: int = 1_000_000,
        max_redirects: int = 5,
        attempts: int = 3,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = nap,
        dice: Callable[[], float] = random.random,
    ):
        ### BEGIN SOLUTION
        self.fields = (("accept-encoding", "gzip"),)
        if token:
            self.fields += (("authorization", f"Bearer {token}"),)
        self.deadline_s, self.max_bytes = deadline_s, max_bytes
        self.max_redirects, self.attempts = max_redirects, attempts
        self.clock, self.sleep, self.dice = clock, sleep, dice
        ### END SOLUTION

    def get(self, url: str) -> object:
        """Return the JSON value at the URL; raise ApiError with its kind if there is none."""
        ### BEGIN SOLUTION
        return self.parsed(self.answer(url).content)

    def answer(self, url):
        end = self.clock() + self.deadline_s
        since_1970 = time.time() - self.clock()  # a Retry-After may be a date

        def send(request):
            return with_retries(
                request,
                lambda same, _: self.ask(same, end),
                clock=lambda: since_1970 + self.clock(),
                sleep=self.sleep,
                dice=self.dice,
                attempts=self.attempts,
                deadline_s=end - self.clock(),
            )

        try:
            response, _ = follow(Request("GET", url, fields=self.fields), send, self.max_redirects)
        except TimeoutError as error:
            raise ApiError("slow") from error
        except OSError as error:
            raise ApiError("cut") from error
        except ValueError as error:
            raise ApiError("redirects") from error
        if response.status != 200:
            raise ApiError("status")
        return response

    def ask(self, request, end):
        """Ask once: a response, or an OSError where another attempt may help."""
        parts = urllib.parse.urlsplit(request.target)
        if parts.scheme != "http":
            raise ApiError("redirects", "another scheme")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        peer, last = h11.Connection(h11.CLIENT), None
        fields = [("host", parts.netloc), *request.fields]
        try:
            head = h11.Request(method=request.method, target=target, headers=fields)
        except h11.LocalProtocolError as error:
            raise ApiError("redirects", "to what is no URL") from error
        place = parts.hostname, parts.port or 80
        with socket.create_connection(place, self.left(end)) as server:
            server.sendall(peer.send(head) + peer.send(h11.EndOfMessage()))
            try:
                for event in self.events(peer, server, end):
                    if isinstance(event, h11.Response):
                        last = event
                        response, content = self.begun(event)
                    elif isinstance(event, h11.Data):
                        content.add(bytes(event.data))
            except h11.RemoteProtocolError as error:
                if error.error_status_hint == 431:
                    raise ApiError("huge", "a head without end") from error
                if peer.trailing_data[1]:
                    raise ConnectionError("it ended in the middle") from error
                raise ApiError("protocol") from error
        if last is None:
            raise ConnectionError("it ended before the answer")
        return replace(response, content=content.whole())

    def events(self, peer, server, end):
        while True:
            event = peer.next_event()
            if event is h11.NEED_DATA:
                server.settimeout(self.left(end))
                peer.receive_data(server.recv(65536))
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                return
            else:
                yield event

    def left(self, end):
        left_s = end - self.clock()
        if left_s <= 0:
            raise TimeoutError("the deadline")
        return left_s

    def begun(self, event):
        fields = tuple((name.decode(), value.decode("latin-1")) for name, value in event.headers)
        response = Response(event.status_code, fields)
        coding = [value.lower() for value in response.values("content-encoding")]
        lengths = [int(value) for value in response.values("content-length")]
        return response, Content(self.max_bytes, coding, lengths, event.status_code == 200)

    def parsed(self, content):
        try:
            return json.loads(content.decode("utf-8"), parse_constant=self.refuse)
        except (ValueError, RecursionError) as error:
            raise ApiError("content") from error

    def refuse(self, name):
        raise ValueError(f"JSON has no {name}")
        ### END SOLUTION

    def items(self, url: str, max_pages: int = 100) -> Iterator[object]:
        """Yield the items of all pages; raise ApiError where it goes wrong."""

        ### BEGIN SOLUTION
        def send(request):
            response = self.answer(request.target)
            self.parsed(response.content)
            return response

        try:
            yield from all_items(url, send, max_pages)
        except ValueError as error:
            raise ApiError("pages") from error


class Content:
    """The content of one answer as it comes, decompressed, within its bounds."""

    def __init__(self, most, coding, lengths, counts):
        self.most, self.counts, self.octets, self.came = most, counts, b"", 0
        self.gzip = zlib.decompressobj(31) if coding == ["gzip"] else None
        self.unknown = coding not in ([], ["identity"], ["gzip"])
        self.over = any(length > most for length in lengths)
        self.limit()

    def limit(self):
        if self.over or self.came > self.most or len(self.octets) > self.most:
            raise ApiError("huge")
        if self.unknown and self.counts:
            raise ApiError("content", "an unknown coding")

    def add(self, piece):
        self.came += len(piece)
        self.limit()
        if not self.counts:
            return
        try:
            if self.gzip:
                piece = self.gzip.decompress(piece, self.most + 1 - len(self.octets))
        except zlib.error as error:
            raise ApiError("content", "broken gzip") from error
        self.octets += piece
        self.limit()

    def whole(self):
        if self.counts and self.gzip and not self.gzip.eof:
            raise ApiError("content", "gzip without an end")
        return self.octets
        ### END SOLUTION


# %% [markdown] role="hint" id="client-hint-1"
# Nudge
# You have most of it. `follow` and `with_retries` take a function that sends; what is missing is that
# function, with a deadline, and the reading of its content. Build from the inside out, and try each
# trap by itself.

# %% [markdown] role="hint" id="client-hint-2"
# Way
# `ask(request, end)` makes one exchange with `socket` and `h11`: before each `recv`,
# `settimeout(end - clock())`; an OSError when it is cut, so that `with_retries` sees it, an `ApiError` for
# what needs no second try. `zlib.decompressobj(31).decompress(piece, most)` makes at most so many
# octets. h11 says `RemoteProtocolError` for what is no HTTP *and* for an early end: after an early end
# `trailing_data[1]` is true.

# %% [markdown] role="hint" id="client-hint-3"
# Almost
# `get`: `follow(Request("GET", url, fields=...), send, max_redirects)`, where `send(request)` is
# `with_retries(request, lambda same, _: self.ask(same, end), ..., deadline_s=end - clock())`, its clock
# being yours plus `time.time() - clock()`, taken once. Then TimeoutError is "slow", other OSErrors are "cut", ValueError is
# "redirects". Content: refuse a Content-Length over `max_bytes`, count what comes, count what comes out
# of gzip, decode as UTF-8, `json.loads` with a `parse_constant` that raises. `items`: `all_items` with a `send` of yours.


# %% role="given" id="client-given-try"
def in_kind(call, *arguments):
    """What a call comes to: its value, or the kind of its ApiError, in words."""
    try:
        return call(*arguments)
    except NotImplementedError:
        raise
    except Exception as error:
        if type(error).__name__ == "ApiError":
            return f"ApiError {error.args[0]}"
        return f"raises {type(error).__name__}"


def got(ApiClient, *paths, tick_s=0.02, log=None, **options):
    """What a client gets at some paths of the hostile site, without sleeping; and its naps."""
    naps = []
    options = {"sleep": naps.append, "dice": lambda: 0.5} | options
    with running(serve_hostile, log, tick_s) as server:
        client = ApiClient(**options)
        found = [in_kind(client.get, url_of(server, path)) for path in paths]
    return found, naps


def answered_by(ApiClient, *answers, **options):
    """What a client makes of answers, given as octets, each on a connection of its own."""
    found = []
    for answer in answers:
        with running(serve_recorder, [], answer) as server:
            options = {"attempts": 1, "sleep": lambda _: None} | options
            found.append(in_kind(ApiClient(**options).get, url_of(server)))
    return found


# %% role="test" id="client-test-answers" points=2
@check.test
def _():
    # Answers that are what they should be, or at least could be read.
    RULE = dict(
        rule="UTF-8 and JSON, whatever the type says; gzip undone; as many octets as the length says.",
        rfc="RFC 8259 section 8.1",
        within_s=4,
    )

    def example(ApiClient):
        """A good page, one with a wrong label, one with more than its length says, one in Latin-1."""
        return got(ApiClient, "/good", "/label", "/more", "/latin", "/html", "/none")[0]

    check.probe(
        ApiClient,
        example,
        expected=[
            {"name": "Zoë", "n": 1},
            {"name": "Zoë"},
            {"more": 1},
            "ApiError content",
            "ApiError content",
            "ApiError status",
        ],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    packed = gzip.compress('["Zoë"]'.encode(), mtime=0)

    def octets(content, *fields, status=200, length=True):
        sized = [f"Content-Length: {len(content)}"] if length else []
        return "\r\n".join([f"HTTP/1.1 {status} X", *sized, *fields, "", ""]).encode() + content

    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def others(ApiClient):
        """gzip, chunks, an end by close, other JSON, 100 before it; then what is wrong with content."""
        zipped = "Content-Encoding: gzip"
        return answered_by(
            ApiClient,
            octets(packed, zipped),
            octets(packed, "Content-Encoding: GZip"),
            chunks + b"1\r\n[\r\n2\r\n1]\r\n0\r\n\r\n",
            octets(b"[2]", length=False),
            b"HTTP/1.0 200 OK\r\n\r\n3",
            b"HTTP/1.1 100 Continue\r\n\r\n" + octets(b"null"),
            octets(b'"x"', "Content-Type: text/plain"),
            octets(b"[4]", "Content-Encoding: identity"),
            octets(b"", zipped, status=404),
            octets(packed[:-1], zipped),
            octets(packed[:-9] + b"x" + packed[-8:], zipped),
            octets(b"[5]", zipped),
            octets(packed, "Content-Encoding: br"),
            octets(zlib.compress(b"[5]"), zipped),
            octets(packed, zipped, zipped),
            octets(b"[6]", "Content-Encoding: gzip, gzip"),
            octets(b""),
            octets(b"[7] 8"),
            octets('["ü"]'.encode("utf-16")),
            octets(b"[" * 100_000),
            octets(b"[9]", status=204, length=False)[:-3],
            octets(b"[9]", status=201),
            octets(b"[9]", status=304, length=False)[:-3],
            octets(b"[9]", status=500),
        )

    bad = "ApiError content"
    check.probe(
        ApiClient,
        others,
        expected=[
            *[["Zoë"]] * 2,
            [1],
            [2],
            3,
            None,
            "x",
            [4],
            "ApiError status",
            *[bad] * 11,
            *["ApiError status"] * 4,
        ],
        **RULE,
    )

    def no_numbers(ApiClient):
        """NaN and the infinities, which Python's parser takes."""
        return answered_by(
            ApiClient,
            *[octets(content) for content in (b"NaN", b"[Infinity]", b'{"a": -Infinity}')],
        )

    check.probe(
        ApiClient,
        no_numbers,
        expected=[bad] * 3,
        rule="JSON has no NaN and no infinities.",
        rfc="RFC 8259 section 6",
        within_s=4,
    )
    ### END HIDDEN TESTS


# %% role="test" id="client-test-slow" points=2
@check.test
def _():
    # Servers that take their time.
    RULE = dict(
        rule="The deadline is for all of it: look at the clock before each recv, and wait for what is left.",
        rfc="RFC 9110 section 15.5.9",
        within_s=4,
    )
    SHORT = dict(deadline_s=0.12, attempts=1)

    def drips(ApiClient):
        """A content that drips for 0.6 s, with a deadline of 0.12 s."""
        return got(ApiClient, "/drip?n=30", **SHORT)[0]

    check.probe(ApiClient, drips, expected=["ApiError slow"], **RULE)

    ### BEGIN HIDDEN TESTS
    def others(ApiClient):
        """A head that drips, silence, an answer that is late."""
        return got(ApiClient, "/drip-head?n=30", "/silent?n=30", "/late?s=0.6", **SHORT)[0]

    check.probe(ApiClient, others, expected=["ApiError slow"] * 3, **RULE)

    def soon(ApiClient):
        """Whether it is back soon after the deadline."""
        began = time.monotonic()
        found = got(ApiClient, "/drip?n=150", "/silent?n=150", deadline_s=0.1)[0]
        return found, time.monotonic() - began < 1.5

    check.probe(ApiClient, soon, expected=(["ApiError slow"] * 2, True), **RULE)

    def by_its_clock(ApiClient):
        """A clock that says after each request that two seconds more have passed; the deadline is 5."""
        log, now = [], [0.0]

        def clock():
            return now[0] + 2.0 * len(log)

        found, _ = got(ApiClient, "/maze/1", log=log, clock=clock, max_redirects=9)
        return found, 2 <= len(log) <= 3

    check.probe(ApiClient, by_its_clock, expected=(["ApiError slow"], True), **RULE)

    def to_the_end(ApiClient):
        """A clock that stands still, one second before the deadline; one that reaches it exactly."""
        log = []
        still = got(ApiClient, "/good", clock=lambda: 0.0, deadline_s=1.0)[0]
        steps = {"clock": lambda: 2.0 * len(log), "deadline_s": 4.0, "max_redirects": 9}
        return still, got(ApiClient, "/maze/1", log=log, **steps)[0]

    good = {"name": "Zoë", "n": 1}
    check.probe(ApiClient, to_the_end, expected=([good], ["ApiError slow"]), **RULE)

    def what_is_left(ApiClient):
        """Of 2 seconds 1.9 have passed, and silence: at a new place, and after a head."""
        found, began = [], time.monotonic()
        for path in ("/away?to=/silent", "/drip"):
            log = []
            options = {"clock": lambda log=log: 1.9 if log else 0.0, "deadline_s": 2.0}
            found += got(ApiClient, path, log=log, tick_s=3.0, **options)[0]
        return found, time.monotonic() - began < 1.5

    check.probe(ApiClient, what_is_left, expected=(["ApiError slow"] * 2, True), **RULE)

    def not_let_in(ApiClient):
        """A server whose queue is full: connecting itself takes too long."""
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            waiting = [socket.socket() for _ in range(4)]
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(full.getsockname())
            url = f"http://127.0.0.1:{full.getsockname()[1]}/"
            found = in_kind(ApiClient(deadline_s=0.12, attempts=1).get, url)
            for each in waiting:
                each.close()
        return found

    # some systems refuse instead
    check.probe(
        ApiClient,
        not_let_in,
        accepts=lambda found: found in ("ApiError slow", "ApiError cut"),
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="client-test-lies" points=2
@check.test
def _():
    # Servers that lie, break off, or send too much.
    RULE = dict(
        rule="Less than promised is cut; more than max_bytes, before or after gzip, is huge.",
        rfc="RFC 9112 section 8",
        within_s=4,
    )

    def example(ApiClient):
        """Cut, reset, no HTTP, a bomb, a terabyte."""
        return got(ApiClient, "/cut", "/reset", "/junk", "/bomb", "/huge?n=5", attempts=1)[0]

    check.probe(
        ApiClient,
        example,
        expected=[f"ApiError {kind}" for kind in ("cut", "cut", "protocol", "huge", "huge")],
        **RULE,
    )

    ### BEGIN HIDDEN TESTS
    def more(ApiClient):
        """Chunks without an end, cut chunks, a head without end, no answer, nobody there."""
        found = got(ApiClient, "/endless", "/cut-chunks", "/fields", "/drops", attempts=1)[0]
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
            return [*found, in_kind(ApiClient(attempts=1).get, url)]

    check.probe(
        ApiClient,
        more,
        expected=[f"ApiError {kind}" for kind in ("huge", "cut", "huge", "cut", "cut")],
        **RULE,
    )

    def bounds(ApiClient):
        """At max_bytes and one beyond: with a length, in chunks, until the end, after gzip."""
        found = []
        for size in (20, 21):
            content = b"[" + b" " * (size - 2) + b"]"
            chunk = b"%x\r\n" % size + content + b"\r\n0\r\n\r\n"
            packed = gzip.compress(content, mtime=0)
            head = b"HTTP/1.1 200 OK\r\n"
            found += answered_by(
                ApiClient,
                head + b"Content-Length: %d\r\n\r\n" % size + content,
                head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk,
                head + b"\r\n" + content,
                max_bytes=20,
            )
            wide = len(gzip.compress(b"[" + b" " * 9_998 + b"]", mtime=0))
            found += answered_by(
                ApiClient,
                head
                + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
                + packed,
                max_bytes=wide,
            )
        for most in (9_999, 10_000):
            packed = gzip.compress(b"[" + b" " * 9_998 + b"]", mtime=0)
            head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
            found += answered_by(ApiClient, head + packed, max_bytes=most)
        stored = gzip.compress(b"[" + b" " * 18 + b"]", compresslevel=0, mtime=0)
        halves = b"".join(
            b"%x\r\n" % len(half) + half + b"\r\n" for half in (stored[:22], stored[22:])
        )
        found += answered_by(
            ApiClient,
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
            + halves
            + b"0\r\n\r\n",
            max_bytes=30,
        )
        noise = gzip.compress(json.dumps(random.Random(22).randbytes(400).hex()).encode(), mtime=0)
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
        found += [type(answered_by(ApiClient, head + noise, max_bytes=802)[0]).__name__]
        found += answered_by(ApiClient, head + noise, max_bytes=801)
        return found

    huge = "ApiError huge"
    check.probe(
        ApiClient,
        bounds,
        expected=[[], [], [], [], huge, huge, huge, [], huge, [], huge, "str", huge],
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="client-test-memory" points=1 tags=["beside"]
@check.test
def _():
    # A bomb does not go off first.
    def goes_off(ApiClient):
        """Does a bomb of 20 MB take more than 5 MB of memory, with max_bytes=100_000?"""
        import tracemalloc

        bomb = gzip.compress(b" " * 20_000_000, mtime=0)
        answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bomb
        answered_by(ApiClient, b"HTTP/1.1 200 OK\r\n\r\n[]")  # whatever is made only once
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            found = answered_by(ApiClient, answer, max_bytes=100_000)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        return found, most - before > 5_000_000

    check.probe(
        ApiClient,
        goes_off,
        expected=(["ApiError huge"], False),
        rule="Undo gzip piece by piece, with a limit for what comes out: zlib.decompressobj.",
        rfc="RFC 9110 section 8.4.1.3",
        within_s=4,
    )


# %% role="test" id="client-test-far" points=2
@check.test
def _():
    # Redirects, and who gets to see the token.
    RULE = dict(
        rule="As in exercise 5: a limit for redirects, and the token only for its own origin.",
        rfc="RFC 9110 section 15.4",
        within_s=4,
    )

    def example(ApiClient):
        """A loop, a maze, and a page one redirect away."""
        return got(ApiClient, "/loop", "/maze/1", "/away?to=/good")[0]

    check.probe(
        ApiClient,
        example,
        expected=["ApiError redirects", "ApiError redirects", {"name": "Zoë", "n": 1}],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS

    def limits(ApiClient):
        """How many requests a maze gets, for several limits; a redirect that is not followed."""
        found = []
        for limit in (0, 1, 5):
            log = []
            kinds = got(ApiClient, "/maze/1", log=log, max_redirects=limit)[0]
            found.append((kinds, len(log)))
        return found, got(ApiClient, "/away?to=/good", max_redirects=0)[0]

    maze = ["ApiError redirects"]
    check.probe(ApiClient, limits, expected=([(maze, 1), (maze, 2), (maze, 6)], maze), **RULE)

    def no_place(ApiClient):
        """Redirects to https, where a server talks http; to ftp; to what is no URL."""
        with running(serve_hostile) as there:
            good = url_of(there, "/good").replace("http:", "https:")
            places = (good, "ftp://a.example/", "mailto:me@a.example", "http://[", "//a.example:x/")
            return got(ApiClient, *[f"/away?to={place}" for place in places], attempts=1)[0]

    check.probe(
        ApiClient,
        no_place,
        expected=maze * 5,
        rule="Only http is spoken here: what leads elsewhere is not followed.",
        rfc="RFC 9110 section 4.2",
        within_s=4,
    )

    def odd_place(ApiClient):
        """Redirects to what some clients mend and others refuse; whether all end with an ApiError."""
        places = [b"/a b", b"/\xe9", b"http://a..b/", b"/a\tb", b'/"<>']
        lines = [b"HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % p for p in places]
        found = answered_by(ApiClient, *lines)
        return [each for each in found if not str(each).startswith("ApiError")]

    check.probe(
        ApiClient,
        odd_place,
        expected=[],
        rule="Whatever happens, get comes back with the value or with an ApiError.",
        rfc="RFC 9110 section 10.2.2",
        within_s=4,
    )

    def seen_fields(ApiClient):
        """Authorization and Accept-Encoding as they arrive: here, after a redirect, and elsewhere."""
        names = ("authorization", "accept-encoding")

        def fields(value):
            return (
                value if isinstance(value, str) else [value["fields"].get(name) for name in names]
            )

        with running(serve_hostile) as here, running(serve_hostile) as there:
            client, without = ApiClient("s3cret"), ApiClient()
            there_url = urllib.parse.quote(url_of(there, "/echo"), safe="")
            return [
                fields(in_kind(client.get, url_of(here, "/echo?a=b#c"))),
                fields(in_kind(client.get, url_of(here, "/away?to=/echo"))),
                fields(in_kind(client.get, url_of(here, f"/away?to={there_url}"))),
                fields(in_kind(client.get, url_of(here, "/echo"))),
                fields(in_kind(without.get, url_of(here, "/echo"))),
                in_kind(client.get, url_of(here, "/echo?a=b#c"))["target"],
                *[
                    octets_of(client.get, path)[0][0].partition(b"\r\n")[0]
                    for path in ("", "?a=b", "/x?y")
                ],
                [
                    line.lower()
                    for line in octets_of(client.get)[0][0].split(b"\r\n")
                    if line.lower().startswith(b"host")
                ],
            ]

    own, none = ["Bearer s3cret", "gzip"], [None, "gzip"]
    lines = [b"GET %s HTTP/1.1" % target for target in (b"/", b"/?a=b", b"/x?y")]
    check.probe(
        ApiClient,
        seen_fields,
        expected=[own, own, none, own, none, "/echo?a=b", *lines, [b"host: 127.0.0.1:8080"]],
        **RULE,
    )
    ### END HIDDEN TESTS


# %% role="test" id="client-test-again" points=2
@check.test
def _():
    # What is tried again, and how often.
    RULE = dict(
        rule="As in exercise 6: what is cut and what is busy, at most `attempts` times, never past the deadline.",
        rfc="RFC 9110 section 10.2.3",
        within_s=4,
    )
    done = {"done": True}

    def example(ApiClient):
        """Busy twice and then not; a connection that is dropped once; the naps."""
        return got(ApiClient, "/busy?n=2&wait=1", "/drops?n=1")

    check.probe(ApiClient, example, expected=([done, done], [1.0, 1.0, 0.25]), **RULE)
    ### BEGIN HIDDEN TESTS

    def others(ApiClient):
        """What came, how often it was asked, and how long it slept."""
        found = []
        for path, options in (
            ("/busy?n=9&wait=0", {}),
            ("/busy?n=9&wait=0", {"attempts": 1}),
            ("/busy?n=4&wait=0", {"attempts": 5}),
            ("/busy?n=1&wait=9", {}),
            ("/busy?n=1&wait=9", {"deadline_s": 10.0}),
            ("/drops?n=9", {"attempts": 2}),
            ("/cut", {}),
            ("/cut-chunks", {"attempts": 2}),
            ("/away?to=/busy?wait=0", {}),
            ("/junk", {}),
            ("/bomb", {}),
            ("/latin", {}),
            ("/none", {}),
        ):
            log = []
            came, naps = got(ApiClient, path, log=log, **options)
            found.append((path, *came, len(log), [round(nap, 3) for nap in naps]))
        return found

    check.probe(
        ApiClient,
        others,
        expected=[
            ("/busy?n=9&wait=0", "ApiError status", 3, [0.25, 0.5]),
            ("/busy?n=9&wait=0", "ApiError status", 1, []),
            ("/busy?n=4&wait=0", done, 5, [0.25, 0.5, 1.0, 2.0]),
            ("/busy?n=1&wait=9", "ApiError status", 1, []),
            ("/busy?n=1&wait=9", done, 2, [9.0]),
            ("/drops?n=9", "ApiError cut", 2, [0.25]),
            ("/cut", "ApiError cut", 3, [0.25, 0.5]),
            ("/cut-chunks", "ApiError cut", 2, [0.25]),
            ("/away?to=/busy?wait=0", done, 4, [0.25, 0.5]),
            ("/junk", "ApiError protocol", 1, []),
            ("/bomb", "ApiError huge", 1, []),
            ("/latin", "ApiError content", 1, []),
            ("/none", "ApiError status", 1, []),
        ],
        **RULE,
    )

    def at_a_date(ApiClient):
        """Retry-After: 1, then the date of three seconds from now: how long it sleeps, how often."""
        until = formatdate(time.time() + 3, usegmt=True)
        naps = {"1": [], until: []}
        for said, slept in naps.items():
            answer = f"HTTP/1.1 503 X\r\nContent-Length: 0\r\nRetry-After: {said}\r\n\r\n"
            options = {"attempts": 2, "sleep": slept.append, "dice": lambda: 0.5}
            answered_by(ApiClient, answer.encode(), **options)
        return naps["1"], len(naps[until]), all(1.0 <= nap <= 3.5 for nap in naps[until])

    check.probe(
        ApiClient,
        at_a_date,
        expected=([1.0], 1, True),
        rule="A date is compared with the time of day, time.time().",
        rfc="RFC 9110 section 10.2.3",
        within_s=4,
    )
    ### END HIDDEN TESTS


# %% role="test" id="client-test-pages" points=1
@check.test
def _():
    # Page after page.
    RULE = dict(
        rule="As in exercise 9, with ApiError for ValueError: never twice, never elsewhere.",
        rfc="RFC 8288 section 3",
        within_s=4,
    )

    def pages(ApiClient, path, log=None, most=100, **options):
        with running(serve_hostile, log) as server:
            items, found = (
                [],
                ApiClient(sleep=lambda _: None).items(url_of(server, path), **options),
            )
            try:
                for item in found:
                    items.append(item["id"] if isinstance(item, dict) else item)
                    if len(items) == most:
                        break
            except Exception as error:
                items.append(f"{type(error).__name__} {error.args[0]}")
        return items

    def example(ApiClient):
        """Three pages, and two that lead to each other."""
        return pages(ApiClient, "/items"), pages(ApiClient, "/items-loop?page=1")

    check.probe(
        ApiClient,
        example,
        expected=([each["id"] for each in ITEMS], [1, 2, "ApiError pages"]),
        **RULE,
    )
    ### BEGIN HIDDEN TESTS

    def others(ApiClient):
        """Too many, elsewhere, no list, no page, no JSON; and how many were asked for when five are wanted."""
        log, elsewhere = [], []
        with running(serve_hostile, elsewhere) as there:
            away = urllib.parse.quote(url_of(there, "/items"), safe="")
            return [
                pages(ApiClient, "/items", max_pages=2),
                pages(ApiClient, "/items", max_pages=3),
                pages(ApiClient, f"/items-away?to={away}"),
                elsewhere,
                pages(ApiClient, "/good"),
                pages(ApiClient, "/none"),
                pages(ApiClient, "/html"),
                pages(ApiClient, "/items", log, 5),
                len(log),
            ]

    check.probe(
        ApiClient,
        others,
        expected=[
            [1, 2, 3, 4, 5, 6, "ApiError pages"],
            [1, 2, 3, 4, 5, 6, 7],
            [1, "ApiError pages"],
            [],
            ["ApiError pages"],
            ["ApiError status"],
            ["ApiError content"],
            [1, 2, 3, 4, 5],
            2,
        ],
        **RULE,
    )

    def each_page(ApiClient):
        """A clock that says after each request that two seconds more have passed; who sees the token."""
        log = []
        options = {"clock": lambda: 2.0 * len(log), "sleep": lambda _: None}
        with running(serve_hostile, log) as server:
            client = ApiClient("s3cret", deadline_s=5.0, **options)
            found = in_kind(lambda: [each["id"] for each in client.items(url_of(server, "/items"))])
        return found, [asked.fields.get("authorization") for asked in log]

    def an_empty_one(ApiClient):
        """Three pages, of which the second is empty."""

        def answer(request):
            at = int(request.target.rpartition("=")[2])
            link = () if at == 3 else (("Link", f"<?page={at + 1}>; rel=next"),)
            return Response(200, link, b"[]" if at == 2 else b"[%d]" % at)

        with running(serve_stock, answer) as server:
            return in_kind(lambda: list(ApiClient().items(url_of(server, "/?page=1"))))

    check.probe(ApiClient, an_empty_one, expected=[1, 3], **RULE)
    check.probe(
        ApiClient,
        each_page,
        expected=([1, 2, 3, 4, 5, 6, 7], ["Bearer s3cret"] * 3),
        rule="The deadline is for each page, and the token goes with each.",
        rfc="RFC 8288 section 3",
        within_s=4,
    )
    ### END HIDDEN TESTS


# %% role="test" id="client-test-nginx" points=1
@check.test
def _():
    # A server that nobody here wrote: nginx, where it is installed.
    from wirelab.servers.programs import NGINX, NotStarted, free_port, started

    RULE = dict(
        rule="nginx compresses, chunks, redirects and refuses.", rfc="RFC 9110", within_s=10
    )

    def with_nginx(ApiClient):
        """nginx: a page in gzip and chunks, a redirect, 404, 503, and nonsense."""
        port = free_port()
        site = f"""
            server {{
                listen 127.0.0.1:{port};
                default_type application/json;
                gzip on;
                gzip_types application/json;
                gzip_min_length 1;
                location = /page {{ return 200 '{{"by": "nginx", "more": "{"x" * 500}"}}'; }}
                location = /moved {{ return 308 /page; }}
                location = /busy {{ return 503; }}
                location = /text {{ return 200 'nonsense'; }}
            }}
        """
        try:
            with started(NGINX, site, port=port):
                client = ApiClient(sleep=lambda _: None)
                urls = [f"http://127.0.0.1:{port}/{name}" for name in names]
                return [in_kind(client.get, url) for url in urls]
        except NotStarted:
            return wanted

    names = ("page", "moved", "none", "busy", "text")
    page = {"by": "nginx", "more": "x" * 500}
    wanted = [page, page, "ApiError status", "ApiError status", "ApiError content"]
    check.probe(ApiClient, with_nginx, expected=wanted, **RULE)


# %% [markdown] role="given" id="client-show"
# For your own eyes: your client at every trap, each with a deadline of 0.3 seconds.

# %%
try:
    with running(serve_hostile) as server:
        client = ApiClient(deadline_s=0.3, attempts=2)
        for trap in TRAPS:
            began = time.monotonic()
            found = in_kind(client.get, url_of(server, trap.path))
            print(f"{trap.path:12} {str(found)[:40]:42} {time.monotonic() - began:5.2f} s")
except NotImplementedError:
    print("Exercise 10 comes first.")

# %% [markdown] role="given" id="recap"
# ## What to remember
#
# - **Octets or text**: know at every line which it is, and who encodes. `+` is a space in forms, and a
#   plus everywhere else.
# - A library sends more than you say and does more than you ask: fields, redirects, retries,
#   decompression, proxies. Look at the octets once.
# - 303 means "now GET"; 301 and 302 do to a POST; 307 and 308 keep everything. Secrets stay with
#   their **origin**.
# - Repeat only what is **idempotent**; wait with backoff, dice and Retry-After; obey one **deadline** for
#   all of it. A timeout is only the time between two arrivals.
# - Whatever the other side decides needs a limit: length, redirects, pages, what gzip becomes. And "it
#   ended" is not "it is whole".
#
# You meet it in practice when a nightly download is half a file and nobody noticed, when a job hangs
# "although there is a timeout", when one failure becomes a storm of retries, when an order is placed
# twice, when `Zoë` becomes `ZoÃ«`.
#
# Next come `23_sessions`, where the client carries a memory of the server, and `24_wsgi`, the other
# side of all this.
