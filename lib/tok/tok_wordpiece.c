/* tok_wordpiece: the longest piece at each place of a word. Source: BERT (Devlin and others, 2018), as tokenizers reads
 * it. */
#include <string.h>

#include "tok/tok_int.h"

static uint32_t find_at(struct tok_run *r, const char *s, size_t n, bool first)
{
    struct buf *b = &r->spare;

    if (first)
        return tok_find_own(r->t, s, n);
    b->len = 0;
    buf_puts(b, r->t->affix_prefix);
    buf_add(b, s, n);
    return tok_find_own(r->t, (const char *)b->data, b->len);
}

int tok_wordpiece_word(struct tok_run *r, size_t at, size_t len)
{
    size_t first = r->out->n, chars = 0;

    for (size_t i = at; i < at + len; i++)
        chars += (r->text.data[i] & 0xc0) != 0x80;
    for (size_t done = 0, end; done < len && chars <= r->t->word_max; done = end) {
        const char *s = (const char *)r->text.data + at;
        uint32_t id = TOK_NONE;

        for (end = len; end > done && (id = find_at(r, s + done, end - done, done == 0)) == TOK_NONE;)
            for (end--; end > done && (s[end] & 0xc0) == 0x80;)
                end--;
        if (id == TOK_NONE) {
            chars = SIZE_MAX;
            break;
        }
        tok_ids_add(r->out, id);
    }
    if (chars > r->t->word_max) { /* a word with a part that no piece stands for is unknown as a whole */
        r->out->n = first;
        tok_unknown_emit(r, at, len, first, false);
    }
    return 0;
}
