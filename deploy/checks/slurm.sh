#!/bin/bash
# Runs deploy/slurm/workers.sbatch under a real Slurm of one node, which this starts and stops, with a worker that notes what
# it is told: two tasks start, each with a name of its own; one is queued again and starts under another name; SIGTERM reaches
# the worker when the time is nearly over, when a task is queued again, and when it is cancelled.
set -euo pipefail
cd "$(dirname "$0")/../.."
script=$PWD/deploy/slurm/workers.sbatch
work=$(mktemp -d)
daemons=()
finish() {
    [ ${#daemons[@]} -eq 0 ] || kill "${daemons[@]}" 2>/dev/null || true
    # They end their own tasks first, whose logs lie here.
    [ ${#daemons[@]} -eq 0 ] || wait "${daemons[@]}" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
mkdir "$work/state" "$work/spool" "$work/bin"
cat >"$work/slurm.conf" <<EOF
ClusterName=check
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/none
CredType=cred/none
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
NodeName=$(hostname) NodeAddr=127.0.0.1 CPUs=64 RealMemory=400000 Gres=gpu:4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
SlurmdParameters=config_overrides
EOF
for device in null zero full random; do
    echo "Name=gpu File=/dev/$device"
done >"$work/gres.conf"
# Stands in for the worker: what is asked of Slurm is the same.
cat >"$work/bin/superposed-worker" <<'EOF'
#!/bin/bash
trap 'echo "told to stop"; exit 0' TERM
echo "started: $*"
while :; do sleep 0.1; done
EOF
chmod +x "$work/bin/superposed-worker"

export SLURM_CONF=$work/slurm.conf PATH="$work/bin:/usr/sbin:$PATH"
export SUPERPOSED_COORDINATOR=https://head:7117 TMPDIR=$work USER=${USER:-$(id -un)}
slurmctld -D >"$work/slurmctld.log" 2>&1 &
daemons+=($!)
slurmd -D >"$work/slurmd.log" 2>&1 &
daemons+=($!)

fail() {
    echo "slurm: $1" >&2
    tail -n 5 "$work"/*.log >&2
    exit 1
}
# Asks again and again, for a minute at most, whether a file has so many lines of a kind.
until_said() { # file, text, lines
    local said
    for _ in $(seq 600); do
        said=$(grep -c -e "$2" "$1" 2>/dev/null) || true
        [ "${said:-0}" -lt "$3" ] || return 0
        sleep 0.1
    done
    fail "'$2' was not said $3 times in $(basename "$1")"
}

cd "$work"
submit() {
    sbatch --parsable "$@" "$script" 2>>"$work/sbatch.log" || fail "sbatch refuses the script"
}
for _ in $(seq 100); do
    sinfo --noheader --format %t 2>/dev/null | grep -qx idle && break
    sleep 0.1
done
# Slurm looks at times twice a minute, so 50 s before the end of a minute may be at once.
timed=$(submit --array=0 --cpus-per-task=2 --mem=1G --time=1 --signal=TERM@50)
again=$(submit --array=0-1 --cpus-per-task=2 --mem=1G)
until_said "superposed-${again}_0.log" "started: --name slurm-$again-0-0 --device cuda:0 --cores 2" 1
until_said "superposed-${again}_1.log" "started: --name slurm-$again-1-0 --device cuda:0 --cores 2" 1
scontrol requeue "${again}_1"
until_said "superposed-${again}_1.log" "told to stop" 1
# Slurm would have it wait for two minutes.
for _ in $(seq 100); do
    scontrol update "jobid=${again}_1" StartTime=now 2>>"$work/scontrol.log" && break
    sleep 0.1
done
until_said "superposed-${again}_1.log" "started: --name slurm-$again-1-1 --device cuda:0 --cores 2" 1
until_said "superposed-${timed}_0.log" "told to stop" 1
scancel --name superposed
until_said "superposed-${again}_0.log" "told to stop" 1
until_said "superposed-${again}_1.log" "told to stop" 2
