/*
 * iq1: the search of iq1_s and iq1_m: each weight is -1, 0 or 1 plus or minus an eighth, times a scale; 8 at a time
 * stand at a point of the grid. Without the grid the best is found exactly: sorted weights are cut at two places. LANES
 * second cuts side by side. Included by isa_body.h only.
 */
/* A sub-block of n weights, the direction being one for all (parts 1) or one for each half (parts 2). */
struct iq1_cell {
    int n, parts;
    float x[32], w[32];
    int order[32]; /* by x, of equals the first first */
};

struct iq1_fit {
    float scale;
    int k; /* directions: bit 0 of the last part, bit 1 of the one before; 1 is minus */
    uint16_t point[4];
};

/* What a pair of cuts leaves, for each combination k of directions. */
struct iq1_sums {
    lanes xl[4], l2[4];
};

/* Value v of 0 to 2 in direction k. */
LANES_INLINE float iq1_value(int v, int k)
{
    return (float)(v - 1) + (k ? -0.125f : 0.125f);
}

static void iq1_sort(struct iq1_cell *c)
{
    for (int j = 0; j < c->n; j++) {
        int at = j;

        for (; at > 0 && c->x[c->order[at - 1]] > c->x[j]; at--)
            c->order[at] = c->order[at - 1];
        c->order[at] = j;
    }
}

/* The best so far, and what makes it better: the largest xl^2 / l2, the first of equals in order of i1, i2, k. */
struct iq1_best {
    float score, scale;
    int i1, i2, k; /* i1 below 0: none has weights */
};

LANES_INLINE void iq1_compare(const struct iq1_sums *s, int ways, int n, int i1, int i2, struct iq1_best *best)
{
    lanes_int better = {0};

    for (int k = 0; k < ways; k++)
        better |= (s->l2[k] > 0.0f) & (s->xl[k] * s->xl[k] > best->score * s->l2[k]);
    if (!lanes_any(better))
        return;
    for (int l = 0; l < LANES && i2 + l <= n; l++)
        for (int k = 0; k < ways; k++) {
            float xl = s->xl[k][l], l2 = s->l2[k][l];

            if (l2 > 0 && xl * xl > best->score * l2)
                *best = (struct iq1_best){xl / l2 * xl, xl / l2, i1, i2 + l, k};
        }
}

/* One part: the sums are differences of running sums of w x and of w. */
static struct iq1_best iq1_search_whole(const struct iq1_cell *c)
{
    float sum_x[33 + LANES] = {0}, sum_w[33 + LANES] = {0};
    struct iq1_best best = {-FLT_MAX, 0, -1, 0, 0};

    for (int j = 0; j < c->n; j++) {
        sum_x[j + 1] = sum_x[j] + c->w[c->order[j]] * c->x[c->order[j]];
        sum_w[j + 1] = sum_w[j] + c->w[c->order[j]];
    }
    for (int i1 = 0; i1 <= c->n; i1++)
        for (int i2 = i1; i2 <= c->n; i2 += LANES) {
            struct iq1_sums s;
            lanes x2, w2;

            memcpy(&x2, sum_x + i2, sizeof x2);
            memcpy(&w2, sum_w + i2, sizeof w2);
            for (int k = 0; k < 2; k++) {
                float v0 = iq1_value(0, k), v1 = iq1_value(1, k), v2 = iq1_value(2, k);

                s.xl[k] = sum_x[i1] * v0 + (x2 - sum_x[i1]) * v1 + (sum_x[c->n] - x2) * v2;
                s.l2[k] = sum_w[i1] * v0 * v0 + (w2 - sum_w[i1]) * v1 * v1 + (sum_w[c->n] - w2) * v2 * v2;
            }
            iq1_compare(&s, 2, c->n, i1, i2, &best);
        }
    return best;
}

/* Of the elements in order what each of the three values adds to the sums, by direction; and its part. */
struct iq1_terms {
    float xl[3][2][16], l2[3][2][16];
    int second[16];
};

