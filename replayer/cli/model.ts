// `iotlb model`: fits what an ioctl costs on this host from the samples of replays. The file is what
// `iotlb plan --predict` reads.

import {
  Output,
  TOOL,
  ToolError,
  formatCount,
  formatDuration,
  jsonText,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import { dialects } from '../dialects/index.ts';
import { fitCost, modelSource, type CostModel, type CostSamples } from '../model/cost-model.ts';
import { writeModel } from '../model/file.ts';
import type { Coefficient } from '../model/least-squares.ts';
import { readTimedRows } from '../model/result-rows.ts';
import { joinSamples, samplesOf } from '../model/samples.ts';
import { planTrace } from '../planner/index.ts';
import { readResultHeader } from '../result/file.ts';
import type { ResultHeader } from '../result/header.ts';
import { openChain } from '../strategies/user-strategy.ts';

interface Options {
  readonly recording: string;
  readonly output?: string;
  readonly force: boolean;
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<result...>', "results of 'iotlb replay -o', one or more strategies")
    .requiredOption('-r, --recording <file>', 'the recording that was replayed')
    .option('-o, --output <file>', 'write the model to this JSON file')
    .option('--force', 'overwrite the output', false)
    .option('--json', 'print the model as one JSON document', false)
    .action(async (paths: readonly string[], options: Options) => {
      await run(paths, options, terminal());
    });
};

async function run(paths: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const { force } = options;
  const inputs = [...paths, options.recording];
  const output =
    options.output === undefined ? undefined : new Output(options.output, { force, inputs });
  const headers = paths.map(readResultHeader);
  refuseMixed(paths, headers);
  const samples: CostSamples[] = [];
  for (const [i, path] of paths.entries())
    samples.push(await samplesIn(path, headers[i], options.recording));
  const [first] = headers;
  const model = fitCost(joinSamples(samples), {
    writer: TOOL.id,
    provenance: first.provenance,
    issuer_description: first.issuer_description,
    dialect: first.plan.dialect,
    strategies: [...new Set(headers.map((header) => header.plan.strategy))],
  });
  if (output !== undefined) writeModel(output, model);
  terminal.answer(options.json ? jsonText(model, 2) : modelText(model));
}

/** The plan is made again from the recording, and must be the very one that was replayed. */
async function samplesIn(
  path: string,
  header: ResultHeader,
  recording: string,
): Promise<CostSamples> {
  const chain = await openChain(header.plan.strategy);
  const dialect = dialects.get(header.plan.dialect);
  using reader = openTrace(recording, { words: dialect.readsWords });
  const plan = planTrace(reader.batches(), chain, dialect);
  if (plan.digest !== header.plan_digest) {
    throw new ToolError(
      'E_MISMATCH',
      `${path}: was not made from ${recording} as a whole with this version; nothing was fitted`,
      { hint: `it was made from ${header.trace.name}, ${header.trace.digest}` },
    );
  }
  const rows = readTimedRows(path);
  const isRefused = header.provenance === 'null';
  return joinSamples(
    plan.streams.flatMap(({ stream, steps }) => {
      const own = rows.get(stream);
      return own === undefined ? [] : [samplesOf(steps, own, isRefused)];
    }),
  );
}

/** One model is of one thing: no two kinds of host, issuer or interface in it. */
function refuseMixed(paths: readonly string[], headers: readonly ResultHeader[]): void {
  const of = (header: ResultHeader): string =>
    `${header.provenance}, ${header.issuer_description}, ${header.plan.dialect}`;
  const other = headers.findIndex((header) => of(header) !== of(headers[0]));
  if (other < 0) return;
  throw new ToolError(
    'E_MISMATCH',
    `${paths[0]} ran on ${of(headers[0])}; ${paths[other]} on ${of(headers[other])}: one model is of one of them. Nothing was fitted.`,
  );
}

function modelText(model: CostModel): string {
  const { base, entry, page, whole, classes } = model.service_ns;
  const line = (name: string, one: Coefficient): string =>
    one.separable
      ? `  ${name.padEnd(24)}${formatDuration(one.value)}  (95 %: ${formatDuration(one.low)} to ${formatDuration(one.high)})`
      : `  ${name.padEnd(24)}cannot be told from the others in these samples`;
  return [
    `what an ioctl costs: ${modelSource(model)}`,
    line('each ioctl', base),
    line('each entry', entry),
    line('each page of a range', page),
    line('each entry of no range', whole),
    ...(Object.keys(classes).length === 0
      ? [`  all entries are '${model.usual}': these samples say nothing of other kinds and widths`]
      : [
          `  most entries are '${model.usual}'; one of another kind or width costs more by`,
          ...Object.entries(classes).map(([name, one]) => line(`  ${name}`, one)),
        ]),
    `  without the ${formatCount(model.left_out)} that were furthest off, as interrupted ones are`,
    `  explains ${(100 * model.r2).toFixed(1)} % of the variance`,
  ].join('\n');
}
