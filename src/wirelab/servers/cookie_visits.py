"""Visits to two sites, step by step, with the cookies that each answer sets: one course for all.

It knows no client and no rule: what Chromium sent on this course was recorded, and stands in
chromium_cookies.json beside this file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

TYPED, LINK, FORM, IMAGE, REDIRECT = "typed", "link", "form", "image", "redirect"
"""How a request comes about: by hand, by a link on the page before, as that page's form (POST), as
an image in it, or because the answer before it says so."""


@dataclass(frozen=True)
class Step:
    """One request and the Set-Cookie lines of its answer."""

    url: str
    how: str
    sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Visit:
    """Steps with a fresh jar; the first is typed, pages of later ones are those before them."""

    name: str
    steps: tuple[Step, ...]


SHOP, BANK = "http://shop.localhost", "http://bank.localhost"
FOUR = (
    "strict=1; SameSite=Strict",
    "lax=1; SameSite=Lax",
    "none=1; SameSite=None; Secure",
    "unsaid=1",
)
PAST = "Expires=Thu, 01 Jan 1998 00:00:00 GMT"


def _visit(name: str, first: tuple[str, ...] | str, *steps: Step | str, at: str = "/") -> Visit:
    lines = (first,) if isinstance(first, str) else first
    later = steps or (f"{SHOP}/",)
    return Visit(
        name,
        (
            Step(at if at.startswith("http") else SHOP + at, TYPED, lines),
            *(step if isinstance(step, Step) else Step(step, LINK) for step in later),
        ),
    )


A, X, Y = "http://a.localhost", "http://x.a.localhost", "http://y.a.localhost"

VISITS: tuple[Visit, ...] = (
    _visit("two cookies", ("a=1", "b=2")),
    _visit("a word alone has no name", "token"),
    _visit("nor has =x", "=x"),
    _visit("of two without a name the later", ("one", "=two")),
    _visit("spaces around, spaces inside", "  a =  b c  "),
    _visit("quotes are part of the value", 'a="b c"'),
    _visit("an equals sign in the value", "a=b=c"),
    _visit("a comma is no end", "a=1, b=2"),
    _visit("an empty value", ("a=", "b=1")),
    _visit("a control character", ("a=b\x01c", "b=1")),
    _visit("4096 octets and one more", ("a=" + "x" * 4095, "b=" + "y" * 4096)),
    _visit("a newer value keeps its place", ("a=1", "b=2", "a=3")),
    _visit("names have a case", ("a=1", "A=2")),
    _visit("Max-Age=0 deletes", ("a=1", "b=2", "a=; Max-Age=0")),
    _visit("a date in the past deletes", ("a=1", "b=2", f"a=; {PAST}")),
    _visit("Max-Age beats Expires", (f"a=1; Max-Age=1000; {PAST}", f"b=1; {PAST}; Max-Age=1000")),
    _visit("a bad Max-Age is not there", f"a=1; Max-Age=1x; {PAST}"),
    _visit("a bad date is not there", "a=1; Expires=tomorrow"),
    _visit("attributes in any case", ("a=1; pATH=/docs", "b=2; MAX-AGE=0"), f"{SHOP}/docs"),
    _visit("the last Path counts", "a=1; Path=/x; Path=/docs", f"{SHOP}/docs", f"{SHOP}/x"),
    _visit(
        "the folder is the path",
        "a=1",
        f"{SHOP}/docs/other",
        f"{SHOP}/docs",
        f"{SHOP}/docsx",
        f"{SHOP}/",
        at="/docs/page",
    ),
    _visit(
        "the longer path first",
        ("a=1; Path=/", "a=2; Path=/docs", "b=3; Path=/"),
        f"{SHOP}/docs/x",
    ),
    _visit("a path ends at a slash", "a=1; Path=/docs/", f"{SHOP}/docs", f"{SHOP}/docs/"),
    _visit("a domain's cookie", "a=1; Domain=a.localhost", f"{Y}/", f"{A}/", at=f"{X}/"),
    _visit("a dot in front", "a=1; Domain=.a.localhost", f"{Y}/", at=f"{X}/"),
    _visit("a host's own cookie", "a=1", f"{Y}/", f"{A}/", "http://z.x.a.localhost/", at=f"{X}/"),
    _visit("another's domain", ("a=1; Domain=bank.localhost", "b=2"), f"{BANK}/", f"{SHOP}/"),
    _visit("a child's domain", ("a=1; Domain=x.a.localhost", "b=2"), f"{X}/", f"{A}/", at=f"{A}/"),
    _visit("everybody's domain", ("a=1; Domain=localhost", "b=2"), f"{SHOP}/"),
    _visit(
        "host-only is part of identity",
        ("s=1", "s=2; Domain=a.localhost"),
        f"{A}/",
        f"{X}/",
        at=f"{A}/",
    ),
    _visit(
        "a sibling plants one",
        "id=planted; Domain=a.localhost; Path=/",
        Step(f"{Y}/login", LINK, ("id=mine",)),
        f"{Y}/account",
        at=f"{X}/",
    ),
    _visit("two ports are one host", "a=1", f"{SHOP}:8002/", at=f"{SHOP}:8001/"),
    _visit(
        "an address has no domain",
        ("a=1", "b=1; Domain=0.0.1"),
        "http://127.0.0.1/",
        at="http://127.0.0.1/",
    ),
    _visit("Secure on localhost", ("a=1; Secure", "b=2")),
    _visit(
        "Secure elsewhere",
        ("a=1; Secure", "b=2"),
        "http://shop.example/",
        at="http://shop.example/",
    ),
    _visit(
        "prefixes",
        (
            "__Host-a=1; Secure; Path=/",
            "__Host-b=1; Secure; Path=/; Domain=shop.localhost",
            "__Host-c=1; Secure",
            "__Host-d=1; Path=/",
            "__host-e=1; Path=/",
            "__Secure-f=1; Secure",
            "__SECURE-g=1",
            "__Host-h",
        ),
    ),
    _visit("None needs Secure", ("a=1; SameSite=None", "b=2; SameSite=None; Secure")),
    _visit("a link from another site", FOUR, f"{BANK}/", f"{SHOP}/"),
    _visit("a form on another site", FOUR, f"{BANK}/", Step(f"{SHOP}/", FORM)),
    _visit("an image on another site", FOUR, f"{BANK}/", Step(f"{SHOP}/i.png", IMAGE)),
    _visit("an image on one's own site", FOUR, Step(f"{SHOP}/i.png", IMAGE)),
    _visit("a link from a sibling", FOUR, f"{Y}/", f"{X}/", at=f"{X}/"),
    _visit("redirected from another site", FOUR, f"{BANK}/", Step(f"{SHOP}/", REDIRECT)),
    _visit("redirected at home", ("a=1",), Step(f"{SHOP}/two", REDIRECT, ("b=2",)), f"{SHOP}/"),
    _visit(
        "a foreign image sets",
        (),
        Step(f"{BANK}/i.png", IMAGE, FOUR),
        f"{BANK}/",
    ),
    _visit("a foreign word for SameSite", "a=1; SameSite=Sometimes", f"{BANK}/", f"{SHOP}/"),
)


def recorded() -> dict[str, list[str]]:
    """What Chromium sent on each visit: its Cookie field ("" for none) at each step."""
    text = Path(__file__).with_name("chromium_cookies.json").read_text(encoding="utf-8")
    return json.loads(text)["sent"]


def recorded_by() -> str:
    """Which Chromium it was."""
    text = Path(__file__).with_name("chromium_cookies.json").read_text(encoding="utf-8")
    return json.loads(text)["version"]
