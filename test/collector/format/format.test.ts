// What a recording promises beside surviving damage: it reads back as written, at any moment, and a
// reader says clearly what it cannot read.

import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import * as fc from 'fast-check';

import { ToolError, type ErrorCode } from '../../../collector/base/index.ts';
import { TraceWriter, openTrace, sealTrace } from '../../../collector/format/index.ts';
import {
  EventBuilder,
  FORMAT_VERSION,
  Waiters,
  type EventBatch,
} from '../../../collector/model/index.ts';
import { fillKnown, knownHeader, knownNumbers, tallyOf } from '../../durability/known-rows.ts';
import { fixture } from '../../support/fixtures.ts';
import { batchFrames } from '../../support/tamper.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-format-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function append(writer: TraceWriter, rows: number): void {
  const out = new EventBuilder();
  fillKnown(out, writer.rows, rows);
  writer.append(out, tallyOf(writer.rows + rows), []);
}

function numbers(path: string): readonly number[] {
  using reader = openTrace(path);
  const { version } = reader;
  return [...reader.batches()].flatMap((batch: EventBatch) => [...knownNumbers(batch, 0, version)]);
}

const upTo = (rows: number): readonly number[] => Array.from({ length: rows }, (_, i) => i);

const refused =
  (code: ErrorCode, text: RegExp) =>
  (error: unknown): boolean =>
    error instanceof ToolError &&
    error.code === code &&
    error.exitCode === 4 &&
    text.test(error.message);

test('reading gives back what was written, as a stream and sealed, for any batch sizes', (t) => {
  const folder = folderOf(t);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 70 }), { maxLength: 8 }), (sizes) => {
      const path = join(folder, 'a.arrows');
      const writer = new TraceWriter(path, knownHeader(0), { overwrite: true });
      for (const size of sizes) append(writer, size);
      writer.finish(tallyOf(writer.rows), []);
      sealTrace(path, join(folder, 'a.arrow'));
      const want = upTo(writer.rows);
      assert.deepEqual(numbers(path), want);
      assert.deepEqual(numbers(join(folder, 'a.arrow')), want);
    }),
    { numRuns: 30 },
  );
});

test('salvage of a sealed recording that was cut anywhere counts every row that is gone', (t) => {
  const folder = folderOf(t);
  const writer = new TraceWriter(join(folder, 'a.arrows'), knownHeader(0));
  for (let batch = 1; batch <= 4; batch++) append(writer, 10);
  writer.finish(tallyOf(40, 3), [{ at: 7, unit: 'line', lost: 3, reason: 'damaged line' }]);
  sealTrace(writer.path, join(folder, 'a.arrow'));
  const bytes = readFileSync(join(folder, 'a.arrow'));
  const cut = join(folder, 'cut.arrow');
  const starts = batchFrames(bytes).map((frame) => frame.offset);
  assert.equal(starts.length, 5);
  for (const [whole, at] of starts.entries()) {
    writeFileSync(cut, bytes.subarray(0, at + 100));
    using reader = openTrace(cut, { salvage: true });
    const kept = [...reader.batches()].reduce((sum, batch) => sum + batch.count, 0);
    assert.equal(kept, whole * 10);
    const tally = { seen: 43, kept, lost: 43 - kept, skipped: 0 };
    assert.deepEqual(reader.end?.tally, tally);
    const gone = { at: kept, unit: 'event', lost: 40 - kept, reason: 'damaged batch' };
    assert.deepEqual(reader.end?.losses, kept < 40 ? [gone] : []);
  }
});

test('a recording is readable from its first moment and after every batch', (t) => {
  const path = join(folderOf(t), 'growing.arrows');
  using writer = new TraceWriter(path, knownHeader(0));
  for (let rows = 0; rows < 50; rows += 10) {
    using reader = openTrace(path);
    assert.equal([...reader.batches()].length, rows / 10);
    assert.equal(reader.end?.state, 'open');
    assert.deepEqual(numbers(path), upTo(rows));
    append(writer, 10);
  }
});

test('a recording is readable at every byte of a batch that is being written', (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'whole.arrows');
  const writer = new TraceWriter(path, knownHeader(0));
  append(writer, 3);
  const first = writer.bytes;
  append(writer, 2);
  const bytes = readFileSync(path);
  const cut = join(folder, 'cut.arrows');
  writeFileSync(cut, bytes.subarray(0, first));
  const fd = openSync(cut, 'a');
  for (let at = first; at < bytes.length - 1; at++) {
    writeSync(fd, bytes, at, 1);
    assert.deepEqual(numbers(cut), upTo(3));
  }
  closeSync(fd);
  writer.close();
});

test('a newer format is refused kindly and named', (t) => {
  const path = join(folderOf(t), 'newer.arrows');
  const newer = { ...knownHeader(0), version: 1000 as typeof FORMAT_VERSION };
  new TraceWriter(path, newer).close();
  const want = new RegExp(`format 1000; .* reads up to ${FORMAT_VERSION}`);
  assert.throws(() => openTrace(path), refused('E_NEWER_FORMAT', want));
  assert.throws(() => openTrace(path, { salvage: true }), refused('E_NEWER_FORMAT', /format 1000/));
});

