/*
 * fit: the searches for a block's scale that ggml's types are defined by, LANES blocks at a time (lanes.h).
 * All in f32, sums in the order of the elements. Described in ggml's terms where a name helps: qkx (asymmetric), qx
 * (symmetric), q3 (coordinate descent), qp (scales of scales). Every block of a call has n elements, x[i] being element
 * i of those blocks. Included by isa_body.h only.
 */
/* What one pass over a block sums up. */
struct sums {
    lanes l, l2, xl;
};

LANES_INLINE lanes asym_error(const lanes *x, const lanes *w, const lanes *codes, int n, int absolute, lanes scale,
                              lanes min)
{
    lanes error = {0};

    for (int i = 0; i < n; i++) {
        lanes diff = scale * codes[i] + min - x[i];

        error += w[i] * (absolute ? lanes_abs(diff) : diff * diff);
    }
    return error;
}

LANES_INLINE void asym_codes(const lanes *x, int n, int nmax, lanes iscale, lanes min, lanes *codes)
{
    for (int i = 0; i < n; i++)
        codes[i] = lanes_code(iscale * (x[i] - min), 0, nmax);
}

LANES_INLINE struct sums asym_sums(const lanes *x, const lanes *w, const lanes *codes, int n)
{
    struct sums s = {{0}, {0}, {0}};

    for (int i = 0; i < n; i++) {
        lanes wl = w[i] * codes[i];

        s.l += wl;
        s.l2 += wl * codes[i];
        s.xl += wl * x[i];
    }
    return s;
}

LANES_INLINE void asym_search(const lanes *x, const lanes *w, int n, const struct fit_grid *g, int absolute,
                              lanes *codes, lanes *scale_out, lanes *low_out)
{
    lanes min = x[0], max = x[0], sum_w = w[0], sum_x = w[0] * x[0];

    for (int i = 1; i < n; i++) {
        min = lanes_min(x[i], min);
        max = lanes_max(x[i], max);
        sum_w += w[i];
        sum_x += w[i] * x[i];
    }
    min = lanes_pick(min > 0.0f, lanes_all(0), min);
    lanes_int live = max > min;
    lanes iscale = (float)g->nmax / (max - min), scale = 1.0f / iscale, from_iscale = iscale, from_min = min;
    asym_codes(x, n, g->nmax, iscale, min, codes);
    lanes best = asym_error(x, w, codes, n, absolute, scale, min);
    for (int s = 0; s <= g->steps; s++) {
        iscale = (g->rmin + g->rdelta * (float)s + (float)g->nmax) / (max - min);
        asym_codes(x, n, g->nmax, iscale, min, codes);
        struct sums k = asym_sums(x, w, codes, n);
        lanes det = sum_w * k.l2 - k.l * k.l;
        lanes try_scale = (sum_w * k.xl - sum_x * k.l) / det, try_min = (k.l2 * sum_x - k.l * k.xl) / det;
        lanes_int above = try_min > 0.0f;
        try_scale = lanes_pick(above, k.xl / k.l2, try_scale);
        try_min = lanes_pick(above, lanes_all(0), try_min);
        lanes error = asym_error(x, w, codes, n, absolute, try_scale, try_min);
        lanes_int better = live & (det > 0.0f) & (error < best);
        best = lanes_pick(better, error, best);
        from_iscale = lanes_pick(better, iscale, from_iscale);
        from_min = lanes_pick(better, min, from_min);
        scale = lanes_pick(better, try_scale, scale);
        min = lanes_pick(better, try_min, min);
    }
    asym_codes(x, n, g->nmax, from_iscale, from_min, codes);
    for (int i = 0; i < n; i++)
        codes[i] = lanes_pick(live, codes[i], lanes_all(0));
    *scale_out = lanes_pick(live, scale, lanes_all(0));
    *low_out = -min;
}

