// What a call costs while others are made at the same time: many streams ask without pause, on one host object or
// one each. Kernels hold locks while they flush (VT-d `cache_lock` of a domain, one command queue per SMMU).

import { EventBuilder, KIND, PRESENT, SCOPE } from '../../collector/model/index.ts';
import type { Interrupt } from '../../collector/base/index.ts';
import type { IssuerSession } from '../issuers/issuer.ts';
import type { Plan } from '../planner/index.ts';
import type { Lanes } from './lanes.ts';
import { runPlan, type RunOutcome } from './run.ts';

/** Requests of each stream in one pass. */
const REQUESTS = 256;
/** A short run says how many passes fill the time that was asked for. */
const PILOT_PASSES = 4;
/** Samples are kept until a run is over. */
const MOST_CALLS = 8_000_000;

export interface ContentionPoint {
  readonly streams: number;
  /** Streams may have to share a thread; service time is that of a call all the same. */
  readonly threads: number;
  readonly calls: number;
  readonly seconds: number;
  readonly callsPerSecond: number;
  readonly serviceP50Ns: number;
  readonly serviceMeanNs: number;
  readonly serviceP99Ns: number;
}

/** Single-page requests, on domain 1 or on a domain per stream. */
export function contendingRequests(streams: number, hwpts: 'one' | 'each'): EventBuilder {
  const out = new EventBuilder(streams * REQUESTS);
  for (let i = 0; i < REQUESTS; i++) {
    for (let stream = 0; stream < streams; stream++) {
      const row = out.next(i * 1_000, stream);
      out.kind[row] = KIND.iotlb;
      out.scope[row] = SCOPE.vaddr;
      out.present[row] = PRESENT.domainId | PRESENT.range;
      out.domainId[row] = hwpts === 'one' ? 1 : 1 + stream;
      out.page[row] = stream * REQUESTS + i;
      out.pages[row] = 1;
    }
  }
  return out;
}

export interface ContentionRun {
  readonly plan: Plan;
  readonly session: IssuerSession;
  readonly lanes: Lanes;
  readonly seconds: number;
  readonly interrupt: Interrupt;
}

/** One round at one point. */
export async function contend({
  plan,
  session,
  lanes,
  seconds,
  interrupt,
}: ContentionRun): Promise<ContentionPoint> {
  const run = (passes: number): Promise<RunOutcome> =>
    runPlan(plan, session, {
      pacing: { kind: 'asap' },
      passes,
      stopOnError: false,
      lanes,
      measuresNoise: false,
      interrupt,
      progress: { update: () => undefined, stop: () => undefined },
    });
  const pilot = pointOf(await run(PILOT_PASSES), plan);
  const perPass = plan.streams.length * REQUESTS;
  const wanted = Math.ceil((pilot.callsPerSecond * seconds) / perPass);
  const most = Math.floor(MOST_CALLS / perPass);
  return pointOf(await run(Math.max(1, Math.min(wanted, most))), plan);
}

function pointOf({ streams, threads }: RunOutcome, plan: Plan): ContentionPoint {
  const calls = streams.reduce((sum, { rows }) => sum + rows, 0);
  const service = new Float64Array(calls);
  let at = 0;
  let endNs = 0;
  for (const { rows, output } of streams) {
    for (let row = 0; row < rows; row++)
      service[at++] = output.completedNs[row] - output.issuedNs[row];
    if (rows > 0) endNs = Math.max(endNs, output.completedNs[rows - 1]);
  }
  service.sort();
  const rank = (share: number): number => service[Math.max(0, Math.ceil(share * calls) - 1)];
  const total = service.reduce((sum, ns) => sum + ns, 0);
  return {
    streams: plan.streams.length,
    threads: threads.length,
    calls,
    seconds: endNs / 1e9,
    callsPerSecond: calls / (endNs / 1e9),
    serviceP50Ns: rank(0.5),
    serviceMeanNs: total / calls,
    serviceP99Ns: rank(0.99),
  };
}

/** Middle and extremes of one point's rounds: of five, the extremes enclose the median with 93.75 %. */
export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    low: sorted[0],
    median: sorted[Math.floor((sorted.length - 1) / 2)],
    high: sorted[sorted.length - 1],
  };
}

/** A call that takes so many times as long as alone, in every round, is held up by others. */
const KNEE = 1.5;

/** Streams from which on a call takes longer than alone; undefined where none does. */
export function kneeOf(
  points: readonly { readonly streams: number; readonly service: Spread }[],
): number | undefined {
  const [alone, ...more] = points;
  return more.find(({ service }) => service.low > KNEE * alone.service.high)?.streams;
}
