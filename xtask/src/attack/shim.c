/* Preloaded into drr-lab and its worker: counts their calls that change files below one folder, and makes one of them
 * fail, or ends the process before or after it. What it is told stands in the environment:
 *
 *   ATTACK_FOLDER  where marks and the trace are kept (not below the folder that is watched)
 *   ATTACK_UNDER   part of a path that says a file is watched
 *   ATTACK_WHO     name of the program that is hit
 *   ATTACK_CALL    which calls count: open write fsync rename unlink mkdir any
 *   ATTACK_AT      which of them is hit, from 1; 0 hits none
 *   ATTACK_DO      EIO ENOSPC: it fails; before after: the process is killed
 *   ATTACK_HITS    how many processes are hit, one after another
 *   ATTACK_LASTS   1: every later call fails too
 *
 * The trace holds a line for each call: program, call, path; and one more, `renamed`, for each rename that was done. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PASS, FAIL, KILL_AFTER };

static const char *said(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static void trace(const char *call, const char *path) {
    char file[4096], line[4608];
    snprintf(file, sizeof file, "%s/trace", said("ATTACK_FOLDER"));
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0) return;
    int size = snprintf(line, sizeof line, "%s %s %s\n", program_invocation_short_name, call, path);
    if (size > 0) (void)!syscall(SYS_write, fd, line, (size_t)size);
    syscall(SYS_close, fd);
}

/* Whether this process is still to be hit: each hit leaves a mark, and there are only so many. */
static int take_mark(void) {
    static int taken;
    if (taken) return 1;
    for (int mark = 0; mark < atoi(said("ATTACK_HITS")); mark++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/mark.%d", said("ATTACK_FOLDER"), mark);
        int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (fd >= 0) {
            syscall(SYS_close, fd);
            taken = 1;
            return 1;
        }
    }
    return 0;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static int on(const char *call, const char *path) {
    static int seen;
    const char *under = said("ATTACK_UNDER");
    if (!*under || !path || !strstr(path, under)) return PASS;
    int before = errno;
    trace(call, path);
    errno = before;
    int at = atoi(said("ATTACK_AT"));
    if (!at || strcmp(program_invocation_short_name, said("ATTACK_WHO"))) return PASS;
    if (strcmp(said("ATTACK_CALL"), "any") && strcmp(said("ATTACK_CALL"), call)) return PASS;
    int count = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    int lasts = atoi(said("ATTACK_LASTS"));
    if (!(count == at || (lasts && count > at)) || !take_mark()) {
        errno = before;
        return PASS;
    }
    const char *what = said("ATTACK_DO");
    if (!strcmp(what, "before")) die();
    if (!strcmp(what, "after")) return KILL_AFTER;
    errno = strcmp(what, "ENOSPC") ? EIO : ENOSPC;
    return FAIL;
}

static int on_file(const char *call, int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return PASS;
    path[size] = 0;
    return on(call, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define AROUND(type, verdict, call)        \
    do {                                   \
        int now = (verdict);               \
        if (now == FAIL) return (type) - 1; \
        type result = (call);              \
        if (now == KILL_AFTER) die();      \
        return result;                     \
    } while (0)

#define CHANGES(flags) ((flags) & (O_CREAT | O_WRONLY | O_RDWR | O_TRUNC))

#define OPEN(name)                                                                              \
    int name(const char *path, int flags, ...) {                                                \
        va_list more;                                                                           \
        va_start(more, flags);                                                                  \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0;                \
        va_end(more);                                                                           \
        AROUND(int, CHANGES(flags) ? on("open", path) : PASS, REAL(name)(path, flags, mode));   \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *bytes, size_t size) {
    AROUND(ssize_t, on_file("write", fd), REAL(write)(fd, bytes, size));
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    AROUND(ssize_t, on_file("write", fd), REAL(writev)(fd, parts, count));
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    AROUND(ssize_t, on_file("write", fd), REAL(pwrite64)(fd, bytes, size, at));
}
int ftruncate64(int fd, off64_t size) { AROUND(int, on_file("write", fd), REAL(ftruncate64)(fd, size)); }
int fsync(int fd) { AROUND(int, on_file("fsync", fd), REAL(fsync)(fd)); }
int fdatasync(int fd) { AROUND(int, on_file("fsync", fd), REAL(fdatasync)(fd)); }
static int renamed(const char *from, const char *to) {
    int result = REAL(rename)(from, to);
    if (!result && *said("ATTACK_UNDER") && strstr(to, said("ATTACK_UNDER"))) trace("renamed", to);
    return result;
}
int rename(const char *from, const char *to) { AROUND(int, on("rename", to), renamed(from, to)); }
int unlink(const char *path) { AROUND(int, on("unlink", path), REAL(unlink)(path)); }
int mkdir(const char *path, mode_t mode) { AROUND(int, on("mkdir", path), REAL(mkdir)(path, mode)); }
