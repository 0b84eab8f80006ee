/* block_llama: h += O attention(rope(Q n), rope(K n), V n), n = rmsnorm(h); h += D (silu(G m) * U m), m = rmsnorm(h). */
#include "run/block.h"
#include "run/ops.h"

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

    if (b->slot[NORM_ATTN].bias || b->slot[NORM_MLP].bias)
        return err_set(e, "layer %lld: a norm has a bias, which the norms of this architecture do not have", (long long)b->layer);
    if (q % d != 0 || k % d != 0 || (q / d) % (k / d) != 0)
        return err_set(e, "layer %lld: %lld rows of attn.q and %lld of attn.k are not heads of %lld that share keys evenly",
                       (long long)b->layer, (long long)q, (long long)k, (long long)d);
    return 0;
}

/* The output of a half, and whichever half needs more: q k v, or up. */
static int64_t work(const struct block *b)
{
    int64_t attn = b->slot[Q].rows + 2 * b->slot[K].rows, mlp = b->slot[UP].rows;

    return b->p->hidden + (attn > mlp ? attn : mlp);
}

static int64_t heads(const struct block *b)
{
    return b->slot[Q].rows / b->p->head_dim;
}

static void attention(const struct block *b, struct batch *t)
{
    int64_t qw = b->slot[Q].rows, kw = b->slot[K].rows, d = b->p->head_dim;
    float *n = t->in[TAP_ATTN], *a = t->in[TAP_O];
    float *y = t->work, *q = y + t->tokens * b->p->hidden, *k = q + t->tokens * qw, *v = k + t->tokens * kw;

    op_rmsnorm(t->x, b->slot[NORM_ATTN].w, b->p->norm_eps, t->tokens, b->p->hidden, n);
    op_linear(&b->slot[Q], n, t->tokens, q);
    op_linear(&b->slot[K], n, t->tokens, k);
    op_linear(&b->slot[V], n, t->tokens, v);
    op_rope(q, qw / d, b->p, t);
    op_rope(k, kw / d, b->p, t);
    op_attention(&(struct heads){q, k, v, qw, kw, qw / d, kw / d, d}, t, a);
    op_linear(&b->slot[O], a, t->tokens, y);
    op_add(t->x, y, t->tokens * b->p->hidden);
}

static void mlp(const struct block *b, struct batch *t)
{
    int64_t width = b->slot[UP].rows;
    float *n = t->in[TAP_MLP], *gate = t->in[TAP_DOWN], *y = t->work, *up = y + t->tokens * b->p->hidden;

    op_rmsnorm(t->x, b->slot[NORM_MLP].w, b->p->norm_eps, t->tokens, b->p->hidden, n);
    op_linear(&b->slot[GATE], n, t->tokens, gate);
    op_linear(&b->slot[UP], n, t->tokens, up);
    op_swiglu(gate, up, t->tokens * width);
    op_linear(&b->slot[DOWN], gate, t->tokens, y);
    op_add(t->x, y, t->tokens * b->p->hidden);
}

static void forward(const struct block *b, struct batch *t)
{
    attention(b, t);
    op_keep_middle(b, t);
    mlp(b, t);
}

const struct block_kind block_llama = {slots, check, work, heads, forward};
