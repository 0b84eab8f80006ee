/* Any bytes as a model.bin of llama2.c: read or refused; what is read can be walked to the last byte. */
#include "file_walk.h"

FUZZ_ROOM(MIB(1), 64)

extern const struct file_format file_llama2c;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    walk_bytes("llama2c", p, n, file_llama2c.open);
    return 0;
}
