"""The jar and its requests, drawn and told."""

from __future__ import annotations

import pytest
from drawings import JAR, words

from wirelab.views import CookieView


def test_tells_what_goes_and_why_the_rest_stays():
    text = CookieView(*JAR).text()
    assert "Cookie: b=2; a=1" in text
    assert "a stays: another host" in text
    assert "Cookie: (none)" in text


def test_draws_places_and_letters_for_reasons():
    lines = words(CookieView(*JAR, title="My jar").svg()).splitlines()
    assert {"My jar", "a", "b", "1", "2", "you type", "another host", "too old"} <= set(lines)


def test_choice_stays_within_the_requests():
    view = CookieView(*JAR, choice=99)
    assert view.choice == 1
    view.choice = -3
    assert view.choice == 0


def test_a_cookie_must_go_or_stay():
    cookies, _ = JAR
    for going, left in (([], {"a": "x"}), (["a=1", "b=2"], {"a": "x"})):
        with pytest.raises(ValueError, match="either go or stay"):
            CookieView(cookies, [("it", "GET /", going, left)])
    with pytest.raises(ValueError, match="shows nothing"):
        CookieView(cookies, [])
