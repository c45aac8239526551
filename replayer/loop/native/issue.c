/* Which steps go out together, and the calls that they make. */
#include "loop.h"

uint32_t cut_group(const struct loop *loop, const struct stream *stream, double pass_ns, int64_t now)
{
	const double *due = at(loop, stream->due_at);
	const uint32_t *entry_end = at(loop, stream->entry_end_at);
	uint32_t first = stream->step;
	uint64_t limit = stream->max_entries + (first == 0 ? 0 : (uint64_t)entry_end[first - 1]);
	uint32_t last = first;
	if (stream->max_entries == 0)
		return first;
	while (last + 1 < stream->steps) {
		uint32_t next = last + 1;
		if (nearest(due[next] + pass_ns) > now || entry_end[next] > limit)
			break;
		last = next;
	}
	return last;
}

int issue_group(struct loop *loop, struct stream *stream, uint32_t row, uint32_t call_end)
{
	const uint32_t *request = at(loop, stream->request_at);
	const uint64_t *argument = at(loop, stream->argument_at);
	const uint32_t *commands = at(loop, stream->commands_at);
	const uint32_t *done_word = at(loop, stream->done_word_at);
	const uint8_t *joinable = at(loop, stream->joinable_at);
	uint32_t *words = (uint32_t *)(uintptr_t)stream->words;
	uint32_t calls = 0, asked = 0, reported = 0;
	int first_errno = 0;
	for (uint32_t call = stream->call; call < call_end;) {
		uint32_t count = commands[call];
		uint32_t next = call + 1;
		/* Neighbours with one target and commands side by side in memory become one call. */
		while (next < call_end && joinable[next])
			count += commands[next++];
		uint32_t *done = done_word[call] < stream->words_count ? words + done_word[call] : NULL;
		if (done)
			*done = count;
		int failed = loop->machine.call(loop, stream->fd, request[call], argument[call]);
		if (failed && !first_errno)
			first_errno = failed;
		if (done)
			reported += *done;
		else if (!failed)
			reported += count;
		asked += count;
		calls++;
		call = next;
	}
	((uint32_t *)at(loop, stream->row_calls_at))[row] = calls;
	((uint32_t *)at(loop, stream->row_commands_at))[row] = asked;
	((uint32_t *)at(loop, stream->row_reported_at))[row] = reported;
	((int32_t *)at(loop, stream->row_errno_at))[row] = first_errno;
	return first_errno;
}
