#!/bin/sh
# What the build itself needs: a C linker, Python's pip (to fetch SCIP), and Rust.
set -eu

rust=1.95

sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
fi

missing=
command -v cc >/dev/null || missing="$missing build-essential"
command -v curl >/dev/null || command -v cargo >/dev/null || missing="$missing curl ca-certificates"
python3 -m pip --version >/dev/null 2>&1 || missing="$missing python3-pip"
if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null; then
        echo "toolchain: missing$missing, and there is no apt-get to install them with" >&2
        exit 1
    fi
    echo "toolchain: installing$missing"
    $sudo apt-get update -qq
    # One word for each package is meant.
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $missing >/dev/null
fi

if ! command -v cargo >/dev/null; then
    echo "toolchain: installing Rust with rustup into ~/.cargo"
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal -c clippy,rustfmt
    echo "toolchain: open a new shell, or run '. ~/.cargo/env', and then the same command again"
    exit 1
fi
version=$(cargo --version | cut -d ' ' -f 2)
if [ "$(printf '%s\n%s\n' "$rust" "$version" | sort -V | head -n 1)" != "$rust" ]; then
    echo "toolchain: cargo is $version, but $rust or newer is needed: run 'rustup update stable'" >&2
    exit 1
fi
