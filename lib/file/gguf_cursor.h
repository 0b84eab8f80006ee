/* gguf_cursor: a place in a header that is read as far as it is looked at; shared by the files that read GGUF. */
#ifndef WEIR_FILE_GGUF_CURSOR_H
#define WEIR_FILE_GGUF_CURSOR_H

#include "file/gguf.h"

struct cursor {
    struct buf *text;   /* the bytes from the start that were read */
    int fd;             /* where more come from; -1 when all are there */
    uint64_t at, bytes; /* the place; what the file holds */
};

int cursor_need(struct cursor *c, uint64_t n, struct err *e); /* n bytes from the place on are in text */
int cursor_u32(struct cursor *c, uint32_t *v, struct err *e);
int cursor_u64(struct cursor *c, uint64_t *v, struct err *e);
int cursor_skip_string(struct cursor *c, uint64_t *n, struct err *e);
char *cursor_name(struct cursor *c, const char *what,
                  struct err *e); /* a string that must be a name; the caller frees */

int gguf_read_keys(struct gguf_in *g, struct cursor *c, struct err *e);

#endif
