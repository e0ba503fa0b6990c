"""Networks the learner's code lives on: embedded everywhere, kernel on Linux."""
