// Adjacent, and each range as the naturally aligned power-of-two block that holds it: what VT-d page-
// selective descriptors and ATS can say in one go (spec 7.2, 7.3). Wider where a range is no block of its
// own; counted exactly.

import { FoldStage } from './fold-ranges.ts';
import type { Strategy } from './strategy.ts';

export const aligned: Strategy = {
  name: 'aligned',
  summary: 'adjacent, each range as the aligned power-of-two block that holds it',
  parameters: [],
  standsOn: 'barrier',
  reorders: true,
  widens: true,
  defers: false,
  open: () => new FoldStage({ toBlocks: true }),
};
