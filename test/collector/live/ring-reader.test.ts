// Reading an instance of tracefs that lies in ordinary files: taking over from an older instance, and the
// account of what the kernel counted.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';

import * as fc from 'fast-check';

import { BufferSize, bufferLimits } from '../../../collector/live/ftrace/buffer-size.ts';
import {
  TraceInstance,
  parseCpuList,
  parseStats,
} from '../../../collector/live/ftrace/instance.ts';
import { CpuPipe, LiveCursor } from '../../../collector/live/ftrace/live-cursor.ts';
import { RingReader } from '../../../collector/live/ftrace/ring-reader.ts';
import { EventBuilder } from '../../../collector/model/index.ts';
import {
  parseEventFormat,
  parsePageLayout,
} from '../../../collector/sources/ftrace/format-file.ts';
import { capture } from '../../support/fixtures.ts';
import { kindsOf, rowsOf } from '../../support/read-source.ts';
import { qiSubmitData, ringPage, type PageEvent } from '../../support/ring-pages.ts';

const EVENT = 'intel_iommu/qi_submit';
const FORMAT = readFileSync(capture('formats/intel_iommu.qi_submit'), 'latin1');
const HEADER_PAGE = readFileSync(capture('formats/header_page'), 'latin1');
const ID = parseEventFormat(FORMAT)?.id ?? assert.fail('the sample is a format file');

function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'iotlb-ring-'));
}

