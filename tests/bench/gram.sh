#!/bin/sh
# GPTQ, SparseGPT and whitened SVD of one N x N layer by weir and by plain torch, in one run on as many threads each: gram.sh [N [THREADS [PYTHON]]].
# Needs Debian's python3-torch. Lines: who, what, seconds, the share of the output's energy that is lost, and of weir the peak memory so far in MiB.
set -eu
n=${1:-4096} threads=${2:-2} python=${3:-python3}
layer=$(mktemp) && trap 'rm -f "$layer"' EXIT
make -s build/tests/bench/gram
build/tests/bench/gram "$n" "$threads" "$layer"
OPENBLAS_NUM_THREADS=$threads OMP_NUM_THREADS=$threads "$python" tests/bench/gram.py "$layer" "$n" "$threads"
