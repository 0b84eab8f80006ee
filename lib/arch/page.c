/* page: a page's lines, one by one. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arch/page_int.h"
#include "base/mem.h"

#define TEXT_MAX ((size_t)64 << 10)
#define LINES_MAX 400 /* of a kind */

int span_is(struct span s, const char *word)
{
    return strlen(word) == s.n && memcmp(word, s.at, s.n) == 0;
}

char *span_copy(struct span s)
{
    return mem_strndup(s.at, s.n);
}

struct span span_trim(struct span s)
{
    while (s.n && isspace((unsigned char)*s.at))
        s.at++, s.n--;
    while (s.n && isspace((unsigned char)s.at[s.n - 1]))
        s.n--;
    return s;
}

int span_word(struct span *rest, struct span *word)
{
    int depth = 0;
    size_t n = 0;

    *rest = span_trim(*rest);
    for (; n < rest->n && (depth > 0 || !isspace((unsigned char)rest->at[n])); n++)
        depth += (rest->at[n] == '(' || rest->at[n] == '[') - (rest->at[n] == ')' || rest->at[n] == ']');
    *word = (struct span){rest->at, n};
    rest->at += n;
    rest->n -= n;
    return n > 0;
}

struct expr *span_expr(struct span s, struct err *e)
{
    return expr_parse(s.at, s.n, e);
}

int span_guard(struct span *s, struct expr **guard, struct err *e)
{
    int depth = 0;

    *guard = NULL;
    for (size_t i = 0; i + 3 < s->n; i++) {
        depth += (s->at[i] == '(' || s->at[i] == '[') - (s->at[i] == ')' || s->at[i] == ']');
        if (depth || strncmp(s->at + i, "if ", 3) != 0 || (i && !isspace((unsigned char)s->at[i - 1])))
            continue;
        *guard = span_expr((struct span){s->at + i + 3, s->n - i - 3}, e);
        s->n = i;
        *s = span_trim(*s);
        return *guard ? 0 : -1;
    }
    return 0;
}

void *page_add(void **list, int *n, size_t size)
{
    char *at;

    *list = mem_resize(*list, (size_t)*n + 1, size);
    at = (char *)*list + (size_t)*n * size;
    memset(at, 0, size);
    ++*n;
    return at;
}

void page_free_list(char **list)
{
    for (char **s = list; s && *s; s++)
        free(*s);
    free(list);
}

/* Words between '|', each trimmed; an empty one counts. NULL-terminated. */
static char **alternatives(struct span s)
{
    char **list = NULL;
    int n = 0;

    for (size_t i = 0, from = 0; i <= s.n; i++)
        if (i == s.n || s.at[i] == '|') {
            list = mem_resize(list, (size_t)n + 2, sizeof *list);
            list[n++] = span_copy(span_trim((struct span){s.at + from, i - from}));
            from = i + 1;
        }
    list[n] = NULL;
    return list;
}

static int line_hf(struct arch *a, struct span rest, struct err *e)
{
    struct arch_class *c = PAGE_ADD(a->class, a->classes);
    struct span type, name, nest;

    if (!span_word(&rest, &type) || !span_word(&rest, &name))
        return err_set(e, "hf is followed by a model_type and a class");
    c->type = span_copy(type);
    c->name = span_copy(name);
    if (span_word(&rest, &nest)) {
        if (nest.n < 6 || strncmp(nest.at, "nest=", 5) != 0)
            return err_set(e, "'%.*s' stands where nest=KEY may stand", (int)nest.n, nest.at);
        c->nest = span_copy((struct span){nest.at + 5, nest.n - 5});
    }
    return 0;
}

static int line_gguf(struct arch *a, struct span rest, struct err *e)
{
    struct span word;

    free(a->gguf);
    free(a->gguf_key);
    a->gguf = a->gguf_key = NULL;
    a->gguf_pair = 0;
    if (!span_word(&rest, &word))
        return err_set(e, "gguf is followed by a general.architecture, or -");
    if (!span_is(word, "-"))
        a->gguf = span_copy(word);
    while (span_word(&rest, &word)) {
        if (span_is(word, "rope=pair") || span_is(word, "rope=half"))
            a->gguf_pair = span_is(word, "rope=pair");
        else if (word.n > 4 && strncmp(word.at, "has=", 4) == 0)
            a->gguf_key = span_copy((struct span){word.at + 4, word.n - 4});
        else
            return err_set(e, "'%.*s' stands where rope=half, rope=pair or has=KEY may stand", (int)word.n, word.at);
    }
    return 0;
}

