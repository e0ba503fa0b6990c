#!/bin/sh
# Pin what pyproject.toml asks for: every system, every Python from 3.11, with hashes and
# without a single address, so that any registry serves. `--upgrade` takes newer versions.
set -eu
cd "$(dirname "$0")/.."

compile() {
    lock=$1; shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate \
        --custom-compile-command "make lock" --constraint tools/lock-constraints.txt \
        "$@" pyproject.toml --output-file "$lock"
}

compile requirements.lock "$@"
compile requirements-dev.lock --extra dev --extra docs --constraint requirements.lock "$@"
