/*
 * welore: one threshold on all spectra. With the singular values s of each W, t_k = (s_k - min s) / (max s - min s);
 * all ranks of t_k below tau go, tau the same for all matrices and such that the budget is met. A matrix whose values
 * fall fast loses many ranks, one whose values are alike few. Jaiswal et al. 2024, From GaLore to WeLore, section 3:
 * the budget there counts ranks (walloc -r); by numbers (--keep) a matrix that keeps as many ranks as would take no
 * fewer numbers stays dense, and costs what it is.
 */
#include <math.h>

#include "alloc/alloc.h"

static int see(struct alloc_job *j, struct alloc_tensor *t, const struct alloc_view *v, struct err *e)
{
    double least, most;

    (void)j;
    if (!(t->value = alloc_spectrum(t->rows, t->cols, v->w, NULL, NULL, e)))
        return -1;
    t->values = t->rows < t->cols ? t->rows : t->cols;
    most = sqrt(t->value[0]);
    least = sqrt(t->value[t->values - 1]);
    for (uint64_t k = 0; k < t->values; k++)
        t->value[k] = most > least ? (sqrt(t->value[k]) - least) / (most - least) : 1;
    return 0;
}

static int decide(struct alloc_job *j, struct err *e)
{
    return alloc_top(j, 1, e);
}

const struct alloc_method alloc_welore = {.name = "welore",
                                          .brief = "one threshold on the normalised singular values (WeLore)",
                                          .kinds = ALLOC_RANK,
                                          .needs = ALLOC_WEIGHTS,
                                          .see = see,
                                          .decide = decide};
