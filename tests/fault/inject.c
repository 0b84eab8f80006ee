/*
 * inject: preloaded into a filter, makes the N-th call of one kind fail, for the tests of faults.
 *
 *   WEIR_FAULT=read:3:EIO     the third read fails
 *   WEIR_FAULT=write:2:short  the second write takes half of the bytes (and is no error)
 *   WEIR_FAULT=malloc:40      the 40th allocation gives NULL
 *   WEIR_FAULT_COUNT=FILE     at exit, append the number of calls of that kind to FILE
 *
 * Kinds: read pread write pwrite close fsync rename open malloc. Calls on standard error do not count; open is fopen,
 * mkostemp and mkdtemp too.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char kind[16];
static long nth = -1;
static int code = EIO, is_short, armed;
static atomic_long calls;

static int errno_of(const char *name)
{
    if (strcmp(name, "ENOSPC") == 0)
        return ENOSPC;
    if (strcmp(name, "EINTR") == 0)
        return EINTR;
    if (strcmp(name, "EACCES") == 0)
        return EACCES;
    return EIO;
}

__attribute__((constructor)) static void arm(void)
{
    const char *s = getenv("WEIR_FAULT");
    char what[16] = "EIO";

    if (s && sscanf(s, "%15[a-z]:%ld:%15s", kind, &nth, what) >= 2) {
        is_short = strcmp(what, "short") == 0;
        code = errno_of(what);
        armed = 1;
    }
}

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("WEIR_FAULT_COUNT");
    FILE *f;

    armed = 0;
    if (path && (f = fopen(path, "a"))) {
        fprintf(f, "%ld\n", (long)calls);
        fclose(f);
    }
}

/* Is this the call that fails? */
static int hit(const char *name)
{
    return armed && strcmp(name, kind) == 0 && atomic_fetch_add(&calls, 1) + 1 == nth;
}

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

ssize_t read(int fd, void *p, size_t n);
ssize_t read(int fd, void *p, size_t n)
{
    if (hit("read")) {
        if (!is_short)
            return errno = code, -1;
        n = (n + 1) / 2;
    }
    return REAL(ssize_t(*)(int, void *, size_t), "read")(fd, p, n);
}

ssize_t pread(int fd, void *p, size_t n, off_t at);
ssize_t pread(int fd, void *p, size_t n, off_t at)
{
    if (hit("pread")) {
        if (!is_short)
            return errno = code, -1;
        n = (n + 1) / 2;
    }
    return REAL(ssize_t(*)(int, void *, size_t, off_t), "pread")(fd, p, n, at);
}

ssize_t write(int fd, const void *p, size_t n);
ssize_t write(int fd, const void *p, size_t n)
{
    if (fd != STDERR_FILENO && hit("write")) {
        if (!is_short)
            return errno = code, -1;
        n = (n + 1) / 2;
    }
    return REAL(ssize_t(*)(int, const void *, size_t), "write")(fd, p, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    if (hit("pwrite")) {
        if (!is_short)
            return errno = code, -1;
        n = (n + 1) / 2;
    }
    return REAL(ssize_t(*)(int, const void *, size_t, off_t), "pwrite")(fd, p, n, at);
}

/* The kernel frees the descriptor even when close reports an error, so the real one is called first. */
int close(int fd);
int close(int fd)
{
    int fail = fd > STDERR_FILENO && hit("close");
    int rc = REAL(int (*)(int), "close")(fd);

    return fail ? errno = code, -1 : rc;
}

int fsync(int fd);
int fsync(int fd)
{
    return hit("fsync") ? errno = code, -1 : REAL(int (*)(int), "fsync")(fd);
}

int rename(const char *from, const char *to);
int rename(const char *from, const char *to)
{
    return hit("rename") ? errno = code, -1 : REAL(int (*)(const char *, const char *), "rename")(from, to);
}

int open(const char *path, int flags, ...);
int open(const char *path, int flags, ...)
{
    va_list ap;
    mode_t mode;

    va_start(ap, flags);
    mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return hit("open") ? errno = code, -1 : REAL(int (*)(const char *, int, ...), "open")(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    return hit("open") ? errno = code, NULL : REAL(FILE * (*)(const char *, const char *), "fopen")(path, mode);
}

int mkostemp(char *path, int flags);
int mkostemp(char *path, int flags)
{
    return hit("open") ? errno = code, -1 : REAL(int (*)(char *, int), "mkostemp")(path, flags);
}

char *mkdtemp(char *path);
char *mkdtemp(char *path)
{
    return hit("open") ? errno = code, NULL : REAL(char *(*)(char *), "mkdtemp")(path);
}

/* dlsym may allocate: so the real ones are the C library's own entries. */
extern void *__libc_malloc(size_t n);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t a, size_t n);
extern void *__libc_calloc(size_t n, size_t size);

void *malloc(size_t n)
{
    return hit("malloc") ? errno = ENOMEM, NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return hit("malloc") ? errno = ENOMEM, NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return hit("malloc") ? errno = ENOMEM, NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t a, size_t n)
{
    return hit("malloc") ? errno = ENOMEM, NULL : __libc_memalign(a, n);
}
