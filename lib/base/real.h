/*
 * real: the functions of libm whose last bit depends on the CPU, again, so that it does not. glibc takes another build
 * of exp, log, pow, sin and cos where the CPU has fused multiply-add, and about one result in a hundred differs in its
 * last bit. These use IEEE operations in a fixed order only. sqrt, fabs, floor, ldexp, frexp and fmod are exact in libm
 * and need no twin. Not for tight loops over tensors: num/kern has vector kernels for those.
 */
#ifndef WEIR_BASE_REAL_H
#define WEIR_BASE_REAL_H

double real_exp(double x);  /* within 1.5 ulp; 0 and infinity beyond the range */
double real_log(double x);  /* within 1.5 ulp; -infinity at 0, NaN below */
double real_log2(double x); /* within 2 ulp, exact at powers of two */
double real_pow(double x,
                double y); /* e^(y log x), x >= 0: relative error 2^-52 (2 + |y log x|). NaN for x < 0; 1 for y = 0 */
double real_cos(double x); /* absolute error 2^-52 for |x| < 1e6, growing as |x| 2^-53 beyond */
double real_sin(double x);
double real_acos(double x); /* within 4 ulp of pi; x in [-1, 1], else NaN */

#endif
