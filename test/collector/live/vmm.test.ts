// `iotlb record --source vmm`: a replay that makes the calls on /dev/null is tapped, and what is recorded
// is its plan, byte by byte. The order of lines and their loss are tested on text.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { EventBuilder, KIND, PRESENT, RAW_BYTES } from '../../../collector/model/index.ts';
import { bpftraceTap } from '../../../collector/live/vmm/bpftrace.ts';
import { requireProcesses } from '../../../collector/live/vmm/processes.ts';
import { FIRST_BYTES, LINE_BYTES, READ_BYTES } from '../../../collector/sources/vmm/shape.ts';
import { vmmText } from '../../../collector/sources/vmm/text.ts';
import { plannedBytes } from '../../lab/planned.ts';
import { iotlb, killAll, startIotlb, until } from '../../support/running-cli.ts';
import { tappedCalls, type TappedCall } from '../../support/tapped.ts';

const MAIN = fileURLToPath(new URL('../../../main.js', import.meta.url));
const ISSUE = fileURLToPath(new URL('../../support/issue-plans.js', import.meta.url));
const ENOTTY = 25n;

const skip = bpftraceTap.missing()?.message ?? false;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-vmm-'));
  t.after(() => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Taps a program from its first call to its end; returns what the recorder said. */
async function tap(
  t: TestContext,
  tapped: string,
  program: readonly string[],
  options: readonly string[] = [],
): Promise<string> {
  // The shell waits for a line, then becomes the program: its pid is known before the first call.
  const command = 'read go; exec "$@"';
  const child = spawn('sh', ['-c', command, 'sh', process.execPath, ...program], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const pid = String(child.pid);
  const args = ['record', '--source', 'vmm', '--pid', pid, '-o', tapped, ...options];
  const record = startIotlb(args);
  let said = '';
  record.process.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  await until('the tap', () =>
    said.includes('listening to') || record.process.exitCode !== null ? true : undefined,
  );
  child.stdin.end('go\ngo\n');
  const { code, stderr } = await record.ended; // ends by itself when the program does
  assert.equal(code, 0, stderr);
  return stderr;
}

const countOf = (text: string): number => Number(text.replaceAll(',', ''));

function generated(folder: string, requests: number, perBarrier: string): string {
  const source = join(folder, 'source.arrow');
  const shape = ['-n', String(requests), '--per-barrier', perBarrier];
  const made = iotlb(['generate', '-o', source, ...shape]);
  assert.equal(made.code, 0, made.stderr);
  return source;
}

/** The calls of a recording of one thread. */
function onlyThread(tapped: string): readonly TappedCall[] {
  const threads = [...tappedCalls(tapped).values()];
  assert.equal(threads.length, 1);
  return threads[0];
}

function assertPlan(got: readonly TappedCall[], want: readonly Uint8Array[]): void {
  assert.deepEqual(
    got.map(({ entries }) => entries.toString('hex')),
    want.map((bytes) => Buffer.from(bytes).toString('hex')),
  );
  assert.ok(got.every(({ result, spentNs }) => result === -ENOTTY && spentNs > 0n));
}

test('a tapped null replay gives its plan back, byte by byte', { skip }, async (t) => {
  const folder = folderOf(t);
  const tapped = join(folder, 'tapped.arrow');
  const source = generated(folder, 1500, '1');
  const want = plannedBytes(source, 'none', 'hwpt-vtd-s1').calls;
  // Room for all of its calls: a reader that gets no CPU for a while must not fail this.
  const room = ['--buffer', '64MiB'];
  const said = await tap(t, tapped, [MAIN, 'replay', source, '--rate', '4000'], room);
  assert.match(said, /, 0 lost;/);
  // A replay warms its loop up with calls of its own before the plan begins.
  assertPlan(onlyThread(tapped).slice(-want.length), want);
});

test('calls of thousands of entries come whole, in every dialect', { skip }, async (t) => {
  const folder = folderOf(t);
  const tapped = join(folder, 'tapped.arrow');
  const source = generated(folder, 30_000, '1:4,8:4,9:4,257:4,3000:4,9000:1');
  const plans = ['hwpt-vtd-s1', 'viommu-arm-smmuv3', 'hwpt-selftest', 'viommu-selftest'];
  const args = plans.flatMap((dialect) => ['barrier', dialect]);
  assert.match(await tap(t, tapped, [ISSUE, source, ...args], ['--buffer', '64MiB']), /, 0 lost;/);
  const want = plans.map((dialect) => plannedBytes(source, 'barrier', dialect).calls);
  assert.ok(want.every((calls) => calls.some(({ length }) => length > 2000 * 12)));
  assertPlan(onlyThread(tapped), want.flat());
});

test('under overload kept and lost are what was called, to the entry', { skip }, async (t) => {
  const folder = folderOf(t);
  const tapped = join(folder, 'tapped.arrow');
  const source = generated(folder, 60_000, '500');
  const want = plannedBytes(source, 'barrier', 'hwpt-vtd-s1').calls;
  const entries = want.reduce((sum, { length }) => sum + length / 24, 0);
  const said = await tap(
    t,
    tapped,
    [ISSUE, source, 'barrier', 'hwpt-vtd-s1'],
    ['--buffer', '4KiB'],
  );
  const [, kept, seen, lost] =
    /([\d,]+) events kept of ([\d,]+) seen, ([\d,]+) lost/.exec(said)?.map(countOf) ?? [];
  assert.equal(seen, entries + want.length, said);
  assert.equal(kept + lost, seen);
  assert.ok(lost > 0, said);
  // What is kept is true: each call's entries are those of a call of the plan, from its first on.
  const plan = want.map((bytes) => Buffer.from(bytes));
  for (const { entries: got } of onlyThread(tapped)) {
    assert.ok(plan.some((call) => call.subarray(0, got.length).equals(got)));
  }
});

const hex = (...values: readonly (number | bigint)[]): string =>
  values.map((value) => BigInt.asUintN(64, BigInt(value)).toString(16)).join(' ');

/** VT-d entries of one page each, from page `first`. */
function entriesOf(first: number, count: number): readonly bigint[] {
  return Array.from({ length: count }, (_, i) => [BigInt(first + i) << 12n, 1n, 0n]).flat();
}

interface SaidCall {
  readonly number: number;
  readonly enter: number;
  readonly entries: readonly bigint[];
  readonly asked?: number;
  readonly result?: number;
  readonly done?: number;
}

/** The lines of one call of thread 7, which returns 100 ns later. */
function saidLines(call: SaidCall): readonly string[] {
  const { number, enter, entries, result = 0 } = call;
  const asked = call.asked ?? entries.length / 3;
  const padded = (from: number, bytes: number): string =>
    hex(...Array.from({ length: bytes / 8 }, (_, i) => entries[from / 8 + i] ?? 0n));
  const head = hex(enter, enter + 100, 7, number, 5, 0, 24, asked, result, call.done ?? asked);
  const lines = [`C ${head} ${padded(0, FIRST_BYTES)}\n`];
  for (let at = FIRST_BYTES; at < entries.length * 8; at += LINE_BYTES) {
    lines.push(`W ${hex(7, number, at / 8)} ${padded(at, LINE_BYTES)}\n`);
  }
  return lines;
}

const HEAD = `B iotlb-vmm-2 ${hex(1000)}\n`;
const counts = (enters: number, exits: number, entries: number): string =>
  `Z\n@enters: ${enters}\n@exits: ${exits}\n@entries: ${entries}\n`;

function parse(text: string): {
  readonly out: EventBuilder;
  readonly lost: number;
  readonly seen: number;
} {
  const out = new EventBuilder();
  const parser = vmmText.open(out);
  parser.push(Buffer.from(text));
  parser.end();
  return { out, lost: parser.losses.lost, seen: parser.losses.seen };
}

test('a thread that moved between CPUs is overtaken by thousands of its later calls, and none is lost', () => {
  const calls = Array.from({ length: 20_000 }, (_, i) =>
    saidLines({ number: i + 1, enter: 2000 + i * 200, entries: entriesOf(i, 1) }).join(''),
  );
  const moved = [...calls.slice(5_000), ...calls.slice(0, 5_000)];
  const { out, lost } = parse(`${HEAD}${moved.join('')}${counts(20_000, 20_000, 20_000)}`);
  assert.equal(lost, 0);
  assert.deepEqual(
    [0, 2, 39_998].map((row) => out.page[row]),
    [0, 1, 19_999],
  );
});

test('lines that come out of order are put back in the order of the calls', () => {
  const first = saidLines({ number: 1, enter: 2000, entries: entriesOf(1, 40) });
  const second = saidLines({ number: 2, enter: 3000, entries: entriesOf(100, 1), result: -25 });
  const lines = [...second, ...first.toReversed()];
  const { out, lost } = parse(`${HEAD}${lines.join('')}${counts(2, 2, 41)}`);
  assert.equal(lost, 0);
  assert.equal(out.count, 43);
  assert.deepEqual(
    [...out.page.subarray(0, 40)],
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
  assert.deepEqual([...out.kind.subarray(40, 43)], [KIND.barrier, KIND.iotlb, KIND.barrier]);
  assert.deepEqual([...out.tNs.subarray(39, 43)], [0, 100, 1000, 1100]);
  const view = new DataView(out.raw.buffer, out.raw.byteOffset + 42 * RAW_BYTES);
  assert.deepEqual([view.getBigInt64(0, true), view.getUint32(12, true)], [-25n, 1]);
});

test('times are exact a year after the machine started', () => {
  const year = 365n * 86_400_000_000_000n; // beyond 2^53
  const [line] = saidLines({ number: 1, enter: 0, entries: entriesOf(1, 1) });
  const [, , , ...rest] = line.split(' ');
  const { out } = parse(
    `B iotlb-vmm-2 ${hex(year)}\nC ${hex(year + 3n, year + 10n)} ${rest.join(' ')}${counts(1, 1, 1)}`,
  );
  assert.deepEqual([...out.tNs.subarray(0, 2)], [0, 7]);
});

test('what the kernel counted and no line told is lost, to the entry', () => {
  const whole = saidLines({ number: 1, enter: 2000, entries: entriesOf(1, 40) });
  const [cut] = saidLines({ number: 2, enter: 3000, entries: entriesOf(50, 40) });
  const { out, lost, seen } = parse(`${HEAD}${whole.join('')}${cut}${counts(4, 3, 100)}`);
  // Whole: 40 entries and a return; cut: its first 8 entries and a return; of two calls nothing came.
  assert.equal(out.count, 40 + 1 + 8 + 1);
  assert.equal(seen, 100 + 3);
  assert.equal(out.count, seen - lost);
});

test('a line that is lost in the middle of a call loses what comes after it, not its place', () => {
  const lines = [...saidLines({ number: 1, enter: 2000, entries: entriesOf(1, 40) })];
  lines.splice(1, 1);
  const { out, lost } = parse(`${HEAD}${lines.join('')}${counts(1, 1, 40)}`);
  assert.equal(out.count, 8 + 1);
  assert.equal(lost, 32);
});

test('a call beyond the limit is read up to it, and the rest is counted', () => {
  const fits = READ_BYTES / 24;
  const call = { number: 1, enter: 2000, entries: entriesOf(1, fits), asked: fits + 10 };
  const { out, lost, seen } = parse(`${HEAD}${saidLines(call).join('')}${counts(1, 1, fits + 10)}`);
  assert.equal(lost, 10);
  assert.equal(out.count, fits + 1);
  assert.equal(seen, fits + 10 + 1);
});

test('entries whose memory was not there are lost, not rows of zeros', () => {
  const entries = [...entriesOf(1, 1), 0n, 0n, 0n, ...entriesOf(3, 1)];
  const [line] = saidLines({ number: 1, enter: 2000, entries });
  const { out, lost, seen } = parse(`${HEAD}${line}${counts(1, 1, 3)}`);
  assert.equal(lost, 1);
  assert.equal(seen, 4);
  assert.deepEqual([...out.page.subarray(0, 2)], [1, 3]);
});

test('a tap that ended without the counts of the kernel does not pass for whole', () => {
  const [line] = saidLines({ number: 1, enter: 2000, entries: entriesOf(1, 1) });
  assert.equal(parse(`${HEAD}${line}`).lost, 1);
});

test('entries of 12 bytes are taken apart where they lie', () => {
  const words = [0x0000_0001_0000_0000n, 0x0000_0000_0000_0002n, 0x0000_0004_0000_0003n];
  const rest = Array.from({ length: FIRST_BYTES / 8 - 3 }, () => 0n);
  const head = hex(2000, 2100, 7, 1, 5, 0xdeadbeef, 12, 2, 0, 2);
  const { out, lost } = parse(`${HEAD}C ${head} ${hex(...words, ...rest)}\n${counts(1, 1, 2)}`);
  assert.equal(lost, 0);
  const entry = (row: number): readonly number[] => [
    ...new Uint32Array(out.raw.slice(row * RAW_BYTES, row * RAW_BYTES + out.rawLen[row]).buffer),
  ];
  assert.deepEqual(
    [entry(0), entry(1)],
    [
      [0, 1, 2],
      [0, 3, 4],
    ],
  );
});

test('everything and unmaps are rows of their own kinds', () => {
  const [all] = saidLines({ number: 1, enter: 2000, entries: [0n, 0xffff_ffff_ffff_ffffn, 0n] });
  const unmap = `U ${hex(3000, 3100, 7, 2, 9, 0xfee0a000, 0x3000, 0)}\n`;
  const { out, lost } = parse(`${HEAD}${all}${unmap}${counts(2, 2, 2)}`);
  assert.equal(lost, 0);
  assert.equal(out.present[0] & PRESENT.range, 0);
  assert.deepEqual(
    [out.kind[2], out.domainId[2], out.page[2], out.pages[2]],
    [KIND.unmap, 9, 0xfee0a, 3],
  );
});

test('damaged lines are skipped, never believed', () => {
  const [line] = saidLines({ number: 1, enter: 2000, entries: entriesOf(1, 1) });
  const damaged = [line.slice(0, -20), line.replace('C ', 'C'), line.replace(' 18 ', ' xx ')];
  for (const text of damaged) {
    const { out, lost } = parse(`${HEAD}${text.trimEnd()}\n${counts(1, 1, 1)}`);
    assert.deepEqual([out.count, lost], [0, 2], text);
  }
});

test('a tap that cannot be made says what is missing', () => {
  assert.throws(() => requireProcesses([2 ** 22 + 1]), /no process/);
  const run = iotlb(['record', '--source', 'vmm']);
  assert.equal(run.code, 2);
  assert.match(run.stderr, /--pid PID/);
});
