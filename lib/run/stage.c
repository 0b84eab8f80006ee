#include "run/stage.h"

#include <stdlib.h>
#include <string.h>

int stage_taps(const struct walk *w, int phase, int value)
{
    for (int i = 0; i < w->steps; i++)
        if (w->step[i].phase == phase && w->step[i].op == WALK_linear && w->step[i].in[0] == value)
            return 1;
    return 0;
}

static int make_ops(struct stage *s, const struct op_room *room, stage_weight *weight, void *ctx, struct err *e)
{
    const struct walk *w = s->walk;

    s->op = mem_new((size_t)w->steps + 1, sizeof *s->op);
    for (int i = 0; i < w->steps; i++) {
        const struct walk_step *t = &w->step[i];
        const struct weight *of[2] = {t->weight ? weight(ctx, t->weight) : NULL,
                                      t->extra ? weight(ctx, t->extra) : NULL};

        if (t->phase != s->phase)
            continue;
        if ((t->weight && !of[0]) || (t->extra && !of[1]))
            return err_set(e, "layer %lld has no tensor of role %s", (long long)w->layer,
                           t->weight && !of[0] ? t->weight->role : t->extra->role);
        if (of[0] && !of[0]->bias && weight_needs_bias(room->m, t->weight, w->layer))
            return err_set(e, "layer %lld has no tensor of role %s", (long long)w->layer, t->weight->bias_role);
        if (op_make(&s->op[s->ops++], room, t, of[0], of[1], s->size, e) < 0)
            return -1;
    }
    return 0;
}

/* mul of what an act made and nobody else reads: one op. */
static void fuse(struct stage *s, const char *hold)
{
    for (int i = 0; i < s->ops; i++)
        for (int k = 0; k < i && s->op[i].step->op == WALK_mul; k++) {
            int out = s->op[k].step->out;

            if (s->op[k].step->op != WALK_act || s->op[i].step->in[0] != out || s->op[i].step->in[1] == out ||
                hold[out] || s->walk->value[out].last != (int)(s->op[i].step - s->walk->step))
                continue;
            s->op[i].fused = &s->op[k];
            s->op[k].fused = &s->op[i];
        }
}

/* The step of the walk up to which a value must be there. */
static int last_of(const struct stage *s, int value, const char *hold)
{
    return hold[value] ? s->walk->steps : s->walk->value[value].last;
}

/* A buffer of that width that is free for the rest of its old life, done over by this step; -1: none. */
static int in_place(const struct stage *s, const struct op *o, int step, const char *outside)
{
    int inputs = o->step->op == WALK_add || o->step->op == WALK_mul ? 2 : 1;

    for (int i = 0; i < inputs && op_table[o->step->op].in_place; i++) {
        int v = o->step->in[i], b = s->buffer[v];

        if (b >= 0 && s->buf[b].last == step && s->buf[b].width == s->size[o->step->out].width && outside[v] != 1)
            return b;
    }
    return -1;
}

/* What the fused act reads must live until the mul. */
static int inputs_last(const struct stage *s, const struct op *o, int step, const char *outside)
{
    int v = o->fused->step->in[0], b = s->buffer[v];

    return b >= 0 && s->buf[b].last == step && s->buf[b].width == s->size[o->step->out].width && outside[v] != 1 ? b
                                                                                                                 : -1;
}

static int new_buffer(struct stage *s, int64_t width, int first, int last, int is_outside)
{
    s->buf = mem_resize(s->buf, (size_t)s->buffers + 1, sizeof *s->buf);
    s->buf[s->buffers] = (struct stage_buffer){width, is_outside ? -1 : 0, first, last};
    return s->buffers++;
}

