// The columns of a comparison, in order. A metric is one entry here and one column of the run-metrics
// query of the same name.

import type { RunMetrics } from '../queries/run-metrics.ts';
import type { ReportJson, ReportStrategy } from './schema.ts';

export type Metric = ReportJson['metrics'][number] & {
  /** Exact from the plan where a strategy holds nothing back. */
  readonly isPlanned: boolean;
  readonly id: Exclude<keyof RunMetrics, 'run_id' | 'strategy' | 'repeat' | 'arm'>;
};

export const METRICS: readonly Metric[] = [
  {
    id: 'ioctls',
    title: 'ioctls',
    unit: 'count',
    isPlanned: true,
    is_time: false,
    better: 'lower',
    note: 'system calls made',
  },
  {
    id: 'entries',
    title: 'entries',
    unit: 'count',
    isPlanned: true,
    is_time: false,
    better: 'lower',
    note: 'invalidations handed to the kernel',
  },
  {
    id: 'hardware_waits',
    title: 'hardware waits',
    unit: 'count',
    isPlanned: true,
    is_time: false,
    better: 'lower',
    note: "waits that the kernel's driver makes for them, by its known rule",
  },
  {
    id: 'issued_pages',
    title: 'pages issued',
    unit: 'pages',
    isPlanned: true,
    is_time: false,
    better: 'lower',
    note: '4 KiB pages over ranged entries',
  },
  {
    id: 'service_total_ns',
    title: 'time in ioctls',
    unit: 'ns',
    isPlanned: false,
    is_time: true,
    better: 'lower',
    note: 'service time of all steps together',
  },
  {
    id: 'service_p50_ns',
    title: 'service p50',
    unit: 'ns',
    isPlanned: false,
    is_time: true,
    better: 'lower',
    note: 'from call to return, median step',
  },
  {
    id: 'service_p99_ns',
    title: 'service p99',
    unit: 'ns',
    isPlanned: false,
    is_time: true,
    better: 'lower',
    note: 'from call to return',
  },
  {
    id: 'stall_p50_ns',
    title: 'stall p50',
    unit: 'ns',
    isPlanned: false,
    is_time: true,
    better: 'lower',
    note: 'how long the guest waits at a barrier, median',
  },
  {
    id: 'stall_p99_ns',
    title: 'stall p99',
    unit: 'ns',
    isPlanned: false,
    is_time: true,
    better: 'lower',
    note: 'how long the guest waits at a barrier',
  },
  {
    id: 'stall_total_ns',
    title: 'stall',
    unit: 'ns',
    isPlanned: false,
    is_time: true,
    better: 'lower',
    note: 'how long the guest waits, over all barriers together',
  },
  {
    id: 'guest_time_ns',
    title: 'guest time',
    unit: 'ns',
    isPlanned: false,
    is_time: true,
    better: 'lower',
    note: 'at most: from the first request to the last release of each waiter, idle time included',
  },
  {
    id: 'cpu_system_ns',
    title: 'CPU in the kernel',
    unit: 'ns',
    isPlanned: false,
    is_time: true,
    better: 'lower',
    note: "system time of the issuing threads: ioctls and sleeping until they are due; the kernel's estimate, from its ticks",
  },
  {
    id: 'cpu_ns',
    title: 'CPU time',
    unit: 'ns',
    isPlanned: false,
    is_time: true,
    better: 'neither',
    note: 'user and system time of the issuing threads; user time is mostly the replay itself, spinning before a due time',
  },
  {
    id: 'lateness_p99_ns',
    title: 'lateness p99',
    unit: 'ns',
    isPlanned: false,
    is_time: true,
    better: 'neither',
    note: 'issued after due: how far the replay itself can be trusted',
  },
];

/** Time in ioctls, and how long barriers held the guest up, over all of them. */
export const SERVICE = 'service_total_ns';
export const STALL = 'stall_total_ns';
export const STALL_P99 = 'stall_p99_ns';

/** The metric that decides: stall, or time in ioctls for a recording without barriers. */
export function primaryOf(rows: readonly ReportStrategy[]): typeof STALL | typeof SERVICE {
  return rows.every((row) => row.values[STALL] !== undefined) ? STALL : SERVICE;
}

/** What the table shows of a metric; null where it was not measured. */
export function shownOf(row: ReportStrategy, id: string): number | null {
  return row.values[id]?.value ?? null;
}
