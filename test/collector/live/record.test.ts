// `iotlb record` on logs: what it writes is what import writes, whatever ends it, and nothing is lost.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { openTrace, scanTrace } from '../../../collector/format/index.ts';
import { capture } from '../../support/fixtures.ts';
import { iotlb, killAll, startIotlb, until } from '../../support/running-cli.ts';

const LOG = readFileSync(capture('vtd-legacy.qemu.log'));

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-record-'));
  t.after(() => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

interface Rows {
  readonly rows: readonly (readonly unknown[])[];
  readonly state: string | undefined;
  readonly isSealed: boolean;
  readonly clock: string;
}

function read(path: string): Rows {
  using reader = openTrace(path);
  const rows: (readonly unknown[])[] = [];
  for (const b of reader.batches()) {
    for (let i = 0; i < b.count; i++) {
      const raw = Buffer.from(b.raw.slice(i * 32, i * 32 + b.rawLen[i])).toString('hex');
      rows.push([b.tNs[i], b.stream[i], b.kind[i], b.scope[i], b.flags[i], b.submission[i], raw]);
    }
  }
  return {
    rows,
    state: reader.end?.state,
    isSealed: reader.isSealed,
    clock: reader.header.clock.name,
  };
}

function imported(folder: string): Rows {
  const path = join(folder, 'imported.arrow');
  assert.equal(iotlb(['import', capture('vtd-legacy.qemu.log'), '-o', path]).code, 0);
  return read(path);
}

test('a log on standard input becomes the recording that import makes of it', (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'piped.arrow');
  const run = iotlb(['record', '--log', '-', '-o', path, '--json'], LOG);
  assert.equal(run.code, 0, run.stderr);
  const got = read(path);
  assert.deepEqual(got, imported(folder));
  const document = JSON.parse(run.stdout) as { kept: number; seen: number; ended_by: string };
  assert.equal(document.kept, got.rows.length);
  assert.equal(document.seen, document.kept);
  assert.equal(document.ended_by, 'end of input');
});

test('a log that grows is followed, readable meanwhile, and sealed by SIGTERM', async (t) => {
  const folder = folderOf(t);
  const [log, path] = [join(folder, 'grow.log'), join(folder, 'followed.arrow')];
  const half = LOG.lastIndexOf(10, LOG.length / 2) - 20; // in the middle of a line
  writeFileSync(log, LOG.subarray(0, half));
  const running = startIotlb(['record', '--log', log, '--follow', '-o', path]);
  await until('the first batch', () => {
    if (!existsSync(path)) return undefined;
    const { rows, isSealed } = read(path);
    assert.equal(isSealed, false);
    return rows.length > 0 ? rows : undefined;
  });
  assert.equal(iotlb(['info', path, '--json']).code, 0);
  appendFileSync(log, LOG.subarray(half));
  const want = imported(folder);
  await until('the last event', () =>
    read(path).rows.length === want.rows.length ? true : undefined,
  );
  running.process.kill('SIGTERM');
  const { code, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(read(path), want);
});

test('a recorder that is killed leaves a stream that reads', async (t) => {
  const folder = folderOf(t);
  const [log, path] = [join(folder, 'grow.log'), join(folder, 'killed.arrow')];
  writeFileSync(log, LOG);
  const running = startIotlb(['record', '--log', log, '--follow', '-o', path]);
  const want = imported(folder);
  await until('all events', () =>
    existsSync(path) && read(path).rows.length === want.rows.length ? true : undefined,
  );
  running.process.kill('SIGKILL');
  await running.ended;
  assert.deepEqual(read(path).rows, want.rows);
  assert.equal(read(path).isSealed, false);
});

test('lines without time stamps are timed on arrival, and the clock says so', (t) => {
  const path = join(folderOf(t), 'arrival.arrow');
  const bare = LOG.toString('latin1').replaceAll(/^\d+@\d+\.\d{6}:/gm, '');
  assert.equal(iotlb(['record', '--log', '-', '-o', path], Buffer.from(bare, 'latin1')).code, 0);
  const got = read(path);
  assert.equal(got.clock, 'arrival');
  using whole = openTrace(path);
  assert.match(whole.header.source.detail ?? '', /timed on arrival/);
  const without = (rows: Rows): unknown => rows.rows.map((row) => row.slice(1));
  assert.deepEqual(without(got), without(imported(folderOf(t))));
});

test('a rotated recording holds every event once, and --keep drops the oldest files', (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'part.arrow');
  const many = Buffer.concat(Array.from({ length: 400 }, () => LOG));
  const all = iotlb(['record', '--log', '-', '-o', path, '--rotate', '4MiB', '--json'], many);
  assert.equal(all.code, 0, all.stderr);
  interface Document {
    readonly kept: number;
    readonly removed_parts: number;
    readonly parts: readonly { path: string; kept: number }[];
  }
  const document = JSON.parse(all.stdout) as Document;
  assert.ok(document.parts.length > 2);
  assert.equal(
    document.parts.reduce((sum, part) => sum + part.kept, 0),
    document.kept,
  );
  for (const part of document.parts) {
    const { rows, isSealed, state } = read(part.path);
    assert.deepEqual([rows.length, isSealed, state], [part.kept, true, 'complete']);
  }
  const whole = scanTrace(folder);
  assert.deepEqual([whole.events, whole.state], [document.kept, 'complete'], 'the folder is one');
  assert.equal(iotlb(['record', '--log', '-', '-o', path, '--rotate', '4MiB'], many).code, 2);
  const kept = ['record', '--log', '-', '-o', path, '--rotate', '4MiB', '--keep', '2', '--force'];
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  const few = iotlb([...kept, '--json'], many);
  const after = JSON.parse(few.stdout) as Document;
  assert.equal(after.parts.length, 2);
  assert.deepEqual(readdirSync(folder).length, 2);
  assert.ok(after.removed_parts > 0);
  const rest = scanTrace(folder).tally;
  assert.deepEqual([rest.seen, rest.kept + rest.lost], [document.kept, document.kept]);
  assert.ok(rest.lost > 0, 'what was dropped is said');
});

test('--duration and --size end a recording that would go on', async (t) => {
  const folder = folderOf(t);
  const log = join(folder, 'grow.log');
  writeFileSync(log, LOG);
  for (const limit of [
    ['--duration', '300ms'],
    ['--size', '20KiB'],
  ]) {
    const path = join(folder, `limit${limit[0]}.arrow`);
    const run = startIotlb(['record', '--log', log, '--follow', '-o', path, '--json', ...limit]);
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 0, stderr);
    const { ended_by } = JSON.parse(stdout) as { ended_by: string };
    assert.equal(ended_by, limit[0].slice(2));
    assert.equal(read(path).state, 'complete');
  }
});

test('what a recorder cannot do is said before anything is written', (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'none.arrow');
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['record', '-o', path], 2, /--qmp SOCKET/],
    [['record', '--log', join(folder, 'no.log'), '-o', path], 4, /no such file/],
    [['record', '--source', 'nope', '-o', path], 2, /known: /],
    [['record', '--log', '-', '--keep', '2', '-o', path], 2, /needs --rotate/],
  ];
  for (const [args, code, text] of cases) {
    const run = iotlb(args, Buffer.alloc(0));
    assert.equal(run.code, code, run.stderr);
    assert.match(run.stderr, text);
  }
  assert.deepEqual(readdirSync(folder), []);
});
