// Cut while running: when an ioctl returns, everything that came due meanwhile goes in the next one.
// The entries are fixed beforehand; only the loop knows the steps.

import { none } from './none.ts';
import type { Strategy } from './strategy.ts';

export const drain: Strategy = {
  name: 'drain',
  summary: 'everything that came due during the last ioctl goes in the next one',
  parameters: [{ name: 'max', kind: 'count', default: '64', help: 'most entries in one ioctl' }],
  reorders: false,
  widens: false,
  defers: false,
  grouping: (values) => ({ kind: 'drain', maxCommands: values.max }),
  online: (values) => ({ maxEntries: values.max }),
  open: (values) => none.open(values),
};
