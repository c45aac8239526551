// A part of a recording by time or by count: whole rows in capture order. The time of a row is the
// latest seen so far in the file, so that one stamp that goes backwards cuts nothing in two.

import { isRequest, sliceRows, type EventBatch } from '../../collector/model/index.ts';

export interface Cut {
  /** From the first row that is so far into the recording on, ns. */
  readonly beginNs: number;
  /** Up to the row before the first that is so far into the recording, ns. */
  readonly endNs: number;
  /** At most so many requests (rows that are not barriers), and the barriers up to the next one. */
  readonly limit: number;
}

export const WHOLE: Cut = {
  beginNs: Number.NEGATIVE_INFINITY,
  endNs: Number.POSITIVE_INFINITY,
  limit: Number.POSITIVE_INFINITY,
};

/** The rows of `batches` that are in the cut, not copied. Reads to the end: a reader's totals come last. */
export function* cutBatches(batches: Iterable<EventBatch>, cut: Cut): Generator<EventBatch> {
  let latest = Number.NEGATIVE_INFINITY;
  let requests = 0;
  let isOver = false;
  for (const batch of batches) {
    if (isOver) continue;
    let from = 0;
    let to = batch.count;
    for (let row = 0; row < to; row++) {
      if (batch.tNs[row] > latest) latest = batch.tNs[row];
      if (latest < cut.beginNs) {
        from = row + 1;
        continue;
      }
      const asks = isRequest(batch.kind[row]);
      isOver = latest >= cut.endNs || (asks && requests === cut.limit);
      if (isOver) to = row;
      else if (asks) requests++;
    }
    if (from === 0 && to === batch.count) yield batch;
    else if (from < to) yield sliceRows(batch, from, to);
  }
}
