#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"

#define ALIGN 64
#define PAGE ((size_t)4096)

static _Noreturn void out_of_memory(size_t n, size_t size)
{
    die("out of memory: %zu x %zu bytes asked for", n, size);
}

void *mem_new(size_t n, size_t size)
{
    size_t bytes;
    void *p;

    if (__builtin_mul_overflow(n, size, &bytes) || bytes > PTRDIFF_MAX - ALIGN)
        out_of_memory(n, size);
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    p = aligned_alloc(ALIGN, bytes ? bytes : ALIGN);
    if (!p)
        out_of_memory(n, size);
    return memset(p, 0, bytes ? bytes : ALIGN);
}

void *mem_pages(size_t n)
{
    void *p = n <= PTRDIFF_MAX - PAGE ? aligned_alloc(PAGE, (n + PAGE - 1) / PAGE * PAGE) : NULL;

    if (!p)
        out_of_memory(n, 1);
    return p;
}

void *mem_resize(void *p, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes) || bytes > PTRDIFF_MAX)
        out_of_memory(n, size);
    p = realloc(p, bytes ? bytes : 1);
    if (!p)
        out_of_memory(n, size);
    return p;
}

char *mem_strndup(const char *s, size_t n)
{
    char *copy = mem_resize(NULL, n + 1, 1);

    if (n) /* s may then be NULL, of a buffer that never held anything */
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

char *mem_printf(const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        out_of_memory(1, strlen(fmt));
    va_end(ap);
    return s;
}

int mem_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t r;

    if (__builtin_mul_overflow(a, b, &r))
        return -1;
    *out = r;
    return 0;
}

int mem_add(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t r;

    if (__builtin_add_overflow(a, b, &r))
        return -1;
    *out = r;
    return 0;
}

uint8_t *buf_space(struct buf *b, size_t n)
{
    size_t need;

    if (__builtin_add_overflow(b->len, n, &need))
        out_of_memory(b->len, n);
    if (need > b->cap || !b->data) { /* the place is never NULL */
        size_t cap = b->cap + b->cap / 2;

        b->cap = cap < need ? need : cap;
        b->data = mem_resize(b->data, b->cap, 1);
    }
    return b->data + b->len;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n) {
        memcpy(buf_space(b, n), p, n);
        b->len += n;
    }
}

void buf_puts(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    buf_space(b, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

const char *buf_str(struct buf *b)
{
    *buf_space(b, 1) = '\0';
    return (const char *)b->data;
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}
