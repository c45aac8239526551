// The one memory layout of an issue loop: what it is given and what it leaves behind, as packed structures in
// one shared block. This table is the only description: offsets for TypeScript and the C header are both made
// from it (layout-header.ts), and a test compares them byte for byte. Little-endian, no padding left to chance.

/** Raised with every change below; the native loop refuses any other. */
export const LAYOUT_VERSION = 2;

/** `at`: where a column begins, in bytes from the block's start; 0 where there is none. */
export type FieldType = 'u32' | 'i32' | 'i64' | 'u64' | 'f64' | 'at';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly help: string;
}

export const FIELD_BYTES: Readonly<Record<FieldType, number>> = {
  u32: 4,
  i32: 4,
  i64: 8,
  u64: 8,
  f64: 8,
  at: 8,
};

const field = (name: string, type: FieldType, help: string): Field => ({ name, type, help });

/** At byte 0 of the block. Times are ns; those of one run count from its common start. */
const LANE: readonly Field[] = [
  field('version', 'u32', 'LAYOUT_VERSION'),
  field('streams', 'u32', 'streams that share this thread'),
  field('stop', 'i32', 'set by another thread: end soon, keep what was done'),
  field('steps_done', 'u32', 'progress, of all streams; read by another thread'),
  field('makes_calls', 'u32', '0: the loop runs, its system calls are left out'),
  field('stop_on_error', 'u32', '1: the first call that fails ends the run'),
  field('start_ns', 'i64', 'the common start on CLOCK_MONOTONIC'),
  field('max_lead_ns', 'i64', 'longest stretch that is spun before a due time'),
  field('busy_share', 'f64', 'most of any millisecond that it may be busy; 0: no limit'),
  field('gap_ns', 'i64', 'shorter gaps are not recorded'),
  field('streams_at', 'at', 'STREAM structures'),
  field('heap_at', 'at', 'room for an i64 and a u32 per stream'),
  field('gaps_at', 'at', 'GAP structures'),
  field('gaps_room', 'u32', 'GAP structures there is room for'),
  field('gaps', 'u32', 'out: gaps found; those beyond the room are only counted'),
  field('closed_at', 'at', 'CLOSED structure: a closed loop; 0 for an open one'),
  field('script_at', 'at', 'SCRIPT structure instead of the machine; 0 for the machine'),
  field('lead_ns', 'i64', 'out: how long before a due time it last turned to spinning'),
  field('slept_ns', 'i64', 'out'),
  field('sleeps', 'u64', 'out'),
];

/** One ordered queue: its steps, the calls that they make, and a row per issued group of steps. */
const STREAM: readonly Field[] = [
  field('steps', 'u32', 'steps of one pass'),
  field('passes', 'u32', 'the steps are issued so many times over'),
  field('period_ns', 'f64', 'from one pass to the next'),
  field('fd', 'i32', 'descriptor that every call goes to'),
  field('max_entries', 'u32', 'most entries in a group cut while running; 0: each step alone'),
  field('words', 'u64', "address of the program's memory, where done counts are"),
  field('words_count', 'u64', 'its length in 32-bit words; a done_word beyond it is none'),
  field('due_at', 'at', 'f64 per step, not rounded, never descends'),
  field('call_end_at', 'at', 'u32 per step: index after its last call'),
  field('entry_end_at', 'at', 'u32 per step: index after its last entry'),
  field('request_at', 'at', 'u32 per call: ioctl number'),
  field('argument_at', 'at', 'u64 per call: address of its argument'),
  field('commands_at', 'at', 'u32 per call: commands asked'),
  field('done_word_at', 'at', 'u32 per call: word where asked and done counts stand'),
  field('joinable_at', 'at', 'u8 per call: 1 where it may join the call before it'),
  field('row_due_at', 'at', 'out, f64 per row: when the group was due'),
  field(
    'row_free_at',
    'at',
    'out, f64 per row: when the thread had returned from the call before it',
  ),
  field('row_issued_at', 'at', 'out, f64 per row: the last clock reading before the call'),
  field('row_completed_at', 'at', 'out, f64 per row: the reading after it'),
  field('row_first_step_at', 'at', 'out, u32 per row: lowest step of the group'),
  field('row_last_step_at', 'at', 'out, u32 per row: highest step of the group'),
  field('row_steps_at', 'at', 'out, u32 per row: how many steps it holds'),
  field('row_calls_at', 'at', 'out, u32 per row'),
  field('row_commands_at', 'at', 'out, u32 per row: commands asked'),
  field('row_reported_at', 'at', 'out, u32 per row: commands done, as the kernel reported them'),
  field('row_errno_at', 'at', 'out, i32 per row: first error of its calls; 0 for none'),
  field('rows', 'u32', 'out: rows that hold'),
  field('step', 'u32', 'the next step'),
  field('call', 'u32', 'its first call'),
  field('pass', 'u32', 'the pass that it is in'),
];

