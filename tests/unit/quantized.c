/* quantized: the rows of a quantized weight's parts are the same however they are cut, and a matrix of a stack is its
 * share of the whole. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "ckpt/quantized_int.h"
#include "file/value.h"
#include "tests/unit/check.h"

#define GOLDEN "tests/golden/quantized/"

/* Part p of t by n rows at a time. */
static void check_cuts(const struct source *s, const struct file_tensor *t, const struct part *p, uint64_t n)
{
    uint8_t *data = mem_new((size_t)(p->rows * p->row_bytes) + 1, 1);
    struct err e = {""};

    for (uint64_t r = 0; r < p->rows; r += n)
        CHECK(source_part(s, t, NULL, p, r, p->rows - r < n ? p->rows - r : n, data + r * p->row_bytes, &e) == 0);
    CHECK(memcmp(data, p->data, (size_t)(p->rows * p->row_bytes)) == 0);
    free(data);
}

static float *values_of(const struct source *s, const struct file_tensor *t, struct bundle *b)
{
    struct err e = {""};
    float *v;

    CHECK(file_header(b, t, t->name, &t->shape, &e) == 0 && source_load(s, t, NULL, b, &e) == 0);
    v = mem_new((size_t)(b->rows * b->cols) + 1, sizeof *v);
    CHECK(bundle_rows(b, 0, b->rows, v, &e) == 0);
    return v;
}

/* Rows of a view are rows of the whole: expert i of a stack, and of that every other output, as files with the inputs
 * first count their elements. */
static void check_view(const struct source *s, const struct file_tensor *t, const struct bundle *all, uint64_t i,
                       int turned)
{
    uint64_t rows = t->shape.dim[1], cols = t->shape.dim[2];
    struct view v = {.base = i * rows * cols, .rows = 1, .cols = 1};
    struct err e = {""};

    t->value->turned = turned;
    v.row[0] = (struct view_digit){rows / 2, turned ? 2 : 2 * cols};
    v.col[0] = (struct view_digit){cols, turned ? rows : 1};
    CHECK(value_view_fits(t, &v));
    for (int k = 0; k < all->parts; k++) {
        const struct part *p = &all->part[k];
        uint64_t bytes = p->row_bytes / rows;
        uint8_t *data = mem_new((size_t)p->row_bytes + 1, 1);
        struct part own = {.name = p->name, .rows = rows / 2, .row_bytes = bytes};

        if (p->fixed)
            CHECK(value_read(s, t, &v, p, 0, 1, data, &e) == 0 && memcmp(data, p->data, p->row_bytes) == 0);
        else
            CHECK(value_read(s, t, &v, &own, 0, rows / 2, data, &e) == 0);
        for (uint64_t r = 0; !p->fixed && r < rows / 2; r++)
            CHECK(memcmp(data + r * bytes, p->data + i * p->row_bytes + 2 * r * bytes, bytes) == 0);
        free(data);
    }
    v.col[0].n--;
    CHECK(!value_view_fits(t, &v));
    v.col[0] = (struct view_digit){cols, turned ? 1 : rows};
    CHECK(!value_view_fits(t, &v));
}

static int check_source(const char *path)
{
    struct source s = {0};
    struct err e = {""};
    int values = 0;

    CHECK(source_open(&s, path, &e) == 0 && quantized_take(&s, &e) == 0);
    for (size_t i = 0; i < s.tensors; i++) {
        struct bundle b = {0};
        float *v;

        if (!s.tensor[i].value)
            continue;
        values++;
        v = values_of(&s, &s.tensor[i], &b);
        for (int k = 0; k < b.parts; k++)
            for (uint64_t n = 1; n < 12; n += 3)
                check_cuts(&s, &s.tensor[i], &b.part[k], n);
        for (uint64_t k = 0; b.shape.rank == 3 && k < b.shape.dim[0]; k++)
            for (int turned = 0; turned < 2; turned++)
                check_view(&s, &s.tensor[i], &b, k, turned);
        free(v);
        bundle_free(&b);
    }
    source_close(&s);
    return values;
}

static void check_drop(const char *text, const char *want)
{
    struct buf b = {0};

    buf_puts(&b, text);
    quantized_drop_member(&b, "q");
    CHECK(strcmp(buf_str(&b), want) == 0);
    buf_free(&b);
}

static void check_text(void)
{
    check_drop("{\"q\": {\"a\": [1, \"}\"]}, \"b\": 2}", "{\"b\": 2}");
    check_drop("{\n \"a\": 1,\n \"q\": {},\n \"b\": 2\n}", "{\n \"a\": 1,\n \"b\": 2\n}");
    check_drop("{\n \"a\": 1,\n \"q\": {\"q\": 1}\n}\n", "{\n \"a\": 1\n}\n");
    check_drop("{ \"q\" : null }", "{  }");
    check_drop("{\"a\": {\"q\": 1}, \"b\": \"\\\"q\\\": \"}", "{\"a\": {\"q\": 1}, \"b\": \"\\\"q\\\": \"}");
    check_drop("{}", "{}");
}

int main(void)
{
    DIR *d = opendir(GOLDEN);
    int values = 0;

    check_text();
    CHECK(d != NULL);
    for (struct dirent *f; d && (f = readdir(d));) {
        char path[600];

        snprintf(path, sizeof path, GOLDEN "%s", f->d_name);
        if (!strchr(f->d_name, '.'))
            values += check_source(path);
    }
    if (d)
        closedir(d);
    CHECK(values == 74);
    return DONE();
}
