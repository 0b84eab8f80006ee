#include "tensor/twin_lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "tensor/twin_words.h"

struct twin *twin_open(FILE *in, const char *name)
{
    struct twin *t = mem_new(1, sizeof *t);

    t->in = in;
    t->name = mem_strdup(name);
    return t;
}

void twin_close(struct twin *t)
{
    if (t) {
        free(t->name);
        free(t->line);
        free(t->keyword);
    }
    free(t);
}

int twin_fail(const struct twin *t, struct err *e)
{
    return err_in(e, "%s:%llu", t->name, (unsigned long long)t->number);
}

int twin_line(struct twin *t, struct err *e)
{
    ssize_t n;

    do {
        n = getline(&t->line, &t->cap, t->in);
        if (n < 0)
            return ferror(t->in) ? err_errno(e, "cannot read %s", t->name) : 0;
        t->number++;
        if (n > 0 && t->line[n - 1] == '\n')
            t->line[--n] = '\0';
        if (strlen(t->line) != (size_t)n) {
            err_set(e, "the line holds a zero byte");
            return twin_fail(t, e);
        }
    } while (t->line[strspn(t->line, " \t")] == '\0' || *t->line == '#');
    return 1;
}

int twin_keyword(struct twin *t, struct err *e)
{
    int got = t->again ? 1 : twin_line(t, e);

    t->again = 0;
    if (got <= 0)
        return got;
    free(t->keyword);
    t->keyword = NULL;
    t->at = t->line;
    if (word_take(&t->at, &t->keyword, e) < 0)
        return twin_fail(t, e);
    return 1;
}

int twin_is(const struct twin *t, const char *keyword)
{
    return strcmp(t->keyword, keyword) == 0;
}

int twin_word(struct twin *t, char **name, struct err *e)
{
    int got = word_take(&t->at, name, e);

    return got < 0 ? -1 : got == 0 ? err_set(e, "'%s' is not followed by a name", t->keyword) : 0;
}

int twin_u64(struct twin *t, uint64_t *v, struct err *e)
{
    char *word;
    int rc = twin_word(t, &word, e);

    if (rc == 0) {
        rc = parse_u64(word, v, e);
        free(word);
    }
    return rc;
}
