/* value: a tensor whose value is of another form than dense or ggml, put together from tensors of the file as its rows
 * are read. */
#ifndef WEIR_FILE_VALUE_H
#define WEIR_FILE_VALUE_H

#include "file/file.h"
#include "file/view.h"

#define VALUE_PARTS 4

/* A part of the value: rows that rows() makes from what the file holds. */
struct value_part {
    const char *name; /* static; a part of the form */
    enum dtype dtype;
    int vector;          /* 1: of one dim, cols, whatever the weight's rows are */
    uint64_t rows, cols; /* of all matrices of a stack together */
    uint64_t row_bytes;
    /* Rows [row, row + n) into out: n * row_bytes bytes. Thread-safe. */
    int (*read)(const struct source *s, const struct value_part *p, uint64_t row, uint64_t n, uint8_t *out,
                struct err *e);
    struct file_tensor from, with; /* places of what it is made of; no names */
    uint64_t stride;               /* bytes from one of the file's rows to the next */
    uint64_t every;                /* so many rows of a matrix have one of the file's rows; the last may have fewer */
    uint64_t matrix;               /* rows of one matrix of a stack, or 0: there is one */
    uint64_t group, nested;        /* see ckpt/quantized_read.h */
    int bits;                      /* of a code */
    unsigned add;                  /* to each number */
    float offset;
    struct buf data; /* a table */
};

struct file_value {
    const char *form;   /* static: "affine", "table", "dense" */
    struct attrs attrs; /* of the term */
    int turned; /* where the model is not quantized, its files hold it with the last two dims the other way round:
                 * inputs first */
    struct value_part part[VALUE_PARTS];
    int parts;
};

/* Begin a value; add a part of it, of which the caller sets what `read` needs. cols elements of a row fill whole bytes.
 * */
struct file_value *value_new(const char *form);
struct value_part *value_add(struct file_value *v, const char *name, enum dtype t, uint64_t rows, uint64_t cols);
void value_free(struct file_value *v);
uint64_t value_bytes(const struct file_value *v);

/* t gets the value: its bytes follow. The tensor owns v. */
void value_give(struct file_tensor *t, struct file_value *v);

/*
 * A value's rows are those of its codes: of each matrix the outputs, whatever `turned` says. A view (view.h) counts
 * elements as the model's own files have them: value_stored is their shape. It fits where each of its rows is a whole
 * row of codes: an expert, some outputs, every other.
 */
struct shape value_stored(const struct file_tensor *t);
int value_view_fits(const struct file_tensor *t, const struct view *v);

/* file_header's share: the term, its attributes and its parts, of the whole tensor or (b's shape is then the view's
 * matrix) of a view that fits. -1: a row of the bundle is no whole number of a part's bytes. */
int value_header(struct bundle *b, const struct file_tensor *t, struct err *e);

/* source_part's share. v: a view that fits, or NULL: the whole. */
int value_read(const struct source *s, const struct file_tensor *t, const struct view *v, const struct part *p,
               uint64_t row, uint64_t n, void *out, struct err *e);

#endif
