/* Any bytes as an array of numpy: read or refused; what is read can be walked to the last byte. */
#include "file_walk.h"

FUZZ_ROOM(MIB(2), 64)

extern const struct file_format file_npy;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    walk_bytes("npy", p, n, file_npy.open);
    return 0;
}
