/* policy_int: a policy as it was read. Private to policy*.c. */
#ifndef WEIR_QUANT_POLICY_INT_H
#define WEIR_QUANT_POLICY_INT_H

#include "arch/model.h"
#include "quant/policy.h"

#define POLICY_WORDS 16
#define POLICY_SLICES 8

struct policy_bound { /* floor(layers * num / den) + add */
    int64_t num, den, add;
};

struct policy_slice {
    struct policy_bound from, to;
    int64_t step;
};

struct policy_rule {
    int line;
    char *word[POLICY_WORDS];
    uint8_t hit[POLICY_WORDS]; /* has it matched a tensor? */
    int words;
    struct policy_slice slice[POLICY_SLICES];
    int slices; /* 0: any layer, or none */
    struct expr *when;
    char *type;
};

struct policy {
    char *name; /* for messages */
    int preset, file_type;
    struct policy_rule *rule;
    int rules;
    struct model m; /* bound to the stream's page with the first tensor; m.arch NULL: it has none */
    int bound;
};

/* "7/8:" to a slice. -1: it is none. */
int policy_slice_read(struct policy_slice *s, const char *text, struct err *e);
int policy_slice_has(const struct policy_slice *s, int64_t layers, int64_t layer);

#endif
