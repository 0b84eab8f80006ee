/*
 * minhash: signatures of sets whose equal places count the likeness (Broder 1997), and how to cut them into bands.
 *
 * Place i of a signature is the least of a_i x + b_i mod 2^32 over the numbers x of the set, a_i odd: the numbers are
 * hashes already (text/shingle.h), so that a linear map, which no two x share, spreads them. The share of places that
 * two signatures have in common estimates the Jaccard index of the sets, with standard error sqrt(J (1 - J) / places).
 */
#ifndef WEIR_TEXT_MINHASH_H
#define WEIR_TEXT_MINHASH_H

#include <stddef.h>
#include <stdint.h>

#define MINHASH_MAX 1024

struct minhash {
    uint32_t k, padded; /* places; rounded up to whole vectors */
    uint32_t *a, *b;    /* [padded] */
};

/* k: 1 to MINHASH_MAX. a_i and b_i come from base/rng under the seed and the name "minhash". */
void minhash_init(struct minhash *m, uint32_t k, uint64_t seed);
void minhash_free(struct minhash *m);

void minhash_clear(const struct minhash *m, uint32_t *sig); /* sig: uint32_t[padded], of no numbers */
/* Take n numbers into sig. Cost: n * padded multiplications, 16 at once where the CPU can; the same result everywhere.
 * */
void minhash_add(const struct minhash *m, uint32_t *sig, const uint32_t *x, size_t n);

/* Share of equal places. */
double minhash_likeness(const uint32_t *a, const uint32_t *b, uint32_t k);

/* The key of band `band`, of `rows` places: the first 16 bytes that decide whether two texts meet in it. */
void minhash_band(const uint32_t *sig, uint32_t band, uint32_t rows, uint8_t key[16]);

/*
 * The cut into b bands of r places, b r <= k, for a threshold t in (0, 1]: the least of the area of false positives,
 * integral from 0 to t of 1 - (1 - s^r)^b, plus that of false negatives, integral from t to 1 of (1 - s^r)^b. Among
 * equals the fewest bands, then rows. The rule is that of Zhu's datasketch; the integrals here are Gauss-Legendre's of
 * 8 points on 16 pieces.
 */
void minhash_bands(double t, uint32_t k, uint32_t *bands, uint32_t *rows);
/* The probability that two texts of likeness s meet in a band: 1 - (1 - s^r)^b. */
double minhash_meet(double s, uint32_t bands, uint32_t rows);

#endif
