// How exactly each peer keeps the same arrival times, alternately.

import { formatDuration } from '../../../collector/base/index.ts';
import { SAMPLE } from '../../support/cli.ts';
import type { BenchOptions } from '../bench.ts';
import { BURSTS, RECORDED, allArrivals } from './arrivals.ts';
import { median } from './error.ts';
import { floorGoal } from './goals.ts';
import { measureBoth, type Sample } from './measure.ts';
import type { GoalVerdict, Part } from './part.ts';
import { cLoop, ours } from './peers.ts';
import type { Place } from './place.ts';
import { errorTable, errorsOf, groups, ratioTable, ratiosOf, short } from './tables.ts';
import { isTcpreplay } from './tcpreplay.ts';

const ROUNDS = 5;
const SECONDS = 2;
const MOST_GAP_NS = 20;
const MOST_P50_NS = 20;
const MOST_P99_ABOVE_C_NS = 1_000;
const MOST_P999_TO_C = 1.2;

export const exact: Part = {
  name: 'exact',
  summary: 'each peer on the same arrival times',
  isDefault: true,
  goals: [
    'median error ≤ 20 ns',
    'p99 ≤ the C loop of the same round + 1 µs',
    'p99.9 ≤ 1.2 × the C loop of the same round',
    'p99.9 at 20 k/s ≤ 1/5 of tcpreplay, p50 ≤ 1/10',
    "share over 10 µs ≤ 1.5 × the floor's share",
    'bursts of 16 at 3 µs: median gap error ≤ 20 ns',
  ],
  run(place, options) {
    const samples = measureAll(place, options);
    return {
      samples,
      tables: [
        errorTable("By each one's own stamps", samples, 'own'),
        ratioTable('Ratios in the same round, by own stamps', samples, 'own'),
        errorTable('As perf saw the calls in the kernel', samples, 'observed'),
        ratioTable('Ratios in the same round, as perf saw them', samples, 'observed'),
      ],
      verdicts: [
        medianGoal(samples),
        p99Goal(samples),
        p999Goal(samples),
        tcpreplayGoal(samples),
        floorGoal(samples),
        burstGoal(samples),
      ],
    };
  },
};

function measureAll(place: Place, options: BenchOptions): readonly Sample[] {
  const samples: Sample[] = [];
  for (const { name, dueNs } of allArrivals(SECONDS, SAMPLE)) {
    for (let round = 0; round < (options.rounds ?? ROUNDS); round++) {
      for (const peer of place.peers) {
        options.story(`${name}, round ${round + 1}, ${peer.name}`);
        const watched = peer.prepare(dueNs, place.folder, place.cpu);
        samples.push(measureBoth(peer, { arrivals: name, round, watched }, dueNs, place));
      }
    }
  }
  return samples;
}

/** The worst of the arrivals, each by the middle of its rounds. */
function medianGoal(samples: readonly Sample[]): GoalVerdict | undefined {
  const medians = groups(samples)
    .filter(([first]) => first.peer === ours.name)
    .map((group) => median(errorsOf(group, 'own').map((error) => error.p50_ns)));
  if (medians.length === 0) return undefined;
  const worst = Math.max(...medians);
  return {
    here: `${formatDuration(Math.min(...medians))} to ${formatDuration(worst)}`,
    isReached: worst <= MOST_P50_NS,
  };
}

/** Ours minus the C loop's of the same round. */
function p99Goal(samples: readonly Sample[]): GoalVerdict | undefined {
  const differences = groups(samples)
    .filter(([first]) => first.peer === cLoop.name)
    .map((group) =>
      median(
        group.flatMap((theirs) => {
          const mine = samples.find(
            ({ peer, arrivals, round }) =>
              peer === ours.name && arrivals === theirs.arrivals && round === theirs.round,
          );
          if (mine?.own === undefined || theirs.own === undefined) return [];
          return [mine.own.p99_ns - theirs.own.p99_ns];
        }),
      ),
    );
  if (differences.length === 0) return undefined;
  const worst = Math.max(...differences);
  return {
    here: `${formatDuration(Math.min(...differences))} to ${formatDuration(worst)} more, medians of the rounds`,
    isReached: worst <= MOST_P99_ABOVE_C_NS,
  };
}

function p999Goal(samples: readonly Sample[]): GoalVerdict | undefined {
  const ratios = groups(samples)
    .filter(([first]) => first.peer === cLoop.name)
    .map((group) => median(ratiosOf(samples, group, 'own', (error) => error.p999_ns)));
  if (ratios.length === 0) return undefined;
  const worst = Math.max(...ratios);
  return {
    here: `${short(Math.min(...ratios))} to ${short(worst)} × C, medians of the rounds`,
    isReached: worst <= MOST_P999_TO_C,
  };
}

function tcpreplayGoal(samples: readonly Sample[]): GoalVerdict | undefined {
  const theirs = groups(samples).filter(
    ([first]) => isTcpreplay(first.peer) && first.arrivals !== RECORDED,
  );
  const worst = (pick: Parameters<typeof ratiosOf>[3]): number =>
    Math.max(...theirs.map((group) => median(ratiosOf(samples, group, 'observed', pick))));
  const p999 = worst((error) => error.p999_ns);
  const p50 = worst((error) => error.p50_ns);
  if (!Number.isFinite(p999) || !Number.isFinite(p50)) return undefined;
  const names = [...new Set(theirs.map(([first]) => first.peer))].join(', ');
  return {
    here: `against ${names}, as perf saw both: median of the ratios at most ${short(p999)} for p99.9 and ${short(p50)} for p50`,
    isReached: p999 <= 1 / 5 && p50 <= 1 / 10,
  };
}

function burstGoal(samples: readonly Sample[]): GoalVerdict | undefined {
  const mine = samples.filter(({ peer, arrivals }) => peer === ours.name && arrivals === BURSTS);
  const gaps = errorsOf(mine, 'own').map((error) => error.gap_p50_ns);
  if (gaps.length === 0) return undefined;
  return {
    here: `${formatDuration(median(gaps))} by own stamps, at most ${formatDuration(Math.max(...gaps))} in a round`,
    isReached: median(gaps) <= MOST_GAP_NS,
  };
}
