/*
 * kern: the vector kernels. One text (kern_body.h), compiled for each instruction set; every build gives the same bits.
 *
 * Why they agree: each output is defined by a fixed sequence of IEEE operations (multiply, then add: never fused),
 * vectors run across independent outputs or across a fixed number of partial sums, and nothing depends on the vector's
 * width. The bits of a NaN result are the one exception. See doc/HOWTO-kernel.md and doc/decisions/0003-gemm.md.
 *
 * The widest set this CPU has is taken at the first call; WEIR_KERNEL=base|avx2|avx512 in the environment forces one. A
 * value that is unknown, or that the CPU does not have, ends the process with one line and status 1.
 * Arrays may have any alignment. Unless said otherwise an output may be the same array as an input, but not overlap in
 * part.
 */
#ifndef WEIR_NUM_KERN_H
#define WEIR_NUM_KERN_H

#include <stddef.h>

enum kern_store { KERN_SET, KERN_ADD, KERN_SUB }; /* C = P, C += P, C -= P */

struct kern {
    const char *name; /* "base", "avx2", "avx512" */

    /* The micro-kernels of la/gemm: tiles of mr by nr for float, dmr by dnr for double. */
    int mr, nr, dmr, dnr;
    void (*gemm32)(size_t k, const float *a, const float *b, float *c, size_t ldc, enum kern_store how);
    void (*gemm64)(size_t k, const double *a, const double *b, double *c, size_t ldc, enum kern_store how);

    float (*dot)(const float *a, const float *b, size_t n);
    double (*dot64)(const double *a, const double *b, size_t n);
    double (*dotd)(const float *a, const float *b, size_t n);
    double (*sum)(const float *x, size_t n);
    float (*max)(const float *x, size_t n);
    float (*absmax)(const float *x, size_t n);
    void (*axpy)(float a, const float *x, float *y, size_t n);
    void (*axpy64)(double a, const double *x, double *y, size_t n);
    void (*fold64)(const double *v, double tau, double *at, size_t ld, double *y);
    void (*push64)(const double *v, const double *y, const double *x, double tau, double *at, size_t ld);
    void (*secular64)(const double *d, const double *z2, size_t n, double near, double far, double x, double s[3]);
    void (*add64)(const float *x, double *y, size_t n);
    void (*addsq64)(const float *x, double *y, size_t n);
    void (*addabs64)(const float *x, double *y, size_t n);
    void (*scale)(float a, const float *x, float *y, size_t n);
    void (*mul)(const float *a, const float *b, float *y, size_t n);
    void (*add)(const float *a, const float *b, float *y, size_t n);
    void (*exp)(const float *x, float *y, size_t n);
    void (*silu)(const float *x, float *y, size_t n);
    void (*gelu_tanh)(const float *x, float *y, size_t n);
    void (*gelu_erf)(const float *x, float *y, size_t n);
    double (*softmax)(const float *x, float *y, size_t n);
};

const struct kern *kern_get(void);

/* The builds of the one text; NULL where this machine's compiler could not make them. For tests: whether the CPU runs
 * them. */
extern const struct kern kern_base;
const struct kern *kern_find(const char *name); /* NULL: unknown, or this CPU does not have it */

/*
 * Sums of one row. 32 partial sums (16 where they are double): element i goes to sum i mod 32, in ascending i; then sum
 * l takes sum l + 16, then l + 8 ... + 1. Error at most (n/32 + 6) eps * sum |a_i b_i|.
 */
static inline float kern_dot(const float *a, const float *b, size_t n) /* f32 products and sums */
{
    return kern_get()->dot(a, b, n);
}

static inline double kern_dotd(const float *a, const float *b, size_t n) /* exact products, double sums */
{
    return kern_get()->dotd(a, b, n);
}

static inline double kern_dot64(const double *a, const double *b, size_t n) /* 16 partial sums */
{
    return kern_get()->dot64(a, b, n);
}

static inline double kern_sumsq(const float *x, size_t n) /* sum of squares: exact products, double sums */
{
    return kern_get()->dotd(x, x, n);
}

static inline double kern_sum(const float *x, size_t n) /* double sums */
{
    return kern_get()->sum(x, n);
}

