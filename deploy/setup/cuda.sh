#!/bin/sh
# What burn's CUDA backend needs at run time beside NVIDIA's driver: the runtime compiler (NVRTC) and CUDA's headers.
#
# Does nothing where a CUDA toolkit is installed ($CUDA_PATH or /usr/local/cuda). Elsewhere puts both, from NVIDIA's wheels
# on PyPI, under ${XDG_CACHE_HOME:-~/.cache}/superposed/cuda-12.9 (about 250 MB). Prints the two settings that programs need.
set -eu

release=12.9
prefix=${XDG_CACHE_HOME:-$HOME/.cache}/superposed/cuda-$release
wheels="
nvidia_cuda_nvrtc_cu12==12.9.86:210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4
nvidia_cuda_runtime_cu12==12.9.79:25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3
nvidia_cuda_nvcc_cu12==12.9.86:5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0
nvidia_cuda_cccl_cu12==12.9.27:37869e17ce2e1ecec6eddf1927cca0f8c34e64fd848d40453df559091e2d7117
"

toolkit=${CUDA_PATH:-/usr/local/cuda}
if [ -e "$toolkit/include/cuda_fp16.h" ]; then
    echo "CUDA_PATH=$toolkit"
    echo "LD_LIBRARY_PATH=$toolkit/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    exit 0
fi
if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "cuda: not x86-64 Linux; install NVIDIA's CUDA toolkit and set CUDA_PATH" >&2
    exit 1
fi

if [ ! -e "$prefix/complete" ]; then
    echo "cuda: fetching NVRTC and headers of CUDA $release from PyPI into $prefix" >&2
    mkdir -p "$prefix"
    work=$(mktemp -d "$prefix/unpack.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    for wheel in $wheels; do
        python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
            --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2010_x86_64 \
            --platform manylinux_2_12_x86_64 --dest "$work" "${wheel%%:*}"
        name=${wheel%%==*}
        file=$(echo "$work/$name"-*.whl)
        echo "${wheel##*:}  $file" | sha256sum --check --quiet
        python3 -m zipfile -e "$file" "$work/unpacked"
    done
    nvidia=$work/unpacked/nvidia
    # As a toolkit has them: the headers that include each other side by side, those of C++ in a directory of their own.
    mkdir -p "$prefix/include/cccl" "$prefix/lib"
    cp -r "$nvidia"/cuda_runtime/include/. "$nvidia"/cuda_nvcc/include/crt "$prefix/include/"
    cp -r "$nvidia"/cuda_cccl/include/. "$prefix/include/cccl/"
    cp "$nvidia"/cuda_nvrtc/lib/libnvrtc*.so* "$prefix/lib/"
    touch "$prefix/complete"
fi
echo "CUDA_PATH=$prefix"
echo "LD_LIBRARY_PATH=$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
