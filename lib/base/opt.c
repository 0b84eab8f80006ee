#include "base/opt_int.h"

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

static const struct opt *by_letter(const struct opt_spec *s, char c, int *owned)
{
    for (struct opt_walk w = {.spec = s}; opt_next(&w);)
        if (w.o->letter == c) {
            *owned = w.owner != NULL;
            return w.o;
        }
    die_usage("there is no option -%c", c);
}

static const struct opt *by_name(const struct opt_spec *s, const char *name, size_t len, int *owned)
{
    const struct opt *hit = NULL;
    int ambiguous = 0;

    for (struct opt_walk w = {.spec = s}; opt_next(&w);) {
        if (strncmp(w.o->name, name, len) != 0 || (hit && strcmp(hit->name, w.o->name) == 0))
            continue;
        ambiguous = hit != NULL;
        hit = w.o;
        *owned = w.owner != NULL;
        if (hit->name[len] == '\0')
            return hit;
    }
    if (!hit)
        die_usage("there is no option --%.*s", (int)len, name);
    if (ambiguous)
        die_usage("option --%.*s is ambiguous", (int)len, name);
    return hit;
}

static void list_add(struct opt_list *l, const char *arg)
{
    l->item = mem_resize(l->item, (size_t)l->n + 1, sizeof *l->item);
    l->item[l->n++] = arg;
}

/* Text to a number within the option's bounds. */
static int number(const struct opt *o, const char *arg, struct err *e)
{
    union opt_number v;
    char range[80];
    int kind = OPT_KIND(o), rc = kind == OPT_U64        ? parse_u64(arg, &v.u, e)
                                 : kind == OPT_INT      ? parse_i64(arg, &v.i, e)
                                 : kind == OPT_F64      ? parse_f64(arg, &v.f, e)
                                 : kind == OPT_FRACTION ? parse_fraction(arg, &v.f, e)
                                                        : parse_size(arg, &v.u, e);

    if (rc < 0)
        return -1;
    if (!opt_within(o, opt_double(kind, &v)))
        return err_set(e, "'%s' is not %s", arg, opt_range(o, range, sizeof range));
    memcpy(o->to, &v, sizeof v);
    return 0;
}

int opt_apply(const struct opt *o, const char *arg, struct err *e)
{
    switch (OPT_KIND(o)) {
    case OPT_FLAG:
        *(int *)o->to = 1;
        return 0;
    case OPT_COUNT:
        ++*(int *)o->to;
        return 0;
    case OPT_STRING:
        *(const char **)o->to = arg;
        return 0;
    case OPT_CALL:
        return o->call(arg, e);
    case OPT_LIST:
        list_add(o->to, arg);
        return 0;
    default:
        return number(o, arg, e);
    }
}

static void apply(const struct opt_spec *s, const struct opt *o, int owned, const char *arg)
{
    struct err e;
    int rc;

    if (o == &opt_of_all[0])
        opt_help(s);
    if (o == &opt_of_all[1]) {
        printf("%s (weir) %s\n", s->prog, WEIR_VERSION);
        finish_stdout();
        exit(0);
    }
    if (owned)
        opt_given(o, arg);
    else if ((rc = opt_apply(o, arg, &e)) == OPT_REFUSED)
        die("--%s: %s", o->name, e.msg);
    else if (rc < 0)
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
    int owned = 0, has = a[2 + len] == '=';
    const struct opt *o = by_name(s, a + 2, len, &owned);
    int takes = must_have(o) && !has;

    if (has && !o->arg)
        die_usage("option --%s takes no value, but got '%s'", o->name, a + 3 + len);
    if (takes && !next)
        die_usage("option --%s needs a value (%s)", o->name, o->arg);
    if (!(o->kind & OPT_UNSAID)) {
        keep(a);
        keep(takes ? next : NULL);
    }
    apply(s, o, owned, has ? a + 3 + len : takes ? next : NULL);
    return takes;
}

/* -ABC, perhaps with a value behind the last letter or in next; returns as one_name. */
static int letters(const struct opt_spec *s, const char *a, char *next)
{
    int at = prog_words, took = 0, more = 1, say_next = 0;
    char *said = keep(a); /* less what is not said */
    size_t n = 1;

    for (a++; *a && more; a++) {
        int owned = 0;
        const struct opt *o = by_letter(s, *a, &owned);
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
        apply(s, o, owned, more ? NULL : a[1] ? a + 1 : next);
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
    opt_forget();
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

void opt_parse_alone(int argc, char **argv, const struct opt_spec *spec)
{
    if (opt_parse(argc, argv, spec) > 0)
        die_usage("operand '%s': the stream comes on standard input", argv[1]);
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
