// Aligning two sequences of request keys: laws against a slow, obvious reference.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { alignKeys } from '../../../collector/against/align.ts';
import { mix, type RequestKeys } from '../../../collector/against/request-keys.ts';

function keysOf(values: readonly number[], times: readonly number[]): RequestKeys {
  return {
    count: values.length,
    low: Uint32Array.from(values, (value) => mix(1, value)),
    high: Uint32Array.from(values, (value) => mix(2, value)),
    time: Float64Array.from(times),
    seq: Uint32Array.from(values, (_, i) => i),
  };
}

const matched = (match: Int32Array): number =>
  match.reduce((sum, row) => sum + (row >= 0 ? 1 : 0), 0);

/** Length of the longest common subsequence, by the textbook. */
function lcs(a: readonly number[], b: readonly number[]): number {
  let row = Array.from({ length: b.length + 1 }, () => 0);
  for (const value of a) {
    const next = [0];
    for (let j = 0; j < b.length; j++)
      next.push(value === b[j] ? row[j] + 1 : Math.max(row[j + 1], next[j]));
    row = next;
  }
  return row[b.length];
}

const steps = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => i * 1000);

void test('what is matched is equal, ascends in both, and a sequence matches itself whole', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(6), { maxLength: 300 }),
      fc.array(fc.nat(6), { maxLength: 300 }),
      (a, b) => {
        const match = alignKeys(keysOf(a, steps(a.length)), keysOf(b, steps(b.length)));
        let before = -1;
        match.forEach((row, j) => {
          if (row < 0) return;
          assert.equal(a[row], b[j]);
          assert.ok(row > before);
          before = row;
        });
        const self = alignKeys(keysOf(a, steps(a.length)), keysOf(a, steps(a.length)));
        assert.deepEqual(
          [...self],
          a.map((_, i) => i),
        );
      },
    ),
  );
});

void test('a view with losses is matched as well as the longest common subsequence allows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { minLength: 1, maxLength: 200 }),
      fc.array(fc.nat(199), { maxLength: 20 }),
      (a, holes) => {
        const lost = new Set(holes);
        const kept = a.map((value, i) => ({ value, i })).filter(({ i }) => !lost.has(i));
        const b = kept.map(({ value }) => value);
        const match = alignKeys(
          keysOf(a, steps(a.length)),
          keysOf(
            b,
            kept.map(({ i }) => i * 1000),
          ),
        );
        // Anchors may cost a little against the optimum, never more than the holes themselves.
        assert.ok(matched(match) <= lcs(a, b));
        assert.ok(matched(match) >= b.length - holes.length * 2);
      },
    ),
  );
});

void test('a short window of a long, repeating stream is found at its place in time', () => {
  const random = (seed: number) => (): number =>
    (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32;
  const next = random(7);
  const values = Array.from({ length: 50_000 }, () => Math.floor(next() * 3));
  const a = keysOf(values, steps(values.length));
  const from = 30_123;
  const window = values.slice(from, from + 2000);
  const match = alignKeys(a, keysOf(window, steps(window.length)));
  assert.deepEqual(
    [...match],
    window.map((_, i) => from + i),
  );
});

void test('a window that begins among repeats takes the last of them', () => {
  const repeats = Array.from({ length: 20 }, () => 5);
  const whole = [...repeats, ...Array.from({ length: 100 }, (_, i) => 10 + i)];
  const from = 14;
  const window = whole.slice(from);
  // Two CPUs' requests in the other order: no anchor reaches into the repeats.
  [window[7], window[8]] = [window[8], window[7]];
  const time = steps(whole.length);
  const match = alignKeys(keysOf(window, time.slice(from)), keysOf(whole, time));
  assert.deepEqual(
    [...match.slice(0, 20)],
    repeats.map((_, j) => (j < from ? -1 : j - from)),
  );
});

void test('streams that share nothing match nowhere', () => {
  const match = alignKeys(keysOf([1, 2, 3], steps(3)), keysOf([4, 5, 6], steps(3)));
  assert.deepEqual([...match], [-1, -1, -1]);
});

void test('a stream that only repeats itself, and so has no anchor, still matches itself', () => {
  const values = Array.from({ length: 10_000 }, (_, i) => i % 7);
  const keys = keysOf(values, steps(values.length));
  assert.deepEqual([...alignKeys(keys, keys)], [...values.keys()]);
});
