"""What commands show on a terminal: a bar, a spinner, a table. It knows nothing of what is in them.

Where no terminal is, bar and spinner are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


def progress(names: Iterable[str], verb: str) -> Iterator[str]:
    """The names one by one, with a bar that is gone at the end; none where no terminal is."""
    names = list(names)
    if not sys.stderr.isatty():
        yield from names
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(verb, total=len(names))
        for name in names:
            bar.update(task, description=f"{verb} {name}")
            yield name
            bar.advance(task)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner on the terminal while something runs whose length is not known."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def table(rows: list[dict[str, Any]]) -> None:
    """Rows of equal keys as a table; a nested object becomes one column for each of its keys."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    flat = [_flat(row) for row in rows]
    shown = Table(box=box.SIMPLE)
    for column in flat[0] if flat else ():
        shown.add_column(column.replace("_", " "))
    for row in flat:
        shown.add_row(*(_shown(value) for value in row.values()))
    Console().print(shown)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        flat |= value if isinstance(value, dict) else {key: value}
    return flat


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, (list, tuple)):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)
