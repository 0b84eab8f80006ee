# filters: what each shard goes through, from standard input to standard output. A shard may hold nothing to prune: --allow-none.
wprune -m magnitude -s 0.5 --allow-none | wquant -t q4_K --allow-none
