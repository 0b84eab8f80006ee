/* From a text to rows of the model, their mean, and the labels' probabilities. */
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "text/fasttext_int.h"

struct fasttext_room {
    struct buf text, word; /* a word between "<" and ">" */
    int32_t *row;          /* of the input matrix */
    size_t rows, row_cap;
    int32_t *hash; /* of the words */
    size_t hashes, hash_cap;
    float *hidden, *output;
    double *node; /* hs: [2 labels - 1] log probabilities */
};

struct fasttext_room *fasttext_room_new(const struct fasttext *f)
{
    struct fasttext_room *r = mem_new(1, sizeof *r);

    r->hidden = mem_new((size_t)f->dim, sizeof *r->hidden);
    r->output = mem_new((size_t)f->labels, sizeof *r->output);
    r->node = mem_new(2 * (size_t)f->labels, sizeof *r->node);
    return r;
}

void fasttext_room_free(struct fasttext_room *r)
{
    if (!r)
        return;
    buf_free(&r->text);
    buf_free(&r->word);
    free(r->row);
    free(r->hash);
    free(r->hidden);
    free(r->output);
    free(r->node);
    free(r);
}

static void add(int32_t **list, size_t *n, size_t *cap, int32_t x)
{
    if (*n == *cap) {
        *cap = *cap ? 2 * *cap : 1024;
        *list = mem_resize(*list, *cap, sizeof **list);
    }
    (*list)[(*n)++] = x;
}

static void add_row(struct fasttext_room *r, int32_t row)
{
    add(&r->row, &r->rows, &r->row_cap, row);
}

/* The row of a hashed n-gram, if the model has kept it. */
static void add_bucket(const struct fasttext *f, struct fasttext_room *r, uint64_t hash)
{
    int32_t id;

    if (f->bucket == 0)
        return;
    id = (int32_t)(hash % (uint64_t)f->bucket);
    if (f->prune && (id = ft_kept(f, id)) < 0)
        return;
    add_row(r, f->words + id);
}

/* The n-grams of characters of "<word>", minn to maxn long; neither "<" nor ">" alone. */
static void add_subwords(const struct fasttext *f, struct fasttext_room *r, const char *s, size_t n)
{
    const char *w;
    size_t len = n + 2;

    r->word.len = 0;
    buf_add(&r->word, "<", 1);
    buf_add(&r->word, s, n);
    buf_add(&r->word, ">", 1);
    w = (const char *)r->word.data;
    for (size_t i = 0; i < len; i++) {
        size_t j = i;

        if ((w[i] & 0xc0) == 0x80)
            continue;
        for (int32_t k = 1; j < len && k <= f->maxn; k++) {
            for (j++; j < len && (w[j] & 0xc0) == 0x80; j++)
                ;
            if (k >= f->minn && !(k == 1 && (i == 0 || j == len)))
                add_bucket(f, r, ft_hash(w + i, j - i));
        }
    }
}

/* A word of the text. 0 when it ends the line. */
static int add_word(const struct fasttext *f, struct fasttext_room *r, const char *s, size_t n)
{
    uint32_t hash = ft_hash(s, n);
    int32_t id = ft_find(f, s, n, hash);
    int eos = n == strlen(FASTTEXT_EOS) && memcmp(s, FASTTEXT_EOS, n) == 0;

    if (id >= f->words ||
        (id < 0 && n >= strlen(FASTTEXT_LABEL) && memcmp(s, FASTTEXT_LABEL, strlen(FASTTEXT_LABEL)) == 0))
        return 1; /* a label */
    if (id >= 0)
        add_row(r, id);
    if (f->maxn > 0 && !eos)
        add_subwords(f, r, s, n);
    add(&r->hash, &r->hashes, &r->hash_cap, (int32_t)hash);
    return !eos;
}

static int is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\v' || c == '\f' || c == '\0';
}

/* The text as one line. */
static void flatten(struct buf *to, const char *text, size_t n, enum fasttext_newline how)
{
    const char *end = how == FASTTEXT_END ? memchr(text, '\n', n) : NULL;

    to->len = 0;
    if (how != FASTTEXT_NOTHING) { /* a line feed is white space anyway */
        buf_add(to, text, end ? (size_t)(end - text) : n);
        return;
    }
    for (size_t i = 0; i < n;) {
        const char *nl = memchr(text + i, '\n', n - i);
        size_t stop = nl ? (size_t)(nl - text) : n;

        buf_add(to, text + i, stop - i);
        i = stop + (nl != NULL);
    }
}

static void read_line(const struct fasttext *f, struct fasttext_room *r)
{
    const char *s = (const char *)r->text.data;
    size_t n = r->text.len;

    r->rows = r->hashes = 0;
    for (size_t i = 0; i < n;) {
        size_t at;

        while (i < n && is_space(s[i]))
            i++;
        at = i;
        while (i < n && !is_space(s[i]))
            i++;
        if (i > at && !add_word(f, r, s + at, i - at))
            break;
        if (i == n)
            add_word(f, r, FASTTEXT_EOS, strlen(FASTTEXT_EOS));
    }
    if (n == 0)
        add_word(f, r, FASTTEXT_EOS, strlen(FASTTEXT_EOS));
    for (size_t i = 0; i < r->hashes; i++) {
        uint64_t h = (uint64_t)(int64_t)r->hash[i];

        for (size_t j = i + 1; j < r->hashes && j < i + (size_t)f->ngrams; j++) {
            h = h * 116049371 + (uint64_t)(int64_t)r->hash[j];
            add_bucket(f, r, h);
        }
    }
}

static inline float get(const uint8_t *p, int64_t i)
{
    float x;

    memcpy(&x, p + 4 * i, 4);
    return x;
}

