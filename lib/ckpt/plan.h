/* plan: which tensors of a checkpoint are sent, and in which order: that of a forward pass. */
#ifndef WEIR_CKPT_PLAN_H
#define WEIR_CKPT_PLAN_H

#include "file/file.h"
#include "tensor/select.h"
#include "tensor/stream.h"

struct step {
    const struct file_tensor *t;
    uint64_t order;
    struct bundle b; /* the header with role and layer; the data of its one part are never here */
};

struct plan {
    struct step *step;
    size_t n;
    struct attrs model; /* head.model, from config.json or a GGUF's keys where the source has them */
    struct err note;    /* what of the source cannot be had though the weights can (a tokenizer), or an empty sentence */
};

/*
 * The chosen tensors of a source, ordered by arch_order, tensors of unknown roles last and in the source's order. Weights that the
 * architecture's files hold as [inputs][outputs] are turned (file_turn).
 * A source that says its model in other words than Hugging Face's (GGUF) gets the files of a folder as further blobs.
 * -1: config.json is no configuration, or a tensor is of a shape that a bundle does not hold.
 * Memory: a header for each tensor. Cost: a sort.
 */
int plan_make(struct plan *p, struct source *s, const struct select *sel, struct err *e);
void plan_free(struct plan *p);

/* Announce it in a head: model, metadata, counts and the manifest. */
void plan_head(const struct plan *p, const struct source *s, struct head *h);

#endif
