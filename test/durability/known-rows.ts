// Rows whose every column follows from their number, so that a row read back tells which one it must be
// and whether a single bit of it is wrong. Shared by the durability laws.

import assert from 'node:assert/strict';

import {
  EventBuilder,
  FORMAT_VERSION,
  KIND,
  PRESENT,
  RAW_BYTES,
  SCOPE,
  makeHeader,
  type EventBatch,
  type Tally,
  type TraceHeader,
} from '../../collector/model/index.ts';

const STEP_NS = 1000;

export const knownHeader = (recording: number): TraceHeader =>
  makeHeader({
    source: { name: 'test', detail: `recording ${recording}` },
    clock: { name: 'mono', start_ns: '0', resolution_ns: 1, pairs: [] },
    barriers: 'seen',
    arrivals: 'after-lock',
    streams: [{ index: 0, vm: 0, viommu: 0, queue: 0, name: 'queue 0' }],
    viommus: [{ index: 0, vm: 0, family: 'vtd', name: '' }],
    waiters: [{ index: 0, vm: 0, name: 'thread 4711', from: 'thread' }],
  });

/** A 32-bit value that looks like noise (splitmix32's finaliser). */
function noise(number: number): number {
  let x = (number + 0x9e3779b9) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** Appends rows `first … first + count - 1` of recording `recording` to `out`. */
export function fillKnown(out: EventBuilder, first: number, count: number, recording = 0): void {
  for (let i = first; i < first + count; i++)
    setRow(out, out.next(i * STEP_NS, 0), i, { recording, version: FORMAT_VERSION });
}

/** What the rows of a recording follow from: its number, and the version whose columns are filled. */
interface Rule {
  readonly recording: number;
  readonly version: number;
}

function setRow(out: EventBuilder, row: number, number: number, rule: Rule): void {
  const { recording } = rule;
  const word = noise(number ^ (recording << 24));
  const isBarrier = word % 3 === 0;
  out.kind[row] = isBarrier ? KIND.barrier : KIND.iotlb;
  out.submission[row] = number;
  out.flags[row] = word & 0x1f;
  if (!isBarrier) {
    out.scope[row] = SCOPE.vaddr;
    out.present[row] |= PRESENT.range | PRESENT.domainId;
    out.domainId[row] = word >>> 16;
    out.page[row] = word * 2 ** 10;
    out.pages[row] = 2 ** (word % 20);
  }
  if (rule.version >= 3) setWaits(out, row, number, word);
  out.rawLen[row] = 16;
  for (let i = 0; i < 16; i++) out.raw[row * RAW_BYTES + i] = noise(word + i) & 0xff;
}

/** The columns of version 3. */
function setWaits(out: EventBuilder, row: number, number: number, word: number): void {
  if (word % 5 !== 0) {
    out.present[row] |= PRESENT.waiter | PRESENT.waitEnd;
    out.waiter[row] = word & 0xffff;
    out.waitEndNs[row] = number * STEP_NS + (word % 1000);
  }
  if (word % 7 === 0) {
    out.present[row] |= PRESENT.entered | PRESENT.waitBegin;
    out.enteredNs[row] = number * STEP_NS - (word % 1000);
    out.waitBeginNs[row] = number * STEP_NS - (word % 500);
  }
}

/** The numbers of the rows in `batch`; fails where any column is not what the number says. */
export function knownNumbers(
  batch: EventBatch,
  recording = 0,
  version: number = FORMAT_VERSION,
): readonly number[] {
  const want = new EventBuilder(1);
  return Array.from({ length: batch.count }, (_, i) => {
    const number = batch.tNs[i] / STEP_NS;
    assert.ok(Number.isSafeInteger(number), `row ${i} has time ${batch.tNs[i]}`);
    want.clear();
    setRow(want, want.next(number * STEP_NS, 0), number, { recording, version });
    assert.deepEqual(rowOf(batch, i), rowOf(want, 0));
    return number;
  });
}

function rowOf(batch: EventBatch, i: number): readonly unknown[] {
  const has = (bit: number): boolean => (batch.present[i] & bit) !== 0;
  return [
    batch.tNs[i],
    batch.stream[i],
    batch.kind[i],
    batch.scope[i],
    batch.flags[i],
    batch.present[i],
    has(PRESENT.domainId) ? batch.domainId[i] : undefined,
    has(PRESENT.range) ? [batch.page[i], batch.pages[i]] : undefined,
    batch.submission[i],
    batch.rawLen[i],
    has(PRESENT.waiter) ? batch.waiter[i] : undefined,
    has(PRESENT.entered) ? [batch.enteredNs[i], batch.waitBeginNs[i]] : undefined,
    has(PRESENT.waitEnd) ? batch.waitEndNs[i] : undefined,
    Buffer.from(batch.raw.slice(i * RAW_BYTES, i * RAW_BYTES + batch.rawLen[i])).toString('hex'),
  ];
}

/** A tally of `kept` rows and `lost` others. */
export const tallyOf = (kept: number, lost = 0): Tally => ({
  seen: kept + lost,
  kept,
  lost,
  skipped: 0,
});

/** A seeded generator of doubles in [0, 1): the same seed gives the same run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    return noise(state) / 0x1_0000_0000;
  };
}

export const below = (random: () => number, limit: number): number => Math.floor(random() * limit);
