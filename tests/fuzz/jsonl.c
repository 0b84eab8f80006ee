/* jsonl: any bytes are a record or a clause; what is written of a record is read back as the same, as a line and as a
 * block's map. */
#include "record/jsonl.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "wire/mp.h"

FUZZ_ROOM(MIB(1), 64)

static void must(int ok)
{
    if (!ok)
        abort();
}

static void equal(const struct record *a, const struct record *b)
{
    struct buf x = {0}, y = {0};

    record_pack(&x, a);
    record_pack(&y, b);
    must(x.len == y.len && memcmp(x.data, y.data, x.len) == 0);
    buf_free(&x);
    buf_free(&y);
}

static void same_text(const struct record *a, const struct record *b)
{
    must(a->text_len == b->text_len && memcmp(a->text, b->text, a->text_len) == 0);
    must(a->id_len == b->id_len && memcmp(a->id, b->id, a->id_len) == 0);
}

/* Text and id within objects: what can be written is read back as the same. */
static void nested(const uint8_t *p, size_t n)
{
    struct record r = {0}, again = {0};
    struct buf line = {0}, out = {0};
    struct err e = {""};

    buf_add(&line, p, n);
    if (jsonl_read(&r, n ? (char *)line.data : "", n, "a.b", "a.id.c", &e) < 0) {
        must(e.msg[0] != 0);
    } else if (jsonl_write(&out, &r, "a.b", "a.id.c", &e) == 0) {
        must(jsonl_read(&again, (char *)out.data, out.len, "a.b", "a.id.c", &e) == 0);
        same_text(&r, &again);
    } else {
        must(e.msg[0] != 0);
    }
    record_free(&r);
    record_free(&again);
    buf_free(&line);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct record r = {0}, again = {0};
    struct buf line = {0}, out = {0};
    struct err e = {""};
    struct mp_in m;

    buf_add(&line, p, n);
    if (jsonl_read(&r, n ? (char *)line.data : "", n, "text", "id", &e) < 0) {
        must(e.msg[0] != 0);
    } else {
        record_set_meta(&r, "k", "v", 1);
        must(jsonl_write(&out, &r, "text", "id", &e) == 0);
        must(jsonl_read(&again, (char *)out.data, out.len, "text", "id", &e) == 0);
        equal(&r, &again);
        out.len = 0;
        record_pack(&out, &r);
        m = (struct mp_in){out.data, out.data + out.len};
        must(record_unpack(&again, &m, &e) == 0 && m.p == m.end);
        equal(&r, &again);
    }
    nested(p, n);
    m = (struct mp_in){p, p + n};
    if (record_unpack(&again, &m, &e) == 0)
        equal(&again, &again);
    record_free(&r);
    record_free(&again);
    buf_free(&line);
    buf_free(&out);
    return 0;
}
