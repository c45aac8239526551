// The closed loop in virtual time: every call takes what the service model says (design §13, rule 7).

import type { Calls } from './calls.ts';
import type { Driver, Observer } from './driver.ts';
import { Agenda } from './agenda.ts';
import type { Grouping } from '../strategies/grouping.ts';
import { ClosedLoop, type LoopTotals } from './loop.ts';
import type { LoopOptions } from './options.ts';
import type { Submissions } from './submissions.ts';

/** ns that a call takes on its server, by its number in `calls`. */
export type Service = (call: number, calls: Calls) => number;

export interface Simulation {
  readonly submissions: Submissions;
  readonly grouping: Grouping;
  readonly options: LoopOptions;
  readonly service: Service;
  readonly observer?: Observer | undefined;
}

export interface SimulatedTotals extends LoopTotals {
  /** Σ of the calls' own times. */
  readonly serviceNs: number;
}

export function simulate({
  submissions,
  grouping,
  options,
  service,
  observer,
}: Simulation): SimulatedTotals {
  const returns = new Agenda(submissions.streams.length + submissions.waiters.length);
  const serviceNs = new Float64Array(1);
  const driver: Driver = {
    issue(server, call, calls, standing) {
      const tookNs = service(call, calls) + standing * options.pollNs;
      serviceNs[0] += tookNs;
      returns.atNs[server] = loop.nowNs[0] + tookNs;
      returns.set(server);
    },
  };
  const loop = new ClosedLoop({ submissions, grouping, options, driver, observer });
  const { nowNs } = loop;
  const nextNs = new Float64Array(1);
  for (;;) {
    nextNs[0] = Number.POSITIVE_INFINITY;
    loop.lower(nextNs);
    returns.lower(nextNs);
    if (nextNs[0] === Number.POSITIVE_INFINITY) {
      if (!loop.flush()) break;
      continue;
    }
    nowNs[0] = nextNs[0];
    // Arrivals, completions, and what they bring at the same moment, until only closings are left (rule 8).
    for (;;) {
      loop.arrivals();
      if (!returns.isDue(nowNs)) break;
      const server = returns.next;
      returns.remove(server);
      loop.completed(server);
    }
    loop.closings();
  }
  return { ...loop.totals(), serviceNs: serviceNs[0] };
}
