/* Any bytes as a zip of arrays of numpy: read or refused; what is read can be walked to the last byte. */
#include "file_walk.h"

FUZZ_ROOM(MIB(4), 1100) /* deflate makes at most 1032 bytes of one. */

extern const struct file_format file_npz;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    walk_bytes("npz", p, n, file_npz.open);
    return 0;
}
