#include "base/table.h"

#include <ctype.h>
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

int table_word(const char *const *word, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(word[i], name) == 0)
            return i;
    return -1;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int differ(char a, char b)
{
    return tolower((unsigned char)a) != tolower((unsigned char)b);
}

/* Optimal string alignment distance, case apart; FAR where a name is too long to be looked at. */
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
            d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + differ(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && !differ(a[i - 1], b[j - 2]) && !differ(a[i - 2], b[j - 1]))
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n][m];
}

struct guess {
    const char *name;
    int far, same; /* distance, and letters at the beginning that are alike */
};

static int letters_alike(const char *a, const char *b)
{
    int n = 0;

    while (a[n] && !differ(a[n], b[n]))
        n++;
    return n;
}

static void look(const void *table, const char *name, struct guess *g)
{
    int n = (int)strlen(name);

    for (const struct row *const *r = table; r && *r; r++) {
        int d = distance(name, (*r)->name), same = letters_alike(name, (*r)->name), begins = n > 1 && same == n;

        if (begins)
            d = least(d, FAR - 1);
        else if (d >= n)
            continue;
        if (d < g->far || (d == g->far && g->name && same > g->same))
            *g = (struct guess){(*r)->name, d, same};
    }
}

const char *table_nearest(const void *table, const char *name)
{
    struct guess g = {NULL, FAR, 0};

    look(table, name, &g);
    return g.name;
}

int table_unknown(const char *what, const void *table, const void *second, const char *name, struct err *e)
{
    struct guess g = {NULL, FAR, 0};

    look(table, name, &g);
    look(second, name, &g);
    return g.name ? err_set(e, "%s '%s' is not known; did you mean %s? --list names them", what, name, g.name)
                  : err_set(e, "%s '%s' is not known; --list names them", what, name);
}
