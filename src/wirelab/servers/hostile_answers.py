"""The pages of the hostile site: what each sends, octet for octet, and what it is a trap for.

A page is a function of a visit; it returns whether the connection may be used again. It knows no
sockets.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

Page = Callable[[Any], bool]

PIECE = b"x" * 65_536
BOMB_BYTES = 20_000_000
FILE_BYTES = 100_000
ITEMS = [{"id": number, "name": f"note {number}"} for number in range(1, 8)]


@dataclass(frozen=True)
class Trap:
    """One path of the site: what it does, and what a client that trusts it comes to."""

    path: str
    does: str
    danger: str


TRAPS: list[Trap] = []
PAGES: dict[str, Page] = {}


def page(path: str, does: str = "", danger: str = "") -> Callable[[Page], Page]:
    """Enter a function as the page of `path`, and in `TRAPS` if it is a trap."""

    def enter(function: Page) -> Page:
        PAGES[path] = function
        if danger:
            TRAPS.append(Trap(path, does, danger))
        return function

    return enter


def head(status: int, *fields: str) -> bytes:
    """The octets of an answer's head, its empty line included."""
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} X", *fields, "")).encode()


def whole(visit: Any, content: bytes, *fields: str, status: int = 200, kind: str = "") -> bool:
    """Send an honest answer; the connection may be used again."""
    kind = kind or "application/json"
    octets = head(status, f"Content-Type: {kind}", f"Content-Length: {len(content)}", *fields)
    visit.send(octets if visit.asked.method == "HEAD" else octets + content)
    return True


def as_json(value: Any) -> bytes:
    """The value as JSON in UTF-8, letters as they are."""
    return json.dumps(value, ensure_ascii=False).encode()


def ticks(visit: Any) -> Iterator[int]:
    """One number after each pause, until the site ends, or `n` of the query has come."""
    for number in range(int(visit.query.get("n", 10**9))):
        if visit.pause(visit.tick_s):
            return
        yield number


@page("/nowhere")
def nowhere(visit: Any) -> bool:
    return whole(visit, as_json({"title": "no such page"}), status=404)


@page("/good")
def good(visit: Any) -> bool:
    return whole(visit, as_json({"name": "Zoë", "n": 1}))


@page("/echo")
def echo(visit: Any) -> bool:
    asked = visit.asked
    said = {"method": asked.method, "target": asked.target, "fields": asked.fields}
    return whole(visit, as_json(said | {"content": asked.content.decode("latin-1")}))


@page("/drip", "sends an octet now and then, for ever", "a timeout for each recv never fires")
def drip(visit: Any) -> bool:
    visit.send(head(200, "Content-Type: application/json", "Content-Length: 100000"))
    for _ in ticks(visit):
        visit.send(b" ")
    return False


@page("/drip-head", "the same with the head", "the library reads the head, you cannot look in")
def drip_head(visit: Any) -> bool:
    visit.send(b"HTTP/1.1 200 X\r\nX-Slow: ")
    for _ in ticks(visit):
        visit.send(b"z")
    return False


@page("/silent", "takes the request and says nothing", "without a timeout: for ever")
def silent(visit: Any) -> bool:
    for _ in ticks(visit):
        pass
    return False


@page("/late", "answers after `s` seconds", "a timeout that nobody handed on")
def late(visit: Any) -> bool:
    visit.pause(float(visit.query.get("s", "1")))
    return whole(visit, as_json({"late": True}))


@page("/cut", "promises 1,000 octets, sends 400, closes", "half a file that looks whole")
def cut(visit: Any) -> bool:
    visit.send(head(200, "Content-Type: text/plain", "Content-Length: 1000") + b"a" * 400)
    return False


@page("/cut-chunks", "chunks without the last one, then closes", "as above, without a length")
def cut_chunks(visit: Any) -> bool:
    octets = head(200, "Content-Type: application/json", "Transfer-Encoding: chunked")
    visit.send(octets + b"7\r\n[1,2,3]\r\n")
    return False


@page("/reset", "resets the connection in the middle", "an exception of another kind")
def reset(visit: Any) -> bool:
    visit.send(head(200, "Content-Type: text/plain", "Content-Length: 1000") + b"a" * 400)
    visit.pause(visit.tick_s)  # or the RST may overtake what was sent
    visit.reset()
    return False


@page("/more", "sends more than its length says", "the rest is read as the next answer")
def more(visit: Any) -> bool:
    content = as_json({"more": 1})
    octets = head(200, "Content-Type: application/json", f"Content-Length: {len(content)}")
    visit.send(octets + content + b'{"more": 2}' * 3)
    return False


@page("/loop", "redirects to itself", "redirects without end")
def loop(visit: Any) -> bool:
    return whole(visit, b"", "Location: /loop", status=302)


@page("/maze", "redirects to /maze/1, that to /maze/2, ...", "no page comes twice")
def maze(visit: Any) -> bool:
    number = int(re.sub(r"[^0-9]", "", visit.path)[:9] or "0")
    return whole(visit, b"", f"Location: /maze/{number + 1}", status=302)


