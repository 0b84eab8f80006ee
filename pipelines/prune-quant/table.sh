# table: one row a variant from the files that the makefile made; or, with --show, the rows for people, held against what is expected.
# Usage: table.sh FOLDER VARIANT...      bytes of VARIANT.file and the perplexities in VARIANT.ppl, as TSV
#        table.sh --show RESULT EXPECTED   exit 1 when a size or a perplexity is not as expected
if [ "$1" != --show ]; then
    out=$1; shift
    printf 'model\tbytes\tprose\tmath\n'
    for v; do
        awk -F '\t' -v v="$v" -v bytes="$(wc -c <"$out/$v.file")" '
            NR == 1 { for (i = 1; i <= NF; i++) if ($i == "ppl") col = i; next }
            { ppl[$1 ~ /math/ ? "math" : "prose"] = $col }
            END { printf "%s\t%d\t%s\t%s\n", v, bytes, ppl["prose"], ppl["math"] }' "$out/$v.ppl"
    done
    exit
fi
# Sizes to 1 %, perplexities to 0.5 %: the weights are the same bytes everywhere, the last digits of a forward pass need not be.
awk -F '\t' '
    function off(a, b, by) { return a - b > by * b || b - a > by * b }
    NR == FNR { if (FNR > 1) { bytes[$1] = $2; prose[$1] = $3; math[$1] = $4; n++ } next }
    FNR == 1 { printf "\n%-22s %12s %8s %10s %10s\n", "", "bytes", "share", "prose ppl", "math ppl"; next }
    {
        if (FNR == 2) whole = $2
        printf "%-22s %12d %7.1f%% %10.2f %10.2f\n", $1, $2, 100 * $2 / whole, $3, $4
        n--
        if (!($1 in bytes) || off($2, bytes[$1], 0.01) || off($3, prose[$1], 0.005) || off($4, math[$1], 0.005)) {
            printf "%-22s %12d %8s %10.2f %10.2f  <- was expected\n", "", bytes[$1], "", prose[$1], math[$1]; bad = 1
        }
    }
    END {
        if (n) { print "rows are missing"; bad = 1 }
        print bad ? "\nNot as expected: see pipelines/prune-quant/expected.tsv." : "\nAs expected (pipelines/prune-quant/expected.tsv)."
        exit bad
    }' "$3" "$2"
