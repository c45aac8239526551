// Import: one input through a source into a sealed recording. Rows go to a stream file beside the
// output first, so that a killed import leaves a readable one; the sealed file appears whole.

import { hostname } from 'node:os';
import { rmSync } from 'node:fs';
import { basename } from 'node:path';

import { ToolError, asOutput, type Interrupt, type Output, type Progress } from '../base/index.ts';
import { TraceWriter, sealTrace, type TraceTotals } from '../format/index.ts';
import { EventBuilder, makeHeader, type TraceHeader } from '../model/index.ts';
import { isDamage, openFeed, type Feed } from './feed.ts';
import { headerFacts, type InputHints } from './source.ts';
import type { LineTally } from './text/line-count.ts';

const BATCH_ROWS = 65_536;
/** The share of our events that may be lost without being asked for. */
const MISREAD_LIMIT = 0.01;
const KINDS_TOLD = 3;

export interface ImportOptions {
  /** Name of the source; told from the content where undefined. */
  readonly source: string | undefined;
  /** Keep what could be read of an input that ends in damage. */
  readonly salvage: boolean;
  /** Write the recording although much of the input was not understood. */
  readonly allowLoss?: boolean;
  /** The year of time stamps that show none. */
  readonly year?: number | undefined;
  readonly commandLine: string;
  readonly interrupt: Interrupt;
  readonly progress: () => Progress;
}

export interface ImportResult extends TraceTotals {
  readonly source: string;
  readonly interrupted: boolean;
  /** Damage that ended the input early, where salvaging. */
  readonly damage: ToolError | undefined;
  /** What was found beside the events. */
  readonly warnings: readonly string[];
  /** What became of every line; undefined where the input has none. */
  readonly lines: LineTally | undefined;
}

/** Imports `from` (`-` is standard input) into the sealed recording `to`. Throws ToolError. */
export async function importTrace(
  from: string,
  to: Output | string,
  options: ImportOptions,
): Promise<ImportResult> {
  const output = asOutput(to);
  const spool = output.beside('spool');
  const { source } = options;
  let hints: InputHints = options.year === undefined ? {} : { year: options.year };
  for (;;) {
    const out = new EventBuilder();
    const feed = await openFeed(from, { source, spool, out, hints });
    try {
      return await importFeed(feed, out, output, options);
    } catch (error) {
      if (!(error instanceof AnotherPass)) throw error;
      if (from === '-') throw notFromPipe(feed.name);
      hints = { ...hints, ...error.hints };
    } finally {
      feed.close();
    }
  }
}

/** Thrown where a reading has shown that the input must be read in another way. */
class AnotherPass extends Error {
  readonly hints: InputHints;

  constructor(hints: InputHints) {
    super('the input is read again');
    this.hints = hints;
  }
}

function notFromPipe(name: string): ToolError {
  return new ToolError(
    'E_FORMAT',
    `${name}: its events are not in order, or of several guests: it must be read twice, which a pipe cannot be; nothing was written`,
    { hint: 'write it to a file first, and import that' },
  );
}

