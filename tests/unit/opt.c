#include "base/opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/par.h"
#include "tests/unit/check.h"
#include "tests/unit/forked.h"

static int flag, count, called;
static const char *text, *call_arg;
static uint64_t number, size;
static int64_t whole;
static double real, part;
static struct opt_list list;

static int note(const char *arg, struct err *e)
{
    called++;
    call_arg = arg;
    return arg && strcmp(arg, "bad") == 0 ? err_set(e, "'bad' is bad") : 0;
}

static const struct opt table[] = {{'f', "flag", 0, OPT_FLAG, &flag, "a flag", 0},
                                   {'c', "count", 0, OPT_COUNT, &count, "more", 0},
                                   {'t', "text", "TEXT", OPT_STRING, &text, "a text", 0},
                                   {'n', "number", "N", OPT_U64, &number, "a number", 0},
                                   {0, "whole", "N", OPT_INT, &whole, "a whole number", 0},
                                   {0, "real", "X", OPT_F64, &real, "a real number", 0},
                                   {0, "part", "P", OPT_FRACTION, &part, "a part", 0},
                                   {0, "parts", "NAMES", OPT_STRING, &text, "a text", 0},
                                   {0, "size", "BYTES", OPT_SIZE, &size, "a size", 0},
                                   {'l', "list", "ITEM", OPT_LIST, &list, "a list", 0},
                                   {'x', "call", "WORD", OPT_CALL, 0, "a call", note},
                                   {'z', "zip", "[LEVEL]", OPT_CALL, 0, "a value or none", note},
                                   OPT_END};
static const struct opt_spec spec = {"prog", "[OPTION]... [FILE]...", "Do a thing.", table, opt_common, NULL};

static char *args[32];

static void forget(void)
{
    for (char **w = prog_argv; w && *w; w++)
        free(*w);
    free(prog_argv);
    prog_argv = NULL;
}

/* Parse words separated by spaces; the operands are left in args[1]... */
static int parse(const char *words)
{
    static char copy[500];
    int n = 0;

    snprintf(copy, sizeof copy, "/some/where/prog %s", words);
    for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
        args[n++] = w;
    args[n] = NULL;
    flag = count = called = 0;
    text = call_arg = NULL;
    list.n = 0;
    forget();
    return opt_parse(n, args, &spec);
}

static void values(void)
{
    CHECK(parse("-fcc -t a --number=7 --whole -3 --real 1e3 --part 25% --size 4K") == 0);
    CHECK(flag == 1 && count == 2 && number == 7 && whole == -3 && real == 1000 && part == 0.25 && size == 4096);
    CHECK_STR(text, "a");
    CHECK(parse("-ta=b") == 0);
    CHECK_STR(text, "a=b");
    CHECK(parse("-ft x") == 0 && flag == 1);
    CHECK_STR(text, "x");
    CHECK(parse("--text=") == 0);
    CHECK_STR(text, "");
    CHECK(parse("-l a --list b -lc") == 0 && list.n == 3);
    CHECK_STR(list.item[1], "b");
    CHECK(parse("-x y") == 0 && called == 1);
    CHECK_STR(call_arg, "y");
    CHECK(parse("-j 2") == 0 && par_jobs() == 2);
    par_set_jobs(1);
}

static void a_value_that_may_be_left_out(void)
{
    CHECK(parse("-z 9") == 1 && called == 1 && !call_arg);
    CHECK_STR(args[1], "9");
    CHECK(parse("-fz -c") == 0 && called == 1 && !call_arg && flag == 1 && count == 1);
    CHECK(parse("-z9") == 0);
    CHECK_STR(call_arg, "9");
    CHECK(parse("--zip") == 0 && called == 1 && !call_arg);
    CHECK(parse("--zip=9") == 0);
    CHECK_STR(call_arg, "9");
}

static void operands(void)
{
    CHECK(parse("a -f - b -- -c --") == 5);
    CHECK(flag == 1 && count == 0);
    CHECK_STR(args[1], "a");
    CHECK_STR(args[2], "-");
    CHECK_STR(args[3], "b");
    CHECK_STR(args[4], "-c");
    CHECK_STR(args[5], "--");
    CHECK(args[6] == NULL);
    CHECK_STR(prog_argv[0], "prog");
    CHECK_STR(prog_argv[2], "-f");
    CHECK_STR(prog_argv[7], "--");
    CHECK(prog_argv[8] == NULL);
}

/* What the history will hold, as one line. */
static const char *kept(const char *words)
{
    static char line[400];

    parse(words);
    line[0] = '\0';
    for (char **w = prog_argv; *w; w++)
        snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", w == prog_argv ? "" : " ", *w);
    return line;
}

static void history(void)
{
    CHECK_STR(kept("-fc -t a --number=7 --text b x -- -y"), "prog -fc -t a --number=7 --text b x -- -y");
    CHECK_STR(kept("-j 2 -f -q"), "prog -f");
    CHECK_STR(kept("-j2 --jobs=2 --jobs 2 --quiet a"), "prog a");
    CHECK_STR(kept("-fqt x -qcj 2"), "prog -ft x -c");
    CHECK_STR(kept("-fqtx -fj2 -z9 -qz"), "prog -ftx -f -z9 -z");
    par_set_jobs(1);
}

static void prefixes(void)
{
    CHECK(parse("--fl --te=q") == 0 && flag == 1);
    CHECK_STR(text, "q");
}

static void child(const char *words)
{
    parse(words);
}

static int said(const char *words, int fd, char *out, size_t room)
{
    return forked(child, words, fd, out, room);
}

static void faults_are_named(void)
{
    static const char *const fault[][2] = {
        {"--nope", "there is no option --nope"},
        {"-Q", "there is no option -Q"},
        {"-n", "option -n needs a value (N)"},
        {"--number", "option --number needs a value (N)"},
        {"-n 1x", "--number: '1x' is not a whole number"},
        {"--pa 2", "option --pa is ambiguous"},
        {"--part 2", "--part: '2' is not between 0 and 1"},
        {"--flag=1", "option --flag takes no value, but got '1'"},
        {"-x bad", "--call: 'bad' is bad"},
        {"-zbad", "--zip: 'bad' is bad"},
        {"-j 1000", "--jobs: '1000' is not a number of threads from 0 to 256"},
    };
    char out[4000], want[200];

    for (size_t i = 0; i < sizeof fault / sizeof *fault; i++) {
        snprintf(want, sizeof want, "prog: %s\nTry 'prog --help'.\n", fault[i][1]);
        CHECK(said(fault[i][0], 2, out, sizeof out) == 2);
        CHECK_STR(out, want);
    }
}

static void help_and_version(void)
{
    char out[4000];

    CHECK(said("--help", 1, out, sizeof out) == 0);
    CHECK(strstr(out, "Usage: prog [OPTION]... [FILE]...\nDo a thing.\n\nOptions:\n") == out);
    CHECK(strstr(out, "\n  -t, --text TEXT             a text\n"));
    CHECK(strstr(out, "\n      --real X                a real number\n"));
    CHECK(strstr(out, "\n  -z, --zip [LEVEL]           a value or none\n"));
    CHECK(strstr(out, "\n  -j, --jobs N ") && strstr(out, "\n  -h, --help "));
    CHECK(said("-V", 1, out, sizeof out) == 0);
    CHECK_STR(out, "prog (weir) " WEIR_VERSION "\n");
}

int main(void)
{
    values();
    a_value_that_may_be_left_out();
    operands();
    prefixes();
    faults_are_named();
    help_and_version();
    history();
    forget();
    free(list.item);
    return DONE();
}
