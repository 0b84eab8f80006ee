/* pass: a method over the rows of a tensor, in slabs. */
#ifndef WEIR_PRUNE_PASS_H
#define WEIR_PRUNE_PASS_H

#include <sys/types.h>

#include "prune/inputs.h"
#include "tensor/select.h"
#include "tensor/stream.h"

/* Scores of rows [row0, row0 + rows) of b from w[rows][cols] and what is known, to out[rows][cols]. 0, or -1 without
 * the tensor's name. */
typedef int prune_scorer(const struct bundle *b, const struct prune_inputs *in, uint64_t row0, uint64_t rows,
                         const float *w, float *out, struct err *e);

/* The scorer that gives the companion; needs PRUNE_COMPANION. -1: a weight or score that is NaN. */
prune_scorer prune_companion;

struct prune_pass {
    const struct prune_method *method;
    const struct pattern *pattern;
    struct pick_sieve *sieve; /* scope model, counted; otherwise NULL */
    prune_scorer *scorer;     /* NULL where neither method nor init needs scores */
    int (*prepare)(const struct bundle *b, const struct attrs *model,
                   struct err *e);   /* or NULL; before b's rows are scored, its companions loaded */
    const struct prune_method *init; /* of a method that begins with another's mask; or NULL */
    int refit;                       /* 1: the weights that stay are fitted again (prune/refit.h) */
    int whole;                       /* the scorer must see all rows at once */
    const struct prune_pass
        *plain; /* of weights that tensor/unseen.h tells of, by the tensor or less; or NULL: as all others */
};

/* What went, for reports. Sums are f64 in order of rows. */
struct prune_tally {
    uint64_t before, after; /* weights that are 0 */
    double mass, kept;      /* sum of the scores; of those that stay */
    double lost, moved;     /* with a gram: tr((W - Q) gram (W - Q)'); tr(W gram W') */
    double damp;            /* that was used */
};

/* The report's titles, and a bundle's line: name, rows, cols, zeros before and after, share of zeros, share of the
 * scores kept; lost / moved, which is the share of the output's energy on the calibration text; damp. "-" for what is
 * not known. */
#define PRUNE_TALLY_TITLES "tensor\trows\tcols\tzeros_before\tzeros_after\tsparsity\tscore_kept\toutput_lost\tdamp\n"
void prune_tally_line(struct buf *out, const struct bundle *b, const struct prune_tally *t);

/*
 * The tensor that in stands at, pruned and written on.
 * out    NULL: a dry run
 * b      inout: its header is read. A single dense term is zeroed in place, so that what stays keeps its bytes,
 *        whatever its type; any other value becomes one dense term (bundle_dense_type, or F32 where that cannot be
 *        written). Companions that
 *        tell of the old weights (score, mask, grad) are dropped; those that tell of inputs stay.
 * tally  out: or NULL
 * Memory: the companions and a slab: 1 MiB of weights as they arrive; with PRUNE_GRAM 512 rows, or 4 MiB where that is
 * more; all rows where the method needs them. A weight of a slab takes 5 bytes, 4 more where there are scores, 4 more
 * where the old are needed too (refit, or a gram and a tally). A factor: cols^2 doubles before there is a slab,
 * then floats, until the last rows are chosen. Refit: prune_refit_make and prune_refit_rows. The bundle, and slabs of 4
 * MiB at least, where scores of all rows decide, for blocks of several rows, and for types that f32 does not keep while
 * what stays keeps its bytes.
 * -1: NaN, columns that do not fit the pattern, a companion that is missing, a gram that cannot be used; the tensor's
 * name comes first.
 */
int prune_tensor(const struct prune_pass *p, struct reader *in, struct writer *out, struct bundle *b,
                 struct prune_tally *tally, struct err *e);

/*
 * Scope model, before any tensor is pruned: all chosen tensors' scores are counted into a new p->sieve (free() it), in
 * two walks over the stream that begins at start of fd, which is left there again.
 */
int prune_count_model(struct prune_pass *p, const struct select *sel, int fd, off_t start, struct err *e);

#endif
