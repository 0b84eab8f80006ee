/*
 * forward: a small model of every kind that can be run, against the same sums written as plain loops in double: states,
 * statistics of inputs, likelihoods and divergences. The plain model shares nothing with lib/run but the weights.
 */
#include "tests/unit/check.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/par.h"
#include "base/rng.h"
#include "run/calib.h"
#include "run/forward.h"
#include "run/ppl.h"

enum { H = 24, HEADS = 4, KV = 2, D = 6, I = 40, LAYERS = 2, VOCAB = 8300, TOKENS = 23, CTX = 9 };
enum { NORM1, Q, K, V, O, NORM2, GATE, UP, DOWN, SLOTS };

static const char *const role[SLOTS] = {"norm.attn", "attn.q",   "attn.k", "attn.v",  "attn.o",
                                        "norm.mlp",  "mlp.gate", "mlp.up", "mlp.down"};
static const int rows[SLOTS] = {1, HEADS *D, KV *D, KV *D, H, 1, I, I, H};
static const int cols[SLOTS] = {H, H, H, H, HEADS *D, H, H, H, I};
static float w[LAYERS][SLOTS][I * H], bias[LAYERS][SLOTS][I], embed[VOCAB * H], norm[H];
static struct err e;

struct kind {
    int biases, interleaved;
    const char *scaling;
};

static void random_values(float *v, int n, const char *name, int l, double mean, double scale)
{
    struct rng r = rng_make((uint64_t)l, name, strlen(name));

    for (int i = 0; i < n; i++)
        v[i] = (float)(mean + scale * rng_normal(r, (uint64_t)i));
}

static void random_model(void)
{
    for (int l = 0; l < LAYERS; l++)
        for (int s = 0; s < SLOTS; s++) {
            random_values(w[l][s], rows[s] * cols[s], role[s], l, rows[s] == 1, 0.3);
            random_values(bias[l][s], rows[s], role[s], l + 10, 0, 0.5);
        }
    random_values(embed, VOCAB * H, "embed", 0, 0, 1);
    random_values(norm, H, "norm", 0, 1, 0.3);
}

/* --- the plain model --- */

static double plain_frequency(const struct kind *k, int i)
{
    double f = pow(100.0, -2.0 * i / D), length = 2 * 3.14159265358979323846 / f, smooth;

    if (strcmp(k->scaling, "linear") == 0)
        return f / 2;
    if (strcmp(k->scaling, "llama3") != 0)
        return f;
    if (length < 16.0 / 2)
        return f;
    if (length > 16.0 / 1)
        return f / 2;
    smooth = (16.0 / length - 1) / (2 - 1);
    return (1 - smooth) * f / 2 + smooth * f;
}

static void plain_norm(const double *x, const float *g, double *y)
{
    double sum = 0;

    for (int i = 0; i < H; i++)
        sum += x[i] * x[i];
    for (int i = 0; i < H; i++)
        y[i] = x[i] / sqrt(sum / H + 1e-5) * g[i];
}

static void plain_linear(const struct kind *k, int l, int s, const double *x, double *y)
{
    for (int r = 0; r < rows[s]; r++) {
        y[r] = k->biases && s >= Q && s <= V ? bias[l][s][r] : 0;
        for (int c = 0; c < cols[s]; c++)
            y[r] += (double)w[l][s][r * cols[s] + c] * x[c];
    }
}

static void plain_rope(const struct kind *k, double *x, int heads, int pos)
{
    for (int h = 0; h < heads; h++)
        for (int i = 0; i < D / 2; i++) {
            double a = pos * plain_frequency(k, i);
            double *p = x + h * D + (k->interleaved ? 2 * i : i), *q = k->interleaved ? p + 1 : p + D / 2;
            double u = *p, v = *q;

            *p = u * cos(a) - v * sin(a);
            *q = u * sin(a) + v * cos(a);
        }
}

/* in: what the linears see, in four places of a layer */
enum place { IN_ATTN, IN_O, IN_MLP, IN_DOWN, PLACES };
static double in[PLACES][TOKENS][I];
static double received[TOKENS],
    weight[TOKENS]; /* attention that came to a token, over heads and queries; what it counts */

