/* Words around every code point, against Python 3.11's lower() and re: words.tsv, made by words.py. */
#include <nettle/sha2.h>

#include "base/utf8.h"
#include "tests/unit/check.h"
#include "text/words.h"

#define BLOCK 0x4000

/* text(c) of words.py */
static size_t make(unsigned char *out, uint32_t c)
{
    static const char form[] = "A%\xce\xa3 %\xce\xa3%b %.\xce\xa3 X\xce\xa3% \xc4\xb0%\xc4\xb0";
    size_t n = 0;

    for (const char *p = form; *p; p++)
        if (*p == '%')
            n += utf8_put(out + n, c);
        else
            out[n++] = (unsigned char)*p;
    return n;
}

static void add(struct sha256_ctx *h, struct words *w, uint32_t c)
{
    unsigned char text[128];
    size_t at, len;

    words_begin(w, text, make(text, c));
    while (words_next(w, &at, &len)) {
        sha256_update(h, len, w->low.data + at);
        sha256_update(h, 1, (const unsigned char *)"\n");
    }
}

static void block(uint32_t first, const char *want)
{
    struct words w = {0};
    struct sha256_ctx h;
    unsigned char d[SHA256_DIGEST_SIZE];
    char hex[65];

    sha256_init(&h);
    for (uint32_t c = first; c < first + BLOCK; c++)
        if (c < 0xd800 || c >= 0xe000)
            add(&h, &w, c);
    sha256_digest(&h, sizeof d, d);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", d[i]);
    CHECK_STR(hex, want);
    words_free(&w);
}

int main(void)
{
    FILE *f = fopen("tests/vectors/words.tsv", "r");
    char line[200], want[65];
    unsigned first, n = 0;

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "%x %64s", &first, want) == 2)
            block(first, want), n++;
    CHECK(n == 0x110000 / BLOCK);
    if (f)
        fclose(f);
    return DONE();
}
