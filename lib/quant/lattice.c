#include "quant/lattice.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "quant/isa.h"

void lattice_encode(const struct lattice_type *t, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                    uint8_t *out)
{
    quant_isa()->lattice(t, x, importance, rows, cols, out);
}

/* Least distances that count as near: of the format's own making, they decide bytes. */
static const int rings[GRID_COUNT] = {
    [GRID_IQ2_XXS] = 2, [GRID_IQ2_XS] = 2, [GRID_IQ2_S] = 1, [GRID_IQ1] = 3, [GRID_IQ3_XXS] = 2, [GRID_IQ3_S] = 3};

enum { FAR = 8 * 49 + 1 }; /* beyond any squared distance of codes */

/* Squared distances of every point from a place, and how many points have each. */
static void measure(const struct ggml_grid *g, const uint8_t *place, uint16_t *distance, uint16_t *count)
{
    memset(count, 0, FAR * sizeof *count);
    for (int p = 0; p < g->points; p++) {
        const uint8_t *code = g->code + p * g->dim;
        int d = 0;

        for (int i = 0; i < g->dim; i++)
            d += (code[i] - place[i]) * (code[i] - place[i]);
        distance[p] = (uint16_t)d;
        count[d]++;
    }
}

static void put(struct lattice_near *n, int lane, const struct ggml_grid *g, int point)
{
    n->point[lane] = (uint16_t)point;
    for (int i = 0; i < g->dim; i++)
        n->code[i][lane] = g->code[point * g->dim + i];
}

/* The list of one place goes to `to`, or is only counted where that is NULL: how many structs it takes. */
static int list(const struct ggml_grid *g, const uint8_t *place, int near, struct lattice_near *to)
{
    uint16_t distance[2048], count[FAR];
    int n = 0, first = -1;

    measure(g, place, distance, count);
    for (int d = 0; d < FAR && near > 0; d++) {
        if (!count[d])
            continue;
        near--;
        for (int p = 0; to && p < g->points; p++) {
            if (distance[p] != d)
                continue;
            first = first < 0 ? p : first;
            put(&to[n / 8], n % 8, g, p);
            n++;
        }
        n += to ? 0 : count[d];
    }
    for (int rest = n; to && rest % 8; rest++)
        put(&to[rest / 8], rest % 8, g, first);
    if (to)
        to[(n - 1) / 8].last = 1;
    return (n + 7) / 8;
}

static void make(struct lattice *t, enum ggml_grid_name name)
{
    const struct ggml_grid *g = t->grid = ggml_grid(name);
    int next = 0, total = 0;

    t->value = mem_new((size_t)(g->points * g->dim), sizeof *t->value);
    for (int i = 0; i < g->points * g->dim; i++)
        t->value[i] = (float)(2 * g->code[i] + 1);
    t->at = mem_new((size_t)g->numbers, sizeof *t->at);
    for (int pass = 0; pass < 2; pass++) { /* count, then fill */
        int point = 0;

        if (pass)
            t->near = mem_new((size_t)total, sizeof *t->near);
        for (int n = 0; n < g->numbers; n++) {
            uint8_t place[8];

            for (int i = 0, left = n; i < g->dim; i++, left /= g->levels)
                place[i] = (uint8_t)(left % g->levels);
            if (point < g->points && memcmp(place, g->code + point * g->dim, (size_t)g->dim) == 0) {
                t->at[n] = point++;
                continue;
            }
            t->at[n] = ~next;
            if (pass)
                next += list(g, place, rings[name], t->near + next);
            else
                total += list(g, place, rings[name], NULL);
        }
    }
}

static struct lattice lattices[GRID_COUNT];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

const struct lattice *lattice_get(enum ggml_grid_name name)
{
    pthread_mutex_lock(&lock);
    if (!lattices[name].near)
        make(&lattices[name], name);
    pthread_mutex_unlock(&lock);
    return &lattices[name];
}
