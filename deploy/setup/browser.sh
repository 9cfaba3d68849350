#!/bin/sh
# Chromium and its driver, with which the tests look at the dashboard. Nothing else needs them.
set -eu

found() {
    command -v chromedriver >/dev/null && { command -v chromium >/dev/null || command -v google-chrome >/dev/null; }
}

if found; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "browser: not found, and there is no apt-get to install it with; install Chromium and chromedriver, or leave" \
        "its tests out: cargo nextest run --workspace -E 'not binary(dashboard)'" >&2
    exit 1
fi
echo "browser: installing the distribution's chromium and chromium-driver, for the dashboard's tests"
"$(dirname "$0")/packages.sh" chromium chromium-driver
if ! found; then
    echo "browser: installed, and yet no chromedriver is found" >&2
    exit 1
fi
