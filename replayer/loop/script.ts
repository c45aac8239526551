// A machine that follows a script, laid out beside a lane's work: both loops run against the same one, so that
// their calls, groups, errors and times can be compared. Only tests give one.

import { Struct, type Room } from './block.ts';
import { LAYOUT } from './layout.ts';

export interface ScriptWork {
  readonly nowNs: number;
  /** What a reading of the clock takes; 0 for one that stands still. */
  readonly readNs: number;
  /** How late a sleeper wakes. */
  readonly wakeNs: number;
  /** How long call i takes; the last one holds for all that follow. */
  readonly serviceNs: readonly number[];
  /** Errno of call i; 0 or absent for success. */
  readonly errnos: readonly number[];
  /** Sets the stop word in this call. */
  readonly stopAfter?: number | undefined;
  /** Arguments are IOMMU_HWPT_INVALIDATE structures: what they hold is written down. */
  readonly readsArrays?: boolean;
  /** Calls that are written down. */
  readonly callsRoom: number;
}

/** Reserves room for it, and adds the writing of it. Returns where it is. */
export function layScript(
  room: Room,
  puts: ((shared: SharedArrayBuffer) => void)[],
  work: ScriptWork,
): number {
  const at = room.takeStruct('script');
  const service = room.take(work.serviceNs.length * 8);
  const errors = room.take(work.errnos.length * 4);
  const calls = room.takeStruct('call', work.callsRoom);
  puts.push((shared) => {
    const fields: Readonly<Record<string, number>> = {
      now_ns: work.nowNs,
      read_ns: work.readNs,
      wake_ns: work.wakeNs,
      services: work.serviceNs.length,
      errors: work.errnos.length,
      service_at: service,
      errno_at: errors,
      calls_room: work.callsRoom,
      calls_at: calls,
      stop_after: work.stopAfter ?? -1,
      reads_arrays: work.readsArrays === true ? 1 : 0,
    };
    const struct = new Struct(shared, 'script', at);
    for (const [name, value] of Object.entries(fields)) struct.set(name, value);
    new BigInt64Array(shared, service, work.serviceNs.length).set(work.serviceNs.map(BigInt));
    new Int32Array(shared, errors, work.errnos.length).set(work.errnos);
  });
  return at;
}

export interface ScriptedCall {
  readonly argument: number;
  readonly atNs: number;
  readonly fd: number;
  readonly request: number;
  /** Of arrays that were read: commands, and a digest of target and bytes. */
  readonly count: number;
  readonly digest: number;
}

/** The script after a run: its calls, and how it slept. */
export class Script {
  readonly struct: Struct;
  readonly #shared: SharedArrayBuffer;

  constructor(shared: SharedArrayBuffer, at: number) {
    this.#shared = shared;
    this.struct = new Struct(shared, 'script', at);
  }

  get calls(): readonly ScriptedCall[] {
    const kept = Math.min(this.struct.get('calls'), this.struct.get('calls_room'));
    return Array.from({ length: kept }, (_, i) => {
      const call = this.call(i);
      return {
        argument: call.get('argument'),
        atNs: call.get('at_ns'),
        fd: call.get('fd'),
        request: call.get('request'),
        count: call.get('count'),
        digest: call.get('digest'),
      };
    });
  }

  call(i: number): Struct {
    const at = this.struct.get('calls_at') + i * LAYOUT.call.bytes;
    return new Struct(this.#shared, 'call', at);
  }

  serviceNs(call: number): number {
    const services = this.struct.get('services');
    if (services === 0) return 0;
    const at = this.struct.get('service_at') + Math.min(call, services - 1) * 8;
    return Number(new BigInt64Array(this.#shared, at, 1)[0]);
  }

  errno(call: number): number {
    if (call >= this.struct.get('errors')) return 0;
    return new Int32Array(this.#shared, this.struct.get('errno_at') + call * 4, 1)[0];
  }
}
