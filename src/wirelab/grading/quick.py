"""Import nbformat, jupytext and nbgrader in half the time.

jsonschema compiles a grammar for RFC 3987 URIs at import: two seconds, for a format that
no notebook schema uses. Call `skip_uri_grammar()` before the first of those imports.
"""

from __future__ import annotations

import sys


def skip_uri_grammar() -> None:
    """Make `import rfc3987_syntax` fail fast, which jsonschema takes for "not installed"."""
    if "jsonschema" not in sys.modules:
        sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
