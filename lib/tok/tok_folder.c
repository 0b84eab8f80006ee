/* tok_folder: a tokenizer from the files of a folder. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "tok/tok.h"

#define FILE_MAX ((uint64_t)256 << 20)

/* Nothing when it is not there. */
static int read_file(const char *folder, const char *name, struct buf *b, struct err *e)
{
    char *file = mem_printf("%s/%s", folder, name);
    int rc = access(file, F_OK) == 0 ? io_slurp(file, FILE_MAX, b, e) : 0;

    free(file);
    return rc < 0 ? -1 : 0;
}

struct buf *tok_file(struct tok_files *f, const char *name)
{
    const struct {
        const char *name;
        struct buf *to;
    } known[] = {{"tokenizer.model", &f->model},         {"spiece.model", &f->model},
                 {"sentencepiece.bpe.model", &f->model}, {"tokenizer.json", &f->json},
                 {"tokenizer_config.json", &f->config},  {"added_tokens.json", &f->added}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].to;
    return NULL;
}

void tok_files_free(struct tok_files *f)
{
    buf_free(&f->model);
    buf_free(&f->json);
    buf_free(&f->config);
    buf_free(&f->added);
}

struct tok *tok_open_folder(const char *folder, struct err *e)
{
    static const char *const name[] = {"tokenizer.model", "spiece.model",          "sentencepiece.bpe.model",
                                       "tokenizer.json",  "tokenizer_config.json", "added_tokens.json"};
    struct tok_files f = {0};
    struct tok *t = NULL;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof name / sizeof *name; i++)
        if (!tok_file(&f, name[i])->len)
            rc = read_file(folder, name[i], tok_file(&f, name[i]), e);
    if (rc == 0 && !f.model.len && !f.json.len)
        err_set(e, "%s: neither tokenizer.model nor tokenizer.json is there", folder);
    else if (rc == 0 && !(t = tok_open(&f, e)))
        err_in(e, "%s", folder);
    tok_files_free(&f);
    return t;
}
