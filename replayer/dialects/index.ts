// The dialects that `--dialect` knows. A new one is one file and one line here.

import { registry } from '../../collector/base/index.ts';
import type { Dialect } from './dialect.ts';
import { hwptVtdS1 } from './hwpt-vtd-s1.ts';

export type { Dialect } from './dialect.ts';

export const dialects = registry<Dialect>('dialect', [hwptVtdS1]);
