/* Made from replayer/loop/layout.ts by npm run build:native; not to be edited. */
#ifndef IOTLB_LAYOUT_H
#define IOTLB_LAYOUT_H
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_VERSION 2u
#define GAP_WHERE_SPIN 0u
#define GAP_WHERE_SLEEP 1u
#define GAP_WHERE_CALL 2u
#define GROUPING_REQUEST 0u
#define GROUPING_EAGER 1u
#define GROUPING_INTERVAL 2u
#define GROUPING_SUBMISSION 3u
#define GROUPING_WINDOW 4u
#define GROUPING_DRAIN 5u
#define GROUPING_QUEUE 6u

struct lane {
	uint32_t version; /* LAYOUT_VERSION */
	uint32_t streams; /* streams that share this thread */
	int32_t stop; /* set by another thread: end soon, keep what was done */
	uint32_t steps_done; /* progress, of all streams; read by another thread */
	uint32_t makes_calls; /* 0: the loop runs, its system calls are left out */
	uint32_t stop_on_error; /* 1: the first call that fails ends the run */
	int64_t start_ns; /* the common start on CLOCK_MONOTONIC */
	int64_t max_lead_ns; /* longest stretch that is spun before a due time */
	double busy_share; /* most of any millisecond that it may be busy; 0: no limit */
	int64_t gap_ns; /* shorter gaps are not recorded */
	uint64_t streams_at; /* STREAM structures */
	uint64_t heap_at; /* room for an i64 and a u32 per stream */
	uint64_t gaps_at; /* GAP structures */
	uint32_t gaps_room; /* GAP structures there is room for */
	uint32_t gaps; /* out: gaps found; those beyond the room are only counted */
	uint64_t closed_at; /* CLOSED structure: a closed loop; 0 for an open one */
	uint64_t script_at; /* SCRIPT structure instead of the machine; 0 for the machine */
	int64_t lead_ns; /* out: how long before a due time it last turned to spinning */
	int64_t slept_ns; /* out */
	uint64_t sleeps; /* out */
};
_Static_assert(sizeof(struct lane) == 128, "lane");
_Static_assert(offsetof(struct lane, version) == 0, "lane.version");
_Static_assert(offsetof(struct lane, streams) == 4, "lane.streams");
_Static_assert(offsetof(struct lane, stop) == 8, "lane.stop");
_Static_assert(offsetof(struct lane, steps_done) == 12, "lane.steps_done");
_Static_assert(offsetof(struct lane, makes_calls) == 16, "lane.makes_calls");
_Static_assert(offsetof(struct lane, stop_on_error) == 20, "lane.stop_on_error");
_Static_assert(offsetof(struct lane, start_ns) == 24, "lane.start_ns");
_Static_assert(offsetof(struct lane, max_lead_ns) == 32, "lane.max_lead_ns");
_Static_assert(offsetof(struct lane, busy_share) == 40, "lane.busy_share");
_Static_assert(offsetof(struct lane, gap_ns) == 48, "lane.gap_ns");
_Static_assert(offsetof(struct lane, streams_at) == 56, "lane.streams_at");
_Static_assert(offsetof(struct lane, heap_at) == 64, "lane.heap_at");
_Static_assert(offsetof(struct lane, gaps_at) == 72, "lane.gaps_at");
_Static_assert(offsetof(struct lane, gaps_room) == 80, "lane.gaps_room");
_Static_assert(offsetof(struct lane, gaps) == 84, "lane.gaps");
_Static_assert(offsetof(struct lane, closed_at) == 88, "lane.closed_at");
_Static_assert(offsetof(struct lane, script_at) == 96, "lane.script_at");
_Static_assert(offsetof(struct lane, lead_ns) == 104, "lane.lead_ns");
_Static_assert(offsetof(struct lane, slept_ns) == 112, "lane.slept_ns");
_Static_assert(offsetof(struct lane, sleeps) == 120, "lane.sleeps");

