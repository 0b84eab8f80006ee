/*
 * kcentre: each time the text that is farthest from all chosen ones; distance^2 = |x_i|^2 + |x_j|^2 - 2 <x_i, x_j>. The
 * first is the first by the hash of its id; ties go to the lesser index. Within twice the least possible greatest
 * distance. Cost O(k n d); 16 bytes a text. Source: Gonzalez 1985; for choosing data, Sener and Savarese 2018.
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "select/select.h"
#include "select/vectors.h"

static int order(struct select_set *s, struct err *e)
{
    double *far = mem_new(s->n + 1, sizeof *far), *norm = mem_new(s->n + 1, sizeof *norm);
    size_t next = 0;

    (void)e;
    for (size_t i = 0; i < s->n; i++) {
        far[i] = INFINITY;
        norm[i] = vectors_dot(s->x + i * s->d, s->x + i * s->d, s->d);
    }
    while (s->ordered < s->want) {
        size_t j = next;

        s->order[s->ordered++] = (uint32_t)j;
        far[j] = -1; /* is taken */
        for (size_t i = 0; i < s->n; i++) {
            double v = norm[i] + norm[j] - 2 * vectors_dot(s->x + i * s->d, s->x + j * s->d, s->d);

            if (far[i] >= 0 && v < far[i])
                far[i] = v > 0 ? v : 0;
            if (far[i] > far[next] || next == j)
                next = far[i] >= 0 ? i : next;
        }
    }
    free(far);
    free(norm);
    return 0;
}

static const struct opt opts[] = {SELECT_VECTORS, OPT_END};

const struct select_method select_kcentre = {.name = "kcentre",
                                             .brief = "k-centre: the farthest from all chosen ones",
                                             .opts = opts,
                                             .needs = SELECT_VECTOR,
                                             .order = order};
