#include "base/table.h"

#include <string.h>

#define LONGEST 31 /* bytes of a name that is compared */
#define FAR 3

struct row {
    const char *name;
};

const void *table_find(const void *table, const char *name)
{
    for (const struct row *const *r = table; *r; r++)
        if (strcmp((*r)->name, name) == 0)
            return *r;
    return NULL;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance; FAR where a name is too long to be looked at. */
static int distance(const char *a, const char *b)
{
    int n = (int)strlen(a), m = (int)strlen(b), d[LONGEST + 1][LONGEST + 1];

    if (n > LONGEST || m > LONGEST)
        return FAR;
    for (int i = 0; i <= n; i++)
        for (int j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n][m];
}

static void look(const void *table, const char *name, const char **best, int *far)
{
    for (const struct row *const *r = table; r && *r; r++) {
        int d = distance(name, (*r)->name);

        if (d >= FAR && strlen(name) > 2 && strncmp(name, (*r)->name, strlen(name)) == 0)
            d = FAR - 1;
        if (d < *far && d < (int)strlen(name)) {
            *far = d;
            *best = (*r)->name;
        }
    }
}

const char *table_nearest(const void *table, const char *name)
{
    const char *best = NULL;
    int far = FAR;

    look(table, name, &best, &far);
    return best;
}

int table_unknown(const char *what, const void *table, const void *second, const char *name, struct err *e)
{
    const char *best = NULL;
    int far = FAR;

    look(table, name, &best, &far);
    look(second, name, &best, &far);
    return best ? err_set(e, "%s '%s' is not known; did you mean %s? --list names them", what, name, best)
                : err_set(e, "%s '%s' is not known; --list names them", what, name);
}
