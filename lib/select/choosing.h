/* choosing: files through choose, to standard output: as they come, or, where a number is asked for, all first. */
#ifndef WEIR_SELECT_CHOOSING_H
#define WEIR_SELECT_CHOOSING_H

#include "record/lost.h"
#include "select/choose.h"

struct choosing {
    const struct records_opts *how;
    struct lost *lost; /* NULL: what is damaged or missing ends the work */
    int merge;         /* the files are shards, and all must be there */
    struct err note;   /* out: what need be no fault, or empty */
};

/* Conditions only: what is chosen goes on at once. in is closed. */
int choose_pass(struct choosing *c, struct choose *ch, struct records *in, struct err *e);

/* A number of them: all files are read first. in: the first one, or NULL where it could not be opened, and e says why;
 * it is closed. */
int choose_rank(struct choosing *c, struct choose *ch, struct records *in, char **file, int files, struct err *e);

#endif