test('what is not a recording is refused as such', (t) => {
  const folder = folderOf(t);
  const text = join(folder, 'text.log');
  writeFileSync(text, '1@2.000003:vtd_inv_desc\n');
  assert.throws(() => openTrace(text), refused('E_FORMAT', /not an iotlb recording/));
  writeFileSync(text, '');
  assert.throws(() => openTrace(text), refused('E_EMPTY', /is empty/));
  assert.throws(() => openTrace(folder), refused('E_EMPTY', /holds no recording \(\*\.arrow\)/));
  assert.throws(() => openTrace(join(folder, 'none')), refused('E_NOT_FOUND', /no such file/));
});

test('a writer leaves a file of the same name alone', (t) => {
  const path = join(folderOf(t), 'taken.arrows');
  writeFileSync(path, 'mine');
  assert.throws(
    () => new TraceWriter(path, knownHeader(0)),
    (error: unknown) => error instanceof ToolError && error.code === 'E_EXISTS',
  );
  assert.equal(readFileSync(path, 'utf8'), 'mine');
});

test('a finished recording says that it is complete, and what is appended to it is damage', (t) => {
  const path = join(folderOf(t), 'done.arrows');
  const writer = new TraceWriter(path, knownHeader(0));
  append(writer, 5);
  writer.finish(tallyOf(5), []);
  using reader = openTrace(path);
  for (const batch of reader.batches()) void batch;
  assert.equal(reader.end?.state, 'complete');
  writeFileSync(path, 'x', { flag: 'a' });
  assert.throws(() => numbers(path), refused('E_CORRUPT', /after the end/));
});

test('batches of another recording are not taken, strictly or in salvage', (t) => {
  const folder = folderOf(t);
  const [a, b] = ['a.arrows', 'b.arrows'].map((name) => join(folder, name));
  const one = new TraceWriter(a, knownHeader(1));
  const other = new TraceWriter(b, knownHeader(2));
  append(one, 5);
  const start = other.bytes;
  append(other, 5);
  append(other, 7);
  writeFileSync(a, readFileSync(b).subarray(start), { flag: 'a' });
  assert.throws(() => numbers(a), refused('E_CORRUPT', /belongs to another recording/));
  using reader = openTrace(a, { salvage: true });
  assert.equal(
    [...reader.batches()].reduce((sum, batch) => sum + batch.count, 0),
    5,
  );
  assert.equal(reader.end?.damaged, 2);
  one.close();
  other.close();
});

const SAMPLES = Array.from({ length: FORMAT_VERSION }, (_, i) => i + 1).flatMap((version) =>
  ['stream', 'sealed'].map((form) => ({ version, form })),
);
for (const { version, form } of SAMPLES) {
  test(`the sample of format ${version} (${form}) reads as it always did`, (t) => {
    const copy = join(folderOf(t), 'sample');
    copyFileSync(fixture(`format/v${version}.${form}.arrow`), copy);
    assert.deepEqual(numbers(copy), upTo(40));
    using reader = openTrace(copy);
    assert.equal(reader.version, version);
    assert.equal(reader.header.version, FORMAT_VERSION);
    assert.equal(reader.isSealed, form === 'sealed');
    for (const batch of reader.batches()) void batch;
    assert.deepEqual(reader.end, {
      state: 'complete',
      tally: { seen: 43, kept: 40, lost: 3, skipped: 7 },
      losses: [{ at: 12, unit: 'line', lost: 3, reason: 'damaged line' }],
      events: 40,
      batches: 3,
      damaged: 0,
    });
  });
}

test('a recording of version 2 has one VM, one vIOMMU for each family, and a stream is a waiter', () => {
  using old = openTrace(fixture('format/v2.sealed.arrow'));
  assert.deepEqual(old.header.streams, [{ index: 0, vm: 0, viommu: 0, queue: 0, name: 'queue 0' }]);
  assert.deepEqual(old.header.iommu, { family: 'unknown', name: '' });
  using mixed = openTrace(fixture('recordings/two-vms.arrow'));
  const { streams, viommus } = mixed.header;
  assert.equal(mixed.version, 2);
  assert.ok(streams.length > 1);
  assert.equal(new Set(viommus.map(({ family }) => family)).size, viommus.length);
  for (const { viommu, vm } of streams) {
    assert.equal(vm, 0);
    assert.ok(viommus.some(({ index }) => index === viommu));
  }
  const waiters = new Waiters(mixed.header);
  assert.equal(waiters.named, 0);
  assert.deepEqual(
    waiters.all.map(({ from }) => from),
    streams.map(() => 'unknown'),
  );
  const found = new Set<number>();
  for (const batch of mixed.batches()) {
    for (let row = 0; row < batch.count; row++) {
      assert.equal(streams[waiters.of(batch, row)].index, batch.stream[row]);
      found.add(waiters.of(batch, row));
    }
  }
  assert.equal(found.size, streams.length);
});

test('every shipped recording reads, whatever its version, and sealing it anew changes no row', (t) => {
  const folder = folderOf(t);
  for (const name of readdirSync(fixture('recordings')).filter((file) => file.endsWith('.arrow'))) {
    const before = fixture(`recordings/${name}`);
    const after = join(folder, name);
    sealTrace(before, after);
    using one = openTrace(before);
    using other = openTrace(after);
    assert.equal(other.version, FORMAT_VERSION);
    assert.deepEqual(other.header, { ...one.header, totals: other.header.totals });
    const batches = [...other.batches()];
    let at = 0;
    for (const batch of one.batches()) assert.deepEqual(batches[at++], batch, name);
    assert.equal(at, batches.length);
  }
});
