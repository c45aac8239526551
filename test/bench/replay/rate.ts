// As fast as it goes: a million requests and more, stamped before and after, ours and C.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { formatCount, formatDuration } from '../../../collector/base/index.ts';
import type { ResultHeader } from '../../../replayer/result/header.ts';
import { SAMPLE, iotlb } from '../../support/cli.ts';
import type { BenchOptions, BenchTable } from '../bench.ts';
import { median } from './error.ts';
import { runWatched } from './observer.ts';
import type { GoalVerdict, Part } from './part.ts';
import { cLoop } from './peers.ts';
import { noiseOf, type Floor, type Place } from './place.ts';
import { percent, short } from './tables.ts';

const ROUNDS = 5;
const REQUESTS = 1_000_000;
/** Passes of the sample that make more than as many requests. */
const PASSES = 60;
const LEAST_PER_SECOND = 3e6;

interface RateSample extends Floor {
  readonly arrivals: 'asap';
  readonly peer: string;
  readonly round: number;
  readonly requests: number;
  readonly per_second: number;
  /** Median time of one request, from stamp to stamp. */
  readonly service_p50_ns: number;
}

type Document = ResultHeader['summary'] &
  Pick<ResultHeader, 'timing'> & { readonly issued_steps: number };

export const rate: Part = {
  name: 'rate',
  summary: 'as fast as it goes, ours and C',
  isDefault: true,
  goals: ['≥ 3 M requests/s on one thread, stamped'],
  run(place, options) {
    const samples = measureAll(place, options);
    const mine = samples.filter((sample) => sample.peer !== cLoop.name);
    return {
      samples,
      tables: [rateTable(samples)],
      verdicts: [rateGoal(mine)],
    };
  },
};

function measureAll(place: Place, options: BenchOptions): readonly RateSample[] {
  const hasC = place.peers.some((peer) => peer.name === cLoop.name);
  const samples: RateSample[] = [];
  for (let round = 0; round < (options.rounds ?? ROUNDS); round++) {
    options.story(`as fast as it goes, round ${round + 1}`);
    samples.push(oursOnce(place, round));
    if (hasC) samples.push(cOnce(place, round));
  }
  return samples;
}

function oursOnce(place: Place, round: number): RateSample {
  const floor = noiseOf(place);
  const args = ['--asap', '--loop', String(PASSES), '--cpus', String(place.cpu), '--json'];
  const said = iotlb(['replay', SAMPLE, ...args]);
  const document = JSON.parse(said.out) as Document; // our own output
  return {
    arrivals: 'asap',
    peer: 'iotlb',
    round,
    requests: document.issued_steps,
    per_second: (document.issued_steps * 1e9) / document.achieved_ns,
    service_p50_ns: document.service_ns.p50 ?? Number.NaN,
    ...floor,
  };
}

function cOnce(place: Place, round: number): RateSample {
  const { folder, cpu } = place;
  const floor = noiseOf(place);
  runWatched(cLoop.prepare(new Float64Array(REQUESTS), folder, cpu), folder, false);
  const stamps = new Float64Array(new Uint8Array(readFileSync(join(folder, 'c.f64'))).buffer);
  writeFileSync(join(folder, 'c.f64'), '');
  const service = Float64Array.from(
    { length: REQUESTS },
    (_, i) => stamps[3 * i + 2] - stamps[3 * i + 1],
  );
  return {
    arrivals: 'asap',
    peer: cLoop.name,
    round,
    requests: REQUESTS,
    per_second: (REQUESTS * 1e9) / (stamps[3 * REQUESTS - 2] - stamps[1]),
    service_p50_ns: service.sort()[REQUESTS >> 1],
    ...floor,
  };
}

function rateTable(samples: readonly RateSample[]): BenchTable {
  const names = [...new Set(samples.map((sample) => sample.peer))];
  const rows = names.map((name) => {
    const group = samples.filter((sample) => sample.peer === name);
    const p50 = median(group.map((sample) => sample.service_p50_ns));
    return [
      name,
      formatCount(group[0].requests),
      group.map((sample) => (sample.per_second / 1e6).toFixed(2)).join(', '),
      `${formatDuration(p50)}, or ${(1e3 / p50).toFixed(2)} M/s`,
      percent(median(group.map((sample) => sample.floor_over_10us))),
    ];
  });
  const heading = [
    '',
    'requests',
    'M requests/s over the run, each round',
    'p50 of a request',
    'floor over 10 µs',
  ];
  return { title: 'As fast as it goes', rows: [heading, ...rows] };
}

function rateGoal(mine: readonly RateSample[]): GoalVerdict {
  const names = [...new Set(mine.map((sample) => sample.peer))];
  const rates = names.map((name) =>
    median(mine.filter(({ peer }) => peer === name).map((sample) => sample.per_second)),
  );
  const texts = names.map((name, i) => `${name} ${short(rates[i] / 1e6)} M/s`);
  return {
    here: `${texts.join(', ')} over the run, median of the rounds`,
    isReached: Math.max(...rates) >= LEAST_PER_SECOND,
  };
}