async function importFeed(
  feed: Feed,
  out: EventBuilder,
  to: Output,
  options: ImportOptions,
): Promise<ImportResult> {
  const { losses } = feed.parser;
  const partial = to.beside('stream');
  const progress = options.progress();
  let writer: TraceWriter | undefined;
  let damage: ToolError | undefined;
  const flush = (done: number): void => {
    writer ??= new TraceWriter(partial, header(feed, options, damage), { overwrite: true });
    writer.append(out, losses.tally(), losses.take());
    out.clear();
    progress.update(done, `${writer.rows.toLocaleString('en-US')} events`);
  };
  try {
    damage = await runFeed(feed, options, (done) => {
      if (out.count >= BATCH_ROWS) flush(done);
    });
    const again = feed.parser.anotherPass?.();
    if (again !== undefined) throw new AnotherPass(again);
    if (out.count > 0 || writer === undefined) flush(0);
    if (writer === undefined) throw new Error('a flush makes the writer');
    if (writer.rows === 0) throw noEvents(feed);
    if (options.allowLoss !== true) refuseMisread(feed);
    writer.finish(losses.tally(), [...losses.take(), ...losses.takeSums()]);
    const end = sealTrace(partial, to, { header: () => header(feed, options, damage) });
    rmSync(partial);
    return {
      ...end,
      source: feed.source.name,
      interrupted: options.interrupt.requested,
      damage,
      warnings: feed.warnings(),
      lines: feed.parser.lines?.tally(),
    };
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

async function runFeed(
  feed: Feed,
  options: ImportOptions,
  flush: (done: number) => void,
): Promise<ToolError | undefined> {
  let damage: ToolError | undefined;
  try {
    await feed.run((done) => {
      flush(done);
      return !options.interrupt.requested;
    });
  } catch (error) {
    if (!isDamage(error)) throw error;
    if (!options.salvage) {
      throw new ToolError(error.code, `${error.message}; nothing was written`, {
        cause: error,
        hint: 'keep the events before the damage with --salvage',
      });
    }
    damage = error;
  }
  feed.end();
  return damage;
}

function header(feed: Feed, options: ImportOptions, damage: ToolError | undefined): TraceHeader {
  const facts = feed.parser.facts();
  const { version } = facts;
  return makeHeader({
    source: {
      name: feed.source.name,
      ...(version === undefined ? {} : { version }),
      detail: [
        facts.detail,
        options.interrupt.requested ? 'import was interrupted' : undefined,
        damage === undefined ? undefined : `salvaged: ${damage.message}`,
      ]
        .filter((part) => part !== undefined)
        .join(', '),
    },
    ...headerFacts(facts),
    hosts: [{ machine: hostname() }],
    command_line: options.commandLine,
    recorded_at: new Date().toISOString(),
    parent: { name: basename(feed.name), digest: feed.digest() },
  });
}

/** Throws ToolError where more of the input was not understood than can be left aside. */
function refuseMisread(feed: Feed): void {
  const { lines } = feed.parser;
  if (lines === undefined) return;
  const misread = lines.misread();
  const ours = lines.kept + misread.lines;
  const isMuch = misread.lines > ours * MISREAD_LIMIT;
  if (!isMuch && misread.kindsLost.length === 0) return;
  const kinds = misread.kindsLost
    .slice(0, KINDS_TOLD)
    .map(({ name, lines: count }) => `every ${name} (${count})`);
  const what =
    kinds.length > 0
      ? `${kinds.join(', ')} was not understood`
      : `${misread.lines} of ${ours} events were not understood (more than ${MISREAD_LIMIT * 100} %)`;
  const examples = misread.examples.map(({ line, text }) => `line ${line}: ${text}`);
  throw new ToolError(
    'E_MISREAD',
    [`${feed.name}: ${what}; nothing was written`, ...examples].join('\n  '),
    {
      hint: 'look at these lines: they are cut, altered, or of a form that is not known. --allow-loss imports the rest and counts them as lost',
    },
  );
}

function noEvents(feed: Feed): ToolError {
  const misread = feed.parser.lines?.misread();
  if (misread !== undefined && misread.lines > 0) {
    // What it needs is in it: to say "record it" would be wrong.
    const examples = misread.examples.map(({ line, text }) => `line ${line}: ${text}`);
    return new ToolError(
      'E_MISREAD',
      [
        `${feed.name}: holds ${misread.lines} events of source '${feed.source.name}', none of which was understood; nothing was written`,
        ...examples,
      ].join('\n  '),
      {
        hint: 'these lines are cut, altered, or of a version whose texts are not known: docs/event-texts.md lists those that are',
      },
    );
  }
  const { skipped, lost } = feed.parser.losses;
  const instead = feed.parser.insteadFound?.();
  return new ToolError(
    'E_EMPTY',
    `${feed.name}: holds no invalidation that source '${feed.source.name}' can read (${skipped} other events, ${lost} damaged)${instead === undefined ? '' : `; it holds ${instead}`}; nothing was written`,
    { hint: feed.source.needs },
  );
}
