// Comparisons of identical arms, drawn from real replays of a busy host: how often a difference is claimed where there is
// none, with the rules about issuer and fidelity switched off and on.

import assert from 'node:assert/strict';
import test from 'node:test';

import { chanceOf } from '../../analysis/statistics/randomisation.ts';
import { FAMILY_ERROR } from '../../analysis/statistics/family-error.ts';
import { Random, shuffled } from '../../collector/base/index.ts';
import { readPool, type PoolReplay } from '../bench/claims/pool.ts';
import { fixture } from '../support/fixtures.ts';

const STRATEGIES = 3;
const REPEATS = 6;
const COMPARISONS = 2000;
const pool = readPool(fixture('claims/null-busy-host.jsonl.gz'));
const rounds = [...new Set(pool.map(({ round }) => round))].map(
  (round) =>
    new Map(pool.filter((one) => one.round === round).map((one) => [one.arm, one] as const)),
);
const SAME = ['none#0', 'none#1', 'none#2', 'none#3', 'none#4', 'none#5'];

const stallOf = (replay: PoolReplay | undefined): number =>
  Math.log((replay?.stalls_ns ?? []).reduce((a, b) => a + b, 0));

test('the pool is whole: 14 rounds of six identical arms and two planted ones', () => {
  assert.equal(rounds.length, 14);
  assert.ok(rounds.every((round) => round.size === 8));
  assert.ok(pool.every(({ stalls_ns }) => stalls_ns.length === pool[0].stalls_ns.length));
});

test('2,000 comparisons of identical arms: some strategy is called different in at most 5 %', (t) => {
  const random = new Random(19);
  let claimed = 0;
  let named = 0;
  for (let i = 0; i < COMPARISONS; i++) {
    const chosen = shuffled(rounds, random).slice(0, REPEATS);
    const [first, second, ...others] = shuffled(SAME, random).slice(0, 2 + STRATEGIES);
    const isFound = others.some((arm) => {
      const compared = chosen.map((round) => ({
        strategy: stallOf(round.get(arm)),
        baseline: [stallOf(round.get(first)), stallOf(round.get(second))],
      }));
      return chanceOf(compared) <= FAMILY_ERROR / STRATEGIES;
    });
    if (isFound) claimed++;
    const isFaithful = chosen.every((round) =>
      [...round.values()].every((one) => !one.not_faithful),
    );
    if (isFound && isFaithful) named++;
  }
  t.diagnostic(`claimed in ${((claimed / COMPARISONS) * 100).toFixed(1)} %, named in ${named}`);
  assert.ok(claimed / COMPARISONS <= 0.05, `${claimed} of ${COMPARISONS}`);
  assert.equal(named, 0, 'replays that did not keep their schedule name no winner');
});
