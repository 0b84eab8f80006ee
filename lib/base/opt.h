/*
 * opt: one table of options gives the parsing, --help, and the usage errors. A filter has a table of what all its
 * methods share; what one method alone has stands in that method's row, and goes to statics of the method's file:
 *
 *     static double damp = 0.01;
 *     static const struct opt opts[] = {
 *         {0, "damp", "F", OPT_F64, &damp, "add this share of the gram's mean diagonal to it", 0, 0, INFINITY},
 *         OPT_END};
 *     const struct prune_method prune_sparsegpt = {.name = "sparsegpt", .brief = "...", .opts = opts, ...};
 *
 * The filter names the tables of methods in its opt_spec and calls opt_own when it knows the method.
 */
#ifndef WEIR_BASE_OPT_H
#define WEIR_BASE_OPT_H

#include "base/err.h"

enum opt_kind {
    OPT_FLAG,     /* int: set to 1 */
    OPT_COUNT,    /* int: +1 each time */
    OPT_STRING,   /* const char * */
    OPT_U64,      /* uint64_t */
    OPT_INT,      /* int64_t */
    OPT_F64,      /* double */
    OPT_FRACTION, /* double in [0, 1], "50%" too */
    OPT_SIZE,     /* uint64_t bytes, "64M" */
    OPT_CALL,     /* int (*)(const char *arg, struct err *e): for anything else; arg is NULL for options without one */
    OPT_LIST,     /* struct opt_list: every use of the option is kept, in order */
    /* or'ed to a kind: */
    OPT_UNSAID = 64, /* the option cannot change the bytes of a stream (threads, where it goes): not in the history */
    OPT_ABOVE = 128  /* lo itself is refused too */
};

#define OPT_REFUSED (-2)

struct opt_list {
    const char **item;
    int n;
};

struct opt {
    char letter;      /* 0 for none */
    const char *name; /* long name without dashes */
    const char
        *arg; /* what --help calls the argument, e.g. "FILE"; NULL for none; "[LEVEL]" for OPT_CALL's that may be left
              * out
                            (then NULL is passed) and is given as -zLEVEL or --name=LEVEL */
    int kind; /* enum opt_kind */
    void *to; /* where it goes; its value before parsing is the default */
    const char *help; /* one line; a default is written out here */
    /* OPT_CALL only: 0, -1 (the value is wrong: exit 2), or OPT_REFUSED (this machine cannot: exit 1) */
    int (*call)(const char *arg, struct err *e);
    double lo, hi; /* of numbers: what is below lo or above hi is refused; both 0: anything goes; hi may be INFINITY */
};

#define OPT_END                                                                                                        \
    {                                                                                                                  \
        .name = 0                                                                                                      \
    }

/* What the rows of every table of methods (base/table.h) begin with. */
struct opt_owner {
    const char *name, *brief;
    const struct opt *opts; /* of this method alone, or NULL. Methods that share an option have equal rows for it, in
                             * one table or in several. An option of another method may have the same name, if both
                             * take a value or neither does; a name of the filter's own table is not free. The help
                             * of a number need not tell its range and default: --help prints lo, hi and *to. */
};

struct opt_spec {
    const char *prog;     /* the program's name */
    const char *synopsis; /* after the name, e.g. "[OPTION]... [FILE]" */
    const char *brief;    /* one sentence */
    const struct opt *table;
    const struct opt *more; /* a second table (shared options such as selection) or NULL */
    const char *after;      /* printed after the options: examples, or NULL */
    const void *methods[2]; /* tables of methods whose options are understood too (opt_own), or NULL */
};

/*
 * Parse. Options and operands may mix; "--" ends the options; -xVALUE, -x VALUE, --name VALUE, --name=VALUE, grouped
 * flags, and unambiguous prefixes of long names are understood. -h/--help prints to stdout and exits 0, -V/--version
 * likewise. A fault prints one line that names the option and the value, then "Try 'PROG --help'.", and exits 2.
 * Keeps a copy of the arguments as given, less the options that are OPT_UNSAID, in prog_argv, for the stream's history:
 * so streams made with -j 1 and with -j 2 are the same bytes.
 * Returns the number of operands, moved to argv[1] .. argv[n]; argv[n + 1] is NULL. Sets prog_name.
 */
extern char **prog_argv; /* NULL-terminated; argv[0] is the program's plain name */
int opt_parse(int argc, char **argv, const struct opt_spec *spec);
/* Of a filter whose stream comes on standard input: an operand is a fault. */
void opt_parse_alone(int argc, char **argv, const struct opt_spec *spec);

/*
 * The options of methods that were given, in their order: opt_take gives the row's own to where it has them; opt_own
 * does that and ends the process (2) where one is left that no call took: "--damp is an option of sparsegpt, not of
 * wanda". Until then a method's statics hold their defaults. A filter calls opt_own once, after opt_take for methods
 * that the chosen one makes use of.
 * row   of a table that begins as struct opt_owner, or NULL: no method was chosen
 */
void opt_take(const void *row);
void opt_own(const struct opt_spec *spec, const void *row);

/* One option of a row by its long name, for tests and for methods that set another's. -1: the row has no such option,
 * or the text is no value of it; nothing is set then. */
int opt_set(const void *row, const char *name, const char *value, struct err *e);

/* A line of --list: the columns (NULL ends them), then, if the row has options, one more: "--damp F, --cycles N". */
void opt_list(const void *row, const char *column, ...);

/* Are all files of the list there to be read? -1 names one that is not. Files are not opened (a pipe would be spent);
 * "-" is refused: the filter's stream is there. */
int opt_readable(const struct opt_list *files, struct err *e);

/* Are the operands there ("-" is)? A filter that reads several learns of the last one when the first has flowed
 * through, else. */
int opt_there(char *const *path, int n, struct err *e);

/* Add a word to prog_argv: for an option that is OPT_UNSAID as it was given and has to be said in another way. */
void opt_say(const char *word);

/* The rule of --report and --dry-run that filters share: a dry run reports to standard output unless told otherwise,
 * any other run never. Ends the process where no report could be written there, before the work. */
void opt_check_report(const char **report, int dry_run);

/* One fixed table that many programs share as `more`: -j/--jobs N, -q/--quiet. See par.h and progress.h. */
extern const struct opt opt_common[];

#endif
