// A part of a recording as a recording of its own: the same rows, times and header, fewer rows.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { Output, ToolError } from '../base/index.ts';
import { fileDigest, openTrace } from '../format/index.ts';
import { writeMade } from '../generate/write.ts';
import type { EventBatch, TraceHeader } from '../model/index.ts';
import { selectionOf, selectionText, type SelectFlags } from './flags.ts';
import { RowFilter, type Selection } from './row-filter.ts';

export interface CutResult {
  readonly events: number;
  /** Rows of the whole recording. */
  readonly of: number;
  readonly lost: number;
}

/** Writes the rows of `path` that `flags` select. Throws ToolError; the part appears whole or not at all. */
export function cutTrace(path: string, output: Output, flags: SelectFlags): CutResult {
  const selection = selectionOf(flags, true);
  const what = selectionText(flags);
  const header = headerOf(path, selection, what);
  using reader = openTrace(path);
  const filter = new RowFilter(selection, reader.header);
  const events = writeMade(output, header, someRows(filter.pickAll(reader.batches()), path, what), {
    loss: () => ({
      lost: reader.end?.tally.lost ?? 0,
      skipped: reader.end?.tally.skipped ?? 0,
      losses: reader.end?.losses ?? [],
    }),
  });
  return { events, of: reader.end?.events ?? 0, lost: reader.end?.tally.lost ?? 0 };
}

function* someRows(
  batches: Iterable<EventBatch>,
  path: string,
  what: string,
): Generator<EventBatch, void, void> {
  let any = false;
  for (const batch of batches) {
    any = true;
    yield batch;
  }
  if (!any)
    throw new ToolError('E_EMPTY', `${path}: no row is selected by ${what}; nothing was done`);
}

export interface Part extends Disposable {
  readonly path: string;
}

/**
 * What `flags` select of the recording `path`, as a file until it is disposed of: the same bytes as `iotlb cut`
 * with these flags writes, so that a result names what can be made again. `path` itself without flags.
 */
export function selectedPart(path: string, flags: SelectFlags): Part {
  const what = selectionText(flags);
  if (what === '') return { path, [Symbol.dispose]: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-part-'));
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const name = `${basename(path).replace(/\.arrows?$/, '')} ${what.replaceAll('/', '_')}.arrow`;
    const part = join(folder, name);
    cutTrace(path, new Output(part, { force: false, inputs: [] }), flags);
    return { path: part, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
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