/* Largest element, or largest magnitude. NaN elements are passed over; -INFINITY (or 0) when nothing is left. */
static inline float kern_max(const float *x, size_t n)
{
    return kern_get()->max(x, n);
}

static inline float kern_absmax(const float *x, size_t n)
{
    return kern_get()->absmax(x, n);
}

/* y += a x */
static inline void kern_axpy(float a, const float *x, float *y, size_t n)
{
    kern_get()->axpy(a, x, y, n);
}

static inline void kern_axpy64(double a, const double *x, double *y, size_t n)
{
    kern_get()->axpy64(a, x, y, n);
}

/*
 * A reflection H = I - tau v v' on a block C = at[48][ld] of a symmetric matrix: C = HCH, and y = tau v'F of the 48
 * columns F behind it. The lower triangle's last row is not read, but mirrored first. Then, with x, tau the next
 * reflection: rows 1 .. 47 of F = (F - v y')(I - tau x x').
 */
#define KERN_BAND 48
static inline void kern_fold64(const double *v, double tau, double *at, size_t ld, double *y)
{
    kern_get()->fold64(v, tau, at, ld, y);
}

static inline void kern_push64(const double *v, const double *y, const double *x, double tau, double *at, size_t ld)
{
    kern_get()->push64(v, y, x, tau, at, ld);
}

/*
 * Sums over poles d[n], none of them at near + x, with r = 1 / (d - near - x), of z2 r, (d - near) z2 r^3 and (d - far)
 * z2 r^3: a secular function and what its derivatives are made of. 16 partial sums each.
 */
static inline void kern_secular64(const double *d, const double *z2, size_t n, double near, double far, double x,
                                  double s[3])
{
    kern_get()->secular64(d, z2, n, near, far, x, s);
}

/* y += x, y += x*x, y += |x|: running sums over the rows of a matrix, one for each column */
static inline void kern_add64(const float *x, double *y, size_t n)
{
    kern_get()->add64(x, y, n);
}

static inline void kern_addsq64(const float *x, double *y, size_t n)
{
    kern_get()->addsq64(x, y, n);
}

static inline void kern_addabs64(const float *x, double *y, size_t n)
{
    kern_get()->addabs64(x, y, n);
}

/* y = a x; y = a * b; y = a + b: elementwise */
static inline void kern_scale(float a, const float *x, float *y, size_t n)
{
    kern_get()->scale(a, x, y, n);
}

static inline void kern_mul(const float *a, const float *b, float *y, size_t n)
{
    kern_get()->mul(a, b, y, n);
}

static inline void kern_add(const float *a, const float *b, float *y, size_t n)
{
    kern_get()->add(a, b, y, n);
}

/* y = e^x within 1.5 ulp; 0 below -103.98, infinity above 88.72, subnormal results kept. Cody and Waite (1980)
 * reduction. */
static inline void kern_exp(const float *x, float *y, size_t n)
{
    kern_get()->exp(x, y, n);
}

/* y = x / (1 + e^-x) */
static inline void kern_silu(const float *x, float *y, size_t n)
{
    kern_get()->silu(x, y, n);
}

/* y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), Hendrycks and Gimpel (2016) */
static inline void kern_gelu_tanh(const float *x, float *y, size_t n)
{
    kern_get()->gelu_tanh(x, y, n);
}

/* y = x/2 (1 + erf(x / sqrt 2)), erf within 3e-7 by Abramowitz and Stegun (1964), 7.1.26 */
static inline void kern_gelu_erf(const float *x, float *y, size_t n)
{
    kern_get()->gelu_erf(x, y, n);
}

/* y = e^(x - max x), then divided by its sum (which is summed in double and returned: at least 1). n > 0, x finite or
 * -INFINITY. */
static inline double kern_softmax(const float *x, float *y, size_t n)
{
    return kern_get()->softmax(x, y, n);
}

/* y = x / sqrt(mean x^2 + eps) * w (Zhang and Sennrich 2019); the mean in double. w may be NULL: all ones. */
void kern_rmsnorm(const float *x, const float *w, float *y, size_t n, double eps);

/* y = (x - mean) / sqrt(var + eps) * w + b (Ba et al. 2016); mean and var in double. b may be NULL. */
void kern_layernorm(const float *x, const float *w, const float *b, float *y, size_t n, double eps);

#endif
