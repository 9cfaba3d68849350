#!/bin/bash
# Builds the images where no registry can be reached, as root on Debian: buildah (Debian's package, no daemon) runs the
# Containerfile as it stands, over stand-ins for the images that it starts from, made by debootstrap from Debian's packages.
#
#   deploy/containers/rehearse.sh [--built DIRECTORY] [TARGET …]
#
# TARGETs are coordinator, worker and worker-cuda; the first two unless given. --built takes the programs from a directory, like
# target/release, instead of compiling them, which takes as long as `make build`.
# What it proves, and what it does not: docs/deployment.md.
set -euo pipefail
cd "$(dirname "$0")/../.."

built=
if [ "${1:-}" = --built ]; then
    built=$(cd "$2" && pwd)
    shift 2
fi
targets=("$@")
[ $# -gt 0 ] || targets=(coordinator worker)
if [ "$(id -u)" != 0 ]; then
    echo "rehearse: run this as root: it makes directory trees with owners" >&2
    exit 1
fi
missing=()
command -v buildah >/dev/null || missing+=(buildah)
command -v debootstrap >/dev/null || missing+=(debootstrap)
[ ${#missing[@]} -eq 0 ] || deploy/setup/packages.sh "${missing[@]}"

work=$(mktemp -d /var/tmp/superposed-rehearsal.XXXXXX)
trap 'rm -rf "$work"' EXIT
engine() {
    buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"
}
# Says nothing unless it fails.
build() {
    if ! engine build --isolation chroot --pull-never --format docker "$@" >"$work/log" 2>&1; then
        tail -n 60 "$work/log" >&2
        return 1
    fi
}

echo "rehearse: making Debian's base with debootstrap, in place of the images of Debian, Rust and NVIDIA"
if ! debootstrap --variant=minbase bookworm "$work/root" http://deb.debian.org/debian >"$work/log" 2>&1; then
    tail -n 20 "$work/log" >&2
    exit 1
fi
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
mkdir "$work/base"
tar -C "$work/root" -cf "$work/base/base.tar" .
rm -rf "$work/root"
printf 'FROM scratch\nADD base.tar /\n' >"$work/base/Containerfile"
build --file "$work/base/Containerfile" --tag localhost/base "$work/base"
rm -rf "$work/base"

# In place of Rust's image: the base with this machine's toolchain, and its list of the web's authorities.
toolchain=$(rustc --print sysroot)
mkdir "$work/rust"
cp /etc/ssl/certs/ca-certificates.crt "$work/rust/"
cat >"$work/rust/Containerfile" <<EOF
FROM localhost/base
RUN apt-get update -q && apt-get install -q -y --no-install-recommends binutils ca-certificates
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV PATH=$toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
EOF
build --file "$work/rust/Containerfile" --tag localhost/rust "$work/rust"

options=(
    --file deploy/containers/Containerfile --ignorefile .containerignore --volume "$toolchain:$toolchain:ro"
    --build-arg RUST_IMAGE=localhost/rust --build-arg BASE_IMAGE=localhost/base --build-arg CUDA_BASE_IMAGE=localhost/base
)
if [ -n "$built" ]; then
    echo "rehearse: taking the programs of $built; nothing is compiled"
    mkdir "$work/programs"
    cp "$built/superposed" "$built/superposed-worker" "$work/programs/"
    cp -r LICENSE* deploy "${XDG_CACHE_HOME:-$HOME/.cache}/superposed/scip-10.0.2" "$work/programs/"
    cat >"$work/programs/Containerfile" <<'EOF'
FROM localhost/rust
WORKDIR /src
COPY . .
RUN mkdir -p /var/cache/superposed && mv scip-10.0.2 /var/cache/superposed/
RUN XDG_CACHE_HOME=/var/cache deploy/containers/steps/collect.sh . /out
EOF
    build --file "$work/programs/Containerfile" --tag localhost/programs "$work/programs"
    rm -rf "$work/programs"
    options+=(--build-arg PROGRAMS=localhost/programs --build-arg CUDA_PROGRAMS=localhost/programs)
fi

echo "rehearse: preparing the build as the images do: what is copied, what is installed, SCIP"
build "${options[@]}" --target source .

for target in "${targets[@]}"; do
    build "${options[@]}" --target "$target" --tag "localhost/$target" .
    # As it will be run: by its user, with a root file system that is read-only.
    image=$(engine from --pull-never "localhost/$target")
    user=$(engine inspect --format '{{.Docker.Config.User}}' "$image")
    [ "$user" = 10001:10001 ] || { echo "rehearse: $target runs as '$user', not as 10001" >&2; exit 1; }
    root=$(engine mount "$image")
    found=$(find "$root" -xdev -perm /6000 -newer "$root/opt/superposed" -type f)
    [ -z "$found" ] || { echo "rehearse: $target brings programs that take another user's rights: $found" >&2; exit 1; }
    size=$(du -sm --apparent-size "$root" | cut -f 1)
    own=$(du -sm --apparent-size "$root/opt/superposed" | cut -f 1)
    echo "rehearse: $target built; $size MB unpacked, of which $own MB in /opt/superposed"
    engine umount "$image" >/dev/null
    engine rm "$image" >/dev/null
done
