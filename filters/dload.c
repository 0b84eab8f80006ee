/* dload: files of texts to text records. A source: for each file its records, refused ones aside. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/opt.h"
#include "base/parse.h"
#include "base/progress.h"
#include "base/shard.h"
#include "base/target.h"
#include "record/cut.h"
#include "record/json.h"
#include "record/load.h"

#define RAW_MAX 65536 /* bytes of a refused line that --rejects shows; its place says where all of it is */

static struct load_opts how = {.format = LOAD_AUTO, .text_field = "text", .id_field = "id", .max_bytes = RECORD_MAX_BYTES};
static struct records_opts put;
static const char *meta, *rejects, *bytes;
static struct shard shard;
static int strict;
static uint64_t refused, from, to = UINT64_MAX;
static struct target *reject_file;
static struct err e;

static int set_format(const char *arg, struct err *why)
{
    int f = load_format_find(arg);

    how.format = f < 0 ? LOAD_AUTO : (enum load_format)f;
    return f < 0 ? err_set(why, "'%s' is none of auto jsonl wet text lines paragraphs", arg) : 0;
}

static int set_shard(const char *arg, struct err *why)
{
    return shard_parse(arg, &shard, why);
}

static const struct opt opts[] = {
    {'f', "format", "NAME", OPT_CALL, 0, "auto, jsonl, wet, text, lines or paragraphs (default: auto, which is wet or jsonl)", set_format},
    {0, "text-field", "KEY", OPT_STRING, &how.text_field, "where a line has its text (default: text)", 0},
    {0, "id-field", "KEY", OPT_STRING, &how.id_field, "where a line has its id (default: id; without it a hash of the text)", 0},
    {0, "meta", "KEY,...", OPT_STRING, &meta, "keep only these further fields, or none: '' (default: all)", 0},
    {0, "shard", "I/N", OPT_CALL | OPT_UNSAID, 0, "only the I-th of N parts; auto or auto/N: as the environment says", set_shard},
    {0, "bytes", "FROM:TO", OPT_STRING, &bytes, "only the lines that begin in these bytes of one plain file", 0},
    {0, "max-bytes", "SIZE", OPT_SIZE, &how.max_bytes, "refuse longer lines and texts (default: 32M)", 0},
    {0, "rejects", "FILE", OPT_STRING, &rejects, "write what is refused there, with the reason, a JSON object a line", 0},
    {0, "strict", 0, OPT_FLAG, &strict, "stop at the first line that is refused", 0},
    {0, "lines", 0, OPT_FLAG, &put.lines, "write JSON objects, one a line, not a stream", 0},
    OPT_END
};

static void refuse(const char *file, const struct load_bad *bad)
{
    struct buf b = {0};

    if (strict)
        die("%s: line %" PRIu64 ": %s", file, bad->line, bad->why.msg);
    if (refused++ == 0)
        warn("%s: line %" PRIu64 ": %s: left out, and counted", file, bad->line, bad->why.msg);
    if (!reject_file)
        return;
    buf_puts(&b, "{\"file\":");
    json_put_string(&b, file, strlen(file));
    buf_printf(&b, ",\"line\":%" PRIu64 ",\"offset\":%" PRIu64 ",\"bytes\":%zu,\"reason\":", bad->line, bad->offset, bad->raw_len);
    json_put_string(&b, bad->why.msg, strlen(bad->why.msg));
    buf_puts(&b, ",\"raw\":");
    json_put_string(&b, bad->raw ? bad->raw : "", bad->raw_len < RAW_MAX ? bad->raw_len : RAW_MAX);
    buf_puts(&b, "}\n");
    if (io_write(target_fd(reject_file), b.data, b.len, &e) < 0)
        die("%s: %s", rejects, e.msg);
    buf_free(&b);
}

static void load_file(struct unzip *s, const struct cut *c, struct records_out *out)
{
    struct load *in = load_open(s, &how, c->from, c->to, &e);
    struct record r = {0};
    struct load_bad bad;
    int got;

    if (!in)
        die("%s", e.msg);
    for (uint64_t k = 0; (got = load_next(in, &r, &bad, &e)) > LOAD_END; k++) {
        if (c->each > 1 && k % c->each != c->nth)
            continue;
        if (got == LOAD_REFUSED) {
            refuse(unzip_name(s), &bad);
            continue;
        }
        if (meta)
            record_keep_meta(&r, meta);
        if (records_write(out, &r, &e) < 0)
            die("%s", e.msg);
        progress_step(1, r.text_len);
    }
    if (got < 0)
        die("%s", e.msg);
    load_close(in);
    record_free(&r);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {"dload", "[OPTION]... FILE|-...", "Read files of texts as text records.", opts, opt_common,
                                         "FILE may be compressed by gzip or zstd; its first bytes tell.\n"};
    int files = opt_parse(argc, argv, &spec), got;
    struct records_out *out;
    struct cuts *cuts;
    struct cut c;

    if (files == 0 || (bytes && (files > 1 || shard.n)))
        die_usage("%s", files ? "--bytes takes one FILE and no --shard" : "FILE is needed; - is standard input");
    if (bytes && parse_range(bytes, &from, &to, &e) < 0)
        die_usage("--bytes: %s", e.msg);
    cuts = cuts_open((const char **)argv + 1, files, how.format, shard.n ? (uint64_t)shard.i : 1, shard.n ? (uint64_t)shard.n : 1, from, to, &e);
    out = cuts ? records_out_open(STDOUT_FILENO, "standard output", &put, NULL, &e) : NULL;
    if (!out || (rejects && !(reject_file = target_open_text(rejects, &e))))
        die("%s", e.msg);
    if (shard.n > 1 && records_out_writer(out)) {
        writer_head(records_out_writer(out))->shard = shard.i;
        writer_head(records_out_writer(out))->shards = shard.n;
    }
    while ((got = cuts_next(cuts, &c, &e)) > 0) {
        load_file(c.file, &c, out);
        unzip_close(c.file);
    }
    if (got < 0 || records_finish(out, &e) < 0 || (reject_file && target_commit(reject_file, &e) < 0))
        die("%s", e.msg);
    if (refused > 1)
        warn("%" PRIu64 " lines were refused in all", refused);
    cuts_close(cuts);
    progress_end();
    finish_stdout();
    return 0;
}
