#include "base/claim.h"

#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static int is_pipe(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

int claim_pipe(int fd)
{
    int waiting;

    return is_pipe(fd) && ioctl(fd, FIONREAD, &waiting) == 0 && waiting == 0 && flock(fd, LOCK_SH | LOCK_NB) == 0;
}

void claim_drop(int fd)
{
    flock(fd, LOCK_UN);
}

int claim_held(int fd)
{
    int held = 0;

    if (!is_pipe(fd))
        return 0;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        held = flock(fd, LOCK_SH | LOCK_NB) == 0; /* an exclusive lock is somebody else's */
    flock(fd, LOCK_UN);
    return held;
}
