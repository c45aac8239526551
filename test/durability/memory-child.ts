// Reads a small recording, then a large damaged one in both ways, and prints by how many bytes the
// process's peak memory grew.

import { ToolError } from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';

const [small, damaged] = process.argv.slice(2);

function read(path: string, salvage: boolean): void {
  try {
    using reader = openTrace(path, { salvage });
    for (const batch of reader.batches()) void batch;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
  }
}

const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;

for (const salvage of [false, true]) read(small, salvage);
const before = peakBytes();
for (const salvage of [false, true]) read(damaged, salvage);
process.stdout.write(String(peakBytes() - before));
