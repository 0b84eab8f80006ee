# The reducer: the first K of what the mappers kept. Usage: pick.sh K
exec dsel --lines --merge --by dsir -k "$1"
