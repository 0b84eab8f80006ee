/* small: writes the stream that weir(5) shows byte for byte, on standard output. Built by tests/cli/weir5.bats. */
#include "base/die.h"
#include "tensor/stream.h"

int main(void)
{
    static const uint16_t w[] = {0x3f80, 0x4000, 0x4040, 0, 0x8000, 0xbf80}; /* 1 2 3; 0 -0 -1 */
    struct shape s = {2, {2, 3}};
    struct writer *out;
    struct bundle b;
    struct err e;

    out = writer_stdout(NULL, &e);
    if (!out || blob_write(out, "a.txt", "hi", 2, &e) < 0)
        die("%s", e.msg);
    bundle_init_dense(&b, "w", &s, DT_BF16, w);
    if (bundle_write(out, NULL, &b, &e) < 0 || writer_finish(out, &e) < 0)
        die("%s", e.msg);
    bundle_free(&b);
    return 0;
}
