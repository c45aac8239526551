// The dialects that `--dialect` knows. A new one is one file and one line here.

import { registry } from '../../collector/base/index.ts';
import type { Dialect } from './dialect.ts';
import { hwptSelftest } from './hwpt-selftest.ts';
import { hwptVtdS1 } from './hwpt-vtd-s1.ts';
import { unmap } from './unmap.ts';
import { vfioRfcGeneric } from './vfio-rfc-generic.ts';
import { vfioRfcOpaque } from './vfio-rfc-opaque.ts';
import { viommuArmSmmuv3 } from './viommu-arm-smmuv3.ts';
import { viommuSelftest } from './viommu-selftest.ts';

export { REQUEST_KINDS, type Carriage, type RequestKind } from './carriage.ts';
export { commandsOf, type CallForm, type Dialect } from './dialect.ts';

export const dialects = registry<Dialect>('dialect', [
  hwptVtdS1,
  viommuArmSmmuv3,
  unmap,
  vfioRfcGeneric,
  vfioRfcOpaque,
  hwptSelftest,
  viommuSelftest,
]);
