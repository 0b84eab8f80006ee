/* lattice: the search of lattice.h. LANES scales are tried side by side, each sum in the order of the elements.
 * Included by isa_body.h only. */

/* A sub-block: magnitudes (one of them below 0 where an odd sign was turned), weights and their roots. */
struct cell {
    float x[32], w[32], root[32];
};

/* What a scale makes of a sub-block. */
struct placed {
    float scale, score;
    uint16_t point[8];
    uint8_t outside; /* bit g: group g was not on the grid before */
};

LANES_INLINE lanes lattice_code(lanes x, lanes inverse, int levels)
{
    return lanes_code(0.5f * (inverse * x - 1.0f), 0, levels - 1);
}

/* Signs of 8 weights, and their magnitudes. */
static unsigned take_signs(float *x, const float *w, int even)
{
    unsigned signs = 0;
    int least = 0;

    for (int i = 0; i < 8; i++)
        signs |= (unsigned)(x[i] < 0) << i;
    for (int i = 1; even && i < 8; i++)
        least = w[i] * x[i] * x[i] < w[least] * x[least] * x[least] ? i : least;
    if (even && __builtin_parity(signs))
        signs ^= 1u << least;
    for (int i = 0; i < 8; i++)
        x[i] = signs >> i & 1 ? -x[i] : x[i];
    return signs;
}

/* One scale for a sub-block: the points of its groups. only: bits of the groups to place. */
LANES_INLINE void place(const struct lattice *g, int dim, int levels, int n, const struct cell *c, float scale,
                        unsigned only, struct placed *p)
{
    for (int k = 0; k < n / dim; k++) {
        int number = 0, power = 1;

        if (!(only >> k & 1))
            continue;
        for (int i = 0; i < dim; i++, power *= levels)
            number += power * (int)lattice_code(lanes_all(c->x[dim * k + i]), lanes_all(1.0f / scale), levels)[0];
        p->point[k] = (uint16_t)(g->at[number] >= 0 ? (unsigned)g->at[number]
                                                    : nearest_point(g->near + ~g->at[number], dim, c->x + dim * k,
                                                                    c->root + dim * k, scale, ODD_VALUES));
    }
}

/* The sums of x and of squares over the points. */
LANES_INLINE struct placed refit(const struct lattice *g, int dim, int n, const struct cell *c, struct placed p)
{
    float xl = 0, l2 = 0;

    for (int i = 0; i < n; i++) {
        float q = g->value[p.point[i / dim] * dim + i % dim];

        xl += c->w[i] * c->x[i] * q;
        l2 += c->w[i] * q * q;
    }
    if (l2 > 0)
        p.scale = xl / l2;
    return p;
}

/* LANES scales side by side: for each the groups' points, and the sums that they score by. */
struct tried {
    lanes xl, l2;
    uint16_t point[LANES][8];
    uint8_t outside[LANES];
};

/* Only the first `count` lanes are looked for outside the grid. */
LANES_INLINE void try_scales(const struct lattice *g, int dim, int levels, int n, const struct cell *c, lanes inverse,
                             int count, struct tried *t)
{
    lanes value[32], scale = 1.0f / inverse;

    memset(t->outside, 0, sizeof t->outside);
    for (int k = 0; k < n / dim; k++) {
        lanes_int number = {0};
        int power = 1;

        for (int i = dim * k; i < dim * (k + 1); i++, power *= levels) {
            lanes code = lattice_code(lanes_all(c->x[i]), inverse, levels);

            value[i] = 2.0f * code + 1.0f;
            number += __builtin_convertvector(code, lanes_int) * power;
        }
        for (int l = 0; l < count; l++) {
            int32_t at = g->at[number[l]];

            if (at < 0) {
                at =
                    (int32_t)nearest_point(g->near + ~at, dim, c->x + dim * k, c->root + dim * k, scale[l], ODD_VALUES);
                t->outside[l] = (uint8_t)(t->outside[l] | 1 << k);
                for (int i = 0; i < dim; i++)
                    ((float *)value)[(dim * k + i) * LANES + l] = g->value[at * dim + i];
            }
            t->point[l][k] = (uint16_t)at;
        }
    }
    t->xl = t->l2 = lanes_all(0);
    for (int i = 0; i < n; i++) {
        t->xl += c->w[i] * c->x[i] * value[i];
        t->l2 += c->w[i] * value[i] * value[i];
    }
}

/* The step with the largest (sum w x q)^2 / sum w q^2, the first of equals, and by its scale the groups once more. */
LANES_INLINE struct placed search_lattice(const struct lattice_type *y, const struct lattice *g, int dim, int levels,
                                          int n, const struct cell *c, float top, float scale)
{
    struct placed best = {.scale = scale, .outside = y->again == AGAIN_IF_ANY};

    for (int s = -y->steps; s <= y->steps; s += LANES) {
        int count = y->steps - s + 1 < LANES ? y->steps - s + 1 : LANES;
        lanes inverse;
        struct tried t;

        for (int l = 0; l < LANES; l++)
            inverse[l] = ((float)(2 * levels - 1) + (float)(s + l < y->steps ? s + l : y->steps) * y->step) / top;
        try_scales(g, dim, levels, n, c, inverse, count, &t);
        for (int l = 0; l < count; l++) {
            if (!(t.l2[l] > 0 && t.xl[l] * t.xl[l] > best.score * t.l2[l]))
                continue;
            best.scale = t.xl[l] / t.l2[l];
            best.score = best.scale * t.xl[l];
            best.outside = t.outside[l];
            memcpy(best.point, t.point[l], sizeof best.point);
        }
    }
    if (best.scale > 0 && (best.outside || y->again == AGAIN_ALWAYS)) {
        place(g, dim, levels, n, c, best.scale, y->again == AGAIN_OUTSIDE ? best.outside : 255, &best);
        best = refit(g, dim, n, c, best);
    }
    return best;
}

