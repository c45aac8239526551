// `npm run cases`: every input of test/fixtures/cases with the product's answer, and whether it is right.

import { textTable } from '../../collector/base/index.ts';
import { CASES } from './cases.ts';
import { runCase } from './run.ts';

const rows: string[][] = [['case', 'what', 'answer', 'right']];
for (const one of CASES) {
  const { answer, wrong } = await runCase(one);
  rows.push([one.file, one.what, answer, wrong === undefined ? 'yes' : `NO: ${wrong}`]);
  if (wrong !== undefined) process.exitCode = 1;
}
process.stdout.write(`${textTable(rows, [false, false, false, false])}\n`);
