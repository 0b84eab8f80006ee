#include "quant/flow.h"

#include <stdlib.h>
#include <string.h>

#include "run/feed.h"
#include "quant/awq.h"
#include "tensor/unseen.h"

struct total {
    uint64_t weights, before, after;
};

/* What b cannot have of the plan p. */
static void note_fallback(struct quant_flow *f, const struct bundle *b, const struct quant_plan *p,
                          const struct quant_plan *fit)
{
    char was[32], is[32];
    int other = strcmp(quant_plan_name(p, was), quant_plan_name(fit, is)) != 0;

    f->fallbacks += other || fit->method != p->method;
    if (fit->method != p->method)
        buf_printf(&f->fallback, "%s: has no gram, as %s: %s, not %s\n", b->name,
                   bundle_unseen(b) ? "its expert saw no token" : "it is no linear of a layer", fit->method->name,
                   p->method->name);
    if (other && p->kind == QUANT_BLOCKS && b->cols % p->ggml->block == 0)
        buf_printf(&f->fallback, "%s: has no norm2, as it is no linear of a layer: %s, not %s\n", b->name, is, was);
    else if (other)
        buf_printf(&f->fallback, "%s: %llu columns are no multiple of %u: %s, not %s\n", b->name,
                   (unsigned long long)b->cols, p->ggml->block, is, was);
}

/* One tensor: chosen or passed on; its bytes are counted either way. */
static int visit(struct quant_flow *f, struct reader *in, struct writer *out, struct bundle *b, struct total *all,
                 struct err *e)
{
    uint64_t n = b->rows * b->cols, before = quant_value_bytes(b), after = before;
    struct quant_plan p, fit;
    struct quant_tally t = {0};
    char is[32];
    int chosen = quant_want_choose(f->want, b, &p, e), rc = chosen < 0 ? -1 : 0;

    if (chosen > 0) {
        fit = quant_plan_for(&p, b);
        after = quant_plan_bytes(&fit, b->rows, b->cols) + quant_kept_bytes(b);
        f->chosen++;
        note_fallback(f, b, &p, &fit);
        rc = quant_plan_allows(&fit, b, f->importance, e);
        if (rc == 0 && out)
            rc = quant_pass(&fit, in, out, b, f->importance, f->measures ? &t : NULL, e);
        quant_tally_line(&f->report, b->name, quant_plan_name(&fit, is), n, before, after, &t);
    } else if (rc == 0 && out) {
        rc = bundle_write(out, in, b, e);
    }
    all->weights += n;
    all->before += before;
    all->after += after;
    return rc;
}

static int walk_layers(struct quant_flow *f, struct reader *in, struct writer *out, struct total *all, struct err *e)
{
    struct feed feed = {.in = in, .out = out};
    struct quant_plan p;
    struct model m = {0};
    int got;

    while ((got = feed_next(&feed, e)) > 0) {
        uint8_t *picked = mem_new((size_t)feed.n, 1);
        int chosen = 0;

        for (int i = 0; i < feed.n && chosen >= 0; i++)
            picked[i] = (chosen = quant_want_choose(f->want, &feed.b[i], &p, e)) > 0;
        got = chosen < 0 ? -1 : got;
        if (got > 0 && !m.arch && model_open(&m, &reader_head(in)->model, e) < 0)
            got = -1;
        if (got > 0 && feed.b[0].layer >= 0 && awq_layer(&f->want->plan, &m, feed.b, feed.n, picked, e) < 0)
            got = -1;
        for (int i = 0; got > 0 && i < feed.n; i++)
            got = visit(f, in, out, &feed.b[i], all, e) < 0 ? -1 : 1;
        free(picked);
        if (got < 0)
            break;
    }
    if (m.arch)
        model_close(&m);
    feed_free(&feed);
    return got;
}

static int walk(struct quant_flow *f, struct reader *in, struct writer *out, struct total *all, struct err *e)
{
    struct bundle b = {0};
    int got;

    while ((got = bundle_read(in, &b, e)) > 0 && (got = visit(f, in, out, &b, all, e)) >= 0)
        ;
    bundle_free(&b);
    return got;
}

int quant_flow(struct quant_flow *f, struct reader *in, struct writer *out, struct err *e)
{
    struct total all = {0};
    int got;

    buf_puts(&f->report, QUANT_TALLY_TITLES);
    got = out && quant_want_layers(f->want) ? walk_layers(f, in, out, &all, e) : walk(f, in, out, &all, e);
    quant_tally_line(&f->report, "total", "-", all.weights, all.before, all.after, &(struct quant_tally){0});
    return got;
}

void quant_flow_tell(const struct quant_flow *f, int by_name, void (*tell)(const char *line))
{
    char *text = mem_strndup(f->fallback.len ? (const char *)f->fallback.data : "", f->fallback.len), *rest = text,
         *line;
    struct err many;

    while (by_name && (line = strsep(&rest, "\n")))
        if (*line)
            tell(line);
    free(text);
    if (!f->fallbacks || by_name)
        return;
    err_set(&many, "%llu of %llu tensors took a fallback; -v names them", (unsigned long long)f->fallbacks,
            (unsigned long long)f->chosen);
    tell(many.msg);
}
