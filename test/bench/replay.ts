// How exactly requests go out, alternately with peers on the same arrival times, with the noise floor of
// each moment beside it. Times on a busy host mean little; ratios within a round mean more.

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import { registry } from '../../collector/base/index.ts';
import { readEnvironment } from '../../replayer/result/environment.ts';
import type { Bench, BenchOptions, BenchReport } from './bench.ts';
import { drift } from './replay/drift.ts';
import { exact } from './replay/exact.ts';
import { goalTable } from './replay/goals.ts';
import { parseLoads, type Load } from './replay/load.ts';
import { canObserve } from './replay/observer.ts';
import type { Part, PartResult } from './replay/part.ts';
import type { Peer } from './replay/peer.ts';
import { cLoop, fio, ours } from './replay/peers.ts';
import type { Place } from './replay/place.ts';
import { rate } from './replay/rate.ts';
import { scale } from './replay/scale.ts';
import { tcpreplay, tcpreplayFrom } from './replay/tcpreplay.ts';

const parts = registry<Part>('part', [exact, rate, scale, drift]);

export const bench: Bench = {
  name: 'replay',
  summary: `how exactly requests go out, beside C, tcpreplay and fio: ${parts.names.join(', ')}`,
  run: (options) => Promise.resolve(run(options)),
};

function run(options: BenchOptions): BenchReport {
  const chosen =
    options.parts?.map((name) => parts.get(name)) ?? parts.entries.filter((part) => part.isDefault);
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-bench-'));
  try {
    const wanted = peersFor(options, folder);
    const isHere = (peer: Peer): boolean => peer.missing() === undefined;
    const place: Place = {
      folder,
      cpu: availableParallelism() - 1,
      observes: canObserve(folder),
      peers: wanted.filter(isHere),
    };
    const environment = readEnvironment();
    const all = parseLoads(options.load ?? '0').map((load) =>
      runBeside(load, chosen, place, options),
    );
    return {
      tables: all.flatMap((each) => each.tables),
      notes: [
        ...place.peers.map(issuesText),
        ...wanted.filter((peer) => !isHere(peer)).map(absentText),
        place.observes
          ? 'observed: perf, tracepoint of the issuing call, aligned on the first 2,000 requests'
          : 'observed: not at all, perf cannot record here',
        'floor: share of time that a C spinner under SCHED_FIFO lost just before in gaps over 10 µs, median of the rounds',
      ],
      environment,
      samples: all.flatMap((each) => each.samples),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All parts while `load` runs, which is ended whatever happens. */
function runBeside(
  load: Load,
  chosen: readonly Part[],
  place: Place,
  options: BenchOptions,
): Pick<BenchReport, 'tables' | 'samples'> {
  const processes = load.start(place.folder);
  try {
    const results = new Map<Part, PartResult>();
    const story = (line: string): void =>
      options.story([load.text, line].filter(Boolean).join(': '));
    for (const part of chosen) results.set(part, part.run(place, { ...options, story }));
    const all = [...results.values()];
    const tables = [...all.flatMap((result) => result.tables), goalTable(parts.entries, results)];
    return {
      tables: tables.map(({ title, rows }) => ({
        title: [title, load.text].filter(Boolean).join(', '),
        rows,
      })),
      samples: all.flatMap((result) =>
        result.samples.map((sample) => ({ load: load.text, ...sample })),
      ),
    };
  } finally {
    for (const process of processes) process.kill();
  }
}

function peersFor({ only, tcpreplaySource, story }: BenchOptions, folder: string): readonly Peer[] {
  const peers: Peer[] = [ours, cLoop, tcpreplay, fio];
  if (tcpreplaySource !== undefined) {
    story(`building tcpreplay from ${tcpreplaySource}`);
    peers.push(tcpreplayFrom(tcpreplaySource, folder));
  }
  return peers.filter((peer) => only?.includes(peer.name) ?? true);
}

function issuesText({ name, version, issues }: Peer): string {
  return `${[name, ...(version === undefined ? [] : [version()])].join(' ')} issues: ${issues}`;
}

const absentText = (peer: Peer): string => `${peer.name} was left out: ${peer.missing() ?? ''}`;
