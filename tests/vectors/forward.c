/*
 * forward: the states, scores and sums of squares of brook's forward pass on 32 tokens, against torch in float64
 * arithmetic (../shared/models/golden-forward.safetensors, golden-tokens.json). Skipped where ../shared is absent: the
 * f32 weights are 23 MB.
 */
#include "tests/unit/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "arch/place.h"
#include "file/file.h"
#include "run/calib.h"
#include "run/forward.h"
#include "run/ppl.h"
#include "num/kern.h"

#define SHARED "../shared/models/"
#define HIDDEN 256
#define LAYERS 6

static struct source model, golden;
static struct err e;

static const struct file_tensor *find(const struct source *s, const char *name)
{
    for (size_t i = 0; i < s->tensors; i++)
        if (strcmp(s->tensor[i].name, name) == 0)
            return &s->tensor[i];
    printf("no tensor %s\n", name);
    exit(1);
}

/* A dense bundle with its role, as a stream would give it. */
static void load(struct bundle *b, const struct file_tensor *t)
{
    uint8_t *data = mem_new(t->bytes, 1);
    const char *role;

    CHECK(source_read(&model, t, 0, data, t->bytes, &e) == 0);
    bundle_init_dense(b, t->name, &t->shape, t->dtype, data);
    CHECK(arch_role("llama", t->name, &role, &b->layer, NULL));
    b->role = mem_strdup(role);
    free(data);
}

/* fmax would pass over NaN. */
static double larger(double so_far, double x)
{
    return x <= so_far ? so_far : x;
}

/* The largest distance to the golden tensor, as a share of its largest magnitude. */
static double distance(const char *name, const float *x)
{
    const struct file_tensor *t = find(&golden, name);
    float *want = mem_new(t->bytes, 1);
    double worst = 0, largest = 0;

    CHECK(source_read(&golden, t, 0, want, t->bytes, &e) == 0);
    for (size_t i = 0; i < t->bytes / 4; i++) {
        worst = larger(worst, fabs((double)x[i] - want[i]));
        largest = larger(largest, fabs(want[i]));
    }
    free(want);
    return worst / largest;
}

/* The largest relative distance of companion norm2 * n to the golden sums. */
static double sums_distance(const struct bundle *b, const char *tensor)
{
    char *name = mem_printf("%.*s.in_sum2", (int)(strlen(tensor) - strlen(".weight")), tensor);
    const struct file_tensor *t = find(&golden, name);
    float *want = mem_new(t->bytes, 1), *got = bundle_companion(b, "norm2", t->bytes / 4, &e);
    double worst = 0;

    CHECK(got != NULL);
    CHECK(source_read(&golden, t, 0, want, t->bytes, &e) == 0);
    for (size_t i = 0; got && i < t->bytes / 4; i++)
        worst = larger(worst, fabs(got[i] * 32.0 - want[i]) / want[i]);
    free(want);
    free(got);
    free(name);
    return worst;
}

static void layer(struct forward *f, int l, double *sums)
{
    struct calib calib = {.parts = CALIB_NORM2};
    const struct taps taps = {.see = calib_see, .ctx = &calib};
    char *prefix = mem_printf("model.layers.%d.", l), name[20];
    struct bundle b[9] = {0};
    int n = 0;

    for (size_t i = 0; i < model.tensors; i++)
        if (strncmp(model.tensor[i].name, prefix, strlen(prefix)) == 0)
            load(&b[n++], &model.tensor[i]);
    CHECK(n == 9);
    CHECK(forward_run(f, b, n, &taps, &e) == 0);
    snprintf(name, sizeof name, "hidden.%d", l);
    CHECK_NEAR(distance(name, states_get(&f->x, 0, 32, &e)), 0, 2e-6);
    CHECK(calib_attach(&calib, f, b, n, &e) == 0);
    for (int i = 0; i < n; i++) {
        if (forward_tap(f, b[i].role) >= 0)
            *sums = larger(*sums, sums_distance(&b[i], b[i].name));
        bundle_free(&b[i]);
    }
    calib_new_layer(&calib);
    free(prefix);
}

