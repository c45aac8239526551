// The closed loop in virtual time: every call takes what the service model says (design §13, rule 7).

import type { Calls } from './calls.ts';
import type { Driver, Observer } from './driver.ts';
import { Agenda } from './agenda.ts';
import type { Grouping } from './grouping.ts';
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

export function simulate({ submissions, grouping, options, service, observer }: Simulation): SimulatedTotals {
  const servers = submissions.streams.length + submissions.waiters.length;
  const returns = new Agenda(servers);
  let order = 0;
  let serviceNs = 0;
  const driver: Driver = {
    issue(server, call, calls, nowNs, standing) {
      const tookNs = service(call, calls) + standing * options.pollNs;
      serviceNs += tookNs;
      returns.set(server, nowNs + tookNs, order++);
    },
  };
  const loop = new ClosedLoop({ submissions, grouping, options, driver, observer });
  let nowNs = 0;
  for (;;) {
    const nextNs = Math.min(loop.nextNs, returns.nextNs);
    if (nextNs === Number.POSITIVE_INFINITY) {
      if (!loop.flush(nowNs)) break;
      continue;
    }
    nowNs = nextNs;
    // Arrivals, completions, and what they bring at the same moment, until only closings are left (rule 8).
    for (;;) {
      loop.arrivals(nowNs);
      if (returns.nextNs > nowNs) break;
      const server = returns.next;
      returns.remove(server);
      loop.completed(server, nowNs);
    }
    loop.closings(nowNs);
  }
  return { ...loop.totals(), serviceNs };
}
