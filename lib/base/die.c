#include "base/die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/table.h"
#include "base/target.h"

const char *prog_name; /* before the options are read: the name the program was called by */
int die_status = 1;

static void say(const char *fmt, va_list ap)
{
    char text[ERR_MAX];
    struct err e;

    vsnprintf(text, sizeof text, fmt, ap);
    err_set(&e, "%s", text);
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", prog_name ? prog_name : program_invocation_short_name, e.msg);
}

void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    target_abort_all();
    _Exit(die_status);
}

void die_usage(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    fprintf(stderr, "Try '%s --help'.\n", prog_name);
    target_abort_all();
    _Exit(2);
}

void die_unknown(const char *what, const void *table, const void *second, const char *name)
{
    struct err e;

    table_unknown(what, table, second, name, &e);
    die_usage("%s", e.msg);
}

void warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

void finish_stdout(void)
{
    if (fflush(stdout) != 0 || ferror(stdout) || fclose(stdout) != 0)
        die("cannot write to standard output: %m");
}
