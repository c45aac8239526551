// `iotlb plan` as a user runs it, on recordings of a million and of ten million requests: five strategies read,
// planned and judged in a process of its own. Time may grow tenfold from one to the other, memory may not.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runMeasured } from '../support/measured.ts';
import type { BenchRow } from './plan.ts';

const STRATEGIES = ['none', 'barrier', 'adjacent', 'window', 'window+adjacent'];
const SIZES = ['1M', '10M'];

export function longPlans(): readonly BenchRow[] {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-bench-'));
  try {
    return SIZES.flatMap((requests) => {
      const path = join(folder, `${requests}.arrow`);
      runMeasured(['generate', '-q', '-n', requests, '--streams', '4', '-o', path]);
      const chains = STRATEGIES.flatMap((text) => ['-s', text]);
      const { seconds, mebibytes } = runMeasured([
        'plan',
        '-q',
        path,
        '-d',
        'hwpt-vtd-s1',
        ...chains,
      ]);
      const name = `iotlb plan, ${STRATEGIES.length} strategies, ${requests} requests`;
      return [
        { name, value: seconds, unit: 's of processor time' },
        { name, value: mebibytes, unit: 'MiB at most' },
      ];
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
