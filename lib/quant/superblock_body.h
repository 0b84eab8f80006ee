/* superblock: the search of superblock.h, LANES superblocks at a time. Included by isa_body.h only. */

/* LANES superblocks side by side: element i of superblock l is x[i][l]. */
struct batch {
    lanes x[256], w[256], q[256]; /* w: importance until sub-blocks turn it into weights */
    lanes scale[16], low[16], sum_w[16];
    lanes d, dmin; /* rounded to halves */
    int weighted;
};

/* Blocks first to first + count - 1, of n elements. Lanes past the last hold zeros. */
LANES_INLINE void gather(struct batch *b, const float *x, const float *importance, uint64_t cols, int n, uint64_t first,
                         int count)
{
    memset(b->x, 0, sizeof *b->x * (size_t)n);
    memset(b->w, 0, sizeof *b->w * (size_t)n);
    for (int l = 0; l < count; l++) {
        const float *from = x + (first + (uint64_t)l) * (uint64_t)n;
        const float *imp = importance ? importance + (first + (uint64_t)l) * (uint64_t)n % cols : NULL;
        float *to = (float *)b->x + l, *weight = (float *)b->w + l;

        for (int i = 0; i < n; i++)
            to[i * LANES] = from[i];
        for (int i = 0; imp && i < n; i++)
            weight[i * LANES] = imp[i];
    }
    b->weighted = importance != NULL;
}

LANES_INLINE lanes square_sum(const lanes *x, int n)
{
    lanes s = {0};

    for (int i = 0; i < n; i++)
        s += x[i] * x[i];
    return s;
}

/* Importance to weights, spread over the whole superblock; their sum for each sub-block weighs its scale. */
static void weigh(struct batch *b, const struct superblock_type *t)
{
    lanes sigma2 = (float)t->spread * square_sum(b->x, 256) / 256.0f;

    for (int s = 0; s < 256 / t->sub; s++) {
        lanes sum = {0};

        for (int i = s * t->sub; i < (s + 1) * t->sub; i++) {
            if (t->spread)
                b->w[i] = b->w[i] * lanes_sqrt(sigma2 + b->x[i] * b->x[i]);
            sum += b->w[i];
        }
        b->sum_w[s] = sum;
    }
}

/* Weights for a search without importance: |x|, with the sub-block's root mean square added or not. */
static void weigh_plain(struct batch *b, const struct superblock_type *t)
{
    for (int s = 0; s < 256 / t->sub; s++) {
        lanes *x = b->x + s * t->sub, *w = b->w + s * t->sub;
        lanes mean = t->mean_weight ? lanes_sqrt(square_sum(x, t->sub) / (float)t->sub) : lanes_all(0);

        for (int i = 0; i < t->sub; i++)
            w[i] = t->mean_weight ? mean + lanes_abs(x[i]) : lanes_abs(x[i]);
    }
}

LANES_INLINE lanes rounded_half(lanes v)
{
    for (int l = 0; l < LANES; l++)
        v[l] = half_up(half_down(v[l]));
    return v;
}

/* Codes of positive scales by their largest; the unit goes to d. */
static void code_by_max(lanes *v, int n, int top, lanes *d)
{
    lanes max = {0};

    for (int i = 0; i < n; i++)
        max = lanes_max(v[i], max);
    lanes inverse = lanes_pick(max > 0.0f, (float)top / max, lanes_all(0));
    for (int i = 0; i < n; i++)
        v[i] = lanes_code(inverse * v[i], 0, top);
    *d = max / (float)top;
}

/* Codes once more, against the scale that is stored; a scale of zero keeps the codes of the search. */
static void recode_asym(struct batch *b, const struct superblock_type *t)
{
    for (int s = 0; s < 256 / t->sub; s++) {
        lanes scale = b->d * b->scale[s], low = b->dmin * b->low[s];

        for (int i = s * t->sub; i < (s + 1) * t->sub; i++) {
            lanes q = lanes_code((b->x[i] + low) / scale, 0, t->nmax);

            b->q[i] = lanes_pick(scale != 0.0f, q, b->q[i]);
        }
    }
}

static void recode_sym(struct batch *b, const struct superblock_type *t)
{
    for (int s = 0; s < 256 / t->sub; s++) {
        lanes scale = b->d * b->scale[s];

        for (int i = s * t->sub; i < (s + 1) * t->sub; i++) {
            lanes q = lanes_code(b->x[i] / scale, -t->nmax, t->nmax - 1) + (float)t->nmax;

            b->q[i] = lanes_pick(scale != 0.0f, q, b->q[i]);
        }
    }
}

