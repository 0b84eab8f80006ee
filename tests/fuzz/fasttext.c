/* fasttext: any bytes as a model are one that scores texts, or a clause. */
#include "text/fasttext.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(1), 64)

static void use(const struct fasttext *f)
{
    static const char text[] = "the cat \xe6\x97\xa5\xff x__label__ __label__a\n </s> tail\0 y";
    struct fasttext_room *r = fasttext_room_new(f);
    double *score = mem_new((size_t)fasttext_labels(f), sizeof *score);
    size_t len;

    for (int how = FASTTEXT_SPACE; how <= FASTTEXT_END; how++)
        fasttext_score(f, r, text, sizeof text, (enum fasttext_newline)how, score);
    for (int32_t i = 0; i < fasttext_labels(f); i++)
        if (fasttext_label(f, i, &len)[len] != '\0')
            abort();
    free(score);
    fasttext_room_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct err e = {""};
    struct fasttext *f = fasttext_open(p, n, &e);

    if (!f != (e.msg[0] != '\0'))
        abort();
    if (f && fasttext_labels(f) < 1000)
        use(f);
    fasttext_close(f);
    return 0;
}
