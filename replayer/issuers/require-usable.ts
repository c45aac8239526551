// Whether an issuer can work here, asked once for every verb that issues, before anything is opened.

import { ToolError } from '../../collector/base/index.ts';
import type { Dialect } from '../dialects/index.ts';
import { requireCarries } from './carries.ts';
import type { Issuer, IssuerOptions } from './issuer.ts';

/** Throws ToolError, with what is missing, where `issuer` cannot issue `dialect` on this host. */
export function requireUsable(issuer: Issuer, dialect: Dialect, options: IssuerOptions): void {
  requireCarries(issuer, dialect);
  const missing = issuer.missing(dialect, options);
  if (missing === undefined) return;
  throw new ToolError(
    'E_NO_DEVICE',
    `issuer '${issuer.name}' cannot run here: ${missing}. Nothing was issued.`,
    { hint: "'iotlb doctor' says what this host can do; --issuer null works everywhere" },
  );
}
