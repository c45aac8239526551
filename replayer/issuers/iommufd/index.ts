// The issuer `iommufd`: real invalidations through /dev/iommu, on the one device it is told to use. A new
// dialect is one carrier file and one line here.

import { existsSync } from 'node:fs';

import { ToolError } from '../../../collector/base/index.ts';
import type { Dialect } from '../../dialects/index.ts';
import type { Issuer } from '../issuer.ts';
import { requireAccess } from '../pci-device.ts';
import type { Carrier } from './carrier.ts';
import { unmapCarrier } from './ioas-unmap.ts';
import { mockHwptCarrier, mockViommuCarrier } from './mock.ts';
import { smmuCarrier } from './smmu-nested.ts';
import { vtdCarrier } from './vtd-carrier.ts';

const carriers: readonly Carrier[] = [
  vtdCarrier,
  smmuCarrier,
  unmapCarrier,
  mockHwptCarrier,
  mockViommuCarrier,
];

function carrierOf(dialect: Dialect): Carrier | undefined {
  return carriers.find((carrier) => carrier.dialect === dialect.name);
}

export const iommufdIssuer: Issuer = {
  name: 'iommufd',
  summary: 'through /dev/iommu, on the device given with --device',
  provenances: ['hardware', 'lab'],
  dialects: carriers.map((carrier) => carrier.dialect),
  missing(dialect, { device }) {
    if (!existsSync('/dev/iommu'))
      return 'there is no /dev/iommu (a kernel with CONFIG_IOMMUFD is needed)';
    const needsDevice = carrierOf(dialect)?.needsDevice ?? false;
    return needsDevice && device === undefined
      ? 'it must be told which device to use (--device 0000:00:03.0)'
      : undefined;
  },
  open(dialect, { device }) {
    const carrier = carrierOf(dialect);
    if (carrier === undefined)
      throw new ToolError(
        'E_NOT_SUPPORTED',
        `issuer 'iommufd' cannot carry dialect '${dialect.name}'; nothing was opened`,
      );
    requireAccess('/dev/iommu');
    return carrier.open(device);
  },
};
