// Runs the built command as a user would, and gives back what it said.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function iotlb(
  args: readonly string[],
  options: { readonly input?: Buffer; readonly cwd?: string } = {},
): Said {
  const done = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, NO_COLOR: '1' },
    ...options,
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** The one JSON document that a `--json` command prints. */
export function json<T>(said: Said): T {
  return JSON.parse(said.out) as T; // asserted on by the test that asked
}

/** A folder that goes with the test. */
export function folderFor(t: { after(done: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The recording that ships with the project. */
export const SAMPLE = fileURLToPath(
  new URL('../../../collector/samples/vtd-fs-strict-2s.arrow', import.meta.url),
);
