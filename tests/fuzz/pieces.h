/* pieces: bytes given as a pipe may give them, a few at a time. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct pieces {
    const uint8_t *p, *end;
    size_t most; /* bytes at a time */
};

struct err;

/* A lines_read (record/lines.h). */
static ssize_t pieces_read(void *ctx, void *to, size_t n, struct err *e)
{
    struct pieces *s = ctx;

    (void)e;
    n = n < s->most ? n : s->most;
    n = n < (size_t)(s->end - s->p) ? n : (size_t)(s->end - s->p);
    if (n)
        memcpy(to, s->p, n);
    s->p += n;
    return (ssize_t)n;
}
