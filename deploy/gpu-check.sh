#!/bin/sh
# On a machine with an NVIDIA GPU and its driver: are the pools those of the cores, and how fast is it? Prints tables, writes
# gpu-check.json where it is called. Arguments go to the check, like --quick or --model DIRECTORY.
set -eu
here=$(pwd)
cd "$(dirname "$0")/.."

if ! command -v nvidia-smi >/dev/null || ! nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader; then
    echo "gpu-check: no GPU of NVIDIA with its driver here (nvidia-smi does not answer)" >&2
    exit 1
fi
settings=$(deploy/setup/cuda.sh)
while IFS= read -r setting; do
    export "${setting?}"
done <<EOF
$settings
EOF
# A check that was built elsewhere is used as it is.
check=${SUPERPOSED_DEVICE_CHECK:-}
if [ -z "$check" ]; then
    target=${CARGO_TARGET_DIR:-target}
    CUDARC_CUDA_VERSION=${CUDARC_CUDA_VERSION:-12080} \
        cargo build --locked --release -p superposed-forward --features cuda --example device_check
    check=$target/release/examples/device_check
fi
exec "$check" --device cuda --json "$here/gpu-check.json" "$@"
