"""A Set-Cookie line as a value, dates as cookies write them, and what a URL says about a site.

It must not know how a line is read, which cookie is kept nor which is sent: that is what learners
write.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_TOKENS = re.compile(r"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class SetCookie:
    """A Set-Cookie line that was read; attributes that were not said, or badly, have the defaults.

    `max_age` is in seconds, `expires` in seconds since 1970, `same_site` is "strict", "lax", "none"
    or "default".
    """

    name: str
    value: str
    max_age: int | None = None
    expires: int | None = None
    domain: str = ""
    path: str = ""
    secure: bool = False
    http_only: bool = False
    same_site: str = "default"


@dataclass(frozen=True)
class Place:
    """Where a request goes: scheme and host in lower case, the path without its query."""

    scheme: str
    host: str
    path: str


def place_of(url: str) -> Place:
    """Take an absolute URL apart; a port, which cookies know nothing of, is left out."""
    parts = urlsplit(url)
    return Place(parts.scheme.lower(), (parts.hostname or "").lower(), parts.path or "/")


def site_of(url: str) -> str:
    """The site of a URL: scheme and registrable domain, here the last two labels of the host.

    Browsers ask a list of public suffixes instead; in the lab every last label is one.
    """
    place = place_of(url)
    return f"{place.scheme}://{'.'.join(place.host.split('.')[-2:])}"


def cookie_date(text: str) -> int | None:
    """Read the date of an Expires attribute: seconds since 1970, None if it is none.

    It finds a time, a day, a month and a year among whatever else there is, as RFC 10025 section
    5.1.1 wants it.
    """
    time = day = month = year = None
    for token in _TOKENS.findall(text):
        if time is None and (found := _TIME.match(token)):
            time = tuple(map(int, found.groups()))
        elif day is None and (found := re.match(r"([0-9]{1,2})(?![0-9])", token)):
            day = int(found[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := re.match(r"([0-9]{2,4})(?![0-9])", token)):
            year = int(found[1])
    if time is None or day is None or month is None or year is None:
        return None
    year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    hour, minute, second = time
    if year < 1601 or hour > 23 or minute > 59 or second > 59:
        return None
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return calendar.timegm((year, month, day, hour, minute, second))
