# methods: every row of a family's table has an entry in weir-methods(7) and outside numbers in tests/vectors.
page=man/weir-methods.7
entries=$(awk '/^\.Sh /{family = tolower($2)} /^\.It Ic /{print family "_" $3}' $page | tr -- - _)
bad=0
for family in score prune quant factor merge alloc rate select dup shrink; do
    def=lib/$family/$family.def
    [ -e "$def" ] || continue
    for name in $(sed -n 's/^[A-Z_]*(\([A-Za-z0-9_]*\).*/\1/p' "$def"); do
        echo "$entries" | grep -qx "${family}_$name" || { echo "$page: no entry for $name of $def"; bad=1; }
        ls tests/vectors/"${family}_$name".* >/dev/null 2>&1 ||
            { echo "tests/vectors/${family}_$name.*: missing, $def has the row"; bad=1; }
    done
done
exit $bad
