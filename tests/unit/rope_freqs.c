/* rope_freqs: what a GGUF's divisors of rotary angles say. */
#include <math.h>
#include <stdlib.h>

#include "base/real.h"
#include "ckpt/from_gguf.h"
#include "tests/unit/check.h"

/* Llama 3's divisors of a head of 2n from that original context, in f32 as GGUF keeps them. */
static void llama3(float *f, int n, double theta, double factor, double context)
{
    for (int i = 0; i < n; i++) {
        double turns = context / (2 * M_PI * pow(theta, (double)i / n)), t = (turns - 1) / 3;

        t = t < 0 ? 0 : t > 1 ? 1 : t;
        f[i] = (float)(1 / ((1 - t) / factor + t));
    }
}

static void a_rule(double theta, double factor, double context)
{
    struct attrs m = {0};
    float f[32];

    llama3(f, 32, theta, factor, context);
    attrs_set_f64(&m, "rope_theta", theta);
    from_gguf_scaling(f, 32, &m);
    CHECK_STR(attrs_str(&m, "rope_scaling", ""), "llama3");
    CHECK_NEAR(attrs_f64(&m, "rope_factor", 0), factor, 1e-6);
    CHECK(attrs_int(&m, "rope_original_context", 0) == (int64_t)context);
    attrs_free(&m);
}

/* Divisors of no rule become a list that is the same for all lengths. */
static void a_list(void)
{
    const float f[4] = {1, 1.5f, 3, 7.25f};
    struct attrs m = {0};
    double *list;
    int n = 0;

    attrs_set_int(&m, "context", 4096);
    from_gguf_scaling(f, 4, &m);
    CHECK_STR(attrs_str(&m, "rope_scaling", ""), "longrope");
    CHECK_NEAR(attrs_f64(&m, "rope_attention_factor", 0), 1, 0);
    CHECK(attrs_int(&m, "rope_original_context", 0) == 4096);
    for (int k = 0; k < 2; k++) {
        list = attrs_list(&m, k ? "rope_long" : "rope_short", &n);
        CHECK(n == 4);
        for (int i = 0; i < n; i++)
            CHECK_NEAR(list[i], (double)f[i], 0);
        free(list);
    }
    attrs_free(&m);
}

int main(void)
{
    a_rule(500000, 8, 8192);
    a_rule(500000, 32, 8192);
    a_rule(10000, 4, 1024);
    a_list();
    return DONE();
}
