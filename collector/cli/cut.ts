// `iotlb cut`: a part of a recording as a recording of its own.

import {
  Output,
  ToolError,
  formatCount,
  jsonText,
  type Terminal,
  type VerbModule,
} from '../base/index.ts';
import { fileDigest, openTrace } from '../format/index.ts';
import { writeMade } from '../generate/write.ts';
import type { EventBatch, TraceHeader } from '../model/index.ts';
import { addSelectFlags, selectionOf, selectionText, type SelectFlags } from '../select/flags.ts';
import { RowFilter, type Selection } from '../select/row-filter.ts';

interface Options extends SelectFlags {
  readonly output: string;
  readonly force: boolean;
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<recording>', 'a recording')
    .requiredOption('-o, --output <file>', 'the part to write');
  addSelectFlags(command)
    .option('--force', 'overwrite the output', false)
    .option('--json', 'print what was done as one JSON document', false)
    .addHelpText(
      'after',
      '\nTimes and numbers of streams, waiters and domains stay. Barriers of what is selected stay whatever domains\nand kinds are named. What the recording lost counts as lost in its parts too.',
    )
    .action((path: string, options: Options) => run(path, options, terminal()));
};

function run(path: string, options: Options, terminal: Terminal): void {
  const output = new Output(options.output, { force: options.force, inputs: [path] });
  const selection = selectionOf(options, true);
  const what = selectionText(options);
  if (what === '') {
    throw new ToolError('E_USAGE', 'cut needs to know what to keep; nothing was written', {
      hint: 'for example: --begin 2s --end 3s, or --vm 0',
    });
  }
  const header = headerOf(path, selection, what);
  using reader = openTrace(path);
  const filter = new RowFilter(selection, reader.header);
  const events = writeMade(output, header, filter.pickAll(reader.batches()), {
    loss: () => ({
      lost: reader.end?.tally.lost ?? 0,
      skipped: reader.end?.tally.skipped ?? 0,
      losses: reader.end?.losses ?? [],
    }),
  });
  const of = reader.end?.events ?? 0;
  const lost = reader.end?.tally.lost ?? 0;
  terminal.answer(options.json ? jsonText({ output: output.path, events, of, lost }) : output.path);
  terminal.story(`${formatCount(events)} of ${formatCount(of)} rows: ${what}`);
  if (lost > 0) terminal.warn(`${formatCount(lost)} events were lost already in what was cut`);
}

/** Marks and clock steps name rows by their number: they follow the rows to their new ones. */
function headerOf(path: string, selection: Selection, what: string): TraceHeader {
  using reader = openTrace(path, { words: false });
  const { totals: _totals, parts: _parts, ...header } = reader.header;
  const renumber = new Renumbering(reader.batches(), new RowFilter(selection, reader.header), [
    ...header.clock_steps.map((step) => step.after_seq),
    ...header.marks.map((mark) => mark.seq),
  ]);
  return {
    ...header,
    source: {
      ...header.source,
      detail: [`cut: ${what}`, header.source.detail]
        .filter((part) => part !== undefined)
        .join('; '),
    },
    clock_steps: header.clock_steps.flatMap((step) => {
      const kept = renumber.upTo(step.after_seq);
      return kept === 0 ? [] : [{ ...step, after_seq: kept - 1 }];
    }),
    marks: header.marks.flatMap((mark) =>
      renumber.isKept(mark.seq) ? [{ ...mark, seq: renumber.upTo(mark.seq) - 1 }] : [],
    ),
    parent: { name: path.split('/').at(-1) ?? path, digest: fileDigest(path) },
  };
}

/** What becomes of some rows' numbers when only part of the rows is kept. */
class Renumbering {
  readonly #upTo = new Map<number, number>();
  readonly #kept = new Set<number>();

  constructor(batches: Iterable<EventBatch>, filter: RowFilter, asked: readonly number[]) {
    const wanted = new Set(asked);
    if (wanted.size === 0) return;
    let kept = 0;
    for (const batch of batches) {
      for (let row = 0; row < batch.count; row++) {
        const seq = batch.firstSeq + row;
        const taken = filter.takes(batch, row);
        if (taken) kept++;
        if (!wanted.has(seq)) continue;
        this.#upTo.set(seq, kept);
        if (taken) this.#kept.add(seq);
      }
    }
  }

  /** Rows kept up to and with `seq`. */
  upTo(seq: number): number {
    return this.#upTo.get(seq) ?? 0;
  }

  isKept(seq: number): boolean {
    return this.#kept.has(seq);
  }
}
