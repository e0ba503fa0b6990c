"""Wirelab: a hands-on networking course whose learners' code talks to the real kernel."""

__version__ = "0.1.0"
