// A small number of full disks in every run; the full number is `node dist/test/durability/main.js --full`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { fileSizeTrial, fullDiskTrial, hasFileSizeLimit, smallDisk } from './full-disk.ts';

const LIMITS = 5;
const DISKS = 20;
const DISK_BYTES = 512 * 1024;

const from = Number(process.env.IOTLB_SEED ?? 1);
const noLimit = hasFileSizeLimit() ? false : 'prlimit is not installed';

test('a file that may not grow keeps its whole batches and says why', { skip: noLimit }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-limit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (let seed = from; seed < from + LIMITS; seed++) fileSizeTrial(folder, seed);
});

test('a full disk loses nothing that was written, and sealing on it leaves the stream', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-full-'));
  t.after(() => rmSync(folder, { recursive: true }));
  using disk = smallDisk(join(folder, 'disk'), DISK_BYTES);
  if (disk === undefined) {
    t.skip('this user may not mount a small file system');
    return;
  }
  for (let seed = from; seed < from + DISKS; seed++) {
    fullDiskTrial(join(folder, 'disk'), folder, seed);
  }
});
