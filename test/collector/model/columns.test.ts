// The table of columns: a newcomer adds a column in one place, and everything that handles rows follows.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import {
  ALL_COLUMNS,
  COLUMN_TYPES,
  EventBuilder,
  FORMAT_VERSION,
  MEMORY_COLUMNS,
  PRESENT,
  columnsOf,
  sliceRows,
  type EventBatch,
} from '../../../collector/model/index.ts';
import { fixture } from '../../support/fixtures.ts';

const DIST = fileURLToPath(new URL('../../../', import.meta.url));

/** A builder whose every cell differs from its neighbours; `salt` makes another one. */
function filled(rows: number, salt: number): EventBuilder {
  const out = new EventBuilder(1);
  for (let i = 0; i < rows; i++) out.next(i, 0);
  for (let i = 0; i < rows; i++) out.present[i] = (i * 7 + salt) & 0xffff;
  MEMORY_COLUMNS.forEach(({ field, type }, c) => {
    const cells = rows * COLUMN_TYPES[type].perRow;
    for (let i = 0; i < cells; i++) out[field][i] = (i * 31 + c * 17 + salt) % 251;
  });
  return out;
}

function cellsOf(batch: EventBatch, row: number): readonly (readonly number[])[] {
  return [
    [batch.present[row]],
    ...MEMORY_COLUMNS.map(({ field, type }) => {
      const { perRow } = COLUMN_TYPES[type];
      return [...batch[field].subarray(row * perRow, (row + 1) * perRow)];
    }),
  ];
}

test('names of columns and of their arrays are unique, and every presence bit is known', () => {
  const names = ALL_COLUMNS.map(({ name }) => name);
  const fields = MEMORY_COLUMNS.map(({ field }) => field);
  assert.equal(new Set(names).size, names.length);
  assert.equal(new Set(fields).size, fields.length);
  const bits = Object.values(PRESENT) as readonly number[];
  for (const { name, present } of ALL_COLUMNS) {
    assert.ok(present === undefined || bits.includes(present), name);
  }
  const used = bits.reduce((sum, bit) => sum | bit, 0);
  assert.equal(used & 0xffff, used, '`present` has 16 bits');
});

test('columns are added at the end and no version loses one: older files are prefixes', () => {
  for (let version = 2; version <= FORMAT_VERSION; version++) {
    const before = columnsOf(version - 1).map(({ name }) => name);
    const names = columnsOf(version).map(({ name }) => name);
    assert.deepEqual(names.slice(0, before.length), before);
  }
  assert.deepEqual(columnsOf(FORMAT_VERSION), ALL_COLUMNS);
});

test('slices, appended and gathered rows are the same in every column of the table', () => {
  const one = filled(300, 3);
  const slice = sliceRows(one, 20, 50);
  assert.equal(slice.firstSeq, 20);
  for (let i = 0; i < 30; i++) assert.deepEqual(cellsOf(slice, i), cellsOf(one, 20 + i));

  const out = new EventBuilder(2);
  out.next(0, 0);
  assert.equal(out.append(one, 100, 250), 1);
  assert.equal(out.count, 151);
  for (let i = 0; i < 150; i++) assert.deepEqual(cellsOf(out, 1 + i), cellsOf(one, 100 + i));

  const from = Int32Array.from([5, 299, 0, 17]);
  const to = Int32Array.from([3, 0, 150, 9]);
  out.gather(one, { from, to, count: 3 });
  for (let i = 0; i < 3; i++) assert.deepEqual(cellsOf(out, to[i]), cellsOf(one, from[i]));
  assert.deepEqual(cellsOf(out, 9), cellsOf(one, 108), 'pairs from `count` on are not copied');
});

test('a builder that is cleared gives rows without anything of the rows before', () => {
  const out = filled(40, 9);
  out.clear();
  assert.equal(out.firstSeq, 40);
  const row = out.next(5, 2);
  assert.equal(out.present[row], 0);
  for (const { field, type, present } of MEMORY_COLUMNS) {
    if (present !== undefined || type === 'words') continue; // `present` and `raw_len` say: not there
    const want = field === 'tNs' ? 5 : field === 'stream' ? 2 : 0;
    assert.equal(out[field][row], want, field);
  }
});

