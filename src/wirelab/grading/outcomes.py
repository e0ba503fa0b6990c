"""What a call came to: a plain value, or the exception that was raised and where.

It knows nothing of what was expected.
"""

from __future__ import annotations

import copy
import linecache
import os
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from wirelab.grading.compare import canonical, plain, same
from wirelab.grading.deadline import TookTooLong, deadline

WITHIN_S = 10.0  # for a check that says nothing else
ELSEWHERE = "_wirelab_where"


@dataclass(frozen=True)
class Returned:
    """The call returned `value`, a plain value."""

    value: Any

    def agrees(self, other: Outcome) -> bool:
        """Whether `other` is the very same result."""
        return isinstance(other, Returned) and same(self.value, other.value)

    def digestible(self) -> str:
        """The outcome written down, for a digest."""
        return canonical(self.value)


# Two programs rarely raise these for the same reason, so their messages count as well.
SLIPS = frozenset({"TypeError", "AttributeError", "NameError", "UnboundLocalError", "KeyError"})


@dataclass(frozen=True)
class Raised:
    """The call raised; `function`, `line` and `source` say where in the caller's own code."""

    type_name: str
    message: str
    bases: frozenset[str] = frozenset()
    function: str = ""
    line: int = 0
    source: str = field(default="", compare=False)

    def agrees(self, other: Outcome) -> bool:
        """Whether `other` failed the same way: the same type, and for slips the same message."""
        if not isinstance(other, Raised) or self.type_name != other.type_name:
            return False
        return self.type_name not in SLIPS or self.message == other.message

    @property
    def too_long(self) -> bool:
        """Whether it was broken off at its deadline."""
        return TookTooLong.__name__ in self.bases

    def digestible(self) -> str:
        """The outcome written down, for a digest."""
        slip = self.message if self.type_name in SLIPS else ""
        return f"raised {self.type_name} {slip}"


Outcome = Returned | Raised


def call(
    function: Callable,
    args: tuple = (),
    kwargs: dict | None = None,
    renamed: dict[str, str] | None = None,
    within_s: float = WITHIN_S,
) -> Outcome:
    """Call `function` with copied arguments; any exception but an interrupt is an outcome."""
    try:
        with deadline(within_s):
            return Returned(plain(function(*copied(args), **copied(kwargs or {})), renamed))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return raised(error)


def copied(value: Any) -> Any:
    """A deep copy, so that no call changes another's arguments; itself where none can be had."""
    try:
        return copy.deepcopy(value)
    except Exception:
        if isinstance(value, tuple):
            return tuple(_copied_or_same(item) for item in value)
        if isinstance(value, dict):
            return {key: _copied_or_same(item) for key, item in value.items()}
        return value


def _copied_or_same(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def raised(error: BaseException) -> Raised:
    """Describe an exception by type, message and the last line of the learner's own code."""
    try:
        message = str(error)
    except Exception:
        message = ""
    bases = frozenset(base.__name__ for base in type(error).__mro__)
    # an examiner knows from the learner's process where it was raised there
    where = vars(error).get(ELSEWHERE, ("", 0, ""))
    function, line, source = where if where[0] else _own_frame(error.__traceback__)
    return Raised(_type_name(type(error)), message, bases, function, line, source)


def _type_name(kind: type) -> str:
    module = kind.__module__
    return kind.__name__ if module in ("builtins", "__main__") else f"{module}.{kind.__name__}"


_LIBRARIES = tuple(
    os.path.join(os.path.realpath(path), "")
    for path in (
        *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        Path(__file__).parents[1],
    )
)


def _own_frame(traceback: TracebackType | None) -> tuple[str, int, str]:
    found = ("", 0, "")
    while traceback is not None:
        code = traceback.tb_frame.f_code
        name = code.co_filename
        if not os.path.isabs(name) or not os.path.realpath(name).startswith(_LIBRARIES):
            source = linecache.getline(code.co_filename, traceback.tb_lineno).strip()
            found = (code.co_qualname, traceback.tb_lineno, source)
        traceback = traceback.tb_next
    return found
