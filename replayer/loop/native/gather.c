/* The commands of one formed call, gathered from where each request's were encoded, as few system calls as there
 * are host objects. IOMMU_HWPT_INVALIDATE: docs/spec.md 2.3; calls of other forms are made one by one. */
#include <string.h>

#include "closed.h"

/** struct iommu_hwpt_invalidate, include/uapi/linux/iommufd.h. */
struct invalidate {
	uint32_t size;
	uint32_t hwpt_id;
	uint64_t data_uptr;
	uint32_t data_type;
	uint32_t entry_len;
	uint32_t entry_num;
	uint32_t reserved;
};

/** What has been asked and done over the calls of one row. */
struct tally {
	uint32_t calls;
	uint32_t asked;
	uint32_t reported;
	uint32_t steps;
	uint32_t first_step;
	uint32_t last_step;
	int error;
};

static void make(struct closed_loop *c, const struct stream *stream, uint32_t request, uint64_t argument,
		 uint32_t count, const uint32_t *done, struct tally *tally)
{
	int failed = c->loop->machine.call(c->loop, stream->fd, request, argument);
	if (failed && !tally->error)
		tally->error = failed;
	tally->calls++;
	tally->asked += count;
	if (done)
		tally->reported += *done;
	else if (!failed)
		tally->reported += count;
}

static uint32_t call_start(const uint32_t *call_end, uint32_t step)
{
	return step == 0 ? 0 : call_end[step - 1];
}

static void count_step(struct tally *tally, uint32_t step)
{
	if (tally->steps == 0 || step < tally->first_step)
		tally->first_step = step;
	if (tally->steps == 0 || step > tally->last_step)
		tally->last_step = step;
	tally->steps++;
}

/** Walks the encoded calls of the entries of one formed call. */
struct walk {
	const struct closed_loop *c;
	const struct queue *queue;
	const struct formed *call;
	const uint32_t *call_end;
	uint32_t place;
	uint32_t step;
	uint32_t next;
	uint32_t end;
};

static struct walk begin(const struct closed_loop *c, uint32_t stream, const struct formed *call)
{
	return (struct walk){
		.c = c,
		.queue = c->queues + stream,
		.call = call,
		.call_end = at(c->loop, c->loop->streams[stream].call_end_at),
		.place = call->from,
	};
}

/** The next encoded call in `walk->next - 1`; 0 where there is none. `*is_new` for the first of a step. */
static int advance(struct walk *walk, int *is_new)
{
	const struct closed_loop *c = walk->c;
	*is_new = 0;
	while (walk->next == walk->end) {
		if (walk->place == walk->call->to)
			return 0;
		uint32_t item = walk->queue->item[walk->place++];
		if (words_at(c, c->input->target_at)[item] != walk->call->target)
			continue;
		walk->step = words_at(c, c->input->step_at)[item];
		walk->next = call_start(walk->call_end, walk->step);
		walk->end = walk->call_end[walk->step];
		*is_new = 1;
	}
	walk->next++;
	return 1;
}

/** Makes every encoded call by itself. */
static void make_each(struct closed_loop *c, const struct stream *stream, uint32_t from, uint32_t to, struct tally *tally)
{
	const uint32_t *request = at(c->loop, stream->request_at);
	const uint64_t *argument = at(c->loop, stream->argument_at);
	const uint32_t *commands = at(c->loop, stream->commands_at);
	const uint32_t *done_word = at(c->loop, stream->done_word_at);
	uint32_t *words = (uint32_t *)(uintptr_t)stream->words;
	for (uint32_t i = from; i < to; i++) {
		uint32_t *done = done_word[i] < stream->words_count ? words + done_word[i] : NULL;
		if (done)
			*done = commands[i];
		make(c, stream, request[i], argument[i], commands[i], done, tally);
	}
}

