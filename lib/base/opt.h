/* opt: one table of options gives the parsing, --help, and the usage errors. */
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
    OPT_UNSAID =
        64 /* or'ed to a kind: the option cannot change the bytes of a stream (threads, where it goes), so the history
            * leaves it out */
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
    const char *help;                            /* one line; a default is written out here */
    /* OPT_CALL only: 0, -1 (the value is wrong: exit 2), or OPT_REFUSED (this machine cannot: exit 1) */
    int (*call)(const char *arg, struct err *e);
};

#define OPT_END                                                                                                        \
    {                                                                                                                  \
        0, 0, 0, OPT_FLAG, 0, 0, 0                                                                                     \
    }

struct opt_spec {
    const char *prog;     /* the program's name */
    const char *synopsis; /* after the name, e.g. "[OPTION]... [FILE]" */
    const char *brief;    /* one sentence */
    const struct opt *table;
    const struct opt *more; /* a second table (shared options such as selection) or NULL */
    const char *after;      /* printed after the options: examples, or NULL */
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
