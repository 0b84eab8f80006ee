/*
 * leverage: at random without replacement, by leverage scores: with probability in proportion to tau, as keys ln tau +
 * Gumbel. Vectors that are given keep their lengths, which leverage is about.
 * Source: Drineas, Mahoney, Muthukrishnan 2006; scores as in Mahoney 2011, equation 3; the small c keeps rank-deficient
 * sets defined.
 */
#include "select/leverage.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/real.h"
#include "la/chol.h"
#include "la/gemm.h"

#define ROWS 256 /* solved at a time */

static double ridge(const double *G, size_t d)
{
    double trace = 0;

    for (size_t i = 0; i < d; i++)
        trace += G[i * d + i];
    return 1e-6 * trace / (double)d;
}

int leverage_scores(const struct select_set *s, double *out, struct err *e)
{
    size_t d = s->d;
    double *G = mem_new(d * d, sizeof *G), *B = mem_new(d * ROWS, sizeof *B), c;
    int rc;

    gram_add(d, s->n, s->x, d, G);
    c = ridge(G, d);
    for (size_t i = 0; i < d; i++)
        G[i * d + i] += c;
    rc = chol(d, G, d, NULL, e);
    for (size_t at = 0; rc == 0 && at < s->n; at += ROWS) {
        size_t m = s->n - at < ROWS ? s->n - at : ROWS;

        for (size_t j = 0; j < d; j++)
            for (size_t i = 0; i < m; i++)
                B[j * m + i] = s->x[(at + i) * d + j];
        tri_solve_ut(d, m, G, d, B, m);
        for (size_t i = 0; i < m; i++)
            out[at + i] = 0;
        for (size_t j = 0; j < d; j++)
            for (size_t i = 0; i < m; i++)
                out[at + i] += B[j * m + i] * B[j * m + i];
    }
    free(G);
    free(B);
    return rc < 0 ? err_in(e, "leverage scores") : 0;
}

int leverage_sample(struct select_set *s, double p, struct err *e)
{
    double *key = mem_new(s->n + 1, sizeof *key);
    int rc = leverage_scores(s, key, e);

    for (size_t i = 0; rc == 0 && i < s->n; i++) {
        double tau = key[i], log_p = p * real_log(tau);

        key[i] = log_p + rng_gumbel(s->rng[i], 0); /* a row of zeros: -infinity, the last */
        if (s->draw)
            s->draw[i] = (struct select_draw){tau, log_p, key[i]};
    }
    if (rc == 0) {
        select_by_key(key, s->n, s->order);
        s->ordered = s->n;
    }
    free(key);
    return rc;
}

static int order(struct select_set *s, struct err *e)
{
    return leverage_sample(s, 1, e);
}

static const struct opt opts[] = {SELECT_VECTORS, SELECT_SEED, OPT_END};

const struct select_method select_leverage = {.name = "leverage",
                                              .brief = "at random, by leverage scores",
                                              .opts = opts,
                                              .needs = SELECT_VECTOR | SELECT_LENGTHS,
                                              .order = order,
                                              .as = "leverage"};
