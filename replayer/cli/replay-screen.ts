// A replay on one screen: what it ran on, what was issued, how it was timed, and whether to trust that.

import {
  formatCount,
  formatDuration,
  textTable,
  type Percentiles,
} from '../../collector/base/index.ts';
import { percent } from '../result/fidelity.ts';
import type { ResultHeader } from '../result/header.ts';
import { provenanceText } from '../result/provenance-text.ts';

export function replayScreen(header: ResultHeader): string {
  const { plan, summary, timing } = header;
  const errors = Object.entries(summary.errors).map(
    ([name, count]) => `${formatCount(count)} × ${name}`,
  );
  return [
    `${plan.strategy}, ${plan.dialect}, ${header.pacing}`,
    `  ran on      ${provenanceText(header)}`,
    `  verdict     ${plan.verdict.class}`,
    `  issued      ${formatCount(summary.ioctls)} ioctls, ${formatCount(summary.issued_entries)} entries, ${formatCount(summary.entries_done)} done${header.fanout === 0 ? '' : `, ${formatCount(header.fanout)} by fan-out`}`,
    `  errors      ${errors.length === 0 ? 'none' : errors.join(', ')}${header.provenance === 'null' ? ' (the null issuer is always refused)' : ''}`,
    `  time        asked ${formatDuration(summary.asked_ns)}, achieved ${formatDuration(summary.achieved_ns)}, drift ${formatDuration(summary.drift_ns)}`,
    ...guestLines(summary),
    ...(timing === undefined ? [] : timingLines(timing, summary)),
    '',
    percentileTable(summary),
  ].join('\n');
}

/** What guest CPUs paid, in the closed loop (design 13). */
function guestLines(summary: ResultHeader['summary']): readonly string[] {
  const { guest_time_ns: guest, waiters } = summary;
  if (guest === undefined || waiters === undefined) return [];
  return [
    `  guest       stall ${formatDuration(summary.stall_total_ns ?? 0)} in all, guest time ${formatDuration(guest)} at most, over ${formatCount(waiters)} waiter${waiters === 1 ? '' : 's'}`,
  ];
}

function percentileTable(summary: ResultHeader['summary']): string {
  const row = (name: string, values: Percentiles): readonly string[] => [
    `  ${name}`,
    ...[values.p50, values.p90, values.p99, values.p999, values.max].map((value) =>
      formatDuration(value),
    ),
  ];
  return textTable(
    [
      ['', 'p50', 'p90', 'p99', 'p99.9', 'max'],
      row('lateness (due to call)', summary.lateness_ns),
      row('service (call to return)', summary.service_ns),
      row('response (due to return)', summary.response_ns),
      row('stall', summary.stall_ns),
    ],
    [false, true, true, true, true, true],
  );
}

function timingLines(
  timing: NonNullable<ResultHeader['timing']>,
  summary: ResultHeader['summary'],
): readonly string[] {
  const { fidelity, pacing } = timing;
  const over = [summary.share_over_1us, summary.share_over_10us, summary.share_over_100us];
  const gaps = timing.threads.reduce((sum, thread) => sum + thread.gap_count, 0);
  const shared = Math.max(...timing.threads.map((thread) => thread.streams.length));
  const instead = timing.threads.find((thread) => thread.instead !== null)?.instead;
  return [
    `  timing      ${fidelity.text}`,
    `              ${over.map((share) => (share === undefined ? '–' : percent(share))).join(' / ')} of the steps late by over 1 / 10 / 100 µs${floorText(timing)}`,
    `  thread      ${threadText(timing)}; ${timing.loop} loop; ${formatCount(gaps)} gaps over 1 ms`,
    ...(instead === undefined ? [] : [`              ${instead ?? ''}`]),
    ...(pacing.idle_removed_ns === 0
      ? []
      : [`  idle        ${formatDuration(pacing.idle_removed_ns)} of idle time were left out`]),
    ...(shared <= 1
      ? []
      : [
          `  streams     up to ${shared} share a thread: while one's call runs the others wait (${formatDuration(summary.shared_lateness_ns?.p99 ?? 0)} at p99)`,
        ]),
  ];
}

/** The worst of all threads, before or after. */
function floorText({ threads }: NonNullable<ResultHeader['timing']>): string {
  const floors = threads
    .flatMap((thread) => [thread.noise_before, thread.noise_after])
    .filter((floor) => floor !== null);
  if (floors.length === 0) return '';
  const worst = [
    Math.max(...floors.map((floor) => floor.share_over_1us)),
    Math.max(...floors.map((floor) => floor.share_over_10us)),
    Math.max(...floors.map((floor) => floor.share_over_100us)),
  ];
  return `; noise floor: ${worst.map(percent).join(' / ')} of the time`;
}

function threadText({ threads }: NonNullable<ResultHeader['timing']>): string {
  const cpus = threads.map((thread) => thread.cpu).filter((cpu) => cpu !== null);
  const classes = [...new Set(threads.map((thread) => `SCHED_${thread.class.toUpperCase()}`))];
  return `${classes.join(' and ')}, ${cpus.length === 0 ? 'not pinned' : `CPU ${[...new Set(cpus)].join(', ')}`}`;
}
