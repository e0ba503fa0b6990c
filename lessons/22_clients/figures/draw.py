"""Draw the figures of `22_clients`: two clients' defaults, the redirects, and the crowd of retries.

`reference` is the lesson's set-up and its answers; `FIGURES` maps a file name to its SVG. `wirelab
draw` writes them, and a test compares.
"""

import re
import urllib.request

import reference
import requests

from wirelab.protocols.http import Request, Response
from wirelab.views.drawing import canvas, written
from wirelab.views.plots import Panel, Plot

WHY = {
    "Host": "which of the sites at this address",
    "User-Agent": "who asks, for statistics",
    "Accept-Encoding": "whether it may be compressed",
    "Accept": "which types will do",
    "Connection": "whether another may follow",
}


def defaults() -> str:
    """The plainest GET of urllib and of requests, line beside line."""
    told = {}
    for client, ask in (
        ("urllib.request", lambda url: urllib.request.urlopen(url).read()),
        ("requests", lambda url: requests.get(url, timeout=5).content),
    ):
        (octets,), _ = reference.octets_of(ask)
        lines = octets.decode().split("\r\n")[1:-2]
        lines = [
            re.sub(r"(gzip, deflate).*", r"\1, ...", line) for line in lines
        ]  # by what is installed
        # versions differ from one machine to the next
        told[client] = dict(re.sub(r"/\d[\d.]*$", "/...", line).split(": ", 1) for line in lines)
    title = "The same GET from two clients"
    said = [
        f"{name}: "
        + "; ".join(f"{client} {each.get(name, 'nothing')}" for client, each in told.items())
        for name in WHY
    ]
    pen = canvas(880, 84 + 58 * len(WHY), title=title, description="\n".join(said), live=False)
    for x, head in ((200, "urllib.request"), (430, "requests"), (630, "what it decides")):
        pen.text(x, 34, head, "wl-t wl-small wl-muted")
    for row, (name, why) in enumerate(WHY.items()):
        y = 48 + 58 * row
        values = [told[client].get(name) for client in told]
        tint = "wl-layer-a" if name == "Host" else "wl-layer-b" if None in values else "wl-layer-c"
        pen.box(24, y, 832, 46, f"wl-cell {tint}", radius=8)
        pen.text(40, y + 28, name, "wl-t wl-strong")
        for x, value in zip((200, 430), values, strict=True):
            value = re.sub(r":\d+", ":8080", value) if value else "(not sent)"
            pen.text(
                x, y + 28, value, "wl-t wl-small" + (" wl-mono" if value[0] != "(" else " wl-muted")
            )
        pen.text(630, y + 28, why, "wl-t wl-small")
    pen.text(
        24,
        68 + 58 * len(WHY),
        "By default; you asked for none of these lines. Only the first is the same in both.",
        "wl-t wl-small wl-muted",
    )
    return written(pen)


def redirects() -> str:
    """What becomes of a method and its content at each redirect, as the right answer has it."""
    methods = ("GET", "HEAD", "POST", "PUT", "DELETE")
    title = "What a redirect makes of a request"
    found = {
        (method, status): reference.redirected(
            Request(
                method, "http://a.example/", content=b"x" if method in ("POST", "PUT") else b""
            ),
            Response(status, (("location", "/y"),)),
        )
        for method in methods
        for status in reference.STATUSES
    }
    said = [f"{method} at {status} becomes {new.method}" for (method, status), new in found.items()]
    pen = canvas(880, 96 + 54 * len(methods), title=title, description="\n".join(said), live=False)
    meaning = {301: "moved", 302: "found", 303: "see other", 307: "temporary", 308: "permanent"}
    for column, status in enumerate(reference.STATUSES):
        x = 150 + 145 * column
        pen.text(x, 34, str(status), "wl-t wl-strong wl-mono")
        pen.text(x + 40, 34, meaning[status], "wl-t wl-small wl-muted")
    for row, method in enumerate(methods):
        y = 48 + 54 * row
        pen.text(32, y + 27, method, "wl-t wl-strong wl-mono")
        for column, status in enumerate(reference.STATUSES):
            new = found[method, status]
            changed = new.method != method
            pen.box(
                140 + 145 * column,
                y,
                132,
                44,
                f"wl-cell {'wl-layer-b' if changed else 'wl-layer-a'}",
            )
            words = f"{new.method}, no content" if changed else method
            if not changed and new.content:
                words += " + content"
            pen.text(
                150 + 145 * column,
                y + 27,
                words,
                "wl-t wl-small" + (" wl-strong" if changed else ""),
            )
    pen.text(
        32,
        76 + 54 * len(methods),
        "At 301 and 302 a client MAY make a GET of a POST, and nearly all do; 303 always does.",
        "wl-t wl-small wl-muted",
    )
    return written(pen)


def crowd() -> str:
    """Requests of a thousand clients that failed together, with and without dice."""
    both = {
        name: reference.herd(1000, jitter)
        for name, jitter in (("without jitter", False), ("with jitter", True))
    }
    panel = Panel("", "seconds after the failure", "requests in half a second", both)
    return Plot("A thousand clients come back", panel).svg()


FIGURES = {"defaults.svg": defaults(), "redirects.svg": redirects(), "herd.svg": crowd()}
