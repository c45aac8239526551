// The law of the full disk: the writer says so with E_NO_SPACE, every batch it had written stays readable,
// and sealing on a full disk leaves the stream as it is and no half file behind.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ToolError } from '../../collector/base/index.ts';
import { TraceWriter, scanTrace, sealTrace } from '../../collector/format/index.ts';
import { EventBuilder } from '../../collector/model/index.ts';
import { checkLeft } from './kill.ts';
import { below, fillKnown, knownHeader, seeded, tallyOf } from './known-rows.ts';

const CHILD = fileURLToPath(new URL('writer-child.js', import.meta.url));

/** True where a process can be given a limit on file size, to the byte. */
export function hasFileSizeLimit(): boolean {
  return spawnSync('prlimit', ['--version']).status === 0;
}

/** A writer whose file may not grow past a random size. */
export function fileSizeTrial(folder: string, seed: number): void {
  const path = join(folder, 'limited.arrows');
  rmSync(path, { force: true });
  const limit = 1 + below(seeded(seed), 300_000);
  const run = spawnSync('prlimit', [
    `--fsize=${limit}`,
    process.execPath,
    CHILD,
    path,
    String(seed),
  ]);
  const code = run.stderr.toString();
  assert.equal(code, 'E_NO_SPACE', `seed ${seed}: ${code}`);
  assert.equal(run.status, 3);
  if (!existsSync(path)) {
    assert.equal(run.stdout.length, 0, 'the header did not fit: nothing was written');
    return;
  }
  assert.equal(checkLeft(path, seed).batches, run.stdout.length, `seed ${seed}`);
}

/** A small file system of its own, mounted at `at`. Undefined where this process may not mount. */
export function smallDisk(at: string, bytes: number): Disposable | undefined {
  mkdirSync(at, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', at]);
  if (mounted.status !== 0) return undefined;
  return {
    [Symbol.dispose]: () => {
      spawnSync('umount', [at]);
    },
  };
}

/** A writer on the small disk `folder`, of which a random part is taken. */
export function fullDiskTrial(folder: string, elsewhere: string, seed: number): void {
  const random = seeded(seed);
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(4096 * below(random, 120)));
  const path = join(folder, 'full.arrows');
  const appended = fillDisk(path, seed, random);
  if (!existsSync(path)) {
    assert.equal(appended, 0);
    return;
  }
  sealOnFullDisk(path, join(folder, 'sealed.arrow'));
  assert.deepEqual(readdirSync(folder).sort(), ['ballast', 'full.arrows']);
  const copy = join(elsewhere, 'copy.arrows');
  spawnSync('cp', [path, copy]);
  assert.equal(checkLeft(copy, seed).batches, appended, `seed ${seed}`);
}

/** A small recording may still fit beside itself; then it is whole, and removed again. */
function sealOnFullDisk(path: string, sealed: string): void {
  try {
    sealTrace(path, sealed);
  } catch (error) {
    assert.ok(isNoSpace(error), String(error));
    assert.ok(!existsSync(sealed));
    return;
  }
  assert.equal(scanTrace(sealed).state, 'complete');
  rmSync(sealed);
}

const isNoSpace = (error: unknown): boolean =>
  error instanceof ToolError && error.code === 'E_NO_SPACE' && error.exitCode === 3;

/** Appends until the disk is full; returns how many batches were taken. */
function fillDisk(path: string, seed: number, random: () => number): number {
  const out = new EventBuilder();
  let appended = 0;
  assert.throws(() => {
    using writer = new TraceWriter(path, knownHeader(seed));
    for (;;) {
      const rows = 1 + below(random, 400);
      fillKnown(out, writer.rows, rows, seed);
      writer.append(out, tallyOf(out.firstSeq + rows), []);
      out.clear();
      appended++;
    }
  }, isNoSpace);
  return appended;
}
