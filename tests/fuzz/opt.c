/*
 * opt: any lines as the words of a command line: options read, or one usage error; what is kept of them for the history
 * reads again as itself and to the same values. Then each text of an option goes to the parser that filters give it to.
 * die.h's ways out of a process are defined here, so that lib's are not linked: they come back into the target.
 */
#include "base/opt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/glob.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/shard.h"
#include "dup/dup.h"
#include "merge/options.h"
#include "run/calib.h"
#include "prune/pattern.h"
#include "select/quota.h"
#include "select/where.h"
#include "tensor/select.h"
#include "tests/fuzz/fuzz.h"
#include "text/rules.h"

FUZZ_ROOM(MIB(2), 64)

const char *prog_name;
int die_status = 1;
static jmp_buf way_out;

void die(const char *fmt, ...)
{
    (void)fmt;
    abort(); /* of the library only memory ends so */
}

void die_usage(const char *fmt, ...)
{
    char text[ERR_MAX];
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) <= 0)
        abort();
    va_end(ap);
    longjmp(way_out, 1);
}

void warn(const char *fmt, ...)
{
    (void)fmt;
}

void finish_stdout(void) /* behind --help and --version */
{
    longjmp(way_out, 1);
}

static struct values {
    int flag, count;
    const char *string, *block, *by, *sparsity, *mix, *shard, *limit, *bands, *weight;
    uint64_t u64, size;
    int64_t i64;
    double f64, fraction;
    struct opt_list where;
    struct select sel;
    uint64_t level;
} v;

static int set_level(const char *arg, struct err *e)
{
    v.level = 3;
    return arg ? parse_u64(arg, &v.level, e) : 0;
}

static const struct opt table[] = {{'n', "dry-run", 0, OPT_FLAG, &v.flag, "", 0},
                                   {'v', "verbose", 0, OPT_COUNT, &v.count, "", 0},
                                   {'o', "output", "FILE", OPT_STRING | OPT_UNSAID, &v.string, "", 0},
                                   {'k', "keep", "N", OPT_U64, &v.u64, "", 0},
                                   {0, "offset", "N", OPT_INT, &v.i64, "", 0},
                                   {0, "threshold", "T", OPT_F64, &v.f64, "", 0},
                                   {0, "fraction", "F", OPT_FRACTION, &v.fraction, "", 0},
                                   {'S', "memory", "SIZE", OPT_SIZE, &v.size, "", 0},
                                   {'z', "zstd", "[LEVEL]", OPT_CALL, 0, "", set_level},
                                   {'s', "sparsity", "S", OPT_STRING, &v.sparsity, "", 0},
                                   {0, "block", "RxC", OPT_STRING, &v.block, "", 0},
                                   {0, "by", "SCOPE", OPT_STRING, &v.by, "", 0},
                                   {0, "where", "EXPR", OPT_LIST, &v.where, "", 0},
                                   {0, "mix", "LIST", OPT_STRING, &v.mix, "", 0},
                                   {0, "shard", "I/N", OPT_STRING | OPT_UNSAID, &v.shard, "", 0},
                                   {0, "limit", "NAME=X", OPT_STRING, &v.limit, "", 0},
                                   {0, "bands", "BxR", OPT_STRING, &v.bands, "", 0},
                                   {0, "token-weight", "NAME", OPT_STRING, &v.weight, "", 0},
                                   SELECT_OPTS(v.sel),
                                   OPT_END};
static const struct opt_spec spec = {.prog = "opt",
                                     .synopsis = "[OPTION]...",
                                     .brief = "Any words.",
                                     .table = table,
                                     .more = opt_common,
                                     .methods = {merge_table}};

static void forget(void)
{
    free(v.where.item);
    free(v.sel.only.item);
    free(v.sel.skip.item);
    v = (struct values){0};
}

/* Parse argc words of argv, which moves. The operands' number, or -1. */
static int parse(int argc, char **argv)
{
    FILE *real = stdout, *none = NULL;
    int n;

    forget();
    if (!(none = fopen("/dev/null", "w")))
        abort();
    stdout = none;
    n = setjmp(way_out) ? -1 : opt_parse(argc, argv, &spec);
    stdout = real;
    fclose(none);
    return n;
}

static void free_words(char **w)
{
    for (char **p = w; p && *p; p++)
        free(*p);
    free(w);
}

static int same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* What was kept, parsed again, keeps and sets the same, but for what is unsaid. */
static void again(void)
{
    char **kept = prog_argv, **words;
    struct values was = v;
    int n = 0;

    while (kept[n])
        n++;
    words = mem_new((size_t)n + 2, sizeof *words);
    memcpy(words, kept, (size_t)n * sizeof *words);
    v = (struct values){0};
    if (parse(n, words) < 0)
        abort();
    for (int i = 0; i <= n; i++)
        if (!same_text(kept[i], prog_argv[i]))
            abort();
    if (was.flag != v.flag || was.count != v.count || was.u64 != v.u64 || was.size != v.size || was.i64 != v.i64 ||
        was.f64 != v.f64 || was.fraction != v.fraction || was.level != v.level || was.where.n != v.where.n ||
        !same_text(was.sparsity, v.sparsity) || !same_text(was.sel.layers, v.sel.layers))
        abort();
    free_words(prog_argv);
    free(words);
    forget();
    v = was;
    prog_argv = kept;
}