function put(instance: string, file: string, content: string | Buffer): void {
  const path = join(instance, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

interface Timed {
  readonly time: number;
  readonly payload: number;
}

/** Pages of at most `perPage` events. */
function pagesOf(events: readonly Timed[], perPage: number): Buffer {
  const pages: Buffer[] = [];
  for (let i = 0; i < events.length; i += perPage) {
    const part = events.slice(i, i + perPage);
    const written = part.map(({ time, payload }, at): PageEvent => ({
      delta: at === 0 ? 0 : time - part[at - 1].time,
      data: qiSubmitData(ID, [0x32n, BigInt(payload) << 12n, 0n, 0n], { little: true }),
    }));
    pages.push(ringPage(written, { little: true, timeNs: BigInt(part[0].time) }));
  }
  return Buffer.concat(pages);
}

function readThrough(cursor: LiveCursor): readonly number[] {
  const payloads: number[] = [];
  while (cursor.next()) payloads.push(cursor.view.getUint32(cursor.data + 16, true) / 4096);
  return payloads;
}

void test('a larger instance takes over: each event comes once, also among equal ones', () => {
  const folder = temporaryFolder();
  const [older, newer] = ['older', 'newer'].map((name) => new TraceInstance(join(folder, name), 0));
  const shape = fc.record({
    gaps: fc.array(fc.integer({ min: 1000, max: 100_000 }), { minLength: 1, maxLength: 40 }),
    kinds: fc.integer({ min: 1, max: 3 }),
    cuts: fc.tuple(fc.nat(40), fc.nat(40)),
    copyDelay: fc.integer({ min: 1, max: 900 }),
    perPage: fc.integer({ min: 1, max: 9 }),
  });
  try {
    fc.assert(
      fc.property(shape, ({ gaps, kinds, cuts, copyDelay, perPage }) => {
        let time = 0;
        const events = gaps.map((gap, i) => ({ time: (time += gap), payload: 1 + (i % kinds) }));
        // The new one is on before the event `on`, the older one off before the event `off`.
        const [on, off] = [...cuts].sort((a, b) => a - b).map((cut) => Math.min(cut, gaps.length));
        const timeBefore = (i: number): number => (events[i]?.time ?? time + 1000) - 950;
        put(older.path, 'per_cpu/cpu0/trace_pipe_raw', pagesOf(events.slice(0, off), perPage));
        const copies = events.slice(on).map((each, i) => ({
          ...each,
          time: each.time + (on + i < off ? copyDelay : 0),
        }));
        put(newer.path, 'per_cpu/cpu0/trace_pipe_raw', pagesOf(copies, perPage));
        const cursor = new LiveCursor(new CpuPipe(older, 0), {
          layout: parsePageLayout(HEADER_PAGE, 'header_page'),
          little: true,
          onLost: () => assert.fail('nothing is lost'),
          onSwitch: ({ stepped }) => assert.equal(stepped, off),
          fail: (_cpu, _page, what) => new Error(what),
        });
        cursor.start({ high: 0, low: 0 });
        const handOver = { instance: newer, onNs: timeBefore(on), offNs: timeBefore(off) };
        const first = readThrough(cursor);
        cursor.follow(handOver);
        const all = [...first, ...readThrough(cursor)];
        cursor.pipe.close();
        assert.deepEqual(
          all,
          events.map((each) => each.payload),
        );
      }),
      { numRuns: 500 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const stats = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}\n`)
    .join('');

const NOTHING = stats({ entries: 0, overrun: 0, 'commit overrun': 0, 'read events': 0 });

/** An instance whose first CPU has this in its buffer. */
function instanceWith(t: TestContext, pages: Buffer, counts: string): TraceInstance {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true }));
  put(folder, 'events/header_page', HEADER_PAGE);
  put(folder, `events/${EVENT}/format`, FORMAT);
  for (const cpu of parseCpuList(readFileSync('/sys/devices/system/cpu/online', 'latin1'))) {
    put(folder, `per_cpu/cpu${cpu}/trace_pipe_raw`, cpu === 0 ? pages : Buffer.alloc(0));
    put(folder, `per_cpu/cpu${cpu}/stats`, cpu === 0 ? counts : NOTHING);
  }
  return new TraceInstance(folder, 0);
}

test('what the kernel counted is all there: kept, placed where it fell, or added at the end', (t) => {
  const page = (time: number, lost?: number | 'unknown'): Buffer =>
    ringPage([{ delta: 0, data: qiSubmitData(ID, [0x32n, 0x1000n, 0n, 0n], { little: true }) }], {
      little: true,
      timeNs: BigInt(time),
      ...(lost === undefined ? {} : { lost }),
    });
  const pages = Buffer.concat([page(1000), page(2000, 5), page(3000, 'unknown')]);
  const counts = { entries: 0, overrun: 20, 'commit overrun': 2, 'dropped events': 1 };
  const instance = instanceWith(t, pages, stats({ ...counts, 'read events': 4 }));
  const out = new EventBuilder();
  const reader = new RingReader(out, instance, [EVENT]);
  reader.finish(() => {});
  reader.close();
  assert.deepEqual(kindsOf(rowsOf(out)), { iotlb: 3, barrier: 3 });
  assert.deepEqual(
    reader.losses.details.map(({ at, lost, from_ns, to_ns }) => [at, lost, from_ns, to_ns]),
    [
      [0, 5, 0, 1000],
      [0, 15, 1000, 2000],
      [0, 3, undefined, undefined],
      [0, 1, undefined, undefined],
    ],
  );
  assert.equal(reader.losses.lost, 20 + 2 + 1 + 1);
});

test('a sub-buffer of another size is that of the instance, not the one of header_page', (t) => {
  const events = Array.from({ length: 150 }, (_, i) => ({ time: 1000 + i, payload: i + 1 }));
  const written = events.map(({ payload }): PageEvent => ({
    delta: 1,
    data: qiSubmitData(ID, [0x32n, BigInt(payload) << 12n, 0n, 0n], { little: true }),
  }));
  const page = ringPage(written, { little: true, timeNs: 1000n, pageBytes: 16_384 });
  const instance = instanceWith(t, page, NOTHING.replace('read events: 0', 'read events: 150'));
  put(instance.path, 'buffer_subbuf_size_kb', '16\n');
  const out = new EventBuilder();
  const reader = new RingReader(out, instance, [EVENT]);
  reader.finish(() => {});
  reader.close();
  assert.equal(kindsOf(rowsOf(out)).iotlb, 150);
  assert.equal(reader.losses.lost, 0);
});

void test('counts and CPU lists are read as the kernel prints them', () => {
  const text =
    'entries: 9\noverrun: 5\ncommit overrun: 2\nbytes: 1\noldest event ts:  1.5\ndropped events: 1\nread events: 4\n';
  assert.deepEqual(parseStats(text), { entries: 9, read: 4, overrun: 5, unwritten: 3 });
  assert.deepEqual(parseCpuList('0-2,5,8-9\n'), [0, 1, 2, 5, 8, 9]);
});

const MIB = 1024 * 1024;

void test('buffers hold two seconds of the busiest CPU, within their share of the memory', () => {
  const size = new BufferSize(bufferLimits(64 * 1024 * MIB, 4));
  assert.equal(size.bytes, 8 * MIB);
  size.saw(1000, 200e6);
  assert.equal(size.wanted(false), 8 * MIB);
  size.saw(1.3 * MIB, 300e6); // 13 MiB/s
  assert.equal(size.wanted(false), 32 * MIB);
  size.saw(100 * MIB, 400e6);
  assert.equal(size.wanted(false), 128 * MIB);
  size.stay();
  assert.equal(size.wanted(true), 8 * MIB);
  assert.deepEqual(bufferLimits(1024 * MIB, 16), { startBytes: MIB, mostBytes: 4 * MIB });
});

void test('an overrun asks for twice the buffer; a quiet one is looked at less often', () => {
  const size = new BufferSize({ startBytes: MIB, mostBytes: 8 * MIB });
  assert.equal(size.wanted(true), 2 * MIB);
  assert.equal(size.pollNs(), 50e6);
  size.saw(MIB, 100e6); // 10 MiB/s fill an eighth in 12.5 ms
  assert.ok(Math.abs(size.pollNs() - 12.5e6) < 1);
  size.saw(100 * MIB, 200e6);
  assert.equal(size.pollNs(), 5e6);
});
