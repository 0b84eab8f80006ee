/* tok_decode: ids back to bytes. */
#include <string.h>

#include "tok/tok_int.h"

/* Byte that each letter of the byte alphabet stands for, by code point; -1 for other letters. */
static void alphabet_inverse(int16_t byte[512])
{
    uint16_t code[256];

    tok_byte_alphabet(code);
    memset(byte, 0xff, 512 * sizeof *byte);
    for (int b = 0; b < 256; b++)
        byte[code[b]] = (int16_t)b;
}

/* Bytes of a piece in the byte alphabet; letters that are none of its stand for themselves. */
static void alphabet_decode(const int16_t byte[512], const char *s, size_t n, struct buf *out)
{
    while (n) {
        size_t len = tok_utf8(s, n);
        unsigned c = len == 1   ? (unsigned char)s[0]
                     : len == 2 ? ((unsigned char)s[0] & 0x1fu) << 6 | ((unsigned char)s[1] & 0x3fu)
                                : 511;

        if (c < 512 && byte[c] >= 0)
            buf_add(out, &(uint8_t){(uint8_t)byte[c]}, 1);
        else
            buf_add(out, s, len ? len : 1);
        s += len ? len : 1;
        n -= len ? len : 1;
    }
}

static void spaces_decode(const char *s, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n;) {
        bool space = n - i >= 3 && memcmp(s + i, TOK_SPACE, 3) == 0;

        buf_add(out, space ? " " : s + i, 1);
        i += space ? 3 : 1;
    }
}

static uint8_t byte_of(const struct tok *t, uint32_t id)
{
    int b = 0;

    while (b < 255 && t->byte_id[b] != id)
        b++;
    return (uint8_t)b;
}

static void piece_decode(const struct tok *t, const int16_t alphabet[512], uint32_t id, struct buf *out)
{
    const char *s = (const char *)t->text.data + t->piece[id].at;
    size_t n = t->piece[id].len;
    int type = t->piece[id].type;

    if (type == TOK_CONTROL)
        return;
    if (type == TOK_UNKNOWN)
        buf_puts(out, " \xe2\x81\x87 ");
    else if (type == TOK_BYTE)
        buf_add(out, &(uint8_t){byte_of(t, id)}, 1);
    else if (t->kind == TOK_SPM)
        spaces_decode(s, n, out);
    else if (type == TOK_USER_DEFINED)
        buf_add(out, s, n);
    else
        alphabet_decode(alphabet, s, n, out);
}

int tok_decode(const struct tok *t, const uint32_t *ids, size_t n, struct buf *out, struct err *e)
{
    size_t before = out->len;
    int16_t alphabet[512];

    for (size_t i = 0; i < n; i++)
        if (ids[i] >= t->n)
            return err_set(e, "id %u at %zu is not below %u", ids[i], i, t->n);
    alphabet_inverse(alphabet);
    for (size_t i = 0; i < n; i++)
        piece_decode(t, alphabet, ids[i], out);
    if (tok_space_prefix(t) && out->len > before && out->data[before] == ' ') {
        memmove(out->data + before, out->data + before + 1, out->len - before - 1);
        out->len--;
    }
    return 0;
}
