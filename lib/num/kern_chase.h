/*
 * Two halves of a step that takes a band matrix to tridiagonal form (la/chase.c), for blocks of KERN_BAND. Included by
 * kern_body.h. Sums over rows are one chain for each column; those along a row have D lanes.
 */
#define BN (KERN_BAND / WD)

static vd *at64(double *row, int v)
{
    return (vd *)(row + v * WD);
}

/* sum over i of v[i] row i */
static void mix64(const double *v, const double *rows, size_t ld, vd *sum)
{
    for (int j = 0; j < BN; j++)
        sum[j] = (vd){0};
    for (size_t i = 0; i < KERN_BAND; i++) {
        UNROLL
        for (int j = 0; j < BN; j++)
            sum[j] += v[i] * *(const vd *)(rows + i * ld + (size_t)j * WD);
    }
}

static void fold64(const double *v, double tau, double *at, size_t ld, double *y)
{
    double w[KERN_BAND], half;
    vd sum[BN], vv[BN];

    for (size_t j = 0; j + 1 < KERN_BAND; j++)
        at[(KERN_BAND - 1) * ld + j] = at[j * ld + KERN_BAND - 1];
    mix64(v, at, ld, sum);
    for (int j = 0; j < BN; j++)
        *at64(w, j) = sum[j] *= tau;
    half = -0.5 * tau * dot64(w, v, KERN_BAND);
    for (int j = 0; j < BN; j++) {
        vv[j] = *(const vd *)(v + j * WD);
        *at64(w, j) = sum[j] += half * vv[j];
    }
    for (size_t i = 0; i < KERN_BAND; i++) {
        UNROLL
        for (int j = 0; j < BN; j++)
            *at64(at + i * ld, j) -= v[i] * sum[j] + w[i] * vv[j];
    }
    mix64(v, at + KERN_BAND, ld, sum);
    for (int j = 0; j < BN; j++)
        *at64(y, j) = tau * sum[j];
}

static void push64(const double *v, const double *y, const double *x, double tau, double *at, size_t ld)
{
    vd yy[BN], xx[BN];

    memcpy(yy, y, sizeof yy);
    memcpy(xx, x, sizeof xx);
    for (size_t i = 1; i < KERN_BAND; i++) {
        vd u[BN], s[D / WD] = {{0}};
        double t;

        UNROLL
        for (int j = 0; j < BN; j++) {
            u[j] = *at64(at + i * ld, j) - v[i] * yy[j];
            s[j % (D / WD)] += u[j] * xx[j];
        }
        t = tau * tree64((void *)s);
        UNROLL
        for (int j = 0; j < BN; j++)
            *at64(at + i * ld, j) = u[j] - t * xx[j];
    }
}
#undef BN
