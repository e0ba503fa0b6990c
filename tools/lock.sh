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
compile requirements-dev.lock --all-extras --constraint requirements.lock "$@"

# No system may need a compiler: every name has a wheel there, or a marker that leaves it out.
nowhere=$(mktemp -d)
trap 'rm -rf "$nowhere"' EXIT
for system in linux aarch64-unknown-linux-gnu macos x86_64-apple-darwin windows; do
    for version in 3.11.9 3.14.0; do
        .venv/bin/uv pip install --quiet --dry-run --target "$nowhere" --only-binary :all: \
            --require-hashes --python-platform "$system" --python-version "$version" \
            -r requirements.lock
        echo "requirements.lock installs from wheels alone: $system, Python $version"
    done
done
