#!/bin/sh
# Installs packages of the distribution, quietly; what apt says is shown only when it fails.
set -eu
if ! command -v apt-get >/dev/null; then
    echo "packages: there is no apt-get here; install these yourself: $*" >&2
    exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
fi
said=$(mktemp)
trap 'rm -f "$said"' EXIT
if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    -o Dpkg::Options::=--force-confold "$@"; } >"$said" 2>&1; then
    cat "$said" >&2
    echo "packages: apt-get could not install: $*" >&2
    exit 1
fi
