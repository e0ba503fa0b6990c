"""The progress bar: what it shows and says for each number of octets."""

from __future__ import annotations

import pytest

from wirelab.views.progress import ProgressBar


class Clock:
    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def bar():
    bar = ProgressBar("/file", clock=Clock())
    bar._clock.now += 2.0
    return bar


def parts(bar):
    label, progress, words = bar.children
    return label.value, progress.value, progress.bar_style, words.value


def test_nothing_yet(bar):
    assert parts(bar) == ("/file", 0.0, "", "nothing yet")
    assert bar.text() == "0 octets"


@pytest.mark.parametrize(
    ("done", "total", "value", "style", "words"),
    [
        (0, 100_000, 0.0, "info", "0 of 100,000 octets (0%)"),
        (40_000, 100_000, 0.4, "info", "40,000 of 100,000 octets (40%), 20 kB/s"),
        (100_000, 100_000, 1.0, "success", "100,000 of 100,000 octets (100%), 50 kB/s"),
        (100_001, 100_000, 1.0, "danger", "100,001 of 100,000 octets (100%), 50 kB/s"),
        (40_000, None, 1.0, "info", "40,000 octets, 20 kB/s"),
        (0, 0, 1.0, "success", "0 of 0 octets"),
    ],
)
def test_what_it_shows(bar, done, total, value, style, words):
    bar.show(done, total)
    assert parts(bar) == ("/file", value, style, words)
    assert bar.text() == words


def test_it_has_words_where_no_widget_runs(bar):
    bar.show(5, 10)
    data = bar._repr_mimebundle_()
    assert data["text/plain"] == "5 of 10 octets (50%), 0 kB/s"
    assert "application/vnd.jupyter.widget-view+json" in data


@pytest.mark.parametrize(("done", "total"), [(-1, 10), (1, -1)])
def test_less_than_nothing(bar, done, total):
    with pytest.raises(ValueError, match="octets"):
        bar.show(done, total)
