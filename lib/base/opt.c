#include "base/opt.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/par.h"
#include "base/parse.h"
#include "base/progress.h"
#include "base/target.h"

static int set_jobs(const char *arg, struct err *e)
{
    uint64_t n;

    if (parse_u64(arg, &n, e) < 0 || n > 256)
        return err_set(e, "'%s' is not a number of threads from 0 to 256", arg);
    par_set_jobs((int)n);
    return 0;
}

static int set_quiet(const char *arg, struct err *e)
{
    (void)arg, (void)e;
    progress_quiet(1);
    return 0;
}

const struct opt opt_common[] = {
    {'j', "jobs", "N", OPT_CALL | OPT_UNSAID, 0, "threads; 0 for every processor (default 1)", set_jobs},
    {'q', "quiet", 0, OPT_CALL | OPT_UNSAID, 0, "no progress line", set_quiet},
    OPT_END};

static const struct opt help_opts[] = {{'h', "help", 0, OPT_FLAG, 0, "print this and exit", 0},
                                       {'V', "version", 0, OPT_FLAG, 0, "print the version and exit", 0},
                                       OPT_END};

static void help_table(const struct opt *o)
{
    for (; o && o->name; o++) {
        char left[80], letter[8] = "    ";

        if (o->letter)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        printf("  %-28s%s%s\n", left, strlen(left) > 27 ? "\n                              " : "", o->help);
    }
}

static _Noreturn void help(const struct opt_spec *s)
{
    printf("Usage: %s %s\n%s\n\nOptions:\n", s->prog, s->synopsis, s->brief);
    help_table(s->table);
    help_table(s->more);
    help_table(help_opts);
    if (s->after)
        printf("\n%s", s->after);
    finish_stdout();
    exit(0);
}

static const struct opt *by_letter(const struct opt_spec *s, char c)
{
    const struct opt *tables[] = {s->table, s->more, help_opts};

    for (int t = 0; t < 3; t++)
        for (const struct opt *o = tables[t]; o && o->name; o++)
            if (o->letter == c)
                return o;
    die_usage("there is no option -%c", c);
}

static const struct opt *by_name(const struct opt_spec *s, const char *name, size_t len)
{
    const struct opt *tables[] = {s->table, s->more, help_opts}, *hit = NULL;
    int hits = 0;

    for (int t = 0; t < 3; t++)
        for (const struct opt *o = tables[t]; o && o->name; o++) {
            if (strncmp(o->name, name, len) != 0)
                continue;
            if (o->name[len] == '\0')
                return o;
            hit = o;
            hits++;
        }
    if (hits == 0)
        die_usage("there is no option --%.*s", (int)len, name);
    if (hits > 1)
        die_usage("option --%.*s is ambiguous", (int)len, name);
    return hit;
}

static void list_add(struct opt_list *l, const char *arg)
{
    l->item = mem_resize(l->item, (size_t)l->n + 1, sizeof *l->item);
    l->item[l->n++] = arg;
}

static void apply(const struct opt_spec *s, const struct opt *o, const char *arg)
{
    struct err e;
    int rc = 0;

    if (o == &help_opts[0])
        help(s);
    if (o == &help_opts[1]) {
        printf("%s (weir) %s\n", s->prog, WEIR_VERSION);
        finish_stdout();
        exit(0);
    }
    switch (o->kind & ~OPT_UNSAID) {
    case OPT_FLAG:
        *(int *)o->to = 1;
        break;
    case OPT_COUNT:
        ++*(int *)o->to;
        break;
    case OPT_STRING:
        *(const char **)o->to = arg;
        break;
    case OPT_U64:
        rc = parse_u64(arg, o->to, &e);
        break;
    case OPT_INT:
        rc = parse_i64(arg, o->to, &e);
        break;
    case OPT_F64:
        rc = parse_f64(arg, o->to, &e);
        break;
    case OPT_FRACTION:
        rc = parse_fraction(arg, o->to, &e);
        break;
    case OPT_SIZE:
        rc = parse_size(arg, o->to, &e);
        break;
    case OPT_CALL:
        rc = o->call(arg, &e);
        break;
    case OPT_LIST:
        list_add(o->to, arg);
        break;
    }
    if (rc == OPT_REFUSED)
        die("--%s: %s", o->name, e.msg);
    if (rc < 0)
        die_usage("--%s: %s", o->name, e.msg);
}

/* An argument written "[ARG]" may be left out; it is given only as -xARG or --name=ARG. */
static int must_have(const struct opt *o)
{
    return o->arg && *o->arg != '[';
}

