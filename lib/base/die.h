/* die: how a program ends badly. For filters, and for the two cases a library may end the process: memory and usage. */
#ifndef WEIR_BASE_DIE_H
#define WEIR_BASE_DIE_H

extern const char *prog_name; /* set by opt_parse; starts every diagnostic */

extern int die_status; /* of die(): 1, but for programs whose 1 is an answer (tdiff: 2) */

/* Print "prog: MESSAGE" as one line on stderr, remove unfinished targets (target.h), exit die_status: data or system
 * error. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print "prog: MESSAGE" and "Try 'prog --help'." and exit 2: the command line is at fault. */
_Noreturn void die_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same for a name that no table has, with the nearest (table.h). */
_Noreturn void die_unknown(const char *what, const void *table, const void *second, const char *name);

/* Print "prog: MESSAGE" on stderr and go on. */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Close stdout and see that everything written reached it; a full disk shows only here. Call before return 0. */
void finish_stdout(void);

#endif
