#include "select/where.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/table.h"
#include "base/utf8.h"
#include "text/measure.h"

static const char *const unit_name[] = {"records", "bytes", "chars", "words", "tokens"};

int unit_find(const char *name)
{
    return table_word(unit_name, 5, name);
}

int unit_measure(enum unit u, const struct record *r, uint64_t *n, struct err *e)
{
    double v[MEASURES];

    switch (u) {
    case UNIT_RECORDS:
        return *n = 1, 0;
    case UNIT_BYTES:
        return *n = r->text_len, 0;
    case UNIT_CHARS:
        return *n = utf8_count(r->text, r->text_len), 0;
    case UNIT_WORDS:
        measure_text(r->text, r->text_len, 1, v);
        return *n = (uint64_t)v[measure_find("words")], 0;
    default:
        return record_token_count(r, n) ? 0 : err_set(e, "it has no token ids to count");
    }
}

enum op { EQ, NE, LT, LE, GT, GE };

struct where {
    char *name, *value;
    enum op op;
    int is_number;
    double number;
};

static char *trim(const char *s, size_t n)
{
    while (n && *s == ' ')
        s++, n--;
    while (n && s[n - 1] == ' ')
        n--;
    return mem_strndup(s, n);
}

struct where *where_parse(const char *text, struct err *e)
{
    size_t at = strcspn(text, "=!<>"), len = 1 + (text[at] && text[at + 1] == '=');
    struct where *w;

    if (!text[at] || (text[at] == '!' && len == 1) || strspn(text, " ") >= at)
        return err_set(e, "'%s' is not NAME OP VALUE with OP of = != < <= > >=", text), NULL;
    w = mem_new(1, sizeof *w);
    w->op = text[at] == '=' ? EQ : text[at] == '!' ? NE : text[at] == '<' ? (len == 2 ? LE : LT) : len == 2 ? GE : GT;
    w->name = trim(text, at);
    w->value = trim(text + at + len, strlen(text + at + len));
    w->is_number = parse_f64(w->value, &w->number, NULL) == 0;
    if (w->op >= LT && !w->is_number) {
        err_set(e, "'%s': %s is no number", text, w->value);
        where_free(w);
        return NULL;
    }
    return w;
}

void where_free(struct where *w)
{
    free(w->name);
    free(w->value);
    free(w);
}

/* The words of a meta value, or the id. */
static int text_equal(const struct where *w, const struct record *r, int *there)
{
    struct buf scratch = {0};
    size_t n = 0;
    const char *s = strcmp(w->name, "id") == 0 ? r->id : record_meta_text(r, w->name, &n, &scratch);
    int same;

    if (s == r->id)
        n = r->id_len;
    *there = s != NULL;
    same = s && n == strlen(w->value) && memcmp(s, w->value, n) == 0;
    buf_free(&scratch);
    return same;
}

const char *where_name(const struct where *w)
{
    return w->name;
}

int where_knows(const struct where *w, const struct record *r)
{
    double v;
    int there;

    if (record_number(r, w->name, &v))
        return 1;
    text_equal(w, r, &there);
    return there;
}

int where_holds(const struct where *w, const struct record *r)
{
    double v;
    int there, same;

    if (w->is_number && record_number(r, w->name, &v))
        switch (w->op) {
        case EQ:
            return v == w->number;
        case NE:
            return v != w->number;
        case LT:
            return v < w->number;
        case LE:
            return v <= w->number;
        case GT:
            return v > w->number;
        case GE:
            return v >= w->number;
        }
    if (w->op > NE)
        return 0;
    same = text_equal(w, r, &there);
    return there && (w->op == EQ ? same : !same);
}
