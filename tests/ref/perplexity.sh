# perplexity: brook and its four fine-tunes on the four texts, both protocols, against torch's and llama.cpp's figures
# (../shared/models). Usage: perplexity.sh [BIN]; a line for each figure, exit 1 when one is off by more than 0.2 %.
# Two minutes on two cores, so no part of `make check`.
set -u
cd "$(dirname "$0")/../.." || exit 2
PATH=${1:-build/bin}:$PATH
shared=../shared
[ -e $shared/models/perplexity.tsv ] || { echo "needs ../shared/models"; exit 77; }
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
texts=$(for t in prose math docs code; do echo "-f $shared/text/$t.test.txt"; done)
for m in brook-6m brook-6m-prose brook-6m-math brook-6m-docs brook-6m-code; do
    # shellcheck disable=SC2086
    tsplit $shared/models/$m | mppl -j 0 -c 256 $texts | sed "s/^/$m	/" >>"$tmp/all"
done
# shellcheck disable=SC2086
tsplit $shared/models/brook-6m | mppl -j 0 -c 256 --protocol llama.cpp $texts | sed "s/^/brook-6m	/" >>"$tmp/all"
awk -F '\t' '
    NR == FNR { if (FNR > 1) { want[$1, $3 ".txt", "paper"] = $7; want[$1, $3 ".txt", "llama.cpp"] = $11 } next }
    $2 == "text" { next }
    {
        w = want[$1, $2, $4]; off = $7 / w - 1
        printf "%-16s %-16s %-10s %10.4f %10.4f %+.5f%%\n", $1, $2, $4, $7, w, 100 * off
        n++; if (off > 0.002 || off < -0.002) bad = 1
    }
    END { exit bad || n != 24 }' $shared/models/perplexity.tsv "$tmp/all"
