// Finds a QEMU that can serve the lab: the machine's own, or the one in the cache. Owns the rule of
// what is new enough and how the cached one is told where its parts are.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Arch, cachePath } from './cache.ts';

export interface Qemu {
  readonly program: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string>>;
  /** Options that every command line begins with. */
  readonly args: readonly string[];
  /** UEFI for the arm64 machine. */
  readonly firmware: string;
}

/** QEMU traces PASID-based IOTLB descriptors, and can nest SMMUv3 stages, since 10.0. */
const OLDEST_MAJOR = 10;

const PROGRAM: Readonly<Record<Arch, string>> = {
  x86_64: 'qemu-system-x86_64',
  arm64: 'qemu-system-aarch64',
};

const FIRMWARE = 'usr/share/qemu-efi-aarch64/QEMU_EFI.fd';

/** `QEMU emulator version 10.0.2 (Debian …)` -> `10.0.2`. */
export function qemuVersion(text: string): string | undefined {
  return /version (\d+\.\d+\.\d+)/.exec(text)?.[1];
}

function tried(qemu: Omit<Qemu, 'version'>): Qemu | undefined {
  const result = spawnSync(qemu.program, ['--version'], {
    encoding: 'utf8',
    env: { ...process.env, ...qemu.env },
  });
  const version = result.status === 0 ? qemuVersion(result.stdout) : undefined;
  if (version === undefined || Number.parseInt(version, 10) < OLDEST_MAJOR) return undefined;
  return { ...qemu, version };
}

/** The QEMU for one architecture, or undefined when there is none that is new enough. */
export function findQemu(arch: Arch): Qemu | undefined {
  const own = tried({ program: PROGRAM[arch], env: {}, args: [], firmware: `/${FIRMWARE}` });
  if (own !== undefined && (arch === 'x86_64' || existsSync(own.firmware))) return own;
  const root = cachePath('qemu');
  const lib = `${root}/usr/lib/x86_64-linux-gnu`;
  const libraries = [lib, `${root}/lib/x86_64-linux-gnu`, process.env.LD_LIBRARY_PATH ?? ''];
  const data = ['usr/share/qemu', 'usr/share/seabios', 'usr/lib/ipxe/qemu'];
  return tried({
    program: `${root}/usr/bin/${PROGRAM[arch]}`,
    env: {
      LD_LIBRARY_PATH: libraries.filter((path) => path !== '').join(':'),
      QEMU_MODULE_DIR: `${lib}/qemu`,
    },
    args: data.flatMap((path) => ['-L', `${root}/${path}`]),
    firmware: `${root}/${FIRMWARE}`,
  });
}
