/* opt_own: options of methods: found in the rows of tables, kept until the method is known, given to it or refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/opt_int.h"

/* The next table of w, which may be empty; 0: there is none. */
static int next_table(struct opt_walk *w)
{
    const struct opt *plain[] = {w->spec->table, w->spec->more, opt_of_all};
    size_t i = w->table++;

    if (i < 3) {
        w->o = plain[i];
        return 1;
    }
    i -= 3;
    for (int t = 0; t < 2; t++)
        for (const struct opt_owner *const *row = w->spec->methods[t]; row && *row; row++)
            if (i-- == 0) {
                w->owner = *row;
                w->o = w->owner->opts;
                return 1;
            }
    return 0;
}

int opt_next(struct opt_walk *w)
{
    if (w->o)
        w->o++;
    while (!w->o || !w->o->name)
        if (!next_table(w))
            return 0;
    return 1;
}

double opt_double(int kind, const union opt_number *v)
{
    return kind == OPT_F64 || kind == OPT_FRACTION ? v->f : kind == OPT_INT ? (double)v->i : (double)v->u;
}

int opt_within(const struct opt *o, double v)
{
    return (o->lo == 0 && o->hi == 0) || (v <= o->hi && (o->kind & OPT_ABOVE ? v > o->lo : v >= o->lo));
}

const char *opt_range(const struct opt *o, char *out, size_t room)
{
    const char *from = o->kind & OPT_ABOVE ? "above" : isinf(o->hi) ? "at least" : "from";

    if (isinf(o->hi))
        snprintf(out, room, "%s %.12g", from, o->lo);
    else
        snprintf(out, room, "%s %.12g %s %.12g", from, o->lo, o->kind & OPT_ABOVE ? "and at most" : "to", o->hi);
    return out;
}

static struct given {
    const struct opt *o; /* the first row of its name */
    const char *arg;
    int taken;
} * given;
static size_t n_given;

void opt_forget(void)
{
    free(given);
    given = NULL;
    n_given = 0;
}

void opt_given(const struct opt *o, const char *arg)
{
    given = mem_resize(given, n_given + 1, sizeof *given);
    given[n_given++] = (struct given){o, arg, 0};
}

static const struct opt *row_option(const struct opt_owner *row, const char *name)
{
    for (const struct opt *o = row ? row->opts : NULL; o && o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

void opt_take(const void *row)
{
    struct err e;

    for (size_t i = 0; i < n_given; i++) {
        const struct opt *o = row_option(row, given[i].o->name);

        if (!o || given[i].taken)
            continue;
        given[i].taken = 1;
        if (opt_apply(o, given[i].arg, &e) < 0)
            die_usage("--%s: %s", o->name, e.msg);
    }
}

int opt_same(const struct opt *a, const struct opt *b)
{
    return strcmp(a->name, b->name) == 0 && a->to == b->to && a->call == b->call;
}

void opt_owners(const struct opt_spec *s, const struct opt *o, int by_name, struct buf *out)
{
    const char *last = NULL;
    int n = 0;

    for (struct opt_walk w = {.spec = s}; opt_next(&w);) {
        if (!w.owner || (by_name ? strcmp(w.o->name, o->name) != 0 : !opt_same(w.o, o)))
            continue;
        if (last)
            buf_printf(out, "%s%s", n++ ? ", " : "", last);
        last = w.owner->name;
    }
    buf_printf(out, "%s%s", n ? " and " : "", last ? last : "");
}

void opt_own(const struct opt_spec *spec, const void *row)
{
    struct buf who = {0};

    opt_take(row);
    for (size_t i = 0; i < n_given; i++) {
        if (given[i].taken)
            continue;
        opt_owners(spec, given[i].o, 1, &who);
        if (!row)
            die_usage("--%s is an option of %s; which method is not said", given[i].o->name, buf_str(&who));
        die_usage("--%s is an option of %s, not of %s", given[i].o->name, buf_str(&who),
                  ((const struct opt_owner *)row)->name);
    }
}

int opt_set(const void *row, const char *name, const char *value, struct err *e)
{
    const struct opt *o = row_option(row, name);

    if (!o)
        return err_set(e, "%s has no option --%s", ((const struct opt_owner *)row)->name, name);
    return opt_apply(o, value, e) < 0 ? err_in(e, "--%s", name) : 0;
}
