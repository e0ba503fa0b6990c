"""Draw the figures of `21_http` from the data of the lesson's own cells.

`reference` is the lesson's set-up; `FIGURES` maps a file name to its SVG. `wirelab draw`
writes them, and a test compares.
"""

import reference

from wirelab.views import MessageView
from wirelab.views.drawing import canvas, written

CLASSES = (
    ("1", "Wait", "I have it, go on", "the client, with the content", "100 103"),
    ("2", "Done", "it was received, understood, accepted", "nobody", "200 201 202 204"),
    ("3", "More", "one more step is needed", "the client, at once", "303 304 307 308"),
    (
        "4",
        "You",
        "bad syntax, or cannot be fulfilled",
        "the client, differently",
        "400 401 404 409",
    ),
    ("5", "Me", "a valid request, and I failed", "the client, later, or my keeper", "500 502 503"),
)


def classes() -> str:
    """The five classes of status codes: what they say, whose turn it is, examples."""
    title = "The five classes of status codes"
    words = "; ".join(f"{d}xx {said}, next: {whose}" for d, _, said, whose, _ in CLASSES)
    pen = canvas(880, 48 + 62 * len(CLASSES), title=title, description=words, live=False)
    for x, head in ((150, "it says"), (450, "whose turn it is"), (735, "for example")):
        pen.text(x, 32, head, "wl-t wl-small wl-muted")
    for row, (digit, name, said, whose, codes) in enumerate(CLASSES):
        y = 44 + 62 * row
        tint = ("wl-layer-a", "wl-layer-a", "wl-layer-b", "wl-layer-b", "wl-layer-c")[row]
        pen.box(24, y, 832, 50, f"wl-cell {tint}", radius=8)
        pen.text(44, y + 31, f"{digit}xx", "wl-t wl-strong wl-mono")
        pen.text(88, y + 31, name, "wl-t wl-strong")
        pen.text(150, y + 31, said, "wl-t")
        pen.text(450, y + 31, whose, "wl-t")
        pen.text(735, y + 31, codes, "wl-t wl-small wl-mono")
    return written(pen)


FIGURES = {
    "exchange.svg": MessageView(reference.PIECES, left="client", right="server").svg(),
    "classes.svg": classes(),
}
