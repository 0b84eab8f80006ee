/* Any bytes as a pickle, every global allowed: a tree or a sentence. */
#include <stdint.h>
#include <stdlib.h>

#include "file/pickle.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(MIB(1), 64)

static int any(const char *name)
{
    (void)name;
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pickle k;
    struct err e;
    int rc = pickle_read(&k, p, n, any, &e);

    if (rc == 0 && (!k.root || k.used > n))
        abort();
    for (size_t i = 0; rc == 0 && i < k.nodes; i++) /* of a file refused, the last node may be half made */
        if (!pickle_kind_name(k.node[i]))
            abort();
    pickle_free(&k);
    return 0;
}
