#include "la/dc_merge.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/par.h"
#include "la/gemm.h"
#include "la/secular.h"

#define PANEL 512 /* eigenvectors of a merge made at a time */
#define NONE SIZE_MAX

enum {
    LEFT = 1,
    RIGHT = 2,
    BOTH = 3
}; /* where a vector has elements: in the columns of the left half, the right, both */

struct turn {
    size_t a, b; /* rows a and b become c a - s b and s a + c b */
    double c, s;
};

struct merge {
    size_t n, half, ld, top, ldz; /* these are dc_merge.h's */
    double *d, *z, rho, small, *P, *Z;
    unsigned char *side; /* [n] */
    size_t *keep, *drop; /* rows, ascending by d; keep holds columns of U once those are given */
    size_t kept, dropped, turns;
    struct turn *turn;             /* [turns] */
    size_t columns[4];             /* of kept vectors on each side */
    size_t *left_row, *right_row;  /* [n]: a vector's row in left and right, or NONE */
    double *left, *right;          /* the two halves of the vectors: kept ones first, LEFT before BOTH before RIGHT */
    double *pole, *weight, *z2;    /* [n+1], [n], [n+1]: of the kept, ascending */
    double *col_pole, *col_weight; /* [n]: the same in the order of left and right, which is that of U's columns */
    size_t *near, *place; /* [n]: roots' poles; places in the ascending whole of the roots, then of the dropped */
    double *off, *value;  /* [n]: roots' distances from their poles; values of the roots, then of the dropped */
    struct secular secular;
    double *U;    /* [PANEL][kept] */
    size_t first; /* root of U's first row */
};

/* --- deflation --- */

/* place[i]: of a[i] in the ascending whole of a[na] and, behind it, b[nb], both ascending; of equals a's are first. */
static void places(size_t na, const double *a, size_t nb, size_t *place)
{
    const double *b = a + na;

    for (size_t i = 0, j = 0; i + j < na + nb;)
        if (j == nb || (i < na && a[i] <= b[j]))
            place[i] = i + j, i++;
        else
            place[na + j] = i + j, j++;
}

/* Turn the last kept vector and vector j so that z does not reach the first, where that leaves next to nothing beside
 * the diagonal. */
static int turned(struct merge *m, size_t j)
{
    size_t p = m->keep[m->kept - 1];
    double *d = m->d, *z = m->z, r = sqrt(z[p] * z[p] + z[j] * z[j]), c = z[j] / r, s = z[p] / r, dp = d[p], dj = d[j];

    if (fabs((dj - dp) * c * s) > m->small)
        return 0;
    m->turn[m->turns++] = (struct turn){p, j, c, s};
    d[p] = c * c * dp + s * s * dj;
    d[j] = s * s * dp + c * c * dj;
    z[j] = r;
    m->side[p] = m->side[j] |= m->side[p];
    m->drop[m->dropped++] = p;
    m->keep[m->kept - 1] = j;
    return 1;
}

static void deflate(struct merge *m)
{
    size_t *order = m->near;

    places(m->half, m->d, m->n - m->half, m->place);
    for (size_t j = 0; j < m->n; j++) {
        order[m->place[j]] = j;
        m->side[j] = j < m->half ? LEFT : RIGHT;
    }
    for (size_t i = 0; i < m->n; i++) {
        size_t j = order[i];

        if (m->rho * fabs(m->z[j]) <= m->small)
            m->drop[m->dropped++] = j;
        else if (m->kept == 0 || !turned(m, j))
            m->keep[m->kept++] = j;
    }
    for (size_t i = 1; i < m->dropped; i++) /* turns leave them almost in order */
        for (size_t k = i; k > 0 && m->d[m->drop[k]] < m->d[m->drop[k - 1]]; k--) {
            size_t t = m->drop[k];

            m->drop[k] = m->drop[k - 1], m->drop[k - 1] = t;
        }
}

/* --- the halves' vectors, put together by where they have elements --- */

