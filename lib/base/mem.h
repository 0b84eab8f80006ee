/* mem: memory with checked sizes. Running out ends the process with one line and status 1; nothing else here fails. */
#ifndef WEIR_BASE_MEM_H
#define WEIR_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* n * size bytes, zeroed; 64-byte aligned; ends the process on overflow or when memory is out. Free with free(). */
void *mem_new(size_t n, size_t size) __attribute__((returns_nonnull));

/* p grown or shrunk to n * size bytes (new bytes are not set). Keeps malloc's alignment only. */
void *mem_resize(void *p, size_t n, size_t size) __attribute__((returns_nonnull));

/*
 * n bytes, not set, that begin a page. For what is read from pipes and files in bulk: where the destination lies 1 to
 * 63 bytes further into its page than the source, some processors (Zen 3) copy at a quarter of the speed, and malloc's
 * large blocks lie 16 bytes in.
 */
void *mem_pages(size_t n) __attribute__((returns_nonnull));

char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n); /* the copy ends in NUL */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* *out = a * b or a + b; returns -1 when that overflows (out is then not set). For sizes that files claim. */
int mem_mul(uint64_t a, uint64_t b, uint64_t *out);
int mem_add(uint64_t a, uint64_t b, uint64_t *out);

/* A byte buffer that grows as bytes arrive. {0} is empty and valid. */
struct buf {
    uint8_t *data;
    size_t len, cap;
};

uint8_t *buf_space(struct buf *b, size_t n);          /* room for n more bytes at the returned place; len unchanged */
void buf_add(struct buf *b, const void *p, size_t n); /* append */
void buf_puts(struct buf *b, const char *s);          /* append without the NUL */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *buf_str(struct buf *b); /* NUL-terminated view; len unchanged */
void buf_free(struct buf *b);       /* back to {0} */

#endif
