/*
 * imatrix: llama.cpp's importance matrices: for each linear the sum over tokens of its inputs' squares, and how many
 * tokens there were.
 *
 *   GGUF, general.type imatrix    NAME.in_sum2 F32 [experts][cols], NAME.counts F32 [experts][1], keys
 *   imatrix.datasets, .chunk_count, .chunk_size
 *   .dat, as before 2025-07       i32 n; n times: i32, name, i32 calls, i32 values, F32 values; then i32 chunks, i32,
 *   the text's path, or nothing
 *
 * A .dat holds means times calls, a call being a chunk. Names are GGUF's. The companion norm2 is the sum over the
 * count, divided in f32 as llama-quantize divides. Source: tools/imatrix and common/imatrix-loader of llama.cpp, for
 * the layouts.
 */
#ifndef WEIR_CKPT_IMATRIX_H
#define WEIR_CKPT_IMATRIX_H

#include "ckpt/to_gguf.h"
#include "file/gguf.h"
#include "tensor/stream.h"

struct imatrix_entry {
    char *name; /* "blk.0.attn_q.weight" */
    uint64_t values, experts;
    float *sum2;  /* [values]: [experts][cols] */
    float *count; /* [experts], tokens or, of a .dat, chunks; a .dat has one count for all experts: then experts is 1 */
    int used;     /* imatrix_attach has met it */
};

struct imatrix { /* {0} is empty */
    struct imatrix_entry *entry;
    size_t n;
    int by_chunk; /* counts are of chunks */
    char **dataset;
    int datasets;
    int64_t chunks, chunk_size; /* 0: not said */
};

/*
 * Add a file, of either kind: sums and counts of equal names are added.
 * -1: it cannot be read, is neither, is damaged, an entry has a sum that is negative or not finite or another size than
 * before, or one file counts tokens and another chunks. The sentence names file and entry.
 */
int imatrix_add(struct imatrix *m, const char *path, struct err *e);
void imatrix_free(struct imatrix *m);

/*
 * Give b (header read) the companion norm2 and the key count, by its name in a GGUF. An expert without a token gets
 * count 0 and no companion.
 * names  inout: to_gguf_open with the stream's model, its blobs taken
 * 1; 0: m has no such entry; -1: the entry is of another size.
 */
int imatrix_attach(struct imatrix *m, struct to_gguf *names, struct bundle *b, struct err *e);

/* Keep what b (companions loaded) says: norm2 times count, under its GGUF name. Nothing where it has none. Weights that
 * lie in one stored tensor share an entry, stacked experts have a row each. -1: it has no name in a GGUF. */
int imatrix_take(struct imatrix *m, struct to_gguf *names, const struct bundle *b, struct err *e);

/* As a file on fd, entries in order of their names. dat: the old kind, which needs chunk_size to make calls of tokens.
 * */
int imatrix_write(const struct imatrix *m, int dat, int fd, struct err *e);

/*
 * A whole stream: tensors get their entries (imatrix_attach), all else is passed on. head.more is told of m
 * (imatrix_note).
 * unused  out: entries that no tensor has
 * -1: what the reader and the writer say, and imatrix_attach; no entry is a tensor's. Memory: a tensor as it is stored.
 */
int imatrix_flow(struct imatrix *m, const char *path, struct reader *in, struct writer *out, uint64_t *unused,
                 struct err *e);

/* What a GGUF quantized by it says, for tpack: keys imatrix_file, imatrix_dataset, imatrix_entries, imatrix_chunks,
 * imatrix_chunk_size of the head, and from there quantize.imatrix.*. path NULL: from no file. */
void imatrix_note(const struct imatrix *m, const char *path, struct attrs *head);
void imatrix_forget(struct attrs *head);
void imatrix_noted(
    struct imatrix *m,
    const struct attrs *head); /* datasets, chunks and chunk_size from there; of what is not said, from the counts */
void imatrix_keys(const struct attrs *head, struct gguf_keys *k);

#endif
