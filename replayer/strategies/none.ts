// One ioctl a request: what a VMM does that forwards each descriptor as it comes.

import type { Strategy } from './strategy.ts';

export const none: Strategy = {
  name: 'none',
  summary: 'one ioctl per request, as most VMMs do today',
  parameters: [],
  ignoresWaits: true,
  reorders: false,
  widens: false,
  defers: false,
  grouping: () => ({ kind: 'request', thread: 'waiter' }),
  open: () => ({
    push: (input, output) => output.append(input),
    end: () => undefined,
  }),
};
