// A whole comparison on the real sample, through the real engine: what SQL says of the samples must be what plain
// arithmetic over the same result files says.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

import { tableFromIPC } from 'apache-arrow';

import { assembleReport } from '../../analysis/report/assemble.ts';
import { reportFromFiles } from '../../analysis/report/from-files.ts';
import { reportSchema, type ReportJson } from '../../analysis/report/schema.ts';
import { IN_MEMORY, openStore } from '../../analysis/store/index.ts';
import { loadFile } from '../../analysis/store/load.ts';
import { readResultHeader } from '../../replayer/result/file.ts';
import { SAMPLE, folderFor, iotlb, json } from '../support/cli.ts';
import { madeComparison } from '../support/comparison-rows.ts';

interface Row {
  readonly strategy: string;
  readonly same_as: readonly string[];
  readonly repeats: number;
  readonly ioctls: number;
  readonly service_total_ns: number;
  readonly stall_total_ns: number;
  readonly stall_p99_ns: number | null;
  readonly ratio: number | null;
  readonly holds: boolean;
  readonly baseline: boolean;
  readonly stall_total: { readonly ratio: number; readonly ratio_low: number | null };
}

const REQUESTS = 600;
const ROUNDS = 2;
const PART = ['--limit', String(REQUESTS), '--speed', '20x', '--open-loop'];
const STRATEGIES = ['none', 'barrier', 'adjacent', 'window:us=50'];

const folder = join(folderFor({ after }), 'out');
let rows: readonly Row[] = [];
let report: ReportJson;
let warned = '';
/** Result files by strategy, those of the baseline's second arm with the first's. */
let files: ReadonlyMap<string, readonly string[]>;

