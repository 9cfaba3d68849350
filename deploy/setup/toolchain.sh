#!/bin/sh
# What the build itself needs: a C linker, Python's pip (to fetch SCIP), and Rust.
set -eu

rust=1.95

missing=
command -v cc >/dev/null || missing="$missing build-essential"
command -v curl >/dev/null || command -v cargo >/dev/null || missing="$missing curl ca-certificates"
python3 -m pip --version >/dev/null 2>&1 || missing="$missing python3-pip"
if [ -n "$missing" ]; then
    echo "toolchain: installing$missing"
    # One word for each package is meant.
    # shellcheck disable=SC2086
    "$(dirname "$0")/packages.sh" $missing
fi

if ! command -v cargo >/dev/null; then
    echo "toolchain: installing Rust with rustup into ~/.cargo"
    installer=$(mktemp)
    trap 'rm -f "$installer"' EXIT
    if ! curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs -o "$installer"; then
        echo "toolchain: rustup cannot be downloaded; install Rust $rust or newer in another way" >&2
        exit 1
    fi
    sh "$installer" -y --quiet --profile minimal -c clippy,rustfmt
    PATH="$HOME/.cargo/bin:$PATH"
fi
version=$(cargo --version | cut -d ' ' -f 2)
if [ "$(printf '%s\n%s\n' "$rust" "$version" | sort -V | head -n 1)" != "$rust" ]; then
    echo "toolchain: cargo is $version, but $rust or newer is needed: run 'rustup update stable'" >&2
    exit 1
fi
