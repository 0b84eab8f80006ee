/* half: single values of the short float types; all conversions are IEEE round-to-nearest-even, exact on the way up. */
#ifndef WEIR_NUM_HALF_H
#define WEIR_NUM_HALF_H

#include <stdint.h>

float f16_to_f32(uint16_t h);
uint16_t f16_from_f32(float f);
float bf16_to_f32(uint16_t h);
uint16_t bf16_from_f32(float f); /* NaN stays a quiet NaN */
float f8_e4m3_to_f32(uint8_t b); /* OCP FP8 E4M3FN: no infinity, 0x7f and 0xff NaN, largest 448 */
uint8_t f8_e4m3_from_f32(float f);
float f8_e5m2_to_f32(uint8_t b); /* OCP FP8 E5M2: IEEE-like with infinities, largest finite 57344 */
uint8_t f8_e5m2_from_f32(float f);
float f8_e4m3fnuz_to_f32(uint8_t b); /* bias 8, 0x80 is the only NaN */
float f8_e5m2fnuz_to_f32(uint8_t b); /* bias 16, 0x80 is the only NaN */
float f8_e8m0_to_f32(uint8_t b);     /* 2^(b - 127), 0xff NaN */
float f6_e2m3_to_f32(uint8_t b);     /* low 6 bits */
float f6_e3m2_to_f32(uint8_t b);
float f4_e2m1_to_f32(uint8_t b); /* low 4 bits */

#endif
