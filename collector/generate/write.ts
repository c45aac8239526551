// Writes a made recording: rows to a stream file beside the output, then sealed; it appears whole or not at
// all. Nothing that changes from run to run goes in, so that the same seed gives the same bytes.

import { rmSync } from 'node:fs';

import { ToolError, type Output } from '../base/index.ts';
import { TraceWriter, sealTrace } from '../format/index.ts';
import type { EventBatch, LossDetail, Tally, TraceHeader } from '../model/index.ts';

/** Loss that came with the rows; none for what was generated. */
export interface Loss {
  readonly lost: number;
  readonly skipped: number;
  readonly losses: readonly LossDetail[];
}

const NO_LOSS: Loss = { lost: 0, skipped: 0, losses: [] };

/** Returns the number of rows written. `loss` is asked once all rows are there. Throws ToolError. */
export function writeMade(
  output: Output,
  header: TraceHeader,
  batches: Iterable<EventBatch>,
  options: { readonly loss?: () => Loss; readonly progress?: (rows: number) => void } = {},
): number {
  const partial = output.beside('stream');
  const writer = new TraceWriter(partial, header, { overwrite: true });
  const tally = (loss: Loss): Tally => ({
    seen: writer.rows + loss.lost,
    kept: writer.rows,
    lost: loss.lost,
    skipped: loss.skipped,
  });
  try {
    for (const batch of batches) {
      const kept = writer.rows + batch.count;
      writer.append(batch, { seen: kept, kept, lost: 0, skipped: 0 }, []);
      options.progress?.(writer.rows);
    }
    if (writer.rows === 0) {
      throw new ToolError(
        'E_EMPTY',
        `${output.path}: there is nothing to write; it was not written`,
      );
    }
    const loss = options.loss?.() ?? NO_LOSS;
    writer.finish(tally(loss), loss.losses);
    sealTrace(partial, output);
    return writer.rows;
  } finally {
    writer.close();
    rmSync(partial, { force: true });
  }
}
