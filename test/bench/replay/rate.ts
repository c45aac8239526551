// As fast as it goes: a million requests and more, stamped before and after, and the collections of the
// issuing thread meanwhile.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ResultHeader } from '../../../replayer/result/header.ts';
import { SAMPLE, iotlb } from '../../support/cli.ts';
import type { BenchOptions } from '../bench.ts';
import { runWatched } from './observer.ts';
import { cLoop } from './peers.ts';

const REQUESTS = 1_000_000;

export interface RateSample {
  readonly arrivals: 'asap';
  readonly peer: string;
  readonly round: number;
  readonly requests: number;
  readonly per_second: number;
  /** Median time of one request, from stamp to stamp. */
  readonly service_p50_ns: number | undefined;
  readonly collections: number | undefined;
}

type Document = ResultHeader['summary'] &
  Pick<ResultHeader, 'timing'> & { readonly issued_steps: number };

export function asapRate(
  folder: string,
  cpu: number,
  options: BenchOptions,
): readonly RateSample[] {
  const samples: RateSample[] = [];
  for (let round = 0; round < (options.rounds ?? 5); round++) {
    options.story(`as fast as it goes, round ${round + 1}`);
    samples.push(
      oursOnce(round, cpu, ['--fifo']),
      oursOnce(round, cpu, []),
      cOnce(folder, cpu, round),
    );
  }
  return samples;
}

function oursOnce(round: number, cpu: number, flags: readonly string[]): RateSample {
  const args = ['--asap', '--loop', '60', '--cpus', String(cpu), '--json', ...flags];
  const said = iotlb(['replay', SAMPLE, ...args]);
  const document = JSON.parse(said.out) as Document; // our own output
  return {
    arrivals: 'asap',
    peer: ['iotlb', ...flags].join(' '),
    round,
    requests: document.issued_steps,
    per_second: (document.issued_steps * 1e9) / document.achieved_ns,
    service_p50_ns: document.service_ns.p50,
    collections: document.timing?.collections,
  };
}

function cOnce(folder: string, cpu: number, round: number): RateSample {
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
    collections: undefined,
  };
}
