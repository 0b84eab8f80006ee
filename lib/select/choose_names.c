/* choose_names: a condition on a name that no record has is a slip; shards that have not come. */
#include <inttypes.h>

#include "select/choose_int.h"

void choose_note_names(struct choose *ch, const struct record *r)
{
    int n = ch->c->where.n;
    double v;

    ch->read++;
    for (int i = 0; i < n; i++)
        if (!ch->known[i])
            ch->known[i] = (uint8_t)where_knows(ch->where[i], r);
    if (ch->by && !ch->known[n])
        ch->known[n] = (uint8_t)record_number(r, ch->by, &v);
}

static int no_name(const struct choose *ch, struct err *e)
{
    for (int i = 0; ch->read && i < ch->c->where.n; i++)
        if (!ch->known[i])
            return err_set(e, "--where '%s': none of %" PRIu64 " records has '%s'", ch->c->where.item[i], ch->read,
                           where_name(ch->where[i]));
    if (ch->read && ch->by && !ch->known[ch->c->where.n])
        return err_set(e, "--by %s: none of %" PRIu64 " records has such a number", ch->c->by, ch->read);
    return 0;
}

int choose_names(const struct choose *ch, struct err *e)
{
    return no_name(ch, e) == 0 ? 0 : ch->part ? 1 : -1;
}

static int add_mark(struct choose *ch, const struct head *h, struct err *e)
{
    if (!h->shards)
        return 0;
    if (ch->shards && ch->shards != h->shards)
        return err_set(e, "a shard of %" PRId64 " after one of %" PRId64, h->shards, ch->shards);
    if (!ch->shard) {
        ch->shards = h->shards;
        ch->shard = mem_new((size_t)h->shards, 1);
    }
    if (ch->shard[h->shard - 1]++)
        return err_set(e, "shard %" PRId64 " of %" PRId64 " has come twice", h->shard, h->shards);
    return 0;
}

int choose_end_input(struct choose *ch, struct records *in, struct records_out *out, struct err *e)
{
    struct reader *from = records_reader(in);
    int single;

    if (!from)
        return 0;
    single = ++ch->inputs == 1 && reader_segment(from) == 1;
    if (single || ch->inputs == 1)
        writer_inherit(records_out_writer(out), from, single);
    else
        writer_head(records_out_writer(out))->shard = writer_head(records_out_writer(out))->shards = 0;
    return reader_segment(from) == 1 ? add_mark(ch, reader_head(from), e) : 0;
}

int64_t choose_missing(const struct choose *ch, int64_t after, int64_t *shards)
{
    *shards = ch->shards;
    for (int64_t i = after; i < ch->shards; i++)
        if (!ch->shard[i])
            return i + 1;
    return 0;
}
