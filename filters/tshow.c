/* tshow: what is in a stream: a list, one JSON object a record, or all of it as text. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/die.h"
#include "base/opt.h"
#include "record/item_json.h"
#include "tensor/describe.h"
#include "tensor/select.h"
#include "tensor/stream.h"
#include "tensor/twin.h"

static struct select sel;
static int verbose, data, json;
static struct err e;
static struct twin_out twin = {.fd = STDOUT_FILENO};
static uint64_t tensors, bytes;

static const struct opt opts[] = {
    {0, "data", 0, OPT_FLAG, &data, "the whole stream as text, which tload reads back", 0},
    {0, "json", 0, OPT_FLAG, &json, "one JSON object a record", 0},
    {'v', "verbose", 0, OPT_FLAG, &verbose, "before the list, the head and its history", 0},
    SELECT_OPTS(sel),
    OPT_END};

/* The end of a segment's text, and the head of the next. */
static int next_segment(struct reader *in)
{
    static uint64_t now = 1;

    if (reader_segment(in) == now)
        return 0;
    now = reader_segment(in);
    return twin_put_end(&twin, reader_tail_model(in), &e) < 0 ? -1 : twin_put_head(&twin, reader_head(in), &e);
}

static int show_data(struct reader *in, struct item *it)
{
    struct buf payload = {0};
    int rc;

    if (next_segment(in) < 0)
        return -1;
    if (it->kind == ITEM_TENSOR)
        return bundle_load(in, &it->b, &e) < 0 ? -1 : twin_put_bundle(&twin, &it->b, &e);
    rc = item_load(in, it, &payload, &e) < 0 ? -1 : twin_put_item(&twin, it, &payload, &e);
    buf_free(&payload);
    return rc;
}

static int show(struct reader *in, struct item *it)
{
    static struct buf line;

    if (it->kind == ITEM_TENSOR) {
        if (!select_match(&sel, &it->b))
            return 0;
        tensors++;
        bytes += describe_bytes(&it->b, 0);
    }
    if (data)
        return show_data(in, it);
    line.len = 0;
    (json ? json_put_item : describe_item)(&line, it);
    puts(buf_str(&line));
    return 0;
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {
        "tshow",
        "[OPTION]... [FILE]",
        "Show what is in a stream.",
        opts,
        NULL,
        "The list is name, shape, type, bytes, role, layer and companions between tabs, then a line of totals.\n"};
    int files = opt_parse(argc, argv, &spec), got;
    struct item it = {0};
    struct reader *in;

    if (files > 1 || data + json > 1 || select_check(&sel, &e) < 0)
        die_usage("%s", files > 1         ? "one FILE at most; tcat joins several"
                        : data + json > 1 ? "--data or --json, not both"
                                          : e.msg);
    in = reader_file(files ? argv[1] : "-", &e);
    if (!in)
        die("%s", e.msg);
    reader_allow_partial(in, 1);
    if (!data)
        reader_skips(in, SKIP_ALL);
    if ((data || verbose) && twin_put_head(&twin, reader_head(in), &e) < 0)
        die("%s", e.msg);
    if (!data && twin_flush(&twin, &e) < 0)
        die("%s", e.msg);
    if (!data && !json)
        puts("name\tshape\ttype\tbytes\trole\tlayer\tcompanions");
    while ((got = stream_next(in, &it, &e)) > 0)
        if (show(in, &it) < 0)
            die("%s: %s", it.kind == ITEM_TENSOR ? it.b.name : it.kind_name, e.msg);
    if (got < 0 || select_end(&sel, &reader_head(in)->model, SELECT_CHOSEN, NULL, &e) < 0 ||
        (data && (twin_put_end(&twin, reader_tail_model(in), &e) < 0 || twin_flush(&twin, &e) < 0)))
        die("%s", e.msg);
    if (!data && !json)
        printf("total\t%" PRIu64 "\t-\t%" PRIu64 "\t-\t-\t-\n", tensors, bytes);
    item_free(&it);
    buf_free(&twin.text);
    reader_close(in);
    finish_stdout();
    return 0;
}
