#!/bin/sh
# What compiling needs: pip and a linker beside Rust, and SCIP, pinned by its digest.
set -eu
cd "$(dirname "$0")/../../.."
deploy/setup/toolchain.sh
deploy/setup/scip.sh
