/* Guest CPUs: when each rings its doorbell, what arrives with it, where it stands in line for a lock, and when
 * it is released (rules 1 to 6 of design 13). */
#include "closed.h"

static int is_there(const struct waiter *waiter)
{
	return waiter->submission < waiter->end;
}

static double first_ns(const struct closed_loop *c, const struct waiter *waiter)
{
	return doubles_at(c, c->input->first_ns_at)[waiter->submission];
}

static uint32_t flags_of(const struct closed_loop *c, const struct waiter *waiter)
{
	return words_at(c, c->input->flags_at)[waiter->submission];
}

static uint32_t start_of(const uint32_t *ends, uint32_t index)
{
	return index == 0 ? 0 : ends[index - 1];
}

static void plan(struct closed_loop *c, uint32_t waiter, uint8_t next, double at_ns)
{
	c->waiters[waiter].next = next;
	agenda_set(&c->arrivals, (int32_t)waiter, at_ns);
}

static void set_state(struct closed_loop *c, uint32_t waiter, uint8_t state)
{
	uint8_t was = c->waiters[waiter].state;
	const uint32_t *ends = words_at(c, c->input->stream_end_at);
	const uint32_t *streams = words_at(c, c->input->waiter_stream_at);
	c->waiters[waiter].state = state;
	if (was == state || (was != AWAY && state != AWAY))
		return;
	for (uint32_t i = start_of(ends, waiter); i < ends[waiter]; i++) {
		struct queue *queue = c->queues + streams[i];
		queue->away += state == AWAY ? 1 : -1;
		if (queue->away == 0)
			group_desert(c, streams[i]);
	}
}

/** The doorbell rings, and its rows arrive with it; where a release fixed the moment, behind what did. */
static void arrive(struct closed_loop *c, uint32_t waiter);

static void ring(struct closed_loop *c, uint32_t waiter, int is_asking)
{
	c->waiters[waiter].bell_ns = c->now_ns;
	if (is_asking)
		arrive(c, waiter);
	else
		plan(c, waiter, ARRIVE, c->now_ns);
}

static void take_locks(struct closed_loop *c, uint32_t which, int is_asking)
{
	struct waiter *waiter = c->waiters + which;
	const uint32_t *locks = words_at(c, c->input->lock_at);
	for (; waiter->held_to < waiter->wanted_to; waiter->held_to++) {
		if (lock_take(c, locks[waiter->held_to], (int32_t)which))
			continue;
		set_state(c, which, IN_LINE);
		return;
	}
	if (waiter->state == IN_LINE)
		set_state(c, which, AWAY);
	waiter->first_bell_ns = c->now_ns;
	ring(c, which, is_asking);
}

static void give_locks(struct closed_loop *c, uint32_t which)
{
	struct waiter *waiter = c->waiters + which;
	const uint32_t *locks = words_at(c, c->input->lock_at);
	uint32_t from = waiter->wanted_from, to = waiter->held_to;
	waiter->held_to = waiter->wanted_from;
	for (uint32_t i = from; i < to; i++) {
		int32_t heir = lock_give(c, locks[i]);
		if (heir == NONE)
			continue;
		take_locks(c, (uint32_t)heir, 0);
	}
}

/** A waiter comes to the first submission of an interval. */
static void ask(struct closed_loop *c, uint32_t which)
{
	struct waiter *waiter = c->waiters + which;
	const uint32_t *lock_end = words_at(c, c->input->lock_end_at);
	waiter->first_recorded_ns = first_ns(c, waiter);
	waiter->has_ended = 0;
	waiter->wanted_from = waiter->wanted_to = waiter->held_to = 0;
	if (!(flags_of(c, waiter) & CHAINED)) {
		waiter->first_bell_ns = c->now_ns;
		ring(c, which, 1);
		return;
	}
	set_state(c, which, AWAY);
	waiter->wanted_from = waiter->held_to = start_of(lock_end, waiter->submission);
	waiter->wanted_to = lock_end[waiter->submission];
	take_locks(c, which, 1);
}

/** The next submission of an interval that has not ended. */
void ring_again(struct closed_loop *c, uint32_t which)
{
	struct waiter *waiter = c->waiters + which;
	if (c->is_inside_doorbell)
		waiter->in_calls_ns += c->now_ns - waiter->arrived_ns;
	if (!is_there(waiter))
		return;
	double bell = waiter->first_bell_ns + first_ns(c, waiter) - waiter->first_recorded_ns;
	plan(c, which, flags_of(c, waiter) & STARTS ? ASK : RING, bell > c->now_ns ? bell : c->now_ns);
}

