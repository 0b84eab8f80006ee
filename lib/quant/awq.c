#include "quant/awq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "base/real.h"
#include "la/gemm.h"
#include "la/obs.h"
#include "num/kern.h"

#define GRID 20
#define CLIPS 10
#define SLAB 256 /* rows */

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

/* One group of a slab of rows: what is tried, what it loses. All [rows][width]. */
struct clip {
    float *was, *now, *e, *eh;
    double *best; /* [rows] */
};

static void clip_group(const struct quant_method *m, const struct quant_affine *a, uint64_t rows, uint64_t width,
                       uint64_t cols, const float *gram, float *w, const struct clip *c)
{
    struct quant_affine one = *a;

    one.group = 0;
    for (uint64_t r = 0; r < rows; r++)
        memcpy(c->was + r * width, w + r * cols, width * sizeof *w);
    for (int k = 0; k < CLIPS; k++) {
        float keep = (float)(1 - (double)k / GRID);

        for (uint64_t r = 0; r < rows; r++) {
            float most = keep * kern_absmax(c->was + r * width, width);

            for (uint64_t i = r * width; i < (r + 1) * width; i++)
                c->now[i] = c->was[i] > most ? most : c->was[i] < -most ? -most : c->was[i];
        }
        par_for(rows, round_row, &(struct rounding){m, &one, c->now, NULL, width, c->e});
        for (uint64_t i = 0; i < rows * width; i++)
            c->e[i] -= c->was[i];
        gemm_nt(rows, width, width, c->e, width, gram, cols, c->eh, width, KERN_SET);
        for (uint64_t r = 0; r < rows; r++) {
            double lost = kern_dotd(c->e + r * width, c->eh + r * width, width);

            if (k > 0 && !(lost < c->best[r]))
                continue;
            c->best[r] = lost;
            memcpy(w + r * cols, c->now + r * width, width * sizeof *w);
        }
    }
}

void awq_clip(const struct quant_method *m, const struct quant_affine *a, uint64_t rows, uint64_t cols,
              const float *gram, float *w)
{
    uint64_t step = a->group && a->group < cols ? a->group : cols, most = rows < SLAB ? rows : SLAB;
    float *room = mem_resize(NULL, 4 * most * step, sizeof *room);
    struct clip c = {room, room + most * step, room + 2 * most * step, room + 3 * most * step,
                     mem_new(most, sizeof *c.best)};

    for (uint64_t r = 0; r < rows; r += most)
        for (uint64_t g = 0; g < cols; g += step)
            clip_group(m, a, rows - r < most ? rows - r : most, cols - g < step ? cols - g : step, cols,
                       gram + g * cols + g, w + r * cols + g, &c);
    free(c.best);
    free(room);
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
