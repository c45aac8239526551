// How exactly requests go out, alternately with peers on the same arrival times, with the noise floor of
// each moment beside it. Times on a busy host mean little; ratios within a round mean more.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { readEnvironment } from '../../replayer/result/environment.ts';
import { SAMPLE } from '../support/cli.ts';
import type { Bench, BenchOptions, BenchReport } from './bench.ts';
import { allArrivals, type Arrivals } from './replay/arrivals.ts';
import { issueError, median, type IssueError } from './replay/error.ts';
import { canObserve, runWatched } from './replay/observer.ts';
import { cLoop, cProgram, ours, peers, type Peer } from './replay/peers.ts';
import { asapRate } from './replay/rate.ts';

const ROUNDS = 5;
const SECONDS = 2;
const NOISE_MS = 200;

interface Sample {
  readonly arrivals: string;
  readonly peer: string;
  readonly round: number;
  /** By the peer's own stamps, where it keeps them, and as perf saw it in the kernel. */
  readonly own: IssueError | undefined;
  readonly observed: IssueError | undefined;
  /** Shares of time that a C spinner lost just before, under the same rights. */
  readonly floor_over_1us: number;
  readonly floor_over_10us: number;
  readonly floor_longest_ns: number;
}

export const bench: Bench = {
  name: 'replay',
  summary: 'how exactly requests go out, alternately with C, tcpreplay and fio',
  run: (options) => Promise.resolve(run(options)),
};

function run(options: BenchOptions): BenchReport {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-bench-'));
  try {
    const cpu = availableParallelism() - 1;
    const wanted = peers.filter((peer) => options.only?.includes(peer.name) ?? true);
    const here = wanted.filter((peer) => peer.missing() === undefined);
    const absent = wanted.filter((peer) => peer.missing() !== undefined);
    const observes = canObserve(folder);
    const samples: Sample[] = [];
    for (const arrivals of allArrivals(SECONDS, SAMPLE)) {
      for (let round = 0; round < (options.rounds ?? ROUNDS); round++) {
        for (const peer of here) {
          options.story(`${arrivals.name}, round ${round + 1}, ${peer.name}`);
          samples.push(measure(peer, arrivals, round, { folder, cpu, observes }));
        }
      }
    }
    return {
      tables: [table(samples), ratios(samples)],
      notes: [
        ...here.map((peer) => `${peer.name} issues: ${peer.issues}`),
        ...absent.map((peer) => `${peer.name} was left out: ${peer.missing() ?? ''} is missing`),
        observes
          ? 'observed: perf, tracepoint of the issuing call, aligned on the first hundred requests'
          : 'observed: not at all, perf cannot record here',
      ],
      environment: readEnvironment(),
      samples: [...samples, ...asapRate(folder, cpu, options)],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly folder: string;
  readonly cpu: number;
  readonly observes: boolean;
}

/** Once plainly, for the peer's own stamps; once under perf, whose own cost is in what it sees. */
function measure(peer: Peer, arrivals: Arrivals, round: number, place: Place): Sample {
  const { folder, cpu, observes } = place;
  const { dueNs } = arrivals;
  const watched = peer.prepare(dueNs, folder, cpu);
  const floor = noiseOf(folder, cpu);
  let own: IssueError | undefined;
  if (peer.ownIssuedNs !== undefined) {
    runWatched(watched, folder, false);
    own = issueError(dueNs, peer.ownIssuedNs(folder), false);
  }
  const issued = observes ? runWatched(watched, folder, true, dueNs.length).issuedNs : undefined;
  // Fewer stamps than requests: perf lost some, and none can be told from another.
  const isWhole = issued !== undefined && issued.length === dueNs.length;
  const observed = isWhole ? issueError(dueNs, issued, true) : undefined;
  return { arrivals: arrivals.name, peer: peer.name, round, own, observed, ...floor };
}

function noiseOf(
  folder: string,
  cpu: number,
): Pick<Sample, 'floor_over_1us' | 'floor_over_10us' | 'floor_longest_ns'> {
  const args = ['-c', String(cpu), 'chrt', '-f', '40', cProgram(folder), 'noise', String(NOISE_MS)];
  const { stdout } = spawnSync('taskset', args, { encoding: 'utf8' });
  const [over1, over10, longest] = stdout.trim().split(' ').map(Number);
  return { floor_over_1us: over1, floor_over_10us: over10, floor_longest_ns: longest };
}

const microseconds = (ns: number | undefined): string =>
  ns === undefined || Number.isNaN(ns) ? '–' : (ns / 1e3).toFixed(ns < 10e3 ? 2 : 0);

function table(samples: readonly Sample[]): readonly (readonly string[])[] {
  const rows = groups(samples).map(([arrivals, peer, group]) => {
    const of = (pick: (error: IssueError) => number, from: 'own' | 'observed'): string => {
      const values = group.flatMap((sample) =>
        sample[from] === undefined ? [] : [pick(sample[from])],
      );
      return microseconds(values.length === 0 ? undefined : median(values));
    };
    return [
      arrivals,
      peer,
      of((error) => error.p50_ns, 'own'),
      of((error) => error.p99_ns, 'own'),
      of((error) => error.p999_ns, 'own'),
      of((error) => error.p50_ns, 'observed'),
      of((error) => error.p999_ns, 'observed'),
      of((error) => error.gap_p50_ns, 'observed'),
      of((error) => error.drift_ns, 'observed'),
      `${(median(group.map((sample) => sample.own?.share_over_10us ?? sample.observed?.share_over_10us ?? Number.NaN)) * 100).toFixed(2)} %`,
      `${(median(group.map((sample) => sample.floor_over_10us)) * 100).toFixed(2)} %`,
    ];
  });
  return [
    [
      'arrivals',
      'peer',
      'own p50 µs',
      'p99',
      'p99.9',
      'observed p50 µs',
      'p99.9',
      'gap p50',
      'drift',
      'over 10 µs',
      'floor',
    ],
    ...rows,
  ];
}

/** Ours to each peer's of the same round: median and range. */
function ratios(samples: readonly Sample[]): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  for (const [arrivals, peer, group] of groups(samples)) {
    if (peer === ours.name) continue;
    const from = peer === cLoop.name ? 'own' : 'observed';
    for (const [name, pick] of PICKS) {
      const values = group.flatMap((theirs) => {
        const mine = samples.find(
          (sample) =>
            sample.peer === ours.name &&
            sample.arrivals === arrivals &&
            sample.round === theirs.round,
        );
        const a = mine?.[from];
        const b = theirs[from];
        return a === undefined || b === undefined ? [] : [pick(a) / pick(b)];
      });
      if (values.length === 0) continue;
      const range = `${Math.min(...values).toPrecision(2)} … ${Math.max(...values).toPrecision(2)}`;
      rows.push([arrivals, `iotlb / ${peer}`, name, from, median(values).toPrecision(2), range]);
    }
  }
  return [['arrivals', 'ratio', 'of', 'stamps', 'median', 'range'], ...rows];
}

const PICKS: readonly (readonly [string, (error: IssueError) => number])[] = [
  ['p50', (error) => error.p50_ns],
  ['p99.9', (error) => error.p999_ns],
];

function groups(
  samples: readonly Sample[],
): readonly (readonly [string, string, readonly Sample[]])[] {
  const keys = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = `${sample.arrivals}\n${sample.peer}`;
    keys.set(key, [...(keys.get(key) ?? []), sample]);
  }
  return [...keys.values()].map((group) => [group[0].arrivals, group[0].peer, group] as const);
}
