// A small number of kills in every run; the full number is `node dist/test/durability/main.js --full`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { killTrial } from './kill.ts';

const KILLS = 5;

test('a writer killed at a random moment leaves every batch it was told is written', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-kill-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const from = Number(process.env.IOTLB_SEED ?? 1);
  for (let seed = from; seed < from + KILLS; seed++) {
    const { acknowledged, batches, state } = await killTrial(folder, seed);
    t.diagnostic(`seed ${seed}: ${acknowledged} acknowledged, ${batches} read, ${state}`);
  }
});
