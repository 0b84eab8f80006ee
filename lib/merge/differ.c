#include "merge/differ.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "la/quad.h"

#define SLAB_BYTES ((uint64_t)1 << 20) /* of f32, of each side */

typedef double quad_of(size_t rows, size_t cols, const float *w, const float *h);

/* What rows are summed up to. */
struct sums {
    struct distance d;
    quad_of *quad; /* or NULL */
    const float *h;
    double off, whole;
};

/* The companion that tells the output's error, as f32; NULL: none does. */
static float *told_by(const struct bundle *a, const struct bundle *b, const char **by)
{
    static const char *const names[] = {"gram", "norm2"};
    struct err e;

    for (int i = 0; i < 2; i++) {
        const struct bundle *from = bundle_part(a, -1, names[i]) ? a : b;
        float *h = bundle_part(from, -1, names[i])
                       ? bundle_companion(from, names[i], i ? a->cols : a->cols * a->cols, &e)
                       : NULL;

        *by = h ? names[i] : "-";
        if (h)
            return h;
    }
    return NULL;
}

/* w is the reference; v becomes the difference. */
static void add(struct sums *s, uint64_t rows, uint64_t cols, const float *w, float *v)
{
    for (uint64_t i = 0; i < rows * cols; i += cols)
        distance_add(&s->d, w + i, v + i, v + i, cols);
    s->whole += s->quad ? s->quad(rows, cols, w, s->h) : 0;
    s->off += s->quad ? s->quad(rows, cols, v, s->h) : 0;
}

static int go_through(struct operand *a, struct operand *b, struct sums *s, struct err *e)
{
    uint64_t rows = a->b.rows, cols = a->b.cols, step = SLAB_BYTES / sizeof(float) / (cols ? cols : 1), n;
    float *w, *v;
    int rc = 0;

    step = step ? step : 1;
    w = mem_new(step * cols + 1, sizeof *w);
    v = mem_new(step * cols + 1, sizeof *v);
    for (uint64_t r = 0; r < rows && cols && rc == 0; r += n) {
        n = rows - r < step ? rows - r : step;
        rc = operand_values(a, n, w, e) < 0 || operand_values(b, n, v, e) < 0 ? -1 : 0;
        if (rc == 0)
            add(s, n, cols, w, v);
    }
    free(w);
    free(v);
    return rc;
}

/* Products with a gram cost more than all else: rows are gone through again for them, and only where there is something
 * to say. */
static int by_rows(struct operand *a, struct operand *b, int always, float *h, struct differ *r, struct err *e)
{
    int gram = h && strcmp(r->by, "gram") == 0, diff;
    struct sums s = {.quad = h && !gram ? quad_diagonal : NULL, .h = h}, again = {.quad = quad_gram, .h = h};

    if ((gram && (operand_keep(a, e) < 0 || operand_keep(b, e) < 0)) || go_through(a, b, &s, e) < 0 ||
        operand_end(a, e) < 0 || operand_end(b, e) < 0)
        return -1;
    diff = bundle_differences(&a->b, &b->b);
    if (gram && (diff || always)) {
        operand_again(a);
        operand_again(b);
        if (go_through(a, b, &again, e) < 0)
            return -1;
        s.off = again.off;
        s.whole = again.whole;
    }
    r->d = s.d;
    if (h)
        r->out = fabs(s.off / s.whole); /* NaN without its sign */
    return diff;
}

static int whole(struct operand *a, struct operand *b, int always, struct differ *r, struct err *e)
{
    uint64_t n = a->b.rows * a->b.cols;
    struct sums s = {0};
    float *w, *v, *h;
    int diff, rc = 0;

    if (operand_load(a, e) < 0 || operand_load(b, e) < 0 || operand_turn(b, e) < 0)
        return -1;
    diff = bundle_differences(&a->b, &b->b);
    if ((!diff && !always) || n == 0)
        return diff;
    w = mem_new(n, sizeof *w);
    v = mem_new(n, sizeof *v);
    h = told_by(&a->b, &b->b, &r->by);
    s.quad = !h ? NULL : strcmp(r->by, "gram") == 0 ? quad_gram : quad_diagonal;
    s.h = h;
    if (bundle_rows(&a->b, 0, a->b.rows, w, e) < 0 || bundle_rows(&b->b, 0, b->b.rows, v, e) < 0)
        rc = -1;
    else
        add(&s, a->b.rows, a->b.cols, w, v);
    r->d = s.d;
    if (h)
        r->out = fabs(s.off / s.whole);
    free(h);
    free(w);
    free(v);
    return rc < 0 ? -1 : diff;
}

int differ_by(struct operand *a, struct operand *b, int always, struct differ *r, struct err *e)
{
    int same_shape = shape_equal(&a->b.shape, &b->b.shape), rc;
    float *h = NULL;

    *r = (struct differ){.out = NAN, .by = "-"};
    if (same_shape && !(operand_by_rows(a) && operand_by_rows(b))) {
        rc = whole(a, b, always, r, e);
    } else {
        rc = operand_begin(a, e) < 0 || operand_begin(b, e) < 0 ? -1 : 0;
        if (rc == 0 && same_shape) {
            h = told_by(&a->b, &b->b, &r->by);
            rc = by_rows(a, b, always, h, r, e);
        } else if (rc == 0) {
            rc = bundle_differences(&a->b, &b->b);
        }
    }
    free(h);
    return rc < 0 ? err_in(e, "%s", a->b.name) : rc;
}
