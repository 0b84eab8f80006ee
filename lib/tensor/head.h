/* head: bodies of head and tail records. Private to tensor; weir(5), HEAD and TAIL. */
#ifndef WEIR_TENSOR_HEAD_H
#define WEIR_TENSOR_HEAD_H

#include "tensor/stream.h"
#include "wire/frame.h"

#define STREAM_VERSION 1
#define SHARDS_MAX (1 << 20)
#define MANIFEST_MAX (1 << 20) /* names */

struct tail {
    struct frame_sum sum;
    struct attrs model, more;
};

int head_read(struct head *h, const void *body, size_t n, struct err *e); /* h is {0}; head_free it also after -1 */
void head_put(struct buf *out, const struct head *h);
void head_copy(struct head *to, const struct head *from); /* to is {0} or a head */
void head_free(struct head *h);
void head_drop_manifest(struct head *h);                  /* and the totals */
void head_add_history(struct head *h, char *const *argv); /* argv as it goes in: see history_word */

int tail_read(struct tail *t, const void *body, size_t n, struct err *e); /* t is {0}; tail_free it also after -1 */
void tail_put(struct buf *out, const struct tail *t);
void tail_free(struct tail *t);

/* A word of a command line without absolute paths: "/a/b/x.txt" is "x.txt", "--to=/a/b" is "--to=b". Owned by the
 * caller. */
char *history_word(const char *word);

#endif
