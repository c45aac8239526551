// What a comparison says, and when it must not say it (design 12). Comparisons are made up; the functions are the
// product's.

import assert from 'node:assert/strict';
import test from 'node:test';

import { assembleReport } from '../../analysis/report/assemble.ts';
import { fewestRounds } from '../../analysis/statistics/family-error.ts';
import type { ReportJson } from '../../analysis/report/schema.ts';
import { madeComparison, type MadeComparison } from '../support/comparison-rows.ts';

const report = (made: MadeComparison): ReportJson => assembleReport(madeComparison(made));
const none = { strategy: 'none' };
const faster = { strategy: 'doorbell', ioctls: 50_000, stallNs: 170e6 };
const held = { strategy: 'window:us=50', ioctls: 30_000, stallNs: 3400e6, serviceNs: 9e6 };
const trust = (made: MadeComparison, pattern: RegExp): ReportJson['trust'][number] | undefined =>
  report(made).trust.find(({ text }) => pattern.test(text));

test('a safe strategy whose stall is found to be less wins, and its time in ioctls is said', () => {
  const { headline } = report({ strategies: [none, held, faster] });
  assert.equal(headline.winner, 'doorbell');
  assert.match(
    headline.text,
    /^doorbell stalls the guest 50 % less than none \(95 %: \d+ to \d+ %\)/,
  );
  assert.match(headline.text, /time in ioctls/);
});

test('less time in ioctls does not win where the guest waits longer: stall decides', () => {
  const { headline } = report({ strategies: [none, held] });
  assert.equal(headline.winner, null);
  assert.equal(headline.text, 'No safe strategy has less stall than none.');
});

test('an unsafe strategy never wins, however little it stalls', () => {
  const { headline } = report({ strategies: [none, { ...faster, verdict: 'deferred' }] });
  assert.equal(headline.winner, null);
  assert.match(headline.text, /No strategy but none is safe/);
});

test('replays that did not keep their schedule name no winner, and it is said what would help', () => {
  const { headline, strategies } = report({ strategies: [none, faster], fidelity: 'not-faithful' });
  assert.equal(headline.winner, null);
  assert.match(
    headline.text,
    /^No winner: 24 of 24 replays did not keep their schedule\..*--class fifo/,
  );
  assert.equal(strategies[1].values.stall_total_ns?.found, false);
  assert.equal(strategies[1].values.ioctls?.found, true, 'counts do not depend on the schedule');
});

test('replays without a schedule name no winner', () => {
  const { headline } = report({ strategies: [none, faster], fidelity: 'no-schedule' });
  assert.match(headline.text, /^No winner: the replays had no schedule to keep/);
});

test('on the null issuer the headline speaks of counts and names no winner', () => {
  const { headline } = report({ strategies: [none, faster, held], provenance: 'null' });
  assert.equal(headline.winner, null);
  assert.match(headline.text, /^window:us=50 makes 30,000 ioctls where none makes 65,600/);
  assert.match(headline.text, /no IOMMU took part/);
  const same = report({ strategies: [none, { ...faster, ioctls: 65_600 }], provenance: 'null' });
  assert.match(same.headline.text, /^No safe strategy makes fewer ioctls than none \(65,600\)/);
});

test('identical plans are one row, and the headline of nothing but such says so', () => {
  const { headline, strategies } = report({
    strategies: [{ strategy: 'none', sameAs: ['barrier', 'adjacent'] }],
  });
  assert.equal(strategies.length, 1);
  assert.match(headline.text, /^none, barrier, adjacent issue exactly the same calls/);
});

test('without a difference the largest saving that is ruled out is said', () => {
  const { headline } = report({ strategies: [none, { strategy: 'eager' }], rounds: 12 });
  assert.equal(headline.winner, null);
  assert.match(headline.text, /a saving of more than [\d.]+ % is ruled out/);
});

