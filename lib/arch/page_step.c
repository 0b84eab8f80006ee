/* page_step: lines of the sections before, attention, mlp, after: VALUE = OP INPUT... ATTR=EXPR... [if GUARD]. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arch/page_int.h"
#include "base/mem.h"

void page_free_step(struct arch_step *s)
{
    for (int i = 0; i < s->attrs; i++) {
        free(s->attr[i].name);
        free(s->attr[i].role);
        expr_free(s->attr[i].value);
    }
    for (int i = 0; i < 3; i++)
        free(s->in[i]);
    free(s->attr);
    free(s->out);
    free(s->op);
    expr_free(s->guard);
    memset(s, 0, sizeof *s);
}

/* "eps=norm_eps": where '=' is, 0 when it is no attribute. */
static size_t attr_name(struct span s)
{
    size_t n = 0;

    while (n < s.n && (isalnum((unsigned char)s.at[n]) || s.at[n] == '_'))
        n++;
    return n && n + 1 < s.n && s.at[n] == '=' ? n : 0;
}

static int take_attr(const struct arch *a, struct arch_step *s, struct span word, size_t n, struct err *e)
{
    struct arch_attr *t = PAGE_ADD(s->attr, s->attrs);
    char *value = mem_strndup(word.at + n + 1, word.n - n - 1);

    t->name = mem_strndup(word.at, n);
    if (arch_weight(a, value, NULL)) {
        t->role = value;
        return 0;
    }
    t->value = expr_parse(value, strlen(value), e);
    free(value);
    return t->value ? 0 : err_in(e, "%s", t->name);
}

int page_step(struct arch *a, enum arch_section section, struct span line, struct err *e)
{
    struct arch_step *s = PAGE_ADD(a->step[section], a->steps[section]);
    struct span out, equal, op, word;
    int inputs = 0;

    if (span_guard(&line, &s->guard, e) < 0)
        return -1;
    if (!span_word(&line, &out) || !span_word(&line, &equal) || !span_is(equal, "=") || !span_word(&line, &op))
        return err_set(e, "a step is VALUE = OP INPUTS ATTRIBUTES [if GUARD]");
    s->out = span_copy(out);
    s->op = span_copy(op);
    while (span_word(&line, &word)) {
        size_t n = attr_name(word);

        if (n) {
            if (take_attr(a, s, word, n, e) < 0)
                return -1;
            continue;
        }
        if (inputs == 3)
            return err_set(e, "%s takes three inputs at most", s->op);
        s->in[inputs++] = span_copy(word);
    }
    return 0;
}
