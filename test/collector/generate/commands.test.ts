// `iotlb generate` and `iotlb merge` as commands: files that say they were made, byte for byte the same.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';

import { openTrace } from '../../../collector/format/index.ts';
import { rowsOf } from '../../replayer/fixtures.ts';
import type { Row } from '../../replayer/recording.ts';

const main = fileURLToPath(new URL('../../../main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'iotlb-generate-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

function iotlb(...args: readonly string[]): {
  status: number | null;
  stderr: string;
  stdout: string;
} {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
}

function rowsIn(path: string): Row[] {
  using reader = openTrace(path);
  return [...reader.batches()].flatMap(rowsOf);
}

function make(name: string, ...args: readonly string[]): string {
  const done = iotlb('generate', '-o', at(name), '-n', '400', ...args);
  assert.equal(done.status, 0, done.stderr);
  return at(name);
}

void test('generate: the same command makes the same bytes, and the file says it was made', () => {
  const one = make('one.arrow', '--seed', '5', '--streams', '2');
  const two = make('two.arrow', '--seed', '5', '--streams', '2');
  assert.deepEqual(readFileSync(one), readFileSync(two));
  using reader = openTrace(one);
  assert.match(
    reader.header.synthetic ?? '',
    /^generated: 400 requests, poisson arrivals, 2 streams; seed 5/,
  );
  assert.match(iotlb('info', one).stdout, /synthetic {3}generated/);
  assert.match(iotlb('plan', one).stdout, /not captured: generated/);
});

void test('generate: --like makes more of the same and names its parent', () => {
  const one = make('parent.arrow', '--per-barrier', '4');
  const done = iotlb('generate', '-o', at('like.arrow'), '--like', one, '--scale', '3x', '--json');
  assert.equal(done.status, 0, done.stderr);
  assert.equal((JSON.parse(done.stdout) as { requests: number }).requests, 1200);
  using reader = openTrace(at('like.arrow'));
  assert.equal(reader.header.parent?.name, 'parent.arrow');
  assert.equal(rowsIn(at('like.arrow')).length, 1500);
});

void test('generate: leaves what exists alone, and asks for nothing it cannot make', () => {
  const one = make('kept.arrow');
  const before = readFileSync(one);
  assert.equal(iotlb('generate', '-o', one).status, 2);
  assert.deepEqual(readFileSync(one), before);
  assert.equal(iotlb('generate', '-o', at('x.arrow'), '--rate', 'fast').status, 2);
  assert.equal(iotlb('generate', '-o', at('x.arrow'), '--like', at('none.arrow')).status, 4);
});

void test('merge: every row of every copy is there once, shifted, in its own order, in its own stream', () => {
  const a = make('a.arrow', '--seed', '1', '--streams', '2');
  const b = make('b.arrow', '--seed', '2');
  const done = iotlb('merge', `${a}:times=2,every=1ms`, `${b}:shift=5us`, '-o', at('all.arrow'));
  assert.equal(done.status, 0, done.stderr);
  const rows = rowsIn(at('all.arrow'));
  const wanted: readonly [string, number, number, number][] = [
    [a, 0, 0, 0],
    [a, 2, 1e6, 1],
    [b, 4, 5000, 2],
  ];
  for (const [path, firstStream, shiftNs, copy] of wanted) {
    for (const stream of new Set(rowsIn(path).map((row) => row.stream))) {
      const own = rowsIn(path).filter((row) => row.stream === stream);
      const found = rows.filter((row) => row.stream === firstStream + stream);
      assert.deepEqual(
        found.map((row) => ({ ...row, seq: 0 })),
        own.map((row) => ({
          ...row,
          seq: 0,
          stream: firstStream + stream,
          tNs: row.tNs + shiftNs,
          ...(row.domain === undefined ? {} : { domain: row.domain + copy * 2 ** 16 }),
        })),
      );
    }
  }
  assert.equal(rows.length, 2 * rowsIn(a).length + rowsIn(b).length);
  rows.slice(1).forEach((row, i) => assert.ok(row.tNs >= rows[i].tNs));
  using reader = openTrace(at('all.arrow'));
  assert.equal(reader.header.streams.length, 5);
  assert.match(
    reader.header.synthetic ?? '',
    /^merged: a\.arrow × 2.* \+ b\.arrow.*of these: generated/,
  );
});

void test('merge: a setting that is not one is a usage error, a missing recording an input error', () => {
  const a = make('c.arrow');
  assert.equal(iotlb('merge', `${a}:times=0`, '-o', at('m.arrow')).status, 2);
  assert.equal(iotlb('merge', `${a}:shift=5`, '-o', at('m.arrow')).status, 2);
  assert.equal(iotlb('merge', at('none.arrow'), '-o', at('m.arrow')).status, 4);
});