/**
 * A closed loop: what each waiter asks, in its own order, and how calls are formed from what has arrived
 * (design 13). Streams are those of the lane. Items are the rows of all waiters' submissions, one waiter after
 * the other.
 */
const CLOSED: readonly Field[] = [
  field('waiters', 'u32', 'guest CPUs'),
  field('locks', 'u32', "locks of the guest's driver"),
  field('targets', 'u32', 'what one call may serve, numbered over all streams'),
  field('items', 'u32', 'rows of all submissions'),
  field('grouping', 'u32', 'GROUPING'),
  field('early', 'u32', '1: a window closes when nobody can add to it'),
  field('drains', 'u32', '1: what closes becomes due, and goes when the server is idle'),
  field('is_planned', 'u32', '1: steps were joined beforehand; a call is those that end inside it'),
  field('each_entry', 'i32', 'target whose entries are a call each; -1 for none'),
  field('unused', 'u32', '0'),
  field('width_ns', 'f64', 'of a window, or how long a queue waits'),
  field('max_commands', 'f64', 'most commands in a call; infinite for no limit'),
  field('start_at', 'at', 'u32 per waiter: waiters in the order of their first rows'),
  field('submission_end_at', 'at', 'u32 per waiter: index after its last submission'),
  field('stream_end_at', 'at', 'u32 per waiter: index after its last stream'),
  field('waiter_stream_at', 'at', 'u32: streams that each waiter has rows in'),
  field('stream_at', 'at', 'u32 per submission'),
  field('flags_at', 'at', 'u32 per submission: SUBMISSION of closed-loop/submissions.ts'),
  field('first_ns_at', 'at', 'f64 per submission: recorded time of its first row, in the run'),
  field('last_ns_at', 'at', 'f64 per submission: recorded time of its last row'),
  field('item_end_at', 'at', 'u32 per submission: index after its last item'),
  field('lock_end_at', 'at', 'u32 per submission: index after its last lock'),
  field('lock_at', 'at', 'u32: locks that intervals take, ascending in each'),
  field('what_at', 'at', 'u32 per item: ROW of closed-loop/rows.ts'),
  field('step_at', 'at', "u32 per item: a request's step in its stream"),
  field('target_at', 'at', 'u32 per item: of requests, what its call serves'),
  field('kind_at', 'at', 'u32 per item: kinds that a barrier separates share no call'),
  field('commands_at', 'at', 'u32 per item'),
  field('gather_at', 'at', 'room for the commands of one call'),
  field('arrival_at', 'at', 'out, f64 per item: when it arrived'),
  field(
    'released_at',
    'at',
    'out, f64 per item: when a barrier was released; NaN where it was not',
  ),
  field('stall_at', 'at', 'out, f64 per item: stall of a barrier'),
  field('released_by_at', 'at', 'out, u32 per item: row of its stream whose call released it'),
];

/** A stretch in which the thread got nowhere, with the growth of the kernel's accounts over it. */
const GAP: readonly Field[] = [
  field('at_ns', 'i64', 'where it begins'),
  field('length_ns', 'i64', 'how long'),
  field('where', 'u32', 'GAP_WHERE'),
  field('stream', 'u32', 'whose step came next or was being issued'),
  field('waited_ns', 'i64', 'runnable without a CPU; -1 where the kernel does not tell'),
  field('stolen_ns', 'i64', 'taken by the hypervisor from the CPU; -1 where not told'),
  field('major_faults', 'u32', 'page faults that waited for a device'),
  field('minor_faults', 'u32', 'other page faults'),
  field('accounts_ns', 'i64', 'the stretch, gap included, over which the accounts grew'),
];

