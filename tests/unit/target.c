#include "base/target.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>

#include "base/die.h"
#include "tests/unit/check.h"

static char home[] = "/tmp/weir-target.XXXXXX";

static int files_here(void)
{
    DIR *d = opendir(".");
    int n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static const char *content(const char *path)
{
    static char text[100];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static void appears_only_when_whole(void)
{
    struct err e;
    struct stat st;
    struct target *t = target_open("a", &e);
    mode_t mask = umask(0);

    umask(mask);
    CHECK(t && !target_is_stdout(t));
    CHECK(write(target_fd(t), "new", 3) == 3);
    CHECK(access("a", F_OK) < 0 && files_here() <= 1);
    CHECK(target_commit(t, &e) == 0);
    CHECK_STR(content("a"), "new");
    CHECK(files_here() == 1 && stat("a", &st) == 0 && (st.st_mode & 0777) == (0666 & ~mask));
}

static void abort_leaves_the_old_one(void)
{
    struct err e;
    struct target *t = target_open("a", &e);

    CHECK(write(target_fd(t), "newer", 5) == 5);
    target_abort(t);
    CHECK_STR(content("a"), "new");
    CHECK(files_here() == 1);
}

static void a_folder_too(void)
{
    struct err e;
    struct target *t = target_open_dir("d/", &e);
    char path[100];

    snprintf(path, sizeof path, "%s/x", target_dir(t));
    close(open(path, O_WRONLY | O_CREAT, 0666));
    CHECK(access("d", F_OK) < 0);
    CHECK(target_commit(t, &e) == 0 && access("d/x", F_OK) == 0);
    t = target_open_dir("d", &e); /* not empty: refused */
    CHECK(target_commit(t, &e) == -1 && strncmp(e.msg, "cannot rename to d: ", 20) == 0);
    CHECK(files_here() == 2 && access("d/x", F_OK) == 0);
    CHECK(unlink("d/x") == 0);
    t = target_open_dir("d", &e); /* empty: replaced */
    CHECK(target_commit(t, &e) == 0 && files_here() == 2);
    CHECK(rmdir("d") == 0);
}

static void nowhere_to_write(void)
{
    struct err e;

    CHECK(!target_open("no/such/place", &e) && strncmp(e.msg, "cannot make a file beside no/such/place: ", 41) == 0);
    CHECK(!target_open_dir("no/such/place", &e));
}

/* A child opens a target and ends by how: a signal, or 0 for die(). */
static int ends_with(int how)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct err e;

        (void)!freopen("/dev/null", "w", stderr);
        if (!target_open("b", &e) || !target_open_dir("c", &e))
            _exit(99);
        if (how)
            raise(how);
        die("the end");
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void nothing_is_left_by_death(void)
{
    CHECK(ends_with(SIGTERM) == SIGTERM && files_here() == 1);
    CHECK(ends_with(SIGINT) == SIGINT && files_here() == 1);
    CHECK(ends_with(SIGPIPE) == SIGPIPE && files_here() == 1);
    CHECK(ends_with(SIGXCPU) == SIGXCPU && files_here() == 1);
    CHECK(ends_with(SIGXFSZ) == SIGXFSZ && files_here() == 1);
    CHECK(ends_with(0) == -1 && files_here() == 1);
}

/* One who may read it alone is still alone afterwards; who may not is not let in. */
static void the_mode_stays(void)
{
    static const mode_t modes[] = {0600, 0640, 0444, 0755};
    struct err e;
    struct stat st;

    for (int i = 0; i < 4; i++) {
        struct target *t;

        CHECK(chmod("a", modes[i]) == 0);
        t = target_open("a", &e);
        CHECK(t && fstat(target_fd(t), &st) == 0 && (st.st_mode & 0777) == modes[i]);
        CHECK(t && target_commit(t, &e) == 0 && stat("a", &st) == 0 && (st.st_mode & 0777) == modes[i]);
    }
    CHECK(files_here() == 1);
}

/* Links stay, one behind the other, and what they point to is made where it is not there yet. */
static void links_stay(void)
{
    struct err e;
    struct stat st;

    CHECK(mkdir("far", 0777) == 0 && symlink("far/one", "link") == 0 && symlink("two", "far/one") == 0);
    for (int i = 0; i < 2; i++) {
        struct target *t = target_open("link", &e);

        CHECK(t && write(target_fd(t), i ? "new" : "old", 3) == 3 && target_commit(t, &e) == 0);
        CHECK(lstat("link", &st) == 0 && S_ISLNK(st.st_mode) && lstat("far/one", &st) == 0 && S_ISLNK(st.st_mode));
        CHECK_STR(content("far/two"), i ? "new" : "old");
    }
    CHECK(unlink("far/two") == 0 && unlink("far/one") == 0 && unlink("link") == 0 && rmdir("far") == 0);
    CHECK(symlink("nowhere/x", "link") == 0);
    CHECK(!target_open("link", &e) && strncmp(e.msg, "cannot make a file beside link: ", 32) == 0);
    CHECK(unlink("link") == 0);
}

/* SIGKILL cannot be caught: only a file that never had a name leaves none. */
static void not_even_by_sigkill(void)
{
    int fd = open(".", O_TMPFILE | O_RDWR, 0600), status;
    pid_t pid;

    if (fd < 0)
        return;
    close(fd);
    pid = fork();
    if (pid == 0) {
        struct err e;

        if (!target_open("b", &e))
            _exit(99);
        raise(SIGKILL);
    }
    waitpid(pid, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && files_here() == 1);
}

int main(void)
{
    if (!mkdtemp(home) || chdir(home) < 0)
        return 1;
    appears_only_when_whole();
    abort_leaves_the_old_one();
    a_folder_too();
    nowhere_to_write();
    nothing_is_left_by_death();
    the_mode_stays();
    links_stay();
    not_even_by_sigkill();
    CHECK(unlink("a") == 0 && chdir("/") == 0 && rmdir(home) == 0);
    return DONE();
}
