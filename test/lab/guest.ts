// Boots one lab guest, lets it run a script and brings back what it wrote and what QEMU's trace saw.
// Owns the guest's process: it ends with the script, at the time limit, or with the lab itself.

import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompress } from 'fzstd';
import { ToolError } from '../../collector/base/index.ts';
import { type Arch, builtKernel, cachePath, KERNEL_VARIABLE, userlandPath } from './cache.ts';
import { GUEST_SHARE, initramfs } from './initramfs.ts';
import { upgradeIort } from './iort.ts';
import { DEVICES, type Machine, MACHINES, type MachineName } from './machine.ts';
import { findQemu, type Qemu } from './qemu-binary.ts';

export interface GuestRun {
  readonly machine: MachineName;
  /** Shell lines that run inside, as root, with the host's files and `/run/lab` writable. */
  readonly script: string;
  /** Where the share, the logs and the results lie on the host; emptied first. */
  readonly folder: string;
  /** Devices of the machine that are put on vfio-pci; all of them when not given. */
  readonly bind?: readonly string[];
  readonly limitSeconds?: number;
  /** Host files that are copied into the share. */
  readonly files?: readonly { readonly name: string; readonly from: string }[];
  /** A QMP socket of QEMU's, on the host. */
  readonly qmp?: string;
  /** Ends the guest early. */
  readonly signal?: AbortSignal;
}

export interface GuestResult {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** QEMU's trace log, on the host. */
  readonly log: string;
  readonly share: string;
  /** A file of the share; empty where there is none. */
  readonly read: (name: string) => string;
  readonly seconds: number;
}

/** The kernel for an architecture: given by the environment, or built into the cache. */
export function findKernel(arch: Arch): string | undefined {
  const given = process.env[KERNEL_VARIABLE[arch]];
  const file = given === undefined || given === '' ? builtKernel(arch) : given;
  return existsSync(file) ? file : undefined;
}

/** What is missing for a machine of this architecture; empty when nothing is. */
export function missingFor(arch: Arch): readonly string[] {
  const missing: string[] = [];
  if (findKernel(arch) === undefined)
    missing.push(`a kernel for ${arch} (or ${KERNEL_VARIABLE[arch]})`);
  if (findQemu(arch) === undefined) missing.push(`QEMU 10 or later for ${arch}`);
  if (!existsSync(userlandPath(arch, 'complete'))) missing.push(`the files of an ${arch} guest`);
  return missing;
}

function qemuFor(arch: Arch): Qemu {
  const qemu = findQemu(arch);
  const missing = missingFor(arch);
  if (qemu === undefined || missing.length > 0) {
    throw new ToolError(
      'E_MISSING_PACKAGE',
      `the lab lacks ${missing.join(', ')}; nothing was booted`,
      {
        hint: `npm run lab:build -- --arch ${arch}`,
      },
    );
  }
  return qemu;
}

/** The kernel as QEMU takes it: unpacked into the folder when it is compressed. */
function kernelFile(arch: Arch, folder: string): string {
  const kernel = findKernel(arch) ?? builtKernel(arch);
  if (!kernel.endsWith('.zst')) return kernel;
  const plain = join(folder, 'kernel');
  writeFileSync(plain, decompress(readFileSync(kernel)));
  return plain;
}

/** Everything of a guest's command line but its console. */
function commandLine(
  qemu: Qemu,
  machine: Machine,
  run: GuestRun,
  extra: readonly string[],
): readonly string[] {
  const { folder } = run;
  const bind = run.bind ?? DEVICES;
  const words = [...machine.kernel, `lab.time=${Math.floor(Date.now() / 1000)}`, ...extra];
  if (bind.length > 0) words.push(`lab.bind=${bind.join(',')}`);
  return [
    ...qemu.args,
    ...machine.args,
    ...(machine.arch === 'arm64' ? ['-bios', qemu.firmware] : []),
    '-kernel',
    kernelFile(machine.arch, folder),
    '-initrd',
    join(folder, 'initramfs'),
    '-append',
    words.join(' '),
    '-virtfs',
    'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap',
    '-virtfs',
    `local,path=${join(folder, 'share')},mount_tag=share,security_model=none`,
    '-D',
    join(folder, 'qemu.log'),
    '-msg',
    'timestamp=on',
    ...machine.traces.flatMap((event) => ['-trace', event]),
    ...(run.qmp === undefined ? [] : ['-qmp', `unix:${run.qmp},server=on,wait=off`]),
  ];
}

interface Launch {
  readonly limitSeconds: number;
  readonly console: 'inherit' | 'pipe';
  /** A guest that has not made this file by then is stuck in its firmware. */
  readonly aliveFile?: string;
  readonly signal?: AbortSignal;
}

const ALIVE_SECONDS = 90;

interface Ended {
  readonly said: string;
  readonly alive: boolean;
}

