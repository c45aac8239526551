/* What has arrived and is in no call yet, and when it becomes one: rules 8 to 10 of design 13, and section 5's
 * conditions on what may share a call. One group per stream, over all its waiters. */
#include <math.h>

#include "closed.h"

static double commands_of(const struct closed_loop *c, uint32_t item)
{
	return words_at(c, c->input->commands_at)[item];
}

static uint32_t kind_of(const struct closed_loop *c, uint32_t item)
{
	return words_at(c, c->input->kind_at)[item];
}

static int waits_a_time(const struct closed_loop *c)
{
	return c->input->grouping == GROUPING_WINDOW || c->input->grouping == GROUPING_QUEUE;
}

/** The first entry always fits, whole. */
static int fits(const struct closed_loop *c, double commands, double more)
{
	return commands == 0 || commands + more <= c->input->max_commands;
}

void group_desert(struct closed_loop *c, uint32_t stream)
{
	struct queue *queue = c->queues + stream;
	if (queue->is_deserted)
		return;
	queue->is_deserted = 1;
	c->deserted[c->deserted_count++] = stream;
}

void group_touch(struct closed_loop *c, uint32_t stream)
{
	struct queue *queue = c->queues + stream;
	if (!c->input->drains || queue->is_touched)
		return;
	queue->is_touched = 1;
	c->touched[c->touched_count++] = stream;
}

uint32_t first_undone(const struct queue *queue)
{
	uint32_t outstanding = queue->done < queue->formed ? queue->calls[queue->done].first : UINT32_MAX;
	uint32_t waiting = UINT32_MAX;
	if (queue->due_from < queue->asked)
		waiting = queue->due_from;
	return outstanding < waiting ? outstanding : waiting;
}

/** One call per target, in order of first entries. */
static void form(struct closed_loop *c, uint32_t from, uint32_t to)
{
	struct queue *queue = c->queues + c->stream;
	const uint32_t *targets = words_at(c, c->input->target_at);
	uint64_t closing = ++c->closing;
	for (uint32_t i = from; i < to; i++) {
		uint32_t target = targets[queue->item[i]];
		int is_each = (int32_t)target == c->input->each_entry;
		if (!is_each && c->closing_of[target] == closing)
			continue;
		c->closing_of[target] = closing;
		queue->calls[queue->formed++] =
			(struct formed){ is_each ? i : from, is_each ? i + 1 : to, i, target, c->waiter };
		c->formed++;
	}
	if (queue->is_fed)
		return;
	queue->is_fed = 1;
	c->fed[c->fed_count++] = c->stream;
}

/** The open group of the stream that arrives. */
static void close_group(struct closed_loop *c)
{
	struct queue *queue = c->queues + c->stream;
	uint32_t from = queue->group_from;
	if (from == queue->asked)
		return;
	if (waits_a_time(c))
		agenda_remove(&c->closings, (int32_t)c->stream);
	queue->group_from = queue->asked;
	if (c->input->drains) {
		group_touch(c, c->stream);
		return;
	}
	queue->due_from = queue->asked;
	form(c, from, queue->asked);
}

static void close_later(struct closed_loop *c, uint32_t stream)
{
	group_arriving(c, stream, NONE);
	close_group(c);
}

/** One cut of what is due. */
static void call_due(struct closed_loop *c, uint32_t stream)
{
	struct queue *queue = c->queues + stream;
	uint32_t from = queue->due_from, to = from + 1;
	double commands = commands_of(c, queue->item[from]);
	group_arriving(c, stream, NONE);
	int is_mixed = 0;
	for (; to < queue->group_from; to++) {
		uint32_t item = queue->item[to];
		int is_same_kind = kind_of(c, queue->item[from]) == kind_of(c, item);
		if (!fits(c, commands, commands_of(c, item)))
			break;
		if ((is_mixed || !is_same_kind) && queue->epoch[from] != queue->epoch[to])
			break;
		is_mixed = is_mixed || !is_same_kind;
		commands += commands_of(c, item);
	}
	queue->due_from = to;
	form(c, from, to);
}

void group_arriving(struct closed_loop *c, uint32_t stream, int32_t waiter)
{
	c->stream = stream;
	c->waiter = waiter;
}

/** Whether an entry may go in the call of the open group. */
static int may_join(const struct closed_loop *c, const struct queue *queue, uint32_t item)
{
	uint32_t first = queue->group_from;
	if (!fits(c, queue->commands, commands_of(c, item)))
		return 0;
	if (!queue->is_mixed && kind_of(c, queue->item[first]) == kind_of(c, item))
		return 1;
	return queue->epoch[first] == queue->barriers;
}

