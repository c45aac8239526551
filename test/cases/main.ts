// `npm run cases`: every input of test/fixtures/cases with the product's answer, and whether it is right. With
// `--full`, the mutation law over 10,000 mutations of each text source too.

import { textTable } from '../../collector/base/index.ts';
import { CASES } from './cases.ts';
import { mutations } from './mutations.ts';
import { runCase } from './run.ts';

const rows: string[][] = [['case', 'what', 'answer', 'right']];
for (const one of CASES) {
  const { answer, wrong } = await runCase(one);
  rows.push([one.file, one.what, answer, wrong === undefined ? 'yes' : `NO: ${wrong}`]);
  if (wrong !== undefined) process.exitCode = 1;
}
process.stdout.write(`${textTable(rows, [false, false, false, false])}\n`);

if (process.argv.includes('--full')) {
  const wrong = await mutations(10_000);
  process.stdout.write(`mutations: ${wrong.length} wrong\n${wrong.slice(0, 20).join('\n')}\n`);
  if (wrong.length > 0) process.exitCode = 1;
}
