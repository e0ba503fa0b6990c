"""The course of visits: well made, the same each time, and as Chromium was recorded on it."""

from __future__ import annotations

from support import require

from wirelab.servers.cookie_travels import chromium, page_before, sent_by_chromium, sent_by_requests
from wirelab.servers.cookie_visits import VISITS, recorded, recorded_by


def test_every_visit_is_recorded_step_by_step() -> None:
    sent = recorded()
    assert {visit.name: len(visit.steps) for visit in VISITS} == {
        name: len(steps) for name, steps in sent.items()
    }
    assert len({visit.name for visit in VISITS}) == len(VISITS)
    assert all(steps[0] == "" for steps in sent.values())
    assert "Chrom" in recorded_by()


def test_requests_sends_the_same_each_time() -> None:
    assert sent_by_requests() == sent_by_requests()


def test_the_page_before_a_step() -> None:
    steps = {visit.name: visit.steps for visit in VISITS}
    image = steps["an image on another site"]
    assert page_before(image, 0) == ""
    assert page_before(image, 2) == "http://bank.localhost/"
    after = steps["a foreign image sets"]
    assert page_before(after, 2) == "http://shop.localhost/"
    assert page_before(steps["redirected from another site"], 2) == "http://shop.localhost/"


def test_chromium_does_as_it_was_recorded() -> None:
    require(chromium(), "install Chromium (Debian: apt install chromium)")
    sent = sent_by_chromium()
    assert {name: sent[name] for name in sent if sent[name] != recorded()[name]} == {}
