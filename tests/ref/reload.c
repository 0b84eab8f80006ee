/* reload CODEC: decode every record on standard input and store it anew by that codec. Built by tests/cli/weir5.bats.
 * */
#include <stdlib.h>

#include "base/die.h"
#include "tensor/stream.h"

int main(int argc, char **argv)
{
    struct reader *in;
    struct writer *out;
    struct item it = {0};
    struct err e;
    int got;

    in = reader_stdin(&e);
    out = in ? writer_stdout(in, &e) : NULL;
    if (!out)
        die("%s", e.msg);
    writer_codec(out, argc > 1 ? atoi(argv[1]) : 0, 3);
    writer_recode(out, 1);
    while ((got = stream_next(in, &it, &e)) > 0)
        if ((it.kind == ITEM_TENSOR && argc > 2 && bundle_load(in, &it.b, &e) < 0) || item_copy(in, &it, out, &e) < 0)
            die("%s", e.msg);
    if (got < 0 || writer_finish(out, &e) < 0)
        die("%s", e.msg);
    item_free(&it);
    reader_close(in);
    return 0;
}
