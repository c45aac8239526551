// `iotlb record --source ftrace` on this kernel's own tracefs. The events are made here one by one, so that
// what was written is known exactly, and so is what was lost.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { tracefsRoot } from '../../../collector/live/ftrace/instance.ts';
import { openTrace } from '../../../collector/format/index.ts';
import { KINDS, type LossDetail, type TraceHeader } from '../../../collector/model/index.ts';
import { QiEvents, cannotEmit, listeningInstance } from '../../support/qi-events.ts';
import { killAll, startIotlb, until } from '../../support/running-cli.ts';

function cannot(): string | false {
  try {
    tracefsRoot();
    return cannotEmit();
  } catch (error) {
    if (error instanceof ToolError) return error.message;
    throw error;
  }
}

const skip = cannot();

interface Recorded {
  readonly kill: () => Promise<void>;
  readonly instance: string;
  /** Ends the recording and gives what is in it. */
  readonly end: () => Promise<Recording>;
}

interface Recording {
  readonly header: TraceHeader;
  /** Of the requests, in the order of the file. */
  readonly pages: readonly number[];
  readonly times: readonly number[];
  readonly lost: number;
  readonly losses: readonly LossDetail[];
  readonly stderr: string;
}

async function record(t: TestContext, args: readonly string[]): Promise<Recorded> {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-ftrace-'));
  t.after(() => {
    killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  const path = join(folder, 'out.arrow');
  const running = startIotlb(['record', '--source', 'ftrace', '-o', path, ...args]);
  const instance = await until('the instance', () => listeningInstance(running.process.pid));
  const end = async (): Promise<Recording> => {
    running.process.kill('SIGTERM');
    const { code, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    return { ...read(path), stderr };
  };
  const kill = async (): Promise<void> => {
    running.process.kill('SIGKILL');
    await running.ended;
  };
  return { instance, end, kill };
}

function read(path: string): Omit<Recording, 'stderr'> {
  using reader = openTrace(path);
  const pages: number[] = [];
  const times: number[] = [];
  for (const batch of reader.batches()) {
    for (let i = 0; i < batch.count; i++) {
      if (KINDS[batch.kind[i]] !== 'iotlb') continue;
      pages.push(batch.page[i]);
      times.push(batch.tNs[i]);
    }
  }
  const { tally, losses } = reader.end ?? assert.fail('a recording without an end');
  assert.equal(tally.seen, tally.kept + tally.lost);
  return { header: reader.header, pages, times, lost: tally.lost, losses };
}

/** Every event is there once, in order, or counted as lost, and each loss tells of which CPU. */
function assertComplete(recording: Recording, emitted: number): void {
  const { pages, lost, losses } = recording;
  pages.reduce((before, page) => {
    assert.ok(page > before, `page ${page} after ${before}`);
    return page;
  }, 0);
  assert.equal(pages.length + lost, emitted);
  assert.equal(
    losses.reduce((sum, loss) => sum + loss.lost, 0),
    lost,
  );
}

test(
  'events of an own instance are recorded in order and the instance goes away',
  { skip },
  async (t) => {
    using events = new QiEvents();
    const { instance, end } = await record(t, []);
    events.emit(500);
    const recording = await end();
    assert.equal(recording.lost, 0);
    assert.deepEqual(
      recording.pages,
      Array.from({ length: 500 }, (_, i) => i + 1),
    );
    assert.ok(!existsSync(instance));
    const { clock, barriers, streams } = recording.header;
    assert.equal(clock.name, 'mono');
    assert.equal(clock.pairs.length, 1);
    assert.equal(barriers, 'implied');
    assert.deepEqual(streams, [{ index: 0, vm: 0, viommu: 0, queue: 0, name: 'dmar0' }]);
  },
);

test('what a small kernel buffer loses is counted to the last event', { skip }, async (t) => {
  using events = new QiEvents();
  const { end } = await record(t, ['--buffer', '16KiB']);
  for (let burst = 0; burst < 20; burst++) {
    events.emit(10_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const recording = await end();
  t.diagnostic(`${recording.lost} of ${events.emitted} lost`);
  assertComplete(recording, events.emitted);
  for (const { unit, from_ns, to_ns } of recording.losses) {
    assert.equal(unit, 'cpu');
    if (from_ns !== undefined && to_ns !== undefined) assert.ok(from_ns <= to_ns);
  }
  // What a place says was lost between two times is missing from the pages between them.
  const [place] = recording.losses.filter((loss) => loss.from_ns !== undefined);
  assert.ok(place !== undefined);
  const before = recording.times.findLastIndex((time) => time <= (place.from_ns ?? 0));
  const after = recording.times.findIndex((time) => time >= (place.to_ns ?? 0));
  assert.equal(recording.pages[after] - recording.pages[before] - 1, place.lost);
});

test('buffers grow with the rate, and no event is missing or there twice', { skip }, async (t) => {
  using events = new QiEvents();
  const { instance, end } = await record(t, []);
  await until('a larger instance', () => {
    events.emit(20_000);
    return existsSync(instance) ? undefined : true;
  });
  events.emit(100_000);
  const recording = await end();
  t.diagnostic(`${recording.lost} of ${events.emitted} lost; ${recording.stderr}`);
  assertComplete(recording, events.emitted);
});

test('the instance of a killed recorder is removed by --restore', { skip }, async (t) => {
  using events = new QiEvents();
  events.emit(1);
  const { instance, kill } = await record(t, []);
  await kill();
  assert.ok(existsSync(instance));
  const { code, stdout } = await startIotlb(['record', '--restore'], { IOTLB_STATE_DIR: tmpdir() })
    .ended;
  assert.equal(code, 0);
  assert.match(stdout, /iotlb-\d+-\d+-0: restored/);
  assert.ok(!existsSync(instance));
});
