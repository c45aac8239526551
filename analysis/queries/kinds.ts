// What a request is, for SQL: the same rule as isRequest in the model, written out from it.

import { REQUEST_KINDS } from '../../collector/model/index.ts';

/** True for rows of `events` that ask for something; barriers and context rows do not. */
export const IS_REQUEST = `kind IN (${REQUEST_KINDS.map((kind) => `'${kind}'`).join(', ')})`;
