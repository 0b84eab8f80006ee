/*
 * bundle: a weight and its companions, in memory. Format: weir(5), record kind "tensor".
 *
 * A bundle is a header and parts. Companions (term == -1) come first: norm2, mean, absmean, gram, score, mask ...
 * Then the value: a sum of terms, each of a form (form.h), each with its own parts. Order of parts in a bundle is the
 * order in the stream: companions, then for each term the parts that do not follow the weight's rows (a codebook, the A
 * of a low-rank pair), then those that do. Parts of a loaded bundle are plain arrays, row-major, little endian.
 *
 * W[rows][cols]: rows = outputs = shape.dim[0]; cols = inputs = the product of the other dims. A vector [n] is one row
 * of n columns; a scalar [] is one row of one column.
 */
#ifndef WEIR_TENSOR_BUNDLE_H
#define WEIR_TENSOR_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "num/dtype.h"

#define NAME_MAX_BYTES 4096
#define RANK_MAX 8
#define PARTS_MAX 64
#define TERMS_MAX 16

struct shape {
    int rank;
    uint64_t dim[RANK_MAX];
};

/* Small keyed values of headers. Unknown keys of other tools are kept as raw msgpack and written back as they came. */
enum attr_kind { ATTR_INT, ATTR_F64, ATTR_STR, ATTR_BOOL, ATTR_RAW };
struct attr {
    char *key;
    enum attr_kind kind;
    int64_t i;      /* INT, BOOL */
    double f;       /* F64 */
    struct buf raw; /* STR: the text without NUL; RAW: one msgpack object */
};
struct attrs {
    struct attr *item;
    int n;
};
const struct attr *attrs_find(const struct attrs *a, const char *key);
int64_t attrs_int(const struct attrs *a, const char *key, int64_t otherwise); /* an F64 that is whole counts */
double attrs_f64(const struct attrs *a, const char *key, double otherwise);   /* an INT counts */
const char *attrs_str(const struct attrs *a, const char *key,
                      const char *otherwise);                    /* NUL-terminated view, owned by a */
void attrs_set_int(struct attrs *a, const char *key, int64_t v); /* set replaces, and keeps the place of the old one */
void attrs_set_bool(struct attrs *a, const char *key, int v);
void attrs_set_f64(struct attrs *a, const char *key, double v);
void attrs_set_str(struct attrs *a, const char *key, const char *v);
void attrs_set_raw(struct attrs *a, const char *key, const void *msgpack, size_t n);
void attrs_drop(struct attrs *a, const char *key);
void attrs_copy(struct attrs *to, const struct attrs *from);
void attrs_free(struct attrs *a);

struct part {
    char *name; /* "norm2", "gram", "dense", "blocks", "codes", "scales", ... */
    int term;   /* index of its term, or -1 for a companion */
    enum dtype dtype;
    struct shape shape;
    int fixed;  /* of a term, but its rows are not the weight's rows: sent whole before those that follow (form.h) */
    int shared; /* companion that later bundles of the layer may refer to: readers keep it until the layer ends; or a
                 * fixed part of a term that later bundles of the segment may refer to: readers keep it until that ends
                 */
    char
        *same; /* companion equal to the shared part of this name in the earlier bundle `same` of the layer (fixed part:
               * segment): nothing is sent. Or NULL. Kept by the reader and the writer; filters need not look */
    uint64_t rows; /* first dim, 1 for vectors and scalars: chunks are whole rows */
    uint64_t row_bytes;
    uint8_t *data;         /* rows * row_bytes when loaded, else NULL */
    struct hash128 passed; /* of its bytes, where they went by as rows and bundle_digest had asked */
    struct lent
        *lent; /* data belongs to several bundles (a shared gram): read only, freed with the last of them. Or NULL */
    int wire;  /* its index in the record that is being read, or -1 */
    struct attrs more; /* further keys */
};

struct term {
    char *form;         /* "dense", "ggml", "affine", "lowrank", ... a row of form.def */
    struct attrs attrs; /* "type" of ggml; "bits", "group" of affine ... */
};

struct bundle {
    char *name;
    struct shape shape;  /* of the weight */
    uint64_t rows, cols; /* see above */
    char *role;          /* "attn.q", "mlp.down", "norm" ... or NULL (lib/arch/arch.h) */
    int64_t layer;       /* or -1 */
    int64_t expert;      /* or -1 */
    struct term
        *term; /* at most TERMS_MAX; these two grow by bundle_room_*, so that a list of headers is no list of tables */
    int terms;
    struct part *part; /* at most PARTS_MAX */
    int parts;
    struct attrs more; /* further keys, "dtype" (the checkpoint's own type name) among them */

