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
#include "base/opt.h"
#include "base/target.h"
#include "merge/files.h"
#include "merge/options.h"
#include "tensor/unshard.h"

static const char *method_name, *path = "-";
static int list, type = -1;
static enum merge_mask mask;
static const char *vocab_name;
static struct merge_texts texts;
static int64_t revert;
static struct select sel;
static struct err e;

static int set_type(const char *arg, struct err *why)
{
    type = dtype_find(arg);
    if (type < 0 || !dtype_info((enum dtype)type)->writes_f32)
        return err_set(why, "'%s' is none of F64 F32 F16 BF16 F8_E4M3 F8_E5M2", arg);
    return 0;
}

static int set_mask(const char *arg, struct err *why)
{
    return merge_mask_parse(arg, &mask, why);
}

static const struct opt opts[] = {
    {'m', "method", "NAME", OPT_STRING, &method_name, "how to merge: see --list", 0},
    {'o', "output", "FILE", OPT_STRING, &path, "write to FILE, which appears when it is whole (default: stdout)", 0},
    MERGE_OPTS(texts),
    {0, "revert", "I", OPT_INT, &revert, "rmm: give model I, counted from 1, back from what rmm wrote", 0},
    {0, "dtype", "DTYPE", OPT_CALL, 0, "element type of merged tensors (default: that of the first operand)", set_type},
    {0, "vocab", "WHICH", OPT_STRING, &vocab_name,
     "tokens of embedding and head, by their texts: of the first operand, their union", 0},
    {0, "mask", "WHICH", OPT_CALL, 0, "zeros that stay: of the first operand, their intersection, their union",
     set_mask},
    SELECT_OPTS(sel),
    {'l', "list", 0, OPT_FLAG, &list, "list the methods and exit", 0},
    OPT_END};

static int print_list(void)
{
    puts("cat\tjoin the shards of one stream\nattach\tput the companions of a second stream, or a PEFT folder's "
         "adapters, on the tensors of the first");
    for (int i = 0; merge_table[i]; i++)
        printf("%s\t%s\n", merge_table[i]->name, merge_table[i]->brief);
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

static void run(char **paths, int n, int fd)
{
    struct merge_pass p = {.type = type, .sel = &sel, .revert = revert, .zeros.keep = mask};

    p.method = merge_find(method_name);
    if (p.method && merge_options(&texts, p.method, n - p.method->base, &p.args, &e) < 0)
        die_usage("%s", e.msg);
    if (merge_files(&p, paths, n, vocab_name, fd, path, tell, &e) < 0)
        die("%s", e.msg);
    tell_zeros(&p.zeros);
    free(p.args.weight);
    free(p.args.density);
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {
        "tmerge",
        "-m NAME [OPTION]... FILE...",
        "Merge several streams or checkpoints into one stream.",
        opts,
        opt_common,
        "FILE is a stream (- is standard input), or a checkpoint: a folder, a safetensors file ...\n"};
    int n = opt_parse(argc, argv, &spec), dashes = 0;
    struct target *to;

    if (list)
        return print_list();
    if (!method_name)
        die_usage("-m NAME is needed; --list names the methods");
    if (!merge_find(method_name) && strcmp(method_name, "cat") != 0 && strcmp(method_name, "attach") != 0)
        die_unknown("method", merge_table, NULL, method_name);
    if (n == 0 || (strcmp(method_name, "attach") == 0 && n != 2))
        die_usage("%s takes %s operands, not %d", method_name, n ? "two" : "one or more", n);
    if (vocab_name && strcmp(vocab_name, "first") != 0 && strcmp(vocab_name, "union") != 0)
        die_usage("--vocab '%s' is neither first nor union", vocab_name);
    for (int i = 1; i <= n; i++)
        dashes += strcmp(argv[i], "-") == 0;
    if (dashes > 1 || select_check(&sel, &e) < 0)
        die_usage("%s", dashes > 1 ? "only one operand can be standard input" : e.msg);
    if (!merge_find(method_name) && merge_options_given(&texts))
        die_usage("%s computes nothing: it has no --%s", method_name, merge_options_given(&texts));
    if (!merge_find(method_name) && select_given(&sel))
        die_usage("%s is for all tensors: it has no --only, --skip or --layers", method_name);
    if ((mask || vocab_name) && (!merge_find(method_name) || merge_find(method_name)->run))
        die_usage("%s has no --%s", method_name, mask ? "mask" : "vocab");
    if (opt_there(argv + 1, n, &e) < 0 || !(to = target_open(path, &e)))
        die("%s", e.msg);
    if (strcmp(method_name, "cat") != 0)
        run(argv + 1, n, target_fd(to));
    else if (unshard(argv + 1, n, target_fd(to), path, &e) < 0)
        die("%s", e.msg);
    if (target_commit(to, &e) < 0)
        die("%s", e.msg);
    return 0;
}
