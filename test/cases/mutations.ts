// Runs the mutation law over every text source: a few by default, 10,000 each with --full.

import { readFileSync } from 'node:fs';

import { capture } from '../support/fixtures.ts';
import { readContent } from '../support/read-source.ts';
import { mutateOnce, rowKey } from './mutate.ts';

const INPUTS = [
  ['qemu', 'vtd-legacy.qemu.log'],
  ['qemu', 'smmuv3.qemu.log'],
  ['qemu', 'virtio-iommu.qemu.log'],
  ['ftrace', 'vtd-legacy.ftrace.txt'],
] as const;
const HEAD_BYTES = 12_000;

/** What is wrong, over all inputs; empty where the law holds. */
export async function mutations(count: number): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [source, file] of INPUTS) {
    const head = readFileSync(capture(file), 'latin1').slice(0, HEAD_BYTES);
    const text = head.slice(0, head.lastIndexOf('\n') + 1);
    const original = new Map<string, number>();
    for (const row of (await readContent(text, source)).rows) {
      original.set(rowKey(row), (original.get(rowKey(row)) ?? 0) + 1);
    }
    for (let seed = 0; seed < count; seed++) {
      const what = await mutateOnce(text, original, { seed, source });
      if (what !== undefined) wrong.push(`${file}: ${what}`);
    }
  }
  return wrong;
}
