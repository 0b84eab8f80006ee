#include "quant/source.h"

#include <string.h>

#include "tensor/form.h"

#define GATHER 512 /* rows at once by the gram */

static int loaded_rows(struct quant_source *s, uint64_t *n, float **w, struct err *e)
{
    uint64_t most = (1u << 18) / (s->b->cols + 1) + 1, left = s->b->rows - s->next;

    most = s->gather ? GATHER : most;
    *n = left < most ? left : most;
    if (*n == 0)
        return 0;
    *w = s->room = mem_resize(s->room, *n * s->b->cols, sizeof *s->room);
    if (s->term >= 0)
        memset(s->room, 0, *n * s->b->cols * sizeof *s->room);
    if (s->term >= 0 ? form_find("dense")->add_rows(s->b, s->term, s->next, *n, s->room, e)
                     : bundle_rows(s->b, s->next, *n, s->room, e))
        return err_in(e, "%s", s->b->name);
    return 1;
}

static int gathered_rows(struct quant_source *s, uint64_t *n, float **w, struct err *e)
{
    uint64_t at, some, cols = s->b->cols;
    float *rows;
    int got = 1;

    for (*n = 0; *n < GATHER && (got = bundle_next_rows(s->in, s->b, &at, &some, &rows, e)) > 0; *n += some) {
        s->room = mem_resize(s->room, (*n + some) * cols, sizeof *s->room);
        memcpy(s->room + *n * cols, rows, some * cols * sizeof *rows);
    }
    *w = s->room;
    return got < 0 ? -1 : *n > 0;
}

int quant_source_next(struct quant_source *s, uint64_t *row0, uint64_t *n, float **w, struct err *e)
{
    int got;

    if (s->b->loaded)
        got = loaded_rows(s, n, w, e);
    else
        got = s->gather ? gathered_rows(s, n, w, e) : bundle_next_rows(s->in, s->b, row0, n, w, e);
    *row0 = s->next;
    s->next += got > 0 ? *n : 0;
    return got;
}