static void row_of_both(struct merge *m, size_t j, size_t left, size_t right)
{
    m->left_row[j] = m->side[j] & LEFT ? left : NONE;
    m->right_row[j] = m->side[j] & RIGHT ? right : NONE;
}

/* Rows of left and right, and the order of columns of U; returns how many rows each has. */
static void arrange(struct merge *m, size_t rows[2])
{
    size_t at[4] = {0};

    for (size_t i = 0; i < m->kept; i++)
        m->columns[m->side[m->keep[i]]]++;
    at[BOTH] = m->columns[LEFT];
    at[RIGHT] = at[BOTH] + m->columns[BOTH];
    rows[0] = at[RIGHT];
    rows[1] = m->kept - at[BOTH];
    for (size_t i = 0; i < m->kept; i++) {
        size_t j = m->keep[i], column = at[m->side[j]]++;

        row_of_both(m, j, column, column - m->columns[LEFT]);
        m->pole[i] = m->col_pole[column] = m->d[j];
        m->weight[i] = m->z[j];
        m->z2[i] = m->z[j] * m->z[j];
        m->keep[i] = column;
    }
    for (size_t i = 0; i < m->dropped; i++) {
        size_t j = m->drop[i];

        row_of_both(m, j, rows[0], rows[1]);
        rows[0] += m->left_row[j] != NONE;
        rows[1] += m->right_row[j] != NONE;
    }
}

static void gather_row(void *ctx, size_t j)
{
    const struct merge *m = ctx;
    size_t width[2] = {m->half, m->n - m->half}, row[2] = {m->left_row[j], m->right_row[j]}, own = j >= m->half;
    double *half[2] = {m->left, m->right};

    for (size_t h = 0; h < 2; h++)
        if (row[h] != NONE && h == own)
            memcpy(half[h] + row[h] * width[h], m->P + j * m->ld, width[h] * sizeof(double));
        else if (row[h] != NONE)
            memset(half[h] + row[h] * width[h], 0, width[h] * sizeof(double));
}

static void turn_rows(size_t n, double *a, double *b, double c, double s)
{
    for (size_t k = 0; k < n; k++) {
        double x = a[k], y = b[k];

        a[k] = c * x - s * y;
        b[k] = s * x + c * y;
    }
}

static void gather(struct merge *m)
{
    size_t rows[2], right = m->n - m->half;

    arrange(m, rows);
    m->left = mem_resize(NULL, rows[0] * m->half + 1, sizeof(double));
    m->right = mem_resize(NULL, rows[1] * right + 1, sizeof(double));
    par_for(m->n, gather_row, m);
    for (size_t i = 0; i < m->turns; i++) {
        struct turn t = m->turn[i];

        if (m->side[t.a] & LEFT)
            turn_rows(m->half, m->left + m->left_row[t.a] * m->half, m->left + m->left_row[t.b] * m->half, t.c, t.s);
        if (m->side[t.a] & RIGHT)
            turn_rows(right, m->right + m->right_row[t.a] * right, m->right + m->right_row[t.b] * right, t.c, t.s);
    }
}

/* --- the roots and their vectors --- */

static void find_root(void *ctx, size_t i)
{
    const struct merge *m = ctx;

    secular_root(&m->secular, i, &m->near[i], &m->off[i]);
    m->value[i] = m->pole[m->near[i]] + m->off[i];
}

static void find_weights(void *ctx, size_t run)
{
    const struct merge *m = ctx;
    size_t from = run * SECULAR_RUN, to = from + SECULAR_RUN < m->kept ? from + SECULAR_RUN : m->kept;

    secular_weights(&m->secular, m->near, m->off, from, to, m->weight);
    for (size_t i = from; i < to; i++)
        m->col_weight[m->keep[i]] = m->weight[i];
}

static void find_vector(void *ctx, size_t i)
{
    const struct merge *m = ctx;
    size_t root = m->first + i;

    secular_vector(m->kept, m->col_pole, m->col_weight, m->pole[m->near[root]], m->off[root], m->U + i * m->kept);
}

