// Limits that a comparison is held to, and sweeps over a parameter.

import assert from 'node:assert/strict';
import test from 'node:test';

import { ToolError } from '../../collector/base/index.ts';
import { checkLimits, parseLimit } from '../../analysis/compare/limits.ts';
import { sweepChains } from '../../analysis/compare/sweep.ts';
import type { ReportJson, ReportValue } from '../../analysis/report/schema.ts';

/** A value as if measured with this interval about its ratio. */
const value = (median: number, ratio: number, spread = 0.02): ReportValue => ({
  value: median,
  median,
  low: median * (1 - spread),
  high: median * (1 + spread),
  exact: spread === 0,
  ratio,
  ratio_low: ratio * (1 - spread),
  ratio_high: ratio * (1 + spread),
  found: Math.abs(ratio - 1) > spread,
  samples: [median],
});

/** Two strategies that differ in stall, found (+10 % ± 2) or not (+3 % ± 5), and exactly in ioctls. */
function report(spread = 0.02, ratio = 1.1): ReportJson {
  const row = (strategy: string, stall: ReportValue, ioctls: ReportValue): object => ({
    strategy,
    values: { stall_p99_ns: stall, ioctls },
  });
  return {
    strategies: [
      row('none', value(100e3, 1), value(1000, 1, 0)),
      row('window', value(100e3 * ratio, ratio, spread), value(500, 0.5, 0)),
    ],
  } as unknown as ReportJson; // only what limits read
}

const broken = (...texts: readonly string[]): readonly string[] =>
  checkLimits(
    report(),
    texts.map((text) => parseLimit(text)),
  ).broken;

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

test('--fail-on fails only where the whole interval is beyond the limit, --fail-on-any on the value', () => {
  const noisy = report(0.05, 1.07);
  assert.deepEqual(checkLimits(noisy, [parseLimit('stall_p99>+5%')]).broken, []);
  const any = checkLimits(noisy, [parseLimit('stall_p99>+5%', '--fail-on-any')]);
  assert.equal(any.broken.length, 1);
  assert.match(any.broken[0], /window breaks --fail-on-any 'stall_p99>\+5%': stall p99 \+7\.0 %/);
});

test('a limit that is kept says how small a difference would have been found', () => {
  const { kept } = checkLimits(report(0.05, 1.07), [parseLimit('stall_p99>+5%')]);
  assert.match(kept[0], /--fail-on 'stall_p99>\+5%' holds; a difference of 5\.3 % or more would/);
  assert.match(checkLimits(report(), [parseLimit('ioctls>+5%')]).kept[0], /\(exact\)/);
});

test('every violation is listed, and what was not measured is one', () => {
  assert.equal(broken('stall_p99>+5%', 'ioctls<-20%', 'stall_p99>90us').length, 4);
  assert.match(broken('service_total>+5%')[0], /was not measured/);
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
