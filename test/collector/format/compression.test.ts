// Sealed recordings are compressed: the same rows in fewer bytes, and nothing that a file says of its own
// lengths makes a reader return wrong rows, crash or expand it without bound.

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { TraceWriter, openTrace, sealTrace } from '../../../collector/format/index.ts';
import { COMPRESSED_ROWS_LIMIT } from '../../../collector/format/schema.ts';
import { knownLayout } from '../../../collector/format/versions.ts';
import { EventBuilder, type EventBatch } from '../../../collector/model/index.ts';
import { fillKnown, knownHeader, knownNumbers, tallyOf } from '../../durability/known-rows.ts';
import { folderFor, iotlb, json } from '../../support/cli.ts';
import { fixture } from '../../support/fixtures.ts';
import { batchFrames, tampered } from '../../support/tamper.ts';
import { zstdStub } from '../../support/zstd-stub.ts';

const ROWS = 200;

/** A sealed recording of two batches. */
function sealed(folder: string): string {
  const stream = join(folder, 'known.arrows');
  const out = new EventBuilder();
  const writer = new TraceWriter(stream, knownHeader(0));
  for (let batch = 0; batch < 2; batch++) {
    fillKnown(out, writer.rows, ROWS);
    writer.append(out, tallyOf(writer.rows + ROWS), []);
    out.clear();
  }
  writer.finish(tallyOf(writer.rows), []);
  const path = join(folder, 'known.arrow');
  sealTrace(stream, path);
  return path;
}

/** How many rows a reader gives back before it refuses the rest. */
function readable(path: string, salvage: boolean): number {
  let rows = 0;
  try {
    using reader = openTrace(path, { salvage });
    for (const batch of reader.batches()) rows += batch.count;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    assert.equal(error.exitCode, 4, error.message);
  }
  return rows;
}

test('a sealed recording holds the rows of its stream in fewer bytes, and info says in how many', (t) => {
  const folder = folderFor(t);
  const log = fixture('traces/vtd-fs-strict.log');
  const path = join(folder, 'real.arrow');
  assert.equal(iotlb(['import', log, '-o', path, '-q']).code, 0);
  const facts = json<Record<string, number>>(iotlb(['info', path, '--json']));
  assert.equal(facts.compression, 'zstd');
  // 89 bytes of version 2's columns, 2 of the waiter, 3 × 8 of the guest's own times.
  assert.equal(facts.compression_ratio, (facts.events * 115) / statSync(path).size);
  assert.ok(facts.compression_ratio > 1.5, `only ${facts.compression_ratio} times smaller`);
  assert.match(iotlb(['info', path]).out, /\(zstd, \d+\.\d × smaller than its rows\)/);
});

test('a batch of more rows than a compressed one may have is sealed in parts', (t) => {
  const folder = folderFor(t);
  const out = new EventBuilder();
  const rows = COMPRESSED_ROWS_LIMIT + 5;
  for (let i = 0; i < rows; i++) out.next(i, 0);
  const writer = new TraceWriter(join(folder, 'large.arrows'), knownHeader(0));
  writer.append(out, tallyOf(rows), []);
  writer.finish(tallyOf(rows), []);
  sealTrace(writer.path, join(folder, 'large.arrow'));
  using reader = openTrace(join(folder, 'large.arrow'));
  const counts: number[] = [];
  let next = 0;
  for (const batch of reader.batches()) {
    counts.push(batch.count);
    for (let i = 0; i < batch.count; i++) assert.equal(batch.tNs[i], next++);
  }
  assert.deepEqual(counts, [COMPRESSED_ROWS_LIMIT, 5]);
});

test('a compressed batch of more rows is refused before it is expanded', (t) => {
  const path = join(folderFor(t), 'bomb.arrow');
  const out = new EventBuilder();
  const rows = COMPRESSED_ROWS_LIMIT + 1;
  for (let i = 0; i < rows; i++) out.next(0, 0);
  const writer = new TraceWriter(path, knownHeader(0), { form: 'file' });
  writer.append(out, tallyOf(rows), []);
  writer.finish(tallyOf(rows), []);
  assert.ok(statSync(path).size < 4 * rows);
  for (const salvage of [false, true]) assert.equal(readable(path, salvage), 0);
});

