/* marks: any bytes as lines of signatures or decisions of ddup: those that are taken are written as they came. Odd
 * first byte: the record as in a stream. */
#include "dup/dup.h"

#include <stdlib.h>
#include <string.h>

#include "record/jsonl.h"
#include "tests/fuzz/fuzz.h"
#include "wire/mp.h"

FUZZ_ROOM(KIB(256), 64)

static void same(const struct buf *a, const struct record *r)
{
    struct mp_in m;

    if (!record_meta(r, DUP_KEY, &m) || (size_t)(m.end - m.p) != a->len || memcmp(m.p, a->data, a->len) != 0)
        abort();
}

/* Of each kind that it can be. The value is compared as it was packed anew, since msgpack has many ways to write a
 * number. */
static void take(const struct record *r)
{
    static const struct dup_opts o = {.p = {"exact", "", 1, SHINGLE_WORDS, 1, 1, 4, 1, 4}, .shard = 1, .shards = 1};
    struct buf settings = {0}, packed = {0}, set = {0}, set2 = {0};
    struct record back = {0};
    struct dup_mark mark, again;
    struct dup_verdict v;
    uint32_t sig[4], sig2[4];
    uint64_t shard, shards, n;
    struct err e = {""};
    int keep;

    dup_settings(&o, &settings);
    if (dup_end_get(r, &shard, &shards, &n)) {
        dup_end_put(&back, &packed, shard, shards, n);
        if (!dup_end_get(&back, &shard, &shards, &n))
            abort();
        same(&packed, &back);
    }
    if (dup_mark_get(r, buf_str(&settings), &mark, &shards, sig, 4, &set, &e) == 0) {
        struct dup_opts of = o;

        of.shards = shards;
        dup_mark_put(&back, &packed, &of, &mark, 4);
        if (dup_mark_get(&back, buf_str(&settings), &again, &shards, sig2, 4, &set2, &e) < 0 ||
            again.pref != mark.pref || again.at != mark.at || again.record != mark.record ||
            again.shard != mark.shard || (mark.sig && memcmp(sig, sig2, sizeof sig) != 0) || set.len != set2.len ||
            (set.len && memcmp(set.data, set2.data, set.len) != 0))
            abort();
    }
    if (dup_verdict_get(r, &v, &shards, &keep, &e) == 0) {
        dup_verdict_put(&back, &packed, &v, shards, keep);
        if (dup_verdict_get(&back, &v, &shards, &keep, &e) < 0)
            abort();
    }
    record_free(&back);
    buf_free(&settings);
    buf_free(&packed);
    buf_free(&set);
    buf_free(&set2);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct record r = {0};
    struct buf line = {0};
    struct mp_in m = {p + 1, p + n};
    struct err e;

    if (n < 1)
        return 0;
    buf_add(&line, p + 1, n - 1);
    if ((*p % 2 ? record_unpack(&r, &m, &e)
                : jsonl_read(&r, (char *)buf_space(&line, 1) - line.len, line.len, "text", "id", &e)) == 0)
        take(&r);
    record_free(&r);
    buf_free(&line);
    return 0;
}
