#include "run/op.h"

#include <math.h>
#include <string.h>

#include "base/par.h"

#define PIECE 16384 /* floats that one call of a thread takes; no effect on results */

static int shape_scatter(struct op *o, struct op_size *size, struct err *e)
{
    return op_shape_same(o, size, e);
}

/* One row an op: may it be done in place, its shape rule, forward. */
const struct op_row op_table[WALK_OPS] = {
    [WALK_embed] = {0, op_shape_linear, NULL}, /* the executor's: rows of a table by the tokens' ids */
    [WALK_position] = {1, op_shape_position, op_run_position},
    [WALK_linear] = {0, op_shape_linear, op_run_linear},
    [WALK_rmsnorm] = {1, op_shape_rmsnorm, op_run_rmsnorm},
    [WALK_layernorm] = {1, op_shape_layernorm, op_run_layernorm},
    [WALK_rope] = {1, op_shape_rope, op_run_rope},
    [WALK_attention] = {0, op_shape_attention, op_run_attention},
    [WALK_join] = {0, op_shape_join, op_run_join},
    [WALK_act] = {1, op_shape_act, op_run_act},
    [WALK_clamp] = {1, op_shape_same, op_run_clamp},
    [WALK_offset] = {1, op_shape_same, op_run_offset},
    [WALK_scale] = {1, op_shape_same, op_run_scale},
    [WALK_mul] = {1, op_shape_two, op_run_mul},
    [WALK_add] = {1, op_shape_two, op_run_add},
    [WALK_copy] = {1, op_shape_same, op_run_copy},
    [WALK_softcap] = {1, op_shape_same, op_run_softcap},
    [WALK_route] = {0, op_shape_route, op_run_route},
    [WALK_scatter] = {0, shape_scatter, NULL}, /* the executor's: it knows the rows of all tokens */
    [WALK_gather] = {0, op_shape_same, NULL},
};

static const struct {
    const char *name;
    double otherwise;
} attrs[OP_ATTR_COUNT] = {
#define ATTR(name, otherwise) {#name, otherwise},
    OP_ATTRS(ATTR)
#undef ATTR
};

/* Which of the attributes without default an op must have. */
static int must(enum walk_op op, enum op_attr at)
{
    switch (at) {
    case AT_eps:
        return op == WALK_rmsnorm || op == WALK_layernorm;
    case AT_base:
    case AT_dims:
        return op == WALK_rope;
    case AT_each:
        return op == WALK_join;
    case AT_by:
        return op == WALK_offset || op == WALK_scale || op == WALK_softcap;
    case AT_top:
        return op == WALK_route;
    default:
        return 0;
    }
}

static int take_numbers(struct op *o, const struct op_room *room, struct err *e)
{
    for (int i = 0; i < OP_ATTR_COUNT; i++) {
        int got;

        o->at[i] = attrs[i].otherwise;
        if ((got = walk_number(room->m, room->walk, o->step, attrs[i].name, &o->at[i], e)) < 0)
            return -1;
        if (!got && must(o->step->op, (enum op_attr)i))
            return err_set(e, "%s needs %s=", o->step->from->op, attrs[i].name);
    }
    return 0;
}

static int take_word(struct op *o, const struct op_room *room, struct err *e)
{
    enum walk_op op = o->step->op;
    const char *attr = op == WALK_act ? "fn" : op == WALK_route ? "score" : op == WALK_attention ? "slopes" : NULL;

    if (attr && !(o->word = walk_word(room->m, room->walk, o->step, attr, "", e)))
        return -1;
    if (op == WALK_attention && *o->word && strcmp(o->word, "bf16") != 0)
        return err_set(e, "slopes=%.80s; there is bf16", o->word);
    return 0;
}

/* In pairs (2i, 2i+1), or (i, i + d/2)? */
static int take_turn(struct op *o, const struct op_room *room, struct err *e)
{
    double dims = o->at[AT_dims];

    if (o->step->op != WALK_rope)
        return 0;
    if (o->at[AT_pair] < 0)
        o->at[AT_pair] = strcmp(attrs_str(&room->m->head, "rope", "half"), "interleaved") == 0;
    if (!(dims >= 2 && dims <= 1 << 20) || dims != floor(dims) || (int64_t)dims % 2 != 0)
        return err_set(e, "rope of %g values a head; an even number is needed", dims);
    return rope_find(room->ropes, room->m, o->at[AT_base], (int64_t)dims, o->at[AT_scaled] != 0, room->positions,
                     &o->turn, e);
}

/* The size of one head of a linear's outputs, as the page writes them. */
static int take_head(struct op *o, const struct op_room *room, struct err *e)
{
    const struct arch_weight *w = o->step->weight;
    const struct arch_axis *out = w && w->axes > 1 ? &w->axis[w->axes - 2] : NULL;
    double v;

    if (o->step->op != WALK_linear || !out || out->atoms < 2)
        return 0;
    if (model_eval(room->m, out->atom[out->atoms - 1].size, room->walk->layer, &v, e) < 0)
        return err_in(e, "%s", w->role);
    o->head = v >= 1 && v <= 0x1p31 ? (int64_t)v : 0;
    return 0;
}

int op_make(struct op *o, const struct op_room *room, const struct walk_step *s, const struct weight *w,
            const struct weight *extra, struct op_size *size, struct err *e)
{
    *o = (struct op){.walk = room->walk, .step = s, .w = w, .extra = extra};
    if (take_numbers(o, room, e) < 0 || take_word(o, room, e) < 0 || take_turn(o, room, e) < 0 ||
        take_head(o, room, e) < 0 || op_table[s->op].shape(o, size, e) < 0) {
        if (room->walk->layer >= 0)
            err_in(e, "layer %lld", (long long)room->walk->layer);
        return err_in(e, "%s:%d", STEP_FILE(room->walk->arch, s->from), s->from->line);
    }
    return 0;
}

void op_run(const struct op *o, const struct op_rows *r)
{
    op_table[o->step->op].run(o, r);
}

static void one_piece(void *ctx, size_t i)
{
    const struct op_map *m = ctx;
    size_t at = i * PIECE;

    m->piece(m, at, m->n - at < PIECE ? m->n - at : PIECE);
}

void op_map(const struct op_map *m)
{
    struct op_map copy = *m;

    par_for((m->n + PIECE - 1) / PIECE, one_piece, &copy);
}

int op_shape_same(struct op *o, struct op_size *size, struct err *e)
{
    (void)e;
    size[o->step->out] = size[o->step->in[0]];
    return 0;
}

/* The weight that made a value, for messages; "-" for none. */
static const char *maker(const struct op *o, int input)
{
    int made = o->walk->value[o->step->in[input]].made;

    return made >= 0 && o->walk->step[made].weight ? o->walk->step[made].weight->role : "-";
}

int op_shape_two(struct op *o, struct op_size *size, struct err *e)
{
    const struct op_size *a = &size[o->step->in[0]], *b = &size[o->step->in[1]];

    if (a->width != b->width)
        return err_set(e, "%s of values that are %lld (of %s) and %lld (of %s) wide", o->step->from->op,
                       (long long)a->width, maker(o, 0), (long long)b->width, maker(o, 1));
    size[o->step->out] = *a;
    return 0;
}
