"""What may go wrong for a reason the user can mend.

The command line shows such an error's text as it is, without a traceback.
"""

from __future__ import annotations


class CourseError(Exception):
    """Something is not as it must be; the message says what to do."""
