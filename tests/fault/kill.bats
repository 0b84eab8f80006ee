# kill: each stage of a pipe killed -9 at random points, by a seed that is printed. Then no target stands, the stages behind it end with status 1
# and one line, those before it by SIGPIPE or well; or it had ended before, and all is as without the kill.
load ../cli/helpers

setup_file() {
    load ../cli/helpers
    cd "$BATS_FILE_TMPDIR"
    tsplit "$MODEL" | wprune -m magnitude -s 0.5 | wquant -t q4_K | tpack -t gguf -o want.gguf
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

@test "kill -9 of each stage at random points: no target, right statuses" {
    cat >kill.py <<'PY'
import os, random, subprocess, sys, time
model, seed, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
stages = [["tsplit", model], ["wprune", "-m", "magnitude", "-s", "0.5"], ["wquant", "-t", "q4_K"], ["tpack", "-t", "gguf", "-o", "t.gguf"]]
rng, killed = random.Random(seed), 0

def run(victim, after):
    """Statuses (negative: a signal), what each says, and whether the victim was still there to be killed."""
    ps, r = [], subprocess.DEVNULL
    for i, s in enumerate(stages):
        p = subprocess.Popen(s, stdin=r, stdout=subprocess.PIPE if i < 3 else subprocess.DEVNULL, stderr=subprocess.PIPE)
        if i:
            r.close()
        r = p.stdout
        ps.append(p)
    time.sleep(after)
    if victim is not None:
        ps[victim].kill()
    says = [p.stderr.read().decode() for p in ps]
    return [p.wait() for p in ps], says

begin = time.monotonic()
status, says = run(None, 0)
whole = time.monotonic() - begin
assert status == [0] * 4, (status, says)
os.unlink("t.gguf")
for n in range(rounds):
    victim, after = n % 4, rng.random() * whole
    status, says = run(victim, after)
    where = "round %d: %s after %.4f s: %s %s" % (n, stages[victim][0], after, status, says)
    left = [f for f in os.listdir(".") if f.startswith("t.gguf")]
    if status[victim] == -9:
        killed += 1
        # tpack killed itself cannot clean up: a temporary may stay, but nothing under the target's name
        assert "t.gguf" not in left and (victim == 3 or not left), where + str(left)
        assert all(s == 1 and t.startswith(stages[i][0] + ": ") and t.count("\n") == 1
                   for i, (s, t) in enumerate(zip(status, says)) if i > victim), where
        assert all(s in (0, -13) and not t for s, t in list(zip(status, says))[:victim]), where
        for f in left:
            os.unlink(f)
    else:
        assert status == [0] * 4 and open("t.gguf", "rb").read() == open("want.gguf", "rb").read(), where
        os.unlink("t.gguf")
assert killed >= rounds // 4, "only %d of %d were still running when killed" % (killed, rounds)
print("%d of %d killed" % (killed, rounds))
PY
    seed=${WEIR_SEED:-$(($(date +%s) % 100000))}
    echo "seed $seed (WEIR_SEED sets it)"
    python3 kill.py "$MODEL" "$seed" "${WEIR_ROUNDS:-12}"
}

@test "kill -9 in the middle of writing shards: no folder of shards" {
    for t in 0.005 0.01 0.02 0.04; do
        tsplit -n 7 -d parts "$MODEL" 3>&- & pid=$!
        sleep $t
        kill -9 $pid 2>/dev/null || true
        if wait $pid 2>/dev/null; then [ "$(ls parts | wc -l)" -eq 7 ]; else [ ! -e parts ]; fi
        rm -rf parts parts.*
    done
}
