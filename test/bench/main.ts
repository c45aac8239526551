// `npm run bench -- NAME [--json] [--rounds N] [--only=PEER,PEER]`: runs one benchmark and prints its tables, or everything
// as JSON. A new one is one module and one line here.

import { registry, textTable, ToolError } from '../../collector/base/index.ts';
import type { Bench } from './bench.ts';
import { recordBench } from './record.ts';
import { bench as replay } from './replay.ts';
import { importBench, planBench } from './rows.ts';

const benches = registry<Bench>('benchmark', [importBench, planBench, recordBench, replay]);

async function main(argv: readonly string[]): Promise<void> {
  const [name] = argv.filter((word) => !word.startsWith('-') && !/^\d+$/.test(word));
  if (name === undefined) {
    const list = benches.entries.map((entry) => `  ${entry.name.padEnd(10)}${entry.summary}`);
    process.stdout.write(`benchmarks:\n${list.join('\n')}\n`);
    return;
  }
  const at = argv.indexOf('--rounds');
  const report = await benches.get(name).run({
    only: argv
      .find((word) => word.startsWith('--only='))
      ?.slice(7)
      .split(','),
    rounds: at < 0 ? undefined : Number(argv[at + 1]),
    story: (line) => void process.stderr.write(`${line}\n`),
  });
  if (argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    return;
  }
  for (const table of report.tables) {
    const right = (table[0] ?? []).map((_, column) =>
      table.slice(1).every((row) => /^[\d–−-]/.test(row[column] ?? '')),
    );
    process.stdout.write(`${textTable(table, right)}\n\n`);
  }
  process.stdout.write(`${report.notes.join('\n')}\n${JSON.stringify(report.environment)}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ToolError)) throw error;
  process.stderr.write(`${error.message}\n${error.hint ?? ''}\n`);
  process.exitCode = error.exitCode;
}
