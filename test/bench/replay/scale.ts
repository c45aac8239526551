// Other time scales and the closed loop, beside the recorded speed and beside C on the very due times that
// each of our runs had.

import { join } from 'node:path';

import { SAMPLE } from '../../support/cli.ts';
import type { BenchOptions } from '../bench.ts';
import { poissonArrivals } from './arrivals.ts';
import { cLoopGoal, floorGoal } from './goals.ts';
import { writeRecording } from './made-recording.ts';
import { measureOwn, type Sample } from './measure.ts';
import type { Part } from './part.ts';
import { cLoop, ourReplay, ours } from './peers.ts';
import type { Place } from './place.ts';
import { errorTable, ratioTable } from './tables.ts';

const ROUNDS = 5;
/** Of the run, whatever the scale. */
const SECONDS = 2;

interface Variant {
  readonly name: string;
  /** A recording to replay; made on the first call. */
  readonly recording: (folder: string) => string;
  readonly flags: readonly string[];
}

const scaled = (speed: number, perSecond: string): Variant => ({
  name: `Poisson 20 k/s at ${speed}× (${perSecond})`,
  recording: (folder) => {
    const path = join(folder, `scaled-${speed}.arrow`);
    writeRecording(path, poissonArrivals(SECONDS * speed).dueNs);
    return path;
  },
  flags: ['--open-loop', '--speed', `${speed}x`],
});

const VARIANTS: readonly Variant[] = [
  scaled(1, '20 k/s'),
  scaled(0.1, '2 k/s'),
  scaled(10, '200 k/s'),
  { name: 'a real recording, closed loop', recording: () => SAMPLE, flags: [] },
];

export const scale: Part = {
  name: 'scale',
  summary: 'other speeds and the closed loop, ours and C (two to three minutes)',
  isDefault: false,
  goals: [
    'time scale 0.1–10×, closed loop: median error as above',
    'time scale 0.1–10×, closed loop: share over 10 µs as above',
    'every replay states its own verdict',
  ],
  run(place, options) {
    const samples = measureAll(place, options);
    const mine = samples.filter((sample) => sample.peer === ours.name);
    const said = mine.filter((sample) => sample.verdict !== undefined).length;
    return {
      samples,
      tables: [
        errorTable('Other time scales and the closed loop, by own stamps', samples, 'own'),
        ratioTable('Ratios in the same round, on the same due times', samples, 'own'),
      ],
      verdicts: [
        cLoopGoal(samples),
        floorGoal(samples),
        { here: `${said} of ${mine.length} runs`, isReached: said === mine.length },
      ],
    };
  },
};

function measureAll(place: Place, options: BenchOptions): readonly Sample[] {
  const { folder, cpu } = place;
  const hasC = place.peers.some((peer) => peer.name === cLoop.name);
  const samples: Sample[] = [];
  for (const { name: arrivals, recording, flags } of VARIANTS) {
    const path = recording(folder);
    for (let round = 0; round < (options.rounds ?? ROUNDS); round++) {
      options.story(`${arrivals}, round ${round + 1}`);
      const mine = { arrivals, round, watched: ourReplay(path, place, flags) };
      samples.push(measureOwn(ours, mine, place));
      if (!hasC) continue;
      const watched = cLoop.prepare(ours.ownStamps(folder).dueNs, folder, cpu);
      samples.push(measureOwn(cLoop, { arrivals, round, watched }, place));
    }
  }
  return samples;
}
