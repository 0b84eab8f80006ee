/* Reading of fastText models: every size is checked against the bytes that are there before it is used. */
#include "text/fasttext_int.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 793712314

struct in {
    const uint8_t *at, *end;
    struct err *e;
    int bad; /* the file ended early */
};

static const uint8_t *take(struct in *in, uint64_t n)
{
    const uint8_t *p = in->at;

    if (in->bad || (uint64_t)(in->end - in->at) < n) {
        in->bad = 1;
        return NULL;
    }
    in->at += n;
    return p;
}

static int32_t take_i32(struct in *in)
{
    const uint8_t *p = take(in, 4);

    return p ? (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24) : 0;
}

static int64_t take_i64(struct in *in)
{
    uint64_t lo = (uint32_t)take_i32(in), hi = (uint32_t)take_i32(in);

    return (int64_t)(lo | hi << 32);
}

static int take_bool(struct in *in)
{
    const uint8_t *p = take(in, 1);

    return p && *p;
}

static int early(const struct in *in, const char *where)
{
    return err_set(in->e, "the file ends within %s", where);
}

static int read_args(struct fasttext *f, struct in *in)
{
    int32_t magic = take_i32(in), version = take_i32(in), model;

    if (in->bad || magic != MAGIC)
        return err_set(in->e, "no fastText model: it begins with %08x, not %08x", (unsigned)magic, (unsigned)MAGIC);
    if (version != 11 && version != 12)
        return err_set(in->e, "version %d of fastText's format; 11 and 12 are known", version);
    f->dim = take_i32(in);
    take(in, 16); /* ws, epoch, minCount, neg */
    f->ngrams = take_i32(in);
    f->loss = take_i32(in);
    model = take_i32(in);
    f->bucket = take_i32(in);
    f->minn = take_i32(in);
    f->maxn = version == 11 ? (take(in, 4), 0) : take_i32(in); /* supervised models of version 11 had no subwords */
    take(in, 12);                                              /* lrUpdateRate, t */
    if (in->bad)
        return early(in, "its settings");
    if (model != 3)
        return err_set(in->e, "a %s model has no labels; a supervised one is needed",
                       model == 1   ? "cbow"
                       : model == 2 ? "skipgram"
                                    : "nameless");
    if (f->loss < LOSS_HS || f->loss > LOSS_OVA)
        return err_set(in->e, "loss %d is not known: 1 hs, 2 ns, 3 softmax, 4 ova", f->loss);
    if (f->dim < 1 || f->bucket < 0 || f->ngrams < 0)
        return err_set(in->e, "dim %d, bucket %d, wordNgrams %d: not possible", f->dim, f->bucket, f->ngrams);
    return 0;
}

uint32_t ft_hash(const char *s, size_t n)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint32_t)(int8_t)s[i]) * 16777619u;
    return h;
}

int32_t ft_find(const struct fasttext *f, const char *s, size_t n, uint32_t hash)
{
    for (uint32_t k = hash * 0x9e3779b1u & f->mask; f->slot[k]; k = (k + 1) & f->mask) {
        const struct ft_entry *w = &f->entry[f->slot[k] - 1];

        if (w->hash == hash && w->len == n && memcmp(w->s, s, n) == 0)
            return f->slot[k] - 1;
    }
    return -1;
}

