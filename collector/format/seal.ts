// Seals a finished or cut recording: every good batch copied into the Arrow file form, totals into the
// header, then write-then-rename. The input stays untouched.

import { existsSync, openSync, fsyncSync, closeSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

import { ToolError, fileError } from '../base/index.ts';
import type { EventBatch, TraceHeader } from '../model/index.ts';
import { openTrace, type OpenOptions, type TraceEnd } from './reader.ts';
import { TraceWriter } from './writer.ts';

/** Refuses to overwrite `path` unless forced. Call before long work, not after it. */
export function refuseOverwrite(path: string, force: boolean): void {
  if (!force && existsSync(path)) {
    throw new ToolError('E_EXISTS', `${path}: exists already and was left as it is`, {
      hint: 'give another name, or --force to overwrite it',
    });
  }
}

/** Reads `from` through and returns how it ends, without keeping anything. */
export function scanTrace(from: string, options: OpenOptions = {}): TraceEnd {
  using reader = openTrace(from, options);
  for (const batch of reader.batches()) void batch;
  return ended(reader.end);
}

/** What is not copied as it is: the header, and rows (as many out as in, in the same order). */
export interface SealChanges {
  readonly header?: (header: TraceHeader) => TraceHeader;
  readonly rows?: (batch: EventBatch) => EventBatch;
}

/**
 * Writes the recording `from` as a sealed file at `to`. With salvage, what is damaged is left out and
 * counted as lost. Returns the sealed totals. Throws ToolError; `to` appears whole or not at all.
 */
export function sealTrace(
  from: string,
  to: string,
  options: OpenOptions & SealChanges = {},
): TraceEnd {
  const totals = scanTrace(from, options);
  const partial = `${to}.partial-${process.pid}`;
  using reader = openTrace(from, options);
  const header = { ...(options.header?.(reader.header) ?? reader.header), totals: totals.tally };
  try {
    using writer = new TraceWriter(partial, header, { overwrite: true, form: 'file' });
    for (const batch of reader.batches()) {
      const kept = writer.rows + batch.count;
      writer.append(options.rows?.(batch) ?? batch, { seen: kept, kept, lost: 0, skipped: 0 }, []);
    }
    writer.finish(totals.tally, totals.losses);
    renameSync(partial, to);
    syncFolder(dirname(to));
  } catch (error) {
    rmSync(partial, { force: true });
    throw error instanceof ToolError ? error : fileError(error, to, 'It was not written.');
  }
  return totals;
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
