#include "quant/awq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/real.h"
#include "la/obs.h"

#define GRID 20

/* Rows rounded and back, with columns scaled for it. */
struct rounding {
    const struct quant_method *m;
    const struct quant_affine *a;
    const float *w, *s; /* s: NULL is 1 */
    uint64_t cols;
    float *out;
};

static void round_row(void *ctx, size_t r)
{
    const struct rounding *p = ctx;
    uint64_t groups = quant_groups(p->a, p->cols), step = p->a->group ? p->a->group : p->cols;
    float *scaled = mem_resize(NULL, p->cols + 2 * groups, sizeof *scaled), *scale = scaled + p->cols,
          *zero = scale + groups;
    float *out = p->out + r * p->cols;
    uint8_t *code = mem_resize(NULL, p->cols, 1);

    memcpy(scaled, p->w + r * p->cols, p->cols * sizeof *scaled);
    for (uint64_t c = 0; p->s && c < p->cols; c++)
        scaled[c] *= p->s[c];
    p->m->row(p->a, scaled, p->cols, code, scale, zero);
    for (uint64_t c = 0; c < p->cols; c++)
        out[c] = ((float)code[c] - zero[c / step]) * scale[c / step];
    for (uint64_t c = 0; p->s && c < p->cols; c++)
        out[c] /= p->s[c];
    free(scaled);
    free(code);
}

/* activity^r, from 1e-4, over the root of largest times smallest. */
static void scales_of(const float *activity, uint64_t cols, double r, float *s)
{
    double most = 0, least = INFINITY, by;

    for (uint64_t c = 0; c < cols; c++) {
        double v = r > 0 ? real_pow(activity[c], r) : 1;

        v = v < 1e-4 ? 1e-4 : v;
        s[c] = (float)v;
        most = v > most ? v : most;
        least = v < least ? v : least;
    }
    by = sqrt(most * least);
    for (uint64_t c = 0; c < cols; c++)
        s[c] = (float)(s[c] / by);
}

double awq_scales(const struct quant_method *m, const struct quant_affine *a, const struct awq_linear *linear, int n,
                  uint64_t cols, const float *gram, const float *activity, float *s)
{
    double best = INFINITY, chosen = 0;
    float *q = NULL, *trial = mem_resize(NULL, cols, sizeof *trial);
    uint64_t most = 0;

    for (int i = 0; i < n; i++)
        most = linear[i].rows > most ? linear[i].rows : most;
    q = mem_resize(q, most * cols, sizeof *q);
    for (int k = 0; k < GRID; k++) {
        double lost = 0;

        scales_of(activity, cols, (double)k / GRID, trial);
        for (int i = 0; i < n; i++) {
            par_for(linear[i].rows, round_row, &(struct rounding){m, a, linear[i].w, trial, cols, q});
            obs_loss(linear[i].rows, cols, linear[i].w, q, gram, &lost, NULL);
        }
        if (lost < best) {
            best = lost;
            chosen = (double)k / GRID;
            memcpy(s, trial, cols * sizeof *s);
        }
    }
    free(trial);
    free(q);
    return chosen;
}

static void row(const struct quant_affine *a, const float *w, uint64_t cols, uint8_t *codes, float *scales,
                float *zeros)
{
    quant_method_find("rtn")->row(a, w, cols, codes, scales, zeros);
}

const struct quant_method quant_method_awq = {
    .name = "awq",
    .brief = "rtn after input channels are scaled by their activity, a layer at a time",
    .takes_sym = 1,
    .whole_zeros = 1,
    .needs = QUANT_GRAM | QUANT_LAYER,
    .row = row};
