# slurm: a real array of jobs on a Slurm of one node that the test starts for itself (munged, slurmctld, slurmd on free ports).
load helpers

setup_file() {
    load helpers
    for p in munged slurmctld slurmd; do
        PATH=$PATH:/usr/sbin:/sbin command -v $p >/dev/null || return 0
    done
    [ "$(id -u)" -eq 0 ] || return 0
    export PATH=$PATH:/usr/sbin:/sbin S=$BATS_FILE_TMPDIR/slurm
    export SLURM_CONF=$S/slurm.conf
    mkdir -p "$S/state" "$S/spool"
    chmod 755 "$BATS_FILE_TMPDIR" "$S"
    head -c 128 /dev/urandom >"$S/munge.key"
    chmod 400 "$S/munge.key"
    # shellcheck disable=SC2046
    set -- $(python3 -c 'import socket
s = [socket.socket() for _ in range(2)]
[x.bind(("127.0.0.1", 0)) for x in s]
print(*[x.getsockname()[1] for x in s])')
    host=$(hostname -s)
    cat >"$SLURM_CONF" <<CONF
ClusterName=weir
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$S/munge.socket
SlurmctldPort=$1
SlurmdPort=$2
StateSaveLocation=$S/state
SlurmdSpoolDir=$S/spool
SlurmctldPidFile=$S/slurmctld.pid
SlurmdPidFile=$S/slurmd.pid
SlurmctldLogFile=$S/slurmctld.log
SlurmdLogFile=$S/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MessageTimeout=30
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
    (munged --force --key-file="$S/munge.key" --socket="$S/munge.socket" --pid-file="$S/munge.pid" --log-file="$S/munge.log" --seed-file="$S/munge.seed"
    slurmctld -c
    slurmd) >"$S/start.log" 2>&1 3>&- || true
    for i in $(seq 300); do
        [ "$(sinfo -h -o %t 2>/dev/null)" = idle ] && break
        sleep 0.05
    done
    tiny_model
}

teardown_file() {
    [ -n "${S:-}" ] || return 0
    for p in slurmd slurmctld munge; do
        [ ! -s "$S/$p.pid" ] || kill "$(cat "$S/$p.pid")" 2>/dev/null || true
    done
}

setup() {
    [ -n "${S:-}" ] || skip "needs munged, slurmctld, slurmd, and root to run them"
    [ "$(sinfo -h -o %t 2>/dev/null)" = idle ] || skip "Slurm does not start here: $(tail -n 1 "$S/slurmctld.log" "$S/slurmd.log" "$S/start.log" 2>/dev/null | tail -n 1)"
    TINY=$BATS_FILE_TMPDIR/tiny
    cd "$BATS_TEST_TMPDIR"
    export WEIR_BIN=$BIN
}

wait_for() { # wait_for JOB: its end
    for i in $(seq 600); do
        [ -n "$(squeue -h -j "$1" 2>/dev/null)" ] || return 0
        sleep 0.05
    done
    squeue; scontrol show job "$1"; tail "$S"/*.log
    return 1
}

@test "an array of 7 and its join: the bytes of one pipe; shards that are not there run again alone" {
    tsplit "$TINY" | sh "$TOP/pipelines/slurm/filters.sh" >want.weir
    jobs=$(sh "$TOP/pipelines/slurm/submit.sh" "$TINY" out 7)
    wait_for "${jobs#* }"
    cmp out/result.weir want.weir || { cat out/*.log; false; }
    stat -c '%n %i' out/shard-* | grep -v 00003 >before
    rm out/shard-00003-of-00007.weir out/result.weir
    jobs=$(sh "$TOP/pipelines/slurm/submit.sh" "$TINY" out 7)
    wait_for "${jobs#* }"
    cmp out/result.weir want.weir || { cat out/*.log; false; }
    stat -c '%n %i' out/shard-* | grep -v 00003 | diff before -
}

@test "--shard auto in a real array: each job has its share" {
    printf '#!/bin/sh\nset -e\n"$WEIR_BIN/tsplit" --shard auto "$1" >"got.$SLURM_ARRAY_TASK_ID"\n' >job
    wait_for "$(sbatch --parsable --array=4-8:2 --output=log.%a job "$TINY")"
    for i in 1 2 3; do
        tsplit --shard $i/3 "$TINY" | cmp - got.$((2 + 2 * i)) || { cat log.*; false; }
    done
}

@test "select-dsir as two arrays: the bytes of one pipe; a shard that is missing is made again alone" {
    dload -q -f paragraphs "$BROOK/prose.test.txt" | dsave >pool.jsonl
    dload -q -f paragraphs "$BROOK/math.test.txt" | dsave >math.jsonl
    head -n 30 math.jsonl >target.jsonl
    tail -n +31 math.jsonl >>pool.jsonl
    dload -q target.jsonl | dfeat >t.feat
    dload -q pool.jsonl | tee pool.weir | dfeat >r.feat
    dscore -m dsir --target t.feat --raw r.feat --norm token pool.weir | dsel --where 'dsir.words>=100' --by dsir -k 40 | dsave >want.jsonl
    submit() { sh "$TOP/pipelines/select-dsir/slurm/submit.sh" pool.jsonl target.jsonl out 5 40 | tee jobs; }
    wait_for "$(submit | tail -n 1)"
    [ "$(wc -l <jobs)" -eq 4 ]
    cmp out/selected.jsonl want.jsonl || { cat out/*.log; false; }
    stat -c '%n %i' out/part-* | grep -v part-2 >before
    rm out/part-2.weir out/selected.jsonl
    wait_for "$(submit | tail -n 1)"
    [ "$(wc -l <jobs)" -eq 2 ]
    cmp out/selected.jsonl want.jsonl || { cat out/*.log; false; }
    stat -c '%n %i' out/part-* | grep -v part-2 | diff before -
    # A step that fails ends the flow: what depends on it is not begun.
    rm out/part-4.weir out/selected.jsonl
    head -c 3000 t.feat >out/target.feat
    wait_for "$(submit | tail -n 1)"
    [ ! -e out/selected.jsonl ]
}
