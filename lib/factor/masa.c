/* masa: matrices of several layers as combinations of common atoms. What it computes and its source: group.h. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/par.h"
#include "factor/group.h"
#include "la/eigh.h"
#include "num/kern.h"

static uint64_t span;
static const struct opt opts[] = {{.name = "span",
                                   .arg = "N",
                                   .kind = OPT_U64,
                                   .to = &span,
                                   .lo = 1,
                                   .hi = INFINITY,
                                   .help = "layers that share atoms (default: all)"},
                                  OPT_END};

uint64_t factor_masa_span(void)
{
    return span;
}

/* Row i of the upper triangle of G. */
struct products {
    const struct factor_atoms *f;
    double *g;
};

static void product_row(void *ctx, size_t i)
{
    const struct products *p = ctx;

    for (uint64_t j = i; j < p->f->layers; j++)
        p->g[i * p->f->layers + j] = kern_dotd(p->f->w[i], p->f->w[j], p->f->n);
}

static void make_atom(void *ctx, size_t s)
{
    const struct factor_atoms *f = ctx;
    double *atom = f->atoms + s * f->n;

    for (uint64_t i = 0; i < f->n; i++)
        atom[i] = 0;
    for (uint64_t l = 0; l < f->layers; l++)
        for (uint64_t i = 0; i < f->n; i++)
            atom[i] += f->coefficients[l * f->count + s] * f->w[l][i];
}

int factor_masa_fit(struct factor_atoms *f, struct err *e)
{
    uint64_t n = f->layers, k = f->count;
    double *g = mem_new(n * n, sizeof *g), *value = mem_new(n, sizeof *value), *z = mem_new(k * n, sizeof *z);
    int rc;

    par_for(n, product_row, &(struct products){f, g});
    for (uint64_t l = 0; l < n; l++)
        f->lost[l] = g[l * n + l];
    rc = eigh(n, g, value, k, z, e);
    for (uint64_t l = 0; rc == 0 && l < n; l++) {
        double all = f->lost[l], kept = 0;

        for (uint64_t s = 0; s < k; s++) {
            double v = z[(k - 1 - s) * n + l];

            f->coefficients[l * k + s] = v;
            kept += value[n - 1 - s] * v * v;
        }
        f->lost[l] = all > kept ? (all - kept) / all : 0;
    }
    if (rc == 0)
        par_for(k, make_atom, f);
    free(g);
    free(value);
    free(z);
    return rc;
}

const struct factor_method factor_masa = {
    .name = "masa", .brief = "atoms that weights of several layers share", .opts = opts, .kind = FACTOR_MIX};
