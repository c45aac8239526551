// The first Ctrl-C (or SIGTERM) asks the running command to finish what it has; the second ends it.

import { EXIT } from './errors.ts';

export interface Interrupt {
  readonly requested: boolean;
  readonly signal: AbortSignal;
  /** Gives the signals back. */
  [Symbol.dispose](): void;
}

export function watchInterrupt(): Interrupt {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    get requested() {
      return controller.signal.aborted;
    },
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
