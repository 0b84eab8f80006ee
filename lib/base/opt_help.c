/* opt_help: --help, and the column of options in --list. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/opt_int.h"

const struct opt opt_of_all[] = {{'h', "help", 0, OPT_FLAG, 0, "print this and exit", 0},
                                 {'V', "version", 0, OPT_FLAG, 0, "print the version and exit", 0},
                                 OPT_END};

static void print_row(const struct opt *o, const char *more)
{
    char left[80], letter[8] = "    ";

    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    printf("  %-28s%s%s%s\n", left, strlen(left) > 27 ? "\n                              " : "", o->help, more);
}

static void print_table(const struct opt *o)
{
    for (; o && o->name; o++)
        print_row(o, "");
}

static int is_number(const struct opt *o)
{
    int kind = OPT_KIND(o);

    return kind == OPT_U64 || kind == OPT_INT || kind == OPT_F64 || kind == OPT_FRACTION || kind == OPT_SIZE;
}

/* " (default 0.01; at least 0)": what the row itself knows of a number. A default outside of the range stands for
 * something else, which the help says. */
static const char *facts(const struct opt *o, char *out, size_t room)
{
    char range[80];
    int whole = OPT_KIND(o) == OPT_U64 || OPT_KIND(o) == OPT_SIZE; /* at least 0 in any case */
    int open = isinf(o->hi) && (whole || isinf(o->lo)),
        bounds = (o->lo != 0 || o->hi != 0) && (!open || (whole && o->lo));
    int said = strstr(o->help, "(default") != NULL;
    double v;

    out[0] = '\0';
    if (!is_number(o))
        return out;
    v = opt_double(OPT_KIND(o), o->to);
    said |= !opt_within(o, v);
    if (!said && bounds)
        snprintf(out, room, " (default %.12g; %s)", v, opt_range(o, range, sizeof range));
    else if (!said)
        snprintf(out, room, " (default %.12g)", v);
    else if (bounds)
        snprintf(out, room, " (%s)", opt_range(o, range, sizeof range));
    return out;
}

struct owned {
    const struct opt *o;
    char *owners;
    int printed;
};

/* Each option of methods once, with the names of those that have it. */
static size_t collect(const struct opt_spec *s, struct owned **list)
{
    size_t n = 0, k;

    for (struct opt_walk w = {.spec = s}; opt_next(&w);) {
        struct buf who = {0};

        for (k = 0; w.owner && k < n && !opt_same((*list)[k].o, w.o); k++)
            ;
        if (!w.owner || k < n)
            continue;
        *list = mem_resize(*list, n + 1, sizeof **list);
        opt_owners(s, w.o, 0, &who);
        (*list)[n++] = (struct owned){w.o, mem_strdup(buf_str(&who)), 0};
        buf_free(&who);
    }
    return n;
}

static void print_owned(const struct opt_spec *s)
{
    struct owned *list = NULL;
    size_t n = collect(s, &list);
    char more[120];

    for (size_t i = 0; i < n; i++) {
        if (!list[i].printed)
            printf("\nOptions of %s:\n", list[i].owners);
        for (size_t k = i; k < n; k++)
            if (!list[k].printed && strcmp(list[k].owners, list[i].owners) == 0) {
                print_row(list[k].o, facts(list[k].o, more, sizeof more));
                list[k].printed = 1;
            }
    }
    for (size_t i = 0; i < n; i++)
        free(list[i].owners);
    free(list);
}

_Noreturn void opt_help(const struct opt_spec *s)
{
    printf("Usage: %s %s\n%s\n\nOptions:\n", s->prog, s->synopsis, s->brief);
    print_table(s->table);
    print_table(s->more);
    print_table(opt_of_all);
    print_owned(s);
    if (s->after)
        printf("\n%s", s->after);
    finish_stdout();
    exit(0);
}

void opt_list(const void *row, const char *column, ...)
{
    const struct opt *o = ((const struct opt_owner *)row)->opts;
    const char *sep = "\t";
    va_list ap;

    va_start(ap, column);
    for (const char *c = column; c; c = va_arg(ap, const char *))
        printf("%s%s", c == column ? "" : "\t", c);
    va_end(ap);
    for (; o && o->name; o++, sep = ", ")
        printf("%s--%s%s%s", sep, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    putchar('\n');
}
