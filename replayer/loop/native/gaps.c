/* Gaps: stretches over a limit in which the thread got nowhere, each with how much the kernel's accounts of
 * this thread grew meanwhile. What that means is judged in TypeScript (gaps.ts); here it is only read. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loop.h"

/* Reading the accounts takes some µs; more often than this tells no more. */
#define REFRESH_EVERY_NS 5000000
/* /proc/stat counts in USER_HZ, which is 100 on every architecture Linux keeps. */
#define TICK_NS 10000000
#define STEAL_FIELD 8

/** The number after `fields` others; -1 where there is none. */
static int64_t number_after(const char *text, int fields)
{
	while (fields > 0 && *text && *text != '\n') {
		while (*text && *text != ' ' && *text != '\n')
			text++;
		while (*text == ' ')
			text++;
		fields--;
	}
	if (*text < '0' || *text > '9')
		return -1;
	int64_t value = 0;
	while (*text >= '0' && *text <= '9')
		value = value * 10 + (*text++ - '0');
	return value;
}

/** Run time, wait time and time slices of this thread. */
static int64_t read_waited(const struct loop *loop)
{
	char text[96];
	ssize_t got = loop->schedstat_fd < 0 ? -1 : pread(loop->schedstat_fd, text, sizeof text - 1, 0);
	if (got <= 0)
		return -1;
	text[got] = 0;
	return number_after(text, 1);
}

/** The line of all CPUs together, the first of /proc/stat. */
static int64_t read_stolen(const struct loop *loop)
{
	char text[256];
	ssize_t got = loop->stat_fd < 0 ? -1 : pread(loop->stat_fd, text, sizeof text - 1, 0);
	if (got <= 0)
		return -1;
	text[got] = 0;
	int64_t ticks = number_after(text, STEAL_FIELD);
	return ticks < 0 ? -1 : ticks * TICK_NS;
}

static void read_accounts(const struct loop *loop, struct accounts *accounts, int64_t now)
{
	struct rusage usage;
	getrusage(RUSAGE_THREAD, &usage);
	accounts->at_ns = now;
	accounts->waited_ns = read_waited(loop);
	accounts->stolen_ns = read_stolen(loop);
	accounts->major_faults = (uint32_t)usage.ru_majflt;
	accounts->minor_faults = (uint32_t)usage.ru_minflt;
}

void open_accounts(struct loop *loop)
{
	loop->schedstat_fd = loop->stat_fd = -1;
	if (loop->script)
		return;
	loop->schedstat_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	loop->stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	read_accounts(loop, &loop->accounts, loop->machine.now(loop));
}

void close_accounts(struct loop *loop)
{
	if (loop->schedstat_fd >= 0)
		close(loop->schedstat_fd);
	if (loop->stat_fd >= 0)
		close(loop->stat_fd);
}

void refresh_accounts(struct loop *loop, int64_t now)
{
	if (loop->script || now - loop->accounts.at_ns < REFRESH_EVERY_NS)
		return;
	read_accounts(loop, &loop->accounts, now);
}

static int64_t grown(int64_t before, int64_t after)
{
	return before < 0 || after < 0 ? -1 : after - before;
}

void note_gap(struct loop *loop, uint32_t where, uint32_t stream, int64_t from, int64_t length)
{
	struct lane *lane = loop->lane;
	uint32_t index = lane->gaps++;
	if (loop->script || index >= lane->gaps_room)
		return;
	struct accounts before = loop->accounts;
	read_accounts(loop, &loop->accounts, from + length);
	struct gap *gaps = at(loop, lane->gaps_at);
	gaps[index] = (struct gap){
		.at_ns = from - lane->start_ns,
		.length_ns = length,
		.where = where,
		.stream = stream,
		.waited_ns = grown(before.waited_ns, loop->accounts.waited_ns),
		.stolen_ns = grown(before.stolen_ns, loop->accounts.stolen_ns),
		.major_faults = loop->accounts.major_faults - before.major_faults,
		.minor_faults = loop->accounts.minor_faults - before.minor_faults,
		.accounts_ns = loop->accounts.at_ns - before.at_ns,
	};
}
