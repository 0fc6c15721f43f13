/* Preloaded into a process, sets its clock of the day back by CLOCK_BACK_SECONDS; spans of time stay as they are. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int answer = (int)syscall(SYS_clock_gettime, clock, now);
    const char *back = getenv("CLOCK_BACK_SECONDS");
    if (answer == 0 && clock == CLOCK_REALTIME && back) now->tv_sec -= atol(back);
    return answer;
}
