/* The same replay in C: absolute sleep to a lead before each due time, then spin, then the ioctl. What
 * the TypeScript loop is compared with. Also the noise spinner, which only reads the clock.
 *
 * loop replay DUE OUT LEAD_NS   due times in: doubles, ns; out: due, issued, completed per request
 * loop noise MS                 prints the shares of time lost in gaps over 1 and 10 us, and the longest
 * loop wakes                    wakes every millisecond and works for 50 us, until it is ended */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int noise(int64_t span)
{
	int64_t start = now_ns(), last = start, over1 = 0, over10 = 0, longest = 0;
	while (last < start + span) {
		int64_t now = now_ns(), gap = now - last;
		last = now;
		if (gap > longest)
			longest = gap;
		if (gap > 1000)
			over1 += gap;
		if (gap > 10000)
			over10 += gap;
	}
	double all = last - start;
	printf("%.9f %.9f %lld\n", over1 / all, over10 / all, (long long)longest);
	return 0;
}

static int replay(const char *in, const char *out, int64_t lead)
{
	FILE *file = fopen(in, "rb");
	if (!file)
		return 1;
	fseek(file, 0, SEEK_END);
	size_t count = ftell(file) / sizeof(double);
	rewind(file);
	double *due = malloc(count * sizeof(double));
	double *stamps = malloc(3 * count * sizeof(double));
	if (!due || !stamps || fread(due, sizeof(double), count, file) != count)
		return 1;
	fclose(file);
	memset(stamps, 0, 3 * count * sizeof(double));
	mlock(due, count * sizeof(double));
	mlock(stamps, 3 * count * sizeof(double));
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	uint32_t argument[8] = { 32, 1, 0, 0, 0, 16, 1, 0 };
	int64_t start = now_ns() + 20000000;
	for (size_t i = 0; i < count; i++) {
		int64_t at = start + (int64_t)due[i], now = now_ns();
		if (at - now > lead) {
			int64_t wake = at - lead;
			struct timespec t = { wake / 1000000000, wake % 1000000000 };
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
			now = now_ns();
		}
		while (now < at)
			now = now_ns();
		ioctl(fd, 0x3b8d, argument);
		stamps[3 * i] = at - start;
		stamps[3 * i + 1] = now - start;
		stamps[3 * i + 2] = now_ns() - start;
	}
	file = fopen(out, "wb");
	if (!file || fwrite(stamps, sizeof(double), 3 * count, file) != 3 * count)
		return 1;
	return fclose(file);
}

static int wakes(void)
{
	for (;;) {
		struct timespec ms = { 0, 1000000 };
		nanosleep(&ms, NULL);
		for (int64_t end = now_ns() + 50000; now_ns() < end;)
			;
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "wakes"))
		return wakes();
	if (argc == 3 && !strcmp(argv[1], "noise"))
		return noise(atoll(argv[2]) * 1000000LL);
	if (argc == 5 && !strcmp(argv[1], "replay"))
		return replay(argv[2], argv[3], atoll(argv[4]));
	return 2;
}
