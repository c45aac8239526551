// Builds one lab kernel from Debian's source package: unpack, patch, configure, make. Each step leaves
// a mark in the cache and is not done again; an interrupted make goes on where it stopped.

import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { ToolError } from '../../collector/base/index.ts';
import { PrivateApt } from './apt.ts';
import { type Arch, builtKernel, cachePath, labSource } from './cache.ts';
import { patchRecipe, patchTree } from './kernel-patch.ts';
import { output, runLong } from './run.ts';

/** The suite that carries kernels newer than any release's. */
const SUITE = 'trixie-backports';
const OLDEST = [7, 3] as const;

interface Target {
  readonly image: string;
  readonly file: string;
  readonly make: readonly string[];
  /** Lines of make's output for a whole build, for the percentage. */
  readonly lines: number;
}

const TARGETS: Readonly<Record<Arch, Target>> = {
  x86_64: {
    image: 'bzImage',
    file: 'arch/x86/boot/bzImage',
    make: ['ARCH=x86_64'],
    lines: 1950,
  },
  arm64: {
    image: 'Image',
    file: 'arch/arm64/boot/Image',
    make: ['ARCH=arm64', 'CROSS_COMPILE=aarch64-linux-gnu-'],
    lines: 1800,
  },
};

export interface BuildStory {
  readonly story: (text: string) => void;
  readonly jobs: number;
}

const digest = (...texts: readonly string[]): string =>
  createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 16);

/** What the kernel depends on of ours; a change of it builds again. */
function recipe(arch: Arch): string {
  const config = readFileSync(labSource('kernel', `${arch}.config`), 'utf8');
  return digest(config, ...patchRecipe(arch));
}

/** `linux-source-7.3` -> [7, 3]; undefined for any other name. */
export function sourceVersion(name: string): readonly [number, number] | undefined {
  const found = /^linux-source-(\d+)\.(\d+)$/.exec(name);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

/** The newest source package of the wanted series. */
export function newestSource(names: readonly string[]): string | undefined {
  const fit = names
    .flatMap((name) => {
      const version = sourceVersion(name);
      return version !== undefined && version[0] === OLDEST[0] && version[1] >= OLDEST[1]
        ? [{ name, version }]
        : [];
    })
    .toSorted((left, right) => right.version[1] - left.version[1]);
  return fit[0]?.name;
}

/** The source package's file in the cache, downloaded when it is not there yet. */
async function sourcePackage(options: BuildStory): Promise<string> {
  const mark = cachePath('source.txt');
  if (existsSync(mark)) {
    const file = cachePath(readFileSync(mark, 'utf8').trim());
    if (existsSync(file)) return file;
  }
  const apt = new PrivateApt('kernel', [SUITE], 'amd64');
  await apt.update();
  const name = newestSource(apt.search('^linux-source-[0-9.]*$'));
  if (name === undefined) {
    throw new ToolError('E_NOT_FOUND', `${SUITE} holds no linux-source package of 7.3 or later`);
  }
  options.story(`  downloading ${name} (about 170 MB)`);
  const [downloaded] = await apt.download([name]);
  const file = cachePath(basename(downloaded));
  renameSync(downloaded, file);
  writeFileSync(mark, `${basename(file)}\n`);
  return file;
}

/** Unpacks the tree of one architecture; a tree of another package version is replaced. */
async function unpack(deb: string, tree: string, options: BuildStory): Promise<void> {
  const mark = join(tree, '.iotlb-lab-source');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === basename(deb)) return;
  options.story('  unpacking the source (about 15 s)');
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  const member = output('sh', [
    '-c',
    `dpkg-deb --fsys-tarfile "$1" | tar -t | grep 'tar.xz$'`,
    'sh',
    deb,
  ]).trim();
  const pipe =
    'set -e; dpkg-deb --fsys-tarfile "$1" | tar -xO "$2" | tar -xJ --strip-components=1 -C "$3"';
  await runLong('bash', ['-o', 'pipefail', '-c', pipe, 'bash', deb, member, tree], {});
  writeFileSync(mark, basename(deb));
}

/** Options of the fragment that did not survive configuration: a dependency is missing. */
export function lostOptions(fragment: string, config: string): readonly string[] {
  const have = new Set(config.split('\n'));
  return fragment.split('\n').filter((line) => line.startsWith('CONFIG_') && !have.has(line));
}

async function configure(arch: Arch, tree: string): Promise<void> {
  const fragmentFile = labSource('kernel', `${arch}.config`);
  const fragment = readFileSync(fragmentFile, 'utf8');
  const mark = join(tree, '.iotlb-lab-config');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === fragment) return;
  await runLong(
    'make',
    [...TARGETS[arch].make, `KCONFIG_ALLCONFIG=${fragmentFile}`, 'allnoconfig'],
    { cwd: tree },
  );
  const lost = lostOptions(fragment, readFileSync(join(tree, '.config'), 'utf8'));
  if (lost.length > 0) {
    throw new ToolError('E_MISMATCH', `this kernel version does not take ${lost.join(' ')}`, {
      hint: `mend test/lab/kernel/${arch}.config`,
    });
  }
  writeFileSync(mark, fragment);
}

async function compile(arch: Arch, tree: string, options: BuildStory): Promise<void> {
  const target = TARGETS[arch];
  const started = Date.now();
  let lines = 0;
  let told = started;
  const onLine = (): void => {
    lines++;
    if (Date.now() - told < 15_000) return;
    told = Date.now();
    const percent = Math.min(99, Math.round((lines / target.lines) * 100));
    options.story(
      `  compiling for ${arch}: ${percent} % after ${Math.round((told - started) / 1000)} s`,
    );
  };
  // The kernel's banner says who built it and when: nothing of this machine goes into it.
  const env = {
    KBUILD_BUILD_USER: 'lab',
    KBUILD_BUILD_HOST: 'iotlb',
    KBUILD_BUILD_TIMESTAMP: '1970-01-01',
  };
  const args = ['-n', '19', 'make', ...target.make, `-j${options.jobs}`, target.image];
  await runLong('nice', args, { cwd: tree, env, onLine });
}

/** Whether the kernel in the cache is what this checkout would build. */
export function kernelIsCurrent(arch: Arch): boolean {
  const mark = `${builtKernel(arch)}.recipe`;
  return (
    existsSync(builtKernel(arch)) && existsSync(mark) && readFileSync(mark, 'utf8') === recipe(arch)
  );
}

/** Builds the kernel of one architecture into the cache, or says that it is there. */
export async function buildKernel(arch: Arch, options: BuildStory): Promise<void> {
  if (kernelIsCurrent(arch)) {
    options.story(`kernel for ${arch}: up to date`);
    return;
  }
  const started = Date.now();
  options.story(`kernel for ${arch}:`);
  mkdirSync(cachePath(), { recursive: true });
  const deb = await sourcePackage(options);
  const tree = cachePath(`source-${arch}`);
  await unpack(deb, tree, options);
  patchTree(arch, tree);
  await configure(arch, tree);
  await compile(arch, tree, options);
  const kernel = builtKernel(arch);
  copyFileSync(join(tree, TARGETS[arch].file), `${kernel}.new`);
  renameSync(`${kernel}.new`, kernel);
  writeFileSync(`${kernel}.recipe`, recipe(arch));
  options.story(`kernel for ${arch}: built in ${Math.round((Date.now() - started) / 1000)} s`);
}