static void iq1_term(const struct iq1_cell *c, struct iq1_terms *t)
{
    for (int j = 0; j < c->n; j++) {
        int i = c->order[j];

        t->second[j] = i >= c->n / 2;
        for (int v = 0; v < 3; v++)
            for (int k = 0; k < 2; k++) {
                t->xl[v][k][j] = c->w[i] * iq1_value(v, k) * c->x[i];
                t->l2[v][k][j] = c->w[i] * iq1_value(v, k) * iq1_value(v, k);
            }
    }
}

/* Element j adds its terms to all four sums: of value low where before is set, of high elsewhere. */
LANES_INLINE void iq1_add(const struct iq1_terms *t, int j, int low, lanes_int before, int high, struct iq1_sums *s)
{
    lanes xl[2], l2[2];

    for (int k = 0; k < 2; k++) {
        xl[k] = lanes_pick(before, lanes_all(t->xl[low][k][j]), lanes_all(t->xl[high][k][j]));
        l2[k] = lanes_pick(before, lanes_all(t->l2[low][k][j]), lanes_all(t->l2[high][k][j]));
    }
    for (int k = 0; k < 4; k++) {
        s->xl[k] += t->second[j] ? xl[k & 1] : xl[k >> 1];
        s->l2[k] += t->second[j] ? l2[k & 1] : l2[k >> 1];
    }
}

/* Two parts: the sums run over the sorted elements. */
static struct iq1_best iq1_search_halves(const struct iq1_cell *c)
{
    struct iq1_sums first = {{{0}}, {{0}}};
    struct iq1_best best = {-FLT_MAX, 0, -1, 0, 0};
    struct iq1_terms t;
    lanes_int step, all = ~(lanes_int){0};

    for (int l = 0; l < LANES; l++)
        step[l] = l;
    iq1_term(c, &t);
    for (int i1 = 0; i1 <= c->n; i1++) {
        for (int i2 = i1; i2 <= c->n; i2 += LANES) {
            struct iq1_sums s = first;

            for (int j = i1; j < c->n; j++)
                iq1_add(&t, j, 1, j < i2 + step, 2, &s);
            iq1_compare(&s, 4, c->n, i1, i2, &best);
        }
        if (i1 < c->n)
            iq1_add(&t, i1, 0, all, 0, &first);
    }
    return best;
}

/* The eighth of group g's weights. */
LANES_INLINE float iq1_eighth(const struct iq1_cell *c, int k, int g)
{
    int minus = c->parts == 2 && g == 0 ? k >> 1 : k & 1;

    return minus ? -0.125f : 0.125f;
}

/* Each group to its point; where one was off the grid the scale is fitted again. */
static void iq1_place(const struct lattice *g, const struct iq1_cell *c, const uint8_t *code, struct iq1_fit *f)
{
    float xl = 0, l2 = 0;
    int outside = 0;

    for (int k = 0; k < c->n / 8; k++) {
        float e = iq1_eighth(c, f->k, k);
        int number = 0;

        for (int i = 7; i >= 0; i--)
            number = number * 3 + code[8 * k + i];
        outside |= g->at[number] < 0;
        f->point[k] = (uint16_t)(g->at[number] >= 0 ? (unsigned)g->at[number]
                                                    : nearest_point(g->near + ~g->at[number], 8, c->x + 8 * k,
                                                                    c->w + 8 * k, f->scale, (eight){-1, 0, 1} + e));
    }
    for (int i = 0; i < c->n; i++) {
        float q = (float)(g->grid->code[f->point[i / 8] * 8 + i % 8] - 1) + iq1_eighth(c, f->k, i / 8);

        xl += c->w[i] * q * c->x[i];
        l2 += c->w[i] * q * q;
    }
    if (outside && xl > 0 && l2 > 0)
        f->scale = xl / l2;
}

