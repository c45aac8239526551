// `npm run lab:record -- <name>|all|list`: makes the recordings that have something to group, from guests
// doing real I/O, and seals them into one folder.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT } from '../../collector/base/index.ts';
import { runMain } from '../support/run-main.ts';
import { cachePath, checkout } from './cache.ts';
import { makeRecording } from './make-recording.ts';
import { workloads } from './workloads.ts';

const HELP = `usage: npm run lab:record -- <name>... | all | list  [-o FOLDER]

Boots guests that do real I/O on disks under an emulated IOMMU, and keeps what they invalidate.
CPU and IOMMU are QEMU's: order, counts and widths are the guest kernel's, times are not real.

recordings:
${workloads.entries.map((entry) => `  ${entry.name.padEnd(18)}${entry.summary}`).join('\n')}

  -o, --output FOLDER   where they go (default: test/fixtures/recordings)
`;

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [first] = positionals;
  if (first === undefined || values.help) {
    process.stdout.write(HELP);
    return values.help ? EXIT.ok : EXIT.usage;
  }
  if (first === 'list') {
    for (const { name, summary } of workloads.entries)
      process.stdout.write(`${name}\t${summary}\n`);
    return EXIT.ok;
  }
  const chosen =
    first === 'all' ? workloads.entries : positionals.map((name) => workloads.get(name));
  const into = values.output ?? join(checkout, 'test', 'fixtures', 'recordings');
  mkdirSync(into, { recursive: true });
  const story = (text: string): void => void process.stderr.write(`${text}\n`);
  for (const workload of chosen) {
    story(`${workload.name}: ${workload.summary}`);
    const folder = cachePath('runs', `record-${workload.name}`);
    rmSync(folder, { recursive: true, force: true });
    const output = join(into, `${workload.name}.arrow`);
    await makeRecording(workload, output, { folder, story });
    process.stdout.write(`${output}\n`);
  }
  return EXIT.ok;
}

await runMain(main);
