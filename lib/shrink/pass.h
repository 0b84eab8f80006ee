/*
 * pass: a method over a stream: what goes, bundle by bundle.
 *
 *     shrink_plan     from the head: what is cut and how much is left
 *     shrink_survey   layers, hidden, experts: a whole stream is read, and what stays is chosen
 *     shrink_settle   from config.json: the model that is left can be said and computes what it should; else nothing
 *     has been written yet
 *     shrink_take     each record, and shrink_end behind the last
 */
#ifndef WEIR_SHRINK_PASS_H
#define WEIR_SHRINK_PASS_H

#include "arch/axes.h"
#include "shrink/bias.h"
#include "shrink/cut.h"
#include "shrink/shrink.h"
#include "shrink/steps.h"
#include "tensor/stream.h"

#define SHRINK_NUMBERS 4
#define SHRINK_GROUPS 4

/* A number of the configuration that becomes smaller. */
struct shrink_number {
    const char *name; /* of the page */
    uint64_t units, left;
};

struct shrink_pass {
    const struct shrink_method *method;
    unsigned what;
    double share;
    uint64_t align;
    int refit, bias;    /* the columns that stay, or a bias, make up for those that go (heads, channels) */
    struct buf *report; /* or NULL */

    struct model was, now; /* the model as it comes; as it goes on, once it is settled */
    struct shrink_number number[SHRINK_NUMBERS];
    int numbers;
    uint64_t *keep;    /* layers and hidden: [left]; owned */
    uint64_t **expert; /* experts: for each layer [left], or NULL where a layer has none; owned */
    struct steps_fixes fixes;

    struct walk walk; /* of the layer that is at work, when walked */
    int walked;
    struct axes_group group[SHRINK_GROUPS];
    int groups;
    struct held held;              /* from the first of a group's makers to its closing linear */
    const struct axes_group *open; /* that group, or NULL: nothing is held */
    int64_t open_expert;
    int closed; /* its closing linear has come */
};

#define SHRINK_TITLES "layer\twhat\tbefore\tafter\tlost\n"

/*
 * What goes of a model, by its head. The count that is left is the nearest to the asked one that transformers accepts.
 * -1: a model without a page of steps, without heads or experts, a size that differs from layer to layer, numbers that
 * the configuration cannot say.
 */
int shrink_plan(struct shrink_pass *s, const struct attrs *model, struct err *e);

/* Is there nothing to do? */
int shrink_idle(const struct shrink_pass *s);

/* Must the whole stream be read before anything is written? */
int shrink_ahead(const struct shrink_pass *s);

/*
 * Read a whole stream and choose.
 * -1: what the method needs is missing (the sentence names the tensor and who adds it), or layers or experts are not as
 * many as the head says. Memory: the companions of one bundle.
 */
int shrink_survey(struct shrink_pass *s, struct reader *in, struct err *e);

/*
 * config: the file as the stream brought it, or empty. -1: config.json cannot say what is left, or a step would compute
 * something else that no weight can make up for (steps.h).
 */
int shrink_settle(struct shrink_pass *s, const struct buf *config, struct err *e);

/* The model that is left, into head.model. */
void shrink_model(const struct shrink_pass *s, struct attrs *model);

/*
 * Take the record that in has just read, and write what it becomes; out NULL: nothing is written.
 * Of heads and channels "lost" in the report is the share of the closing linear's output energy that its inputs no
 * longer bring, by the gram; "-" where there is none. With bias the closing linear's moments are those about the mean,
 * for what is chosen by them, for the refit, and for "lost".
 * -1: a tensor that the architecture is not known to have, a size that is not the head's, a companion that is missing.
 */
int shrink_take(struct shrink_pass *s, struct reader *in, struct item *it, struct writer *out, struct err *e);
int shrink_end(struct shrink_pass *s, struct reader *in, struct writer *out, struct err *e);
void shrink_free(struct shrink_pass *s);

/* Within shrink: the number of that name, or NULL; the walk and the groups of a layer; role, layer and expert of a
 * bundle by its name, where it has none; heads or channels of the group that is held. */
const struct shrink_number *shrink_number(const struct shrink_pass *s, const char *name);
int shrink_at(struct shrink_pass *s, int64_t layer, struct err *e);
int shrink_role(const struct shrink_pass *s, struct bundle *b);
int shrink_group(struct shrink_pass *s, struct err *e);

/* Cut what bears a number of a loaded bundle; keep: [left]. w: its weight in the page. 1 when it does, 0. */
int shrink_cut(const struct shrink_pass *s, struct bundle *b, const struct arch_weight *w, int bias,
               const struct shrink_number *n, const uint64_t *keep, struct err *e);

#endif