struct stream {
	uint32_t steps; /* steps of one pass */
	uint32_t passes; /* the steps are issued so many times over */
	double period_ns; /* from one pass to the next */
	int32_t fd; /* descriptor that every call goes to */
	uint32_t max_entries; /* most entries in a group cut while running; 0: each step alone */
	uint64_t words; /* address of the program's memory, where done counts are */
	uint64_t words_count; /* its length in 32-bit words; a done_word beyond it is none */
	uint64_t due_at; /* f64 per step, not rounded, never descends */
	uint64_t call_end_at; /* u32 per step: index after its last call */
	uint64_t entry_end_at; /* u32 per step: index after its last entry */
	uint64_t request_at; /* u32 per call: ioctl number */
	uint64_t argument_at; /* u64 per call: address of its argument */
	uint64_t commands_at; /* u32 per call: commands asked */
	uint64_t done_word_at; /* u32 per call: word where asked and done counts stand */
	uint64_t joinable_at; /* u8 per call: 1 where it may join the call before it */
	uint64_t row_due_at; /* out, f64 per row: when the group was due */
	uint64_t row_free_at; /* out, f64 per row: when the thread had returned from the call before it */
	uint64_t row_issued_at; /* out, f64 per row: the last clock reading before the call */
	uint64_t row_completed_at; /* out, f64 per row: the reading after it */
	uint64_t row_first_step_at; /* out, u32 per row: lowest step of the group */
	uint64_t row_last_step_at; /* out, u32 per row: highest step of the group */
	uint64_t row_steps_at; /* out, u32 per row: how many steps it holds */
	uint64_t row_calls_at; /* out, u32 per row */
	uint64_t row_commands_at; /* out, u32 per row: commands asked */
	uint64_t row_reported_at; /* out, u32 per row: commands done, as the kernel reported them */
	uint64_t row_errno_at; /* out, i32 per row: first error of its calls; 0 for none */
	uint32_t rows; /* out: rows that hold */
	uint32_t step; /* the next step */
	uint32_t call; /* its first call */
	uint32_t pass; /* the pass that it is in */
};
_Static_assert(sizeof(struct stream) == 208, "stream");
_Static_assert(offsetof(struct stream, steps) == 0, "stream.steps");
_Static_assert(offsetof(struct stream, passes) == 4, "stream.passes");
_Static_assert(offsetof(struct stream, period_ns) == 8, "stream.period_ns");
_Static_assert(offsetof(struct stream, fd) == 16, "stream.fd");
_Static_assert(offsetof(struct stream, max_entries) == 20, "stream.max_entries");
_Static_assert(offsetof(struct stream, words) == 24, "stream.words");
_Static_assert(offsetof(struct stream, words_count) == 32, "stream.words_count");
_Static_assert(offsetof(struct stream, due_at) == 40, "stream.due_at");
_Static_assert(offsetof(struct stream, call_end_at) == 48, "stream.call_end_at");
_Static_assert(offsetof(struct stream, entry_end_at) == 56, "stream.entry_end_at");
_Static_assert(offsetof(struct stream, request_at) == 64, "stream.request_at");
_Static_assert(offsetof(struct stream, argument_at) == 72, "stream.argument_at");
_Static_assert(offsetof(struct stream, commands_at) == 80, "stream.commands_at");
_Static_assert(offsetof(struct stream, done_word_at) == 88, "stream.done_word_at");
_Static_assert(offsetof(struct stream, joinable_at) == 96, "stream.joinable_at");
_Static_assert(offsetof(struct stream, row_due_at) == 104, "stream.row_due_at");
_Static_assert(offsetof(struct stream, row_free_at) == 112, "stream.row_free_at");
_Static_assert(offsetof(struct stream, row_issued_at) == 120, "stream.row_issued_at");
_Static_assert(offsetof(struct stream, row_completed_at) == 128, "stream.row_completed_at");
_Static_assert(offsetof(struct stream, row_first_step_at) == 136, "stream.row_first_step_at");
_Static_assert(offsetof(struct stream, row_last_step_at) == 144, "stream.row_last_step_at");
_Static_assert(offsetof(struct stream, row_steps_at) == 152, "stream.row_steps_at");
_Static_assert(offsetof(struct stream, row_calls_at) == 160, "stream.row_calls_at");
_Static_assert(offsetof(struct stream, row_commands_at) == 168, "stream.row_commands_at");
_Static_assert(offsetof(struct stream, row_reported_at) == 176, "stream.row_reported_at");
_Static_assert(offsetof(struct stream, row_errno_at) == 184, "stream.row_errno_at");
_Static_assert(offsetof(struct stream, rows) == 192, "stream.rows");
_Static_assert(offsetof(struct stream, step) == 196, "stream.step");
_Static_assert(offsetof(struct stream, call) == 200, "stream.call");
_Static_assert(offsetof(struct stream, pass) == 204, "stream.pass");