// One entry in the table, as a newcomer would write it, is all that changes in a copy of the built project.
const ADDED = `
  { name: 'depth', field: 'depth', type: 'uint16', present: 0x4000, unit: 'count', description: 'test', since: 1000 },
  { name: 'weight', field: 'weight', type: 'ns', unit: 'ns', description: 'test', since: 1000 },
];`;

const SCRIPT = `
import assert from 'node:assert/strict';
import { TraceWriter, openTrace, sealTrace } from './collector/format/index.js';
import { EventBuilder, FORMAT_VERSION, sliceRows } from './collector/model/index.js';
import { mergeRows } from './collector/generate/merge.js';
import { structureOf } from './analysis/store/event-columns.js';
import { ALL_COLUMNS } from './collector/model/index.js';
const [, , old, folder] = process.argv;
assert.equal(FORMAT_VERSION, 1000);
const rows = (path) => {
  const reader = openTrace(path);
  const out = [];
  for (const batch of reader.batches())
    for (let i = 0; i < batch.count; i++)
      out.push([batch.tNs[i], (batch.present[i] & 0x4000) !== 0 ? batch.depth[i] : null, batch.weight[i]]);
  reader.close();
  return { out, header: reader.header };
};
const before = rows(old);
assert.ok(before.out.length > 0);
assert.ok(before.out.every(([, depth, weight]) => depth === null && weight === 0));
const out = new EventBuilder(1);
for (let i = 0; i < 1000; i++) {
  const row = out.next(i, 0);
  out.weight[row] = i * 3 + 2 ** 40;
  if (i % 3 === 0) continue;
  out.present[row] |= 0x4000;
  out.depth[row] = i;
}
const want = Array.from({ length: 1000 }, (_, i) => [i, i % 3 === 0 ? null : i, i * 3 + 2 ** 40]);
const writer = new TraceWriter(folder + '/a.arrows', { ...before.header, version: FORMAT_VERSION });
for (const part of [sliceRows(out, 0, 400), ...mergeRows([{ batches: [sliceRows(out, 400, 1000)][Symbol.iterator](), shiftNs: 0, streams: new Map([[0, 0]]), copy: 0 }])])
  writer.append(part, { seen: writer.rows + part.count, kept: writer.rows + part.count, lost: 0, skipped: 0 }, []);
writer.finish({ seen: 1000, kept: 1000, lost: 0, skipped: 0 }, []);
sealTrace(folder + '/a.arrows', folder + '/a.arrow');
assert.deepEqual(rows(folder + '/a.arrows').out, want);
assert.deepEqual(rows(folder + '/a.arrow').out, want);
assert.match(structureOf(ALL_COLUMNS), /, depth Nullable\\(UInt16\\), weight Int64$/);
const names = ['out', 'sliced'];
for (const [i, batch] of [out, sliceRows(out, 0, 1)].entries()) assert.ok(%HasFastProperties(batch), names[i]);
console.log('added');
`;

test('a column added to the table is built, sliced, merged, written, sealed, read and loaded', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-columns-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const copy = join(folder, 'dist');
  for (const part of ['collector', 'analysis/store', 'replayer']) {
    cpSync(join(DIST, part), join(copy, part), { recursive: true });
  }
  cpSync(resolve(DIST, '../package.json'), join(folder, 'package.json'));
  symlinkSync(resolve(DIST, '../node_modules'), join(folder, 'node_modules'));
  const table = join(copy, 'collector/model/columns.js');
  const text = readFileSync(table, 'utf8');
  const end = text.indexOf('\n];', text.indexOf('\nconst COLUMNS = ['));
  assert.ok(end > 0);
  const changed = text
    .replace(/FORMAT_VERSION = \d+/, 'FORMAT_VERSION = 1000')
    .replace(text.slice(end, end + 3), ADDED);
  writeFileSync(table, changed);
  writeFileSync(join(copy, 'script.js'), SCRIPT);
  const args = ['--allow-natives-syntax', join(copy, 'script.js')];
  const old = fixture(`format/v2.sealed.arrow`);
  const printed = execFileSync(process.execPath, [...args, old, folder], { encoding: 'utf8' });
  assert.equal(printed, 'added\n');
});
