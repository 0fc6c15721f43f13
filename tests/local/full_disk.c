/* Preloaded into a process, lets no file grow while the file FULL_DISK exists, as on a full disk, and sets its clocks
   LATER_SECONDS forward once the file LATER exists. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int is_there(const char *variable) {
    const char *path = getenv(variable);
    return path && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
}

/* What is within a file already needs no more of the disk; pipes and sockets need none. */
static int has_no_room(int file, off_t at, size_t count) {
    struct stat status;
    return is_there("FULL_DISK") && fstat(file, &status) == 0 && S_ISREG(status.st_mode) && at + (off_t)count > status.st_size;
}

static ssize_t no_room(void) {
    errno = ENOSPC;
    return -1;
}

static off_t position(int file) {
    return lseek(file, 0, fcntl(file, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
}

ssize_t write(int file, const void *bytes, size_t count) {
    return has_no_room(file, position(file), count) ? no_room() : syscall(SYS_write, file, bytes, count);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    size_t bytes = 0;
    for (int part = 0; part < count; part++) bytes += parts[part].iov_len;
    return has_no_room(file, position(file), bytes) ? no_room() : syscall(SYS_writev, file, parts, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    return has_no_room(file, at, count) ? no_room() : syscall(SYS_pwrite64, file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    return has_no_room(file, at, count) ? no_room() : syscall(SYS_pwrite64, file, bytes, count, at);
}

int posix_fallocate(int file, off_t at, off_t count) {
    return has_no_room(file, at, count) ? ENOSPC : (int)syscall(SYS_fallocate, file, 0, at, count);
}

int posix_fallocate64(int file, off64_t at, off64_t count) {
    return has_no_room(file, at, count) ? ENOSPC : (int)syscall(SYS_fallocate, file, 0, at, count);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int answer = (int)syscall(SYS_clock_gettime, clock, now);
    const char *later = getenv("LATER_SECONDS");
    int is_of_wall = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
    if (answer == 0 && is_of_wall && later && is_there("LATER")) now->tv_sec += atol(later);
    return answer;
}
