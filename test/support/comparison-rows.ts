// Rows of a comparison as a store would give them, made up from a few numbers per strategy: for tests of what is said
// about them. Every number is fictional.

import type { ReportInput } from '../../analysis/report/assemble.ts';
import type { RunMetrics } from '../../analysis/queries/run-metrics.ts';
import { Random } from '../../collector/base/index.ts';
import type { Provenance } from '../../replayer/issuers/issuer.ts';
import type { VerdictClass } from '../../replayer/planner/index.ts';
import { resultHeaderSchema, type ResultHeader } from '../../replayer/result/header.ts';
import type { FidelityClass } from '../../replayer/result/fidelity.ts';

export interface MadeStrategy {
  readonly strategy: string;
  readonly verdict?: VerdictClass;
  readonly online?: boolean;
  readonly sameAs?: readonly string[];
  readonly ioctls?: number;
  readonly pages?: number;
  /** Of the middle replay; null where it was not measured. */
  readonly stallNs?: number | null;
  readonly serviceNs?: number;
}

export interface MadeComparison {
  readonly rounds?: number;
  /** The baseline comes first; it gets two arms unless `hasControl` is false. */
  readonly strategies: readonly MadeStrategy[];
  readonly hasControl?: boolean;
  /** How far values of a time spread about the middle one: 0.02 is ±1 %. */
  readonly spread?: number;
  readonly provenance?: Provenance;
  readonly fidelity?: FidelityClass;
  readonly limit?: number;
  readonly name?: string;
  readonly host?: string;
  readonly virtual?: boolean;
  /** Leaves out what `repeat` of `strategy` (its first arm) measured. */
  readonly without?: { readonly strategy: string; readonly repeat: number };
}

const REQUESTS = 65_600;
const EVENTS = 131_072;

/** What `assembleReport` needs of such a comparison, without its charts. */
export function madeComparison(made: MadeComparison): ReportInput {
  const { strategies, rounds = 8, spread = 0.02, without } = made;
  const random = new Random(7);
  const near = (value: number): number => value * (1 + spread * (random.unit() - 0.5));
  const headers: ResultHeader[] = [];
  const runs: RunMetrics[] = [];
  for (let repeat = 0; repeat < rounds; repeat++) {
    strategies.forEach((one, index) => {
      const arms = index === 0 && made.hasControl !== false && strategies.length > 1 ? 2 : 1;
      for (let arm = 0; arm < arms; arm++) {
        if (without?.strategy === one.strategy && without.repeat === repeat && arm === 0) continue;
        const header = headerOf(made, one, repeat, arm);
        headers.push(header);
        runs.push(runOf(one, header, near));
      }
    });
  }
  return {
    headers,
    runs,
    order: strategies.map(({ strategy }) => strategy),
    span: { first_ns: 0, last_ns: 19.7e9, events: EVENTS, requests: REQUESTS },
    rate: { bucketNs: 1, firstBucket: 0, buckets: 0, rows: [] },
    service: [],
    stall: [],
    lateness: [],
    intervals: [
      { requests: 0, intervals: 310 },
      { requests: 1, intervals: 64_000 },
      { requests: 2, intervals: 820 },
    ],
    generatedAt: '2026-01-02T03:04:05.000Z',
  };
}

function runOf(
  {
    strategy,
    ioctls = REQUESTS,
    pages = 70_112,
    stallNs = 340e6,
    serviceNs = 21.3e6,
  }: MadeStrategy,
  { run_id, repeat, arm }: ResultHeader,
  near: (value: number) => number,
): RunMetrics {
  const stall = (share: number): number | null => (stallNs === null ? null : near(stallNs * share));
  return {
    run_id,
    strategy,
    repeat,
    arm,
    ioctls,
    entries: ioctls,
    issued_pages: pages,
    hardware_waits: ioctls,
    service_total_ns: near(serviceNs),
    service_p50_ns: near(serviceNs / REQUESTS),
    service_p99_ns: near((4 * serviceNs) / REQUESTS),
    stall_total_ns: stall(1),
    guest_time_ns: near(19.7e9),
    stall_p50_ns: stall(1 / REQUESTS),
    stall_p99_ns: stall(4 / REQUESTS),
    cpu_ns: near(2 * serviceNs),
    cpu_system_ns: near(serviceNs),
    lateness_p50_ns: near(300),
    lateness_p99_ns: near(2400),
  };
}

