"""Small instructor editions, made in memory, for the tests of the examiner and the sandbox."""

from __future__ import annotations

from typing import Any

SETUP = """
from dataclasses import dataclass
import socket, threading
from wirelab.grading.checks import Checks, step
from wirelab.protocols.segment import ACK, SYN, Flag, Segment
check = Checks("12_handshake")
"""


def cell(cell_id: str, source: str, role: str = "", **metadata: Any) -> dict[str, Any]:
    """A code cell with nbgrader's metadata for its role; a free cell without one."""
    if role:
        metadata["nbgrader"] = {
            "grade": role == "test",
            "grade_id": cell_id,
            "locked": role != "answer",
            "schema_version": 3,
            "solution": role == "answer",
            "task": False,
            **({"points": 1} if role == "test" else {}),
        }
    return {
        "cell_type": "code",
        "id": cell_id,
        "source": source.strip("\n"),
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def notebook(*cells: dict[str, Any], setup: str = SETUP) -> dict[str, Any]:
    """The cells behind a set-up cell."""
    return {
        "cells": [cell("setup", setup, "given"), *cells],
        "metadata": {"wirelab": {"topic": "12_handshake"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