static void scores(struct forward *f, const struct bundle *embed)
{
    const float *x = states_get(&f->x, 0, 32, &e);
    float *w = mem_new(embed->rows * embed->cols, sizeof *w), *logits = mem_new(32 * embed->rows, sizeof *logits);
    struct ppl_token token[32];
    float nll[31];

    CHECK(bundle_rows(embed, 0, embed->rows, w, &e) == 0);
    for (size_t t = 0; t < 32; t++)
        for (size_t r = 0; r < embed->rows; r++)
            logits[t * embed->rows + r] = (float)kern_dotd(x + t * HIDDEN, w + r * HIDDEN, HIDDEN);
    CHECK_NEAR(distance("logits", logits), 0, 2e-6);
    CHECK(ppl_score(&(struct scorer){f, embed}, &(struct scorer){f, embed}, token, &e) == 0);
    for (int t = 0; t < 31; t++) {
        nll[t] = (float)token[t].nll;
        CHECK(token[t].scored && token[t].kl == 0 && token[t].same_top);
    }
    CHECK(!token[31].scored);
    CHECK_NEAR(distance("nll", nll), 0, 2e-6);
    free(w);
    free(logits);
}

static void set_model(struct attrs *m)
{
    static const struct {
        const char *key;
        int v;
    } sizes[] = {{"hidden", HIDDEN},    {"layers", LAYERS}, {"heads", 4},     {"kv_heads", 2}, {"head_dim", 64},
                 {"intermediate", 768}, {"vocab", 4096},    {"context", 512}, {"tied", 1}};

    attrs_set_str(m, "arch", "llama");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        attrs_set_int(m, sizes[i].key, sizes[i].v);
    attrs_set_f64(m, "norm_eps", 1e-5);
    attrs_set_f64(m, "rope_theta", 10000);
}

/* The first list of numbers in golden-tokens.json. */
static void read_ids(struct tok_ids *ids)
{
    struct buf b = {0};
    char *from, *to;

    CHECK(io_slurp(SHARED "golden-tokens.json", 1 << 20, &b, &e) == 0);
    from = strstr(buf_str(&b), "\"ids\": [") + strlen("\"ids\": [");
    to = strchr(from, ']');
    for (char *c = from; c < to; c++)
        *c = *c == ',' ? ' ' : *c;
    CHECK(ids_parse(from, (size_t)(to - from), 0, ids, &e) == 0);
    CHECK(ids->n == 32);
    buf_free(&b);
}

int main(void)
{
    struct windows w = {0};
    struct tok_ids ids = {0};
    struct attrs m = {0};
    struct forward f;
    struct bundle embed = {0}, norm = {0};
    double sums = 0;

    if (access(SHARED "golden-forward.safetensors", R_OK) < 0) {
        printf("skip: needs " SHARED "golden-forward.safetensors\n");
        return 77;
    }
    CHECK(source_open(&model, SHARED "brook-6m-f32", &e) == 0);
    CHECK(source_open(&golden, SHARED "golden-forward.safetensors", &e) == 0);
    read_ids(&ids);
    set_model(&m);
    CHECK(windows_add(&w, ids.id, ids.n, 512, PROTOCOL_ALL, -1, &e) == 0);
    for (int t = 0; t < 31; t++)
        w.target[t] = ids.id[t + 1];
    CHECK(forward_open(&f, &m, &w, 1 << 20, &e) == 0);
    load(&embed, find(&model, "model.embed_tokens.weight"));
    CHECK(forward_run(&f, &embed, 1, NULL, &e) == 0);
    CHECK(distance("hidden.embed", states_get(&f.x, 0, 32, &e)) == 0);
    for (int l = 0; l < LAYERS; l++)
        layer(&f, l, &sums);
    CHECK_NEAR(sums, 0, 1e-5);
    load(&norm, find(&model, "model.norm.weight"));
    CHECK(forward_run(&f, &norm, 1, NULL, &e) == 0);
    CHECK_NEAR(distance("hidden.norm", states_get(&f.x, 0, 32, &e)), 0, 2e-6);
    scores(&f, &embed);
    printf("sums of squares: largest relative distance %.2g\n", sums);
    forward_free(&f);
    windows_free(&w);
    bundle_free(&embed);
    bundle_free(&norm);
    attrs_free(&m);
    free(ids.id);
    source_close(&model);
    source_close(&golden);
    return DONE();
}
