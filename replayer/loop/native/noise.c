/* The noise floor of a thread: how much time it loses in gaps between two readings of the clock while it
 * does nothing else. A real-time thread keeps to its share of each millisecond here too; what it sleeps
 * for that is left out. */
#include "loop.h"

#define SLICE_NS 1000000

int32_t iotlb_noise(void *block)
{
	struct noise *noise = block;
	struct lane lane = { .makes_calls = 0 };
	struct loop loop = { .lane = &lane };
	if (noise->version != LAYOUT_VERSION)
		return -1;
	use_machine(&loop);
	int64_t span = noise->span_ns, measured = 0;
	int64_t busy = noise->busy_share > 0 ? (int64_t)(SLICE_NS * noise->busy_share) : INT64_MAX;
	int64_t last = loop.machine.now(&loop), slice = last;
	while (measured < span) {
		int64_t now = loop.machine.now(&loop), gap = now - last;
		noise->reads++;
		measured += gap;
		if (gap > noise->longest_gap_ns)
			noise->longest_gap_ns = gap;
		if (gap > 1000)
			noise->lost_over_1us_ns += gap;
		if (gap > 10000) {
			noise->lost_over_10us_ns += gap;
			noise->gaps_over_10us++;
		}
		if (gap > 100000)
			noise->lost_over_100us_ns += gap;
		last = now;
		if (now - slice > busy) {
			loop.machine.sleep_until(&loop, now + SLICE_NS - busy);
			slice = last = loop.machine.now(&loop);
		}
	}
	noise->span_ns = measured;
	return 0;
}
