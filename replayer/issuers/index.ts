// The issuers that `--issuer` knows. A new one is one file and one line here.

import { registry } from '../../collector/base/index.ts';
import { iommufdIssuer } from './iommufd/index.ts';
import type { Issuer } from './issuer.ts';
import { nullIssuer } from './null.ts';
import { recordingIssuer } from './recording.ts';
import { vfioIssuer } from './vfio/index.ts';

export type { Issuer, IssuerSession, Provenance } from './issuer.ts';

export const issuers = registry<Issuer>('issuer', [
  nullIssuer,
  recordingIssuer,
  iommufdIssuer,
  vfioIssuer,
]);
