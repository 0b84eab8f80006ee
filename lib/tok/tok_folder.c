/* tok_folder: a tokenizer from the files of a folder. */
#include <stdlib.h>
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

struct tok *tok_open_folder(const char *folder, struct err *e)
{
    struct tok_files f = {0};
    struct tok *t = NULL;

    if (read_file(folder, "tokenizer.model", &f.model, e) == 0 && read_file(folder, "tokenizer.json", &f.json, e) == 0 &&
        read_file(folder, "tokenizer_config.json", &f.config, e) == 0) {
        if (!f.model.len && !f.json.len)
            err_set(e, "%s: neither tokenizer.model nor tokenizer.json is there", folder);
        else if (!(t = tok_open(&f, e)))
            err_in(e, "%s", folder);
    }
    buf_free(&f.model);
    buf_free(&f.json);
    buf_free(&f.config);
    return t;
}
