/*
 * archive: zip files, for npz and PyTorch: entries stored or deflated, 64-bit sizes too. Nothing in a zip is believed
 * unchecked.
 *
 *   entries: "PK\3\4" header, name, extra, data | central directory: "PK\1\2" ... | (zip64 end and its locator) |
 *   "PK\5\6" end
 */
#ifndef WEIR_FILE_ARCHIVE_H
#define WEIR_FILE_ARCHIVE_H

#include "file/file.h"

#define ARCHIVE_ENTRIES_MAX (1u << 20)

struct archive_entry {
    char *name;
    uint64_t header; /* of its local header */
    uint64_t at;     /* of its data in the file */
    uint64_t stored; /* bytes there */
    uint64_t bytes;  /* when unpacked */
    uint32_t crc;
    int deflated;
};

struct archive {
    struct archive_entry *entry; /* in the order of the directory */
    size_t entries;
};

/*
 * Read the directory of part `part` of s, and check it against every local header.
 * -1: no end record; a directory that is not where it should be; an entry that is encrypted, of another method, of a
 * name that is empty, no UTF-8 or there twice, whose two headers differ, that overlaps another or the directory, whose
 * claimed size deflate cannot reach (1032 times what is stored). Memory: the directory.
 */
int archive_open(struct archive *a, const struct source *s, int part, struct err *e);
void archive_close(struct archive *a);
const struct archive_entry *archive_find(const struct archive *a, const char *name);

/*
 * Where the bytes of an entry can be read by seeking: the file itself when stored, else an unlinked file in $TMPDIR to
 * which they are unpacked, which is added to s as a part.
 * part  in: that of the archive; out: where the bytes are, from *at on
 * -1: the data are damaged: another size or another checksum than claimed. They are read once for that, stored or not.
 */
int archive_place(struct source *s, const struct archive_entry *t, int *part, uint64_t *at, struct err *e);

/* All bytes of an entry of at most limit bytes, checksum checked, appended. */
int archive_read(const struct source *s, int part, const struct archive_entry *t, uint64_t limit, struct buf *out,
                 struct err *e);

#endif
