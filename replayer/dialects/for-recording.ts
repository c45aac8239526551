// The dialect for a recording. Where the user names none: the one of its IOMMU, else what replays most of it.
// Where the user names another vendor's: refused, unless a translation is asked for.

import { ToolError } from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import { isRequest, type EventBatch, type Family } from '../../collector/model/index.ts';
import { familiesOf, familyNames } from './family.ts';
import { dialects, type Dialect } from './index.ts';

export interface DialectChoice {
  /** As the user named it; undefined for the one of the recording's IOMMU. */
  readonly name: string | undefined;
  /** Another vendor's dialect is taken all the same, and what is planned says so. */
  readonly translate: boolean;
}

/** The dialect called `name`, or the one for the recording at `path`. Throws ToolError. */
export function dialectFor(path: string, { name, translate }: DialectChoice): Dialect {
  using reader = openTrace(path);
  const families = familiesOf(reader.header);
  if (name !== undefined) return chosen(path, dialects.get(name), families, translate);
  const own = dialects.entries.find(({ defaultFor }) =>
    families.some((family) => defaultFor?.includes(family)),
  );
  for (const batch of reader.batches()) {
    const best = mostReplayable(batch);
    if (best === undefined) continue;
    if (own !== undefined && replayableIn(batch, own) > 0) return own;
    return chosen(path, own ?? best, families, true);
  }
  return own ?? dialects.entries[0];
}

function chosen(
  path: string,
  dialect: Dialect,
  families: readonly Family[],
  translate: boolean,
): Dialect {
  const foreign = families.filter((family) => dialect.families?.includes(family) === false);
  if (foreign.length === 0) return dialect;
  if (translate) return { ...dialect, translatedFrom: familyNames(foreign) };
  throw new ToolError(
    'E_USAGE',
    `${path}: recorded on ${familyNames(families)}, and dialect '${dialect.name}' is of ${familyNames(dialect.families ?? [])} only; nothing was planned`,
    {
      hint: 'leave --dialect out for the dialect of its IOMMU, or give --translate: then every result says that it is translated',
    },
  );
}

/** The first of those that replay most rows of `batch`; undefined where it holds no request. */
function mostReplayable(batch: EventBatch): Dialect | undefined {
  if (!hasRequests(batch)) return undefined;
  const counts = dialects.entries.map((dialect) => replayableIn(batch, dialect));
  return dialects.entries[counts.indexOf(Math.max(...counts))];
}

function replayableIn(batch: EventBatch, dialect: Dialect): number {
  let count = 0;
  for (let row = 0; row < batch.count; row++)
    if (isRequest(batch.kind[row]) && dialect.refuse(batch, row) === undefined) count++;
  return count;
}

function hasRequests(batch: EventBatch): boolean {
  for (let row = 0; row < batch.count; row++) if (isRequest(batch.kind[row])) return true;
  return false;
}
