#ifndef WEIR_TEXT_FASTTEXT_INT_H
#define WEIR_TEXT_FASTTEXT_INT_H

#include "base/mem.h"
#include "text/fasttext.h"

enum { LOSS_HS = 1, LOSS_NS, LOSS_SOFTMAX, LOSS_OVA };
#define FASTTEXT_EOS "</s>"
#define FASTTEXT_LABEL "__label__"

/* Product quantizer: 256 centroids for each part of a row; the last part may be shorter. */
struct ft_quantizer {
    int32_t dim, parts, size, last;
    float *centroid;
};

struct ft_matrix {
    int64_t rows, cols;
    const uint8_t *dense; /* f32s, not aligned; or */
    const uint8_t *code, *norm;
    struct ft_quantizer q, nq;
};

struct ft_entry {
    const char *s;
    uint32_t len, hash;
};

struct fasttext {
    int32_t dim, ngrams, loss, bucket, minn, maxn;
    int32_t words, labels;
    struct ft_entry *entry; /* words, then labels */
    int64_t *count;         /* [labels] */
    int32_t *slot;          /* open hash table of entries + 1 */
    uint32_t mask;
    int64_t prunes;  /* -1: none were cut off */
    uint64_t *prune; /* [prunes]: hash << 32 | row, ascending; NULL when prunes is -1 */
    struct ft_matrix in, out;
    int32_t *left, *right; /* hs: [labels - 1] children of the inner nodes */
    void *map;
    size_t map_bytes;
};

uint32_t ft_hash(const char *s, size_t n);                                         /* FNV-1a over signed bytes */
int32_t ft_find(const struct fasttext *f, const char *s, size_t n, uint32_t hash); /* -1: unknown */
int32_t ft_kept(const struct fasttext *f, int32_t hash); /* the row of a hash, -1 when it was cut off */
void ft_tree(struct fasttext *f);

#endif