static int read_entry(struct fasttext *f, struct in *in, int32_t i)
{
    const uint8_t *end = in->bad ? NULL : memchr(in->at, 0, (size_t)(in->end - in->at)), *s = in->at, *type;
    int64_t count;
    uint32_t k;

    if (!end)
        return early(in, "its dictionary");
    f->entry[i] = (struct ft_entry){(const char *)s, (uint32_t)(end - s), ft_hash((const char *)s, (size_t)(end - s))};
    in->at = end + 1;
    count = take_i64(in);
    type = take(in, 1);
    if (!type)
        return early(in, "its dictionary");
    if (*type != (i >= f->words))
        return err_set(in->e, "entry %d of the dictionary has type %u where %s stand", i, *type,
                       i < f->words ? "words" : "labels");
    if (i >= f->words)
        f->count[i - f->words] = count;
    for (k = f->entry[i].hash * 0x9e3779b1u & f->mask; f->slot[k]; k = (k + 1) & f->mask)
        ;
    f->slot[k] = i + 1;
    return 0;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static int read_prunes(struct fasttext *f, struct in *in)
{
    if (f->prunes < 0)
        return 0;
    if ((uint64_t)f->prunes > (uint64_t)(in->end - in->at) / 8)
        return early(in, "its list of what was cut off");
    f->prune = mem_new((size_t)f->prunes + 1, sizeof *f->prune);
    for (int64_t i = 0; i < f->prunes; i++) {
        int32_t from = take_i32(in), to = take_i32(in);

        if (from < 0 || from >= f->bucket || to < 0 || to >= f->prunes)
            return err_set(in->e, "hash %d goes to row %d, of %d hashes and %lld rows", from, to, f->bucket,
                           (long long)f->prunes);
        f->prune[i] = (uint64_t)from << 32 | (uint32_t)to;
    }
    qsort(f->prune, (size_t)f->prunes, sizeof *f->prune, by_value);
    return 0;
}

int32_t ft_kept(const struct fasttext *f, int32_t hash)
{
    int64_t lo = 0, n = f->prunes;

    while (n > 0) { /* the first pair of this hash or a greater one */
        int64_t half = n / 2;

        if (f->prune[lo + half] >> 32 < (uint64_t)hash) {
            lo += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return lo < f->prunes && f->prune[lo] >> 32 == (uint64_t)hash ? (int32_t)(uint32_t)f->prune[lo] : -1;
}

static int read_dictionary(struct fasttext *f, struct in *in)
{
    int32_t n = take_i32(in);

    f->words = take_i32(in);
    f->labels = take_i32(in);
    take_i64(in); /* tokens */
    f->prunes = take_i64(in);
    if (in->bad)
        return early(in, "its dictionary");
    if (f->words < 0 || f->labels < 1 || (int64_t)f->words + f->labels != n)
        return err_set(in->e, "%d words and %d labels in a dictionary of %d", f->words, f->labels, n);
    if ((uint64_t)n > (uint64_t)(in->end - in->at) / 10) /* the least bytes of an entry */
        return early(in, "its dictionary");
    f->mask = 15;
    while (f->mask < 2 * (uint32_t)n)
        f->mask = 2 * f->mask + 1;
    f->entry = mem_new((size_t)n, sizeof *f->entry);
    f->count = mem_new((size_t)f->labels, sizeof *f->count);
    f->slot = mem_new((size_t)f->mask + 1, sizeof *f->slot);
    for (int32_t i = 0; i < n; i++)
        if (read_entry(f, in, i) < 0)
            return -1;
    return read_prunes(f, in);
}

static int read_quantizer(struct ft_quantizer *q, struct in *in, int64_t dim, const char *what)
{
    const uint8_t *p;

    q->dim = take_i32(in);
    q->parts = take_i32(in);
    q->size = take_i32(in);
    q->last = take_i32(in);
    if (in->bad)
        return early(in, what);
    if (q->dim != dim || q->parts < 1 || q->size < 1 || q->last < 1 || q->last > q->size ||
        (int64_t)(q->parts - 1) * q->size + q->last != dim)
        return err_set(in->e, "%s: %d parts of %d, the last of %d, for %lld columns", what, q->parts, q->size, q->last,
                       (long long)dim);
    if (!(p = take(in, (uint64_t)dim * 1024)))
        return early(in, what);
    q->centroid = mem_new((size_t)dim * 256, sizeof *q->centroid);
    memcpy(q->centroid, p, (size_t)dim * 1024);
    return 0;
}

static int read_quantized(struct ft_matrix *m, struct in *in, const char *what)
{
    int norm = take_bool(in);
    uint64_t codes;

    m->rows = take_i64(in);
    m->cols = take_i64(in);
    codes = (uint32_t)take_i32(in);
    m->code = take(in, codes);
    if (in->bad || m->rows < 0 || m->cols < 1 || m->cols > INT32_MAX)
        return early(in, what);
    if (read_quantizer(&m->q, in, m->cols, what) < 0)
        return -1;
    if ((uint64_t)m->rows > codes || (uint64_t)m->rows * (uint64_t)m->q.parts != codes)
        return err_set(in->e, "%s: %llu codes for %lld rows of %d parts", what, (unsigned long long)codes,
                       (long long)m->rows, m->q.parts);
    if (!norm)
        return 0;
    if (!(m->norm = take(in, (uint64_t)m->rows)))
        return early(in, what);
    return read_quantizer(&m->nq, in, 1, what);
}

static int read_matrix(struct fasttext *f, struct ft_matrix *m, struct in *in, int64_t rows, const char *what)
{
    uint64_t bytes;

    if (take_bool(in)) {
        if (read_quantized(m, in, what) < 0)
            return -1;
    } else {
        m->rows = take_i64(in);
        m->cols = take_i64(in);
        if (in->bad || m->rows < 0 || m->cols < 0 || mem_mul((uint64_t)m->rows, (uint64_t)m->cols, &bytes) < 0 ||
            mem_mul(bytes, 4, &bytes) < 0 || !(m->dense = take(in, bytes)))
            return early(in, what);
    }
    if (m->rows != rows || m->cols != f->dim)
        return err_set(in->e, "%s is [%lld, %lld], not [%lld, %d]", what, (long long)m->rows, (long long)m->cols,
                       (long long)rows, f->dim);
    return 0;
}

struct fasttext *fasttext_open(const void *p, size_t n, struct err *e)
{
    struct fasttext *f = mem_new(1, sizeof *f);
    struct in in = {p, (const uint8_t *)p + n, e, 0};
    int64_t rows;

    if (read_args(f, &in) < 0 || read_dictionary(f, &in) < 0)
        return fasttext_close(f), NULL;
    rows = f->words + (f->prunes >= 0 ? f->prunes : f->bucket);
    if (read_matrix(f, &f->in, &in, rows, "the input matrix") < 0 ||
        read_matrix(f, &f->out, &in, f->labels, "the output matrix") < 0)
        return fasttext_close(f), NULL;
    if (in.at != in.end) {
        err_set(e, "%zu bytes follow the model", (size_t)(in.end - in.at));
        return fasttext_close(f), NULL;
    }
    if (f->loss == LOSS_HS)
        ft_tree(f);
    return f;
}

struct fasttext *fasttext_file(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct fasttext *f = NULL;
    struct stat st;
    void *map;

    if (fd < 0 || fstat(fd, &st) < 0) {
        err_errno(e, "%s", path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    map = st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (map == MAP_FAILED) {
        err_set(e, "%s: no file that can be mapped, of %lld bytes", path, (long long)st.st_size);
        return NULL;
    }
    if (!(f = fasttext_open(map, (size_t)st.st_size, e))) {
        munmap(map, (size_t)st.st_size);
        err_in(e, "%s", path);
        return NULL;
    }
    f->map = map;
    f->map_bytes = (size_t)st.st_size;
    return f;
}

void fasttext_close(struct fasttext *f)
{
    if (!f)
        return;
    free(f->entry);
    free(f->count);
    free(f->slot);
    free(f->prune);
    free(f->in.q.centroid);
    free(f->in.nq.centroid);
    free(f->out.q.centroid);
    free(f->out.nq.centroid);
    free(f->left);
    free(f->right);
    if (f->map)
        munmap(f->map, f->map_bytes);
    free(f);
}

int32_t fasttext_labels(const struct fasttext *f)
{
    return f->labels;
}

const char *fasttext_label(const struct fasttext *f, int32_t i, size_t *len)
{
    const struct ft_entry *w = &f->entry[f->words + i];
    size_t skip = strncmp(w->s, FASTTEXT_LABEL, strlen(FASTTEXT_LABEL)) == 0 ? strlen(FASTTEXT_LABEL) : 0;

    *len = w->len - skip;
    return w->s + skip;
}