/** For tests: a clock that moves only when it is read, slept on or called through. */
const SCRIPT: readonly Field[] = [
  field('now_ns', 'i64', 'its time'),
  field('read_ns', 'i64', 'what a reading takes'),
  field('wake_ns', 'i64', 'how late a sleeper wakes'),
  field('services', 'u32', 'length of the service column; the last one holds for all that follow'),
  field('errors', 'u32', 'length of the errno column'),
  field('service_at', 'at', 'i64 per call: how long it takes'),
  field('errno_at', 'at', 'i32 per call: its errno; 0 for success'),
  field('calls', 'u32', 'out: calls made'),
  field('calls_room', 'u32', 'CALL structures there is room for'),
  field('calls_at', 'at', 'CALL structures'),
  field('stop_after', 'i32', 'sets the stop word in this call; -1 for never'),
  field('sleeps', 'u32', 'out: sleeps asked for'),
  field('reads_arrays', 'u32', '1: arguments are IOMMU_HWPT_INVALIDATE structures, to be read'),
  field('unused', 'u32', '0'),
  field('sleeps_longest_ns', 'i64', 'out: the longest sleep asked for'),
];

/** A call as the scripted machine saw it. */
const CALL: readonly Field[] = [
  field('argument', 'u64', 'address of its argument'),
  field('at_ns', 'i64', 'when'),
  field('fd', 'i32', 'descriptor'),
  field('request', 'u32', 'ioctl number'),
  field('count', 'u32', 'commands asked, where the argument is an array of them'),
  field('digest', 'u32', "of the array's target and bytes"),
];

/** What the noise floor of a thread is measured into. */
const NOISE: readonly Field[] = [
  field('version', 'u32', 'LAYOUT_VERSION'),
  field('gaps_over_10us', 'u32', 'out'),
  field('span_ns', 'i64', 'how long to measure; out: how long it was'),
  field('busy_share', 'f64', 'as in LANE'),
  field('reads', 'u64', 'out'),
  field('lost_over_1us_ns', 'i64', 'out: time inside gaps longer than that'),
  field('lost_over_10us_ns', 'i64', 'out'),
  field('lost_over_100us_ns', 'i64', 'out'),
  field('longest_gap_ns', 'i64', 'out'),
];

/** How calls are formed (strategies/grouping.ts); a request in the waiter's thread or by a worker. */
export const GROUPING = {
  request: 0,
  eager: 1,
  interval: 2,
  submission: 3,
  window: 4,
  drain: 5,
  queue: 6,
} as const;

export const GAP_WHERE = { spin: 0, sleep: 1, call: 2 } as const;

export const STRUCTS = {
  lane: LANE,
  stream: STREAM,
  closed: CLOSED,
  gap: GAP,
  script: SCRIPT,
  call: CALL,
  noise: NOISE,
} as const satisfies Readonly<Record<string, readonly Field[]>>;
export type StructName = keyof typeof STRUCTS;

export interface Struct {
  readonly bytes: number;
  readonly fields: ReadonlyMap<string, { readonly at: number; readonly type: FieldType }>;
}

/** Offsets by the rule of C: each field at a multiple of its size. Throws where that would leave a hole. */
function lay(name: string, fields: readonly Field[]): Struct {
  let at = 0;
  const places = new Map<string, { at: number; type: FieldType }>();
  for (const { name: each, type } of fields) {
    const bytes = FIELD_BYTES[type];
    if (at % bytes !== 0) throw new Error(`layout: ${name}.${each} is not aligned`);
    places.set(each, { at, type });
    at += bytes;
  }
  if (at % 8 !== 0) throw new Error(`layout: ${name} is not a multiple of 8 bytes`);
  return { bytes: at, fields: places };
}

export const LAYOUT: Readonly<Record<StructName, Struct>> = {
  lane: lay('lane', LANE),
  stream: lay('stream', STREAM),
  closed: lay('closed', CLOSED),
  gap: lay('gap', GAP),
  script: lay('script', SCRIPT),
  call: lay('call', CALL),
  noise: lay('noise', NOISE),
};