static void plain_window(const struct kind *k, int l, double (*x)[H], int from, int n)
{
    static double q[TOKENS][HEADS * D], key[TOKENS][KV * D], val[TOKENS][KV * D];

    for (int t = 0; t < n; t++) {
        plain_norm(x[from + t], w[l][NORM1], in[IN_ATTN][from + t]);
        plain_linear(k, l, Q, in[IN_ATTN][from + t], q[t]);
        plain_linear(k, l, K, in[IN_ATTN][from + t], key[t]);
        plain_linear(k, l, V, in[IN_ATTN][from + t], val[t]);
        plain_rope(k, q[t], HEADS, t);
        plain_rope(k, key[t], KV, t);
    }
    for (int t = 0; t < n; t++) {
        double *out = in[IN_O][from + t], y[H], gate[I], up[I];

        memset(out, 0, HEADS * D * sizeof *out);
        for (int h = 0; h < HEADS; h++) {
            double p[TOKENS], sum = 0;
            int g = h / (HEADS / KV);

            for (int s = 0; s <= t; s++) {
                p[s] = 0;
                for (int i = 0; i < D; i++)
                    p[s] += q[t][h * D + i] * key[s][g * D + i];
                p[s] = exp(p[s] / sqrt(D));
                sum += p[s];
            }
            for (int s = 0; s <= t; s++)
                received[from + s] += p[s] / sum;
            for (int s = 0; s <= t; s++)
                for (int i = 0; i < D; i++)
                    out[h * D + i] += p[s] / sum * val[s][g * D + i];
        }
        plain_linear(k, l, O, out, y);
        for (int i = 0; i < H; i++)
            x[from + t][i] += y[i];
        plain_norm(x[from + t], w[l][NORM2], in[IN_MLP][from + t]);
        plain_linear(k, l, GATE, in[IN_MLP][from + t], gate);
        plain_linear(k, l, UP, in[IN_MLP][from + t], up);
        for (int i = 0; i < I; i++)
            in[IN_DOWN][from + t][i] = gate[i] / (1 + exp(-gate[i])) * up[i];
        plain_linear(k, l, DOWN, in[IN_DOWN][from + t], y);
        for (int i = 0; i < H; i++)
            x[from + t][i] += y[i];
    }
}

/* Weights of one window's tokens: received attention brought to [least, 1]. */
static void plain_weights(int from, int n, double least)
{
    double low = received[from], high = low;

    for (int t = from; t < from + n; t++) {
        low = fmin(low, received[t]);
        high = fmax(high, received[t]);
    }
    for (int t = from; t < from + n; t++)
        weight[t] = least + (1 - least) * (received[t] - low) / (high - low);
}

/* --- the model under test --- */

static void set_params(struct attrs *m, const struct kind *k)
{
    attrs_set_str(m, "arch", k->biases ? "qwen2" : "llama");
    attrs_set_int(m, "hidden", H);
    attrs_set_int(m, "layers", LAYERS);
    attrs_set_int(m, "heads", HEADS);
    attrs_set_int(m, "kv_heads", KV);
    attrs_set_int(m, "head_dim", D);
    attrs_set_int(m, "intermediate", I);
    attrs_set_int(m, "vocab", VOCAB);
    attrs_set_int(m, "context", CTX);
    attrs_set_f64(m, "norm_eps", 1e-5);
    attrs_set_f64(m, "rope_theta", 100);
    attrs_set_str(m, "rope", k->interleaved ? "interleaved" : "half");
    attrs_set_str(m, "rope_scaling", k->scaling);
    attrs_set_f64(m, "rope_factor", 2);
    attrs_set_f64(m, "rope_low_freq", 1);
    attrs_set_f64(m, "rope_high_freq", 2);
    attrs_set_int(m, "rope_original_context", 16);
}

static void dense(struct bundle *b, const char *name, int layer, int r, int c, const float *v)
{
    struct shape two = {2, {(uint64_t)r, (uint64_t)c}}, one = {1, {(uint64_t)c}};

    bundle_init_dense(b, name, r > 1 ? &two : &one, DT_F32, v);
    b->role = mem_strdup(name);
    b->layer = layer;
}

static int make_layer(struct bundle *b, const struct kind *k, int l)
{
    int n = 0;

    for (int s = 0; s < SLOTS; s++) {
        char name[40];

        dense(&b[n++], role[s], l, rows[s], cols[s], w[l][s]);
        snprintf(name, sizeof name, "%s.bias", role[s]);
        if (k->biases && s >= Q && s <= V)
            dense(&b[n++], name, l, 1, rows[s], bias[l][s]);
    }
    return n;
}

static void near(const float *x, const double *want, size_t n, double tol)
{
    double worst = 0;

    for (size_t i = 0; i < n; i++)
        if (!(fabs(x[i] - want[i]) <= worst))
            worst = fabs(x[i] - want[i]);
    CHECK_NEAR(worst, 0, tol);
}

static void check_part(const struct bundle *b, const char *part, const double *want, int n)
{
    float *got = bundle_companion(b, part, (uint64_t)n, &e);

    CHECK(got != NULL);
    if (got)
        near(got, want, (size_t)n, 2e-5);
    free(got);
}

