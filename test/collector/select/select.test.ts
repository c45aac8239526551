// Looking at rows and cutting: against counts made from the rows that `show --json` prints.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { openTrace } from '../../../collector/format/index.ts';
import { SAMPLE, folderFor, iotlb, json } from '../../support/cli.ts';

interface Row {
  readonly seq: number;
  readonly t_ns: number;
  readonly stream: number;
  readonly kind: string;
  readonly domain_id: number | null;
  readonly addr: number | string | null;
  readonly raw: string;
}

function rows(...args: readonly string[]): readonly Row[] {
  const said = iotlb(['show', '--json', ...args]);
  assert.equal(said.code, 0, said.err);
  return said.out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row); // our own output, asserted on below
}

test('show prints every row once, in order, with every column', () => {
  const all = rows(SAMPLE);
  assert.equal(all.length, 41_684);
  assert.ok(all.every((row, i) => row.seq === i));
  using reader = openTrace(SAMPLE);
  let at = 0;
  for (const batch of reader.batches()) {
    for (let i = 0; i < batch.count; i++, at++) {
      if (at % 997 !== 0) continue;
      assert.equal(all[at].t_ns, batch.tNs[i]);
      assert.equal(all[at].raw.length, 2 * batch.rawLen[i]);
      if (all[at].addr !== null) assert.equal(Number(all[at].addr), batch.page[i] * 4096);
    }
  }
});

test('the text of a row says what its columns say', () => {
  const lines = iotlb(['show', SAMPLE, '-n', '200']).out.trimEnd().split('\n');
  const objects = rows(SAMPLE, '-n', '200');
  assert.equal(lines.length, 200);
  lines.forEach((line, i) => {
    const { seq, t_ns, kind, domain_id, addr } = objects[i];
    assert.match(line, new RegExp(`^ *${seq}  +${(t_ns / 1e9).toFixed(9)}  stream 0 .* ${kind}`));
    if (domain_id !== null) assert.ok(line.includes(` domain=${domain_id}`), line);
    if (addr !== null) assert.ok(line.includes(` 0x${Number(addr).toString(16)}+`), line);
  });
});

test('a cut holds what show selects, and info counts the same', (t) => {
  const folder = folderFor(t);
  const all = rows(SAMPLE);
  const domain = all.find((row) => row.domain_id !== null)?.domain_id ?? assert.fail('no domain');
  const inTime = (row: Row): boolean => row.t_ns >= 0.5e9 && row.t_ns < 0.75e9;
  const isBarrier = (row: Row): boolean => row.kind === 'barrier';
  const cases: readonly (readonly [string, (row: Row) => boolean])[] = [
    ['--begin 500ms --end 750ms', inTime],
    ['--kind iotlb', (row) => row.kind === 'iotlb' || isBarrier(row)],
    [
      `--domain ${domain} --end 1s`,
      (row) => row.t_ns < 1e9 && (row.domain_id === domain || isBarrier(row)),
    ],
    ['--stream 0 --vm 0', () => true],
  ];
  for (const [i, [flags, keeps]] of cases.entries()) {
    const expected = all.filter(keeps);
    assert.ok(expected.length > 0);
    const part = join(folder, `part-${i}.arrow`);
    const said = iotlb(['cut', SAMPLE, '-o', part, '--json', ...flags.split(' ')]);
    assert.equal(said.code, 0, said.err);
    const done = json<{ events: number; of: number }>(said);
    assert.deepEqual([done.events, done.of], [expected.length, all.length], flags);
    assert.deepEqual(
      rows(part),
      expected.map((row, seq) => ({ ...row, seq })),
      flags,
    );
    const seen = iotlb(['info', SAMPLE, '--json', ...flags.split(' ')]);
    const cut = iotlb(['info', part, '--json']);
    const counts = (text: string): object => {
      const { events, requests, barriers, by_kind } = JSON.parse(text) as Record<string, unknown>;
      return { events, requests, barriers, by_kind };
    };
    assert.deepEqual(counts(seen.out), counts(cut.out), flags);
    const planned = json(iotlb(['plan', part, '--json']));
    assert.deepEqual(json(iotlb(['plan', SAMPLE, '--json', ...flags.split(' ')])), planned, flags);
  }
});

