// A recording planned for replay under several strategies: on recorded times, or in the closed loop (design 13),
// where the issue loop itself forms the calls from what has arrived. Shared by the verbs that replay.

import { ToolError, parseCount } from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import type { LoopRows } from '../closed-loop/rows.ts';
import type { Dialect } from '../dialects/index.ts';
import { copyRows, type ClosedPlan } from '../loop/closed-plan.ts';
import { unknownWaits } from '../planner/index.ts';
import { planRecordings, type PlannedTrace } from '../result/replay.ts';
import { LoopRowSource } from '../closed-loop/loop-rows.ts';
import { loopOptions, type LoopFlags } from '../closed-loop/flags.ts';
import { waiterNumbers, type KnownWaiters } from '../closed-loop/waiters.ts';
import { parseChain, type StrategyChain } from '../strategies/chain.ts';
import type { Pace } from './pacing-flags.ts';

export type ReplayLoopFlags = Pick<LoopFlags, 'serial' | 'streamWaiters'>;

/** One per chain. Throws ToolError; nothing is issued then. */
export function planReplays(
  path: string,
  chains: readonly StrategyChain[],
  dialect: Dialect,
  pace: Pace,
  flags: ReplayLoopFlags,
): readonly PlannedTrace[] {
  if (pace.pacing.kind !== 'closed-loop') return planRecordings(path, chains, dialect, pace.cut);
  const header = headerOf(path);
  refuseClosedLoop(path, unknownWaits(header));
  const perStream =
    flags.streamWaiters === undefined ? 1 : parseCount(flags.streamWaiters, '--stream-waiters');
  const waiters = waiterNumbers(header, perStream);
  const source = new LoopRowSource(dialect, waiters);
  const rows: LoopRows[] = [];
  const all = planRecordings(path, [...chains, parseChain('none')], dialect, pace.cut, (batch) =>
    rows.push(copyRows(source.take(batch))),
  );
  const groupings = chains.map((chain) => chain.grouping);
  const { serial } = loopOptions(flags, header.iommu.family, groupings);
  const requests = all[chains.length];
  const isOneEach = hasOneWaiterEach(rows);
  return chains.map((chain, i) => {
    const isPlanned = chain.joining.length > 0;
    if (isPlanned) requirePlanned(chain, isOneEach);
    const closed: ClosedPlan = {
      rows,
      grouping: chain.grouping,
      serial,
      steps: stepsOf(isPlanned ? all[i] : requests),
      isPlanned,
      assumed: assumedOf(waiters),
    };
    return { ...all[i], closed };
  });
}

/** A closed loop is made of waits: without them there is none. */
function refuseClosedLoop(path: string, reason: string | undefined): void {
  if (reason === undefined) return;
  throw new ToolError(
    'E_MISMATCH',
    `${path}: the closed loop depends on the guest's waits, which are unknown: ${reason}. Nothing was issued.`,
    { hint: "'-s none --open-loop' replays the recorded times, without a verdict" },
  );
}

function headerOf(path: string): ReturnType<typeof openTrace>['header'] {
  using reader = openTrace(path);
  return reader.header;
}

const stepsOf = ({ plan }: PlannedTrace): ClosedPlan['steps'] =>
  new Map(plan.streams.map(({ stream, steps }) => [stream, steps]));

const assumedOf = ({ assumed }: KnownWaiters): string | undefined => assumed;

/** What joins inside a call can be planned where a call's requests do not depend on the run. */
function requirePlanned(chain: StrategyChain, isOneEach: boolean): void {
  const { kind } = chain.grouping;
  const isStatic = kind === 'request' || kind === 'interval' || kind === 'submission';
  if (isStatic && isOneEach) return;
  throw new ToolError(
    'E_NOT_SUPPORTED',
    `strategy '${chain.text}' joins ranges in calls that are only known while running; the issue loop can't do that yet. Nothing was issued.`,
    {
      hint: "plan it with 'iotlb plan', which simulates it, or replay it on recorded times with --open-loop",
    },
  );
}

/** Every stream has one waiter at most: then arrivals keep the recorded order. */
function hasOneWaiterEach(rows: readonly LoopRows[]): boolean {
  const waiterOf = new Map<number, number>();
  for (const { count, stream, waiter } of rows) {
    for (let i = 0; i < count; i++) {
      const known = waiterOf.get(stream[i]);
      if (known === undefined) waiterOf.set(stream[i], waiter[i]);
      else if (known !== waiter[i]) return false;
    }
  }
  return true;
}