static void buffers(struct stage *s, const char *hold, const char *outside)
{
    for (int v = 0; v < s->walk->values; v++)
        s->buffer[v] = outside[v] ? new_buffer(s, s->size[v].width, -1, last_of(s, v, hold), 1) : -1;
    for (int i = 0; i < s->ops; i++) {
        const struct op *o = &s->op[i];
        int step = (int)(o->step - s->walk->step), out = o->step->out, b;

        if (s->buffer[out] >= 0)
            continue;
        if (o->step->op == WALK_act && o->fused) { /* its input takes its place */
            b = s->buffer[o->step->in[0]];
            s->buffer[out] = b;
            if (s->buf[b].last < (int)(o->fused->step - s->walk->step))
                s->buf[b].last = (int)(o->fused->step - s->walk->step);
            continue;
        }
        b = o->fused ? inputs_last(s, o, step, outside) : in_place(s, o, step, outside);
        if (b < 0)
            b = new_buffer(s, s->size[out].width, step, step, 0);
        s->buffer[out] = b;
        if (last_of(s, out, hold) > s->buf[b].last)
            s->buf[b].last = last_of(s, out, hold);
    }
}

/* Is it read behind the stage? Such buffers share no memory: a window may be done when another begins. */
static int stays(const struct stage *s, const struct stage_buffer *b)
{
    return b->last >= s->walk->steps;
}

/* First fit: the lowest place that no buffer alive at the same time has. */
static void place(struct stage *s)
{
    for (int i = 0; i < s->buffers; i++) {
        struct stage_buffer *b = &s->buf[i];
        int moved = b->at >= 0;

        if (b->at >= 0 && stays(s, b)) {
            b->at = s->lasting;
            s->lasting += b->width;
            continue;
        }

        while (moved) {
            moved = 0;
            for (int k = 0; k < i; k++) {
                const struct stage_buffer *o = &s->buf[k];

                if (o->at < 0 || stays(s, o) || o->last < b->first || o->first > b->last || o->at + o->width <= b->at ||
                    b->at + b->width <= o->at)
                    continue;
                b->at = o->at + o->width;
                moved = 1;
            }
        }
        if (b->at >= 0 && b->at + b->width > s->room)
            s->room = b->at + b->width;
    }
}

int stage_open(struct stage *s, const struct op_room *room, int phase, stage_weight *weight, void *ctx,
               struct op_size *size, const char *hold, const char *outside, struct err *e)
{
    *s = (struct stage){.walk = room->walk, .phase = phase, .size = size};
    s->buffer = mem_new((size_t)room->walk->values, sizeof *s->buffer);
    if (make_ops(s, room, weight, ctx, e) < 0) {
        stage_free(s);
        return -1;
    }
    fuse(s, hold);
    buffers(s, hold, outside);
    place(s);
    return 0;
}

void stage_free(struct stage *s)
{
    free(s->op);
    free(s->buffer);
    free(s->buf);
    memset(s, 0, sizeof *s);
}

/* Of rows [row, row + n): what does not last lies window by window. */
static float *value_at(const struct stage *s, int value, float *const *given, float *work, int64_t rows, int64_t row,
                       int64_t n)
{
    int b = s->buffer[value];
    int64_t width = b < 0 ? 0 : s->buf[b].width;

    if (b < 0)
        return NULL;
    if (s->buf[b].at >= 0)
        return stays(s, &s->buf[b]) ? work + (s->room + s->buf[b].at) * rows + row * width
                                    : work + row * s->room + s->buf[b].at * n;
    for (int v = 0; v < s->walk->values; v++) /* the value outside whose buffer it is */
        if (s->buffer[v] == b && given[v])
            return given[v] + row * width;
    return NULL;
}

float *stage_at(const struct stage *s, int value, float *const *given, float *work, int64_t rows)
{
    return value_at(s, value, given, work, rows, 0, rows);
}

void stage_run(const struct stage *s, float *const *given, float *work, int64_t rows, int64_t row, int64_t n,
               const struct window *window, int64_t windows, float *received)
{
    float *value[WALK_VALUES + 1];
    struct op_rows r = {value, s->size, n, window, windows, received};

    for (int v = 0; v < s->walk->values; v++)
        value[v] = value_at(s, v, given, work, rows, row, n);
    for (int i = 0; i < s->ops; i++)
        if (op_table[s->op[i].step->op].run)
            op_run(&s->op[i], &r);
}
