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
#include "record/folder.h"
#include "record/loading.h"

static struct load_opts how = {
    .format = LOAD_AUTO, .text_field = "text", .id_field = "id", .max_bytes = RECORD_MAX_BYTES};
static struct records_opts put;
static struct loading job;
static const char *rejects, *bytes, *lost_path;
static struct shard shard;
static uint64_t from, to = UINT64_MAX;
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
    {0, "meta", "KEY,...", OPT_STRING, &job.meta, "keep only these further fields, or none: '' (default: all)", 0},
    {0, "shard", "I/N", OPT_CALL | OPT_UNSAID, 0, "only the I-th of N parts; auto or auto/N: as the environment says",
     set_shard},
    {0, "bytes", "FROM:TO", OPT_STRING, &bytes, "only the lines that begin in these bytes of one plain file", 0},
    {0, "max-bytes", "SIZE", OPT_SIZE, &how.max_bytes, "refuse longer lines and texts (default: 32M)", 0},
    {0, "rejects", "FILE", OPT_STRING, &rejects, "write what is refused there, with the reason, a JSON object a line",
     0},
    {0, "strict", 0, OPT_FLAG, &job.strict, "stop at the first line that is refused", 0},
    {0, "keep-going", "LIST", OPT_STRING, &lost_path,
     "go on past files that cannot be read whole; LIST names them, with the reason", 0},
    {0, "lines", 0, OPT_FLAG, &put.lines, "write JSON objects, one a line, not a stream", 0},
    OPT_END};

static void tell_first(const char *line)
{
    warn("%s: left out, and counted", line);
}

static void tell(void)
{
    struct buf b = {0};

    if (refusals_count(job.refusals) > 1) {
        refusals_tell(job.refusals, &b);
        warn("%s", buf_str(&b));
    }
    if (job.lost && lost_count(job.lost))
        warn("%d files could not be read whole: %s lists them", lost_count(job.lost), lost_path);
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
    if (folder_expand(argv + 1, files, how.format, &list, &files, &e) < 0 ||
        !(job.refusals = refusals_open(rejects, &e)) || (lost_path && !(job.lost = lost_open(lost_path, &e))))
        die("%s", e.msg);
    job.how = &how;
    job.first = tell_first;
    cuts = cuts_open((const char **)list, files, how.format, shard.n ? (uint64_t)shard.i : 1,
                     shard.n ? (uint64_t)shard.n : 1, from, to, &e);
    out = cuts ? records_out_open(STDOUT_FILENO, "standard output", &put, NULL, &e) : NULL;
    if (!out)
        die("%s", e.msg);
    if (shard.n > 1 && records_out_writer(out)) {
        writer_head(records_out_writer(out))->shard = shard.i;
        writer_head(records_out_writer(out))->shards = shard.n;
    }
    if (loading_all(&job, cuts, out, &e) < 0 || records_finish(out, &e) < 0)
        die("%s", e.msg);
    tell();
    if (refusals_close(job.refusals, &e) < 0 || (job.lost && lost_close(job.lost, &e) < 0))
        die("%s", e.msg);
    cuts_close(cuts);
    for (int i = 0; i < files; i++)
        free(list[i]);
    free(list);
    progress_end();
    finish_stdout();
    return 0;
}
