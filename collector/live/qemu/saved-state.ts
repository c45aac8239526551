// What must be put back in each attached QEMU, on disk before anything is changed: a recorder that is
// killed leaves it, and `iotlb record --restore` works it off.

import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { z } from 'zod';

import { parseJson } from '../../base/index.ts';
import { startOf } from './peer.ts';

const savedSchema = z.object({
  version: z.literal(1),
  recorder: z.object({ pid: z.number(), start: z.string().optional() }),
  /** A QMP socket, or `libvirt:GUEST`. */
  socket: z.string(),
  libvirt: z.object({ guest: z.string(), uri: z.string().optional() }).optional(),
  fifo: z.string(),
  /** What to tell QEMU's `logfile`. */
  logfile: z.string(),
  /** Events that were off and are switched on. */
  switched_on: z.array(z.string()),
});
export type SavedState = z.infer<typeof savedSchema>;

const folder = (): string =>
  process.env.IOTLB_STATE_DIR ??
  join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'iotlb', 'attached');

/** One file a socket: two recorders cannot attach to one QEMU anyway. */
function fileOf(socket: string): string {
  return join(
    folder(),
    `${createHash('sha256')
      .update(socket.startsWith('libvirt:') ? socket : resolve(socket))
      .digest('hex')
      .slice(0, 16)}.json`,
  );
}

export function saveState(state: Omit<SavedState, 'version' | 'recorder'>): void {
  const whole: SavedState = {
    version: 1,
    recorder: { pid: process.pid, start: startOf(process.pid) },
    ...state,
  };
  mkdirSync(folder(), { recursive: true, mode: 0o700 });
  const file = fileOf(state.socket);
  writeFileSync(`${file}.new`, JSON.stringify(whole));
  renameSync(`${file}.new`, file);
}

export function forgetState(socket: string): void {
  rmSync(fileOf(socket), { force: true });
}

/** States whose recorder is no longer there. */
export function orphanedStates(): readonly SavedState[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder());
  } catch {
    return []; // nobody ever attached
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const text = readFileSync(join(folder(), name), 'utf8');
      const state = savedSchema.safeParse(parseJson(text)).data;
      return state === undefined || isAlive(state) ? [] : [state];
    });
}

function isAlive({ recorder }: SavedState): boolean {
  const start = startOf(recorder.pid);
  return start !== undefined && start === recorder.start;
}