@page("/away", "redirects to what `to` in the query says", "your password goes there too")
def away(visit: Any) -> bool:
    return whole(visit, b"", f"Location: {visit.query.get('to', '/good')}", status=307)


@page("/bomb", "20 kB of gzip that become 20 MB", "memory")
def bomb(visit: Any) -> bool:
    return whole(visit, _bomb(), "Content-Encoding: gzip")


@page("/endless", "chunks without end, as fast as you read", "memory, or disk")
def endless(visit: Any) -> bool:
    visit.send(head(200, "Content-Type: application/json", "Transfer-Encoding: chunked"))
    while not visit.pause(0):
        visit.send(b"%x\r\n" % len(PIECE) + PIECE + b"\r\n")
    return False


@page("/huge", "promises a terabyte", "what reads it into a buffer of that size")
def huge(visit: Any) -> bool:
    visit.send(head(200, "Content-Type: application/json", f"Content-Length: {10**12}"))
    for _ in ticks(visit):
        visit.send(PIECE[:1024])
    return False


@page("/fields", "a head that never ends", "memory, before the first octet of content")
def fields(visit: Any) -> bool:
    visit.send(b"HTTP/1.1 200 X\r\n")
    while not visit.pause(0):
        visit.send(b"X-More: " + PIECE[:8000] + b"\r\n")
    return False


@page("/junk", "answers, but not in HTTP", "a parser that takes anything")
def junk(visit: Any) -> bool:
    visit.send(b"220 mail.example ready\r\n250 at your service\r\n\r\n")
    return False


@page("/latin", "says UTF-8, sends Latin-1", "question marks, or an exception of its own")
def latin(visit: Any) -> bool:
    content = '{"name": "Zoë"}'.encode("latin-1")
    return whole(visit, content, kind="application/json; charset=utf-8")


@page("/label", "says Latin-1, sends UTF-8, as JSON must be", "ZoÃ« instead of Zoë")
def label(visit: Any) -> bool:
    return whole(visit, as_json({"name": "Zoë"}), kind="application/json; charset=iso-8859-1")


@page("/html", "says JSON, sends a page for people", "an exception from the parser")
def html(visit: Any) -> bool:
    return whole(visit, b"<!doctype html><title>Please log in</title>")


@page("/busy", "503 with Retry-After the first `n` times", "giving up, or asking at once again")
def busy(visit: Any) -> bool:
    times, wait = int(visit.query.get("n", "2")), visit.query.get("wait", "1")
    if visit.count(visit.asked.target) < times:
        return whole(visit, b"{}", f"Retry-After: {wait}", status=503)
    return whole(visit, as_json({"done": True}))


@page("/drops", "closes without an answer the first `n` times", "giving up, or a POST done twice")
def drops(visit: Any) -> bool:
    if visit.count(visit.asked.target) < int(visit.query.get("n", "1")):
        return False
    return whole(visit, as_json({"done": True}))


@page("/items")
def items(visit: Any) -> bool:
    at = int(visit.query.get("page", "1"))
    part = ITEMS[3 * at - 3 : 3 * at]
    later = [f'Link: </items?page={at + 1}>; rel="next"'] if 3 * at < len(ITEMS) else []
    return whole(visit, as_json(part), *later)


@page("/items-loop", "page 2 says that page 1 comes next", "pages without end")
def items_loop(visit: Any) -> bool:
    at = int(visit.query.get("page", "1"))
    link = f"Link: </items-loop?page={3 - at}>; rel=next"
    return whole(visit, as_json(ITEMS[at - 1 : at]), link)


@page("/items-away", "the next page is on the host in `to`", "your password goes there too")
def items_away(visit: Any) -> bool:
    link = f'Link: <{visit.query.get("to", "/items")}>; rel="next"'
    return whole(visit, as_json(ITEMS[:1]), link)


@page("/file")
def file(visit: Any) -> bool:
    """A file with an ETag and ranges; with `cut`, each answer breaks off after so many octets."""
    content, tag = file_content(), f'"{hashlib.sha256(file_content()).hexdigest()[:8]}"'
    asked, status, first = visit.asked.fields, 200, 0
    found = re.fullmatch(r"bytes=([0-9]+)-", asked.get("range", ""))
    if found and asked.get("if-range", tag) == tag:
        status, first = 206, int(found[1])
    if first >= len(content):
        return whole(visit, b"", f"Content-Range: bytes */{len(content)}", status=416)
    lines = [f"ETag: {tag}", "Accept-Ranges: bytes", f"Content-Length: {len(content) - first}"]
    if status == 206:
        lines.append(f"Content-Range: bytes {first}-{len(content) - 1}/{len(content)}")
    part = content[first:]
    sent = part[: int(visit.query.get("cut", len(part)))]
    visit.send(head(status, "Content-Type: application/octet-stream", *lines) + sent)
    return len(sent) == len(part)


@cache
def file_content() -> bytes:
    """The octets of /file, the same each time."""
    return random.Random(22).randbytes(FILE_BYTES)


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * BOMB_BYTES, mtime=0)
