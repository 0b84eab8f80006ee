/* Rotary angles of every kind of scaling, against transformers 5: rope.tsv, made by rope_make.py. */
#include "tests/unit/check.h"

#include <stdlib.h>

#include "base/mem.h"
#include "run/rope.h"

static struct err e;

/* "KEY=VALUE,..." into head.model; lists with '/'. */
static void set_keys(struct attrs *m, char *text)
{
    for (char *item = strtok(text, ","); item; item = strtok(NULL, ",")) {
        char *value = strchr(item, '='), *end;
        double v[64];
        int n = 0;

        *value++ = '\0';
        for (char *at = value; n < 64; at = end + 1) {
            v[n++] = strtod(at, &end);
            if (*end != '/')
                break;
        }
        if (end == value)
            attrs_set_str(m, item, value);
        else if (n > 1)
            attrs_set_list(m, item, v, n);
        else
            attrs_set_f64(m, item, v[0]);
    }
}

static void check(const char *name, double base, int dims, int context, int positions, char *keys, double factor,
                  char *want)
{
    struct attrs m = {0};
    struct model model;
    double f[128], is = 0, worst = 0;

    attrs_set_str(&m, "arch", "llama");
    attrs_set_int(&m, "hidden", dims * 4);
    attrs_set_int(&m, "heads", 4);
    attrs_set_int(&m, "layers", 1);
    attrs_set_int(&m, "intermediate", 8);
    attrs_set_int(&m, "vocab", 8);
    attrs_set_int(&m, "context", context);
    attrs_set_f64(&m, "norm_eps", 1e-5);
    set_keys(&m, keys);
    CHECK(model_open(&model, &m, &e) == 0 || !puts(e.msg));
    CHECK(rope_frequencies(&model, base, dims, 1, positions, f, &is, &e) == 0 || !printf("%s: %s\n", name, e.msg));
    CHECK_NEAR(is, factor, 1e-12);
    for (int i = 0; i < dims / 2; i++) {
        double w = strtod(want, &want);

        want++;
        worst = fabs(f[i] / w - 1) <= worst ? worst : fabs(f[i] / w - 1);
    }
    if (!(worst <= 1e-6))
        printf("%s: ", name);
    CHECK_NEAR(worst, 0, 1e-6); /* transformers computes in f32 */
    CHECK(rope_frequencies(&model, base, dims, 0, positions, f, &is, &e) == 0 && is == 1 && f[0] == 1);
    model_close(&model);
    attrs_free(&m);
}

int main(void)
{
    FILE *in = fopen("tests/vectors/rope.tsv", "r");
    static char line[8192], name[64], keys[2048], want[4096];
    double base, factor;
    int dims, context, positions, n = 0;

    while (in && fgets(line, sizeof line, in)) {
        CHECK(sscanf(line, "%63s %lf %d %d %d %2047s %lf %4095s", name, &base, &dims, &context, &positions, keys,
                     &factor, want) == 8);
        check(name, base, dims, context, positions, keys, factor, want);
        n++;
    }
    CHECK(n == 12);
    if (in)
        fclose(in);
    return DONE();
}
