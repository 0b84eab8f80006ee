/* dload: files of texts to text records. A source: for each file its records, refused ones aside. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/parse.h"
#include "base/progress.h"
#include "base/shard.h"
#include "record/cut.h"
#include "record/folder.h"
#include "record/lost.h"
#include "record/refusals.h"

static struct load_opts how = {
    .format = LOAD_AUTO, .text_field = "text", .id_field = "id", .max_bytes = RECORD_MAX_BYTES};
static struct records_opts put;
static const char *meta, *rejects, *bytes, *lost_path;
static struct shard shard;
static int strict;
static uint64_t from, to = UINT64_MAX;
static struct refusals *refusals;
static struct lost *lost; /* NULL: what is damaged ends the work */
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
    {'f', "format", "NAME", OPT_CALL, 0,
     "auto, jsonl, wet, text, lines or paragraphs (default: auto, which is wet or jsonl)", set_format},
    {0, "text-field", "KEY", OPT_STRING, &how.text_field,
     "where a line has its text, data.text within an object (default: text)", 0},
    {0, "id-field", "KEY", OPT_STRING, &how.id_field,
     "where a line has its id (default: id; without it a hash of the text)", 0},
    {0, "meta", "KEY,...", OPT_STRING, &meta, "keep only these further fields, or none: '' (default: all)", 0},
    {0, "shard", "I/N", OPT_CALL | OPT_UNSAID, 0, "only the I-th of N parts; auto or auto/N: as the environment says",
     set_shard},
    {0, "bytes", "FROM:TO", OPT_STRING, &bytes, "only the lines that begin in these bytes of one plain file", 0},
    {0, "max-bytes", "SIZE", OPT_SIZE, &how.max_bytes, "refuse longer lines and texts (default: 32M)", 0},
    {0, "rejects", "FILE", OPT_STRING, &rejects, "write what is refused there, with the reason, a JSON object a line",
     0},
    {0, "strict", 0, OPT_FLAG, &strict, "stop at the first line that is refused", 0},
    {0, "keep-going", "LIST", OPT_STRING, &lost_path,
     "go on past files that cannot be read whole; LIST names them, with the reason", 0},
    {0, "lines", 0, OPT_FLAG, &put.lines, "write JSON objects, one a line, not a stream", 0},
    OPT_END};

/* What a file gave. */
struct tally {
    uint64_t taken, refused;
    struct err first; /* the first refusal */
    const char *hint;
};

/* What a file may be of which no line is a record, told by its first line. */
static const char *guess(const struct load_bad *bad)
{
    if (how.format != LOAD_AUTO && how.format != LOAD_JSONL)
        return "";
    if (bad->raw_len && *bad->raw != '{' &&
        (memchr(bad->raw, ',', bad->raw_len) || memchr(bad->raw, '\t', bad->raw_len)))
        return "; it looks like CSV or TSV, and JSON lines are needed";
    return bad->raw_len < 3 && bad->raw_len && *bad->raw == '{'
               ? "; it looks like one JSON document; jq -c . makes a line of it"
               : "";
}

static void refuse(const char *file, const struct load_bad *bad, struct tally *t)
{
    if (strict)
        die("%s: line %" PRIu64 ": %s", file, bad->line, bad->why.msg);
    if (refusals_count(refusals) == 0)
        warn("%s: line %" PRIu64 ": %s: left out, and counted", file, bad->line, bad->why.msg);
    if (t->refused++ == 0) {
        err_set(&t->first, "line %" PRIu64 ": %s", bad->line, bad->why.msg);
        t->hint = guess(bad);
    }
    if (refusals_add(refusals, file, bad, &e) < 0)
        die("%s", e.msg);
}

