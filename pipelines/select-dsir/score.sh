# The mapper: score the texts of a split and keep its first K. Usage: score.sh K
set -e
dscore --lines -m dsir --target target.feat --raw raw.feat --norm token >scored.$$
dsel --lines --by dsir -k "$1" scored.$$
rm -f scored.$$
