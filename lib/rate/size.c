/*
 * size: how long a record is: `bytes` of its UTF-8, `chars` (code points), `lines` (line feeds, and a last line without
 * one). For conditions and budgets of dsel. No parameters; O(bytes).
 */
#include "base/utf8.h"
#include "rate/rate.h"

static int open_size(void **state, int *usage, struct err *e)
{
    (void)usage;
    (void)e;
    *state = NULL;
    return 0;
}

static int apply(void *state, struct record *r, struct err *e)
{
    size_t lines = 0;

    (void)state;
    (void)e;
    for (size_t i = 0; i < r->text_len; i++)
        lines += r->text[i] == '\n';
    lines += r->text_len && r->text[r->text_len - 1] != '\n';
    record_set_score(r, "bytes", (double)r->text_len);
    record_set_score(r, "chars", (double)utf8_count(r->text, r->text_len));
    record_set_score(r, "lines", (double)lines);
    return 0;
}

static void close_size(void *state)
{
    (void)state;
}

const struct rate_method rate_size = {.name = "size",
                                      .brief = "bytes, characters and lines of each record",
                                      .open = open_size,
                                      .apply = apply,
                                      .close = close_size};
