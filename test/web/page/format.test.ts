// Units and axes of the page: pure functions, tested without a browser.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import {
  linearRange,
  linearTicks,
  logRange,
  logTicks,
  zoomAbout,
} from '../../../web/page/charts/scales.ts';
import { axisTitle, tickLabels } from '../../../web/page/format/axis.ts';
import { formatNines, ninesTicks } from '../../../web/page/format/nines.ts';
import { formatDuration } from '../../../collector/base/index.ts';
import { formatRatio, formatValue } from '../../../web/page/format/values.ts';
import { fragmentOf, parseFragment } from '../../../web/page/state.ts';

test('nines: each step of one is another nine', () => {
  const labels = [0, Math.log10(2), 1, 2, 3, 4, 5].map((x) => formatNines(x));
  assert.deepEqual(labels, ['p0', 'p50', 'p90', 'p99', 'p99.9', 'p99.99', 'p99.999']);
  assert.deepEqual(
    [0.1, 1.6, 4.5, -Math.log10(1 - 0.975)].map((x) => formatNines(x)),
    ['p21', 'p97.5', 'p99.9968', 'p97.5'],
  );
});

test('nines: zoomed between two nines the axis still has ticks', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 5, noNaN: true }),
      fc.double({ min: 0.01, max: 2, noNaN: true }),
      (low, width) => {
        const ticks = ninesTicks(low, low + width);
        assert.ok(ticks.length >= 2);
        assert.ok(ticks.every((tick) => tick >= low - 1e-6 && tick <= low + width + 1e-6));
      },
    ),
  );
});

test('values: durations carry the unit that fits, zero and negatives included', () => {
  const texts = [0, 7, 999.4, 999.6, 1234, 56_700_000, 3.2e9, -1500, 600e9].map((ns) =>
    formatDuration(ns),
  );
  assert.deepEqual(texts, [
    '0 ns',
    '7 ns',
    '999 ns',
    '1 µs',
    '1.23 µs',
    '56.7 ms',
    '3.2 s',
    '-1.5 µs',
    '10 min',
  ]);
});

test('values: what is not there is a dash in every unit', () => {
  for (const unit of [
    'ns',
    'pages',
    'per-second',
    'count',
    'nines',
    'ratio',
    'category',
  ] as const) {
    assert.equal(formatValue(null, unit), '–');
    assert.equal(formatValue(undefined, unit), '–');
  }
});

test('values: a ratio that is not 1 never reads 1.00', () => {
  assert.deepEqual(
    [1, 0.9984, 1.00004, 0.62, 12.51, 0.0213, 0].map((ratio) => formatRatio(ratio)),
    ['1.00×', '0.998×', '1.00004×', '0.62×', '12.5×', '0.021×', '0×'],
  );
});

test('axis: a linear time axis names its unit once; a log axis names it at each tick', () => {
  const linear = { title: 'Time', unit: 'ns', scale: 'linear' } as const;
  assert.equal(axisTitle(linear, 19e9), 'Time (s)');
  assert.deepEqual(tickLabels(linear, [0, 5e9, 15e9], 19e9), ['0', '5', '15']);
  const log = { title: 'Stall', unit: 'ns', scale: 'log' } as const;
  assert.equal(axisTitle(log, 19e9), 'Stall (log scale)');
  assert.deepEqual(tickLabels(log, [1000, 1e6], 1e9), ['1 µs', '1 ms']);
});

test('axis: a unit that the title says already is not said twice', () => {
  const axis = { title: 'per second', unit: 'per-second', scale: 'linear' } as const;
  assert.equal(axisTitle(axis, 100), 'per second');
});

test('scales: ranges hold what they are asked to show, and ticks stand inside', () => {
  const value = fc.double({ min: 1e-3, max: 1e12, noNaN: true });
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      for (const [range, ticks] of [
        [linearRange(low, high), linearTicks],
        [logRange(low, high, undefined), logTicks],
      ] as const) {
        assert.ok(range[0] <= low && range[1] >= high && range[0] < range[1]);
        const inside = ticks(range[0], range[1]);
        assert.ok(inside.length >= 2, `${range.join(' ')}: ${inside.join(' ')}`);
        assert.ok(inside.length < 40);
      }
    }),
  );
});

test('scales: the floor of a log axis is its exact bottom line, also when all is zero', () => {
  assert.deepEqual(logRange(10, 5000, 10), [10, 6250]);
  assert.deepEqual(logRange(1, 1, 1), [1, 10]);
});

test('scales: zooming out beyond everything is no zoom', () => {
  assert.equal(zoomAbout([2, 4], [0, 10], 3, 100), undefined);
  assert.deepEqual(zoomAbout([0, 10], [0, 10], 5, 0.5), [2.5, 7.5]);
});

test('state: the fragment gives back what was put in, whatever the names', () => {
  const name = fc.string({ minLength: 1 });
  const range = fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }));
  fc.assert(
    fc.property(fc.array(name), fc.array(fc.tuple(name, range)), (hidden, zooms) => {
      const state = {
        theme: 'dark' as const,
        hidden: new Set(hidden),
        zoom: new Map(zooms.map(([group, [low, width]]) => [group, [low, low + width] as const])),
      };
      assert.deepEqual(parseFragment(`#${fragmentOf(state)}`), state);
    }),
  );
});

test('state: a fragment that someone broke is ignored where broken', () => {
  const state = parseFragment('#theme=pink&zoom=a:5:1&zoom=b:x:y&zoom=ok:1:2&hide=n');
  assert.equal(state.theme, 'auto');
  assert.deepEqual([...state.zoom], [['ok', [1, 2]]]);
  assert.deepEqual([...state.hidden], ['n']);
});
