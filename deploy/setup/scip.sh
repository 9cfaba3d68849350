#!/bin/sh
# SCIP 10.0.2 for the build, from the PySCIPOpt wheel on PyPI: needs no compiler, no headers, no GitHub.
#
# Puts the library under ${XDG_CACHE_HOME:-~/.cache}/superposed/scip-10.0.2 (33 MB) and tells cargo through
# .cargo/scip-local.toml of this checkout. Elsewhere than on x86-64 Linux, scip-sys downloads SCIP itself.
set -eu
cd "$(dirname "$0")/../.."

wheel_version=6.3.0
wheel_sha256=6e3931d84f51cb1ca6646eea900012c5455af124774221318fecd731c79c80ca
prefix=${XDG_CACHE_HOME:-$HOME/.cache}/superposed/scip-10.0.2
local_config=.cargo/scip-local.toml

if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "scip: not x86-64 Linux; cargo will download SCIP while it builds"
    exit 0
fi
if [ -e "$prefix/complete" ] && [ -e "$local_config" ] && grep -qF "\"$prefix/lib\"" "$local_config"; then
    exit 0
fi

if [ ! -e "$prefix/complete" ]; then
    echo "scip: fetching the PySCIPOpt $wheel_version wheel from PyPI into $prefix"
    mkdir -p "$prefix"
    work=$(mktemp -d "$prefix/unpack.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --platform manylinux_2_28_x86_64 --python-version 3.11 --dest "$work" "pyscipopt==$wheel_version"
    wheel=$(echo "$work"/*.whl)
    echo "$wheel_sha256  $wheel" | sha256sum --check --quiet
    python3 -m zipfile -e "$wheel" "$work/wheel"
    mkdir -p "$prefix/lib" "$prefix/out"
    cp "$work"/wheel/pyscipopt.libs/* "$prefix/lib/"
    ln -sf "$(basename "$prefix"/lib/libscip-*.so.10.0)" "$prefix/lib/libscip.so"
    # The bindings that scip-sys ships for exactly this SCIP.
    sys=$(cargo metadata --quiet --format-version 1 --locked --filter-platform x86_64-unknown-linux-gnu |
        python3 -c 'import json, os, sys
packages = json.load(sys.stdin)["packages"]
print(next(os.path.dirname(p["manifest_path"]) for p in packages if p["name"] == "scip-sys"))')
    cp "$sys/src/bindings/linux.rs" "$prefix/out/bindings.rs"
    touch "$prefix/complete"
fi

cat >"$local_config" <<EOF
# Made by deploy/setup/scip.sh for this machine.
[target.x86_64-unknown-linux-gnu.scip]
rustc-link-lib = ["dylib=scip"]
rustc-link-search = ["native=$prefix/lib"]
rustc-env = { OUT_DIR = "$prefix/out" }
libdir = "$prefix/lib"
EOF
echo "scip: $local_config points cargo at $prefix"
