// Which issuer carries which dialect, said before anything is planned or opened.

import { ToolError } from '../../collector/base/index.ts';
import type { Dialect } from '../dialects/index.ts';
import type { Issuer } from './issuer.ts';

/** Throws where the issuer cannot carry the dialect, naming those that it can. */
export function requireCarries(issuer: Issuer, dialect: Dialect): void {
  if (issuer.dialects.includes(dialect.name)) return;
  throw new ToolError(
    'E_NOT_SUPPORTED',
    `issuer '${issuer.name}' cannot carry dialect '${dialect.name}'; nothing was issued`,
    { hint: `it carries: ${issuer.dialects.join(', ')}` },
  );
}