/*
 * x = scale * code - low, codes 0 .. nmax: each step's codes give scale and low by weighted least squares, low >= 0;
 * the least weighted error wins, the first of equals.
 * x, w   in: lanes[n], weights >= 0
 * codes  out: lanes[n], whole numbers
 */
static void fit_asym(const lanes *x, const lanes *w, int n, const struct fit_grid *g, lanes *codes, lanes *scale,
                     lanes *low)
{
    if (g->absolute)
        asym_search(x, w, n, g, 1, codes, scale, low);
    else
        asym_search(x, w, n, g, 0, codes, scale, low);
}

/* The value of largest magnitude, the first of equals, and which blocks are not all below 1e-15. */
LANES_INLINE lanes_int extreme(const lanes *x, int n, lanes *at)
{
    lanes most = {0}, value = {0};

    for (int i = 0; i < n; i++) {
        lanes_int more = lanes_abs(x[i]) > most;

        most = lanes_pick(more, lanes_abs(x[i]), most);
        value = lanes_pick(more, x[i], value);
    }
    *at = value;
    return most >= 1e-15f;
}

LANES_INLINE struct sums sym_sums(const lanes *x, const lanes *w, int n, int nmax, lanes iscale)
{
    struct sums s = {{0}, {0}, {0}};

    for (int i = 0; i < n; i++) {
        lanes q = lanes_code(iscale * x[i], -nmax, nmax - 1);

        s.xl += w[i] * x[i] * q;
        s.l2 += w[i] * q * q;
    }
    return s;
}

/* v where the divisor is not 0, else 0. */
LANES_INLINE lanes ratio(lanes v, lanes by)
{
    return lanes_pick(by != 0.0f, v / by, lanes_all(0));
}

/* x = scale * (code - nmax), codes 0 .. 2 nmax - 1: 19 inverse scales around -nmax / (x of largest magnitude), the
 * largest (sum w x q)^2 / sum w q^2 wins. A block below 1e-15 gets scale 0 and codes 0. */
static void fit_sym(const lanes *x, const lanes *w, int n, int nmax, lanes *codes, lanes *scale_out)
{
    lanes max;
    lanes_int live = extreme(x, n, &max);
    lanes from = (float)-nmax / max;
    struct sums k = sym_sums(x, w, n, nmax, from);
    lanes scale = ratio(k.xl, k.l2), best = scale * k.xl;

    for (int s = -9; s <= 9; s++) {
        if (s == 0)
            continue;
        lanes iscale = -((float)nmax + 0.1f * (float)s) / max;
        k = sym_sums(x, w, n, nmax, iscale);
        lanes_int better = (k.l2 > 0.0f) & (k.xl * k.xl > best * k.l2);
        lanes try_scale = k.xl / k.l2;
        scale = lanes_pick(better, try_scale, scale);
        best = lanes_pick(better, try_scale * k.xl, best);
        from = lanes_pick(better, iscale, from);
    }
    for (int i = 0; i < n; i++) {
        lanes q = lanes_code(from * x[i], -nmax, nmax - 1) + (float)nmax;

        codes[i] = lanes_pick(live, q, lanes_all(0));
    }
    *scale_out = lanes_pick(live, scale, lanes_all(0));
}

/* ggml keeps these codes in bytes: what is below 0 comes back as 256 more. It decides where an odd sign was turned
 * (lattice_body.h). */
LANES_INLINE lanes as_byte(lanes code)
{
    return __builtin_convertvector(__builtin_convertvector(code, lanes_int) & 255, lanes);
}

/*
 * Up to five sweeps of coordinate descent: each code goes to where the others' sums want it when that raises xl^2 / l2.
 * positive  the variant of qp: both sums without the element must be positive; else only xl, and l2 after the change
 * A lane that a sweep left alone stays as it is in the next, so all may go on until none changes.
 */
