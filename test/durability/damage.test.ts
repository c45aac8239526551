// A small number of random damages in every run; the full number is `node dist/test/durability/main.js --full`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { damageTrial } from './damage.ts';

const SEEDS = 20;

test('a damaged recording is refused, and salvage gives back exactly its whole batches', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-damage-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const from = Number(process.env.IOTLB_SEED ?? 1);
  let trials = 0;
  for (let seed = from; seed < from + SEEDS; seed++) trials += damageTrial(folder, seed);
  t.diagnostic(`${trials} damages, seeds from ${from}`);
});