static void solve(struct merge *m)
{
    m->secular = (struct secular){m->kept, m->pole, m->z2, m->rho};
    if (m->kept > 0)
        m->pole[m->kept] = m->pole[m->kept - 1] + 3 * m->rho;
    m->z2[m->kept] = 0;
    par_for(m->kept, find_root, m);
    par_for((m->kept + SECULAR_RUN - 1) / SECULAR_RUN, find_weights, m);
    for (size_t i = 0; i < m->dropped; i++)
        m->value[m->kept + i] = m->d[m->drop[i]];
    places(m->kept, m->value, m->dropped, m->place);
    for (size_t i = 0; i < m->n; i++)
        m->d[m->place[i]] = m->value[i];
}

/* Vectors of `count` roots from m->first, to their places: made in one piece, then the last moved first, down to where
 * it belongs. */
static void make_panel(struct merge *m, size_t count)
{
    size_t skip = m->columns[LEFT], left = skip + m->columns[BOTH], right = m->kept - skip, width = m->n - m->half;
    const size_t *place = m->place + m->first;
    double *out = m->Z + (place[0] - (m->n - m->top)) * m->ldz;

    par_for(count, find_vector, m);
    dgemm_nn(count, m->half, left, m->U, m->kept, m->left, m->half, out, m->ldz, KERN_SET);
    dgemm_nn(count, width, right, m->U + skip, m->kept, m->right, width, out + m->half, m->ldz, KERN_SET);
    for (size_t i = count; i-- > 0 && place[i] - place[0] > i;)
        memcpy(out + (place[i] - place[0]) * m->ldz, out + i * m->ldz, m->n * sizeof *out);
}

static void put_half(double *out, const double *half, size_t row, size_t width)
{
    if (row == NONE)
        memset(out, 0, width * sizeof *out);
    else
        memcpy(out, half + row * width, width * sizeof *out);
}

static void put_dropped(void *ctx, size_t i)
{
    const struct merge *m = ctx;
    size_t place = m->place[m->kept + i], j = m->drop[i];
    double *out;

    if (place < m->n - m->top)
        return;
    out = m->Z + (place - (m->n - m->top)) * m->ldz;
    put_half(out, m->left, m->left_row[j], m->half);
    put_half(out + m->half, m->right, m->right_row[j], m->n - m->half);
}

static void make_vectors(struct merge *m)
{
    m->first = 0;
    while (m->first < m->kept && m->place[m->first] < m->n - m->top)
        m->first++;
    for (; m->first < m->kept; m->first += PANEL)
        make_panel(m, m->kept - m->first < PANEL ? m->kept - m->first : PANEL);
    par_for(m->dropped, put_dropped, m);
}

/* All that is kept for each vector. */
static void room(struct merge *m)
{
    size_t n = m->n, *index = mem_new(6 * n, sizeof *index);
    double *number = mem_new(7 * n + 2, sizeof *number);

    m->keep = index, m->drop = index + n, m->left_row = index + 2 * n, m->right_row = index + 3 * n;
    m->near = index + 4 * n, m->place = index + 5 * n;
    m->weight = number, m->off = number + n, m->value = number + 2 * n, m->col_pole = number + 3 * n,
    m->col_weight = number + 4 * n;
    m->pole = number + 5 * n, m->z2 = m->pole + n + 1;
    m->side = mem_new(n, 1);
    m->turn = mem_new(n, sizeof *m->turn);
}

void dc_merge(const struct dc_halves *h)
{
    struct merge m = {.n = h->n,
                      .half = h->half,
                      .d = h->d,
                      .z = h->z,
                      .rho = h->rho,
                      .small = h->small,
                      .P = h->P,
                      .ld = h->ld,
                      .top = h->top,
                      .Z = h->Z,
                      .ldz = h->ldz};

    room(&m);
    deflate(&m);
    gather(&m);
    m.U = mem_resize(NULL, (m.n < PANEL ? m.n : PANEL) * m.kept + 1, sizeof *m.U);
    solve(&m);
    make_vectors(&m);
    free(m.keep), free(m.weight), free(m.side), free(m.turn), free(m.left), free(m.right), free(m.U);
}
