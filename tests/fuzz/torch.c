/* Any bytes as a state dict of PyTorch, in a zip or in pickles: read or refused; what is read can be walked to the last
 * byte. */
#include "file_walk.h"

FUZZ_ROOM(MIB(4), 1100) /* deflate makes at most 1032 bytes of one. */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    walk_bytes("torch", p, n, torch_add);
    return 0;
}