char **prog_argv;
static int prog_words;

/* The copy that is kept, or NULL. */
static char *keep(const char *word)
{
    if (!word)
        return NULL;
    prog_argv = mem_resize(prog_argv, (size_t)prog_words + 2, sizeof *prog_argv);
    prog_argv[prog_words + 1] = NULL;
    return prog_argv[prog_words++] = mem_strdup(word);
}

/* Word i is not said. */
static void unkeep(int i)
{
    free(prog_argv[i]);
    memmove(prog_argv + i, prog_argv + i + 1,
            (size_t)(prog_words - i) * sizeof *prog_argv); /* the NULL behind them too */
    prog_words--;
}

/* --NAME, --NAME=VALUE or --NAME and next; returns how many further arguments it took (0 or 1). */
static int one_name(const struct opt_spec *s, char *a, char *next)
{
    size_t len = strcspn(a + 2, "=");
    const struct opt *o = by_name(s, a + 2, len);
    int has = a[2 + len] == '=', takes = must_have(o) && !has;

    if (has && !o->arg)
        die_usage("option --%s takes no value, but got '%s'", o->name, a + 3 + len);
    if (takes && !next)
        die_usage("option --%s needs a value (%s)", o->name, o->arg);
    if (!(o->kind & OPT_UNSAID)) {
        keep(a);
        keep(takes ? next : NULL);
    }
    apply(s, o, has ? a + 3 + len : takes ? next : NULL);
    return takes;
}

/* -ABC, perhaps with a value behind the last letter or in next; returns as one_name. */
static int letters(const struct opt_spec *s, const char *a, char *next)
{
    int at = prog_words, took = 0, more = 1, say_next = 0;
    char *said = keep(a); /* less what is not said */
    size_t n = 1;

    for (a++; *a && more; a++) {
        const struct opt *o = by_letter(s, *a);
        int say = !(o->kind & OPT_UNSAID);

        more = !o->arg || (!must_have(o) && !a[1]);
        took = must_have(o) && !a[1];
        if (took && !next)
            die_usage("option -%c needs a value (%s)", *a, o->arg);
        if (say) {
            said[n++] = *a;
            say_next = took;
            if (!more)
                n += strlen(strcpy(said + n, a + 1));
        }
        apply(s, o, more ? NULL : a[1] ? a + 1 : next);
    }
    said[n] = '\0';
    if (n == 1)
        unkeep(at);
    keep(say_next ? next : NULL);
    return took;
}

int opt_parse(int argc, char **argv, const struct opt_spec *spec)
{
    int n = 0, only_operands = 0;

    prog_name = spec->prog;
    prog_argv = NULL;
    prog_words = 0;
    keep(spec->prog);
    for (int i = 1; i < argc; i++) {
        if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
            keep(argv[i]);
            argv[++n] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            keep(argv[i]);
            only_operands = 1;
        } else {
            i += argv[i][1] == '-' ? one_name(spec, argv[i], argv[i + 1]) : letters(spec, argv[i], argv[i + 1]);
        }
    }
    argv[n + 1] = NULL;
    return n;
}

void opt_say(const char *word)
{
    keep(word);
}

void opt_check_report(const char **report, int dry_run)
{
    struct err e;

    if (dry_run && !*report)
        *report = "-";
    if (*report && !dry_run && strcmp(*report, "-") == 0)
        die_usage("--report -: standard output is the stream's; with -n it is free");
    if (*report && target_check_put(*report, &e) < 0)
        die("--report: %s", e.msg);
}

int opt_there(char *const *path, int n, struct err *e)
{
    for (int i = 0; i < n; i++)
        if (strcmp(path[i], "-") != 0 && access(path[i], R_OK) < 0)
            return err_errno(e, "%s: cannot be read", path[i]);
    return 0;
}

int opt_readable(const struct opt_list *files, struct err *e)
{
    for (int i = 0; i < files->n; i++) {
        struct stat st;

        if (strcmp(files->item[i], "-") == 0)
            return err_set(e, "-: standard input is the stream; give the text as a file, or as <(COMMAND) in bash");
        if (access(files->item[i], R_OK) < 0 || stat(files->item[i], &st) < 0)
            return err_errno(e, "%s: cannot be read", files->item[i]);
        if (S_ISDIR(st.st_mode))
            return err_set(e, "%s: is a folder, not a text", files->item[i]);
    }
    return 0;
}
