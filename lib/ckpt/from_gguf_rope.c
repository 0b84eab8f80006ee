/* from_gguf_rope: what the divisors of rotary angles in a GGUF say. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ckpt/from_gguf.h"

double from_gguf_plain(double v)
{
    char text[32];

    for (int digits = 1; digits < 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if ((float)strtod(text, NULL) == (float)v)
            return strtod(text, NULL);
    }
    return v;
}

/* Are they what Llama 3's rule gives, with low 1 and high 4, as all its models have them, from that context? */
static int llama3(const float *freqs, uint64_t n, double theta, double factor, double context)
{
    for (uint64_t i = 0; i < n; i++) {
        double turns = context / (2 * M_PI * pow(theta, (double)i / (double)n)), t = (turns - 1) / 3, want;

        t = t < 0 ? 0 : t > 1 ? 1 : t;
        want = 1 / ((1 - t) / factor + t);
        if (!(fabs(want - (double)freqs[i]) <= 1e-4 * want))
            return 0;
    }
    return 1;
}

/* The same divisors whatever the length is, as the only rule that lists them says it. */
static void listed(const float *freqs, uint64_t n, struct attrs *m)
{
    double *list = mem_new(n + 1, sizeof *list);

    for (uint64_t i = 0; i < n; i++)
        list[i] = from_gguf_plain((double)freqs[i]);
    attrs_set_str(m, "rope_scaling", "longrope");
    attrs_set_list(m, "rope_short", list, (int)n);
    attrs_set_list(m, "rope_long", list, (int)n);
    attrs_set_f64(m, "rope_attention_factor", 1);
    attrs_set_int(m, "rope_original_context", attrs_int(m, "context", 2048));
    free(list);
}

void from_gguf_scaling(const float *freqs, uint64_t n, struct attrs *m)
{
    double theta = attrs_f64(m, "rope_theta", 10000), factor = 1, context = 8192;

    for (uint64_t i = 0; i < n; i++)
        factor = (double)freqs[i] > factor ? (double)freqs[i] : factor;
    if (!llama3(freqs, n, theta, factor, context)) /* another original context than Llama's own */
        for (context = 16; context <= 1 << 20 && !llama3(freqs, n, theta, factor, context);)
            context *= 2;
    if (context > 1 << 20) {
        listed(freqs, n, m);
        return;
    }
    attrs_set_str(m, "rope_scaling", "llama3");
    attrs_set_f64(m, "rope_factor", from_gguf_plain(factor));
    attrs_set_f64(m, "rope_low_freq", 1);
    attrs_set_f64(m, "rope_high_freq", 4);
    attrs_set_int(m, "rope_original_context", (int64_t)context);
}
