/* page_weight: lines of the section weight: ROLE [AXES] FLAGS [if GUARD], or ROLE none. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arch/page_int.h"
#include "base/mem.h"

void page_free_weight(struct arch_weight *w)
{
    for (int i = 0; i < w->axes; i++) {
        for (int k = 0; k < w->axis[i].atoms; k++) {
            free(w->axis[i].atom[k].text);
            expr_free(w->axis[i].atom[k].size);
        }
        free(w->axis[i].atom);
    }
    free(w->role);
    free(w->bias_role);
    free(w->tied);
    expr_free(w->bias_if);
    expr_free(w->tied_if);
    expr_free(w->guard);
    memset(w, 0, sizeof *w);
}

/* "(nope + rope)" to "(nope+rope)", so that equal atoms are equal texts. */
static char *squeezed(struct span s)
{
    struct buf b = {0};
    char *text;

    for (size_t i = 0; i < s.n; i++)
        if (!isspace((unsigned char)s.at[i]))
            buf_add(&b, s.at + i, 1);
    text = mem_strdup(buf_str(&b));
    buf_free(&b);
    return text;
}

static int one_atom(struct arch_axis *x, struct span s, struct err *e)
{
    struct arch_atom *t = PAGE_ADD(x->atom, x->atoms);

    s = span_trim(s);
    t->text = squeezed(s);
    if (span_is(s, "-")) /* not said: of pages of names only */
        return 0;
    return (t->size = span_expr(s, e)) ? 0 : -1;
}

/* Pieces between a separator outside of brackets. */
static int pieces(struct span s, char separator, int (*take)(void *ctx, struct span piece, struct err *e), void *ctx,
                  struct err *e)
{
    int depth = 0;

    for (size_t i = 0, from = 0; i <= s.n; i++) {
        if (i < s.n)
            depth += (s.at[i] == '(') - (s.at[i] == ')');
        if (i == s.n || (s.at[i] == separator && depth == 0)) {
            if (take(ctx, (struct span){s.at + from, i - from}, e) < 0)
                return -1;
            from = i + 1;
        }
    }
    return 0;
}

static int take_atom(void *ctx, struct span s, struct err *e)
{
    return one_atom(ctx, s, e);
}

static int take_axis(void *ctx, struct span s, struct err *e)
{
    struct arch_weight *w = ctx;

    if (w->axes == 3)
        return err_set(e, "more than three axes");
    return pieces(s, '.', take_atom, &w->axis[w->axes++], e);
}

static struct arch_weight *place(struct arch *a, struct span role)
{
    for (int i = 0; i < a->weights; i++)
        if (span_is(role, a->weight[i].role)) {
            page_free_weight(&a->weight[i]);
            return &a->weight[i];
        }
    return PAGE_ADD(a->weight, a->weights);
}

static void drop(struct arch *a, struct span role)
{
    for (int i = 0; i < a->weights; i++)
        if (span_is(role, a->weight[i].role)) {
            page_free_weight(&a->weight[i]);
            memmove(&a->weight[i], &a->weight[i + 1], (size_t)(--a->weights - i) * sizeof *a->weight);
        }
}

static int flag(struct arch_weight *w, struct span s, struct err *e)
{
    const char *mark = memchr(s.at, '?', s.n);
    struct span name = {s.at, mark ? (size_t)(mark - s.at) : s.n};
    struct expr *when = mark ? span_expr((struct span){mark + 1, s.n - name.n - 1}, e) : NULL;

    if (mark && !when)
        return -1;
    if (span_is(name, "bias")) {
        w->bias = 1;
        expr_free(w->bias_if); /* of a flag that is there twice the last counts */
        w->bias_if = when;
        return 0;
    }
    if (name.n > 5 && strncmp(name.at, "tied=", 5) == 0) {
        free(w->tied);
        expr_free(w->tied_if);
        w->tied = span_copy((struct span){name.at + 5, name.n - 5});
        w->tied_if = when;
        return 0;
    }
    expr_free(when);
    if (span_is(s, "f32"))
        w->f32 = 1;
    else if (span_is(s, "plus1=hf"))
        w->plus1 = 1;
    else if (span_is(s, "rope"))
        w->rope = 1;
    else
        return err_set(e, "'%.*s' is no flag; there are f32, bias, plus1=hf, rope, tied=ROLE", (int)s.n, s.at);
    return 0;
}

int page_weight(struct arch *a, struct span line, struct err *e)
{
    struct span role, shape, word;
    struct arch_weight *w;
    struct expr *guard;

    if (span_guard(&line, &guard, e) < 0)
        return -1;
    if (!span_word(&line, &role) || !span_word(&line, &shape)) {
        expr_free(guard);
        return err_set(e, "a weight is ROLE [AXES] FLAGS [if GUARD], or ROLE none");
    }
    if (span_is(shape, "none")) {
        expr_free(guard);
        drop(a, role);
        return 0;
    }
    w = place(a, role);
    w->role = span_copy(role);
    w->bias_role = mem_printf("%s.bias", w->role);
    w->guard = guard;
    if (shape.n < 2 || shape.at[0] != '[' || shape.at[shape.n - 1] != ']')
        return err_set(e, "%s: '%.*s' stands where [AXES] must stand", w->role, (int)shape.n, shape.at);
    if (pieces((struct span){shape.at + 1, shape.n - 2}, ',', take_axis, w, e) < 0)
        return err_in(e, "%s", w->role);
    while (span_word(&line, &word))
        if (flag(w, word, e) < 0)
            return err_in(e, "%s", w->role);
    return 0;
}