/* Part m of a row's code: its numbers, and how many. */
static const float *centroid(const struct ft_quantizer *q, int32_t m, uint8_t code, int32_t *n)
{
    *n = m == q->parts - 1 ? q->last : q->size;
    return q->centroid + (size_t)m * 256 * (size_t)q->size + (size_t)code * (size_t)*n;
}

static float norm(const struct ft_matrix *m, int64_t row)
{
    return m->norm ? m->nq.centroid[m->norm[row]] : 1;
}

static void add_to(const struct ft_matrix *m, int64_t row, float *x)
{
    const uint8_t *p = m->dense ? m->dense + 4 * row * m->cols : m->code + row * m->q.parts;
    float scale;
    int32_t n;

    if (m->dense) {
        for (int64_t j = 0; j < m->cols; j++)
            x[j] += get(p, j);
        return;
    }
    scale = norm(m, row);
    for (int32_t k = 0; k < m->q.parts; k++, x += m->q.size) {
        const float *c = centroid(&m->q, k, p[k], &n);

        for (int32_t j = 0; j < n; j++)
            x[j] += scale * c[j];
    }
}

static float dot(const struct ft_matrix *m, int64_t row, const float *x)
{
    const uint8_t *p = m->dense ? m->dense + 4 * row * m->cols : m->code + row * m->q.parts;
    float sum = 0;
    int32_t n;

    if (m->dense) {
        for (int64_t j = 0; j < m->cols; j++)
            sum += get(p, j) * x[j];
        return sum;
    }
    for (int32_t k = 0; k < m->q.parts; k++, x += m->q.size) {
        const float *c = centroid(&m->q, k, p[k], &n);

        for (int32_t j = 0; j < n; j++)
            sum += x[j] * c[j];
    }
    return sum * norm(m, row);
}

#define SMALL 1e-5 /* fastText adds it under its logarithms */

static void softmax(const struct fasttext *f, const float *x, double *p)
{
    float max = x[0];
    double sum = 0;

    for (int32_t i = 1; i < f->labels; i++)
        max = x[i] > max ? x[i] : max;
    for (int32_t i = 0; i < f->labels; i++)
        sum += p[i] = real_exp((double)(x[i] - max));
    for (int32_t i = 0; i < f->labels; i++)
        p[i] = p[i] / sum + SMALL;
}

/* fastText's, from a table of 512 steps over [-8, 8]. */
static double sigmoid(float x)
{
    int64_t i;

    if (x != x)
        return x;
    if (x < -8)
        return 0;
    if (x > 8)
        return 1;
    i = (int64_t)((x + 8) * 512 / 8 / 2);
    return 1 / (1 + real_exp(-((double)i * 16 / 512 - 8)));
}

/* Huffman's tree, labels with their counts; the inner node labels + i joins left[i] and right[i]. Of equal counts nodes
 * go first. */
void ft_tree(struct fasttext *f)
{
    int64_t *count = mem_new((size_t)f->labels, sizeof *count); /* of the inner nodes */
    int32_t leaf = f->labels - 1, node = 0;

    f->left = mem_new((size_t)f->labels, sizeof *f->left);
    f->right = mem_new((size_t)f->labels, sizeof *f->right);
    for (int32_t i = 0; i + 1 < f->labels; i++) {
        int32_t two[2];
        uint64_t sum = 0;

        for (int k = 0; k < 2; k++) {
            int from_leaf = leaf >= 0 && (node >= i || f->count[leaf] < count[node]);

            sum += (uint64_t)(from_leaf ? f->count[leaf] : count[node]);
            two[k] = from_leaf ? leaf-- : f->labels + node++;
        }
        f->left[i] = two[0];
        f->right[i] = two[1];
        count[i] = (int64_t)sum;
    }
    free(count);
}

static void tree(const struct fasttext *f, struct fasttext_room *r, double *p)
{
    int32_t n = f->labels;

    r->node[2 * n - 2] = 0;
    for (int32_t i = n - 2; i >= 0; i--) {
        float down = 1 + (float)real_exp(-(double)dot(&f->out, i, r->hidden)),
              up = (float)(1.0 / down); /* as there: 1 - up feels it */
        double own = r->node[n + i];

        r->node[f->left[i]] = own + real_log(1 - (double)up + SMALL);
        r->node[f->right[i]] = own + real_log((double)up + SMALL);
    }
    for (int32_t i = 0; i < n; i++)
        p[i] = real_exp(r->node[i]);
}

int fasttext_score(const struct fasttext *f, struct fasttext_room *r, const char *text, size_t n,
                   enum fasttext_newline how, double *p)
{
    float scale;

    flatten(&r->text, text, n, how);
    read_line(f, r);
    memset(r->hidden, 0, (size_t)f->dim * sizeof *r->hidden);
    memset(p, 0, (size_t)f->labels * sizeof *p);
    if (r->rows == 0)
        return 0;
    for (size_t i = 0; i < r->rows; i++)
        add_to(&f->in, r->row[i], r->hidden);
    scale = (float)(1.0 / (double)r->rows);
    for (int32_t j = 0; j < f->dim; j++)
        r->hidden[j] *= scale;
    if (f->loss == LOSS_HS) {
        tree(f, r, p);
        return 1;
    }
    for (int32_t i = 0; i < f->labels; i++)
        r->output[i] = dot(&f->out, i, r->hidden);
    if (f->loss == LOSS_SOFTMAX)
        softmax(f, r->output, p);
    else
        for (int32_t i = 0; i < f->labels; i++)
            p[i] = sigmoid(r->output[i]) + SMALL;
    return 1;
}
