/* Any bytes as a zip of arrays of numpy: read or refused; what is read can be walked to the last byte. */
#include "file_walk.h"

extern const struct file_format file_npz;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    walk_bytes("npz", p, n, file_npz.open);
    return 0;
}
