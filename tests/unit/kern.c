/* Every build of the kernels gives the base build's bits, and the base build is near the truth. */
#include <float.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "num/kern.h"
#include "tests/unit/check.h"

#define MAX 1100

static float A[MAX + 8], B[MAX + 8], base_y[MAX + 8], y[MAX + 8];
static double DA[MAX], DB[MAX], base_dy[MAX], dy[MAX], base_dz[MAX], dz[MAX];
static const size_t sizes[] = {0,  1,  2,  3,  4,  5,  7,   8,   15,  16,   17,  31,
                               32, 33, 47, 63, 64, 65, 100, 255, 256, 1000, 1037};

static void fill(void)
{
    struct rng r = rng_make(1, "kern", 4);

    for (size_t i = 0; i < MAX + 8; i++) {
        A[i] = (float)(3 * rng_normal(r, 2 * i));
        B[i] = (float)rng_normal(r, 2 * i + 1);
    }
    for (size_t i = 0; i < MAX; i++) {
        DA[i] = rng_normal(r, 9000 + 2 * i);
        DB[i] = rng_normal(r, 9001 + 2 * i);
    }
    A[40] = -0.0f, A[41] = 0.0f, A[42] = FLT_MIN / 4;
}

#define SAME(x, z) (memcmp(&(x), &(z), sizeof(x)) == 0)

static void same_sums(const struct kern *k, size_t n, size_t at)
{
    float f, g;
    double c, d;

    f = kern_base.dot(A + at, B, n), g = k->dot(A + at, B, n);
    CHECK(SAME(f, g));
    c = kern_base.dotd(A + at, B, n), d = k->dotd(A + at, B, n);
    CHECK(SAME(c, d));
    c = kern_base.dot64(DA, DB, n), d = k->dot64(DA, DB, n);
    CHECK(SAME(c, d));
    c = kern_base.sum(A + at, n), d = k->sum(A + at, n);
    CHECK(SAME(c, d));
    f = kern_base.max(A + at, n), g = k->max(A + at, n);
    CHECK(SAME(f, g));
    f = kern_base.absmax(A + at, n), g = k->absmax(A + at, n);
    CHECK(SAME(f, g));
}

/* Run a statement with K the base build into base_y, then with the other into y, and compare, also past the end. */
#define SAME_MAP(STMT)                                                                                                 \
    do {                                                                                                               \
        const struct kern *K = &kern_base;                                                                             \
        float *Y = base_y;                                                                                             \
        memcpy(base_y, B, sizeof B), memcpy(y, B, sizeof B);                                                           \
        STMT;                                                                                                          \
        K = k, Y = y;                                                                                                  \
        STMT;                                                                                                          \
        CHECK(memcmp(base_y, y, sizeof y) == 0);                                                                       \
    } while (0)
#define SAME_MAP64(STMT)                                                                                               \
    do {                                                                                                               \
        const struct kern *K = &kern_base;                                                                             \
        double *Y = base_dy, *Z = base_dz;                                                                             \
        memcpy(base_dy, DB, sizeof DB), memcpy(dy, DB, sizeof DB);                                                     \
        memcpy(base_dz, DA, sizeof DA), memcpy(dz, DA, sizeof DA);                                                     \
        STMT;                                                                                                          \
        K = k, Y = dy, Z = dz;                                                                                         \
        STMT;                                                                                                          \
        CHECK(memcmp(base_dy, dy, sizeof dy) == 0 && memcmp(base_dz, dz, sizeof dz) == 0);                             \
    } while (0)

static void same_maps(const struct kern *k, size_t n, size_t at)
{
    SAME_MAP(K->axpy(1.7f, A + at, Y, n));
    SAME_MAP(K->scale(1.7f, A + at, Y, n));
    SAME_MAP(K->mul(A + at, B, Y, n));
    SAME_MAP(K->add(A + at, B, Y, n));
    SAME_MAP(K->exp(A + at, Y, n));
    SAME_MAP(K->silu(A + at, Y, n));
    SAME_MAP(K->gelu_tanh(A + at, Y, n));
    SAME_MAP(K->gelu_erf(A + at, Y, n));
    if (n > 0)
        SAME_MAP(K->softmax(A + at, Y, n));
    SAME_MAP64(K->axpy64(1.7, DA, Y, n); (void)Z);
    SAME_MAP64(K->secular64(DA, DB, n, 3, 9, 0.123, Y); (void)Z);
    SAME_MAP64(K->add64(A + at, Y, n); (void)Z);
    SAME_MAP64(K->addsq64(A + at, Y, n); (void)Z);
    SAME_MAP64(K->addabs64(A + at, Y, n); (void)Z);
}

