"""The sandbox: a submission's own namespaces and limits. Linux only; `probe` says what is missing.

Nothing here knows notebooks, tests or marks.
"""

from wirelab.grading.sandbox.fitness import probe

__all__ = ["probe"]
