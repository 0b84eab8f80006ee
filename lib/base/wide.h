/*
 * wide: WIDE before a function whose loops gain from wider vectors. gcc then compiles the same text for AVX-512 and
 * AVX2 too and the loader picks; no contraction and no reordering is allowed (config.mk), so every copy gives the same
 * bits. INNER: what such a function calls becomes part of each of its copies.
 */
#ifndef WEIR_BASE_WIDE_H
#define WEIR_BASE_WIDE_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&               \
    defined(__gnu_linux__)
#define WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WIDE
#endif

#define INNER static inline __attribute__((always_inline))

#endif
