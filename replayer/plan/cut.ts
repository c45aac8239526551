// A part of a recording by time or by count: whole rows in capture order. The time of a row is the
// latest seen so far in the file, so that one stamp that goes backwards cuts nothing in two.

import { KIND, RAW_BYTES, type EventBatch } from '../../collector/model/index.ts';

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
      const isRequest = batch.kind[row] !== KIND.barrier;
      isOver = latest >= cut.endNs || (isRequest && requests === cut.limit);
      if (isOver) to = row;
      else if (isRequest) requests++;
    }
    if (from === 0 && to === batch.count) yield batch;
    else if (from < to) yield rowsOf(batch, from, to);
  }
}

function rowsOf(batch: EventBatch, from: number, to: number): EventBatch {
  const cut = <T extends { subarray(from: number, to: number): T }>(column: T, width = 1): T =>
    column.subarray(from * width, to * width);
  return {
    firstSeq: batch.firstSeq + from,
    count: to - from,
    tNs: cut(batch.tNs),
    stream: cut(batch.stream),
    kind: cut(batch.kind),
    scope: cut(batch.scope),
    flags: cut(batch.flags),
    present: cut(batch.present),
    domainId: cut(batch.domainId),
    pasid: cut(batch.pasid),
    sourceId: cut(batch.sourceId),
    page: cut(batch.page),
    pages: cut(batch.pages),
    raw: cut(batch.raw, RAW_BYTES),
    rawLen: cut(batch.rawLen),
    submission: cut(batch.submission),
    cpu: cut(batch.cpu),
  };
}
