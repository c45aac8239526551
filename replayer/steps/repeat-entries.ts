// Entries of a StepBatch, each as often as a count says, behind those of another. One function per width of
// column: columns of different widths in one loop cost a choice at each access.

import { ENTRY_COLUMNS, namesOf } from './columns.ts';
import type { StepBatch } from './step-batch.ts';

/** From so many copies on, filling beats setting one by one. */
const FILL = 48;

/** Sets the columns of `into` from its last entry on, where there must be room; its counts stay as they are. */
export function repeatEntries(into: StepBatch, from: StepBatch, counts: Uint32Array): void {
  for (const name of namesOf(ENTRY_COLUMNS)) {
    const target = into[name];
    const source = from[name];
    // Both columns have one name, so one type.
    if (target instanceof Float64Array)
      repeatDoubles(target, source as Float64Array, counts, into.entries);
    else if (target instanceof Uint32Array)
      repeatLongs(target, source as Uint32Array, counts, into.entries);
    else if (target instanceof Uint16Array)
      repeatWords(target, source as Uint16Array, counts, into.entries);
    else repeatBytes(target, source as Uint8Array, counts, into.entries);
  }
}

function repeatBytes(into: Uint8Array, from: Uint8Array, counts: Uint32Array, at: number): void {
  for (let i = 0, to = at; i < counts.length; i++) {
    const end = to + counts[i];
    if (counts[i] >= FILL) {
      into.fill(from[i], to, end);
      to = end;
    }
    for (; to < end; to++) into[to] = from[i];
  }
}

function repeatWords(into: Uint16Array, from: Uint16Array, counts: Uint32Array, at: number): void {
  for (let i = 0, to = at; i < counts.length; i++) {
    const end = to + counts[i];
    if (counts[i] >= FILL) {
      into.fill(from[i], to, end);
      to = end;
    }
    for (; to < end; to++) into[to] = from[i];
  }
}

function repeatLongs(into: Uint32Array, from: Uint32Array, counts: Uint32Array, at: number): void {
  for (let i = 0, to = at; i < counts.length; i++) {
    const end = to + counts[i];
    if (counts[i] >= FILL) {
      into.fill(from[i], to, end);
      to = end;
    }
    for (; to < end; to++) into[to] = from[i];
  }
}

function repeatDoubles(
  into: Float64Array,
  from: Float64Array,
  counts: Uint32Array,
  at: number,
): void {
  for (let i = 0, to = at; i < counts.length; i++) {
    const end = to + counts[i];
    if (counts[i] >= FILL) {
      into.fill(from[i], to, end);
      to = end;
    }
    for (; to < end; to++) into[to] = from[i];
  }
}
