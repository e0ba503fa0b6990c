"""The LAN view: who sends, who takes and drops, and what is noted down, frame by frame."""

from __future__ import annotations

import re

import pytest
from drawings import words

from wirelab.views import Lan, LanHost, LanStep

HOSTS = (
    LanHost("a", "10.0.0.1", "02:00:00:00:00:0a"),
    LanHost("b", "10.0.0.2", "02:00:00:00:00:0b", notes={"10.0.0.9": "FAILED"}),
    LanHost("c", "10.0.0.3", "02:00:00:00:00:0c"),
)
STEPS = (
    LanStep(
        sender="a",
        label="who-has 10.0.0.2",
        takes=("b",),
        note="A question, to everybody.",
        learns={"b": {"10.0.0.1": "02:00:00:00:00:0a", "10.0.0.9": ""}},
    ),
    LanStep(
        sender="b",
        to=("a",),
        label="is-at 02:00:00:00:00:0b",
        learns={"a": {"10.0.0.2": "02:00:00:00:00:0b"}},
    ),
    LanStep(sender="c", label="nobody cares", takes=()),
)


def scenes(view: Lan) -> list[str]:
    """The live drawing, cut where a scene begins."""
    return re.split(r'<g class="wl-scene" data-step="\d+"', view.drawing)[1:]


def test_each_frame_has_its_scene_and_one_stands_before_all():
    view = Lan(HOSTS, STEPS)
    assert re.findall(r'data-step="(\d+)"', view.drawing) == ["0", "1", "2", "3"]
    assert [saying["note"] for saying in view.sayings] == ["", "A question, to everybody.", "", ""]


def test_who_takes_and_who_drops_is_said_in_words():
    _, asked, told, ignored = scenes(Lan(HOSTS, STEPS))
    assert (asked.count(">takes it<"), asked.count(">drops it<")) == (1, 1)
    assert (told.count(">takes it<"), told.count(">drops it<")) == (1, 0)
    assert (ignored.count(">takes it<"), ignored.count(">drops it<")) == (0, 2)
    assert asked.count("wl-cross") == 1
    assert asked.count("wl-head-left") == 1


def test_notes_grow_stay_and_are_struck_out():
    before, asked, told, ignored = scenes(Lan(HOSTS, STEPS))
    assert "10.0.0.9 FAILED" in before
    assert "10.0.0.9" not in asked
    for later in (asked, told, ignored):
        assert "10.0.0.1 02:00:00:00:00:0a" in later
    assert "10.0.0.2 02:00:00:00:00:0b" not in asked
    assert "10.0.0.2 02:00:00:00:00:0b" in told
    assert (asked.count(">new<"), ignored.count(">new<")) == (1, 0)


def test_text_tells_the_same_story():
    text = Lan(HOSTS, STEPS, title="Three hosts").text()
    assert text.startswith("Three hosts.\n  a: 10.0.0.1, 02:00:00:00:00:0a")
    assert "1. a to everybody: who-has 10.0.0.2. Taken up by b, dropped by c." in text
    assert "   Noted by b: 10.0.0.1 02:00:00:00:00:0a." in text
    assert "2. b to a: is-at 02:00:00:00:00:0b." in text
    assert "3. c to everybody: nobody cares. Nobody takes it up." in text


def test_picture_shows_every_frame_with_its_note():
    said = words(Lan(HOSTS, STEPS).svg())
    assert "1. A question, to everybody." in said
    for label in ("who-has 10.0.0.2", "is-at 02:00:00:00:00:0b", "nobody cares"):
        assert label in said
    assert Lan(HOSTS, STEPS).svg() == Lan(HOSTS, STEPS).svg()


def test_picture_without_frames_shows_the_hosts():
    assert "10.0.0.9 FAILED" in words(Lan(HOSTS).svg())


def test_step_is_kept_between_the_first_and_the_last():
    assert [Lan(HOSTS, STEPS, step=n).step for n in (-1, 0, 2, 9)] == [0, 0, 2, 3]


@pytest.mark.parametrize(
    "step",
    [
        LanStep(sender="x", label=""),
        LanStep(sender="a", label="", to=("x",)),
        LanStep(sender="a", label="", takes=("x",)),
        LanStep(sender="a", label="", learns={"x": {}}),
    ],
    ids=["sender", "to", "takes", "learns"],
)
def test_a_host_that_is_not_there_is_refused(step):
    with pytest.raises(ValueError, match="'x'"):
        Lan(HOSTS, [step])
