// The checks that `iotlb doctor` makes, in the order shown. A new one is one file and one line here.

import { registry } from '../../collector/base/index.ts';
import type { Check } from './check.ts';
import { classes } from './classes.ts';
import { devices } from './devices.ts';
import { iommufdNode, nested } from './iommu.ts';
import { noiseFloor } from './noise-floor.ts';
import { runtime } from './runtime.ts';
import { clock, governor, isolation, realTime, steal } from './scheduling.ts';

export const checks = registry<Check>('check', [
  runtime,
  iommufdNode,
  devices,
  nested,
  clock,
  governor,
  isolation,
  realTime,
  steal,
  noiseFloor,
  classes,
]);
