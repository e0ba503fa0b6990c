"""Draw the figures of `23_sessions` from the data of the lesson's own cells.

`reference` is the lesson's set-up and right answers; `FIGURES` maps a file name to its SVG. The jar
that is shown is asked whether the picture is right.
"""

import reference

from wirelab.views.drawing import canvas, written

IDLE, ABSOLUTE = 30, 120
USES = (0, 22, 40, 64, 86, 108)


def jar() -> str:
    """The jar of the lesson, once the right answer has agreed with it."""
    view = reference.jar_view()
    for (label, url, age, how), shown in zip(reference.REQUESTS, view.requests, strict=True):
        right = reference.CookieJar()
        for _, line, by in reference.JAR:
            assert right.receive(line, by, 0)
        assert right.header(url, age, **how) == shown["header"], label
    return view.svg()


def expiry() -> str:
    """A session's life: each use begins the idle time again, the absolute limit stays."""
    title = "A session with 30 minutes idle and 2 hours absolute"
    words = (
        "Used at "
        + ", ".join(map(str, USES))
        + " minutes; it ends at 120, though it was used at 108."
    )
    pen = canvas(880, 236, title=title, description=words, live=False)

    def x(minute: float) -> float:
        return 56 + 5.6 * minute

    pen.text(24, 32, title, "wl-t wl-strong")
    pen.line(x(0), 150, x(140), 150, "wl-rule")
    for minute in range(0, 141, 20):
        pen.line(x(minute), 146, x(minute), 154, "wl-rule")
        pen.text(x(minute), 172, f"{minute} min", "wl-t wl-small wl-mid wl-muted")
    for number, use in enumerate(USES):
        end = min(use + IDLE, ABSOLUTE)
        y = 64 + 12 * number
        pen.box(x(use), y, x(end) - x(use), 8, "wl-cell wl-layer-b", radius=3)
        pen.line(x(use), y, x(use), 150, "wl-tie")
        pen.add("circle", "wl-node wl-node-left", cx=x(use), cy=150, r=4.5)
    pen.line(x(ABSOLUTE), 50, x(ABSOLUTE), 158, "wl-node wl-node-right")
    pen.text(x(ABSOLUTE) + 8, 62, "absolute limit:", "wl-t wl-small")
    pen.text(x(ABSOLUTE) + 8, 79, "nothing moves it", "wl-t wl-small")
    pen.add("circle", "wl-node wl-node-left", cx=62, cy=206, r=4.5)
    pen.text(76, 210.5, "a use", "wl-t wl-small")
    pen.box(140, 202, 60, 8, "wl-cell wl-layer-b", radius=3)
    pen.text(210, 210.5, "how long the session would live without another use", "wl-t wl-small")
    return written(pen)


FIGURES = {"jar.svg": jar(), "expiry.svg": expiry()}
