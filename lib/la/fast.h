/*
 * fast: OpenBLAS and its LAPACK as the engine of la/ (engine.h), for --fast.
 *
 * The results are right to the same bounds, but their last bits depend on the processor, on OpenBLAS's version and on
 * -j. The library is opened when it is asked for, so a process that does not ask pays nothing and needs no package.
 */
#ifndef WEIR_LA_FAST_H
#define WEIR_LA_FAST_H

#include "base/opt.h"

/* Where the library is: what Debian's packages call it, and that of them which is named to the user. */
#define FAST_LIBRARY "libopenblas.so.0"
#define FAST_PACKAGE "libopenblas0-pthread"

/*
 * From here on la/ multiplies, factors and decomposes by OpenBLAS.
 * Returns 0, or OPT_REFUSED with e "libopenblas.so.0: cannot open ... (Debian's package is libopenblas0-pthread)".
 * Call it before there are threads.
 * Threads: products are cut as the own are, a block for a thread of par_for, so that OpenBLAS's threads do not spin
 * beside ours; Cholesky and eigh run on par_jobs() of OpenBLAS's own, on one inside a par_for. Cost: some 4 ms.
 */
int fast_use(struct err *e);

/* What --fast calls. Of FAST_RUN_OPT arg may be "bf16": fast_bf16.h, or OPT_REFUSED where the processor has none. */
int fast_option(const char *arg, struct err *e);
int fast_run_option(const char *arg, struct err *e);

/* The option's row: of every filter that multiplies, and of those that run the model. */
#define FAST_OPT                                                                                                       \
    {                                                                                                                  \
        .name = "fast", .kind = OPT_CALL, .call = fast_option,                                                         \
        .help = "multiply and factor by OpenBLAS: the last digits are the machine's"                                   \
    }
#define FAST_RUN_OPT                                                                                                   \
    {                                                                                                                  \
        .name = "fast", .arg = "[bf16]", .kind = OPT_CALL, .call = fast_run_option,                                    \
        .help = "multiply by OpenBLAS, or by bf16 products: the last digits are the machine's"                         \
    }

#endif
