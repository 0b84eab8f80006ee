/* Options that methods own: found, kept until the method is known, given to it or refused with the owner's name. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/opt.h"
#include "base/table.h"
#include "tests/unit/check.h"
#include "tests/unit/forked.h"

static double any = -1, damp = 0.01, alpha = 1, shared = 2, above = 1;
static uint64_t alpha_whole = 7, cycles = UINT64_MAX;
static int64_t level = -2;
static int flag;
static const char *method_name, *helper_name, *text = "abc";
static struct opt_list list;

static int call(const char *arg, struct err *e)
{
    return strcmp(arg, "x") == 0 ? 0 : err_set(e, "'%s' is not x", arg);
}

#define SHARED                                                                                                         \
    {                                                                                                                  \
        .name = "shared", .arg = "F", .kind = OPT_F64, .to = &shared, .hi = 10, .help = "of both"                      \
    }

static const struct opt gpt_opts[] = {
    {.name = "damp", .arg = "F", .kind = OPT_F64, .to = &damp, .hi = INFINITY, .help = "more"},
    {.letter = 'a', .name = "alpha", .arg = "A", .kind = OPT_FRACTION, .to = &alpha, .help = "a share"},
    SHARED,
    {.name = "level", .arg = "N", .kind = OPT_INT, .to = &level, .lo = -3, .hi = 3, .help = "a level"},
    {.name = "above", .arg = "F", .kind = OPT_F64 | OPT_ABOVE, .to = &above, .hi = 2, .help = "not 0"},
    {.name = "call", .arg = "X", .kind = OPT_CALL, .call = call, .help = "x"},
    OPT_END};
static const struct opt swap_opts[] = {
    {.letter = 'a', .name = "alpha", .arg = "N", .kind = OPT_U64, .to = &alpha_whole, .hi = 9, .help = "a number"},
    {.name = "cycles", .arg = "N", .kind = OPT_U64, .to = &cycles, .lo = 1, .hi = 99, .help = "rounds (default: 5)"},
    {.name = "flag", .kind = OPT_FLAG, .to = &flag, .help = "a flag"},
    {.name = "any", .arg = "F", .kind = OPT_F64, .to = &any, .lo = -INFINITY, .hi = INFINITY, .help = "a factor"},
    {.name = "text", .arg = "TEXT", .kind = OPT_STRING, .to = &text, .help = "a text"},
    {.name = "item", .arg = "ITEM", .kind = OPT_LIST, .to = &list, .help = "items"},
    SHARED,
    OPT_END};

struct method {
    const char *name, *brief;
    const struct opt *opts;
    int other;
};
static const struct method plain = {.name = "plain", .brief = "nothing"},
                           gpt = {.name = "gpt", .brief = "by gram", .opts = gpt_opts},
                           swap = {.name = "swap", .brief = "by swaps", .opts = swap_opts};
static const struct method *const first[] = {&plain, &gpt, NULL}, *const second[] = {&swap, NULL};
static const struct opt table[] = {{'m', "method", "NAME", OPT_STRING, &method_name, "how", 0},
                                   {'u', "use", "NAME", OPT_STRING, &helper_name, "a second method", 0},
                                   OPT_END};
static const struct opt_spec spec = {.prog = "prog",
                                     .synopsis = "[OPTION]...",
                                     .brief = "Do a thing.",
                                     .table = table,
                                     .more = opt_common,
                                     .methods = {first, second}};

static const struct method *find(const char *name)
{
    const struct method *m = name ? table_find(first, name) : NULL;

    return m || !name ? m : table_find(second, name);
}

static void parse(const char *words)
{
    static char copy[500], *args[32];
    int n = 0;

    snprintf(copy, sizeof copy, "prog %s", words);
    for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
        args[n++] = w;
    args[n] = NULL;
    for (char **w = prog_argv; w && *w; w++)
        free(*w);
    free(prog_argv);
    method_name = helper_name = NULL;
    opt_parse(n, args, &spec);
    opt_take(find(helper_name));
    opt_own(&spec, find(method_name));
}

static void given_to_the_method(void)
{
    parse("--damp 2 -m gpt -a 50% --shared=3 --level -3 --call x");
    CHECK(damp == 2 && alpha == 0.5 && shared == 3 && level == -3 && alpha_whole == 7);
    CHECK_STR(prog_argv[1], "--damp"); /* the history has them as they were given */
    CHECK_STR(prog_argv[2], "2");
    parse("-a9 --flag --text t --item i --item j --shared 4 -m swap --cyc 5");
    CHECK(alpha == 0.5 && alpha_whole == 9 && flag == 1 && shared == 4 && cycles == 5 && list.n == 2);
    CHECK_STR(text, "t");
    parse("-m swap -u gpt --damp 4 --cycles 6 --shared 5");
    CHECK(damp == 4 && cycles == 6 && shared == 5);
    parse("-m plain");
    parse("-m gpt --damp 1 --damp 3"); /* the last one counts */
    CHECK(damp == 3);
}