LANES_INLINE void sweeps(const lanes *x, const lanes *w, int n, int lo, int hi, int positive, lanes *codes,
                         struct sums *k)
{
    for (int sweep = 0; sweep < 5; sweep++) {
        lanes_int changed = {0};

        for (int i = 0; i < n; i++) {
            lanes q = codes[i], wx = w[i] * x[i];
            lanes xl = k->xl - wx * q, l2 = k->l2 - w[i] * q * q;
            lanes_int may = positive ? (xl > 0.0f) & (l2 > 0.0f) : xl > 0.0f;
            lanes to = lanes_code(x[i] * l2 / xl, lo, hi);

            xl += wx * to;
            l2 += w[i] * to * to;
            may &= (to != q) & (xl * xl * k->l2 > k->xl * k->xl * l2);
            if (!positive)
                may &= l2 > 0.0f;
            codes[i] = lanes_pick(may, positive ? as_byte(to) : to, q);
            k->xl = lanes_pick(may, xl, k->xl);
            k->l2 = lanes_pick(may, l2, k->l2);
            changed |= may;
        }
        if (!lanes_any(changed))
            return;
    }
}

/* As fit_sym with weights x^2, by up to five sweeps that move one code at a time to its best place. */
static void fit_sweep(const lanes *x, int n, int nmax, lanes *codes, lanes *scale)
{
    lanes max, w[32];
    lanes_int live = extreme(x, n, &max);
    lanes iscale = (float)-nmax / max;
    struct sums k = {{0}, {0}, {0}};

    for (int i = 0; i < n; i++) {
        w[i] = x[i] * x[i];
        codes[i] = lanes_code(iscale * x[i], -nmax, nmax - 1);
        k.xl += w[i] * x[i] * codes[i];
        k.l2 += w[i] * codes[i] * codes[i];
    }
    sweeps(x, w, n, -nmax, nmax - 1, 0, codes, &k);
    for (int i = 0; i < n; i++)
        codes[i] = lanes_pick(live, codes[i] + (float)nmax, lanes_all(0));
    *scale = lanes_pick(live, ratio(k.xl, k.l2), lanes_all(0));
}

/* x = scale * code for x >= 0 (or nearly all x), codes 0 .. nmax: nine inverse scales, then up to five sweeps. */
static void fit_positive(const lanes *x, const lanes *w, int n, int nmax, lanes *codes, lanes *scale_out)
{
    lanes max = {0}, best = {0}, from = {0};
    struct sums k = {{0}, {0}, {0}};

    for (int i = 0; i < n; i++)
        max = lanes_max(x[i], max);
    lanes_int live = max >= 1e-15f;
    for (int s = -5; s <= 4; s++) { /* -5 stands for the plain scale, which comes first */
        if (s == 0)
            continue;
        lanes iscale = ((s == -5 ? 0.0f : 0.1f * (float)s) + (float)nmax) / max, scale = 1.0f / iscale, error = {0};

        for (int i = 0; i < n; i++) {
            lanes code = lanes_code(iscale * x[i], INT32_MIN, nmax);
            lanes diff = x[i] - scale * (s == -5 ? as_byte(code) : code);

            error += w[i] * diff * diff;
        }
        lanes_int better = s == -5 ? live | ~live : error < best;
        best = lanes_pick(better, error, best);
        from = lanes_pick(better, iscale, from);
    }
    for (int i = 0; i < n; i++) {
        codes[i] = lanes_code(from * x[i], INT32_MIN, nmax);
        k.xl += w[i] * x[i] * codes[i];
        k.l2 += w[i] * codes[i] * codes[i];
        codes[i] = as_byte(codes[i]);
    }
    sweeps(x, w, n, INT32_MIN, nmax, 1, codes, &k);
    for (int i = 0; i < n; i++)
        codes[i] = lanes_pick(live, codes[i], lanes_all(0));
    *scale_out = lanes_pick(live, ratio(k.xl, k.l2), lanes_all(0));
}
