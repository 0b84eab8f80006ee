/*
 * operand: one of several models that are read side by side: a stream, or a checkpoint of any format that lib/file
 * knows. Nothing is held but a slab of rows; a stream in another order than the first operand's waits in an unlinked
 * file (lookup.h).
 */
#ifndef WEIR_MERGE_OPERAND_H
#define WEIR_MERGE_OPERAND_H

#include "ckpt/plan.h"
#include "tensor/lookup.h"

struct operand {
    const char *path;       /* as given: for messages */
    struct reader *in;      /* a stream; NULL: a checkpoint */
    struct lookup *by_name; /* of a stream that is asked by name */
    struct source source;
    struct plan plan;     /* tensors of a checkpoint, in the order of a forward pass */
    char *arch;           /* by which its names are read: see operand_agree; NULL: they stand for themselves */
    struct named *by_key; /* plan's steps in byte order of their keys; NULL until asked for */
    uint8_t *given;       /* for each step: 1 when given out */
    int tied;             /* a head that it stores is its embedding once more, and is passed over */
    size_t next;          /* the first step that may not be */

    struct bundle b;         /* the current tensor: its header */
    struct reader *from;     /* what reads its rows, of a stream */
    const struct step *step; /* ... of a checkpoint */
    uint64_t row;            /* the next row */
    const float *slab;       /* rows of a stream that wait */
    uint64_t waiting;
    uint64_t
        head_dim; /* rows of the current tensor are put from the order they have here to the leader's, in heads of this
                   * size; 0: they stay */
    int to_pairs; /* ... to interleaved pairs, or back to halves */
    const int64_t
        *map;  /* which row of its own each row is, -1: it has none, and zeros come; of a checkpoint; NULL: they are its
              * rows */
    float add; /* and this is added: norms that one form keeps less 1 */
    float *head; /* such a head */
    uint64_t head_room;
    struct buf bytes[PARTS_MAX]; /* rows of each part */
    int keeps;   /* rows of a stream: 0 once, 1 they go to the spool as they are read, 2 they come from there */
    int digests; /* of a checkpoint: bytes of its parts are digested as they are read, from operand_begin to operand_end
                  * */
    struct hasher *digest[PARTS_MAX];
    int spool; /* an unlinked file + 1, or 0: none yet */
};

/* "-", a pipe, and a file that begins as weir(5) says are streams. o is overwritten; close it also after -1. */
int operand_open(struct operand *o, const char *path, struct err *e);
void operand_close(struct operand *o);

/*
 * Before tensors are asked for: tensors of a known architecture are known by what they are, not by what a checkpoint
 * calls them, so that a GGUF and a Hugging Face folder of one model go side by side. One that does not say its
 * architecture has that of the first that does.
 */
void operand_agree(struct operand *o, int n);

const struct attrs *operand_model(const struct operand *o); /* the keys of its head, or of its configuration */

/* By what o's tensor of that name is known: Hugging Face's name for it, or its own. The caller frees it. */
char *operand_key(const struct operand *o, const char *name);

/* Is the current tensor no weight but what readers compute anew (arch_buffer), which another format may leave out? */
int operand_computed(const struct operand *o);

/* The next tensor in the operand's own order, as o->b; of a stream with a writer linked, other records are relayed. 1,
 * 0 at the end, -1. */
int operand_next(struct operand *o, struct err *e);

/* The tensor of that key that has not been given out. 1, 0 when there is none, -1. An operand is read by operand_next
 * or by these two. */
int operand_get(struct operand *o, const char *key, struct err *e);
int operand_rest(struct operand *o, struct err *e); /* any that has not been given out */

/*
 * The leader's current tensor is the same as o's: o's rows come in the leader's order from here on (names.h: rotary
 * pairs of q and k).
 * -1: they are no whole number of heads.
 */
int operand_follow(struct operand *o, const struct operand *leader, struct err *e);
uint64_t operand_row(const struct operand *o,
                     uint64_t r); /* where o has what is row r (of a vector: element r) of the leader */

/*
 * The next n rows of the current tensor as f32.
 * out   out: float[n][cols]; n at most what is left
 * -1: reading failed, the form is unknown, or an element is NaN (named by row and column). Memory: 1 MiB, or a row, and
 * a head that follows.
 */
int operand_rows(struct operand *o, uint64_t n, float *out, struct err *e);
int operand_values(struct operand *o, uint64_t n, float *out, struct err *e); /* the same, whatever they are: NaN too */

/* Before the first row: companions are loaded, and bytes that pass are digested (tensor/compare.h); after the last, the
 * digests are there. */
int operand_begin(struct operand *o, struct err *e);
int operand_end(struct operand *o, struct err *e);

/* Can the current tensor be read by rows in the leader's order with what it is made of? Not where rows move, nor in a
 * form that is not known here. */
int operand_by_rows(const struct operand *o);

/* Before the first row: the current tensor's rows will be asked for again. -1: no file for those of a stream. */
int operand_keep(struct operand *o, struct err *e);
void operand_again(struct operand *o); /* all rows have been read: from the first once more */

/* All of the current tensor into o->b, of which no row was read, in the order it has here; nothing is done where it is
 * there already. */
int operand_load(struct operand *o, struct err *e);

/* The bytes of p, a loaded part of the current tensor, in the leader's order, where they go by the rows of q or k. to:
 * room for them. */
void operand_part(const struct operand *o, const struct part *p, uint8_t *to);

/* o->b, loaded, in the leader's order. Where it has another, a value whose form does not hold row by row (sparse,
 * monarch, mix) becomes F32. */
int operand_turn(struct operand *o, struct err *e);

/* Write the current tensor as it is, of which no row was read. Memory: 2 MiB, or a row. */
int operand_pass(struct operand *o, struct writer *out, struct err *e);

/* The element type that a merged tensor has by default: of a value of one dense term its own; of others the type the
 * checkpoint says it came from (key "dtype"), else F32. Never an integer type: see operand_counts. */
enum dtype operand_type(const struct operand *o);

/* 1 when the tensor holds whole numbers (I64, U8, BOOL ...), which are no weights. */
int operand_counts(const struct operand *o);

#endif
