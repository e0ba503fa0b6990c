"""What all views share: one style, a text alternative, and a picture where no widget can run.

It knows no protocol. The front end of each view is the JavaScript file with the view's own stem,
after `parts.js`.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pathlib import Path

import anywidget
import traitlets

from wirelab.views.style import live_style

HERE = Path(__file__).parent


def front_end(stem: str) -> str:
    """Return the JavaScript of the view with that stem, the shared parts first."""
    files = (HERE / "parts.js", HERE / f"{stem}.js")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


class View(anywidget.AnyWidget):
    """A widget with two other forms: `svg()`, a picture on its own, and `text()`, words."""

    _css = live_style()

    drawing = traitlets.Unicode().tag(sync=True)
    """The picture as the live view shows it: SVG without style."""
    alternative = traitlets.Unicode().tag(sync=True)
    """What `text()` gave when the picture was drawn."""

    def svg(self) -> str:
        """Return the view as an SVG file that needs nothing else; the same each time."""
        raise NotImplementedError

    def text(self) -> str:
        """Return in words what the picture shows."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        data["image/svg+xml"] = picture = self.svg()
        data["text/plain"] = words = self.text()
        data["text/html"] = _page_part(picture, words)
        return data, metadata


def _page_part(picture: str, words: str) -> str:
    """Return the picture for a page that runs no widgets: an image, so that its style stays its
    own, and the words, which a picture's description alone would hide from many readers."""
    encoded = b64encode(picture.encode()).decode()
    name = escape(words.partition("\n")[0])
    return (
        f'<img alt="{name}" src="data:image/svg+xml;base64,{encoded}" style="max-width: 100%">\n'
        f"<details><summary>In words</summary><pre>{escape(words)}</pre></details>"
    )
