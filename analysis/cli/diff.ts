// `iotlb diff`: two replays of one recording, request by request.

import {
  ToolError,
  formatCount,
  formatDuration,
  jsonText,
  textTable,
  type Percentiles,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { readResultHeader } from '../../replayer/result/file.ts';
import { diffCalls, type CallDiff } from '../diff/diff.ts';
import { readCalls } from '../diff/rows.ts';

interface Options {
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<a>', 'a result file')
    .argument('<b>', 'another one, of the same recording')
    .option('--json', 'print one JSON document', false)
    .action((a: string, b: string, options: Options) => run(a, b, options, terminal()));
};

function run(a: string, b: string, options: Options, terminal: Terminal): void {
  const [headerA, headerB] = [readResultHeader(a), readResultHeader(b)];
  if (headerA.trace.digest !== headerB.trace.digest) {
    throw new ToolError(
      'E_MISMATCH',
      `${a} replays ${headerA.trace.name}, ${b} replays ${headerB.trace.name}: requests of different recordings have nothing in common; nothing was compared`,
      { hint: "'iotlb info A --against B' compares two recordings" },
    );
  }
  if ((headerA.timing?.pacing.loop ?? 1) > 1 || (headerB.timing?.pacing.loop ?? 1) > 1) {
    throw new ToolError(
      'E_NOT_SUPPORTED',
      'a replay of several passes carries each request several times; nothing was compared',
    );
  }
  const diff = diffCalls(readCalls(a), readCalls(b));
  const sides = [headerA, headerB].map(({ plan, pacing, issuer, repeat }) => ({
    strategy: plan.strategy,
    dialect: plan.dialect,
    pacing,
    issuer,
    repeat,
  }));
  terminal.answer(
    options.json
      ? jsonText({ a: { path: a, ...sides[0] }, b: { path: b, ...sides[1] }, ...diff }, 2)
      : diffText(
          diff,
          [a, b],
          sides.map(({ strategy }) => strategy),
        ),
  );
}

function diffText(
  diff: CallDiff,
  [a, b]: readonly string[],
  [strategyA, strategyB]: readonly string[],
): string {
  const row = (name: string, values: Percentiles): readonly string[] => [
    `  ${name}`,
    ...[values.p50, values.p90, values.p99, values.max].map((value) => formatDuration(value)),
  ];
  const { first_divergence: first } = diff;
  const range = ([from, to]: readonly [number, number]): string =>
    from === to
      ? `request ${formatCount(from)}`
      : `requests ${formatCount(from)} to ${formatCount(to)}`;
  return [
    `a: ${a} (${strategyA})`,
    `b: ${b} (${strategyB})`,
    `  compared    ${formatCount(diff.compared)} calls of a with the call of b that carried the same request`,
    `  missing     ${formatCount(diff.only_in_a)} only in a, ${formatCount(diff.only_in_b)} only in b`,
    first === null
      ? '  calls       the same requests share a call in both'
      : `  calls       first differ at request ${formatCount(first.seq)} of stream ${first.stream}: a carries ${range(first.a)}, b ${range(first.b)}`,
    `  entries     ${formatCount(diff.other_width)} calls carry another number`,
    '',
    textTable(
      [
        ['b − a', 'p50', 'p90', 'p99', 'max'],
        row('service', diff.service_ns),
        row('stall of a call', diff.stall_ns),
        row('issued', diff.shift_ns),
      ],
      [false, true, true, true, true],
    ),
    ...(diff.movers.length === 0 ? [] : ['', 'stalls that differ most:']),
    ...diff.movers.map(
      ({ stream, seq, a_ns, b_ns }) =>
        `  request ${formatCount(seq)} of stream ${stream}: ${formatDuration(a_ns)} in a, ${formatDuration(b_ns)} in b`,
    ),
  ].join('\n');
}