/* "must EXPR : SENTENCE"; "require EXPR : SENTENCE" of readers of GGUF, "require hf EXPR : SENTENCE" of transformers.
 * */
static int line_require(struct arch_require **list, int *n, struct span rest, struct err *e)
{
    const char *colon = memchr(rest.at, ':', rest.n);
    struct arch_require *r;
    struct span word, behind = rest;
    int hf = span_word(&behind, &word) && span_is(word, "hf");

    if (!colon)
        return err_set(e, "must and require are followed by an expression, ':' and a sentence");
    if (hf)
        rest = behind;
    r = page_add((void **)list, n, sizeof **list);
    r->hf = hf;
    r->why = span_copy(span_trim((struct span){colon + 1, rest.n - (size_t)(colon + 1 - rest.at)}));
    return (r->that = span_expr((struct span){rest.at, (size_t)(colon - rest.at)}, e)) ? 0 : -1;
}

/* "assume NAME = EXPR": what readers of GGUF take for granted of a number that a GGUF has no key for. */
static int line_assume(struct arch *a, struct span rest, struct err *e)
{
    struct span name, equal;
    struct arch_assume *s;

    if (!span_word(&rest, &name) || !span_word(&rest, &equal) || !span_is(equal, "="))
        return err_set(e, "assume is followed by NAME = EXPRESSION");
    s = PAGE_ADD(a->assume, a->assumes);
    s->name = span_copy(name);
    if (!arch_number(a, s->name))
        return err_set(e, "assume %s: no number of this page", s->name);
    return (s->value = span_expr(span_trim(rest), e)) ? 0 : -1;
}

static int append(struct arch *a, const char *text, size_t n, struct err *e, int depth);

/* Steps were read from that page, which outlives this one. */
static void say_file(struct arch *a, const char *file)
{
    for (int s = 0; s < ARCH_SECTIONS; s++)
        for (int i = 0; i < a->steps[s]; i++)
            if (!a->step[s][i].file)
                a->step[s][i].file = file;
}

static int has_begun(const struct arch *a)
{
    int steps = 0;

    for (int i = 0; i < ARCH_SECTIONS; i++)
        steps |= a->step[i] != NULL;
    return steps || a->number || a->weight || a->store || a->must;
}

/* Everything of the other page but its names and what its readers require (Llama's class asks for what Mistral's does
 * not); prefixes and what is ignored only where this page has said none. */
static int line_like(struct arch *a, struct span rest, struct err *e, int depth)
{
    struct arch base = {0};
    struct span word;
    char *name = span_word(&rest, &word) ? span_copy(word) : mem_strdup("");
    const struct arch *other = depth < 8 ? arch_find(name) : NULL;
    int rc = 0, began = has_begun(a);

    if (began || !other)
        rc = err_set(e, "like %s: %s", name,
                     began       ? "it stands behind the first section"
                     : depth < 8 ? "there is no such page"
                                 : "pages that are like one another");
    else if ((rc = append(&base, other->text, strlen(other->text), e, depth + 1)) < 0)
        err_in(e, "%s", other->file);
    free(name);
    if (rc == 0) {
        a->number = base.number, a->numbers = base.numbers;
        a->weight = base.weight, a->weights = base.weights;
        a->store = base.store, a->stores = base.stores;
        a->must = base.must, a->musts = base.musts;
        memcpy(a->step, base.step, sizeof a->step);
        memcpy(a->steps, base.steps, sizeof a->steps);
        say_file(a, other->file);
        if (!a->prefix)
            a->prefix = base.prefix, base.prefix = NULL;
        if (!a->ignore)
            a->ignore = base.ignore, base.ignore = NULL;
        base.number = NULL, base.weight = NULL, base.store = NULL, base.must = NULL;
        base.numbers = base.weights = base.stores = base.musts = 0;
        memset(base.step, 0, sizeof base.step);
        memset(base.steps, 0, sizeof base.steps);
    }
    page_free_lists(&base);
    return rc;
}

static int top(struct arch *a, struct span word, struct span rest, struct err *e, int depth)
{
    if (span_is(word, "arch")) {
        free(a->name);
        a->name = span_copy(span_trim(rest));
        return a->name[0] && strlen(a->name) < 32 ? 0 : err_set(e, "arch is followed by a name of at most 31 bytes");
    }
    if (span_is(word, "hf"))
        return line_hf(a, rest, e);
    if (span_is(word, "gguf"))
        return line_gguf(a, rest, e);
    if (span_is(word, "like"))
        return line_like(a, rest, e, depth);
    if (span_is(word, "must"))
        return line_require(&a->must, &a->musts, rest, e);
    if (span_is(word, "require"))
        return line_require(&a->require, &a->requires, rest, e);
    if (span_is(word, "assume"))
        return line_assume(a, rest, e);
    if (span_is(word, "prefix")) {
        page_free_list(a->prefix);
        a->prefix = alternatives(rest);
        return 0;
    }
    if (span_is(word, "ignore")) {
        page_free_list(a->ignore);
        a->ignore = alternatives(rest);
        return 0;
    }
    return err_set(e, "'%.*s' begins no line of a page", (int)word.n, word.at);
}

