// `iotlb record --source vmm`: a replay that makes the calls on /dev/null is tapped, and what is recorded
// is its plan, byte by byte; what it loses is counted to the entry.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { missingForVmm } from '../../../collector/live/vmm/source.ts';
import { requireProcesses } from '../../../collector/live/vmm/processes.ts';
import { plannedBytes } from '../../lab/planned.ts';
import { iotlb, killAll, startIotlb, until } from '../../support/running-cli.ts';
import { tappedCalls, type TappedCall } from '../../support/tapped.ts';

const MAIN = fileURLToPath(new URL('../../../main.js', import.meta.url));
const ISSUE = fileURLToPath(new URL('../../support/issue-plans.js', import.meta.url));
const ENOTTY = 25n;

const skip = missingForVmm()?.message ?? false;

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
  assertPlan(tappedCalls(tapped).slice(-want.length), want);
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
  assertPlan(tappedCalls(tapped), want.flat());
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
  for (const { entries: got } of tappedCalls(tapped)) {
    assert.ok(plan.some((call) => call.subarray(0, got.length).equals(got)));
  }
});

test('a tap that cannot be made says what is missing', () => {
  assert.throws(() => requireProcesses([2 ** 22 + 1]), /no process/);
  const run = iotlb(['record', '--source', 'vmm']);
  assert.equal(run.code, 2);
  assert.match(run.stderr, /--pid PID/);
});