struct closed {
	uint32_t waiters; /* guest CPUs */
	uint32_t locks; /* locks of the guest's driver */
	uint32_t targets; /* what one call may serve, numbered over all streams */
	uint32_t items; /* rows of all submissions */
	uint32_t grouping; /* GROUPING */
	uint32_t early; /* 1: a window closes when nobody can add to it */
	uint32_t drains; /* 1: what closes becomes due, and goes when the server is idle */
	uint32_t is_planned; /* 1: steps were joined beforehand; a call is those that end inside it */
	int32_t each_entry; /* target whose entries are a call each; -1 for none */
	uint32_t unused; /* 0 */
	double width_ns; /* of a window, or how long a queue waits */
	double max_commands; /* most commands in a call; infinite for no limit */
	uint64_t start_at; /* u32 per waiter: waiters in the order of their first rows */
	uint64_t submission_end_at; /* u32 per waiter: index after its last submission */
	uint64_t stream_end_at; /* u32 per waiter: index after its last stream */
	uint64_t waiter_stream_at; /* u32: streams that each waiter has rows in */
	uint64_t stream_at; /* u32 per submission */
	uint64_t flags_at; /* u32 per submission: SUBMISSION of closed-loop/submissions.ts */
	uint64_t first_ns_at; /* f64 per submission: recorded time of its first row, in the run */
	uint64_t last_ns_at; /* f64 per submission: recorded time of its last row */
	uint64_t item_end_at; /* u32 per submission: index after its last item */
	uint64_t lock_end_at; /* u32 per submission: index after its last lock */
	uint64_t lock_at; /* u32: locks that intervals take, ascending in each */
	uint64_t what_at; /* u32 per item: ROW of closed-loop/rows.ts */
	uint64_t step_at; /* u32 per item: a request's step in its stream */
	uint64_t target_at; /* u32 per item: of requests, what its call serves */
	uint64_t kind_at; /* u32 per item: kinds that a barrier separates share no call */
	uint64_t commands_at; /* u32 per item */
	uint64_t gather_at; /* room for the commands of one call */
	uint64_t arrival_at; /* out, f64 per item: when it arrived */
	uint64_t released_at; /* out, f64 per item: when a barrier was released; NaN where it was not */
	uint64_t stall_at; /* out, f64 per item: stall of a barrier */
	uint64_t released_by_at; /* out, u32 per item: row of its stream whose call released it */
};
_Static_assert(sizeof(struct closed) == 224, "closed");
_Static_assert(offsetof(struct closed, waiters) == 0, "closed.waiters");
_Static_assert(offsetof(struct closed, locks) == 4, "closed.locks");
_Static_assert(offsetof(struct closed, targets) == 8, "closed.targets");
_Static_assert(offsetof(struct closed, items) == 12, "closed.items");
_Static_assert(offsetof(struct closed, grouping) == 16, "closed.grouping");
_Static_assert(offsetof(struct closed, early) == 20, "closed.early");
_Static_assert(offsetof(struct closed, drains) == 24, "closed.drains");
_Static_assert(offsetof(struct closed, is_planned) == 28, "closed.is_planned");
_Static_assert(offsetof(struct closed, each_entry) == 32, "closed.each_entry");
_Static_assert(offsetof(struct closed, unused) == 36, "closed.unused");
_Static_assert(offsetof(struct closed, width_ns) == 40, "closed.width_ns");
_Static_assert(offsetof(struct closed, max_commands) == 48, "closed.max_commands");
_Static_assert(offsetof(struct closed, start_at) == 56, "closed.start_at");
_Static_assert(offsetof(struct closed, submission_end_at) == 64, "closed.submission_end_at");
_Static_assert(offsetof(struct closed, stream_end_at) == 72, "closed.stream_end_at");
_Static_assert(offsetof(struct closed, waiter_stream_at) == 80, "closed.waiter_stream_at");
_Static_assert(offsetof(struct closed, stream_at) == 88, "closed.stream_at");
_Static_assert(offsetof(struct closed, flags_at) == 96, "closed.flags_at");
_Static_assert(offsetof(struct closed, first_ns_at) == 104, "closed.first_ns_at");
_Static_assert(offsetof(struct closed, last_ns_at) == 112, "closed.last_ns_at");
_Static_assert(offsetof(struct closed, item_end_at) == 120, "closed.item_end_at");
_Static_assert(offsetof(struct closed, lock_end_at) == 128, "closed.lock_end_at");
_Static_assert(offsetof(struct closed, lock_at) == 136, "closed.lock_at");
_Static_assert(offsetof(struct closed, what_at) == 144, "closed.what_at");
_Static_assert(offsetof(struct closed, step_at) == 152, "closed.step_at");
_Static_assert(offsetof(struct closed, target_at) == 160, "closed.target_at");
_Static_assert(offsetof(struct closed, kind_at) == 168, "closed.kind_at");
_Static_assert(offsetof(struct closed, commands_at) == 176, "closed.commands_at");
_Static_assert(offsetof(struct closed, gather_at) == 184, "closed.gather_at");
_Static_assert(offsetof(struct closed, arrival_at) == 192, "closed.arrival_at");
_Static_assert(offsetof(struct closed, released_at) == 200, "closed.released_at");
_Static_assert(offsetof(struct closed, stall_at) == 208, "closed.stall_at");
_Static_assert(offsetof(struct closed, released_by_at) == 216, "closed.released_by_at");

