/* dsave: text records to JSON lines, ids, or token ids. A sink: read a record, write its line. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/parse.h"
#include "base/progress.h"
#include "base/target.h"
#include "record/jsonl.h"
#include "record/zip.h"
#include "tok/line.h"

#define OUT_BYTES ((size_t)256 << 10)

static struct records_opts from;
static const char *path = "-", *fields, *tokenizer, *text_field = "text", *id_field = "id";
static int ids, tokens, special, gzip, zstd, in_lines;
static uint64_t zlevel = 3, glevel = 6;
static struct tok *tok; /* NULL: records bring their tokens */
static size_t dropped;  /* bytes without a piece */
static struct err e;

static int set_level(const char *arg, uint64_t most, int *on, uint64_t *level, struct err *why)
{
    *on = 1;
    if (arg && (parse_u64(arg, level, why) < 0 || *level < 1 || *level > most))
        return err_set(why, "'%s' is not a level from 1 to %" PRIu64, arg, most);
    return 0;
}

static int set_zstd(const char *arg, struct err *why)
{
    return set_level(arg, 22, &zstd, &zlevel, why);
}

static int set_gzip(const char *arg, struct err *why)
{
    return set_level(arg, 9, &gzip, &glevel, why);
}

static const struct opt opts[] = {
    {'o', "output", "FILE", OPT_STRING, &path, "write to FILE, which appears when it is whole (default: stdout)", 0},
    {'f', "fields", "NAME,...", OPT_STRING, &fields,
     "only these: id, text, tokens, scores, a meta key, a score's name (default: all)", 0},
    {0, "ids", 0, OPT_FLAG, &ids, "write the id of each record, one a line", 0},
    {0, "tokens", 0, OPT_FLAG, &tokens,
     "write the token ids of each record, one record a line, as mcalib --ids reads them", 0},
    {0, "tokenizer", "FOLDER", OPT_STRING, &tokenizer, "... made by this folder's tokenizer where a record has none",
     0},
    {0, "special", 0, OPT_FLAG, &special, "... which reads <|im_start|> and its like in a text as the tokens they are",
     0},
    {'z', "zstd", "[LEVEL]", OPT_CALL, 0, "compress by zstd, level 1 to 22 (default 3)", set_zstd},
    {0, "gzip", "[LEVEL]", OPT_CALL, 0, "compress by gzip, level 1 to 9 (default 6)", set_gzip},
    {0, "text-field", "KEY", OPT_STRING, &text_field, "the name of the text in the lines written (default: text)", 0},
    {0, "id-field", "KEY", OPT_STRING, &id_field, "the name of the id in the lines written (default: id)", 0},
    {0, "lines", 0, OPT_FLAG, &in_lines, "read JSON objects, one a line, with text and id under those names", 0},
    OPT_END};

static int put(struct buf *b, const struct record *r)
{
    if (tokens)
        return tok_line(b, r, tok, special, &dropped, &e);
    if (fields)
        return jsonl_write_fields(b, r, fields, text_field, id_field, &e);
    if (!ids)
        return jsonl_write(b, r, text_field, id_field, &e);
    if (memchr(r->id, '\n', r->id_len))
        return err_set(&e, "its id holds a line feed");
    buf_add(b, r->id, r->id_len);
    buf_add(b, "\n", 1);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct opt_spec spec = {"dsave", "[OPTION]... [FILE]", "Write text records as JSON lines.",
                                         opts,    opt_common,           NULL};
    int files = opt_parse(argc, argv, &spec), got;
    struct buf b = {0};
    struct target *to;
    struct records *in;
    struct record *r;
    struct zip *z;

    if (files > 1 || ids + tokens + !!fields > 1 || zstd + gzip > 1)
        die_usage(files > 1         ? "one FILE at most"
                  : zstd + gzip > 1 ? "-z or --gzip, not both"
                                    : "of --fields, --ids and --tokens only one can be");
    if (tokenizer && !tokens)
        die_usage("--tokenizer %s is for --tokens", tokenizer);
    if (special && !tokenizer)
        die_usage("--special is for --tokenizer");
    if (tokenizer && !(tok = tok_open_folder(tokenizer, &e)))
        die("%s", e.msg);
    if (target_check_file(path, &e) < 0)
        die("%s", e.msg);
    from = (struct records_opts){.lines = in_lines, .text_field = text_field, .id_field = id_field};
    in = records_file(files ? argv[1] : "-", &from, &e);
    to = in ? target_open_text(path, &e) : NULL;
    z = to ? zip_open(target_fd(to),
                      zstd   ? ZIP_ZSTD
                      : gzip ? ZIP_GZIP
                             : ZIP_PLAIN,
                      (int)(zstd ? zlevel : glevel), &e)
           : NULL;
    if (!z)
        die("%s", e.msg);
    while ((got = records_next(in, &r, &e)) > 0) {
        if (put(&b, r) < 0)
            die("%.*s: %s", (int)(r->id_len > 100 ? 100 : r->id_len), r->id, e.msg);
        if (b.len >= OUT_BYTES) {
            if (zip_put(z, b.data, b.len, &e) < 0)
                die("%s: %s", path, e.msg);
            b.len = 0;
        }
        progress_step(1, r->text_len);
    }
    if (got < 0 || zip_put(z, b.data, b.len, &e) < 0 || zip_close(z, &e) < 0 || target_commit(to, &e) < 0)
        die("%s", e.msg);
    if (dropped)
        warn("%zu bytes that the tokenizer has no piece for are left out", dropped);
    records_close(in);
    tok_close(tok);
    buf_free(&b);
    progress_end();
    return 0;
}
