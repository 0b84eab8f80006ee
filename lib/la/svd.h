/* svd: singular value decompositions, whole or the largest part, in double. The same bits everywhere. */
#ifndef WEIR_LA_SVD_H
#define WEIR_LA_SVD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

/*
 * The r largest singular values and vectors: A ~ U diag(s) Vt.
 * A   in: double[m][n]
 * r   at most min(m, n)
 * U   out: double[m][r], orthonormal columns. s out: double[r], descending, >= 0. Vt out: double[r][n], orthonormal
 *     rows
 * Returns 0, or -1: A holds a NaN or an infinity, or eigh's error.
 * With r = min(m, n): |A - U diag(s) Vt| <= 1e-11 |A|; |U'U - I|, |VtVt' - I| <= 1e-11. So weights that were float or
 * shorter are decomposed to more than their own precision; values below 1e-11 s[0] have no correct digits.
 * How: eigenvectors V of the smaller Gram matrix; AV = QR, of which R is almost diagonal; where small values leave it
 * less so, the corner of R is decomposed again. Entries between 1e-150 and 1e150. Cost: for n <= m, m n^2 + eigh(n) + 2
 * m n r, and 4 m r^2 when s falls below s[0] / 100. Memory: A twice more, three n^2. Source: Golub and Van Loan, 4th
 * ed., §8.6; the second pass is ours.
 */
int svd(size_t m, size_t n, const double *A, size_t r, double *U, double *s, double *Vt, struct err *e);

/*
 * As svd, from a random subspace: A is only multiplied, so r << min(m, n) is cheap.
 * over   columns beyond r, 8 or more advised; r + over is cut at min(m, n)
 * power  rounds of power iteration, each an orthonormalized pass of A' and A: 1 or 2 for the slowly falling spectra of
 *        weights
 * rng    the random signs (+1 or -1: no libm) are its words
 * With p = over and no power rounds the expected |A - QQ'A| is at most (1 + sqrt(r / (p - 1))) s_r+1 + e sqrt(r + p) /
 * p times the root of the sum of the squares left out (their theorem 10.6, for normal numbers); q rounds take the (2q +
 * 1)-th root of the same bound for s^(2q + 1). Cost about (4 power + 4) m n (r + over). Memory: (m + n) (r + over) four
 * times. Source: Halko, Martinsson and Tropp (2011), algorithms 4.4 and 5.1.
 */
int rsvd(size_t m, size_t n, const double *A, size_t r, size_t over, int power, struct rng rng, double *U, double *s,
         double *Vt, struct err *e);

#endif
