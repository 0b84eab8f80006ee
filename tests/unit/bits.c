/*
 * The same bytes from every compiler, instruction set and thread count: digests of results, written here once. A change
 * of a kernel's or a factorization's definition shows here and is then meant: put the new digests in and say why in the
 * commit.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/par.h"
#include "base/rng.h"
#include "la/chol.h"
#include "la/eigh.h"
#include "la/gemm.h"
#include "la/qr.h"
#include "la/svd.h"
#include "tests/unit/check.h"

#define N 300

static float F[N * N], G[N * N], H[N * N];
static double A[N * N], B[N * N], C[N * N], w[N];

static void fill(void)
{
    struct rng r = rng_make(5, "bits", 4);

    for (size_t i = 0; i < N * N; i++) {
        A[i] = 2 * rng_unit(r, i) - 1; /* integers and one multiplication: no libm */
        F[i] = (float)(4 * A[i]);
        G[i] = (float)(2 * rng_unit(r, N * N + i) - 1);
    }
}

#define DIGEST(X, WANT)                                                                                                \
    do {                                                                                                               \
        unsigned long long got = hash64(X, sizeof X);                                                                  \
        CHECK(got == WANT);                                                                                            \
        if (got != WANT)                                                                                               \
            printf("    digest of %s is 0x%016llx\n", #X, got);                                                        \
    } while (0)

static void rows(void)
{
    double sums[6] = {kern_dot(F, G, 2999), kern_dotd(F, G, 2999), kern_dot64(A, A + 3, 2999), kern_sum(F, 2999)};

    sums[4] = kern_max(F, 2999), sums[5] = kern_absmax(F, 2999);
    DIGEST(sums, 0xfda61e964796ecc5ULL);
    kern_exp(F, H, N * N);
    DIGEST(H, 0x8e96bbc83cb3b722ULL);
    kern_silu(F, H, N * N);
    DIGEST(H, 0x1a25f8b10ab95b54ULL);
    kern_gelu_tanh(F, H, N * N);
    DIGEST(H, 0x09435b93e47a5954ULL);
    kern_gelu_erf(F, H, N * N);
    DIGEST(H, 0x9b55c9446a161b88ULL);
    kern_softmax(F, H, N * N);
    DIGEST(H, 0xc1357bf671bbe1dfULL);
    kern_rmsnorm(F, G, H, N * N, 1e-5);
    DIGEST(H, 0x427c0a59ea2e2572ULL);
}

static void products(void)
{
    gemm_nt(N, N, N, F, N, G, N, H, N, KERN_SET);
    DIGEST(H, 0xaa75e20932318aa3ULL);
    dgemm_nn(N, N, N, A, N, A, N, C, N, KERN_SET);
    DIGEST(C, 0x271089bcb5f3be90ULL);
    memset(B, 0, sizeof B);
    gram_add(N, N, F, N, B);
    gram_finish(N, B, 1.0 / N);
    DIGEST(B, 0x7bc4f7bb3ffd668aULL);
}

/* B is the gram of `products`, positive definite once damped. */
static void factors(void)
{
    for (size_t i = 0; i < N; i++)
        B[i * N + i] += 0.1;
    memcpy(C, B, sizeof C);
    CHECK(chol(N, C, N, NULL, NULL) == 0);
    DIGEST(C, 0x066c012143443100ULL);
    memcpy(C, B, sizeof C);
    CHECK(chol_inverse_upper(N, C, NULL, NULL) == 0);
    DIGEST(C, 0x768b37588f6c0212ULL);
    CHECK(eigh(N, B, w, N, C, NULL) == 0);
    DIGEST(w, 0xbc69fbcd24eba9e0ULL);
    DIGEST(C, 0xedf8125cba4a7b16ULL);
    CHECK(svd(N, N, A, N, B, w, C, NULL) == 0);
    DIGEST(B, 0xcd2d2bad352f7585ULL);
    DIGEST(w, 0x39f665ec75a7ec6eULL);
    CHECK(rsvd(N, N, A, 20, 10, 1, rng_make(1, "r", 1), B, w, C, NULL) == 0);
    DIGEST(w, 0xb738446b4d2b5c97ULL);
}

/* All of it in a process of its own, where the kernels are chosen anew. */
static int run_as(const char *kernel)
{
    int status = -1;
    pid_t pid;

    fflush(stdout);
    if ((pid = fork()) == 0) {
        setenv("WEIR_KERNEL", kernel, 1);
        fill();
        for (int jobs = 1; jobs <= 3; jobs += 2) {
            par_set_jobs(jobs);
            rows();
            products();
            factors();
        }
        printf("%s: ", kern_get()->name);
        exit(DONE());
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
    const char *names[] = {"base", "avx2", "avx512"};

    for (int i = 0; i < 3; i++)
        if (kern_find(names[i]))
            CHECK(run_as(names[i]) == 0);
        else
            printf("skip: this CPU has no %s\n", names[i]);
    CHECK(freopen("/dev/null", "w", stderr) != NULL);
    CHECK(run_as("sse9") == 1);
    return DONE();
}
