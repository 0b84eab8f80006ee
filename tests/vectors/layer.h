/*
 * layer: the synthetic layer of the reference tables, made again from its description: W[256][256] of N(0, 0.02^2),
 * then ln s_j of N(0, sigma^2), H_jk = s_j s_k rho^|j-k|, seed 42, numbers by SplitMix64 and Box and Muller (cosine
 * branch). Loss = tr(E H E') / tr(W H W').
 */
#ifndef WEIR_TESTS_LAYER_H
#define WEIR_TESTS_LAYER_H

#include <math.h>
#include <stdint.h>

enum { LAYER = 256 };

struct layer {
    float w[LAYER * LAYER];
    double s[LAYER];
    double rho;
    uint64_t state;
};

static double layer_unit(struct layer *l)
{
    uint64_t z = (l->state += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return ((double)((z ^ z >> 31) >> 11) + 0.5) / 9007199254740992.0;
}

static double layer_normal(struct layer *l)
{
    double radius = sqrt(-2 * log(layer_unit(l)));

    return radius * cos(6.283185307179586 * layer_unit(l));
}

static void layer_make(struct layer *l, double rho, double sigma)
{
    l->rho = rho;
    l->state = 42;
    for (int i = 0; i < LAYER * LAYER; i++)
        l->w[i] = (float)(0.02 * layer_normal(l));
    for (int j = 0; j < LAYER; j++)
        l->s[j] = exp(sigma * layer_normal(l));
}

/* v H v' of one row; the sums over rho^|j-k| run as two recursions. */
static double layer_form(const struct layer *l, const double *v)
{
    double sum = 0, tail = 0;

    for (int j = 0; j < LAYER; j++) {
        double u = v[j] * l->s[j];

        sum += u * u + 2 * u * tail;
        tail = (tail + u) * l->rho;
    }
    return sum;
}

static double layer_loss(const struct layer *l, const float *q)
{
    double lost = 0, whole = 0;

    for (int r = 0; r < LAYER; r++) {
        double e[LAYER], w[LAYER];

        for (int j = 0; j < LAYER; j++) {
            w[j] = l->w[r * LAYER + j];
            e[j] = w[j] - q[r * LAYER + j];
        }
        lost += layer_form(l, e);
        whole += layer_form(l, w);
    }
    return lost / whole;
}

#endif
