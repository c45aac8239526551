/* The locks of the guest's driver: who holds each, who stands in line. First come, first served. */
#include "closed.h"

int lock_take(struct closed_loop *c, uint32_t lock, int32_t waiter)
{
	if (c->lock_owner[lock] == NONE || c->lock_owner[lock] == waiter) {
		c->lock_owner[lock] = waiter;
		return 1;
	}
	if (c->lock_first[lock] == NONE)
		c->lock_first[lock] = waiter;
	else
		c->next_in_line[c->lock_last[lock]] = waiter;
	c->lock_last[lock] = waiter;
	return 0;
}

/** Hands the lock to the first in line, who is returned; NONE where nobody waits. */
int32_t lock_give(struct closed_loop *c, uint32_t lock)
{
	int32_t heir = c->lock_first[lock];
	c->lock_owner[lock] = heir;
	if (heir == NONE)
		return NONE;
	c->lock_first[lock] = c->next_in_line[heir];
	c->next_in_line[heir] = NONE;
	return heir;
}