enum room { TOP, NUMBER, EACH, WEIGHT, STORE, STEPS };
static const char *const rooms[] = {"number", "each", "weight", "store", "before", "attention", "mlp", "after"};

static int indented(struct arch *a, int room, int number, struct span line, struct err *e)
{
    int s = room - STEPS;

    if (a->numbers > LINES_MAX || a->weights > LINES_MAX || a->stores > LINES_MAX || room == TOP)
        return err_set(e, room == TOP ? "an indented line under no section" : "more than %d lines of a kind",
                       LINES_MAX);
    switch (room) {
    case NUMBER:
        return page_number(a, line, 0, e);
    case EACH:
        return page_number(a, line, 1, e);
    case WEIGHT:
        return page_weight(a, line, e);
    case STORE:
        return page_store(a, line, e);
    default:
        if (a->steps[s] > LINES_MAX)
            return err_set(e, "more than %d steps", LINES_MAX);
        if (page_step(a, (enum arch_section)s, line, e) < 0)
            return -1;
        a->step[s][a->steps[s] - 1].line = number;
        return 0;
    }
}

/* A line that is not indented: a section begins, or something of the whole page. */
static int flush(struct arch *a, struct span line, int *room, struct err *e, int depth)
{
    struct span rest = line, word;

    span_word(&rest, &word);
    for (int i = 0; i < (int)(sizeof rooms / sizeof *rooms); i++)
        if (span_is(word, rooms[i]) && span_trim(rest).n == 0) {
            *room = NUMBER + i;
            if (*room >= STEPS)
                page_clear_steps(a, (enum arch_section)(*room - STEPS));
            return 0;
        }
    *room = TOP;
    return top(a, word, span_trim(rest), e, depth);
}

/* Rows that were taken from another page stand behind the page's own: the first row of a role is the one that is
 * written. */
static void own_first(struct arch *a, int inherited)
{
    struct arch_store *all = a->stores ? mem_new((size_t)a->stores, sizeof *all) : NULL;
    int own = a->stores - inherited;

    for (int i = 0; i < a->stores; i++)
        all[i] = a->store[i < own ? inherited + i : i - own];
    for (int i = own; i < a->stores; i++)
        all[i].inherited = 1;
    free(a->store);
    a->store = all;
}

static int append(struct arch *a, const char *text, size_t n, struct err *e, int depth)
{
    int room = TOP, number = 0, inherited = 0;

    for (const char *at = text, *end = text + n; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at)), *hash;
        struct span line = {at, (size_t)((stop ? stop : end) - at)}, all;

        at = stop ? stop + 1 : end;
        if ((hash = memmem(line.at, line.n, "#!", 2)) != NULL) /* a comment; a lone # stands for the layer */
            line.n = (size_t)(hash - line.at);
        all = span_trim(line);
        if (all.n == 0)
            continue;
        if ((isspace((unsigned char)*line.at) ? indented(a, room, number + 1, all, e)
                                              : flush(a, all, &room, e, depth)) < 0)
            return err_in(e, "%d", number + 1);
        if (strncmp(all.at, "like ", 5) == 0)
            inherited = a->stores;
    }
    own_first(a, inherited);
    return 0;
}

/* "llama.arch:12: sentence", as compilers say it. */
static int err_place(struct err *e, const char *file)
{
    struct err what = *e;

    return err_set(e, "%s:%.900s", file, what.msg);
}

struct arch *arch_read(const char *text, size_t n, const char *file, struct err *e)
{
    struct arch *a = mem_new(1, sizeof *a);
    int rc = 0;

    a->file = mem_strdup(file);
    a->text = mem_strndup(text, n < TEXT_MAX ? n : TEXT_MAX);
    if (n > TEXT_MAX || memchr(text, 0, n))
        rc = err_set(e, "%s: %s", file, n > TEXT_MAX ? "more than 64 KiB" : "a byte of 0");
    else if (append(a, text, n, e, 0) < 0 || page_finish(a, e) < 0)
        rc = err_place(e, file);
    if (rc == 0)
        return a;
    arch_free(a);
    return NULL;
}