function headerOf(
  made: MadeComparison,
  one: MadeStrategy,
  repeat: number,
  arm: number,
): ResultHeader {
  const { strategies, provenance = 'lab', fidelity = 'faithful', limit } = made;
  const index = strategies.indexOf(one);
  const { verdict = 'strict', ioctls = REQUESTS, pages = 70_112 } = one;
  const isUnsafe = verdict !== 'strict';
  const percentiles = { p50: 300, p90: 900, p99: 2400, p999: 9000, max: 31e3 };
  return resultHeaderSchema.parse({
    format: 'iotlb-result',
    version: 1,
    writer: 'iotlb@0.1.0',
    run_id: `made-${index}-${arm}-${repeat}`,
    comparison_id: 'made',
    repeat,
    arm,
    same_as: one.sameAs ?? [],
    started_at: `2026-01-02T03:${String(repeat).padStart(2, '0')}:${String(10 * index + arm).padStart(2, '0')}Z`,
    trace: {
      name: made.name ?? 'made-up.arrow',
      digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
      events: EVENTS,
      lost: 0,
      source: 'qemu',
      barriers: 'seen',
      scrub: 'none',
    },
    plan_digest: `sha256:${'fedcba9876543210'.repeat(4)}`,
    issuer: provenance === 'null' ? 'null' : 'iommufd',
    provenance,
    issuer_description: 'an imagined host with an imagined IOMMU',
    pacing: 'closed-loop',
    fanout: 0,
    interrupted: false,
    stopped: false,
    free_barriers: 0,
    plan: {
      strategy: one.strategy,
      dialect: 'hwpt-vtd-s1',
      steps: ioctls,
      entries: ioctls,
      requests: limit ?? REQUESTS,
      replayable: limit ?? REQUESTS,
      requested_pages: 70_112,
      issued_pages: pages,
      widened: 0,
      barrier_intervals: 64_820,
      hardware_waits: ioctls,
      online: one.online ?? false,
      verdict: {
        class: verdict,
        requests_exposed: isUnsafe ? 64_810 : 0,
        exposure_page_ns: isUnsafe ? 3.1e14 : 0,
        unbounded_exposed: isUnsafe ? 21 : 0,
      },
    },
    summary: {
      asked_ns: 19.7e9,
      achieved_ns: 19.7e9,
      drift_ns: 900,
      errors: {},
      lateness_ns: percentiles,
      service_ns: percentiles,
      response_ns: percentiles,
      stall_ns: percentiles,
      service_total_ns: 21.3e6,
      ioctls,
      issued_entries: ioctls,
      entries_done: ioctls,
    },
    timing: {
      pacing: {
        kind: fidelity === 'no-schedule' ? 'asap' : 'closed-loop',
        speed: 1,
        per_second: null,
        begin_ns: null,
        end_ns: null,
        limit: limit ?? null,
        loop: 1,
        max_gap_ns: null,
        idle_removed_ns: 0,
      },
      loop: 'native',
      threads: [],
      fidelity: {
        class: fidelity,
        text: fidelity,
        noise_share_over_10us: 0,
        noise_longest_gap_ns: 0,
      },
    },
    environment: {
      tool: 'iotlb@0.1.0',
      node: 'v20.0.0',
      host: made.host ?? 'made-up-host',
      kernel: '6.0.0-made-up',
      kernel_build: '#1',
      cpu: 'Made-up CPU @ 1.00GHz',
      cpus: 2,
      memory_bytes: 8 * 1024 ** 3,
      governor: null,
      clocksource: 'tsc',
      isolated_cpus: '',
      virtual: made.virtual ?? false,
      load_1min: 0.42,
    },
  });
}
