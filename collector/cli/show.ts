// `iotlb show`: the rows of a recording as lines of text or JSON, as `perf script` shows events.

import { jsonText, parseCount, streamStdout, type VerbModule } from '../base/index.ts';
import { openTrace } from '../format/index.ts';
import { Waiters, type EventBatch } from '../model/index.ts';
import { addSelectFlags, selectionOf, type SelectFlags } from '../select/flags.ts';
import { RowFilter } from '../select/row-filter.ts';
import { rowLine, rowObject } from '../select/row-text.ts';

interface Options extends SelectFlags {
  readonly limit?: string;
  readonly json: boolean;
}

/** Rows that are printed at once: between them, a reader that went away is noticed. */
const CHUNK_ROWS = 512;

export const define: VerbModule['define'] = (command) => {
  command.argument('<recording>', 'a recording, sealed or still being written');
  addSelectFlags(command)
    .option('-n, --limit <count>', 'at most so many rows')
    .option('--json', 'print one JSON object per row, with every column', false)
    .addHelpText(
      'after',
      '\nColumns: number, seconds from the start, stream, waiter, kind, what is asked for.\nWith --kind, barriers are shown where barrier is one of the kinds.',
    )
    .action((path: string, options: Options) => run(path, options));
};

async function run(path: string, options: Options): Promise<void> {
  const selection = selectionOf(options, false);
  const limit =
    options.limit === undefined ? Number.POSITIVE_INFINITY : parseCount(options.limit, '--limit');
  using reader = openTrace(path, { words: options.json });
  const filter = new RowFilter(selection, reader.header);
  const waiters = new Waiters(reader.header);
  const text = options.json
    ? (batch: EventBatch, row: number): string => jsonText(rowObject(batch, row))
    : (batch: EventBatch, row: number): string =>
        `${rowLine(batch, row, waiters.all[waiters.of(batch, row)]?.name ?? '')}\n`;
  let shown = 0;
  for (const batch of reader.batches()) {
    let lines: string[] = [];
    for (let row = 0; row < batch.count && shown < limit; row++) {
      if (!filter.takes(batch, row)) continue;
      lines.push(text(batch, row));
      shown++;
      if (lines.length < CHUNK_ROWS) continue;
      await streamStdout(lines.join(''));
      lines = [];
    }
    if (lines.length > 0) await streamStdout(lines.join(''));
    if (shown >= limit) return;
  }
}
