/* Streams that share a thread, in due order: a binary heap of stream numbers by the due time of their next
 * step. Equal times go by number, so that every run makes the same calls in the same order. */
#include "loop.h"

static int is_before(const struct loop *loop, uint32_t a, uint32_t b)
{
	return loop->due[a] < loop->due[b] || (loop->due[a] == loop->due[b] && a < b);
}

static void sink(struct loop *loop, uint32_t place)
{
	uint32_t *heap = loop->heap;
	uint32_t moved = heap[place];
	for (;;) {
		uint32_t child = 2 * place + 1;
		if (child >= loop->heaped)
			break;
		if (child + 1 < loop->heaped && is_before(loop, heap[child + 1], heap[child]))
			child++;
		if (!is_before(loop, heap[child], moved))
			break;
		heap[place] = heap[child];
		place = child;
	}
	heap[place] = moved;
}

void fill_heap(struct loop *loop)
{
	loop->heaped = 0;
	for (uint32_t i = 0; i < loop->lane->streams; i++)
		if (loop->due[i] != INT64_MAX)
			loop->heap[loop->heaped++] = i;
	for (uint32_t place = loop->heaped / 2; place-- > 0;)
		sink(loop, place);
}

void settle_first(struct loop *loop, int64_t due)
{
	loop->due[loop->heap[0]] = due;
	if (due == INT64_MAX) {
		loop->heap[0] = loop->heap[--loop->heaped];
		if (loop->heaped == 0)
			return;
	}
	sink(loop, 0);
}
