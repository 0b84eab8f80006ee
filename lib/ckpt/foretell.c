#include "ckpt/foretell.h"

#include <string.h>

#include "file/npy.h"
#include "num/ggml.h"

/* What lrfactor's methods make of a value. tests/cli/start.bats tries all that --list names. */
static const struct {
    const char *method;
    int kinds;
} products[] = {{"svd", TOLD_PRODUCT},
                {"asvd", TOLD_PRODUCT},
                {"whiten", TOLD_PRODUCT},
                {"afm", TOLD_PRODUCT},
                {"pissa", TOLD_BESIDE},
                {"eva", TOLD_BESIDE},
                {"sparse-lowrank", TOLD_BESIDE | TOLD_OTHER},
                {"monarch", TOLD_OTHER},
                {"dense-sparse", TOLD_OTHER},
                {"masa", TOLD_OTHER}};

/* Is the word an option's long name, perhaps cut short, perhaps with a value behind "="? */
static int is_long(const char *word, const char *name)
{
    size_t n = strcspn(word, "=");

    return n > 2 && strncmp(word, "--", 2) == 0 && strncmp(word + 2, name, n - 2) == 0;
}

/* The value of an option of a command line; NULL: it is not there, or among grouped flags. */
static const char *value_of(char *const *argv, char letter, const char *name)
{
    for (int i = 1; argv[i]; i++) {
        const char *w = argv[i];

        if (w[0] == '-' && w[1] == letter && letter)
            return w[2] ? w + 2 : argv[i + 1];
        if (is_long(w, name))
            return strchr(w, '=') ? strchr(w, '=') + 1 : argv[i + 1];
    }
    return NULL;
}

static int has(char *const *argv, const char *name)
{
    for (int i = 1; argv[i]; i++)
        if (is_long(argv[i], name))
            return 1;
    return 0;
}

/* Weights chosen by name may be such as every format makes F32; --allow-none says that there may be none. */
static int for_certain(char *const *argv)
{
    return !has(argv, "only") && !has(argv, "allow-none");
}

static void make(struct foretold *f, char *const *argv, int kinds, int stays)
{
    f->some = for_certain(argv) ? (f->some & stays) | kinds : 0;
    f->may |= kinds;
    f->source = 0;
    for (int k = 0; k < TOLD_KINDS; k++)
        if (kinds >> k & 1)
            f->by[k] = argv;
}

static void by_lrfactor(struct foretold *f, char *const *argv)
{
    const char *m = value_of(argv, 'm', "method"), *term = value_of(argv, 0, "term");
    int kinds = 0, residual = term && strcmp(term, "residual") == 0;

    for (size_t i = 0; m && i < sizeof products / sizeof *products; i++)
        if (strcmp(products[i].method, m) == 0)
            kinds = products[i].kinds;
    if (residual && kinds == TOLD_PRODUCT)
        kinds = TOLD_BESIDE;
    make(f, argv, kinds, residual ? TOLD_BLOCKS | TOLD_AFFINE : 0);
    if (!kinds)
        *f = (struct foretold){.may = TOLD_ALL};
}

/* Do whole blocks fill the rows of every matrix? Else some, perhaps all, take another type. */
static int blocks_fit(const struct head *h, const struct ggml_type *t)
{
    for (int i = 0; i < h->names; i++)
        if (h->shape[i].rank > 1 && h->shape[i].dim[h->shape[i].rank - 1] % t->block)
            return 0;
    return h->names > 0;
}

static void by_wquant(struct foretold *f, char *const *argv, const struct head *h)
{
    const char *type = value_of(argv, 't', "type");
    const struct ggml_type *t = type ? ggml_find(type) : NULL;

    if (value_of(argv, 'b', "bits") || (type && strncmp(type, "int", 3) == 0))
        make(f, argv, TOLD_AFFINE, TOLD_BESIDE);
    else if (t && t->block > 1 && blocks_fit(h, t))
        make(f, argv, TOLD_BLOCKS, TOLD_BESIDE);
    else {
        f->may |= TOLD_BLOCKS | TOLD_AFFINE;
        f->some = f->source = 0;
    }
}

static void by_tsplit(struct foretold *f, const struct head *h)
{
    *f = (struct foretold){.may = TOLD_BLOCKS | TOLD_AFFINE, .source = 1};
    for (int i = 0; h->dtype && i < h->names; i++) {
        const struct ggml_type *t = ggml_find(h->dtype[i]);

        if (t && t->block > 1)
            f->some = TOLD_BLOCKS;
    }
}

