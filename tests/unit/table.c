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

static const struct method *const twins[] = {&(const struct method){"ab_0", 6}, &(const struct method){"ab_K", 7},
                                             &(const struct method){"bc_1", 8}, &(const struct method){"ac_0", 9},
                                             NULL};

int main(void)
{
    const struct method *m = table_find(table, "sparsegpt");
    struct err e;

    CHECK(m == &sparsegpt && table_find(table, "Wanda") == NULL && table_find(table, "") == NULL);
    CHECK(table_word((const char *const[]){"a", "bc"}, 2, "bc") == 1);
    CHECK(table_word((const char *const[]){"a", "bc"}, 1, "bc") == -1);
    CHECK_STR(table_nearest(table, "wnada"), "wanda");
    CHECK_STR(table_nearest(table, "wand"), "wanda");
    CHECK_STR(table_nearest(table, "magn"), "magnitude");
    CHECK_STR(table_nearest(table, "sparse-gtp"), "sparsegpt");
    CHECK(table_nearest(table, "owl") == NULL && table_nearest(table, "") == NULL && table_nearest(table, "m") == NULL);
    CHECK_STR(table_nearest(table, "WANDB"), "wanda");
    CHECK_STR(table_nearest(table, "ds"), "dsnot");
    CHECK_STR(table_nearest(twins, "ab_1"), "ab_0"); /* of two as near the first, */
    CHECK_STR(table_nearest(twins, "ac_1"), "ac_0"); /* but the same letters go before */
    CHECK(table_nearest(table, "a name that is so long that nobody can have meant any of these names by it") == NULL);
    CHECK(table_unknown("method", table, more, "lfit", &e) == -1);
    CHECK_STR(e.msg, "method 'lfit' is not known; did you mean lift? --list names them");
    CHECK(table_unknown("method", table, NULL, "lfit", &e) == -1);
    CHECK_STR(e.msg, "method 'lfit' is not known; --list names them");
    return DONE();
}
