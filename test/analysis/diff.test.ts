// Two replays side by side: against a slow search for the call of each request, and what must be zero for one alone.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import { diffCalls } from '../../analysis/diff/diff.ts';
import type { Calls } from '../../analysis/diff/rows.ts';

interface Call {
  readonly stream: number;
  readonly first: number;
  readonly last: number;
  readonly entries: number;
  readonly service: number;
}

function calls(all: readonly Call[]): Calls {
  const column = (pick: (one: Call) => number): Float64Array => Float64Array.from(all, pick);
  return {
    count: all.length,
    stream: column(({ stream }) => stream),
    firstSeq: column(({ first }) => first),
    lastSeq: column(({ last }) => last),
    entries: column(({ entries }) => entries),
    issuedNs: column(({ first }) => 100 * first),
    serviceNs: column(({ service }) => service),
    stallNs: column(({ service, first }) => service * (first % 3)),
  };
}

/** Calls of one or two streams that carry the requests in order, some left out. */
const replay = fc
  .array(
    fc.record({
      stream: fc.integer({ min: 0, max: 1 }),
      width: fc.integer({ min: 1, max: 4 }),
      gap: fc.integer({ min: 0, max: 2 }),
      service: fc.integer({ min: 1, max: 900 }),
    }),
    { maxLength: 60 },
  )
  .map((drawn) => {
    const next = [0, 0];
    const all = drawn.map(({ stream, width, gap, service }) => {
      const first = next[stream] + gap;
      next[stream] = first + width;
      return { stream, first, last: first + width - 1, entries: width, service };
    });
    return all.sort((a, b) => a.stream - b.stream || a.first - b.first);
  });

const carrierOf = (all: readonly Call[], { stream, first }: Call): Call | undefined =>
  all.find((one) => one.stream === stream && one.first <= first && first <= one.last);

test('each call is compared with the one that carried its first request', () => {
  fc.assert(
    fc.property(replay, replay, (a, b) => {
      const diff = diffCalls(calls(a), calls(b));
      const pairs = a.flatMap((one) => {
        const other = carrierOf(b, one);
        return other === undefined ? [] : [{ one, other }];
      });
      assert.equal(diff.compared, pairs.length);
      assert.equal(diff.only_in_a, a.length - pairs.length);
      assert.equal(diff.only_in_b, b.filter((one) => carrierOf(a, one) === undefined).length);
      assert.equal(
        diff.other_width,
        pairs.filter(({ one, other }) => one.entries !== other.entries).length,
      );
      const divergent = pairs.find(
        ({ one, other }) => one.first !== other.first || one.last !== other.last,
      );
      assert.equal(diff.first_divergence?.seq, divergent?.one.first);
      const most = Math.max(...pairs.map(({ one, other }) => other.service - one.service));
      assert.equal(diff.service_ns.max, pairs.length === 0 ? null : most);
    }),
    { numRuns: 300 },
  );
});

test('a replay does not differ from itself', () => {
  fc.assert(
    fc.property(replay, (all) => {
      const diff = diffCalls(calls(all), calls(all));
      assert.deepEqual(
        [
          diff.only_in_a,
          diff.only_in_b,
          diff.other_width,
          diff.first_divergence,
          diff.movers.length,
        ],
        [0, 0, 0, null, 0],
      );
      assert.equal(diff.shift_ns.max, all.length === 0 ? null : 0);
    }),
    { numRuns: 100 },
  );
});

test('the greatest movers come first, at most five', () => {
  const before = Array.from({ length: 9 }, (_, i) => ({
    stream: 0,
    first: 3 * i + 1,
    last: 3 * i + 1,
    entries: 1,
    service: 100,
  }));
  const after = before.map((one, i) => ({ ...one, service: 100 + 10 * i }));
  const { movers } = diffCalls(calls(before), calls(after));
  assert.deepEqual(
    movers.map(({ b_ns }) => b_ns),
    [180, 170, 160, 150, 140],
  );
});
