"""Grading one submission: taking it in, running it, marking it. It knows no command line."""
