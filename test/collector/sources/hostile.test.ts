// Damaged text inputs: whatever is flipped, cut or doubled, rows and loss add up and nothing crashes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ToolError } from '../../../collector/base/index.ts';
import { capture } from '../../support/fixtures.ts';
import { readContent } from '../../support/read-source.ts';

const INPUTS = [
  ['qemu', 'smmuv3.qemu.log'],
  ['qemu', 'virtio-iommu.qemu.log'],
  ['qemu', 'vtd-legacy.qemu.log'],
  ['ftrace', 'vtd-legacy.ftrace.txt'],
] as const;

const damage = fc.oneof(
  fc.record({
    kind: fc.constant('flip' as const),
    at: fc.nat(),
    with: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), with: fc.nat(500) }),
  fc.record({ kind: fc.constant('double' as const), at: fc.nat(), with: fc.nat(500) }),
);

function damaged(
  bytes: Buffer,
  how: { readonly kind: string; readonly at: number; readonly with: number },
): Buffer {
  const at = how.at % bytes.length;
  if (how.kind === 'flip') {
    const out = Buffer.from(bytes);
    out[at] ^= how.with;
    return out;
  }
  const [head, part, tail] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + how.with),
    bytes.subarray(at + how.with),
  ];
  return how.kind === 'cut' ? Buffer.concat([head, tail]) : Buffer.concat([head, part, part, tail]);
}

for (const [source, name] of INPUTS) {
  void test(`${name}: damage anywhere loses at most what it touches, and the tally adds up`, async () => {
    const file = readFileSync(capture(name)).subarray(0, 60_000);
    const whole = file.subarray(0, file.lastIndexOf(10) + 1);
    const intact = (await readContent(whole, source)).rows.length;
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (how) => {
        const bytes = how.reduce(damaged, whole);
        try {
          const { rows, losses } = await readContent(bytes, source);
          const { seen, kept, lost } = losses.tally();
          assert.equal(seen, kept + lost);
          assert.equal(kept, rows.length);
          // 500 bytes hold at most some ten lines, of which each may make or take a row and its barrier.
          assert.ok(
            Math.abs(rows.length - intact) <= 40 * how.length,
            `${rows.length} of ${intact}`,
          );
        } catch (error) {
          assert.ok(error instanceof ToolError, String(error));
        }
      }),
      { numRuns: 60 },
    );
  });
}
