/* tok_json: any bytes as tokenizer.json are a tokenizer that encodes and decodes, or a clause. */
#include "tok/tok.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(1), 64)

/* Every id is below the vocabulary's size, and decodes. */
static void use(const struct tok *t)
{
    static const char text[] = "  The the whale; it's 12\n\t \xe6\x97\xa5\xe2\x96\x81\xff\xe2\x82<tok> a<s>";
    struct tok_ids ids = {0};
    struct buf back = {0};
    struct err e;

    if (tok_encode(t, text, sizeof text, 0, &ids, &e) == 0 && tok_decode(t, ids.id, ids.n, &back, &e) < 0)
        abort();
    for (uint32_t id = 0; id < tok_vocab(t); id++) {
        size_t len;

        if (strlen(tok_piece(t, id, &len)) > len || tok_type(t, id) < TOK_NORMAL || tok_type(t, id) > TOK_BYTE)
            abort();
    }
    free(ids.id);
    buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct tok_files f = {.json = {.data = (uint8_t *)p, .len = n}};
    struct err e = {""};
    struct tok *t = tok_open(&f, &e);

    if (!t != (e.msg[0] != '\0'))
        abort();
    if (t)
        use(t);
    tok_close(t);
    return 0;
}