static void set_by_name(void)
{
    struct err e;

    CHECK(opt_set(&gpt, "damp", "0.25", &e) == 0 && damp == 0.25);
    CHECK(opt_set(&gpt, "damp", "-1", &e) == -1 && damp == 0.25);
    CHECK_STR(e.msg, "--damp: '-1' is not at least 0");
    CHECK(opt_set(&plain, "damp", "1", &e) == -1);
    CHECK_STR(e.msg, "plain has no option --damp");
}

/* "list", or words to parse. */
static void child(const char *words)
{
    if (strcmp(words, "list") == 0) {
        opt_list(&plain, plain.name, plain.brief, NULL);
        opt_list(&swap, swap.name, "columns", swap.brief, NULL);
    } else {
        parse(words);
    }
}

static int said(const char *words, int fd, char *out, size_t room)
{
    return forked(child, words, fd, out, room);
}

static void faults_are_named(void)
{
    static const char *const fault[][2] = {
        {"-m plain --damp 1", "--damp is an option of gpt, not of plain"},
        {"-m plain --shared 1", "--shared is an option of gpt and swap, not of plain"},
        {"-m plain -a 1", "--alpha is an option of gpt and swap, not of plain"},
        {"-m swap -u plain --damp 1", "--damp is an option of gpt, not of swap"},
        {"--damp 1", "--damp is an option of gpt; which method is not said"},
        {"-m gpt --damp 1x", "--damp: '1x' is not a number"},
        {"-m gpt --damp -0.5", "--damp: '-0.5' is not at least 0"},
        {"-m gpt --shared 11", "--shared: '11' is not from 0 to 10"},
        {"-m gpt --level -4", "--level: '-4' is not from -3 to 3"},
        {"-m gpt --above 0", "--above: '0' is not above 0 and at most 2"},
        {"-m gpt --call y", "--call: 'y' is not x"},
        {"-m swap --cycles 0", "--cycles: '0' is not from 1 to 99"},
        {"-m swap --flag=1", "option --flag takes no value, but got '1'"},
        {"-m gpt --a 1", "option --a is ambiguous"},
        {"-m gpt --damp", "option --damp needs a value (F)"},
    };
    char out[4000], want[200];

    for (size_t i = 0; i < sizeof fault / sizeof *fault; i++) {
        snprintf(want, sizeof want, "prog: %s\nTry 'prog --help'.\n", fault[i][1]);
        CHECK(said(fault[i][0], 2, out, sizeof out) == 2);
        CHECK_STR(out, want);
    }
}

static void help_by_owner(void)
{
    static const char *const want = "  -V, --version               print the version and exit\n"
                                    "\nOptions of gpt:\n"
                                    "      --damp F                more (default 0.01; at least 0)\n"
                                    "  -a, --alpha A               a share (default 1)\n"
                                    "      --level N               a level (default -2; from -3 to 3)\n"
                                    "      --above F               not 0 (default 1; above 0 and at most 2)\n"
                                    "      --call X                x\n"
                                    "\nOptions of gpt and swap:\n"
                                    "      --shared F              of both (default 2; from 0 to 10)\n"
                                    "\nOptions of swap:\n"
                                    "  -a, --alpha N               a number (default 7; from 0 to 9)\n"
                                    "      --cycles N              rounds (default: 5) (from 1 to 99)\n"
                                    "      --flag                  a flag\n"
                                    "      --any F                 a factor (default -1)\n"
                                    "      --text TEXT             a text\n"
                                    "      --item ITEM             items\n";
    char out[4000];

    CHECK(said("--damp 9 --help", 1, out, sizeof out) == 0);
    CHECK_STR(strstr(out, "  -V"), want);
    CHECK(said("list", 1, out, sizeof out) == 0);
    CHECK_STR(
        out,
        "plain\tnothing\nswap\tcolumns\tby swaps\t--alpha N, --cycles N, --flag, --any F, --text TEXT, --item ITEM, "
        "--shared F\n");
}

int main(void)
{
    help_by_owner(); /* while the defaults stand */
    faults_are_named();
    given_to_the_method();
    set_by_name();
    for (char **w = prog_argv; w && *w; w++)
        free(*w);
    free(prog_argv);
    free(list.item);
    return DONE();
}
