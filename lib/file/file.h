/*
 * file: checkpoints on disk, as lists of tensors at offsets. One file a format, one row in file.def.
 *
 * Reading order: file.h, safetensors.c (one file of tensors), hf.c (a folder), file.c (the table), pile.h (the way
 * out).
 */
#ifndef WEIR_FILE_FILE_H
#define WEIR_FILE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "file/view.h"
#include "num/dtype.h"
#include "num/ggml.h"
#include "tensor/bundle.h"

#define BLOB_MAX_BYTES ((uint64_t)256 << 20) /* of one file that travels beside the weights */

#define LLAMA2C_TOKENIZER "tokenizer.bin" /* blob of a source: llama2.c's; it does not travel itself (ckpt/plan.h) */

struct file_value;

struct file_tensor {
    char *name;
    struct shape shape;             /* outputs first, as in safetensors; GGUF's dims are turned round */
    enum dtype dtype;               /* of plain elements; DT_U8 for blocks */
    const struct ggml_type *blocks; /* ggml's block type, or NULL for plain elements */
    struct file_value
        *value; /* of another form, made of several tensors of the file (value.h), or NULL; then part and offset say
                * nothing */
    int part;   /* index into source.part */
    uint64_t offset, bytes; /* where in that file */
};

struct file_part {
    char *path;
    int fd;
    uint64_t bytes;
};

struct file_blob { /* a file beside the weights: config.json, tokenizer.model ... */
    char *name;    /* without folder */
    char *path;    /* where it is, or NULL when data holds it */
    struct buf data;
};

struct source {
    const struct file_format *format;
    struct file_part *part;
    int parts;
    struct file_tensor *tensor; /* file by file, in the order of their offsets */
    size_t tensors;
    struct file_blob *blob; /* in byte order of their names */
    int blobs;
    int interleaved;   /* rows of q and k are for rotary pairs (2i, 2i+1), whatever config.json says (llama2.c) */
    struct attrs meta; /* the checkpoint's own metadata: safetensors' __metadata__ */
};

struct file_format {
    const char *name;  /* "safetensors" */
    const char *brief; /* one line for --list */
    /* 1 when this looks like it. first: the file's first n bytes (up to 64), none for a folder. */
    int (*probe)(const char *path, int is_folder, const uint8_t *first, size_t n);
    /* Add everything at path to s. Header checks are all made here; no tensor's data is read. */
    int (*open)(struct source *s, const char *path, struct err *e);
};

extern const struct file_format *const file_formats[]; /* ends with NULL */

/*
 * Open a checkpoint, whatever its format, and add its tensors, blobs and metadata to s (which begins as {0}), so that
 * several paths make one source. -1: cannot be read, of no known format, damaged (the clause names path, tensor and
 * both values), or a tensor or blob of that name is there already. On error s holds what was added before: close it.
 * Memory: the names and places of all tensors.
 */
int source_open(struct source *s, const char *path, struct err *e);
void source_close(struct source *s); /* back to {0} */

/* Read n bytes of a tensor that has no value of its own form, beginning at byte `at` of it. The caller stays inside
 * t->bytes. Thread-safe. */
int source_read(const struct source *s, const struct file_tensor *t, uint64_t at, void *out, size_t n, struct err *e);

/* Can the weight that lies in t as v says be read: whole bytes, or whole blocks whose rows stay rows? */
int file_view_fits(const struct file_tensor *t, const struct view *v);

/*
 * Rows [row0, row0 + rows) of the weight that lies in t as v says (NULL: all of t). out: in the stored type, row by
 * row. Thread-safe. Cost: where the columns do not lie side by side, one read for each column and call.
 */
int source_read_rows(const struct source *s, const struct file_tensor *t, const struct view *v, uint64_t row0,
                     uint64_t rows, void *out, struct err *e);

/* Rows [row, row + n) of part p of the bundle that file_header made of t, or of the weight that lies in it as v says.
 * As source_read_rows. */
int source_part(const struct source *s, const struct file_tensor *t, const struct view *v, const struct part *p,
                uint64_t row, uint64_t n, void *out, struct err *e);

/* All parts of the value of such a bundle: it is then loaded. */
int source_load(const struct source *s, const struct file_tensor *t, const struct view *v, struct bundle *b,
                struct err *e);

/* A tensor as a bundle's header, or the weight of that name and shape that lies in it: one term, dense or ggml, of one
 * part whose data are not here, or of the tensor's own form; b is {0}. The type's name at the source goes to the key
 * "dtype"; of a form the type that its peer makes of it. -1: its rows do not fill whole bytes, or its rank or size is
 * beyond what a bundle holds. */
int file_header(struct bundle *b, const struct file_tensor *t, const char *name, const struct shape *shape,
                struct err *e);
const char *file_type_name(const struct file_tensor *t); /* "BF16", "q4_K" */

/* All bytes of blob i, appended to out. */
int source_blob(const struct source *s, int i, struct buf *out, struct err *e);

/* For formats: add a file (open, regular; -1 names why not), returns its index. Add a zeroed tensor or blob at the end.
 * */
int source_add_part(struct source *s, const char *path, struct err *e);
int source_add_spool(struct source *s, const char *path, int fd,
                     uint64_t bytes); /* an unlinked file made from path; owned */
struct file_tensor *source_add_tensor(struct source *s);
struct file_blob *source_add_blob(struct source *s, const char *name);

/* The tensors of one safetensors file, added to s with its metadata: for folders of several. */
int safetensors_add(struct source *s, const char *path, struct err *e);
int torch_add(struct source *s, const char *path, struct err *e); /* likewise, of PyTorch's state dicts */

#endif
