// Raw ring-buffer pages: against the kernel's own text of the same buffer, and against pages written here
// with everything that the layout allows.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ToolError } from '../../../collector/base/index.ts';
import { capture, fixture, vectors } from '../../support/fixtures.ts';
import { kindsOf, readSource, type Row, type SourceRun } from '../../support/read-source.ts';
import { qiSubmitData, ringPage, type PageEvent } from '../../support/ring-pages.ts';

const QI_ID = 1316;

/** A folder of the given files with the formats of 7.2.13, read as a source. */
async function readPages(files: Readonly<Record<string, Buffer>>): Promise<SourceRun> {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-test-'));
  try {
    cpSync(capture('formats'), join(folder, 'formats'), { recursive: true });
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    return await readSource(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As the text shows it: absolute times, rounded to the µs as the kernel does. */
const view = (rows: readonly Row[], startNs: bigint): readonly object[] =>
  rows.map(({ t, ...row }) => ({ ...row, us: Number((startNs + BigInt(t) + 500n) / 1000n) }));

const startOf = (run: SourceRun): bigint => BigInt(run.facts.clock.start_ns);

void test("raw pages of a whole run give the text's events, one for one, in order, with the same times", async () => {
  const raw = await readSource(fixture('vtd-fs-perf'));
  const text = await readSource(fixture('vtd-fs-perf/guest-ftrace.txt.zst'));
  assert.equal(raw.rows.length, 3344);
  assert.deepEqual(view(raw.rows, startOf(raw)), view(text.rows, startOf(text)));
});

void test("one CPU's pages give that CPU's part of the text", async () => {
  for (const [name, cpu] of [
    ['vtd-legacy', 0],
    ['vtd-sm', 1],
  ] as const) {
    const raw = await readPages({
      [`raw.cpu${cpu}`]: readFileSync(capture(`${name}.raw.cpu${cpu}`)),
    });
    const text = await readSource(capture(`${name}.ftrace.txt`));
    const own = text.rows.filter((row) => row.cpu === cpu && row.kind !== 'barrier');
    const rows = raw.rows.filter((row) => row.kind !== 'barrier');
    const bare = (all: readonly object[]): readonly object[] =>
      all.map((row) => ({ ...row, stream: 0 }));
    assert.deepEqual(bare(view(rows, startOf(raw))), bare(view(own, startOf(text))), name);
  }
});

void test('the first qi_submit of the sample is the one that the vectors give byte for byte', async () => {
  const vector = vectors.ring_buffer_first_qi_submit;
  const { rows, facts } = await readPages({
    'raw.cpu0': readFileSync(capture('vtd-legacy.raw.cpu0')),
  });
  const first = rows.find((row) => row.kind === 'iotlb');
  assert.ok(first !== undefined);
  assert.equal(String(BigInt(facts.clock.start_ns) + BigInt(first.t)), vector.ts_ns);
  assert.equal(first.raw, 'f2000400000000000400faff00000000'.padEnd(64, '0'));
  assert.deepEqual(facts.streams.map((stream) => stream.name).includes('dmar0'), true);
});

void test('events are merged over CPUs in time order', async () => {
  const { rows } = await readSource(fixture('vtd-fs-perf'));
  assert.deepEqual([...new Set(rows.map((row) => row.cpu))].sort(), [0, 1]);
  const requests = rows.filter((row) => row.kind !== 'barrier');
  requests.reduce((before, row) => {
    assert.ok(row.t >= before);
    return row.t;
  }, 0);
});

const event = (
  delta: number,
  page: number,
  options: Partial<PageEvent> & { little: boolean },
): PageEvent => ({
  delta,
  data: qiSubmitData(QI_ID, [0x400f2n, BigInt(page) << 12n, 0n, 0n], options),
  ...options,
});

void test('every form of length and time decodes the same, on little- and big-endian pages', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.bigInt(0n, (1n << 59n) - (1n << 40n)),
      fc.array(
        fc.record({
          delta: fc.oneof(fc.nat(2 ** 27 - 1), fc.integer({ min: 2 ** 27, max: 2 ** 36 })),
          time: fc.constantFrom('delta', 'extend', 'absolute'),
          long: fc.boolean(),
        }),
        { minLength: 1, maxLength: 40 },
      ),
      async (little, timeNs, shapes) => {
        const events = shapes.map((shape, i) => event(shape.delta, i + 1, { ...shape, little }));
        const { rows, facts } = await readPages({
          'raw.cpu3': ringPage(events, { little, timeNs }),
        });
        const requests = rows.filter((row) => row.kind === 'iotlb');
        const start = BigInt(facts.clock.start_ns);
        let at = timeNs;
        const expected = shapes.map((shape, i) => {
          at += BigInt(shape.delta);
          return [at, `${(i + 1).toString(16)}+1`, 3];
        });
        assert.deepEqual(
          requests.map((row) => [start + BigInt(row.t), row.range, row.cpu]),
          expected,
        );
      },
    ),
    { numRuns: 60 },
  );
});

