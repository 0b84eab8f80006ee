/*
 * obspa: what a unit's weights are worth by optimal brain surgery, over all linears it is part of: rows of those that
 * make it (q, k, v; up, gate), columns of the one that reads it (o, down). With H the damped gram of a linear's inputs
 * and p the column of a weight,
 *     a weight = w^2 / [H^-1]_pp,   unit u in linear t: S_t(u) = sum over its weights there,   score(u) = sum over t of
 * S_t(u) / sum over v of S_t(v) so that each linear has the same say, whatever the scale of its weights and inputs. A
 * sum of 0 gives shares of 0. Wang et al. 2024, Structurally Prune Anything, OBSPA. The columns that stay make up for
 * those that go by least squares (refit.c), which is where the paper's updates of one column after the other end; rows
 * that go leave the others' outputs as they are. Biases do not count. Cost: two factors and inverses, of the columns of
 * w and of hidden; the makers share theirs. Memory: 8 bytes for each pair of the larger of the two.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "la/chol.h"
#include "shrink/refit.h"
#include "shrink/shrink.h"

/* double[n] of [H^-1]_pp: with H = U'U the squares of row p of U^-1, added up. */
static double *inverse_diagonal(uint64_t n, const float *gram, struct err *e)
{
    double *u = refit_damped(n, gram, e), *d = u ? mem_new(n, sizeof *d) : NULL;

    if (!u)
        return NULL;
    tri_inverse_u(n, u, n);
    for (uint64_t p = 0; p < n; p++)
        for (uint64_t k = p; k < n; k++)
            d[p] += u[p * n + k] * u[p * n + k];
    free(u);
    return d;
}

/* score += what each unit has of the sum; s: [units], zeros afterwards. */
static void add_shares(const struct shrink_job *j, double *s)
{
    double sum = 0;

    for (uint64_t u = 0; u < j->units; u++)
        sum += s[u];
    for (uint64_t u = 0; u < j->units && sum != 0; u++)
        j->score[u] += s[u] / sum;
    memset(s, 0, j->units * sizeof *s);
}

static int add_reader(const struct shrink_job *j, double *s, struct err *e)
{
    uint64_t n = j->units * j->width;
    double *d = inverse_diagonal(n, j->gram, e);

    if (!d)
        return -1;
    for (uint64_t r = 0; r < j->rows; r++)
        for (uint64_t c = 0; c < n; c++)
            s[c / j->width] += (double)j->w[r * n + c] * (double)j->w[r * n + c] / d[c];
    add_shares(j, s);
    free(d);
    return 0;
}

static int add_makers(const struct shrink_job *j, double *s, struct err *e)
{
    double *d = inverse_diagonal(j->hidden, j->inputs, e);

    if (!d)
        return err_in(e, "inputs of the linears that make the units");
    for (int i = 0; i < j->makers; i++) {
        const struct shrink_maker *m = &j->maker[i];

        for (uint64_t r = 0; r < j->units * m->width; r++)
            for (uint64_t c = 0; c < j->hidden; c++)
                s[r / m->width] += (double)m->w[r * j->hidden + c] * (double)m->w[r * j->hidden + c] / d[c];
        add_shares(j, s);
    }
    free(d);
    return 0;
}

static int apply(struct shrink_job *j, struct err *e)
{
    double *s = mem_new(j->units, sizeof *s);
    int rc;

    memset(j->score, 0, j->units * sizeof *j->score);
    rc = add_reader(j, s, e) < 0 || add_makers(j, s, e) < 0 ? -1 : 0;
    free(s);
    return rc;
}

const struct shrink_method shrink_obspa = {
    .name = "obspa",
    .brief = "units whose weights are worth least in all linears they are part of (OBSPA)",
    .what = SHRINK_HEADS | SHRINK_CHANNELS,
    .normal = SHRINK_CHANNELS,
    .needs_heads = SHRINK_GRAM | SHRINK_MAKERS | SHRINK_INPUTS,
    .needs_channels = SHRINK_GRAM | SHRINK_MAKERS | SHRINK_INPUTS,
    .refits = 1,
    .apply = apply};
