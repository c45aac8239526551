// What the JavaScript loop needs of a machine: a clock that counts from the common start, a sleep, a call.

import { errno, ioctl, memoryAt } from '../../calls/native.ts';
import type { Struct } from '../block.ts';
import { monotonicClock } from '../clock.ts';
import type { LaneMemory } from '../lane-memory.ts';
import { Script } from '../script.ts';

export interface Machine {
  /** ns from the common start. */
  now(): number;
  sleepUntil(atNs: number): void;
  /** Returns 0 or the errno. */
  call(fd: number, request: number, argument: number): number;
}

/** The script where the block carries one, the real machine otherwise. */
export function machineOf(memory: LaneMemory): Machine {
  const script = memory.lane.get('script_at');
  return script === 0 ? realMachine(memory) : scriptedMachine(memory, script);
}

function realMachine({ lane }: LaneMemory): Machine {
  const startNs = lane.getWide('start_ns');
  const clock = monotonicClock([
    Number(startNs / 1_000_000_000n),
    Number(startNs % 1_000_000_000n),
  ]);
  const makesCalls = lane.get('makes_calls') !== 0;
  return {
    now: () => clock.now(),
    sleepUntil: (atNs) => clock.sleepUntil(atNs),
    call(fd, request, argument) {
      if (!makesCalls || ioctl(fd, request, argument) >= 0) return 0;
      return errno();
    },
  };
}

function scriptedMachine(memory: LaneMemory, at: number): Machine {
  const script = new Script(memory.shared, at);
  const { struct } = script;
  const startNs = memory.lane.get('start_ns');
  const add = (field: string, value: number): void => struct.set(field, struct.get(field) + value);
  return {
    now() {
      add('now_ns', struct.get('read_ns'));
      return struct.get('now_ns') - startNs;
    },
    sleepUntil(atNs) {
      const target = atNs + startNs;
      const now = struct.get('now_ns');
      add('sleeps', 1);
      struct.set('sleeps_longest_ns', Math.max(struct.get('sleeps_longest_ns'), target - now));
      struct.set('now_ns', Math.max(now, target) + struct.get('wake_ns'));
    },
    call(fd, request, argument) {
      const index = struct.get('calls');
      add('calls', 1);
      if (index < struct.get('calls_room')) {
        const call = script.call(index);
        call.set('argument', argument);
        call.set('at_ns', struct.get('now_ns'));
        call.set('fd', fd);
        call.set('request', request);
        if (struct.get('reads_arrays') === 1) readArray(call, argument);
      }
      add('now_ns', script.serviceNs(index));
      if (struct.get('stop_after') === index) memory.stop();
      return script.errno(index);
    },
  };
}

/** The commands of a struct iommu_hwpt_invalidate, read where it stands. */
function readArray(call: Struct, argument: number): void {
  const words = new Uint32Array(memoryAt(argument, 32));
  const dataAt = words[2] + words[3] * 2 ** 32;
  let digest = words[1];
  for (const byte of new Uint8Array(memoryAt(dataAt, words[5] * words[6])))
    digest = (Math.imul(digest, 31) + byte) >>> 0;
  call.set('count', words[6]);
  call.set('digest', digest);
}