void test('overruns are counted per CPU between the times where they fell, told or not', async () => {
  const page = (timeNs: bigint, lost?: number | 'unknown'): Buffer =>
    ringPage([event(1, 1, { little: true })], {
      little: true,
      timeNs,
      ...(lost === undefined ? {} : { lost }),
    });
  const { losses, rows } = await readPages({
    'raw.cpu0': Buffer.concat([page(100n), page(200n, 77)]),
    'raw.cpu1': Buffer.concat([page(150n), page(300n, 'unknown')]),
  });
  assert.deepEqual(kindsOf(rows), { iotlb: 4, barrier: 4 });
  const places = losses.details.map(({ unit, at, lost, from_ns, to_ns }) => [
    unit,
    at,
    lost,
    from_ns,
    to_ns,
  ]);
  // Times count from the first event, which is 1 ns after its page's.
  assert.deepEqual(places, [
    ['cpu', 0, 77, 0, 99],
    ['cpu', 1, 1, 50, 199],
  ]);
  assert.equal(losses.tally().seen, losses.tally().kept + 78);
});

void test('sub-buffers of another size are read by their header_page', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-test-'));
  try {
    cpSync(capture('formats'), join(folder, 'formats'), { recursive: true });
    const header = readFileSync(capture('formats/header_page'), 'latin1').replace(
      /size:4080/,
      'size:16368',
    );
    writeFileSync(join(folder, 'header_page'), header);
    const events = Array.from({ length: 150 }, (_, i) => event(5, i + 1, { little: true }));
    writeFileSync(
      join(folder, 'raw.cpu0'),
      ringPage(events, { little: true, timeNs: 5n, pageBytes: 16_384 }),
    );
    const { rows } = await readSource(folder);
    assert.equal(rows.filter((row) => row.kind === 'iotlb').length, 150);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

void test('a record that claims more than 2 GiB is damage, not a step backwards', async () => {
  const page = ringPage([event(1, 1, { little: true, long: true })], { little: true, timeNs: 1n });
  for (const length of [0x80000010, 0xfffffffd, 0, 3]) {
    const bad = Buffer.from(page);
    bad.writeUInt32LE(length, 16 + 4);
    await assert.rejects(
      readPages({ 'raw.cpu0': bad }),
      (error) => error instanceof ToolError && error.code === 'E_CORRUPT',
    );
  }
});

void test('a page that contradicts itself is refused with its CPU and number; flips never crash', async () => {
  const good = ringPage([event(1, 1, { little: true })], { little: true, timeNs: 1n });
  const bad = Buffer.from(good);
  bad.writeUInt32LE(4081, 8);
  await assert.rejects(
    readPages({ 'raw.cpu2': Buffer.concat([good, bad]) }),
    (error) =>
      error instanceof ToolError &&
      error.code === 'E_CORRUPT' &&
      /CPU 2, page 1/.test(error.message),
  );
  await assert.rejects(
    readPages({ 'raw.cpu0': good.subarray(0, 1000) }),
    (error) => error instanceof ToolError && error.code === 'E_TRUNCATED',
  );
  const sample = readFileSync(capture('vtd-sm.raw.cpu1'));
  await fc.assert(
    fc.asyncProperty(
      fc.nat(sample.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, flip) => {
        const bytes = Buffer.from(sample);
        bytes[at] ^= flip;
        try {
          const { rows } = await readPages({ 'raw.cpu0': bytes });
          assert.ok(rows.length < 2000);
        } catch (error) {
          assert.ok(error instanceof ToolError, String(error));
        }
      },
    ),
    { numRuns: 100 },
  );
});

void test('without format files the error says what to copy', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-test-'));
  try {
    writeFileSync(join(folder, 'raw.cpu0'), readFileSync(capture('vtd-legacy.raw.cpu0')));
    await assert.rejects(
      readSource(folder),
      (error) => error instanceof ToolError && /header_page/.test(error.hint ?? ''),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
