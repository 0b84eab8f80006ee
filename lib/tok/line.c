#include "tok/line.h"

#include <inttypes.h>
#include <stdlib.h>

#include "wire/mp.h"

static int encode(struct buf *b, const struct record *r, struct tok *tok, int special, size_t *dropped, struct err *e)
{
    struct tok_ids out = {0};
    int rc;

    tok_begin(tok, &out);
    rc = tok_encode(tok, r->text, r->text_len, special, &out, e);
    for (size_t i = 0; rc == 0 && i < out.n; i++)
        buf_printf(b, "%s%" PRIu32, i ? " " : "", out.id[i]);
    buf_add(b, "\n", 1);
    *dropped += out.dropped;
    free(out.id);
    return rc;
}

int tok_line(struct buf *b, const struct record *r, struct tok *tok, int special, size_t *dropped, struct err *e)
{
    struct mp_in m = {r->tokens, r->tokens + r->tokens_len};
    struct mp_value v;

    if (!r->tokens && tok)
        return encode(b, r, tok, special, dropped, e);
    if (!r->tokens || mp_next(&m, &v) < 0 || v.kind != MP_ARRAY)
        return err_set(e, "it has no token ids; --tokenizer FOLDER makes them");
    for (uint32_t i = 0, n = v.n; i < n; i++) {
        if (mp_next(&m, &v) < 0 || v.kind != MP_INT)
            return err_set(e, "token %u is no integer", i);
        buf_printf(b, "%s%" PRIu64, i ? " " : "", v.u);
    }
    buf_add(b, "\n", 1);
    return 0;
}
