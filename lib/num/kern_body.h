/*
 * The text of every kernel. A file kern_ISA.c defines W (floats in a vector), the tile sizes MR, NV (float) and DMR,
 * DNV (double), TABLE and NAME, and includes this. Rules that keep all builds equal bit for bit:
 *   - multiply and add are two operations; division and square root are IEEE's;
 *   - sums have 32 (float) or 16 (double) lanes whatever W is;
 *   - a last piece shorter than the lanes is copied into a block padded with zeros (or the identity) and treated alike.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "num/kern.h"

#define UNROLL _Pragma("GCC unroll 16")
#define L 32 /* lanes of a float sum */
#define D 16 /* lanes of a double sum */

typedef float vf __attribute__((vector_size(W * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(W * 4), aligned(4), may_alias));
typedef float hf __attribute__((vector_size(W * 2), aligned(4), may_alias)); /* half as many floats, to widen */
typedef double vd __attribute__((vector_size(W * 4), aligned(8), may_alias));
#define WD (W / 2)
#define WIDEN(x) __builtin_convertvector(*(const hf *)(x), vd)

#define ELEM float
#define GEMM gemm32
#define LANES W
#define VEC tile32
#include "num/kern_gemm.h"

#define ELEM double
#define GEMM gemm64
#define LANES WD
#define VEC tile64
#define MR DMR
#define NV DNV
#include "num/kern_gemm.h"

/* --- sums --- */

static float tree32(float *t)
{
    for (int h = L / 2; h > 0; h /= 2)
        for (int l = 0; l < h; l++)
            t[l] += t[l + h];
    return t[0];
}

static double tree64(double *t)
{
    for (int h = D / 2; h > 0; h /= 2)
        for (int l = 0; l < h; l++)
            t[l] += t[l + h];
    return t[0];
}

/*
 * A sum over blocks: LANE_N elements at p (and q) a time; STEP adds vector v of the block to s[v]. The tail is a padded
 * block.
 */
#define REDUCE(LANE_N, VN, V, A, B, TREE, STEP)                                                                        \
    V s[LANE_N / VN] = {{0}};                                                                                          \
    __typeof__(A[0] + 0) ta[LANE_N] = {0}, tb[LANE_N] = {0};                                                           \
    size_t i = 0;                                                                                                      \
    for (; i + LANE_N <= n; i += LANE_N) {                                                                             \
        __typeof__(&A[0]) p = A + i, q = B + i;                                                                        \
        UNROLL for (int v = 0; v < LANE_N / VN; v++)                                                                   \
        {                                                                                                              \
            STEP;                                                                                                      \
        }                                                                                                              \
    }                                                                                                                  \
    if (i < n) {                                                                                                       \
        __typeof__(&A[0]) p = ta, q = tb;                                                                              \
        memcpy(ta, A + i, (n - i) * sizeof ta[0]);                                                                     \
        memcpy(tb, B + i, (n - i) * sizeof tb[0]);                                                                     \
        UNROLL for (int v = 0; v < LANE_N / VN; v++)                                                                   \
        {                                                                                                              \
            STEP;                                                                                                      \
        }                                                                                                              \
    }                                                                                                                  \
    return TREE((void *)s)

static float dot(const float *a, const float *b, size_t n)
{
    REDUCE(L, W, vf, a, b, tree32, s[v] += *(const vf *)(p + v * W) * *(const vf *)(q + v * W));
}

static double dot64(const double *a, const double *b, size_t n)
{
    REDUCE(D, WD, vd, a, b, tree64, s[v] += *(const vd *)(p + v * WD) * *(const vd *)(q + v * WD));
}

static double dotd(const float *a, const float *b, size_t n)
{
    REDUCE(D, WD, vd, a, b, tree64, s[v] += WIDEN(p + v * WD) * WIDEN(q + v * WD));
}

static double sum(const float *x, size_t n)
{
    REDUCE(D, WD, vd, x, x, tree64, s[v] += WIDEN(p + v * WD); (void)q);
}

/* --- elements --- */

static vf choose(vi mask, vf yes, vf no)
{
    return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

static vf set(float x)
{
    return x - (vf){0};
}

static vf load(const float *x)
{
    return *(const vf *)x;
}

static vf magnitude(vf x)
{
    return (vf)((vi)x & 0x7fffffff);
}

/* The largest of f(x), 32 lanes, so that of equal zeros the same sign wins everywhere. */
#define LARGEST(F, START)                                                                                              \
    vf m[L / W];                                                                                                       \
    float t[L];                                                                                                        \
    for (int v = 0; v < L / W; v++)                                                                                    \
        m[v] = set(START);                                                                                             \
    for (size_t i = 0; i < n; i += L) {                                                                                \
        const float *p = x + i;                                                                                        \
        if (n - i < L) {                                                                                               \
            for (int l = 0; l < L; l++)                                                                                \
                t[l] = START;                                                                                          \
            p = memcpy(t, p, (n - i) * 4);                                                                             \
        }                                                                                                              \
        UNROLL for (int v = 0; v < L / W; v++) m[v] = choose(F(load(p + v * W)) > m[v], F(load(p + v * W)), m[v]);     \
    }                                                                                                                  \
    memcpy(t, m, sizeof t);                                                                                            \
    for (int l = 1; l < L; l++)                                                                                        \
        t[0] = t[l] > t[0] ? t[l] : t[0];                                                                              \
    return t[0]

static float largest(const float *x, size_t n)
{
    LARGEST(, -INFINITY);
}

static float absmax(const float *x, size_t n)
{
    LARGEST(magnitude, 0.0f);
}

/* y[i] = EXPR of the vector v at x + i (and u at z + i), the tail in a padded block. */
#define MAP(Z, EXPR)                                                                                                   \
    size_t i = 0;                                                                                                      \
    for (; i + W <= n; i += W) {                                                                                       \
        vf v = load(x + i), u = load(Z + i);                                                                           \
        *(vf *)(y + i) = EXPR;                                                                                         \
        (void)u;                                                                                                       \
    }                                                                                                                  \
    if (i < n) {                                                                                                       \
        float tx[W] = {0}, tz[W] = {0};                                                                                \
        vf v, u;                                                                                                       \
        memcpy(tx, x + i, (n - i) * 4);                                                                                \
        memcpy(tz, Z + i, (n - i) * 4);                                                                                \
        v = load(tx), u = load(tz);                                                                                    \
        *(vf *)tx = EXPR;                                                                                              \
        (void)u;                                                                                                       \
        memcpy(y + i, tx, (n - i) * 4);                                                                                \
    }

static void axpy(float a, const float *x, float *y, size_t n)
{
    MAP(y, u + a * v)
}

static void scale(float a, const float *x, float *y, size_t n)
{
    MAP(x, a * v)
}

static void mul(const float *x, const float *z, float *y, size_t n)
{
    MAP(z, v * u)
}

static void add(const float *x, const float *z, float *y, size_t n)
{
    MAP(z, v + u)
}

/*
 * e^x = 2^k e^r, k = round(x / ln 2), r = x - k ln 2 with ln 2 in two parts, the first short enough that k times it is
 * exact. The polynomial is Cephes' (S. Moshier, single/expf.c), degree 7. 2^k in two factors, so that k from -150 to
 * 128 needs no case.
 */
static vf exp_vec(vf x)
{
    const float shift = 0x1.8p23f; /* adding it rounds to an integer, left in the low bits */
    vf n, r, p;
    vi k, half;

    x = choose(x > 89.0f, set(89.0f), x);
    x = choose(x < -104.0f, set(-104.0f), x);
    n = x * 0x1.715476p0f + shift;
    k = (vi)n - (vi)set(shift);
    n -= shift;
    r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    p = 1.9875691500e-4f * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = (p * (r * r) + r) + 1.0f;
    half = k >> 1;
    return p * (vf)((half + 127) << 23) * (vf)((k - half + 127) << 23);
}

static void exp_row(const float *x, float *y, size_t n)
{
    MAP(x, exp_vec(v))
}

static void silu(const float *x, float *y, size_t n)
{
    MAP(x, v / (1.0f + exp_vec(-v)))
}

/* (1 + tanh u) / 2 = 1 / (1 + e^-2u) */
static void gelu_tanh(const float *x, float *y, size_t n)
{
    MAP(x, v / (1.0f + exp_vec(-1.5957691216057308f * (v + 0.044715f * (v * v * v)))))
}

/* With z = |x| / sqrt 2, t = 1 / (1 + p z) and h = (a1 t + ... + a5 t^5) e^-z^2 = 1 - erf z: x (1 - h/2) above zero, x
 * h/2 below. */
static vf gelu_erf_vec(vf x)
{
    vf z = magnitude(x) * 0.70710678f, t = 1.0f / (1.0f + 0.3275911f * z), h;

    h = 1.061405429f * t - 1.453152027f;
    h = h * t + 1.421413741f;
    h = h * t - 0.284496736f;
    h = h * t + 0.254829592f;
    h = h * t * exp_vec(-(z * z)) * 0.5f;
    return x * choose(x > 0.0f, 1.0f - h, h);
}

static void gelu_erf(const float *x, float *y, size_t n)
{
    MAP(x, gelu_erf_vec(v))
}

static double softmax(const float *x, float *y, size_t n)
{
    float m = largest(x, n);
    double total;

    MAP(x, exp_vec(v - m))
    total = sum(y, n);
    scale((float)(1 / total), y, y, n);
    return total;
}

/* --- double --- */

static void axpy64(double a, const double *x, double *y, size_t n)
{
    size_t i = 0;

    for (; i + WD <= n; i += WD)
        *(vd *)(y + i) += a * *(const vd *)(x + i);
    for (; i < n; i++)
        y[i] += a * x[i];
}

#include "num/kern_chase.h"

static void secular64(const double *d, const double *z2, size_t n, double near, double far, double x, double s[3])
{
    vd f[D / WD] = {{0}}, to_near[D / WD] = {{0}}, to_far[D / WD] = {{0}};
    double td[D], tz[D] = {0};

    for (size_t i = 0; i < n; i += D) {
        const double *p = d + i, *q = z2 + i;

        if (n - i < D) { /* what is beyond the end is a pole as the last, of weight 0 */
            for (int l = 0; l < D; l++)
                td[l] = d[n - 1];
            p = memcpy(td, p, (n - i) * sizeof *p);
            q = memcpy(tz, q, (n - i) * sizeof *q);
        }
        UNROLL
        for (int v = 0; v < D / WD; v++) {
            vd at = *(const vd *)(p + v * WD), from = at - near, r = 1 / (from - x), t = *(const vd *)(q + v * WD) * r,
               u = t * (r * r);

            f[v] += t;
            to_near[v] += u * from;
            to_far[v] += u * (at - far);
        }
    }
    s[0] = tree64((void *)f);
    s[1] = tree64((void *)to_near);
    s[2] = tree64((void *)to_far);
}

static void add64(const float *x, double *y, size_t n)
{
    size_t i = 0;

    for (; i + WD <= n; i += WD)
        *(vd *)(y + i) += WIDEN(x + i);
    for (; i < n; i++)
        y[i] += x[i];
}

static void addsq64(const float *x, double *y, size_t n)
{
    size_t i = 0;

    for (; i + WD <= n; i += WD)
        *(vd *)(y + i) += WIDEN(x + i) * WIDEN(x + i);
    for (; i < n; i++)
        y[i] += (double)x[i] * x[i];
}

static void addabs64(const float *x, double *y, size_t n)
{
    size_t i = 0;

    for (; i + WD <= n; i += WD) {
        int64_t bits __attribute__((vector_size(W * 4))) = (__typeof__(bits))WIDEN(x + i) & INT64_MAX;

        *(vd *)(y + i) += (vd)bits;
    }
    for (; i < n; i++)
        y[i] += fabsf(x[i]);
}

const struct kern TABLE = {
    NAME,     TILE32, TILE64, gemm32, gemm64,  dot,    dot64,     dotd,     sum,
    largest,  absmax, axpy,   axpy64, fold64,  push64, secular64, add64,    addsq64,
    addabs64, scale,  mul,    add,    exp_row, silu,   gelu_tanh, gelu_erf, softmax,
};
