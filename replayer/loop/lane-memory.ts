// What one thread is to issue and what it leaves behind, laid out in one shared block (layout.ts): written
// here before a run, read by either loop, read again here after it.

import { addressOf } from '../calls/native.ts';
import { Room, Struct } from './block.ts';
import { layClosed, type ClosedWork } from './closed-work.ts';
import { LAYOUT, LAYOUT_VERSION } from './layout.ts';
import { layScript, type ScriptWork } from './script.ts';

/** Steps of one stream with their encoded calls. Times are ns from the run's start. */
export interface StreamWork {
  readonly steps: number;
  /** The steps are issued so many times over, each pass `periodNs` after the one before. */
  readonly passes: number;
  readonly periodNs: number;
  /** Per step, not rounded: the loop rounds once. Never descends. */
  readonly dueNs: Float64Array;
  readonly stepCallEnd: Uint32Array;
  readonly stepEntryEnd: Uint32Array;
  readonly fd: number;
  readonly request: Uint32Array;
  /** Address of each call's argument. */
  readonly argument: Float64Array;
  /** Commands asked in each call; 0 for one that only prepares the next. */
  readonly commands: Uint32Array;
  readonly doneWord: Uint32Array;
  readonly joinable: Uint8Array;
  /** The program's memory, where done counts are, and its address. */
  readonly words: Uint32Array;
  readonly wordsAddress: number;
  /** Most entries in one group of steps cut while running; 0 issues every step alone. */
  readonly maxEntries: number;
}

export interface LaneWork {
  readonly streams: readonly StreamWork[];
  /** False: the loop runs, its calls are left out. */
  readonly makesCalls: boolean;
  readonly stopOnError: boolean;
  /** Longest stretch that is spun before a due time. */
  readonly maxLeadNs: number;
  /** Most of any millisecond that the thread may be busy; 0 for no limit. */
  readonly busyShare: number;
  /** A closed loop over these streams: due times and holds of the streams mean nothing then. */
  readonly closed?: ClosedWork | undefined;
  /** For tests: a machine that follows a script. */
  readonly script?: ScriptWork;
}

/** What happened, per issued group of steps: one row each. */
export interface LoopOutput {
  readonly dueNs: Float64Array;
  /** When the thread had returned from the call before it, whichever stream's. */
  readonly freeNs: Float64Array;
  readonly issuedNs: Float64Array;
  readonly completedNs: Float64Array;
  /** Lowest and highest step of the group, and how many steps it holds. */
  readonly firstStep: Uint32Array;
  readonly lastStep: Uint32Array;
  readonly steps: Uint32Array;
  readonly calls: Uint32Array;
  readonly entries: Uint32Array;
  /** Commands done as the kernel reported them, or those of calls without a count that succeeded; summed. */
  readonly reported: Uint32Array;
  /** First errno of the group's calls; 0 where all succeeded. */
  readonly errno: Int32Array;
}

/** A gap as the loop noted it. Fields as in GAP of layout.ts. */
export interface RawGap {
  readonly at_ns: number;
  readonly length_ns: number;
  readonly where: number;
  readonly stream: number;
  readonly waited_ns: number;
  readonly stolen_ns: number;
  readonly major_faults: number;
  readonly minor_faults: number;
  readonly accounts_ns: number;
}

/** Gaps longer than this are noted: the shorter ones are the host's everyday noise. */
export const GAP_NS = 1e6;
const GAPS_ROOM = 1_000;

const IN: readonly (readonly [field: string, column: keyof StreamWork])[] = [
  ['due_at', 'dueNs'],
  ['call_end_at', 'stepCallEnd'],
  ['entry_end_at', 'stepEntryEnd'],
  ['request_at', 'request'],
  ['commands_at', 'commands'],
  ['done_word_at', 'doneWord'],
  ['joinable_at', 'joinable'],
];

const OUT = [
  ['row_due_at', 'dueNs', Float64Array],
  ['row_free_at', 'freeNs', Float64Array],
  ['row_issued_at', 'issuedNs', Float64Array],
  ['row_completed_at', 'completedNs', Float64Array],
  ['row_first_step_at', 'firstStep', Uint32Array],
  ['row_last_step_at', 'lastStep', Uint32Array],
  ['row_steps_at', 'steps', Uint32Array],
  ['row_calls_at', 'calls', Uint32Array],
  ['row_commands_at', 'entries', Uint32Array],
  ['row_reported_at', 'reported', Uint32Array],
  ['row_errno_at', 'errno', Int32Array],
] as const;

/** Bytes of one row over all columns. */
export const ROW_BYTES = OUT.reduce((sum, [, , array]) => sum + array.BYTES_PER_ELEMENT, 0);

type Put = (shared: SharedArrayBuffer) => void;

