/* The real machine: the vDSO clock, an absolute sleep, the system call. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>
#include <time.h>

#include "loop.h"

static int64_t now(struct loop *loop)
{
	struct timespec t;
	(void)loop;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_until(struct loop *loop, int64_t at_ns)
{
	struct timespec t = { at_ns / 1000000000, at_ns % 1000000000 };
	(void)loop;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static int call(struct loop *loop, int fd, uint32_t request, uint64_t argument)
{
	(void)loop;
	return ioctl(fd, request, (void *)(uintptr_t)argument) < 0 ? errno : 0;
}

static int no_call(struct loop *loop, int fd, uint32_t request, uint64_t argument)
{
	(void)loop;
	(void)fd;
	(void)request;
	(void)argument;
	return 0;
}

void use_machine(struct loop *loop)
{
	loop->machine = (struct machine){ now, sleep_until, loop->lane->makes_calls ? call : no_call };
}
