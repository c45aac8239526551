// Seals a finished or cut recording: every good batch copied into the Arrow file form and compressed, totals
// into the header, then write-then-rename. The input stays untouched.

import { openSync, fsyncSync, closeSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

import { ToolError, asOutput, fileError, type Output } from '../base/index.ts';
import { FORMAT_VERSION, sliceRows, type EventBatch, type TraceHeader } from '../model/index.ts';
import { openTrace, type OpenOptions, type TraceEnd } from './reader.ts';
import { COMPRESSED_ROWS_LIMIT } from './schema.ts';
import { TraceWriter } from './writer.ts';

/** How a recording ends, and the time that its rows span on its clock: 0 without rows. */
export interface TraceTotals extends TraceEnd {
  readonly spanNs: number;
}

/** Reads `from` through, without keeping anything. */
export function scanTrace(from: string, options: OpenOptions = {}): TraceTotals {
  using reader = openTrace(from, options);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { tNs, count } of reader.batches()) {
    for (let i = 0; i < count; i++) {
      if (tNs[i] < first) first = tNs[i];
      if (tNs[i] > last) last = tNs[i];
    }
  }
  return { ...ended(reader.end), spanNs: Math.max(0, last - first) };
}

/** What is not copied as it is: the header, and rows (as many out as in, in the same order). */
export interface SealChanges {
  readonly header?: (header: TraceHeader) => TraceHeader;
  readonly rows?: (batch: EventBatch) => EventBatch;
}

/**
 * Writes the recording `from` as a sealed file at `to`. With salvage, what is damaged is left out and
 * counted as lost. Returns the sealed totals. Throws ToolError; `to` appears whole or not at all. A path
 * stands for a file of the caller's own, which is replaced.
 */
export function sealTrace(
  from: string,
  to: Output | string,
  options: OpenOptions & SealChanges = {},
): TraceTotals {
  const totals = scanTrace(from, options);
  if (options.salvage === true && totals.batches === 0) {
    throw new ToolError('E_EMPTY', `${from}: holds no whole batch; nothing was written`);
  }
  const output = asOutput(to);
  const partial = output.beside('partial');
  using reader = openTrace(from, options);
  const header = {
    ...(options.header?.(reader.header) ?? reader.header),
    version: FORMAT_VERSION as typeof FORMAT_VERSION,
    totals: totals.tally,
  };
  try {
    using writer = new TraceWriter(partial, header, { overwrite: true, form: 'file' });
    for (const batch of reader.batches()) {
      for (const part of inParts(options.rows?.(batch) ?? batch)) {
        const kept = writer.rows + part.count;
        writer.append(part, { seen: kept, kept, lost: 0, skipped: 0 }, []);
      }
    }
    writer.finish(totals.tally, totals.losses);
    output.publish(partial);
    syncFolder(dirname(partial));
  } catch (error) {
    rmSync(partial, { force: true });
    throw error instanceof ToolError ? error : fileError(error, output.path, 'It was not written.');
  }
  return totals;
}

/** The batch in pieces that a compressed recording takes. */
function* inParts(batch: EventBatch): Generator<EventBatch> {
  for (let from = 0; from < batch.count; from += COMPRESSED_ROWS_LIMIT) {
    yield sliceRows(batch, from, Math.min(batch.count, from + COMPRESSED_ROWS_LIMIT));
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function ended(end: TraceEnd | undefined): TraceEnd {
  if (end === undefined) throw new Error('a recording was read through without an end');
  return end;
}
