#include "merge/assign.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

#define NONE ((size_t)-1)

struct search {
    size_t n;
    const double *gain;
    double *row, *col; /* potentials: cost - row - col >= 0, 0 on the assignment */
    size_t *of;        /* the row that has a column, or NONE */
    double *least;     /* shortest path to a column so far */
    size_t *from;      /* the column before it, or NONE: the row that is placed */
    char *done;
};

/* Shortest path from row r to a free column; potentials are moved on. */
static size_t path(struct search *s, size_t r)
{
    size_t at = NONE, here = r;
    double far = 0;

    for (size_t c = 0; c < s->n; c++)
        s->least[c] = INFINITY, s->done[c] = 0;
    for (;;) {
        size_t next = NONE;

        for (size_t c = 0; c < s->n; c++) {
            double d;

            if (s->done[c])
                continue;
            d = far - s->gain[here * s->n + c] - s->row[here] - s->col[c];
            if (d < s->least[c])
                s->least[c] = d, s->from[c] = at;
            if (next == NONE || s->least[c] < s->least[next])
                next = c;
        }
        far = s->least[next];
        s->done[next] = 1;
        at = next;
        if (s->of[at] == NONE)
            break;
        here = s->of[at];
    }
    for (size_t c = 0; c < s->n; c++)
        if (s->done[c] && c != at) {
            s->row[s->of[c]] += far - s->least[c];
            s->col[c] -= far - s->least[c];
        }
    s->row[r] += far;
    return at;
}

double assign_best(size_t n, const double *gain, size_t *to)
{
    struct search s = {n,
                       gain,
                       mem_new(n + 1, sizeof(double)),
                       mem_new(n + 1, sizeof(double)),
                       mem_new(n + 1, sizeof(size_t)),
                       mem_new(n + 1, sizeof(double)),
                       mem_new(n + 1, sizeof(size_t)),
                       mem_new(n + 1, 1)};
    double sum = 0;

    for (size_t c = 0; c < n; c++)
        s.of[c] = NONE;
    for (size_t r = 0; r < n; r++) {
        size_t c = path(&s, r);

        for (; s.from[c] != NONE; c = s.from[c])
            s.of[c] = s.of[s.from[c]];
        s.of[c] = r;
    }
    for (size_t c = 0; c < n; c++)
        to[s.of[c]] = c;
    for (size_t r = 0; r < n; r++)
        sum += gain[r * n + to[r]];
    free(s.row), free(s.col), free(s.of), free(s.least), free(s.from), free(s.done);
    return sum;
}
