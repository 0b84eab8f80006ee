/* forked: what a child prints while it runs, and its status: for checks of what ends the process. */
#ifndef WEIR_TESTS_FORKED_H
#define WEIR_TESTS_FORKED_H

#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* run(words) in a child; out: what it printed on fd. Returns its status, -1: it could not be run or was killed. */
static int forked(void (*run)(const char *words), const char *words, int fd, char *out, size_t room)
{
    int p[2], status;
    ssize_t n, all = 0;
    pid_t pid;

    fflush(stdout);
    if (pipe(p) < 0 || (pid = fork()) < 0)
        return -1;
    if (pid == 0) {
        dup2(p[1], fd);
        close(p[1]);
        run(words);
        fflush(stdout);
        _exit(0);
    }
    close(p[1]);
    while ((n = read(p[0], out + all, room - 1 - (size_t)all)) > 0)
        all += n;
    out[all] = '\0';
    close(p[0]);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
