/* A program that is watched: makes one call, fires one static probe or writes one log line after another, and
 * times each from inside. What the taps are tested on and measured by. The probes are QEMU's, by hand: no
 * header of systemtap's is needed.
 *
 * caller ioctl|probe|log COUNT GAP_NS [LOG]    waits for a line on standard input, then begins
 * Prints one line: calls, p50, p99 and longest in ns. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

unsigned short qemu_vtd_inv_desc_semaphore __attribute__((section(".probes")));

#if defined(__x86_64__)
#define SIZE8 "8@%1 8@%2 8@%3"
#else
#define SIZE8 "8@%1 8@%2 8@%3"
#endif

static __attribute__((noinline)) void probe_vtd_inv_desc(const char *type, uint64_t high, uint64_t low)
{
	__asm__ volatile("990: nop\n"
			 ".pushsection .note.stapsdt,\"\",\"note\"\n"
			 ".balign 4\n"
			 ".4byte 992f-991f, 994f-993f, 3\n"
			 "991: .asciz \"stapsdt\"\n"
			 "992: .balign 4\n"
			 "993: .8byte 990b\n"
			 ".8byte _.stapsdt.base\n"
			 ".8byte %c0\n"
			 ".asciz \"qemu\"\n"
			 ".asciz \"vtd_inv_desc\"\n"
			 ".asciz \"" SIZE8 "\"\n"
			 "994: .balign 4\n"
			 ".popsection\n"
			 ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
			 ".weak _.stapsdt.base\n"
			 ".hidden _.stapsdt.base\n"
			 "_.stapsdt.base: .space 1\n"
			 ".size _.stapsdt.base, 1\n"
			 ".popsection\n"
			 :
			 : "i"(&qemu_vtd_inv_desc_semaphore), "nor"(type), "nor"(high), "nor"(low));
}

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* As QEMU's log backend writes it. */
static void log_line(FILE *log, const char *type, uint64_t high, uint64_t low)
{
	struct timeval t;
	gettimeofday(&t, NULL);
	flockfile(log);
	fprintf(log, "%d@%zu.%06zu:vtd_inv_desc invalidate desc type %s high 0x%llx low 0x%llx\n",
		(int)syscall(SYS_gettid), (size_t)t.tv_sec, (size_t)t.tv_usec, type,
		(unsigned long long)high, (unsigned long long)low);
	fflush(log);
	funlockfile(log);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	long count = atol(argv[2]), gap = atol(argv[3]);
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	FILE *log = argc > 4 ? fopen(argv[4], "a") : NULL;
	int64_t *spent = calloc(count, sizeof(*spent));
	uint64_t entry[3] = { 0, 1, 0 };
	struct {
		uint32_t size, object;
		uint64_t entries;
		uint32_t type, length, number, reserved;
	} call = { 32, 5, (uintptr_t)entry, 0, 24, 1, 0 };
	char line[8];
	printf("ready\n");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin) || !spent)
		return 2;
	int64_t next = now_ns();
	for (long i = 0; i < count; i++, next += gap) {
		const char *type = i & 1 ? "wait" : "iotlb";
		uint64_t low = i & 1 ? 0x100000025 : 0x70032, high = (uint64_t)i << 12;
		while (now_ns() < next)
			;
		int64_t began = now_ns();
		if (*argv[1] == 'i') {
			entry[0] = high;
			call.number = 1;
			ioctl(fd, 0x3b8d, &call);
		} else if (*argv[1] == 'p') {
			probe_vtd_inv_desc(type, high, low);
		} else if (log) {
			log_line(log, type, high, low);
		}
		spent[i] = now_ns() - began;
	}
	qsort(spent, count, sizeof(*spent), ascending);
	printf("%ld %lld %lld %lld\n", count, (long long)spent[count / 2], (long long)spent[count - 1 - count / 100],
	       (long long)spent[count - 1]);
	return 0;
}
