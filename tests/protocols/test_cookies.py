"""Dates as cookies write them, and what a URL says about a site."""

from __future__ import annotations

from http.cookiejar import http2time

import pytest

from wirelab.protocols.cookies import Place, cookie_date, place_of, site_of


@pytest.mark.parametrize(
    "text",
    [
        "Wed, 09 Jun 2021 10:18:14 GMT",
        "Wednesday, 09-Jun-21 10:18:14 GMT",
        "Thu, 29 Feb 2024 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
    ],
)
def test_dates_that_the_standard_library_reads_too(text: str) -> None:
    assert cookie_date(text) == http2time(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "30 Feb 2024 00:00:00",
        "1 Jan 1600 00:00:00",
        "1 Jan 2024 24:00:00",
        "1 Jan 2024 00:60:00",
        "1 Jan 2024 00:00:60",
        "32 Jan 2024 00:00:00",
        "0 Jan 2024 00:00:00",
        "Jan 2024 00:00:00",
        "1 Jan 2024",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert cookie_date(text) is None


def test_years_of_two_digits() -> None:
    assert cookie_date("1 Jan 70 00:00:00") == 0
    assert cookie_date("1 Jan 69 00:00:00") == cookie_date("1 Jan 2069 00:00:00")


def test_places_and_sites() -> None:
    assert place_of("HTTP://X.A.localhost:8001/b/c?d#e") == Place("http", "x.a.localhost", "/b/c")
    assert place_of("https://a.example") == Place("https", "a.example", "/")
    assert site_of("http://x.a.localhost:8001/") == site_of("http://y.a.localhost/")
    assert site_of("http://a.localhost/") != site_of("http://b.localhost/")
    assert site_of("http://a.localhost/") != site_of("https://a.localhost/")
