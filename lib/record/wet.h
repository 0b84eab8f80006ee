/* wet: the texts of a WET file (WARC 1.0, ISO 28500): records of type conversion. */
#ifndef WEIR_RECORD_WET_H
#define WEIR_RECORD_WET_H

#include "record/lines.h"

struct wet_record {
    const char *text, *uri, *date, *id; /* WARC-Target-URI, WARC-Date, WARC-Record-ID without <urn:uuid: and > */
    size_t text_len, uri_len, date_len, id_len;
    uint64_t number, offset; /* of the record in the file, all types counted; from 1; bytes before it */
};

struct wet;
struct wet *wet_open(lines_read *read, void *ctx, uint64_t limit);
void wet_close(struct wet *w);
/* The next text: 1; 2: refused for its size, why says so; 0 at the end; -1 when it is no WARC or ends inside a record.
 * */
int wet_next(struct wet *w, struct wet_record *r, struct err *why, struct err *e);

#endif
