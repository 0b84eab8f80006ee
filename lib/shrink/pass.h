/* pass: a method over a stream: what goes, from every unit of the model that the feed brings. */
#ifndef WEIR_SHRINK_PASS_H
#define WEIR_SHRINK_PASS_H

#include "arch/arch.h"
#include "run/feed.h"
#include "shrink/cut.h"
#include "shrink/shrink.h"

struct shrink_pass {
    const struct shrink_method *method;
    unsigned what;
    double share;
    uint64_t align;
    int refit, bias;       /* the columns that stay, or a bias, make up for those that go (heads, channels) */

    struct arch_params p;  /* of the model as it comes */
    uint64_t units, left;  /* of what: before, after */
    uint64_t *keep;        /* [left], with layers and hidden: chosen by shrink_survey; owned */
    struct buf *report;    /* or NULL */
};

#define SHRINK_TITLES "layer\twhat\tbefore\tafter\tlost\n"

/*
 * What goes of a model, by its head: p, units and left. -1: a model that cannot be run (arch_params), an architecture whose table or configuration
 * has no place for the change (heads of fused q, k and v; hidden where the size of a head is not stated).
 */
int shrink_plan(struct shrink_pass *s, const struct attrs *model, struct err *e);

/*
 * With layers and hidden: read a whole stream and choose keep. Nothing is done for heads and channels.
 * -1: layers that lack bi, a linear of theirs that lacks score, norms' readers that lack absmean (the sentence names the tensor and who adds it), or
 * layers that are not as many as the head says.
 * Memory: the companions of one bundle.
 */
int shrink_survey(struct shrink_pass *s, struct reader *in, struct err *e);

/*
 * Shrink the unit that the feed holds, in place. Returns 1, 0 when it is a layer that goes (the report has its line), -1.
 * Of heads and channels "lost" in the report is the share of the closing linear's output energy that its inputs no longer bring, by the gram; "-" where there is none.
 * With bias the closing linear's moments are those about the mean, for what is chosen by them, for the refit, and for "lost".
 */
int shrink_unit(struct shrink_pass *s, struct feed *feed, struct err *e);

/* The sizes that changed, into head.model or the tail's corrections. */
void shrink_model(const struct shrink_pass *s, struct attrs *model);

#endif
