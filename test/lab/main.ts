// `npm run lab -- <scenario|all|list|shell>`: boots the lab's guests and says what was asked, what was
// seen outside and where they differ. Answers on stdout, the story on stderr.

import { mkdirSync, rmSync } from 'node:fs';
import { EXIT, textTable, ToolError } from '../../collector/base/index.ts';
import { runMain } from '../support/run-main.ts';
import { cachePath } from './cache.ts';
import { shellGuest } from './guest.ts';
import { type MachineName, MACHINES } from './machine.ts';
import { lacking, type Part, type Scenario } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';

const HELP = `usage: npm run lab -- <scenario>... | all | list | shell [machine]

Boots a kernel with iommufd in QEMU (software emulation, no IOMMU needed), makes the real ioctls inside,
and compares with what QEMU saw reaching its emulated IOMMU. 'npm run lab:build' fetches and builds;
'npm run lab:record' makes the recordings that ship.

scenarios:
${scenarios.entries.map((entry) => `  ${entry.name.padEnd(15)} ${entry.summary}`).join('\n')}

machines for 'shell' (Ctrl-A X ends it, or 'exit'):
${Object.entries(MACHINES)
  .map(([name, machine]) => `  ${name.padEnd(15)} ${machine.iommu} (${machine.arch})`)
  .join('\n')}

environment: IOTLB_LAB_CACHE, IOTLB_LAB_KERNEL_X86_64, IOTLB_LAB_KERNEL_ARM64; see 'npm run lab:build -- --help'
`;

const story = (text: string): void => void process.stderr.write(`${text}\n`);
const answer = (text: string): void => void process.stdout.write(`${text}\n`);

/** Says everything that is missing at once, before the first boot. */
function checkPresent(chosen: readonly Scenario[]): void {
  const missing = [...new Set(chosen.flatMap(lacking))];
  if (missing.length === 0) return;
  throw new ToolError(
    'E_MISSING_PACKAGE',
    `the lab lacks ${missing.join(', ')}; nothing was booted`,
    {
      hint: 'npm run lab:build',
    },
  );
}

function show(scenario: Scenario, parts: readonly Part[], seconds: number): number {
  const differences = parts.reduce((sum, part) => sum + part.differences, 0);
  answer(`${scenario.name}: ${differences === 0 ? 'passed' : 'FAILED'} in ${seconds.toFixed(0)} s`);
  answer(`  ${scenario.emulated}`);
  const rows = parts.map((part) => [
    `  ${part.name}`,
    String(part.asked),
    String(part.seen),
    String(part.differences),
  ]);
  answer(
    textTable(
      [['  part', 'asked', 'seen outside', 'differences'], ...rows],
      [false, true, true, true],
    ),
  );
  for (const part of parts) if (part.first !== undefined) answer(`  ${part.name}: ${part.first}`);
  return differences;
}

async function runScenarios(chosen: readonly Scenario[]): Promise<number> {
  checkPresent(chosen);
  let differences = 0;
  for (const scenario of chosen) {
    story(`${scenario.name}: ${scenario.summary}`);
    const folder = cachePath('runs', scenario.name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const started = Date.now();
    const parts = await scenario.run({ folder, story });
    differences += show(scenario, parts, (Date.now() - started) / 1000);
  }
  return differences === 0 ? EXIT.ok : EXIT.limit;
}

function asMachine(name: string): MachineName {
  const known = Object.keys(MACHINES) as MachineName[]; // the keys of a constant table
  const found = known.find((entry) => entry === name);
  if (found === undefined) {
    throw new ToolError('E_USAGE', `no machine '${name}'`, { hint: `known: ${known.join(' ')}` });
  }
  return found;
}

async function main(words: readonly string[]): Promise<number> {
  const [first, second] = words;
  if (first === undefined || first === 'help' || words.includes('--help') || words.includes('-h')) {
    answer(HELP);
    return first === undefined ? EXIT.usage : EXIT.ok;
  }
  if (first === 'list') {
    for (const entry of scenarios.entries) answer(`${entry.name}\t${entry.summary}`);
    return EXIT.ok;
  }
  if (first === 'shell') {
    await shellGuest(asMachine(second ?? 'vtd-scalable'), cachePath('runs', 'shell'));
    return EXIT.ok;
  }
  return await runScenarios(
    first === 'all' ? scenarios.entries : words.map((name) => scenarios.get(name)),
  );
}

await runMain(main);
