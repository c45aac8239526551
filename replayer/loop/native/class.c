/* Scheduling class of this thread. glibc before 2.41 has no sched_setattr: the call is made by number. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loop.h"

/* include/uapi/linux/sched/types.h, struct sched_attr, its first version. */
struct attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

static const uint32_t policies[] = { 0 /* SCHED_OTHER */, 1 /* SCHED_FIFO */, 6 /* SCHED_DEADLINE */ };

int32_t iotlb_set_class(int32_t policy, uint32_t priority, uint64_t runtime_ns, uint64_t period_ns)
{
	if (policy < 0 || policy > 2)
		return EINVAL;
	struct attributes attributes = {
		.size = sizeof attributes,
		.policy = policies[policy],
		.priority = policy == 1 ? priority : 0,
		.runtime = policy == 2 ? runtime_ns : 0,
		.deadline = policy == 2 ? period_ns : 0,
		.period = policy == 2 ? period_ns : 0,
	};
	return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0 ? 0 : errno;
}
