/* to_gguf_rope: rotary angles that are scaled by divisors, which GGUF keeps as tensors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckpt/to_gguf.h"

/*
 * Llama 3's scaling of rotary angles as divisors, one for each pair of a head: 1 for wavelengths below context/high,
 * factor above context/low, and a straight line in context/wavelength of the divisors' inverses between.
 * Source: the rope_type "llama3" of Hugging Face's modeling_rope_utils.
 */
static float llama3(const struct attrs *m, double theta, uint64_t i, uint64_t n)
{
    double low = attrs_f64(m, "rope_low_freq", 1), high = attrs_f64(m, "rope_high_freq", 4),
           factor = attrs_f64(m, "rope_factor", 1);
    double wave = 2 * M_PI * pow(theta, (double)i / (double)n);
    double turns = (double)attrs_int(m, "rope_original_context", 8192) / wave, t = (turns - low) / (high - low);

    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return (float)(1 / ((1 - t) / factor + t));
}

static int put(struct pile *pile, const char *name, const float *f, uint64_t n, struct err *e)
{
    struct shape s = {1, {n}};

    return pile_add(pile, name, &s, DT_F32, NULL, e) < 0 ? -1 : pile_put(pile, pile->n - 1, 0, f, n * sizeof *f, e);
}

static int put_list(const struct attrs *m, const char *key, struct pile *pile, const char *name, struct err *e)
{
    int n, rc;
    double *list = attrs_list(m, key, &n);
    float *f;

    if (!list)
        return err_set(e, "the stream's head has no model key '%s', which rope_scaling 'longrope' needs", key);
    f = mem_new((size_t)n + 1, sizeof *f);
    for (int i = 0; i < n; i++)
        f[i] = (float)list[i];
    rc = put(pile, name, f, (uint64_t)n, e);
    free(f);
    free(list);
    return rc;
}

int to_gguf_rope_freqs(const struct to_gguf *g, struct pile *pile, struct err *e)
{
    const struct attrs *m = &g->m.head;
    const char *kind = attrs_str(m, "rope_scaling", "");
    uint64_t n = (uint64_t)model_int(&g->m, "head_dim", 2) / 2;
    float *f;
    int rc;

    if (strcmp(kind, "longrope") == 0)
        return put_list(m, "rope_long", pile, "rope_factors_long.weight", e) < 0 ||
                       put_list(m, "rope_short", pile, "rope_factors_short.weight", e) < 0
                   ? -1
                   : 0;
    if (strcmp(kind, "llama3") != 0)
        return 0;
    f = mem_new(n + 1, sizeof *f);
    for (uint64_t i = 0; i < n; i++)
        f[i] = llama3(m, model_number(&g->m, "rope_theta", -1, 10000), i, n);
    rc = put(pile, "rope_freqs.weight", f, n, e);
    free(f);
    return rc;
}
