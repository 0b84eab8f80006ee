/*
 * tmerge: several streams or checkpoints into one stream: the join filter.
 *
 * Methods of lib/merge compute (linear, ties ...); cat joins the shards of one stream, attach puts companions on the
 * tensors they belong to. The first operand leads: its order, its blobs, its types.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/target.h"
#include "la/fast.h"
#include "merge/attach.h"
#include "merge/heads.h"
#include "merge/options.h"
#include "merge/pass.h"
#include "tensor/unshard.h"

static const char *method_name, *path = "-";
static int list, type = -1, untied;
static enum merge_mask mask;
static const char *vocab_name;
static struct merge_vocab vocab;
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
    FAST_OPT,
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

/* Blobs and head of a checkpoint that leads; a stream's come with its reader. */
static struct writer *begin(struct operand *first, int fd)
{
    struct writer *out = writer_open(fd, path, first->in, &e);

    if (!out)
        die("%s", e.msg);
    if (first->in)
        return out;
    plan_head(&first->plan, &first->source, writer_head(out));
    for (int i = 0; i < first->source.blobs; i++) {
        struct buf b = {0};

        if (source_blob(&first->source, i, &b, &e) < 0 ||
            blob_write(out, first->source.blob[i].name, b.data, b.len, &e) < 0)
            die("%s: %s", first->source.blob[i].name, e.msg);
        buf_free(&b);
    }
    return out;
}

static void open_all(struct merge_pass *p, char **paths, int n)
{
    p->operand = mem_new((size_t)n, sizeof *p->operand);
    p->operands = n;
    for (int i = 0; i < n; i++)
        if (operand_open(&p->operand[i], paths[i], &e) < 0)
            die("%s", e.msg);
    operand_agree(p->operand, n);
    if (merge_same_shard(p, &e) < 0 || (p->method && merge_heads(p->operand, n, &untied, &e) < 0))
        die("%s", e.msg);
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

/* Rows of several texts. */
static void tell_vocab(const struct merge_pass *p)
{
    struct err note;

    if (!p->method || p->vocab)
        return;
    merge_vocab_compare(p->operand, p->operands, &note);
    if (note.msg[0])
        warn("%s", note.msg);
}

static void run(char **paths, int n, int fd)
{
    struct merge_pass p = {.type = type, .sel = &sel, .revert = revert, .zeros.keep = mask};
    int rc;
    struct writer *out;

    if (strcmp(method_name, "cat") == 0) {
        if (unshard(paths, n, fd, path, &e) < 0)
            die("%s", e.msg);
        return;
    }
    p.method = merge_find(method_name);
    if (p.method && merge_options(&texts, p.method, n - p.method->base, &p.args, &e) < 0)
        die_usage("%s", e.msg);
    if (mask && (!p.method || p.method->run))
        die_usage("%s has no --mask", method_name);
    if (vocab_name && (!p.method || p.method->run))
        die_usage("%s has no --vocab", method_name);
    open_all(&p, paths, n);
    if (vocab_name && merge_vocab_make(&vocab, p.operand, n, *vocab_name == 'u', &e) < 0)
        die("%s", e.msg);
    p.vocab = vocab_name ? &vocab : NULL;
    tell_vocab(&p);
    out = begin(&p.operand[0], fd);
    progress_total(writer_head(out)->tensors, 0);
    if (p.method)
        writer_drop_manifest(out);
    if (untied)
        attrs_set_bool(&writer_head(out)->model, "tied", 0);
    if (p.method)
        rc = p.method->run ? p.method->run(&p, out, &e) : merge_all(&p, out, &e);
    else
        rc = merge_attach(&p.operand[0], &p.operand[1], out, &e);
    if (rc == 0 && p.method)
        rc = select_end(&sel, operand_model(&p.operand[0]), SELECT_CHOSEN, NULL, &e);
    if (rc < 0 || writer_finish(out, &e) < 0)
        die("%s", e.msg);
    progress_end();
    tell_zeros(&p.zeros);
    merge_pass_free(&p);
    merge_vocab_free(&vocab);
    free(p.operand);
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
    if (opt_there(argv + 1, n, &e) < 0 || !(to = target_open(path, &e)))
        die("%s", e.msg);
    run(argv + 1, n, target_fd(to));
    if (target_commit(to, &e) < 0)
        die("%s", e.msg);
    return 0;
}
