/* block_gpt2: h += O attention(Q n, K n, V n), n = layernorm(h), q k v fused; h += D gelu(U m), m = layernorm(h). Every linear has a bias. */
#include "run/block.h"
#include "run/ops.h"

enum { NORM_ATTN, QKV, O, NORM_MLP, UP, DOWN };

static const struct slot slots[] = {
    [NORM_ATTN] = SLOT("norm.attn", '1', 'h', TAP_NONE),
    [QKV] = SLOT("attn.qkv", 'q', 'h', TAP_ATTN),
    [O] = SLOT("attn.o", 'h', 'o', TAP_O),
    [NORM_MLP] = SLOT("norm.mlp", '1', 'h', TAP_NONE),
    [UP] = SLOT("mlp.up", 'i', 'h', TAP_MLP),
    [DOWN] = SLOT("mlp.down", 'h', 'i', TAP_DOWN),
    {0}};

static int check(const struct block *b, struct err *e)
{
    int64_t qkv = b->slot[QKV].rows, o = b->slot[O].cols, d = b->p->head_dim;

    if (qkv != 3 * o || o % d != 0)
        return err_set(e, "layer %lld: %lld rows of attn.qkv are not queries, keys and values of %lld rows each, in heads of %lld",
                       (long long)b->layer, (long long)qkv, (long long)o, (long long)d);
    return 0;
}

/* The output of a half, and q k v. */
static int64_t work(const struct block *b)
{
    return b->p->hidden + b->slot[QKV].rows;
}

static int64_t heads(const struct block *b)
{
    return b->slot[O].cols / b->p->head_dim;
}

static void norm(const struct block *b, int slot, const struct batch *t, float *y)
{
    op_layernorm(t->x, b->slot[slot].w, b->slot[slot].bias, b->p->norm_eps, t->tokens, b->p->hidden, y);
}

static void attention(const struct block *b, struct batch *t)
{
    int64_t o = b->slot[O].cols, d = b->p->head_dim;
    float *n = t->in[TAP_ATTN], *a = t->in[TAP_O], *y = t->work, *qkv = y + t->tokens * b->p->hidden;

    norm(b, NORM_ATTN, t, n);
    op_linear(&b->slot[QKV], n, t->tokens, qkv);
    op_attention(&(struct heads){qkv, qkv + o, qkv + 2 * o, 3 * o, 3 * o, o / d, o / d, d}, t, a);
    op_linear(&b->slot[O], a, t->tokens, y);
    op_add(t->x, y, t->tokens * b->p->hidden);
}

static void mlp(const struct block *b, struct batch *t)
{
    float *n = t->in[TAP_MLP], *up = t->in[TAP_DOWN], *y = t->work;

    norm(b, NORM_MLP, t, n);
    op_linear(&b->slot[UP], n, t->tokens, up);
    op_gelu(up, t->tokens * b->slot[UP].rows);
    op_linear(&b->slot[DOWN], up, t->tokens, y);
    op_add(t->x, y, t->tokens * b->p->hidden);
}

static void forward(const struct block *b, struct batch *t)
{
    attention(b, t);
    op_keep_middle(b, t);
    mlp(b, t);
}

const struct block_kind block_gpt2 = {slots, check, work, heads, forward};