test('replay issues what the filters select, and its result names the part', (t) => {
  const folder = folderFor(t);
  const flags = ['--kind', 'iotlb', '--vm', '0'];
  const part = join(folder, 'part.arrow');
  assert.equal(iotlb(['cut', SAMPLE, '-o', part, ...flags]).code, 0);
  const replayed = (path: string, ...more: readonly string[]): { digest: string } => {
    const said = iotlb(['replay', path, '--asap', '--dry-run', '--json', ...more]);
    assert.equal(said.code, 0, said.err);
    return json<{ digest: string }>(said);
  };
  assert.deepEqual(replayed(SAMPLE, ...flags), replayed(part));
});

test('show --kind leaves barriers out where they are not named', () => {
  assert.ok(rows(SAMPLE, '--kind', 'iotlb').every((row) => row.kind === 'iotlb'));
  assert.ok(rows(SAMPLE, '--kind', 'barrier').every((row) => row.kind === 'barrier'));
});

test('each VM and each waiter of a merged recording is cut out as it went in', (t) => {
  const folder = folderFor(t);
  const two = join(folder, 'two.arrow');
  assert.equal(iotlb(['merge', `${SAMPLE}:times=2,every=3ms`, '-o', two]).code, 0);
  const { header } = json<{ header: { streams: readonly { index: number; vm: number }[] } }>(
    iotlb(['info', two, '--json']),
  );
  const vms = [...new Set(header.streams.map((stream) => stream.vm))];
  assert.equal(vms.length, 2);
  for (const vm of vms) {
    const own = header.streams.filter((stream) => stream.vm === vm).map((stream) => stream.index);
    const selected = rows(two, '--vm', String(vm));
    assert.equal(selected.length, 41_684);
    assert.ok(selected.every((row) => own.includes(row.stream)));
  }
});

test('the waiters of one stream are told apart, and each cut holds the intervals that info counts', (t) => {
  const folder = folderFor(t);
  const { waiters } = json<{ waiters: readonly { index: number; intervals: number }[] }>(
    iotlb(['info', SAMPLE, '--json']),
  );
  assert.deepEqual(
    waiters.map((waiter) => waiter.intervals),
    [4_361, 16_481],
  );
  const seen = new Set<number>();
  waiters.forEach(({ intervals }, index) => {
    const part = join(folder, `waiter-${index}.arrow`);
    assert.equal(iotlb(['cut', SAMPLE, '--waiter', String(index), '-o', part]).code, 0);
    assert.equal(json<{ barriers: number }>(iotlb(['info', part, '--json'])).barriers, intervals);
    for (const { t_ns, seq } of rows(SAMPLE, '--waiter', String(index))) {
      assert.ok(!seen.has(seq), `row ${seq} at ${t_ns} ns belongs to two waiters`);
      seen.add(seq);
    }
  });
  assert.equal(seen.size, 41_684);
});

test('what cannot be selected is refused, and nothing is written', (t) => {
  const part = join(folderFor(t), 'part.arrow');
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['', 2, /needs to know what to keep/],
    ['--begin 2s --end 1s', 2, /--end must be later/],
    ['--kind nonsense', 2, /there is no kind 'nonsense'/],
    ['--vm x', 2, /--vm/],
    ['--begin 900s', 4, /no row is selected by --begin 900s/],
  ];
  for (const [flags, code, message] of cases) {
    const said = iotlb(['cut', SAMPLE, '-o', part, ...flags.split(' ').filter(Boolean)]);
    assert.equal(said.code, code, said.err);
    assert.match(said.err, message);
  }
  assert.equal(iotlb(['info', part]).code, 4, 'there is no such file');
});

test('a reader that went away ends show early and silently', () => {
  const main = fileURLToPath(new URL('../../../main.js', import.meta.url));
  const code = `"$0" "$1" show --json "$2" | head -1; exit \${PIPESTATUS[0]}`;
  const done = spawnSync('bash', ['-c', code, process.execPath, main, SAMPLE], {
    encoding: 'utf8',
  });
  assert.equal(done.status, 0);
  assert.equal(done.stderr, '');
  assert.equal(done.stdout.split('\n').length, 2);
});
