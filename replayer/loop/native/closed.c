/* The closed loop with real calls. Events have the moments that the rules give them; the thread waits only
 * before a call, until the moment at which it may be made, and the call's return is an event again. What the
 * rules decide for a moment is worked out before it, while there is time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "closed.h"

/** Makes the call and stamps it. */
static void issue(struct closed_loop *c, uint32_t which, const struct formed *call)
{
	struct loop *loop = c->loop;
	struct lane *lane = loop->lane;
	struct stream *stream = loop->streams + which;
	int64_t due = (int64_t)c->now_ns;
	int64_t now = wait_until(loop, which, lane->start_ns + due, loop->machine.now(loop));
	if (now == STOPPED) {
		c->is_over = 1;
		return;
	}
	uint32_t row = stream->rows;
	((double *)at(loop, stream->row_due_at))[row] = (double)due;
	((double *)at(loop, stream->row_free_at))[row] = (double)(loop->free_ns - lane->start_ns);
	((double *)at(loop, stream->row_issued_at))[row] = (double)(now - lane->start_ns);
	int error = issue_formed(c, which, call, row);
	int64_t completed = loop->machine.now(loop);
	((double *)at(loop, stream->row_completed_at))[row] = (double)(completed - lane->start_ns);
	stream->rows = row + 1;
	loop->free_ns = completed;
	uint32_t steps = ((uint32_t *)at(loop, stream->row_steps_at))[row];
	__atomic_store_n(&lane->steps_done, lane->steps_done + steps, __ATOMIC_RELAXED);
	if (completed - now > lane->gap_ns)
		note_gap(loop, GAP_WHERE_CALL, which, now, completed - now);
	if (error && lane->stop_on_error)
		c->is_over = 1;
	agenda_set(&c->returns, (int32_t)which, (double)(completed - lane->start_ns));
}

void start_call(struct closed_loop *c, uint32_t stream)
{
	struct queue *queue = c->queues + stream;
	if (c->is_over || queue->started > queue->done || queue->started == queue->formed)
		return;
	issue(c, stream, &queue->calls[queue->started++]);
}

void start_all(struct closed_loop *c)
{
	while (c->fed_count > 0) {
		uint32_t stream = c->fed[--c->fed_count];
		c->queues[stream].is_fed = 0;
		start_call(c, stream);
	}
}

/** The call that runs for `stream` has returned. */
static void completed(struct closed_loop *c, uint32_t stream)
{
	struct queue *queue = c->queues + stream;
	int32_t waiter = queue->calls[queue->done++].waiter;
	release_done(c, stream);
	if (waiter != NONE && --c->waiters[waiter].calls_out == 0 && !c->waiters[waiter].has_ended)
		ring_again(c, (uint32_t)waiter);
	group_touch(c, stream);
	start_call(c, stream);
}

static void closings(struct closed_loop *c)
{
	group_close_due(c);
	if (c->input->grouping == GROUPING_WINDOW && c->input->early)
		group_close_deserted(c);
	group_cut_due(c);
	start_all(c);
}

static double soonest(const struct closed_loop *c)
{
	double next = agenda_next(&c->arrivals);
	if (agenda_next(&c->closings) < next)
		next = agenda_next(&c->closings);
	return agenda_next(&c->returns) < next ? agenda_next(&c->returns) : next;
}

static void run(struct closed_loop *c)
{
	waiters_begin(c);
	while (!c->is_over) {
		double next = soonest(c);
		if (next == INFINITY) {
			uint64_t formed = c->formed;
			group_close_all(c);
			start_all(c);
			if (c->formed == formed)
				return;
			continue;
		}
		c->now_ns = next;
		/* Arrivals, completions, and what they bring at the same moment, until only closings are left. */
		for (;;) {
			waiters_arrive(c);
			if (c->is_over || !agenda_is_due(&c->returns, next))
				break;
			uint32_t stream = (uint32_t)c->returns.heap[0];
			agenda_remove(&c->returns, (int32_t)stream);
			completed(c, stream);
		}
		if (!c->is_over)
			closings(c);
	}
}

/** Room that is handed out piece by piece: counted first, then taken. */
struct room {
	char *base;
	size_t used;
};

static void *take(struct room *room, size_t bytes)
{
	void *piece = room->base + room->used;
	room->used += (bytes + 7) / 8 * 8;
	return piece;
}