/* As constants for the compiler. */
static struct placed search_any(const struct lattice_type *y, const struct lattice *g, const struct cell *c, float top,
                                float scale)
{
    if (g->grid->dim == 4)
        return search_lattice(y, g, 4, 8, 32, c, top, scale);
    return y->sub == 16 ? search_lattice(y, g, 8, 3, 16, c, top, scale) : search_lattice(y, g, 8, 3, 32, c, top, scale);
}

/* The 8 sub-blocks' own tops: `levels` times the scale that fits codes of any combination. */
static void fitted_tops(const struct cell *c, int levels, float *top)
{
    for (int first = 0; first < 8; first += LANES) {
        lanes x[32] = {{0}}, w[32] = {{0}}, code[32], scale;

        for (int l = 0; l < LANES && first + l < 8; l++)
            for (int i = 0; i < 32; i++) {
                x[i][l] = c[first + l].x[i];
                w[i][l] = c[first + l].w[i];
            }
        fit_positive(x, w, 32, levels + 1, code, &scale);
        for (int l = 0; l < LANES && first + l < 8; l++)
            top[first + l] = scale[l] * (float)levels;
    }
}

/* Weights, signs and magnitudes of the sub-blocks. */
static void open_cells(const struct lattice_type *y, const float *x, const float *importance, struct cell *c,
                       uint8_t *signs)
{
    float square = 0;

    for (int i = 0; i < 256; i++)
        square += x[i] * x[i];
    for (int s = 0; s < 256 / y->sub; s++, x += y->sub, importance += importance ? y->sub : 0, c++) {
        float spread = (float)y->spread * square / 256.0f;

        memcpy(c->x, x, (size_t)y->sub * sizeof *x);
        for (int i = 0; i < y->sub; i++)
            c->w[i] = importance ? importance[i] * __builtin_sqrtf(spread + x[i] * x[i])
                                 : y->plain_mean * (square / 256.0f) + x[i] * x[i];
        for (int i = 0; i < y->sub; i++)
            c->root[i] = __builtin_sqrtf(c->w[i]);
        for (int k = 0; k < y->sub; k += 8)
            *signs++ = (uint8_t)take_signs(c->x + k, c->w + k, y->even_signs);
    }
}

/* What the format has no bits for is left out by pack: an even number of signs tells the eighth. */
static float place_cell(const struct lattice_type *y, const struct lattice *g, const struct cell *c, float top,
                        float scale, struct lattice_block *out, int s)
{
    int dim = g->grid->dim;
    struct placed p = search_any(y, g, c, top, scale);

    for (int k = 0; k < y->sub / dim; k++)
        out->point[s * y->sub / dim + k] = p.point[k];
    for (int k = 0; p.scale < 0 && k < y->sub / 8; k++)
        out->signs[s * y->sub / 8 + k] ^= 255;
    return p.scale < 0 ? -p.scale : p.scale;
}

static void fit_lattice(const struct lattice_type *y, const struct lattice *g, const float *x, const float *importance,
                        struct lattice_block *out)
{
    struct cell c[16];
    float scale[16] = {0}, top[16], most = 0;
    int subs = 256 / y->sub, levels = g->grid->levels;

    memset(out, 0, sizeof *out);
    open_cells(y, x, importance, c, out->signs);
    if (y->fitted_top)
        fitted_tops(c, levels, top);
    for (int s = 0; s < subs; s++) {
        float max = c[s].x[0];

        for (int i = 1; i < y->sub; i++)
            max = c[s].x[i] > max ? c[s].x[i] : max;
        if (!y->fitted_top)
            top[s] = max;
        if (max > 0 && max >= y->least && top[s] > 0)
            scale[s] = place_cell(y, g, &c[s], top[s],
                                  y->fitted_top ? top[s] / (float)levels : max / (float)(2 * levels - 1), out, s);
        else
            memset(out->signs + s * y->sub / 8, 0, (size_t)y->sub / 8);
        most = scale[s] > most ? scale[s] : most;
    }
    float d = most / 31;
    out->d = half_down(d * y->swell);
    for (int s = 0; most > 0 && s < subs; s++)
        out->scale[s] = (uint8_t)lanes_code(lanes_all(0.5f * (1.0f / d * scale[s] - 1.0f)), 0, 15)[0];
    if (most <= 0)
        memset(out, 0, sizeof *out);
}

static void encode_lattice(const struct lattice_type *y, const float *x, const float *importance, uint64_t rows,
                           uint64_t cols, uint8_t *out)
{
    const struct lattice *g = lattice_get(y->grid);
    struct lattice_block s;

    for (uint64_t b = 0; b < rows * cols / 256; b++, out += y->bytes) {
        fit_lattice(y, g, x + b * 256, importance ? importance + b * 256 % cols : NULL, &s);
        y->pack(&s, out);
    }
}
