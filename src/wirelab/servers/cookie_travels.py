"""The sites of the visits, and clients that nobody here wrote sent on them: requests and Chromium.

It knows no rule about cookies: it writes down which Cookie field came with each request.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wirelab.protocols.http import Request, Response
from wirelab.servers.cookie_visits import FORM, IMAGE, REDIRECT, VISITS, Step, Visit
from wirelab.servers.running import running
from wirelab.servers.stock_site import serve_stock

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = "install Chromium (Debian: apt install chromium) to see it on the same course"
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
)
COURSE_S = 40.0


class Sites:
    """Answers every host's requests on a course of visits; `sent` is what came, per visit and step.

    A request says in its query which visit and step it is, since paths belong to the cookies.
    """

    def __init__(self, visits: Sequence[Visit] = VISITS, apart: bool = False) -> None:
        self.visits, self.apart = visits, apart
        self.sent = {visit.name: [""] * len(visit.steps) for visit in visits}
        self.over = threading.Event()

    def url(self, visit: int, step: int) -> str:
        """The URL of a step; with `apart` every visit has hosts of its own."""
        return f"{self._own(visit, self.visits[visit].steps[step].url)}?v={visit}&s={step}"

    def answer(self, request: Request) -> Response:
        """Note the request's cookies and answer with the step's; a page leads on to the next."""
        asked = parse_qs(urlsplit(request.target).query)
        if "v" not in asked:
            return Response(404)
        visit, at = int(asked["v"][0]), int(asked["s"][0])
        steps = self.visits[visit].steps
        self.sent[self.visits[visit].name][at] = "; ".join(request.values("cookie"))
        lines = tuple(("Set-Cookie", self._own(visit, line)) for line in steps[at].sets)
        following = steps[at + 1] if at + 1 < len(steps) else None
        fields = (*lines, ("Cache-Control", "no-store"), ("Connection", "close"))
        if following and following.how == REDIRECT:
            return Response(302, (*fields, ("Location", self.url(visit, at + 1))))
        if steps[at].how == IMAGE:
            return Response(200, (*fields, ("Content-Type", "image/png")))
        page = self._page(visit, at).encode()
        return Response(200, (*fields, ("Content-Type", "text/html; charset=utf-8")), page)

    def _page(self, visit: int, at: int) -> str:
        """A page that shows the images that follow it, and then goes on by itself."""
        steps = self.visits[visit].steps
        images = []
        while at + 1 < len(steps) and steps[at + 1].how == IMAGE:
            at += 1
            images.append(self.url(visit, at))
        if at + 1 < len(steps):
            target, how = self.url(visit, at + 1), steps[at + 1].how
        elif visit + 1 < len(self.visits):
            target, how = self.url(visit + 1, 0), ""
        else:
            self.over.set()
            target, how = "", ""
        method = "post" if how == FORM else "get"
        return (
            f'<form id=f method={method} action="{html.escape(target)}"></form><script>'
            f"const images = {json.dumps(images)}, target = {json.dumps(target)};"
            "const on = () => { if (images.length) { const i = new Image();"
            " i.onload = i.onerror = on; i.src = images.shift(); }"
            f" else if ({json.dumps(method)} == 'post') document.getElementById('f').submit();"
            " else if (target) location.href = target; };"
            " onload = () => setTimeout(on, 0);</script>"
        )

    def _own(self, visit: int, text: str) -> str:
        return (
            re.sub(r"\b(a|shop|bank)(?=\.(localhost|example))", rf"\g<1>{visit}", text)
            if self.apart
            else text
        )


def sent_by_requests(visits: Sequence[Visit] = VISITS) -> dict[str, list[str]]:
    """What `requests` sends on each visit, a session for each."""
    import requests

    sites = Sites(visits)
    with running(serve_stock, sites.answer) as server:
        for number, visit in enumerate(visits):
            with requests.Session() as session:
                session.trust_env = False
                session.proxies = {"http": "http://{}:{}".format(*server.address)}
                for at, step in enumerate(visit.steps):
                    if step.how != REDIRECT:  # it follows redirects by itself
                        method = "POST" if step.how == FORM else "GET"
                        session.request(method, sites.url(number, at), timeout=5).close()
    return sites.sent


def chromium() -> str | None:
    """The Chromium that is installed, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def sent_by_chromium(
    visits: Sequence[Visit] = VISITS, within_s: float = COURSE_S
) -> dict[str, list[str]]:
    """What the installed Chromium sends on each visit.

    Raises RuntimeError where there is none, and where it takes longer than `within_s` seconds.
    """
    program = chromium()
    if program is None:
        raise RuntimeError(INSTALL)
    sites = Sites(visits, apart=True)
    with (
        running(serve_stock, sites.answer) as server,
        tempfile.TemporaryDirectory(
            prefix="wirelab-chromium-", ignore_cleanup_errors=True
        ) as folder,
    ):
        host, port = server.address
        own = (f"--user-data-dir={folder}", f"--host-resolver-rules=MAP * {host}:{port}")
        process = subprocess.Popen(
            [program, *OPTIONS, *own, sites.url(0, 0)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if not sites.over.wait(within_s):
                raise RuntimeError(f"Chromium did not come to the end within {within_s:.0f} s")
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
    return sites.sent


def chromium_version() -> str:
    """What the installed Chromium calls itself."""
    program = chromium()
    if program is None:
        return ""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30)
    return done.stdout.strip()


def sent_by(
    go: Callable[[Visit, Callable[[int], str], tuple[str, int]], Any],
    visits: Sequence[Visit] = VISITS,
) -> dict[str, list[str]]:
    """What a client sends: `go(visit, url, address)` takes it through the steps of one visit.

    `url(n)` is the URL of the visit's step n, to be asked of `address`.
    """
    sites = Sites(visits)
    with running(serve_stock, sites.answer) as server:
        for number, visit in enumerate(visits):
            go(visit, lambda step, number=number: sites.url(number, step), server.address)
    return sites.sent


def page_before(steps: Sequence[Step], at: int) -> str:
    """The URL of the page on which step `at` came about, "" for one that was typed."""
    while at and steps[at].how == REDIRECT:
        at -= 1
    before = at - 1
    while before > 0 and steps[before].how == IMAGE:
        before -= 1
    return "" if before < 0 or steps[at].how == "typed" else steps[before].url