async function launch(qemu: Qemu, args: readonly string[], options: Launch): Promise<Ended> {
  const child = spawn(qemu.program, args, {
    env: { ...process.env, ...qemu.env },
    stdio: options.console,
  });
  child.stdin?.end();
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  options.signal?.addEventListener('abort', end);
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const { aliveFile } = options;
  const isAlive = (): boolean => aliveFile === undefined || existsSync(aliveFile);
  const limit = setTimeout(end, options.limitSeconds * 1000);
  const alive = setTimeout(() => (isAlive() ? undefined : end()), ALIVE_SECONDS * 1000);
  await new Promise<void>((resolve, reject) => {
    child.on('close', () => resolve());
    child.on('error', reject);
  });
  clearTimeout(limit);
  clearTimeout(alive);
  process.off('exit', end);
  options.signal?.removeEventListener('abort', end);
  return { said, alive: isAlive() };
}

const BOOT_TRIES = 3;

/** Prepares and launches; a guest that never came up is started again, which QEMU's emulation needs at times. */
async function bootAndRun(qemu: Qemu, run: GuestRun, iort: Uint8Array | undefined): Promise<Ended> {
  for (let tries = 1; ; tries++) {
    const share = prepare(run, iort);
    const args = commandLine(qemu, MACHINES[run.machine], run, []);
    const limitSeconds = run.limitSeconds ?? 600;
    const ended = await launch(qemu, args, {
      limitSeconds,
      console: 'pipe',
      aliveFile: join(share, 'booted'),
      ...(run.signal === undefined ? {} : { signal: run.signal }),
    });
    const isOver = run.signal?.aborted ?? false;
    if (ended.alive || isOver || tries === BOOT_TRIES) return ended;
  }
}

/** The upgraded IORT of this QEMU's machine, kept in the cache; the first time a guest is booted to read it. */
async function upgradedTables(
  machine: Machine,
  qemu: Qemu,
  name: MachineName,
): Promise<Uint8Array | undefined> {
  if (!machine.iort) return undefined;
  const kept = cachePath(`iort-${name}-${qemu.version}.aml`);
  if (existsSync(kept)) return readFileSync(kept);
  const folder = cachePath('iort-guest');
  const script = `cat /sys/firmware/acpi/tables/IORT > ${GUEST_SHARE}/IORT\n`;
  await bootAndRun(qemu, { machine: name, folder, script, bind: [] }, undefined);
  const table = upgradeIort(readFileSync(join(folder, 'share', 'IORT')));
  writeFileSync(kept, table);
  rmSync(folder, { recursive: true, force: true });
  return table;
}

/** Empties the folder and lays initramfs, share and script into it; answers with the share. */
function prepare(run: GuestRun, iort: Uint8Array | undefined): string {
  rmSync(run.folder, { recursive: true, force: true });
  const share = join(run.folder, 'share');
  mkdirSync(share, { recursive: true });
  const tables =
    iort === undefined
      ? []
      : [{ kind: 'file', path: 'kernel/firmware/acpi/iort.aml', bytes: iort } as const];
  writeFileSync(join(run.folder, 'initramfs'), initramfs(MACHINES[run.machine].arch, tables));
  writeFileSync(join(share, 'run.sh'), run.script);
  for (const { name, from } of run.files ?? []) copyFileSync(from, join(share, name));
  return share;
}

const readIfThere = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** Boots, runs the script, and comes back when the guest is off. */
export async function runGuest(run: GuestRun): Promise<GuestResult> {
  const machine: Machine = MACHINES[run.machine];
  const qemu = qemuFor(machine.arch);
  const iort = await upgradedTables(machine, qemu, run.machine);
  const share = join(run.folder, 'share');
  const started = Date.now();
  const { said } = await bootAndRun(qemu, run, iort);
  writeFileSync(join(run.folder, 'console.log'), said);
  const exit = readIfThere(join(share, 'exit')).trim();
  if (exit === '') {
    const tail = said.trim().split('\n').slice(-15).join('\n');
    throw new ToolError(
      'E_IO',
      `the ${run.machine} guest ended without finishing its script:\n${tail}`,
      {
        hint: `its console is in ${join(run.folder, 'console.log')}`,
      },
    );
  }
  return {
    exit: Number(exit),
    stdout: readIfThere(join(share, 'stdout')),
    stderr: readIfThere(join(share, 'stderr')),
    log: join(run.folder, 'qemu.log'),
    share,
    read: (name) => readIfThere(join(share, name)),
    seconds: (Date.now() - started) / 1000,
  };
}

/** Boots with the terminal connected to a shell inside. */
export async function shellGuest(name: MachineName, folder: string): Promise<void> {
  const machine: Machine = MACHINES[name];
  const qemu = qemuFor(machine.arch);
  const run: GuestRun = { machine: name, folder, script: '' };
  prepare(run, await upgradedTables(machine, qemu, name));
  await launch(qemu, commandLine(qemu, machine, run, ['lab.shell']), {
    limitSeconds: 24 * 3600,
    console: 'inherit',
  });
}
