"""Draw the figures of `24_wsgi` from the lesson's own answers.

`reference` is the lesson's set-up and right answers; `FIGURES` maps a file name to its SVG. The
order of the skins is asked of `onion` before it is drawn.
"""

import reference

from wirelab.views.drawing import canvas, written

SKINS = [
    ("timed", "began = clock()", "log(clock() - began)"),
    ("gzipped", "wraps start_response", "packs each block"),
    ("with_error_page", "try", "except: the page"),
]


def in_order() -> bool:
    """Whether an error page comes out packed and is logged after its last block, as drawn."""
    app, _ = reference.saying(ZeroDivisionError("x"))
    log = []
    skin = reference.onion(app, lambda *said: log.append(said), lambda: 0, b"sorry")
    told = reference.call_app(skin, HTTP_ACCEPT_ENCODING="gzip")
    return len(log) == 1 and ("content-encoding", "gzip") in told.seen()[1]


def onion() -> str:
    """The way of a request in, and of its answer out."""
    assert in_order()
    title = "Three skins around an application"
    words = "In: timed, gzipped, with_error_page, app. Out again: the same in the opposite order."
    pen = canvas(880, 330, title=title, description=words, live=False)
    pen.text(24, 32, title, "wl-t wl-strong")
    pen.text(24, 128, "server", "wl-t wl-strong")
    for depth, (name, way_in, way_out) in enumerate(SKINS):
        x, y = 110 + 190 * depth, 52 + 24 * depth
        pen.box(x, y, 856 - 24 * depth - x, 310 - 24 * depth - y, "wl-panel", radius=14)
        pen.text(x + 16, y + 24, name, "wl-t wl-mono wl-strong")
        pen.text(x + 16, 162, way_in, "wl-t wl-small wl-muted")
        pen.text(x + 16, 226, way_out, "wl-t wl-small wl-muted")
    x = 110 + 190 * len(SKINS)
    pen.box(x, 140, 92, 84, "wl-cell wl-layer-b", radius=10)
    pen.text(x + 46, 186, "app", "wl-t wl-mono wl-strong wl-mid")
    pen.line(24, 172, x - 12, 172, "wl-shaft wl-shaft-left")
    pen.head(x - 2, 172, 0, "wl-head-left")
    pen.line(34, 206, x - 2, 206, "wl-shaft wl-shaft-right")
    pen.head(24, 206, 3.14159, "wl-head-right")
    pen.text(24, 160, "request", "wl-t wl-small")
    pen.text(24, 226, "answer", "wl-t wl-small")
    return written(pen)


FIGURES = {"onion.svg": onion()}
