// Random recordings of waiters, small and nasty: times that meet, go backwards and repeat, doorbells with
// several barriers or none, requests without a barrier, several streams, domains and kinds.

import fc from 'fast-check';

import type { Grouping } from '../../../replayer/strategies/grouping.ts';
import { FLAG, PRESENT, SCOPE } from '../../../collector/model/index.ts';
import { SERIALS, SERVERS, type LoopOptions } from '../../../replayer/closed-loop/options.ts';
import { EACH_ENTRY, ROW, type LoopRows } from '../../../replayer/closed-loop/rows.ts';

interface Row {
  readonly gapNs: number;
  readonly waiter: number;
  readonly what: number;
  readonly domain: number;
  readonly kind: number;
  readonly commands: number;
  readonly page: number;
  readonly ringsAnew: boolean;
  readonly stream: number;
}

const row = (waiters: number): fc.Arbitrary<Row> =>
  fc.record({
    gapNs: fc.constantFrom(0, 0, 1, 1, 2, 3, 7, 10, 40, -2),
    waiter: fc.integer({ min: 0, max: waiters - 1 }),
    what: fc.constantFrom(
      ...[
        ROW.request,
        ROW.request,
        ROW.request,
        ROW.request,
        ROW.barrier,
        ROW.barrier,
        ROW.barrier,
      ],
      ...[ROW.other, ROW.configuration],
    ),
    domain: fc.integer({ min: 0, max: 2 }),
    kind: fc.constantFrom(0, 0, 0, 1),
    commands: fc.constantFrom(1, 1, 1, 2, 3),
    page: fc.constantFrom(0, 1, 7, 2 ** 40),
    ringsAnew: fc.boolean(),
    stream: fc.constantFrom(0, 0, 0, 1),
  });

/** `doorbells` says whether the source shows them. Each waiter keeps to one stream, most of the time. */
export const randomRows: fc.Arbitrary<LoopRows> = fc
  .integer({ min: 1, max: 16 })
  .chain((waiters) =>
    fc.record({
      rows: fc.array(row(waiters), { maxLength: 60 }),
      doorbells: fc.boolean(),
      streams: fc.constantFrom(1, 1, 2),
      eachEntry: fc.boolean(),
    }),
  )
  .map(({ rows, doorbells, streams, eachEntry }) => {
    const columns = {
      count: rows.length,
      seq: rows.map((_, i) => i),
      tNs: [] as number[],
      stream: [] as number[],
      waiter: [] as number[],
      submission: [] as number[],
      what: [] as number[],
      lock: [] as number[],
      target: [] as number[],
      kind: [] as number[],
      scope: [] as number[],
      flags: [] as number[],
      present: [] as number[],
      domainId: [] as number[],
      pasid: [] as number[],
      sourceId: [] as number[],
      page: [] as number[],
      pages: [] as number[],
      commands: [] as number[],
    };
    let nowNs = 0;
    const doorbell: number[] = [];
    const rung: number[] = [0, 0];
    const last: number[] = [-1, -1];
    for (const each of rows) {
      const stream = streams === 1 ? 0 : each.stream;
      nowNs += each.gapNs;
      if (last[stream] !== each.waiter || each.ringsAnew) doorbell[stream] = ++rung[stream];
      last[stream] = each.waiter;
      columns.tNs.push(nowNs);
      columns.stream.push(stream);
      columns.waiter.push(each.waiter);
      columns.submission.push(doorbells ? doorbell[stream] : 0);
      columns.what.push(each.what);
      // Domains are numbered per vIOMMU: the same number is another lock and target in the other stream.
      columns.lock.push(10 * stream + each.domain);
      columns.target.push(
        each.domain === 2 && eachEntry ? EACH_ENTRY : 10 * stream + (each.domain & 1),
      );
      columns.kind.push(each.kind);
      columns.commands.push(each.commands);
      columns.scope.push(each.what === ROW.request ? SCOPE.vaddr : 0);
      columns.flags.push(each.commands & 1 ? FLAG.leaf : 0);
      columns.present.push(PRESENT.domainId | PRESENT.range);
      columns.domainId.push(each.domain);
      columns.pasid.push(each.kind);
      columns.sourceId.push(0);
      columns.page.push(each.page);
      columns.pages.push(each.commands);
    }
    return columns;
  });

export const groupings: fc.Arbitrary<Grouping> = fc.oneof(
  fc.constantFrom<Grouping>(
    { kind: 'request', thread: 'waiter' },
    { kind: 'request', thread: 'worker' },
    { kind: 'submission' },
    { kind: 'interval', maxCommands: 65_536 },
    { kind: 'interval', maxCommands: 3 },
    { kind: 'drain', maxCommands: 64 },
    { kind: 'drain', maxCommands: 3 },
  ),
  fc.record({
    kind: fc.constant('window' as const),
    widthNs: fc.constantFrom(0, 1, 5, 20, 100),
    maxCommands: fc.constantFrom(1, 2, 4, 64),
    early: fc.boolean(),
    thenDrain: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('released-early' as const),
    size: fc.constantFrom(1, 3, 8),
    timeoutNs: fc.constantFrom(1, 10, 60),
  }),
);

export const loopOptions: fc.Arbitrary<LoopOptions> = fc.record({
  serial: fc.constantFrom(...SERIALS),
  servers: fc.constantFrom(...SERVERS),
  exitNs: fc.constantFrom(0, 0, 1, 5),
  pollNs: fc.constantFrom(0, 0, 2),
});
