// Limits that a comparison is held to, and sweeps over a parameter.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ToolError } from '../../collector/base/index.ts';
import { brokenLimits, parseLimit } from '../../analysis/compare/limits.ts';
import { sweepChains } from '../../analysis/compare/sweep.ts';
import type { ReportJson, ReportValue } from '../../analysis/report/schema.ts';

const value = (median: number, ratio: number | null): ReportValue => ({
  median,
  low: median,
  high: median,
  ratio,
  ratio_low: ratio,
  ratio_high: ratio,
  holds: ratio !== 1,
  samples: [median],
});

/** Two strategies that differ in one metric: 100 µs and 110 µs, or 1,000 and 500 ioctls. */
function report(): ReportJson {
  const row = (strategy: string, stall: ReportValue, ioctls: ReportValue): object => ({
    strategy,
    values: { stall_p99_ns: stall, ioctls },
  });
  return {
    strategies: [
      row('none', value(100e3, 1), value(1000, 1)),
      row('window', value(110e3, 1.1), value(500, 0.5)),
    ],
  } as unknown as ReportJson; // only what limits read
}

const broken = (...texts: readonly string[]): readonly string[] =>
  brokenLimits(
    report(),
    texts.map((text) => parseLimit(text)),
  );

test('a relative limit holds every strategy but the baseline', () => {
  assert.deepEqual(
    broken('stall_p99>+5%').map((line) => line.split(' ')[0]),
    ['window'],
  );
  assert.deepEqual(broken('stall_p99>+15%'), []);
  assert.deepEqual(
    broken('ioctls<-20%').map((line) => line.split(' ')[0]),
    ['window'],
  );
});

test('a limit on a value holds the baseline too, in the unit of its metric', () => {
  assert.equal(broken('stall_p99>90us').length, 2);
  assert.equal(broken('stall_p99>105us').length, 1);
  assert.equal(broken('ioctls>0.9k').length, 1);
});

test('what is not a limit is refused with how to write one', () => {
  for (const text of ['nonsense>5%', 'stall_p99', 'stall_p99>', 'stall_p99=5%', 'stall_p99>fast']) {
    assert.throws(() => parseLimit(text), ToolError, text);
  }
});

test('a sweep is one strategy per value', () => {
  assert.deepEqual(sweepChains('window.us=5,10'), ['window:us=5', 'window:us=10']);
  assert.throws(() => sweepChains('window=5'), ToolError);
});