/* The records of one file: 0, or -1 when it cannot be read to its end or nothing of it could be taken. */
static int load_file(struct unzip *s, const struct cut *c, struct records_out *out, struct tally *t)
{
    struct load *in = load_open(s, &how, c->from, c->to, &e);
    struct record r = {0};
    struct load_bad bad;
    int got = in ? 0 : -1;

    for (uint64_t k = 0; in && (got = load_next(in, &r, &bad, &e)) > LOAD_END; k++) {
        if (c->each > 1 && k % c->each != c->nth)
            continue;
        if (got == LOAD_REFUSED) {
            refuse(unzip_name(s), &bad, t);
            continue;
        }
        t->taken++;
        if (meta)
            record_keep_meta(&r, meta);
        if (records_write(out, &r, &e) < 0)
            die("%s", e.msg);
        progress_step(1, r.text_len);
    }
    if (got == 0 && !t->taken && t->refused)
        got = err_set(&e, "%s: nothing in it is a record: all of %" PRIu64 " refused, the first: %s%s", unzip_name(s),
                      t->refused, t->first.msg, t->hint);
    load_close(in);
    record_free(&r);
    return got;
}

static void load_all(struct cuts *cuts, struct records_out *out)
{
    struct cut c;
    int got;

    while ((got = cuts_next(cuts, &c, &e)) != 0) {
        struct tally t = {0};

        if (got > 0) {
            got = load_file(c.file, &c, out, &t);
            unzip_close(c.file);
        }
        if (got < 0 && !lost)
            die("%s", e.msg);
        if (got < 0)
            lost_add(lost, cuts_file(cuts), t.taken, e.msg);
    }
}

static void tell(void)
{
    struct buf b = {0};

    if (refusals_count(refusals) > 1) {
        refusals_tell(refusals, &b);
        warn("%s", buf_str(&b));
    }
    if (lost && lost_count(lost))
        warn("%d files could not be read whole: %s lists them", lost_count(lost), lost_path);
    buf_free(&b);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {"dload",
                                         "[OPTION]... FILE|FOLDER|-...",
                                         "Read files of texts as text records.",
                                         opts,
                                         opt_common,
                                         "FILE may be compressed by gzip or zstd; its first bytes tell.\n"};
    int files = opt_parse(argc, argv, &spec);
    struct records_out *out;
    struct cuts *cuts;
    char **list;

    if (files == 0 || (bytes && (files > 1 || shard.n)))
        die_usage("%s", files ? "--bytes takes one FILE and no --shard" : "FILE is needed; - is standard input");
    if ((rejects && strcmp(rejects, "-") == 0) || (lost_path && strcmp(lost_path, "-") == 0))
        die_usage("%s -: standard output is the records'",
                  rejects && strcmp(rejects, "-") == 0 ? "--rejects" : "--keep-going");
    if (bytes && parse_range(bytes, &from, &to, &e) < 0)
        die_usage("--bytes: %s", e.msg);
    if (folder_expand(argv + 1, files, how.format, &list, &files, &e) < 0 || !(refusals = refusals_open(rejects, &e)) ||
        (lost_path && !(lost = lost_open(lost_path, &e))))
        die("%s", e.msg);
    cuts = cuts_open((const char **)list, files, how.format, shard.n ? (uint64_t)shard.i : 1,
                     shard.n ? (uint64_t)shard.n : 1, from, to, &e);
    out = cuts ? records_out_open(STDOUT_FILENO, "standard output", &put, NULL, &e) : NULL;
    if (!out)
        die("%s", e.msg);
    if (shard.n > 1 && records_out_writer(out)) {
        writer_head(records_out_writer(out))->shard = shard.i;
        writer_head(records_out_writer(out))->shards = shard.n;
    }
    load_all(cuts, out);
    if (records_finish(out, &e) < 0)
        die("%s", e.msg);
    tell();
    if (refusals_close(refusals, &e) < 0 || (lost && lost_close(lost, &e) < 0))
        die("%s", e.msg);
    cuts_close(cuts);
    for (int i = 0; i < files; i++)
        free(list[i]);
    free(list);
    progress_end();
    finish_stdout();
    return 0;
}
