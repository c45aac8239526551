// The law of kill -9: whatever a writer was told is written comes back, nothing that is wrong does, and
// sealing what is left keeps it. The moment is random in the stream of acknowledged batches.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { openTrace, sealTrace } from '../../collector/format/index.ts';
import { below, knownNumbers, seeded } from './known-rows.ts';

const CHILD = fileURLToPath(new URL('writer-child.js', import.meta.url));
const ACKNOWLEDGED_LIMIT = 60;

export interface Killed {
  readonly acknowledged: number;
  readonly batches: number;
  readonly state: string;
}

/** Kills a writer after a random number of acknowledged batches and checks what is left. */
export async function killTrial(folder: string, seed: number): Promise<Killed> {
  const path = join(folder, 'killed.arrows');
  const after = below(seeded(seed), ACKNOWLEDGED_LIMIT);
  const child = spawn(process.execPath, [CHILD, path, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = 0;
  child.stdout.on('data', (bytes: Buffer) => {
    acknowledged += bytes.length;
    if (acknowledged > after) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const left = checkLeft(path, seed);
  assert.ok(
    left.batches >= acknowledged,
    `seed ${seed}: ${left.batches} of ${acknowledged} batches`,
  );
  return { acknowledged, ...left };
}

/** The file holds rows 0, 1, 2, … without a gap; salvage and sealing give the same. */
export function checkLeft(path: string, recording: number): Omit<Killed, 'acknowledged'> {
  const strict = readAll(path, recording, false);
  const salvaged = readAll(path, recording, true);
  assert.deepEqual(salvaged.rows, strict.rows);
  const sealed = `${path}.sealed`;
  sealTrace(path, sealed);
  const again = readAll(sealed, recording, false);
  assert.equal(again.state, 'complete');
  assert.equal(again.rows, strict.rows);
  rmSync(sealed);
  return { batches: strict.batches, state: strict.state };
}

function readAll(
  path: string,
  recording: number,
  salvage: boolean,
): Omit<Killed, 'acknowledged'> & { rows: number } {
  using reader = openTrace(path, { salvage });
  let next = 0;
  for (const batch of reader.batches()) {
    for (const number of knownNumbers(batch, recording)) assert.equal(number, next++);
  }
  const { end } = reader;
  assert.ok(end !== undefined);
  assert.equal(end.tally.kept, next);
  assert.equal(end.tally.seen, next);
  return { rows: next, batches: end.batches, state: end.state };
}
