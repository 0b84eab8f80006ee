# run.sh TARGET SECONDS: let a fuzzer of build-fuzz look for new inputs for so long. One line of figures; or what it found, and status 1.
# A find stands as build-fuzz/TARGET-*; copied to tests/fuzz/corpus/TARGET it is a test from then on.
t=$1 log=build-fuzz/$1.log
mkdir -p "build-fuzz/new/$t"
# A short memory of what was freed and short stacks: half again as many inputs a second; a use after free is found all the same.
export ASAN_OPTIONS="quarantine_size_mb=4:malloc_context_size=8:max_malloc_fill_size=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
FUZZ_METER=1 "build-fuzz/fuzz/$t" -max_total_time="$2" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/$t-" "build-fuzz/new/$t" "tests/fuzz/corpus/$t" >"$log" 2>&1 || { echo "$t: found something"; tail -n 40 "$log"; exit 1; }
times >>"$log"
awk -v t="$t" -v s="$2" '/executed_units/ { n = $2 } /peak_rss/ { rss = $2 } /^meter/ { heap = $4 }
    /^[0-9]+m[0-9.]+s / { split($0, c, /[ms ]+/); cpu = 60 * c[1] + c[2] + 60 * c[3] + c[4] }
    END { printf "%-12s %5d s, %5.1f of a processor: %9d inputs, at most %9d bytes of heap, peak rss %d MB\n", t, s, cpu, n, heap, rss }' "$log"
