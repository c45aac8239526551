// What a person on call needs of a recorder that runs: the last stretch on a signal, a new file on SIGHUP, named
// moments, metrics. The source is a log that grows.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { openTrace } from '../../../collector/format/index.ts';
import { parseMark } from '../../../collector/live/marks.ts';
import { metricsText } from '../../../collector/live/metrics.ts';
import { KIND, RAW_BYTES } from '../../../collector/model/index.ts';
import { killAll, startIotlb, until, type RunningCli } from '../../support/running-cli.ts';

/** Lines of one request a microsecond, from request `first` on. */
function lines(first: number, count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const us = String(first + i).padStart(6, '0');
    const page = (first + i + 1).toString(16);
    return `7@1700000000.${us}:vtd_inv_desc invalidate desc type iotlb high 0x${page}000 low 0x70032\n`;
  }).join('');
}

interface Followed {
  readonly folder: string;
  readonly log: string;
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  readonly running: RunningCli;
  readonly said: () => string;
}

async function follow(t: TestContext, args: readonly string[]): Promise<Followed> {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-operations-'));
  t.after(() => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  const log = join(folder, 'qemu.log');
  writeFileSync(log, lines(0, 100));
  const path = join(folder, 'out.arrow');
  const metrics = join(folder, 'iotlb.prom');
  const env = { IOTLB_RUNTIME_DIR: folder };
  const options = ['--log', log, '--follow', '-o', path, '--metrics', metrics, ...args];
  const running = startIotlb(['record', ...options], env);
  let said = '';
  running.process.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  // The first metrics come when rows have been taken.
  await until('the first events', () =>
    existsSync(metrics) && /events_total\{[^}]*\} 100$/m.test(readFileSync(metrics, 'utf8'))
      ? true
      : undefined,
  );
  return { folder, log, path, env, running, said: () => said };
}

function pagesOf(path: string): number[] {
  using reader = openTrace(path);
  const pages: number[] = [];
  for (const batch of reader.batches()) {
    for (let i = 0; i < batch.count; i++) {
      if (batch.kind[i] === KIND.iotlb) pages.push(batch.page[i]);
    }
  }
  return pages;
}

const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('operations: --last writes what it holds on a signal, and the rest at the end', async (t) => {
  const { folder, log, running } = await follow(t, ['--last', '10min']);
  const first = join(folder, 'out-0001.arrow');
  assert.ok(!existsSync(first));
  running.process.kill('SIGUSR1');
  await until('the first file', () => (existsSync(first) ? true : undefined));
  appendFileSync(log, lines(100, 50));
  await until('the file to be sealed', () => {
    using reader = openTrace(first);
    return reader.header.totals === undefined ? undefined : true;
  });
  running.process.kill('SIGTERM');
  const { code, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(pagesOf(first), upTo(1, 100));
  assert.deepEqual(pagesOf(join(folder, 'out-0002.arrow')), upTo(101, 150));
});

test('operations: SIGHUP begins a new file of a rotated recording, and a mark is in its file', async (t) => {
  const { folder, log, env, running } = await follow(t, ['--rotate', '1GiB']);
  const marked = await startIotlb(['mark', 'deploy 7'], env).ended;
  assert.equal(marked.code, 0, marked.stderr);
  assert.match(marked.stdout, /marked in 1 recording/);
  const first = join(folder, 'out-0001.arrow');
  await until('the mark', () => {
    using reader = openTrace(first);
    for (const batch of reader.batches()) {
      for (let i = 0; i < batch.count; i++) if (batch.kind[i] === KIND.mark) return true;
    }
    return undefined;
  });
  running.process.kill('SIGHUP');
  await until('the first file to be sealed', () => {
    using reader = openTrace(first);
    return reader.header.totals === undefined ? undefined : true;
  });
  appendFileSync(log, lines(100, 10));
  const second = join(folder, 'out-0002.arrow');
  await until('the second file', () =>
    existsSync(second) && pagesOf(second).length === 10 ? true : undefined,
  );
  running.process.kill('SIGTERM');
  assert.equal((await running.ended).code, 0);
  assert.deepEqual(pagesOf(first), upTo(1, 100));
  assert.deepEqual(pagesOf(second), upTo(101, 110));
  using reader = openTrace(first);
  const [{ seq, text }, ...others] = reader.header.marks;
  assert.deepEqual([text, others.length], ['deploy 7', 0]);
  let row = 0;
  for (const batch of reader.batches()) {
    for (let i = 0; i < batch.count; i++, row++) {
      if (row !== seq) continue;
      assert.equal(batch.kind[i], KIND.mark);
      const words = batch.raw.subarray(i * RAW_BYTES, i * RAW_BYTES + batch.rawLen[i]);
      assert.equal(Buffer.from(words).toString(), 'deploy 7');
    }
  }
});

test('operations: a mark without a recorder is said', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-operations-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { code, stderr } = await startIotlb(['mark', 'x'], { IOTLB_RUNTIME_DIR: folder }).ended;
  assert.notEqual(code, 0);
  assert.match(stderr, /no recorder of this user runs/);
});

test('operations: a mark says its moment, or means its arrival; an empty line is none', () => {
  assert.deepEqual(parseMark('@1700000000000000123 deploy 7'), {
    text: 'deploy 7',
    atNs: 1_700_000_000_000_000_123n,
  });
  assert.equal(parseMark('deploy 8')?.text, 'deploy 8');
  assert.equal(parseMark('@12 '), undefined);
  assert.equal(parseMark('  '), undefined);
});

test('operations: metrics are whole Prometheus text', () => {
  const text = metricsText({
    source: 'qemu',
    kept: 12,
    lost: 3,
    skipped: 4,
    bytes: 5,
    parts: 6,
    eventsPerSecond: 7.5,
    quietSeconds: 0,
  });
  const [help, type, value] = text.split('\n');
  assert.match(help, /^# HELP iotlb_record_events_total /);
  assert.equal(type, '# TYPE iotlb_record_events_total counter');
  assert.equal(value, 'iotlb_record_events_total{source="qemu"} 12');
  assert.ok(text.endsWith('\n'));
  assert.match(text, /^iotlb_record_events_lost_total\{source="qemu"\} 3$/m);
});