static void numbers(const char *s)
{
    uint64_t a = 0, b = 0, c = 0;
    double f = 0;
    char text[32];
    struct err e = {""};

    if (parse_size(s, &a, &e) == 0) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)a);
        if (parse_size(text, &b, NULL) < 0 || parse_u64(text, &c, NULL) < 0 || a != b || a != c)
            abort();
    }
    if ((parse_range(s, &a, &b, &e) == 0 && a > b) || (parse_fraction(s, &f, &e) == 0 && !(f >= 0 && f <= 1)))
        abort();
    parse_pair(s, 'x', &a, &b, &e);
}

static void patterns(void)
{
    float score[6 * 24];
    uint8_t mask[6 * 24];
    struct pattern p;
    struct err e = {""};

    if (pattern_parse(&p, v.sparsity, v.block, v.by, &e) < 0 || pattern_fits(&p, 24, &e) < 0)
        return;
    for (int i = 0; i < 6 * 24; i++)
        score[i] = (float)(i * 7 % 13);
    pattern_mask_rows(&p, score, 6, 24, mask);
    for (int r = 0; r < 6 && p.block_rows == 1 && p.block_cols == 1; r++) {
        uint64_t go = 0;

        for (int c = 0; c < 24; c++)
            go += mask[r * 24 + c];
        if (go != (p.of ? 24 / p.of * (p.of - p.keep) : pattern_count(&p, 24)))
            abort();
    }
}

static void choices(void)
{
    struct bundle b[] = {{.name = "model.layers.3.mlp.up_proj.weight", .role = "mlp.up", .layer = 3},
                         {.name = "lm_head.weight", .layer = -1}};
    struct err e = {""};

    if (select_check(&v.sel, &e) == 0)
        for (int i = 0; i < 2; i++)
            select_match(&v.sel, &b[i]);
    select_free(&v.sel);
}

static void conditions(void)
{
    struct record r = {0};
    struct err e = {""};

    record_clear(&r);
    r.id = "7";
    r.id_len = 1;
    r.text = "two words";
    r.text_len = 9;
    record_set_score(&r, "s", 0.5);
    record_set_meta(&r, "lang", "en", 2);
    for (int i = 0; i < v.where.n; i++) {
        struct where *w = where_parse(v.where.item[i], &e);

        if (w) {
            where_holds(w, &r);
            where_free(w);
        }
    }
    record_free(&r);
}

static void mixtures(void)
{
    struct err e = {""};
    struct rank *k = rank_new(1 << 16, &e);
    uint64_t sum = 0;
    uint32_t n;

    if (!k)
        abort();
    if (quota_mix(k, v.mix, &e) == 0) {
        quota_set(k, 1000, -1, 1);
        rank_groups(k, &n);
        for (uint32_t i = 0; i < n; i++)
            sum += rank_groups(k, &n)[i].budget;
        if (sum != 1000)
            abort();
    }
    rank_free(k);
}

static void one_merge(const struct merge_method *m)
{
    struct err e = {""};
    struct merge_args a;

    if (setjmp(way_out) != 0)
        return;
    opt_take(m);
    if (merge_options(m, 3, &a, &e) == 0) {
        free(a.weight);
        free(a.density);
    }
}

/* Each method takes what is left of its options. */
static void merges(void)
{
    merge_given = (struct merge_given)MERGE_GIVEN;
    for (int i = 0; merge_table[i]; i++)
        one_merge(merge_table[i]);
}

/* Operands NAME=VALUE of a scheduler's variables are put into the environment for --shard auto. */
static void shards(char **word)
{
    static const char *const name[] = {
        "SLURM_ARRAY_TASK_ID",      "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT",
        "mapreduce_task_partition", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",  "SGE_TASK_ID",
        "SGE_TASK_FIRST",           "SGE_TASK_LAST",        "SGE_TASK_STEPSIZE",     "PARALLEL_SEQ"};
    struct shard s;
    struct err e = {""};

    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        size_t n = strlen(name[i]);

        for (char **w = word; *w; w++)
            if (strncmp(*w, name[i], n) == 0 && (*w)[n] == '=')
                setenv(name[i], *w + n + 1, 1);
    }
    if (shard_parse(v.shard, &s, &e) == 0 && !(s.i >= 1 && s.i <= s.n && s.n <= SHARD_MAX))
        abort();
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        unsetenv(name[i]);
}

static void texts(char **operand)
{
    static struct rules_want want;
    struct dup_preset p = dup_native;
    struct err e = {""};
    double least;

    for (char **w = operand; *w; w++)
        numbers(*w);
    if (v.sparsity)
        patterns();
    if (v.mix)
        mixtures();
    if (v.shard)
        shards(operand);
    if (v.limit && rules_limit(&want, v.limit, &e) < 0)
        rules_preset(&want, v.limit, strlen(v.limit), &e);
    if (v.weight)
        calib_parse_weight(v.weight, &least, &e);
    if (dup_adjust(&p, v.u64 % 100, v.size, v.f64, v.bands, &e) == 0 && (p.bands < 1 || p.rows < 1))
        abort();
    choices();
    conditions();
    merges();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    char *text = mem_strndup((const char *)p, n), *rest = text, *word;
    char **argv = mem_new(n + 4, sizeof *argv);
    int argc = 1, operands;

    argv[0] = (char *)(uintptr_t) "opt";
    while ((word = strsep(&rest, "\n")) && argc < 100)
        argv[argc++] = word;
    operands = parse(argc, argv);
    if (operands >= 0) {
        again();
        texts(argv + 1);
    }
    free_words(prog_argv);
    prog_argv = NULL;
    forget();
    free(argv);
    free(text);
    return 0;
}
