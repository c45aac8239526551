// What `info` says of who waits (design 13), and what follows from it for grouping: no more than the recording
// can show.

import { formatCount } from '../base/index.ts';
import type { TraceHeader, TraceSummary, WaitSummary, WaiterCount } from '../model/index.ts';

/** Waiters that are listed by name; all of them are in the JSON. */
const LISTED = 8;
const MOSTLY = 0.9;

export function waitersDocument(header: TraceHeader, waits: WaitSummary): object {
  return {
    arrivals: header.arrivals,
    waiters: waits.waiters().map(({ index, vm, name, from, intervals }) => ({
      index,
      vm,
      name,
      from,
      intervals,
    })),
    submissions_with_several_waits: waits.severalWaits,
    waits_of_unknown_waiters: waits.unknownWaits,
  };
}

/** One line for the table of facts. */
export function waiterLines(header: TraceHeader, waits: WaitSummary): readonly string[] {
  const waiters = waits.waiters();
  const named = waiters.filter(({ from }) => from !== 'unknown');
  const several =
    waits.severalWaits === 0
      ? []
      : [
          `  doorbells   ${formatCount(waits.severalWaits)} carry several waits; ${formatCount(waits.unknownWaits)} of these waits belong to CPUs that nothing names`,
        ];
  const text =
    named.length === 0
      ? 'not recorded: each stream counts as one waiter'
      : `${formatCount(waiters.length)}: ${listed(waiters)}`;
  return [`  waiters     ${text}`, ...several, `  arrivals    ${ARRIVALS[header.arrivals]}`];
}

function listed(waiters: readonly WaiterCount[]): string {
  const most = [...waiters].sort((a, b) => b.intervals - a.intervals);
  const texts = most
    .slice(0, LISTED)
    .map(({ name, intervals }) => `${name} (${formatCount(intervals)} intervals)`);
  const more = most.length - texts.length;
  return [...texts, ...(more > 0 ? [`${formatCount(more)} more`] : [])].join(', ');
}

const ARRIVALS: Readonly<Record<TraceHeader['arrivals'], string>> = {
  entry: "times are those at which the guest's CPU entered its flush",
  exit: 'times are those of the exit to the VMM: waiting for locks of the guest is not seen',
  'after-lock':
    'times are taken once the locks of guest and VMM were had: waiting for them is not seen',
  unknown: 'what the times are taken at is not recorded',
};

/** What follows for grouping: sentences, already broken into lines. */
export function groupingAdvice(
  header: TraceHeader,
  summary: TraceSummary,
  waits: WaitSummary,
): readonly string[] {
  const withRequests = summary.barriers - summary.perBarrier[0];
  if (withRequests <= 0) return [];
  const single = summary.perBarrier[1] / withRequests;
  if (single < MOSTLY) return [];
  const waiters = waits.waiters().length;
  return [
    '',
    `  ${(100 * single).toFixed(1)} % of the barrier intervals hold one request, so merging inside an interval gains next`,
    '  to nothing. A waiter asks nothing more until it is released: only requests of different waiters that',
    `  wait at the same time can share a call${waiters === 1 ? ', and one waiter is seen' : ''}. 'iotlb plan' shows how many calls that leaves, and`,
    '  what the guest pays where waits are held back for it.',
    ...(waits.severalWaits === 0
      ? []
      : ['  Waits under one doorbell share a call without holding anything back (-s doorbell).']),
    ...(header.arrivals === 'entry'
      ? []
      : [
          '  How many wait at the same time is seen as a lower bound only, so that nothing can be saved does not',
          '  follow from this recording.',
        ]),
  ];
}
