// A plan as IOMMU_HWPT_INVALIDATE calls: the argument structures and all entries in one pinned block.
// Struct layout: spec 2.3; Linux include/uapi/linux/iommufd.h, struct iommu_hwpt_invalidate (32 bytes).

import type { Dialect } from '../dialects/index.ts';
import { PinnedMemory } from '../loop/pinned.ts';
import type { StepBatch } from '../plan/step-batch.ts';
import type { CallProgram } from './issuer.ts';

export const IOMMU_HWPT_INVALIDATE = 0x3b8d;
const STRUCT_BYTES = 32;
const ENTRY_NUM_WORD = 24 / 4;

/** Host objects that an entry goes to, in a fixed order; most entries go to one. */
export type TargetsOf = (steps: StepBatch, entry: number) => readonly number[];

interface Run {
  readonly target: number;
  readonly firstEntry: number;
  count: number;
}

/**
 * Encodes every step. Consecutive entries of a step with the same target share a call, so the order in
 * which the guest asked is the order in which the kernel sees them.
 */
export function hwptCalls(
  fd: number,
  steps: StepBatch,
  dialect: Dialect,
  dataType: number,
  targetsOf: TargetsOf,
): CallProgram {
  const runs: Run[] = [];
  const stepCallEnd = new Uint32Array(steps.steps);
  const encodedFrom: number[] = [];
  for (let step = 0; step < steps.steps; step++) {
    const firstRun = runs.length;
    for (let entry = steps.entryStart(step); entry < steps.entryEnd[step]; entry++) {
      for (const target of targetsOf(steps, entry)) {
        const last = runs[runs.length - 1];
        if (runs.length > firstRun && last.target === target) last.count++;
        else runs.push({ target, firstEntry: encodedFrom.length, count: 1 });
        encodedFrom.push(entry);
      }
    }
    stepCallEnd[step] = runs.length;
  }
  return encode(fd, steps, dialect, dataType, { runs, encodedFrom, stepCallEnd });
}

interface Layout {
  readonly runs: readonly Run[];
  /** Plan entry of each encoded entry, in memory order. */
  readonly encodedFrom: readonly number[];
  readonly stepCallEnd: Uint32Array;
}

function encode(
  fd: number,
  steps: StepBatch,
  dialect: Dialect,
  dataType: number,
  { runs, encodedFrom, stepCallEnd }: Layout,
): CallProgram {
  const calls = runs.length;
  const dataAt = calls * STRUCT_BYTES;
  const memory = new PinnedMemory(dataAt + encodedFrom.length * dialect.entryBytes);
  const request = new Uint32Array(calls).fill(IOMMU_HWPT_INVALIDATE);
  const argument = new Float64Array(calls);
  const entries = new Uint32Array(calls);
  const doneWord = new Uint32Array(calls);
  const joinable = new Uint8Array(calls);
  encodedFrom.forEach((entry, i) =>
    dialect.encode(steps, entry, memory.view, dataAt + i * dialect.entryBytes),
  );
  runs.forEach((run, call) => {
    const at = call * STRUCT_BYTES;
    const data = memory.address + dataAt + run.firstEntry * dialect.entryBytes;
    memory.view.setUint32(at, STRUCT_BYTES, true);
    memory.view.setUint32(at + 4, run.target, true);
    memory.view.setBigUint64(at + 8, BigInt(data), true);
    memory.view.setUint32(at + 16, dataType, true);
    memory.view.setUint32(at + 20, dialect.entryBytes, true);
    memory.view.setUint32(at + 24, run.count, true);
    memory.view.setUint32(at + 28, 0, true);
    argument[call] = memory.address + at;
    entries[call] = run.count;
    doneWord[call] = at / 4 + ENTRY_NUM_WORD;
    joinable[call] = call > 0 && runs[call - 1].target === run.target ? 1 : 0;
  });
  const fanout = encodedFrom.length - steps.entries;
  return { calls, stepCallEnd, fd, request, argument, entries, doneWord, joinable, memory, fanout };
}
