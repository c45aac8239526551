/* What the files of the native issue loop share. The memory that they work on is described by layout.h. */
#ifndef IOTLB_LOOP_H
#define IOTLB_LOOP_H

#include "layout.h"

#define EXPORT __attribute__((visibility("default")))
#define STOPPED INT64_MIN

struct loop;

/** The machine as the loop sees it: the real one (machine.c), or a script of a test (script.c). */
struct machine {
	/** CLOCK_MONOTONIC, ns. */
	int64_t (*now)(struct loop *);
	/** Sleeps until `at`, if that is ahead. */
	void (*sleep_until)(struct loop *, int64_t at);
	/** The system call. Returns 0 or its errno. */
	int (*call)(struct loop *, int fd, uint32_t request, uint64_t argument);
};

/** The kernel's accounts of this thread at one moment; they only grow. -1 where it does not tell. */
struct accounts {
	int64_t at_ns;
	int64_t waited_ns;
	int64_t stolen_ns;
	uint32_t major_faults;
	uint32_t minor_faults;
};

/** State of one run, on the stack of the thread. */
struct loop {
	char *block;
	struct lane *lane;
	struct stream *streams;
	struct script *script;
	struct machine machine;
	/* Waiting (wait.c). */
	double lead;
	double budget;
	int64_t paid_until;
	/* When the thread had returned from the last call. */
	int64_t free_ns;
	/* Gaps (gaps.c). */
	struct accounts accounts;
	int schedstat_fd;
	int stat_fd;
	/* Streams in due order (heap.c). */
	uint32_t *heap;
	int64_t *due;
	uint32_t heaped;
};

static inline void *at(const struct loop *loop, uint64_t offset)
{
	return loop->block + offset;
}

static inline int is_stopped(const struct loop *loop)
{
	return __atomic_load_n(&loop->lane->stop, __ATOMIC_RELAXED) != 0;
}

/** To the nearest ns, half up, as Math.round does for what a run can be: 0 to 2^53. */
static inline int64_t nearest(double value)
{
	int64_t whole = (int64_t)value;
	return value - (double)whole >= 0.5 ? whole + 1 : whole;
}

void use_machine(struct loop *loop);
void use_script(struct loop *loop);

void begin_waiting(struct loop *loop, int64_t now);
/** Sleeps, then spins. Returns the first reading that is not before `due` (absolute), or STOPPED. */
int64_t wait_until(struct loop *loop, uint32_t stream, int64_t due, int64_t now);

void open_accounts(struct loop *loop);
void close_accounts(struct loop *loop);
/** To be called where there is time for it: what grew before is no gap's. */
void refresh_accounts(struct loop *loop, int64_t now);
/** Writes down a gap that begins at `from` (absolute) and is `length` long. */
void note_gap(struct loop *loop, uint32_t where, uint32_t stream, int64_t from, int64_t length);

void fill_heap(struct loop *loop);
/** The stream whose next step is due first; of equal ones the lowest. */
static inline uint32_t first_stream(const struct loop *loop)
{
	return loop->heap[0];
}
/** The first stream has another next step, or none: `due` is INT64_MAX then. */
void settle_first(struct loop *loop, int64_t due);

/** Last step of the group that goes out at `now` (from the start): what is due, up to the limit. */
uint32_t cut_group(const struct loop *loop, const struct stream *stream, double pass_ns, int64_t now);
/** Makes the calls before `call_end` and writes their part of row `row`. Returns the first errno. */
int issue_group(struct loop *loop, struct stream *stream, uint32_t row, uint32_t call_end);

/* Entry points; all take the address of a block. */
EXPORT uint32_t iotlb_layout_version(void);
/** Returns 0, or -1 where the block is of another version. */
EXPORT int32_t iotlb_loop_run(void *block);
EXPORT int32_t iotlb_noise(void *block);
/** Puts this thread in a scheduling class: 0 other, 1 FIFO, 2 DEADLINE. Returns 0 or the errno. */
EXPORT int32_t iotlb_set_class(int32_t policy, uint32_t priority, uint64_t runtime_ns, uint64_t period_ns);

#endif