test('too few repeats are said with how many are needed', () => {
  const { headline } = report({ strategies: [none, faster], rounds: 2 });
  assert.equal(headline.winner, null);
  assert.match(headline.text, /^2 repeats are too few to find a difference in stall: 4 are needed/);
  assert.match(
    report({ strategies: [none, faster], rounds: 1 }).headline.text,
    /^1 repeat is too few/,
  );
  assert.equal(fewestRounds(1, true), 4, '3^4 = 81 relabelings, two of them as extreme');
  assert.equal(
    fewestRounds(1, false),
    6,
    '2^6 = 64: five of five alike happen by chance once in 16',
  );
});

test('a part of a recording is said in the headline, in the trust lines and at every chart', () => {
  const made = { strategies: [none, faster], limit: 300 };
  const { headline, charts, recording } = report(made);
  assert.match(headline.text, /This covers only the first 300 requests\.$/);
  assert.ok(charts.every(({ note }) => note?.includes('the first 300 requests') === true));
  assert.equal(recording.part?.requests, 300);
  assert.notEqual(trust(made, /first 300 requests/), undefined);
});

test('what was not measured is absent, and is no good stall', () => {
  const { strategies } = report({
    strategies: [none, { strategy: 'flush-queue', verdict: 'deferred', stallNs: null }],
  });
  assert.equal(strategies[1].values.stall_total_ns, undefined);
  assert.equal(strategies[1].frontier, false);
});

test('a recording without barriers is decided by the time in ioctls', () => {
  const quick = { strategy: 'adjacent', stallNs: null, serviceNs: 10e6 };
  const { headline, claims } = report({ strategies: [{ ...none, stallNs: null }, quick] });
  assert.equal(claims.primary, 'service_total_ns');
  assert.match(headline.text, /^adjacent spends 5\d % less time in ioctls than none/);
});

test('the frontier holds what no safe strategy beats in both stall and time in ioctls', () => {
  const beaten = { strategy: 'eager', stallNs: 400e6, serviceNs: 30e6 };
  const unsafe = { strategy: 'lazy', verdict: 'deferred', stallNs: 1e6, serviceNs: 1e6 } as const;
  const { strategies } = report({ strategies: [none, held, faster, beaten, unsafe], spread: 0 });
  assert.deepEqual(
    strategies.filter(({ frontier }) => frontier).map(({ strategy }) => strategy),
    ['window:us=50', 'doorbell'],
    'none has the stall of doorbell beaten, eager is worse in both, lazy is not safe',
  );
});

test('repeats pair by their number: a round that lacks one is left out of every strategy and said', () => {
  const made = {
    strategies: [none, faster],
    without: { strategy: 'doorbell', repeat: 2 },
  } as const;
  const { strategies, claims } = report(made);
  assert.equal(claims.rounds, 7);
  assert.equal(strategies[0].values.stall_total_ns?.samples.length, 14, 'two arms of seven');
  assert.match(trust(made, /Missing/)?.text ?? '', /repeat 2 of doorbell/);
});

test('the two arms of the baseline show what chance does, and the least that could have been found', () => {
  const { claims } = report({ strategies: [none, faster] });
  assert.ok(claims.control?.ratio !== undefined && claims.control.ratio !== null);
  assert.ok(Math.abs(claims.control.ratio - 1) < 0.02);
  assert.ok(claims.detectable !== null && claims.detectable < 0.05);
  assert.match(
    trust({ strategies: [none, faster] }, /two arms of none differ by/)?.level ?? '',
    /good/,
  );
});

test('trust lines come worst first, and a lab kernel is a warning, not good', () => {
  const lines = report({ strategies: [none, faster], virtual: true }).trust.map(
    ({ level }) => level,
  );
  assert.deepEqual(
    [...lines].sort((a, b) => order(a) - order(b)),
    lines,
  );
  assert.equal(trust({ strategies: [none] }, /lab kernel/)?.level, 'warn');
  assert.equal(
    trust({ strategies: [none], provenance: 'hardware' }, /real hardware/)?.level,
    'good',
  );
  assert.equal(
    trust({ strategies: [none], provenance: 'recording' }, /no system call/)?.level,
    'bad',
  );
});

function order(level: string): number {
  return ['bad', 'warn', 'good'].indexOf(level);
}
