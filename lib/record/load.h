/* load: text records out of files as people have them. */
#ifndef WEIR_RECORD_LOAD_H
#define WEIR_RECORD_LOAD_H

#include "record/unzip.h"
#include "record/text.h"

enum load_format { LOAD_AUTO, LOAD_JSONL, LOAD_WET, LOAD_TEXT, LOAD_LINES, LOAD_PARAGRAPHS };
int load_format_find(const char *name); /* auto jsonl wet text lines paragraphs; -1 for another word */

struct load_opts {
    enum load_format format;
    const char *text_field, *id_field;
    uint64_t max_bytes; /* of one record or line */
};

/* What was refused. Pointers live until the next call. */
struct load_bad {
    uint64_t line,
        offset;      /* line from 1 (of WET: the number of the record); bytes before it, of the decompressed file */
    const char *raw; /* its bytes, NULL when it was too long to be held */
    size_t raw_len;
    struct err why;
};

struct load;
/*
 * Read records of s. LOAD_AUTO is WET when the first bytes are "WARC/", else JSONL. A byte order mark of UTF-8 is
 * passed over. from, to: only the lines that begin in bytes [from, to) of a plain file; 0 and UINT64_MAX for all. Not
 * for WET and whole texts. NULL too for what is no text, and no JSON lines where these are asked for: e says what it is
 * (base/foreign.h).
 */
struct load *load_open(struct unzip *s, const struct load_opts *how, uint64_t from, uint64_t to, struct err *e);
enum { LOAD_END, LOAD_RECORD, LOAD_REFUSED };
/* The next record into r, or what was refused into bad: LOAD_*, or -1 when the source cannot be read on. Blank lines
 * are passed over. Lines end in LF or CR LF; of a whole text (LOAD_TEXT) every byte is kept. */
int load_next(struct load *l, struct record *r, struct load_bad *bad, struct err *e);
void load_close(struct load *l);

#endif
