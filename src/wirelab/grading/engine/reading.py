"""Read a file that a stranger handed in: at most so large, no link followed, whatever it holds.

It gives plain cells in today's format, or says in one sentence why there are none. It knows
nothing of the exercise that the notebook answers.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE_BYTES = 32 << 20
CELLS = 5000
DEPTH = 20  # of metadata, which is dropped where it is deeper
CELL_TYPES = ("code", "markdown", "raw")


class Unreadable(Exception):
    """The file cannot be graded; the text says why, for learner and instructor."""


@dataclass(frozen=True)
class Raw:
    """What a file holds: cells with `cell_type`, `source` and `metadata`, and what was odd."""

    cells: tuple[dict[str, Any], ...]
    odd: tuple[str, ...] = ()


def read(path: Path, below: Path | None = None) -> Raw:
    """The cells of a notebook file.

    `below`: the folder that the file must lie in without any link on the way. Raises `Unreadable`.
    """
    return parse(octets(path, below))


def octets(path: Path, below: Path | None = None, limit: int = FILE_BYTES) -> bytes:
    """The file's octets; raises `Unreadable` for all that is no plain file in its place."""
    if below is not None and (link := _first_link(path, below)):
        raise Unreadable(f"{link.name} is a link to somewhere else; links are not followed.")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise Unreadable(f"There is no {path.name}.") from None
    except OSError as error:
        why = "is a link" if path.is_symlink() else (error.strerror or "no reason given").lower()
        raise Unreadable(f"{path.name} cannot be opened: {why}.") from None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable(f"{path.name} is not a file.")
        if not readable(about.st_mode):  # root may read it all the same, but it was not handed in
            raise Unreadable(f"{path.name} may not be read: its owner took the permission away.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}.") from None
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise Unreadable(f"{path.name} is larger than {limit >> 20} MiB.")
    return content


def readable(mode: int) -> bool:
    """Whether anybody at all is allowed to read a file of that mode."""
    return bool(mode & 0o444) or os.name != "posix"


def _first_link(path: Path, below: Path) -> Path | None:
    """The first link on the way from `below` to `path`; `..` on the way counts as one."""
    step = below
    for name in path.relative_to(below).parts:
        step = step / name
        if name == ".." or step.is_symlink():
            return step
    return None


def parse(content: bytes) -> Raw:
    """The cells that a notebook's octets hold; raises `Unreadable`."""
    if content[:2] in (b"PK", b"\x1f\x8b"):
        raise Unreadable("The file is an archive, not a notebook.")
    try:
        value = json.loads(content.decode("utf-8-sig"), parse_constant=lambda _: None)
    except UnicodeDecodeError:
        raise Unreadable("The file is not text in UTF-8, so it is no notebook.") from None
    except RecursionError:
        raise Unreadable("The file is nested too deeply to be a notebook.") from None
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise Unreadable(f"The file is not valid JSON ({where}), so it is no notebook.") from None
    if not isinstance(value, dict):
        raise Unreadable("The file is valid JSON, but no notebook.")
    odd = []
    version = value.get("nbformat")
    if version != 4:
        value = _upgraded(value)
        odd.append(f"The notebook is in format {version}; it was brought to format 4.")
    cells = value.get("cells")
    if not isinstance(cells, list):
        raise Unreadable("The file is valid JSON, but it has no list of cells.")
    if len(cells) > CELLS:
        raise Unreadable(f"The notebook has {len(cells)} cells; at most {CELLS} are graded.")
    return Raw(tuple(_cells(cells, odd)), tuple(odd))


def _upgraded(value: dict[str, Any]) -> dict[str, Any]:
    """A notebook of format 1, 2 or 3 as one of format 4."""
    from nbformat import converter, from_dict

    try:
        if not isinstance(value.get("nbformat", 1), int) or value.get("nbformat", 1) > 4:
            raise ValueError
        return json.loads(json.dumps(converter.convert(from_dict(value), 4)))
    except Exception:  # whatever an old format's reader stumbles over
        said = f"The notebook's format, {str(value.get('nbformat'))[:20]!r}, is not known."
        raise Unreadable(said) from None


def _cells(cells: list[Any], odd: list[str]) -> list[dict[str, Any]]:
    found = []
    for number, cell in enumerate(cells, start=1):
        source = _joined(cell.get("source")) if isinstance(cell, dict) else None
        if source is None:
            odd.append(f"Cell {number} has no text; it was left out.")
            continue
        kind = cell.get("cell_type")
        if kind not in CELL_TYPES:
            odd.append(f"Cell {number} is of the unknown kind {str(kind)[:20]!r}; taken for text.")
        metadata = cell.get("metadata")
        plain = {
            "cell_type": kind if kind in CELL_TYPES else "raw",
            "source": clean(source),
            "metadata": _cleaned(metadata) if isinstance(metadata, dict) else {},
            "id": cell.get("id") if isinstance(cell.get("id"), str) else "",
        }
        if isinstance(cell.get("attachments"), dict):
            plain["attachments"] = _cleaned(cell["attachments"])
        found.append(plain)
    return found


def _joined(source: Any) -> str | None:
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return None


def clean(text: str) -> str:
    """Text that UTF-8 can write: half of a surrogate pair, which JSON allows, is replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _cleaned(value: dict[str, Any]) -> dict[str, Any]:
    if _deeper(value, DEPTH):
        return {}
    return json.loads(clean(json.dumps(value, ensure_ascii=False)))


def _deeper(value: Any, than: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return than == 0 or any(_deeper(each, than - 1) for each in inner)
