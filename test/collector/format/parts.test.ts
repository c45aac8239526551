// The parts of a rotated recording read as one recording, and what is missing of them is said.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { TraceWriter, fileDigest, openTrace, sealTrace } from '../../../collector/format/index.ts';
import { EventBuilder, type TraceHeader } from '../../../collector/model/index.ts';
import { fillKnown, knownHeader, knownNumbers, tallyOf } from '../../durability/known-rows.ts';

const ROWS = 10;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-parts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

type Part = NonNullable<TraceHeader['parts']>;

/** Part `number` of a recording with ROWS rows in each, sealed. */
function writePart(folder: string, number: number, change: Partial<Part> = {}): string {
  const first = (number - 1) * ROWS;
  const path = join(folder, `guest-000${number}.arrow`);
  const parts: Part = {
    id: 'one',
    number,
    first_seq: first,
    begin_ns: first * 1000,
    end_ns: (first + ROWS) * 1000,
    ...change,
  };
  const writer = new TraceWriter(`${path}.stream`, { ...knownHeader(0), parts });
  const out = new EventBuilder();
  fillKnown(out, first, ROWS);
  writer.append(out, tallyOf(ROWS), []);
  writer.finish(tallyOf(ROWS), []);
  sealTrace(writer.path, path);
  rmSync(writer.path);
  return path;
}

function read(path: string | readonly string[]): {
  readonly numbers: readonly number[];
  readonly seqs: readonly number[];
  readonly lost: readonly (readonly [number, number, string])[];
} {
  using reader = openTrace(path);
  const numbers: number[] = [];
  const seqs: number[] = [];
  for (const batch of reader.batches()) {
    numbers.push(...knownNumbers(batch));
    for (let i = 0; i < batch.count; i++) seqs.push(batch.firstSeq + i);
  }
  const { tally, losses, events } = reader.end ?? assert.fail('no end');
  assert.equal(tally.seen, tally.kept + tally.lost);
  assert.equal(events, numbers.length);
  assert.equal(reader.header.parts, undefined, 'what is read as one is not a part');
  return { numbers, seqs, lost: losses.map(({ at, lost, reason }) => [at, lost, reason]) };
}

const refused = (text: RegExp) => (error: unknown) =>
  error instanceof ToolError && error.code === 'E_MISMATCH' && text.test(error.message);

const upTo = (rows: number): readonly number[] => Array.from({ length: rows }, (_, i) => i);

test('a folder of parts, or the parts in any order, read as the one recording that they were', (t) => {
  const folder = folderOf(t);
  const paths = [1, 2, 3].map((number) => writePart(folder, number));
  for (const from of [folder, paths, paths.toReversed()]) {
    const { numbers, seqs, lost } = read(from);
    assert.deepEqual(numbers, upTo(30));
    assert.deepEqual(seqs, upTo(30));
    assert.deepEqual(lost, []);
  }
  assert.equal(fileDigest(folder), fileDigest(paths.toReversed()));
  assert.notEqual(fileDigest(folder), fileDigest(paths.slice(1)));
  const whole = join(folder, 'whole');
  mkdirSync(whole);
  sealTrace(folder, join(whole, 'whole.arrow'));
  assert.deepEqual(read(whole).numbers, upTo(30), 'a folder may hold one recording');
});

test('parts that are not there are counted as lost, with their numbers', (t) => {
  const folder = folderOf(t);
  const paths = [1, 2, 3, 4].map((number) => writePart(folder, number));
  assert.deepEqual(read([paths[0], paths[3]]).lost, [[10, 20, 'parts 2 to 3 are not there']]);
  const later = read([paths[1], paths[3]]);
  assert.deepEqual(later.lost, [
    [0, 10, 'part 1 is not there'],
    [10, 10, 'part 3 is not there'],
  ]);
  assert.deepEqual(
    later.numbers,
    [1, 3].flatMap((part) => upTo(10).map((i) => part * 10 + i)),
  );
});

test('files that are not parts of one recording are refused, and it is said why', (t) => {
  const folder = folderOf(t);
  const first = writePart(folder, 1);
  const cases: readonly (readonly [Partial<Part>, RegExp])[] = [
    [{ id: 'two' }, /of two recordings/],
    [{ number: 1 }, /are both part 1/],
    [{ begin_ns: 77 }, /does not begin where .*guest-0001.arrow ends/],
  ];
  for (const [change, why] of cases) {
    assert.throws(() => openTrace([first, writePart(folder, 2, change)]), refused(why));
  }
  const less = openTrace([first, writePart(folder, 2, { first_seq: 7 })]);
  assert.throws(
    () => [...less.batches()],
    refused(/begins with row 7, but 10 rows come before it/),
  );
  less.close();
  const alone = join(folder, 'alone.arrow');
  const writer = new TraceWriter(alone, knownHeader(0));
  writer.finish(tallyOf(0), []);
  assert.throws(() => openTrace([first, alone]), refused(/alone.arrow does not say which part/));
});
