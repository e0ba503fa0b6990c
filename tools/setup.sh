#!/bin/sh
# Make .venv hold exactly what a lock names, and this project as an editable install.
# Usage: tools/setup.sh LOCK. Needs a Python from 3.11 on and a package registry, no more.
# The registry is the user's: PIP_* and UV_* settings and pip's own configuration count.
set -eu
cd "$(dirname "$0")/.."
lock=$1

say() { printf '%s\n' "$*" >&2; }

fits='import sys, venv; sys.exit(sys.version_info < (3, 11))'

find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if "$name" -c "$fits" 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "Wirelab needs Python 3.11 or newer; found ${PYTHON:-none on the PATH}."
    say "Install one (https://www.python.org), or name it: make PYTHON=/path/to/python3.13 lab"
    exit 1
}

# A folder that was moved or copied keeps the old place in its scripts' first lines.
made_here() {
    .venv/bin/python -c "$fits" 2>/dev/null &&
        grep -qsF -e "$(pwd -P)/.venv" -e "$PWD/.venv" .venv/bin/activate &&
        .venv/bin/python -m pip --version >/dev/null 2>&1
}

if ! made_here; then
    python=$(find_python)
    [ ! -e .venv ] || say "The .venv here was made elsewhere or no longer runs: making it anew."
    say "Making .venv with $("$python" --version)"
    if ! "$python" -m venv --clear .venv >&2; then
        say "$python cannot make a virtual environment. On Debian or Ubuntu: apt install python3-venv"
        exit 1
    fi
fi

# uv is pip, ten times faster; the same lock pins it. It reads no pip.conf, so it is told
# the index from there. Where uv cannot be had or cannot go on, pip does all of it.
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }

if [ ! -x .venv/bin/uv ]; then
    sed -n '/^uv==/,/[^\\]$/p' requirements-dev.lock >.venv/uv.lock
    pip install --quiet --only-binary :all: --require-hashes -r .venv/uv.lock >&2 ||
        say "uv could not be installed: going on with pip alone, which takes longer."
fi

index=${PIP_INDEX_URL:-$(pip config get global.index-url 2>/dev/null || true)}
if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
    export UV_DEFAULT_INDEX="$index"
fi

with_uv() {
    [ -x .venv/bin/uv ] || return 1
    .venv/bin/uv pip "$@" --quiet --python .venv/bin/python
}

install() {
    with_uv install "$@" || {
        [ ! -x .venv/bin/uv ] || say "uv did not manage it: trying pip."
        pip install --quiet "$@" >&2
    }
}

say "Installing what $lock names ..."
install --require-hashes -r "$lock"
install --no-deps --editable .
