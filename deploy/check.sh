#!/bin/bash
# Checks everything that deploys superposed, without a cluster, a container engine or a registry of images:
#
#   scripts      shellcheck
#   kubernetes   the overlays are built, each resource checked against Kubernetes' schemas, KEDA's against KEDA's types, and what
#                schemas cannot say (checks/kubernetes.py)
#   compose      against the schema of the Compose specification, then parsed and resolved by podman-compose
#   systemd      systemd-analyze verify, and its measure of exposure
#   slurm        run under a real Slurm of one node: told to stop in time, queued again
#
# What is missing is installed once: tools from PyPI and npm below ~/.cache/superposed, Debian's packages with apt-get. Arguments
# choose some of the checks by name.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/superposed/deploy-check-1
chosen=("$@")
[ $# -gt 0 ] || chosen=(scripts kubernetes compose systemd slurm)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

need() { # program, Debian's package
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || deploy/setup/packages.sh "$2"
}

python() {
    if [ ! -e "$cache/python/complete" ]; then
        python3 -m venv --clear "$cache/python"
        "$cache/python/bin/pip" install --quiet --disable-pip-version-check \
            kubernetes-validate==1.37.0 check-jsonschema==0.39.0 podman-compose==1.6.0
        touch "$cache/python/complete"
    fi
    PATH="$cache/python/bin:$PATH" "$@"
}

scripts() {
    need shellcheck shellcheck
    # shellcheck disable=SC2046
    shellcheck $(find deploy -name '*.sh') deploy/slurm/workers.sbatch
}

kubernetes() {
    local build=(kubectl kustomize)
    if command -v kustomize >/dev/null; then
        build=(kustomize build)
    elif ! command -v kubectl >/dev/null; then
        echo "neither kubectl nor kustomize is here: install one of them" >&2
        return 1
    fi
    need npm npm
    if [ ! -e "$cache/node_modules/complete" ]; then
        npm install --silent --no-fund --no-audit --prefix "$cache" @kubernetes-models/keda@2.0.0 typescript@5.9.3
        touch "$cache/node_modules/complete"
    fi
    local overlay name
    for overlay in deploy/kubernetes/overlays/*/; do
        name=$(basename "$overlay")
        "${build[@]}" "$overlay" >"$work/$name.yaml"
        # KEDA's kinds into a file of TypeScript, for the compiler knows their types; the others into one of their own.
        python python3 deploy/checks/kubernetes.py "$work/$name.yaml" "$work/$name-own.yaml" "$cache/$name-keda.ts"
        if ! python kubernetes-validate --strict "$work/$name-own.yaml" >"$work/said" || grep -qv '^INFO' "$work/said"; then
            grep -v '^INFO' "$work/said" >&2
            return 1
        fi
        "$cache/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck --module nodenext --target es2022 "$cache/$name-keda.ts"
    done
}

compose() {
    local file=deploy/compose/compose.yaml
    python check-jsonschema --quiet --builtin-schema vendor.compose-spec "$file"
    # It asks for an engine's version before it reads; nothing is run.
    mkdir -p "$work/engine"
    printf '#!/bin/sh\necho podman version 5.0.0\n' >"$work/engine/podman"
    chmod +x "$work/engine/podman"
    cp deploy/compose/env.example "$work/env"
    PATH="$work/engine:$PATH" python podman-compose --env-file "$work/env" --file "$file" --profile cpu --profile gpu config \
        >"$work/compose.yaml"
    python python3 deploy/checks/compose.py "$work/compose.yaml"
}

systemd() {
    if ! command -v systemd-analyze >/dev/null; then
        echo "systemd-analyze is missing: this is no machine with systemd" >&2
        return 1
    fi
    local unit
    for unit in superposed-coordinator superposed-worker@; do
        # A program that is there: verify looks for it.
        sed 's#^ExecStart=/opt/superposed/[a-z-]*#ExecStart=/bin/true#' "deploy/systemd/$unit.service" >"$work/$unit.service"
        systemd-analyze verify --man=no "$work/$unit.service" 2>"$work/said" || true
        if [ -s "$work/said" ]; then
            cat "$work/said" >&2
            return 1
        fi
        # In tenths: 2.0, where 10 is a service without any protection.
        systemd-analyze security --offline=yes --threshold=20 "$work/$unit.service" >"$work/said" || {
            cat "$work/said" >&2
            return 1
        }
    done
}

slurm() {
    need sbatch slurm-client
    need slurmctld slurmctld
    need slurmd slurmd
    deploy/checks/slurm.sh
}

for check in "${chosen[@]}"; do
    start=$(date +%s)
    case $check in
    scripts | kubernetes | compose | systemd | slurm)
        # Not in a condition, where `set -e` would not hold.
        "$check"
        echo "deploy-check: $check is sound ($(($(date +%s) - start)) s)"
        ;;
    *)
        echo "deploy-check: there is no check '$check'" >&2
        exit 2
        ;;
    esac
done
