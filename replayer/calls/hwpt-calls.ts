// A plan as IOMMU_HWPT_INVALIDATE calls: the argument structures and all entries in one pinned block.
// Struct layout: spec 2.3; Linux include/uapi/linux/iommufd.h, struct iommu_hwpt_invalidate (32 bytes).

import { commandsOf, type Dialect } from '../dialects/index.ts';
import { PinnedMemory } from './pinned.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import type { CallProgram } from './call-program.ts';

export const IOMMU_HWPT_INVALIDATE = 0x3b8d;
const STRUCT_BYTES = 32;
const ENTRY_NUM_WORD = 24 / 4;

/** Host objects that an entry goes to, in a fixed order; most entries go to one. */
export type TargetsOf = (steps: StepBatch, entry: number) => readonly number[];

interface Run {
  readonly target: number;
  readonly firstCommand: number;
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
  targetsOf: TargetsOf,
): CallProgram {
  const { form } = dialect;
  if (form.kind !== 'array') throw new Error(`dialect '${dialect.name}' has no arrays`);
  const runs: Run[] = [];
  const stepCallEnd = new Uint32Array(steps.steps);
  const encodedFrom: number[] = [];
  const commandAt: number[] = [];
  let commands = 0;
  for (let step = 0; step < steps.steps; step++) {
    const firstRun = runs.length;
    for (let entry = steps.entryStart(step); entry < steps.entryEnd[step]; entry++) {
      const count = commandsOf(dialect, steps, entry);
      for (const target of targetsOf(steps, entry)) {
        const last = runs[runs.length - 1];
        if (runs.length > firstRun && last.target === target) last.count += count;
        else runs.push({ target, firstCommand: commands, count });
        encodedFrom.push(entry);
        commandAt.push(commands);
        commands += count;
      }
    }
    stepCallEnd[step] = runs.length;
  }
  return encode(fd, steps, dialect, {
    runs,
    encodedFrom,
    commandAt,
    commands,
    stepCallEnd,
    dataType: form.dataType,
  });
}

interface Layout {
  readonly runs: readonly Run[];
  /** Plan entry of each encoded entry, in memory order, and the place of its first command. */
  readonly encodedFrom: readonly number[];
  readonly commandAt: readonly number[];
  readonly commands: number;
  readonly stepCallEnd: Uint32Array;
  readonly dataType: number;
}

function encode(
  fd: number,
  steps: StepBatch,
  dialect: Dialect,
  { runs, encodedFrom, commandAt, commands, stepCallEnd, dataType }: Layout,
): CallProgram {
  const calls = runs.length;
  const dataAt = calls * STRUCT_BYTES;
  const memory = new PinnedMemory(dataAt + commands * dialect.entryBytes);
  const request = new Uint32Array(calls).fill(IOMMU_HWPT_INVALIDATE);
  const argument = new Float64Array(calls);
  const entries = new Uint32Array(calls);
  const doneWord = new Uint32Array(calls);
  const joinable = new Uint8Array(calls);
  encodedFrom.forEach((entry, i) =>
    dialect.encode(steps, entry, memory.view, dataAt + commandAt[i] * dialect.entryBytes),
  );
  runs.forEach((run, call) => {
    const at = call * STRUCT_BYTES;
    const data = memory.address + dataAt + run.firstCommand * dialect.entryBytes;
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
  const fanout = commands - steps.entries;
  return { calls, stepCallEnd, fd, request, argument, entries, doneWord, joinable, memory, fanout };
}
