#!/bin/sh
# Puts what an image needs of a build into one directory: the programs without symbols for debuggers, SCIP's libraries, which
# they look for beside themselves, and the licenses. Arguments: the directory with the programs, the directory to make.
set -eu
cd "$(dirname "$0")/../../.."
from=$1
to=$2
scip=${XDG_CACHE_HOME:-$HOME/.cache}/superposed/scip-10.0.2/lib

mkdir -p "$to/lib"
for program in superposed superposed-worker; do
    install -m 755 "$from/$program" "$to/$program"
    strip --strip-debug "$to/$program"
done
# The link without a version is for the linker alone.
for library in "$scip"/*.so.*; do
    install -m 644 "$library" "$to/lib/"
done
install -m 644 LICENSE LICENSE-APACHE LICENSE-MIT "$to/lib/"
