// The dialect for a recording where the user names none: what its IOMMU speaks, else what replays most of
// it. Reads the header and the first rows; a name that is given is never second-guessed.

import { openTrace } from '../../collector/format/index.ts';
import { isRequest, type EventBatch } from '../../collector/model/index.ts';
import { dialects, type Dialect } from './index.ts';

/** The dialect called `name`, or the one for the recording at `path`. Throws ToolError. */
export function dialectFor(path: string, name: string | undefined): Dialect {
  if (name !== undefined) return dialects.get(name);
  using reader = openTrace(path);
  const { viommus } = reader.header;
  const spoken = dialects.entries.find(({ families = [] }) =>
    viommus.some(({ family }) => families.includes(family)),
  );
  for (const batch of reader.batches()) {
    if (requestsIn(batch) === 0) continue;
    if (spoken !== undefined && replayableIn(batch, spoken) > 0) return spoken;
    return mostReplayable(batch);
  }
  return spoken ?? dialects.entries[0];
}

/** The first of those that replay most rows of `batch`. */
function mostReplayable(batch: EventBatch): Dialect {
  const counts = dialects.entries.map((dialect) => replayableIn(batch, dialect));
  return dialects.entries[counts.indexOf(Math.max(...counts))];
}

function replayableIn(batch: EventBatch, dialect: Dialect): number {
  let count = 0;
  for (let row = 0; row < batch.count; row++)
    if (isRequest(batch.kind[row]) && dialect.refuse(batch, row) === undefined) count++;
  return count;
}

function requestsIn(batch: EventBatch): number {
  let count = 0;
  for (let row = 0; row < batch.count; row++) if (isRequest(batch.kind[row])) count++;
  return count;
}
