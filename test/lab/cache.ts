// Where the lab keeps what it fetched and built: one folder outside the checkout, kept between runs.
// Owns the names inside it and the environment variables that point elsewhere.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export const ARCHES = ['x86_64', 'arm64'] as const;
export type Arch = (typeof ARCHES)[number];

/** The folder, by IOTLB_LAB_CACHE or in the user's cache. */
export function cacheRoot(): string {
  const asked = process.env.IOTLB_LAB_CACHE;
  if (asked !== undefined && asked !== '') return resolve(asked);
  const base = process.env.XDG_CACHE_HOME;
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'iotlb-lab');
}

export const cachePath = (...parts: readonly string[]): string => join(cacheRoot(), ...parts);

/** The variable that names a kernel built elsewhere. */
export const KERNEL_VARIABLE: Readonly<Record<Arch, string>> = {
  x86_64: 'IOTLB_LAB_KERNEL_X86_64',
  arm64: 'IOTLB_LAB_KERNEL_ARM64',
};

/** Where a kernel built here lies. */
export const builtKernel = (arch: Arch): string =>
  cachePath(arch === 'x86_64' ? 'kernel-x86_64.bzImage' : 'kernel-arm64.Image');

/** The folder of what a guest of this architecture runs: busybox, and for arm64 Node and its libraries. */
export const userlandPath = (arch: Arch, ...parts: readonly string[]): string =>
  cachePath(`userland-${arch}`, ...parts);

/** The checkout this file was built in: dist/test/lab/cache.js is three folders below it. */
export const checkout = resolve(import.meta.dirname, '..', '..', '..');

/** A file of this folder's sources, by its path under test/lab. */
export const labSource = (...parts: readonly string[]): string =>
  join(checkout, 'test', 'lab', ...parts);
