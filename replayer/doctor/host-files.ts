// What doctor reads of a host: files, folders, links, and whether this user may open a node. A seam, so
// that checks can be tested on hosts that are not here.

import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { release } from 'node:os';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface HostFiles {
  readonly kernel: string;
  /** Trimmed; undefined where it cannot be read. */
  text(path: string): string | undefined;
  names(path: string): readonly string[];
  /** Last part of where a link points to. */
  link(path: string): string | undefined;
  exists(path: string): boolean;
  /** This user may read and write it. Asks; opens nothing. */
  mayOpen(path: string): boolean;
  /** The running kernel's build options; undefined where the kernel shows none. */
  kernelConfig(): string | undefined;
}

function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // not on this host, or not for this user: the check says so
  }
}

export const hostFiles: HostFiles = {
  kernel: release(),
  text: (path) => tried(() => readFileSync(path, 'utf8').trim()),
  names: (path) => tried(() => readdirSync(path)) ?? [],
  link: (path) => tried(() => basename(readlinkSync(path))),
  exists: existsSync,
  mayOpen: (path) =>
    tried(() => {
      accessSync(path, constants.R_OK | constants.W_OK);
      return true;
    }) === true,
  kernelConfig: () =>
    tried(() => gunzipSync(readFileSync('/proc/config.gz')).toString('latin1')) ??
    tried(() => readFileSync(`/boot/config-${release()}`, 'latin1')),
};
