// A plan as ioctls of one command each: the command is the whole argument, nothing says how many were done.

import { commandsOf, type Dialect } from '../dialects/index.ts';
import { PinnedMemory } from './pinned.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { NO_WORD, type CallProgram } from './call-program.ts';

/** Encodes every step, its commands in the order of its entries. */
export function structCalls(fd: number, steps: StepBatch, dialect: Dialect): CallProgram {
  const { form, entryBytes } = dialect;
  if (form.kind !== 'struct') throw new Error(`dialect '${dialect.name}' has no structures`);
  const stepCallEnd = new Uint32Array(steps.steps);
  let calls = 0;
  for (let step = 0; step < steps.steps; step++) {
    for (let entry = steps.entryStart(step); entry < steps.entryEnd[step]; entry++)
      calls += commandsOf(dialect, steps, entry);
    stepCallEnd[step] = calls;
  }
  const memory = new PinnedMemory(calls * entryBytes);
  let at = 0;
  for (let entry = 0; entry < steps.entries; entry++) {
    dialect.encode(steps, entry, memory.view, at);
    at += commandsOf(dialect, steps, entry) * entryBytes;
  }
  return {
    calls,
    stepCallEnd,
    fd,
    request: new Uint32Array(calls).fill(form.request),
    argument: Float64Array.from({ length: calls }, (_, i) => memory.address + i * entryBytes),
    entries: new Uint32Array(calls).fill(1),
    doneWord: new Uint32Array(calls).fill(NO_WORD),
    joinable: new Uint8Array(calls),
    memory,
    fanout: calls - steps.entries,
  };
}
