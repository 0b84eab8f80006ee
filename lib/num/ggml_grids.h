/*
 * ggml_grids: the points that 8 (or 4) weights of ggml's IQ types may stand at.
 *
 * A point is a row of codes, code c of a type with 3 levels standing for about 2 c + 1 units, likewise with 8. A block
 * holds the point's place in the grid. Made from compact tables at first use, by whichever thread comes first; kept for
 * the process's life.
 */
#ifndef WEIR_NUM_GGML_GRIDS_H
#define WEIR_NUM_GGML_GRIDS_H

#include <stdint.h>

struct ggml_grid {
    int dim, levels;     /* codes of a point; values of a code */
    int points, numbers; /* in the grid; levels^dim, all there could be */
    uint8_t *code;       /* [points][dim], in ascending order of the number sum(code[i] * levels^i) */
};

enum ggml_grid_name { GRID_IQ2_XXS, GRID_IQ2_XS, GRID_IQ2_S, GRID_IQ1, GRID_IQ3_XXS, GRID_IQ3_S, GRID_COUNT };

const struct ggml_grid *ggml_grid(enum ggml_grid_name name);

#endif
