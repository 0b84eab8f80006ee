/* flow: what ddup does with its input, from end to end: alone, or as the steps of a work over shards (signatures,
 * merge, apply). */
#ifndef WEIR_DUP_FLOW_H
#define WEIR_DUP_FLOW_H

#include "dup/dup.h"

enum dup_keep { DUP_KEEP_FIRST, DUP_KEEP_NONE, DUP_KEEP_ALL };

struct flow {
    struct dup_opts o;
    struct records_opts how;
    enum dup_keep keep;
    const char
        *cluster; /* meta key that gets the id of the first of a cluster, on every text of one that is kept; or NULL */
    const char *report;  /* a file, or NULL */
    const char *against; /* a file of the reference, or NULL */
};

/* Each reads fd (named name) or files, writes to standard output, and returns 0 or -1. */
int flow_alone(const struct flow *f, int fd, const char *name,
               struct err *e); /* two passes: fd is spooled when it cannot seek */
int flow_signatures(const struct flow *f, int fd, const char *name, struct err *e);
int flow_merge(const struct flow *f, char **file, int files, struct err *e);
int flow_apply(const struct flow *f, const char *decisions, int fd, const char *name, struct err *e);

#endif