#define LD (2 * KERN_BAND + 5)
#define BLOCKS (KERN_BAND * LD)

/* A symmetric block and the one behind it; two unit reflections. */
static void blocks(double *at, double *v, double *x)
{
    struct rng r = rng_make(2, "chase", 5);

    for (size_t i = 0; i < BLOCKS; i++)
        at[i] = rng_normal(r, i);
    for (size_t i = 0; i < KERN_BAND; i++) {
        v[i] = rng_normal(r, BLOCKS + i), x[i] = rng_normal(r, 2 * BLOCKS + i);
        for (size_t j = 0; j < i && i + 1 < KERN_BAND; j++) /* the last row is not read */
            at[i * LD + j] = at[j * LD + i];
    }
}

static double taus(const double *v)
{
    double sum = 0;

    for (size_t i = 0; i < KERN_BAND; i++)
        sum += v[i] * v[i];
    return 2 / sum;
}

static void same_chase(const struct kern *k)
{
    static double a[BLOCKS], b[BLOCKS], v[KERN_BAND], x[KERN_BAND], yy[KERN_BAND], z[KERN_BAND];

    blocks(a, v, x);
    blocks(b, v, x);
    kern_base.fold64(v, taus(v), a, LD, yy), kern_base.push64(v, yy, x, taus(x), a + KERN_BAND, LD);
    k->fold64(v, taus(v), b, LD, z), k->push64(v, z, x, taus(x), b + KERN_BAND, LD);
    CHECK(memcmp(a, b, sizeof a) == 0 && memcmp(yy, z, sizeof z) == 0);
}

/* (I - tau v v') C (I - tau v v') and (I - tau v v') F (I - tau x x') against the sums written out. */
static void chase_is_true(void)
{
    static double a[BLOCKS], was[BLOCKS], v[KERN_BAND], x[KERN_BAND], yy[KERN_BAND];
    double tv, tx;

    blocks(a, v, x);
    for (size_t j = 0; j + 1 < KERN_BAND; j++)
        a[(KERN_BAND - 1) * LD + j] = a[j * LD + KERN_BAND - 1];
    memcpy(was, a, sizeof a);
    blocks(a, v, x);
    tv = taus(v), tx = taus(x);
    kern_fold64(v, tv, a, LD, yy);
    kern_push64(v, yy, x, tx, a + KERN_BAND, LD);
    for (size_t i = 0; i < KERN_BAND; i++)
        for (size_t j = 0; j < 2 * KERN_BAND; j++) {
            const double *right = j < KERN_BAND ? v : x;
            double sum = 0, t = j < KERN_BAND ? tv : tx;
            size_t from = j < KERN_BAND ? 0 : KERN_BAND;

            for (size_t p = 0; p < KERN_BAND; p++)
                for (size_t q = 0; q < KERN_BAND; q++)
                    sum += ((p == i) - tv * v[i] * v[p]) * was[p * LD + from + q] *
                           ((q + from == j) - t * right[q] * right[j - from]);
            if (i > 0 || j < KERN_BAND)
                CHECK_NEAR(a[i * LD + j], sum, 1e-13);
            else
                CHECK(a[j] == was[j]); /* the first row is the caller's */
        }
}

static void all_the_same(void)
{
    const char *names[] = {"avx2", "avx512"};

    for (int b = 0; b < 2; b++) {
        const struct kern *k = kern_find(names[b]);

        if (!k) {
            printf("skip: this CPU has no %s\n", names[b]);
            continue;
        }
        same_chase(k);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (size_t at = 0; at < 4; at += 3) {
                same_sums(k, sizes[s], at);
                same_maps(k, sizes[s], at);
            }
    }
    CHECK(kern_find("sse9") == NULL && kern_find("base") == &kern_base);
}

