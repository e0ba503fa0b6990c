# The verbs of this project. `make lab` needs Python 3.11 or newer and a package registry;
# everything it installs goes into .venv. What each verb takes on: ARGS="...".

.DEFAULT_GOAL := help
.PHONY: help lab setup test build check prove bench demo docs lock clean

BIN := .venv/bin
LEARNER := .venv/.installed
DEVELOPER := .venv/.installed-dev

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' Makefile

# --- what installs -------------------------------------------------------------------------
# A stamp in .venv is as old as the last install, so a second `make lab` starts at once.

$(LEARNER): requirements.lock pyproject.toml tools/setup.sh
	@tools/setup.sh requirements.lock
	@touch $@

$(DEVELOPER): requirements-dev.lock pyproject.toml tools/setup.sh
	@tools/setup.sh requirements-dev.lock
	@touch $(LEARNER) $@

setup: $(LEARNER) ## make .venv, install what requirements.lock names

lock: $(DEVELOPER) ## pin again what pyproject.toml asks for (ARGS=--upgrade: the newest)
	tools/lock.sh $(ARGS)

clean: ## remove .venv and whatever was built into ignored folders
	rm -rf .venv docs/_build docs/notebooks test-output .pytest_cache .ruff_cache .import_linter_cache

# --- what learners and instructors run -----------------------------------------------------

lab: $(LEARNER) ## open JupyterLab on the first notebook
	@$(BIN)/wirelab lab $(ARGS)

demo: $(LEARNER) ## twelve made-up submissions through the whole nbgrader pipeline
	@$(BIN)/wirelab demo $(ARGS)

# --- what authors run ----------------------------------------------------------------------

build: $(LEARNER) ## lessons/ -> source/, release/, notebooks/
	@$(BIN)/wirelab build $(ARGS)

prove: $(DEVELOPER) ## grade solutions, blanks, planted wrong answers and mutants of every topic
	@$(BIN)/wirelab prove --mutants --record $(ARGS)

# One file stays on one worker: its servers and browsers start once. The long ones go first.
test: $(DEVELOPER) ## run all tests
	@$(BIN)/pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(DEVELOPER) ## the gate: lint, format, layers, house rules, an unchanged build
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/architecture
	$(BIN)/wirelab build
	@changed=$$(git status --porcelain -- notebooks source release); if [ -n "$$changed" ]; then \
	  echo "$$changed"; echo "The build differs from what is committed: commit these files."; exit 1; fi

bench: $(DEVELOPER) ## a few speeds, each as a ratio to a peer in the same run
	@$(BIN)/python benchmarks/run.py $(ARGS)
	@$(BIN)/python benchmarks/grading.py $(GRADING)

docs: $(DEVELOPER) ## the site, into docs/_build/html
	@rm -rf docs/_build
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html $(ARGS)
	@echo "open docs/_build/html/index.html"
