/*
 * tsplit: a checkpoint as a stream: its files as blobs, then its tensors in the order of a forward pass. Or as shards
 * of that stream. Memory: the list of tensors and one chunk of 2 MiB.
 */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/progress.h"
#include "base/shard.h"
#include "base/target.h"
#include "ckpt/cut.h"
#include "ckpt/send.h"
#include "tensor/share.h"

static struct select sel;
static const char *output = "-", *folder;
static struct shard mine; /* the one asked for, or 0 of 0 */
static uint64_t number;   /* of shard files */
static int by_layer = -1; /* -1: checkpoints are cut between tensors, streams between layers */
static struct err e;

static int set_shard(const char *arg, struct err *why)
{
    return shard_parse(arg, &mine, why);
}

static int set_by(const char *arg, struct err *why)
{
    by_layer = strcmp(arg, "layer") == 0;
    return by_layer || strcmp(arg, "tensor") == 0 ? 0 : err_set(why, "'%s' is neither tensor nor layer", arg);
}

static const struct opt opts[] = {
    {'o', "output", "FILE", OPT_STRING | OPT_UNSAID, &output, "write the stream to FILE (default -: standard output)",
     0},
    {0, "shard", "I/N", OPT_CALL | OPT_UNSAID, 0, "only the I-th of N shares; auto or auto/N: as the environment says",
     set_shard},
    {'n', "number", "N", OPT_U64 | OPT_UNSAID, &number, "write N shards, as files of the folder -d", 0, 1, SHARD_MAX},
    {'d', "directory", "DIR", OPT_STRING | OPT_UNSAID, &folder, "the folder, which appears when all of them are whole",
     0},
    {0, "by", "UNIT", OPT_CALL | OPT_UNSAID, 0,
     "cut between tensors, or between layers (default: tensor; layer for a stream)", set_by},
    {0, "arch", "FILE", OPT_CALL | OPT_UNSAID, 0,
     "a page that says how the model is made, for an architecture that weir does not know", arch_add_file},
    SELECT_OPTS(sel),
    OPT_END};

/* The name that a GGUF or a table of results will show: the last part of the path. */
static const char *plain_name(char *path)
{
    size_t n = strlen(path);
    const char *slash;

    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    slash = strrchr(path, '/');
    slash = slash ? slash + 1 : path;
    return *slash && strcmp(slash, ".") != 0 && strcmp(slash, "..") != 0 ? slash : NULL;
}

/* A checkpoint: the whole, or one share of it, to the output; or all shares to files of a folder. */
static void split(char **path, int paths)
{
    const char *name = paths == 1 ? plain_name(path[0]) : NULL;
    struct source s = {0};
    struct plan plan;
    int64_t *shard = NULL;
    struct target *to;

    for (int i = 0; i < paths; i++)
        if (source_open(&s, path[i], &e) < 0)
            die("%s", e.msg);
    if (plan_make(&plan, &s, &sel, &e) < 0 || select_end(&sel, &plan.model, SELECT_CHOSEN, NULL, &e) < 0 ||
        !(to = folder ? target_open_dir(folder, &e) : target_open(output, &e)))
        die("%s", e.msg);
    if (plan.note.msg[0])
        warn("%s: the tokenizer does not travel as a file: %s", path[0], plan.note.msg);
    if (mine.n || number)
        shard = cut_plan(&plan, mine.n ? mine.n : (int64_t)number, by_layer == 1);
    send_announce(&plan, shard, mine.i);
    if (!folder && send_all(&s, &plan, shard, mine, name, target_fd(to), output, &e) < 0)
        die("%s", e.msg);
    if (folder && send_shares(&s, &plan, shard, (int64_t)number, name, target_dir(to), &e) < 0)
        die("%s", e.msg);
    progress_end();
    if (target_commit(to, &e) < 0)
        die("%s", e.msg);
    free(shard);
    plan_free(&plan);
    source_close(&s);
}

/* A stream that exists, to shard files. */
static void deal(const char *path)
{
    struct reader *in = reader_file(path, &e);
    size_t count = 0;
    int64_t *shard = in ? cut_stream(in, path, (int64_t)number, by_layer != 0, &count, &e) : NULL;
    struct target *to = shard ? target_open_dir(folder, &e) : NULL;

    if (!to)
        die("%s", e.msg);
    if (share_stream(in, shard, count, (int64_t)number, target_dir(to), &e) < 0)
        die("%s", e.msg);
    if (target_commit(to, &e) < 0)
        die("%s", e.msg);
    free(shard);
    reader_close(in);
}

static void check_options(int paths)
{
    if (paths == 0)
        die_usage("no checkpoint is named; give a folder or a file");
    if (select_check(&sel, &e) < 0)
        die_usage("%s", e.msg);
    if ((number > 0) != (folder != NULL))
        die_usage("-n N and -d DIR go together");
    if (number && (mine.n || strcmp(output, "-") != 0))
        die_usage("-n makes all shards: it goes with neither --shard nor -o");
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {
        "tsplit", "[OPTION]... PATH...", "Write a checkpoint as a stream of tensors, or as shards.", opts, opt_common,
        NULL};
    int paths = opt_parse(argc, argv, &spec), is;

    check_options(paths);
    is = number ? reader_is_stream(argv[1], &e) : 0;
    if (is < 0)
        die("%s", e.msg);
    if (is) {
        if (paths > 1 || select_given(&sel))
            die_usage("a stream is cut whole and alone: choose tensors with tcat first");
        deal(argv[1]);
    } else {
        split(argv + 1, paths);
    }
    return 0;
}
