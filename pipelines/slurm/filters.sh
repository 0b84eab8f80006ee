# filters: what each shard goes through, from standard input to standard output.
wprune -m magnitude -s 0.5 | wquant -t q4_K
