/*
 * tmerge: several streams or checkpoints into one stream: the join filter.
 *
 * Methods of lib/merge compute (linear, ties ...); cat joins the shards of one stream, attach puts companions on the
 * tensors they belong to. The first operand leads: its order, its blobs, its types.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/table.h"
#include "base/target.h"
#include "la/fast.h"
#include "merge/files.h"
#include "merge/options.h"
#include "tensor/unshard.h"

static const char *method_name, *path = "-";
static int list, type = -1;
static enum merge_mask mask;
static const char *vocab_name;
static struct select sel;
static struct err e;

static int set_type(const char *arg, struct err *why)
{
    return (type = dtype_find_float(arg, why)) < 0 ? -1 : 0;
}

static int set_mask(const char *arg, struct err *why)
{
    return merge_mask_parse(arg, &mask, why);
}

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "how to merge: see --list", 0},
    {'o', "output", "FILE", OPT_STRING, &path, "write to FILE, which appears when it is whole (default: stdout)", 0},
    {0, "dtype", "DTYPE", OPT_CALL, 0, "element type of merged tensors (default: that of the first operand)", set_type},
    {0, "vocab", "WHICH", OPT_STRING, &vocab_name,
     "tokens of embedding and head, by their texts: of the first operand, their union", 0},
    {0, "mask", "WHICH", OPT_CALL, 0, "zeros that stay: of the first operand, their intersection, their union",
     set_mask},
    SELECT_OPTS(sel),
    FAST_OPT,
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    OPT_END};

/* What computes nothing. */
static const struct opt_owner cat = {.name = "cat", .brief = "join the shards of one stream"},
                              attach = {.name = "attach",
                                        .brief = "put the companions of a second stream, or a PEFT folder's adapters, "
                                                 "on the tensors of the first"};
static const struct opt_owner *const joins[] = {&cat, &attach, NULL};

static const struct opt_spec spec = {
    .prog = "tmerge",
    .synopsis = "-m NAME [OPTION]... FILE...",
    .brief = "Merge several streams or checkpoints into one stream.",
    .table = opts,
    .more = opt_common,
    .after = "FILE is a stream (- is standard input), or a checkpoint: a folder, a safetensors file ...\n",
    .methods = {joins, merge_table}};

static int print_list(void)
{
    for (int i = 0; joins[i]; i++)
        opt_list(joins[i], joins[i]->name, joins[i]->brief, NULL);
    for (int i = 0; merge_table[i]; i++)
        opt_list(merge_table[i], merge_table[i]->name, merge_table[i]->brief, NULL);
    finish_stdout();
    return 0;
}

/* Merged sparse models: are they 0 in the same places? */
static void tell_zeros(const struct merge_zeros *z)
{
    if (z->differ && mask == MERGE_MASK_NONE)
        warn("%llu of %llu merged matrices are sparse and not 0 in the same places in all operands: what is 0 in some "
             "only is not in the result; "
             "--mask first|intersection|union says which zeros stay",
             (unsigned long long)z->differ, (unsigned long long)z->tensors);
}

static void tell(const char *line)
{
    warn("%s", line);
}

static void run(const struct merge_method *m, char **paths, int n, int fd)
{
    struct merge_pass p = {.method = m, .type = type, .sel = &sel, .zeros.keep = mask};

    if (m && merge_options(m, n - m->base, &p.args, &e) < 0)
        die_usage("%s", e.msg);
    if (merge_files(&p, paths, n, vocab_name, fd, path, tell, &e) < 0)
        die("%s", e.msg);
    tell_zeros(&p.zeros);
    free(p.args.weight);
    free(p.args.density);
}

/* The method, or NULL: a join. */
static const struct merge_method *check_options(char **paths, int n)
{
    const struct merge_method *m = method_name ? merge_find(method_name) : NULL;
    const struct opt_owner *join = method_name ? table_find(joins, method_name) : NULL;
    int dashes = 0;

    if (!method_name)
        die_usage("-m NAME is needed; --list names the methods");
    if (!m && !join)
        die_unknown("method", merge_table, joins, method_name);
    opt_own(&spec, m ? (const void *)m : join);
    if (n == 0 || (join == &attach && n != 2))
        die_usage("%s takes %s operands, not %d", method_name, n ? "two" : "one or more", n);
    if (vocab_name && strcmp(vocab_name, "first") != 0 && strcmp(vocab_name, "union") != 0)
        die_usage("--vocab '%s' is neither first nor union", vocab_name);
    for (int i = 0; i < n; i++)
        dashes += strcmp(paths[i], "-") == 0;
    if (dashes > 1 || select_check(&sel, &e) < 0)
        die_usage("%s", dashes > 1 ? "only one operand can be standard input" : e.msg);
    if (join && select_given(&sel))
        die_usage("%s is for all tensors: it has no --only, --skip or --layers", method_name);
    if ((mask || vocab_name) && (join || m->run))
        die_usage("%s has no --%s", method_name, mask ? "mask" : "vocab");
    return m;
}

int main(int argc, char **argv)
{
    int n = opt_parse(argc, argv, &spec);
    const struct merge_method *m;
    struct target *to;

    if (list)
        return print_list();
    m = check_options(argv + 1, n);
    if (opt_there(argv + 1, n, &e) < 0 || !(to = target_open(path, &e)))
        die("%s", e.msg);
    if (strcmp(method_name, cat.name) != 0)
        run(m, argv + 1, n, target_fd(to));
    else if (unshard(argv + 1, n, target_fd(to), path, &e) < 0)
        die("%s", e.msg);
    if (target_commit(to, &e) < 0)
        die("%s", e.msg);
    return 0;
}
