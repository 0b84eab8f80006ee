#include "base/foreign.h"

#include <string.h>
#include <strings.h>

struct kind {
    const char *bytes;
    size_t n;
    const char *clause;
};
#define KIND(bytes, clause)                                                                                            \
    {                                                                                                                  \
        bytes, sizeof bytes - 1, clause                                                                                \
    }

static const struct kind kinds[] = {
    KIND("version https://git-lfs.github.com/spec/v1", "a git-lfs pointer, not the file; git lfs pull fetches it"),
    KIND("PAR1", "a Parquet file; pyarrow, duckdb or polars write it as JSON lines"),
    KIND("ARROW1\0\0", "an Arrow file; pyarrow or polars write it as JSON lines"),
    KIND("\xff\xff\xff\xff", "an Arrow stream, as datasets keeps it; its to_json writes JSON lines"),
    KIND("ORC", "an ORC file; pyarrow writes it as JSON lines"),
    KIND("Obj\x01", "an Avro file; it is to be written as JSON lines"),
    KIND("\xfd"
         "7zXZ\0",
         "compressed by xz; xz -dc opens it: pipe that to -"),
    KIND("\x1f\x8b\x08", "compressed by gzip; gzip -dc opens it, and dload does, once"),
    KIND("\x28\xb5\x2f\xfd", "compressed by zstd; zstd -dc opens it, and dload does, once"),
    KIND("\x04\x22\x4d\x18", "compressed by lz4; lz4 -dc opens it: pipe that to -"),
    KIND("PK\x03\x04", "a zip archive; unzip -p opens it: pipe that to -"),
    KIND("PK\x05\x06", "a zip archive, an empty one"),
    KIND("7z\xbc\xaf\x27\x1c", "a 7z archive; 7z x -so opens it: pipe that to -"),
    KIND("SQLite format 3\0", "a SQLite database; sqlite3 -json reads it"),
    KIND("%PDF-", "a PDF file; pdftotext makes a text of it"),
    KIND("\x94\xc4\x08\x89weir", "a stream of weir already"),
    KIND("\xff\xfe\0\0", "text in UTF-32; iconv -f UTF-32 -t UTF-8 makes it UTF-8"),
    KIND("\0\0\xfe\xff", "text in UTF-32; iconv -f UTF-32 -t UTF-8 makes it UTF-8"),
    KIND("\xff\xfe", "text in UTF-16; iconv -f UTF-16 -t UTF-8 makes it UTF-8"),
    KIND("\xfe\xff", "text in UTF-16; iconv -f UTF-16 -t UTF-8 makes it UTF-8"),
};

/* Half of the bytes of ASCII in UTF-16 are 0; no mark says so. */
static int bare_utf16(const unsigned char *p, size_t n)
{
    size_t zero[2] = {0, 0};

    for (size_t i = 0; i < n; i++)
        zero[i % 2] += p[i] == 0;
    return n >= 16 && n % 2 == 0 && ((zero[0] == n / 2 && !zero[1]) || (zero[1] == n / 2 && !zero[0]));
}

const char *foreign_file(const void *first, size_t n)
{
    const unsigned char *p = first;

    if (n >= 10 && memcmp(p, "BZh", 3) == 0 && memcmp(p + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0)
        return "compressed by bzip2; bzip2 -dc opens it: pipe that to -";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (n >= kinds[i].n && memcmp(p, kinds[i].bytes, kinds[i].n) == 0)
            return kinds[i].clause;
    return bare_utf16(p, n - n % 2) ? "text in UTF-16 without a mark; iconv -f UTF-16LE (or BE) -t UTF-8 makes it UTF-8"
                                    : NULL;
}

const char *foreign_json(const void *first, size_t n)
{
    const char *p = first;

    while (n && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++, n--;
    if (n && *p == '[')
        return "a JSON array, not JSON lines; jq -c '.[]' makes lines of it";
    if (n >= 5 && (strncasecmp(p, "<!doc", 5) == 0 || strncasecmp(p, "<html", 5) == 0))
        return "a page of HTML, not JSON lines; was it fetched from the right address?";
    return NULL;
}
