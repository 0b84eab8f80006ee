#include "base/target.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/mem.h"

struct target {
    char *path, *temp; /* temp is NULL for standard output, and while the file has no name */
    int fd;            /* -1 for a folder */
    int nameless;      /* O_TMPFILE: what is not committed is gone with the process, however that ends */
    int is_dir;
    struct target *next;
};

static struct target *unfinished; /* what a signal or die() must remove */

/* Empty a folder that this process made; closes fd. unlink and rmdir are async-signal-safe, the listing is not, but a
 * fatal signal that lands inside malloc only leaves the temporary behind under its own name. */
static void empty_dir(int fd)
{
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *f;

    while (d && (f = readdir(d))) {
        if (strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0 || unlinkat(fd, f->d_name, 0) == 0)
            continue;
        empty_dir(openat(fd, f->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        unlinkat(fd, f->d_name, AT_REMOVEDIR);
    }
    if (d)
        closedir(d);
}

static void remove_dir(const char *path)
{
    empty_dir(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    rmdir(path);
}

void target_abort_all(void)
{
    for (struct target *t = unfinished; t; t = t->next)
        if (t->temp && t->is_dir)
            remove_dir(t->temp);
        else if (t->temp)
            unlink(t->temp);
    unfinished = NULL;
}

static void on_signal(int sig)
{
    target_abort_all();
    signal(sig, SIG_DFL);
    raise(sig);
}

static struct target *enlist(struct target *t)
{
    static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXCPU, SIGXFSZ};

    if (!unfinished)
        for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
            if (signal(fatal[i], on_signal) == SIG_IGN)
                signal(fatal[i], SIG_IGN);
    t->next = unfinished;
    unfinished = t;
    return t;
}

static void drop(struct target *t)
{
    for (struct target **p = &unfinished; *p; p = &(*p)->next)
        if (*p == t) {
            *p = t->next;
            break;
        }
    free(t->path);
    free(t->temp);
    free(t);
}

static mode_t usual_mode(mode_t full)
{
    mode_t mask = umask(0);

    umask(mask);
    return full & ~mask;
}

/* What no file may be renamed over: /dev/stdout is a link to what happens to be open, and root may replace it. */
static int is_device(const char *path)
{
    struct stat st;

    return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0 ||
           (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

/* The file that path stands for, links followed, also where the last one points to nothing yet. Owned by the caller. */
static char *follow(const char *path)
{
    char *at = realpath(path, NULL), to[4096];
    ssize_t n;

    if (at)
        return at;
    at = mem_strdup(path);
    for (int links = 0; links < 40 && (n = readlink(at, to, sizeof to - 1)) > 0; links++) {
        const char *slash = strrchr(at, '/');
        char *next;

        to[n] = '\0';
        next = to[0] == '/' || !slash ? mem_strdup(to) : mem_printf("%.*s/%s", (int)(slash - at), at, to);
        free(at);
        at = next;
    }
    return at;
}

/* A new file in the folder of t->path: without a name where the system has that, else under a temporary one. */
static int make_file(struct target *t)
{
    const char *slash = strrchr(t->path, '/');
    char *folder = !slash             ? mem_strdup(".")
                   : slash == t->path ? mem_strdup("/")
                                      : mem_strndup(t->path, (size_t)(slash - t->path));

    t->fd = access("/proc/self/fd", X_OK) == 0 ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    free(folder);
    t->nameless = t->fd >= 0;
    if (t->nameless)
        return 0;
    t->temp = mem_printf("%s.XXXXXX", t->path);
    t->fd = mkostemp(t->temp, O_CLOEXEC);
    return t->fd < 0 ? -1 : 0;
}

/* The nameless file gets its own name, when that is free, or a temporary one beside it. */
static int give_name(struct target *t)
{
    char *from = mem_printf("/proc/self/fd/%d", t->fd), *name = mem_strdup(t->path);
    int rc = linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW);

    for (unsigned i = 0; rc < 0 && errno == EEXIST && i < 1000; i++) {
        free(name);
        name = mem_printf("%s.%ld-%u", t->path, (long)getpid(), i);
        rc = linkat(AT_FDCWD, from, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
    }
    free(from);
    if (rc == 0)
        t->temp = name;
    else
        free(name);
    return rc;
}

static struct target *open_file(const char *path, int text, struct err *e)
{
    struct target *t;
    struct stat old;

    if (strcmp(path, "-") != 0 && is_device(path)) {
        err_set(e, "%s is no regular file, so none can take its place; - is standard output", path);
        return NULL;
    }
    t = mem_new(1, sizeof *t);
    t->path = mem_strdup(path);
    if (strcmp(path, "-") == 0) {
        if (!text && isatty(STDOUT_FILENO))
            die_usage("refusing to write a binary file to a terminal; give -o FILE, or > FILE");
        t->fd = STDOUT_FILENO;
        return enlist(t);
    }
    free(t->path);
    t->path = follow(path); /* a link stays: what it points to is replaced */
    if (make_file(t) < 0) {
        err_errno(e, "cannot make a file beside %s", path);
        drop(t);
        return NULL;
    }
    (void)fchmod(t->fd, stat(t->path, &old) == 0 ? old.st_mode & 0777 : usual_mode(0666));
    return enlist(t);
}

struct target *target_open(const char *path, struct err *e)
{
    return open_file(path, 0, e);
}

struct target *target_open_text(const char *path, struct err *e)
{
    return open_file(path, 1, e);
}

int target_put(const char *path, const void *text, size_t n, struct err *e)
{
    struct target *t;
    int to_stdout = strcmp(path, "-") == 0, fd, rc;

    if (to_stdout || is_device(path)) {
        fd = to_stdout ? STDOUT_FILENO : open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (fd < 0)
            return err_errno(e, "cannot open %s", path);
        rc = io_write(fd, text, n, e);
        if (!to_stdout && close(fd) < 0 && rc == 0)
            rc = err_errno(e, "cannot write");
        return rc < 0 ? err_in(e, "%s", to_stdout ? "standard output" : path) : 0;
    }
    t = target_open(path, e);
    if (!t)
        return -1;
    if (io_write(t->fd, text, n, e) < 0) {
        target_abort(t);
        return err_in(e, "%s", path);
    }
    return target_commit(t, e);
}

/* Can a file or folder be made beside path? */
static int check_beside(const char *path, struct err *e)
{
    size_t n = strlen(path);
    char *dir = mem_strdup(path), *slash;
    int rc = 0;

    while (n > 1 && dir[n - 1] == '/')
        dir[--n] = '\0';
    slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    if (access(slash ? dir : ".", W_OK | X_OK) < 0)
        rc = err_errno(e, "%s: nothing can be made in %s", path, slash ? dir : "this folder");
    free(dir);
    return rc;
}

int target_check_file(const char *path, struct err *e)
{
    char *real = strcmp(path, "-") != 0 && !is_device(path) ? realpath(path, NULL) : NULL;
    int rc = 0;

    if (strcmp(path, "-") != 0 && is_device(path))
        rc = err_set(e, "%s is no regular file, so none can take its place; - is standard output", path);
    else if (strcmp(path, "-") != 0)
        rc = check_beside(real ? real : path, e);
    free(real);
    return rc;
}

int target_check_put(const char *path, struct err *e)
{
    return is_device(path) ? 0 : target_check_file(path, e);
}

int target_check_dir(const char *path, struct err *e)
{
    DIR *d = opendir(path);
    struct dirent *f;
    int full = 0;

    if (!d && errno != ENOENT)
        return err_errno(e, "%s: no folder can be made there", path);
    if (!d)
        return check_beside(path, e);
    while (!full && (f = readdir(d)))
        full = strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0;
    closedir(d);
    return full ? err_set(e, "%s is there and is not empty; a folder is made anew or takes the place of an empty one",
                          path)
                : check_beside(path, e);
}

struct target *target_open_dir(const char *path, struct err *e)
{
    struct target *t = mem_new(1, sizeof *t);
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    t->fd = -1;
    t->is_dir = 1;
    t->path = mem_strndup(path, n);
    t->temp = mem_printf("%s.XXXXXX", t->path);
    if (!mkdtemp(t->temp)) {
        err_errno(e, "cannot make a folder beside %s", path);
        drop(t);
        return NULL;
    }
    (void)chmod(t->temp, usual_mode(0777));
    return enlist(t);
}

int target_fd(const struct target *t)
{
    return t->fd;
}

int target_is_stdout(const struct target *t)
{
    return !t->temp && !t->nameless;
}

const char *target_dir(const struct target *t)
{
    return t->temp;
}

int target_commit(struct target *t, struct err *e)
{
    int rc = 0;

    if (t->fd >= 0 && !target_is_stdout(t) && fsync(t->fd) < 0 && errno != EINVAL && errno != EROFS)
        rc = err_errno(e, "cannot write %s", t->path);
    if (rc == 0 && t->nameless && give_name(t) < 0)
        rc = err_errno(e, "cannot name %s", t->path);
    if (t->fd >= 0 && close(t->fd) < 0 && rc == 0)
        rc = err_errno(e, "cannot write %s", t->path);
    t->fd = -1;
    if (rc == 0 && t->temp && strcmp(t->temp, t->path) != 0 && rename(t->temp, t->path) < 0)
        rc = err_errno(e, "cannot rename to %s", t->path);
    if (rc < 0)
        target_abort(t);
    else
        drop(t);
    return rc;
}

void target_abort(struct target *t)
{
    if (t->fd >= 0 && !target_is_stdout(t))
        close(t->fd);
    if (t->temp && t->is_dir)
        remove_dir(t->temp);
    else if (t->temp)
        unlink(t->temp);
    drop(t);
}
