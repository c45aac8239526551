// Import: one input through a source into a sealed recording. Rows go to a stream file beside the
// output first, so that a killed import leaves a readable one; the sealed file appears whole.

import { hostname } from 'node:os';
import { rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';

import {
  TOOL,
  ToolError,
  openInput,
  type Input,
  type Interrupt,
  type Progress,
} from '../base/index.ts';
import { TraceWriter, sealTrace, type TraceEnd } from '../format/index.ts';
import { EventBuilder, FORMAT_NAME, FORMAT_VERSION, type TraceHeader } from '../model/index.ts';
import { importSources } from './index.ts';
import type { ImportSource, SourceParser } from './source.ts';

const BATCH_ROWS = 65_536;
const SNIFF_BYTES = 64 * 1024;

export interface ImportOptions {
  /** Name of the source; told from the content where undefined. */
  readonly source: string | undefined;
  /** Keep what could be read of an input that ends in damage. */
  readonly salvage: boolean;
  readonly commandLine: string;
  readonly interrupt: Interrupt;
  readonly progress: (input: Input) => Progress;
}

export interface ImportResult extends TraceEnd {
  readonly source: string;
  readonly interrupted: boolean;
  /** Damage that ended the input early, where salvaging. */
  readonly damage: ToolError | undefined;
}

/** Imports `from` (`-` is standard input) into the sealed recording `to`. Throws ToolError. */
export async function importTrace(
  from: string,
  to: string,
  options: ImportOptions,
): Promise<ImportResult> {
  const input = openInput(from, storedSize(from));
  const out = new EventBuilder();
  const partial = `${to}.partial`;
  const progress = options.progress(input);
  let writer: TraceWriter | undefined;
  let reported = 0;
  const chunks = input.chunks[Symbol.asyncIterator]();
  const { source, first } = await chooseSource(chunks, input.name, options.source);
  const parser = source.open(out);
  const flush = (): void => {
    writer ??= new TraceWriter(partial, header(input, source, parser, options), {
      overwrite: true,
    });
    writer.append(out, parser.losses.tally(), parser.losses.details.slice(reported));
    reported = parser.losses.details.length;
    out.clear();
    progress.update(input.storedDone(), `${writer.rows.toLocaleString('en-US')} events`);
  };
  let damage: ToolError | undefined;
  try {
    damage = await readAll(chunks, first, options, (bytes) => {
      if (bytes === undefined) parser.end();
      else parser.push(bytes);
      if (out.count >= BATCH_ROWS) flush();
    });
    if (out.count > 0 || writer === undefined) flush();
    if (writer === undefined) throw new Error('a flush makes the writer');
    if (writer.rows === 0) throw noEvents(input.name, source, parser);
    writer.finish(parser.losses.tally(), parser.losses.details.slice(reported));
    const end = sealTrace(partial, to, {
      header: () => header(input, source, parser, options),
    });
    rmSync(partial);
    return { ...end, source: source.name, interrupted: options.interrupt.requested, damage };
  } catch (error) {
    writer?.close();
    // Without space the stream is all there is: it stays. Otherwise nothing half-done is left.
    if (!(error instanceof ToolError && error.code === 'E_NO_SPACE'))
      rmSync(partial, { force: true });
    throw error;
  } finally {
    progress.stop();
  }
}

async function readAll(
  chunks: AsyncIterator<Uint8Array>,
  first: readonly Uint8Array[],
  options: ImportOptions,
  take: (bytes: Uint8Array | undefined) => void,
): Promise<ToolError | undefined> {
  let damage: ToolError | undefined;
  for (const bytes of first) take(bytes);
  try {
    while (!options.interrupt.requested) {
      const next = await chunks.next();
      if (next.done === true) break;
      take(next.value);
    }
  } catch (error) {
    const cutInput =
      error instanceof ToolError && (error.code === 'E_TRUNCATED' || error.code === 'E_CORRUPT');
    if (!cutInput) throw error;
    if (!options.salvage) {
      throw new ToolError(error.code, `${error.message}; nothing was written`, {
        cause: error,
        hint: 'keep the events before the damage with --salvage',
      });
    }
    damage = error;
  }
  take(undefined);
  return damage;
}

async function chooseSource(
  chunks: AsyncIterator<Uint8Array>,
  name: string,
  wanted: string | undefined,
): Promise<{ readonly source: ImportSource; readonly first: readonly Uint8Array[] }> {
  const first: Uint8Array[] = [];
  let have = 0;
  while (have < SNIFF_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    first.push(next.value);
    have += next.value.length;
  }
  if (have === 0) throw new ToolError('E_EMPTY', `${name}: is empty; nothing was written`);
  if (wanted !== undefined) return { source: importSources.get(wanted), first };
  const head = Buffer.concat(first).subarray(0, SNIFF_BYTES);
  const source = importSources.entries.find((entry) => entry.recognises(head));
  if (source === undefined) {
    throw new ToolError(
      'E_FORMAT',
      `${name}: not a recording that any source knows; nothing was written`,
      {
        hint: `say what it is with --source (${importSources.names.join(', ')})`,
      },
    );
  }
  return { source, first };
}

function header(
  input: Input,
  source: ImportSource,
  parser: SourceParser,
  options: ImportOptions,
): TraceHeader {
  const facts = parser.facts();
  return {
    format: FORMAT_NAME,
    version: FORMAT_VERSION,
    writer: TOOL.id,
    source: {
      name: source.name,
      ...(facts.version === undefined ? {} : { version: facts.version }),
      detail: [facts.detail, options.interrupt.requested ? 'import was interrupted' : undefined]
        .filter((part) => part !== undefined)
        .join(', '),
    },
    clock: facts.clock,
    barriers: facts.barriers,
    ...(facts.barrierRule === undefined ? {} : { barrier_rule: facts.barrierRule }),
    streams: facts.streams,
    host: hostname(),
    ...(facts.kernel === undefined ? {} : { kernel: facts.kernel }),
    ...(facts.guest === undefined ? {} : { guest: facts.guest }),
    ...(facts.iommu === undefined ? {} : { iommu: facts.iommu }),
    command_line: options.commandLine,
    recorded_at: new Date().toISOString(),
    scrub: 'none',
    parent: { name: basename(input.name), digest: input.digest() },
  };
}

function noEvents(name: string, source: ImportSource, parser: SourceParser): ToolError {
  const { skipped, lost } = parser.losses;
  return new ToolError(
    'E_EMPTY',
    `${name}: holds no invalidation that source '${source.name}' can read (${skipped} other lines, ${lost} damaged); nothing was written`,
    { hint: "for VT-d, QEMU must log the events 'vtd_inv_desc' and 'vtd_inv_qi_tail'" },
  );
}

function storedSize(path: string): number | undefined {
  if (path === '-') return undefined;
  return statSync(path, { throwIfNoEntry: false })?.size;
}
