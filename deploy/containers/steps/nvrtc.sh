#!/bin/sh
# NVRTC and CUDA's headers from NVIDIA's wheels, pinned by their digests, into the directory given.
set -eu
cd "$(dirname "$0")/../../.."
python3 -m pip --version >/dev/null 2>&1 || deploy/setup/packages.sh python3-pip
# Also where the image that builds has a toolkit: what is shipped is what was pinned.
CUDA_PATH=/nonexistent deploy/setup/cuda.sh >/dev/null
mkdir -p "$1"
cp -r "${XDG_CACHE_HOME:-$HOME/.cache}"/superposed/cuda-12.9/include "${XDG_CACHE_HOME:-$HOME/.cache}"/superposed/cuda-12.9/lib "$1/"
