/*
 * tok_charsmap: SentencePiece's precompiled_charsmap: uint32 bytes of a trie, the trie (a double array of uint32, as
 * darts-clone lays it out), and the texts that its values point to, each ending in NUL; little-endian. Every offset is
 * checked: the map is a file's.
 */
#include <string.h>

#include "tok/tok_int.h"

static uint32_t unit(const struct tok_charsmap *m, size_t i)
{
    const uint8_t *p = m->raw.data + 4 + 4 * i;

    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int tok_charsmap_read(struct tok_charsmap *m, const void *p, size_t n, struct err *e)
{
    uint32_t bytes;

    m->raw.len = 0;
    buf_add(&m->raw, p, n);
    if (n < 8)
        return err_set(e, "the character map is %zu bytes", n);
    m->units = 0;
    bytes = m->raw.data[0] | (uint32_t)m->raw.data[1] << 8 | (uint32_t)m->raw.data[2] << 16 |
            (uint32_t)m->raw.data[3] << 24;
    if (bytes % 4 || bytes < 4 || bytes > n - 4)
        return err_set(e, "the character map's trie has %u bytes, of %zu", bytes, n - 4);
    m->units = bytes / 4;
    m->text = 4 + bytes;
    if (m->text < n && m->raw.data[n - 1])
        return err_set(e, "the character map's last text does not end");
    for (size_t i = m->text, len; i < n; i += len)
        if (!(len = tok_utf8((const char *)m->raw.data + i, n - i)))
            return err_set(e, "the character map's texts are not UTF-8 at byte %zu", i);
    return 0;
}

static size_t offset(uint32_t u)
{
    return (size_t)(u >> 10) << ((u & 1u << 9) >> 6);
}

size_t tok_charsmap_find(const struct tok_charsmap *m, const char *s, size_t n, bool longest, const char **to,
                         size_t *to_n)
{
    size_t at = offset(unit(m, 0)), found = 0;

    for (size_t i = 0; i < n && s[i]; i++) {
        uint32_t u;
        size_t value;

        at ^= (uint8_t)s[i];
        if (at >= m->units || ((u = unit(m, at)) & (1u << 31 | 0xff)) != (uint8_t)s[i])
            break;
        at ^= offset(u);
        if (!(u >> 8 & 1))
            continue;
        if (at >= m->units || (value = m->text + (unit(m, at) & 0x7fffffff)) >= m->raw.len ||
            (m->raw.data[value] & 0xc0) == 0x80)
            break;
        *to = (const char *)m->raw.data + value;
        *to_n = strlen(*to);
        found = i + 1;
        if (!longest)
            break;
    }
    return found;
}