static void near_the_truth(void)
{
    double dot = 0, sumsq = 0, sum = 0, mass = 0, g, c;
    size_t n = 1037;

    for (size_t i = 0; i < n; i++) {
        dot += (double)A[i] * B[i], mass += fabs((double)A[i] * B[i]);
        sumsq += (double)A[i] * A[i], sum += A[i];
    }
    CHECK_NEAR(kern_dot(A, B, n), dot, mass * (n / 32 + 6) * 6e-8);
    CHECK_NEAR(kern_dotd(A, B, n), dot, 1e-12);
    CHECK_NEAR(kern_sumsq(A, n), sumsq, 1e-10);
    CHECK_NEAR(kern_sum(A, n), sum, 1e-10);
    kern_gelu_tanh(A, y, n);
    for (size_t i = 0; i < n; i++) {
        g = A[i], c = 0.5 * g * (1 + tanh(0.7978845608028654 * (g + 0.044715 * g * g * g)));
        CHECK_NEAR(y[i], c, 2e-6 * fabs(c) + 1e-7);
    }
    kern_gelu_erf(A, y, n);
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR(y[i], 0.5 * A[i] * (1 + erf(A[i] * 0.7071067811865476)), 3e-7 * fabs((double)A[i]) + 1e-12);
    kern_silu(A, y, n);
    for (size_t i = 0; i < n; i++)
        CHECK_NEAR(y[i], A[i] / (1 + exp(-(double)A[i])), 4e-7 * fabs((double)A[i]));
}

static void secular_sums(void)
{
    double want[3] = {0}, size[3] = {0}, got[3];
    size_t n = 1037;

    kern_secular64(DA, DB, n, 3, 9, 0.123, got);
    for (size_t i = 0; i < n; i++) {
        double gap = DA[i] - 3 - 0.123,
               term[3] = {DB[i] / gap, DB[i] * (DA[i] - 3) / pow(gap, 3), DB[i] * (DA[i] - 9) / pow(gap, 3)};

        for (int s = 0; s < 3; s++)
            want[s] += term[s], size[s] += fabs(term[s]);
    }
    for (int s = 0; s < 3; s++)
        CHECK_NEAR(got[s], want[s], 1e-13 * size[s]);
}

static double ulps(float got, double want)
{
    double ulp = nextafterf((float)want, INFINITY) - (double)(float)want;

    return fabs(got - want) / ulp;
}

static void exp_is_close(void)
{
    float x[4] = {-INFINITY, INFINITY, NAN, 0}, out[4], worst = 0;

    kern_exp(x, out, 4);
    CHECK(out[0] == 0 && out[1] == INFINITY && out[2] != out[2] && out[3] == 1);
    for (float v = -103.9f; v < 88.72f; v += 0.0137f) {
        kern_exp(&v, out, 1);
        worst = fmaxf(worst, (float)ulps(out[0], exp((double)v)));
    }
    printf("exp: worst %.3f ulp\n", (double)worst);
    CHECK(worst < 1.5f);
}

static void rows(void)
{
    float x[5] = {1, 2, 3, -4, 0}, w[5] = {1, 1, 2, 1, 1}, b[5] = {0, 0, 0, 1, 0}, out[5];
    double total = kern_softmax(x, out, 5);

    CHECK_NEAR(total, 1 + exp(-1) + exp(-2) + exp(-7) + exp(-3), 1e-6);
    CHECK_NEAR(out[2], 1 / total, 1e-7);
    CHECK_NEAR(out[3], exp(-7) / total, 1e-9);
    kern_rmsnorm(x, w, out, 5, 0);
    CHECK_NEAR(out[2], 2 * 3 / sqrt(6), 1e-6);
    kern_rmsnorm(x, NULL, out, 5, 0);
    CHECK_NEAR(out[3], -4 / sqrt(6), 1e-6);
    kern_layernorm(x, w, b, out, 5, 0);
    CHECK_NEAR(out[3], (-4 - 0.4) / sqrt(30 / 5.0 - 0.16) + 1, 1e-6);
}

int main(void)
{
    fill();
    all_the_same();
    near_the_truth();
    chase_is_true();
    secular_sums();
    exp_is_close();
    rows();
    return DONE();
}
