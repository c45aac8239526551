// `iotlb info`: what a recording holds, on one screen or as JSON (design 7).

import {
  ToolError,
  formatCount,
  formatDuration,
  formatRate,
  formatSize,
  isoFromRealtime,
  jsonText,
  realtimeNs,
  type Terminal,
  type VerbModule,
} from '../base/index.ts';
import {
  ROW_BYTES,
  fileDigest,
  openTrace,
  type TraceEnd,
  type TraceReader,
} from '../format/index.ts';
import { compareRecordings } from '../against/compare-recordings.ts';
import { addSelectFlags, selectionOf, selectionText, type SelectFlags } from '../select/flags.ts';
import { RowFilter } from '../select/row-filter.ts';
import {
  GRANULARITIES,
  KINDS,
  TraceSummary,
  WaitSummary,
  clockStepTexts,
  familyOfStream,
} from '../model/index.ts';
import { againstDocument, againstScreen } from './info-against.ts';
import { lossLines } from './info-losses.ts';
import { groupingAdvice, waiterLines, waitersDocument } from './info-waiters.ts';

/** Characters of a source's detail that a line shows. */
const DETAIL_LIMIT = 64;

export const define: VerbModule['define'] = (command, terminal) => {
  command.argument(
    '<recording...>',
    'a recording, sealed or still being written; the parts of one; or a folder of them',
  );
  addSelectFlags(command)
    .option('--json', 'print one JSON document', false)
    .option('--against <recording>', 'compare it with another view of the same stream')
    .action((paths: readonly string[], options: Options) => {
      if (options.against === undefined) run(paths, options, terminal());
      else runAgainst(onlyOne(paths), options.against, options.json, terminal());
    });
};

/** A recording, read through. */
interface Found {
  readonly reader: TraceReader;
  readonly paths: readonly string[];
  readonly end: TraceEnd;
  readonly summary: TraceSummary;
  readonly waits: WaitSummary;
}

interface Options extends SelectFlags {
  readonly json: boolean;
  readonly against?: string;
}

function run(paths: readonly string[], options: Options, terminal: Terminal): void {
  const { json } = options;
  const selection = selectionOf(options, true);
  const what = selectionText(options);
  using reader = openTrace(paths.length === 1 ? paths[0] : paths, { words: false });
  const summary = new TraceSummary();
  const waits = new WaitSummary(reader.header);
  const filter = new RowFilter(selection, reader.header);
  const batches = what === '' ? reader.batches() : filter.pickAll(reader.batches());
  for (const batch of batches) {
    summary.add(batch);
    waits.add(batch);
  }
  if (what !== '') terminal.story(`only ${what}; losses are those of the whole recording`);
  const end = reader.end;
  if (end === undefined) throw new Error('a recording was read through without an end');
  if (end.state === 'cut') {
    terminal.warn(
      `${reader.path}: ends inside batch ${end.batches}; ${formatCount(end.events)} events are readable (still being written, or cut)`,
    );
  }
  const found = { reader, paths, end, summary, waits };
  terminal.answer(json ? jsonText(document(found), 2) : screen(found, terminal));
}

function onlyOne(paths: readonly string[]): string {
  if (paths.length === 1) return paths[0];
  throw new ToolError('E_USAGE', '--against compares one recording with one', {
    hint: 'put the parts of a rotated recording into a folder and name the folder',
  });
}

function runAgainst(path: string, other: string, json: boolean, terminal: Terminal): void {
  const report = compareRecordings(path, other);
  terminal.answer(json ? jsonText(againstDocument(report), 2) : againstScreen(report, terminal));
}

function named(names: readonly string[], counts: Float64Array): Record<string, number> {
  return Object.fromEntries(names.map((name, i) => [name, counts[i]]));
}

