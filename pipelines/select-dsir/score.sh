# The mapper: score the texts of a split and keep its first K of at least MIN words. Usage: score.sh K [MIN]
set -e
dscore --lines -m dsir --target target.feat --raw raw.feat --norm token >scored.$$
dsel --lines --where "dsir.words>=${2:-100}" --by dsir -k "$1" scored.$$
rm -f scored.$$