/** Where everything goes: bytes in all, and the writing of it, once there is a block. */
function place(work: LaneWork): { readonly bytes: number; readonly puts: readonly Put[] } {
  const room = new Room();
  const puts: Put[] = [];
  const lane = room.takeStruct('lane');
  const streams = room.takeStruct('stream', work.streams.length);
  const heap = room.take(work.streams.length * 12);
  const gaps = room.takeStruct('gap', GAPS_ROOM);
  work.streams.forEach((stream, i) =>
    placeStream(room, puts, stream, streams + i * LAYOUT.stream.bytes),
  );
  const closed = work.closed === undefined ? 0 : layClosed(room, puts, work.closed);
  const script = work.script === undefined ? 0 : layScript(room, puts, work.script);
  puts.push((shared) =>
    setAll(new Struct(shared, 'lane', lane), {
      version: LAYOUT_VERSION,
      streams: work.streams.length,
      makes_calls: work.makesCalls ? 1 : 0,
      stop_on_error: work.stopOnError ? 1 : 0,
      max_lead_ns: Math.round(work.maxLeadNs),
      busy_share: work.busyShare,
      gap_ns: GAP_NS,
      streams_at: streams,
      heap_at: heap,
      gaps_at: gaps,
      gaps_room: GAPS_ROOM,
      closed_at: closed,
      script_at: script,
    }),
  );
  return { bytes: room.used, puts };
}

function placeStream(room: Room, puts: Put[], work: StreamWork, at: number): void {
  const fields: Record<string, number> = {
    steps: work.steps,
    passes: work.passes,
    period_ns: work.periodNs,
    fd: work.fd,
    max_entries: work.maxEntries,
    words: work.wordsAddress,
    words_count: work.words.length,
  };
  for (const [name, key] of IN) {
    const column = work[key] as Float64Array | Uint32Array | Uint8Array;
    fields[name] = room.take(column.byteLength);
    const from = new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    puts.push((shared) => new Uint8Array(shared, fields[name]).set(from));
  }
  fields.argument_at = room.take(work.argument.length * 8);
  puts.push((shared) => {
    const column = new BigUint64Array(shared, fields.argument_at, work.argument.length);
    work.argument.forEach((address, i) => (column[i] = BigInt(address)));
  });
  const rows = work.steps * work.passes;
  for (const [name, , array] of OUT) fields[name] = room.take(rows * array.BYTES_PER_ELEMENT);
  puts.push((shared) => setAll(new Struct(shared, 'stream', at), fields));
}

export function setAll(struct: Struct, fields: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(fields)) struct.set(name, value);
}

/** Lays `work` out, in `reused` where it has the room. Every page of the block is touched. */
export function layLane(work: LaneWork, reused?: SharedArrayBuffer): SharedArrayBuffer {
  const { bytes, puts } = place(work);
  const shared =
    reused !== undefined && reused.byteLength >= bytes ? reused : new SharedArrayBuffer(bytes);
  new Uint8Array(shared).fill(0);
  for (const put of puts) put(shared);
  return shared;
}

/** Views of a laid-out block, on any thread. */
export class LaneMemory {
  readonly shared: SharedArrayBuffer;
  readonly lane: Struct;
  readonly streams: readonly Struct[];
  /** 32-bit words, for Atomics. */
  readonly words: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.lane = new Struct(shared, 'lane', 0);
    const first = this.lane.get('streams_at');
    this.streams = Array.from(
      { length: this.lane.get('streams') },
      (_, i) => new Struct(shared, 'stream', first + i * LAYOUT.stream.bytes),
    );
    this.words = new Int32Array(shared);
  }

  /** Steps issued so far, of all streams. */
  get stepsDone(): number {
    return Atomics.load(this.words, this.lane.wordOf('steps_done')) >>> 0;
  }

  /** Asks the loop to end; what was done is kept. */
  stop(): void {
    Atomics.store(this.words, this.lane.wordOf('stop'), 1);
  }

  get isStopped(): boolean {
    return Atomics.load(this.words, this.lane.wordOf('stop')) !== 0;
  }

  /** Of a closed loop: where the commands of one call are gathered. */
  get gather(): { readonly words: Uint32Array; readonly address: number } {
    const closed = new Struct(this.shared, 'closed', this.lane.get('closed_at'));
    const words = new Uint32Array(this.shared, closed.get('gather_at'));
    return { words, address: addressOf(words) };
  }

  /** The rows of stream `i`; the first `rows` of them hold. */
  output(i: number): LoopOutput {
    const stream = this.streams[i];
    const rows = stream.get('steps') * stream.get('passes');
    const columns = OUT.map(([field, name, array]) => [
      name,
      new (array as new (from: SharedArrayBuffer, at: number, length: number) => ArrayBufferView)(
        this.shared,
        stream.get(field),
        rows,
      ),
    ]);
    return Object.fromEntries(columns) as LoopOutput;
  }

  gaps(): readonly RawGap[] {
    const first = this.lane.get('gaps_at');
    const kept = Math.min(this.lane.get('gaps'), this.lane.get('gaps_room'));
    return Array.from({ length: kept }, (_, i) => {
      const gap = new Struct(this.shared, 'gap', first + i * LAYOUT.gap.bytes);
      const names = [...LAYOUT.gap.fields.keys()];
      return Object.fromEntries(names.map((name) => [name, gap.get(name)])) as unknown as RawGap;
    });
  }
}
