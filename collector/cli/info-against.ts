// `iotlb info A --against B`: the comparison of two views of one stream, as text and as JSON.

import { formatCount, formatDuration, type Terminal } from '../base/index.ts';
import type { AgainstReport, OnlyOne, SideReport } from '../against/compare-recordings.ts';

export function againstDocument(report: AgainstReport): object {
  const { here, there, offset } = report;
  return {
    here: sideDocument(here),
    there: sideDocument(there),
    matched: report.matched,
    only_here: { ...report.onlyHere, outside: report.onlyHere.total - report.onlyHere.inside },
    only_there: { ...report.onlyThere, outside: report.onlyThere.total - report.onlyThere.inside },
    offset_ns: offset === undefined ? null : offset.medianNs.toString(),
    offset_spread_ns: offset?.spreadNs ?? null,
    offset_drift_ns: offset?.driftNs ?? null,
    compared_by: report.comparedKinds,
    not_compared: report.notCompared,
  };
}

function sideDocument(side: SideReport): object {
  return {
    path: side.path,
    source: side.source,
    clock: side.clock,
    barriers_are: side.barriers,
    barriers_inside: side.barriersInside,
    compared: side.compared,
    overlap_from_ns: Number.isFinite(side.fromNs) ? side.fromNs : null,
    overlap_to_ns: Number.isFinite(side.toNs) ? side.toNs : null,
  };
}

export function againstScreen(report: AgainstReport, terminal: Terminal): string {
  const { here, there } = report;
  const { bold } = terminal.out;
  return [
    `${bold(here.path)} (${here.source}) against ${bold(there.path)} (${there.source})`,
    `  compared    ${kindsText(report)}`,
    ...notComparedLines(report),
    `  matched     ${formatCount(report.matched)} of ${formatCount(here.compared)} requests here, ${formatCount(there.compared)} there`,
    `  only here   ${onlyText(report.onlyHere, terminal)}`,
    `  only there  ${onlyText(report.onlyThere, terminal)}`,
    ...offsetLines(report),
    ...(report.matched === 0 ? [] : [barrierLine(report)]),
    '',
    `  ${verdict(report)}`,
  ].join('\n');
}

function kindsText(report: AgainstReport): string {
  const kinds = Object.entries(report.comparedKinds).map(([kind, by]) => `${kind} by its ${by}`);
  return kinds.join(', ');
}

function notComparedLines(report: AgainstReport): readonly string[] {
  const kinds = Object.entries(report.notCompared).filter(([kind]) => kind !== 'barrier');
  if (kinds.length === 0) return [];
  const text = kinds.map(
    ([kind, [a, b]]) => `${kind} (${formatCount(a)} here, ${formatCount(b)} there)`,
  );
  return [`  left out    ${text.join(', ')}: only one side can show them`];
}

function onlyText(only: OnlyOne, terminal: Terminal): string {
  const outside = `${formatCount(only.total - only.inside)} before or after both were on`;
  if (only.inside === 0) return `0 while both were on, ${outside}`;
  const more = only.inside > only.places.length ? ', …' : '';
  return `${terminal.out.red(formatCount(only.inside))} while both were on (rows ${only.places.join(', ')}${more}), ${outside}`;
}

function offsetLines(report: AgainstReport): readonly string[] {
  const { here, there, offset } = report;
  if (offset === undefined) return [];
  const { min, p1, p25, p75, p99, max } = offset.spreadNs;
  const span = formatDuration(here.toNs - here.fromNs);
  return [
    `  overlap     ${span}, from ${formatDuration(here.fromNs)} here and ${formatDuration(there.fromNs)} there`,
    `  clocks      ${here.clock} here is ${seconds(offset.medianNs)} ahead of ${there.clock} there, drifting by ${formatDuration(offset.driftNs)}`,
    `  spread      half within ${formatDuration(p25)} … ${formatDuration(p75)}, 98 % within ${formatDuration(p1)} … ${formatDuration(p99)}, all within ${formatDuration(min)} … ${formatDuration(max)}`,
  ];
}

/** Exact to the ns: a difference to the Unix epoch has more digits than a rounded duration shows. */
function seconds(ns: bigint): string {
  const sign = ns < 0n ? '-' : '';
  const size = ns < 0n ? -ns : ns;
  return `${sign}${size / 1_000_000_000n}.${(size % 1_000_000_000n).toString().padStart(9, '0')} s`;
}

function barrierLine({ here, there }: AgainstReport): string {
  const text = (side: SideReport): string => `${formatCount(side.barriersInside)} ${side.barriers}`;
  return `  barriers    ${text(here)} here, ${text(there)} there while both were on`;
}

function verdict(report: AgainstReport): string {
  if (report.matched === 0) return 'Nothing matches: these are not views of one stream.';
  const differing = report.onlyHere.inside + report.onlyThere.inside;
  if (differing === 0) return 'While both were on they agree, request for request.';
  const share = (100 * report.matched) / (report.matched + differing);
  return `While both were on, ${share.toFixed(3)} % of the requests are in both.`;
}
