#include "quant/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/opt.h"
#include "base/parse.h"
#include "quant/policy_int.h"

#define BYTES_MAX (1 << 20)

/* The presets' texts, as they lie in lib/quant/policy. */
#define POLICY(name)                                                                                                   \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".global policy_" #name "\n"                                                                               \
            "policy_" #name ":\n.incbin \"lib/quant/policy/" #name ".policy\"\n"                                       \
            ".byte 0\n.popsection\n");                                                                                 \
    extern const char policy_##name[];
#include "quant/policy.def"
#undef POLICY

static const struct {
    const char *name, *text;
} presets[] = {
#define POLICY(name) {#name, policy_##name},
#include "quant/policy.def"
#undef POLICY
};
#define PRESETS (sizeof presets / sizeof *presets)

static int find(const char *name)
{
    for (size_t i = 0; i < PRESETS; i++)
        if (strcasecmp(presets[i].name, name) == 0)
            return (int)i;
    return -1;
}

const char *policy_text(const char *name)
{
    int i = find(name);

    return i < 0 ? NULL : presets[i].text;
}

const char *policy_names(void)
{
    static char names[PRESETS * 12];

    for (size_t i = 0, n = 0; i < PRESETS; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "", presets[i].name);
    return names;
}

/* text without blanks at its ends; cut in place. */
static char *trim(char *text)
{
    size_t n;

    text += strspn(text, " \t\r");
    n = strlen(text);
    while (n && strchr(" \t\r", text[n - 1]))
        text[--n] = '\0';
    return text;
}

/* The last word, which is cut off; NULL where it is the only one. */
static char *cut_last(char *line)
{
    char *at = line + strlen(line);

    while (at > line && !strchr(" \t", at[-1]))
        at--;
    if (at == line)
        return NULL;
    at[-1] = '\0';
    return at;
}

/* " if " and what is behind it, cut off; NULL: it has none. */
static char *cut_condition(char *line)
{
    for (char *at = line; (at = strstr(at, "if")); at++)
        if (at > line && strchr(" \t", at[-1]) && strchr(" \t", at[2])) {
            at[-1] = '\0';
            return at + 2;
        }
    return NULL;
}

static int read_words(struct policy_rule *r, char *what, struct err *e)
{
    char *word;

    while ((word = strsep(&what, "|"))) {
        word = trim(word);
        if (!*word || strpbrk(word, " \t"))
            return err_set(e, "'%s' is neither a role nor a glob", word);
        if (r->words == POLICY_WORDS)
            return err_set(e, "more than %d roles and globs", POLICY_WORDS);
        r->word[r->words++] = mem_strdup(word);
    }
    return 0;
}

static int read_layers(struct policy_rule *r, char *layers, struct err *e)
{
    char *word;

    while ((word = strsep(&layers, " \t")))
        if (*word) {
            if (r->slices == POLICY_SLICES)
                return err_set(e, "more than %d slices of layers", POLICY_SLICES);
            if (policy_slice_read(&r->slice[r->slices++], word, e) < 0)
                return -1;
        }
    return r->slices ? 0 : err_set(e, "no layers stand behind the comma");
}

static int read_rule(struct policy_rule *r, char *line, policy_check *check, void *ctx, struct err *e)
{
    char *type = cut_last(line), *when = cut_condition(line), *layers = strchr(line, ',');

    if (!type)
        return err_set(e, "'%s' is no rule: WHAT[, LAYERS] [if CONDITION] TYPE", line);
    if (layers)
        *layers++ = '\0';
    if (when && !(r->when = expr_parse(when, strlen(when), e)))
        return -1;
    r->type = mem_strdup(type);
    if (read_words(r, line, e) < 0 || (layers && read_layers(r, layers, e) < 0))
        return -1;
    return strcmp(type, "-") == 0 ? 0 : check(ctx, type, e);
}

static int read_file_type(struct policy *p, const char *word, struct err *e)
{
    uint64_t n;

    if (p->file_type >= 0)
        return err_set(e, "file_type stands twice");
    if (parse_u64(word, &n, e) < 0 || n > 1023)
        return err_set(e, "file_type '%s' is none of 0 to 1023", word);
    p->file_type = (int)n;
    return 0;
}

static int read_line(struct policy *p, char *line, int number, policy_check *check, void *ctx, struct err *e)
{
    if (strncmp(line, "file_type", 9) == 0 && strchr(" \t", line[9]) && line[9])
        return read_file_type(p, trim(line + 9), e);
    p->rule = mem_resize(p->rule, (size_t)p->rules + 1, sizeof *p->rule);
    p->rule[p->rules] = (struct policy_rule){.line = number};
    return read_rule(&p->rule[p->rules++], line, check, ctx, e);
}

static int read_lines(struct policy *p, char *text, policy_check *check, void *ctx, struct err *e)
{
    char *line;

    for (int number = 1; (line = strsep(&text, "\n")); number++) {
        line = trim(line);
        if (*line && *line != '#' && read_line(p, line, number, check, ctx, e) < 0)
            return err_in(e, "%s:%d", p->name, number);
    }
    return p->rules ? 0 : err_set(e, "%s has no rules", p->name);
}

/* What the history says of a file, as of a budget. */
static void say(const char *path, const struct buf *text)
{
    const char *slash = strrchr(path, '/');
    struct stat st;
    int regular = stat(path, &st) == 0 && S_ISREG(st.st_mode);
    char *word = mem_printf("%s:%016llx", regular ? slash ? slash + 1 : path : "-",
                            (unsigned long long)hash64(text->data, text->len));

    opt_say("--policy");
    opt_say(word);
    free(word);
}

static int get_text(struct policy *p, const char *name, struct buf *text, struct err *e)
{
    int i = find(name);

    if (i >= 0) {
        p->preset = 1;
        p->name = mem_strdup(presets[i].name);
        opt_say("--policy");
        opt_say(p->name);
        buf_puts(text, presets[i].text);
        return 0;
    }
    p->name = mem_strdup(name);
    if (access(name, F_OK) < 0)
        return err_set(e, "'%s' is no file, and no preset: %s", name, policy_names());
    if (io_slurp(name, BYTES_MAX, text, e) < 0)
        return -1;
    if (memchr(text->data, 0, text->len))
        return err_set(e, "%s is no text: it holds a NUL", name);
    say(name, text);
    return 0;
}

struct policy *policy_read(const char *name, policy_check *check, void *ctx, struct err *e)
{
    struct policy *p = mem_new(1, sizeof *p);
    struct buf text = {0};
    int rc;

    p->file_type = -1;
    rc = get_text(p, name, &text, e);
    if (rc == 0) {
        *(char *)buf_space(&text, 1) = '\0';
        rc = read_lines(p, (char *)text.data, check, ctx, e);
    }
    buf_free(&text);
    if (rc == 0)
        return p;
    policy_free(p);
    return NULL;
}

void policy_free(struct policy *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->rules; i++) {
        for (int k = 0; k < p->rule[i].words; k++)
            free(p->rule[i].word[k]);
        expr_free(p->rule[i].when);
        free(p->rule[i].type);
    }
    if (p->m.arch)
        model_close(&p->m);
    free(p->rule);
    free(p->name);
    free(p);
}

int policy_file_type(const struct policy *p)
{
    return p->file_type;
}
