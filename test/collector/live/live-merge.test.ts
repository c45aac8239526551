// The merge of CPUs while they write, against everything collected and sorted: for any schedule of events
// and looks, and whatever one look finds.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { LiveMerge, SETTLE_NS } from '../../../collector/live/ftrace/live-merge.ts';
import { EventBuilder, LossLog } from '../../../collector/model/index.ts';
import { parseEventFormat } from '../../../collector/sources/ftrace/format-file.ts';
import { GuestEvents } from '../../../collector/sources/ftrace/guest-events.ts';
import type { EventCursor, MergeTargets } from '../../../collector/sources/ftrace/merge.ts';
import { RawEvents } from '../../../collector/sources/ftrace/raw-events.ts';
import { readFileSync } from 'node:fs';
import { capture } from '../../support/fixtures.ts';
import { rowsOf } from '../../support/read-source.ts';
import { qiSubmitData } from '../../support/ring-pages.ts';

/** An event of a CPU: when its time was taken, and how much later it could be read. */
interface Planned {
  readonly cpu: number;
  readonly time: number;
  readonly heldUp: number;
}

const FORMAT = parseEventFormat(readFileSync(capture('formats/intel_iommu.qi_submit'), 'latin1'));

/** A CPU whose events become readable as the clock goes on. */
class FakeCpu implements EventCursor {
  readonly cpu: number;
  time = 0;
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly data = 0;
  readonly dataEnd: number;
  asked = 0;
  readonly #events: readonly Planned[];
  readonly #clock: { now: number };
  #at = 0;

  constructor(cpu: number, events: readonly Planned[], clock: { now: number }) {
    this.cpu = cpu;
    this.#events = events;
    this.#clock = clock;
    this.bytes = qiSubmitData(FORMAT?.id ?? 0, [0x32n, 0x1000n, 0n, 0n], { little: true });
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.dataEnd = this.bytes.length;
  }

  next(): boolean {
    this.asked++;
    const event = this.#events[this.#at];
    if (event === undefined || event.time + event.heldUp > this.#clock.now) return false;
    this.#at++;
    this.time = event.time;
    return true;
  }
}

interface Taken {
  readonly times: readonly number[];
  readonly cpus: readonly (number | undefined)[];
}

function targets(out: EventBuilder): MergeTargets {
  const losses = new LossLog();
  const events = new GuestEvents(out, losses);
  const formats = FORMAT === undefined ? [] : [FORMAT];
  const raw = new RawEvents(events, formats, { name: 'test', little: true });
  return { raw, events, losses, scale: 1 };
}

/** Looks every `everyNs` until all is over; gives the requests in the order they came. */
function merged(plan: readonly Planned[], cpus: number, everyNs: number, limit: number): Taken {
  const clock = { now: 0 };
  const out = new EventBuilder();
  const to = targets(out);
  const merge = new LiveMerge<FakeCpu>(to);
  for (let cpu = 0; cpu < cpus; cpu++) {
    const mine = plan.filter((event) => event.cpu === cpu).sort((a, b) => a.time - b.time);
    merge.add(new FakeCpu(cpu, mine, clock));
  }
  const end = Math.max(0, ...plan.map((event) => event.time + event.heldUp)) + everyNs;
  for (; clock.now <= end; clock.now += everyNs) while (merge.step(clock.now, limit));
  while (merge.drain(limit));
  const first = Number.isNaN(to.events.firstRow) ? 0 : to.events.firstRow;
  const rows = rowsOf(out).filter((row) => row.kind === 'iotlb');
  return { times: rows.map((row) => row.t + first), cpus: rows.map((row) => row.cpu) };
}

const plans = (heldUp: fc.Arbitrary<number>): fc.Arbitrary<readonly Planned[]> =>
  fc.uniqueArray(
    fc.record({ cpu: fc.nat(3), time: fc.integer({ min: 1, max: 10 * SETTLE_NS }), heldUp }),
    { selector: (event) => event.time, maxLength: 60 },
  );

const looks = fc.integer({ min: SETTLE_NS / 20, max: 3 * SETTLE_NS });

void test('any schedule of events and looks gives what collecting all and sorting gives', () => {
  fc.assert(
    fc.property(
      plans(fc.nat(SETTLE_NS - 1)),
      looks,
      fc.integer({ min: 1, max: 9 }),
      (plan, everyNs, limit) => {
        const sorted = [...plan].sort((a, b) => a.time - b.time);
        assert.deepEqual(merged(plan, 4, everyNs, limit), {
          times: sorted.map((event) => event.time),
          cpus: sorted.map((event) => event.cpu),
        });
      },
    ),
    { numRuns: 300 },
  );
});

void test('an event held up for longer than the settling time comes late, but it comes', () => {
  fc.assert(
    fc.property(plans(fc.nat(4 * SETTLE_NS)), looks, (plan, everyNs) => {
      const { times } = merged(plan, 4, everyNs, 7);
      assert.deepEqual(
        [...times].sort((a, b) => a - b),
        plan.map((event) => event.time).sort((a, b) => a - b),
      );
    }),
    { numRuns: 100 },
  );
});

void test('a CPU that shows nothing holds the others back for the settling time and no longer', () => {
  const clock = { now: 100 };
  const out = new EventBuilder();
  const merge = new LiveMerge<FakeCpu>(targets(out));
  merge.add(new FakeCpu(0, [{ cpu: 0, time: 50, heldUp: 0 }], clock));
  merge.add(new FakeCpu(1, [], clock));
  const requests = (): number => rowsOf(out).filter((row) => row.kind === 'iotlb').length;
  merge.step(clock.now, 10);
  assert.equal(requests(), 0);
  clock.now = 49 + SETTLE_NS;
  merge.step(clock.now, 10);
  assert.equal(requests(), 0);
  clock.now = 50 + SETTLE_NS;
  merge.step(clock.now, 10);
  assert.equal(requests(), 1);
});

void test('a CPU that comes later joins with all that it holds', () => {
  const clock = { now: 1 };
  const out = new EventBuilder();
  const merge = new LiveMerge<FakeCpu>(targets(out));
  const events = (cpu: number, times: readonly number[]): FakeCpu =>
    new FakeCpu(
      cpu,
      times.map((time) => ({ cpu, time, heldUp: 0 })),
      clock,
    );
  merge.add(events(0, [1, 4, 30]));
  merge.step(clock.now, 10);
  merge.add(events(1, [2, 20]));
  clock.now = 40;
  while (merge.drain(10));
  const rows = rowsOf(out).filter((row) => row.kind === 'iotlb');
  assert.deepEqual(
    rows.map((row) => row.cpu),
    [0, 1, 0, 1, 0],
  );
});
