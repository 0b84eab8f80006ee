/* policy_slice: sets of layers, as "1/8+2:7/8:3". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "quant/policy_int.h"

#define SMALL 1000000 /* of any number in it */

static int small(const char *word, int64_t *out, struct err *e)
{
    if (parse_i64(word, out, e) < 0)
        return -1;
    return *out >= 0 && *out <= SMALL ? 0 : err_set(e, "%" PRId64 " is not 0 to %d", *out, SMALL);
}

/* "3", "1/8", "1/8+2", "1-3"; text is cut. */
static int bound_read(struct policy_bound *b, char *text, struct err *e)
{
    char *sign = strpbrk(text, "+-"), *bar;
    int minus = sign && *sign == '-';

    *b = (struct policy_bound){0, 1, 0};
    if (sign) {
        *sign = '\0';
        if (small(sign + 1, &b->add, e) < 0)
            return -1;
    }
    b->add = minus ? -b->add : b->add;
    if ((bar = strchr(text, '/'))) {
        *bar = '\0';
        if (small(text, &b->num, e) < 0 || small(bar + 1, &b->den, e) < 0)
            return -1;
        return b->den > 0 ? 0 : err_set(e, "a share of layers has 0 below the line");
    }
    if (small(text, &b->den, e) < 0)
        return -1;
    b->add += b->den;
    b->den = 1;
    return 0;
}

int policy_slice_read(struct policy_slice *s, const char *text, struct err *e)
{
    char *copy = mem_strdup(text), *rest = copy, *from = strsep(&rest, ":"), *to = strsep(&rest, ":"), *step = rest;
    int rc = 0;

    *s = (struct policy_slice){{0, 1, 0}, {1, 1, 0}, 1};
    if (*from)
        rc = bound_read(&s->from, from, e);
    else if (!to)
        rc = err_set(e, "it is empty");
    if (rc == 0 && to && *to)
        rc = bound_read(&s->to, to, e);
    if (rc == 0 && step && (small(step, &s->step, e) < 0 || s->step == 0))
        rc = err_set(e, "the step '%s' is no number above 0", step);
    if (!to) {
        s->to = s->from;
        s->to.add++;
    }
    free(copy);
    return rc < 0 ? err_in(e, "layers '%s'", text) : 0;
}

static int64_t at(const struct policy_bound *b, int64_t layers)
{
    return layers * b->num / b->den + b->add;
}

int policy_slice_has(const struct policy_slice *s, int64_t layers, int64_t layer)
{
    int64_t from = at(&s->from, layers);

    return layer >= from && layer < at(&s->to, layers) && (layer - from) % s->step == 0;
}
