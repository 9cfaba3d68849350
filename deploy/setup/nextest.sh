#!/bin/sh
# The test runner.
set -eu
if ! cargo nextest --version >/dev/null 2>&1; then
    echo "nextest: installing cargo-nextest with cargo"
    cargo install cargo-nextest --locked
fi
