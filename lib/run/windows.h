/* windows: token ids cut into windows that a model runs one by one, with the target of every position that is scored.
 * */
#ifndef WEIR_RUN_WINDOWS_H
#define WEIR_RUN_WINDOWS_H

#include "run/window.h"
#include "tok/tok.h"

/*
 * How a text's ids become windows of ctx ids.
 *   ALL        every id is an input, nothing is scored: calibration; each window begins with bos (when there is one)
 *   PAPER      every id but the last is an input, every next id a target, so that each token of the text is scored
 *   once; the last
 *              window may be shorter
 *   LLAMACPP   whole windows only, the tail is dropped; the first id of each is replaced by bos (when there is one);
 *   the last
 *              ctx - 1 - ctx/2 targets of each are scored (llama-perplexity)
 */
enum protocol { PROTOCOL_ALL, PROTOCOL_PAPER, PROTOCOL_LLAMACPP };

#define NO_TARGET UINT32_MAX

struct windows {
    uint32_t *input, *target; /* [tokens]; target NO_TARGET where nothing is scored */
    int64_t tokens;
    struct window *window; /* in token order, none empty */
    int64_t n, longest;
};

/*
 * Add the windows of one text.
 * ids    in: ids[n]
 * bos    the id for ALL and LLAMACPP, -1 for none
 * -1 when nothing can be scored: the sentence says how many ids are needed. Memory: 8 bytes a token.
 */
int windows_add(struct windows *w, const uint32_t *ids, size_t n, int64_t ctx, enum protocol protocol, int64_t bos,
                struct err *e);

/*
 * Add at most `most` positions of a text (0: all) for calibration: whole windows spread evenly over it, of ctx or,
 * where that is more, of `most` positions. Each begins with bos unless the text has it there, or bos is -1. -1: as
 * above.
 */
int windows_spread(struct windows *w, const uint32_t *ids, size_t n, int64_t ctx, uint64_t most, int64_t bos,
                   struct err *e);
void windows_free(struct windows *w);

/* Which tokens a calibration keeps aside: those of every `every`-th window, from the middle of the first such run on.
 * [tokens] of 0 and 1, owned by the caller; NULL: too few windows for one. */
uint8_t *windows_hold_out(const struct windows *w, uint64_t every);

/* "1/8" to 8: of how many windows one is kept aside. */
int windows_share_parse(const char *arg, uint64_t *every, struct err *e);

/* How many windows from the first on make a batch: whole windows of at most limit tokens together, or one. */
int64_t windows_batch(const struct windows *w, int64_t first, int64_t limit);

/* The largest input id, 0 when there is none: what a vocabulary must hold. */
uint32_t windows_max_id(const struct windows *w);

/* Numbers of a text of ids separated by white space, at most limit of them (0: all), appended to out. -1 quotes what is
 * no id. */
int ids_parse(const char *text, size_t n, uint64_t limit, struct tok_ids *out, struct err *e);

#endif
