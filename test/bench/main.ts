// `npm run bench -- NAME [flags]`: runs one benchmark and prints its tables, or everything as JSON. A new
// one is one module and one line here.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { EXIT, jsonText, parseCount, registry, ToolError } from '../../collector/base/index.ts';
import { runMain } from '../support/run-main.ts';
import type { Bench } from './bench.ts';
import { reportMarkdown, reportText } from './print.ts';
import { recordBench } from './record.ts';
import { bench as replay } from './replay.ts';
import { importBench, planBench } from './rows.ts';
import { slowdownBench } from './slowdown.ts';
import { tapBench } from './tap.ts';

const benches = registry<Bench>('benchmark', [
  importBench,
  planBench,
  recordBench,
  replay,
  slowdownBench,
  tapBench,
]);

const HELP = `usage: npm run bench -- NAME [flags]

benchmarks:
${benches.entries.map((entry) => `  ${entry.name.padEnd(10)}${entry.summary}`).join('\n')}

flags:
  --rounds N             so many rounds
  --only PEER,PEER       only these peers
  --part PART,PART       only these parts
  --tcpreplay-source DIR build this tcpreplay and run it too
  --load 0,1,2,4,wakes   run it beside so many busy processes, or one that wakes every ms (replay)
  --markdown             tables for a document
  --json                 every sample
  --save FILE            every sample as JSON to this file, beside what is printed
`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [name] = positionals;
  if (name === undefined) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const report = await benches.get(name).run({
    only: values.only?.split(','),
    parts: values.part?.split(','),
    rounds: values.rounds === undefined ? undefined : parseCount(values.rounds, '--rounds'),
    tcpreplaySource: values['tcpreplay-source'],
    load: values.load,
    story: (line) => void process.stderr.write(`${line}\n`),
  });
  const json = jsonText(report, 2);
  if (values.save !== undefined) writeFileSync(values.save, json);
  if (values.json === true) process.stdout.write(json);
  else process.stdout.write(values.markdown === true ? reportMarkdown(report) : reportText(report));
  return EXIT.ok;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        load: { type: 'string' },
        only: { type: 'string' },
        part: { type: 'string' },
        'tcpreplay-source': { type: 'string' },
        markdown: { type: 'boolean' },
        json: { type: 'boolean' },
        save: { type: 'string' },
      },
    });
  } catch (error) {
    throw new ToolError('E_USAGE', error instanceof Error ? error.message : String(error), {
      hint: 'npm run bench shows the flags',
      cause: error,
    });
  }
}

await runMain(main);