static void check_companions(const struct bundle *b, enum place at, int c)
{
    double norm2[I] = {0}, mean[I] = {0}, absmean[I] = {0}, *gram = mem_new((size_t)(c * c), sizeof *gram), all = 0;

    for (int t = 0; t < TOKENS; t++)
        all += weight[t];
    for (int t = 0; t < TOKENS; t++)
        for (int i = 0; i < c; i++) {
            norm2[i] += weight[t] * in[at][t][i] * in[at][t][i] / all;
            mean[i] += in[at][t][i] / TOKENS;
            absmean[i] += fabs(in[at][t][i]) / TOKENS;
            for (int j = 0; j < c; j++)
                gram[i * c + j] += weight[t] * in[at][t][i] * in[at][t][j] / all;
        }
    check_part(b, "norm2", norm2, c);
    check_part(b, "mean", mean, c);
    check_part(b, "absmean", absmean, c);
    check_part(b, "gram", gram, c * c);
    CHECK(attrs_int(&b->more, "count", 0) == TOKENS);
    free(gram);
}

static enum place place_of(const char *role_)
{
    return strcmp(role_, "attn.o") == 0     ? IN_O
           : strcmp(role_, "mlp.down") == 0 ? IN_DOWN
           : strncmp(role_, "attn", 4) == 0 ? IN_ATTN
                                            : IN_MLP;
}

/* Companions of a layer: least 0 for tokens that all count the same; look: the states stay. */
static void check_layer(struct forward *f, const struct kind *k, int l, double least)
{
    struct calib calib = {.parts = CALIB_NORM2 | CALIB_MEAN | CALIB_ABSMEAN | CALIB_GRAM, .least = least};
    const struct taps taps = {.see = calib_see, .attend = least > 0 ? calib_weigh : NULL, .ctx = &calib};
    struct bundle b[2 * SLOTS] = {0};
    int n = make_layer(b, k, l), seen = 0;

    CHECK((least > 0 ? forward_look : forward_run)(f, b, n, &taps, &e) == 0);
    CHECK(calib_attach(&calib, f, b, n, &e) == 0);
    for (int i = 0; i < n; i++)
        if (forward_tap(f, b[i].role) >= 0) {
            check_companions(&b[i], place_of(b[i].role), (int)b[i].cols);
            seen++;
        }
    CHECK(seen == 7);
    for (int i = 0; i < n; i++)
        bundle_free(&b[i]);
    calib_new_layer(&calib);
}

static uint32_t id(int t)
{
    return (uint32_t)(t * 997 + 3) % VOCAB;
}

static void make_windows(struct windows *win)
{
    uint32_t ids[TOKENS + 1];

    for (int t = 0; t <= TOKENS; t++)
        ids[t] = id(t);
    CHECK(windows_add(win, ids, TOKENS + 1, CTX, PROTOCOL_PAPER, -1, &e) == 0);
    CHECK(win->tokens == TOKENS && win->n == 3 && win->window[2].len == 5);
}

/* x: the plain states, turned into final ones. Runs both from the embedding to the final norm. */
static void run_both(struct forward *f, const struct windows *win, const struct kind *k, uint64_t limit, double (*x)[H])
{
    struct attrs m = {0};
    struct bundle b = {0};

    set_params(&m, k);
    CHECK(forward_open(f, &m, win, limit, &e) == 0);
    dense(&b, "embed", -1, VOCAB, H, embed);
    CHECK(forward_run(f, &b, 1, NULL, &e) == 0);
    bundle_free(&b);
    for (int t = 0; t < TOKENS; t++)
        for (int i = 0; i < H; i++)
            x[t][i] = embed[id(t) * H + (uint32_t)i];
    for (int l = 0; l < LAYERS; l++) {
        memset(received, 0, sizeof received);
        for (int i = 0; i < 3; i++) {
            plain_window(k, l, x, i * CTX, i == 2 ? 5 : CTX);
            plain_weights(i * CTX, i == 2 ? 5 : CTX, 0.05);
        }
        check_layer(f, k, l, 0.05);
        for (int t = 0; t < TOKENS; t++)
            weight[t] = 1;
        check_layer(f, k, l, 0);
        near(states_get(&f->x, 0, TOKENS, &e), x[0], TOKENS * H, 2e-5);
    }
    dense(&b, "norm.final", -1, 1, H, norm);
    CHECK(forward_run(f, &b, 1, NULL, &e) == 0);
    bundle_free(&b);
    for (int t = 0; t < TOKENS; t++) {
        double y[H];

        plain_norm(x[t], norm, y);
        memcpy(x[t], y, sizeof y);
    }
    near(states_get(&f->x, 0, TOKENS, &e), x[0], TOKENS * H, 2e-5);
    CHECK(forward_finish(f, NULL, &e) == 0);
    attrs_free(&m);
}

