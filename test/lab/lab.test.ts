// Every scenario of the lab, where its kernels and QEMU are. On CI a lab that is not there is a failure.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { cachePath } from './cache.ts';
import { lacking } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';

const onCi = (process.env.CI ?? '') !== '';

for (const scenario of scenarios.entries) {
  void test(`lab: ${scenario.name}: ${scenario.summary}`, { timeout: 1_800_000 }, async (t) => {
    const missing = lacking(scenario);
    if (missing.length > 0 && !onCi) {
      t.skip(`${missing.join(', ')}: npm run lab:build`);
      return;
    }
    const folder = cachePath('runs', `test-${scenario.name}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const parts = await scenario.run({ folder, story: (text) => t.diagnostic(text) });
    for (const part of parts) {
      t.diagnostic(
        `${part.name}: ${part.asked} asked, ${part.seen} seen outside, differences ${part.differences}`,
      );
    }
    for (const part of parts) assert.equal(part.differences, 0, `${part.name}: ${part.first}`);
  });
}
