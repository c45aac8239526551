// The full durability run: `node dist/test/durability/main.js --full` (1,000 kills, 1,000 full disks,
// 10,000 damages), or a tenth of it without the flag. Prints one line a law; exits 1 at the first failure.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { damageTrial } from './damage.ts';
import { fileSizeTrial, fullDiskTrial, hasFileSizeLimit, smallDisk } from './full-disk.ts';
import { killTrial } from './kill.ts';

const DISK_BYTES = 512 * 1024;

const scale = process.argv.includes('--full') ? 1 : 0.1;
const first = Number(process.env.IOTLB_SEED ?? 1);
const folder = mkdtempSync(join(tmpdir(), 'iotlb-durability-'));
const say = (text: string): void => void process.stdout.write(`${text}\n`);

function damages(): void {
  const wanted = 10_000 * scale;
  let done = 0;
  let seed = first;
  while (done < wanted) done += damageTrial(folder, seed++);
  say(
    `damage: ${done} damaged files refused, every whole batch salvaged (seeds ${first}–${seed - 1})`,
  );
}

async function kills(): Promise<void> {
  const wanted = 1000 * scale;
  let batches = 0;
  const states: Record<string, number> = {};
  for (let seed = first; seed < first + wanted; seed++) {
    const killed = await killTrial(folder, seed);
    batches += killed.batches;
    states[killed.state] = (states[killed.state] ?? 0) + 1;
  }
  say(`kill -9: ${wanted} writers, ${batches} batches all back, ends ${JSON.stringify(states)}`);
}

function fullDisks(): void {
  const wanted = 1000 * scale;
  const limited = hasFileSizeLimit() ? wanted / 10 : 0;
  for (let seed = first; seed < first + limited; seed++) fileSizeTrial(folder, seed);
  say(`size limit: ${limited} writers stopped at random bytes, every written batch back`);
  using disk = smallDisk(join(folder, 'disk'), DISK_BYTES);
  if (disk === undefined) {
    say('full disk: skipped, this user may not mount a small file system');
    return;
  }
  for (let seed = first; seed < first + wanted; seed++) {
    fullDiskTrial(join(folder, 'disk'), folder, seed);
  }
  say(`full disk: ${wanted} disks filled, every written batch back`);
}

try {
  damages();
  fullDisks();
  await kills();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
