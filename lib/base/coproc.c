#include "base/coproc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

#define STEP_BYTES ((size_t)256 << 10)

struct pump { /* what the thread has: bytes on their way from us to the command */
    pthread_t thread;
    int in, out; /* the end of our pipe; the command's input, -1 when it is gone */
    struct buf b;
    size_t from; /* bytes of b that are gone */
    pid_t pid;
    int64_t patience;
    atomic_int expecting, stuck;
};

/* Ticks of processor time that the processes of a group have used, plus their count; -1 when /proc does not say. A
 * process that waits for a disk makes the answer differ. */
static int64_t group_ticks(pid_t group)
{
    static int64_t disk;
    DIR *d = opendir("/proc");
    int64_t sum = d ? 0 : -1;

    for (struct dirent *f; d && (f = readdir(d));) {
        char path[280], text[1024], *s;
        unsigned long utime, stime;
        long cutime, cstime;
        int fd, pgrp;
        char state;
        ssize_t n;

        if (!isdigit((unsigned char)f->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%s/stat", f->d_name);
        if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
            continue;
        n = read(fd, text, sizeof text - 1);
        close(fd);
        text[n > 0 ? n : 0] = '\0';
        s = strrchr(text, ')'); /* the name before it may hold anything */
        if (s &&
            sscanf(s + 1, " %c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &state, &pgrp, &utime, &stime,
                   &cutime, &cstime) == 6 &&
            pgrp == group)
            sum += (int64_t)(utime + stime) + cutime + cstime + 1 + (state == 'D' ? ++disk : 0);
    }
    if (d)
        closedir(d);
    return sum;
}

static void drop_command(struct pump *p)
{
    close(p->out);
    p->out = -1;
}

/* A second has passed in which nothing moved. *still: how many in a row; *ticks: what group_ticks said last. */
static void look(struct pump *p, int64_t *still, int64_t *ticks)
{
    int64_t now;

    if (!p->patience || !atomic_load(&p->expecting) || p->b.len > p->from || (p->out < 0 && !atomic_load(&p->stuck))) {
        *still = 0;
        return;
    }
    now = group_ticks(p->pid);
    *still = now == *ticks ? *still + 1 : 0;
    *ticks = now;
    if (now >= 0 && *still >= p->patience) {
        if (atomic_fetch_add(&p->stuck, 1) == 0)
            drop_command(p);
        else
            kill(-p->pid, SIGTERM);
        *still = 0;
    }
}

/* Take what we wrote. 0 at its end. */
static int take(struct pump *p)
{
    ssize_t n;

    if (p->from == p->b.len)
        p->from = p->b.len = 0;
    do
        n = read(p->in, buf_space(&p->b, STEP_BYTES), STEP_BYTES);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        p->b.len += (size_t)n;
    return n > 0;
}

/* Give the command what it takes. When it takes nothing any more, the rest is dropped: reading from it will say why. */
static void give(struct pump *p)
{
    ssize_t n = write(p->out, p->b.data + p->from, p->b.len - p->from);

    if (n > 0)
        p->from += (size_t)n;
    else if (n < 0 && errno != EINTR && errno != EAGAIN)
        drop_command(p);
    if (p->from == p->b.len || p->out < 0)
        p->from = p->b.len = 0;
}

static void *run(void *ctx)
{
    struct pump *p = ctx;
    int64_t still = 0, ticks = -1;
    int open = 1;

    while (open || (p->b.len > p->from && p->out >= 0)) {
        struct pollfd f[2] = {{open ? p->in : -1, POLLIN, 0}, {p->b.len > p->from ? p->out : -1, POLLOUT, 0}};
        int n = poll(f, 2, 1000);

        if (n == 0)
            look(p, &still, &ticks);
        if (n > 0 && f[0].revents)
            open = take(p);
        if (n > 0 && f[1].revents)
            give(p);
        if (p->out < 0)
            p->from = p->b.len = 0;
    }
    if (p->out >= 0)
        close(p->out);
    return NULL;
}

static int start(struct pump *p, const char *cmd, int in, int out, struct err *e)
{
    char *argv[] = {"sh", "-c", (char *)(uintptr_t)cmd, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t pipe;
    int rc;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigdefault(&attr, &pipe);
    rc = posix_spawn(&p->pid, "/bin/sh", &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    errno = rc;
    return rc ? err_errno(e, "cannot start /bin/sh") : 0;
}

/* The thread takes no signals: they are the program's, and a command that is gone is an error of write here. */
static int start_thread(struct pump *p, struct err *e)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&p->thread, NULL, run, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = rc;
    return rc ? err_errno(e, "cannot start a thread") : 0;
}

static void close_all(int *fd, int n)
{
    for (int i = 0; i < n; i++)
        if (fd[i] >= 0)
            close(fd[i]);
}

int coproc_open(struct coproc *c, const char *cmd, int64_t patience, struct err *e)
{
    int fd[6] = {-1, -1, -1, -1, -1, -1}; /* us to the pump, the pump to the command, the command to us */
    struct pump *p = mem_new(1, sizeof *p);

    if (pipe2(fd, O_CLOEXEC) < 0 || pipe2(fd + 2, O_CLOEXEC) < 0 || pipe2(fd + 4, O_CLOEXEC) < 0) {
        err_errno(e, "cannot make a pipe");
        goto bad;
    }
    p->in = fd[0];
    p->out = fd[3];
    p->patience = patience;
    if (start(p, cmd, fd[2], fd[5], e) < 0)
        goto bad;
    fcntl(p->out, F_SETFL, O_NONBLOCK); /* after the start: the command's end is another open file */
    if (start_thread(p, e) < 0)
        goto bad;
    close(fd[2]);
    close(fd[5]);
    io_enlarge_pipe(fd[4]);
    *c = (struct coproc){fd[1], fd[4], p};
    return 0;
bad:
    close_all(fd, 6);
    free(p);
    return -1;
}

void coproc_expect(struct coproc *c, int yes)
{
    atomic_store(&c->pump->expecting, yes);
}

void coproc_close(struct coproc *c)
{
    if (c->to >= 0)
        close(c->to);
    c->to = -1;
}

int coproc_wait(struct coproc *c, struct err *e)
{
    struct pump *p = c->pump;
    int status = 0, rc = 0, stuck;

    coproc_close(c);
    close(c->from);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        ;
    pthread_join(p->thread, NULL);
    stuck = atomic_load(&p->stuck);
    if (status || stuck)
        rc = err_set(
            e, "%s %d%s", WIFSIGNALED(status) ? "killed by signal" : "exit status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
            stuck
                ? ", after it took all it was given and waited for more; does one of its filters need the whole stream?"
                : "");
    close(p->in);
    buf_free(&p->b);
    free(p);
    c->pump = NULL;
    return rc;
}
