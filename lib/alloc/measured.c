#include "alloc/measured.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/parse.h"
#include "tensor/describe.h"

#define BYTES_MAX (256 << 20)
#define CELLS 6

struct line {
    const char *name, *type; /* into text */
    double cost, loss, whole;
    size_t at; /* which line of the table: of two alike the first counts */
};

struct measured {
    char *path;
    struct buf text;
    struct line *line; /* sorted by name */
    size_t n;
};

static const char titles[] = "tensor\ttype\tweights\tcost\tloss\tenergy";

static int by_name(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int c = strcmp(x->name, y->name);

    return c ? c : (x->at > y->at) - (x->at < y->at);
}

static int read_line(struct line *l, char *text, struct err *e)
{
    char *cell[CELLS + 1];
    double number[3];
    int n = 0;

    while (n <= CELLS && (cell[n] = strsep(&text, "\t")))
        n++;
    if (n != CELLS)
        return err_set(e, "it has not the %d cells of the titles", CELLS);
    for (int i = 0; i < 3; i++)
        if (parse_f64(cell[3 + i], &number[i], e) < 0)
            return -1;
        else if (number[i] < 0)
            return err_set(e, "%s is below 0", cell[3 + i]);
    *l = (struct line){cell[0], cell[1], number[0], number[1], number[2], 0};
    return 0;
}

static int read_lines(struct measured *m, struct err *e)
{
    char *rest = (char *)m->text.data, *line = strsep(&rest, "\n");

    if (!line || strcmp(line, titles) != 0)
        return err_set(e, "it is no table of the losses of types, as --losses writes it");
    for (size_t number = 2; (line = strsep(&rest, "\n")); number++) {
        if (!*line)
            continue;
        m->line = mem_resize(m->line, m->n + 1, sizeof *m->line);
        if (read_line(&m->line[m->n], line, e) < 0)
            return err_in(e, "line %zu", number);
        m->line[m->n++].at = number;
    }
    qsort(m->line, m->n, sizeof *m->line, by_name);
    return 0;
}

struct measured *measured_read(const char *path, struct err *e)
{
    struct measured *m = mem_new(1, sizeof *m);
    int rc = io_slurp(path, BYTES_MAX, &m->text, e);

    m->path = mem_strdup(path);
    if (rc == 0 && memchr(m->text.data, 0, m->text.len))
        rc = err_set(e, "it is no text: it holds a NUL");
    if (rc == 0) {
        *(char *)buf_space(&m->text, 1) = '\0';
        rc = read_lines(m, e);
    }
    if (rc == 0)
        return m;
    err_in(e, "%s", path);
    measured_free(m);
    return NULL;
}

void measured_free(struct measured *m)
{
    if (!m)
        return;
    free(m->path);
    free(m->line);
    buf_free(&m->text);
    free(m);
}

/* The first line of a name, or n. */
static size_t find(const struct measured *m, const char *name)
{
    size_t low = 0, high = m->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (strcmp(m->line[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < m->n && strcmp(m->line[low].name, name) == 0 ? low : m->n;
}

int measured_points(const struct measured *m, const struct alloc_job *j, struct alloc_tensor *t, struct err *e)
{
    const char *name = describe_name(t->name);
    size_t first = find(m, name), end = first;

    while (end < m->n && strcmp(m->line[end].name, name) == 0)
        end++;
    if (first == end)
        return err_set(e, "%s has no line for it", m->path);
    t->point = mem_new(j->types, sizeof *t->point);
    for (uint64_t i = 0; i < j->types; i++) {
        size_t k = first;

        while (k < end && strcasecmp(m->line[k].type, j->type[i]) != 0)
            k++;
        if (k == end)
            return err_set(e, "%s has no line for it with type %s", m->path, j->type[i]);
        t->point[t->points++] = (struct alloc_point){i, m->line[k].cost, m->line[k].loss};
        t->whole = m->line[k].whole;
    }
    return 0;
}
