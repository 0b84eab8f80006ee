/* table: rows by name, and the name that was meant. */
#include "base/table.h"
#include "tests/unit/check.h"

struct method {
    const char *name;
    int number;
};

static const struct method wanda = {"wanda", 1}, magnitude = {"magnitude", 2}, sparsegpt = {"sparsegpt", 3},
                           dsnot = {"dsnot", 4};
static const struct method *const table[] = {&wanda, &magnitude, &sparsegpt, &dsnot, NULL};
static const struct method *const more[] = {&(const struct method){"lift", 5}, NULL};

int main(void)
{
    const struct method *m = table_find(table, "sparsegpt");
    struct err e;

    CHECK(m == &sparsegpt && table_find(table, "Wanda") == NULL && table_find(table, "") == NULL);
    CHECK_STR(table_nearest(table, "wnada"), "wanda");
    CHECK_STR(table_nearest(table, "wand"), "wanda");
    CHECK_STR(table_nearest(table, "magn"), "magnitude");
    CHECK_STR(table_nearest(table, "sparse-gtp"), "sparsegpt");
    CHECK(table_nearest(table, "owl") == NULL && table_nearest(table, "") == NULL && table_nearest(table, "m") == NULL);
    CHECK(table_nearest(table, "a name that is so long that nobody can have meant any of these names by it") == NULL);
    CHECK(table_unknown("method", table, more, "lfit", &e) == -1);
    CHECK_STR(e.msg, "method 'lfit' is not known; did you mean lift? --list names them");
    CHECK(table_unknown("method", table, NULL, "lfit", &e) == -1);
    CHECK_STR(e.msg, "method 'lfit' is not known; --list names them");
    return DONE();
}
