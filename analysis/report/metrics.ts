// The columns of a comparison, in order. A metric is one entry here and one column of the run-metrics
// query of the same name.

import type { RunMetrics } from '../queries/run-metrics.ts';
import type { ReportJson, ReportStrategy } from './schema.ts';

export type Metric = ReportJson['metrics'][number] & {
  readonly id: Exclude<keyof RunMetrics, 'run_id' | 'strategy' | 'repeat'>;
};

export const METRICS: readonly Metric[] = [
  { id: 'ioctls', title: 'ioctls', unit: 'count', better: 'lower', note: 'system calls made' },
  {
    id: 'entries',
    title: 'entries',
    unit: 'count',
    better: 'lower',
    note: 'invalidations handed to the kernel',
  },
  {
    id: 'hardware_waits',
    title: 'hardware waits',
    unit: 'count',
    better: 'lower',
    note: "waits that the kernel's driver makes for them, by its known rule",
  },
  {
    id: 'issued_pages',
    title: 'pages issued',
    unit: 'pages',
    better: 'lower',
    note: '4 KiB pages over ranged entries',
  },
  {
    id: 'service_total_ns',
    title: 'time in ioctls',
    unit: 'ns',
    better: 'lower',
    note: 'service time of all steps together',
  },
  {
    id: 'service_p50_ns',
    title: 'service p50',
    unit: 'ns',
    better: 'lower',
    note: 'from call to return, median step',
  },
  {
    id: 'service_p99_ns',
    title: 'service p99',
    unit: 'ns',
    better: 'lower',
    note: 'from call to return',
  },
  {
    id: 'stall_p50_ns',
    title: 'stall p50',
    unit: 'ns',
    better: 'lower',
    note: "a barrier's release after it was captured, median",
  },
  {
    id: 'stall_p99_ns',
    title: 'stall p99',
    unit: 'ns',
    better: 'lower',
    note: "a barrier's release after it was captured",
  },
  {
    id: 'stall_total_ns',
    title: 'stall in all',
    unit: 'ns',
    better: 'lower',
    note: 'what the guest waited, all barriers together',
  },
  {
    id: 'cpu_system_ns',
    title: 'CPU in the kernel',
    unit: 'ns',
    better: 'lower',
    note: "system time of the issuing threads: ioctls and sleeping until they are due; the kernel's estimate, from its ticks",
  },
  {
    id: 'cpu_ns',
    title: 'CPU time',
    unit: 'ns',
    better: 'neither',
    note: 'user and system time of the issuing threads; user time is mostly the replay itself, spinning before a due time',
  },
  {
    id: 'lateness_p99_ns',
    title: 'lateness p99',
    unit: 'ns',
    better: 'neither',
    note: 'issued after due: how far the replay itself can be trusted',
  },
];

/** Time in ioctls, and how long barriers held the guest up. */
export const SERVICE = 'service_total_ns';
export const STALL = 'stall_p99_ns';

/** A strategy's median of a metric; null where it was not measured. */
export function medianOf(row: ReportStrategy, id: string): number | null {
  return row.values[id]?.median ?? null;
}
