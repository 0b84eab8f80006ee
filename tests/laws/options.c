/*
 * Options that methods own, over the tables of all families: each has a long name, help, and a place for its value; a
 * number that has a sign has a range; a default that is in no range is told by the help; methods that use one name
 * agree on whether it takes a value.
 */
#include "alloc/alloc.h"
#include "base/opt_int.h"
#include "factor/factor.h"
#include "merge/merge.h"
#include "prune/prune.h"
#include "quant/quant.h"
#include "rate/rate.h"
#include "score/score.h"
#include "select/select.h"
#include "shrink/shrink.h"
#include "tests/unit/check.h"
#include "text/gather.h"

static void fail(const struct opt_owner *m, const struct opt *o, const char *what)
{
    check_failed++;
    printf("%s: --%s: %s\n", m->name, o->name ? o->name : "?", what);
}

static int is_number(const struct opt *o)
{
    int kind = OPT_KIND(o);

    return kind == OPT_U64 || kind == OPT_INT || kind == OPT_F64 || kind == OPT_SIZE;
}

static void law_of_option(const struct opt_owner *m, const struct opt *o)
{
    check_count++;
    if (!o->help || !*o->help)
        fail(m, o, "no help");
    if (OPT_KIND(o) == OPT_CALL ? !o->call : !o->to)
        fail(m, o, "no place for its value");
    if (!o->arg != (OPT_KIND(o) == OPT_FLAG || OPT_KIND(o) == OPT_COUNT))
        fail(m, o, "its kind and its argument do not agree");
    if ((OPT_KIND(o) == OPT_INT || OPT_KIND(o) == OPT_F64) && o->lo == 0 && o->hi == 0)
        fail(m, o, "a number without a range");
    if (is_number(o) && !opt_within(o, opt_double(OPT_KIND(o), o->to)) && !strstr(o->help, "(default"))
        fail(m, o, "its default is in no range, and the help does not say what it means");
}

/* A row has a name, which is its own, and says in one clause what it is. */
static void law_of_row(const struct opt_owner *const *table, size_t i)
{
    const struct opt_owner *m = table[i];

    CHECK(*m->name && strspn(m->name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(m->name));
    CHECK(m->brief && *m->brief && !strpbrk(m->brief, "\t\n") && m->brief[strlen(m->brief) - 1] != '.');
    for (size_t k = 0; k < i; k++)
        CHECK(strcmp(table[k]->name, m->name) != 0);
}

/* All rows of a family, beside all others of it. */
static void law_of_family(const void *table)
{
    const struct opt_spec spec = {.methods = {table}};
    const struct opt_owner *const *row = table;

    for (size_t i = 0; CHECK_ROW(row[i], name); i++)
        law_of_row(row, i);
    for (struct opt_walk a = {.spec = &spec}; opt_next(&a);) {
        if (!a.owner)
            continue;
        law_of_option(a.owner, a.o);
        for (struct opt_walk b = {.spec = &spec}; opt_next(&b);)
            if (b.owner && strcmp(a.o->name, b.o->name) == 0 && (!a.o->arg != !b.o->arg || a.o->letter != b.o->letter))
                fail(a.owner, a.o, "another method's takes a value where this takes none, or has another letter");
    }
}

int main(void)
{
    /* clang-format off */
    static const void *const table[] = {
        alloc_table,
        factor_table,
        gather_table,
        merge_table,
        prune_table,
        quant_methods,
        rate_table,
        score_table,
        select_table,
        shrink_table,
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        law_of_family(table[i]);
    return DONE();
}