static void by_tcat(struct foretold *f, char *const *argv)
{
    if (has(argv, "dense"))
        *f = (struct foretold){0};
    else if (has(argv, "only") || has(argv, "skip") || has(argv, "layers"))
        f->some = f->source = 0;
}

void foretell(const struct head *h, struct foretold *f)
{
    *f = (struct foretold){.may = TOLD_ALL};
    for (int i = 0; i < h->histories; i++) {
        char *const *argv = h->history[i];
        const char *prog = argv[0] ? argv[0] : "";

        if (strcmp(prog, "tsplit") == 0 && i == 0)
            by_tsplit(f, h);
        else if (strcmp(prog, "lrfactor") == 0)
            by_lrfactor(f, argv);
        else if (strcmp(prog, "wquant") == 0)
            by_wquant(f, argv, h);
        else if (strcmp(prog, "tcat") == 0)
            by_tcat(f, argv);
        else if (strcmp(prog, "wprune") == 0 || strcmp(prog, "wshrink") == 0)
            f->some = f->source = 0;
        else if (strcmp(prog, "mcalib") != 0 && strcmp(prog, "wscore") != 0)
            *f = (struct foretold){.may = TOLD_ALL};
    }
}

/* Of the first of the kinds: "there will be values that are codes with scales (wquant -t int4), which ..." */
static int refuse(const struct foretold *f, int kinds, const char *ends, struct err *e)
{
    static const char *const what[TOLD_KINDS] = {"blocks of ggml", "codes with scales", "products of two matrices",
                                                 "of a form of weir's own", "sums with a low-rank term"};
    struct buf by = {0};
    int k = 0;

    while (!(kinds >> k & 1))
        k++;
    for (int i = 0; f->by[k] && f->by[k][i] && f->by[k][i][0] != '@'; i++)
        buf_printf(&by, "%s%s", i ? " " : " (", f->by[k][i]);
    err_set(e, "there will be values that are %s%.200s%s, %s", what[k], buf_str(&by), by.len ? ")" : "", ends);
    buf_free(&by);
    return -1;
}

/* The adapter that is to be there. */
static int check_peft(const struct foretold *f, struct err *e)
{
    if (f->some & TOLD_PRODUCT || (f->may & (TOLD_PRODUCT | TOLD_BESIDE)) == TOLD_PRODUCT)
        return refuse(f, TOLD_PRODUCT,
                      "with no base to stand beside: tcat --dense folds them, lrfactor -m pissa splits", e);
    if (!(f->may & TOLD_BESIDE))
        return err_set(e, "by the stream's history no value has a low-rank term beside another: lrfactor -m pissa or "
                          "-m eva makes adapters");
    return 0;
}

static int check_numpy(const struct foretold *f, const struct head *h, struct err *e)
{
    for (int i = 0; f->source && h->dtype && i < h->names; i++) {
        int t = dtype_find(h->dtype[i]);

        if (t >= 0 && !npy_type((enum dtype)t))
            return err_set(e, "%s: its value is dense %s, which numpy does not hold: add --dense, or --dense=f16",
                           h->name[i], h->dtype[i]);
    }
    return 0;
}

int foretell_check(const struct head *h, const char *format, int codes, int dense, struct err *e)
{
    int peft = strcmp(format, "peft") == 0, gguf = strcmp(format, "gguf") == 0, numpy = strncmp(format, "np", 2) == 0;
    struct foretold f;
    int bad;

    foretell(h, &f);
    if (peft && check_peft(&f, e) < 0)
        return -1;
    bad = f.some & ~(gguf ? TOLD_BLOCKS : peft ? TOLD_BESIDE : codes ? TOLD_AFFINE : 0);
    if (dense || (!bad && !numpy))
        return 0;
    if (!bad)
        return check_numpy(&f, h, e);
    return refuse(&f, bad,
                  gguf ? "which GGUF does not hold: quantize to one of its types (wquant -t q4_K), or add --dense=f16"
                  : numpy ? "which numpy does not hold: add --dense, or --dense=f16"
                  : codes ? "which the format does not hold: add --dense, or quantize to what it holds (tpack --list)"
                          : "which safetensors does not hold: add --dense, or write a GGUF",
                  e);
}
