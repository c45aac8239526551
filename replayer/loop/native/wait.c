/* Waits for a due time: sleeps most of the way, spins the rest.
 *
 * The lead between the two rises at once to what a late waking cost, and falls slowly. A real-time thread
 * also has a budget: busy time is paid from it, sleeping fills it, and the lead shrinks with it. So a part
 * of every millisecond is slept before the kernel takes it (FIFO: fair server and throttling; DEADLINE: its
 * own runtime), and no rest is ever needed. A step that is due already is never slept on. */
#include "loop.h"

#define FIRST_LEAD_NS 60e3
#define MIN_LEAD_NS 2e3
/* A long sleep is cut, so that a stop is noticed; waking in between costs a request nothing. */
#define MAX_SLEEP_NS 50000000
/* The lead falls by this share of what is not needed at each sleep: it remembers about a thousand. */
#define FORGET (1.0 / 1024)
/* Busy in any millisecond is at most this and busy_share of it. */
#define BUDGET_NS 50e3
/* A sleep that is this long leaves time to read the accounts. */
#define ROOMY_NS 300000

static int is_limited(const struct loop *loop)
{
	return loop->lane->busy_share > 0;
}

static double most_lead(const struct loop *loop)
{
	double most = (double)loop->lane->max_lead_ns;
	if (is_limited(loop)) {
		most *= loop->budget > 0 ? loop->budget / BUDGET_NS : 0;
		if (most < MIN_LEAD_NS)
			most = MIN_LEAD_NS;
	}
	return most;
}

static void pay(struct loop *loop, int64_t now)
{
	if (!is_limited(loop))
		return;
	loop->budget -= (double)(now - loop->paid_until) * (1 - loop->lane->busy_share);
	if (loop->budget < 0)
		loop->budget = 0;
	loop->paid_until = now;
}

static void adapt(struct loop *loop, int64_t late)
{
	double wanted = (double)late * 1.25 + MIN_LEAD_NS;
	if (wanted > loop->lead)
		loop->lead = wanted;
	else
		loop->lead -= (loop->lead - wanted) * FORGET;
	if (loop->lead > (double)loop->lane->max_lead_ns)
		loop->lead = (double)loop->lane->max_lead_ns;
}

/** Sleeps until `target`. Returns the reading after it. */
static int64_t sleep_to(struct loop *loop, uint32_t stream, int64_t target, int64_t now)
{
	struct lane *lane = loop->lane;
	if (target - now > ROOMY_NS) {
		refresh_accounts(loop, now);
		now = loop->machine.now(loop);
		if (target <= now)
			return now;
	}
	loop->machine.sleep_until(loop, target);
	int64_t woke = loop->machine.now(loop);
	lane->sleeps++;
	lane->slept_ns += woke - now;
	if (is_limited(loop)) {
		loop->budget += (double)(woke - now) * lane->busy_share;
		if (loop->budget > BUDGET_NS)
			loop->budget = BUDGET_NS;
		loop->paid_until = woke;
	}
	adapt(loop, woke - target);
	if (woke - target > lane->gap_ns)
		note_gap(loop, GAP_WHERE_SLEEP, stream, target, woke - target);
	return woke;
}

void begin_waiting(struct loop *loop, int64_t now)
{
	loop->lead = FIRST_LEAD_NS;
	loop->budget = BUDGET_NS;
	loop->paid_until = now;
	if (loop->lead > (double)loop->lane->max_lead_ns)
		loop->lead = (double)loop->lane->max_lead_ns;
}

int64_t wait_until(struct loop *loop, uint32_t stream, int64_t due, int64_t now)
{
	if (now >= due)
		return is_stopped(loop) ? STOPPED : now;
	pay(loop, now);
	double most = most_lead(loop);
	double lead = loop->lead < most ? loop->lead : most;
	while (now < due) {
		if (is_stopped(loop))
			return STOPPED;
		int64_t left = due - now;
		if ((double)left > lead) {
			int64_t target = due - (int64_t)lead;
			if (target > now + MAX_SLEEP_NS)
				target = now + MAX_SLEEP_NS;
			now = sleep_to(loop, stream, target, now);
			continue;
		}
		int64_t before = now;
		now = loop->machine.now(loop);
		if (now - before > loop->lane->gap_ns)
			note_gap(loop, GAP_WHERE_SPIN, stream, before, now - before);
	}
	loop->lane->lead_ns = (int64_t)lead;
	return is_stopped(loop) ? STOPPED : now;
}
