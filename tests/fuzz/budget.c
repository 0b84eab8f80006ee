/* budget: any bytes as a table of budgets: a table whose every cell has been checked, or a clause that begins with the
 * file's name. */
#include "tensor/budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/opt.h"
#include "base/parse.h"
#include "tests/fuzz/fuzz.h"

FUZZ_ROOM(KIB(256), 64)

static int is_fraction(void *ctx, const char *column, const char *word, struct err *e)
{
    double v;

    (void)ctx;
    return strcmp(column, "type") == 0 ? 0 : parse_fraction(word, &v, e);
}

/* budget_read adds to what is kept for the history: as if the program began anew each time. */
static void begin(void)
{
    static const struct opt none[] = {OPT_END};
    static const struct opt_spec spec = {"budget", "", "", none, NULL, NULL};
    char *argv[] = {(char *)(uintptr_t) "budget", NULL};

    for (char **w = prog_argv; w && *w; w++)
        free(*w);
    free(prog_argv);
    opt_parse(1, argv, &spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const char *const columns[] = {"sparsity", "type", NULL};
    static const struct head whole;
    int fd = memfd_create("budget", 0);
    struct err e = {""};
    struct budget *t;
    char path[64];

    if (fd < 0 || io_write(fd, p, n, NULL) < 0)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    begin();
    t = budget_read(path, columns, is_fraction, NULL, &e);
    if (!t != (strncmp(e.msg, path, strlen(path)) == 0))
        abort();
    if (t) {
        const char *cell = budget_find(t, "model.layers.0.mlp.up_proj.weight");

        if (cell && is_fraction(NULL, budget_column(t), cell, &e) < 0)
            abort();
        budget_find(t, "x\n");
        budget_unused(t, &whole, &e);
    }
    budget_free(t);
    close(fd);
    return 0;
}
