#include "quant/levels_table.h"

#include "quant/quant.h"
#include "quant/table.h"

#define L LEVELS_ROWS

/* The value of the level nearest to w. */
static float nearest(const struct quant_affine *a, float unit, float w, unsigned *code)
{
    *code = quant_table_code(a->table, unit > 0 ? w / unit : 0);
    return a->table->value[*code] * unit;
}

void levels_table_code(const struct levels_kind *k, const struct levels *v, const float w[L], uint8_t code[L],
                       float q[L])
{
    for (int l = 0; l < L; l++) {
        unsigned c;

        q[l] = nearest(k->table, quant_table_unit(k->table, v->scale[l]), w[l], &c);
        code[l] = (uint8_t)c;
    }
}

static float form(const struct metric *m, const float *e, size_t n)
{
    float sum = 0;

    for (size_t k = 0; k < n; k++) {
        float across = 0;

        if (m->kind != METRIC_GRAM) {
            sum += e[k] * e[k] * (m->kind == METRIC_PLAIN ? 1.0f : m->h[k]);
            continue;
        }
        for (size_t j = k + 1; j < n; j++)
            across += e[j] * m->h[k * m->ld + j];
        sum += e[k] * (e[k] * m->h[k * m->ld + k] + 2.0f * across);
    }
    return sum;
}

/* now: the weights, each changed by those before it. */
static float sweep(const struct quant_affine *a, float unit, const struct metric *m, float *now, size_t n)
{
    float sum = 0;

    for (size_t k = 0; k < n; k++) {
        const float *u = m->h + k * m->ld;
        unsigned c;
        float e = (now[k] - nearest(a, unit, now[k], &c)) / u[k];

        sum += e * e;
        for (size_t j = k + 1; j < n; j++)
            now[j] -= e * u[j];
    }
    return sum;
}

void levels_table_loss(const struct levels_kind *k, const struct levels *v, const float *w, size_t n,
                       const struct metric *m, float *room, float loss[L])
{
    for (int l = 0; l < L; l++) {
        float unit = quant_table_unit(k->table, v->scale[l]);
        unsigned c;

        for (size_t i = 0; i < n; i++)
            room[i] = m->kind == METRIC_SWEEP ? w[i * L + l] : w[i * L + l] - nearest(k->table, unit, w[i * L + l], &c);
        loss[l] = m->kind == METRIC_SWEEP ? sweep(k->table, unit, m, room, n) : form(m, room, n);
    }
}
