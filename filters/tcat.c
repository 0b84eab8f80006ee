/*
 * tcat: copy streams, one after another; choose tensors; store them anew. The map filter to copy when you write one:
 * parse, check, open, one visible loop, finish.
 */
#include "base/die.h"
#include "base/opt.h"
#include "base/parse.h"
#include "base/progress.h"
#include "base/target.h"
#include "tensor/dense.h"
#include "tensor/describe.h"
#include "tensor/select.h"
#include "tensor/stream.h"
#include "wire/codec.h"

static struct select sel;
static const char *path = "-";
static int zstd, split, bitmask, raw; /* how to store */
static uint64_t level = 3;            /* of zstd: its own default */
static int pieces;
static int dense, type = -1; /* -1: the type each tensor came from */
static struct err e;

static int set_level(const char *arg, struct err *why)
{
    zstd = 1;
    if (arg && (parse_u64(arg, &level, why) < 0 || level < 1 || level > 22))
        return err_set(why, "'%s' is not a level from 1 to 22", arg);
    return 0;
}

static int set_dense(const char *arg, struct err *why)
{
    dense = 1;
    return arg && (type = dtype_find_float(arg, why)) < 0 ? -1 : 0;
}

static const struct opt opts[] = {
    {'o', "output", "FILE", OPT_STRING | OPT_UNSAID, &path,
     "write to FILE, which appears when it is whole (default: stdout)", 0},
    {'z', "zstd", "[LEVEL]", OPT_CALL, 0, "store all anew with zstd, level 1 to 22 (default 3)", set_level},
    {0, "split-bytes", 0, OPT_FLAG, &split,
     "... of the elements' first bytes, then their second ...: floats shrink more", 0},
    {0, "bitmask", 0, OPT_FLAG, &bitmask, "store zeros as bits: for sparse weights", 0},
    {0, "raw", 0, OPT_FLAG, &raw, "store all plainly", 0},
    {0, "dense", "[DTYPE]", OPT_CALL, 0, "turn every form into plain rows of DTYPE (default: the type they came from)",
     set_dense},
    {0, "pieces", 0, OPT_FLAG | OPT_UNSAID, &pieces,
     "read pieces cut at records, without head or tail; write whole streams", 0},
    SELECT_OPTS(sel),
    OPT_END};

/* The codec asked for, or -1 to leave chunks as they are. */
static int codec(void)
{
    if ((zstd || split) + bitmask + raw > 1)
        die_usage("of -z (with or without --split-bytes), --bitmask and --raw only one can be");
    return split ? CODEC_TURNED : zstd ? CODEC_ZSTD : bitmask ? CODEC_BITMASK : raw ? CODEC_RAW : -1;
}

static void copy(const char *from, struct target *to, int how, int last)
{
    struct reader *in = pieces ? reader_file_piece(from, &e) : reader_file(from, &e);
    struct writer *out = in ? writer_open(target_fd(to), path, in, &e) : NULL;
    struct bundle b = {0};
    int got;

    if (!out)
        die("%s", e.msg);
    reader_skips(in, SKIP_UNASKED);
    if (how >= 0) {
        writer_codec(out, how, (int)level);
        writer_recode(out, 1);
    }
    if (select_given(&sel) || dense)
        writer_drop_manifest(out);
    progress_total(reader_head(in)->tensors, reader_head(in)->bytes);
    while ((got = bundle_read(in, &b, &e)) > 0) {
        progress_step(1, describe_bytes(&b, 0));
        if (!select_match(&sel, &b))
            continue;
        if ((dense ? bundle_pass_dense(out, in, &b, type, &e) : bundle_write(out, in, &b, &e)) < 0)
            die("%s: %s", b.name, e.msg);
    }
    if (got < 0 || (last && select_end(&sel, &reader_head(in)->model, SELECT_CHOSEN, NULL, &e) < 0) ||
        writer_finish(out, &e) < 0)
        die("%s", e.msg);
    bundle_free(&b);
    reader_close(in);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {
        "tcat",
        "[OPTION]... [FILE]...",
        "Copy streams, one after another; choose tensors; store them anew.",
        opts,
        opt_common,
        "Without FILE, or where FILE is -, standard input is read. Tensors that are not chosen are left out.\n"};
    int files = opt_parse(argc, argv, &spec), how = codec();
    struct target *to;

    if (select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    to = target_open(path, &e);
    if (!to)
        die("%s", e.msg);
    for (int i = 1; i <= (files ? files : 1); i++)
        copy(files ? argv[i] : "-", to, how, i >= files);
    progress_end();
    if (target_commit(to, &e) < 0)
        die("%s", e.msg);
    return 0;
}
