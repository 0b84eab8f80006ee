/* pass: a method over a loaded bundle: which part of the value, what rank, is it worth it, what was lost. */
#ifndef WEIR_FACTOR_PASS_H
#define WEIR_FACTOR_PASS_H

#include "factor/factor.h"
#include "tensor/stream.h"
#include "tensor/unseen.h"

struct factor_pass {
    const struct factor_method *method;
    uint64_t rank;         /* 0: by keep */
    double keep;           /* share of the numbers to keep; of dense-sparse, to take out */
    int residual;          /* 1: only the value's last dense term, what an earlier filter lost, becomes a product */
    int type;              /* of the factors: an enum dtype, or -1: the checkpoint's own type */
    int plain;             /* 1: the inputs' size is not known and not gone by */
    struct unseen *unseen; /* in/out: those that a method took that goes by weights alone */
    uint64_t done;         /* out: tensors that became something else */
};
#define FACTOR_PASS                                                                                                    \
    {                                                                                                                  \
        .type = -1                                                                                                     \
    }

/* Do the options go together? budget: the column, "rank" or "keep", by which each tensor will have its size, or NULL.
 * -1 says which do not: a wrong command line. */
int factor_pass_check(struct factor_pass *p, const char *budget, struct err *e);

/* Set rank or keep (column) by a word of a budget. -1: the word is none, or leaves nothing. */
int factor_pass_size(struct factor_pass *p, const char *column, const char *word, struct err *e);

struct factor_tally {
    int done;               /* 0: stayed as it was */
    uint64_t rank;          /* 0 of dense-sparse */
    uint64_t before, after; /* bytes of the value */
    double predicted,
        measured; /* loss shares in the method's norm, and of the outputs (by gram) or of the weights (without) */
    int by_gram;  /* which of them measured is */
};

/* For factor_loaded and group.h: the weights as they are, finite ([rows][cols]; term -1: the whole value); the type of
 * the factors; the loss of the terms from `first` on against w (which it overwrites), on the outputs where there is a
 * gram. */
int factor_weights(const struct bundle *b, int term, float *w, struct err *e);
enum dtype factor_type(const struct factor_pass *p, const struct bundle *b);
int factor_measure(const struct bundle *b, int first, float *w, const float *gram, struct factor_tally *t,
                   struct err *e);

#define FACTOR_TALLY_TITLES                                                                                            \
    "tensor\trows\tcols\trank\tbytes_before\tbytes_after\tpredicted_loss\tmeasured_loss\tmeasured_by\n"
void factor_tally_line(struct buf *out, const struct bundle *b, const struct factor_tally *t);

/*
 * A weight that tensor/unseen.h tells of: by svd; of methods that keep the weight whole (eva) it stays as it is, and
 * those that go by the inputs' size go without (as with alpha 0).
 * b      inout: loaded. The value, or its last dense term, becomes a product; where the factors would not be smaller it
 *        stays as it was, and so it does when the whole value is asked for and its parts are fewer bytes already.
 *        Adapters (pissa, eva) and outliers are added whatever their size.
 *        score, mask and grad are dropped, what tells of inputs stays.
 * bias   inout: loaded, or NULL; with a method of FACTOR_BIAS what the product loses on the mean of the inputs is added
 *        to it
 * t      out: not NULL
 * -1: a weight that is not finite, a companion that is missing or of another size (mean too, where there is a bias), no
 * dense term where the residual was asked for; the sentence names the tensor. Memory: the value in double about four
 * times, the gram in double twice.
 */
int factor_loaded(const struct factor_pass *p, struct bundle *b, struct bundle *bias, struct factor_tally *t,
                  struct err *e);

/* Is the bundle the bias of that weight: of the same role, layer and expert (without roles: of the same name but for
 * .bias in place of .weight), and as long as it has rows? */
int factor_is_bias(const struct bundle *bias, const struct bundle *b);

#endif