/** All entries for one host object as one array. `first` is an encoded call to it. */
static void make_gathered(struct closed_loop *c, uint32_t stream_index, const struct formed *call, uint32_t first,
			  struct tally *tally)
{
	const struct stream *stream = c->loop->streams + stream_index;
	const uint32_t *request = at(c->loop, stream->request_at);
	const uint64_t *argument = at(c->loop, stream->argument_at);
	const uint32_t *commands = at(c->loop, stream->commands_at);
	const struct invalidate *model = (const void *)(uintptr_t)argument[first];
	struct invalidate *gathered = at(c->loop, c->input->gather_at);
	char *data = (char *)(gathered + 1);
	struct walk walk = begin(c, stream_index, call);
	int is_new;
	*gathered = *model;
	gathered->data_uptr = (uintptr_t)data;
	gathered->entry_num = 0;
	while (advance(&walk, &is_new)) {
		uint32_t each = walk.next - 1;
		const struct invalidate *one = (const void *)(uintptr_t)argument[each];
		if (one->hwpt_id != model->hwpt_id)
			continue;
		memcpy(data + (size_t)gathered->entry_num * model->entry_len, (const void *)(uintptr_t)one->data_uptr,
		       (size_t)commands[each] * model->entry_len);
		gathered->entry_num += commands[each];
	}
	make(c, stream, request[first], (uintptr_t)gathered, gathered->entry_num, &gathered->entry_num, tally);
}

/** True where an encoded call before `until` goes to the same host object. */
static int is_made(const struct closed_loop *c, uint32_t stream_index, const struct formed *call, uint32_t until)
{
	const struct stream *stream = c->loop->streams + stream_index;
	const uint64_t *argument = at(c->loop, stream->argument_at);
	uint32_t wanted = ((const struct invalidate *)(uintptr_t)argument[until])->hwpt_id;
	struct walk walk = begin(c, stream_index, call);
	int is_new;
	while (advance(&walk, &is_new) && walk.next - 1 != until)
		if (((const struct invalidate *)(uintptr_t)argument[walk.next - 1])->hwpt_id == wanted)
			return 1;
	return 0;
}

/** Steps that were joined beforehand: those whose last request has arrived in this call. */
static void make_planned(struct closed_loop *c, uint32_t stream_index, const struct formed *call, struct tally *tally)
{
	const struct stream *stream = c->loop->streams + stream_index;
	const uint32_t *entry_end = at(c->loop, stream->entry_end_at);
	const uint32_t *call_end = at(c->loop, stream->call_end_at);
	struct queue *queue = c->queues + stream_index;
	for (; queue->next_step < stream->steps * stream->passes; queue->next_step++) {
		uint32_t step = queue->next_step % stream->steps;
		uint32_t arrived = queue->next_step / stream->steps * entry_end[stream->steps - 1];
		if (entry_end[step] + arrived > call->to)
			break;
		count_step(tally, step);
		make_each(c, stream, call_start(call_end, step), call_end[step], tally);
	}
}

static void make_all(struct closed_loop *c, uint32_t stream_index, const struct formed *call, struct tally *tally)
{
	const struct stream *stream = c->loop->streams + stream_index;
	const uint32_t *done_word = at(c->loop, stream->done_word_at);
	struct walk walk = begin(c, stream_index, call);
	uint32_t encoded = 0;
	int is_new, is_array = 1;
	while (advance(&walk, &is_new)) {
		encoded++;
		if (is_new)
			count_step(tally, walk.step);
		is_array = is_array && done_word[walk.next - 1] < stream->words_count;
	}
	walk = begin(c, stream_index, call);
	while (advance(&walk, &is_new)) {
		uint32_t each = walk.next - 1;
		if (!is_array || encoded == 1)
			make_each(c, stream, each, each + 1, tally);
		else if (!is_made(c, stream_index, call, each))
			make_gathered(c, stream_index, call, each, tally);
	}
}

int issue_formed(struct closed_loop *c, uint32_t stream_index, const struct formed *call, uint32_t row)
{
	const struct stream *stream = c->loop->streams + stream_index;
	struct tally tally = { 0 };
	if (c->input->is_planned)
		make_planned(c, stream_index, call, &tally);
	else
		make_all(c, stream_index, call, &tally);
	((uint32_t *)at(c->loop, stream->row_first_step_at))[row] = tally.first_step;
	((uint32_t *)at(c->loop, stream->row_last_step_at))[row] = tally.last_step;
	((uint32_t *)at(c->loop, stream->row_steps_at))[row] = tally.steps;
	((uint32_t *)at(c->loop, stream->row_calls_at))[row] = tally.calls;
	((uint32_t *)at(c->loop, stream->row_commands_at))[row] = tally.asked;
	((uint32_t *)at(c->loop, stream->row_reported_at))[row] = tally.reported;
	((int32_t *)at(c->loop, stream->row_errno_at))[row] = tally.error;
	return tally.error;
}
