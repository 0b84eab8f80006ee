/* tload: the text form of a stream, as tshow --data writes it, to the stream. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/target.h"
#include "tensor/stream.h"
#include "tensor/twin.h"

static const char *path = "-";
static struct err e;

static const struct opt opts[] = {{'o', "output", "FILE", OPT_STRING | OPT_UNSAID, &path,
                                   "write to FILE, which appears when it is whole (default: stdout)", 0},
                                  OPT_END};

static int put(struct writer *out, struct item *it, const struct buf *payload)
{
    switch (it->kind) {
    case ITEM_TENSOR:
        return bundle_write(out, NULL, &it->b, &e);
    case ITEM_BLOB:
        return blob_write(out, it->name, payload->data, payload->len, &e);
    case ITEM_TEXT:
        return text_write(out, it->size, payload->data, payload->len, &e);
    default:
        return stat_write(out, it->name, &it->attrs, payload->data, payload->len, &e);
    }
}

static void load(struct twin *in, struct target *to)
{
    struct item it = {0};
    struct buf payload = {0};
    struct writer *out;
    int got, more;

    while ((more = twin_segment(in, &e)) > 0) {
        out = writer_open(target_fd(to), path, NULL, &e);
        if (!out || twin_head(in, writer_head(out), &e) < 0)
            die("%s", e.msg);
        while ((got = twin_next(in, &it, &payload, &e)) > 0)
            if (put(out, &it, &payload) < 0)
                die("%s: %s", it.kind == ITEM_TENSOR ? it.b.name : it.kind_name, e.msg);
        if (got == 0)
            attrs_copy(writer_tail_model(out), &it.attrs);
        if (got < 0 || writer_finish(out, &e) < 0)
            die("%s", e.msg);
    }
    if (more < 0)
        die("%s", e.msg);
    item_free(&it);
    buf_free(&payload);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {"tload",
                                         "[OPTION]... [FILE]",
                                         "Read the text form of a stream.",
                                         opts,
                                         NULL,
                                         "The text is what tshow --data writes; tshow(1) specifies it.\n"};
    int files = opt_parse(argc, argv, &spec);
    int from_file = files == 1 && strcmp(argv[1], "-") != 0;
    FILE *f = from_file ? fopen(argv[1], "re") : stdin;
    struct target *to;
    struct twin *in;

    if (files > 1)
        die_usage("one FILE at most");
    if (!f)
        die("cannot open %s: %s", argv[1], strerror(errno));
    to = target_open(path, &e);
    if (!to)
        die("%s", e.msg);
    in = twin_open(f, from_file ? argv[1] : "standard input");
    load(in, to);
    if (target_commit(to, &e) < 0)
        die("%s", e.msg);
    twin_close(in);
    return 0;
}
