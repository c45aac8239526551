// A minute at a constant rate: whether due times run off, beside the same minute in C.

import { formatDuration } from '../../../collector/base/index.ts';
import { constantArrivals } from './arrivals.ts';
import { median } from './error.ts';
import { measureOwn, type Sample } from './measure.ts';
import type { GoalVerdict, Part } from './part.ts';
import { cLoop, ours } from './peers.ts';
import { errorTable, errorsOf, groups } from './tables.ts';

const ROUNDS = 3;
const SECONDS = 60;
const MOST_DRIFT_NS = 20e3;

export const drift: Part = {
  name: 'drift',
  summary: 'a minute at 20 k/s, ours and C (two minutes a round)',
  isDefault: false,
  goals: ['drift ≤ 20 µs after 60 s'],
  run(place, options) {
    const { name, dueNs } = constantArrivals(SECONDS);
    const peers = place.peers.filter(({ name: peer }) => peer === ours.name || peer === cLoop.name);
    const samples: Sample[] = [];
    for (let round = 0; round < (options.rounds ?? ROUNDS); round++) {
      for (const peer of peers) {
        options.story(`${SECONDS} s, round ${round + 1}, ${peer.name}`);
        const watched = peer.prepare(dueNs, place.folder, place.cpu);
        samples.push(
          measureOwn(peer, { arrivals: `${name}, ${SECONDS} s`, round, watched }, place),
        );
      }
    }
    const tables = [errorTable(`${SECONDS} s, by own stamps`, samples, 'own'), driftTable(samples)];
    return { samples, tables, verdicts: [driftGoal(samples)] };
  },
};

function driftTable(samples: readonly Sample[]): { title: string; rows: string[][] } {
  const rows = groups(samples).map((group) => {
    const errors = errorsOf(group, 'own');
    return [
      group[0].peer,
      errors.map((error) => formatDuration(error.drift_ns)).join(', '),
      errors.map((error) => formatDuration(error.median_drift_ns)).join(', '),
    ];
  });
  const heading = ['', 'last step − first, each round', 'median of the last 1,000 − first 1,000'];
  return { title: `Drift after ${SECONDS} s`, rows: [heading, ...rows] };
}

/** One late step is noise, so the middle round decides; the medians must not move in any. */
function driftGoal(samples: readonly Sample[]): GoalVerdict | undefined {
  const errors = errorsOf(
    samples.filter((sample) => sample.peer === ours.name),
    'own',
  );
  if (errors.length === 0) return undefined;
  const steps = errors.map((error) => Math.abs(error.drift_ns));
  const medians = errors.map((error) => Math.abs(error.median_drift_ns));
  return {
    here: `last step against first: ${formatDuration(median(steps))} in the middle round, at most ${formatDuration(Math.max(...steps))}; median of the last thousand against the first: at most ${formatDuration(Math.max(...medians))}`,
    isReached: median(steps) <= MOST_DRIFT_NS && Math.max(...medians) <= MOST_DRIFT_NS,
  };
}
