/* block_llama: h += O attention(rope(Q n), rope(K n), V n), n = rmsnorm(h); h += D (silu(G m) * U m), m = rmsnorm(h). */
#include "model/block.h"
#include "model/ops.h"

enum { NORM_ATTN, Q, K, V, O, NORM_MLP, GATE, UP, DOWN };

static const struct slot slots[] = {
    [NORM_ATTN] = SLOT("norm.attn", '1', 'h', TAP_NONE),
    [Q] = SLOT("attn.q", 'q', 'h', TAP_ATTN),
    [K] = SLOT("attn.k", 'k', 'h', TAP_ATTN),
    [V] = SLOT("attn.v", 'k', 'h', TAP_ATTN),
    [O] = SLOT("attn.o", 'h', 'q', TAP_O),
    [NORM_MLP] = SLOT("norm.mlp", '1', 'h', TAP_NONE),
    [GATE] = SLOT("mlp.gate", 'i', 'h', TAP_MLP),
    [UP] = SLOT("mlp.up", 'i', 'h', TAP_MLP),
    [DOWN] = SLOT("mlp.down", 'h', 'i', TAP_DOWN),
    {0}};

static int check(const struct block *b, struct err *e)
{
    int64_t q = b->slot[Q].rows, k = b->slot[K].rows, d = b->p->head_dim;

    if (q % d != 0 || k % d != 0 || (q / d) % (k / d) != 0)
        return err_set(e, "layer %lld: %lld rows of attn.q and %lld of attn.k are not heads of %lld that share keys evenly",
                       (long long)b->layer, (long long)q, (long long)k, (long long)d);
    return 0;
}

/* Normalized input and the output of a half, then whichever half needs more: q k v attention, or gate up. */
static int64_t scratch(const struct block *b, int64_t tokens)
{
    int64_t attn = 2 * b->slot[Q].rows + 2 * b->slot[K].rows, mlp = 2 * b->slot[UP].rows;

    return tokens * (2 * b->p->hidden + (attn > mlp ? attn : mlp));
}

static void see(const struct batch *t, enum tap at, const float *x, int64_t cols)
{
    if (t->taps)
        t->taps->see(t->taps->ctx, at, x, t->tokens, cols);
}

static void attention(const struct block *b, struct batch *t, float *n, float *y, float *work)
{
    int64_t qw = b->slot[Q].rows, kw = b->slot[K].rows, d = b->p->head_dim;
    float *q = work, *k = q + t->tokens * qw, *v = k + t->tokens * kw, *a = v + t->tokens * kw;

    op_rmsnorm(t->x, b->slot[NORM_ATTN].w, b->p->norm_eps, t->tokens, b->p->hidden, n);
    see(t, TAP_ATTN, n, b->p->hidden);
    op_linear(&b->slot[Q], n, t->tokens, q);
    op_linear(&b->slot[K], n, t->tokens, k);
    op_linear(&b->slot[V], n, t->tokens, v);
    op_rope(q, qw / d, b->p, t);
    op_rope(k, kw / d, b->p, t);
    op_attention(q, k, v, qw / d, kw / d, d, t, a);
    see(t, TAP_O, a, qw);
    op_linear(&b->slot[O], a, t->tokens, y);
    op_add(t->x, y, t->tokens * b->p->hidden);
}

static void mlp(const struct block *b, struct batch *t, float *n, float *y, float *work)
{
    int64_t width = b->slot[UP].rows;
    float *gate = work, *up = gate + t->tokens * width;

    op_rmsnorm(t->x, b->slot[NORM_MLP].w, b->p->norm_eps, t->tokens, b->p->hidden, n);
    see(t, TAP_MLP, n, b->p->hidden);
    op_linear(&b->slot[GATE], n, t->tokens, gate);
    op_linear(&b->slot[UP], n, t->tokens, up);
    op_swiglu(gate, up, t->tokens * width);
    see(t, TAP_DOWN, gate, width);
    op_linear(&b->slot[DOWN], gate, t->tokens, y);
    op_add(t->x, y, t->tokens * b->p->hidden);
}

static void forward(const struct block *b, struct batch *t)
{
    float *n = t->scratch, *y = n + t->tokens * b->p->hidden, *work = y + t->tokens * b->p->hidden;

    attention(b, t, n, y, work);
    mlp(b, t, n, y, work);
}

const struct block_kind block_llama = {slots, check, scratch, forward};