test('help loads no codec', () => {
  const trace = (args: readonly string[]): boolean => {
    const { NODE_DEBUG } = process.env;
    process.env.NODE_DEBUG = 'module';
    const said = iotlb(args);
    if (NODE_DEBUG === undefined) delete process.env.NODE_DEBUG;
    else process.env.NODE_DEBUG = NODE_DEBUG;
    return said.err.includes('zstd-wasm');
  };
  for (const verb of ['--help', 'import', 'info', 'plan']) {
    assert.equal(trace([verb, '--help']), false, verb);
  }
  assert.equal(trace(['info', fixture('format/v2.sealed.arrow')]), true);
});

test('any number in the layout of a compressed batch may lie, with a right checksum: nothing crashes', (t) => {
  const folder = folderFor(t);
  const bytes = readFileSync(sealed(folder));
  const path = join(folder, 'tampered.arrow');
  const [, second] = batchFrames(bytes);
  const metadataBytes = second.bytes - second.message.bodyBytes;
  let trials = 0;
  for (const word of [0, 7, 0x7fff_fff8, 0xffff_ffff]) {
    for (let at = 8; at + 4 <= metadataBytes; at += 4) {
      const copy = tampered(bytes, second, (batch) => batch.writeUInt32LE(word, at));
      if (copy === undefined) continue;
      writeFileSync(path, copy);
      for (const salvage of [false, true]) {
        const rows = readable(path, salvage);
        assert.ok(rows === ROWS || rows === 2 * ROWS, `${word} at ${at}: ${rows} rows`);
      }
      trials++;
    }
  }
  t.diagnostic(`${trials} tampered files`);
  assert.ok(trials > 500);
});

test('a compressed column that is longer, shorter or larger than its rows is refused', (t) => {
  const folder = folderFor(t);
  const bytes = readFileSync(sealed(folder));
  const path = join(folder, 'tampered.arrow');
  const [, second] = batchFrames(bytes);
  const bodyAt = second.bytes - second.message.bodyBytes;
  const { columns } = knownLayout(second.message)?.layout ?? assert.fail('no layout');
  const raw = columns[11].values;
  assert.equal(raw.plainBytes, ROWS * 32);
  const at = bodyAt + raw.offset;
  const frame = (plain: Uint8Array): Buffer => zstdStub(plain);
  const small = Buffer.alloc(8);
  const changes: Record<string, (batch: Buffer) => void> = {
    'a length beyond the rows': (batch) => batch.writeBigInt64LE(1n << 40n, at),
    'a length short of the rows': (batch) => batch.writeBigInt64LE(8n, at),
    'a negative length': (batch) => batch.writeBigInt64LE(-2n, at),
    'stored, but too short': (batch) => batch.writeBigInt64LE(-1n, at),
    'content that is shorter than its length': (batch) => frame(small).copy(batch, at + 8),
    'no zstd at all': (batch) => batch.fill(0xa5, at + 8, at + 16),
    // Single segment, 8 bytes of content size: 2^40.
    'content that says to be a tebibyte': (batch) =>
      Buffer.from('28b52ffde00000000000010000', 'hex').copy(batch, at + 8),
  };
  for (const [name, change] of Object.entries(changes)) {
    const copy = tampered(bytes, second, change);
    assert.ok(copy !== undefined, name);
    writeFileSync(path, copy);
    const strict = readable(path, false);
    assert.equal(strict, ROWS, `${name}: ${strict} rows`);
    assert.equal(readable(path, true), ROWS, name);
  }
});

test('a sealed recording gives back every row as it was, and says how it is compressed', (t) => {
  const path = sealed(folderFor(t));
  using reader = openTrace(path);
  const numbers = [...reader.batches()].flatMap((batch: EventBatch) => [...knownNumbers(batch)]);
  assert.deepEqual(
    numbers,
    Array.from({ length: 2 * ROWS }, (_, i) => i),
  );
  assert.equal(reader.compression, 'zstd');
});

test('a recording read without its words gives every other column as it was', () => {
  const path = fixture('format/v2.sealed.arrow');
  using whole = openTrace(path);
  using without = openTrace(path, { words: false });
  const lean = [...without.batches()];
  const full = [...whole.batches()];
  assert.ok(full.some((batch) => batch.raw.length > 0));
  assert.deepEqual(
    lean.map((batch) => batch.raw.length),
    lean.map(() => 0),
  );
  assert.deepEqual(
    lean,
    full.map((batch) => ({ ...batch, raw: new Uint8Array(0) })),
  );
});
