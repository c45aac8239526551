// The strategies that `--strategy` knows. A new one is one file and one line here.

import { registry } from '../../collector/base/index.ts';
import { adjacent } from './adjacent.ts';
import { aligned } from './aligned.ts';
import { barrier } from './barrier.ts';
import { doorbell } from './doorbell.ts';
import { drain } from './drain.ts';
import { eager } from './eager.ts';
import { flushQueue } from './flush-queue.ts';
import { none } from './none.ts';
import { promote } from './promote.ts';
import { singlePage } from './single-page.ts';
import { smmuRange } from './smmu-range.ts';
import type { Strategy } from './strategy.ts';
import { window } from './window.ts';

export type { Grouping, HoldingRule, StreamState } from './grouping.ts';
export type { ParameterValues, Stage, Strategy } from './strategy.ts';

export const strategies = registry<Strategy>('strategy', [
  none,
  eager,
  barrier,
  doorbell,
  adjacent,
  aligned,
  promote,
  window,
  drain,
  flushQueue,
  singlePage,
  smmuRange,
]);
