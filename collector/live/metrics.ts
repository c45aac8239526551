// What a recorder does, as text for Prometheus' node exporter (textfile collector). Written whole or not at all.

import { Output } from '../base/index.ts';

export interface RecorderState {
  readonly source: string;
  readonly kept: number;
  readonly lost: number;
  readonly skipped: number;
  readonly bytes: number;
  readonly parts: number;
  readonly eventsPerSecond: number;
  /** Since the last event was taken. */
  readonly quietSeconds: number;
}

const METRICS: readonly {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly of: (state: RecorderState) => number;
}[] = [
  { name: 'events_total', type: 'counter', help: 'Events kept.', of: ({ kept }) => kept },
  { name: 'events_lost_total', type: 'counter', help: 'Events lost.', of: ({ lost }) => lost },
  {
    name: 'events_skipped_total',
    type: 'counter',
    help: 'Lines or records of other events.',
    of: ({ skipped }) => skipped,
  },
  {
    name: 'event_rate',
    type: 'gauge',
    help: 'Events per second since the last update.',
    of: ({ eventsPerSecond }) => eventsPerSecond,
  },
  {
    name: 'quiet_seconds',
    type: 'gauge',
    help: 'Seconds since the last event was taken.',
    of: ({ quietSeconds }) => quietSeconds,
  },
  { name: 'bytes', type: 'gauge', help: 'Bytes written.', of: ({ bytes }) => bytes },
  { name: 'files', type: 'gauge', help: 'Files that are done and kept.', of: ({ parts }) => parts },
];

/** The state in Prometheus' text form. */
export function metricsText(state: RecorderState): string {
  const label = `{source="${state.source}"}`;
  return METRICS.map(({ name, type, help, of }) => {
    const full = `iotlb_record_${name}`;
    return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full}${label} ${of(state)}\n`;
  }).join('');
}

/** Replaces the file at `path`. Throws ToolError. */
export function writeMetrics(path: string, state: RecorderState): void {
  new Output(path, { force: true, inputs: [] }).write([metricsText(state)]);
}
