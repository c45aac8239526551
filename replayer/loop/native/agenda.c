/* What happens next: a binary heap over columns. Setting and removing a member allocates nothing. */
#include <math.h>

#include "closed.h"

static int is_before(const struct agenda *agenda, int32_t a, int32_t b)
{
	if (agenda->at_ns[a] != agenda->at_ns[b])
		return agenda->at_ns[a] < agenda->at_ns[b];
	return agenda->order[a] < agenda->order[b];
}

static void put(struct agenda *agenda, int32_t place, int32_t member)
{
	agenda->heap[place] = member;
	agenda->place[member] = place;
}

static void up(struct agenda *agenda, int32_t place, int32_t member)
{
	while (place > 0) {
		int32_t parent = (place - 1) / 2;
		if (!is_before(agenda, member, agenda->heap[parent]))
			break;
		put(agenda, place, agenda->heap[parent]);
		place = parent;
	}
	put(agenda, place, member);
}

static void down(struct agenda *agenda, int32_t place, int32_t member)
{
	for (;;) {
		int32_t child = 2 * place + 1;
		if (child >= agenda->length)
			break;
		if (child + 1 < agenda->length && is_before(agenda, agenda->heap[child + 1], agenda->heap[child]))
			child++;
		if (!is_before(agenda, agenda->heap[child], member))
			break;
		put(agenda, place, agenda->heap[child]);
		place = child;
	}
	put(agenda, place, member);
}

double agenda_next(const struct agenda *agenda)
{
	return agenda->length == 0 ? INFINITY : agenda->at_ns[agenda->heap[0]];
}

int agenda_is_due(const struct agenda *agenda, double now_ns)
{
	return agenda_next(agenda) <= now_ns;
}

void agenda_set(struct agenda *agenda, int32_t member, double at_ns)
{
	agenda->at_ns[member] = at_ns;
	agenda->order[member] = agenda->orders++;
	up(agenda, agenda->length++, member);
}

void agenda_remove(struct agenda *agenda, int32_t member)
{
	int32_t place = agenda->place[member];
	if (place < 0)
		return;
	agenda->place[member] = NONE;
	int32_t last = agenda->heap[--agenda->length];
	if (last == member)
		return;
	if (place > 0 && is_before(agenda, last, agenda->heap[(place - 1) / 2]))
		up(agenda, place, last);
	else
		down(agenda, place, last);
}