struct gap {
	int64_t at_ns; /* where it begins */
	int64_t length_ns; /* how long */
	uint32_t where; /* GAP_WHERE */
	uint32_t stream; /* whose step came next or was being issued */
	int64_t waited_ns; /* runnable without a CPU; -1 where the kernel does not tell */
	int64_t stolen_ns; /* taken by the hypervisor from the CPU; -1 where not told */
	uint32_t major_faults; /* page faults that waited for a device */
	uint32_t minor_faults; /* other page faults */
	int64_t accounts_ns; /* the stretch, gap included, over which the accounts grew */
};
_Static_assert(sizeof(struct gap) == 56, "gap");
_Static_assert(offsetof(struct gap, at_ns) == 0, "gap.at_ns");
_Static_assert(offsetof(struct gap, length_ns) == 8, "gap.length_ns");
_Static_assert(offsetof(struct gap, where) == 16, "gap.where");
_Static_assert(offsetof(struct gap, stream) == 20, "gap.stream");
_Static_assert(offsetof(struct gap, waited_ns) == 24, "gap.waited_ns");
_Static_assert(offsetof(struct gap, stolen_ns) == 32, "gap.stolen_ns");
_Static_assert(offsetof(struct gap, major_faults) == 40, "gap.major_faults");
_Static_assert(offsetof(struct gap, minor_faults) == 44, "gap.minor_faults");
_Static_assert(offsetof(struct gap, accounts_ns) == 48, "gap.accounts_ns");

