#!/bin/sh
# Prepares this machine: the virtual environment, the packages in it, a browser for the tests.
#
#   ./setup.sh runtime | development | browser | lock | wheelhouse
#
# PYTHON      the interpreter to build the environment from (default: the first of 3.11 or newer)
# WHEELHOUSE  a directory made by `make wheelhouse`: install from it and from nowhere else
set -eu
cd "$(dirname "$0")"

VENV=.venv
LOCK=constraints.txt

say() { printf '==> %s\n' "$*"; }

stop() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14 python}; do
        if command -v "$candidate" >/dev/null 2>&1 && is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    stop "no Python 3.11 or newer found. Install one, or name it: make run PYTHON=/path/to/python3.11"
}

make_environment() {
    [ -x $VENV/bin/python ] && is_new_enough $VENV/bin/python && return
    python=$(find_python)
    say "Python environment in $VENV ($("$python" --version))"
    rm -rf $VENV
    # Debian splits ensurepip off into python3-venv: without it the environment has no pip of its own.
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv $VENV
    else
        "$python" -m venv --without-pip $VENV
    fi
}

has_pip() { $VENV/bin/python -m pip --version >/dev/null 2>&1; }

# Runs pip for the environment, its own or the interpreter's it was built from.
pip_for_environment() {
    if has_pip; then
        $VENV/bin/python -m pip "$@"
        return
    fi
    python=$(find_python)
    "$python" -m pip --version >/dev/null 2>&1 ||
        stop "this Python can neither make an environment with pip nor has pip itself." \
            "On Debian or Ubuntu: apt-get install python3-venv, then: make clean, and again."
    "$python" -m pip --python $VENV/bin/python "$@"
}

# Prints the path of uv, several times faster than pip, or nothing where it cannot be had.
find_uv() {
    if [ -x $VENV/bin/uv ]; then
        echo $VENV/bin/uv
    elif command -v uv >/dev/null 2>&1; then
        command -v uv
    elif pip_for_environment install --quiet $(offline_options) uv >&2; then
        echo $VENV/bin/uv
    fi
}

offline_options() {
    [ -z "${WHEELHOUSE:-}" ] || echo "--no-index --find-links $WHEELHOUSE"
}

# uv does not read pip's configuration: hand a site's own package index on to it.
adopt_pip_index() {
    [ -n "${UV_DEFAULT_INDEX:-}" ] && return
    index=${PIP_INDEX_URL:-$($VENV/bin/python -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
}

install() {
    adopt_pip_index
    uv=$(find_uv)
    if [ -n "$uv" ] && "$uv" pip install --quiet --python $VENV/bin/python $(offline_options) "$@"; then
        return
    fi
    say "uv could not install them; trying pip"
    pip_for_environment install --quiet $(offline_options) "$@" ||
        stop "the packages could not be installed. Is the package index reachable from here?" \
            "For a site without internet, see make wheelhouse and WHEELHOUSE in setup.sh."
}

install_runtime() {
    make_environment
    say "Packages the tower runs on"
    install -r requirements.txt -c $LOCK
    install --no-deps -r requirements-assets.txt
}

install_development() {
    say "Packages for the tests and checks"
    install -r requirements-dev.txt -c $LOCK
}

find_browser() {
    for name in "${CHROMIUM:-}" chromium chromium-headless-shell chromium-browser google-chrome; do
        if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
}

install_browser() {
    [ -z "$(find_browser)" ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Chromium for the browser tests"
        export DEBIAN_FRONTEND=noninteractive
        { apt-get update && apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1 || true
    fi
    [ -n "$(find_browser)" ] ||
        say "No Chromium here: the browser tests are left out (install chromium, or set CHROMIUM to its path)"
}

# One resolution for all platforms and Pythons that we support, so that every machine runs the same versions.
write_lock() {
    uv=$(find_uv)
    [ -n "$uv" ] || stop "make lock needs uv"
    "$uv" pip compile --quiet --universal --python-version 3.11 --upgrade --no-header --no-annotate \
        --output-file $LOCK requirements.txt requirements-dev.txt
    say "$LOCK holds $(grep -c == $LOCK) versions"
}

gather_wheels() {
    has_pip || install pip
    say "Packages into wheelhouse/"
    $VENV/bin/python -m pip download --quiet --dest wheelhouse -r requirements.txt -c $LOCK uv
    $VENV/bin/python -m pip download --quiet --dest wheelhouse --no-deps -r requirements-assets.txt
    say "Carry wheelhouse/ to the other site and start there with: make run WHEELHOUSE=wheelhouse"
}

case "${1:-}" in
    runtime) install_runtime ;;
    development) install_development ;;
    browser) install_browser ;;
    lock) write_lock ;;
    wheelhouse) gather_wheels ;;
    *) stop "say one of: runtime, development, browser, lock, wheelhouse" ;;
esac
