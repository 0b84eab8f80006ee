/*
 * Signatures a second, one core, for each preset of ddup: the loop alone, texts in memory. Build and run:
 *     make build/tests/bench/minhash && build/tests/bench/minhash FILE.jsonl
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dup/dup.h"
#include "text/minhash.h"

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void measure(const struct dup_preset *p, char **text, const size_t *len, size_t n)
{
    struct shingle *s = shingle_open(p->style, p->n, p->whole);
    struct minhash m;
    uint32_t *sig, sum = 0;
    const uint32_t *gram;
    double start, bytes = 0, grams = 0;

    minhash_init(&m, p->hashes, 0);
    sig = malloc(m.padded * sizeof *sig);
    start = seconds();
    for (size_t i = 0; i < n; i++) {
        size_t k;

        minhash_clear(&m, sig);
        shingle_begin(s, text[i], len[i]);
        while ((k = shingle_next(s, &gram)) > 0) {
            minhash_add(&m, sig, gram, k);
            grams += (double)k;
        }
        sum += sig[0];
        bytes += (double)len[i];
    }
    start = seconds() - start;
    printf("%-10s %4u places %7.1f MB/s %9.0f texts/s %6.1f M n-grams/s (%08x)\n", p->name, p->hashes,
           bytes / start / 1e6, (double)n / start, grams / start / 1e6, sum);
    minhash_free(&m);
    shingle_close(s);
    free(sig);
}

int main(int argc, char **argv)
{
    struct records_opts how = {.lines = 1};
    struct err e;
    struct records *in = records_file(argc > 1 ? argv[1] : "-", &how, &e);
    struct record *r;
    char **text = NULL;
    size_t *len = NULL, n = 0, cap = 0;

    while (in && records_next(in, &r, &e) > 0) {
        if (n == cap) {
            cap = 2 * cap + 1024;
            text = mem_resize(text, cap, sizeof *text);
            len = mem_resize(len, cap, sizeof *len);
        }
        text[n] = mem_strndup(r->text, r->text_len);
        len[n++] = r->text_len;
    }
    for (int i = 0; n && dup_table[i]; i++)
        if (!dup_table[i]->exact)
            measure(dup_table[i], text, len, n);
    return n == 0;
}
