// `iotlb record --source ftrace` on this kernel's own tracefs. The events come in through trace_marker: a
// marker's second line reads as an event, so that what was written is known exactly, and so is what was lost.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { lostOf, tracefsRoot } from '../../../collector/live/ftrace/instance.ts';
import { usableEvents } from '../../../collector/live/ftrace/source.ts';
import { openTrace } from '../../../collector/format/index.ts';
import { killAll, startIotlb, until } from '../../support/running-cli.ts';

function cannot(): string | false {
  try {
    usableEvents(tracefsRoot());
    return false;
  } catch (error) {
    if (error instanceof ToolError) return error.message;
    throw error;
  }
}

const skip = cannot();

interface Recorded {
  readonly kill: () => Promise<void>;
  readonly instance: string;
  readonly path: string;
  /** Ends the recording and gives what it said. */
  readonly end: () => Promise<{
    readonly kept: number;
    readonly lost: number;
    readonly seen: number;
  }>;
}

async function record(t: TestContext, args: readonly string[]): Promise<Recorded> {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-ftrace-'));
  t.after(() => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  const path = join(folder, 'out.arrow');
  const running = startIotlb(['record', '--source', 'ftrace', '-o', path, '--json', ...args]);
  const instances = join(tracefsRoot(), 'instances');
  const mine = `iotlb-${running.process.pid}-`;
  const instance = await until('the instance', () => {
    const name = readdirSync(instances).find((each) => each.startsWith(mine));
    if (name === undefined) return undefined;
    const enabled = join(instances, name, 'events/iommu/unmap/enable');
    return readFileSync(enabled, 'latin1').startsWith('1') ? join(instances, name) : undefined;
  });
  const end = async (): ReturnType<Recorded['end']> => {
    running.process.kill('SIGTERM');
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as { kept: number; lost: number; seen: number };
  };
  const kill = async (): Promise<void> => {
    running.process.kill('SIGKILL');
    await running.ended;
  };
  return { instance, path, end, kill };
}

/** One unmap of page `i`, as this kernel would print it. */
const unmapLine = (i: number): string =>
  `\n            test-1     [000] .....  ${(100 + i / 1e6).toFixed(6)}: unmap: IOMMU: iova=0x${(i * 4096).toString(16).padStart(16, '0')} - 0x${((i + 1) * 4096).toString(16).padStart(16, '0')} size=4096 unmapped_size=4096`;

function emit(instance: string, count: number): void {
  const marker = join(instance, 'trace_marker');
  for (let i = 0; i < count; i++) writeFileSync(marker, unmapLine(i));
}

test(
  'events of an own instance are recorded in order and the instance goes away',
  { skip },
  async (t) => {
    const { instance, path, end } = await record(t, []);
    emit(instance, 500);
    const said = await end();
    assert.deepEqual([said.kept, said.lost], [500, 0]);
    assert.ok(!existsSync(instance));
    using reader = openTrace(path);
    assert.equal(reader.header.clock.name, 'mono');
    assert.equal(reader.header.clock.pairs.length, 1);
    assert.equal(reader.header.barriers, 'implied');
    const pages: number[] = [];
    for (const batch of reader.batches()) pages.push(...batch.page.subarray(0, batch.count));
    assert.deepEqual(
      pages,
      Array.from({ length: 500 }, (_, i) => i),
    );
  },
);

test('what a small kernel buffer loses is counted to the last event', { skip }, async (t) => {
  const { instance, end } = await record(t, ['--buffer', '16KiB']);
  const count = 20_000;
  emit(instance, count);
  const said = await end();
  t.diagnostic(`${said.lost} of ${count} lost`);
  assert.equal(said.kept + said.lost, count);
  assert.equal(said.seen, count);
});

test('the instance of a killed recorder is removed by --restore', { skip }, async (t) => {
  const { instance, kill } = await record(t, []);
  await kill();
  assert.ok(existsSync(instance));
  const { code, stdout } = await startIotlb(['record', '--restore'], { IOTLB_STATE_DIR: tmpdir() })
    .ended;
  assert.equal(code, 0);
  assert.match(stdout, /iotlb-\d+-\d+: restored/);
  assert.ok(!existsSync(instance));
});

test("the kernel's three counts of loss are added up", () => {
  const stats =
    'entries: 9\noverrun: 5\ncommit overrun: 2\nbytes: 1\ndropped events: 1\nread events: 4\n';
  assert.equal(lostOf(stats), 8);
});
