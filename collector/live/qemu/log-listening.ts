// Listens to QEMU's log as a growing file or on standard input.

import type { Terminal } from '../../base/index.ts';
import { qemuLog } from '../../sources/qemu/log.ts';
import { followFile, standardInput } from '../follow.ts';
import type { LiveFacts, Listening } from '../live-source.ts';
import type { Merger } from '../merger.ts';
import { ArrivalStamper, timeOfDaySeconds } from './arrival.ts';

export function listenToLog(
  path: string,
  merger: Merger,
  options: { readonly follow: boolean; readonly terminal: Terminal },
): Listening {
  const lane = merger.open(qemuLog);
  const stamper = new ArrivalStamper(timeOfDaySeconds);
  const onRestart = (what: string): void =>
    options.terminal.warn(`${path} ${what}; lines between may be missing`);
  return {
    async run(signal, step) {
      const chunks =
        path === '-'
          ? standardInput(signal)
          : followFile(path, { signal, follow: options.follow, onRestart });
      for await (const chunk of chunks) {
        lane.push(stamper.push(chunk));
        step();
      }
    },
    async detach() {
      lane.push(stamper.end());
      lane.end();
    },
    facts: () => arrivalFacts([stamper], path === '-' ? 'standard input' : 'followed log'),
  };
}

/** What to say of the clock where any of the logs carried no stamps. */
export function arrivalFacts(stampers: readonly ArrivalStamper[], detail: string): LiveFacts {
  return stampers.some((stamper) => stamper.isStamped === false)
    ? { clock: 'arrival', detail: `${detail}, lines timed on arrival` }
    : { detail };
}
