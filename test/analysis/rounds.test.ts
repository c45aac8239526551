// When a comparison stops, and that stopping early is paid for.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Rounds, type RoundRules } from '../../analysis/compare/rounds.ts';
import {
  FAMILY_ERROR,
  familyError,
  fewestRounds,
  isLook,
} from '../../analysis/statistics/family-error.ts';
import { Random } from '../../collector/base/index.ts';

/** Runs rounds of 1 s each until told to stop; arms spread by `spread` about 1 ms. */
function run(rules: RoundRules, arms: number, spread = 0.001): { rounds: number; reason: string } {
  const random = new Random(3);
  const rounds = new Rounds(rules, arms);
  for (let done = 0; done < 500; done++) {
    const reason = rounds.stop(done * 1e9);
    if (reason !== undefined) return { rounds: done, reason };
    rounds.add(
      Array.from({ length: arms }, (_, arm) => ({
        arm,
        value: 1e6 * (1 + spread * (random.unit() - 0.5)),
      })),
    );
  }
  return { rounds: 500, reason: 'never' };
}

test('a number of rounds is kept, and so is a number of replays over all arms', () => {
  assert.equal(run({ repeats: 7 }, 4).rounds, 7);
  assert.equal(run({ repeats: 24, mostReplays: 24 }, 4).rounds, 6);
  assert.equal(run({ repeats: 24, mostReplays: 24 }, 5).rounds, 4);
  assert.equal(run({ repeats: 24, mostReplays: 3 }, 5).rounds, 1, 'one round is the least');
});

test('no round begins that would end after the time is over', () => {
  const { rounds, reason } = run({ repeats: 100, maxTimeNs: 5.5e9 }, 4);
  assert.equal(rounds, 5);
  assert.match(reason, /another round would exceed 5\.5 s/);
});

test('with a precision it goes on until every strategy would show such a difference', () => {
  const quiet = run({ repeats: 200, precision: 0.02 }, 4);
  const noisy = run({ repeats: 200, precision: 0.02 }, 4, 0.05);
  assert.match(quiet.reason, /a difference of [\d.]+ % would be found/);
  assert.ok(quiet.rounds < noisy.rounds && noisy.rounds < 200, `${quiet.rounds}, ${noisy.rounds}`);
});

test('nobody looks before a look could show anything', () => {
  const rounds = new Rounds({ repeats: 100, precision: 0.02 }, 4);
  assert.equal(rounds.looksFrom, fewestRounds(2, true, familyError(1, 1)));
  assert.equal(new Rounds({ repeats: 100 }, 4).looksFrom, undefined);
});

test('all looks together spend no more error than one', () => {
  const looks = Array.from({ length: 10_000 }, (_, i) => 5 + i).filter((rounds) =>
    isLook(rounds, 5),
  );
  assert.deepEqual(looks.slice(0, 4), [5, 8, 12, 18]);
  const spent = looks.reduce((sum, rounds) => sum + familyError(rounds, 5), 0);
  assert.ok(spent <= FAMILY_ERROR && spent > 0.9 * FAMILY_ERROR);
  assert.equal(
    familyError(9, 5),
    familyError(12, 5),
    'an end between two looks spends what the next may',
  );
  assert.equal(familyError(6, undefined), FAMILY_ERROR, 'a fixed number of rounds is one look');
});
