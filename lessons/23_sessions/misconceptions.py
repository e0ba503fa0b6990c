"""Planted wrong answers of `23_sessions`, each with the sentence that cures it."""
