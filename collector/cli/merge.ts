// `iotlb merge`: several recordings into one, shifted and multiplied, as a host with many tenants sees them.

import {
  Output,
  ToolError,
  formatCount,
  formatDuration,
  jsonText,
  parseCount,
  parseDurationNs,
  type Terminal,
  type VerbModule,
} from '../base/index.ts';
import { openTrace, type TraceReader } from '../format/index.ts';
import { mergeRows, type MergeInput } from '../generate/merge.ts';
import { writeMade, type Loss } from '../generate/write.ts';
import { makeHeader, shiftLoss, type TraceHeader } from '../model/index.ts';

interface Options {
  readonly output: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** One argument: a recording and what is made of it. */
interface Wanted {
  readonly path: string;
  readonly shiftNs: number;
  readonly times: number;
  /** Time between the starts of its copies. */
  readonly everyNs: number;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<recording...>', 'RECORDING[:shift=5ms,times=4,every=1ms]')
    .requiredOption('-o, --output <file>', 'the recording to write')
    .option('--force', 'overwrite the output', false)
    .option('--json', 'print what was done as one JSON document', false)
    .addHelpText(
      'after',
      '\nshift: starts so much later. times: so many copies, each a tenant with streams and domains of its\nown. every: each copy starts so much after the one before. All recordings start at 0 otherwise.',
    )
    .action((inputs: readonly string[], options: Options) => {
      run(inputs.map(parseWanted), options, terminal());
    });
};

const SETTINGS = /^(?<path>.+?)(?::(?<settings>(?:shift|times|every)=[^:]*))?$/;

export function parseWanted(text: string): Wanted {
  const { path = text, settings = '' } = SETTINGS.exec(text)?.groups ?? {};
  const given = new Map(
    settings
      .split(',')
      .filter((pair) => pair !== '')
      .map((pair): readonly [string, string] => {
        const [name, value = ''] = pair.split('=');
        if (name !== 'shift' && name !== 'times' && name !== 'every') {
          throw new ToolError(
            'E_USAGE',
            `${text}: there is no '${name}'; shift, times and every are`,
          );
        }
        return [name, value];
      }),
  );
  const times = parseCount(given.get('times') ?? '1', `${text}: times`);
  if (times < 1) throw new ToolError('E_USAGE', `${text}: times must be above 0`);
  return {
    path,
    times,
    shiftNs: parseDurationNs(given.get('shift') ?? '0ns', `${text}: shift`),
    everyNs: parseDurationNs(given.get('every') ?? '0ns', `${text}: every`),
  };
}

/** A copy of a recording that is open for reading; its VMs, vIOMMUs, streams and waiters are its own. */
interface Copy extends Pick<TraceHeader, 'streams' | 'viommus' | 'waiters'> {
  readonly wanted: Wanted;
  readonly reader: TraceReader;
  readonly input: MergeInput;
}

function run(all: readonly Wanted[], options: Options, terminal: Terminal): void {
  const inputs = all.map((wanted) => wanted.path);
  const output = new Output(options.output, { force: options.force, inputs });
  const copies: Copy[] = [];
  try {
    openCopies(all, copies);
    const header = headerOf(all, copies);
    const rows = writeMade(output, header, mergeRows(copies.map((copy) => copy.input)), {
      loss: () => lossOf(copies),
    });
    const { lost } = lossOf(copies);
    terminal.answer(
      options.json
        ? jsonText({ output: options.output, events: rows, streams: header.streams.length, lost })
        : options.output,
    );
    terminal.story(
      `${formatCount(rows)} rows of ${formatCount(copies.length)} recordings in ${formatCount(header.streams.length)} streams`,
    );
    if (lost > 0) terminal.warn(`${formatCount(lost)} events were lost already in what was merged`);
  } finally {
    for (const copy of copies) copy.reader.close();
  }
}

/** The numbers that the next copy begins with. */
interface Next {
  vm: number;
  viommu: number;
  stream: number;
  waiter: number;
}

function openCopies(all: readonly Wanted[], copies: Copy[]): void {
  const next: Next = { vm: 0, viommu: 0, stream: 0, waiter: 0 };
  for (const wanted of all) {
    for (let n = 0; n < wanted.times; n++) {
      const reader = openTrace(wanted.path);
      const label = `${wanted.path.split('/').at(-1) ?? wanted.path}#${n + 1}`;
      const { header } = reader;
      const { parts, streams } = renumbered(header, label, next);
      const input = {
        batches: reader.batches(),
        shiftNs: Math.round(wanted.shiftNs + n * wanted.everyNs),
        streams,
        firstWaiter: next.waiter,
        copy: copies.length,
      };
      copies.push({ wanted, reader, input, ...parts });
      next.vm += 1 + Math.max(0, ...header.viommus.map(({ vm }) => vm));
      next.viommu += sizeOf(header.viommus);
      next.stream += header.streams.length;
      next.waiter += sizeOf(header.waiters);
    }
  }
  if (next.waiter > WAITERS_LIMIT) {
    throw new ToolError(
      'E_USAGE',
      `these recordings have ${formatCount(next.waiter)} waiters, but one recording can tell apart ${formatCount(WAITERS_LIMIT)}; nothing was written`,
    );
  }
}

const WAITERS_LIMIT = 2 ** 16;

const sizeOf = (all: readonly { readonly index: number }[]): number =>
  Math.max(0, ...all.map(({ index }) => index + 1));

/** What a copy's header says of streams, vIOMMUs and waiters, in the numbers of the result. */
function renumbered(
  header: TraceHeader,
  label: string,
  next: Readonly<Next>,
): {
  readonly parts: Pick<TraceHeader, 'streams' | 'viommus' | 'waiters'>;
  readonly streams: ReadonlyMap<number, number>;
} {
  const streams = new Map<number, number>();
  return {
    streams,
    parts: {
      streams: header.streams.map((stream, i) => {
        streams.set(stream.index, next.stream + i);
        return {
          ...stream,
          index: next.stream + i,
          vm: next.vm + stream.vm,
          viommu: next.viommu + stream.viommu,
          name: `${label} ${stream.name}`,
        };
      }),
      viommus: header.viommus.map((one) => ({
        ...one,
        index: next.viommu + one.index,
        vm: next.vm + one.vm,
      })),
      waiters: header.waiters.map((one) => ({
        ...one,
        index: next.waiter + one.index,
        vm: next.vm + one.vm,
        name: `${label} ${one.name}`,
      })),
    },
  };
}

/** Loss of the inputs is loss of the result; it is known once they are read through. */
function lossOf(copies: readonly Copy[]): Loss {
  const ends = copies.map((copy) => copy.reader.end);
  const sum = (pick: (tally: { lost: number; skipped: number }) => number): number =>
    ends.reduce((total, end) => total + (end === undefined ? 0 : pick(end.tally)), 0);
  return {
    lost: sum((tally) => tally.lost),
    skipped: sum((tally) => tally.skipped),
    losses: copies.flatMap(({ reader, input }) =>
      (reader.end?.losses ?? []).map((loss) => shiftLoss(loss, input.shiftNs)),
    ),
  };
}

function headerOf(all: readonly Wanted[], copies: readonly Copy[]): TraceHeader {
  const headers = copies.map((copy) => copy.reader.header);
  const [first] = headers;
  const other = headers.findIndex((header) => header.barriers !== first.barriers);
  if (other >= 0) {
    throw new ToolError(
      'E_MISMATCH',
      `${copies[0].wanted.path} has barriers that were ${first.barriers}, ${copies[other].wanted.path} has them ${headers[other].barriers}: counts of the two are not mixed. Nothing was written.`,
    );
  }
  const unique = (values: readonly (string | undefined)[]): string =>
    [...new Set(values.filter((value) => value !== undefined))].join('; ');
  const rule = unique(headers.map((header) => header.barrier_rule));
  const made = unique(headers.map((header) => header.synthetic));
  const arrivals = new Set(headers.map((header) => header.arrivals));
  const modes = new Set(headers.map((header) => header.mode));
  return makeHeader({
    source: { name: 'merge', detail: all.map(wantedText).join(' + ') },
    clock: {
      name: 'unknown',
      start_ns: '0',
      resolution_ns: Math.max(...headers.map((header) => header.clock.resolution_ns)),
      pairs: [],
    },
    barriers: first.barriers,
    barrier_rule: rule,
    arrivals: arrivals.size === 1 ? first.arrivals : 'unknown',
    streams: copies.flatMap((copy) => copy.streams),
    viommus: copies.flatMap((copy) => copy.viommus),
    waiters: copies.flatMap((copy) => copy.waiters),
    mode: modes.size === 1 ? first.mode : undefined,
    scrub: unique(headers.map((header) => header.scrub)),
    synthetic: `merged: ${all.map(wantedText).join(' + ')}${made === '' ? '' : `; of these: ${made}`}`,
  });
}

/** `a.arrow × 4, 1 ms apart, from 5 ms on`; what is as it always is goes without saying. */
function wantedText(wanted: Wanted): string {
  const name = wanted.path.split('/').at(-1) ?? wanted.path;
  const times = wanted.times === 1 ? '' : ` × ${wanted.times}`;
  const every = wanted.everyNs === 0 ? '' : `, ${formatDuration(wanted.everyNs)} apart`;
  const shift = wanted.shiftNs === 0 ? '' : `, from ${formatDuration(wanted.shiftNs)} on`;
  return `${name}${times}${every}${shift}`;
}
