// The law of damage: a recording with flips, cuts, swaps, doublings or garbage in it is refused when read
// strictly, and gives back exactly its whole batches when salvaged. Batches whose bytes are still there
// are the oracle; it shares no code with the reader.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ToolError } from '../../collector/base/index.ts';
import { TraceWriter, openTrace } from '../../collector/format/index.ts';
import { EventBuilder } from '../../collector/model/index.ts';
import { below, fillKnown, knownHeader, knownNumbers, seeded, tallyOf } from './known-rows.ts';

type Random = () => number;

interface Original {
  readonly bytes: Buffer;
  readonly form: 'stream' | 'file';
  readonly batches: readonly {
    readonly bytes: Buffer;
    readonly first: number;
    readonly rows: number;
  }[];
  readonly rows: number;
  readonly lost: number;
}

const LOST_PER_BATCH = 2;

/** Writes a recording of `batches` small batches and notes where each lies. */
export function makeOriginal(folder: string, form: Original['form'], random: Random): Original {
  const path = join(folder, `original-${form}.arrow`);
  const batches: { start: number; end: number; first: number; rows: number }[] = [];
  const out = new EventBuilder();
  const writer = new TraceWriter(path, knownHeader(0), { overwrite: true, form });
  const count = 3 + below(random, 6);
  for (let i = 0; i < count; i++) {
    const rows = 1 + below(random, 60);
    fillKnown(out, writer.rows, rows);
    const start = writer.bytes;
    const lost = { at: i, unit: 'line', lost: LOST_PER_BATCH, reason: 'test' } as const;
    writer.append(out, tallyOf(out.firstSeq + rows, (i + 1) * LOST_PER_BATCH), [lost]);
    batches.push({ start, end: writer.bytes, first: out.firstSeq, rows });
    out.clear();
  }
  const { rows } = writer;
  writer.finish(tallyOf(rows, count * LOST_PER_BATCH), []);
  const bytes = readFileSync(path);
  return {
    bytes,
    form,
    batches: batches.map(({ start, end, first, rows: of }) => ({
      bytes: bytes.subarray(start, end),
      first,
      rows: of,
    })),
    rows,
    lost: count * LOST_PER_BATCH,
  };
}

type Damage = (bytes: Buffer, random: Random, original: Original) => Buffer;

const cutOut = (bytes: Buffer, from: number, length: number): Buffer =>
  Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
const insert = (bytes: Buffer, at: number, more: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);

/** Every kind of damage, by name. */
export const damages: Readonly<Record<string, Damage>> = {
  flip: (bytes, random) => {
    const out = Buffer.from(bytes);
    const flips = 1 + below(random, 4);
    for (let i = 0; i < flips; i++) out[below(random, out.length)] ^= 1 << below(random, 8);
    return out;
  },
  truncate: (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  behead: (bytes, random) => bytes.subarray(1 + below(random, bytes.length - 1)),
  cut: (bytes, random) => cutOut(bytes, below(random, bytes.length), 1 + below(random, 4096)),
  zero: (bytes, random) => {
    const at = below(random, bytes.length);
    return Buffer.from(bytes).fill(0, at, Math.min(bytes.length, at + 1 + below(random, 4096)));
  },
  garbage: (bytes, random) => {
    const more = Buffer.from(
      Array.from({ length: 1 + below(random, 300) }, () => below(random, 256)),
    );
    return insert(bytes, below(random, bytes.length), more);
  },
  double: (bytes, random) => {
    const from = below(random, bytes.length);
    return insert(
      bytes,
      below(random, bytes.length),
      bytes.subarray(from, from + below(random, 8192)),
    );
  },
  'double a batch': (bytes, random, { batches }) => {
    const from = batches[below(random, batches.length)];
    const at = bytes.indexOf(batches[below(random, batches.length)].bytes);
    return insert(bytes, at, from.bytes);
  },
  'cut a batch': (bytes, random, { batches }) => {
    const gone = batches[below(random, batches.length)].bytes;
    return cutOut(bytes, bytes.indexOf(gone), gone.length);
  },
  'swap batches': (bytes, random, { batches }) => {
    const [a, b] = [below(random, batches.length), below(random, batches.length)].sort(
      (x, y) => x - y,
    );
    const [at, bt] = [bytes.indexOf(batches[a].bytes), bytes.indexOf(batches[b].bytes)];
    const after = at + batches[a].bytes.length;
    return Buffer.concat([
      bytes.subarray(0, at),
      batches[b].bytes,
      a === b ? Buffer.alloc(0) : bytes.subarray(after, bt),
      a === b ? Buffer.alloc(0) : batches[a].bytes,
      bytes.subarray(bt + batches[b].bytes.length),
    ]);
  },
  'double the file': (bytes) => Buffer.concat([bytes, bytes]),
};

/** One trial of each kind of damage on one fresh recording. Fails by assertion. */
export function damageTrial(folder: string, seed: number): number {
  const random = seeded(seed);
  const original = makeOriginal(folder, below(random, 2) === 0 ? 'stream' : 'file', random);
  const path = join(folder, 'damaged.arrow');
  let trials = 0;
  for (const [name, damage] of Object.entries(damages)) {
    const bytes = damage(original.bytes, random, original);
    if (bytes.equals(original.bytes)) continue;
    writeFileSync(path, bytes);
    try {
      checkStrict(path, bytes, original);
      checkSalvage(path, bytes, original);
    } catch (error) {
      throw new Error(`seed ${seed}, ${original.form}, ${name}: ${String(error)}`, {
        cause: error,
      });
    }
    trials++;
  }
  return trials;
}

/** Strict: what is returned is a right prefix; the damage is an error, or a cut at the very end of a stream. */
function checkStrict(path: string, bytes: Buffer, original: Original): void {
  let next = 0;
  try {
    using reader = openTrace(path);
    for (const batch of reader.batches()) {
      for (const number of knownNumbers(batch)) assert.equal(number, next++);
    }
    const isPrefix = original.bytes.subarray(0, bytes.length).equals(bytes);
    assert.ok(original.form === 'stream', 'a damaged sealed file was read to its end');
    assert.ok(
      isPrefix || reader.end?.state !== 'complete',
      'damage passed for a complete recording',
    );
    assert.equal(next, isPrefix ? wholeIn(bytes, original) : next);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    assert.equal(error.exitCode, 4, error.message);
  }
}

const wholeIn = (bytes: Buffer, original: Original): number =>
  original.batches.reduce((sum, batch) => sum + (bytes.includes(batch.bytes) ? batch.rows : 0), 0);

/** Salvage: exactly the batches whose bytes are still there, each once, in order; the count adds up. */
function checkSalvage(path: string, bytes: Buffer, original: Original): void {
  const want = original.batches
    .filter((batch) => bytes.includes(batch.bytes))
    .flatMap(({ first, rows }) => Array.from({ length: rows }, (_, i) => first + i));
  using reader = openTrace(path, { salvage: true });
  const got: number[] = [];
  for (const batch of reader.batches()) {
    assert.equal(batch.firstSeq, got.length);
    got.push(...knownNumbers(batch));
  }
  assert.deepEqual(got, want);
  const { end } = reader;
  assert.ok(end !== undefined);
  assert.equal(end.tally.kept, got.length);
  assert.equal(end.tally.seen, end.tally.kept + end.tally.lost);
  const last = original.batches.at(-1);
  if (last !== undefined && bytes.includes(last.bytes)) {
    assert.equal(end.tally.seen, original.rows + original.lost);
  }
}
