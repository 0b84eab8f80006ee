#include "select/greedy.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"

struct item {
    double gain;
    uint32_t index;
};

static int before(const struct item *a, const struct item *b)
{
    return a->gain > b->gain || (a->gain == b->gain && a->index < b->index);
}

static void sift(struct item *heap, size_t n, size_t i)
{
    struct item v = heap[i];

    for (;;) {
        size_t c = 2 * i + 1;

        if (c + 1 < n && before(&heap[c + 1], &heap[c]))
            c++;
        if (c >= n || !before(&heap[c], &v))
            break;
        heap[i] = heap[c];
        i = c;
    }
    heap[i] = v;
}

struct first {
    const struct greedy *g;
    struct item *heap;
};

static void first_gain(void *ctx, size_t i)
{
    struct first *f = ctx;

    f->heap[i] = (struct item){f->g->gain(f->g->ctx, i), (uint32_t)i};
}

void greedy_order(struct select_set *s, const struct greedy *g)
{
    struct item *heap = mem_new(s->n + 1, sizeof *heap);
    struct first f = {g, heap};
    size_t n = s->n;

    par_for(n, first_gain, &f);
    for (size_t i = n / 2; i-- > 0;)
        sift(heap, n, i);
    while (n && s->ordered < s->want) {
        struct item top = heap[0];

        heap[0].gain = g->gain(g->ctx, top.index);
        if (heap[0].gain != top.gain) {
            struct item now = heap[0];

            sift(heap, n, 0);
            if (heap[0].index != now.index)
                continue;
            top = now;
        }
        g->take(g->ctx, top.index);
        s->order[s->ordered++] = top.index;
        heap[0] = heap[--n];
        sift(heap, n, 0);
    }
    free(heap);
}