static void scatter(const struct batch *b, const struct superblock_type *t, int count, uint8_t *out)
{
    struct superblock s[LANES];

    for (int i = 0; i < 256; i++) {
        lanes_int q = __builtin_convertvector(b->q[i], lanes_int);

        for (int l = 0; l < LANES; l++)
            s[l].q[i] = (uint8_t)q[l];
    }
    for (int l = 0; l < count; l++) {
        for (int i = 0; i < 256 / t->sub; i++) {
            s[l].scale[i] = (int16_t)b->scale[i][l];
            s[l].low[i] = (int16_t)b->low[i][l];
        }
        s[l].d = half_down(b->d[l]);
        s[l].dmin = half_down(b->dmin[l]);
        t->pack(&s[l], out + (size_t)l * t->bytes);
    }
}

static void fit_batch_asym(struct batch *b, const struct superblock_type *t)
{
    struct fit_grid weighted = {t->nmax, -0.9f, 0.05f, 36, 0};
    int subs = 256 / t->sub;

    if (b->weighted)
        weigh(b, t);
    else
        weigh_plain(b, t);
    for (int s = 0; s < subs; s++) {
        int at = s * t->sub;

        fit_asym(b->x + at, b->w + at, t->sub, b->weighted ? &weighted : &t->plain, b->q + at, &b->scale[s],
                 &b->low[s]);
    }
    if (b->weighted) {
        lanes code[16];

        fit_positive(b->scale, b->sum_w, subs, t->scale_max, code, &b->d);
        memcpy(b->scale, code, sizeof b->scale[0] * (size_t)subs);
        fit_positive(b->low, b->sum_w, subs, t->scale_max, code, &b->dmin);
        memcpy(b->low, code, sizeof b->low[0] * (size_t)subs);
    } else {
        code_by_max(b->scale, subs, t->scale_max, &b->d);
        code_by_max(b->low, subs, t->scale_max, &b->dmin);
    }
    b->d = rounded_half(b->d);
    b->dmin = rounded_half(b->dmin);
    recode_asym(b, t);
}

/* The scale of largest magnitude, first of equals, becomes -scale_max; a superblock of zeros gets zero_scale and d = 0.
 * */
static void code_by_extreme(struct batch *b, const struct superblock_type *t)
{
    int n = 256 / t->sub, top = t->scale_max;
    lanes most = {0}, at = {0};

    for (int i = 0; i < n; i++) {
        lanes_int more = lanes_abs(b->scale[i]) > most;

        most = lanes_pick(more, lanes_abs(b->scale[i]), most);
        at = lanes_pick(more, b->scale[i], at);
    }
    lanes_int live = (most >= t->least) & (most > 0.0f);
    lanes inverse = (float)-top / at;
    for (int i = 0; i < n; i++)
        b->scale[i] =
            lanes_pick(live, lanes_code(inverse * b->scale[i], -top, top - 1), lanes_all((float)t->zero_scale));
    b->d = lanes_pick(live, 1.0f / inverse, lanes_all(0));
}

static void fit_batch_sym(struct batch *b, const struct superblock_type *t)
{
    int subs = 256 / t->sub;

    if (b->weighted)
        weigh(b, t);
    for (int s = 0; s < subs; s++) {
        lanes *x = b->x + s * t->sub, *w = b->w + s * t->sub, *q = b->q + s * t->sub;

        if (!b->weighted && t->nmax == 4) {
            fit_sweep(x, t->sub, t->nmax, q, &b->scale[s]);
            continue;
        }
        for (int i = 0; !b->weighted && i < t->sub; i++)
            w[i] = x[i] * x[i];
        fit_sym(x, w, t->sub, t->nmax, q, &b->scale[s]);
    }
    if (b->weighted && t->spread) {
        lanes code[16];

        fit_sym(b->scale, b->sum_w, subs, t->scale_max, code, &b->d);
        for (int s = 0; s < subs; s++)
            b->scale[s] = code[s] - (float)t->scale_max;
    } else {
        code_by_extreme(b, t);
    }
    b->d = rounded_half(b->d);
    recode_sym(b, t);
}

static void encode_superblocks(const struct superblock_type *t, const float *x, const float *importance, uint64_t rows,
                               uint64_t cols, uint8_t *out)
{
    uint64_t count = rows * cols / 256;
    struct batch b = {0};

    for (uint64_t s = 0; s < count; s += LANES) {
        int n = count - s < LANES ? (int)(count - s) : LANES;

        gather(&b, x, importance, cols, 256, s, n);
        if (t->symmetric)
            fit_batch_sym(&b, t);
        else
            fit_batch_asym(&b, t);
        scatter(&b, t, n, out + s * t->bytes);
    }
}