/* log softmax of one position against the embedding; returns which is first. */
static int plain_scores(const double *x, double *logp)
{
    double sum = 0;
    int top = 0;

    for (int v = 0; v < VOCAB; v++) {
        logp[v] = 0;
        for (int i = 0; i < H; i++)
            logp[v] += x[i] * embed[v * H + i];
        top = logp[v] > logp[top] ? v : top;
    }
    for (int v = 0; v < VOCAB; v++)
        sum += exp(logp[v]);
    for (int v = 0; v < VOCAB; v++)
        logp[v] -= log(sum);
    return top;
}

static void check_scores(struct forward *f, struct forward *ref, double (*x)[H], double (*y)[H])
{
    static double a[VOCAB], b[VOCAB];
    struct ppl_token token[TOKENS];
    struct bundle head = {0};

    dense(&head, "head", -1, VOCAB, H, embed);
    CHECK(ppl_score(&(struct scorer){f, &head}, &(struct scorer){ref, &head}, token, &e) == 0);
    for (int t = 0; t < TOKENS; t++) {
        int top = plain_scores(x[t], a), ref_top = plain_scores(y[t], b);
        double kl = 0;

        for (int v = 0; v < VOCAB; v++)
            kl += exp(b[v]) * (b[v] - a[v]);
        CHECK(token[t].scored && token[t].same_top == (top == ref_top));
        CHECK_NEAR(token[t].nll, -a[id(t + 1)], 2e-5);
        CHECK_NEAR(token[t].kl, kl, 2e-5);
    }
    bundle_free(&head);
}

static void test_kinds(void)
{
    static const struct kind kinds[] = {{0, 0, ""}, {1, 0, "llama3"}, {0, 1, "linear"}, {1, 1, "llama3"}};
    static double x[TOKENS][H], y[TOKENS][H];
    struct windows win = {0};
    struct forward f, ref;

    make_windows(&win);
    run_both(&ref, &win, &kinds[0], 1 << 20, y);
    for (int i = 0; i < 4; i++) {
        par_set_jobs(i + 1);                                   /* a thread a window, and more threads than windows */
        run_both(&f, &win, &kinds[i], i % 2 ? 0 : 1 << 20, x); /* in memory, and spooled */
        check_scores(&f, &ref, x, y);
        forward_free(&f);
    }
    forward_free(&ref);
    windows_free(&win);
}

static void refused(struct forward *f, struct bundle *b, int n, const char *why)
{
    CHECK(forward_run(f, b, n, NULL, &e) < 0);
    CHECK_STR(e.msg, why);
}

static void test_refused(void)
{
    static const struct kind k = {1, 0, ""};
    struct windows win = {0};
    struct attrs m = {0};
    struct forward f;
    struct bundle b[2 * SLOTS] = {0}, em = {0};
    int n = make_layer(b, &k, 0);

    make_windows(&win);
    set_params(&m, &k);
    CHECK(forward_open(&f, &m, &win, 1 << 20, &e) == 0);
    refused(&f, b, n, "layer 0 comes before the embedding; tsplit writes tensors in the order a model runs");
    dense(&em, "embed", -1, 100, H, embed);
    CHECK(forward_run(&f, &em, 1, NULL, &e) < 0);
    CHECK_STR(e.msg, "embed: token id 7979 is not in a vocabulary of 100");
    bundle_free(&em);
    dense(&em, "embed", -1, VOCAB, H, embed);
    CHECK(forward_run(&f, &em, 1, NULL, &e) == 0);
    CHECK(forward_run(&f, &em, 1, NULL, &e) < 0);
    CHECK_STR(e.msg, "embed: a second tensor of role embed, or it comes too late");
    refused(&f, b, n - 1, "layer 0 has no tensor of role mlp.down");
    b[n - 1].rows = H - 2;
    CHECK(forward_run(&f, b, n, NULL, &e) < 0);
    CHECK(strstr(e.msg, ": layer 0: add of values that are 24 (of -) and 22 (of mlp.down) wide") != NULL);
    b[n - 1].rows = H;
    ((float *)(void *)b[1].part[0].data)[5] = NAN;
    refused(&f, b, n, "attn.q: the value at row 0, column 5 is not a number");
    CHECK(forward_finish(&f, NULL, &e) < 0);
    CHECK_STR(e.msg, "the stream has 0 layers, its head says 2");
    for (int i = 0; i < n; i++)
        bundle_free(&b[i]);
    bundle_free(&em);
    attrs_free(&m);
    forward_free(&f);
    windows_free(&win);
}

int main(void)
{
    random_model();
    test_kinds();
    test_refused();
    return DONE();
}