void group_request(struct closed_loop *c, uint32_t item)
{
	struct queue *queue = c->queues + c->stream;
	uint32_t grouping = c->input->grouping;
	int is_grouped = grouping != GROUPING_REQUEST && grouping != GROUPING_EAGER && grouping != GROUPING_DRAIN;
	if (is_grouped && queue->group_from < queue->asked && !may_join(c, queue, item))
		close_group(c);
	uint32_t place = queue->asked++;
	queue->item[place] = item;
	queue->epoch[place] = queue->barriers;
	queue->arrived_ns[place] = c->now_ns;
	if (grouping == GROUPING_DRAIN) {
		queue->group_from = queue->asked;
		group_touch(c, c->stream);
		return;
	}
	if (!is_grouped) {
		close_group(c);
		return;
	}
	if (queue->group_from == place) {
		queue->commands = 0;
		queue->is_mixed = 0;
		if (waits_a_time(c))
			agenda_set(&c->closings, (int32_t)c->stream, c->now_ns + c->input->width_ns);
		/* Where nobody is away already, nobody will be the last to stop. */
		if (grouping == GROUPING_WINDOW)
			group_desert(c, c->stream);
	}
	queue->commands += commands_of(c, item);
	if (kind_of(c, queue->item[queue->group_from]) != kind_of(c, item))
		queue->is_mixed = 1;
	if (queue->commands >= c->input->max_commands)
		close_group(c);
}

/** Returns how many entries of the stream arrived before it. */
uint32_t group_barrier(struct closed_loop *c)
{
	struct queue *queue = c->queues + c->stream;
	queue->barriers++;
	if (c->input->grouping == GROUPING_INTERVAL)
		close_group(c);
	return queue->asked;
}

/** No entry moves across a configuration row. */
void group_configuration(struct closed_loop *c)
{
	uint32_t stream = c->stream;
	struct queue *queue = c->queues + stream;
	if (!c->input->drains) {
		close_group(c);
		return;
	}
	agenda_remove(&c->closings, (int32_t)stream);
	queue->group_from = queue->asked;
	while (queue->due_from < queue->group_from)
		call_due(c, stream);
}

/** The submission has arrived whole. */
void group_arrived(struct closed_loop *c)
{
	if (c->input->grouping == GROUPING_SUBMISSION)
		close_group(c);
}

void group_close_due(struct closed_loop *c)
{
	while (agenda_is_due(&c->closings, c->now_ns))
		close_later(c, (uint32_t)c->closings.heap[0]);
}

static double due_since(const struct closed_loop *c, uint32_t stream)
{
	const struct queue *queue = c->queues + stream;
	return queue->due_from < queue->group_from ? queue->arrived_ns[queue->due_from] : INFINITY;
}

static int is_earlier(const struct closed_loop *c, uint32_t a, uint32_t b, int by_due)
{
	if (by_due && due_since(c, a) != due_since(c, b))
		return due_since(c, a) < due_since(c, b);
	return a < b;
}

/** By number, or by how long something has been due. The lists are short. */
static void sort(const struct closed_loop *c, uint32_t *streams, uint32_t count, int by_due)
{
	for (uint32_t i = 1; i < count; i++) {
		uint32_t moved = streams[i], at_ = i;
		for (; at_ > 0 && is_earlier(c, moved, streams[at_ - 1], by_due); at_--)
			streams[at_] = streams[at_ - 1];
		streams[at_] = moved;
	}
}

/** Closes the windows that nobody can add to. */
void group_close_deserted(struct closed_loop *c)
{
	uint32_t count = c->deserted_count;
	sort(c, c->deserted, count, 0);
	c->deserted_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t stream = c->deserted[i];
		c->queues[stream].is_deserted = 0;
		if (c->queues[stream].away == 0)
			close_later(c, stream);
	}
}

/** Cuts a call from what is due where the server is idle. */
void group_cut_due(struct closed_loop *c)
{
	uint32_t count = c->touched_count;
	sort(c, c->touched, count, 1);
	c->touched_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t stream = c->touched[i];
		struct queue *queue = c->queues + stream;
		queue->is_touched = 0;
		if (queue->due_from < queue->group_from && queue->done == queue->formed)
			call_due(c, stream);
	}
}

/** Nothing arrives any more: what is still open goes out. */
void group_close_all(struct closed_loop *c)
{
	for (uint32_t stream = 0; stream < c->streams; stream++)
		close_later(c, stream);
}
