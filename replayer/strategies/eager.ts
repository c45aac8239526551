// One ioctl per request, made by a worker: the doorbell returns at once, and the guest CPU may go on to ring
// again. In an open loop nobody rings, so there it is `none`.

import { none } from './none.ts';
import type { Strategy } from './strategy.ts';

export const eager: Strategy = {
  name: 'eager',
  summary: 'one ioctl per request, made by a worker while the doorbell returns at once',
  parameters: [],
  ignoresWaits: true,
  reorders: false,
  widens: false,
  defers: false,
  grouping: () => ({ kind: 'request', thread: 'worker' }),
  open: (values) => none.open(values),
};