before(() => {
  const flags = STRATEGIES.flatMap((strategy) => ['-s', strategy]);
  const limits = ['--fail-on', 'ioctls<-20%'];
  const args = ['compare', SAMPLE, ...flags, '-n', String(ROUNDS), ...PART, ...limits];
  const said = iotlb([...args, '--seed', '7', '-o', folder, '--json']);
  assert.equal(said.code, 5, said.err);
  warned = said.err;
  rows = json<{ readonly strategies: readonly Row[] }>(said).strategies;
  report = reportSchema.parse(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')));
  const paths = readdirSync(folder)
    .filter((name) => name.endsWith('.arrow'))
    .map((name) => join(folder, name));
  files = new Map(
    STRATEGIES.map((strategy) => [
      strategy,
      paths.filter((path) => readResultHeader(path).plan.strategy === strategy),
    ]),
  );
});

function numbers(path: string, column: string): readonly number[] {
  const table = tableFromIPC(readFileSync(path));
  const vector = table.getChild(column);
  assert.ok(vector !== null, `${path} has a column ${column}`);
  return Array.from(vector.toArray() as Iterable<bigint | number>, Number);
}

/** Every barrier's stall of a result, those that no step held back included. */
function stalls(path: string): readonly number[] {
  const table = tableFromIPC(readFileSync(path));
  const lists = table.getChild('stalls_ns');
  assert.ok(lists !== null);
  const held = Array.from(lists, (list) => Array.from(list as Iterable<bigint>, Number)).flat();
  const { free_barriers: unheld } = readResultHeader(path);
  return [...held, ...Array.from({ length: unheld }, () => 0)];
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const middle = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const serviceOf = (path: string): number => {
  const issued = numbers(path, 'issued_ns');
  return sum(numbers(path, 'completed_ns').map((done, i) => done - issued[i]));
};
const pathsOf = (strategy: string): readonly string[] => files.get(strategy) ?? [];
const rowOf = (strategy: string): Row => {
  const row = rows.find((one) => one.strategy === strategy);
  assert.ok(row !== undefined, strategy);
  return row;
};

test('compare: identical plans are replayed once and are a row each that names the other', () => {
  assert.deepEqual(rows.map(({ strategy }) => strategy).sort(), [...STRATEGIES].sort());
  assert.deepEqual(rowOf('barrier').same_as, ['adjacent']);
  assert.deepEqual(rowOf('adjacent').same_as, ['barrier']);
  assert.deepEqual(rowOf('none').same_as, [], 'it issues at the request, not at the barrier');
  assert.equal(pathsOf('barrier').length, ROUNDS);
  assert.equal(pathsOf('adjacent').length, 0);
  assert.equal(report.strategies.length, 3);
});

test('compare: the baseline is replayed as two arms', () => {
  const arms = pathsOf('none').map((path) => readResultHeader(path).arm);
  assert.deepEqual(arms.sort(), [0, 0, 1, 1]);
  assert.notEqual(report.claims.control, null);
});

test('compare: the engine and plain arithmetic agree on every total', () => {
  for (const strategy of ['none', 'barrier', 'window:us=50']) {
    const row = rowOf(strategy);
    const paths = pathsOf(strategy);
    assert.equal(row.service_total_ns, middle(paths.map(serviceOf)), strategy);
    assert.equal(row.stall_total_ns, middle(paths.map((path) => sum(stalls(path)))), strategy);
    assert.equal(row.ioctls, middle(paths.map((path) => sum(numbers(path, 'calls')))), strategy);
  }
});

test('compare: a percentile is the ⌈p·n⌉-th smallest of each repeat', () => {
  for (const strategy of ['none', 'window:us=50']) {
    const p99 = pathsOf(strategy).map((path) => {
      const sorted = [...stalls(path)].sort((a, b) => a - b);
      assert.ok(sorted.length >= 500, 'enough beyond it to be shown');
      return sorted[Math.ceil(0.99 * sorted.length - 1e-6) - 1];
    });
    assert.equal(rowOf(strategy).stall_p99_ns, middle(p99), strategy);
  }
});

test('compare: a ratio is the quotient of the two values of its cells', () => {
  const geometric = (values: readonly number[]): number =>
    Math.exp(sum(values.map((value) => Math.log(value))) / values.length);
  const base = geometric(pathsOf('none').map((path) => sum(stalls(path))));
  const window = geometric(pathsOf('window:us=50').map((path) => sum(stalls(path))));
  const { ratio, ratio_low } = rowOf('window:us=50').stall_total;
  assert.ok(Math.abs(ratio / (window / base) - 1) < 1e-9);
  assert.equal(ratio_low, null, 'two rounds bound nothing');
  assert.equal(rowOf('window:us=50').holds, false);
});

test('compare: a limit on a count is checked exactly, with two repeats', () => {
  const [base, window] = [rowOf('none').ioctls, rowOf('window:us=50').ioctls];
  assert.equal(window < 0.8 * base, true, 'the window groups a fifth of the calls away');
  assert.match(warned, /window:us=50 breaks --fail-on 'ioctls<-20%'/);
});

test('compare: the report says what part ran, in words and in its rate chart', () => {
  assert.match(report.headline.text, /the first 600 requests/);
  const rate = report.charts.find(({ id }) => id === 'rate');
  assert.ok(rate !== undefined);
  const [requests] = rate.series;
  const width = requests.x[1] - requests.x[0];
  const total = sum(requests.y.map((value) => ((value ?? 0) * width) / 1e9));
  assert.equal(Math.round(total), REQUESTS, 'the rate chart holds what was replayed');
  assert.ok(rate.note?.includes('the first 600 requests'));
});

test('compare: the null issuer is said first, and its times name no winner', () => {
  assert.equal(report.ran_on.provenance, 'null');
  assert.equal(report.headline.winner, null);
  assert.match(report.headline.text, /no IOMMU took part/);
});

test('compare: charts draw no percentile that too few samples lie beyond', () => {
  for (const id of ['service', 'stall', 'lateness']) {
    const [series] = report.charts.find((chart) => chart.id === id)?.series ?? [];
    const last = series.x.findLast((_, i) => series.y[i] !== null);
    assert.ok(last !== undefined && last >= 1.9 && last <= 2.1, `${id}: 600 samples reach p99`);
  }
});

test('report: with a result file gone, the rounds pair by repeat number and the missing one is said', async () => {
  const all = [...files.values()].flat();
  const gone = pathsOf('none').find((path) => readResultHeader(path).repeat === 0);
  assert.ok(gone !== undefined);
  const made = await reportFromFiles(all.filter((path) => path !== gone));
  assert.equal(made.claims.rounds, 1);
  assert.match(made.trust.map(({ text }) => text).join(' '), /Missing: repeat 0 of none/);
});

test('report: no round that every strategy has is an error, not an empty report', () => {
  const made = madeComparison({
    strategies: [{ strategy: 'none' }, { strategy: 'drain' }],
    rounds: 1,
  });
  const runs = made.runs.filter(({ strategy }) => strategy === 'none').slice(0, 1);
  const later = made.runs
    .filter(({ strategy }) => strategy === 'drain')
    .map((run) => ({ ...run, repeat: 5 }));
  assert.throws(
    () => assembleReport({ ...made, runs: [...runs, ...later] }),
    /no repeat has every strategy/,
  );
});

test('loading a file again changes nothing', async () => {
  const path = pathsOf('none')[0];
  const store = await openStore(IN_MEMORY);
  try {
    const counts = {
      sql: 'SELECT (SELECT count() FROM samples) AS samples, (SELECT count() FROM runs) AS runs, (SELECT count() FROM events) AS events',
    };
    await loadFile(store, path);
    await loadFile(store, SAMPLE);
    const once = await store.rows<{ samples: number; runs: number; events: number }>(counts);
    assert.equal((await loadFile(store, path)).known, true);
    assert.equal((await loadFile(store, SAMPLE)).known, true);
    assert.deepEqual(await store.rows(counts), once);
    assert.equal(once[0].runs, 1);
    assert.equal(once[0].events, 41_684);
  } finally {
    await store.close();
  }
});
