/* levels: the loops of levels.h over LANES of the sixteen rows. Included by isa_body.h only. */

/* One part of the rows' levels. */
struct levels_part {
    lanes scale, zero, low, by; /* by: what weights are divided by; where the scale is 0 every quotient rounds to 0 */
    float top;
};

LANES_INLINE struct levels_part levels_part(const struct levels *v, int top, int part)
{
    struct levels_part p = {.top = (float)top};

    memcpy(&p.scale, v->scale + part * LANES, sizeof p.scale);
    memcpy(&p.zero, v->zero + part * LANES, sizeof p.zero);
    memcpy(&p.low, v->low + part * LANES, sizeof p.low);
    p.by = lanes_pick(p.scale == 0.0f, lanes_all(1e38f), p.scale);
    return p;
}

LANES_INLINE lanes level_code(const struct levels_part *p, lanes w)
{
    lanes steps = lanes_max(lanes_min((w + p->low) / p->by, lanes_all(1e6f)), lanes_all(-1e6f));

    return lanes_max(lanes_min((steps + 12582912.0f) - 12582912.0f + p->zero, lanes_all(p->top)), lanes_all(0));
}

LANES_INLINE lanes level_value(const struct levels_part *p, lanes code)
{
    return (code - p->zero) * p->scale - p->low;
}

static void code_levels(const struct levels *v, int top, const float *w, uint8_t *code, float *q)
{
    for (int part = 0; part < LEVELS_ROWS / LANES; part++) {
        struct levels_part p = levels_part(v, top, part);
        lanes now, c;

        memcpy(&now, w + part * LANES, sizeof now);
        c = level_code(&p, now);
        now = level_value(&p, c);
        memcpy(q + part * LANES, &now, sizeof now);
        for (int l = 0; l < LANES; l++)
            code[part * LANES + l] = (uint8_t)c[l];
    }
}

/* Errors of all columns, e[n], then what they lose. */
LANES_INLINE lanes levels_form(const struct levels_part *p, const float *w, size_t n, const struct metric *m, lanes *e)
{
    lanes sum = {0}, now;

    for (size_t k = 0; k < n; k++) {
        memcpy(&now, w + k * LEVELS_ROWS, sizeof now);
        e[k] = now - level_value(p, level_code(p, now));
        if (m->kind != METRIC_GRAM)
            sum += e[k] * e[k] * (m->kind == METRIC_PLAIN ? 1.0f : m->h[k]);
    }
    for (size_t k = 0; m->kind == METRIC_GRAM && k < n; k++) {
        const float *h = m->h + k * m->ld;
        lanes across = {0};

        for (size_t j = k + 1; j < n; j++)
            across += e[j] * h[j];
        sum += e[k] * (e[k] * h[k] + 2.0f * across);
    }
    return sum;
}

/* The sweep over the columns, as la/obs.h makes it. */
LANES_INLINE lanes levels_sweep(const struct levels_part *p, const float *w, size_t n, const struct metric *m,
                                lanes *now)
{
    lanes sum = {0};

    for (size_t k = 0; k < n; k++)
        memcpy(&now[k], w + k * LEVELS_ROWS, sizeof *now);
    for (size_t k = 0; k < n; k++) {
        const float *u = m->h + k * m->ld;
        lanes e = (now[k] - level_value(p, level_code(p, now[k]))) / u[k];

        sum += e * e;
        for (size_t j = k + 1; j < n; j++)
            now[j] -= e * u[j];
    }
    return sum;
}

/* room: float[n * LANES] and the same again, for alignment */
static void lose_levels(const struct levels *v, int top, const float *w, size_t n, const struct metric *m, float *room,
                        float *loss)
{
    lanes *some = (lanes *)(((uintptr_t)room + sizeof(lanes) - 1) / sizeof(lanes) * sizeof(lanes));

    for (int part = 0; part < LEVELS_ROWS / LANES; part++) {
        struct levels_part p = levels_part(v, top, part);
        lanes sum = (m->kind == METRIC_SWEEP ? levels_sweep : levels_form)(&p, w + part * LANES, n, m, some);

        memcpy(loss + part * LANES, &sum, sizeof sum);
    }
}
