"""Colours and type of every view: one palette, one rule file, for live and static drawings.

`figure.css` speaks of colours as `var(--wl-...)`. Live, the variables follow the notebook's theme;
in a static SVG they are written out, since not every renderer of SVG knows variables.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent

# Blue and orange stay apart under every common colour blindness; on their panels all inks
# reach a contrast of 4.5:1 (WCAG 2.2 section 1.4.3). A test computes it.
LIGHT = {
    "panel": "#ffffff",
    "edge": "#d0d7de",
    "ink": "#1f2328",
    "muted": "#57606a",
    "line": "#8c959f",
    "left": "#0a58a8",
    "left-tint": "#e7f1fb",
    "right": "#9a4600",
    "right-tint": "#fdf0e3",
    "lost": "#b3202a",
    "chosen": "#fff1b8",
    "band": "#f4f6f8",
}
DARK = {
    "panel": "#15191f",
    "edge": "#39424d",
    "ink": "#e9ecef",
    "muted": "#a9b3be",
    "line": "#77828e",
    "left": "#7dbbff",
    "left-tint": "#172a40",
    "right": "#ffb070",
    "right-tint": "#38260f",
    "lost": "#ff8f8a",
    "chosen": "#4d4210",
    "band": "#1d232b",
}
FONTS = {
    "sans": 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
    "mono": 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
}


def _rules() -> str:
    text = (HERE / "figure.css").read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/\s*", "", text, flags=re.S).strip()


def _written_out(rules: str, palette: dict[str, str]) -> str:
    values = palette | FONTS
    return re.sub(r"var\(--wl-([a-z-]+)\)", lambda found: values[found[1]], rules)


@cache
def static_style() -> str:
    """Return the style sheet that a static SVG carries: light, and dark where that is preferred."""
    rules = [rule.strip() + "}" for rule in _rules().split("}") if rule.strip()]
    used = "\n".join(rules)
    coloured = "\n".join(
        selector + "{" + "; ".join(painted) + "}"
        for selector, _, body in (rule[:-1].partition("{") for rule in rules)
        if (painted := [part.strip() for part in body.split(";") if _is_colour(part)])
    )
    dark = _written_out(coloured, DARK)
    return f"{_written_out(used, LIGHT)}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _is_colour(declaration: str) -> bool:
    return "--wl-" in declaration and "font-family" not in declaration


@cache
def live_style() -> str:
    """Return the style sheet of the live views; the panel and ink are the notebook theme's own."""
    live = {
        "panel": "var(--jp-layout-color1, {})",
        "ink": "var(--jp-content-font-color0, var(--jp-ui-font-color0, {}))",
        "edge": "var(--jp-border-color1, {})",
    }

    def variables(palette: dict[str, str]) -> str:
        return "".join(
            f"--wl-{name}: {live.get(name, '{}').format(value)};"
            for name, value in (palette | FONTS).items()
        )

    dark_themes = '[data-jp-theme-light="false"] .wl-view, .vscode-dark .wl-view'
    views = (HERE / "views.css").read_text(encoding="utf-8")
    return (
        f".wl-view {{{variables(LIGHT)}}}\n{dark_themes} {{{variables(DARK)}}}\n{_rules()}\n{views}"
    )