function document({ reader, paths, end, summary, waits }: Found): object {
  const { header } = reader;
  return {
    format: header.format,
    version: reader.version,
    source: header.source.name,
    clock: header.clock.name,
    duration_ns: summary.durationNs,
    events: summary.events,
    requests: summary.requests,
    barriers: summary.barriers,
    lost: end.tally.lost,
    by_kind: named(KINDS, summary.byKind),
    by_scope: named(GRANULARITIES, summary.byScope),
    streams: summary.streams(header.streams).map((stream) => ({
      ...stream,
      family: familyOfStream(header, stream.id),
    })),
    digest: fileDigest(paths),
    state: reader.isSealed ? 'sealed' : end.state,
    seen: end.tally.seen,
    skipped: end.tally.skipped,
    losses: end.losses,
    barriers_are: header.barriers,
    ...waitersDocument(header, waits),
    clock_steps: header.clock_steps,
    backwards: summary.backwards,
    submissions: summary.submissions,
    requests_per_barrier: trimmed(summary.perBarrier),
    range_pages_log2: trimmed(summary.bySize),
    gap_ns_log2: trimmed(summary.byGap),
    busiest_second: summary.busiestSecond,
    busiest_millisecond: summary.busiestMillisecond,
    bytes: reader.bytes,
    compression: reader.compression,
    compression_ratio: compressionRatio(reader, end),
    batches: end.batches,
    header,
  };
}

/** A detail may be all the numbers that a recording was made from. */
function briefly(detail: string | undefined): string | undefined {
  if (detail === undefined || detail.length <= DETAIL_LIMIT) return detail;
  return `${detail.slice(0, DETAIL_LIMIT)}… (all of it: --json)`;
}

/** How many times smaller the file is than its rows. */
function compressionRatio(reader: TraceReader, end: TraceEnd): number {
  return (end.events * ROW_BYTES) / reader.bytes;
}

function sizeText(reader: TraceReader, end: TraceEnd): string {
  const size = formatSize(reader.bytes);
  if (reader.compression === 'none') return size;
  return `${size} (${reader.compression}, ${compressionRatio(reader, end).toFixed(1)} × smaller than its rows)`;
}

/** The counts up to the last that is not zero. */
function trimmed(counts: Float64Array): readonly number[] {
  let length = counts.length;
  while (length > 0 && counts[length - 1] === 0) length--;
  return [...counts.subarray(0, length)];
}

function screen({ reader, end, summary, waits }: Found, terminal: Terminal): string {
  const { header } = reader;
  const { bold, dim, red } = terminal.out;
  const seconds = summary.durationNs / 1e9;
  const rate = seconds > 0 ? formatRate(summary.requests / seconds) : '–';
  const lost =
    end.tally.lost === 0
      ? `0 of ${formatCount(end.tally.seen)} seen`
      : red(`${formatCount(end.tally.lost)} of ${formatCount(end.tally.seen)} seen`);
  const started =
    header.clock.name === 'realtime'
      ? `, from ${isoFromRealtime(realtimeNs(BigInt(header.clock.start_ns)))}`
      : '';
  const lines = [
    `${bold(reader.path)}  ${dim(`${header.format} ${reader.version}, ${reader.isSealed ? 'sealed' : `stream (${end.state})`}, ${sizeText(reader, end)}`)}`,
    `  source      ${[header.source.name, header.iommu.name, briefly(header.source.detail)].filter(Boolean).join(', ')}`,
    ...(header.kernel === undefined ? [] : [`  kernel      ${header.kernel}`]),
    `  clock       ${header.clock.name}, steps of ${formatDuration(header.clock.resolution_ns)}${started}`,
    `  duration    ${formatDuration(summary.durationNs)}`,
    `  events      ${formatCount(summary.events)}: ${formatCount(summary.requests)} requests, ${formatCount(summary.barriers)} barriers (${header.barriers})`,
    ...wrapped('rule', header.barrier_rule),
    ...waiterLines(header, waits),
    `  lost        ${lost}; ${formatCount(end.tally.skipped)} other events skipped`,
    ...lossLines(end.losses),
    `  rate        ${rate} requests on average; ${formatCount(summary.busiestSecond)} in the busiest second, ${formatCount(summary.busiestMillisecond)} in the busiest ms`,
    ...clockStepTexts(header).map((step) => `  time        ${step}`),
    ...(summary.backwards === 0
      ? []
      : [`  order       ${formatCount(summary.backwards)} time stamps go backwards`]),
    ...(header.synthetic === undefined ? [] : [`  synthetic   ${header.synthetic}`]),
    ...(header.scrub === 'none' ? [] : [`  scrubbed    ${header.scrub}`]),
    '',
    ...bars('kind', KINDS, summary.byKind),
    ...bars('scope of iotlb', GRANULARITIES, summary.byScope),
    ...bars('pages of a range', sizeNames(), summary.bySize),
    ...bars('requests per barrier', perBarrierNames(), perBarrier(summary)),
    ...bars('gap between requests', gapNames(), decades(summary.byGap)),
    ...groupingAdvice(header, summary, waits),
  ];
  return lines.join('\n');
}

