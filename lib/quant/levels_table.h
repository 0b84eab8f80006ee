/* levels_table: the levels of a table in the place of even steps: what levels.c and units.c ask of either. Private to
 * them. */
#ifndef WEIR_QUANT_LEVELS_TABLE_H
#define WEIR_QUANT_LEVELS_TABLE_H

#include "quant/levels.h"

/* As levels_code and levels_loss, of k->table. */
void levels_table_code(const struct levels_kind *k, const struct levels *v, const float w[LEVELS_ROWS],
                       uint8_t code[LEVELS_ROWS], float q[LEVELS_ROWS]);
void levels_table_loss(const struct levels_kind *k, const struct levels *v, const float *w, size_t n,
                       const struct metric *m, float *room, float loss[LEVELS_ROWS]);

#endif
