/* err: one sentence that says what went wrong, carried by value from the place that knows to the place that prints. */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

#define ERR_MAX 1024

struct err {
    char msg[ERR_MAX]; /* one clause, no trailing newline, no "error:", the place first and both values named */
};

/*
 * Set the sentence and return -1, so that a failing function ends in `return err_set(e, ...)`.
 * e       out: may be NULL when the caller does not care
 * Line breaks and control bytes in the result are shown as \xNN, so that one error is always one line.
 */
int err_set(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* As err_set, followed by ": " and the text of errno as it was at the call. */
int err_errno(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put "PREFIX: " before the sentence already in e; returns -1. The prefix names the place: a file, a tensor. */
int err_in(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Clang's analyzer sees one file at a time: tell it what the three return, and that failing callers therefore fail. */
#ifdef __clang_analyzer__
#define err_set(...) ((void)err_set(__VA_ARGS__), -1)
#define err_errno(...) ((void)err_errno(__VA_ARGS__), -1)
#define err_in(...) ((void)err_in(__VA_ARGS__), -1)
#endif

#endif
