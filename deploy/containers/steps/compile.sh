#!/bin/sh
# Compiles both programs; `cuda` as the argument, for NVIDIA's GPUs as well, which needs no CUDA toolkit.
set -eu
cd "$(dirname "$0")/../../.."
features=
if [ "${1:-}" = cuda ]; then
    features=superposed-worker/cuda
    # As the Makefile has it.
    export CUDARC_CUDA_VERSION="${CUDARC_CUDA_VERSION:-12080}"
fi
cargo build --locked --release --bins --features "$features"