    int loaded;       /* every part's data is here */
    int touched;      /* header or data changed since it was read: bundle_write must encode it */
    uint64_t segment; /* of the stream it was read from, counted from 1; 0 for a new bundle */
    uint64_t record;  /* in that stream, likewise */
    struct buf raw;   /* the header's bytes as read, for relaying */
};

void bundle_free(struct bundle *b); /* back to {0} */

/* A new bundle with one dense term; data (may be NULL) is copied. */
void bundle_init_dense(struct bundle *b, const char *name, const struct shape *s, enum dtype t, const void *data);

/* Begin the bundle that goes out in place of from: name, shape, role, layer and further keys are copied, and it has no
 * terms yet. to is overwritten. bundle_take_header: companions (loaded or not) move over; from keeps its value and can
 * still be read by bundle_next_rows. */
void bundle_copy_header(struct bundle *to, const struct bundle *from);
void bundle_take_header(struct bundle *to, struct bundle *from);

/* Set rows and cols from shape. -1 when the product overflows. */
int bundle_set_shape(struct bundle *b, const struct shape *s, struct err *e);
uint64_t shape_count(const struct shape *s); /* product; shapes in bundles never overflow */
int shape_equal(const struct shape *a, const struct shape *b);
const char *shape_text(const struct shape *s, char buf[200]); /* "[4096, 11008]" */

/* The part of that name: of a term, or a companion with term -1. NULL when absent. */
struct part *bundle_part(const struct bundle *b, int term, const char *name);

/* Add an empty part (zeroed data of the right size) at its place in the order; marks touched. Never NULL; more than
 * PARTS_MAX parts end the process. Pointers to parts are invalid after it. */
struct part *bundle_add_part(struct bundle *b, int term, const char *name, enum dtype t, const struct shape *s);
void bundle_drop_part(struct bundle *b, int term, const char *name);

/* As bundle_add_part, with no data: for bundle_begin and bundle_put. */
struct part *bundle_declare_part(struct bundle *b, int term, const char *name, enum dtype t, const struct shape *s);

/* Say that later bundles of this layer have the same companion: where their bytes are equal it travels once. Readers
 * keep what is shared until the layer ends, so share only what is. The data of a shared companion is replaced, not
 * changed in place. */
void bundle_share(struct bundle *b, const char *name);

/* Give to the loaded companion of from (nothing is done where from has none): both hold the same bytes in memory (and
 * so in the stream, bundle_share); what to had of that name is dropped. */
void bundle_lend(struct bundle *to, struct bundle *from, const char *name);
void bundle_lend_part(struct bundle *to, int to_term, struct bundle *from, int term,
                      const char *name); /* the same for a fixed part of a term */

/* A companion as f32: converted copy owned by the caller (free), or NULL with e set when absent or when its element
 * count is not want (0: any). The sentence says which filter adds it. */
float *bundle_companion(const struct bundle *b, const char *name, uint64_t want, struct err *e);

/* As bundle_companion, for large ones: no copy where it is stored as F32 (then *own is NULL, and the view lives as long
 * as the companion's data); else *own is the copy, to be freed. */
const float *bundle_companion_view(const struct bundle *b, const char *name, uint64_t want, float **own, struct err *e);

/* Set or replace a companion from f32 values. One that was shared stays shared. */
void bundle_set_companion(struct bundle *b, const char *name, const struct shape *s, const float *v);
void bundle_give_companion(struct bundle *b, const char *name, const struct shape *s,
                           float *v); /* v, from mem_new, is the bundle's from here on */

/* Drop the companions that told of the weights as they were (score, mask, grad); those that tell of inputs stay. */
void bundle_drop_stale(struct bundle *b);

/* Room for one term or part more behind the last: pointers into b->term and b->part are invalid after it. */
void bundle_room_term(struct bundle *b);
void bundle_room_part(struct bundle *b);

/* Remove all terms and their parts; add a term; remove one with its parts. All mark touched. */
void bundle_clear_value(struct bundle *b);
int bundle_add_term(struct bundle *b, const char *form);
void bundle_drop_term(struct bundle *b, int term); /* those behind it move up */

/* The value's rows [r0, r0 + n) as f32: the sum of all terms, in the order of the terms. b is loaded. out:
 * float[n][cols]. */
int bundle_rows(const struct bundle *b, uint64_t r0, uint64_t n, float *out, struct err *e);

/* Replace the value by one dense term of type t from f32 rows [rows][cols]. */
void bundle_set_dense(struct bundle *b, enum dtype t, const float *w);

/* The type of the first dense part, or F32: what a filter that must write dense values should write. */
enum dtype bundle_dense_type(const struct bundle *b);

#endif
