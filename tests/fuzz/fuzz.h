/* fuzz: what every target says of itself. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The most heap that a target holds at once while it has an input of n bytes: FIXED + TIMES * n. meter.c sees to it. */
#define FUZZ_ROOM(fixed, times) const size_t fuzz_fixed = (size_t)(fixed), fuzz_times = (times);
#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)

extern const size_t fuzz_fixed, fuzz_times;

#endif
