"""A progress bar for downloads: octets that have come, of how many, and how fast.

A few ipywidgets. It must not know where the octets come from; time is an argument.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import ipywidgets

WIDTH_PX = 320


class ProgressBar(ipywidgets.HBox):
    """A bar with a label: `bar.show(done, total)` after each piece, both in octets.

    `total` is None while it is not known: then the bar is full, and only the count moves. `text()`
    says the same in words.
    """

    def __init__(self, label: str = "", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._began = clock, clock()
        self._done, self._total = 0, None
        self._bar = ipywidgets.FloatProgress(
            value=0.0, max=1.0, layout=ipywidgets.Layout(width=f"{WIDTH_PX}px")
        )
        self._words = ipywidgets.Label("nothing yet")
        super().__init__([ipywidgets.Label(label), self._bar, self._words])

    def show(self, done: int, total: int | None = None) -> None:
        """Show that `done` octets have come, of `total`; raises ValueError for less than none."""
        if done < 0 or (total is not None and total < 0):
            raise ValueError("a number of octets is 0 or more")
        self._done, self._total = done, total
        over = total is not None and done > total
        self._bar.value = 1.0 if not total else min(1.0, done / total)
        whole = total is not None and done == total
        self._bar.bar_style = "danger" if over else "success" if whole else "info"
        self._words.value = self.text()

    def text(self) -> str:
        """What the bar shows, in words."""
        spent_s = self._clock() - self._began
        speed = f", {self._done / spent_s / 1000:,.0f} kB/s" if spent_s > 0 and self._done else ""
        if self._total is None:
            return f"{self._done:,} octets{speed}"
        share = f" ({self._done / self._total:.0%})" if self._total else ""
        return f"{self._done:,} of {self._total:,} octets{share}{speed}"

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        return {**(bundle or {}), "text/plain": self.text()}
