"""What this machine offers the course: what is real here, what is embedded, and why.

It looks and never installs. `wirelab doctor` and `00_start` show it.
"""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass

from wirelab.lab.network import Network


@dataclass(frozen=True)
class Finding:
    """One thing looked for: `name`, whether it is `there`, and one line about it."""

    name: str
    there: bool
    says: str


# name, commands of which one is enough, what it serves, Debian's package
TOOLS = (
    ("Chromium", ("chromium", "chromium-browser", "google-chrome"), "27, 34, 35", "chromium"),
    ("nginx", ("nginx",), "15", "nginx-light"),
    ("Apache", ("apache2", "httpd"), "15", "apache2-bin"),
    ("OpenSSL", ("openssl",), "31, 32", "openssl"),
    ("tshark", ("tshark",), "opening captures in a terminal", "tshark"),
    ("bubblewrap", ("bwrap",), "grading other people's notebooks", "bubblewrap"),
)


def look() -> list[Finding]:
    """Try the lab network and look for the programs that some topics use."""
    findings = [
        Finding("Python", True, f"{platform.python_version()} on {platform.system()}"),
    ]
    with Network.best() as net:
        findings.append(Finding("Lab network", net.kind == "kernel", net.why))
    for name, commands, serves, package in TOOLS:
        found = next(filter(None, map(_which, commands)), None)
        serves = f"topics {serves}" if serves[0].isdigit() else serves
        says = f"found; {serves}" if found else f"not found; {serves}; Debian: {package}"
        findings.append(Finding(name, found is not None, says))
    return findings


def report(findings: list[Finding]) -> str:
    """The findings as a table in plain text."""
    rows = []
    for finding in findings:
        mark = "yes" if finding.there else "no "
        if finding.name == "Lab network":
            mark = "real kernel" if finding.there else "embedded"
        rows.append(f"{finding.name:12} {mark:12} {finding.says}")
    return "\n".join(rows)


def _which(command: str) -> str | None:
    # servers live where an ordinary user's PATH does not lead
    return shutil.which(command) or shutil.which(command, path="/usr/sbin:/sbin:/usr/local/sbin")
