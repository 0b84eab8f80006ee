/* window: tokens that a model sees together. */
#ifndef WEIR_RUN_WINDOW_H
#define WEIR_RUN_WINDOW_H

#include <stdint.h>

struct window {
    int64_t start, len; /* first token and count; every window is run alone from position 0 */
};

#endif
