// Joins page ranges that touch or overlap, inside one group.

import { FoldStage } from './fold-ranges.ts';
import type { Strategy } from './strategy.ts';

export const adjacent: Strategy = {
  name: 'adjacent',
  summary: 'per barrier interval, ranges that touch or overlap joined',
  parameters: [],
  standsOn: 'barrier',
  reorders: true,
  widens: false,
  defers: false,
  open: () => new FoldStage({ toBlocks: false }),
};
