// A whole comparison on the real sample, through the real engine: what SQL says of the samples must be
// what plain arithmetic over the same result files says.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { tableFromIPC } from 'apache-arrow';

import { loadFile } from '../../analysis/store/load.ts';
import { IN_MEMORY, openStore } from '../../analysis/store/index.ts';
import { reportSchema } from '../../analysis/report/schema.ts';
import { readResultHeader } from '../../replayer/result/file.ts';
import { SAMPLE, folderFor, iotlb, json } from '../support/cli.ts';

interface Row {
  readonly strategy: string;
  readonly repeats: number;
  readonly ioctls: number;
  readonly service_total_ns: number;
  readonly stall_p99_ns: number;
  readonly ratio: number | null;
  readonly holds: boolean;
  readonly verdict: string;
  readonly baseline: boolean;
}

function numbers(path: string, column: string): readonly number[] {
  const table = tableFromIPC(readFileSync(path));
  const vector = table.getChild(column);
  assert.ok(vector !== null, `${path} has a column ${column}`);
  return Array.from(vector.toArray() as Iterable<bigint | number>, Number);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

test(
  'compare: the engine and plain arithmetic agree on every run, and the report is whole',
  { timeout: 300_000 },
  async (t) => {
    const folder = folderFor(t);
    const args = [
      'compare',
      SAMPLE,
      '-s',
      'none',
      '-s',
      'window:us=50',
      '-n',
      '2',
      '--speed',
      '20x',
      '--seed',
      '7',
    ];
    const said = iotlb([...args, '-o', join(folder, 'out'), '--json', '-q']);
    assert.equal(said.code, 0, said.err);
    const { strategies } = json<{ readonly strategies: readonly Row[] }>(said);
    assert.deepEqual(
      strategies.map((row) => row.strategy),
      ['none', 'window:us=50'],
    );
    assert.equal(strategies[0].baseline, true);
    assert.equal(strategies[0].ratio, 1);
    const files = readdirSync(join(folder, 'out')).filter((name) => name.endsWith('.arrow'));
    assert.equal(files.length, 4);
    for (const row of strategies) {
      const runs = files
        .map((name) => join(folder, 'out', name))
        .filter((path) => readResultHeader(path).plan.strategy === row.strategy);
      assert.equal(row.repeats, 2);
      const totals = runs.map((path) => {
        const issued = numbers(path, 'issued_ns');
        return numbers(path, 'completed_ns').reduce((sum, done, i) => sum + done - issued[i], 0);
      });
      assert.equal(row.service_total_ns, (totals[0] + totals[1]) / 2);
      const calls = runs.map((path) => numbers(path, 'calls').reduce((a, b) => a + b, 0));
      assert.equal(row.ioctls, (calls[0] + calls[1]) / 2);
      assert.equal(row.holds, false, 'two repeats never hold');
    }
    const report = reportSchema.parse(
      JSON.parse(readFileSync(join(folder, 'out', 'report.json'), 'utf8')),
    );
    assert.equal(report.ran_on.provenance, 'null');
    for (const { strategy, values } of report.strategies) {
      const cpu = values.cpu_ns?.samples ?? [];
      assert.equal(cpu.length, 2);
      assert.ok(
        cpu.every((ns, i) => ns > 0 && ns >= (values.cpu_system_ns?.samples[i] ?? Number.NaN)),
        strategy,
      );
    }
    assert.ok(
      report.trust.some((line) => line.level === 'warn' && line.text.includes('null issuer')),
    );
    assert.deepEqual(
      report.charts.map((chart) => chart.id),
      ['rate', 'stall-service', 'service', 'stall', 'calls', 'lateness'],
    );
    const rate = report.charts[0];
    const [requests] = rate.series;
    const width = requests.x[1] - requests.x[0];
    const total = requests.y.reduce<number>((sum, value) => sum + ((value ?? 0) * width) / 1e9, 0);
    assert.equal(
      Math.round(total),
      report.recording.requests,
      'the rate chart holds every request',
    );
  },
);

test('a result says the same as its header: percentiles by rank over its own rows', async (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'one.arrow');
  const said = iotlb([
    'replay',
    SAMPLE,
    '-s',
    'drain',
    '--speed',
    '20x',
    '-o',
    path,
    '--json',
    '-q',
  ]);
  assert.equal(said.code, 0, said.err);
  const header = readResultHeader(path);
  const due = numbers(path, 'due_ns');
  const lateness = numbers(path, 'issued_ns').map((issued, i) => issued - due[i]);
  assert.equal(header.summary.lateness_ns.max, Math.max(...lateness));
  assert.equal(header.summary.lateness_ns.p50, quantile(lateness, 0.5 - 1e-12));
  assert.ok(
    lateness.every((late) => late >= 0),
    'nothing is issued before it is due',
  );
  assert.equal(
    numbers(path, 'steps').reduce((a, b) => a + b, 0),
    header.plan.steps,
    'every step was issued',
  );
  await Promise.resolve();
});

test('loading a file again changes nothing', async (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'one.arrow');
  assert.equal(iotlb(['replay', SAMPLE, '--asap', '-o', path, '-q']).code, 0);
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
