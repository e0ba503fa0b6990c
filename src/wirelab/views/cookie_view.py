"""A jar of cookies and requests to send from it: which go with which, and why the others stay.

It must not know a rule about cookies: what goes and what stays is said by whoever makes the view.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import traitlets

from wirelab.views.cookie_drawing import Shown, draw_jar
from wirelab.views.view import View, front_end


class CookieView(View):
    """A jar: `CookieView(cookies, requests)`; `choice` is the request shown first.

    A cookie is (name, its Set-Cookie line, the URL that set it); a request is (how it comes about,
    method and URL, the `name=value` that go in order, name to reason for those that stay). Raises
    ValueError where a cookie of the jar neither goes nor stays, or does both.
    """

    _esm = front_end("cookie_view")

    choice = traitlets.Int(0).tag(sync=True)
    """The request that is looked at, from 0."""
    cookies = traitlets.List(traitlets.Dict()).tag(sync=True)
    """`name`, `line`, `url` of each cookie."""
    requests = traitlets.List(traitlets.Dict()).tag(sync=True)
    """`label`, `what`, `header`, and `fates`: for each cookie in turn `place` (from 1) or `why`."""

    def __init__(
        self,
        cookies: Iterable[tuple[str, str, str]],
        requests: Iterable[tuple[str, str, Sequence[str], Mapping[str, str]]],
        *,
        title: str = "A cookie jar",
        choice: int = 0,
    ) -> None:
        self._title = title
        jar = [{"name": name, "line": line, "url": url} for name, line, url in cookies]
        shown = [
            {
                "label": label,
                "what": what,
                "header": "; ".join(going),
                "fates": _fates([each["name"] for each in jar], going, left),
            }
            for label, what, going, left in requests
        ]
        if not jar or not shown:
            raise ValueError("a jar without cookies or without requests shows nothing")
        super().__init__(cookies=jar, requests=shown)
        self.choice = choice
        self.drawing = self._drawn(live=True)
        self.alternative = self.text()

    @traitlets.validate("choice")
    def _within(self, proposal: dict) -> int:
        return max(0, min(proposal["value"], len(self.requests) - 1))

    def svg(self) -> str:
        """Return all requests and cookies as a table, an SVG file that needs nothing else."""
        return self._drawn(live=False)

    def text(self) -> str:
        """Return the jar, and for each request what goes and why the rest stays."""
        lines = [f"{self._title}: {len(self.cookies)} cookies."]
        lines += [f"  {each['line']}  (from {each['url']})" for each in self.cookies]
        for number, each in enumerate(self.requests, start=1):
            lines.append(f"{number}. {each['label']}: {each['what']}")
            lines.append(f"   Cookie: {each['header'] or '(none)'}")
            lines += [
                f"   {cookie['name']} stays: {fate['why']}"
                for cookie, fate in zip(self.cookies, each["fates"], strict=True)
                if fate["why"]
            ]
        return "\n".join(lines)

    def _drawn(self, *, live: bool) -> str:
        shown = [
            Shown(each["label"], [(fate["place"], fate["why"]) for fate in each["fates"]])
            for each in self.requests
        ]
        return draw_jar(
            [(each["name"], each["line"]) for each in self.cookies],
            shown,
            title=self._title,
            description=self.text().replace("http://", ""),  # a picture leads nowhere
            live=live,
        )


def _fates(names: list[str], going: Sequence[str], left: Mapping[str, str]) -> list[dict]:
    places = {each.partition("=")[0]: place for place, each in enumerate(going, start=1)}
    for name in names:
        if (name in places) == (name in left):
            raise ValueError(f"cookie {name!r} must either go or stay, with a reason")
    return [{"place": places.get(name, 0), "why": left.get(name, "")} for name in names]