const TEXT_WIDTH = 88;

/** How the barriers are implied, where they are: a sentence, broken at spaces under its label. */
function wrapped(label: string, text: string | undefined): readonly string[] {
  if (text === undefined || text === '') return [];
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + word.length < TEXT_WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, i) => `  ${(i === 0 ? label : '').padEnd(12)}${line}`);
}

const BAR_WIDTH = 32;

function bars(title: string, names: readonly string[], counts: Float64Array): readonly string[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  const most = Math.max(...counts);
  const rows = names.flatMap((name, i) => {
    if (counts[i] === 0) return [];
    const bar = '█'.repeat(Math.max(1, Math.round((counts[i] / most) * BAR_WIDTH)));
    const share = ((100 * counts[i]) / total).toFixed(1);
    return [
      `    ${name.padEnd(22)}${formatCount(counts[i]).padStart(12)} ${share.padStart(5)} %  ${bar}`,
    ];
  });
  return [`  ${title}`, ...rows];
}

function sizeNames(): readonly string[] {
  return Array.from({ length: 53 }, (_, log2) => {
    if (log2 === 52) return 'everything';
    return log2 < 2
      ? String(2 ** log2)
      : `${formatCount(2 ** (log2 - 1) + 1)}–${formatCount(2 ** log2)}`;
  });
}

const PER_BARRIER_BORDERS = [0, 1, 2, 3, 5, 9, 17, 65, 257];

function perBarrierNames(): readonly string[] {
  return PER_BARRIER_BORDERS.map((from, i) => {
    const to = (PER_BARRIER_BORDERS[i + 1] ?? Number.POSITIVE_INFINITY) - 1;
    if (to === from) return String(from);
    return Number.isFinite(to) ? `${from}–${to}` : `${from} and more`;
  });
}

function perBarrier(summary: TraceSummary): Float64Array {
  const out = new Float64Array(PER_BARRIER_BORDERS.length);
  summary.perBarrier.forEach((count, requests) => {
    let bucket = 0;
    while (bucket + 1 < PER_BARRIER_BORDERS.length && PER_BARRIER_BORDERS[bucket + 1] <= requests)
      bucket++;
    out[bucket] += count;
  });
  return out;
}

const GAP_BORDERS_NS = [0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

function gapNames(): readonly string[] {
  return GAP_BORDERS_NS.map((from, i) => {
    const to = GAP_BORDERS_NS[i + 1];
    return to === undefined ? `≥ ${formatDuration(from)}` : `< ${formatDuration(to)}`;
  });
}

/** Powers of two into powers of ten; a bucket that spans a border counts by its lower end. */
function decades(byGap: Float64Array): Float64Array {
  const out = new Float64Array(GAP_BORDERS_NS.length);
  byGap.forEach((count, log2) => {
    let bucket = 0;
    while (bucket + 1 < GAP_BORDERS_NS.length && GAP_BORDERS_NS[bucket + 1] <= 2 ** log2) bucket++;
    out[bucket] += count;
  });
  return out;
}