static void take_agenda(struct room *room, struct agenda *agenda, uint32_t members)
{
	agenda->at_ns = take(room, members * sizeof(double));
	agenda->order = take(room, members * sizeof(uint64_t));
	agenda->heap = take(room, members * sizeof(int32_t));
	agenda->place = take(room, members * sizeof(int32_t));
}

/** Counts the requests and barriers of each stream in `asked` and `barriers` of its queue. */
static void count_items(struct closed_loop *c)
{
	const struct closed *input = c->input;
	const uint32_t *ends = words_at(c, input->item_end_at), *what = words_at(c, input->what_at);
	const uint32_t *streams = words_at(c, input->stream_at);
	for (uint32_t submission = 0, item = 0; item < input->items; submission++)
		for (; item < ends[submission]; item++) {
			struct queue *queue = c->queues + streams[submission];
			queue->asked += what[item] == ROW_REQUEST;
			queue->barriers += what[item] == ROW_BARRIER;
		}
}

static void take_queues(struct closed_loop *c, struct room *room)
{
	for (uint32_t i = 0; i < c->streams; i++) {
		struct queue *queue = c->queues + i;
		queue->item = take(room, queue->asked * sizeof(uint32_t));
		queue->epoch = take(room, queue->asked * sizeof(uint32_t));
		queue->arrived_ns = take(room, queue->asked * sizeof(double));
		queue->calls = take(room, queue->asked * sizeof(struct formed));
		queue->waits = take(room, queue->barriers * sizeof(struct wait));
	}
}

static void take_rest(struct closed_loop *c, struct room *room)
{
	const struct closed *input = c->input;
	c->waiters = take(room, input->waiters * sizeof(struct waiter));
	c->lock_owner = take(room, input->locks * sizeof(int32_t));
	c->lock_first = take(room, input->locks * sizeof(int32_t));
	c->lock_last = take(room, input->locks * sizeof(int32_t));
	c->next_in_line = take(room, input->waiters * sizeof(int32_t));
	c->closing_of = take(room, input->targets * sizeof(uint64_t));
	c->touched = take(room, c->streams * sizeof(uint32_t));
	c->deserted = take(room, c->streams * sizeof(uint32_t));
	c->fed = take(room, c->streams * sizeof(uint32_t));
	take_agenda(room, &c->arrivals, input->waiters);
	take_agenda(room, &c->closings, c->streams);
	take_agenda(room, &c->returns, c->streams);
	take_queues(c, room);
}

static void clear(struct closed_loop *c)
{
	const struct closed *input = c->input;
	memset(c->lock_owner, 0xff, input->locks * sizeof(int32_t));
	memset(c->lock_first, 0xff, input->locks * sizeof(int32_t));
	memset(c->lock_last, 0xff, input->locks * sizeof(int32_t));
	memset(c->next_in_line, 0xff, input->waiters * sizeof(int32_t));
	memset(c->arrivals.place, 0xff, input->waiters * sizeof(int32_t));
	memset(c->closings.place, 0xff, c->streams * sizeof(int32_t));
	memset(c->returns.place, 0xff, c->streams * sizeof(int32_t));
	for (uint32_t i = 0; i < c->streams; i++)
		c->queues[i].asked = c->queues[i].barriers = 0;
}

/** All memory is taken here, before the start, and touched, so that no page faults later. 0 where there is none. */
static char *set_up(struct closed_loop *c)
{
	struct room queues = { 0 }, rest = { 0 };
	c->queues = NULL;
	take(&queues, c->streams * sizeof(struct queue));
	c->queues = calloc(1, queues.used + 8);
	if (!c->queues)
		return NULL;
	count_items(c);
	take_rest(c, &rest);
	rest.base = malloc(rest.used + 8);
	if (!rest.base) {
		free(c->queues);
		return NULL;
	}
	memset(rest.base, 0, rest.used);
	rest.used = 0;
	take_rest(c, &rest);
	clear(c);
	return rest.base;
}

int closed_run(struct loop *loop)
{
	struct closed_loop c = { .loop = loop, .input = at(loop, loop->lane->closed_at) };
	c.streams = loop->lane->streams;
	c.is_inside_doorbell = c.input->grouping == GROUPING_REQUEST || c.input->grouping == GROUPING_INTERVAL ||
			       c.input->grouping == GROUPING_SUBMISSION;
	char *base = set_up(&c);
	if (!base)
		return -1;
	run(&c);
	free(base);
	free(c.queues);
	return 0;
}
