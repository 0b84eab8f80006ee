/* Millions of weights a second that each encoder takes on one core: quant [COLS [MILLIONS]]. Rows are N(0, 0.02^2). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "quant/quant.h"

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Repeats until half a second has passed; the best pass counts. */
static double rate(const struct quant_block *b, const float *x, const float *importance, uint64_t rows, uint64_t cols,
                   uint8_t *out)
{
    double best = 0, spent = 0;

    while (spent < 0.5) {
        double t = now_s();

        b->encode(x, importance, rows, cols, out);
        t = now_s() - t;
        spent += t;
        if ((double)(rows * cols) / t > best)
            best = (double)(rows * cols) / t;
    }
    return best * 1e-6;
}

int main(int argc, char **argv)
{
    uint64_t cols = argc > 1 ? strtoull(argv[1], NULL, 10) : 4096;
    uint64_t rows = (argc > 2 ? strtoull(argv[2], NULL, 10) : 2) * 1000000 / cols + 1;
    float *x = mem_new(rows * cols, sizeof *x), *importance = mem_new(cols, sizeof *importance);
    uint8_t *out = mem_new(rows * cols, 2);
    struct rng r = rng_make(1, "bench", 5);

    for (uint64_t i = 0; i < rows * cols; i++)
        x[i] = (float)(0.02 * rng_normal(r, i));
    for (uint64_t i = 0; i < cols; i++)
        importance[i] = (float)rng_unit(r, i);
    printf("type\tplain_M_per_s\timportance_M_per_s\n");
    for (const struct quant_block *const *b = quant_blocks; *b; b++)
        printf("%s\t%.0f\t%.0f\n", (*b)->type, rate(*b, x, NULL, rows, cols, out),
               rate(*b, x, importance, rows, cols, out));
    free(x);
    free(importance);
    free(out);
    return 0;
}
