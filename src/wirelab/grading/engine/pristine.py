"""What a test that runs beside a learner's code measures with, as it was before that code ran.

Kept in the warm process; compared, and put back, in the clone that runs the test. It knows no test
and no learner.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

_MODULES = frozenset(
    """builtins asyncio contextlib gc os queue random resource select selectors signal socket
    statistics sys threading time tracemalloc""".split()  # noqa: SIM905
)
_PACKAGES = ("wirelab.grading.", "wirelab.servers.", "wirelab.lab.", "wirelab.protocols.")
_KINDS = (FunctionType, BuiltinFunctionType, type, staticmethod, classmethod)


class Pristine:
    """The functions and classes of the modules that tests live on, as they are now."""

    def __init__(self) -> None:
        self._kept: list[tuple[Any, str, Any, Any]] = []
        self._modules = {name: each for name, each in sys.modules.items() if _watched(name)}
        for name, module in sorted(self._modules.items()):
            if isinstance(module, ModuleType):
                self._keep(module, vars(module))
                for each in vars(module).values():
                    if type(each) is type and each.__module__ == name:
                        self._keep(each, vars(each))

    def _keep(self, owner: Any, names: Any) -> None:
        for name, value in list(names.items()):
            if isinstance(value, _KINDS) and name != "_" and not name.endswith("hook"):
                self._kept.append((owner, name, value, getattr(value, "__code__", None)))

    def mend(self) -> list[str]:
        """Put back what is another now; its names, sorted. Nothing traces the code any more."""
        sys.settrace(None)
        sys.setprofile(None)
        return sorted(set(self._mend()))

    def _mend(self) -> Iterator[str]:
        for name, module in self._modules.items():
            if sys.modules.get(name) is not module:
                yield name
                sys.modules[name] = module
        for owner, name, value, code in self._kept:
            now = vars(owner).get(name)
            if now is value and getattr(value, "__code__", None) is code:
                continue
            yield f"{owner.__name__}.{name}"
            with contextlib.suppress(AttributeError, TypeError):
                if code is not None:
                    value.__code__ = code
                setattr(owner, name, value)


def _watched(name: str) -> bool:
    return name.partition(".")[0] in _MODULES or name.startswith(_PACKAGES)