/* A cell that is all below `least`, or has no weights, keeps scale 0 and the first point. */
static void iq1_fit_cell(const struct lattice *g, struct iq1_cell *c, float least, struct iq1_fit *f)
{
    struct iq1_best best;
    uint8_t code[32];
    float max = 0;

    memset(f, 0, sizeof *f);
    for (int i = 0; i < c->n; i++)
        max = lanes_abs(lanes_all(c->x[i]))[0] > max ? lanes_abs(lanes_all(c->x[i]))[0] : max;
    if (max < least)
        return;
    iq1_sort(c);
    best = c->parts == 1 ? iq1_search_whole(c) : iq1_search_halves(c);
    if (best.i1 < 0)
        return;
    f->scale = best.scale;
    f->k = best.k;
    for (int j = 0; j < c->n; j++)
        code[c->order[j]] = (uint8_t)((j >= best.i1) + (j >= best.i2));
    if (f->scale < 0) {
        for (int j = 0; j < c->n; j++)
            code[j] = (uint8_t)(2 - code[j]);
        f->scale = -f->scale;
        f->k = (1 << c->parts) - 1 - f->k;
    }
    iq1_place(g, c, code, f);
}

/* The half of iq1_m: fitted to all weights once the short scales are whole numbers. */
static float iq1_refit(const struct lattice *g, const struct iq1_cell *c, const struct iq1_fit *f, const uint8_t *scale,
                       float d)
{
    float xl = 0, l2 = 0;

    for (int s = 0; s < 16; s++, c++, f++)
        for (int i = 0; i < 16; i++) {
            float q = ((float)(g->grid->code[f->point[i / 8] * 8 + i % 8] - 1) + iq1_eighth(c, f->k, i / 8)) *
                      (float)(2 * scale[s] + 1);

            xl += c->w[i] * q * c->x[i];
            l2 += c->w[i] * q * q;
        }
    return l2 > 0 ? xl / l2 : d;
}

static void fit_iq1(int parts, const struct lattice *g, const float *x, const float *importance, struct iq1_block *out)
{
    int subs = parts == 2 ? 16 : 8, n = 256 / subs;
    struct iq1_cell cell[16];
    struct iq1_fit fit[16];
    float square = 0, most = 0, d;

    memset(out, 0, sizeof *out);
    for (int i = 0; i < 256; i++)
        square += x[i] * x[i];
    for (int s = 0; s < subs; s++) {
        struct iq1_cell *c = &cell[s];

        c->n = n;
        c->parts = parts;
        for (int i = 0; i < n; i++) {
            float v = c->x[i] = x[s * n + i];

            c->w[i] = importance ? importance[s * n + i] * __builtin_sqrtf(2 * square / 256.0f + v * v) : v * v;
        }
        iq1_fit_cell(g, c, parts == 2 ? 1e-7f : 1e-12f, &fit[s]);
        most = fit[s].scale > most ? fit[s].scale : most;
    }
    if (most <= 0)
        return;
    d = most / 15;
    for (int s = 0; s < subs; s++) {
        out->scale[s] = (uint8_t)lanes_code(lanes_all(0.5f * (1.0f / d * fit[s].scale - 1.0f)), 0, 7)[0];
        out->minus[s] = (uint8_t)fit[s].k;
        memcpy(out->point + s * n / 8, fit[s].point, sizeof *fit[s].point * (size_t)n / 8);
    }
    out->d = half_down(parts == 2 ? iq1_refit(g, cell, fit, out->scale, d) * 1.1125f : d * 1.125f);
}

static void encode_iq1(int parts, const float *x, const float *importance, uint64_t rows, uint64_t cols, uint8_t *out)
{
    const struct lattice *g = lattice_get(GRID_IQ1);
    struct iq1_block s;

    for (uint64_t b = 0; b < rows * cols / 256; b++, out += parts == 2 ? 56 : 50) {
        fit_iq1(parts, g, x + b * 256, importance ? importance + b * 256 % cols : NULL, &s);
        if (parts == 2)
            iq1_m_pack(&s, out);
        else
            iq1_s_pack(&s, out);
    }
}
