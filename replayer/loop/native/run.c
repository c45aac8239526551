/* One run of one thread: all its streams from the common start to their last step, in due order. Every
 * buffer was made before; nothing is allocated here. */
#include "closed.h"

/** When the stream's next step is due, from the start; INT64_MAX when it is through. */
static int64_t next_due(const struct loop *loop, const struct stream *stream)
{
	const double *due = at(loop, stream->due_at);
	if (stream->steps == 0 || stream->pass >= stream->passes)
		return INT64_MAX;
	/* Multiplied, not added up: no rounding error piles up over many passes. */
	double pass_ns = stream->pass * stream->period_ns;
	return nearest(due[stream->step] + pass_ns);
}

/** Issues the group that is due first. Returns the reading after it, or STOPPED; `*error` is its errno. */
static int64_t issue_next(struct loop *loop, int64_t now, int *error)
{
	struct lane *lane = loop->lane;
	uint32_t which = first_stream(loop);
	struct stream *stream = loop->streams + which;
	int64_t due = loop->due[which];
	double pass_ns = stream->pass * stream->period_ns;
	now = wait_until(loop, which, lane->start_ns + due, now);
	if (now == STOPPED)
		return STOPPED;
	uint32_t row = stream->rows;
	uint32_t last = cut_group(loop, stream, pass_ns, now - lane->start_ns);
	uint32_t call_end = ((const uint32_t *)at(loop, stream->call_end_at))[last];
	((double *)at(loop, stream->row_due_at))[row] = (double)due;
	((double *)at(loop, stream->row_free_at))[row] = (double)(loop->free_ns - lane->start_ns);
	((double *)at(loop, stream->row_issued_at))[row] = (double)(now - lane->start_ns);
	*error = issue_group(loop, stream, row, call_end);
	int64_t completed = loop->machine.now(loop);
	((double *)at(loop, stream->row_completed_at))[row] = (double)(completed - lane->start_ns);
	((uint32_t *)at(loop, stream->row_first_step_at))[row] = stream->step;
	((uint32_t *)at(loop, stream->row_last_step_at))[row] = last;
	((uint32_t *)at(loop, stream->row_steps_at))[row] = last + 1 - stream->step;
	loop->free_ns = completed;
	__atomic_store_n(&lane->steps_done, lane->steps_done + last + 1 - stream->step, __ATOMIC_RELAXED);
	stream->rows = row + 1;
	stream->call = call_end;
	stream->step = last + 1;
	if (stream->step == stream->steps) {
		stream->step = stream->call = 0;
		stream->pass++;
	}
	settle_first(loop, next_due(loop, stream));
	if (completed - now > lane->gap_ns)
		note_gap(loop, GAP_WHERE_CALL, which, now, completed - now);
	return completed;
}

static void open_run(struct loop *loop, int64_t now)
{
	struct lane *lane = loop->lane;
	int error = 0;
	for (uint32_t i = 0; i < lane->streams; i++)
		loop->due[i] = next_due(loop, loop->streams + i);
	fill_heap(loop);
	while (loop->heaped > 0 && now != STOPPED && !(error && lane->stop_on_error))
		now = issue_next(loop, now, &error);
}

uint32_t iotlb_layout_version(void)
{
	return LAYOUT_VERSION;
}

int32_t iotlb_loop_run(void *block)
{
	struct loop loop = { .block = block, .lane = block };
	struct lane *lane = loop.lane;
	if (lane->version != LAYOUT_VERSION)
		return -1;
	loop.streams = at(&loop, lane->streams_at);
	loop.due = at(&loop, lane->heap_at);
	loop.heap = (uint32_t *)(loop.due + lane->streams);
	if (lane->script_at)
		use_script(&loop);
	else
		use_machine(&loop);
	open_accounts(&loop);
	int64_t now = loop.machine.now(&loop);
	loop.free_ns = lane->start_ns;
	begin_waiting(&loop, now);
	int failed = 0;
	if (lane->closed_at)
		failed = closed_run(&loop);
	else
		open_run(&loop, now);
	close_accounts(&loop);
	return failed;
}
