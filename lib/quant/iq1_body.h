/*
 * iq1: the search of iq1_s and iq1_m: each weight is -1, 0 or 1 plus or minus an eighth, times a scale; 8 at a time stand at a point of the grid.
 * Without the grid the best is found exactly: sorted weights are cut at two places. LANES second cuts side by side. Included by isa_body.h only.
 */
/* A sub-block of n weights, the direction being one for all (parts 1) or one for each half (parts 2). */
struct iq1_cell {
    int n, parts;
    float x[32], w[32];
    int order[32];      /* by x, of equals the first first */
    float sum_x[2][33 + LANES], sum_w[2][33 + LANES]; /* of w x and of w, of the first elements in order that belong to the part */
};

struct iq1_fit {
    float scale;
    int k;              /* directions: bit 0 of the last part, bit 1 of the one before; 1 is minus */
    uint16_t point[4];
};

static void iq1_open(struct iq1_cell *c)
{
    for (int j = 0; j < c->n; j++) {
        int at = j;

        for (; at > 0 && c->x[c->order[at - 1]] > c->x[j]; at--)
            c->order[at] = c->order[at - 1];
        c->order[at] = j;
    }
    memset(c->sum_x, 0, sizeof c->sum_x);
    memset(c->sum_w, 0, sizeof c->sum_w);
    for (int j = 0; j < c->n; j++) {
        int i = c->order[j], own = i * c->parts / c->n;

        for (int p = 0; p < c->parts; p++) {
            c->sum_x[p][j + 1] = p == own ? c->sum_x[p][j] + c->w[i] * c->x[i] : c->sum_x[p][j];
            c->sum_w[p][j + 1] = p == own ? c->sum_w[p][j] + c->w[i] : c->sum_w[p][j];
        }
    }
}

/* What cuts before i1 and before each lane's element leave of a part, in direction e: sum w q x and sum w q^2. */
struct iq1_sums {
    lanes xl, l2;
};

/* One part: three sums of their own. Two: from the whole by differences, as neighbouring values are 1 apart. Both as ggml rounds them. */
LANES_INLINE struct iq1_sums iq1_cut(const struct iq1_cell *c, int p, int i1, lanes x2, lanes w2, float e)
{
    float v0 = -1 + e, v1 = e, v2 = 1 + e, x1 = c->sum_x[p][i1], w1 = c->sum_w[p][i1], x = c->sum_x[p][c->n], w = c->sum_w[p][c->n];

    if (c->parts == 1)
        return (struct iq1_sums){x1 * v0 + (x2 - x1) * v1 + (x - x2) * v2, w1 * v0 * v0 + (w2 - w1) * v1 * v1 + (w - w2) * v2 * v2};
    return (struct iq1_sums){x * v2 - (x1 + x2), w * v2 * v2 + w1 * (v0 * v0 - v1 * v1) + w2 * (v1 * v1 - v2 * v2)};
}

/* The cuts and directions with the largest xl^2 / l2, the first of equals in order of i1, i2, k. 0: none has weights. */
static int iq1_search(const struct iq1_cell *c, int *best1, int *best2, struct iq1_fit *f)
{
    int ways = 1 << c->parts, found = 0;
    float best = -FLT_MAX;

    for (int i1 = 0; i1 <= c->n; i1++)
        for (int i2 = i1; i2 <= c->n; i2 += LANES) {
            struct iq1_sums part[2][2], s[4];
            lanes_int better = {0};

            for (int p = 0; p < c->parts; p++) {
                lanes x2, w2;

                memcpy(&x2, c->sum_x[p] + i2, sizeof x2);
                memcpy(&w2, c->sum_w[p] + i2, sizeof w2);
                part[p][0] = iq1_cut(c, p, i1, x2, w2, 0.125f);
                part[p][1] = iq1_cut(c, p, i1, x2, w2, -0.125f);
            }
            for (int k = 0; k < ways; k++) {
                s[k] = c->parts == 1 ? part[0][k] : (struct iq1_sums){part[0][k >> 1].xl + part[1][k & 1].xl, part[0][k >> 1].l2 + part[1][k & 1].l2};
                better |= (s[k].l2 > 0.0f) & (s[k].xl * s[k].xl > best * s[k].l2);
            }
            if (!lanes_any(better))
                continue;
            for (int l = 0; l < LANES && i2 + l <= c->n; l++)
                for (int k = 0; k < ways; k++) {
                    float xl = s[k].xl[l], l2 = s[k].l2[l];

                    if (!(l2 > 0 && xl * xl > best * l2))
                        continue;
                    f->scale = xl / l2;
                    best = f->scale * xl;
                    f->k = k;
                    *best1 = i1;
                    *best2 = i2 + l;
                    found = 1;
                }
        }
    return found;
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
                                                     : nearest_point(g->near + ~g->at[number], 8, c->x + 8 * k, c->w + 8 * k, f->scale, 0.5f, -1.5f + e));
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
    uint8_t code[32];
    float max = 0;
    int i1, i2;

    memset(f, 0, sizeof *f);
    for (int i = 0; i < c->n; i++)
        max = lanes_abs(lanes_all(c->x[i]))[0] > max ? lanes_abs(lanes_all(c->x[i]))[0] : max;
    if (max < least)
        return;
    iq1_open(c);
    if (!iq1_search(c, &i1, &i2, f))
        return;
    for (int j = 0; j < c->n; j++)
        code[c->order[j]] = (uint8_t)((j >= i1) + (j >= i2));
    if (f->scale < 0) {
        for (int j = 0; j < c->n; j++)
            code[j] = (uint8_t)(2 - code[j]);
        f->scale = -f->scale;
        f->k = (1 << c->parts) - 1 - f->k;
    }
    iq1_place(g, c, code, f);
}

/* The half of iq1_m: fitted to all weights once the short scales are whole numbers. */
static float iq1_refit(const struct lattice *g, const struct iq1_cell *c, const struct iq1_fit *f, const uint8_t *scale, float d)
{
    float xl = 0, l2 = 0;

    for (int s = 0; s < 16; s++, c++, f++)
        for (int i = 0; i < 16; i++) {
            float q = ((float)(g->grid->code[f->point[i / 8] * 8 + i % 8] - 1) + iq1_eighth(c, f->k, i / 8)) * (float)(2 * scale[s] + 1);

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
