#include "run/weight.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arch/place.h"

static int all_numbers(const struct bundle *b, const float *w, struct err *e)
{
    for (uint64_t i = 0; i < b->rows * b->cols; i++)
        if (isnan(w[i]))
            return err_set(e, "%s: the value at row %llu, column %llu is not a number", b->name,
                           (unsigned long long)(i / b->cols), (unsigned long long)(i % b->cols));
    return 0;
}

static int add_one(const struct model *m, const struct bundle *b, float *w, struct err *e)
{
    struct arch_place p;

    if (!arch_place(m->arch, NULL, b->name, &p))
        return err_set(e, "%s: its name is of no known form, so it is not known whether 1 is to be added to it",
                       b->name);
    for (uint64_t i = 0; p.form == ARCH_HF && i < b->rows * b->cols; i++)
        w[i] += 1;
    return 0;
}

int weight_take(struct weight *to, const struct model *m, const struct arch_weight *of, const struct bundle *b,
                int is_bias, struct err *e)
{
    float **at = is_bias ? &to->bias : &to->w;

    if (*at)
        return err_set(e, "%s: a second tensor of role %s", b->name, b->role);
    *at = mem_new(b->rows * b->cols, sizeof **at);
    if (bundle_rows(b, 0, b->rows, *at, e) < 0)
        return err_in(e, "%s", b->name);
    if (all_numbers(b, *at, e) < 0 || (of->plus1 && !is_bias && add_one(m, b, *at, e) < 0))
        return -1;
    if (is_bias) {
        to->bias_n = (int64_t)(b->rows * b->cols);
        return 0;
    }
    to->rows = of->axes == 1 ? 1 : (int64_t)b->rows;
    to->cols = of->axes == 1 ? (int64_t)(b->rows * b->cols) : (int64_t)b->cols;
    return 0;
}

int weight_needs_bias(const struct model *m, const struct arch_weight *of, int64_t layer)
{
    return (of->bias_if || of->axes == 1) && model_has(m, of, 1, layer);
}

void weight_free(struct weight *w)
{
    free(w->w);
    free(w->bias);
    memset(w, 0, sizeof *w);
}
