/* What the files of the closed loop share (design 13). The rules are those of replayer/closed-loop, file by
 * file: agenda.c, locks.c, groups.c, waits.c, waiters.c; closed.c drives them with real calls. */
#ifndef IOTLB_CLOSED_H
#define IOTLB_CLOSED_H

#include <stddef.h>

#include "loop.h"

#define NONE (-1)

/** Members set for a time; the earliest first, and of equal times the one that was set first. */
struct agenda {
	double *at_ns;
	uint64_t *order;
	int32_t *heap;
	int32_t *place;
	int32_t length;
	uint64_t orders;
};

/** Entries `from … to - 1` of a stream's arrivals that are of one target. */
struct formed {
	uint32_t from;
	uint32_t to;
	uint32_t first; /* place of its first entry */
	uint32_t target;
	int32_t waiter; /* in whose thread it runs; NONE where a worker makes it */
};

/** A barrier that has arrived. */
struct wait {
	uint32_t before; /* it waits for the entries that arrived before this many had */
	uint32_t item;
	int32_t waiter; /* NONE for a CPU that nobody knows */
	double bell_ns;
};

/** One stream: what arrived, in order, the calls formed of it, and the barriers that wait. */
struct queue {
	uint32_t *item; /* by arrival */
	uint32_t *epoch; /* barriers that arrived before */
	double *arrived_ns;
	uint32_t asked;
	uint32_t barriers;
	uint32_t due_from; /* entries due_from … group_from - 1 go when the server is idle */
	uint32_t group_from; /* entries group_from … asked - 1 are the open group */
	double commands; /* of the open group */
	uint8_t is_mixed; /* it is of several kinds: then only what the same barrier precedes may join */
	struct formed *calls;
	uint32_t formed;
	uint32_t started;
	uint32_t done;
	struct wait *waits;
	uint32_t wait_from;
	uint32_t wait_to;
	int32_t away; /* waiters that may still add to its group */
	uint32_t next_step; /* planned steps before it went out */
	uint8_t is_touched;
	uint8_t is_deserted;
	uint8_t is_fed;
};

enum { AWAY, IN_LINE, WAITING, ENDED };
enum { ASK, RING, ARRIVE };
enum { ROW_OTHER, ROW_REQUEST, ROW_BARRIER, ROW_CONFIGURATION };
enum { STARTS = 1, CHAINED = 2 };

/** One guest CPU. */
struct waiter {
	uint32_t submission; /* the next one */
	uint32_t end;
	uint8_t state;
	uint8_t next;
	uint8_t has_ended;
	uint32_t wanted_from;
	uint32_t wanted_to;
	uint32_t held_to;
	double first_bell_ns;
	double first_recorded_ns;
	double bell_ns;
	double arrived_ns;
	double last_recorded_ns;
	int32_t calls_out;
	double in_calls_ns;
};

struct closed_loop {
	struct loop *loop;
	struct closed *input;
	uint32_t streams;
	double now_ns;
	int is_inside_doorbell;
	int is_over; /* stopped, or at the first error where that was asked */
	struct waiter *waiters;
	struct queue *queues;
	struct agenda arrivals;
	struct agenda closings;
	struct agenda returns;
	int32_t *lock_owner;
	int32_t *lock_first;
	int32_t *lock_last;
	int32_t *next_in_line; /* by waiter */
	uint64_t *closing_of; /* by target: the closing that formed its last call */
	uint64_t closing;
	uint32_t *touched;
	uint32_t touched_count;
	uint32_t *deserted;
	uint32_t deserted_count;
	uint32_t *fed;
	uint32_t fed_count;
	/* The submission that arrives. */
	uint32_t stream;
	int32_t waiter;
	uint64_t formed; /* calls in all */
};

static inline const uint32_t *words_at(const struct closed_loop *c, uint64_t offset)
{
	return at(c->loop, offset);
}

static inline const double *doubles_at(const struct closed_loop *c, uint64_t offset)
{
	return at(c->loop, offset);
}

/* agenda.c */
double agenda_next(const struct agenda *agenda); /* infinite where none is set */
int agenda_is_due(const struct agenda *agenda, double now_ns);
void agenda_set(struct agenda *agenda, int32_t member, double at_ns);
void agenda_remove(struct agenda *agenda, int32_t member);

/* locks.c */
int lock_take(struct closed_loop *c, uint32_t lock, int32_t waiter);
int32_t lock_give(struct closed_loop *c, uint32_t lock);

/* groups.c */
void group_arriving(struct closed_loop *c, uint32_t stream, int32_t waiter);
void group_request(struct closed_loop *c, uint32_t item);
uint32_t group_barrier(struct closed_loop *c);
void group_configuration(struct closed_loop *c);
void group_arrived(struct closed_loop *c);
void group_close_due(struct closed_loop *c);
void group_close_deserted(struct closed_loop *c);
void group_cut_due(struct closed_loop *c);
void group_close_all(struct closed_loop *c);
void group_touch(struct closed_loop *c, uint32_t stream);
void group_desert(struct closed_loop *c, uint32_t stream);
/** Place of the first entry that no call has completed. */
uint32_t first_undone(const struct queue *queue);

/* waiters.c */
void waiters_begin(struct closed_loop *c);
void waiters_arrive(struct closed_loop *c);
void release_done(struct closed_loop *c, uint32_t stream);
void ring_again(struct closed_loop *c, uint32_t waiter);

/* closed.c */
void start_call(struct closed_loop *c, uint32_t stream);
void start_all(struct closed_loop *c);
int closed_run(struct loop *loop);

/* gather.c */
/** Makes the calls of `call` and writes their part of row `row`. Returns the first errno. */
int issue_formed(struct closed_loop *c, uint32_t stream, const struct formed *call, uint32_t row);

#endif
