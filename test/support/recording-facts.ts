// What the shipped recordings hold and what each strategy makes of them, as the rows of their README's tables.

import { formatCount, formatDuration } from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import { KIND, SCOPE } from '../../collector/model/index.ts';
import { loopOptions } from '../../replayer/closed-loop/flags.ts';
import { LoopRowSource } from '../../replayer/closed-loop/loop-rows.ts';
import { Submissions } from '../../replayer/closed-loop/submissions.ts';
import { waiterNumbers } from '../../replayer/closed-loop/waiters.ts';
import { dialects } from '../../replayer/dialects/index.ts';
import { planFacts, type PlanFacts } from '../../replayer/planner/index.ts';
import { runLoop } from '../../replayer/simulation/loop-run.ts';
import { openService } from '../../replayer/simulation/service.ts';
import { parseChain } from '../../replayer/strategies/chain.ts';
import { MACHINES } from '../lab/machine.ts';
import { workloads } from '../lab/workloads.ts';
import { batchesOf, type Row } from '../replayer/recording.ts';

export const TABLE_STRATEGIES = ['none', 'barrier', 'adjacent', 'aligned', 'promote'] as const;
/** Those whose calls only a closed loop can tell. */
export const LOOP_STRATEGIES = ['none', 'doorbell', 'drain', 'window:us=50'] as const;

/** Requests between two barriers of a stream, in the order of the barriers that end them. */
export function intervalsOf(rows: readonly Row[]): readonly (readonly Row[])[] {
  const open = new Map<number, Row[]>();
  const intervals: (readonly Row[])[] = [];
  for (const row of rows) {
    const asked = open.get(row.stream) ?? [];
    if (row.kind !== KIND.barrier) asked.push(row);
    open.set(row.stream, row.kind === KIND.barrier ? [] : asked);
    if (row.kind === KIND.barrier && asked.length > 0) intervals.push(asked);
  }
  return intervals;
}

export const isRanged = (row: Row): boolean => (row.scope & SCOPE.vaddr) !== 0;

export function factsUnder(name: string, rows: readonly Row[], strategy: string): PlanFacts {
  const { arch } = MACHINES[workloads.get(name).machine];
  const dialect = dialects.get(arch === 'arm64' ? 'viommu-arm-smmuv3' : 'hwpt-vtd-s1');
  return planFacts(batchesOf(rows), parseChain(strategy), dialect);
}

/** `| name | requests | IOTLB | device TLB | barriers | requests a barrier interval |` */
export function contentRow(name: string, rows: readonly Row[]): string {
  const count = (kind: number): number => rows.filter((row) => row.kind === kind).length;
  const requests = rows.length - count(KIND.barrier);
  const cells = [
    `\`${name}\``,
    formatCount(requests),
    formatCount(count(KIND.iotlb)),
    formatCount(count(KIND.deviceTlb)),
    formatCount(count(KIND.barrier)),
    (requests / intervalsOf(rows).length).toFixed(2),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** `| name | ioctls / entries / hardware waits / pages | …`, a cell a strategy. */
export function strategyRow(name: string, rows: readonly Row[]): string {
  const cells = TABLE_STRATEGIES.map((strategy) => {
    const facts = factsUnder(name, rows, strategy);
    return [facts.steps, facts.entries, facts.hardware_waits, facts.issued_pages]
      .map((n) => formatCount(n))
      .join(' / ');
  });
  return `| \`${name}\` | ${cells.join(' | ')} |`;
}

/** `| name | waiters | calls / stall | …`, a cell a strategy: in the closed loop, 1 µs a call. */
export function closedRow(name: string, path: string): string {
  using reader = openTrace(path);
  const { header } = reader;
  const { arch } = MACHINES[workloads.get(name).machine];
  const dialect = dialects.get(arch === 'arm64' ? 'viommu-arm-smmuv3' : 'hwpt-vtd-s1');
  const source = new LoopRowSource(dialect, waiterNumbers(header, 1));
  const submissions = new Submissions();
  for (const batch of reader.batches()) submissions.push(source.take(batch));
  submissions.end();
  const chains = LOOP_STRATEGIES.map((text) => parseChain(text));
  const options = loopOptions(
    {},
    header.iommu.family,
    chains.map(({ grouping }) => grouping),
  );
  const cells = chains.map((chain) => {
    const { totals, possible } = runLoop(chain, {
      submissions,
      options,
      service: openService('1us', dialect),
      dialect,
      rules: { mapsTrap: false, extraPagesDestroy: false },
    });
    if (!possible.is) throw new Error(`${name} ${chain.text}: ${possible.where[0].reason}`);
    return `${formatCount(totals.calls)} / ${formatDuration(totals.stallNs)}`;
  });
  return `| \`${name}\` | ${submissions.waiters.length} | ${cells.join(' | ')} |`;
}
