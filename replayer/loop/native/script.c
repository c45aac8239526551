/* A machine for tests: its clock moves only when it is read, slept on or called through, and it writes
 * down what it was asked. Time is arithmetic here, so that it can be asserted. */
#include "loop.h"

static int64_t now(struct loop *loop)
{
	return loop->script->now_ns += loop->script->read_ns;
}

static void sleep_until(struct loop *loop, int64_t at_ns)
{
	struct script *script = loop->script;
	script->sleeps++;
	if (at_ns - script->now_ns > script->sleeps_longest_ns)
		script->sleeps_longest_ns = at_ns - script->now_ns;
	if (at_ns > script->now_ns)
		script->now_ns = at_ns;
	script->now_ns += script->wake_ns;
}

/** The commands of a struct iommu_hwpt_invalidate. */
static void read_array(struct call *call, const uint32_t *words)
{
	const uint8_t *data = (const uint8_t *)(uintptr_t)*(const uint64_t *)(words + 2);
	uint32_t digest = words[1];
	for (uint32_t i = 0; i < words[5] * words[6]; i++)
		digest = digest * 31 + data[i];
	call->count = words[6];
	call->digest = digest;
}

static int call(struct loop *loop, int fd, uint32_t request, uint64_t argument)
{
	struct script *script = loop->script;
	uint32_t index = script->calls++;
	if (index < script->calls_room) {
		struct call *calls = at(loop, script->calls_at);
		calls[index] = (struct call){ argument, script->now_ns, fd, request, 0, 0 };
		if (script->reads_arrays)
			read_array(calls + index, (const uint32_t *)(uintptr_t)argument);
	}
	if (script->services > 0) {
		const int64_t *service = at(loop, script->service_at);
		script->now_ns += service[index < script->services ? index : script->services - 1];
	}
	if (script->stop_after == (int32_t)index)
		__atomic_store_n(&loop->lane->stop, 1, __ATOMIC_RELAXED);
	const int32_t *errors = at(loop, script->errno_at);
	return index < script->errors ? errors[index] : 0;
}

void use_script(struct loop *loop)
{
	loop->script = at(loop, loop->lane->script_at);
	loop->machine = (struct machine){ now, sleep_until, call };
}
