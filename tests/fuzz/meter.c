/*
 * meter: holds a target to its FUZZ_ROOM. It stands between the fuzzer (or the replay) and the target by the linker's
 * --wrap, and is told of blocks by a sanitizer's allocator; in a build without one it only passes on. The first block
 * too many ends the process, so that the stack says whose it was. FUZZ_METER=1 in the environment: the most that any
 * input took is said at the end.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

int __sanitizer_install_malloc_and_free_hooks(void (*got)(const volatile void *, size_t),
                                              void (*freed)(const volatile void *)) __attribute__((weak));
size_t __sanitizer_get_allocated_size(const volatile void *p) __attribute__((weak));
int __real_LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int __wrap_LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static atomic_llong held;  /* since the input came; blocks from before it that are freed count downwards */
static atomic_llong limit; /* 0: none is being looked at */
static long long most;     /* of all inputs */
static size_t most_of;

static void got(const volatile void *p, size_t n)
{
    long long now = atomic_fetch_add(&held, (long long)n) + (long long)n, room = limit;

    (void)p;
    if (room && now > room) {
        limit = 0;
        fprintf(stderr, "meter: %lld bytes of heap at once, more than %lld\n", now, room);
        abort();
    }
    if (room && now > most)
        most = now;
}

static void freed(const volatile void *p)
{
    if (p)
        atomic_fetch_sub(&held, (long long)__sanitizer_get_allocated_size(p));
}

static void tell(void)
{
    fprintf(stderr, "meter: at most %lld bytes of heap at once, for an input of %zu; allowed are %zu + %zu n\n", most,
            most_of, fuzz_fixed, fuzz_times);
}

__attribute__((constructor)) static void begin(void)
{
    if (__sanitizer_install_malloc_and_free_hooks)
        __sanitizer_install_malloc_and_free_hooks(got, freed);
    if (getenv("FUZZ_METER"))
        atexit(tell);
}

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    long long before = most;
    int rc;

    held = 0;
    limit = (long long)(fuzz_fixed + fuzz_times * n);
    rc = __real_LLVMFuzzerTestOneInput(p, n);
    limit = 0;
    most_of = most > before ? n : most_of;
    return rc;
}
