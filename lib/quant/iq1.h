/* iq1: what iq1_s and iq1_m have in common: points of one grid of -1, 0, 1, moved by an eighth up or down. */
#ifndef WEIR_QUANT_IQ1_H
#define WEIR_QUANT_IQ1_H

#include <stdint.h>

/* One superblock found. */
struct iq1_block {
    uint16_t point[32]; /* of each 8 weights */
    uint8_t scale[16];  /* of each 32 (iq1_s) or 16: 0 to 7 */
    uint8_t
        minus[16]; /* likewise, the direction: 0 or 1; iq1_m two, of the first 8 (bit 1) and of the second (bit 0) */
    uint16_t d;    /* half */
};

void iq1_s_pack(const struct iq1_block *s, uint8_t *block);
void iq1_m_pack(const struct iq1_block *s, uint8_t *block);

#endif