static void release(struct closed_loop *c, uint32_t stream)
{
	struct queue *queue = c->queues + stream;
	struct wait wait = queue->waits[queue->wait_from++];
	uint32_t row = c->loop->streams[stream].rows;
	double stall = c->now_ns - wait.bell_ns;
	((double *)at(c->loop, c->input->released_at))[wait.item] = c->now_ns;
	((uint32_t *)at(c->loop, c->input->released_by_at))[wait.item] = row == 0 ? 0 : row - 1;
	if (wait.waiter != NONE)
		stall += c->waiters[wait.waiter].in_calls_ns;
	((double *)at(c->loop, c->input->stall_at))[wait.item] = stall;
	if (wait.waiter == NONE)
		return;
	struct waiter *waiter = c->waiters + wait.waiter;
	waiter->in_calls_ns = 0;
	set_state(c, (uint32_t)wait.waiter, is_there(waiter) && flags_of(c, waiter) & CHAINED ? AWAY : ENDED);
	give_locks(c, (uint32_t)wait.waiter);
	if (!is_there(waiter))
		return;
	double think = first_ns(c, waiter) - waiter->last_recorded_ns;
	plan(c, (uint32_t)wait.waiter, ASK, c->now_ns + (think > 0 ? think : 0));
}

void release_done(struct closed_loop *c, uint32_t stream)
{
	struct queue *queue = c->queues + stream;
	uint32_t undone = first_undone(queue);
	while (queue->wait_from < queue->wait_to && queue->waits[queue->wait_from].before <= undone)
		release(c, stream);
}

static void arrive(struct closed_loop *c, uint32_t which)
{
	struct waiter *waiter = c->waiters + which;
	const struct closed *input = c->input;
	const uint32_t *item_end = words_at(c, input->item_end_at);
	const uint32_t *what = words_at(c, input->what_at);
	uint32_t submission = waiter->submission++;
	uint32_t stream = words_at(c, input->stream_at)[submission];
	struct queue *queue = c->queues + stream;
	uint64_t formed = c->formed;
	uint32_t barriers = 0;
	waiter->arrived_ns = c->now_ns;
	group_arriving(c, stream, c->is_inside_doorbell ? (int32_t)which : NONE);
	for (uint32_t item = start_of(item_end, submission); item < item_end[submission]; item++) {
		((double *)at(c->loop, input->arrival_at))[item] = c->now_ns;
		if (what[item] == ROW_REQUEST) {
			group_request(c, item);
		} else if (what[item] == ROW_BARRIER) {
			uint32_t before = group_barrier(c);
			queue->waits[queue->wait_to++] =
				(struct wait){ before, item, barriers++ == 0 ? (int32_t)which : NONE, waiter->bell_ns };
		} else if (what[item] == ROW_CONFIGURATION) {
			group_configuration(c);
		}
	}
	group_arrived(c);
	int is_doorbell_over = !c->is_inside_doorbell || c->formed == formed;
	if (c->is_inside_doorbell) {
		/* Nobody sees a completion before the doorbell ends (rule 5). */
		for (uint32_t i = queue->wait_to - barriers; i < queue->wait_to; i++)
			queue->waits[i].before = queue->asked;
		waiter->calls_out += (int32_t)(c->formed - formed);
	}
	waiter->last_recorded_ns = doubles_at(c, input->last_ns_at)[submission];
	if (barriers > 0) {
		waiter->has_ended = 1;
		set_state(c, which, WAITING);
		if (input->grouping == GROUPING_QUEUE)
			while (queue->wait_from < queue->wait_to)
				release(c, stream);
		else
			release_done(c, stream);
	} else if (is_doorbell_over) {
		ring_again(c, which);
	}
	start_all(c);
}

/** Everything that arrives by now. */
void waiters_arrive(struct closed_loop *c)
{
	while (agenda_is_due(&c->arrivals, c->now_ns) && !c->is_over) {
		uint32_t which = (uint32_t)c->arrivals.heap[0];
		agenda_remove(&c->arrivals, (int32_t)which);
		if (c->waiters[which].next == ASK)
			ask(c, which);
		else if (c->waiters[which].next == RING)
			ring(c, which, 1);
		else
			arrive(c, which);
	}
}

/** First intervals in capture order. */
void waiters_begin(struct closed_loop *c)
{
	const uint32_t *order = words_at(c, c->input->start_at);
	const uint32_t *ends = words_at(c, c->input->submission_end_at);
	const uint32_t *stream_ends = words_at(c, c->input->stream_end_at);
	const uint32_t *streams = words_at(c, c->input->waiter_stream_at);
	for (uint32_t i = 0; i < c->input->waiters; i++) {
		uint32_t which = order[i];
		struct waiter *waiter = c->waiters + which;
		waiter->submission = start_of(ends, which);
		waiter->end = ends[which];
		waiter->has_ended = 1;
		for (uint32_t s = start_of(stream_ends, which); s < stream_ends[which]; s++)
			c->queues[streams[s]].away++;
		if (!is_there(waiter) || !(flags_of(c, waiter) & CHAINED))
			set_state(c, which, ENDED);
		if (is_there(waiter))
			plan(c, which, ASK, first_ns(c, waiter));
	}
}