struct script {
	int64_t now_ns; /* its time */
	int64_t read_ns; /* what a reading takes */
	int64_t wake_ns; /* how late a sleeper wakes */
	uint32_t services; /* length of the service column; the last one holds for all that follow */
	uint32_t errors; /* length of the errno column */
	uint64_t service_at; /* i64 per call: how long it takes */
	uint64_t errno_at; /* i32 per call: its errno; 0 for success */
	uint32_t calls; /* out: calls made */
	uint32_t calls_room; /* CALL structures there is room for */
	uint64_t calls_at; /* CALL structures */
	int32_t stop_after; /* sets the stop word in this call; -1 for never */
	uint32_t sleeps; /* out: sleeps asked for */
	uint32_t reads_arrays; /* 1: arguments are IOMMU_HWPT_INVALIDATE structures, to be read */
	uint32_t unused; /* 0 */
	int64_t sleeps_longest_ns; /* out: the longest sleep asked for */
};
_Static_assert(sizeof(struct script) == 88, "script");
_Static_assert(offsetof(struct script, now_ns) == 0, "script.now_ns");
_Static_assert(offsetof(struct script, read_ns) == 8, "script.read_ns");
_Static_assert(offsetof(struct script, wake_ns) == 16, "script.wake_ns");
_Static_assert(offsetof(struct script, services) == 24, "script.services");
_Static_assert(offsetof(struct script, errors) == 28, "script.errors");
_Static_assert(offsetof(struct script, service_at) == 32, "script.service_at");
_Static_assert(offsetof(struct script, errno_at) == 40, "script.errno_at");
_Static_assert(offsetof(struct script, calls) == 48, "script.calls");
_Static_assert(offsetof(struct script, calls_room) == 52, "script.calls_room");
_Static_assert(offsetof(struct script, calls_at) == 56, "script.calls_at");
_Static_assert(offsetof(struct script, stop_after) == 64, "script.stop_after");
_Static_assert(offsetof(struct script, sleeps) == 68, "script.sleeps");
_Static_assert(offsetof(struct script, reads_arrays) == 72, "script.reads_arrays");
_Static_assert(offsetof(struct script, unused) == 76, "script.unused");
_Static_assert(offsetof(struct script, sleeps_longest_ns) == 80, "script.sleeps_longest_ns");

struct call {
	uint64_t argument; /* address of its argument */
	int64_t at_ns; /* when */
	int32_t fd; /* descriptor */
	uint32_t request; /* ioctl number */
	uint32_t count; /* commands asked, where the argument is an array of them */
	uint32_t digest; /* of the array's target and bytes */
};
_Static_assert(sizeof(struct call) == 32, "call");
_Static_assert(offsetof(struct call, argument) == 0, "call.argument");
_Static_assert(offsetof(struct call, at_ns) == 8, "call.at_ns");
_Static_assert(offsetof(struct call, fd) == 16, "call.fd");
_Static_assert(offsetof(struct call, request) == 20, "call.request");
_Static_assert(offsetof(struct call, count) == 24, "call.count");
_Static_assert(offsetof(struct call, digest) == 28, "call.digest");

struct noise {
	uint32_t version; /* LAYOUT_VERSION */
	uint32_t gaps_over_10us; /* out */
	int64_t span_ns; /* how long to measure; out: how long it was */
	double busy_share; /* as in LANE */
	uint64_t reads; /* out */
	int64_t lost_over_1us_ns; /* out: time inside gaps longer than that */
	int64_t lost_over_10us_ns; /* out */
	int64_t lost_over_100us_ns; /* out */
	int64_t longest_gap_ns; /* out */
};
_Static_assert(sizeof(struct noise) == 64, "noise");
_Static_assert(offsetof(struct noise, version) == 0, "noise.version");
_Static_assert(offsetof(struct noise, gaps_over_10us) == 4, "noise.gaps_over_10us");
_Static_assert(offsetof(struct noise, span_ns) == 8, "noise.span_ns");
_Static_assert(offsetof(struct noise, busy_share) == 16, "noise.busy_share");
_Static_assert(offsetof(struct noise, reads) == 24, "noise.reads");
_Static_assert(offsetof(struct noise, lost_over_1us_ns) == 32, "noise.lost_over_1us_ns");
_Static_assert(offsetof(struct noise, lost_over_10us_ns) == 40, "noise.lost_over_10us_ns");
_Static_assert(offsetof(struct noise, lost_over_100us_ns) == 48, "noise.lost_over_100us_ns");
_Static_assert(offsetof(struct noise, longest_gap_ns) == 56, "noise.longest_gap_ns");

#endif
