// The strategies that `--strategy` knows. A new one is one file and one line here.

import { registry } from '../../collector/base/index.ts';
import { adjacent } from './adjacent.ts';
import { barrier } from './barrier.ts';
import { drain } from './drain.ts';
import { none } from './none.ts';
import type { Strategy } from './strategy.ts';
import { window } from './window.ts';

export type { ParameterValues, Stage, Strategy } from './strategy.ts';

export const strategies = registry<Strategy>('strategy', [none, barrier, adjacent, window, drain]);
