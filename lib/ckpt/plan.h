/* plan: which weights of a checkpoint are sent, and in which order: that of a forward pass. */
#ifndef WEIR_CKPT_PLAN_H
#define WEIR_CKPT_PLAN_H

#include "arch/place.h"
#include "file/file.h"
#include "tensor/select.h"
#include "tensor/stream.h"

/* A bundle to be: all of a stored tensor, or a weight that lies in it. */
struct step {
    const struct file_tensor *t;
    struct view *view; /* NULL: all of it */
    char *name;        /* NULL: the stored tensor's */
    const char *role;  /* text of the page, or NULL */
    int64_t layer, expert;
    uint64_t order;
    struct shape shape;
};

struct plan {
    struct step *step;
    size_t n, cap;
    struct attrs model; /* head.model, from config.json or a GGUF's keys where the source has them */
    struct err note; /* what of the source cannot be had though the weights can (a tokenizer), or an empty sentence */
};

/*
 * The chosen weights of a source, ordered by arch_order, tensors of unknown roles last and in the source's order. A
 * stored tensor that holds several weights, or lies as [inputs][outputs], is taken apart as its page says (place.h).
 * A source that says its model in other words than Hugging Face's (GGUF) gets the files of a folder as further blobs.
 * What tensors say of a tied head counts: one of the embedding's bytes is tied, another one is the model's own, a head
 * alone is the embedding.
 * -1: config.json is no configuration, a tensor is of a shape that a bundle does not hold, or one that is to be taken
 * apart is not of the shape that the configuration says.
 * Memory: some 200 bytes a bundle. Cost: a sort.
 */
int plan_make(struct plan *p, struct source *s, const struct select *sel, struct err *e);
void plan_free(struct plan *p);

const char *step_name(const struct step *s);
uint64_t step_bytes(const struct step *s);

/* The bundle's header, its value not here: file_header with role, layer, expert. b is {0}. */
int step_header(const struct step *s, struct bundle *b, struct err *e);

/* Announce it in a head: model, metadata, counts and the manifest. */
void plan_head(const struct plan *p, const struct source *s, struct head *h);

#endif
