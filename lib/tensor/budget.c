#include "tensor/budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/glob.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/opt.h"
#include "tensor/describe.h"

#define BYTES_MAX (64 << 20)
#define CELLS_MAX 16

struct row {
    const char *name, *cell; /* into text */
    uint64_t line;
    int used;
};

struct budget {
    char *path;
    struct buf text;
    struct row *row;
    int rows;
    int cells, name_at, cell_at; /* of a line */
    const char *column;
};

static const char *const titles[] = {"tensor", "sparsity", "type",  "bits", "rank",
                                     "keep",   "weights",  "bytes", "loss", NULL};

static int is_in(const char *const *list, const char *word)
{
    for (; *list; list++)
        if (strcmp(*list, word) == 0)
            return 1;
    return 0;
}

/* A line's cells, which are cut in place. How many there are; those beyond CELLS_MAX are counted only. */
static int cut(char *line, char *cell[CELLS_MAX])
{
    char *word;
    int n = 0;

    for (; (word = strsep(&line, "\t")); n++)
        if (n < CELLS_MAX)
            cell[n] = word;
    return n;
}

static int read_titles(struct budget *t, char *line, const char *const *columns, struct err *e)
{
    char *cell[CELLS_MAX];
    int n = cut(line, cell);

    t->name_at = t->cell_at = -1;
    t->cells = n;
    for (int i = 0; i < n && i < CELLS_MAX; i++) {
        for (int k = 0; k < i; k++)
            if (strcmp(cell[i], cell[k]) == 0)
                return err_set(e, "the title '%s' stands twice", cell[i]);
        if (!is_in(titles, cell[i]))
            return err_set(e,
                           "there is no column '%.80s'; columns are tensor, sparsity, type, bits, rank, keep, weights, "
                           "bytes, loss",
                           cell[i]);
        if (strcmp(cell[i], "tensor") == 0)
            t->name_at = i;
        if (!is_in(columns, cell[i]))
            continue;
        if (t->cell_at >= 0)
            return err_set(e, "it has both '%s' and '%s'; only one can be", cell[t->cell_at], cell[i]);
        t->cell_at = i;
        t->column = cell[i];
    }
    if (t->name_at < 0)
        return err_set(e, "a budget begins with a line of titles, one of them 'tensor'");
    if (t->cell_at < 0)
        return err_set(e, "it has no column '%s'%s%s%s", columns[0], columns[1] ? " nor '" : "",
                       columns[1] ? columns[1] : "", columns[1] ? "'" : "");
    return 0;
}

static int read_row(struct budget *t, char *line, uint64_t number, budget_check *check, void *ctx, struct err *e)
{
    char *cell[CELLS_MAX];
    int n = cut(line, cell);
    struct row *r;

    if (n != t->cells)
        return err_set(e, "it has %d cells, the titles are %d", n, t->cells);
    if (!*cell[t->name_at])
        return err_set(e, "the name is empty");
    t->row = mem_resize(t->row, (size_t)t->rows + 1, sizeof *t->row);
    r = &t->row[t->rows++];
    *r = (struct row){cell[t->name_at], cell[t->cell_at], number, 0};
    return strcmp(r->cell, "-") == 0 || check(ctx, t->column, r->cell, e) == 0
               ? 0
               : err_in(e, "%s: %s", r->name, t->column);
}

static int by_name(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int c = strcmp(x->name, y->name);

    return c ? c : (x->line > y->line) - (x->line < y->line);
}

/* Tables can be long: sorted, not compared each with each. */
static int refuse_twins(const struct budget *t, uint64_t *line, struct err *e)
{
    struct row *sorted = mem_new((size_t)t->rows, sizeof *sorted);
    int twin = 0;

    memcpy(sorted, t->row, (size_t)t->rows * sizeof *sorted);
    qsort(sorted, (size_t)t->rows, sizeof *sorted, by_name);
    for (int i = 1; i < t->rows && !twin; i++)
        if (strcmp(sorted[i].name, sorted[i - 1].name) == 0) {
            *line = sorted[i].line;
            twin =
                err_set(e, "'%s' stands on line %llu already", sorted[i].name, (unsigned long long)sorted[i - 1].line);
        }
    free(sorted);
    return twin;
}

static int read_lines(struct budget *t, const char *const *columns, budget_check *check, void *ctx, struct err *e)
{
    char *rest = (char *)buf_space(&t->text, 1), *line;
    uint64_t number = 0, twin = 0;

    *rest = 0;
    rest = (char *)t->text.data;
    if (memchr(t->text.data, 0, t->text.len))
        return err_set(e, "it is no text: it holds a NUL");
    while ((line = strsep(&rest, "\n"))) {
        number++;
        if (!*line || *line == '#')
            continue;
        if ((t->column ? read_row(t, line, number, check, ctx, e) : read_titles(t, line, columns, e)) < 0)
            return err_in(e, "line %llu", (unsigned long long)number);
    }
    if (!t->column)
        return err_set(e, "it is empty; a budget begins with a line of titles");
    return t->rows && refuse_twins(t, &twin, e) < 0 ? err_in(e, "line %llu", (unsigned long long)twin) : 0;
}

/* What the history says of the table. Its folder is nobody's business, and /dev/fd/63 is no name. */
static void say(const struct budget *t)
{
    struct stat st;
    const char *slash = strrchr(t->path, '/'), *name = slash ? slash + 1 : t->path;
    char *word;

    if (stat(t->path, &st) < 0 || !S_ISREG(st.st_mode))
        name = "-";
    word = mem_printf("%s:%016llx", name, (unsigned long long)hash64(t->text.data, t->text.len));
    opt_say("--budget");
    opt_say(word);
    free(word);
}

struct budget *budget_read(const char *path, const char *const *columns, budget_check *check, void *ctx, struct err *e)
{
    struct budget *t = mem_new(1, sizeof *t);

    t->path = mem_strdup(path);
    if (strcmp(path, "-") == 0) {
        err_set(e, "--budget -: standard input is the stream's");
    } else if (io_slurp(path, BYTES_MAX, &t->text, e) == 0) {
        say(t);
        if (read_lines(t, columns, check, ctx, e) == 0)
            return t;
        err_in(e, "%s", path);
    }
    budget_free(t);
    return NULL;
}

void budget_free(struct budget *t)
{
    if (!t)
        return;
    free(t->path);
    free(t->row);
    buf_free(&t->text);
    free(t);
}

const char *budget_column(const struct budget *t)
{
    return t->column;
}

const char *budget_find(struct budget *t, const char *name)
{
    const char *quoted = describe_name(name);

    for (int i = 0; i < t->rows; i++) {
        struct row *r = &t->row[i];

        if (strcmp(r->name, name) != 0 && strcmp(r->name, quoted) != 0 &&
            !(strpbrk(r->name, "*?[") && glob_match(r->name, name)))
            continue;
        r->used = 1;
        return strcmp(r->cell, "-") == 0 ? NULL : r->cell;
    }
    return NULL;
}

int budget_unused(const struct budget *t, const struct head *h, struct err *e)
{
    int n = 0, first = 0;

    for (int i = t && !h->shards ? t->rows - 1 : -1; i >= 0; i--)
        if (!t->row[i].used) {
            first = i;
            n++;
        }
    if (n)
        err_set(e, "%s: %d %s for no tensor of the stream; the first is line %llu, '%s'", t->path, n,
                n == 1 ? "row is" : "rows are", (unsigned long long)t->row[first].line, t->row[first].name);
    return n;
}
